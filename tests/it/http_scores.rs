//! Points, rankings and targets over HTTP: frozen when published, corrected beside.

use serde_json::{Value, json};

use crate::support::drafts::authored;
use crate::support::site::{Served, published};

pub const CARD: &str = r#"kind: Target
name: compliant
version: "1"
title: {zh: 合规, en: Compliance}
cite: {notice: changqing-2022, clause: 四(二)}
effective: {from: "2022-01-01"}
for: [unit:qu-shuiwuju, unit:qu-rensheju]
per: month
inputs: {compliance: {indicator: compliance}}
value: compliance
atLeast: "0.96"
---
kind: Scorecard
name: trial
version: "1"
title: {zh: 试排名, en: Trial}
cite: {notice: changqing-2022, clause: 四(二), officeSetting: true}
effective: {from: "2022-01-01"}
for: [unit:qu-shuiwuju, unit:qu-rensheju]
total: 10
sections:
  - name: one
    title: {zh: 一, en: One}
    cite: {notice: changqing-2022, clause: 四(二), officeSetting: true}
    most: 10
    items:
      - name: compliance
        title: {zh: 合规率, en: Compliance}
        cite: {notice: changqing-2022, clause: 四(二), officeSetting: true}
        per: month
        most: 10
        inputs: {compliance: {title: {zh: 合规率, en: compliance}, indicator: compliance}}
        points: [{of: compliance, times: 10}]
rank: {by: total, ties: shared, every: month, publish: {workingDays: 5}, calendar: cn-gov}
"#;

fn figure(kind: &str, id: &str, unit: &str, value: Value) -> Value {
    json!({
        "specversion": "1.0", "type": kind, "source": "/figures", "id": id, "actor": unit,
        "subject": format!("indicator/{unit}/compliance/2022-10"),
        "data": {"unit": unit, "indicator": "compliance", "period": "2022-10", "value": value, "reasons": "核对"},
    })
}

async fn accepted(served: &Served, event: Value) {
    let came = served.state(event).await;
    assert_eq!(came.status, 200, "{}", came.text);
    assert_eq!(came.json()["events"][0]["verdict"], "accepted", "{}", came.text);
}

async fn served() -> Served {
    let served = Served::at("2022-10-09T09:00:00+08:00").await;
    for definition in authored("changqing", CARD) {
        accepted(&served, published(&definition)).await;
    }
    served.set_now("2022-11-01T09:00:00+08:00");
    accepted(&served, figure("indicator.reported", "f1", "qu-shuiwuju", json!("0.95"))).await;
    accepted(&served, figure("indicator.reported", "f2", "qu-rensheju", json!(0.97))).await;
    served
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ranking_is_provisional_then_frozen_and_corrections_stand_beside_it() {
    let served = served().await;
    let before = served.get("rankings?scorecard=trial&period=2022-10").await.json();
    assert_eq!(before["published"], Value::Null, "{before}");
    assert_eq!(before["rows"][0]["unit"]["id"], "qu-rensheju");
    assert_eq!(before["rows"][0]["points"], "9.70");

    // The day after the fifth working day of November a fact lets time pass.
    served.set_now("2022-11-09T09:00:00+08:00");
    accepted(&served, figure("indicator.corrected", "f3", "qu-shuiwuju", json!("0.99"))).await;
    let after = served.get("rankings?scorecard=trial&period=2022-10").await.json();
    assert_eq!(after["published"]["at"], "2022-11-08T16:00:00Z", "{after}");
    let rows = after["rows"].as_array().expect("rows");
    let points: Vec<&Value> = rows.iter().map(|row| &row["exact"]).collect();
    assert_eq!(points, ["97/10", "19/2"], "what was published stays");
    assert_eq!(rows[1]["unit"]["id"], "qu-shuiwuju");
    assert_eq!((&rows[1]["rank"], &rows[1]["now"]["rank"]), (&json!(2), &json!(1)), "{after}");
    assert_eq!(rows[1]["now"]["exact"], "99/10");
    assert_eq!(after["corrections"], json!(["qu-rensheju", "qu-shuiwuju"]), "a place changes for both");
    assert!(after["periods"].as_array().is_some_and(|it| it.contains(&json!("2022-10"))), "{after}");
    assert!(after["rules"]["zh"].as_str().is_some_and(|it| it.contains("并列")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_s_score_says_why_and_what_is_behind_it() {
    let served = served().await;
    let score = served.get("scores/qu-shuiwuju?scorecard=trial&period=2022-10").await.json();
    assert_eq!((&score["points"], &score["exact"]), (&json!("9.50"), &json!("19/2")), "{score}");
    let item = &score["sections"][0]["items"][0];
    assert_eq!(item["explanation"]["zh"], "合规率 0.95 × 10 = 9.5。计 9.5 分（满分 10 分）");
    let behind = &score["sources"]["compliance"][0];
    assert_eq!(behind["cases"], json!(["indicator/qu-shuiwuju/compliance/2022-10"]), "{score}");
    let case = served.get("cases/indicator/qu-shuiwuju/compliance/2022-10").await;
    assert_eq!(case.status, 200);
    let stranger = served.get("scores/qu-gongxinju?scorecard=trial").await;
    assert_eq!(stranger.status, 404, "{}", stranger.text);
    let unknown = served.get("rankings?scorecard=trail").await;
    assert_eq!(unknown.status, 404, "{}", unknown.text);
    let wrong = served.get("rankings?scorecard=trial&period=October").await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_say_who_has_reached_them() {
    let served = served().await;
    let targets = served.get("targets?target=compliant&period=2022-10").await.json();
    let rows = targets["rows"].as_array().expect("rows");
    let told: Vec<(&Value, &Value, &Value)> =
        rows.iter().map(|row| (&row["unit"]["id"], &row["reached"], &row["value"])).collect();
    assert_eq!(
        told,
        [
            (&json!("qu-shuiwuju"), &json!("missed"), &json!("19/20")),
            (&json!("qu-rensheju"), &json!("met"), &json!("97/100")),
        ]
    );
    let none = served.get("targets?target=compliant&unit=qu-shuiwuju&period=2022-09").await.json();
    assert_eq!(none["rows"][0]["reached"], "noFigure", "{none}");
}
