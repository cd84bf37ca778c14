//! A unit's standing over time, drawn: a small line in a table, and a plot whose points
//! lead to the period's score and so to the cases behind it.

use maud::{Markup, html};

use super::parts::empty;
use super::view::View;
use crate::query::trend::TrendPoint;

/// A share of the whole in hundredths of a percent.
const WHOLE: i64 = 10_000;
/// The plot's ground in units of the drawing.
const WIDTH: i64 = 720;
const HEIGHT: i64 = 160;
/// The room beside and above it for what the axes say.
const LEFT: i64 = 48;
const TOP: i64 = 24;

/// The share of a point, in hundredths of a percent from nothing to the whole.
fn share(point: &TrendPoint) -> Option<i64> {
    let digits = point.percent.as_ref()?.replace('.', "");
    Some(digits.parse::<i64>().ok()?.clamp(0, WHOLE))
}

/// Where the points of a line lie, the first at the left and the last at the right.
fn places(points: &[TrendPoint], (width, height): (i64, i64)) -> Vec<(i64, i64, &TrendPoint)> {
    let steps = i64::try_from(points.len()).unwrap_or(1).saturating_sub(1).max(1);
    let of = |(step, point)| Some((step * width / steps, height - share(point)? * height / WHOLE, point));
    (0..).zip(points).filter_map(of).collect()
}

fn line(places: &[(i64, i64, &TrendPoint)]) -> String {
    places.iter().map(|(x, y, _)| format!("{x},{y}")).collect::<Vec<_>>().join(" ")
}

/// A line as high as a row, which leads to the plot.
pub fn spark(view: &View, points: &[TrendPoint], href: &str) -> Markup {
    let places = places(points, (88, 20));
    html! {
        @if let Some((x, y, last)) = places.last() {
            a .spark href=(href) aria-label={ (view.say("走势，最近一期 ", "Trend, latest ")) (last.percent.as_deref().unwrap_or("–")) "%" } {
                svg width="96" height="28" viewBox="-4 -4 96 28" aria-hidden="true" {
                    polyline points=(line(&places)) {}
                    circle cx=(x) cy=(y) r="3" {}
                }
            }
        }
    }
}

/// The plot of one unit; `link` gives the address of a period's score.
pub fn plot(view: &View, points: &[TrendPoint], present: &str, link: impl Fn(&str) -> String) -> Markup {
    let places = places(points, (WIDTH, HEIGHT));
    if places.is_empty() {
        return empty(
            view.say("还没有已公布的排名", "No ranking was published yet"),
            view.say("每期公布后，这里多一个点。", "Each publication adds a point."),
        );
    }
    let size = format!("{} {} {} {}", -LEFT, -TOP, WIDTH + LEFT + 32, HEIGHT + TOP + 32);
    html! {
        div .scroll tabindex="0" role="region" aria-labelledby="trend-title" {
            svg .trend viewBox=(size) role="group" aria-labelledby="trend-title" {
                @for percent in [0, 50, 100] {
                    @let y = HEIGHT - percent * HEIGHT / 100;
                    line .ground x1="0" x2=(WIDTH) y1=(y) y2=(y) {}
                    text .axis x="-10" y=(y + 4) text-anchor="end" { (percent) "%" }
                }
                polyline points=(line(&places)) {}
                @for (x, y, point) in &places {
                    a href=(link(&point.period)) aria-label=(words(view, point)) aria-current=[(point.period == present).then_some("true")] {
                        title { (words(view, point)) }
                        circle .touch cx=(x) cy=(y) r="16" {}
                        circle .dot cx=(x) cy=(y) r="5" {}
                        text .value x=(x) y=(y - 12) text-anchor="middle" { (point.percent.as_deref().unwrap_or_default()) }
                        text .axis x=(x) y=(HEIGHT + 20) text-anchor="middle" { (point.period) }
                    }
                }
            }
        }
    }
}

fn words(view: &View, point: &TrendPoint) -> String {
    let (share, rank) = (point.percent.as_deref().unwrap_or("–"), point.rank);
    let rank = rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string());
    match view.lang {
        crate::calendar::Lang::Zh => format!("{}：得分率 {share}%，第 {rank} 名", point.period),
        crate::calendar::Lang::En => format!("{}: {share}%, rank {rank}", point.period),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(percent: &str) -> TrendPoint {
        TrendPoint { period: "2024-01".into(), rank: Some(1), percent: Some(percent.into()) }
    }

    #[test]
    fn the_whole_is_at_the_top_and_what_is_missing_leaves_its_place_free() {
        let mut points = vec![point("100.00"), point("50.00"), point("0.00")];
        points[1].percent = None;
        let places = places(&points, (100, 20));
        assert_eq!(line(&places), "0,0 100,20");
        assert_eq!(share(&point("7.50")), Some(750));
    }
}
