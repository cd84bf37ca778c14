//! Reactions: what an event calls for is published once, and no circle goes on.

use serde_json::json;

use crate::support::kernel::{FactDraft, Given, fact, t};
use duban::event::catalogue::Event;
use duban::event::fact::Fact;
use duban::id::Seq;
use duban::kernel::row::{Called, Family, Pending, Refused};

const OWNER: &str = "qu-zhujianju";
const ALL: [&str; 6] =
    ["objection", "rectification", "double-publicity", "supervision-sheet", "sheet-on-red", "delivery"];

/// A fact as it was called for.
fn as_called(fact: Fact) -> FactDraft {
    let data = fact.data.clone();
    let mut draft = crate::support::kernel::fact(fact.kind.as_str()).by(fact.actor.as_str()).data(data);
    if let Some(at) = fact.occurred_at {
        draft = draft.occurred(at);
    }
    draft.from(&fact.source).id(&fact.id)
}

fn red() -> Given {
    let mut given = Given::tenant_from("changqing", &ALL, t("2026-02-25T09:00"));
    given.at(t("2026-03-10T10:00"));
    given.when(
        fact("objection.received").by("xinyong-pingtai").of("objection/YY-1").data(json!({"unit": OWNER})),
    );
    given
        .at(t("2026-03-13T09:00"))
        .then("reminder.due deadline.breached reminder.due escalation.raised reaction.called");
    given
}

#[test]
fn a_red_sheet_opens_a_matter_of_its_own_once() {
    let mut given = red();
    let called = given.called().expect("a state");
    assert_eq!(called.len(), 1);
    let fact = called[0].clone();
    let trigger = given.events()[3].seq;
    assert_eq!(fact.id, format!("sheet-on-red/{trigger}"));
    assert_eq!(fact.data["case"], "objection/YY-1");
    assert_eq!(given.called().expect("a state"), called, "asking changes nothing");
    given.when(as_called(fact.clone())).then("supervision-sheet.issued case.opened deadline.set");
    assert!(given.called().expect("a state").is_empty(), "what is decided waits no longer");
    assert_eq!(given.case("supervision-sheet/objection/YY-1/answer").depth, 1);
    given.when(as_called(fact)).then("event.duplicated");
}

#[test]
fn only_what_was_called_for_is_stated_in_the_name_of_reactions() {
    let mut given = red();
    let fact = given.called().expect("a state").remove(0);
    let mut forged = fact.clone();
    forged.data["unit"] = json!("qu-shenpiju");
    given.when(as_called(forged)).then_refused("source.reserved");
    let mut invented = fact.clone();
    invented.id = "sheet-on-red/1".into();
    given.when(as_called(invented)).then_refused("source.reserved");
    given.when(as_called(fact)).then("supervision-sheet.issued case.opened deadline.set");
}

#[test]
fn a_refused_fact_of_a_reaction_is_called_for_no_longer() {
    let mut given = red();
    let fact = given.called().expect("a state").remove(0);
    let key = duban::kernel::row::known_key(&fact.source, &fact.id);
    assert!(given.state.row::<Called>(Family::Called, &key).expect("a state").is_some());
    // The unit was struck from the register in between, so the sheet has no owner.
    let Some(duban::policy::definition::Definition::Register(mut register)) =
        crate::support::kernel::chosen("changqing", &[]).into_iter().next()
    else {
        panic!("the register comes first")
    };
    let office = duban::id::RoleId::new("credit-office").expect("a role");
    register.version = "2026-03-13".into();
    register.roles.insert(office, vec![duban::id::UnitId::new("qu-fagaiju").expect("a unit")]);
    let register = duban::policy::definition::Definition::Register(register);
    given.when(crate::support::kernel::publication(&register)).then("policy.published");
    given.when(as_called(fact)).then_refused("actor.forbidden");
    assert!(given.called().expect("a state").is_empty());
    assert!(given.state.row::<Called>(Family::Called, &key).expect("a state").is_none());
    assert!(given.state.keys(Family::Outbox, b"intake", 5).expect("a state").is_empty());
}

/// A matter whose own breach opens the next one, for ever if nothing stops it.
const CIRCLE: &str = r#"
kind: Reaction
name: again
version: "1"
effective: {from: "2026-01-01"}
cite: {notice: changqing-2022, clause: 五(二), officeSetting: true, note: A test.}
upon: deadline.breached
when: {workflows: [counsellor]}
publish:
  type: counsellor.needed
  as: role:credit-office
  data: {unit: $unit, quarter: $trigger}
"#;

#[test]
fn a_circle_ends_after_a_few_rounds_and_is_told() {
    let mut given = Given::tenant_from("changqing", &["counsellor"], t("2026-02-25T09:00"));
    let resolved = crate::support::drafts::resolved("changqing", &format!("{CIRCLE}---\n{}", counsellor()));
    let circle = resolved.problems.iter().filter(|problem| problem.flaw.rule == "reaction.circle").count();
    assert_eq!(circle, 1, "the checker warns: {:?}", resolved.problems);
    for definition in resolved.definitions.iter().filter(|it| it.kind() == "Reaction") {
        given.when(crate::support::kernel::publication(definition)).then("policy.published");
    }
    given.at(t("2026-03-02T10:00"));
    given.when(fact("counsellor.needed").by("xinyong-ban").data(json!({"unit": OWNER, "quarter": "x"})));
    for day in 0..120 {
        given.at(t("2026-03-02T10:00").plus_seconds(day * 86_400));
        for fact in given.called().expect("a state") {
            given.when(as_called(fact)).then("counsellor.needed case.opened deadline.set");
        }
    }
    let count = |kind: &str| given.entries().filter(|entry| entry.decided.event.kind() == kind).count();
    assert_eq!((count("reaction.called"), count("reaction.stopped")), (4, 1));
    let stopped = given.entries().find(|it| matches!(it.decided.event, Event::ReactionStopped(_)));
    let key = stopped.expect("it stopped").seq.0.to_be_bytes();
    let row = given.state.row::<Refused>(Family::Refused, &key).expect("a state").expect("a row");
    assert_eq!(row.reason.rule, "reaction.stopped");
}

fn counsellor() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/workflows/changqing/counsellor.yaml");
    std::fs::read_to_string(path).expect("the workflow")
}

#[test]
fn what_reactions_leave_is_the_same_however_it_is_folded() {
    let mut given = red();
    for fact in given.called().expect("a state") {
        given.when(as_called(fact));
    }
    given.at(t("2026-03-20T10:00"));
    let digest = given.digest();
    for each in [1, 9, 500] {
        let (state, _) = given.refold(Seq(given.ledger.len() as u64), each);
        assert_eq!(duban::kernel::digest::digest(state.backing()).expect("a digest"), digest);
    }
    let waiting = given.state.keys(Family::Outbox, b"intake", 9).expect("a state");
    let rows = waiting.iter().map(|key| given.state.row::<Pending>(Family::Outbox, key).expect("a state"));
    assert!(rows.flatten().all(|row| row.fact.is_some()));
}
