//! A whole engine on a real broker, with the policies of `workflows/`.

use std::path::PathBuf;
use std::sync::Arc;

use duban::engine::settings::Settings;
use duban::id::TenantId;
use duban::policy::definition::Definition;
use duban::policy::resolve::{Source, by_tenant, resolve};
use duban::time::Instant;

/// The wall clock, for tests that use real servers.
pub fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "real servers stamp with the real clock")]
    let now = chrono::Utc::now();
    now.try_into().expect("this century")
}

pub fn settings(tenant: &TenantId) -> Settings {
    #[expect(clippy::disallowed_methods, reason = "a new ledger's identity")]
    let draw = || uuid::Uuid::new_v4();
    Settings::new(tenant.clone(), Arc::new(now), Arc::new(draw))
}

/// The definitions of a tenant, in the order in which they are published.
pub fn definitions(tenant: &str) -> Vec<Definition> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    for folder in ["events", "workflows/calendars", "workflows/ladders", &format!("workflows/{tenant}")] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let text = std::fs::read_to_string(&path).expect("a text");
                sources.push(Source { path: path.display().to_string(), text });
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    let own = by_tenant(&sources).remove(tenant).expect("a tenant");
    let report = resolve(&own);
    assert!(report.is_sound(), "{:#?}", report.problems);
    report.definitions
}
