//! Facts and definitions to try the kernel with, in few words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

use duban::event::fact::Fact;
use duban::id::{EventType, UnitId};
use duban::policy::definition::Definition;
use duban::policy::resolve::{Report, Source, by_tenant, resolve};
use duban::time::Instant;
use serde_json::{Value, json};

use crate::policies::{shipped, sources};

/// An instant in China's time: `2022-09-28T16:20`, with seconds and fractions if
/// they matter, or any full RFC 3339 text.
#[track_caller]
pub fn t(text: &str) -> Instant {
    let zoned = text.ends_with('Z') || text.contains('+');
    let seconds = if text.matches(':').count() < 2 { ":00" } else { "" };
    let full = if zoned { text.to_owned() } else { format!("{text}{seconds}+08:00") };
    full.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A fact to be: `fact("objection.received").by("xinyong-pingtai").of("YY-1")`.
#[derive(Clone)]
pub struct FactDraft(Fact);

/// A fact of a type, with an id of its own once it is delivered.
#[track_caller]
pub fn fact(kind: &str) -> FactDraft {
    FactDraft(Fact {
        source: "/test".into(),
        id: String::new(),
        kind: EventType::new(kind).expect("a type"),
        version: None,
        subject: None,
        actor: UnitId::new("nobody").expect("a unit"),
        occurred_at: None,
        imported_at: None,
        stated_by: None,
        data: json!({}),
    })
}

impl FactDraft {
    #[track_caller]
    pub fn by(mut self, actor: &str) -> Self {
        self.0.actor = UnitId::new(actor).expect("a unit");
        self
    }

    pub fn of(mut self, subject: &str) -> Self {
        self.0.subject = Some(subject.into());
        self
    }

    pub fn from(mut self, source: &str) -> Self {
        self.0.source = source.into();
        self
    }

    pub fn id(mut self, id: &str) -> Self {
        self.0.id = id.into();
        self
    }

    pub fn data(mut self, data: Value) -> Self {
        self.0.data = data;
        self
    }

    pub fn occurred(mut self, at: Instant) -> Self {
        self.0.occurred_at = Some(at);
        self
    }

    pub fn imported(mut self, at: Instant) -> Self {
        self.0.imported_at = Some(at);
        self
    }

    pub fn into_fact(self) -> Fact {
        self.0
    }
}

/// The fact that publishes a definition.
pub fn publication(definition: &Definition) -> FactDraft {
    let document = serde_json::to_value(definition).expect("JSON");
    let sha = definition.sha().expect("a digest");
    fact("policy.published").by("operator").data(json!({
        "kind": definition.kind(), "name": definition.name(), "version": definition.version(),
        "sha": sha.to_string(), "document": document,
    }))
}

/// The shipped definitions of a tenant: all but the workflows that are not named.
pub fn chosen(tenant: &str, workflows: &[&str]) -> Vec<Definition> {
    static SHIPPED: OnceLock<Mutex<BTreeMap<String, Vec<Definition>>>> = OnceLock::new();
    let mut shipped_by = SHIPPED.get_or_init(Mutex::default).lock().expect("no test panics here");
    let all = shipped_by.entry(tenant.to_owned()).or_insert_with(|| shipped(tenant).definitions);
    let wanted: BTreeSet<&str> = workflows.iter().copied().collect();
    let of_wanted = |it: &&Definition| match it {
        Definition::Workflow(workflow) => wanted.contains(workflow.name.as_str()),
        Definition::Target(_)
        | Definition::Scorecard(_)
        | Definition::Delivery(_)
        | Definition::Answers(_)
        | Definition::Reaction(_) => wanted.contains(it.name().as_str()),
        Definition::Register(_)
        | Definition::Calendar(_)
        | Definition::EventType(_)
        | Definition::Notice(_) => true,
    };
    let chosen: Vec<Definition> = all.iter().filter(of_wanted).cloned().collect();
    let is_foundation = |it: &&Definition| {
        matches!(
            it,
            Definition::Register(_)
                | Definition::Calendar(_)
                | Definition::EventType(_)
                | Definition::Notice(_)
        )
    };
    // A name may have several versions.
    let found: BTreeSet<String> =
        chosen.iter().filter(|it| !is_foundation(it)).map(Definition::name).collect();
    assert_eq!(found.len(), wanted.len(), "{workflows:?}");
    chosen
}

/// The workflows and duties of a text, resolved beside the shipped register,
/// calendar, ladders and event types of a tenant.
#[track_caller]
pub fn authored(tenant: &str, text: &str) -> Vec<Definition> {
    let report = resolved(tenant, text);
    let lines: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    assert!(report.is_sound(), "{}", lines.join("\n"));
    let is_own = |it: &Definition| match it {
        Definition::Workflow(_)
        | Definition::Target(_)
        | Definition::Scorecard(_)
        | Definition::Delivery(_)
        | Definition::Answers(_)
        | Definition::Reaction(_) => true,
        Definition::Register(_)
        | Definition::Calendar(_)
        | Definition::Notice(_)
        | Definition::EventType(_) => false,
    };
    report.definitions.into_iter().filter(is_own).collect()
}

/// What a text resolves to beside the shipped foundations of a tenant.
pub fn resolved(tenant: &str, text: &str) -> Report {
    let shared = ["/register.yaml", "calendars/", "ladders/", "events/"];
    let shipped = by_tenant(&sources()).remove(tenant).expect("a tenant of the repository");
    let mut texts: Vec<Source> =
        shipped.into_iter().filter(|it| shared.iter().any(|part| it.path.contains(part))).collect();
    texts.push(Source { path: format!("workflows/{tenant}/authored.yaml"), text: text.to_owned() });
    resolve(&texts)
}
