//! The questions about a tenant's deadlines, cases, refusals and policies.

use serde_json::json;

use super::operation::{JSON, Operation, Parameter};
use super::parameters as with;
use super::schemas::Schemas;
use crate::id::UnitId;
use crate::query::case::CaseAnswer;
use crate::query::cases::CaseRow;
use crate::query::counts::Counts;
use crate::query::deadline_row::DeadlineRow;
use crate::query::deadlines::DeadlineFilter;
use crate::query::page::Page;
use crate::query::policies::{CalendarYear, PolicyAnswer, PolicyList};
use crate::query::refusals::Refusal;
use crate::query::rows::Answer;

/// The operations, in the order in which the routes are listed.
pub fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let mut operations = deadlines(schemas).to_vec();
    operations.extend(cases(schemas));
    operations.push(refusals(schemas));
    operations.extend(policies(schemas));
    operations
}

fn deadlines(schemas: &mut Schemas) -> [Operation; 3] {
    let answer = schemas.answer::<Answer<Page<DeadlineRow>>>();
    let mut of = |route, name, summary, usual: &DeadlineFilter| {
        let parameters = deadline_parameters(schemas, usual);
        Operation::get(route, name, summary, &answer).takes(parameters)
    };
    [
        of(
            "/v1/{tenant}/overdue",
            "listOverdue",
            "What is overdue, the earliest due first",
            &DeadlineFilter::overdue(),
        ),
        of(
            "/v1/{tenant}/upcoming",
            "listUpcoming",
            "What is coming, the earliest due first",
            &DeadlineFilter::upcoming(),
        ),
        of("/v1/{tenant}/deadlines", "listDeadlines", "Any open deadlines", &DeadlineFilter::default()),
    ]
}

fn deadline_parameters(schemas: &mut Schemas, usual: &DeadlineFilter) -> Vec<Parameter> {
    let mut parameters = vec![
        with::unit(schemas),
        with::workflow(schemas),
        with::state(schemas),
        with::lights(&usual.lights),
        with::instant(schemas, "from", "Those due then or later."),
        with::instant(schemas, "until", "Those due before then."),
        with::day(schemas, "dayFrom", "Those whose last day is this or a later one."),
        with::day(schemas, "dayTo", "Those whose last day is this or an earlier one."),
        with::word("order", &["earliest", "latest"], "Which are first; the earliest due without it."),
        with::at(schemas),
    ];
    parameters.extend(with::page());
    parameters
}

fn cases(schemas: &mut Schemas) -> [Operation; 3] {
    let (rows, one) = (schemas.answer::<Answer<Page<CaseRow>>>(), schemas.answer::<Answer<CaseAnswer>>());
    let counts = schemas.answer::<Answer<Counts>>();
    let open = Parameter::query("open", json!({"type": "boolean"}), "The open ones, or the closed ones.");
    let list = Operation::get("/v1/{tenant}/cases", "listCases", "Cases, in the order of their ids", &rows)
        .takes([with::unit(schemas), with::workflow(schemas), with::state(schemas), open, with::at(schemas)])
        .takes(with::page());
    let told = "As a page of text where `format` or the first media type of `Accept` asks for it.";
    let case = Operation::new(
        "GET",
        "/v1/{tenant}/cases/{*id}",
        "getCase",
        "One case: how it stands, who must act, and why",
    )
    .told(told)
    .answers(200, "The case.", &[(JSON, &one), ("text/plain", &with::text())])
    .takes([
        with::case(schemas),
        with::at(schemas),
        with::word("format", &["text", "json"], "The form of the answer."),
        with::word("lang", &["zh", "en"], "The language of a page of text; Chinese without it."),
    ]);
    let counted = Operation::get("/v1/{tenant}/counts", "getCounts", "Counts by unit and workflow", &counts)
        .takes([with::unit(schemas), with::at(schemas)]);
    [list, case, counted]
}

fn refusals(schemas: &mut Schemas) -> Operation {
    let answer = schemas.answer::<Answer<Page<Refusal>>>();
    let actor = Parameter::query("actor", schemas.question::<UnitId>(), "Those that this unit published.");
    let rule =
        Parameter::query("rule", with::text(), "Those that break this rule.").such_as("schema.violated");
    Operation::get(
        "/v1/{tenant}/refusals",
        "listRefusals",
        "Facts that were not taken, the latest first",
        &answer,
    )
    .takes([actor, rule, with::kind(schemas)])
    .takes([with::instant(schemas, "since", "Those recorded then or later.")])
    .takes(with::page())
}

fn policies(schemas: &mut Schemas) -> [Operation; 3] {
    let (list, one) = (schemas.answer::<Answer<PolicyList>>(), schemas.answer::<Answer<PolicyAnswer>>());
    let year = schemas.answer::<Answer<CalendarYear>>();
    let kind = Parameter::path("kind", with::text(), "Its kind.").such_as("Workflow");
    let name = |example: &str, meaning: &str| Parameter::path("name", with::text(), meaning).such_as(example);
    let version = Parameter::query("version", with::text(), "The version; the latest without it.");
    let of_year = json!({"type": "integer", "minimum": 1700, "maximum": 2200});
    let of_year = Parameter::query("year", of_year, "The year; the present one without it.");
    [
        Operation::get("/v1/{tenant}/policies", "listPolicies", "The definitions in force", &list)
            .fails(&[400]),
        Operation::get(
            "/v1/{tenant}/policies/{kind}/{name}",
            "getPolicy",
            "One definition with its versions",
            &one,
        )
        .takes([kind, name("objection", "Its name."), version]),
        Operation::get("/v1/{tenant}/calendars/{name}", "getCalendar", "One year of a calendar", &year)
            .takes([name("cn-gov", "The calendar."), of_year]),
    ]
}
