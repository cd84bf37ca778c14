//! What the operator publishes: definitions that differ from those in force.
//!
//! It compares and makes facts; who sends them is the caller's business. A
//! repetition is recognised by its id, so several processes may publish the same
//! folder at once.

use std::collections::BTreeMap;

use super::exit::Failure;
use crate::engine::backing::table;
use crate::event::fact::Fact;
use crate::id::{Seq, Sha};
use crate::kernel::row::{Family, PolicyRow};
use crate::policy::definition::Definition;
use crate::policy::publication;
use crate::port::store::{Rows, StoreError};
use crate::time::Instant;

pub use crate::policy::publication::OPERATOR;

/// The place in which a later definition replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(String);

impl Slot {
    /// The slot of a definition of this kind, name and version that is in force
    /// from this day on. A tenant has one register, a calendar one edition; types
    /// have versions, and workflows spans.
    #[must_use]
    pub fn new(kind: &str, name: &str, version: &str, from: Option<&str>) -> Self {
        Self(match kind {
            "Register" => kind.to_owned(),
            "Calendar" => format!("{kind}/{name}"),
            "Workflow" | "Target" | "Scorecard" => format!("{kind}/{name}/{}", from.unwrap_or_default()),
            _ => format!("{kind}/{name}/{version}"),
        })
    }

    fn of(definition: &Definition) -> Self {
        let from = definition.effective().map(|it| it.from.to_string());
        Self::new(definition.kind(), &definition.name(), definition.version(), from.as_deref())
    }
}

/// What is in force: in each slot a digest and the ledger entry that put it there.
#[derive(Debug, Clone, Default)]
pub struct InForce(BTreeMap<Slot, (Sha, Seq)>);

impl InForce {
    /// Takes in a published definition; call it in the order of the ledger.
    pub fn take(&mut self, slot: Slot, sha: Sha, seq: Seq) {
        self.0.insert(slot, (sha, seq));
    }

    /// What a projection holds.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn read(rows: &impl Rows) -> Result<Self, StoreError> {
        let mut in_force = Self::default();
        let whole = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
        rows.scan(table(Family::Policy), whole, false, &mut |key, row| {
            // A row that cannot be read is published anew, which is harmless.
            if let (Ok(seq), Ok(row)) = (<[u8; 8]>::try_from(key), postcard::from_bytes::<PolicyRow>(row))
                && let Ok(definition) = serde_json::from_str::<Definition>(&row.document)
            {
                in_force.take(Slot::of(&definition), row.sha, Seq(u64::from_be_bytes(seq)));
            }
            std::ops::ControlFlow::Continue(())
        })?;
        Ok(in_force)
    }

    /// The facts that put those of `definitions` in force that are not, in their
    /// order; imported ones are said to have been recorded at `recorded_at`.
    ///
    /// The id of each says what it is and which entry it replaces, so it is the
    /// same wherever it is made, and going back to an earlier text is a new fact.
    ///
    /// # Errors
    /// [`Failure`] when a definition cannot be written as JSON.
    pub fn missing(
        &self,
        definitions: &[Definition],
        recorded_at: Option<Instant>,
    ) -> Result<Vec<Fact>, Failure> {
        let mut facts = Vec::new();
        for definition in definitions {
            let sha = definition.sha()?;
            let before = self.0.get(&Slot::of(definition));
            if before.is_none_or(|(in_force, _)| *in_force != sha) {
                facts.push(publication::fact(definition, before.map(|(_, seq)| *seq), recorded_at)?);
            }
        }
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(version: &str) -> Definition {
        let mut def = crate::cli::folder::calendar("cn-gov").expect("the shipped calendar").def().clone();
        def.version = version.to_owned();
        Definition::Calendar(def)
    }

    fn published(in_force: &mut InForce, definition: &Definition, seq: u64) {
        in_force.take(Slot::of(definition), definition.sha().expect("a digest"), Seq(seq));
    }

    #[test]
    fn only_what_differs_is_published() {
        let (one, two) = (calendar("1"), calendar("2"));
        let mut in_force = InForce::default();
        let first = in_force.missing(std::slice::from_ref(&one), None).expect("facts");
        assert_eq!(first.len(), 1);
        published(&mut in_force, &one, 2);
        assert!(in_force.missing(std::slice::from_ref(&one), None).expect("facts").is_empty());
        assert_eq!(in_force.missing(&[two], None).expect("facts").len(), 1);
    }

    #[test]
    fn going_back_to_an_earlier_text_is_a_fact_of_its_own() {
        let (one, two) = (calendar("1"), calendar("2"));
        let mut in_force = InForce::default();
        let first = in_force.missing(std::slice::from_ref(&one), None).expect("facts");
        published(&mut in_force, &one, 2);
        published(&mut in_force, &two, 9);
        let again = in_force.missing(std::slice::from_ref(&one), None).expect("facts");
        assert_ne!(first[0].id, again[0].id);
        let same = in_force.missing(&[one], None).expect("facts");
        assert_eq!(again[0], same[0], "two processes make the same fact");
    }
}
