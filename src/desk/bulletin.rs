//! The bulletin 通报 of a period as an official document.
//!
//! Every figure is one that the read side gave, as of the ledger entry that stands at
//! the end of it.

use std::collections::BTreeSet;

use axum::response::{IntoResponse as _, Response};
use chrono::{Datelike as _, NaiveDate};
use maud::{Markup, html};

use super::document::{Column, Document, Side};
use super::export::file;
use super::failure::Failure;
use super::parts::{key, level, notice};
use super::view::View;
use super::visit::Visit;
use crate::calendar::{Lang, Period, PeriodKind};
use crate::http::problem::Problem;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::breaches::Outcomes;
use crate::query::bulletin::{Bulletin, MOST_LISTED, Share, last};
use crate::query::deadline_row::DeadlineRow;
use crate::query::rankings::RankingAnswer;
use crate::query::rows::Answer;

/// The media type of Word's files.
pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// The bulletin of a period: the one asked for, or the last month.
pub async fn bulletin<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let asked = visit.params.parsed::<Period>("period").map_err(|problem| visit.failed(problem))?;
    let found = visit.ask(move |reader, at| reader.bulletin(asked, at)).await?;
    let period = found.body.period;
    let document = written(&visit.view, &found);
    let written = tokio::task::spawn_blocking(move || document.written()).await;
    let failed = |text: String| visit.failed(Problem::new("server.failed", text));
    let body = written.map_err(|error| failed(error.to_string()))?.map_err(failed)?;
    Ok(file(&visit, &format!("bulletin-{period}.docx"), DOCX, body).into_response())
}

/// Where bulletins are fetched: of the last month, the last quarter, or a month chosen.
pub fn links(view: &View) -> Markup {
    let of = |kind| last(kind, view.home.today).to_string();
    let (month, quarter) = (of(PeriodKind::Month), of(PeriodKind::Quarter));
    let link = |period: &str| view.link("bulletin.docx", &[("period", period)]);
    html! {
        div .exports {
            a .button href=(link(&month)) download { (view.say("上月通报", "Bulletin of last month")) }
            a .button href=(link(&quarter)) download { (view.say("上季度通报", "of last quarter")) }
            form .inline action=(view.link("bulletin.docx", &[])) {
                input type="month" name="period" value=(month) aria-label=(view.say("通报月份", "Month of the bulletin"));
                button .button type="submit" { (view.say("生成通报（Word）", "Bulletin (Word)")) }
            }
        }
    }
}

fn written(view: &View, found: &Answer<Bulletin>) -> Document {
    let it = &found.body;
    let period = period_words(view, it.period);
    let title = match view.lang {
        Lang::Zh => format!("{}关于{period}督办事项办理情况的通报", view.tenant_title()),
        Lang::En => format!("{}: bulletin on supervised matters, {period}", view.tenant_title()),
    };
    let mut document = Document::new(view.at).title(&title);
    document = overall(view, document, it);
    document = units(view, document, it);
    for ranking in &it.rankings {
        document = ranked(view, document, ranking);
    }
    document = overdue(view, document, it);
    document = demands(view, document, it);
    let office = view.viewer.office(view).unwrap_or_else(|| view.tenant_title().to_owned());
    let source = format!(
        "{} {}，{} {}。",
        view.say("数据截至", "As of"),
        view.of(&view.home.asked),
        view.say("督办账本条目", "ledger entry"),
        found.as_of.ledger_seq,
    );
    document.signed(&office, &day_words(view, view.home.today)).space().note(&source)
}

/// A period as a sentence names it.
fn period_words(view: &View, period: Period) -> String {
    let (start, year) = (period.start(), period.start().year());
    let zh = match period.kind() {
        PeriodKind::Month => format!("{year}年{}月", start.month()),
        PeriodKind::Quarter => format!("{year}年第{}季度", start.month0() / 3 + 1),
        PeriodKind::HalfYear => format!("{year}年{}半年", if start.month() == 1 { "上" } else { "下" }),
        PeriodKind::Year => format!("{year}年"),
        PeriodKind::Day => day_words(view, start),
        PeriodKind::Week => format!("{}这一周", day_words(view, start)),
    };
    let en = period.to_string();
    view.say(&zh, &en).to_owned()
}

fn day_words(view: &View, day: NaiveDate) -> String {
    let (zh, en) = (format!("{}年{}月{}日", day.year(), day.month(), day.day()), day.to_string());
    view.say(&zh, &en).to_owned()
}

fn percent(view: &View, outcomes: &Outcomes) -> String {
    outcomes
        .percent()
        .map_or_else(|| view.say("无到期", "none due").to_owned(), |percent| format!("{percent}%"))
}

fn overall(view: &View, document: Document, it: &Bulletin) -> Document {
    let (first, last) = (day_words(view, it.first_day), day_words(view, it.last_day));
    let (all, before) = (&it.all, &it.before);
    let under_way =
        if it.complete { "" } else { view.say("（本期尚未结束）", " (the period is under way)") };
    let (due, share) = (all.due(), percent(view, all));
    let compared = match (before.percent(), view.lang) {
        (None, Lang::Zh) => "上一期没有期限届满的事项。".to_owned(),
        (None, Lang::En) => "In the period before, none fell due.".to_owned(),
        (Some(share), Lang::Zh) => format!("上一期届满{}件，按时办结率{share}%。", before.due()),
        (Some(share), Lang::En) => {
            format!("In the period before, {} fell due, {share}% in time.", before.due())
        }
    };
    let (in_time, late, unmet) = (all.in_time, all.met_late, all.unmet);
    let said = match view.lang {
        Lang::Zh => format!(
            "{first}至{last}{under_way}，期限届满的事项共{due}件，其中按时办结{in_time}件，逾期办结{late}件，尚未办结{unmet}件，按时办结率{share}。{compared}"
        ),
        Lang::En => format!(
            "From {first} to {last}{under_way} {due} deadlines fell due: {in_time} met in time, {late} met late, {unmet} not met; {share} in time. {compared}"
        ),
    };
    let document = document
        .heading(view.say("总体情况", "Overall"))
        .subheading(0, view.say("届满和办结", "Due and met"))
        .paragraph(&said)
        .subheading(1, view.say("分事项情况", "By matter"));
    shares(view, document, view.say("事项", "Matter"), &it.workflows)
}

fn units(view: &View, document: Document, it: &Bulletin) -> Document {
    let rule = view.say(
        "按按时办结率由高到低排列，相同的并列；本期没有事项到期的单位不列入。",
        "By the share met in time; equals share a place; units of which nothing fell due are left out.",
    );
    let document = document.heading(view.say("各单位办理情况", "By unit")).paragraph(rule);
    shares(view, document, view.say("单位", "Unit"), &it.units)
}

fn shares(view: &View, document: Document, of: &str, shares: &[Share]) -> Document {
    let columns: [Column<'_>; 7] = [
        (view.say("名次", "Rank"), 6, Side::Middle),
        (of, 20, Side::Left),
        (view.say("届满", "Due"), 8, Side::Middle),
        (view.say("按时办结", "In time"), 10, Side::Middle),
        (view.say("逾期办结", "Late"), 10, Side::Middle),
        (view.say("尚未办结", "Not met"), 10, Side::Middle),
        (view.say("按时办结率", "Share"), 12, Side::Middle),
    ];
    let rows = shares.iter().map(|share| {
        let it = &share.outcomes;
        let numbers = [it.due(), it.in_time, it.met_late, it.unmet].map(|number| number.to_string());
        let head = [share.rank.to_string(), view.of(&share.of.title).to_owned()];
        head.into_iter().chain(numbers).chain([percent(view, it)]).collect()
    });
    document.table(&columns, rows.collect())
}

fn ranked(view: &View, document: Document, it: &RankingAnswer) -> Document {
    let columns: [Column<'_>; 6] = [
        (view.say("名次", "Rank"), 6, Side::Middle),
        (view.say("单位", "Unit"), 20, Side::Left),
        (view.say("得分", "Points"), 10, Side::Middle),
        (view.say("可得分", "Attainable"), 10, Side::Middle),
        (view.say("得分率", "Share"), 10, Side::Middle),
        (view.say("较上期", "Moved"), 8, Side::Middle),
    ];
    let none = || "–".to_owned();
    let rows = it.rows.iter().map(|line| {
        let moved = line.moved.map_or_else(none, |moved| match moved {
            0 => "＝".to_owned(),
            up if up > 0 => format!("↑{up}"),
            down => format!("↓{}", -down),
        });
        vec![
            line.stands.rank.map_or_else(none, |rank| rank.to_string()),
            view.of(&line.unit.title).to_owned(),
            line.stands.points.clone(),
            line.stands.attainable.clone(),
            line.stands.percent.as_ref().map_or_else(none, |percent| format!("{percent}%")),
            moved,
        ]
    });
    let entry = it.published.map(|published| {
        format!("{} {}", view.say("已公布，账本条目", "Published, ledger entry"), published.ledger_seq)
    });
    let document = document.heading(view.of(&it.scorecard.title)).paragraph(view.of(&it.rules));
    document.table(&columns, rows.collect()).note(&entry.unwrap_or_default())
}

fn overdue(view: &View, document: Document, it: &Bulletin) -> Document {
    let listed = it.listed.len();
    let by_level = [1, 2, 3].map(|asked| it.listed.iter().filter(|row| row.level == asked).count());
    let [sheets, bulletins, summonses] = by_level;
    let cut = if listed < MOST_LISTED {
        ""
    } else {
        view.say("（表中仅列最早到期的部分）", " (the earliest of them are listed)")
    };
    let standing = it.all.unmet - it.overdue;
    let said = if view.lang == Lang::Zh {
        format!(
            "本期届满、至今超期未办结的事项{}件{cut}；另有暂停计时{standing}件。所列事项中，已发督办单{sheets}件，已通报{bulletins}件，已约谈{summonses}件，尚未升级{}件。本期以前届满、至今未办结的事项{}件。",
            it.overdue,
            listed - sheets - bulletins - summonses,
            it.earlier,
        )
    } else {
        format!(
            "{} deadlines of this period run on overdue{cut}; {standing} stand still. Of those listed, {sheets} came to a supervision sheet, {bulletins} to a bulletin, {summonses} to a summons, {} to none yet. Of earlier periods, {} run on overdue.",
            it.overdue,
            listed - sheets - bulletins - summonses,
            it.earlier,
        )
    };
    let document = document.heading(view.say("超期未办结事项", "Overdue")).paragraph(&said);
    if listed == 0 { document } else { overdue_table(view, document, &it.listed) }
}

/// The overdue ones, with the notices that their clauses are of told once below.
fn overdue_table(view: &View, document: Document, listed: &[DeadlineRow]) -> Document {
    let columns: [Column<'_>; 7] = [
        (view.say("序号", "No."), 6, Side::Middle),
        (view.say("责任单位", "Unit"), 16, Side::Left),
        (view.say("事项", "Matter"), 24, Side::Left),
        (view.say("条款", "Clause"), 10, Side::Middle),
        (view.say("截止时间", "Due"), 16, Side::Middle),
        (view.say("超期", "Overdue"), 16, Side::Middle),
        (view.say("督办", "Raised to"), 10, Side::Middle),
    ];
    let notices: Vec<&str> =
        listed.iter().map(|row| row.cite.notice.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let cited = |name: &str, clause: &str| match notices.iter().position(|one| *one == name) {
        Some(place) if notices.len() > 1 => format!("〔{}〕{clause}", place + 1),
        Some(_) | None => clause.to_owned(),
    };
    let rows = listed.iter().zip(1..).map(|(row, place): (_, usize)| {
        vec![
            place.to_string(),
            view.of(&row.unit.title).to_owned(),
            format!("{} {}", view.of(&row.workflow.title), key(&row.case, row.period.as_deref(), &row.unit)),
            cited(&row.cite.notice, &row.cite.clause),
            view.of(&row.due).to_owned(),
            row.span.as_ref().map(|span| view.of(&span.words).to_owned()).unwrap_or_default(),
            format!("{}×{} {}", view.say("催办", "urged "), row.reminders, level(view, row.level))
                .trim()
                .to_owned(),
        ]
    });
    let titles = notices.iter().zip(1..).map(|(name, place): (_, usize)| {
        let title = notice(view, name);
        if notices.len() == 1 { title.to_owned() } else { format!("〔{place}〕{title}") }
    });
    let titles = titles.collect::<Vec<_>>().join(view.say("；", "; "));
    document
        .table(&columns, rows.collect())
        .note(&format!("{}{titles}", view.say("条款出自：", "Clauses of: ")))
}

fn demands(view: &View, document: Document, it: &Bulletin) -> Document {
    let said = if it.overdue + it.earlier == 0 {
        view.say(
            "各单位请继续保持，按期办理在办事项并如实反馈。",
            "Units are asked to go on so and to report as things are.",
        )
    } else {
        view.say(
            "请上列单位对照清单逐项核实，立即办理并通过原渠道反馈结果；确有客观原因的，书面说明原因和预计办结时间。逾期仍未办结的，将按督办规则升级处理。",
            "The units listed are asked to act on each matter now and to report the result; where something stands in the way, to say so in writing with the date by which it will be done. What stays undone is raised further by the rules.",
        )
    };
    document.heading(view.say("工作要求", "What is asked")).paragraph(said)
}
