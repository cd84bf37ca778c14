//! Small pieces that pages share: lights, numbers, clauses, empty states.

use maud::{Markup, html};
use serde_json::Value;

use super::view::View;
use crate::id::CaseId;
use crate::policy::definition::Cite;
use crate::query::light::{Light, PROVISIONAL_SHAPE, provisional_word};
use crate::query::naming::Named;
use crate::query::particulars::{CaseProgress, Particulars};

/// A light: colour, shape and word.
pub fn light(view: &View, light: Light) -> Markup {
    html! {
        span class={ "light " (light.name()) } {
            span .shape aria-hidden="true" { (light.shape()) } (view.of(&light.word()))
        }
    }
}

/// That a due date may still move.
pub fn provisional(view: &View) -> Markup {
    html! {
        span .light.provisional title=(view.say("节假日安排尚未公布，公布后可能调整", "may move when the holidays are published")) {
            span .shape aria-hidden="true" { (PROVISIONAL_SHAPE) } (view.of(&provisional_word()))
        }
    }
}

/// A number with its thousands apart.
pub fn number(value: impl ToString) -> String {
    let digits = value.to_string();
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |rest| ("-", rest));
    let mut told = String::from(sign);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

/// Titles one after the other.
pub fn names(view: &View, named: &[Named]) -> String {
    named.iter().map(|it| view.of(&it.title)).collect::<Vec<_>>().join(view.say("、", ", "))
}

/// A clause: the notice by its title where that is known, the number, and whether
/// the office set it.
pub fn clause(view: &View, cite: &Cite) -> Markup {
    html! {
        span .clause title=[cite.note.as_deref()] {
            (notice(view, &cite.notice)) " " (cite.clause)
            @if cite.office_setting { " " span .tag { (view.say("本单位设定", "office setting")) } }
        }
    }
}

/// A clause in a table: its number, and under it the notice in one line.
pub fn clause_cell(view: &View, cite: &Cite) -> Markup {
    let notice = notice(view, &cite.notice);
    html! {
        td .cite title=(cite.note.as_deref().map_or_else(|| notice.to_owned(), |note| format!("{notice} · {note}"))) {
            (cite.clause) @if cite.office_setting { " " span .tag { (view.say("本单位设定", "office setting")) } }
            small { (notice) }
        }
    }
}

/// What tells a case from others of its workflow: its period, or its key without the
/// unit, which stands beside it.
pub fn key<'c>(case: &'c CaseId, period: Option<&'c str>, unit: &Named) -> &'c str {
    period.unwrap_or_else(|| key_of(case, &unit.id))
}

/// A case's key without its unit, where that is how the key begins.
pub fn key_of<'c>(case: &'c CaseId, unit: &str) -> &'c str {
    match case.key().strip_prefix(unit) {
        Some("") => "",
        Some(rest) => rest.strip_prefix('/').unwrap_or_else(|| case.key()),
        None => case.key(),
    }
}

/// A case by its workflow's title and what tells it from the others.
pub fn matter(view: &View, case: &CaseId, unit: Option<&Named>) -> String {
    let workflow = view.home.workflows.iter().find(|one| one.id == case.workflow());
    let title = workflow.map_or_else(|| case.workflow(), |one| view.of(&one.title));
    let key = unit.map_or_else(|| case.key(), |unit| key_of(case, &unit.id));
    format!("{title} {key}").trim_end().to_owned()
}

/// Who must act next, in a few words.
pub fn waits(view: &View, unit: &Named, waits_for: &[Named]) -> Markup {
    html! {
        @if waits_for == std::slice::from_ref(unit) { small { (view.say("待本单位办理", "it must act")) } }
        @else if !waits_for.is_empty() { small { (view.say("待 ", "waits for ")) (names(view, waits_for)) } }
    }
}

/// How many of a case's deadlines are met, of how many.
pub fn progress(progress: &CaseProgress) -> String {
    format!("{}/{}", progress.met, progress.of)
}

/// What proves that a case was done; empty where the notice does not say.
pub fn evidence<'v>(view: &View, of: &'v Particulars) -> &'v str {
    of.evidence.as_ref().map(|text| view.of(text)).unwrap_or_default()
}

/// What is to be noted of a case.
pub fn remarks(view: &View, of: &Particulars) -> String {
    of.remarks.iter().map(|text| view.of(text)).collect::<Vec<_>>().join(view.say("；", "; "))
}

/// Who leads a case and who helps, under the unit that owes it.
pub fn beside(view: &View, of: &Particulars) -> Markup {
    html! {
        @if !of.lead.is_empty() { small { (view.say("牵头 ", "led by ")) (names(view, &of.lead)) } }
        @if !of.assist.is_empty() { small { (view.say("配合 ", "helped by ")) (names(view, &of.assist)) } }
    }
}

/// A notice by its title, or by its name where it has none.
pub fn notice<'v>(view: &'v View, name: &'v str) -> &'v str {
    view.home.notices.get(name).map_or(name, |title| view.of(title))
}

/// A field of a fact by its title, or by its name where it has none.
pub fn field<'v>(view: &'v View, name: &'v str) -> &'v str {
    view.home.fields.get(name).map_or(name, |title| view.of(title))
}

/// What a fact's data says, as pairs of titles and texts.
pub fn pairs(view: &View, data: &Value) -> Vec<(String, String)> {
    let Value::Object(data) = data else { return Vec::new() };
    let told = |name: &str, value: &Value| {
        value.as_str().map_or_else(
            || value.to_string(),
            |text| word(view, name, text).map_or_else(|| shown(view, text), str::to_owned),
        )
    };
    data.iter().map(|(name, value)| (field(view, name).to_owned(), told(name, value))).collect()
}

/// What a field says by its title, where it is one of a few words.
fn word<'v>(view: &'v View, field: &str, text: &str) -> Option<&'v str> {
    view.home.words.get(field)?.get(text).map(|title| view.of(title))
}

/// A text of a fact; an instant as people write it.
fn shown(view: &View, text: &str) -> String {
    let at = Some(text).filter(|text| text.contains('T')).and_then(|text| text.parse().ok());
    at.map_or_else(|| text.to_owned(), |at| view.of(&view.home.moment(at)).to_owned())
}

/// A type of fact by its title, or by its name where it has none.
pub fn event<'v>(view: &'v View, name: &'v str) -> &'v str {
    view.home.events.get(name).map_or(name, |title| view.of(title))
}

/// What an escalation level means.
pub fn level(view: &View, level: u8) -> &'static str {
    match level {
        0 => "",
        1 => view.say("督办单", "supervision sheet"),
        2 => view.say("通报", "bulletin"),
        _ => view.say("约谈", "summons"),
    }
}

/// A column's title in a table of the desk, and whether it holds numbers.
pub type Head<'h> = (&'h str, bool);

/// The frame of a long table: it scrolls by itself and its rows are reached by keys.
pub fn long_table(label: &str, heads: &[Head<'_>], rows: &Markup) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-label=(label) {
            table .ledger data-rows="" {
                thead { tr { @for (title, is_number) in heads { th scope="col" .num[*is_number] { (title) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// What would be here, and how to make it appear.
pub fn empty(title: &str, hint: &str) -> Markup {
    html! { div .empty { p { strong { (title) } } p .muted { (hint) } } }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn thousands_stand_apart() {
        for (value, told) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"), (-123, "-123")]
        {
            assert_eq!(number(value), told);
        }
    }
}
