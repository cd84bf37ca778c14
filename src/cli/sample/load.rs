//! States the sample once, and goes on with it after a stop half-way.
//!
//! A small file beside the data remembers the instant that the sample was made
//! for. Facts have ids, so stating it again changes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::story::Story;
use super::{changqing, duties, genhe};
use crate::calendar::Calendar;
use crate::cli::exit::{Exit, Failure, OrExit as _};
use crate::cli::operator::InForce;
use crate::cli::publishing::state;
use crate::cli::service::{Room, ready};
use crate::engine::handle::Outcome;
use crate::event::fact::Fact;
use crate::id::{Seq, TenantId};
use crate::policy::definition::Definition;
use crate::port::log::Log as _;
use crate::time::Instant;

/// What is remembered of a tenant's sample.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    /// The instant that it was made for.
    made_for: Instant,
    /// Whether all of it was stated.
    complete: bool,
}

/// What became of the sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loaded {
    /// How many facts were stated now.
    pub facts: usize,
    /// How many of them were refused, as some are meant to be.
    pub refused: usize,
}

/// The facts of a tenant's sample made for `now`: its policies first.
///
/// # Errors
/// [`Failure`] when the policies have no calendar that it could be laid on.
pub fn facts(tenant: &TenantId, definitions: &[Definition], now: Instant) -> Result<Vec<Fact>, Failure> {
    let calendar = definitions.iter().find_map(|definition| match definition {
        Definition::Calendar(def) => Calendar::new(def.clone()).ok(),
        Definition::Register(_)
        | Definition::EventType(_)
        | Definition::Notice(_)
        | Definition::Workflow(_)
        | Definition::Target(_)
        | Definition::Scorecard(_)
        | Definition::Delivery(_)
        | Definition::Answers(_)
        | Definition::Reaction(_) => None,
    });
    let calendar =
        calendar.ok_or_else(|| Failure::new(Exit::Usage, "make the sample: there is no calendar"))?;
    let mut story = Story::new(tenant, &calendar, now);
    let mut facts = InForce::default().missing(definitions, Some(story.begin))?;
    duties::tell(&mut story, definitions);
    match tenant.as_str() {
        "changqing" => changqing::tell(&mut story),
        "genhe" => genhe::tell(&mut story),
        // The sample of any other tenant is what its own policies demand.
        _ => {}
    }
    facts.extend(story.facts()?);
    Ok(facts)
}

/// States the sample if the tenant is new, or if it was begun and not finished.
///
/// # Errors
/// [`Failure`] when the engine or the intake has stopped.
pub async fn load(
    room: &Room,
    data: &Path,
    definitions: &[Definition],
    now: Instant,
) -> Result<Option<Loaded>, Failure> {
    let place = marker_place(data, &room.tenant);
    let marker = match read(&place) {
        Some(marker) if marker.complete => return Ok(None),
        Some(marker) => marker,
        None if room.intake.last().await.or_exit(Exit::Unreachable)? > Seq::ZERO => return Ok(None),
        None => Marker { made_for: now, complete: false },
    };
    write(&place, marker)?;
    if !ready(&room.handle).await {
        return Err(Failure::new(Exit::Stopped, "load the sample: the engine has stopped"));
    }
    let facts = facts(&room.tenant, definitions, marker.made_for)?;
    let outcomes = state(room, &facts).await?;
    write(&place, Marker { complete: true, ..marker })?;
    let refused = |outcome: &Option<Outcome>| outcome.as_ref().is_some_and(|it| it.reason.is_some());
    Ok(Some(Loaded { facts: facts.len(), refused: outcomes.iter().filter(|it| refused(it)).count() }))
}

fn marker_place(data: &Path, tenant: &TenantId) -> PathBuf {
    data.join(format!("sample-{tenant}.json"))
}

/// What is remembered; a file that cannot be read counts as none, and then only a
/// tenant without any fact gets the sample.
fn read(place: &Path) -> Option<Marker> {
    serde_json::from_slice(&fs::read(place).ok()?).ok()
}

fn write(place: &Path, marker: Marker) -> Result<(), Failure> {
    let text = serde_json::to_string(&marker)?;
    fs::write(place, text).or_failed_to(Exit::Failed, format!("write {}", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::folder;

    /// Instants that are awkward: a working noon, a weekend night, the first
    /// minutes of a month, the days after a long holiday.
    const AWKWARD: [&str; 5] = [
        "2026-06-24T12:00:00+08:00",
        "2026-11-22T02:30:00+08:00",
        "2026-09-01T00:05:00+08:00",
        "2026-10-08T09:00:00+08:00",
        "2027-03-01T08:00:00+08:00",
    ];

    fn definitions(tenant: &TenantId) -> Vec<Definition> {
        let workflows = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows");
        let found = folder::definitions(&workflows, std::slice::from_ref(tenant));
        found.unwrap_or_else(|failure| panic!("{failure}")).remove(tenant).expect("a tenant")
    }

    #[test]
    fn the_sample_is_a_function_of_its_instant_and_of_the_past() {
        for tenant in ["changqing", "genhe"].map(|name| TenantId::new(name).expect("a tenant")) {
            let definitions = definitions(&tenant);
            for now in AWKWARD {
                let now: Instant = now.parse().expect("an instant");
                let made = facts(&tenant, &definitions, now).unwrap_or_else(|failure| panic!("{failure}"));
                let again = facts(&tenant, &definitions, now).unwrap_or_else(|failure| panic!("{failure}"));
                assert_eq!(made, again);
                assert!(made.len() > definitions.len() + 40, "{tenant} at {now} has {}", made.len());
                let at = |fact: &Fact| fact.imported_at.expect("a fact of the past");
                assert!(made.iter().all(|fact| at(fact) <= now));
                assert!(made.is_sorted_by_key(at), "{tenant} at {now}");
            }
        }
    }
}
