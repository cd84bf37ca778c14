//! The read side: one question, one view, one answer.
//!
//! A reader holds a way to the projection of the moment (a rebuild may switch it),
//! the ledger for timelines, and the compiled policies. It writes nothing and reads
//! no clock: the instant asked about is an argument.

use std::sync::Arc;

use super::case::{CaseAnswer, find};
use super::cases::{CaseFilter, CaseRow, cases};
use super::counts::{Counts, counts};
use super::deadline_row::DeadlineRow;
use super::deadlines::{DeadlineFilter, deadlines};
use super::error::QueryError;
use super::page::{Page, PageAsk};
use super::policies::{CalendarYear, PolicyAnswer, PolicyList};
use super::policy_cache::{Policies, PolicyCache};
use super::refusals::{Refusal, RefusalFilter, refusals};
use super::rows::{Answer, as_of};
use super::timeline::timeline;
use crate::calendar::{Text, answer_line};
use crate::event::catalogue::Event;
use crate::event::entry::Entry;
use crate::id::{CaseId, UnitId};
use crate::identity::sight::{Scope, Sight};
use crate::policy::definition::EventTypeDefinition;
use crate::port::log::Log;
use crate::port::store::{Rows, Store};
use crate::time::Instant;

/// Answers questions about one tenant, as far as somebody's sight goes. Cheap to
/// clone.
pub struct Reader<S, L> {
    pub(super) sight: Arc<Sight>,
    store: Arc<dyn Fn() -> Arc<S> + Send + Sync>,
    pub(super) ledger: L,
    cache: Arc<PolicyCache>,
}

impl<S, L: Clone> Clone for Reader<S, L> {
    fn clone(&self) -> Self {
        Self {
            sight: Arc::clone(&self.sight),
            store: Arc::clone(&self.store),
            ledger: self.ledger.clone(),
            cache: Arc::clone(&self.cache),
        }
    }
}

impl<S: Store, L: Log> Reader<S, L> {
    /// A reader of the projection that `store` gives at the moment of a question. It
    /// sees everything; [`Reader::seen_by`] gives one for somebody.
    pub fn new(store: impl Fn() -> Arc<S> + Send + Sync + 'static, ledger: L) -> Self {
        Self { sight: Arc::new(Sight::all()), store: Arc::new(store), ledger, cache: Arc::default() }
    }

    /// The same reader for somebody: every answer keeps to what they see, whatever
    /// they ask for.
    #[must_use]
    pub fn seen_by(&self, sight: Sight) -> Self {
        Self { sight: Arc::new(sight), ..self.clone() }
    }

    /// The unit that an aggregated answer is about: the one asked for if it is seen, the
    /// only one that is seen, or none for all.
    ///
    /// # Errors
    /// [`QueryError::Unknown`] for a unit that is not seen; [`QueryError::Asked`] when
    /// several are seen and none is named.
    pub(super) fn unit_seen<'u>(
        &'u self,
        asked: Option<&'u UnitId>,
    ) -> Result<Option<&'u UnitId>, QueryError> {
        match (&self.sight.cases, asked) {
            (Scope::All, asked) => Ok(asked),
            (scope, Some(unit)) if scope.has(unit) => Ok(Some(unit)),
            (_, Some(unit)) => Err(QueryError::Unknown {
                what: "the unit",
                name: unit.to_string(),
                hint: "it is none of those that you may see",
            }),
            (scope, None) => {
                let several = || QueryError::asked("unit", "", "name one of the units that you may see");
                scope.only().map(Some).ok_or_else(several)
            }
        }
    }

    /// Whether an entry of the ledger is shown: one about a unit that is seen.
    #[must_use]
    pub fn sees(&self, entry: &Entry) -> bool {
        sees(&self.sight, entry)
    }

    /// What this reader sees.
    #[must_use]
    pub fn sight(&self) -> &Sight {
        &self.sight
    }

    /// A page of deadlines at `at`. Blocking, for a few milliseconds at most.
    ///
    /// # Errors
    /// [`QueryError`], as all questions.
    pub fn deadlines(
        &self,
        filter: &DeadlineFilter,
        ask: &PageAsk,
        at: Instant,
    ) -> Result<Answer<Page<DeadlineRow>>, QueryError> {
        let store = (self.store)();
        let view = store.view();
        let policies = self.cache.read(&view)?;
        let filter = DeadlineFilter { scope: self.sight.cases.clone(), ..filter.clone() };
        answer(&view, at, deadlines(&view, &policies, &filter, ask, at)?)
    }

    /// A page of cases, with their lights at `at`. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn cases(
        &self,
        filter: &CaseFilter,
        ask: &PageAsk,
        at: Instant,
    ) -> Result<Answer<Page<CaseRow>>, QueryError> {
        let store = (self.store)();
        let view = store.view();
        let policies = self.cache.read(&view)?;
        let filter = CaseFilter { scope: self.sight.cases.clone(), ..filter.clone() };
        answer(&view, at, cases(&view, &policies, &filter, ask, at)?)
    }

    /// A page of refused facts, the newest first. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn refusals(
        &self,
        filter: &RefusalFilter,
        ask: &PageAsk,
        at: Instant,
    ) -> Result<Answer<Page<Refusal>>, QueryError> {
        let store = (self.store)();
        let view = store.view();
        let policies = self.cache.read(&view)?;
        let filter = RefusalFilter { scope: self.sight.refusals.clone(), ..filter.clone() };
        answer(&view, at, refusals(&view, &policies, &filter, ask)?)
    }

    /// The counts at `at`, of one unit or of all. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn counts(&self, unit: Option<&UnitId>, at: Instant) -> Result<Answer<Counts>, QueryError> {
        let store = (self.store)();
        let view = store.view();
        let policies = self.cache.read(&view)?;
        answer(&view, at, counts(&view, &policies, unit, &self.sight.cases, at)?)
    }

    /// One case with its timeline and each deadline's explanation at `at`.
    ///
    /// When the ledger cannot be read the answer says so in place of a timeline.
    ///
    /// # Errors
    /// [`QueryError::Unknown`] when there is no such case; others when the
    /// projection cannot be read.
    pub async fn case(&self, id: &CaseId, at: Instant) -> Result<Answer<CaseAnswer>, QueryError> {
        Ok(self.drawn_case(id, at).await?.0)
    }

    /// The same, with its workflow drawn as SVG and its state marked.
    ///
    /// # Errors
    /// As [`Reader::case`].
    pub async fn drawn_case(
        &self,
        id: &CaseId,
        at: Instant,
    ) -> Result<(Answer<CaseAnswer>, Text), QueryError> {
        let reader = self.clone();
        let asked = id.clone();
        let found = tokio::task::spawn_blocking(move || {
            let store = (reader.store)();
            let view = store.view();
            let policies = reader.cache.read(&view)?;
            let found = find(&view, &policies, &reader.sight.cases, &asked, at)?;
            Ok::<_, QueryError>((as_of(&view, at)?, policies, found))
        });
        let died = |error: tokio::task::JoinError| QueryError::entry(crate::id::Seq::ZERO, &error);
        let (as_of, policies, mut found) = found.await.map_err(died)??;
        match timeline(&self.ledger, &policies, id, &found.history, found.calendar.as_ref()).await {
            Ok(read) => {
                found.answer.timeline = read.told;
                found.answer.omitted = read.omitted;
            }
            Err(error) => found.answer.timeline_failed = Some(error.to_string()),
        }
        Ok((Answer { as_of, body: found.answer }, found.diagram))
    }

    /// The definitions in force. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn policies(&self, at: Instant) -> Result<Answer<PolicyList>, QueryError> {
        self.of_policies(at, |policies| Ok(policies.list()))
    }

    /// One definition with its versions. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn policy(
        &self,
        kind: &str,
        name: &str,
        version: Option<&str>,
        at: Instant,
    ) -> Result<Answer<PolicyAnswer>, QueryError> {
        self.of_policies(at, |policies| policies.one(kind, name, version))
    }

    /// One year of a calendar in force, or the year of `at`. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn calendar_year(
        &self,
        name: &str,
        year: Option<i32>,
        at: Instant,
    ) -> Result<Answer<CalendarYear>, QueryError> {
        self.of_policies(at, |policies| policies.calendar_year(name, year, at))
    }

    /// The event types that facts may be of; none as long as nothing was folded.
    /// Blocking.
    ///
    /// # Errors
    /// [`QueryError`] when the projection cannot be read.
    pub fn event_types(&self) -> Result<Vec<EventTypeDefinition>, QueryError> {
        let store = (self.store)();
        Ok(self.cache.read(&*store)?.event_types())
    }

    /// Answers lines of due-date questions on a calendar in force, one line each.
    /// Blocking.
    ///
    /// # Errors
    /// [`QueryError`] when there is no such calendar.
    pub fn due(&self, calendar: Option<&str>, lines: &str) -> Result<String, QueryError> {
        let store = (self.store)();
        let policies = self.cache.read(&*store)?;
        let calendar = policies.calendar_named(calendar)?;
        let mut answers = String::new();
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            answers.push_str(&answer_line(calendar, line));
            answers.push('\n');
        }
        Ok(answers)
    }

    /// The projection of the moment.
    pub(super) fn store(&self) -> Arc<S> {
        (self.store)()
    }

    /// The policies that a view holds.
    pub(super) fn policies_of(&self, rows: &impl Rows) -> Result<Arc<Policies>, QueryError> {
        self.cache.read(rows)
    }

    pub(super) fn of_policies<T>(
        &self,
        at: Instant,
        ask: impl FnOnce(&Policies) -> Result<T, QueryError>,
    ) -> Result<Answer<T>, QueryError> {
        let store = (self.store)();
        let view = store.view();
        let policies = self.cache.read(&view)?;
        answer(&view, at, ask(&policies)?)
    }
}

/// Whether an entry is about a unit within `sight`. What is about none, such as a
/// calendar, is shown to those only who see everything.
pub(super) fn sees(sight: &Sight, entry: &Entry) -> bool {
    let scope = match &entry.decided.event {
        Event::EventRefused(_) | Event::EventDuplicated(_) | Event::EventParked(_) => &sight.refusals,
        _ => &sight.cases,
    };
    *scope == Scope::All || entry.decided.unit.as_ref().is_some_and(|unit| scope.has(unit))
}

/// An answer with what it holds as of.
pub(super) fn answer<T>(rows: &impl Rows, at: Instant, body: T) -> Result<Answer<T>, QueryError> {
    Ok(Answer { as_of: as_of(rows, at)?, body })
}
