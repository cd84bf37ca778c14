//! The notices of Changqing, the district, Gaoqing and Jimo: every clause is a rule
//! or says why it is none, and their dates and units are those of the texts.

use duban::policy::coverage::{Standing, coverage};
use duban::policy::definition::{Clock, Definition, Opening, Workflow};

use crate::policies::shipped;

/// The clauses of each notice that rules encode, and those that nobody supervises;
/// counted by hand from the texts.
const CLAUSES: [(&str, usize, usize); 4] =
    [("changqing", 25, 9), ("district", 15, 5), ("gaoqing", 14, 11), ("jimo", 44, 7)];

/// The work points of Jimo that have a month, with its last day and the number of
/// units that owe them; none where the text says 各有关单位.
const JIMO: [(&str, &str, Option<usize>); 13] = [
    ("一1", "2019-12-31", None),
    ("二6", "2019-10-31", Some(2)),
    ("二7", "2019-08-31", Some(5)),
    ("三14", "2019-04-30", Some(1)),
    ("三15", "2019-06-30", Some(2)),
    ("三16", "2019-08-31", Some(2)),
    ("三17", "2019-04-30", Some(1)),
    ("三18", "2019-08-31", Some(2)),
    ("四23", "2019-12-31", Some(4)),
    ("四25", "2019-06-30", Some(9)),
    ("四26", "2019-12-31", Some(4)),
    ("四28", "2019-08-31", Some(2)),
    ("四29", "2019-12-31", Some(7)),
];

fn workflows(definitions: &[Definition]) -> impl Iterator<Item = &Workflow> {
    definitions.iter().filter_map(|it| match it {
        Definition::Workflow(workflow) => Some(workflow.as_ref()),
        _ => None,
    })
}

#[test]
fn every_clause_is_a_rule_or_says_why_it_is_none() {
    for (tenant, encoded, unsupervised) in CLAUSES {
        let definitions = shipped(tenant).definitions;
        let all: Vec<&Definition> = definitions.iter().collect();
        let notice = definitions.iter().find_map(|it| match it {
            Definition::Notice(notice) => Some(notice),
            _ => None,
        });
        let coverage = coverage(notice.expect("the notice"), &all);
        let counts = [Standing::Encoded, Standing::Unsupervised, Standing::Uncovered, Standing::Contradicted]
            .map(|standing| coverage.count(standing));
        assert_eq!(counts, [encoded, unsupervised, 0, 0], "{tenant}");
    }
}

#[test]
fn the_dated_work_points_of_jimo_have_their_dates_and_units() {
    let definitions = shipped("jimo").definitions;
    for (clause, day, units) in JIMO {
        let owed_once = workflows(&definitions)
            .find(|it| it.cite.clause == clause && matches!(it.opens, Opening::Once { .. }));
        let duty = owed_once.unwrap_or_else(|| panic!("{clause} is no duty with a date"));
        let clock: &Clock = duty.clocks.first().expect("a clock");
        // The rule keeps the text's month; its last day is the reading.
        let due = serde_json::to_value(&clock.due).expect("JSON");
        let month = due["date"].as_str().unwrap_or_default();
        assert!(day.starts_with(month) && month.len() == 7, "{clause} is due {due}, not by {day}");
        if let Some(units) = units {
            assert_eq!(duty.opens.units().len(), units, "{clause}");
        }
    }
}

#[test]
fn what_a_soft_clause_sets_is_marked_as_the_offices_own() {
    // A limit on one case that no text has says so; the texts' own numbers are these.
    let of_the_text = [
        "double-publicity/upload",
        "double-publicity/publish",
        "objection/answer",
        "news-item/submit",
        "activity/submit",
        "code-correction/correct",
        "code-correction/report",
        "joint-list/push",
    ];
    for (tenant, _, _) in CLAUSES {
        let definitions = shipped(tenant).definitions;
        for workflow in workflows(&definitions).filter(|it| it.opens.event().is_some()) {
            for clock in &workflow.clocks {
                let name = format!("{}/{}", workflow.name, clock.name);
                let named = of_the_text.contains(&name.as_str()) || name.starts_with("credit-repair/");
                assert!(named || clock.cite.office_setting, "{tenant}: {name} is nobody's number");
            }
        }
    }
}
