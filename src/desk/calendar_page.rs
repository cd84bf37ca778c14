//! A calendar's year: twelve months, rest days hatched, make-up days marked 班.

use axum::response::Response;
use chrono::Datelike as _;
use maud::{Markup, html};

use super::failure::Failure;
use super::parts::number;
use super::shell::{Frame, Nav, page};
use super::strip::weekday;
use super::view::View;
use super::visit::Visit;
use crate::calendar::{Day, Reason, Weekday};
use crate::port::log::Log;
use crate::port::store::Store;

const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// The page of one year of a calendar.
pub async fn calendar<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let name = visit.part("name").to_owned();
    let year = visit.params.parsed::<i32>("year").map_err(|problem| visit.failed(problem))?;
    let found = visit.ask(move |reader, at| reader.calendar_page(&name, year, at)).await?;
    let (view, (year, days)) = (&visit.view, &found.body);
    let (before, after) = ((year.year - 1).to_string(), (year.year + 1).to_string());
    let body = html! {
        p {
            (view.say("全年工作日 ", "Working days of the year: ")) b { (number(year.working_days)) }
            (view.say(" 天；已公布安排的日期：", "; arrangements are published for "))
            (year.verified.from) " – " (year.verified.to)
            (view.say("，之外按平常周推算，期限标为暂定。", "; outside of that the plain week is assumed and deadlines are provisional."))
        }
        p .legend.left {
            span .swatch.rest {} (view.say("休息", "rest")) " "
            span .swatch.makeup {} (view.say("调休上班", "make-up day")) " "
            span .swatch.unverified {} (view.say("尚未公布", "not published"))
        }
        div .year { @for month in 1..=12 { (month_grid(view, days, month)) } }
    };
    let beside_title = html! {
        span .years {
            a .button href=(view.here(&[("year", Some(&before))])) rel="prev" { "‹ " (before) }
            " " b { (year.year) } " "
            a .button href=(view.here(&[("year", Some(&after))])) rel="next" { (after) " ›" }
        }
        span .muted { (year.version) " · " (year.time_zone) }
    };
    let title = format!("{} {}", view.say("日历", "Calendar"), year.calendar);
    let frame =
        Frame { nav: Nav::Policies, title: &title, as_of: Some(&found.as_of), beside_title, live: false };
    Ok(page(view, &frame, &body))
}

fn month_grid(view: &View, days: &[Day], month: u32) -> Markup {
    let of_month: Vec<&Day> = days.iter().filter(|day| day.date.month() == month).collect();
    let blank = of_month.first().map_or(0, |day| day.date.weekday().num_days_from_monday() as usize);
    let mut squares: Vec<Option<&Day>> = vec![None; blank];
    squares.extend(of_month.iter().copied().map(Some));
    let worked = of_month.iter().filter(|day| day.working).count();
    html! {
        table .month-grid {
            caption { b { (month) (view.say("月", "")) } " " span .muted { (worked) (view.say(" 个工作日", " working days")) } }
            thead { tr { @for day in WEEK { th scope="col" { (weekday(view, day)) } } } }
            tbody {
                @for week in squares.chunks(7) {
                    tr { @for square in week { @match square { Some(day) => { (day_square(view, day)) }, None => { td {} } } } }
                }
            }
        }
    }
}

fn day_square(view: &View, day: &Day) -> Markup {
    let (sort, word) = match &day.reason {
        Reason::Weekday => ("work", String::new()),
        Reason::Weekend => ("rest", view.say("周末", "weekend").to_owned()),
        Reason::Holiday { name } => {
            ("rest holiday", format!("{} {}", view.of(name), view.say("放假", "holiday")))
        }
        Reason::MakeUp { name } => {
            ("makeup", format!("{} {}", view.of(name), view.say("调休上班", "make-up day")))
        }
    };
    let class = format!(
        "{sort}{}{}",
        if day.verified { "" } else { " unverified" },
        if day.date == view.home.today { " today" } else { "" },
    );
    html! {
        td class=(class) title=[(!word.is_empty()).then_some(&word)] {
            (day.date.day())
            @match &day.reason {
                Reason::MakeUp { .. } => { b { (view.say("班", "w")) } }
                Reason::Holiday { .. } => { b { (view.say("休", "h")) } }
                Reason::Weekday | Reason::Weekend => {}
            }
            @if !word.is_empty() { span .unseen { " " (word) } }
        }
    }
}
