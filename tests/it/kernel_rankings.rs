//! Rankings in virtual time: when they come, who stands where, and that what is
//! published stays.

use serde_json::{Value, json};

use crate::support::drafts::authored;
use crate::support::kernel::{Delivery, FactDraft, Given, fact, publication, t};
use duban::event::catalogue::{Event, RankedUnit, RankingPublished};
use duban::exact::Exact;
use duban::id::{Name, UnitId};
use duban::kernel::ranking::ranked;
use duban::kernel::score::measure::{Measure, Reached};
use duban::policy::definition::Definition;
use duban::policy::definition::score::Scorecard;

const CARD: &str = r#"kind: Target
name: compliant
version: "1"
title: {zh: 合规, en: Compliance}
cite: {notice: genhe-2023, clause: 附件1}
effective: {from: "2023-01-01"}
for: [unit:fagaiwei, unit:gongxinju, unit:minwei]
per: month
inputs: {compliance: {indicator: compliance, part: share}}
value: compliance
atLeast: "0.96"
---
kind: Scorecard
name: departments
version: "1"
title: {zh: 部门排名, en: Departments}
cite: {notice: genhe-2023, clause: 附件1, officeSetting: true}
effective: {from: "2023-08-09"}
for: [unit:fagaiwei, unit:gongxinju, unit:minwei, unit:jiaotiju]
total: 40
sections:
  - name: one
    title: {zh: 一, en: One}
    cite: {notice: genhe-2023, clause: 附件1, officeSetting: true}
    most: 40
    items:
      - name: compliance
        title: {zh: 合规, en: Compliance}
        cite: {notice: genhe-2023, clause: 附件1, officeSetting: true}
        per: month
        most: 10
        inputs: {compliance: {indicator: compliance, part: share}}
        points: [{of: compliance, times: 10}]
      - name: on-time
        title: {zh: 按时, en: On time}
        cite: {notice: genhe-2023, clause: 附件1, officeSetting: true}
        per: month
        most: 20
        inputs:
          inTime: {deadlines: {workflows: [monthly-dispatch], outcome: inTime}}
          due: {deadlines: {workflows: all, outcome: all}}
        points: [{of: {share: {of: inTime, over: due}}, times: 20}]
      - name: facts
        title: {zh: 报送, en: Submissions}
        cite: {notice: genhe-2023, clause: 附件1, officeSetting: true}
        per: month
        most: 5
        inputs: {submitted: {facts: [dispatch.submitted]}}
        points: [{of: submitted, times: 2}]
      - name: targets
        title: {zh: 达标, en: Targets}
        cite: {notice: genhe-2023, clause: 附件1, officeSetting: true}
        per: month
        most: 5
        inputs: {met: {targets: met}, all: {targets: all}}
        points: [{of: {share: {of: met, over: all}}, times: 5}]
rank: {by: total, ties: shared, every: month, publish: {workingDays: 5}, calendar: cn-gov}
"#;

fn tenant(delivery: Delivery) -> Given {
    let mut given = Given::tenant_from("genhe", &["monthly-dispatch", "indicator"], t("2023-08-09T09:00"))
        .delivered(delivery);
    for definition in authored("genhe", CARD) {
        given.when(publication(&definition));
        assert_eq!(given.kinds().last(), Some(&"policy.published"), "{:#?}", given.events());
    }
    given
}

fn usual() -> Delivery {
    Delivery { most: 600, unstored: 0 }
}

fn figure(kind: &str, unit: &str, period: &str, more: Value) -> FactDraft {
    let mut data = json!({"unit": unit, "indicator": "compliance", "period": period});
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more);
    }
    fact(kind).by(unit).data(data)
}

fn submitted(unit: &str) -> FactDraft {
    fact("dispatch.submitted").by(unit).data(json!({"unit": unit, "period": "2023-08"}))
}

/// September: one department in time, one late, one with nothing decided, one silent.
fn september(given: &mut Given) {
    given.at(t("2023-09-02T10:00")).when(submitted("fagaiwei"));
    given.at(t("2023-09-06T10:00")).when(submitted("gongxinju"));
    given.at(t("2023-10-08T10:00"));
    given.when(figure("indicator.reported", "fagaiwei", "2023-09", json!({"value": "0.97"})));
    given.when(figure("indicator.reported", "gongxinju", "2023-09", json!({"value": 95, "of": 100})));
    given.when(figure("indicator.reported", "minwei", "2023-09", json!({"value": 0, "of": 0})));
}

fn rankings(given: &Given) -> Vec<(duban::time::Instant, RankingPublished)> {
    let published = given.entries().filter_map(|entry| match &entry.decided.event {
        Event::RankingPublished(it) => Some((entry.decided.at, (**it).clone())),
        _ => None,
    });
    published.collect()
}

fn lines(rows: &[RankedUnit]) -> Vec<String> {
    let place = |rank: Option<u32>| rank.map_or("-".to_owned(), |rank| rank.to_string());
    let line = |row: &RankedUnit| {
        let (rank, before) = (place(row.rank), place(row.before));
        format!("{rank} ({before}) {} {}/{}", row.unit, row.points.figure(), row.attainable.figure())
    };
    rows.iter().map(line).collect()
}

#[test]
fn a_ranking_is_published_when_its_period_and_its_working_days_are_over() {
    let mut given = tenant(usual());
    september(&mut given);
    // Five working days after the end of August; the duties of July were over.
    let first = &rankings(&given)[0];
    assert_eq!((first.0, first.1.period.to_string().as_str()), (t("2023-09-09T00:00"), "2023-08"));
    // Nobody had a deadline in August, nobody reported: all are equal.
    assert_eq!(lines(&first.1.rows)[0], "1 (-) fagaiwei 0/20");
    assert!(first.1.rows.iter().all(|row| row.rank == Some(1)));
    // The days after the National Day are made up for on a weekend, and count.
    given.at(t("2023-10-11T23:59:59"));
    assert_eq!(rankings(&given).len(), 1);
    given.at(t("2023-10-12T00:00"));
    let second = rankings(&given).remove(1);
    assert_eq!((second.0, second.1.period.to_string().as_str()), (t("2023-10-12T00:00"), "2023-09"));
    assert_eq!((second.1.next.to_string().as_str(), second.1.next_at), ("2023-10", t("2023-11-09T00:00")));
    assert_eq!(
        lines(&second.1.rows),
        ["1 (1) fagaiwei 36.7/40", "2 (1) gongxinju 11.5/40", "3 (1) minwei 0/25", "3 (1) jiaotiju 0/35"]
    );
    let items: Vec<Option<String>> =
        second.1.rows[2].items.iter().map(|item| item.as_ref().map(Exact::figure)).collect();
    assert_eq!(items, [None, Some("0".into()), Some("0".into()), None], "a share of nothing is no item");
}

#[test]
fn what_is_published_stays_and_computing_again_tells_the_difference() {
    let mut given = tenant(usual());
    september(&mut given);
    given.at(t("2023-10-12T09:00"));
    let frozen = rankings(&given).remove(1).1;
    given.when(figure(
        "indicator.corrected",
        "gongxinju",
        "2023-09",
        json!({"value": 100, "of": 100, "reasons": "漏报"}),
    ));
    given.at(t("2023-10-20T09:00"));
    assert_eq!(rankings(&given).len(), 2);
    let policies = given.state.policies().clone();
    let name = Name::new("departments").expect("a name");
    let (sha, card) =
        policies.scorecard_on(&name, "2023-09-30".parse().expect("a date")).expect("a scorecard");
    assert_eq!(sha, frozen.policy);
    let calendar = policies.calendar(&Name::new("cn-gov").expect("a name")).expect("a calendar").1;
    let again =
        ranked(&given.state, &policies, calendar, &card, frozen.period.last_day()).expect("a ranking");
    let points = |unit: &str| {
        again.iter().find(|it| it.unit.as_str() == unit).map(|it| it.score.points.figure()).expect("a unit")
    };
    assert_eq!((points("gongxinju").as_str(), points("fagaiwei").as_str()), ("17", "36.7"));
    let withdrawn =
        fact("indicator.withdrawn").by("xinyong-ban").of("indicator/gongxinju/compliance/2023-09");
    given.when(withdrawn.data(json!({"reasons": "误报"}))).then("indicator.withdrawn case.closed");
    let again =
        ranked(&given.state, &policies, calendar, &card, frozen.period.last_day()).expect("a ranking");
    let withdrawn = again.iter().find(|it| it.unit.as_str() == "gongxinju").expect("a unit");
    assert_eq!(withdrawn.score.points, Exact::from(2), "a figure that was withdrawn is not there");
}

#[test]
fn targets_are_reached_missed_or_without_a_figure() {
    let mut given = tenant(usual());
    september(&mut given);
    let policies = given.state.policies().clone();
    let calendar = policies.calendar(&Name::new("cn-gov").expect("a name")).expect("a calendar").1;
    let last_day = "2023-09-30".parse().expect("a date");
    let target = policies.targets_on(last_day).next().expect("a target").1;
    let stands = |unit: &str| {
        let unit = UnitId::new(unit).expect("a unit");
        let measure = Measure { books: &given.state, policies: &policies, calendar, unit: &unit, last_day };
        measure.target(target).expect("an answer").0
    };
    assert_eq!(stands("fagaiwei"), Reached::Met);
    assert_eq!(stands("gongxinju"), Reached::Missed);
    assert_eq!(stands("minwei"), Reached::NothingDue);
    assert_eq!(stands("jiaotiju"), Reached::NoFigure);
}

#[test]
fn groups_of_any_size_and_a_restart_give_the_same_ledger_and_rows() {
    let told = |delivery| {
        let mut given = tenant(delivery);
        september(&mut given);
        given.at(t("2024-02-01T00:00"));
        given
    };
    let mut whole = told(usual());
    assert_eq!(rankings(&whole).len(), 5);
    for most in [1, 7] {
        let other = told(Delivery { most, unstored: 2 });
        assert_eq!(other.ledger, whole.ledger, "groups of {most}");
    }
    let end = duban::id::Seq(whole.ledger.len() as u64);
    let (_, store) = whole.refold(end, 13);
    let refolded = duban::kernel::digest::digest(&duban::engine::backing::Stored(store)).expect("a digest");
    assert_eq!(refolded, whole.digest(), "a replay gives the same rows byte for byte");
}

#[test]
fn a_later_version_of_another_length_goes_on_where_the_earlier_one_ends() {
    let mut given = tenant(usual());
    let quarterly = CARD
        .replace(r#"effective: {from: "2023-08-09"}"#, r#"effective: {from: "2023-10-01"}"#)
        .replace("every: month", "every: quarter");
    let is_card = |it: &Definition| matches!(it, Definition::Scorecard(_));
    let card = authored("genhe", &quarterly).into_iter().find(is_card).expect("a scorecard");
    given.when(publication(&card)).then("policy.published");
    given.at(t("2024-02-01T00:00"));
    let periods: Vec<String> = rankings(&given).iter().map(|(_, it)| it.period.to_string()).collect();
    assert_eq!(periods, ["2023-08", "2023-09", "2023-Q4"]);
}

#[test]
fn a_card_without_units_to_fit_into_one_entry_is_refused() {
    let Some(Definition::Scorecard(card)) =
        authored("genhe", CARD).into_iter().find(|it| matches!(it, Definition::Scorecard(_)))
    else {
        panic!("a scorecard")
    };
    let mut given = tenant(usual());
    let many = (0..300).map(|n| UnitId::new(&format!("unit-{n}")).expect("a unit")).collect();
    let crowded = Scorecard { units: many, ..*card };
    given.when(publication(&Definition::Scorecard(Box::new(crowded))));
    let refused = given.then_refused("policy.invalid");
    assert!(refused.reason.message.contains("score.size") || refused.reason.message.contains("unit.unknown"));
}
