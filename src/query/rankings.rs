//! Rankings: as they were published, as the figures stand now, and the difference.
//!
//! What was published never changes; corrections show as rows whose points or
//! place are another today.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::books::ViewBooks;
use super::error::QueryError;
use super::naming::Named;
use super::policy_cache::Policies;
use super::rows::{Stretch, decode, row, walk};
use crate::calendar::{Calendar, Period, PeriodKind, Text};
use crate::exact::Exact;
use crate::id::{ItemName, Name, Seq, Sha, UnitId};
use crate::identity::sight::Scope;
use crate::kernel::ranking::{Ranked, ranked, ranking_key};
use crate::kernel::row::{Family, RankingRow};
use crate::policy::definition::Cite;
use crate::policy::definition::score::Scorecard;
use crate::port::store::Rows;
use crate::time::Instant;

/// A ranking of one scorecard for one period.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Ranking")]
pub struct RankingAnswer {
    /// The scorecard.
    pub scorecard: Named,
    /// Its version.
    pub version: String,
    /// Its definition.
    pub policy: Sha,
    /// Where it comes from.
    pub cite: Cite,
    /// The period.
    pub period: String,
    /// When it was published, and the ledger entry; none while it is provisional.
    pub published: Option<PublishedAt>,
    /// The items, in the order of each row's points.
    pub items: Vec<ItemName>,
    /// The units in order.
    pub rows: Vec<RankingLine>,
    /// The units that corrections have changed since, by their ids.
    pub corrections: Vec<UnitId>,
    /// How ties, units without a duty and shares over nothing are treated.
    pub rules: Text,
    /// The periods whose ranking was published, oldest first.
    pub periods: Vec<String>,
}

impl RankingAnswer {
    /// What was published is everybody's; what is provisional, and how figures have
    /// changed since, is shown of the units within `scope` only.
    pub fn keep_to(&mut self, scope: &Scope) {
        let seen =
            |unit: &Named| *scope == Scope::All || UnitId::new(&unit.id).is_ok_and(|unit| scope.has(&unit));
        if self.published.is_none() {
            self.rows.retain(|row| seen(&row.unit));
        }
        for row in self.rows.iter_mut().filter(|row| !seen(&row.unit)) {
            row.now = None;
        }
        self.corrections.retain(|unit| scope.has(unit));
    }
}

/// When a ranking was published.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublishedAt {
    /// When.
    pub at: Instant,
    /// The ledger entry.
    pub ledger_seq: Seq,
}

/// A unit in a ranking.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RankingLine {
    /// The unit.
    pub unit: Named,
    /// What holds: as published, or as computed while it is provisional.
    #[serde(flatten)]
    pub stands: Points,
    /// Its place in the period before.
    pub before: Option<u32>,
    /// Places won since then; negative when lost.
    pub moved: Option<i64>,
    /// As the figures stand now, where that is another.
    pub now: Option<Points>,
}

/// Points and a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RankingPoints")]
pub struct Points {
    /// The place; none when no item applies to the unit.
    pub rank: Option<u32>,
    /// The points with two decimal places.
    pub points: String,
    /// The exact points.
    pub exact: String,
    /// What could be reached.
    pub attainable: String,
    /// The points over that, in percent with two decimal places.
    pub percent: Option<String>,
    /// The exact points of each item; none where it does not apply.
    pub items: Vec<Option<String>>,
}

/// Which scorecard, for which period.
pub struct Judge<'a> {
    /// The scorecard's version for the period, with its identity.
    pub sha: Sha,
    /// The version.
    pub card: std::sync::Arc<Scorecard>,
    /// The calendar that counts.
    pub calendar: &'a Calendar,
    /// The period.
    pub period: Period,
}

impl<'a> Judge<'a> {
    /// What judges: the scorecard of a name, or the only one that ranks; the period
    /// asked for, or the one in which `at` lies.
    ///
    /// # Errors
    /// [`QueryError::Unknown`] or [`QueryError::Asked`] when it cannot be told.
    pub fn find(
        policies: &'a Policies,
        scorecard: Option<&Name>,
        period: Option<Period>,
        at: Instant,
    ) -> Result<Self, QueryError> {
        let name = named(policies, scorecard)?;
        let (sha, latest) = policies.set.latest_scorecard(&name).ok_or_else(|| unknown(name.as_str()))?;
        let calendar = match &latest.rank {
            Some(rank) => policies.set.calendar(&rank.calendar).map(|(_, calendar)| calendar),
            None => policies.calendar_named(None).ok(),
        };
        let calendar =
            calendar.ok_or_else(|| QueryError::asked("scorecard", name.as_str(), "it has no calendar"))?;
        let kind = latest.rank.as_ref().map_or(PeriodKind::Month, |rank| rank.every);
        let period = period.unwrap_or_else(|| calendar.period(kind, at));
        let (sha, card) = policies.set.scorecard_on(&name, period.last_day()).unwrap_or((sha, latest));
        Ok(Self { sha, card, calendar, period })
    }

    /// The last day that counts: the period's, or today while it is under way.
    #[must_use]
    pub fn last_day(&self, at: Instant) -> NaiveDate {
        self.period.last_day().min(self.calendar.local_date(at)).max(self.period.start())
    }
}

fn unknown(name: &str) -> QueryError {
    let hint = "the list of policies names the scorecards";
    QueryError::Unknown { what: "the scorecard", name: name.into(), hint }
}

fn named(policies: &Policies, asked: Option<&Name>) -> Result<Name, QueryError> {
    if let Some(name) = asked {
        return Ok(name.clone());
    }
    let ranks =
        |name: &&Name| policies.set.latest_scorecard(name).is_some_and(|(_, card)| card.rank.is_some());
    let ranking: Vec<&Name> = policies.set.scorecard_names().filter(ranks).collect();
    match ranking.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err(unknown("")),
        several => {
            let names: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
            Err(QueryError::asked("scorecard", "", format!("name one of {}", names.join(", "))))
        }
    }
}

/// The ranking asked for: without a period the one published last.
///
/// # Errors
/// [`QueryError`].
pub fn ranking(
    rows: &impl Rows,
    policies: &Policies,
    scorecard: Option<&Name>,
    period: Option<Period>,
    at: Instant,
) -> Result<RankingAnswer, QueryError> {
    let name = named(policies, scorecard)?;
    let periods = published(rows, &name)?;
    let judge = Judge::find(policies, Some(&name), period.or_else(|| periods.last().copied()), at)?;
    let stored: Option<RankingRow> = row(rows, Family::Ranking, &ranking_key(&name, &judge.period))?;
    // Whoever was published is judged again by the version that judged then.
    let then = stored.as_ref().and_then(|it| Some((it.policy, policies.set.scorecard(&it.policy)?)));
    let (sha, card) = then.unwrap_or_else(|| (judge.sha, judge.card.clone()));
    let last_day = if stored.is_some() { judge.period.last_day() } else { judge.last_day(at) };
    let now = ranked(&ViewBooks(rows), &policies.set, judge.calendar, &card, last_day)?;
    let previous: Option<RankingRow> =
        row(rows, Family::Ranking, &ranking_key(&name, &judge.period.previous()))?;
    let lines = match &stored {
        Some(stored) => frozen(policies, stored, &now),
        None => provisional(policies, &now, previous.as_ref()),
    };
    let corrections = lines.iter().filter(|line| line.now.is_some());
    Ok(RankingAnswer {
        scorecard: Named::new(name.as_str(), &card.title.zh, &card.title.en),
        version: card.version.clone(),
        policy: sha,
        cite: card.cite.clone(),
        period: judge.period.to_string(),
        published: stored.as_ref().map(|it| PublishedAt { at: it.at, ledger_seq: it.seq }),
        items: card.items().map(|item| item.name.clone()).collect(),
        corrections: corrections.filter_map(|line| UnitId::new(&line.unit.id).ok()).collect(),
        rows: lines,
        rules: rules(),
        periods: periods.iter().map(ToString::to_string).collect(),
    })
}

/// The periods of a scorecard's published rankings, in order of time.
fn published(rows: &impl Rows, name: &Name) -> Result<Vec<Period>, QueryError> {
    let mut periods = Vec::new();
    let prefix = format!("{name}\0");
    walk(rows, Family::Ranking, &Stretch::of_prefix(prefix.as_bytes()), |key, row| {
        periods.push(decode::<RankingRow>(Family::Ranking, key, row)?.period);
        Ok(ControlFlow::Continue(()))
    })?;
    periods.sort_by_key(|period| (period.end(), period.start()));
    Ok(periods)
}

fn frozen(policies: &Policies, stored: &RankingRow, now: &[Ranked]) -> Vec<RankingLine> {
    let today: BTreeMap<&UnitId, Points> = now.iter().map(|it| (&it.unit, computed(it))).collect();
    let line = |row: &crate::event::catalogue::RankedUnit| {
        let stands = Points {
            rank: row.rank,
            points: row.points.shown(),
            exact: row.points.to_string(),
            attainable: row.attainable.written(),
            percent: percent(row.points.over(&row.attainable)),
            items: row.items.iter().map(|item| item.as_ref().map(ToString::to_string)).collect(),
        };
        let now = today.get(&row.unit).filter(|now| **now != stands).cloned();
        RankingLine {
            unit: Named::unit(policies, &row.unit),
            before: row.before,
            moved: moved(row.before, row.rank),
            stands,
            now,
        }
    };
    stored.rows.iter().map(line).collect()
}

fn provisional(policies: &Policies, now: &[Ranked], previous: Option<&RankingRow>) -> Vec<RankingLine> {
    let before: BTreeMap<&UnitId, Option<u32>> =
        previous.into_iter().flat_map(|it| &it.rows).map(|row| (&row.unit, row.rank)).collect();
    let line = |ranked: &Ranked| {
        let before = before.get(&ranked.unit).copied().flatten();
        RankingLine {
            unit: Named::unit(policies, &ranked.unit),
            before,
            moved: moved(before, ranked.rank),
            stands: computed(ranked),
            now: None,
        }
    };
    now.iter().map(line).collect()
}

fn moved(before: Option<u32>, rank: Option<u32>) -> Option<i64> {
    Some(i64::from(before?) - i64::from(rank?))
}

fn percent(share: Option<Exact>) -> Option<String> {
    share.map(|share| (share * &Exact::from(100)).shown())
}

fn computed(ranked: &Ranked) -> Points {
    let items = ranked.score.sections.iter().flat_map(|section| &section.items);
    Points {
        rank: ranked.rank,
        points: ranked.score.points.shown(),
        exact: ranked.score.points.to_string(),
        attainable: ranked.score.attainable.written(),
        percent: percent(ranked.score.share()),
        items: items.map(|item| item.applicable.then(|| item.points.to_string())).collect(),
    }
}

fn rules() -> Text {
    Text::new(
        "得分相同的并列，其后名次空缺（1、2、2、4）；没有适用项目的单位不参加排名；分母为零的比率不适用，不计入可得分；公布后的更正不改动已公布的名次，另行列出。",
        "Equals share a place and the places behind are left out (1, 2, 2, 4); units to which no item \
         applies have no place; a share over nothing does not apply and is left out of what can be \
         reached; corrections after publication are shown beside it and change nothing that was published.",
    )
}
