//! How quotas, standing duties and the clauses of units are shown.

use serde_json::{Value, json};

use crate::support::kernel::{Given, fact, t};
use duban::id::{CaseId, UnitId};
use duban::kernel::tally::Tallied;
use duban::query::cases::{CaseFilter, cases};
use duban::query::deadlines::{DeadlineFilter, deadlines};
use duban::query::policy_cache::PolicyCache;
use duban::query::{case, page::PageAsk, tallies};

/// September 2022 has 21 working days: the Mid-Autumn Festival is on the 12th.
const DUTIES: &str = r#"
kind: Duty
name: quota-news
version: "1"
title: {zh: 动态信息数量, en: Number of news items}
cite: {notice: changqing-2022, clause: 三(一)5}
clauses: {wenchang: 三(二)9}
effective: {from: "2022-09-01"}
for: [unit:wenchang, unit:guide]
assist: [unit:mashan]
evidence: {zh: 链接, en: The link}
every: month
atLeast: 3
counts: {events: [news.review-passed]}
due: {endOf: month}
calendar: cn-gov
ladder: none
---
kind: Duty
name: ongoing-sharing
version: "1"
title: {zh: 信息共享, en: Sharing of information}
cite: {notice: changqing-2022, clause: 三(一)2}
effective: {from: "2022-09-01"}
for: [unit:wenchang]
every: once
about: data.report == 'ongoing-sharing'
standing: {zh: 文件要求持续推进, en: The notice says continuous}
calendar: cn-gov
ladder: none
satisfiedBy: {event: report.submitted, at: recorded}
"#;

const QUOTA: &str = "quota-news/wenchang/2022-09";

fn given() -> Given {
    let mut given = Given::tenant_from("changqing", &["news-item"], t("2022-08-20T09:00"));
    given.publish(DUTIES).at(t("2022-09-01T00:00"));
    given
}

fn item(given: &mut Given, key: &str) {
    let data = json!({"unit": "wenchang", "title": "某事", "happenedAt": given.now().to_string()});
    given.when(fact("news.happened").by("wenchang").of(key).data(data));
    given.when(fact("news.submitted").by("wenchang").of(key));
    given.when(fact("news.review-passed").by("xinyong-ban").of(key));
}

fn shown(given: &mut Given, id: &str, at: &str) -> Value {
    let store = given.stored().clone();
    let policies = PolicyCache::default().read(&store).expect("policies");
    let id = CaseId::new(id).expect("a case's id");
    let found =
        case::find(&store, &policies, &duban::identity::sight::Scope::All, &id, t(at)).expect("a case");
    serde_json::to_value(found.answer).expect("JSON")
}

fn pace(given: &mut Given, at: &str) -> (i64, i64, String, bool) {
    let progress = shown(given, QUOTA, at)["progress"].clone();
    let number = |key: &str| progress[key].as_i64().expect("a number");
    let expected = progress["expectedByNow"].as_str().expect("a text").to_owned();
    (number("owed"), number("workingDaysLeft"), expected, progress["keepsPace"] == true)
}

#[test]
fn a_quota_tells_how_far_it_is_and_whether_its_pace_suffices() {
    let mut given = given();
    assert_eq!(pace(&mut given, "2022-09-01T09:00"), (3, 21, "0.00".into(), true));
    // After seven of 21 working days one third of three is expected: the first of them.
    assert_eq!(pace(&mut given, "2022-09-13T09:00"), (3, 14, "1.00".into(), false));
    given.at(t("2022-09-13T10:00"));
    item(&mut given, "N-1");
    assert_eq!(pace(&mut given, "2022-09-13T11:00"), (2, 14, "1.00".into(), true));
    // A day more, and an even pace would have a little more than one.
    assert_eq!(pace(&mut given, "2022-09-14T09:00"), (2, 13, "1.14".into(), false));
    assert_eq!(pace(&mut given, "2022-10-01T00:00"), (2, 0, "3.00".into(), false));
    let words = shown(&mut given, QUOTA, "2022-09-14T09:00")["progress"]["words"].clone();
    assert_eq!(
        words["zh"],
        "已计 1 件，共需 3 件，尚缺 2 件；本期还有 13 个工作日，进度不足（按进度应有 1.14 件）"
    );
    assert_eq!(
        words["en"],
        "1 of 3, 2 still owed; 13 working days left in the period, behind pace (1.14 expected by now)"
    );
    given.at(t("2022-09-14T10:00"));
    item(&mut given, "N-2");
    item(&mut given, "N-3");
    assert_eq!(pace(&mut given, "2022-09-14T11:00"), (0, 13, "1.14".into(), true));
    let closed = shown(&mut given, QUOTA, "2022-09-14T11:00");
    assert_eq!(
        (&closed["closed"], &closed["progress"]["words"]["zh"]),
        (&json!(true), &json!("已计 3 件，达到 3 件"))
    );
}

#[test]
fn a_unit_sees_the_clause_that_binds_it() {
    let mut given = given();
    let own = shown(&mut given, QUOTA, "2022-09-02T09:00");
    assert_eq!(own["cite"]["clause"], "三(二)9");
    assert_eq!(own["deadlines"][0]["cite"]["clause"], "三(二)9");
    let reason = own["deadlines"][0]["reason"]["zh"].as_str().expect("a sentence");
    assert!(reason.contains("三(二)9"), "{reason}");
    assert_eq!((&own["assist"][0]["id"], &own["evidence"]["zh"]), (&json!("mashan"), &json!("链接")));
    let other = shown(&mut given, "quota-news/guide/2022-09", "2022-09-02T09:00");
    assert_eq!(other["cite"]["clause"], "三(一)5");
    let store = given.stored().clone();
    let policies = PolicyCache::default().read(&store).expect("policies");
    let (filter, ask) = (DeadlineFilter::default(), PageAsk::default());
    let page = deadlines(&store, &policies, &filter, &ask, t("2022-09-02T09:00")).expect("a page");
    let clause = page.rows.iter().find(|row| row.case.as_str() == QUOTA).map(|row| row.cite.clause.clone());
    assert_eq!(clause.as_deref(), Some("三(二)9"));
}

#[test]
fn a_standing_duty_has_no_light_and_says_why() {
    let mut given = given();
    given.at(t("2025-01-01T00:00"));
    let case = shown(&mut given, "ongoing-sharing/wenchang", "2025-01-01T09:00");
    assert_eq!(case["standing"]["zh"], "文件要求持续推进");
    assert_eq!((&case["deadlines"], &case["closed"]), (&json!([]), &json!(false)));
    assert!(case["asked"]["zh"].as_str().is_some_and(|it| it.contains("2025-01-01")), "{case}");
    let store = given.stored().clone();
    let policies = PolicyCache::default().read(&store).expect("policies");
    let filter = CaseFilter { unit: UnitId::new("wenchang").ok(), ..CaseFilter::default() };
    let page = cases(&store, &policies, &filter, &PageAsk::default(), t("2025-01-01T09:00")).expect("a page");
    let row = page.rows.iter().find(|row| row.standing).expect("the standing one");
    assert_eq!((row.case.as_str(), row.light, row.due_at), ("ongoing-sharing/wenchang", None, None));
}

#[test]
fn sums_that_are_asked_for_are_those_of_the_kernel() {
    let mut given = given();
    given.at(t("2022-09-13T10:00"));
    item(&mut given, "N-1");
    let unit = UnitId::new("wenchang").expect("a unit");
    let span = (t("2022-09-01T00:00"), t("2022-10-01T00:15"));
    let store = given.stored().clone();
    for (name, of, expected) in [
        ("news.happened", Tallied::Facts, 1),
        ("news.review-passed", Tallied::Facts, 1),
        ("news-item", Tallied::InTime, 1),
        ("quota-news", Tallied::Open, 1),
        ("quota-news", Tallied::Late, 0),
    ] {
        let asked = tallies::tallied(&store, &unit, name, of, span).expect("a sum");
        let decided = given.state.tallied(&unit, name, of, span).expect("a sum");
        assert_eq!((asked, decided), (expected, expected), "{name} {of:?}");
    }
}
