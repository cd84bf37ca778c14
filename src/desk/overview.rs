//! The overview: what needs somebody now, unit by unit, and the days ahead.

use axum::response::Response;
use chrono::Datelike as _;
use maud::{Markup, html};

use super::failure::Failure;
use super::matrix::matrix;
use super::parts::{empty, light, matter, number};
use super::shell::{Frame, Nav, page};
use super::strip::weekday;
use super::view::View;
use super::visit::Visit;
use crate::calendar::{Reason, Text};
use crate::engine::handle::{Role, Status};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::agenda::DayAhead;
use crate::query::breaches::MonthBehind;
use crate::query::error::QueryError;
use crate::query::light::Light;
use crate::query::overview::Overview;
use crate::query::recent::Recent;

/// "Since yesterday" is the day before the instant asked about, in seconds.
const A_DAY: i64 = 24 * 60 * 60;

/// The overview of a tenant.
pub async fn overview<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let answer = visit.ask(|reader, at| reader.overview(None, at)).await?;
    let (last, at) = (answer.as_of.ledger_seq, visit.view.at);
    let recent = visit.reader().recent(last, at.plus_seconds(-A_DAY), at).await;
    let status = visit.tenant.handle.status();
    let view = &visit.view;
    let body = html! {
        (sentence(view, &answer.body, recent.as_ref().ok()))
        section data-live="days" aria-labelledby="days-title" {
            h2 #days-title { (view.say("未来十个工作日到期", "Due in the next ten working days")) }
            (days(view, &answer.body.days))
        }
        section data-live="matrix" aria-labelledby="matrix-title" {
            h2 #matrix-title { (view.say("单位 × 流程", "Units × workflows")) }
            (matrix(view, &answer.body.counts))
        }
        div .columns {
            section data-live="recent" aria-labelledby="recent-title" {
                h2 #recent-title { (view.say("昨天此时以来", "Since this time yesterday")) }
                (changes(view, recent.as_ref()))
            }
            div {
                section data-live="months" aria-labelledby="months-title" {
                    h2 #months-title { (view.say("超期，本月与上月", "Overdue, this month and last")) }
                    (months(view, &answer.body.months))
                }
                section data-live="health" aria-labelledby="health-title" {
                    h2 #health-title { (view.say("运行状况", "Health")) }
                    (health(view, &status, recent.is_ok()))
                }
            }
        }
    };
    let title = Nav::Overview.title(view);
    let frame =
        Frame { nav: Nav::Overview, title, as_of: Some(&answer.as_of), beside_title: html! {}, live: true };
    Ok(page(view, &frame, &body))
}

/// The first thing that is read.
fn sentence(view: &View, overview: &Overview, recent: Option<&Recent>) -> Markup {
    let all = &overview.counts.all;
    let today = view.home.today.to_string();
    let figure = |value: i64, class: &str, params: &[(&str, &str)]| {
        html! { a .figure .{ (class) } href=(view.link("ledger", params)) { (number(value)) } }
    };
    let due = figure(overview.due_today, "due-soon", &[("dayFrom", &today), ("dayTo", &today)]);
    let overdue = figure(all.overdue, "overdue", &[("light", "overdue,escalated")]);
    let escalated = figure(all.escalated, "escalated", &[("light", "escalated")]);
    html! {
        p .sentence data-live="sentence" {
            (view.say("今天到期 ", "Due today: ")) (due) (view.say(" 件，超期 ", ", overdue: ")) (overdue)
            (view.say(" 件，其中已升级 ", ", of which escalated: ")) (escalated) (view.say(" 件", ""))
            (than_yesterday(view, overview, recent))
            @if let Some(recent) = recent {
                (view.say("；昨天此时以来新超期 ", "; since this time yesterday newly overdue: "))
                b { (number(recent.happened.breached)) }
                (view.say(" 件，办结 ", ", closed: ")) b { (number(recent.happened.closed)) } (view.say(" 件", ""))
                @if !recent.complete { (view.say("（仅最近部分）", " (of the latest entries only)")) }
            }
            (view.say("。", "."))
        }
    }
}

/// By how much more or less is overdue than when yesterday ended. Nothing is said when
/// that is not known exactly, or the page is about another time: its lights are those of
/// today's ledger, which is not the one of then.
fn than_yesterday(view: &View, overview: &Overview, recent: Option<&Recent>) -> Markup {
    let lacking = recent.and_then(|recent| recent.overdue_lacking).filter(|_| view.fixed.is_none());
    let before = overview.overdue_before.zip(lacking).map(|(before, lacking)| before + lacking);
    let Some(change) = before.map(|before| overview.counts.all.overdue - before) else { return html! {} };
    html! {
        span .than data-change=(change) {
            @if change == 0 { (view.say("，与昨天相同", ", as many as yesterday")) }
            @else if change > 0 { (view.say("，比昨天多 ", ", more than yesterday by ")) b { (number(change)) } (view.say(" 件", "")) }
            @else { (view.say("，比昨天少 ", ", fewer than yesterday by ")) b { (number(-change)) } (view.say(" 件", "")) }
        }
    }
}

fn days(view: &View, days: &[DayAhead]) -> Markup {
    if days.is_empty() {
        let hint = "公布日历后，这里按日列出到期件数。";
        return empty(
            view.say("还没有日历", "No calendar yet"),
            view.say(hint, "Once a calendar is published, what falls due is shown here day by day."),
        );
    }
    let most = days.iter().map(|day| day.due).max().unwrap_or(0).max(1);
    html! {
        ol .ahead {
            @for (place, ahead) in days.iter().enumerate() {
                @let date = ahead.day.date.to_string();
                @let sort = if ahead.day.working { "work" } else { "rest" };
                li class={ (sort) @if place == 0 { " today" } @if !ahead.day.verified { " unverified" } } title=(day_words(view, ahead)) {
                    a href=(view.link("ledger", &[("dayFrom", &date), ("dayTo", &date)])) {
                        span .date { (ahead.day.date.month()) "-" (ahead.day.date.day()) }
                        span .weekday {
                            @if place == 0 { (view.say("今天", "today")) } @else { (view.say("周", "")) (weekday(view, ahead.day.weekday)) }
                            @match &ahead.day.reason {
                                Reason::MakeUp { .. } => { b .mark { (view.say("班", "on")) } }
                                Reason::Holiday { .. } => { b .mark { (view.say("休", "off")) } }
                                Reason::Weekday | Reason::Weekend => {}
                            }
                        }
                        span .count .none[ahead.due == 0] { (number(ahead.due)) }
                        (bar(ahead.due, most))
                        span .unseen { (day_words(view, ahead)) }
                    }
                }
            }
        }
    }
}

/// A bar as high as the count, drawn as a picture so that the page needs no styles
/// of its own.
fn bar(count: i64, most: i64) -> Markup {
    // Rounded up, so that one of a thousand still shows.
    let height = (count.max(0) * 28 + most - 1) / most;
    html! {
        svg .bar width="100%" height="28" viewBox="0 0 10 28" preserveAspectRatio="none" aria-hidden="true" {
            rect x="0" y=(28 - height) width="10" height=(height) {}
        }
    }
}

fn day_words(view: &View, ahead: &DayAhead) -> String {
    let reason = match &ahead.day.reason {
        Reason::Weekday => view.say("工作日", "working day").to_owned(),
        Reason::Weekend => view.say("周末休息", "weekend").to_owned(),
        Reason::Holiday { name } => format!("{} {}", view.of(name), view.say("放假", "holiday")),
        Reason::MakeUp { name } => format!("{} {}", view.of(name), view.say("调休上班", "make-up day")),
    };
    let unverified = if ahead.day.verified {
        ""
    } else {
        view.say("，安排尚未公布", ", arrangements not published yet")
    };
    format!("{} {reason}{unverified}: {} {}", ahead.day.date, ahead.due, view.say("件到期", "due"))
}

fn changes(view: &View, recent: Result<&Recent, &QueryError>) -> Markup {
    let recent = match recent {
        Ok(recent) => recent,
        Err(error) => {
            let title = view.say("暂时读不到账本", "The ledger cannot be read just now");
            return empty(title, &error.to_string());
        }
    };
    let it = &recent.happened;
    let figures = [
        (view.say("立项", "opened"), it.opened),
        (view.say("按时", "met in time"), it.met_in_time),
        (view.say("逾期办理", "met late"), it.met_late),
        (view.say("新超期", "newly overdue"), it.breached),
        (view.say("催办", "reminders"), it.reminders),
        (view.say("升级", "escalations"), it.escalations),
        (view.say("退件", "refused"), it.refused),
        (view.say("办结", "closed"), it.closed),
    ];
    html! {
        dl .figures { @for (word, count) in figures { div { dt { (word) } dd { (number(count)) } } } }
        @if recent.changes.is_empty() {
            (empty(view.say("没有变化", "Nothing has changed"), view.say("立项、超期、升级和办结会列在这里。", "Cases opened or closed, overdue and escalated appear here.")))
        } @else {
            ol .changes {
                @for change in recent.changes.iter().take(14) {
                    li class=(sort_of(&change.kind)) {
                        time datetime=(change.at) { (view.of(&change.when)) }
                        span {
                            @if let Some(unit) = &change.unit { (view.of(&unit.title)) " " }
                            @if let Some(case) = &change.case { a href=(view.case_link(case)) { (matter(view, case, change.unit.as_ref())) } " " }
                            (view.of(&change.words))
                        }
                    }
                }
            }
        }
    }
}

/// The look of a change, by its type.
fn sort_of(kind: &str) -> &'static str {
    match kind {
        "deadline.breached" => "overdue",
        "escalation.raised" => "escalated",
        "case.closed" => "done",
        _ => "plain",
    }
}

fn months(view: &View, months: &[MonthBehind]) -> Markup {
    if months.is_empty() {
        return empty(
            view.say("还没有日历", "No calendar yet"),
            view.say("公布日历后，这里按月比较。", "Once a calendar is published, months are compared here."),
        );
    }
    html! {
        table .plain {
            thead { tr {
                th scope="col" { (view.say("到期月份", "Fell due in")) }
                th scope="col" .num { (view.say("按时", "In time")) }
                th scope="col" .num { (view.say("超期", "Overdue")) }
                th scope="col" .num { (view.say("其中已补办", "done since")) }
                th scope="col" .num { (view.say("仍未办", "still open")) }
            } }
            tbody {
                @for (month, word) in months.iter().zip([view.say("本月至昨天", "This month until yesterday"), view.say("上月", "Last month")]) {
                    @let (from, to) = (month.first_day.to_string(), month.last_day.to_string());
                    tr {
                        th scope="row" { (word) " " span .muted { (month.month) } }
                        td .num { (number(month.in_time)) }
                        td .num { b { (number(month.breached())) } }
                        td .num { (number(month.met_late)) }
                        td .num { a href=(view.link("ledger", &[("light", "overdue,escalated"), ("dayFrom", &from), ("dayTo", &to)])) { (number(month.still_overdue)) } }
                    }
                }
            }
        }
    }
}

fn health(view: &View, status: &Status, ledger_read: bool) -> Markup {
    let (is_well, role) = match status.role {
        Role::Leading => (true, Text::new("正在裁定", "deciding")),
        Role::Following => (true, Text::new("热备跟随", "following another engine")),
        Role::Recovering => (false, Text::new("正在恢复", "recovering")),
        Role::Stopped => (false, Text::new("已停止，需人工处理", "stopped; a person must look")),
    };
    let lamp = |is_well: bool| if is_well { Light::OnTrack } else { Light::Overdue };
    html! {
        ul .health {
            li { (dot(lamp(is_well))) (view.say("引擎", "Engine")) " " b { (view.of(&role)) } }
            @if let Some(stopped) = &status.stopped { li .muted { (stopped) } }
            li { (dot(lamp(ledger_read))) (view.say("消息服务", "Broker")) " " b { (if ledger_read { view.say("可读写", "reachable") } else { view.say("连不上", "unreachable") }) } }
            li {
                (dot(if status.lag == 0 { Light::OnTrack } else { Light::DueSoon }))
                (view.say("待裁定", "Waiting to be decided")) " " b { (number(status.lag)) } (view.say(" 条", ""))
            }
        }
    }
}

fn dot(lamp: Light) -> Markup {
    html! { span .light .{ (lamp.name()) } aria-hidden="true" { span .shape { (lamp.shape()) } } }
}

/// The lights' legend.
pub fn legend(view: &View) -> Markup {
    html! { p .legend { @for one in Light::ALL { (light(view, one)) } } }
}
