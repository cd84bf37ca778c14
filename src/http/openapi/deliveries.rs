//! The operations about what is delivered.

use serde_json::json;

use super::operation::{JSON, Operation, Parameter};
use super::parameters as with;
use super::schemas::Schemas;
use crate::http::deliveries::{Replayed, Wanted};
use crate::id::{Name, UnitId};
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
    vec![
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
    ]
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
