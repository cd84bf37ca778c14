//! The facts that the courier states: how the delivery of a reminder ended.
//!
//! A fact's id names the reminder, whom and what it was for, and its round: stated twice
//! it is recognised, however often the courier dies in between.

use serde_json::json;

use crate::event::fact::Fact;
use crate::id::{EventType, IdError, Name, Seq, TenantId, UnitId};
use crate::port::carrier::short;
use crate::query::outbox::Standing;

/// The publisher that only the courier is.
const COURIER: &str = "courier";
/// In whose name a dead letter is sent again; who demanded it goes with the fact.
const OPERATOR: &str = "operator";

/// One reminder on its way to one unit through one channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Errand {
    /// By which channel.
    pub channel: Name,
    /// To whom.
    pub unit: UnitId,
    /// The reminder's place on the ledger.
    pub reminder: Seq,
    /// How often it was replayed.
    pub round: u32,
}

/// How an errand ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The other side took it, and said this.
    Delivered(String),
    /// It was given up, for this reason.
    Failed(String),
    /// What it was about does not stand any more.
    Withdrawn(Standing),
}

impl End {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Delivered(_) => "reminder.delivered",
            Self::Failed(_) => "reminder.failed",
            Self::Withdrawn(_) => "reminder.withdrawn",
        }
    }

    fn note(&self) -> String {
        match self {
            Self::Delivered(note) | Self::Failed(note) => short(note),
            Self::Withdrawn(standing) => standing.words().to_owned(),
        }
    }

    /// A word for metrics.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Delivered(_) => "delivered",
            Self::Failed(_) => "failed",
            Self::Withdrawn(_) => "withdrawn",
        }
    }
}

/// The fact that `errand` ended so after `attempts`.
///
/// # Errors
/// Never for the names of this file; they are checked like all others.
pub fn fact(tenant: &TenantId, errand: &Errand, end: &End, attempts: u32) -> Result<Fact, IdError> {
    let Errand { channel, unit, reminder, round } = errand;
    Ok(Fact {
        source: format!("urn:duban:{tenant}:courier"),
        id: format!("{reminder}/{unit}/{channel}/{round}"),
        kind: EventType::new(end.kind())?,
        version: None,
        subject: None,
        actor: UnitId::new(COURIER)?,
        occurred_at: None,
        imported_at: None,
        stated_by: None,
        data: json!({
            "reminder": reminder.0, "unit": unit, "channel": channel, "round": round,
            "attempts": attempts, "note": end.note(),
        }),
    })
}

/// The fact by which the operator has the dead letter of `errand` sent again, demanded by
/// `by`.
///
/// # Errors
/// As [`fact`].
pub fn replay(tenant: &TenantId, errand: &Errand, by: Option<String>) -> Result<Fact, IdError> {
    let Errand { channel, unit, reminder, round } = errand;
    Ok(Fact {
        source: format!("urn:duban:{tenant}:replay"),
        id: format!("{reminder}/{unit}/{channel}/{round}"),
        kind: EventType::new("delivery.replayed")?,
        version: None,
        subject: None,
        actor: UnitId::new(OPERATOR)?,
        occurred_at: None,
        imported_at: None,
        stated_by: by,
        data: json!({"reminder": reminder.0, "unit": unit, "channel": channel}),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errand(round: u32) -> Errand {
        Errand {
            channel: Name::new("unit-hook").expect("a name"),
            unit: UnitId::new("tax").expect("a unit"),
            reminder: Seq(41),
            round,
        }
    }

    #[test]
    fn an_end_is_one_fact_a_round_however_it_is_stated() {
        let tenant = TenantId::new("genhe").expect("a tenant");
        let of = |round, end| fact(&tenant, &errand(round), &end, 2).expect("a fact");
        let (one, two) = (of(0, End::Delivered("200".into())), of(0, End::Failed("410".into())));
        assert_eq!((one.id.as_str(), one.source.as_str()), ("41/tax/unit-hook/0", "urn:duban:genhe:courier"));
        assert_eq!((&one.source, &one.id), (&two.source, &two.id));
        assert_ne!(of(1, End::Withdrawn(Standing::Met)).id, one.id);
        assert_eq!(one.data["attempts"], 2);
        assert_eq!(two.kind.as_str(), "reminder.failed");
    }

    #[test]
    fn what_the_other_side_says_is_cut_to_a_line() {
        let end = End::Failed(format!("no\r\n{}", "x".repeat(10_000)));
        assert!(end.note().len() <= 200 && !end.note().contains('\n'), "{}", end.note());
    }
}
