//! A drawing as SVG that stands alone: no fonts, no scripts, no styles that a page
//! could catch, no references.
//!
//! Lines and letters have the colour of the text around them (`currentColor`);
//! a page may set `--duban-diagram-ground` (behind letters) and
//! `--duban-diagram-node` (inside states). Without them it is legible on light
//! and dark grounds alike.

use std::fmt::Write as _;

use super::drawing::{ClockLine, Drawing, Node};
use super::layout::{LINE, Layout, Place, Way, layout, small_width};
use crate::calendar::{Lang, Text};

/// What ways look like.
const WAY: &str = "fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.65\"";
/// What states look like.
const STATE: &str =
    "fill=\"var(--duban-diagram-node, transparent)\" stroke=\"currentColor\" stroke-width=\"1.4\"";
/// What the facts beside ways look like: letters with a rim of the ground's colour.
const LABELS: &str = "text-anchor=\"middle\" paint-order=\"stroke\" stroke-width=\"4\" stroke-linejoin=\"round\" \
                      stroke=\"var(--duban-diagram-ground, Canvas)\"";

/// The radius of a way's corners and of a state's box.
const ROUND: i64 = 8;

/// The drawing as an SVG document, with titles of `lang`.
#[must_use]
pub fn svg(drawing: &Drawing, lang: Lang) -> String {
    let layout = layout(drawing, lang);
    let beneath = clock_lines(&drawing.clocks, lang);
    let widest = beneath.iter().map(|line| small_width(line) + 48).max().unwrap_or(0);
    let width = layout.width.max(widest);
    let lines = i64::try_from(beneath.len()).unwrap_or(0);
    let height = layout.height + if lines == 0 { 0 } else { (lines + 1) * (LINE + 4) };
    let title = escaped(drawing.title.get(lang));
    let mark = format!("arrow-{}", drawing.name);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" class=\"duban-diagram\" fill=\"currentColor\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\">\n<title>{title}</title>\n<defs><marker id=\"{mark}\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/>\
         </marker></defs>\n"
    );
    for way in &layout.ways {
        // Writing to a text cannot fail.
        let _ = writeln!(out, "<path {WAY} marker-end=\"url(#{mark})\" d=\"{}\"/>", path(way));
    }
    for (node, place) in drawing.nodes.iter().zip(&layout.places) {
        let is_present = drawing.present.as_ref() == Some(&node.name);
        state(&mut out, (node, is_present), *place, lang, &mark);
    }
    let _ = writeln!(out, "<g {LABELS}>");
    for (edge, way) in drawing.edges.iter().zip(&layout.ways) {
        label(&mut out, &edge.events, way, lang);
    }
    out.push_str("</g>\n");
    clocks(&mut out, &beneath, &layout, lang);
    out.push_str("</svg>\n");
    out
}

fn state(out: &mut String, (node, is_present): (&Node, bool), place: Place, lang: Lang, mark: &str) {
    let Place { x, y, width, height } = place;
    let dashes = if node.name.is_empty() { " stroke-dasharray=\"5 4\"" } else { "" };
    let present = if is_present { " class=\"duban-present\"" } else { "" };
    let _ = writeln!(
        out,
        "<rect {STATE}{dashes}{present} x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{ROUND}\"/>"
    );
    if node.is_final {
        let (x, y, width, height) = (x + 3, y + 3, width - 6, height - 6);
        let _ =
            writeln!(out, "<rect {WAY} x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>");
    }
    if node.is_initial {
        let middle = y + height / 2;
        let (dot, from) = (x - 40, x - 34);
        let _ = writeln!(
            out,
            "<circle cx=\"{dot}\" cy=\"{middle}\" r=\"6\"/>\
             <path {WAY} marker-end=\"url(#{mark})\" d=\"M{from} {middle}H{x}\"/>"
        );
    }
    let (centre, line) = (x + width / 2, y + 24);
    let title = escaped(node.title.get(lang));
    let _ = writeln!(
        out,
        "<text font-size=\"14\" x=\"{centre}\" y=\"{line}\" text-anchor=\"middle\">{title}</text>"
    );
    let mut line = line;
    for stays in &node.stays {
        line += LINE;
        let stays = escaped(stays.get(lang));
        let _ = writeln!(out, "<text x=\"{centre}\" y=\"{line}\" text-anchor=\"middle\">↻ {stays}</text>");
    }
}

fn label(out: &mut String, events: &[Text], way: &Way, lang: Lang) {
    let (x, bottom) = way.label;
    let count = i64::try_from(events.len()).unwrap_or(0);
    for (at, event) in (1..).zip(events) {
        let y = bottom - (count - at) * LINE;
        let words = escaped(event.get(lang));
        let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\">{words}</text>");
    }
}

fn clock_lines(clocks: &[ClockLine], lang: Lang) -> Vec<String> {
    let mark = match lang {
        Lang::Zh => "：",
        Lang::En => ": ",
    };
    clocks.iter().map(|clock| format!("{}{mark}{}", clock.title.get(lang), clock.rule.get(lang))).collect()
}

fn clocks(out: &mut String, lines: &[String], layout: &Layout, lang: Lang) {
    if lines.is_empty() {
        return;
    }
    let mut y = layout.height + LINE;
    let heading = match lang {
        Lang::Zh => "时限",
        Lang::En => "Limits",
    };
    let _ = writeln!(out, "<text font-weight=\"600\" x=\"24\" y=\"{y}\">{heading}</text>");
    for line in lines {
        y += LINE + 4;
        let _ = writeln!(out, "<text x=\"24\" y=\"{y}\">{}</text>", escaped(line));
    }
}

/// Forward ways swing from point to point; ways back turn round corners.
fn path(way: &Way) -> String {
    let Some(((x, y), rest)) = way.points.split_first() else { return String::new() };
    let mut out = format!("M{x} {y}");
    if way.is_back {
        for corner in way.points.windows(3) {
            if let [before, at, after] = corner {
                let (near, far) = (towards(*at, *before), towards(*at, *after));
                let _ = write!(out, "L{} {}Q{} {} {} {}", near.0, near.1, at.0, at.1, far.0, far.1);
            }
        }
        if let Some((x, y)) = rest.last() {
            let _ = write!(out, "L{x} {y}");
        }
        return out;
    }
    let mut from = (*x, *y);
    for to in rest {
        let middle = i64::midpoint(from.0, to.0);
        let _ = write!(out, "C{middle} {} {middle} {} {} {}", from.1, to.1, to.0, to.1);
        from = *to;
    }
    out
}

/// The point from which a corner is rounded, on the side of its neighbour.
fn towards(corner: (i64, i64), other: (i64, i64)) -> (i64, i64) {
    let step = |from: i64, to: i64| from + (to - from).clamp(-ROUND, ROUND);
    (step(corner.0, other.0), step(corner.1, other.1))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
