//! A message as plain text.

use super::facts::{Facts, Heading};
use super::phrase::{bracketed, colon, light, say};
use super::render::Said;
use crate::calendar::Lang;

/// The rows of one deadline: a label and what it says.
#[must_use]
pub fn rows(lang: Lang, facts: &Facts) -> Vec<(&'static str, String)> {
    let matter = format!("{} {}", facts.workflow.get(lang), facts.case.key());
    let mut rows = vec![
        (say(lang, "事项", "Matter"), matter),
        (say(lang, "期限", "To do"), facts.duty.get(lang).to_owned()),
        (say(lang, "责任单位", "Owed by"), facts.owner.get(lang).to_owned()),
        (say(lang, "截止", "Due"), bracketed(lang, facts.due.get(lang), facts.span.as_ref())),
        (say(lang, "计日", "Days"), facts.days.get(lang).to_owned()),
    ];
    if !facts.days.get(lang).contains(facts.clause.get(lang)) {
        rows.push((say(lang, "条款", "Clause"), facts.clause.get(lang).to_owned()));
    }
    if facts.is_provisional {
        let told = "放假安排尚未公布，截止日为暂定";
        rows.push((say(lang, "说明", "Note"), say(lang, told, "the due date may still move").to_owned()));
    }
    if facts.nth > 1 {
        rows.push((say(lang, "次数", "Number"), nth(lang, facts.nth)));
    }
    rows.push((say(lang, "颜色", "Colour"), light(lang, facts.light).to_owned()));
    if let Some(next) = &facts.next {
        rows.push((say(lang, "下一步", "Next"), next.get(lang).to_owned()));
    }
    rows
}

fn nth(lang: Lang, nth: u16) -> String {
    match lang {
        Lang::Zh => format!("第 {nth} 次"),
        Lang::En => format!("number {nth}"),
    }
}

/// One of several deadlines, in a line.
#[must_use]
pub fn line(lang: Lang, facts: &Facts) -> String {
    let (act, shape) = (super::phrase::act(lang, facts.act), super::phrase::shape(facts.light));
    let due = bracketed(lang, facts.due.get(lang), facts.span.as_ref());
    let (workflow, key, duty) = (facts.workflow.get(lang), facts.case.key(), facts.duty.get(lang));
    match lang {
        Lang::Zh => format!("{shape} {act}｜{workflow} {key}｜{duty}｜{due}"),
        Lang::En => format!("{shape} {act} | {workflow} {key} | {duty} | due {due}"),
    }
}

/// The whole.
#[must_use]
pub fn text(heading: &Heading, told: &Said<'_>) -> String {
    let lang = heading.lang;
    let mut lines = vec![told.title.clone(), String::new(), told.opening.clone(), String::new()];
    if let [facts] = told.shown {
        lines.extend(
            rows(lang, facts).into_iter().map(|(label, said)| format!("{label}{}{said}", colon(lang))),
        );
    } else {
        for (place, facts) in told.shown.iter().enumerate() {
            lines.push(format!("{}. {}", place + 1, line(lang, facts)));
            let links =
                facts.links.iter().map(|link| format!("   {}{}{}", link.label, colon(lang), link.url));
            lines.extend(links);
        }
        lines.extend(told.omitted());
    }
    if !told.links.is_empty() {
        lines.push(String::new());
        lines.extend(told.links.iter().map(|link| format!("{}{}{}", link.label, colon(lang), link.url)));
    }
    lines.push(String::new());
    lines.push(told.closing.clone());
    lines.push(told.number());
    lines.join("\n")
}
