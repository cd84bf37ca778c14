//! The questions about scores, rankings and targets.

use super::operation::{Operation, Parameter};
use super::parameters as with;
use super::schemas::Schemas;
use crate::calendar::Period;
use crate::id::{Name, UnitId};
use crate::query::bulletin::Bulletin;
use crate::query::rankings::RankingAnswer;
use crate::query::rows::Answer;
use crate::query::scores::{ScoreAnswer, TargetsAnswer};

/// The operations, in the order in which the routes are listed.
pub fn operations(schemas: &mut Schemas) -> [Operation; 4] {
    let ranking = schemas.answer::<Answer<RankingAnswer>>();
    let score = schemas.answer::<Answer<ScoreAnswer>>();
    let targets = schemas.answer::<Answer<TargetsAnswer>>();
    let bulletin = schemas.answer::<Answer<Bulletin>>();
    let of_month = "The period, such as `2026`, `2026-Q1`, `2026-03`; the last month without it.";
    let of_month = Parameter::query("period", schemas.question::<Period>(), of_month);
    let scored = Parameter::path("unit", schemas.question::<UnitId>(), "The unit.").such_as("qu-fagaiju");
    let target = Parameter::query("target", schemas.question::<Name>(), "This target only.");
    let mut card = || [with::scorecard(schemas), with::period(schemas), with::at(schemas)];
    [
        Operation::get(
            "/v1/{tenant}/rankings",
            "getRanking",
            "A ranking as published, beside what the figures give now",
            &ranking,
        )
        .takes(card()),
        Operation::get(
            "/v1/{tenant}/scores/{unit}",
            "getScore",
            "One unit's score with every item explained",
            &score,
        )
        .takes([scored])
        .takes(card()),
        Operation::get("/v1/{tenant}/targets", "getTargets", "How units stand to the targets", &targets)
            .takes([with::unit(schemas), target, with::period(schemas), with::at(schemas)]),
        Operation::get(
            "/v1/{tenant}/bulletin",
            "getBulletin",
            "How the deadlines of a period ended, by unit and by workflow: the figures of the bulletin",
            &bulletin,
        )
        .takes([of_month, with::at(schemas)]),
    ]
}
