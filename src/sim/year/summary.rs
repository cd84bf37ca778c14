//! What a year came to: counts by month, and the rankings.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::calendar::Calendar;
use crate::event::catalogue::{Act, Event};
use crate::kernel::turn::Outgoing;

/// The type under which a ranking stands on the ledger.
const RANKING: &str = "ranking.published";

/// Counts of one month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Facts that were stated.
    pub facts: u64,
    /// Events on the ledger.
    pub events: u64,
    /// Cases opened.
    pub opened: u64,
    /// Cases closed.
    pub closed: u64,
    /// Deadlines met in time.
    pub in_time: u64,
    /// Deadlines met late.
    pub late: u64,
    /// Deadlines breached.
    pub breached: u64,
    /// 催办.
    pub reminders: u64,
    /// 督办单.
    pub supervision_sheets: u64,
    /// 通报.
    pub bulletins: u64,
    /// 约谈.
    pub summons: u64,
    /// Facts refused.
    pub refused: u64,
}

/// What a year came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Counts by month: `2024-03`.
    pub months: BTreeMap<String, Counts>,
    /// The rankings as they were published, in order.
    pub rankings: Vec<Value>,
}

impl Summary {
    /// Counts an entry in the month of its own instant.
    pub fn take(&mut self, calendar: &Calendar, out: &Outgoing) {
        let decided = &out.entry.decided;
        let month = calendar.local_date(decided.at).format("%Y-%m").to_string();
        let counts = self.months.entry(month).or_default();
        counts.events += 1;
        counts.facts += u64::from(decided.event.is_verdict());
        if let Some(count) = counted(counts, &decided.event) {
            *count += 1;
        }
        if decided.event.kind() == RANKING {
            // An entry was written a moment ago; it reads back.
            let entry: Value = serde_json::from_slice(&out.body).unwrap_or_default();
            self.rankings.push(entry["data"].clone());
        }
    }

    /// All months together.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for month in self.months.values() {
            for ((_, all), (_, one)) in total.columns_mut().into_iter().zip(month.columns()) {
                *all += one;
            }
        }
        total
    }
}

/// The count that an event adds to.
fn counted<'a>(counts: &'a mut Counts, event: &Event) -> Option<&'a mut u64> {
    match event {
        Event::CaseOpened(_) => Some(&mut counts.opened),
        Event::CaseClosed(_) => Some(&mut counts.closed),
        Event::DeadlineMet(it) => Some(if it.late { &mut counts.late } else { &mut counts.in_time }),
        Event::DeadlineBreached(_) => Some(&mut counts.breached),
        Event::EventRefused(_) => Some(&mut counts.refused),
        Event::ReminderDue(it) | Event::EscalationRaised(it) => Some(match it.act {
            Act::Reminder => &mut counts.reminders,
            Act::SupervisionSheet => &mut counts.supervision_sheets,
            Act::Bulletin => &mut counts.bulletins,
            Act::Summons => &mut counts.summons,
        }),
        _ => None,
    }
}

impl Counts {
    fn columns(&self) -> [(&'static str, u64); 12] {
        let mut copy = *self;
        copy.columns_mut().map(|(word, count)| (word, *count))
    }

    const fn columns_mut(&mut self) -> [(&'static str, &mut u64); 12] {
        [
            ("facts", &mut self.facts),
            ("events", &mut self.events),
            ("opened", &mut self.opened),
            ("closed", &mut self.closed),
            ("in time", &mut self.in_time),
            ("late", &mut self.late),
            ("breached", &mut self.breached),
            ("reminders", &mut self.reminders),
            ("sheets", &mut self.supervision_sheets),
            ("bulletins", &mut self.bulletins),
            ("summons", &mut self.summons),
            ("refused", &mut self.refused),
        ]
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        write!(out, "{:<8}", "month")?;
        for (word, _) in total.columns() {
            write!(out, "{word:>10}")?;
        }
        let rows = self.months.iter().map(|(month, counts)| (month.as_str(), *counts));
        for (month, counts) in rows.chain([("all", total)]) {
            write!(out, "\n{month:<8}")?;
            for (_, count) in counts.columns() {
                write!(out, "{count:>10}")?;
            }
        }
        for ranking in &self.rankings {
            let text = |value: &Value| value.as_str().unwrap_or("–").to_owned();
            write!(out, "\n\n{} {}", text(&ranking["scorecard"]), text(&ranking["period"]))?;
            for row in ranking["rows"].as_array().into_iter().flatten().take(10) {
                write!(
                    out,
                    "\n  {:>3}  {}/{}  {}",
                    row["rank"],
                    text(&row["points"]),
                    text(&row["attainable"]),
                    text(&row["unit"])
                )?;
            }
        }
        Ok(())
    }
}
