//! Which clauses of a notice are encoded, by what, and which are not.
//!
//! It counts and judges nothing; what should be told is [`super::check::coverage`]'s.

use serde::Serialize;

use super::cites::{Rule, citations};
use super::definition::Definition;
use super::notice::{Clause, Notice};

/// A notice, clause by clause.
#[derive(Debug, Clone)]
pub struct Coverage<'a> {
    /// The notice.
    pub notice: &'a Notice,
    /// Its clauses in the document's order.
    pub clauses: Vec<Covered<'a>>,
}

/// A clause with the rules that cite it.
#[derive(Debug, Clone)]
pub struct Covered<'a> {
    /// The clause.
    pub clause: &'a Clause,
    /// The rules, in the order of the definitions.
    pub rules: Vec<Rule>,
}

/// What became of a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// Some rule cites it.
    Encoded,
    /// No rule cites it, and the notice's list says why.
    Unsupervised,
    /// No rule cites it, and nothing says why.
    Uncovered,
    /// A rule cites it, and yet it is said to be unsupervised.
    Contradicted,
}

impl Covered<'_> {
    /// What became of it.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match (self.rules.is_empty(), self.clause.unsupervised.is_some()) {
            (false, false) => Standing::Encoded,
            (true, true) => Standing::Unsupervised,
            (true, false) => Standing::Uncovered,
            (false, true) => Standing::Contradicted,
        }
    }
}

impl Coverage<'_> {
    /// How many of its clauses stand so.
    #[must_use]
    pub fn count(&self, standing: Standing) -> usize {
        self.clauses.iter().filter(|covered| covered.standing() == standing).count()
    }
}

/// The coverage of a notice by the definitions of its tenant.
#[must_use]
pub fn coverage<'a>(notice: &'a Notice, definitions: &[&Definition]) -> Coverage<'a> {
    let all: Vec<_> = definitions.iter().flat_map(|definition| citations(definition)).collect();
    let own: Vec<_> = all.iter().filter(|it| it.cite.notice == notice.name.as_str()).collect();
    let covered = |clause: &'a Clause| {
        let mut rules: Vec<Rule> = Vec::new();
        for citation in &own {
            let names = citation.clauses().any(|(_, id)| id == clause.id);
            if names && !rules.contains(&citation.rule) {
                rules.push(citation.rule.clone());
            }
        }
        Covered { clause, rules }
    };
    Coverage { notice, clauses: notice.clauses.iter().map(covered).collect() }
}
