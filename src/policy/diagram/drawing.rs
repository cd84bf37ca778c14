//! What is to be drawn of a workflow, in the order in which a case meets it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::calendar::Text;
use crate::id::Name;
use crate::policy::definition::{State, Transition, Workflow};
use crate::policy::rules::titles::{Titles, text};
use crate::policy::rules::words;

/// A workflow's states, transitions and clocks with their titles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// The workflow's name.
    pub name: String,
    /// Its title.
    pub title: Text,
    /// Its states, the initial one first, then as they are reached.
    pub nodes: Vec<Node>,
    /// The ways between them, in the order of the nodes; one for each pair.
    pub edges: Vec<Edge>,
    /// Its clocks, in order.
    pub clocks: Vec<ClockLine>,
    /// The state that a case stands in, when one case is shown.
    pub present: Option<String>,
}

/// A state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name; empty for what stands for every open state.
    pub name: String,
    /// Its title.
    pub title: Text,
    /// Whether cases open in it.
    pub is_initial: bool,
    /// Whether cases close in it.
    pub is_final: bool,
    /// Facts that it takes and that leave it as it is.
    pub stays: Vec<Text>,
}

/// A way from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The place of the state that it leaves.
    pub from: usize,
    /// The place of the state that it leads to.
    pub to: usize,
    /// The facts that go it.
    pub events: Vec<Text>,
}

/// A clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockLine {
    /// Its title.
    pub title: Text,
    /// From what, within what, until what.
    pub rule: Text,
}

impl Drawing {
    /// The same with the state marked that a case stands in.
    #[must_use]
    pub fn with_case_in(self, state: &Name) -> Self {
        Self { present: Some(state.to_string()), ..self }
    }

    /// What is to be drawn of a workflow.
    #[must_use]
    pub fn of(workflow: &Workflow, titles: &Titles) -> Self {
        let order = order(workflow);
        let place: BTreeMap<&Name, usize> = order.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let mut nodes = Vec::new();
        let mut edges: Vec<Edge> = Vec::new();
        for (at, name) in order.iter().enumerate() {
            let Some(state) = workflow.states.get(*name) else { continue };
            let mut node = node(name, state, **name == workflow.initial);
            for (event, transition) in &state.events {
                let title = titles.event(event);
                match target(transition, &place).filter(|to| *to != at) {
                    Some(to) => join(&mut edges, at, to, title),
                    None => node.stays.push(title),
                }
            }
            nodes.push(node);
        }
        any_state(workflow, titles, &place, &mut nodes, &mut edges);
        let clock = |clock| words::clock(clock, titles);
        let clocks = workflow.clocks.iter().map(|it| ClockLine { title: text(&it.title), rule: clock(it) });
        Self {
            name: workflow.name.to_string(),
            title: text(&workflow.title),
            nodes,
            edges,
            clocks: clocks.collect(),
            present: None,
        }
    }
}

fn node(name: &Name, state: &State, is_initial: bool) -> Node {
    Node {
        name: name.to_string(),
        title: text(&state.title),
        is_initial,
        is_final: state.is_final,
        stays: Vec::new(),
    }
}

fn target(transition: &Transition, place: &BTreeMap<&Name, usize>) -> Option<usize> {
    transition.to.as_ref().and_then(|to| place.get(to)).copied()
}

fn join(edges: &mut Vec<Edge>, from: usize, to: usize, title: Text) {
    match edges.iter_mut().find(|edge| (edge.from, edge.to) == (from, to)) {
        Some(edge) => edge.events.push(title),
        None => edges.push(Edge { from, to, events: vec![title] }),
    }
}

/// What holds in every open state is drawn once, from a state that stands for all.
fn any_state(
    workflow: &Workflow,
    titles: &Titles,
    place: &BTreeMap<&Name, usize>,
    nodes: &mut Vec<Node>,
    edges: &mut Vec<Edge>,
) {
    if workflow.any_state.is_empty() {
        return;
    }
    let at = nodes.len();
    let mut any = Node {
        name: String::new(),
        title: Text::new("任一在办状态", "Any open state"),
        is_initial: false,
        is_final: false,
        stays: Vec::new(),
    };
    for (event, transition) in &workflow.any_state {
        match target(transition, place) {
            Some(to) => join(edges, at, to, titles.event(event)),
            None => any.stays.push(titles.event(event)),
        }
    }
    nodes.push(any);
}

/// The states as a case may reach them, breadth first; what it cannot reach last.
fn order(workflow: &Workflow) -> Vec<&Name> {
    let mut seen: BTreeSet<&Name> = BTreeSet::new();
    let mut order = Vec::new();
    let mut waiting: VecDeque<&Name> = VecDeque::from([&workflow.initial]);
    let everywhere = || workflow.any_state.values().filter_map(|it| it.to.as_ref());
    while let Some(name) = waiting.pop_front() {
        let Some(state) = workflow.states.get(name).filter(|_| seen.insert(name)) else { continue };
        order.push(name);
        waiting.extend(state.events.values().filter_map(|it| it.to.as_ref()));
    }
    order.extend(everywhere().filter(|name| workflow.states.contains_key(*name) && seen.insert(name)));
    order.extend(workflow.states.keys().filter(|name| !seen.contains(name)));
    order
}
