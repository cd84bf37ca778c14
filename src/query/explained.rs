//! A deadline told in full: how its due instant came about and what comes next.

use schemars::JsonSchema;
use serde::Serialize;

use super::deadline_row::Told;
use super::error::QueryError;
use super::light::Light;
use super::naming::{Named, calendar_of, clock_of};
use super::policy_cache::Policies;
use super::span::{Span, due_text, moment_text, span};
use crate::calendar::{self, Calendar, Explanation, Pause, Text};
use crate::event::catalogue::{Act, Term};
use crate::kernel::clock::{Step, Timepiece};
use crate::kernel::row::{Case, Deadline, Status};
use crate::policy::definition::{Cite, Clock, Sides, Workflow};
use crate::time::Instant;

/// What a deadline comes to next.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "NextStep")]
pub struct Next {
    /// When.
    pub at: Instant,
    /// What: `breach`, `reminder`, `supervision-sheet`, `bulletin` or `summons`.
    pub what: &'static str,
    /// Who is told.
    pub to: Vec<Named>,
    /// The same in a sentence.
    pub words: Text,
}

/// One rung of a deadline's ladder, for the first time or a repetition.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RungTime {
    /// Its place in the policy's ladder, from 1.
    pub rung: u16,
    /// When it is reached.
    pub at: Instant,
    /// The same as people write it.
    pub when: Text,
    /// `reminder`, `supervision-sheet`, `bulletin` or `summons`.
    pub what: &'static str,
    /// The same in words.
    pub words: Text,
    /// Who is told.
    pub to: Vec<Named>,
    /// How many times it is reached before, plus one.
    pub nth: u16,
    /// Whether it was reached, or passed over because it lay in the past.
    pub used: bool,
}

/// A deadline of a case, open or ended.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedDeadline {
    /// The clock.
    pub clock: Named,
    /// Where the limit comes from: the clause that binds the unit.
    pub cite: Cite,
    /// How many times the clock was started.
    pub round: u32,
    /// `running`, `paused`, `met`, `met-late` or `cancelled`.
    pub status: &'static str,
    /// Its light while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub light: Option<Light>,
    /// When it was met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met_at: Option<Instant>,
    /// Since when it stands still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_since: Option<Instant>,
    /// What stands at this deadline.
    pub term: Term,
    /// The due instant as people write it.
    pub due: Text,
    /// The last civil day in time.
    pub last_day: chrono::NaiveDate,
    /// How long is left or over; none when it does not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// Why it is due then, in one sentence with the clause.
    pub reason: Text,
    /// The same day by day; none when the due instant is no longer what the rule
    /// would give, as after an amended calendar that leaves it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
    /// What it comes to next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// Its ladder in the order of time, used rungs included; empty once it ended.
    pub ladder: Vec<RungTime>,
    /// How many reminders were raised.
    pub reminders: u16,
    /// When the last one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminded_at: Option<Instant>,
    /// The escalation level, 0 to 3.
    pub level: u8,
    /// Since when it is declared breached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breached_at: Option<Instant>,
    /// How often it was moved.
    pub moves: u16,
    /// How many extensions were granted.
    #[serde(skip_serializing_if = "is_none")]
    pub extensions: u16,
    /// When a reminder about it was last acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Instant>,
    /// When it stood still.
    pub pauses: Vec<Pause>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
const fn is_none(times: &u16) -> bool {
    *times == 0
}

/// A deadline of `case` at `at`, explained.
///
/// # Errors
/// [`QueryError::Row`] when the projection lacks its policy or calendar.
pub fn explained(
    policies: &Policies,
    case: &Case,
    workflow: &Workflow,
    deadline: &Deadline,
    at: Instant,
) -> Result<ExplainedDeadline, QueryError> {
    let clock = clock_of(workflow, case, deadline)?;
    let calendar = calendar_of(policies, case, deadline)?;
    let light = Light::of(deadline, at);
    let told = Told::of(policies, workflow, calendar, (case, deadline))?;
    let term = &deadline.term;
    let sides = case.sides(workflow);
    let pauses: Vec<Pause> =
        deadline.pauses.iter().map(|(from, until)| Pause { from: *from, until: *until }).collect();
    let explanation = explanation(calendar, clock, deadline, &pauses);
    let (status, met_at, paused_since) = match deadline.status {
        Status::Running => ("running", None, None),
        Status::Paused { since } => ("paused", None, Some(since)),
        Status::Met { at, late: false } => ("met", Some(at), None),
        Status::Met { at, late: true } => ("met-late", Some(at), None),
        Status::Cancelled => ("cancelled", None, None),
    };
    Ok(ExplainedDeadline {
        clock: told.clock,
        round: deadline.round,
        status,
        light,
        met_at,
        paused_since,
        due: told.due,
        last_day: told.last_day,
        span: light.filter(|light| *light != Light::Paused).map(|_| span(calendar, term, at)),
        reason: reason(calendar, &cite_told(policies, &told.cite), deadline, explanation.as_ref()),
        cite: told.cite,
        explanation,
        next: next(policies, &sides, clock, deadline),
        ladder: ladder(policies, &sides, clock, deadline),
        reminders: deadline.reminders,
        reminded_at: deadline.reminded_at,
        level: deadline.level,
        breached_at: deadline.breached_at,
        moves: deadline.moves,
        extensions: deadline.extensions,
        acknowledged_at: deadline.acknowledged_at,
        pauses,
        term: term.clone(),
    })
}

/// The way to the due instant, if it is the one that stands.
fn explanation(
    calendar: &Calendar,
    clock: &Clock,
    deadline: &Deadline,
    pauses: &[Pause],
) -> Option<Explanation> {
    let told = calendar::explain(calendar, &clock.due, deadline.term.started_at, pauses).ok()?;
    (told.due.at == deadline.term.due_at).then_some(told)
}

fn reason(calendar: &Calendar, cite: &Text, deadline: &Deadline, told: Option<&Explanation>) -> Text {
    let (term, times) = (&deadline.term, deadline.extensions);
    let told = told.map_or_else(
        || {
            let (start, due) = (moment_text(calendar, term.started_at), due_text(calendar, term));
            if times > 0 {
                return Text::new(
                    format!("{} 起算，经批准延期 {times} 次，延至 {}", start.zh, due.zh),
                    format!("from {}, extended {times} times, due {}", start.en, due.en),
                );
            }
            Text::new(
                format!("{} 起算，{} 到期", start.zh, due.zh),
                format!("from {}, due {}", start.en, due.en),
            )
        },
        Explanation::sentences,
    );
    Text::new(
        format!("{}（{}）", told.zh.trim_end_matches('。'), cite.zh),
        format!("{} ({})", told.en.trim_end_matches('.'), cite.en),
    )
}

/// A clause in words: which notice, which clause, or that the office set it.
#[must_use]
pub fn cite_words(cite: &Cite) -> Text {
    // A name stands apart from the words around it.
    cited(cite, &Text::new(format!(" {}", cite.notice), cite.notice.as_str()))
}

/// The same with the notice by its title.
#[must_use]
pub fn cite_told(policies: &Policies, cite: &Cite) -> Text {
    let title = policies.notice_title(&cite.notice);
    cited(cite, &Text::new(format!("《{}》", title.zh), title.en))
}

fn cited(cite: &Cite, notice: &Text) -> Text {
    let (zh, en, clause) = (&notice.zh, &notice.en, &cite.clause);
    if cite.office_setting {
        return Text::new(
            format!("本单位设定，参照{zh} {clause}"),
            format!("set by the office, see {en} {clause}"),
        );
    }
    Text::new(format!("依据{zh} {clause}"), format!("under {en} {clause}"))
}

/// What a deadline comes to next by the calendar in force, as the kernel has it.
fn next(policies: &Policies, case: &Sides<'_>, clock: &Clock, deadline: &Deadline) -> Option<Next> {
    let (calendar_sha, calendar) = policies.set.calendar(&clock.calendar)?;
    let (at, step) = Timepiece { clock, calendar_sha, calendar }.next(deadline)?;
    let moment = moment_text(calendar, at);
    let Step::Rung(place, nth) = step else {
        let words = Text::new(format!("{} 起超期", moment.zh), format!("overdue from {}", moment.en));
        return Some(Next { at, what: "breach", to: Vec::new(), words });
    };
    let rung = clock.ladder.as_ref()?.rungs.get(usize::from(place))?;
    let to = Named::units(policies, &rung.to, case);
    let act = act_words(rung.act);
    let (zh, en) = (titles(&to, "、", |text| &text.zh), titles(&to, ", ", |text| &text.en));
    let nth_zh = if rung.most > 1 { format!("（第 {nth} 次）") } else { String::new() };
    let nth_en = if rung.most > 1 { format!(" (number {nth})") } else { String::new() };
    let words = Text::new(
        format!("{} {}{nth_zh}，发 {zh}", moment.zh, act.zh),
        format!("{} {}{nth_en} to {en}", moment.en, act.en),
    );
    Some(Next { at, what: act_name(rung.act), to, words })
}

/// All rungs of a running deadline by the calendar in force.
fn ladder(policies: &Policies, case: &Sides<'_>, clock: &Clock, deadline: &Deadline) -> Vec<RungTime> {
    let rungs = clock.ladder.as_ref().filter(|_| deadline.status == Status::Running);
    let Some((rungs, (calendar_sha, calendar))) = rungs.zip(policies.set.calendar(&clock.calendar)) else {
        return Vec::new();
    };
    let fresh = Term { rungs: Vec::new(), ..deadline.term.clone() };
    let times = Timepiece { clock, calendar_sha, calendar }.rungs_left(&fresh);
    let each = rungs.rungs.iter().zip(1_u16..).flat_map(|(rung, place)| {
        let used = deadline.term.rungs.get(usize::from(place) - 1).copied().unwrap_or(0);
        (1..=rung.most).map(move |nth| (rung, place, nth, nth <= used))
    });
    let told = each.zip(times).map(|((rung, place, nth, used), at)| RungTime {
        rung: place,
        at,
        when: moment_text(calendar, at),
        what: act_name(rung.act),
        words: act_words(rung.act),
        to: Named::units(policies, &rung.to, case),
        nth,
        used,
    });
    let mut told: Vec<RungTime> = told.collect();
    told.sort_by_key(|rung| rung.at);
    told
}

/// The titles of several things in one language.
#[must_use]
pub fn titles(named: &[Named], between: &str, lang: impl Fn(&Text) -> &String) -> String {
    named.iter().map(|it| lang(&it.title).as_str()).collect::<Vec<_>>().join(between)
}

/// An act's name on the wire.
#[must_use]
pub const fn act_name(act: Act) -> &'static str {
    match act {
        Act::Reminder => "reminder",
        Act::SupervisionSheet => "supervision-sheet",
        Act::Bulletin => "bulletin",
        Act::Summons => "summons",
    }
}

/// An act in words.
#[must_use]
pub fn act_words(act: Act) -> Text {
    let (zh, en) = match act {
        Act::Reminder => ("催办", "reminder"),
        Act::SupervisionSheet => ("督办单", "supervision sheet"),
        Act::Bulletin => ("通报", "bulletin"),
        Act::Summons => ("约谈", "summons"),
    };
    Text::new(zh, en)
}
