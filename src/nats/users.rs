//! What each user of the broker may publish and hear: the server's `authorization`.
//!
//! Users are key pairs ("nkeys"): the server's file holds public keys only, so that it
//! may be read by whoever runs the server. They stand in the server's default account,
//! where the streams of a server without users are, so that switching users on moves
//! nothing. What is not allowed is denied; no unit or service may call the streams'
//! interface at all, and the engine may create but neither change, empty nor delete.

use std::fmt::Write as _;

use super::broker::stream_name;
use crate::id::{EventType, TenantId, UnitId};

/// Who the engine is.
pub const ENGINE: &str = "engine";
/// Who may do everything.
pub const OPERATOR: &str = "operator";

/// A user with what it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its name, for people; it names the file of its seed, too.
    pub name: String,
    /// Subjects that it may publish under.
    pub publish: Vec<String>,
    /// Subjects that it may hear.
    pub subscribe: Vec<String>,
    /// Whether it may answer what it hears: once each, where the question says.
    pub answers: bool,
}

/// Where answers to a user go; nobody else hears them.
#[must_use]
pub fn inbox(user: &str) -> String {
    format!("_INBOX_{}", user.replace('.', "_"))
}

impl User {
    /// The unit of a tenant: states facts as itself, hears what concerns it and what is
    /// public.
    #[must_use]
    pub fn unit(tenant: &TenantId, unit: &UnitId) -> Self {
        let name = format!("{tenant}.{unit}");
        let publish = vec![format!("duban.{tenant}.intake.{unit}.>")];
        Self { publish, subscribe: heard(tenant, [unit], &name), name, answers: true }
    }

    /// A service: states named types of facts for named units.
    #[must_use]
    pub fn service<'i>(
        tenant: &TenantId,
        service: &str,
        units: impl IntoIterator<Item = &'i UnitId> + Clone,
        events: impl IntoIterator<Item = &'i EventType> + Clone,
    ) -> Self {
        let name = format!("{tenant}.service-{service}");
        let of_unit = |unit: &UnitId| {
            let events = events.clone().into_iter();
            events.map(move |event| format!("duban.{tenant}.intake.{unit}.{event}")).collect::<Vec<_>>()
        };
        let publish = units.clone().into_iter().flat_map(of_unit).collect();
        Self { publish, subscribe: heard(tenant, units, &name), name, answers: true }
    }

    /// The engine of these tenants.
    #[must_use]
    pub fn engine(tenants: &[TenantId]) -> Self {
        let mut publish = Vec::new();
        for tenant in tenants {
            publish.push(format!("duban.{tenant}.told.>"));
            for (log, suffix) in [("intake", "INTAKE"), ("ledger", "LEDGER")] {
                let stream = stream_name(tenant, suffix);
                publish.push(format!("duban.{tenant}.{log}.>"));
                for call in ["CREATE", "INFO", "MSG.GET"] {
                    publish.push(format!("$JS.API.STREAM.{call}.{stream}"));
                }
                for call in ["CREATE", "MSG.NEXT", "DELETE"] {
                    publish.push(format!("$JS.API.CONSUMER.{call}.{stream}.>"));
                }
            }
        }
        let subscribe = vec![format!("{}.>", inbox(ENGINE))];
        Self { name: ENGINE.to_owned(), publish, subscribe, answers: false }
    }

    /// The operator: keeps archives, repairs streams. It may change and delete them, so
    /// its seed belongs in a safe.
    #[must_use]
    pub fn operator() -> Self {
        let all = vec![">".to_owned()];
        Self { name: OPERATOR.to_owned(), publish: all.clone(), subscribe: all, answers: false }
    }
}

fn heard<'i>(tenant: &TenantId, units: impl IntoIterator<Item = &'i UnitId>, name: &str) -> Vec<String> {
    let of_unit =
        |unit: &UnitId| [format!("duban.{tenant}.ledger.*.*.{unit}"), format!("duban.{tenant}.told.{unit}")];
    let own = units.into_iter().flat_map(of_unit);
    let public = [format!("duban.{tenant}.ledger.ranking.published.>"), format!("{}.>", inbox(name))];
    own.chain(public).collect()
}

/// The server's `authorization`, for users with their public keys.
#[must_use]
pub fn configuration(users: &[(User, String)]) -> String {
    let mut text = String::from(
        "# Written by `duban credentials`; written again whenever the register changes.\n\
         # Public keys only: a user's seed is in a file of its own.\n\
         authorization {\n  users = [\n",
    );
    for (user, key) in users {
        // Writing to a text does not fail.
        let _ = writeln!(text, "    # {}", user.name);
        let _ = writeln!(text, "    {{ nkey: {key}, permissions: {{");
        let _ = writeln!(text, "      publish: {{ allow: {} }}", list(&user.publish));
        let _ = writeln!(text, "      subscribe: {{ allow: {} }}", list(&user.subscribe));
        if user.answers {
            // A message counts as delivered when its listener has answered.
            text.push_str("      allow_responses: { max: 1, expires: \"1m\" }\n");
        }
        text.push_str("    } }\n");
    }
    text.push_str("  ]\n}\n");
    text
}

fn list(subjects: &[String]) -> String {
    let quoted: Vec<String> = subjects.iter().map(|subject| format!("\"{subject}\"")).collect();
    format!("[{}]", quoted.join(", "))
}
