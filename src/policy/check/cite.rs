//! References: the notice that is cited is listed, and has the clause.

use super::world::World;
use crate::policy::cites::citations;
use crate::policy::definition::Definition;
use crate::policy::near;
use crate::policy::problem::{Flaw, child};

/// The references of a definition that lead nowhere.
///
/// Mistakes, once the tenant has listed any notice; before, the missing list is a
/// finding.
#[must_use]
pub fn flaws(world: &World<'_>, definition: &Definition) -> Vec<Flaw> {
    if world.unknowable.contains("Notice") {
        return Vec::new();
    }
    let mut flaws = Vec::new();
    for citation in citations(definition) {
        let named = citation.cite.notice.as_str();
        let field = child(&citation.pointer, "notice");
        match world.notices.get(named) {
            // What is left blank is told as missing.
            None if named.trim().is_empty() => {}
            None if world.notices.is_empty() => {
                let message =
                    format!("no notice {named:?} is listed, so nothing says whether it has the clause");
                flaws.push(Flaw::finding("cite.unknown-notice", &field, named, message));
            }
            None => {
                let message = format!("no notice is called {named:?}");
                let hint = near::hint(named, world.notices.keys().copied());
                flaws.push(Flaw::mistake("cite.unknown-notice", &field, named, message).with_hint(hint));
            }
            Some(notice) => {
                let unknown =
                    citation.clauses().filter(|(_, id)| !id.trim().is_empty() && notice.clause(id).is_none());
                flaws.extend(unknown.map(|(field, id)| {
                    let message = format!("the notice {named:?} has no clause {id:?}");
                    let hint = near::hint(id, notice.clauses.iter().map(|it| it.id.as_str()));
                    Flaw::mistake("cite.unknown-clause", &field, id, message).with_hint(hint)
                }));
            }
        }
    }
    flaws
}
