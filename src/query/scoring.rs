//! The reader's questions about scores, rankings and targets.

use super::error::QueryError;
use super::rankings::{Judge, RankingAnswer, ranking};
use super::reader::{Reader, answer};
use super::rows::Answer;
use super::scores::{ScoreAnswer, TargetsAnswer, score, targets};
use crate::calendar::Period;
use crate::id::{Name, UnitId};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::time::Instant;

impl<S: Store, L: Log> Reader<S, L> {
    /// A ranking as it was published, beside the figures of now. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn ranking(
        &self,
        scorecard: Option<&Name>,
        period: Option<Period>,
        at: Instant,
    ) -> Result<Answer<RankingAnswer>, QueryError> {
        let store = self.store();
        let view = store.view();
        let policies = self.policies_of(&view)?;
        let mut ranking = ranking(&view, &policies, scorecard, period, at)?;
        ranking.keep_to(&self.sight().cases);
        answer(&view, at, ranking)
    }

    /// One unit's score with its reasons. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn score(
        &self,
        unit: &UnitId,
        scorecard: Option<&Name>,
        period: Option<Period>,
        at: Instant,
    ) -> Result<Answer<ScoreAnswer>, QueryError> {
        let store = self.store();
        let view = store.view();
        let policies = self.policies_of(&view)?;
        let judge = Judge::find(&policies, scorecard, period, at)?;
        self.unit_seen(Some(unit))?;
        answer(&view, at, score(&view, &policies, unit, &judge, at)?)
    }

    /// How units stand to the targets, on the last day of a period or today. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn targets(
        &self,
        unit: Option<&UnitId>,
        target: Option<&Name>,
        period: Option<Period>,
        at: Instant,
    ) -> Result<Answer<TargetsAnswer>, QueryError> {
        let store = self.store();
        let view = store.view();
        let policies = self.policies_of(&view)?;
        let calendar = policies.calendar_named(None)?;
        let last_day = period.map_or_else(|| calendar.local_date(at), |period| period.last_day());
        answer(&view, at, targets(&view, &policies, self.unit_seen(unit)?, target, calendar, last_day)?)
    }
}
