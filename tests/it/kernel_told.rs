//! What is to be sent: a rung names its channels, the outbox holds what has no
//! outcome, and each message has one.

use serde_json::json;

use crate::support::kernel::{FactDraft, Given, chosen, fact, publication, t};
use duban::event::catalogue::{Event, Told};
use duban::id::{Name, Seq, UnitId};
use duban::kernel::row::{Dead, Family, Pending, outbox_key, split_outbox_key};

const OWNER: &str = "qu-zhujianju";

fn open() -> Given {
    let mut given = Given::tenant_from("changqing", &["objection", "delivery"], t("2022-09-20T09:00"));
    given.at(t("2022-09-28T16:20"));
    given.when(
        fact("objection.received").by("xinyong-pingtai").of("objection/YY-1").data(json!({"unit": OWNER})),
    );
    given
}

/// The reminder of the day after, and its place on the ledger.
fn reminded() -> (Given, Seq) {
    let mut given = open();
    given.at(t("2022-09-29T16:00")).then("reminder.due");
    let seq = given.events()[0].seq;
    (given, seq)
}

fn outcome(kind: &str, seq: Seq, round: u32) -> FactDraft {
    let data = json!({"reminder": seq, "unit": OWNER, "channel": "unit-hook", "attempts": 2,
        "note": "200", "round": round});
    fact(kind).by("courier").data(data)
}

fn key(seq: Seq) -> Vec<u8> {
    outbox_key(&Name::new("unit-hook").expect("a name"), &UnitId::new(OWNER).expect("a unit"), seq)
}

fn pending(given: &Given, seq: Seq) -> Option<Pending> {
    given.state.row(Family::Outbox, &key(seq)).expect("a state")
}

fn waiting(given: &Given) -> usize {
    given.state.keys(Family::Outbox, &[], 100).expect("a state").len()
}

#[test]
fn a_rung_names_the_channels_that_serve_whom_it_tells() {
    let (mut given, seq) = reminded();
    let via = |given: &Given| -> Vec<Told> {
        given.events().iter().fold(Vec::new(), |mut all, entry| {
            if let Event::ReminderDue(it) | Event::EscalationRaised(it) = &entry.decided.event {
                all.extend(it.via.clone());
            }
            all
        })
    };
    let told = |unit: &str, channel: &str| Told {
        unit: UnitId::new(unit).expect("a unit"),
        channel: Name::new(channel).expect("a name"),
    };
    assert_eq!(via(&given), [told(OWNER, "unit-hook")]);
    let row = pending(&given, seq).expect("it waits");
    assert_eq!((row.round, row.nth, row.due_at), (0, 1, Some(t("2022-09-30T00:00"))));
    // The office hears of sheets by its hook, and of all by the subject.
    given.at(t("2022-09-30T00:00"));
    assert_eq!(via(&given), [told(OWNER, "unit-hook"), told("xinyong-ban", "services")]);
    given.at(t("2022-10-08T09:00"));
    let sheet =
        [told(OWNER, "unit-hook"), told("xinyong-ban", "office-hook"), told("xinyong-ban", "services")];
    assert_eq!(via(&given), sheet);
    // One lane is one stretch of keys, in the order of the ledger.
    let keys = given.state.keys(Family::Outbox, b"unit-hook\0", 100).expect("a state");
    let seqs: Vec<Seq> = keys.iter().map(|key| split_outbox_key(key).expect("a key").2).collect();
    assert!(seqs.len() == 3 && seqs.is_sorted());
}

#[test]
fn a_message_has_one_outcome() {
    let (mut given, seq) = reminded();
    given.when(outcome("reminder.delivered", seq, 0).by(OWNER)).then_refused("actor.forbidden");
    given.when(outcome("reminder.delivered", seq, 1)).then_refused("delivery.unknown");
    given.when(outcome("reminder.delivered", seq, 0).id("first")).then("reminder.delivered");
    assert_eq!(pending(&given, seq), None);
    assert_eq!(waiting(&given), 0);
    given.when(outcome("reminder.delivered", seq, 0).id("first")).then("event.duplicated");
    given.when(outcome("reminder.failed", seq, 0).id("other")).then_refused("delivery.unknown");
    let case = given.case("objection/YY-1");
    assert_eq!(case.history.len(), 5, "the case tells that it was delivered");
    given
        .when(fact("reminder.delivered").by("courier").data(json!({"unit": OWNER})))
        .then_refused("schema.violated");
}

#[test]
fn what_was_given_up_is_a_dead_letter_and_can_be_sent_again() {
    let (mut given, seq) = reminded();
    given.when(outcome("reminder.failed", seq, 0)).then("reminder.failed");
    let dead = |given: &Given| given.state.row::<Dead>(Family::DeadLetter, &key(seq)).expect("a state");
    let letter = dead(&given).expect("a dead letter");
    assert_eq!((letter.attempts, letter.note.as_str(), waiting(&given)), (2, "200", 0));
    let again = |by: &str| {
        fact("delivery.replayed").by(by).data(json!({"reminder": seq, "unit": OWNER, "channel": "unit-hook"}))
    };
    given.when(again(OWNER)).then_refused("actor.forbidden");
    given.when(again("operator")).then("delivery.replayed");
    assert_eq!((dead(&given), pending(&given, seq).map(|row| row.round)), (None, Some(1)));
    given.when(again("operator")).then_refused("delivery.unknown");
    given.when(outcome("reminder.delivered", seq, 0)).then_refused("delivery.unknown");
    given.when(outcome("reminder.withdrawn", seq, 1)).then("reminder.withdrawn");
    assert_eq!(waiting(&given), 0);
}

#[test]
fn history_alarms_nobody_and_a_rebuild_sends_nothing() {
    let opened = t("2022-12-01T09:00");
    let mut given = Given::empty("changqing", opened);
    for definition in chosen("changqing", &["objection", "delivery"]) {
        given.when(publication(&definition).imported(t("2022-05-20T09:00"))).then("policy.published");
    }
    let long_ago = fact("objection.received").by("xinyong-pingtai").of("objection/YY-1");
    given.when(long_ago.data(json!({"unit": OWNER})).imported(t("2022-09-28T16:20")));
    given.at(opened);
    let alarmed: Vec<usize> = given
        .entries()
        .filter_map(|entry| match &entry.decided.event {
            Event::ReminderDue(it) | Event::EscalationRaised(it) => Some(it.via.len()),
            _ => None,
        })
        .collect();
    assert!(alarmed.len() > 4 && alarmed.iter().all(|via| *via == 0), "{alarmed:?}");
    assert_eq!(waiting(&given), 0);
    let (mut given, seq) = reminded();
    given.when(outcome("reminder.delivered", seq, 0));
    let digest = given.digest();
    let (state, _) = given.refold(Seq(given.ledger.len() as u64), 7);
    assert_eq!(duban::kernel::digest::digest(state.backing()).expect("a digest"), digest);
    assert!(state.keys(Family::Outbox, &[], 10).expect("a state").is_empty());
}
