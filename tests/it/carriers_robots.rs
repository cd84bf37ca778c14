//! Robots of chat groups, held against doubles that check signatures, sizes and rates.

use std::time::Duration;

use duban::port::carrier::{Carried, Message};
use duban::port::carrier::{CarryError, Link};

use crate::support::office::{WORD, message, name, office, to};
use crate::support::receivers::{Does, HttpReceiver, dingtalk, feishu, wecom};

fn now() -> i64 {
    duban::cli::world::now().as_nanos() / 1_000_000_000
}

async fn carried(settings: &str, message: &Message) -> Result<Carried, CarryError> {
    office(settings)[&name("out")].carry(&to("tax-bureau"), message).await
}

/// A message longer than any robot takes, with much that must be escaped.
fn long() -> Message {
    let mut long = message("long");
    long.markdown = "一行“很长”的文字，\"引号\"也要转义\n".repeat(2000);
    long.text.clone_from(&long.markdown);
    long
}

fn too_fast(done: &Result<Carried, CarryError>, seconds: u64) -> bool {
    matches!(done, Err(CarryError::Again { after: Some(after), .. }) if *after == Duration::from_secs(seconds))
}

#[tokio::test]
async fn dingtalk_takes_what_is_signed_and_shuts_out_who_is_too_fast() {
    let robot = HttpReceiver::start(dingtalk(WORD, 4, now)).await;
    let url = robot.url("/robot/send?access_token=token");
    let settings =
        |form: &str| format!("{{via: dingtalk, form: {form}, secrets: [{{env: WORD}}], default: '{url}'}}");
    for form in ["card", "markdown", "text"] {
        assert!(carried(&settings(form), &message("k")).await.is_ok(), "{form}");
    }
    assert!(carried(&settings("card"), &long()).await.is_ok());
    let done = carried(&settings("card"), &message("k")).await;
    assert!(too_fast(&done, 600), "{done:?}");
    let taken = robot.taken();
    assert_eq!(taken[0].query("access_token").as_deref(), Some("token"));
    let card = &taken[0].json()["actionCard"];
    assert_eq!(card["btns"][0]["title"], "签收");
    assert!(card["text"].as_str().expect("a text").contains("还剩 2 个工作日"), "{card}");
    assert!(
        taken[1].json()["markdown"]["text"]
            .as_str()
            .expect("a text")
            .contains("[签收](https://duban.example/a")
    );
    assert!(taken[2].json()["text"]["content"].as_str().expect("a text").contains("编号：k"));
    assert!(taken[3].body.len() <= 20_000, "{}", taken[3].body.len());
    // A wrong secret is said, not hidden in a 200.
    let wrong = format!("{{via: dingtalk, secrets: [{{env: HOOK}}], default: '{url}'}}");
    let done = carried(&wrong, &message("k")).await;
    assert!(
        matches!(&done, Err(CarryError::Again { after: None, reason }) if reason.contains("310000")),
        "{done:?}"
    );
}

#[tokio::test]
async fn wecom_takes_its_sizes_and_no_more_in_a_minute() {
    let robot = HttpReceiver::start(wecom("token", 6)).await;
    let url = robot.url("/cgi-bin/webhook/send?key=token");
    for form in ["card", "markdown", "text"] {
        let settings = format!("{{via: wecom, form: {form}, default: '{url}'}}");
        for message in [message("k"), long()] {
            assert!(carried(&settings, &message).await.is_ok(), "{form}: {:?}", robot.taken().pop());
        }
    }
    let done = carried(&format!("{{via: wecom, default: '{url}'}}"), &message("k")).await;
    assert!(too_fast(&done, 60), "{done:?}");
    let first = robot.taken()[0].json();
    assert_eq!(first["template_card"]["jump_list"][0]["title"], "签收");
    let wrong = url.replace("key=token", "key=other");
    let done = carried(&format!("{{via: wecom, default: '{wrong}'}}"), &message("k")).await;
    assert!(matches!(&done, Err(CarryError::Again { reason, .. }) if reason.contains("93000")), "{done:?}");
}

#[tokio::test]
async fn feishu_takes_what_is_signed_in_the_body() {
    let robot = HttpReceiver::start(feishu(WORD, 4, now)).await;
    let url = robot.url("/open-apis/bot/v2/hook/token");
    let settings =
        |form: &str| format!("{{via: feishu, form: {form}, secrets: [{{env: WORD}}], default: '{url}'}}");
    for form in ["card", "markdown", "text"] {
        assert!(carried(&settings(form), &message("k")).await.is_ok(), "{form}");
    }
    assert!(carried(&settings("card"), &long()).await.is_ok());
    let done = carried(&settings("card"), &message("k")).await;
    assert!(too_fast(&done, 60), "{done:?}");
    let card = &robot.taken()[0].json()["card"];
    assert_eq!(card["header"]["template"], "blue");
    assert_eq!(card["elements"][1]["actions"][0]["text"]["content"], "签收");
    let unsigned = carried(&format!("{{via: feishu, default: '{url}'}}"), &message("k")).await;
    assert!(
        matches!(&unsigned, Err(CarryError::Again { reason, .. }) if reason.contains("19021")),
        "{unsigned:?}"
    );
}

#[tokio::test]
async fn an_answer_without_a_code_is_no_success() {
    for does in [Does::Status(200), Does::json("{}"), Does::json("no json"), Does::NeverEnds] {
        let robot = HttpReceiver::that(does.clone()).await;
        let settings = format!("{{via: wecom, default: '{}'}}", robot.url("/?key=token"));
        let done = carried(&settings, &message("k")).await;
        assert!(matches!(done, Err(CarryError::Unknown { .. })), "{does:?}: {done:?}");
    }
    let refused = HttpReceiver::that(Does::json(r#"{"errcode":430104,"errmsg":"content"}"#)).await;
    let settings = format!("{{via: dingtalk, default: '{}'}}", refused.url("/?access_token=token"));
    let done = carried(&settings, &message("k")).await;
    assert!(matches!(done, Err(CarryError::Never { .. })), "{done:?}");
}

/// What a fact brings along must not become a link, a colour or a call to everybody.
#[tokio::test]
async fn a_name_cannot_speak_to_the_group() {
    let robot = HttpReceiver::that(Does::json(r#"{"code":0}"#)).await;
    let mut facts = crate::support::office::facts(
        "<at id=all></at>[win](http://evil)**!**",
        duban::event::catalogue::Act::Reminder,
        duban::event::catalogue::RungLight::Blue,
    );
    facts.links = vec![Link { label: "签收".to_owned(), url: "https://duban.example/a".to_owned() }];
    let heading = crate::support::office::heading("k", duban::calendar::Lang::Zh);
    let message =
        duban::message::render(&heading, &[facts], &duban::message::Wording::usual()).expect("a message");
    let settings = format!("{{via: feishu, form: markdown, default: '{}'}}", robot.url("/"));
    assert!(carried(&settings, &message).await.is_ok());
    let said = robot.taken()[0].json()["card"]["elements"][0]["content"].as_str().expect("a text").to_owned();
    assert!(
        !said.contains("<at") && !said.contains("](http://evil") && said.contains("＜at id=all＞"),
        "{said}"
    );
}
