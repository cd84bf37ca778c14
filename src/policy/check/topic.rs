//! Topics: what the documents say in several places about one matter agrees.
//!
//! Rules and clauses that share a topic (`cite.topic`, `states.topic`) are compared:
//! how often, and which number is to be reached. What the office has set itself
//! (`officeSetting`) contradicts no document and is left out.

use std::collections::BTreeMap;

use crate::calendar::{Lang, PeriodKind};
use crate::exact::Exact;
use crate::id::Name;
use crate::policy::cites::RuleKind;
use crate::policy::definition::score::{Form, Item, Shape, Threshold};
use crate::policy::definition::{Cite, Definition, Opening};
use crate::policy::notice::Notice;
use crate::policy::problem::{Flaw, child};
use crate::policy::rules::words;

/// What is said of a topic in one place.
struct Said<'a> {
    /// The place of the definition in the list.
    at: usize,
    /// The field in it.
    field: String,
    topic: &'a Name,
    /// Who says it, with the clause: `the duty report (genhe-2023 三(一)1)`.
    named: String,
    every: Option<PeriodKind>,
    /// The numbers that are to be reached.
    demanded: Vec<&'a Exact>,
    /// The numbers at which a formula of points turns; none where it is no formula.
    turns: Option<Vec<&'a Exact>>,
}

/// The findings of definitions that contradict each other, each with the place in
/// the list of the definition that it is told of.
#[must_use]
pub fn flaws(definitions: &[&Definition]) -> Vec<(usize, Flaw)> {
    let mut topics: BTreeMap<&Name, Vec<Said<'_>>> = BTreeMap::new();
    for (at, definition) in definitions.iter().enumerate() {
        for said in sayings(at, definition) {
            topics.entry(said.topic).or_default().push(said);
        }
    }
    let mut flaws = Vec::new();
    for (topic, said) in &topics {
        flaws.extend(periods(topic, said));
        flaws.extend(numbers(topic, said));
        flaws.extend(formulas(topic, said));
    }
    flaws
}

fn sayings(at: usize, definition: &Definition) -> Vec<Said<'_>> {
    match definition {
        Definition::Register(_)
        | Definition::Calendar(_)
        | Definition::EventType(_)
        | Definition::Delivery(_) => Vec::new(),
        Definition::Answers(it) => {
            saying(at, "/cite", RuleKind::Answers, it.name.as_str(), &it.cite).into_iter().collect()
        }
        Definition::Reaction(it) => {
            saying(at, "/cite", RuleKind::Reaction, it.name.as_str(), &it.cite).into_iter().collect()
        }
        Definition::Notice(notice) => stated(at, notice),
        Definition::Workflow(it) => {
            let every = match &it.opens {
                Opening::Calendar { every, .. } => Some(*every),
                Opening::Event { .. } | Opening::Once { .. } => None,
            };
            let kind = crate::policy::cites::kind_of(it);
            let said = saying(at, "/cite", kind, it.name.as_str(), &it.cite);
            said.map(|said| Said { every, ..said }).into_iter().collect()
        }
        Definition::Target(it) => {
            let said = saying(at, "/cite", RuleKind::Target, it.name.as_str(), &it.cite);
            let demanded = bounds(&it.threshold).collect();
            said.map(|said| Said { every: it.per.kind(), demanded, ..said }).into_iter().collect()
        }
        Definition::Scorecard(card) => {
            let mut all = Vec::new();
            for (place, section) in card.sections.iter().enumerate() {
                let items = child(&child("/sections", place), "items");
                for (place, item) in section.items.iter().enumerate() {
                    let name = format!("{}/{}", card.name, item.name);
                    let cite = child(&child(&items, place), "cite");
                    let said = saying(at, &cite, RuleKind::Item, &name, &item.cite);
                    let turns = Some(turns(item));
                    all.extend(said.map(|said| Said { every: item.per.kind(), turns, ..said }));
                }
            }
            all
        }
    }
}

fn saying<'a>(at: usize, pointer: &str, kind: RuleKind, name: &str, cite: &'a Cite) -> Option<Said<'a>> {
    let topic = cite.topic.as_ref().filter(|_| !cite.office_setting)?;
    let named = format!("the {} {name} ({} {})", kind.word().get(Lang::En), cite.notice, cite.clause);
    let field = child(pointer, "topic");
    Some(Said { at, field, topic, named, every: None, demanded: Vec::new(), turns: None })
}

/// What the clauses of a notice say themselves.
fn stated(at: usize, notice: &Notice) -> Vec<Said<'_>> {
    let clauses = notice.clauses.iter().enumerate();
    let said = clauses.filter_map(|(place, clause)| {
        let states = clause.states.as_ref()?;
        let demanded = [&states.at_least, &states.at_most, &states.equals];
        Some(Said {
            at,
            field: child(&child("/clauses", place), "states"),
            topic: states.topic.as_ref()?,
            named: format!("the clause {} {}", notice.name, clause.id),
            every: states.every,
            demanded: demanded.into_iter().flatten().collect(),
            turns: None,
        })
    });
    said.collect()
}

fn bounds(threshold: &Threshold) -> impl Iterator<Item = &Exact> {
    [&threshold.at_least, &threshold.at_most, &threshold.equals].into_iter().flatten()
}

/// The values at which an item's points begin, end or jump.
fn turns(item: &Item) -> Vec<&Exact> {
    let of_form = |form| -> Vec<&Exact> {
        match Form::shape(form) {
            Some(Shape::Linear(line)) => vec![&line.from.0, &line.to.0],
            Some(Shape::AllOrNothing(rule)) => rule.when.iter().flat_map(bounds).collect(),
            Some(Shape::Times(_)) | None => Vec::new(),
        }
    };
    item.points.iter().flat_map(of_form).collect()
}

/// One matter is owed or scored for different periods.
fn periods(topic: &Name, said: &[Said<'_>]) -> Option<(usize, Flaw)> {
    let timed: Vec<(&Said<'_>, PeriodKind)> = said.iter().filter_map(|it| Some((it, it.every?))).collect();
    let (_, first) = timed.first()?;
    let (other, _) = timed.iter().find(|(_, every)| every != first)?;
    let told: Vec<String> =
        timed.iter().map(|(it, every)| format!("{}: {}", it.named, words::every(*every).en)).collect();
    let message = format!("periods contradict: {}", told.join("; "));
    Some((other.at, Flaw::finding("topic.period", &other.field, topic.as_str(), message)))
}

/// One matter has to reach different numbers.
fn numbers(topic: &Name, said: &[Said<'_>]) -> Option<(usize, Flaw)> {
    let demanding: Vec<&Said<'_>> = said.iter().filter(|it| !it.demanded.is_empty()).collect();
    let first = demanding.first()?;
    let other = demanding.iter().find(|it| it.demanded != first.demanded)?;
    let told: Vec<String> =
        demanding.iter().map(|it| format!("{}: {}", it.named, written(&it.demanded))).collect();
    let message = format!("thresholds contradict: {}", told.join("; "));
    Some((other.at, Flaw::finding("topic.threshold", &other.field, topic.as_str(), message)))
}

/// A number has to be reached, and points turn at others or at none.
fn formulas(topic: &Name, said: &[Said<'_>]) -> Vec<(usize, Flaw)> {
    let Some(demanding) = said.iter().find(|it| !it.demanded.is_empty()) else { return Vec::new() };
    let mut flaws = Vec::new();
    for scored in said {
        let Some(turns) = &scored.turns else { continue };
        let demanded = format!("{} demands {}", demanding.named, written(&demanding.demanded));
        let (rule, message) = if turns.is_empty() {
            (
                "topic.no-threshold",
                format!("{demanded}, and {} gives points without a threshold", scored.named),
            )
        } else if demanding.demanded.iter().any(|number| turns.contains(number)) {
            continue;
        } else {
            (
                "topic.threshold",
                format!("{demanded}, and the points of {} turn at {}", scored.named, written(turns)),
            )
        };
        flaws.push((scored.at, Flaw::finding(rule, &scored.field, topic.as_str(), message)));
    }
    flaws
}

fn written(numbers: &[&Exact]) -> String {
    numbers.iter().map(|number| number.written()).collect::<Vec<_>>().join(" and ")
}
