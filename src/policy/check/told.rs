//! Delivery, answers and reactions: channels that reach somebody, answers that can
//! be stated, reactions that lead somewhere and do not run in circles.

use std::collections::BTreeSet;

use super::world::World;
use super::{graph, rule};
use crate::event::names::is_stated_to_duban;
use crate::id::Name;
use crate::policy::definition::answers::Answers;
use crate::policy::definition::delivery::{Channel, Delivery, INTAKE};
use crate::policy::definition::reaction::{Cue, MOST_ON_ONE, Reaction, WORDS};
use crate::policy::definition::{Who, Workflow};
use crate::policy::near;
use crate::policy::problem::{Flaw, child};

/// What is wrong with a delivery.
#[must_use]
pub fn delivery(world: &World<'_>, delivery: &Delivery) -> Vec<Flaw> {
    let mut flaws = named(&delivery.name, "delivery");
    let mut names = BTreeSet::new();
    for (at, channel) in delivery.channels.iter().enumerate() {
        let pointer = child("/channels", at);
        if !names.insert(&channel.name) {
            let message = "another channel has this name";
            flaws.push(Flaw::mistake(
                "name.duplicate",
                &child(&pointer, "name"),
                channel.name.as_str(),
                message,
            ));
        }
        flaws.extend(one_channel(world, channel).into_iter().map(|flaw| flaw.under(&pointer)));
    }
    flaws
}

fn one_channel(world: &World<'_>, channel: &Channel) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if channel.name.as_str() == INTAKE {
        let message = "this name is the engine's own, for what reactions publish";
        flaws.push(Flaw::mistake("channel.reserved", "/name", INTAKE, message));
    }
    flaws.extend(channel.units.iter().filter_map(|unit| world.unit(unit.as_str(), "/serves")));
    let roles: Vec<Who> = channel.roles.iter().cloned().map(Who::Role).collect();
    flaws.extend(world.parties(&roles, "/serves").map(|flaw| Flaw { field: "/serves".into(), ..flaw }));
    if let Some(quiet) = &channel.quiet {
        flaws.extend(world.calendar(quiet.calendar.as_str(), "/quiet/calendar"));
    }
    if let Some(digest) = &channel.digest {
        if channel.quiet.is_none() {
            let message = "a digest is sent on working days, so quiet must name whose";
            flaws.push(Flaw::mistake("digest.calendar", "/digest", &digest.to_string(), message));
        }
        if channel.merge.is_some() {
            let message = "a digest gathers already; give either digest or merge";
            flaws.push(Flaw::mistake("digest.merge", "/merge", "", message));
        }
    }
    flaws
}

/// A tenant has one such policy, and everybody finds it under one name.
fn named(name: &Name, expected: &str) -> Vec<Flaw> {
    if name.as_str() == expected {
        return Vec::new();
    }
    let message = format!("a tenant has one of these, and it is called {expected:?}");
    let hint = Some(format!("write {expected:?}"));
    vec![Flaw::mistake("name.fixed", "/name", name.as_str(), message).with_hint(hint)]
}

/// What is wrong with answers.
#[must_use]
pub fn answers(world: &World<'_>, answers: &Answers) -> Vec<Flaw> {
    let mut flaws = named(&answers.name, "answers");
    for (part, kind) in answers.parts() {
        flaws.extend(world.event(&kind, part));
    }
    let stating = [
        ("/acknowledge/by", &answers.acknowledge),
        ("/delegate/by", &answers.delegate),
        ("/explain/by", &answers.explain),
    ];
    for (field, it) in stating {
        flaws.extend(it.iter().flat_map(|it| world.parties(&it.by, field)));
    }
    if let Some(handover) = &answers.handover {
        flaws.extend(world.parties(&handover.by, "/handover/by"));
        flaws.extend(handover.to.iter().filter_map(|unit| world.unit(unit.as_str(), "/handover/to")));
        if handover.to.is_empty() {
            let message = "nobody may take a case over";
            flaws.push(Flaw::mistake("handover.nobody", "/handover/to", "", message));
        }
    }
    if let Some(extend) = &answers.extend {
        flaws.extend(world.parties(&extend.by, "/extend/by"));
        flaws.extend(world.parties(&extend.decided_by, "/extend/decidedBy"));
        if rule::step(&extend.at_most).is_none_or(|step| step.amount <= 0) {
            let message = "an extension moves a due instant later";
            let hint = Some("write it like {workingDays: 10}".to_owned());
            flaws.push(Flaw::mistake("extend.backwards", "/extend/atMost", "", message).with_hint(hint));
        }
    }
    flaws
}

/// What is wrong with a reaction beside the workflows and the reactions that there
/// are, itself among them or not.
#[must_use]
pub fn reaction(
    world: &World<'_>,
    workflows: &[&Workflow],
    others: &[&Reaction],
    reaction: &Reaction,
) -> Vec<Flaw> {
    let mut flaws = published(world, workflows, reaction);
    flaws.extend(filtered(workflows, reaction));
    flaws.extend(counted(reaction));
    let beside: BTreeSet<&Name> =
        others.iter().filter(|it| it.cue == reaction.cue).map(|it| &it.name).collect();
    if beside.iter().filter(|name| ***name != reaction.name).count() >= MOST_ON_ONE {
        let message = format!("{MOST_ON_ONE} other reactions wait for the same kind of event already");
        flaws.push(Flaw::mistake("reaction.crowded", "/upon", reaction.name.as_str(), message));
    }
    if runs_in_circles(workflows, others, reaction) {
        let message = "the fact opens a case whose own events call the same reaction again; the engine \
                       stops such a circle after a few rounds";
        let hint = Some("name the workflows whose events count under when".to_owned());
        flaws.push(
            Flaw::finding("reaction.circle", "/publish/type", reaction.publish.kind.as_str(), message)
                .with_hint(hint),
        );
    }
    flaws
}

fn published(world: &World<'_>, workflows: &[&Workflow], reaction: &Reaction) -> Vec<Flaw> {
    let kind = &reaction.publish.kind;
    let mut flaws: Vec<Flaw> = world.event(kind, "/publish/type").into_iter().collect();
    let takes = |it: &&&Workflow| {
        it.opens.event() == Some(kind) || graph::transitions(it).any(|(_, event, _)| event == kind)
    };
    if flaws.is_empty() && (is_stated_to_duban(kind) || !workflows.iter().any(|it| takes(&it))) {
        let message = "no workflow takes facts of this type, so nothing would come of it";
        flaws.push(Flaw::mistake("reaction.idle", "/publish/type", kind.as_str(), message));
    }
    flaws.extend(world.parties(std::slice::from_ref(&reaction.publish.by), "/publish/as"));
    let schema = world.types.get(kind.as_str()).and_then(|schemas| schemas.last());
    let required = schema.and_then(|schema| schema.get("required")?.as_array());
    for name in required.into_iter().flatten().filter_map(serde_json::Value::as_str) {
        if !reaction.publish.data.contains_key(name) {
            let message = format!("facts of {kind} state {name:?}, and the reaction does not");
            flaws.push(Flaw::mistake("data.missing", "/publish/data", name, message));
        }
    }
    let texts =
        reaction.publish.data.iter().map(|(key, value)| (child("/publish/data", key), value.as_str()));
    let subject = ("/publish/subject".to_owned(), reaction.publish.subject.as_deref());
    for (field, text) in texts.chain([subject]) {
        let Some(word) = text.filter(|text| text.starts_with('$')) else { continue };
        if !said_by(reaction).contains(&word) {
            let message = format!("{word:?} stands for nothing that this kind of event says");
            let hint = near::hint(word, said_by(reaction).iter().copied());
            flaws.push(Flaw::mistake("word.unknown", &field, word, message).with_hint(hint));
        }
    }
    flaws
}

/// The words that stand for something with the kind of event that is waited for.
fn said_by(reaction: &Reaction) -> Vec<&'static str> {
    let absent: &[&str] = match reaction.cue {
        Cue::EscalationRaised | Cue::ReminderDue => &[],
        Cue::DeadlineBreached | Cue::DeadlineMet => &["$act", "$light", "$nth"],
        Cue::CaseClosed => &["$act", "$light", "$nth", "$clock", "$dueAt"],
    };
    let counts = reaction.within.is_some();
    WORDS.into_iter().filter(|word| !absent.contains(word) && (counts || *word != "$period")).collect()
}

fn filtered(workflows: &[&Workflow], reaction: &Reaction) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let filter = &reaction.when;
    for (at, name) in filter.workflows.iter().enumerate() {
        if workflows.iter().any(|it| it.name == *name) {
            continue;
        }
        let message = format!("no workflow is called {:?}", name.as_str());
        let hint = near::hint(name.as_str(), workflows.iter().map(|it| it.name.as_str()));
        let field = child("/when/workflows", at);
        flaws.push(Flaw::mistake("workflow.unknown", &field, name.as_str(), message).with_hint(hint));
    }
    let of_rung = matches!(reaction.cue, Cue::EscalationRaised | Cue::ReminderDue);
    let fits = |act: &crate::event::catalogue::Act| (act.level() == 0) == (reaction.cue == Cue::ReminderDue);
    let idle = [
        ("/when/acts", !(filter.acts.is_empty() || of_rung && filter.acts.iter().all(fits))),
        ("/when/lights", !filter.lights.is_empty() && !of_rung),
        ("/when/late", filter.late.is_some() && reaction.cue != Cue::DeadlineMet),
    ];
    for (field, _) in idle.into_iter().filter(|(_, idle)| *idle) {
        let message = "events of this kind never have what is asked for here";
        flaws.push(Flaw::mistake("filter.never", field, "", message));
    }
    flaws
}

fn counted(reaction: &Reaction) -> Option<Flaw> {
    match (reaction.count, reaction.within) {
        (1, Some(_)) => {
            let message = "the first one calls it, so there is nothing to count within a period";
            Some(Flaw::mistake("count.within", "/within", "", message))
        }
        (1, None) | (_, Some(_)) => None,
        (count, None) => {
            let message = "several events are counted within a period, which is missing";
            let hint = Some("write it like within: quarter".to_owned());
            Some(Flaw::mistake("count.within", "/count", &count.to_string(), message).with_hint(hint))
        }
    }
}

/// Whether a reaction's fact opens a case whose events may call the reaction again,
/// over others or at once.
fn runs_in_circles(workflows: &[&Workflow], others: &[&Reaction], reaction: &Reaction) -> bool {
    let mut called: BTreeSet<&Name> = BTreeSet::new();
    let mut next = vec![reaction];
    while let Some(caller) = next.pop() {
        let opened: Vec<&Name> = workflows
            .iter()
            .filter(|it| it.opens.event() == Some(&caller.publish.kind))
            .map(|it| &it.name)
            .collect();
        let waits = |it: &&&Reaction| {
            !opened.is_empty()
                && (it.when.workflows.is_empty() || it.when.workflows.iter().any(|it| opened.contains(&it)))
        };
        let all = others.iter().chain(std::iter::once(&reaction));
        for heard in all.filter(waits) {
            if heard.name == reaction.name {
                return true;
            }
            if called.insert(&heard.name) {
                next.push(heard);
            }
        }
    }
    false
}
