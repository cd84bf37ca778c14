//! What will be done when: tasks by instant, those of one instant in the order in
//! which they were put down.

use std::collections::BTreeMap;

use crate::id::{CaseId, EventType, Name, UnitId};
use crate::time::Instant;

/// Something that somebody will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// A matter arises that a unit owes, under a workflow that facts open.
    Open(Name, UnitId),
    /// A unit reports a figure for a period.
    Figure {
        /// Who reports.
        unit: UnitId,
        /// Which figure.
        indicator: String,
        /// For which period.
        period: String,
    },
    /// The first unit to do what the calendar has just opened.
    Early(Name, CaseId, UnitId),
    /// A fact on a case, tried so many times already.
    Act(CaseId, EventType, u8),
}

/// Tasks in the order in which they come.
#[derive(Debug, Clone, Default)]
pub struct Agenda {
    tasks: BTreeMap<(Instant, u64), Task>,
    noted: u64,
}

impl Agenda {
    /// Notes a task.
    pub fn note(&mut self, at: Instant, task: Task) {
        self.noted += 1;
        self.tasks.insert((at, self.noted), task);
    }

    /// The task that comes next, if it comes before `until`.
    pub fn next(&mut self, until: Instant) -> Option<(Instant, Task)> {
        let first = self.tasks.first_entry()?;
        if first.key().0 >= until {
            return None;
        }
        let ((at, _), task) = first.remove_entry();
        Some((at, task))
    }
}
