//! A tenant's definitions in force: immutable, cheap to clone, grown by one
//! definition at a time.
//!
//! Growing checks nothing (see [`super::admit`] for that): the fold takes what the
//! ledger holds, under whatever code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::directory::Directory;
use super::schema::EventSchemas;
use crate::calendar::Calendar;
use crate::id::{EventType, Name, Sha};
use crate::policy::check;
use crate::policy::definition::answers::Answers;
use crate::policy::definition::delivery::Delivery;
use crate::policy::definition::reaction::Reaction;
use crate::policy::definition::score::Scorecard;
use crate::policy::definition::{Definition, Guard, Opening, Settings, Workflow};
use crate::policy::guard::{self, Compiled, GuardError};

/// Everything in force. The default is empty; clones share it.
#[derive(Debug, Clone, Default)]
pub struct PolicySet(pub(super) Arc<Inner>);

/// What the set knows. Parts are shared between one set and the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Inner {
    pub directory: Option<Arc<Directory>>,
    pub settings: Settings,
    pub calendars: BTreeMap<Sha, Arc<Calendar>>,
    pub calendar_names: BTreeMap<Name, Sha>,
    pub types: BTreeMap<EventType, EventSchemas>,
    pub workflows: BTreeMap<Sha, Arc<Workflow>>,
    pub versions: BTreeMap<Name, BTreeMap<NaiveDate, Sha>>,
    pub handlers: BTreeMap<EventType, Vec<Arc<Workflow>>>,
    mentions: BTreeMap<EventType, BTreeSet<Name>>,
    pub quotas: BTreeMap<EventType, BTreeSet<Name>>,
    pub scorecards: BTreeMap<Sha, Arc<Scorecard>>,
    pub card_versions: BTreeMap<Name, BTreeMap<NaiveDate, Sha>>,
    pub delivery: Option<Arc<Delivery>>,
    pub answers: BTreeMap<NaiveDate, (Sha, Arc<Answers>)>,
    pub reactions: BTreeMap<Name, BTreeMap<NaiveDate, (Sha, Arc<Reaction>)>>,
    pub guards: BTreeMap<String, Arc<Result<Compiled, GuardError>>>,
    pub current: BTreeMap<Slot, (Sha, Arc<Definition>)>,
}

/// The place in which a later definition replaces an earlier one: kind, name, and
/// what keeps versions apart (an event type's version, a workflow's first day).
pub(super) type Slot = (&'static str, String, String);

/// A definition whose identity cannot be computed.
#[derive(Debug, thiserror::Error)]
#[error("write the definition {name:?} as JSON")]
pub struct SetError {
    name: String,
    #[source]
    source: serde_json::Error,
}

impl PolicySet {
    /// The set with a definition taken in as it is, unchecked.
    ///
    /// A register, a calendar or an event type's version replaces the one of the
    /// same name (and version); a workflow's version replaces the one that begins
    /// on the same day. What is replaced stays known by its digest. A part that
    /// today's code cannot compile answers with an error when it is asked, so that
    /// a replay never stops on what an earlier engine accepted.
    ///
    /// # Errors
    /// [`SetError`] when the definition cannot be written as JSON, which none that
    /// was read from JSON or YAML can cause.
    pub fn with(&self, definition: &Definition) -> Result<Self, SetError> {
        let sha = definition.sha().map_err(|source| SetError { name: definition.name(), source })?;
        let mut inner = Inner::clone(&self.0);
        inner.current.insert(slot(definition), (sha, Arc::new(definition.clone())));
        match definition {
            Definition::Register(register) => {
                inner.settings = register.settings.clone();
                inner.directory = Some(Arc::new(Directory::new(register.clone())));
            }
            Definition::Calendar(calendar) => {
                if let Ok(compiled) = Calendar::new(calendar.clone()) {
                    inner.calendars.insert(sha, Arc::new(compiled));
                    inner.calendar_names.insert(calendar.name.clone(), sha);
                }
            }
            Definition::EventType(event_type) => {
                inner.types.entry(event_type.name.clone()).or_default().insert(event_type.clone());
            }
            Definition::Workflow(workflow) => inner.take(workflow, sha),
            // Cases are decided without them; they are kept to be shown and asked for.
            Definition::Notice(_) | Definition::Target(_) => {}
            Definition::Scorecard(card) => {
                inner.scorecards.insert(sha, Arc::new((**card).clone()));
                inner.card_versions.entry(card.name.clone()).or_default().insert(card.effective.from, sha);
            }
            Definition::Delivery(it) => inner.delivery = Some(Arc::new((**it).clone())),
            Definition::Answers(it) => {
                inner.answers.insert(it.effective.from, (sha, Arc::new((**it).clone())));
            }
            Definition::Reaction(it) => {
                let versions = inner.reactions.entry(it.name.clone()).or_default();
                versions.insert(it.effective.from, (sha, Arc::new((**it).clone())));
            }
        }
        Ok(Self(Arc::new(inner)))
    }
}

fn slot(definition: &Definition) -> Slot {
    let version = match definition {
        Definition::Register(_)
        | Definition::Calendar(_)
        | Definition::Notice(_)
        | Definition::Delivery(_) => String::new(),
        Definition::EventType(it) => it.version.clone(),
        Definition::Workflow(it) => it.effective.from.to_string(),
        Definition::Target(it) => it.effective.from.to_string(),
        Definition::Scorecard(it) => it.effective.from.to_string(),
        Definition::Answers(it) => it.effective.from.to_string(),
        Definition::Reaction(it) => it.effective.from.to_string(),
    };
    // A tenant has one of these, under whatever name.
    let single =
        matches!(definition, Definition::Register(_) | Definition::Delivery(_) | Definition::Answers(_));
    let name = if single { String::new() } else { definition.name() };
    (definition.kind(), name, version)
}

impl Inner {
    fn take(&mut self, workflow: &Workflow, sha: Sha) {
        for guard in guards(workflow) {
            let compile = || Arc::new(guard::compile(&guard.0));
            self.guards.entry(guard.0.clone()).or_insert_with(compile);
        }
        self.workflows.insert(sha, Arc::new(workflow.clone()));
        self.versions.entry(workflow.name.clone()).or_default().insert(workflow.effective.from, sha);
        let opening = workflow.opens.event();
        for event in check::graph::transitions(workflow).map(|(_, event, _)| event).chain(opening) {
            self.mentions.entry(event.clone()).or_default().insert(workflow.name.clone());
        }
        for event in workflow.quota.iter().flat_map(|quota| &quota.events) {
            self.quotas.entry(event.clone()).or_default().insert(workflow.name.clone());
        }
        self.index_handlers();
    }

    /// Handlers are asked for with every fact and change with a publication, so
    /// they are laid out once: the latest version of every name that mentions a type.
    fn index_handlers(&mut self) {
        let latest = |name: &Name| {
            let sha = self.versions.get(name)?.values().next_back()?;
            self.workflows.get(sha).cloned()
        };
        let all = |names: &BTreeSet<Name>| names.iter().filter_map(latest).collect();
        self.handlers = self.mentions.iter().map(|(event, names)| (event.clone(), all(names))).collect();
    }
}

/// Every guard of a workflow.
fn guards(workflow: &Workflow) -> impl Iterator<Item = &Guard> {
    let opening = match &workflow.opens {
        Opening::Event { when, .. } => when.as_ref(),
        Opening::Calendar { .. } | Opening::Once { .. } => None,
    };
    let counted = workflow.quota.as_ref().and_then(|quota| quota.when.as_ref());
    let moved = check::graph::transitions(workflow).filter_map(|(_, _, it)| it.when.as_ref());
    let timed =
        workflow.clocks.iter().flat_map(|clock| [clock.start.when.as_ref(), clock.stop.when.as_ref()]);
    opening.into_iter().chain(counted).chain(moved).chain(timed.flatten())
}
