//! Changes are told in words, each where it belongs.

use super::documents::{Difference, Fate, diff, versions};
use crate::calendar::Lang;
use crate::policy::given;
use crate::policy::resolve::Source;

fn told(differences: &[Difference], lang: Lang) -> String {
    let mut lines = Vec::new();
    for difference in differences {
        lines.push(format!("{:?} {}", difference.fate, difference.about.get(lang)));
        for change in &difference.changes {
            let place: Vec<&str> = change.place.iter().map(|text| text.get(lang)).collect();
            let side = |text: &Option<crate::calendar::Text>| {
                text.as_ref().map_or("-".to_owned(), |text| text.get(lang).to_owned())
            };
            lines.push(format!(
                "  {}: {} -> {}",
                place.join(" / "),
                side(&change.before),
                side(&change.after)
            ));
        }
    }
    lines.join("\n")
}

fn changed() -> (Vec<Source>, Vec<Source>) {
    let old = given::sources(&[("matter.yaml", given::WORKFLOW)]);
    let later = given::WORKFLOW
        .replace("due: {workingDays: 7}", "due: {workingDays: 5}")
        .replace("waitsFor: owner", "waitsFor: unit:office")
        .replace(
            "closed: {title",
            "waiting: {title: {zh: 等待, en: Waiting}, waitsFor: owner, events: {matter.answered: {to: closed, by: owner}}}\n  closed: {title",
        )
        .replace("ladder: standard", "ladder: none");
    let mut new = given::sources(&[("matter.yaml", &later)]);
    new[0].text = new[0]
        .text
        .replace("{at: {workingDays: 1}, light", "{at: {workingDays: 2}, light")
        .replace("aliases: [區水務局]", "aliases: [區水務局, 水局]");
    (old, new)
}

#[test]
fn limits_units_states_and_ladders_are_told_in_words() {
    let (old, new) = changed();
    let differences = diff(&old, &new).expect("both sides can be read");
    insta::assert_snapshot!("diff_zh", told(&differences, Lang::Zh));
    insta::assert_snapshot!("diff_en", told(&differences, Lang::En));
    assert_eq!(diff(&old, &old), Ok(Vec::new()));
}

#[test]
fn what_comes_goes_and_succeeds_is_told_apart() {
    let old = given::sources(&[("matter.yaml", given::WORKFLOW)]);
    let later =
        given::WORKFLOW.replace("2022-01-01", "2023-01-01").replace("workingDays: 7", "workingDays: 3");
    let both = given::sources(&[("matter.yaml", given::WORKFLOW), ("later.yaml", &later)]);
    let fates = |differences: Vec<Difference>| differences.iter().map(|it| it.fate).collect::<Vec<_>>();
    assert_eq!(fates(diff(&old, &both).expect("readable")), [Fate::Succeeds]);
    assert_eq!(fates(diff(&both, &old).expect("readable")), [Fate::Removed]);
    assert_eq!(fates(diff(&given::sources(&[]), &old).expect("readable")), [Fate::Added]);
    insta::assert_snapshot!("versions", told(&versions(&both, "matter").expect("readable"), Lang::Zh));
}

#[test]
fn what_cannot_be_read_is_told() {
    let broken = [given::file("a.yaml", "kind: Workflw\n")];
    assert!(diff(&broken, &[]).is_err());
}
