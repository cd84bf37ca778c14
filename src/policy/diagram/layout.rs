//! Where everything stands: states in layers from left to right, ways forward
//! through the gaps between them, ways back in lanes below.
//!
//! Whole pixels throughout, so that the same drawing gives the same picture
//! everywhere. It knows widths of text by the columns that characters take.

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr as _;

use super::drawing::{Drawing, Node};
use crate::calendar::{Lang, Text};

/// Pixels for a column of text in a state's title, at 14 pixels a line.
const TITLE_COLUMN: i64 = 8;
/// Pixels for a column of smaller text, at 12 pixels a line.
const SMALL_COLUMN: i64 = 7;
/// The height of a state that has only a title.
const NODE_HEIGHT: i64 = 38;
/// The height of a line of smaller text.
pub const LINE: i64 = 16;
/// The least distance between what stands above each other.
const APART: i64 = 26;
/// What a way through a layer takes.
const LANE: i64 = 20;
/// What stands free around everything.
const MARGIN: i64 = 24;
/// What a way needs beside its label to be seen as one.
const BESIDE_LABEL: i64 = 56;
/// How far above a state's lower edge ways back leave and enter it.
const BACK_INSET: i64 = 9;

/// A state's box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Its left edge.
    pub x: i64,
    /// Its upper edge.
    pub y: i64,
    /// Its width.
    pub width: i64,
    /// Its height.
    pub height: i64,
}

/// A way, as the points that it goes through, and where its label stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Its points, from the state it leaves to the one it leads to.
    pub points: Vec<(i64, i64)>,
    /// Whether it goes back, in a lane below the states.
    pub is_back: bool,
    /// The middle of its label's last line.
    pub label: (i64, i64),
}

/// Where everything stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The boxes, as the drawing's nodes.
    pub places: Vec<Place>,
    /// The ways, as the drawing's edges.
    pub ways: Vec<Way>,
    /// The width of the picture without what stands beneath.
    pub width: i64,
    /// Its height.
    pub height: i64,
}

/// How wide smaller text is.
#[must_use]
pub fn small_width(text: &str) -> i64 {
    columns(text) * SMALL_COLUMN
}

fn columns(text: &str) -> i64 {
    i64::try_from(text.width()).unwrap_or(i64::MAX / TITLE_COLUMN)
}

/// What stands in a layer: a state, or an edge that passes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Node(usize),
    Passing(usize),
}

/// The layout of a drawing with titles of `lang`.
#[must_use]
pub fn layout(drawing: &Drawing, lang: Lang) -> Layout {
    let layers = layers(drawing);
    let columns = ordered(drawing, &layers);
    let mut places = vec![Place::default(); drawing.nodes.len()];
    let mut passing: BTreeMap<(usize, usize), (i64, i64, i64)> = BTreeMap::new();
    let heights: Vec<i64> = columns.iter().map(|column| stack_height(drawing, column)).collect();
    let tallest = heights.iter().copied().max().unwrap_or(0);
    // The first state has room before it for the mark that cases open there.
    let mut x = MARGIN + BESIDE_LABEL;
    for (at, column) in columns.iter().enumerate() {
        let width = column.iter().map(|item| item_width(drawing, *item, lang)).max().unwrap_or(0);
        let mut y = MARGIN + LINE + (tallest - heights.get(at).copied().unwrap_or(0)) / 2;
        for item in column {
            let height = item_height(drawing, *item);
            match item {
                Item::Node(node) => {
                    if let Some(place) = places.get_mut(*node) {
                        *place = Place { x, y, width, height };
                    }
                }
                Item::Passing(edge) => {
                    passing.insert((*edge, at), (x, y + height / 2, width));
                }
            }
            y += height + APART;
        }
        x += width + gap(drawing, &layers, at, lang);
    }
    let mut layout = Layout { places, ways: Vec::new(), width: x, height: MARGIN + LINE + tallest };
    layout.draw_ways(drawing, &layers, &passing);
    let right = layout.places.iter().map(|place| place.x + place.width).max().unwrap_or(0);
    layout.width = right + MARGIN;
    layout.height += MARGIN;
    layout
}

/// The layer of every state: its distance from the initial one; final states
/// stand right of all others, what stands for every open state left of them.
fn layers(drawing: &Drawing) -> Vec<usize> {
    let mut layers: Vec<Option<usize>> = drawing.nodes.iter().map(|it| it.is_initial.then_some(0)).collect();
    for _ in &drawing.nodes {
        for edge in &drawing.edges {
            let from = layers.get(edge.from).copied().flatten();
            if let (Some(from), Some(to)) = (from, layers.get_mut(edge.to))
                && to.is_none()
            {
                *to = Some(from + 1);
            }
        }
    }
    let open = |at: &usize| drawing.nodes.get(*at).is_some_and(|node| !node.is_final);
    let reached = (0..layers.len()).filter(open).filter_map(|at| layers.get(at).copied().flatten());
    let last_open = reached.max().unwrap_or(0);
    let place = |(node, layer): (&Node, Option<usize>)| match layer {
        _ if node.is_final => last_open + 1,
        Some(layer) => layer.min(last_open),
        None => last_open,
    };
    drawing.nodes.iter().zip(layers).map(place).collect()
}

/// What stands in each layer, from above: near what leads to it.
fn ordered(drawing: &Drawing, layers: &[usize]) -> Vec<Vec<Item>> {
    let count = layers.iter().copied().max().map_or(0, |last| last + 1);
    let mut columns: Vec<Vec<Item>> = vec![Vec::new(); count];
    for (node, layer) in layers.iter().enumerate() {
        if let Some(column) = columns.get_mut(*layer) {
            column.push(Item::Node(node));
        }
    }
    for (at, edge) in drawing.edges.iter().enumerate() {
        let (from, to) = (layers[edge.from], layers[edge.to]);
        for column in columns.iter_mut().take(to).skip(from + 1) {
            column.push(Item::Passing(at));
        }
    }
    for layer in 1..columns.len() {
        let (before, rest) = columns.split_at_mut(layer);
        let (Some(before), Some(column)) = (before.last(), rest.first_mut()) else { continue };
        // Twice the mean place of what leads to it; what nothing leads to stands last.
        let key = |item: &Item| {
            let above = before.iter().enumerate().filter(|(_, other)| leads(drawing, **other, *item));
            let above: Vec<usize> = above.map(|(at, _)| at).collect();
            let sum: usize = above.iter().sum();
            (above.is_empty(), (sum * 1000).checked_div(above.len()).unwrap_or(0), *item)
        };
        column.sort_by_key(key);
    }
    columns
}

/// Whether something leads into the next layer's item.
fn leads(drawing: &Drawing, from: Item, to: Item) -> bool {
    let ends = |edge: usize| drawing.edges.get(edge).map(|it| (it.from, it.to));
    match (from, to) {
        (Item::Node(from), Item::Node(to)) => drawing.edges.iter().any(|it| (it.from, it.to) == (from, to)),
        (Item::Node(from), Item::Passing(edge)) => ends(edge).is_some_and(|it| it.0 == from),
        (Item::Passing(edge), Item::Node(to)) => ends(edge).is_some_and(|it| it.1 == to),
        (Item::Passing(from), Item::Passing(to)) => from == to,
    }
}

fn item_height(drawing: &Drawing, item: Item) -> i64 {
    match item {
        Item::Node(node) => {
            let stays = drawing.nodes.get(node).map_or(0, |node| node.stays.len());
            NODE_HEIGHT + LINE * i64::try_from(stays).unwrap_or(0)
        }
        Item::Passing(_) => LANE,
    }
}

fn stack_height(drawing: &Drawing, column: &[Item]) -> i64 {
    let between = APART * i64::try_from(column.len().saturating_sub(1)).unwrap_or(0);
    column.iter().map(|item| item_height(drawing, *item)).sum::<i64>() + between
}

fn item_width(drawing: &Drawing, item: Item, lang: Lang) -> i64 {
    let Item::Node(node) = item else { return 0 };
    let Some(node) = drawing.nodes.get(node) else { return 0 };
    // A fact that changes nothing stands under the title, behind a mark.
    let stays = node.stays.iter().map(|text| small_width(text.get(lang)) + 2 * SMALL_COLUMN);
    stays.chain([columns(node.title.get(lang)) * TITLE_COLUMN]).max().unwrap_or(0) + 28
}

/// How far the next layer stands, so that the labels between have room.
fn gap(drawing: &Drawing, layers: &[usize], layer: usize, lang: Lang) -> i64 {
    let here = drawing.edges.iter().filter(|edge| layers[edge.from] == layer && layers[edge.to] > layer);
    let widest = here.map(|edge| label_width(&edge.events, lang)).max().unwrap_or(0);
    widest + BESIDE_LABEL
}

/// How wide the label of some facts is.
#[must_use]
pub fn label_width(events: &[Text], lang: Lang) -> i64 {
    events.iter().map(|text| small_width(text.get(lang))).max().unwrap_or(0)
}

/// Where the ways of each layer may still go.
#[derive(Default)]
struct Room {
    /// The labels in the gap right of a layer, from top to bottom.
    labels: BTreeMap<usize, Vec<(i64, i64)>>,
    /// How many ways back leave a layer, and how many enter it.
    back: BTreeMap<(usize, bool), i64>,
    /// The lowest lane that is taken.
    lane: i64,
}

impl Layout {
    fn draw_ways(
        &mut self,
        drawing: &Drawing,
        layers: &[usize],
        passing: &BTreeMap<(usize, usize), (i64, i64, i64)>,
    ) {
        let mut room = Room { lane: self.height + LINE, ..Room::default() };
        for (at, edge) in drawing.edges.iter().enumerate() {
            let ends = (self.places[edge.from], self.places[edge.to]);
            let lines = i64::try_from(edge.events.len()).unwrap_or(0) * LINE;
            let (left, right) = (layers[edge.from], layers[edge.to]);
            let between = (left + 1..right).filter_map(|layer| passing.get(&(at, layer))).copied();
            let way = if left < right {
                room.forward(ends, left, &between.collect::<Vec<_>>(), lines)
            } else {
                room.back(ends, (left, right), lines)
            };
            self.ways.push(way);
        }
        self.height = self.height.max(room.lane);
    }
}

impl Room {
    /// A way through the gap right of its state, and through the layers between.
    fn forward(
        &mut self,
        (from, to): (Place, Place),
        layer: usize,
        between: &[(i64, i64, i64)],
        lines: i64,
    ) -> Way {
        let start = (from.x + from.width, from.y + from.height / 2);
        let entry = (to.x, to.y + to.height / 2);
        let next = between.first().map_or(entry, |(x, y, _)| (*x, *y));
        let y = free(self.labels.entry(layer).or_default(), i64::midpoint(start.1, next.1), lines);
        let label = (i64::midpoint(start.0, next.0), y);
        let passed = between.iter().flat_map(|(x, y, width)| [(*x, *y), (x + width, *y)]);
        let points = [start, label].into_iter().chain(passed).chain([entry]).collect();
        Way { points, is_back: false, label: (label.0, label.1 - 4) }
    }

    /// A way out to the right, along a lane below all states, and in from the left,
    /// so that it crosses no state.
    fn back(&mut self, (from, to): (Place, Place), (left, right): (usize, usize), lines: i64) -> Way {
        let mut nth = |layer: usize, enters: bool| {
            let count = self.back.entry((layer, enters)).or_default();
            *count += 1;
            *count - 1
        };
        let (out, into) = (nth(left, false), nth(right, true));
        let start = (from.x + from.width, from.y + from.height - BACK_INSET);
        let end = (to.x, to.y + to.height - BACK_INSET);
        let (down, up) = (start.0 + 8 + 5 * out, end.0 - 14 - 5 * into);
        self.lane += lines;
        let lane = self.lane;
        self.lane += 10;
        let points = vec![start, (down, start.1), (down, lane), (up, lane), (up, end.1), end];
        Way { points, is_back: true, label: (i64::midpoint(down, up), lane - 4) }
    }
}

/// The nearest height at or below the wanted one where a label of some lines has
/// room among those that stand in the gap already.
fn free(taken: &mut Vec<(i64, i64)>, wanted: i64, lines: i64) -> i64 {
    let mut y = wanted;
    taken.sort_unstable();
    for (top, bottom) in taken.iter() {
        if y - lines < *bottom && y > *top {
            y = bottom + lines;
        }
    }
    taken.push((y - lines, y));
    y
}
