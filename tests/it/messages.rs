//! What messages say, in both languages and every form.

use std::collections::BTreeMap;

use duban::calendar::Lang;
use duban::event::catalogue::{Act, RungLight};
use duban::message::{Facts, Wording, render};

use duban::query::notice::{Raised, facts as facts_of};
use duban::query::policy_cache::PolicyCache;

use crate::support::kernel::{Given, fact, t};
use crate::support::office::{facts, heading};

fn three() -> Vec<Facts> {
    let mut late = facts("YY-2022-002", Act::SupervisionSheet, RungLight::Red);
    late.nth = 2;
    vec![
        facts("YY-2022-001", Act::Reminder, RungLight::Blue),
        late,
        facts("<b>&\"003", Act::Reminder, RungLight::Yellow),
    ]
}

#[test]
fn one_deadline_is_told_with_its_days_and_its_clause() {
    for (lang, of) in [(Lang::Zh, "zh"), (Lang::En, "en")] {
        let message = render(&heading("a1-7", lang), &three()[..1], &Wording::usual()).expect("a message");
        insta::assert_snapshot!(format!("one_{of}_text"), message.text);
        insta::assert_snapshot!(format!("one_{of}_markdown"), message.markdown);
        insta::assert_snapshot!(format!("one_{of}_html"), message.html.replace("<tr>", "\n<tr>"));
    }
}

#[test]
fn several_deadlines_are_one_message_as_grave_as_the_gravest() {
    let mut heading = heading("a1-7", Lang::Zh);
    let message = render(&heading, &three(), &Wording::usual()).expect("a message");
    assert_eq!(message.title, "【督办】税务局：3 项期限，其中超期 1 项");
    assert_eq!(message.light, RungLight::Red);
    assert_eq!(message.event.as_array().map(Vec::len), Some(3));
    insta::assert_snapshot!("three_zh_text", message.text);
    assert!(message.html.contains("&lt;b&gt;&amp;&quot;003") && !message.html.contains("<b>&\""));
    // What is over is no appointment any more.
    let calendar = &message.attachments[0].body;
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 2);
    assert!(!calendar.contains("YY-2022-002"), "{calendar}");
    heading.is_digest = true;
    let digest = render(&heading, &three(), &Wording::usual()).expect("a digest");
    assert_eq!(digest.title, "【督办日报】2022-10-10 税务局：3 项期限，其中超期 1 项");
    assert!(render(&heading, &[], &Wording::usual()).is_none());
}

#[test]
fn the_same_facts_give_the_same_message_but_for_the_calendars_own_stamp() {
    let again = || render(&heading("a1-7", Lang::Zh), &three(), &Wording::usual()).expect("a message");
    assert_eq!(again(), again());
}

#[test]
fn more_than_anybody_reads_is_counted_and_not_listed() {
    let many: Vec<Facts> =
        (0..120).map(|n| facts(&format!("YY-{n:03}"), Act::Reminder, RungLight::Blue)).collect();
    let message = render(&heading("a1-7", Lang::Zh), &many, &Wording::usual()).expect("a message");
    assert!(message.text.contains("YY-049") && !message.text.contains("YY-050"));
    for form in [&message.text, &message.html, &message.markdown] {
        assert!(form.contains("另有 70 项"), "{form}");
    }
    assert_eq!(message.event.as_array().map(Vec::len), Some(120), "machines are told all");
}

#[test]
fn an_office_has_its_own_words() {
    let own = BTreeMap::from([(
        Lang::Zh,
        BTreeMap::from([
            ("subject".to_owned(), "{{unit}}{{light}}{{act}}第{{nth}}次：{{case}}".to_owned()),
            ("openingSheet".to_owned(), "依{{clause}}，\n限{{due}}前办结 <br>。".to_owned()),
        ]),
    )]);
    let wording = Wording::read(&own).expect("a wording");
    let message = render(&heading("a1-7", Lang::Zh), &three()[1..2], &wording).expect("a message");
    assert_eq!(message.title, "税务局红色督办单第2次：YY-2022-002");
    assert!(message.text.contains("依依据 changqing-2022 第五条，\n限2022-10-12 周三 24:00前办结 <br>。"));
    assert!(message.html.contains("前办结 &lt;br&gt;。"), "wording is text, not HTML");
}

/// The letter and the screen agree, because the same questions are asked.
#[test]
fn the_facts_of_a_message_are_those_of_the_case() {
    let mut given = Given::tenant("changqing", &["objection"]);
    let received = fact("objection.received").by("xinyong-pingtai").of("objection/YY-2022-001");
    let received = received.data(serde_json::json!({"unit": "qu-zhujianju", "applicant": "某公司"}));
    given.at(t("2022-09-28T16:20")).when(received);
    let case = given.case("objection/YY-2022-001");
    let policies = PolicyCache::default().read(given.stored()).expect("policies");
    let raised = |clock: &str| Raised {
        clock: clock.parse().expect("a clock"),
        act: Act::SupervisionSheet,
        light: RungLight::Red,
        nth: 1,
        links: Vec::new(),
        event: serde_json::Value::Null,
    };
    let told = facts_of(&policies, &case, raised("answer"), t("2022-09-30T10:00")).expect("the facts");
    assert_eq!(told.last_day.to_string(), "2022-09-29");
    assert!(told.is_late && told.explanation.is_some());
    assert_eq!(told.span.as_ref().map(|span| span.zh.as_str()), Some("超期 10 小时"));
    for text in [&told.days.zh, &told.days.en, &told.clause.zh] {
        assert!(text.contains("三(四)18"), "{text}");
    }
    let error = facts_of(&policies, &case, raised("unheard-of"), t("2022-09-30T10:00"));
    assert!(error.is_err(), "there is no such clock");
}
