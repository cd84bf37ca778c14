//! Annex 1 of Genhe's plan: every item of every department is owed by that
//! department under some rule, and the exceptions of the annex are kept.

use std::collections::{BTreeMap, BTreeSet};

use duban::id::UnitId;
use duban::policy::definition::{Definition, Workflow};
use duban::policy::notice::{Clause, Notice};

use crate::policies::shipped;

/// The items that each department owes, headings left out, in the annex's order of
/// departments; counted by hand from the annex.
const ITEMS: [usize; 36] = [
    1, 1, 1, 37, 16, 15, 17, 6, 15, 16, 16, 18, 18, 16, 16, 15, 16, 16, 16, 12, 15, 6, 19, 9, 12, 15, 4, 7,
    11, 10, 13, 8, 6, 6, 17, 7,
];

fn definitions() -> Vec<Definition> {
    shipped("genhe").definitions
}

fn workflows(definitions: &[Definition]) -> impl Iterator<Item = &Workflow> {
    definitions.iter().filter_map(|it| match it {
        Definition::Workflow(workflow) => Some(workflow.as_ref()),
        _ => None,
    })
}

fn notice(definitions: &[Definition]) -> &Notice {
    let notice = definitions.iter().find_map(|it| match it {
        Definition::Notice(notice) => Some(notice),
        _ => None,
    });
    notice.expect("the notice")
}

/// The items of annex 1 by department; headings are unsupervised.
fn items(notice: &Notice) -> BTreeMap<usize, Vec<&Clause>> {
    let mut items: BTreeMap<usize, Vec<&Clause>> = BTreeMap::new();
    for clause in notice.clauses.iter().filter(|clause| clause.unsupervised.is_none()) {
        let Some(rest) = clause.id.strip_prefix("附件1·") else { continue };
        let number = rest.split('·').next().and_then(|it| it.parse().ok()).expect("a department's number");
        items.entry(number).or_default().push(clause);
    }
    items
}

/// The department of a number, by the order of the register.
fn department(definitions: &[Definition], number: usize) -> UnitId {
    let register = definitions.iter().find_map(|it| match it {
        Definition::Register(register) => Some(register),
        _ => None,
    });
    let register = register.expect("the register");
    let parts = register.roles.len();
    register.units.get(parts + number - 1).expect("a department").id.clone()
}

/// Every pair of a unit and the clause that binds it.
fn pairs(definitions: &[Definition]) -> BTreeSet<(UnitId, String)> {
    workflows(definitions)
        .flat_map(|workflow| workflow.clauses.iter().map(|(unit, clause)| (unit.clone(), clause.clone())))
        .collect()
}

#[test]
fn every_item_of_every_department_is_listed() {
    let definitions = definitions();
    let items = items(notice(&definitions));
    let counts: Vec<usize> = (1..=36).map(|number| items.get(&number).map_or(0, Vec::len)).collect();
    assert_eq!(counts, ITEMS);
    assert_eq!(counts.iter().sum::<usize>(), 449);
}

#[test]
fn every_item_is_owed_by_its_department_and_by_no_other() {
    let definitions = definitions();
    let pairs = pairs(&definitions);
    let mut annex = BTreeSet::new();
    for (number, clauses) in items(notice(&definitions)) {
        let unit = department(&definitions, number);
        annex.extend(clauses.into_iter().map(|clause| (unit.clone(), clause.id.clone())));
    }
    let missing: Vec<_> = annex.difference(&pairs).collect();
    assert!(missing.is_empty(), "nothing binds {missing:?}");
    let stray: Vec<_> = pairs.difference(&annex).collect();
    assert!(stray.is_empty(), "the annex does not give {stray:?}");
}

#[test]
fn who_is_bound_by_a_clause_is_among_those_who_owe_the_rule() {
    let definitions = definitions();
    for workflow in workflows(&definitions) {
        let owing: BTreeSet<&UnitId> = workflow.opens.units().iter().chain(&workflow.owed_by).collect();
        for unit in workflow.clauses.keys() {
            assert!(owing.contains(unit), "{} binds {unit}, who does not owe it", workflow.name);
        }
    }
}

#[test]
fn the_exceptions_of_the_annex_are_kept() {
    let definitions = definitions();
    let owing = |name: &str| -> BTreeSet<String> {
        let workflow = workflows(&definitions).find(|it| it.name.as_str() == name).expect("the rule");
        workflow.opens.units().iter().chain(&workflow.owed_by).map(ToString::to_string).collect()
    };
    // The Tobacco Company has the five kinds and no double publicity; the Housing Bureau no notice of repair.
    assert!(!owing("double-publicity").contains("yancaogongsi"));
    assert!(owing("five-kinds").contains("yancaogongsi"));
    let repair = workflows(&definitions).find(|it| it.name.as_str() == "credit-repair").expect("the rule");
    assert!(!repair.clauses.keys().any(|unit| unit.as_str() == "zhujianju"));
    // One list leaves the date out, one department has no education, one no query.
    assert!(!owing("other-information").contains("minwei"));
    assert_eq!(owing("other-information-undated").into_iter().collect::<Vec<_>>(), ["minwei"]);
    assert!(!owing("officials-education").contains("gongshanglian"));
    assert!(!owing("query-before-appointment").contains("xinfangju"));
    assert_eq!(owing("scenario-plan").len(), 7);
}

#[test]
fn seventeen_dates_lay_before_the_notice() {
    let definitions = definitions();
    let issued = "2023-08-09T00:00:00+08:00".parse().expect("an instant");
    let calendar = definitions.iter().find_map(|it| match it {
        Definition::Calendar(calendar) => duban::calendar::Calendar::new(calendar.clone()).ok(),
        _ => None,
    });
    let calendar = calendar.expect("a calendar");
    let past = |workflow: &&Workflow| {
        workflow.clocks.first().is_some_and(|clock| {
            clock.name.as_str() == "submit"
                && duban::calendar::due(&calendar, &clock.due, issued, &[]).is_ok_and(|due| due.at <= issued)
        })
    };
    assert_eq!(workflows(&definitions).filter(past).map(|it| it.opens.units().len()).sum::<usize>(), 17);
}
