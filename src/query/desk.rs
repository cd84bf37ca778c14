//! The questions that pages ask and lists do not: what frames a page, a tenant at
//! one glance, what happened lately, a whole list for a file, a search.
//!
//! One still view a question, as in [`super::reader`].

use std::collections::BTreeSet;

use chrono::{Datelike as _, NaiveDateTime};

use super::bell::rang;
use super::bulletin::{Bulletin, bulletin, last};
use super::case::seen;
use super::deadline_row::DeadlineRow;
use super::deadlines::{DeadlineFilter, deadlines};
use super::duties::{DutyYear, duties};
use super::error::QueryError;
use super::find::{Found, find};
use super::home::Home;
use super::naming::{Named, workflow_of};
use super::overview::{Overview, overview};
use super::page::{Page, PageAsk};
use super::policies::{CalendarYear, PolicyAnswer};
use super::policy_cache::Policies;
use super::reader::{Reader, answer};
use super::recent::{Recent, last_entries, recent};
use super::refusals::{Refusal, RefusedBy, one_refusal, refused_by};
use super::reporting::{Field, reportable};
use super::rows::{Answer, as_of, case};
use super::rules::RuleList;
use super::settled::{SettledRow, settled};
use super::timeline;
use super::trend::{Trend, trend};
use super::yesterday::{MOST_CASES, lacking, unclear};
use crate::calendar::{Day, Period, PeriodKind, Text};
use crate::id::{CaseId, Name, Seq, UnitId};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::time::Instant;

/// The most rows of a whole list: what a person still opens in a spreadsheet.
pub const MOST_WHOLE: usize = 10_000;
/// How often a whole list is begun again when the ledger moves meanwhile; the next
/// time the rows are held still, and the engine waits.
const TRIES: usize = 3;

/// One definition, as a page shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct RulePage {
    /// The definition and its versions.
    pub policy: PolicyAnswer,
    /// Its rules in words.
    pub rules: RuleList,
    /// Its diagram as SVG, for a workflow.
    pub diagram: Option<Text>,
}

/// A whole list, for a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether rows are left out because there are too many.
    pub cut: bool,
}

impl<S: Store, L: Log> Reader<S, L> {
    /// What frames a page about `at`. Blocking.
    ///
    /// # Errors
    /// [`QueryError`], as all questions.
    pub fn home(&self, at: Instant) -> Result<Home, QueryError> {
        let store = self.store();
        let bell = rang(&*store, &self.sight.cases)?.into_iter().map(|rang| rang.seq).collect();
        Ok(Home { bell, ..self.policies_of(&*store)?.home(at) })
    }

    /// The fields of a fact that a case takes now; none where its state does not take it.
    /// Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn reportable(&self, case: &CaseId, kind: &str) -> Result<Vec<Field>, QueryError> {
        let store = self.store();
        let policies = self.policies_of(&*store)?;
        let case = seen(&*store, &self.sight.cases, case)?;
        let taken = reportable(&policies, &*workflow_of(&policies, &case)?, &case);
        Ok(taken.into_iter().find(|it| it.fact.id == kind).map(|it| it.fields).unwrap_or_default())
    }

    /// The instant at which clocks where the tenant lives show `wall`. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn instant_of(&self, wall: NaiveDateTime) -> Result<Instant, QueryError> {
        let store = self.store();
        let policies = self.policies_of(&*store)?;
        let outside = || QueryError::asked("at", &wall.to_string(), "give a time between 1700 and 2200");
        if !(1700..=2200).contains(&wall.year()) {
            return Err(outside());
        }
        let plain = || Instant::try_from(wall.and_utc()).map_err(|_| outside());
        policies.home_calendar().map_or_else(plain, |calendar| Ok(calendar.instant(wall)))
    }

    /// A tenant, or one of its units, at one glance. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn overview(&self, unit: Option<&UnitId>, at: Instant) -> Result<Answer<Overview>, QueryError> {
        let store = self.store();
        let view = store.view();
        let policies = self.policies_of(&view)?;
        answer(&view, at, overview(&view, &policies, self.unit_seen(unit)?, at)?)
    }

    /// What a bulletin says of a period; of the last month without one. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn bulletin(&self, period: Option<Period>, at: Instant) -> Result<Answer<Bulletin>, QueryError> {
        let store = self.store();
        let view = store.view();
        let policies = self.policies_of(&view)?;
        let period = period.unwrap_or_else(|| last(PeriodKind::Month, policies.day_of(at)));
        let seen = (self.unit_seen(None)?, &self.sight.cases);
        answer(&view, at, bulletin(&view, &policies, seen, period, at)?)
    }

    /// What happened from `since` until `at`, up to the ledger entry `last`.
    ///
    /// # Errors
    /// [`QueryError`] when the ledger does not answer.
    pub async fn recent(&self, last: Seq, since: Instant, at: Instant) -> Result<Recent, QueryError> {
        let reader = self.clone();
        let policies = tokio::task::spawn_blocking(move || {
            let store = reader.store();
            reader.policies_of(&*store)
        });
        let policies = policies.await.map_err(|error| QueryError::entry(last, &error))??;
        let entries = last_entries(&self.ledger, last).await?;
        let mut found = recent(&entries, &policies, &self.sight, (since, at));
        if let Some(then) = policies.end_of_yesterday(at).filter(|then| found.complete && *then >= since) {
            let cases = unclear(&entries, &self.sight, then);
            found.overdue_lacking = self.overdue_lacking(cases, last, then).await?;
        }
        Ok(found)
    }

    /// How many deadlines of `cases` were overdue at `then`, beyond those that the rows as
    /// of `last` tell for that instant; none when there are too many to look at.
    async fn overdue_lacking(
        &self,
        cases: BTreeSet<CaseId>,
        last: Seq,
        then: Instant,
    ) -> Result<Option<i64>, QueryError> {
        if cases.len() > MOST_CASES {
            return Ok(None);
        }
        let reader = self.clone();
        let histories = tokio::task::spawn_blocking(move || {
            let store = reader.store();
            let history =
                |id: CaseId| Ok((case(&*store, &id)?.map(|case| case.history).unwrap_or_default(), id));
            cases.into_iter().map(history).collect::<Result<Vec<_>, QueryError>>()
        });
        let histories = histories.await.map_err(|error| QueryError::entry(last, &error))??;
        let mut sum = 0;
        for (mut history, id) in histories {
            history.retain(|seq| *seq <= last);
            if history.len() > timeline::MOST_ENTRIES {
                return Ok(None);
            }
            sum += lacking(&timeline::entries(&self.ledger, &id, history).await?, then);
        }
        Ok(Some(sum))
    }

    /// A page of met deadlines, by case. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn settled(
        &self,
        filter: &DeadlineFilter,
        late: Option<bool>,
        ask: &PageAsk,
        at: Instant,
    ) -> Result<Answer<Page<SettledRow>>, QueryError> {
        let store = self.store();
        let view = store.view();
        let policies = self.policies_of(&view)?;
        answer(&view, at, settled(&view, &policies, &self.seen_of(filter), late, ask)?)
    }

    /// All deadlines of a filter, as of one ledger entry. Blocking, for a second
    /// where there are thousands.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn all_deadlines(
        &self,
        filter: &DeadlineFilter,
        at: Instant,
    ) -> Result<Answer<Whole<DeadlineRow>>, QueryError> {
        let filter = self.seen_of(filter);
        self.whole(at, |rows, ask| {
            let policies = self.policies_of(rows)?;
            deadlines(rows, &policies, &filter, ask, at)
        })
    }

    /// All met deadlines of a filter, as of one ledger entry. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn all_settled(
        &self,
        filter: &DeadlineFilter,
        late: Option<bool>,
        at: Instant,
    ) -> Result<Answer<Whole<SettledRow>>, QueryError> {
        let filter = self.seen_of(filter);
        self.whole(at, |rows, ask| {
            let policies = self.policies_of(rows)?;
            settled(rows, &policies, &filter, late, ask)
        })
    }

    /// One unit's duties over a year. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn duties(
        &self,
        unit: &UnitId,
        year: Option<i32>,
        at: Instant,
    ) -> Result<Answer<DutyYear>, QueryError> {
        let store = self.store();
        let view = store.view();
        let policies = self.policies_of(&view)?;
        self.unit_seen(Some(unit))?;
        answer(&view, at, duties(&view, &policies, unit, year, at)?)
    }

    /// The scorecards that were ever published, by their latest titles. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn scorecards(&self, at: Instant) -> Result<Vec<Named>, QueryError> {
        let named = self.of_policies(at, |policies| {
            let latest =
                policies.set.scorecard_names().filter_map(|name| policies.set.latest_scorecard(name));
            let named =
                latest.map(|(_, card)| Named::new(card.name.as_str(), &card.title.zh, &card.title.en));
            Ok(named.collect())
        })?;
        Ok(named.body)
    }

    /// How units stood in the published rankings of a scorecard. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn trend(&self, scorecard: &Name) -> Result<Trend, QueryError> {
        trend(&*self.store(), scorecard)
    }

    /// Every rule in force, in words. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn rules(&self, at: Instant) -> Result<Answer<RuleList>, QueryError> {
        self.of_policies(at, |policies| Ok(policies.rules()))
    }

    /// One definition with its rules in words and, for a workflow, its diagram.
    /// Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn rule_page(
        &self,
        kind: &str,
        name: &str,
        version: Option<&str>,
        at: Instant,
    ) -> Result<Answer<RulePage>, QueryError> {
        self.of_policies(at, |policies| {
            let policy = policies.one(kind, name, version)?;
            let workflow = policies.set.workflow(&policy.policy.sha);
            Ok(RulePage {
                rules: policies.rules_of(&policy.policy.sha),
                diagram: workflow.map(|workflow| policies.diagram(&workflow, None)),
                policy,
            })
        })
    }

    /// One year of a calendar with every day of it. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn calendar_page(
        &self,
        name: &str,
        year: Option<i32>,
        at: Instant,
    ) -> Result<Answer<(CalendarYear, Vec<Day>)>, QueryError> {
        self.of_policies(at, |policies| {
            let year = policies.calendar_year(name, year, at)?;
            let days = Policies::days_of(policies.calendar_named(Some(name))?, year.year);
            Ok((year, days))
        })
    }

    /// The refused fact that a ledger entry refused. Blocking.
    ///
    /// # Errors
    /// [`QueryError::Unknown`] when that entry refused none.
    pub fn refusal(&self, seq: Seq, at: Instant) -> Result<Answer<Refusal>, QueryError> {
        let store = self.store();
        let view = store.view();
        let policies = self.policies_of(&view)?;
        answer(&view, at, one_refusal(&view, &policies, &self.sight.refusals, seq)?)
    }

    /// How many facts of each publisher were refused, of the latest. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn refused_by(&self, at: Instant) -> Result<Answer<RefusedBy>, QueryError> {
        let store = self.store();
        let view = store.view();
        let policies = self.policies_of(&view)?;
        answer(&view, at, refused_by(&view, &policies, &self.sight.refusals)?)
    }

    /// The ledger's entries from the one after `after`, as they are written; which of
    /// them may be shown, [`Reader::sees`] says.
    ///
    /// # Errors
    /// [`QueryError`] when the ledger does not answer.
    pub async fn follow(&self, after: Seq) -> Result<L::Reader, QueryError> {
        Ok(self.ledger.reader(after).await?)
    }

    /// Units, clauses and cases that a text names. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn find(&self, text: &str, at: Instant) -> Result<Answer<Found>, QueryError> {
        let store = self.store();
        // A search may miss what is opened meanwhile; the engine need not wait for it.
        let policies = self.policies_of(&*store)?;
        let found = find(&*store, &policies, &self.sight.cases, text)?;
        answer(&*store, at, found)
    }

    fn seen_of(&self, filter: &DeadlineFilter) -> DeadlineFilter {
        DeadlineFilter { scope: self.sight.cases.clone(), ..filter.clone() }
    }

    /// Page after page, begun again when the ledger moves in between.
    fn whole<T>(
        &self,
        at: Instant,
        page: impl for<'v> Fn(&S::View<'v>, &PageAsk) -> Result<Page<T>, QueryError>,
    ) -> Result<Answer<Whole<T>>, QueryError> {
        let store = self.store();
        for _ in 0..TRIES {
            let before = as_of(&*store, at)?;
            let whole = gather(|ask| page(&store.view(), ask))?;
            if as_of(&*store, at)? == before {
                return Ok(Answer { as_of: before, body: whole });
            }
        }
        let view = store.view();
        let whole = gather(|ask| page(&view, ask))?;
        answer(&view, at, whole)
    }
}

fn gather<T>(page: impl Fn(&PageAsk) -> Result<Page<T>, QueryError>) -> Result<Whole<T>, QueryError> {
    let mut ask = PageAsk::new(Some(500), None)?;
    let mut rows = Vec::new();
    loop {
        let part = page(&ask)?;
        rows.extend(part.rows);
        if rows.len() > MOST_WHOLE {
            rows.truncate(MOST_WHOLE);
            return Ok(Whole { rows, cut: true });
        }
        let Some(next) = part.next else { return Ok(Whole { rows, cut: false }) };
        ask.cursor = Some(next);
    }
}
