//! The courier's loop: lists lanes, plans them, sends, and tells how it ended.
//!
//! One task owns what is remembered; reading rows and writing texts happens where it may
//! block, sending on tasks of its own. It works while its engine leads. What the intake
//! held when the engine began to lead is decided first: among it may be ends that an
//! earlier courier told in its last moment.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant as Moment;

use super::attempt::carry;
use super::backoff;
use super::book::{Book, Heard, LaneId, MOST_UNDER_WAY, PlaceId, Turned};
use super::letter::Office;
use super::outcome::{End, Errand, fact};
use super::signs::{Signs, Still, something_is_due};
use super::survey::{Content, Parcel, Survey, Tried, survey};
use super::telling::Telling;
use crate::engine::handle::{Handle, Role, Status};
use crate::engine::ingest::Ingest;
use crate::engine::tick::tick;
use crate::id::Seq;
use crate::port::carrier::{Carried, CarryError};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::error::QueryError;
use crate::query::outbox::Lane;
use crate::time::Instant;

/// The most lanes that are served at once: a hundred channels to two hundred units. Those
/// beyond come in as others empty.
const MOST_LANES: usize = 20_000;
/// How many tasks read lanes and write messages at most, and how many lanes each at once.
const MOST_PLANNERS: usize = 4;
const LANES_AT_ONCE: usize = 16;
/// The least pause between two listings of lanes; a listing that takes long is followed
/// by a pause of ten times as long.
const LIST_EVERY: Duration = Duration::from_millis(50);
/// The longest pause between two looks at the clock, which tests set at will.
const LOOK_AROUND: Duration = Duration::from_millis(250);
/// When a lane that could not be read is read again.
const READ_AGAIN: Duration = Duration::from_millis(500);
/// How long a courier waits whose engine has not shown yet that it alone leads; then it
/// sends one message at a time, whose end shows it. Longer than an engine takes to take
/// over ([`crate::engine::settings::Settings::takeover_after`]), so that one that only
/// believes that it leads mostly learns better before.
const UNCONFIRMED_WAIT: Duration = Duration::from_millis(1_500);
/// How often a courier that follows looks whether anybody delivers.
const LOOK_FOR_LEADER: Duration = Duration::from_secs(2);
/// How long what is under way may take once the courier is to stop.
const END_WITHIN: Duration = Duration::from_secs(10);

/// How the courier stands, for whoever watches.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether it sends: its engine leads.
    pub active: bool,
    /// Pairs of a channel and a unit for which something waits.
    pub lanes: usize,
    /// Messages being written or under way.
    pub under_way: u32,
    /// Ends that are told and not decided yet.
    pub undecided: usize,
    /// Those of the pairs of which no address is known.
    pub without_address: usize,
    /// Places that are left alone because they do not answer: channel and place.
    pub shut: Vec<(String, String)>,
}

/// Delivers what one tenant's ledger says is to be told.
pub struct Courier<S: Store, L: Log> {
    office: Arc<Office<S, L>>,
    engine: Handle<S>,
    status: watch::Receiver<Status>,
    intake: L,
    signs: Signs,
    /// When it began to deliver, and when it last showed that it lives.
    begun: Moment,
    beaten: (Moment, Seq),
    book: Book,
    telling: Telling,
    listing: JoinSet<Listed>,
    planning: JoinSet<Planned>,
    /// How many tasks plan at once: half of the machine is left to the engine.
    planners: usize,
    sending: JoinSet<Ended>,
    /// The latest entry that anything read took into account: nothing older counts.
    seen: Seq,
    /// Whether there may be lanes that were not listed.
    stale: bool,
    list_at: Moment,
    report: watch::Sender<Report>,
}

/// The lanes as of an entry, and how long listing them took.
struct Listed {
    /// The entry that the listing must take into account at least.
    floor: Seq,
    lanes: Result<(Seq, Vec<Lane>), QueryError>,
    took: Duration,
}

/// Lanes that were looked at.
struct Planned {
    /// The entry that each look must take into account at least.
    floor: Seq,
    lanes: Vec<(Turned, Result<Survey, QueryError>)>,
}

/// How an attempt ended.
struct Ended {
    lane: LaneId,
    errands: Vec<Tried>,
    key: String,
    result: Result<Carried, CarryError>,
    /// The fact of a reaction has an end of its own: its verdict.
    is_fact: bool,
}

impl<S: Store, L: Log> Courier<S, L> {
    /// A courier of the office that works while its engine leads, and what shows how it
    /// stands. Must be called within a runtime.
    #[must_use]
    pub fn new(
        office: Office<S, L>,
        engine: Handle<S>,
        intake: L,
        signs: Signs,
    ) -> (Self, watch::Receiver<Report>) {
        let telling = Telling::new(Ingest::start(intake.clone(), office.tenant.clone()));
        let (report, shown) = watch::channel(Report::default());
        let courier = Self {
            office: Arc::new(office),
            status: engine.watch(),
            engine,
            intake,
            signs,
            begun: Moment::now(),
            beaten: (Moment::now(), Seq::ZERO),
            book: Book::default(),
            telling,
            listing: JoinSet::new(),
            planning: JoinSet::new(),
            planners: std::thread::available_parallelism()
                .map_or(1, |cores| (cores.get() / 2).clamp(1, MOST_PLANNERS)),
            sending: JoinSet::new(),
            seen: Seq::ZERO,
            stale: true,
            list_at: Moment::now(),
            report,
        };
        (courier, shown)
    }

    /// Works until `stop` says true or is gone.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while self.may_begin(&mut stop).await {
            tracing::info!(tenant = %self.office.tenant, "the courier delivers");
            self.deliver(&mut stop).await;
            self.wind_down().await;
        }
        tracing::info!(tenant = %self.office.tenant, "the courier has stopped");
    }

    /// Waits until the engine leads and has decided what was there before; `false` when
    /// the courier is to stop.
    async fn may_begin(&mut self, stop: &mut watch::Receiver<bool>) -> bool {
        let mut still = Still::default();
        loop {
            let leads = |status: &Status| status.role == Role::Leading && status.ledger_seq > Seq::ZERO;
            let led = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return false,
                () = self.telling.step() => false,
                () = tokio::time::sleep(LOOK_FOR_LEADER) => false,
                led = self.status.wait_for(leads) => match led {
                    Ok(_) => true,
                    Err(_) => return false,
                },
            };
            if !led {
                self.look_for_leader(&mut still).await;
                continue;
            }
            let Ok(last) = self.intake.last().await else {
                tokio::time::sleep(READ_AGAIN).await;
                continue;
            };
            let is_through = |status: &Status| {
                let through = status.decided_seq >= last || status.intake_seq >= last && status.lag == 0;
                status.role != Role::Leading || through
            };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return false,
                through = self.status.wait_for(is_through) => match through {
                    Ok(status) if status.role == Role::Leading => return true,
                    Ok(_) => {}
                    Err(_) => return false,
                },
            }
        }
    }

    /// Has the engine lead when it follows nobody: nothing moves, though something should
    /// be sent.
    async fn look_for_leader(&self, still: &mut Still) {
        let (role, ledger) = {
            let status = self.status.borrow();
            (status.role, status.ledger_seq)
        };
        let Ok(intake) = self.intake.last().await else { return };
        if role != Role::Following || still.at != Some((ledger, intake)) {
            *still = Still { at: Some((ledger, intake)), since: Moment::now() };
            return;
        }
        if still.since.elapsed() < self.signs.patience {
            return;
        }
        still.since = Moment::now();
        let office = Arc::clone(&self.office);
        let looked = tokio::task::spawn_blocking(move || something_is_due(&office)).await;
        if matches!(looked, Ok(Ok(true))) {
            tracing::info!(tenant = %self.office.tenant, "nobody delivers what is due; this engine is to lead");
            self.engine.lead().await;
        }
    }

    /// Lets time pass in the intake, so that others see that somebody delivers.
    fn gives_sign(&mut self) {
        let read = self.status.borrow().intake_seq;
        let (at, seen) = self.beaten;
        if read != seen || self.book.sizes().0 == 0 {
            self.beaten = (Moment::now(), read);
        } else if at.elapsed() >= self.signs.every {
            self.beaten = (Moment::now(), read);
            let (intake, tick) = (self.intake.clone(), tick(&self.office.tenant));
            tokio::spawn(async move {
                // A sign that is lost is followed by others.
                let _ = intake.append(vec![tick], None).await;
            });
        }
    }

    /// How much may be under way now.
    fn most_under_way(&self) -> u32 {
        let (_, _, told) = self.book.sizes();
        if self.status.borrow().confirmed {
            MOST_UNDER_WAY
        } else {
            let is_calm = told == 0 && self.telling.is_done();
            u32::from(is_calm && self.begun.elapsed() >= UNCONFIRMED_WAIT)
        }
    }

    /// Delivers while the engine leads.
    async fn deliver(&mut self, stop: &mut watch::Receiver<bool>) {
        self.seen = self.status.borrow().ledger_seq;
        self.stale = true;
        self.begun = Moment::now();
        loop {
            let leads = {
                let status = self.status.borrow_and_update();
                // A change that came while something else woke the loop counts, too: it
                // is seen here, so that waiting for it below would be in vain.
                self.stale |= status.has_changed();
                status.role == Role::Leading
            };
            if !leads || *stop.borrow() {
                return;
            }
            let now = (self.office.now)();
            self.list();
            self.gives_sign();
            self.book.pass(now);
            self.plan(now);
            let pause = self.pause(now);
            tokio::select! {
                // The sender going also means to stop.
                changed = stop.changed() => if changed.is_err() { return },
                changed = self.status.changed() => match changed {
                    Ok(()) => self.stale = true,
                    Err(_) => return,
                },
                Some(listed) = self.listing.join_next() => self.listed(listed),
                Some(surveyed) = self.planning.join_next() => self.surveyed(surveyed),
                Some(ended) = self.sending.join_next() => self.ended(ended),
                () = self.telling.step() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn pause(&self, now: Instant) -> Duration {
        let wake = self.book.wake().map_or(LOOK_AROUND, |at| at.since(now).min(LOOK_AROUND));
        let list = self.list_at.saturating_duration_since(Moment::now());
        if self.stale && self.listing.is_empty() { wake.min(list) } else { wake }
    }

    /// Begins to list the lanes, if something may have changed.
    fn list(&mut self) {
        if !self.stale || !self.listing.is_empty() || Moment::now() < self.list_at {
            return;
        }
        self.stale = false;
        let (office, floor) = (Arc::clone(&self.office), self.seen);
        self.listing.spawn_blocking(move || {
            let began = Moment::now();
            let lanes = office.reader.lanes(MOST_LANES);
            Listed { floor, lanes, took: began.elapsed() }
        });
    }

    fn listed(&mut self, listed: Result<Listed, tokio::task::JoinError>) {
        let pause = listed.as_ref().map_or(LIST_EVERY, |listed| LIST_EVERY.max(listed.took * 10));
        self.list_at = Moment::now() + pause;
        match listed.map(|listed| (listed.floor, listed.lanes)) {
            Ok((floor, Ok((seq, lanes)))) if seq >= floor => {
                let is_newest = seq >= self.seen;
                self.seen = self.seen.max(seq);
                self.book.listed(lanes, &self.office.carriers, is_newest);
            }
            // A projection that is being made again shows the past.
            Ok((_, Ok(_))) => self.stale = true,
            Ok((_, Err(error))) => {
                tracing::warn!(tenant = %self.office.tenant, %error, "the courier cannot read what waits");
                (self.stale, self.list_at) = (true, Moment::now() + READ_AGAIN);
            }
            Err(error) => {
                tracing::error!(%error, "listing what waits has died");
                (self.stale, self.list_at) = (true, Moment::now() + READ_AGAIN);
            }
        }
        self.tell_how_it_stands();
    }

    /// Begins to plan lanes whose places have room.
    fn plan(&mut self, now: Instant) {
        let most = self.most_under_way();
        while self.planning.len() < self.planners {
            let turned: Vec<Turned> =
                std::iter::from_fn(|| self.book.next(now, most)).take(LANES_AT_ONCE).collect();
            if turned.is_empty() {
                return;
            }
            let (office, raised_until, floor) = (Arc::clone(&self.office), self.raised_until(), self.seen);
            self.planning.spawn(async move {
                let lanes = turned.clone();
                let read = move || -> Vec<_> {
                    turned.iter().map(|turned| survey(&office, turned, (now, raised_until))).collect()
                };
                let lanes = match tokio::task::spawn_blocking(read).await {
                    Ok(surveys) => lanes.into_iter().zip(surveys).collect(),
                    Err(error) => {
                        let died = || Err(QueryError::entry(Seq::ZERO, &error));
                        lanes.into_iter().map(|turned| (turned, died())).collect()
                    }
                };
                Planned { floor, lanes }
            });
        }
    }

    /// Before which instant every reminder is on the ledger and seen.
    fn raised_until(&self) -> Instant {
        let status = self.status.borrow();
        if status.lag > 0 { Instant::MIN } else { status.next_timer_at.unwrap_or(Instant::MAX) }
    }

    fn surveyed(&mut self, surveyed: Result<Planned, tokio::task::JoinError>) {
        let now = (self.office.now)();
        match surveyed {
            Ok(Planned { floor, lanes }) => {
                for (turned, result) in lanes {
                    self.acts(turned, result, (now, floor));
                }
            }
            // The task only waits; it does not die but with the runtime.
            Err(error) => tracing::error!(%error, "planning has died"),
        }
    }

    /// Does what was planned for a lane, from rows that must not be older than `floor`.
    fn acts(&mut self, turned: Turned, result: Result<Survey, QueryError>, (now, floor): (Instant, Seq)) {
        let survey = match result {
            Ok(survey) if survey.seq >= floor => survey,
            // A projection that is being made again shows the past.
            Ok(_) => return self.book.rests(&turned.lane, Some(now.plus(READ_AGAIN))),
            Err(error) => {
                let (channel, unit) = &turned.lane;
                tracing::warn!(tenant = %self.office.tenant, %channel, %unit, %error, "a lane cannot be read");
                return self.book.rests(&turned.lane, Some(now.plus(READ_AGAIN)));
            }
        };
        self.seen = self.seen.max(survey.seq);
        self.book.seen(&turned.lane, survey.until, &survey.there);
        let has_ends = !survey.ends.is_empty();
        for (errand, end, tries) in survey.ends {
            self.end(&errand, &end, tries);
        }
        match survey.parcel {
            Some(parcel) => {
                self.book.begins(&turned.place, now);
                self.send(turned, parcel);
            }
            // There may be more behind what has ended.
            None => self.book.rests(&turned.lane, if has_ends { Some(now) } else { survey.wake }),
        }
    }

    fn send(&mut self, turned: Turned, parcel: Parcel) {
        let (office, ingest) = (Arc::clone(&self.office), self.telling.ingest().clone());
        let Parcel { errands, key, content } = parcel;
        let (lane, is_fact) = (turned.lane.clone(), matches!(content, Content::Fact(_)));
        self.sending.spawn(async move {
            // A carrier that panics must not leave its lane busy for ever.
            let attempt = tokio::spawn(async move { carry(&office, &ingest, &turned.lane, content).await });
            let lost = |error: tokio::task::JoinError| Err(CarryError::Unknown { reason: error.to_string() });
            let result = attempt.await.unwrap_or_else(lost);
            Ended { lane, errands, key, result, is_fact }
        });
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        let Ended { lane, errands, key, result, is_fact } = match ended {
            Ok(ended) => ended,
            Err(error) => return tracing::error!(%error, "sending has died"),
        };
        let now = (self.office.now)();
        self.count(&lane, &result);
        let heard = match result {
            Ok(_) if is_fact => {
                for it in &errands {
                    self.book.told(&it.errand);
                }
                Heard::Answer
            }
            Ok(Carried { note }) => {
                let end = End::Delivered(note);
                for it in &errands {
                    self.end(&it.errand, &end, it.tries + 1);
                }
                Heard::Answer
            }
            Err(CarryError::Never { reason }) => {
                let end = End::Failed(reason);
                for it in &errands {
                    self.end(&it.errand, &end, it.tries + 1);
                }
                Heard::Answer
            }
            Err(CarryError::Again { after, reason }) => self.failed(&errands, (&key, now), reason, after),
            Err(CarryError::Unknown { reason }) => self.failed(&errands, (&key, now), reason, None),
        };
        self.book.ends(&lane, heard, now);
    }

    /// An attempt has failed: what is not given up rests.
    fn failed(
        &mut self,
        errands: &[Tried],
        (key, now): (&str, Instant),
        reason: String,
        after: Option<Duration>,
    ) -> Heard {
        tracing::debug!(key, reason, "not delivered; it is tried again");
        for Tried { errand, tries, gives_up_at } in errands {
            let tries = tries + 1;
            if *gives_up_at <= now {
                self.end(errand, &End::Failed(reason.clone()), tries);
            } else {
                self.book.failed(errand, tries, now.plus(backoff::wait(key, tries, after)));
            }
        }
        Heard::Trouble { after }
    }

    /// Tells how an errand ended.
    fn end(&mut self, errand: &Errand, end: &End, attempts: u32) {
        match fact(&self.office.tenant, errand, end, attempts) {
            Ok(fact) => {
                self.telling.tell(fact);
                self.book.told(errand);
            }
            Err(error) => tracing::error!(%error, "the end of a delivery cannot be stated"),
        }
        let (tenant, channel) = (self.office.tenant.to_string(), errand.channel.to_string());
        metrics::counter!("duban_delivery_ends_total", "tenant" => tenant, "channel" => channel, "end" => end.word())
            .increment(1);
    }

    fn count(&self, lane: &LaneId, result: &Result<Carried, CarryError>) {
        let word = match result {
            Ok(_) => "taken",
            Err(CarryError::Again { .. }) => "again",
            Err(CarryError::Never { .. }) => "never",
            Err(CarryError::Unknown { .. }) => "unknown",
        };
        let (tenant, channel) = (self.office.tenant.to_string(), lane.0.to_string());
        metrics::counter!("duban_delivery_tries_total", "tenant" => tenant, "channel" => channel, "result" => word)
            .increment(1);
    }

    fn tell_how_it_stands(&self) {
        let (lanes, under_way, undecided) = self.book.sizes();
        let shut: Vec<(String, String)> =
            self.book.shut().map(|(channel, place): &PlaceId| (channel.to_string(), place.clone())).collect();
        let tenant = self.office.tenant.to_string();
        let gauge = |name: &'static str, value: f64| {
            metrics::gauge!(name, "tenant" => tenant.clone()).set(value);
        };
        gauge("duban_delivery_lanes", lanes as f64);
        gauge("duban_delivery_under_way", f64::from(under_way));
        gauge("duban_delivery_undecided", undecided as f64);
        gauge("duban_delivery_places_shut", shut.len() as f64);
        let without_address = self.book.without_address();
        gauge("duban_delivery_without_address", without_address as f64);
        self.report.send_replace(Report { active: true, lanes, under_way, undecided, without_address, shut });
    }

    /// Waits for what is under way, tells how it ended, and forgets the rest.
    async fn wind_down(&mut self) {
        self.listing.abort_all();
        self.planning.abort_all();
        let until = Moment::now() + END_WITHIN;
        while let Ok(Some(ended)) = tokio::time::timeout_at(until, self.sending.join_next()).await {
            self.ended(ended);
        }
        while !self.telling.is_done() {
            if tokio::time::timeout_at(until, self.telling.step()).await.is_err() {
                break;
            }
        }
        (self.listing, self.planning, self.sending) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
        self.book = Book::default();
        self.report.send_replace(Report::default());
    }
}
