//! Scoring: figures and a scorecard give points, and the reason for each.
//!
//! Pure and exact. [`measure`] finds figures in the books of a tenant. A
//! figure is known, or nothing was due ([`Figure::NothingDue`],
//! a share over nothing), or nobody reported it ([`Figure::Missing`]); the three are
//! never taken for one another.
//!
//! An item's parts are added up and held between the scorecard's floor and the
//! item's most; an item that does not apply is left out of what can be reached, a
//! section gives no more than its heading says, a card no more than its total.

use std::collections::BTreeMap;

use crate::exact::Exact;
use crate::id::{InputName, ItemName, Name};
use crate::policy::definition::Text;
use crate::policy::definition::score::{Item, Scorecard, Section, WhenMissing, WhenNothingDue};

pub mod measure;
mod part;
mod value;
mod words;

pub use part::{Part, part};
pub use value::{Gap, value};

/// What is known of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figure {
    /// It is this.
    Known(Exact),
    /// It is a share of nothing.
    NothingDue,
    /// Nobody has reported it.
    Missing,
}

/// What is known of an item's inputs; one that is left out is missing.
pub type Figures = BTreeMap<InputName, Figure>;

/// Why an item has the points that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its figures were known.
    Scored,
    /// Nothing was due.
    NothingDue,
    /// These figures were not reported, in the order of their names.
    NoFigure(Vec<InputName>),
}

/// An item's points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemScore {
    /// The item.
    pub name: ItemName,
    /// Why it has these points.
    pub standing: Standing,
    /// Whether it counts towards what can be reached.
    pub applicable: bool,
    /// Its points; 0 when it does not apply.
    pub points: Exact,
    /// What it gives at most.
    pub most: Exact,
    /// The sum of its parts before it was held within bounds; none when there is none.
    pub sum: Option<Exact>,
    /// Its parts in order; none when there is no sum.
    pub parts: Vec<Part>,
    /// The reason in one sentence.
    pub explanation: Text,
}

/// A section's points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionScore {
    /// The section.
    pub name: Name,
    /// Its points, at most what its heading says.
    pub points: Exact,
    /// What its applicable items give at most.
    pub attainable: Exact,
    /// Its items in order.
    pub items: Vec<ItemScore>,
}

/// A scorecard's points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardScore {
    /// The points, at most the total.
    pub points: Exact,
    /// What can be reached: the total without items that do not apply, and without
    /// what a heading says and no item gives.
    pub attainable: Exact,
    /// Its sections in order.
    pub sections: Vec<SectionScore>,
}

impl CardScore {
    /// The points over what can be reached; none when nothing can.
    #[must_use]
    pub fn share(&self) -> Option<Exact> {
        self.points.over(&self.attainable)
    }
}

/// Scores one item; no item falls below `floor`.
#[must_use]
pub fn item(item: &Item, floor: &Exact, figures: &Figures) -> ItemScore {
    let missing = missing(item, figures);
    if !missing.is_empty() {
        return without_figures(item, floor, missing);
    }
    let parts: Result<Vec<Part>, Gap> = item.points.iter().map(|form| part(form, item, figures)).collect();
    match parts {
        Ok(parts) => scored(item, floor, parts),
        // Missing figures were looked for above, so that this one is of a share.
        Err(Gap::Missing(_) | Gap::NothingDue) => with_nothing_due(item, floor, figures),
    }
}

/// The inputs that its points use and nobody reported.
fn missing(item: &Item, figures: &Figures) -> Vec<InputName> {
    let is_missing = |name: &InputName| matches!(figures.get(name), None | Some(Figure::Missing));
    let mut names: Vec<InputName> = item
        .points
        .iter()
        .flat_map(|form| form.of.inputs())
        .filter(|name| is_missing(name))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}

fn scored(item: &Item, floor: &Exact, parts: Vec<Part>) -> ItemScore {
    let sum: Exact = parts.iter().map(|part| &part.points).sum();
    let points = sum.within(floor, &item.most);
    let explanation = words::of_sum(&parts, &sum, &points, item);
    ItemScore {
        name: item.name.clone(),
        standing: Standing::Scored,
        applicable: true,
        points,
        most: item.most.clone(),
        sum: Some(sum),
        parts,
        explanation,
    }
}

fn without_figures(item: &Item, floor: &Exact, missing: Vec<InputName>) -> ItemScore {
    let applicable = match item.when_missing {
        WhenMissing::Zero => true,
        WhenMissing::NotApplicable => false,
    };
    let explanation = words::of_missing(&missing, item, applicable);
    bare(item, Standing::NoFigure(missing), applicable, Exact::zero().within(floor, &item.most), explanation)
}

fn with_nothing_due(item: &Item, floor: &Exact, figures: &Figures) -> ItemScore {
    let (applicable, points) = match item.when_nothing_due {
        WhenNothingDue::NotApplicable => (false, Exact::zero()),
        WhenNothingDue::Zero => (true, Exact::zero().within(floor, &item.most)),
        WhenNothingDue::Full => (true, item.most.clone()),
    };
    let explanation = words::of_nothing(item, figures, applicable, &points);
    bare(item, Standing::NothingDue, applicable, points, explanation)
}

fn bare(item: &Item, standing: Standing, applicable: bool, points: Exact, explanation: Text) -> ItemScore {
    let points = if applicable { points } else { Exact::zero() };
    let (name, most) = (item.name.clone(), item.most.clone());
    ItemScore { name, standing, applicable, points, most, sum: None, parts: Vec::new(), explanation }
}

/// Scores a whole card; an item without figures is missing them all.
#[must_use]
pub fn card(card: &Scorecard, figures: &BTreeMap<ItemName, Figures>) -> CardScore {
    let sections: Vec<SectionScore> =
        card.sections.iter().map(|it| section(it, &card.floor, figures)).collect();
    let points: Exact = sections.iter().map(|it| &it.points).sum();
    let attainable: Exact = sections.iter().map(|it| &it.attainable).sum();
    CardScore {
        points: points.min(card.total.clone()),
        attainable: attainable.min(card.total.clone()),
        sections,
    }
}

fn section(section: &Section, floor: &Exact, figures: &BTreeMap<ItemName, Figures>) -> SectionScore {
    let none = Figures::new();
    let items: Vec<ItemScore> =
        section.items.iter().map(|it| item(it, floor, figures.get(&it.name).unwrap_or(&none))).collect();
    let points: Exact = items.iter().map(|it| &it.points).sum();
    let attainable: Exact = items.iter().filter(|it| it.applicable).map(|it| &it.most).sum();
    SectionScore {
        name: section.name.clone(),
        points: points.min(section.most.clone()),
        attainable: attainable.min(section.most.clone()),
        items,
    }
}

#[cfg(test)]
mod properties;
