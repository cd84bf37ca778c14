//! What the courier remembers: its lanes, what of them is under way or rests, and the
//! places that messages end at.
//!
//! All of it can be lost: the rows of the projection bring it back. It is bounded by the
//! lanes, which are pairs of a channel and a unit, and by what is under way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::circuit::{Circuit, Passage};
use super::outcome::Errand;
use super::pacing::{Pacing, Room};
use crate::id::{Name, Seq, UnitId};
use crate::port::carrier::{Carriers, Pace, Recipient};
use crate::query::outbox::{Lane, is_intake};
use crate::time::Instant;

/// The most messages under way or being written at once, over all places: each holds its
/// texts in memory, some ten thousand characters.
pub const MOST_UNDER_WAY: u32 = 512;
/// The most ends that are told and not decided yet, before nothing new is begun: a step
/// or two of the engine's, so that whoever states a fact meanwhile does not wait behind
/// thousands of ends.
pub const MOST_TOLD: usize = 1_000;
/// How fast facts of reactions are given to the intake: as fast as it takes them.
const INTAKE_PACE: Pace = Pace { most: u32::MAX, within: Duration::from_secs(1), at_once: 8 };
/// How many lanes without an address are looked at at once: nothing is sent to them.
const NO_ADDRESS_PACE: Pace = Pace { most: u32::MAX, within: Duration::from_secs(1), at_once: 8 };

/// A channel and a unit.
pub type LaneId = (Name, UnitId);
/// A channel and the name of a place; an empty name where there is no address.
pub type PlaceId = (Name, String);

/// What is remembered of one reminder, by its place on the ledger and its round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// Its end is told; the row will go.
    Told,
    /// It failed and rests.
    Rests {
        /// How many times it was tried.
        tries: u32,
        /// Until when.
        until: Instant,
    },
}

/// What is remembered of the reminders of one lane.
pub type Notes = BTreeMap<(Seq, u32), Note>;

#[derive(Debug, Clone)]
struct LaneState {
    place: PlaceId,
    first: Seq,
    last: Seq,
    notes: Notes,
    /// It is being planned, or something of it is under way.
    busy: bool,
    /// It stands in its place's queue.
    queued: bool,
    /// Something came while it was busy.
    stale: bool,
    wake: Option<Instant>,
}

impl LaneState {
    /// Whether something is under way or will be looked at.
    const fn has_plans(&self) -> bool {
        self.busy || self.queued || self.wake.is_some()
    }
}

/// Whether a place is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It has nothing to do, or waits for something of its own to end.
    Idle,
    /// It is in the row of those to be served.
    Open,
    /// It is left alone until then.
    Asleep(Instant),
}

#[derive(Debug, Clone)]
struct PlaceState {
    circuit: Circuit,
    pacing: Pacing,
    queue: VecDeque<LaneId>,
    turn: Turn,
}

/// A lane that is to be planned now; room for one message is held.
#[derive(Debug, Clone)]
pub struct Turned {
    /// The lane.
    pub lane: LaneId,
    /// Where its messages end.
    pub place: PlaceId,
    /// What is remembered of it.
    pub notes: Notes,
}

/// How a message under way ended, for its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The place answered, for or against the message.
    Answer,
    /// It did not take it now, or nobody knows.
    Trouble {
        /// How long it asked to be left alone.
        after: Option<Duration>,
    },
}

/// All that is remembered.
#[derive(Debug, Default)]
pub struct Book {
    lanes: BTreeMap<LaneId, LaneState>,
    places: BTreeMap<PlaceId, PlaceState>,
    open: VecDeque<PlaceId>,
    lane_wakes: BTreeSet<(Instant, LaneId)>,
    place_wakes: BTreeSet<(Instant, PlaceId)>,
    under_way: u32,
    told: usize,
}

impl Book {
    /// Takes in which lanes there are. New ones and those that changed are looked at;
    /// those that are gone are forgotten: all of theirs is decided. `is_newest` tells
    /// that nothing newer was read meanwhile: then what stood before a lane's first row
    /// is decided, too. Where no lane is planned because too much is told and undecided,
    /// this alone shows that it has been decided.
    pub fn listed(&mut self, lanes: Vec<Lane>, carriers: &Carriers, is_newest: bool) {
        let mut there = BTreeSet::new();
        for Lane { channel, unit, first, last } in lanes {
            let id = (channel, unit);
            there.insert(id.clone());
            let known = self.lanes.get(&id);
            // A lane of the same rows that waits for nothing is looked at all the same:
            // a dead letter that is sent again stands where it stood before.
            if known.is_some_and(|lane| (lane.first, lane.last) == (first, last) && lane.has_plans()) {
                continue;
            }
            if known.is_none() {
                let place = self.place_of(&id, carriers);
                let state = LaneState {
                    place,
                    first,
                    last,
                    notes: Notes::new(),
                    busy: false,
                    queued: false,
                    stale: false,
                    wake: None,
                };
                self.lanes.insert(id.clone(), state);
            }
            if let Some(lane) = self.lanes.get_mut(&id) {
                (lane.first, lane.last) = (first, last);
            }
            if is_newest {
                self.keep_notes(&id, |(seq, _)| *seq >= first);
            }
            self.queue(&id);
        }
        let gone =
            |(id, lane): (&LaneId, &LaneState)| (!lane.busy && !there.contains(id)).then(|| id.clone());
        let gone: Vec<LaneId> = self.lanes.iter().filter_map(gone).collect();
        for id in gone {
            self.forget(&id);
        }
    }

    fn place_of(&mut self, id: &LaneId, carriers: &Carriers) -> PlaceId {
        let (channel, unit) = id;
        let recipient = Recipient { unit: unit.clone() };
        let destination = carriers.get(channel).and_then(|carrier| carrier.destination(&recipient));
        let (name, pace) = match destination {
            Some(destination) => (destination.name, destination.pace),
            None if is_intake(channel) => (channel.to_string(), INTAKE_PACE),
            None => (String::new(), NO_ADDRESS_PACE),
        };
        let place = (channel.clone(), name);
        self.places.entry(place.clone()).or_insert_with(|| PlaceState {
            circuit: Circuit::default(),
            pacing: Pacing::new(pace),
            queue: VecDeque::new(),
            turn: Turn::Idle,
        });
        place
    }

    fn forget(&mut self, id: &LaneId) {
        let Some(lane) = self.lanes.remove(id) else { return };
        self.told = self.told.saturating_sub(told_of(&lane.notes));
        if let Some(at) = lane.wake {
            self.lane_wakes.remove(&(at, id.clone()));
        }
    }

    /// Puts a lane into its place's queue; one that is busy comes after that.
    fn queue(&mut self, id: &LaneId) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        if lane.busy {
            lane.stale = true;
            return;
        }
        if let Some(at) = lane.wake.take() {
            self.lane_wakes.remove(&(at, id.clone()));
        }
        if lane.queued {
            return;
        }
        lane.queued = true;
        let place = lane.place.clone();
        if let Some(state) = self.places.get_mut(&place) {
            state.queue.push_back(id.clone());
            if state.turn == Turn::Idle {
                state.turn = Turn::Open;
                self.open.push_back(place);
            }
        }
    }

    /// Wakes what is due at `now`.
    pub fn pass(&mut self, now: Instant) {
        while let Some((_, id)) = self.lane_wakes.first().filter(|(at, _)| *at <= now).cloned() {
            self.queue(&id);
        }
        while let Some((at, place)) = self.place_wakes.first().filter(|(at, _)| *at <= now).cloned() {
            self.place_wakes.remove(&(at, place.clone()));
            self.opens(&place);
        }
    }

    fn opens(&mut self, place: &PlaceId) {
        let Some(state) = self.places.get_mut(place) else { return };
        match state.turn {
            Turn::Open => return,
            Turn::Asleep(at) => {
                self.place_wakes.remove(&(at, place.clone()));
            }
            Turn::Idle => {}
        }
        state.turn = Turn::Open;
        self.open.push_back(place.clone());
    }

    /// The next lane to be planned at `now`, its place having room and less than `most`
    /// being under way; places take turns.
    pub fn next(&mut self, now: Instant, most: u32) -> Option<Turned> {
        if self.under_way >= most.min(MOST_UNDER_WAY) || self.told >= MOST_TOLD {
            return None;
        }
        while let Some(place) = self.open.pop_front() {
            let Some(state) = self.places.get_mut(&place) else { continue };
            state.turn = Turn::Idle;
            if state.queue.is_empty() {
                continue;
            }
            let sleeps_until = match state.circuit.passage(now) {
                Passage::Shut(until) => Some(until),
                // What is under way may be the probe.
                Passage::Probe if state.pacing.busy() > 0 => continue,
                Passage::Probe | Passage::Free => match state.pacing.room(now) {
                    Room::Now => None,
                    Room::At(at) => Some(at),
                    Room::WhenOneEnds => continue,
                },
            };
            if let Some(until) = sleeps_until {
                state.turn = Turn::Asleep(until);
                self.place_wakes.insert((until, place));
                continue;
            }
            if let Some(turned) = self.take_from(&place) {
                return Some(turned);
            }
        }
        None
    }

    /// The first lane in a place's queue, with room held for one message.
    fn take_from(&mut self, place: &PlaceId) -> Option<Turned> {
        let state = self.places.get_mut(place)?;
        let mut taken = None;
        while let Some(id) = state.queue.pop_front() {
            // A lane that was forgotten meanwhile has nothing to do.
            if let Some(lane) = self.lanes.get_mut(&id) {
                (lane.queued, lane.busy, lane.stale) = (false, true, false);
                state.pacing.hold();
                self.under_way += 1;
                taken = Some(Turned { lane: id, place: place.clone(), notes: lane.notes.clone() });
                break;
            }
        }
        if !state.queue.is_empty() {
            state.turn = Turn::Open;
            self.open.push_back(place.clone());
        }
        taken
    }

    /// A planned lane sends something from `now` on.
    pub fn begins(&mut self, place: &PlaceId, now: Instant) {
        if let Some(state) = self.places.get_mut(place) {
            state.pacing.begin(now);
        }
    }

    /// A planned lane sends nothing now; it is looked at again at `wake`.
    pub fn rests(&mut self, id: &LaneId, wake: Option<Instant>) {
        let place = self.lanes.get(id).map(|lane| lane.place.clone());
        if let Some(state) = place.as_ref().and_then(|place| self.places.get_mut(place)) {
            state.pacing.release();
        }
        self.frees(id);
        let Some(lane) = self.lanes.get_mut(id).filter(|lane| !lane.queued) else { return };
        lane.wake = wake;
        if let Some(at) = wake {
            self.lane_wakes.insert((at, id.clone()));
        }
    }

    /// What a lane had under way has ended at `now`; the lane is looked at again.
    pub fn ends(&mut self, id: &LaneId, heard: Heard, now: Instant) {
        let place = self.lanes.get(id).map(|lane| lane.place.clone());
        if let Some((place, state)) =
            place.and_then(|place| Some((place.clone(), self.places.get_mut(&place)?)))
        {
            state.pacing.end();
            match heard {
                Heard::Answer => state.circuit.answered(),
                Heard::Trouble { after } => state.circuit.failed(&place.1, now, after),
            }
            // A place that answers again need not sleep out its time.
            if heard == Heard::Answer && matches!(state.turn, Turn::Asleep(_)) {
                self.opens(&place);
            }
        }
        if let Some(lane) = self.lanes.get_mut(id) {
            lane.stale = true;
        }
        self.frees(id);
    }

    /// A lane is not busy any more.
    fn frees(&mut self, id: &LaneId) {
        self.under_way = self.under_way.saturating_sub(1);
        let Some(lane) = self.lanes.get_mut(id) else { return };
        lane.busy = false;
        let (place, stale) = (lane.place.clone(), std::mem::take(&mut lane.stale));
        if stale {
            self.queue(id);
        }
        let is_waiting = |state: &PlaceState| state.turn == Turn::Idle && !state.queue.is_empty();
        if self.places.get(&place).is_some_and(is_waiting) {
            self.opens(&place);
        }
    }

    /// The end of an errand is told.
    pub fn told(&mut self, errand: &Errand) {
        let id = (errand.channel.clone(), errand.unit.clone());
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let before = lane.notes.insert((errand.reminder, errand.round), Note::Told);
        if before != Some(Note::Told) {
            self.told += 1;
        }
    }

    /// An errand failed for the `tries`-th time and rests.
    pub fn failed(&mut self, errand: &Errand, tries: u32, until: Instant) {
        let id = (errand.channel.clone(), errand.unit.clone());
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.notes.insert((errand.reminder, errand.round), Note::Rests { tries, until });
        }
    }

    /// Forgets the notes of rows that are gone: of those up to `until`, the ones that are
    /// not `there`.
    pub fn seen(&mut self, id: &LaneId, until: Seq, there: &BTreeSet<(Seq, u32)>) {
        self.keep_notes(id, |key| key.0 > until || there.contains(key));
    }

    /// Forgets the notes of a lane that are not to be kept: their rows are gone.
    fn keep_notes(&mut self, id: &LaneId, keep: impl Fn(&(Seq, u32)) -> bool) {
        let Some(lane) = self.lanes.get_mut(id) else { return };
        let before = told_of(&lane.notes);
        lane.notes.retain(|key, _| keep(key));
        self.told = self.told.saturating_sub(before - told_of(&lane.notes));
    }

    /// When something is to be looked at though nothing changes.
    #[must_use]
    pub fn wake(&self) -> Option<Instant> {
        let lane = self.lane_wakes.first().map(|(at, _)| *at);
        let place = self.place_wakes.first().map(|(at, _)| *at);
        [lane, place].into_iter().flatten().min()
    }

    /// The places that are left alone because they do not answer.
    pub fn shut(&self) -> impl Iterator<Item = &PlaceId> {
        self.places.iter().filter(|(_, state)| state.circuit.is_open()).map(|(place, _)| place)
    }

    /// How many lanes have no address.
    #[must_use]
    pub fn without_address(&self) -> usize {
        self.lanes.values().filter(|lane| lane.place.1.is_empty()).count()
    }

    /// How many lanes there are, how many messages are planned or under way, and how
    /// many ends are told and not decided.
    #[must_use]
    pub fn sizes(&self) -> (usize, u32, usize) {
        (self.lanes.len(), self.under_way, self.told)
    }
}

fn told_of(notes: &Notes) -> usize {
    notes.values().filter(|note| matches!(note, Note::Told)).count()
}

#[cfg(test)]
mod tests;
