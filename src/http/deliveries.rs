//! `GET deliveries`, `GET dead-letters` and `POST dead-letters/replay`: what waits to be
//! delivered, what was given up, and sending that again; `GET bell`: what rang on the
//! desk; `GET deliveries/preview`: a message before it is raised.
//!
//! Several dead letters are sent again only by whoever says how many they expect: a dry
//! run tells the number first, and another number stops the whole.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answered::Answered;
use super::cases::named;
use super::events::read;
use super::params::Params;
use super::problem::Problem;
use super::site::{Asked, json};
use crate::courier;
use crate::courier::outcome::{Errand, replay};
use crate::courier::preview::Sample;
use crate::event::fact::Fact;
use crate::id::{Name, Seq, UnitId};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::deliveries::{DeadLetter, DeliveryFilter};
use crate::query::page::PageAsk;

/// The largest body that says what to send again.
const MOST_BODY: usize = 4 * 1024;
/// How long a decision is waited for.
const DECIDED_WITHIN: Duration = Duration::from_secs(10);
/// How many facts are stated at once.
const AT_ONCE: usize = 500;

/// What is to be sent again.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wanted {
    /// One dead letter, by the ledger entry that raised it; its unit and channel are
    /// named, too.
    #[serde(default)]
    pub reminder: Option<Seq>,
    /// Those to this unit.
    #[serde(default)]
    pub unit: Option<UnitId>,
    /// Those through this channel.
    #[serde(default)]
    pub channel: Option<Name>,
    /// How many they are, when no single one is named.
    #[serde(default)]
    pub expect: Option<u64>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// How many dead letters fit.
    pub matched: u64,
    /// How many of them are to be sent again.
    pub replayed: u64,
    /// Whether it was only counted.
    pub dry_run: bool,
}

/// The latest reminders and escalations, as the desk's bell has them.
///
/// # Errors
/// A problem, as all routes.
pub async fn bell<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let at = asked.at(&asked.params(&["at"])?)?;
    asked.answer(move |reader| reader.bell(at)).await
}

/// A page of what waits to be delivered, with counts.
///
/// # Errors
/// A problem, as all routes.
pub async fn deliveries<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&["channel", "unit", "at", "limit", "cursor"])?;
    let (filter, ask, at) = (filter(&params)?, params.page()?, asked.at(&params)?);
    asked.answer(move |reader| reader.deliveries(&filter, &ask, at)).await
}

/// A page of dead letters.
///
/// # Errors
/// A problem.
pub async fn dead_letters<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&["channel", "unit", "at", "limit", "cursor"])?;
    let (filter, ask, at) = (filter(&params)?, params.page()?, asked.at(&params)?);
    asked.answer(move |reader| reader.dead_letters(&filter, &ask, at)).await
}

/// A message as it would go out about a case, before anything is raised.
///
/// # Errors
/// A problem when the case is not seen, or has no such clock, rung, unit or channel.
pub async fn preview<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&["case", "clock", "rung", "nth", "unit", "channel", "language", "at"])?;
    let sample = sample(&params)?;
    let of = (asked.tenant.handle.tenant().clone(), asked.tenant.letterhead.clone());
    let now = (asked.site.now)();
    asked.answer(move |reader| courier::preview::preview(reader.clone(), of, &sample, now)).await
}

/// Which message is looked at, as the parameters of an address say.
///
/// # Errors
/// A problem that names the first that is missing or wrong.
pub fn sample(params: &Params) -> Result<Sample, Problem> {
    let case = params.text("case").ok_or_else(|| {
        Problem::new("parameter.missing", "name the case that the message is to be about").about("case", "")
    })?;
    Ok(Sample {
        case: named("case", case)?,
        clock: params.parsed("clock")?,
        rung: params.parsed("rung")?,
        nth: params.parsed("nth")?,
        unit: params.parsed("unit")?,
        channel: params.parsed("channel")?,
        lang: params.language("language")?,
        at: params.instant("at")?,
    })
}

fn filter(params: &Params) -> Result<DeliveryFilter, Problem> {
    Ok(DeliveryFilter {
        channel: params.parsed("channel")?,
        unit: params.parsed("unit")?,
        ..DeliveryFilter::default()
    })
}

/// Has dead letters sent again; with `dryRun=true` it only counts them.
///
/// # Errors
/// A problem when nothing fits, or another number than was expected.
pub async fn post_replay<S: Store, L: Log>(asked: Asked<S, L>, body: Body) -> Result<Response, Problem> {
    let params = asked.params(&["dryRun"])?;
    let dry_run = params.word("dryRun", &[("true", true), ("false", false)])?.unwrap_or(false);
    let body = read(body, MOST_BODY).await?;
    // An object: a list would be taken for the fields in their order.
    let wanted = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&body);
    let wanted = wanted.and_then(|fields| {
        let fields: serde_json::Map<_, _> = fields.into_iter().map(|(name, it)| (name, whole(it))).collect();
        serde_json::from_value(fields.into())
    });
    let wanted: Wanted = wanted.map_err(|error| {
        let detail = format!("say what to send again, as {{reminder, unit, channel, expect}}: {error}");
        Problem::new("parameter.invalid", detail).about("body", "")
    })?;
    let replayed = send_again(&asked, wanted, dry_run).await?;
    Ok(json(StatusCode::OK, &replayed))
}

/// A number without a fraction as an integer, which `1.0` is to JSON Schema.
fn whole(value: serde_json::Value) -> serde_json::Value {
    let number = value.as_f64().filter(|number| number.fract() == 0.0 && !value.is_u64());
    let number = number.and_then(|number| format!("{number:.0}").parse::<u64>().ok());
    number.map_or(value, Into::into)
}

/// Counts the dead letters that are wanted and, unless it is a dry run, states for each
/// that it is to be sent again.
///
/// # Errors
/// As [`post_replay`].
pub async fn send_again<S: Store, L: Log>(
    asked: &Asked<S, L>,
    wanted: Wanted,
    dry_run: bool,
) -> Result<Replayed, Problem> {
    let matched = count(asked, &wanted).await?;
    let told = Replayed { matched, replayed: 0, dry_run };
    if dry_run {
        return Ok(told);
    }
    let expected = match (wanted.reminder, wanted.expect) {
        (Some(_), _) => 1,
        (None, Some(expected)) => expected,
        (None, None) => {
            let detail =
                format!("{matched} dead letters fit; say \"expect\": {matched} to have them all sent again");
            return Err(Problem::new("replay.count", detail).about("expect", ""));
        }
    };
    if expected != matched {
        let detail = format!("{matched} dead letters fit, not {expected}; nothing was sent again");
        return Err(Problem::new("replay.count", detail).about("expect", &expected.to_string()));
    }
    let (mut replayed, mut cursor) = (0, None);
    while replayed < matched {
        let (letters, next) = page(asked, &wanted, cursor).await?;
        let left = usize::try_from(matched - replayed).unwrap_or(usize::MAX);
        // Whether they may was said at the door; the fact says who it was.
        let facts = letters.iter().take(left).map(|letter| fact(asked, letter));
        let facts = facts.collect::<Result<Vec<_>, _>>()?;
        let places = asked.tenant.ingest.submit(&facts).await?;
        decided(asked, places.last().copied()).await?;
        replayed += facts.len() as u64;
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(Replayed { replayed, ..told })
}

fn filter_of(wanted: &Wanted) -> DeliveryFilter {
    DeliveryFilter { channel: wanted.channel.clone(), unit: wanted.unit.clone(), ..DeliveryFilter::default() }
}

async fn count<S: Store, L: Log>(asked: &Asked<S, L>, wanted: &Wanted) -> Result<u64, Problem> {
    if wanted.reminder.is_some() {
        return Ok(page(asked, wanted, None).await?.0.len() as u64);
    }
    let (reader, filter, now) = (asked.reader(), filter_of(wanted), (asked.site.now)());
    let counted = tokio::task::spawn_blocking(move || reader.delivery_counts(&filter, now));
    let counted = counted.await.map_err(|error| Problem::new("server.failed", error.to_string()))??;
    if counted.body.cut {
        let detail = "there are more dead letters than can be counted at once; name a channel or a unit";
        return Err(Problem::new("replay.count", detail).about("channel", ""));
    }
    Ok(counted.body.dead)
}

/// Dead letters that are wanted, and where to go on.
async fn page<S: Store, L: Log>(
    asked: &Asked<S, L>,
    wanted: &Wanted,
    cursor: Option<String>,
) -> Result<(Vec<DeadLetter>, Option<String>), Problem> {
    let (reader, filter, now) = (asked.reader(), filter_of(wanted), (asked.site.now)());
    if let Some(reminder) = wanted.reminder {
        let (Some(channel), Some(unit)) = (wanted.channel.clone(), wanted.unit.clone()) else {
            let detail = "a single dead letter is named by reminder, unit and channel";
            return Err(Problem::new("replay.count", detail).about("reminder", &reminder.to_string()));
        };
        let found = tokio::task::spawn_blocking(move || reader.dead_letter(&channel, &unit, reminder));
        let found = found.await.map_err(|error| Problem::new("server.failed", error.to_string()))??;
        return Ok((vec![found], None));
    }
    let ask = PageAsk::new(Some(AT_ONCE), cursor)?;
    let found = tokio::task::spawn_blocking(move || reader.dead_letters(&filter, &ask, now));
    let found = found.await.map_err(|error| Problem::new("server.failed", error.to_string()))??;
    Ok((found.body.rows, found.body.next))
}

/// Waits until the last of several facts is decided, so that whoever asks next sees what
/// has become of them; one that was refused shows why.
async fn decided<S: Store, L: Log>(asked: &Asked<S, L>, last: Option<Seq>) -> Result<(), Problem> {
    let Some(last) = last else { return Ok(()) };
    let handle = &asked.tenant.handle;
    match handle.outcome(handle.expect(last), DECIDED_WITHIN).await {
        Some(outcome) => match &outcome.reason {
            Some(reason) => Err(Problem::refused(reason, &outcome)),
            None => Ok(()),
        },
        // They are stored, and the ledger will say.
        None => Ok(()),
    }
}

fn fact<S: Store, L: Log>(asked: &Asked<S, L>, letter: &DeadLetter) -> Result<Fact, Problem> {
    let of = &letter.delivery;
    let wrong = |error: crate::id::IdError| Problem::new("server.failed", error.to_string());
    let unit = UnitId::new(&of.unit.id).map_err(wrong)?;
    let errand = Errand { channel: of.channel.clone(), unit, reminder: of.reminder, round: of.round };
    replay(asked.tenant.handle.tenant(), &errand, asked.viewer.stated_by()).map_err(wrong)
}
