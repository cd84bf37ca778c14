//! Points as every surface tells them: exact, rounded for people, with reasons.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::exact::Exact;
use crate::id::{InputName, ItemName, Name};
use crate::kernel::score::{CardScore, Figure, Figures, ItemScore, Part, SectionScore, Standing};
use crate::policy::definition::score::{Item, Scorecard, Section};
use crate::policy::definition::{Cite, Text};

/// An item's points.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ItemScore")]
pub struct ItemTold {
    /// The item.
    pub item: ItemName,
    /// What it is about.
    pub title: Text,
    /// Where it comes from.
    pub cite: Cite,
    /// The points with two decimal places; none when it does not apply.
    pub points: Option<String>,
    /// The exact points, a whole number or a fraction in lowest terms.
    pub exact: Option<String>,
    /// What it gives at most.
    pub most: String,
    /// Whether it counts towards what can be reached.
    pub applicable: bool,
    /// Figures that nobody reported.
    pub missing: Vec<InputName>,
    /// The figures that were used, exactly; null where nothing was due.
    pub figures: BTreeMap<InputName, Option<String>>,
    /// What each part gives.
    pub parts: Vec<PartTold>,
    /// The reason.
    pub explanation: Text,
}

/// What a part gives.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "PartScore")]
pub struct PartTold {
    /// The exact value.
    pub value: String,
    /// The exact points.
    pub points: String,
    /// Whether its own bound took some.
    pub capped: bool,
    /// The reason.
    pub explanation: Text,
}

/// A section's points.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "SectionScore")]
pub struct SectionTold {
    /// The section.
    pub section: Name,
    /// What it is about.
    pub title: Text,
    /// The points with two decimal places.
    pub points: String,
    /// The exact points.
    pub exact: String,
    /// What its applicable items give at most.
    pub attainable: String,
    /// What its heading says.
    pub most: String,
    /// Its items.
    pub items: Vec<ItemTold>,
}

/// A scorecard's points.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ScorecardScore")]
pub struct CardTold {
    /// The scorecard.
    pub scorecard: Name,
    /// Its version.
    pub version: String,
    /// The points with two decimal places.
    pub points: String,
    /// The exact points.
    pub exact: String,
    /// What can be reached.
    pub attainable: String,
    /// What the document says that can be reached.
    pub total: String,
    /// The points over what can be reached, exactly; none over 0.
    pub share: Option<String>,
    /// The same in percent with two decimal places.
    pub percent: Option<String>,
    /// Its sections.
    pub sections: Vec<SectionTold>,
}

/// Tells an item's score; `figures` are those it was computed from.
#[must_use]
pub fn item(of: &Item, score: &ItemScore, figures: &Figures) -> ItemTold {
    let missing = match &score.standing {
        Standing::Scored | Standing::NothingDue => Vec::new(),
        Standing::NoFigure(names) => names.clone(),
    };
    let given = score.applicable.then_some(&score.points);
    ItemTold {
        item: of.name.clone(),
        title: of.title.clone(),
        cite: of.cite.clone(),
        points: given.map(Exact::shown),
        exact: given.map(ToString::to_string),
        most: of.most.written(),
        applicable: score.applicable,
        missing,
        figures: known(figures),
        parts: score.parts.iter().map(part).collect(),
        explanation: score.explanation.clone(),
    }
}

/// The figures as exact texts, null where nothing was due; missing ones are left out.
#[must_use]
pub fn known(figures: &Figures) -> BTreeMap<InputName, Option<String>> {
    let told = |(name, figure): (&InputName, &Figure)| match figure {
        Figure::Known(number) => Some((name.clone(), Some(number.written()))),
        Figure::NothingDue => Some((name.clone(), None)),
        Figure::Missing => None,
    };
    figures.iter().filter_map(told).collect()
}

fn part(part: &Part) -> PartTold {
    PartTold {
        value: part.value.to_string(),
        points: part.points.to_string(),
        capped: part.capped,
        explanation: part.explanation.clone(),
    }
}

/// Tells a whole card's score.
#[must_use]
pub fn card(of: &Scorecard, score: &CardScore, figures: &BTreeMap<ItemName, Figures>) -> CardTold {
    let share = score.share();
    CardTold {
        scorecard: of.name.clone(),
        version: of.version.clone(),
        points: score.points.shown(),
        exact: score.points.to_string(),
        attainable: score.attainable.written(),
        total: of.total.written(),
        share: share.as_ref().map(ToString::to_string),
        percent: share.map(|it| (it * &Exact::from(100)).shown()),
        sections: of.sections.iter().zip(&score.sections).map(|(of, it)| section(of, it, figures)).collect(),
    }
}

fn section(of: &Section, score: &SectionScore, figures: &BTreeMap<ItemName, Figures>) -> SectionTold {
    let none = Figures::new();
    let told = |(of, score): (&Item, &ItemScore)| item(of, score, figures.get(&of.name).unwrap_or(&none));
    SectionTold {
        section: of.name.clone(),
        title: of.title.clone(),
        points: score.points.shown(),
        exact: score.points.to_string(),
        attainable: score.attainable.written(),
        most: of.most.written(),
        items: of.items.iter().zip(&score.items).map(told).collect(),
    }
}
