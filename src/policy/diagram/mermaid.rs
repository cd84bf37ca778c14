//! A drawing as a Mermaid state diagram.

use std::fmt::Write as _;

use super::drawing::{Drawing, Node};
use crate::calendar::{Lang, Text};

/// The drawing in Mermaid's language, with titles of `lang`.
#[must_use]
pub fn mermaid(drawing: &Drawing, lang: Lang) -> String {
    let mut out = String::from("stateDiagram-v2\n    direction LR\n");
    // Writing to a text cannot fail.
    for node in &drawing.nodes {
        let _ = writeln!(out, "    state \"{}\" as {}", plain(node.title.get(lang)), id(node));
    }
    for node in &drawing.nodes {
        if node.is_initial {
            let _ = writeln!(out, "    [*] --> {}", id(node));
        }
        if !node.stays.is_empty() {
            let _ = writeln!(out, "    {0} --> {0} : {1}", id(node), joined(&node.stays, lang));
        }
    }
    for edge in &drawing.edges {
        if let (Some(from), Some(to)) = (drawing.nodes.get(edge.from), drawing.nodes.get(edge.to)) {
            let _ = writeln!(out, "    {} --> {} : {}", id(from), id(to), joined(&edge.events, lang));
        }
    }
    for node in drawing.nodes.iter().filter(|node| node.is_final) {
        let _ = writeln!(out, "    {} --> [*]", id(node));
    }
    if let Some(first) = drawing.nodes.first().filter(|_| !drawing.clocks.is_empty()) {
        let _ = writeln!(out, "    note left of {}", id(first));
        for clock in &drawing.clocks {
            let (title, rule) = (plain(clock.title.get(lang)), plain(clock.rule.get(lang)));
            let _ = writeln!(out, "        {title}：{rule}");
        }
        out.push_str("    end note\n");
    }
    out
}

fn joined(events: &[Text], lang: Lang) -> String {
    events.iter().map(|event| plain(event.get(lang))).collect::<Vec<_>>().join(" / ")
}

/// Mermaid's ids have no hyphens.
fn id(node: &Node) -> String {
    if node.name.is_empty() { "any_state".into() } else { format!("s_{}", node.name.replace('-', "_")) }
}

/// Marks that Mermaid reads as its own are written as their wide forms.
fn plain(text: &str) -> String {
    let wide = |mark: char| match mark {
        '"' => '”',
        ':' => '：',
        ';' => '；',
        '#' => '＃',
        '\n' | '\r' => ' ',
        other => other,
    };
    text.chars().map(wide).collect()
}
