//! Lifting what was written in an older form to today's, before it is read.
//!
//! A ledger is never rewritten, so a form once written is read for ever. Today's
//! form is the first and the tables are empty; the next form adds its steps here
//! and changes nothing else. A step only re-shapes: it must not consult a policy.

use serde_json::{Map, Value};

use super::fact::Fact;

/// An entry as JSON, or what a step has against it.
pub type Lifted = Result<Map<String, Value>, String>;

/// The form of the ledger entries that this version writes. Entries say theirs in
/// the attribute `format`; the first form is the one that says nothing.
pub const FORMAT: u32 = 1;

/// The form of an entry without the attribute `format`.
pub(super) const FIRST_FORMAT: u32 = 1;

/// Lifts entries of one type from one form to the next.
pub struct EntryStep {
    /// The entries' type in the older form.
    pub kind: &'static str,
    /// The older form.
    pub from: u32,
    /// Re-shapes the whole entry: attributes and data.
    pub lift: fn(Map<String, Value>) -> Lifted,
}

/// Lifts the data of facts of one type from one schema version to another.
pub struct FactStep {
    /// The facts' type.
    pub kind: &'static str,
    /// The version that it lifts.
    pub from: &'static str,
    /// The version that it makes of it.
    pub to: &'static str,
    /// Re-shapes the data.
    pub lift: fn(Value) -> Result<Value, String>,
}

/// Something in an older form that could not be lifted. Give up: the step is wrong,
/// or the entry was never right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpcastError {
    /// A step failed.
    #[error("lift {kind} from {from}: {reason}")]
    Step {
        /// The type.
        kind: String,
        /// The form or schema version.
        from: String,
        /// What the step said.
        reason: String,
    },
    /// The entry comes from a later version of duban.
    #[error(
        "read an entry of format {format}: this version reads up to {FORMAT}; run the version that wrote it"
    )]
    Newer {
        /// The entry's form.
        format: u32,
    },
}

/// All the steps there are.
pub struct Upcasters {
    /// Today's form of entries.
    pub format: u32,
    /// Steps for ledger entries.
    pub entries: &'static [EntryStep],
    /// Steps for facts' data.
    pub facts: &'static [FactStep],
}

/// The steps to the forms of this version: none, since its forms are the first.
pub const TODAY: Upcasters = Upcasters { format: FORMAT, entries: &[], facts: &[] };

impl Upcasters {
    /// The entry in today's form; `from` is the form that it is in. Types without a
    /// step at some form are the same in the next.
    ///
    /// # Errors
    /// [`UpcastError`] when it is of a later form or a step fails.
    pub fn lift_entry(
        &self,
        mut entry: Map<String, Value>,
        from: u32,
    ) -> Result<Map<String, Value>, UpcastError> {
        if from > self.format {
            return Err(UpcastError::Newer { format: from });
        }
        for format in from..self.format {
            let kind = entry.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
            let Some(step) = self.entries.iter().find(|step| step.from == format && step.kind == kind) else {
                continue;
            };
            entry = (step.lift)(entry).map_err(|reason| UpcastError::Step {
                kind,
                from: format!("format {format}"),
                reason,
            })?;
        }
        Ok(entry)
    }

    /// The fact with its data in the newest schema version that steps lead to. A fact
    /// that states no version is in the newest already.
    ///
    /// # Errors
    /// [`UpcastError::Step`] when a step fails.
    pub fn lift_fact(&self, mut fact: Fact) -> Result<Fact, UpcastError> {
        // Each step is used once at most, so that a circle in the table cannot hang.
        for _ in self.facts {
            let of_fact = |step: &&FactStep| {
                step.kind == fact.kind.as_str() && Some(step.from) == fact.version.as_deref()
            };
            let Some(step) = self.facts.iter().find(of_fact) else { break };
            fact.data = (step.lift)(fact.data).map_err(|reason| UpcastError::Step {
                kind: step.kind.to_owned(),
                from: format!("schema version {}", step.from),
                reason,
            })?;
            fact.version = Some(step.to.to_owned());
        }
        Ok(fact)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::entry::Entry;
    use crate::event::fact::Content;
    use crate::event::{catalogue::Event, envelope::read_message};

    /// A form 0 that never was: deadlines were dropped and their clock a watch.
    const FAKE: Upcasters = Upcasters {
        format: FORMAT,
        entries: &[EntryStep { kind: "deadline.dropped", from: 0, lift: rename }],
        facts: &[
            FactStep {
                kind: "objection.received",
                from: "0",
                to: "1",
                lift: |data| Ok(json!({"unit": data})),
            },
            FactStep { kind: "objection.received", from: "x", to: "y", lift: Ok },
            FactStep { kind: "objection.received", from: "y", to: "x", lift: Ok },
            FactStep { kind: "objection.answered", from: "0", to: "1", lift: |_| Err("no answer".into()) },
        ],
    };

    fn rename(mut entry: Map<String, Value>) -> Lifted {
        let data = entry.get_mut("data").and_then(Value::as_object_mut).ok_or("it has no data")?;
        let clock = data.remove("watch").ok_or("its data has no watch")?;
        data.insert("clock".into(), clock);
        entry.insert("type".into(), "deadline.cancelled".into());
        Ok(entry)
    }

    fn old(format: u32, data: &Value) -> Vec<u8> {
        json!({
            "specversion": "1.0", "id": "7", "source": "/duban/changqing", "type": "deadline.dropped",
            "time": "2022-09-28T08:20:00Z", "cause": "3", "ordinal": 0, "format": format,
            "previous": "0".repeat(64), "data": data,
        })
        .to_string()
        .into_bytes()
    }

    #[test]
    fn an_old_entry_is_read_as_what_it_is_today() {
        let entry = Entry::read_with(&old(0, &json!({"watch": "answer"})), &FAKE).expect("an entry");
        let Event::DeadlineCancelled(event) = &entry.decided.event else {
            panic!("{:?}", entry.decided.event)
        };
        assert_eq!((entry.seq.0, event.clock.as_str()), (7, "answer"));
    }

    #[test]
    fn an_entry_that_cannot_be_lifted_says_why() {
        let error = |body: &[u8]| Entry::read_with(body, &FAKE).expect_err("should fail").to_string();
        assert!(error(&old(0, &json!({}))).contains("format 0: its data has no watch"));
        assert!(error(&old(2, &json!({}))).contains("format 2"));
        assert!(Entry::read(&old(1, &json!({}))).is_err(), "a reserved type outside the catalogue");
    }

    fn fact(kind: &str, version: &str) -> Fact {
        let tenant = "changqing".parse().expect("a tenant");
        let body = json!({
            "specversion": "1.0", "id": "1", "source": "/a", "type": kind, "data": "tax",
            "dataschema": format!("duban:events/{kind}/{version}"),
        });
        let subject = format!("duban.changqing.intake.platform.{kind}");
        match read_message(&tenant, &subject, &[], body.to_string().as_bytes()) {
            Content::Fact(fact) => *fact,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_data_of_a_fact_is_lifted_by_its_version() {
        let lifted = FAKE.lift_fact(fact("objection.received", "0")).expect("a fact");
        assert_eq!((lifted.version.as_deref(), &lifted.data), (Some("1"), &json!({"unit": "tax"})));
        let circle = FAKE.lift_fact(fact("objection.received", "x")).expect("an end");
        assert_eq!(circle.data, json!("tax"));
        let failed = FAKE.lift_fact(fact("objection.answered", "0")).expect_err("should fail");
        assert_eq!(failed.to_string(), "lift objection.answered from schema version 0: no answer");
    }
}
