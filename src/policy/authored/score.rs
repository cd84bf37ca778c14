//! The authored target and scorecard: like the definitions, with groups not yet
//! expanded and due rules not yet read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::party::Members;
use super::raw::Raw;
use super::workflow::noted;
use crate::calendar::{DueRule, PeriodKind};
use crate::exact::Exact;
use crate::id::{InputName, Name};
use crate::policy::definition::score::{
    Expression, Input, Per, Rank, RankBy, Scorecard, Section, Target, Threshold, Ties,
};
use crate::policy::definition::{Cite, Effective, Register, Text};
use crate::policy::problem::Flaw;

/// Points for units, in sections and items, and the order that they make.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Scorecard")]
pub struct AuthoredScorecard {
    /// Its name.
    pub name: Name,
    /// Its version, usually the date of the notice.
    #[schemars(length(min = 1))]
    pub version: String,
    /// What it scores.
    pub title: Text,
    /// The document and clause it comes from.
    pub cite: Cite,
    /// The local dates whose periods are scored under this version, both included.
    pub effective: Effective,
    /// Who is scored.
    #[serde(rename = "for")]
    pub scored: Members,
    /// The points that the document says one can reach.
    pub total: Exact,
    /// What no item falls below; 0 when it is left out.
    #[serde(default = "Exact::zero")]
    pub floor: Exact,
    /// Its sections in the order of the document.
    #[schemars(length(min = 1, max = 32))]
    pub sections: Vec<Section>,
    /// How units are put in order, if they are.
    #[serde(default)]
    pub rank: Option<AuthoredRank>,
}

/// How units are put in order, and when that is made public.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Rank")]
pub struct AuthoredRank {
    /// By what.
    pub by: RankBy,
    /// What happens to equals.
    pub ties: Ties,
    /// How often.
    pub every: PeriodKind,
    /// When a period's ranking is published, counted from the first instant after the
    /// period, as a duty's due rule is from the beginning of its.
    pub publish: Raw<DueRule>,
    /// The calendar that says when periods end, and that counts.
    pub calendar: Name,
}

/// A figure that has to reach a number.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Target")]
pub struct AuthoredTarget {
    /// Its name.
    pub name: Name,
    /// Its version, usually the date of the notice.
    #[schemars(length(min = 1))]
    pub version: String,
    /// What it demands.
    pub title: Text,
    /// The document and clause it comes from.
    pub cite: Cite,
    /// The local dates on which it is in force, both included.
    pub effective: Effective,
    /// Who is to reach it.
    #[serde(rename = "for")]
    pub bound: Members,
    /// Over which time its figures are taken.
    pub per: Per,
    /// The figures that it needs.
    pub inputs: BTreeMap<InputName, Input>,
    /// What is held against the number.
    pub value: Expression,
    /// It is not less.
    #[serde(default)]
    pub at_least: Option<Exact>,
    /// It is not more.
    #[serde(default)]
    pub at_most: Option<Exact>,
    /// It is this.
    #[serde(default)]
    pub equals: Option<Exact>,
}

impl AuthoredScorecard {
    /// The scorecard with groups expanded, and what is wrong with the parts; none
    /// when its due rule cannot be read.
    #[must_use]
    pub fn resolve(&self, register: &Register) -> (Option<Scorecard>, Vec<Flaw>) {
        let mut flaws = Vec::new();
        let units = self.scored.units("/for", register, &mut flaws);
        let rank = match &self.rank {
            None => Some(None),
            Some(rank) => noted(rank.publish.read("/rank/publish"), &mut flaws).map(|publish| {
                let AuthoredRank { by, ties, every, calendar, .. } = rank.clone();
                Some(Rank { by, ties, every, publish, calendar })
            }),
        };
        let scorecard = rank.map(|rank| Scorecard {
            name: self.name.clone(),
            version: self.version.clone(),
            title: self.title.clone(),
            cite: self.cite.clone(),
            effective: self.effective,
            units,
            total: self.total.clone(),
            floor: self.floor.clone(),
            sections: self.sections.clone(),
            rank,
        });
        (scorecard, flaws)
    }
}

impl AuthoredTarget {
    /// The target with groups expanded, and the groups that are unknown.
    #[must_use]
    pub fn resolve(&self, register: &Register) -> (Target, Vec<Flaw>) {
        let mut flaws = Vec::new();
        let units = self.bound.units("/for", register, &mut flaws);
        let target = Target {
            name: self.name.clone(),
            version: self.version.clone(),
            title: self.title.clone(),
            cite: self.cite.clone(),
            effective: self.effective,
            units,
            per: self.per,
            inputs: self.inputs.clone(),
            value: self.value.clone(),
            threshold: Threshold {
                at_least: self.at_least.clone(),
                at_most: self.at_most.clone(),
                equals: self.equals.clone(),
            },
        };
        (target, flaws)
    }
}
