//! The policies in `workflows/` as they are shipped: they resolve, they are taken
//! into force in the order in which they are published, and the schema that
//! editors use is that of the code.

use std::fs;
use std::path::Path;

use duban::policy::definition::{Definition, Opening};
use duban::policy::resolve::{Report, Source, by_tenant, resolve};
use duban::policy::set::PolicySet;

/// Every YAML file of `workflows/` and every schema of `events/`, by path.
pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    let mut folders = vec![root.join("workflows"), root.join("events")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry of it").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "samples" && name != "scenarios")
            {
                folders.push(path);
            } else if is_policy(&path) {
                let shown = path.strip_prefix(root).expect("a path within").to_string_lossy().into_owned();
                sources.push(Source { path: shown, text: fs::read_to_string(&path).expect("a text") });
            }
        }
    }
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    sources
}

fn is_policy(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".yaml") || (name.ends_with(".json") && name.contains(".v"))
}

/// What the shipped texts of a tenant resolve to.
pub fn shipped(tenant: &str) -> Report {
    resolve(by_tenant(&sources()).get(tenant).expect("a tenant of the repository"))
}

#[test]
fn every_shipped_policy_resolves_without_a_mistake() {
    for (tenant, sources) in by_tenant(&sources()) {
        let report = resolve(&sources);
        let lines: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
        assert!(report.is_sound(), "{tenant}:\n{}", lines.join("\n"));
        // What a notice leaves open or contradicts is the notice's; the rest is ours.
        let of_notices = ["cite.", "clause.", "topic.", "due.before-notice", "score.items-sum"];
        let ours =
            report.problems.iter().filter(|it| !of_notices.iter().any(|of| it.flaw.rule.starts_with(of)));
        let ours: Vec<String> = ours.map(ToString::to_string).collect();
        assert!(ours.is_empty(), "{tenant} has findings:\n{}", ours.join("\n"));
    }
}

#[test]
fn the_shipped_policies_are_those_of_the_two_notices() {
    let names = |tenant: &str| {
        let report = shipped(tenant);
        let of_kind = |it: &&Definition| matches!(it, Definition::Workflow(_));
        let names: Vec<String> = report.definitions.iter().filter(of_kind).map(Definition::name).collect();
        names.join(" ")
    };
    let changqing = names("changqing");
    for name in ["double-publicity", "report-arrears", "news-item", "objection", "incident", "quota-news"] {
        assert!(changqing.split(' ').any(|it| it == name), "{name} is not among {changqing}");
    }
    let genhe = names("genhe");
    for name in
        ["credit-repair", "double-publicity", "monthly-dispatch", "code-correction", "publicity-activity"]
    {
        assert!(genhe.split(' ').any(|it| it == name), "{name} is not among {genhe}");
    }
}

#[test]
fn thirty_three_departments_owe_the_monthly_dispatch() {
    let report = shipped("genhe");
    let units = report.definitions.iter().find_map(|it| match it {
        Definition::Workflow(workflow) if workflow.name.as_str() == "monthly-dispatch" => {
            match &workflow.opens {
                Opening::Calendar { units, .. } => Some(units.len()),
                Opening::Event { .. } | Opening::Once { .. } => None,
            }
        }
        _ => None,
    });
    assert_eq!(units, Some(33));
    let Some(Definition::Register(register)) = report.definitions.first() else {
        panic!("the register comes first")
    };
    let parts = register.roles.len();
    assert_eq!(register.units.len() - parts, 36, "the departments of annex 1, besides those with a role");
}

#[test]
fn definitions_are_admitted_in_the_order_of_the_report() {
    for (tenant, sources) in by_tenant(&sources()) {
        let mut set = PolicySet::default();
        for definition in resolve(&sources).definitions {
            set = set.admit(&definition).unwrap_or_else(|error| panic!("{tenant}: failed to {error}"));
        }
        assert!(set.workflow_names().count() >= 3, "{tenant}");
    }
}

#[test]
fn the_identity_of_a_definition_survives_its_journey() {
    for definition in shipped("changqing").definitions.iter().chain(&shipped("genhe").definitions) {
        let text = definition.canonical().expect("canonical JSON");
        let again: Definition = serde_json::from_str(&text).expect("a definition");
        assert_eq!(again, *definition);
        assert_eq!(
            again.sha().expect("a digest"),
            definition.sha().expect("a digest"),
            "{}",
            definition.name()
        );
    }
}

#[test]
fn the_schema_for_editors_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows/schema.json");
    let schema = serde_json::to_string_pretty(&duban::policy::language_schema()).expect("JSON") + "\n";
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if kept != schema {
        let fresh = path.with_extension("json.new");
        fs::write(&fresh, &schema).expect("a file beside it");
        panic!("workflows/schema.json is out of date: mv {0} {1}", fresh.display(), path.display());
    }
}
