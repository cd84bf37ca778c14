//! Looking at a lane: its rows, what is remembered of them, and what to do now.

use std::collections::BTreeSet;
use std::time::Duration;

use super::book::{Note, Turned};
use super::letter::{self, Envelope, Office};
use super::outcome::{End, Errand};
use super::plan::{MOST_MERGED, Waiting, plan, without_address};
use super::terms::{Gathering, Raised, Terms};
use crate::event::fact::Fact;
use crate::id::{Name, Seq};
use crate::kernel::row::Pending;
use crate::policy::definition::delivery::Channel;
use crate::port::carrier::Message;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::error::QueryError;
use crate::query::outbox::{LanePage, is_intake};
use crate::query::policy_cache::Policies;
use crate::time::Instant;

/// How many rows of a lane are read besides those that are remembered, where one message
/// tells many: two messages' worth, so that a message is full even when half of what is
/// read is held back.
const PAGE: usize = 2 * MOST_MERGED;
/// The same where each reminder has its own message: more than a case has waiting as a
/// rule, so that one that is held back holds back no other.
const PAGE_OF_SINGLE: usize = 24;
/// How long attempts go on where the policy that named the channel is gone.
const USUAL_PATIENCE: Duration = Duration::from_secs(72 * 3_600);

/// What a lane holds and what to do with it.
#[derive(Debug)]
pub struct Survey {
    /// The last ledger entry that it takes into account.
    pub seq: Seq,
    /// How far the lane was read; to its end when this is the last place of all.
    pub until: Seq,
    /// What was there up to that place.
    pub there: BTreeSet<(Seq, u32)>,
    /// What ends without being sent, each with how often it was tried.
    pub ends: Vec<(Errand, End, u32)>,
    /// What to send.
    pub parcel: Option<Parcel>,
    /// When to look again though nothing changes.
    pub wake: Option<Instant>,
}

/// What goes out at once.
#[derive(Debug)]
pub struct Parcel {
    /// The reminders in it, in the order of the ledger.
    pub errands: Vec<Tried>,
    /// The same for every attempt at the same.
    pub key: String,
    /// What goes out.
    pub content: Content,
}

/// A reminder with what its attempts know.
#[derive(Debug, Clone)]
pub struct Tried {
    /// Which it is.
    pub errand: Errand,
    /// How many times it was tried, by this courier.
    pub tries: u32,
    /// When attempts end.
    pub gives_up_at: Instant,
}

/// What a parcel holds.
#[derive(Debug)]
pub enum Content {
    /// A message to people or systems.
    Message(Box<Message>),
    /// A fact for the intake.
    Fact(Box<Fact>),
}

/// Looks at a lane at `now`; every reminder dated before `raised_until` is on the ledger.
/// Blocking.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn survey<S: Store, L: Log>(
    office: &Office<S, L>,
    turned: &Turned,
    (now, raised_until): (Instant, Instant),
) -> Result<Survey, QueryError> {
    let (channel, unit) = &turned.lane;
    let policies = office.reader.in_force()?;
    let (of_policy, terms) = terms(&policies, channel);
    let most = if matches!(terms.gathering, Gathering::None) { PAGE_OF_SINGLE } else { PAGE };
    let page = office.reader.lane_page(channel, unit, most + turned.notes.len())?;
    let waiting: Vec<Waiting> = page.rows.iter().map(|row| waiting(turned, row)).collect();
    let mut survey = Survey::of(&page);
    let errand =
        |place: usize| page.rows.get(place).map(|(seq, pending)| tried(turned, &terms, *seq, pending));
    if turned.place.1.is_empty() {
        let (over, wake) = without_address(&waiting, &terms, now);
        let note = || format!("no address of {unit} is known for the channel {channel}");
        let ends = over.into_iter().filter_map(errand);
        survey.ends = ends.map(|it| (it.errand, End::Failed(note()), it.tries)).collect();
        survey.wake = wake;
        return Ok(survey);
    }
    let stands = |place: usize| match page.rows.get(place) {
        Some((_, pending)) => office.reader.standing(pending),
        None => Ok(crate::query::outbox::Standing::Closed),
    };
    let plan = plan(&waiting, &terms, (now, raised_until), stands)?;
    survey.wake = plan.wake;
    let withdrawn = plan.withdraw.iter().filter_map(|(place, standing)| Some((errand(*place)?, *standing)));
    survey.ends = withdrawn.map(|(it, standing)| (it.errand, End::Withdrawn(standing), it.tries)).collect();
    let rows: Vec<&(Seq, Pending)> = plan.send.iter().filter_map(|place| page.rows.get(*place)).collect();
    let errands: Vec<Tried> = plan.send.iter().filter_map(|place| errand(*place)).collect();
    let Some(first) = errands.first() else { return Ok(survey) };
    let key = letter::key(office, &first.errand)?;
    if is_intake(channel) {
        survey.publishes(rows, errands, key);
        return Ok(survey);
    }
    let is_digest = matches!(terms.gathering, Gathering::Digest(_));
    let envelope = Envelope { channel, unit, key: key.clone(), at: plan.at, is_digest };
    let raised = letter::with_cases(office, rows)?;
    let message = letter::write(office, (&policies, letter::language(of_policy)), &envelope, &raised)?;
    survey.parcel = Some(Parcel { errands, key, content: Content::Message(Box::new(message)) });
    Ok(survey)
}

impl Survey {
    fn of(page: &LanePage) -> Self {
        let last = page.rows.last().filter(|_| page.more).map(|(seq, _)| *seq);
        Self {
            seq: page.seq,
            until: last.unwrap_or(Seq(u64::MAX)),
            there: page.rows.iter().map(|(seq, pending)| (*seq, pending.round)).collect(),
            ends: Vec::new(),
            parcel: None,
            wake: None,
        }
    }

    /// Sends the fact of a reaction; one that cannot be read is given up.
    fn publishes(&mut self, rows: Vec<&(Seq, Pending)>, errands: Vec<Tried>, key: String) {
        let text = rows.first().and_then(|(_, pending)| pending.fact.as_deref()).unwrap_or_default();
        match serde_json::from_str::<Fact>(text) {
            Ok(fact) => self.parcel = Some(Parcel { errands, key, content: Content::Fact(Box::new(fact)) }),
            Err(error) => {
                let end = End::Failed(format!("the fact cannot be read: {error}"));
                self.ends.extend(errands.into_iter().map(|it| (it.errand, end.clone(), it.tries)));
            }
        }
    }
}

fn waiting(turned: &Turned, (seq, pending): &(Seq, Pending)) -> Waiting {
    let note = turned.notes.get(&(*seq, pending.round));
    Waiting {
        seq: *seq,
        case: pending.case.clone(),
        raised: raised(pending),
        told: note == Some(&Note::Told),
        rests_until: match note {
            Some(Note::Rests { until, .. }) => Some(*until),
            Some(Note::Told) | None => None,
        },
    }
}

fn tried(turned: &Turned, terms: &Terms<'_>, seq: Seq, pending: &Pending) -> Tried {
    let (channel, unit) = turned.lane.clone();
    let tries = match turned.notes.get(&(seq, pending.round)) {
        Some(Note::Rests { tries, .. }) => *tries,
        Some(Note::Told) | None => 0,
    };
    let gives_up_at = terms.release(raised(pending)).plus(terms.give_up_after);
    Tried { errand: Errand { channel, unit, reminder: seq, round: pending.round }, tries, gives_up_at }
}

fn raised(pending: &Pending) -> Raised {
    Raised { at: pending.at, due_at: pending.due_at }
}

/// The channel as the policy in force has it, and what it keeps to.
pub(super) fn terms<'p>(policies: &'p Policies, name: &Name) -> (Option<&'p Channel>, Terms<'p>) {
    let plain = Terms { quiet: None, gathering: Gathering::None, give_up_after: USUAL_PATIENCE };
    let channels = policies.set.delivery().map(|delivery| delivery.channels.as_slice()).unwrap_or_default();
    let Some(channel) = channels.iter().find(|channel| channel.name == *name) else { return (None, plain) };
    let quiet = channel.quiet.as_ref().and_then(|quiet| policies.set.calendar(&quiet.calendar));
    let minutes = |minutes: u32| Duration::from_secs(u64::from(minutes) * 60);
    let gathering = match (&channel.merge, channel.digest) {
        (_, Some(at)) => Gathering::Digest(at),
        (Some(merge), None) => Gathering::Merge(minutes(merge.minutes)),
        (None, None) => Gathering::None,
    };
    let give_up_after = Duration::from_secs(u64::from(channel.give_up_after.hours) * 3_600);
    (Some(channel), Terms { quiet: quiet.map(|(_, calendar)| calendar), gathering, give_up_after })
}
