//! Rules in a person's words, in both languages.
//!
//! It says what a rule says and computes no dates.

use super::titles::Titles;
use crate::calendar::{DueRule, PeriodKind, Text};
use crate::id::EventType;
use crate::policy::definition::answers::Answers;
use crate::policy::definition::reaction::{Cue, Reaction};
use crate::policy::definition::score::{Item, Per, Target, Threshold};
use crate::policy::definition::{Clock, Covers, Opening, Quota, TimeSource, Trigger, Workflow};

/// How often: "每月", "every month".
#[must_use]
pub fn every(period: PeriodKind) -> Text {
    let (zh, en) = match period {
        PeriodKind::Day => ("每日", "every day"),
        PeriodKind::Week => ("每周", "every week"),
        PeriodKind::Month => ("每月", "every month"),
        PeriodKind::Quarter => ("每季度", "every quarter"),
        PeriodKind::HalfYear => ("每半年", "every half-year"),
        PeriodKind::Year => ("每年", "every year"),
    };
    Text::new(zh, en)
}

/// What a workflow demands as a whole: how often and by when, or why by no date.
#[must_use]
pub fn whole(workflow: &Workflow, titles: &Titles) -> Text {
    let mut how_often = match &workflow.opens {
        Opening::Event { event, .. } => {
            let opening = titles.event(event);
            Text::new(format!("每次“{}”", opening.zh), format!("whenever \"{}\"", opening.en))
        }
        Opening::Calendar { every: period, covers, .. } => covering(every(*period), *period, *covers),
        Opening::Once { .. } => Text::new("一次", "once"),
    };
    if let Some(quota) = &workflow.quota {
        how_often = counted(&how_often, quota, titles);
    }
    let limit = match (&workflow.standing, workflow.clocks.first()) {
        (Some(why), _) => Text::new(format!("无期限（{}）", why.zh), format!("no date ({})", why.en)),
        (None, Some(clock)) if starts_with_the_case(clock) => clock.due.text(),
        (None, _) => Text::new("无期限", "no date"),
    };
    Text::new(format!("{}：{}", how_often.zh, limit.zh), format!("{}: {}", how_often.en, limit.en))
}

fn covering(every: Text, period: PeriodKind, covers: Covers) -> Text {
    let before = match period {
        PeriodKind::Day => ("前一日", "day"),
        PeriodKind::Week => ("上周", "week"),
        PeriodKind::Month => ("上月", "month"),
        PeriodKind::Quarter => ("上季度", "quarter"),
        PeriodKind::HalfYear => ("上半年度", "half-year"),
        PeriodKind::Year => ("上年", "year"),
    };
    match covers {
        Covers::Current => every,
        Covers::Previous => Text::new(
            format!("{}报{}", every.zh, before.0),
            format!("{} for the {} before", every.en, before.1),
        ),
    }
}

fn counted(how_often: &Text, quota: &Quota, titles: &Titles) -> Text {
    let facts = any_of(&quota.events, titles);
    let least = quota.at_least;
    Text::new(
        format!("{}至少 {least} 次{}", how_often.zh, facts.zh),
        format!("at least {least} of {} {}", facts.en, how_often.en),
    )
}

fn starts_with_the_case(clock: &Clock) -> bool {
    clock.start.events.iter().any(|event| event.as_str() == "case.opened")
}

/// What a clock demands: from what, within what, until what.
#[must_use]
pub fn clock(clock: &Clock, titles: &Titles) -> Text {
    let (start, stop) = (trigger(&clock.start, titles), trigger(&clock.stop, titles));
    let due = clock.due.text();
    let en = match clock.due {
        DueRule::WorkingDays { .. }
        | DueRule::Days { .. }
        | DueRule::Hours { .. }
        | DueRule::WorkingHours { .. }
        | DueRule::Months { .. }
        | DueRule::Years { .. } => format!("{} from {} until {}", due.en, start.en, stop.en),
        DueRule::DayOfMonth { .. }
        | DueRule::MonthDay { .. }
        | DueRule::EndOf { .. }
        | DueRule::Date { .. } => format!("after {}, {}: {}", start.en, due.en, stop.en),
    };
    Text::new(format!("自{}起，{}{}", start.zh, due.zh, stop.zh), en)
}

/// What a target demands: how often, and which number is to be reached.
#[must_use]
pub fn target(target: &Target) -> Text {
    let (often, bound) = (per(target.per), threshold(&target.threshold));
    Text::new(format!("{}：{}", often.zh, bound.zh), format!("{}: {}", often.en, bound.en))
}

/// What an item is worth: how often, and how many points at most.
#[must_use]
pub fn item(item: &Item) -> Text {
    let (often, most) = (per(item.per), item.most.written());
    Text::new(format!("{}：最高 {most} 分", often.zh), format!("{}: at most {most} points", often.en))
}

/// Over which time figures are taken.
#[must_use]
pub fn per(per: Per) -> Text {
    per.kind().map_or_else(|| Text::new("累计", "cumulative"), every)
}

/// The bounds of a value.
#[must_use]
pub fn threshold(threshold: &Threshold) -> Text {
    let bounds = [
        (&threshold.at_least, "不低于", "at least"),
        (&threshold.at_most, "不高于", "at most"),
        (&threshold.equals, "等于", "exactly"),
    ];
    let given = || bounds.iter().filter_map(|(bound, zh, en)| bound.as_ref().map(|bound| (bound, zh, en)));
    let zh: Vec<String> = given().map(|(bound, zh, _)| format!("{zh} {}", bound.written())).collect();
    let en: Vec<String> = given().map(|(bound, _, en)| format!("{en} {}", bound.written())).collect();
    Text::new(zh.join("且"), en.join(" and "))
}

/// The facts of a trigger; a time in their data is named.
#[must_use]
pub fn trigger(trigger: &Trigger, titles: &Titles) -> Text {
    let facts = any_of(&trigger.events, titles);
    match &trigger.at {
        TimeSource::Recorded | TimeSource::Occurred => facts,
        TimeSource::Data(path) => {
            Text::new(format!("{}（{path}）", facts.zh), format!("{} ({path})", facts.en))
        }
    }
}

fn any_of(events: &[EventType], titles: &Titles) -> Text {
    let named: Vec<Text> = events.iter().map(|event| titles.event(event)).collect();
    let zh: Vec<String> = named.iter().map(|it| format!("“{}”", it.zh)).collect();
    let en: Vec<String> = named.iter().map(|it| format!("\"{}\"", it.en)).collect();
    Text::new(zh.join("或"), en.join(" or "))
}

/// What every open case takes beside its workflow.
#[must_use]
pub fn answers(answers: &Answers) -> Text {
    let parts = [
        (answers.acknowledge.is_some(), "签收", "acknowledgement"),
        (answers.delegate.is_some(), "转办", "delegation"),
        (answers.explain.is_some(), "说明", "explanation"),
        (answers.handover.is_some(), "移交", "handover with consent"),
        (answers.extend.is_some(), "延期申请", "extensions on request"),
    ];
    let there = parts.iter().filter(|(there, ..)| *there);
    let (zh, en): (Vec<&str>, Vec<&str>) = there.map(|(_, zh, en)| (*zh, *en)).unzip();
    Text::new(format!("在办事项可{}", zh.join("、")), format!("open cases take {}", en.join(", ")))
}

/// What a reaction waits for and publishes.
#[must_use]
pub fn reaction(reaction: &Reaction, titles: &Titles) -> Text {
    let (zh, en) = match reaction.cue {
        Cue::DeadlineBreached => ("期限超期", "a deadline is breached"),
        Cue::EscalationRaised => ("督办升级", "supervision escalates"),
        Cue::ReminderDue => ("催办", "a reminder is due"),
        Cue::CaseClosed => ("事项办结", "a case closes"),
        Cue::DeadlineMet => ("期限办结", "a deadline is met"),
    };
    let published = titles.event(&reaction.publish.kind);
    let (count_zh, count_en) = match reaction.within {
        Some(within) => {
            let (every, count) = (every(within), reaction.count);
            (format!("{}第 {count} 次", every.zh), format!(" for the {count}. time, counted {}", every.en))
        }
        None => (String::new(), String::new()),
    };
    Text::new(
        format!("{count_zh}{zh}即生成“{}”", published.zh),
        format!("when {en}{count_en}: \"{}\"", published.en),
    )
}
