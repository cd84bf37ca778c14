//! Findings of a notice beside the rules that cite it. Fields are the notice's.

use crate::policy::coverage::{Standing, coverage};
use crate::policy::definition::Definition;
use crate::policy::notice::Notice;
use crate::policy::problem::{Flaw, child};

/// Clauses that nothing encodes, or that contradict what encodes them.
#[must_use]
pub fn flaws(notice: &Notice, definitions: &[&Definition]) -> Vec<Flaw> {
    let coverage = coverage(notice, definitions);
    let mut flaws = Vec::new();
    for (at, covered) in coverage.clauses.iter().enumerate() {
        let pointer = child("/clauses", at);
        let id = covered.clause.id.as_str();
        match covered.standing() {
            Standing::Encoded | Standing::Unsupervised => {}
            Standing::Uncovered => {
                let message = "no rule cites the clause, and nothing says why";
                let hint = Some("encode it, or say unsupervised: {zh: …, en: …}".into());
                flaws.push(Flaw::finding("clause.uncovered", &pointer, id, message).with_hint(hint));
            }
            Standing::Contradicted => {
                let names: Vec<&str> = covered.rules.iter().map(|rule| rule.name.as_str()).collect();
                let message =
                    format!("the clause is said to be unsupervised, yet cited by {}", names.join(", "));
                let field = child(&pointer, "unsupervised");
                flaws.push(Flaw::finding("clause.contradiction", &field, id, message));
            }
        }
        flaws.extend(counted(notice, covered.clause, &pointer));
    }
    flaws
}

/// The finding that a clause names another number of items than are listed.
fn counted(notice: &Notice, clause: &crate::policy::notice::Clause, pointer: &str) -> Option<Flaw> {
    let states = clause.states.as_ref()?;
    let (said, of) = (states.count?, states.of.as_deref()?);
    let listed = notice.items_of(of);
    if listed.is_empty() || u32::try_from(listed.len()) == Ok(said) {
        return None;
    }
    let (first, last) = (listed.first()?, listed.last()?);
    let message = format!("its text says {said} items, and {of} has {}: {first} to {last}", listed.len());
    let field = child(&child(pointer, "states"), "count");
    Some(Flaw::finding("clause.count", &field, &said.to_string(), message))
}
