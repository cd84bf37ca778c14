//! Notices: every clause once, and statements that say something.

use std::collections::BTreeMap;

use crate::policy::near;
use crate::policy::notice::{Clause, Notice, Statement};
use crate::policy::problem::{Flaw, child};

/// What is wrong with a notice by itself.
#[must_use]
pub fn flaws(notice: &Notice) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if notice.number.trim().is_empty() && notice.note.is_none() {
        let message = "the document has no number, and no note says why";
        flaws.push(Flaw::mistake("notice.number", "/number", "", message));
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, clause) in notice.clauses.iter().enumerate() {
        let pointer = child("/clauses", at);
        if clause.id.trim() != clause.id || clause.id.is_empty() {
            let message = "a clause's id is the document's own numbering, without blanks around it";
            flaws.push(Flaw::mistake("clause.id", &child(&pointer, "id"), &clause.id, message));
        }
        if let Some(first) = seen.insert(&clause.id, at) {
            let message = format!("the clause is number {} of the list already", first + 1);
            flaws.push(Flaw::mistake("clause.duplicate", &child(&pointer, "id"), &clause.id, message));
        }
        if let Some(states) = &clause.states {
            let own = statement(notice, clause, states);
            flaws.extend(own.into_iter().map(|flaw| flaw.under(&child(&pointer, "states"))));
        }
    }
    flaws
}

fn statement(notice: &Notice, clause: &Clause, states: &Statement) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if states.count.is_some() != states.of.is_some() {
        let message = "a count needs the clause whose items are counted, and that clause a count";
        let hint = Some("write states: {count: 16, of: 三}".into());
        flaws.push(Flaw::mistake("clause.statement", "", &clause.id, message).with_hint(hint));
    }
    let bounds = [("atLeast", &states.at_least), ("atMost", &states.at_most), ("equals", &states.equals)];
    let about = states.every.is_some() || bounds.iter().any(|(_, value)| value.is_some());
    if about != states.topic.is_some() {
        let message = "a period or a threshold needs a topic, and a topic one of these";
        let hint = Some("write states: {topic: wrong-codes, equals: \"0\"}".into());
        flaws.push(Flaw::mistake("clause.statement", "", &clause.id, message).with_hint(hint));
    }
    if let Some(of) = states.of.as_deref().filter(|of| notice.items_of(of).is_empty()) {
        let message = format!("no item of the list lies below the clause {of:?}");
        let hint = near::hint(of, notice.clauses.iter().map(|it| it.id.as_str()));
        flaws.push(Flaw::mistake("clause.statement", "/of", of, message).with_hint(hint));
    }
    flaws
}
