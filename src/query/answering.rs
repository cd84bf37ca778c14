//! What an open case takes beside its workflow: who may answer how, and what is asked
//! for and not decided.

use schemars::JsonSchema;
use serde::Serialize;

use super::naming::Named;
use super::policy_cache::Policies;
use crate::calendar::{Calendar, Text};
use crate::id::UnitId;
use crate::kernel::row::{Case, Deadline};
use crate::policy::definition::answers::{Answers, Extend};
use crate::policy::definition::{Who, Workflow};
use crate::time::Instant;

/// An extension that is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Requested {
    /// The clock.
    pub clock: Named,
    /// The due instant that is asked for.
    pub until: Instant,
    /// The same as people write it.
    pub when: Text,
    /// Who asks.
    pub by: Named,
    /// When it was asked.
    pub at: Instant,
    /// Who may decide; empty for anyone in the register.
    pub decided_by: Vec<Named>,
}

/// One answer that the case takes.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Takes {
    /// The type of the fact.
    pub kind: &'static str,
    /// The units that may state it; empty for anyone in the register.
    pub by: Vec<Named>,
    /// The clocks that it can be about; empty where it is about none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<Named>,
    /// The units that it can name; empty where it names none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Named>,
}

/// What is asked for, and what can be answered.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answering {
    /// Who of the unit sees to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    /// The unit that is asked to take it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handover: Option<Named>,
    /// The extension that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<Requested>,
    /// The answers that it takes now.
    pub takes: Vec<Takes>,
}

/// What an open case takes at `at`; nothing once it is closed.
#[must_use]
pub fn answering(
    policies: &Policies,
    workflow: &Workflow,
    case: &Case,
    (calendar, at): (Option<&Calendar>, Instant),
) -> Option<Answering> {
    if case.closed_at.is_some() {
        return None;
    }
    let asked = Asked { policies, workflow, case, at };
    let in_force = policies.set.answers(workflow, at).map(|(_, answers)| answers);
    let extend = in_force.and_then(|answers| answers.extend.as_ref());
    let extension = case.extension.as_ref().map(|it| Requested {
        clock: asked.clock(&it.clock),
        until: it.until,
        when: calendar.map_or_else(
            || Text::new(it.until.to_string(), it.until.to_string()),
            |calendar| super::span::end_text(calendar, it.until),
        ),
        by: Named::unit(policies, &it.by),
        at: it.at,
        decided_by: extend.map(|extend| asked.units(&extend.decided_by)).unwrap_or_default(),
    });
    let answering = Answering {
        handler: case.handler.clone(),
        handover: case.handover.as_ref().map(|unit| Named::unit(policies, unit)),
        extension,
        takes: in_force.map(|answers| asked.takes(answers)).unwrap_or_default(),
    };
    let says = answering.handler.is_some()
        || answering.handover.is_some()
        || answering.extension.is_some()
        || !answering.takes.is_empty();
    says.then_some(answering)
}

struct Asked<'a> {
    policies: &'a Policies,
    workflow: &'a Workflow,
    case: &'a Case,
    at: Instant,
}

impl Asked<'_> {
    fn clock(&self, name: &crate::id::Name) -> Named {
        let clock = self.workflow.clocks.iter().find(|clock| clock.name == *name);
        clock.map_or_else(|| Named::bare(name.as_str()), Named::clock)
    }

    fn units(&self, who: &[Who]) -> Vec<Named> {
        Named::units(self.policies, who, &self.case.sides(self.workflow))
    }

    fn open(&self) -> impl Iterator<Item = &Deadline> {
        self.case.deadlines.iter().filter(|deadline| deadline.is_open())
    }

    fn takes(&self, answers: &Answers) -> Vec<Takes> {
        let plain = |kind, by: &[Who]| Takes { kind, by: self.units(by), clocks: Vec::new(), to: Vec::new() };
        let mut takes = Vec::new();
        takes.extend(answers.acknowledge.as_ref().map(|it| Takes {
            clocks: self.open().map(|deadline| self.clock(&deadline.clock)).collect(),
            ..plain("reminder.acknowledged", &it.by)
        }));
        takes.extend(answers.delegate.as_ref().map(|it| plain("case.delegated", &it.by)));
        takes.extend(answers.explain.as_ref().map(|it| plain("explanation.given", &it.by)));
        match (&answers.extend, &self.case.extension) {
            (Some(extend), Some(asked)) => {
                let clocks = vec![self.clock(&asked.clock)];
                for kind in ["extension.granted", "extension.refused"] {
                    takes.push(Takes { clocks: clocks.clone(), ..plain(kind, &extend.decided_by) });
                }
            }
            (Some(extend), None) => {
                let clocks: Vec<Named> = self.extendable(extend).collect();
                if !clocks.is_empty() {
                    takes.push(Takes { clocks, ..plain("extension.requested", &extend.by) });
                }
            }
            (None, _) => {}
        }
        match (&answers.handover, &self.case.handover) {
            (Some(_), Some(asked)) => {
                let by = vec![Named::unit(self.policies, asked)];
                for kind in ["handover.accepted", "handover.declined"] {
                    takes.push(Takes { by: by.clone(), ..plain(kind, &[]) });
                }
            }
            (Some(handover), None) => {
                let to: Vec<Named> = handover
                    .to
                    .iter()
                    .filter(|unit| self.may_owe(unit))
                    .map(|unit| Named::unit(self.policies, unit))
                    .collect();
                if !to.is_empty() {
                    takes.push(Takes { to, ..plain("handover.proposed", &handover.by) });
                }
            }
            (None, _) => {}
        }
        takes
    }

    fn extendable<'e>(&'e self, extend: &'e Extend) -> impl Iterator<Item = Named> + 'e {
        let left = |deadline: &&Deadline| {
            let in_time = self.at < deadline.overdue_from();
            in_time && extend.covers(&deadline.clock) && deadline.extensions < extend.most
        };
        self.open().filter(left).map(|deadline| self.clock(&deadline.clock))
    }

    fn may_owe(&self, unit: &UnitId) -> bool {
        let bound = &self.workflow.owed_by;
        *unit != self.case.owner && (bound.is_empty() || bound.contains(unit))
    }
}
