//! The operations about what is delivered.

use serde_json::json;

use super::operation::{JSON, Operation, Parameter};
use super::parameters as with;
use super::schemas::Schemas;
use crate::courier::preview::Preview;
use crate::http::deliveries::{Replayed, Wanted};
use crate::id::{CaseId, Name, UnitId};
use crate::query::bell::Rings;
use crate::query::deliveries::{DeadLetter, Deliveries};
use crate::query::page::Page;
use crate::query::rows::Answer;

/// The operations, in the order in which the routes are listed.
pub fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let waiting = schemas.answer::<Answer<Deliveries>>();
    let dead = schemas.answer::<Answer<Page<DeadLetter>>>();
    let list = |schemas: &mut Schemas, route, name, summary, answer| {
        let channel = Parameter::query("channel", schemas.question::<Name>(), "Those through this channel.");
        let unit = Parameter::query("unit", schemas.question::<UnitId>(), "Those to this unit.");
        Operation::get(route, name, summary, answer)
            .takes([channel, unit, with::at(schemas)])
            .takes(with::page())
    };
    let rings = schemas.answer::<Answer<Rings>>();
    let summary = "The latest reminders and escalations, the newest first: the desk's bell";
    vec![
        Operation::get("/v1/{tenant}/bell", "listRings", summary, &rings).takes([with::at(schemas)]),
        list(
            schemas,
            "/v1/{tenant}/deliveries",
            "listDeliveries",
            "Reminders that wait to be delivered, by channel and unit, and how many there are",
            &waiting,
        ),
        list(
            schemas,
            "/v1/{tenant}/dead-letters",
            "listDeadLetters",
            "Reminders that could not be delivered, by channel and unit",
            &dead,
        ),
        replay(schemas),
        preview(schemas),
    ]
}

fn preview(schemas: &mut Schemas) -> Operation {
    let answer = schemas.answer::<Preview>();
    let case = schemas.question::<CaseId>();
    let case = Parameter::query("case", case, "The case that it is to be about.");
    let of_clock = "The clock that it is to be about; the first that is open without it.";
    let clock = Parameter::query("clock", schemas.question::<Name>(), of_clock);
    let number = |most: u16| json!({"type": "integer", "minimum": 1, "maximum": most});
    let of_rung = "The rung's place in the clock's ladder; the one that comes next without it.";
    let nth = Parameter::query("nth", number(100), "The how-manieth time of that rung.");
    let unit = Parameter::query("unit", schemas.question::<UnitId>(), "To this unit of those that it tells.");
    let channel =
        Parameter::query("channel", schemas.question::<Name>(), "Through this channel of the unit's.");
    let at = "As it would be made then; when it would leave without it, or now if that has passed.";
    Operation::get(
        "/v1/{tenant}/deliveries/preview",
        "previewDelivery",
        "A message as it would go out about a case, before anything is raised",
        &answer,
    )
    .told("Nothing is sent or recorded, and its links open nothing.")
    .takes([
        case.must().such_as("objection/YY-2022-001"),
        clock,
        Parameter::query("rung", number(u16::MAX), of_rung),
        nth,
        unit,
        channel,
        with::word("language", &["zh", "en"], "In this language; the channel's without it."),
        with::instant(schemas, "at", at),
    ])
}

fn replay(schemas: &mut Schemas) -> Operation {
    let (wanted, replayed) = (schemas.question::<Wanted>(), schemas.answer::<Replayed>());
    let dry_run =
        Parameter::query("dryRun", json!({"enum": ["true", "false"]}), "Whether they are only counted.");
    Operation::new(
        "POST",
        "/v1/{tenant}/dead-letters/replay",
        "replayDeadLetters",
        "Has dead letters sent again, one or all that fit",
    )
    .told(
        "Several are sent again only by whoever says with `expect` how many they are, as a dry run counts them; \
         another number sends nothing.",
    )
    .takes([dry_run])
    .sent(&[(JSON, &wanted)])
    .answers(200, "How many fit, and how many are sent again.", &[(JSON, &replayed)])
    .fails(&[409, 413, 422, 429])
}
