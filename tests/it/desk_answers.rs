//! Answers on the desk and by links: what may be stated is offered, what is stated
//! stands on the page, and a link works once, for what it says and no longer.

use duban::id::{CaseId, Name, Seq, TenantId, UnitId};
use duban::identity::link::{Answer, Claim, LinkKey};
use serde_json::{Value, json};

use crate::support::people::People;
use crate::support::site::{Came, LINKS, Served};

const NOW: &str = "2022-11-02T10:00:00+08:00";
const CASE: &str = "rectification/qu-zhujianju/ZG-1";
const PAGE: &str = "/desk/changqing/cases/rectification/qu-zhujianju/ZG-1";

fn opened(unit: &str, matter: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "rectification.opened", "source": "/office", "id": format!("o-{matter}"),
        "actor": "xinyong-ban", "data": {"unit": unit, "matter": matter, "problem": "材料不符"},
    })
}

async fn a_matter() -> Served {
    let served = Served::at(NOW).await;
    let came = served.state(opened("qu-zhujianju", "ZG-1")).await;
    assert_eq!(came.json()["events"][0]["verdict"], "accepted", "{}", came.text);
    served
}

/// The fields of a form, encoded.
fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    fields.join("&")
}

async fn send(served: &Served, path: &str, fields: &[(&str, &str)]) -> Came {
    served.post(path, "application/x-www-form-urlencoded", form(fields)).await
}

async fn case(served: &Served) -> Value {
    served.get(&format!("cases/{CASE}")).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_is_walked_through_on_the_page_of_its_case() {
    let served = a_matter().await;
    let page = served.get(PAGE).await.text;
    for word in ["签收", "转办", "说明情况", "申请延期", "提出移交"] {
        assert!(page.contains(word), "the page offers {word}");
    }
    assert!(!page.contains("同意延期"), "nothing is asked for yet");
    let delegated = [("type", "case.delegated"), ("actor", "qu-zhujianju"), ("person", "房管科 <李某>")];
    let came = send(&served, PAGE, &delegated).await;
    assert!(came.text.contains("房管科 &lt;李某&gt;"), "{}", came.text);
    let ask = [
        ("type", "extension.requested"),
        ("actor", "qu-zhujianju"),
        ("clock", "mend"),
        ("until", "2022-11-15"),
        ("reason", "须调阅档案"),
    ];
    let came = send(&served, PAGE, &ask).await;
    assert_eq!(came.status, 200, "{}", came.text);
    for word in ["延期申请", "2022-11-15 周二 24:00", "由 区信用办 决定", "同意延期", "不予延期"]
    {
        assert!(came.text.contains(word), "the page says {word}: {}", came.text);
    }
    let too_far =
        [("type", "extension.granted"), ("actor", "xinyong-ban"), ("clock", "mend"), ("until", "2023-11-15")];
    let came = send(&served, PAGE, &too_far).await;
    assert!(came.text.contains("未被接受") && came.text.contains("data/until"), "{}", came.text);
    let kept = "name=\"until\" value=\"2023-11-15\"";
    assert!(came.text.contains(kept), "the form stands open with what was written: {}", came.text);
    let came =
        send(&served, PAGE, &[("type", "extension.granted"), ("actor", "xinyong-ban"), ("clock", "mend")])
            .await;
    for word in ["延期获准", "已延期 1 次", "经批准延期 1 次，延至 2022-11-15 周二 24:00"]
    {
        assert!(came.text.contains(word), "the page says {word}: {}", came.text);
    }
    let answer = case(&served).await;
    assert_eq!(answer["deadlines"][0]["extensions"], 1, "{answer}");
    assert_eq!(answer["answering"]["handler"], "房管科 <李某>");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_one_may_state_is_offered_and_taken() {
    let people = People::new().await;
    let operator = people.tokens["operator"].reveal().to_owned();
    let stated = |event: Value| {
        let operator = operator.clone();
        let served = &people.served;
        async move {
            let request = |client: &reqwest::Client, at: &str| {
                client
                    .post(format!("{at}/v1/changqing/events?wait=20s"))
                    .header("content-type", "application/cloudevents+json")
                    .bearer_auth(operator)
                    .body(event.to_string())
            };
            served.request(request).await
        }
    };
    assert_eq!(stated(opened("qu-fagaiju", "ZG-2")).await.status, 200);
    let page = "/desk/changqing/cases/rectification/qu-fagaiju/ZG-2";
    let shown = people.ask("member", "GET", page).await.text;
    assert!(shown.contains("申请延期") && shown.contains("签收"), "the member answers for its unit");
    let shown = people.ask("reader", "GET", page).await.text;
    assert!(!shown.contains("申请延期") && !shown.contains("id=\"answers\""), "a reader answers nothing");
    let propose = |to: &str| {
        json!({"specversion": "1.0", "type": "handover.proposed", "source": "/t", "id": format!("h-{to}"),
            "subject": "rectification/qu-fagaiju/ZG-2", "actor": "qu-fagaiju", "data": {"to": to}})
    };
    assert_eq!(stated(propose("qu-shenpiju")).await.status, 200);
    let shown = people.ask("supervisor", "GET", page).await.text;
    assert!(shown.contains("移交征询") && !shown.contains("同意接收"), "it is the other unit's to answer");
}

fn claim(answer: Answer, expires: &str) -> Claim {
    Claim {
        tenant: TenantId::new("changqing").expect("a tenant"),
        case: CaseId::new(CASE).expect("a case"),
        clock: Some(Name::new("mend").expect("a clock")),
        unit: UnitId::new("qu-zhujianju").expect("a unit"),
        answer,
        reminder: Seq(41),
        expires: expires.parse().expect("an instant"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_looked_at_without_harm_and_followed_once() {
    let served = a_matter().await;
    let key = LinkKey::of(&LINKS);
    let token = key.sign(&claim(Answer::Acknowledge, "2022-11-09T10:00:00+08:00")).expect("a token");
    let path = format!("/answer/{token}");
    let before = served.facts_stored().await;
    let shown = served.get(&path).await;
    assert!(
        shown.status == 200 && shown.text.contains("签收") && shown.text.contains(CASE),
        "{}",
        shown.text
    );
    assert_eq!(served.facts_stored().await, before, "looking states nothing");
    let came = send(&served, &path, &[]).await;
    assert!(came.status == 200 && came.text.contains("已收到"), "{}", came.text);
    let answer = case(&served).await;
    assert!(answer["deadlines"][0]["acknowledgedAt"].is_string(), "{answer}");
    let came = send(&served, &path, &[]).await;
    assert!(came.status == 200 && came.text.contains("此前已经答复过"), "{}", came.text);
    let explain = key.sign(&claim(Answer::Explain, "2022-11-09T10:00:00+08:00")).expect("a token");
    let path = format!("/answer/{explain}");
    assert!(served.get(&path).await.text.contains("<textarea"), "an explanation is written");
    let came = send(&served, &path, &[("text", "档案已调取")]).await;
    assert!(came.text.contains("已收到"), "{}", came.text);
    let came = send(&served, &path, &[("text", "另一种说法")]).await;
    assert!(came.text.contains("此前已经答复过"), "{}", came.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_over_or_not_ours_states_nothing() {
    let served = a_matter().await;
    let before = served.facts_stored().await;
    let over = LinkKey::of(&LINKS).sign(&claim(Answer::Acknowledge, NOW)).expect("a token");
    let forged =
        LinkKey::of(&[1; 32]).sign(&claim(Answer::Acknowledge, "2023-01-01T00:00:00Z")).expect("a token");
    for (token, status) in [(over, 410), (forged, 404), ("nonsense".to_owned(), 404)] {
        let path = format!("/answer/{token}");
        assert_eq!(served.get(&path).await.status, status, "{path}");
        assert_eq!(send(&served, &path, &[]).await.status, status, "{path}");
    }
    assert_eq!(served.facts_stored().await, before);
}
