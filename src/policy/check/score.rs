//! Targets and scorecards: figures that are known and used, forms that can reach
//! what they promise, sums that add up.
//!
//! What a document contradicts itself in is a finding: it is told and not mended.

use std::collections::{BTreeMap, BTreeSet};

use super::world::World;
use crate::exact::Exact;
use crate::id::{InputName, UnitId};
use crate::policy::definition::Definition;
use crate::policy::definition::score::{
    Expression, Form, Input, Item, ReportPart, Scorecard, Section, Shape, Source, Target, Threshold,
};
use crate::policy::near;
use crate::policy::problem::{Flaw, child};

/// Units of one scorecard, at most: one ranking is one entry of the ledger.
pub const MOST_UNITS: usize = 256;
/// Items of one scorecard, at most, for the same reason.
pub const MOST_ITEMS: usize = 128;

/// What is wrong with a target or a scorecard; nothing with any other definition.
#[must_use]
pub fn flaws(world: &World<'_>, definition: &Definition) -> Vec<Flaw> {
    match definition {
        Definition::Target(it) => target(world, it),
        Definition::Scorecard(it) => scorecard(world, it),
        Definition::Register(_)
        | Definition::Calendar(_)
        | Definition::EventType(_)
        | Definition::Notice(_)
        | Definition::Workflow(_)
        | Definition::Delivery(_)
        | Definition::Answers(_)
        | Definition::Reaction(_) => Vec::new(),
    }
}

/// What is wrong with a scorecard.
#[must_use]
pub fn scorecard(world: &World<'_>, card: &Scorecard) -> Vec<Flaw> {
    let mut flaws = owing(world, &card.units);
    flaws.extend(card.rank.as_ref().and_then(|it| world.calendar(it.calendar.as_str(), "/rank/calendar")));
    if card.total <= card.floor {
        let message = "the total is not above the floor, so no points can be given";
        flaws.push(Flaw::mistake("score.total", "/total", &card.total.written(), message));
    }
    let items = card.items().count();
    if items > MOST_ITEMS {
        let message = format!("it has {items} items; at most {MOST_ITEMS} fit into one ranking");
        flaws.push(Flaw::mistake("score.size", "/sections", &items.to_string(), message));
    }
    let sections: Exact = card.sections.iter().map(|section| &section.most).sum();
    if sections != card.total {
        let message = format!(
            "its sections add up to {}, not to the total of {}",
            sections.figure(),
            card.total.figure()
        );
        flaws.push(Flaw::finding("score.sections-sum", "/total", &card.total.written(), message));
    }
    let mut names = BTreeSet::new();
    let mut item_names = BTreeSet::new();
    for (at, section) in card.sections.iter().enumerate() {
        let pointer = child("/sections", at);
        if !names.insert(&section.name) {
            flaws.push(twice("section", &child(&pointer, "name"), section.name.as_str()));
        }
        flaws.extend(of_section(world, card, section, &pointer));
        for (at, item) in section.items.iter().enumerate() {
            if !item_names.insert(&item.name) {
                let field = child(&child(&child(&pointer, "items"), at), "name");
                flaws.push(twice("item", &field, item.name.as_str()));
            }
        }
    }
    flaws
}

fn twice(what: &str, field: &str, name: &str) -> Flaw {
    Flaw::mistake("name.duplicate", field, name, format!("there is another {what} of this name"))
}

/// What is wrong with a target.
#[must_use]
pub fn target(world: &World<'_>, target: &Target) -> Vec<Flaw> {
    let mut flaws = owing(world, &target.units);
    flaws.extend(inputs(world, &target.inputs, &target.value.inputs(), ""));
    for (name, _) in target.inputs.iter().filter(|(_, input)| input.targets.is_some()) {
        let message = "a target is reached by figures, not by other targets";
        flaws.push(Flaw::mistake("input.source", &child("/inputs", name), name.as_str(), message));
    }
    flaws.extend(unknown_inputs(&target.inputs, &target.value, "/value"));
    flaws.extend(threshold(&target.threshold, ""));
    flaws
}

fn owing(world: &World<'_>, units: &[UnitId]) -> Vec<Flaw> {
    let unknown = units.iter().enumerate();
    let mut flaws: Vec<Flaw> =
        unknown.filter_map(|(at, unit)| world.unit(unit.as_str(), &child("/for", at))).collect();
    if units.is_empty() {
        flaws.push(Flaw::mistake("score.nobody", "/for", "", "it is for nobody"));
    }
    if units.len() > MOST_UNITS {
        let message = format!("it is for {} units; at most {MOST_UNITS} fit into one ranking", units.len());
        flaws.push(Flaw::mistake("score.size", "/for", &units.len().to_string(), message));
    }
    flaws
}

fn of_section(world: &World<'_>, card: &Scorecard, section: &Section, pointer: &str) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let items: Exact = section.items.iter().map(|item| &item.most).sum();
    if items != section.most {
        let (most, sum) = (section.most.figure(), items.figure());
        let message = format!("its items add up to {sum} points, and its heading says {most}");
        flaws.push(Flaw::finding(
            "score.items-sum",
            &child(pointer, "most"),
            &section.most.written(),
            message,
        ));
    }
    for (at, item) in section.items.iter().enumerate() {
        let pointer = child(&child(pointer, "items"), at);
        flaws.extend(of_item(world, card, item, &pointer));
    }
    flaws
}

fn of_item(world: &World<'_>, card: &Scorecard, item: &Item, pointer: &str) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if item.most <= card.floor {
        let message = "the item's most is not above the floor, so it decides nothing";
        flaws.push(Flaw::mistake("score.most", &child(pointer, "most"), &item.most.written(), message));
    }
    let used: Vec<&InputName> = item.points.iter().flat_map(|form| form.of.inputs()).collect();
    flaws.extend(inputs(world, &item.inputs, &used, pointer));
    let mut reach = Some(Exact::zero());
    for (at, of) in item.points.iter().enumerate() {
        let pointer = child(&child(pointer, "points"), at);
        flaws.extend(unknown_inputs(&item.inputs, &of.of, &child(&pointer, "of")));
        flaws.extend(form(of, &pointer));
        reach = reach.and_then(|sum| most_of(of).map(|most| sum + &most));
    }
    if let Some(reach) = reach.filter(|reach| *reach < item.most) {
        let message = format!(
            "its parts give at most {} points and never the {} it promises",
            reach.figure(),
            item.most.figure()
        );
        flaws.push(Flaw::finding(
            "score.unreachable",
            &child(pointer, "most"),
            &item.most.written(),
            message,
        ));
    }
    flaws
}

/// Figures nobody uses, and places that they cannot come from.
fn inputs(
    world: &World<'_>,
    inputs: &BTreeMap<InputName, Input>,
    used: &[&InputName],
    pointer: &str,
) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for (name, input) in inputs {
        let field = child(&child(pointer, "inputs"), name);
        if !used.contains(&name) {
            let message = format!("no points are computed from {:?}", name.as_str());
            flaws.push(Flaw::finding("input.unused", &field, name.as_str(), message));
        }
        match input.source() {
            None => {
                let message = "an input has exactly one of indicator, facts, deadlines and targets";
                flaws.push(Flaw::mistake("input.source", &field, name.as_str(), message));
            }
            Some(Source::Facts(facts)) => flaws.extend(
                facts
                    .iter()
                    .enumerate()
                    .filter_map(|(at, event)| world.event(event, &child(&child(&field, "facts"), at))),
            ),
            Some(Source::Indicator { .. } | Source::Deadlines(_) | Source::Targets(_)) => {}
        }
        if input.part != ReportPart::Value && input.indicator.is_none() {
            let message = "only a reported figure has parts; facts and deadlines are counts";
            flaws.push(Flaw::mistake("input.part", &child(&field, "part"), "", message));
        }
        if input.part == ReportPart::Share && input.sum {
            let message = "shares cannot be added up; add up values and divide them";
            flaws.push(Flaw::mistake("input.sum", &child(&field, "sum"), "true", message));
        }
        if input.sum && input.indicator.is_none() {
            let message = "only reported figures are added up; facts and deadlines are counts already";
            flaws.push(Flaw::mistake("input.sum", &child(&field, "sum"), "true", message));
        }
    }
    flaws
}

fn unknown_inputs(inputs: &BTreeMap<InputName, Input>, of: &Expression, field: &str) -> Vec<Flaw> {
    let unknown = of.inputs().into_iter().filter(|name| !inputs.contains_key(*name));
    let flaw = |name: &InputName| {
        let hint = near::hint(name.as_str(), inputs.keys().map(InputName::as_str));
        Flaw::mistake(
            "input.unknown",
            field,
            name.as_str(),
            format!("no input is called {:?}", name.as_str()),
        )
        .with_hint(hint)
    };
    unknown.map(flaw).collect()
}

fn form(form: &Form, pointer: &str) -> Vec<Flaw> {
    let Some(shape) = form.shape() else {
        let message = "a part of the points has exactly one of times, linear and allOrNothing";
        return vec![Flaw::mistake("form.shape", pointer, "", message)];
    };
    match shape {
        Shape::Times(by) if by.is_zero() => {
            let message = "whatever the value is, it gives no points";
            vec![Flaw::finding("form.idle", &child(pointer, "times"), "0", message)]
        }
        Shape::Linear(line) if line.from.0 == line.to.0 => {
            let message = "the line begins and ends at the same value, so it has no slope";
            vec![Flaw::mistake("form.line", &child(pointer, "linear"), &line.from.0.written(), message)]
        }
        Shape::Linear(line) if line.from.1 == line.to.1 => {
            let message = "both ends of the line give the same points, so the value decides nothing";
            vec![Flaw::finding("form.idle", &child(pointer, "linear"), &line.to.1.written(), message)]
        }
        Shape::AllOrNothing(rule) => rule
            .when
            .as_ref()
            .map(|when| threshold(when, &child(&child(pointer, "allOrNothing"), "when")))
            .unwrap_or_default(),
        Shape::Times(_) | Shape::Linear(_) => Vec::new(),
    }
}

fn threshold(threshold: &Threshold, pointer: &str) -> Vec<Flaw> {
    let Threshold { at_least, at_most, equals } = threshold;
    if at_least.is_none() && at_most.is_none() && equals.is_none() {
        let message = "a condition has at least one of atLeast, atMost and equals";
        return vec![Flaw::mistake("threshold.none", pointer, "", message)];
    }
    let kept = |value: &Option<Exact>| value.as_ref().is_none_or(|value| threshold.holds(value));
    if kept(at_least) && kept(at_most) && kept(equals) {
        return Vec::new();
    }
    vec![Flaw::mistake(
        "threshold.never",
        pointer,
        "",
        "its bounds contradict each other, so nothing keeps them",
    )]
}

/// What a form gives at most, where that can be said without knowing figures:
/// none when it has no bound.
fn most_of(form: &Form) -> Option<Exact> {
    let shape = match form.shape()? {
        Shape::Times(by) => bounds(&form.of).and_then(|(least, most)| {
            let end = if *by < Exact::zero() { least } else { most };
            end.map(|value| value * by)
        }),
        Shape::Linear(line) => Some(line.from.1.clone().max(line.to.1.clone())),
        Shape::AllOrNothing(rule) => Some(rule.points.clone().max(Exact::zero())),
    };
    match (&form.most, shape) {
        (Some(most), Some(shape)) => Some(shape.min(most.clone())),
        (Some(most), None) => Some(most.clone()),
        (None, shape) => shape,
    }
}

/// The least and the greatest value of an expression, where they are known:
/// figures are counts and rates and not below 0, numbers are themselves.
fn bounds(of: &Expression) -> Option<(Option<Exact>, Option<Exact>)> {
    let zero = || Some(Exact::zero());
    match of {
        Expression::Number(number) => Some((Some(number.clone()), Some(number.clone()))),
        Expression::Input(_) | Expression::Share { .. } => Some((zero(), None)),
        Expression::Least(parts) => {
            let most = parts.iter().filter_map(|part| bounds(part).and_then(|(_, most)| most)).min();
            Some((None, most))
        }
        Expression::Minus(pair) => {
            let [(_, most), (least, _)] = [bounds(&pair[0])?, bounds(&pair[1])?];
            Some((None, most.zip(least).map(|(most, least)| most - &least)))
        }
        Expression::OrElse(pair) => {
            let [(_, first), (_, second)] = [bounds(&pair[0])?, bounds(&pair[1])?];
            Some((None, first.zip(second).map(|(first, second)| first.max(second))))
        }
        Expression::Sum(parts) => {
            let most: Option<Vec<Exact>> = parts.iter().map(|part| bounds(part)?.1).collect();
            Some((None, most.map(|most| most.iter().sum())))
        }
        Expression::Greatest(parts) => {
            let most: Option<Vec<Exact>> = parts.iter().map(|part| bounds(part)?.1).collect();
            Some((None, most.and_then(|most| most.into_iter().max())))
        }
        Expression::Product(_) => Some((None, None)),
    }
}

#[cfg(test)]
mod tests;
