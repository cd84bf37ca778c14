//! The authored workflow: states, the facts between them, and clocks.
//!
//! Everything that could surprise is written out: who may state a fact, which of
//! its times counts, the calendar, the ladder (or `none`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::party::{By, Members, Named, Parties};
use super::raw::Raw;
use crate::calendar::DueRule;
use crate::id::{EventType, Name, UnitId};
use crate::policy::definition::{
    Beside, Cite, Clock, Effective, Guard, Ladder, OnCalendarAmended, Opening, Path, Register, State, Text,
    TimeSource, Transition, Trigger, Workflow,
};
use crate::policy::near;
use crate::policy::problem::{Flaw, child};

/// A matter's way from opening to closing, opened by a fact.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Workflow")]
pub struct AuthoredWorkflow {
    /// Its name; with a key it names a case.
    pub name: Name,
    /// Its version, usually the date of the notice.
    #[schemars(length(min = 1))]
    pub version: String,
    /// What it supervises.
    pub title: Text,
    /// The document and clause it comes from.
    pub cite: Cite,
    /// The local dates on which cases open under this version, both included.
    pub effective: Effective,
    /// Parts of the case key, joined by "/", for facts that name no subject:
    /// `subject`, `actor`, `time` or `data.<field>`.
    #[schemars(length(min = 1, max = 4))]
    pub key: Vec<Path>,
    /// Where the owing unit stands in the opening fact.
    pub owner: Path,
    /// Who may owe its cases; anyone in the register when it is left out.
    #[serde(rename = "for", default)]
    pub owed_by: Members,
    /// The clause within the cited notice that binds a unit, where it differs.
    #[serde(default)]
    pub clauses: BTreeMap<UnitId, String>,
    /// Who leads (牵头单位): units, groups, or the field of the facts that names it.
    #[serde(default)]
    pub lead: Named,
    /// Who helps and owes nothing (配合单位): units, groups, or a field likewise.
    #[serde(default)]
    pub assist: Named,
    /// What proves that it was done.
    #[serde(default)]
    pub evidence: Option<Text>,
    /// Parts of the facts that the case remembers; later values replace earlier ones.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub keep: Vec<Path>,
    /// The fact that opens a case.
    pub opens: AuthoredOpening,
    /// The state a case opens in.
    pub initial: Name,
    /// All states.
    pub states: BTreeMap<Name, AuthoredState>,
    /// Facts that are taken in every state that is not final.
    #[serde(default)]
    pub any_state: BTreeMap<EventType, AuthoredTransition>,
    /// The clocks, in the order in which they are evaluated.
    pub clocks: Vec<AuthoredClock>,
}

/// The fact that opens a case.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Opening")]
pub struct AuthoredOpening {
    /// Its type.
    pub event: EventType,
    /// Who may state it.
    pub by: By,
    /// A condition on it, in CEL.
    #[serde(default)]
    pub when: Option<Guard>,
}

/// A state.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "State")]
pub struct AuthoredState {
    /// What the desk calls it.
    pub title: Text,
    /// Who must act next.
    #[serde(default)]
    pub waits_for: Parties,
    /// The facts it takes.
    #[serde(default)]
    pub events: BTreeMap<EventType, AuthoredTransition>,
    /// A case in a final state is closed.
    #[serde(rename = "final", default)]
    pub is_final: bool,
}

/// What a fact does.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Transition")]
pub struct AuthoredTransition {
    /// The next state; absent when the state stays.
    #[serde(default)]
    pub to: Option<Name>,
    /// Who may state it.
    pub by: By,
    /// A condition on it, in CEL.
    #[serde(default)]
    pub when: Option<Guard>,
}

/// A limit in time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Clock")]
pub struct AuthoredClock {
    /// Its name within the workflow.
    pub name: Name,
    /// What it limits.
    pub title: Text,
    /// Where the limit comes from.
    pub cite: Cite,
    /// What starts it.
    pub start: AuthoredTrigger,
    /// States in which it stands still.
    #[serde(default)]
    pub pause_in: Vec<Name>,
    /// What meets it.
    pub stop: AuthoredTrigger,
    /// Facts that end it without judgement.
    #[serde(default)]
    pub cancel: Vec<EventType>,
    /// When it is due, counted from its start.
    pub due: Raw<DueRule>,
    /// The calendar it counts on.
    pub calendar: Name,
    /// Whether an amended calendar moves its open deadlines.
    pub on_calendar_amended: OnCalendarAmended,
    /// The ladder's name, or `none`.
    pub ladder: Name,
}

/// Facts that start or stop a clock.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Trigger")]
pub struct AuthoredTrigger {
    /// Any of these; `case.opened` stands for the opening itself.
    #[schemars(length(min = 1))]
    pub events: Vec<EventType>,
    /// Which time counts: recorded, occurred or `data.<field>`.
    pub at: TimeSource,
    /// A condition on the fact, in CEL.
    #[serde(default)]
    pub when: Option<Guard>,
}

/// The ladders that are known by name.
pub type Ladders = BTreeMap<Name, Ladder>;

impl AuthoredWorkflow {
    /// The workflow with its ladders put in, and what is wrong with the parts:
    /// every due rule that cannot be read, every unknown ladder and group.
    ///
    /// There is a workflow unless a due rule cannot be read; what is unknown is
    /// left out, so that the rest can be checked too.
    #[must_use]
    pub fn resolve(&self, ladders: &Ladders, register: &Register) -> (Option<Workflow>, Vec<Flaw>) {
        let mut flaws = Vec::new();
        let owed_by = self.owed_by.units("/for", register, &mut flaws);
        let lead = self.lead.members.units("/lead", register, &mut flaws);
        let assist = self.assist.members.units("/assist", register, &mut flaws);
        let clocks = self.clocks.iter().enumerate();
        let clocks: Vec<Option<Clock>> =
            clocks.map(|(at, clock)| clock.resolve(&child("/clocks", at), ladders, &mut flaws)).collect();
        let Some(clocks) = clocks.into_iter().collect() else { return (None, flaws) };
        let AuthoredOpening { event, by, when } = self.opens.clone();
        let workflow = Workflow {
            name: self.name.clone(),
            version: self.version.clone(),
            title: self.title.clone(),
            cite: self.cite.clone(),
            effective: self.effective,
            key: self.key.clone(),
            owner: self.owner.clone(),
            owed_by,
            clauses: self.clauses.clone(),
            assist,
            lead,
            beside: Beside { lead: self.lead.path.clone(), assist: self.assist.path.clone() },
            evidence: self.evidence.clone(),
            standing: None,
            quota: None,
            keep: self.keep.clone(),
            opens: Opening::Event { event, by: by.0, when },
            initial: self.initial.clone(),
            states: self.states.iter().map(|(name, state)| (name.clone(), state.resolve())).collect(),
            any_state: transitions(&self.any_state),
            clocks,
        };
        (Some(workflow), flaws)
    }
}

fn transitions(authored: &BTreeMap<EventType, AuthoredTransition>) -> BTreeMap<EventType, Transition> {
    let resolve = |(event, it): (&EventType, &AuthoredTransition)| {
        (event.clone(), Transition { to: it.to.clone(), by: it.by.0.clone(), when: it.when.clone() })
    };
    authored.iter().map(resolve).collect()
}

impl AuthoredState {
    fn resolve(&self) -> State {
        State {
            title: self.title.clone(),
            waits_for: self.waits_for.0.clone(),
            events: transitions(&self.events),
            is_final: self.is_final,
        }
    }
}

impl AuthoredClock {
    fn resolve(&self, pointer: &str, ladders: &Ladders, flaws: &mut Vec<Flaw>) -> Option<Clock> {
        let ladder = find_ladder(&self.ladder, &child(pointer, "ladder"), ladders);
        let due = self.due.read(&child(pointer, "due"));
        let ladder = noted(ladder, flaws).flatten();
        let due = noted(due, flaws)?;
        Some(Clock {
            name: self.name.clone(),
            title: self.title.clone(),
            cite: self.cite.clone(),
            start: self.start.resolve(),
            pause_in: self.pause_in.clone(),
            stop: self.stop.resolve(),
            cancel: self.cancel.clone(),
            due,
            calendar: self.calendar.clone(),
            on_calendar_amended: self.on_calendar_amended,
            ladder,
        })
    }
}

/// The value, or none with its flaw noted.
pub(super) fn noted<T>(result: Result<T, Flaw>, flaws: &mut Vec<Flaw>) -> Option<T> {
    result.map_err(|flaw| flaws.push(flaw)).ok()
}

impl AuthoredTrigger {
    /// The trigger.
    #[must_use]
    pub fn resolve(&self) -> Trigger {
        Trigger { events: self.events.clone(), at: self.at.clone(), when: self.when.clone() }
    }
}

/// The ladder of a name; none for `none`.
///
/// # Errors
/// A mistake at `pointer` when it is unknown.
pub fn find_ladder(name: &Name, pointer: &str, ladders: &Ladders) -> Result<Option<Ladder>, Flaw> {
    if name.as_str() == "none" {
        return Ok(None);
    }
    ladders.get(name).cloned().map(Some).ok_or_else(|| {
        let message = format!("no ladder is called {:?}", name.as_str());
        let known = ladders.keys().map(Name::as_str).chain(["none"]);
        Flaw::mistake("ladder.unknown", pointer, name.as_str(), message)
            .with_hint(near::hint(name.as_str(), known))
    })
}
