//! Messages of the intake and requests over HTTP, as publishers really send them.

use duban::event::batch::{MOST_IN_BATCH, read_http};
use duban::event::envelope::{MOST_BODY, read_message};
use duban::event::fact::{Content, Fact, MOST_ORIGINAL, Malformed};
use duban::event::structured::to_message;
use duban::id::TenantId;
use serde_json::{Value, json};

const SUBJECT: &str = "duban.changqing.intake.platform.objection.received";

fn read(subject: &str, headers: &[(&str, &str)], body: &[u8]) -> Content {
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    read_message(&TenantId::new("changqing").expect("a tenant"), subject, &headers, body)
}

#[track_caller]
fn fact(headers: &[(&str, &str)], body: &str) -> Fact {
    match read(SUBJECT, headers, body.as_bytes()) {
        Content::Fact(fact) => *fact,
        other => panic!("should be a fact, is {other:?}"),
    }
}

#[track_caller]
fn fault(subject: &str, headers: &[(&str, &str)], body: &[u8]) -> (Malformed, String) {
    match read(subject, headers, body) {
        Content::Malformed(fault, original) => {
            assert!(!fault.field.is_empty() && fault.message.len() > 10, "{fault:?} should explain itself");
            (*fault, original)
        }
        other => panic!("should be refused, is {other:?}"),
    }
}

#[track_caller]
fn rule(headers: &[(&str, &str)], body: &str) -> String {
    fault(SUBJECT, headers, body.as_bytes()).0.rule
}

fn event() -> Value {
    json!({
        "specversion": "1.0", "id": "YY-1", "source": "/changqing/platform", "type": "objection.received",
        "subject": "YY-2022-001", "time": "2022-09-28T16:20:00+08:00", "data": {"unit": "区水务局"},
    })
}

fn with(name: &str, value: Value) -> String {
    let mut event = event();
    event[name] = value;
    event.to_string()
}

const BINARY: [(&str, &str); 6] = [
    ("ce-specversion", "1.0"),
    ("ce-id", "YY-1"),
    ("ce-source", "/changqing/platform"),
    ("ce-type", "objection.received"),
    ("ce-subject", "YY-2022-001"),
    ("ce-time", "2022-09-28T16:20:00+08:00"),
];

#[test]
fn both_modes_and_no_headers_at_all_give_the_same_fact() {
    let bare = fact(&[], &event().to_string());
    assert_eq!(bare.actor.as_str(), "platform");
    assert_eq!(bare.subject.as_deref(), Some("YY-2022-001"));
    assert_eq!(bare.occurred_at.map(|at| at.to_string()).as_deref(), Some("2022-09-28T08:20:00Z"));
    assert_eq!(bare.data, json!({"unit": "区水务局"}));

    let structured = [("Content-Type", "application/cloudevents+json; charset=UTF-8")];
    assert_eq!(fact(&structured, &event().to_string()), bare);
    assert_eq!(fact(&[("content-type", "application/json")], &event().to_string()), bare);
    let mut binary = BINARY.to_vec();
    binary.push(("content-type", "application/json"));
    assert_eq!(fact(&binary, r#"{"unit": "区水务局"}"#), bare);
    assert_eq!(fact(&BINARY, r#"{"unit":"区水务局"}"#), bare);
    let upper: Vec<_> = BINARY.iter().map(|(name, value)| (name.to_uppercase(), *value)).collect();
    let upper: Vec<_> = upper.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(fact(&upper, r#"{"unit":"区水务局"}"#), bare);
}

#[test]
fn header_values_are_percent_decoded_and_unquoted() {
    let mut headers = BINARY.to_vec();
    headers[4].1 = "%E6%B5%8E-2022%2F001%20%25";
    assert_eq!(fact(&headers, "").subject.as_deref(), Some("济-2022/001 %"));
    headers[4].1 = r#""quoted \"twice\"""#;
    assert_eq!(fact(&headers, "").subject.as_deref(), Some(r#"quoted "twice""#));
    headers[4].1 = "%FF";
    assert_eq!(rule(&headers, ""), "envelope.value");
}

#[test]
fn data_comes_as_json_as_base64_or_not_at_all() {
    let mut event = event();
    let members = event.as_object_mut().expect("an object");
    members.remove("data");
    members.insert("data_base64".into(), "eyJ1bml0IjoidGF4In0=".into());
    assert_eq!(fact(&[], &event.to_string()).data, json!({"unit": "tax"}));
    event["data_base64"] = Value::Null;
    assert_eq!(fact(&[], &event.to_string()).data, json!({}));
    assert_eq!(fact(&BINARY, "").data, json!({}));
    assert_eq!(
        fact(&[], &with("datacontenttype", json!("application/vnd.cq+json"))).data,
        json!({"unit": "区水务局"})
    );
    assert_eq!(rule(&[], &with("datacontenttype", json!("text/plain"))), "envelope.content-type");
    assert_eq!(rule(&[], &with("data_base64", json!("e30="))), "envelope.data");
}

#[test]
fn extensions_are_read_or_ignored_but_never_misspelt() {
    assert_eq!(
        fact(&[], &with("dataschema", json!("https://a.example/x/2?y#z"))).version.as_deref(),
        Some("2")
    );
    assert_eq!(fact(&[], &with("traceparent", json!("00-4bf92f-00"))), fact(&[], &event().to_string()));
    assert_eq!(rule(&[], &with("recordedTime", json!("2022-09-28T18:00:00Z"))), "envelope.attribute-name");
    assert_eq!(rule(&[], &with("actor", json!("tax"))), "envelope.actor-mismatch");
    assert_eq!(fact(&[], &with("actor", json!("platform"))), fact(&[], &event().to_string()));
}

#[test]
fn only_the_importer_says_when_and_by_whom_a_fact_was_recorded() {
    let mut past = event();
    past["recordedtime"] = json!("2022-09-28T18:00:00+08:00");
    past["actor"] = json!("platform");
    let importer = SUBJECT.replace("platform", "importer");
    let Content::Fact(stated) = read(&importer, &[], past.to_string().as_bytes()) else {
        panic!("should be a fact");
    };
    assert_eq!(stated.imported_at.map(|at| at.to_string()).as_deref(), Some("2022-09-28T10:00:00Z"));
    assert_eq!(stated.actor.as_str(), "platform");
    let (subject, _, body) = to_message(&stated, &TenantId::new("changqing").expect("a tenant"));
    assert_eq!(subject, importer);
    assert_eq!(read(&subject, &[], &body), Content::Fact(stated));

    assert_eq!(rule(&[], &past.to_string()), "import.forbidden");
    past.as_object_mut().expect("an object").remove("actor");
    assert_eq!(fault(&importer, &[], past.to_string().as_bytes()).0.rule, "envelope.required");
}

#[test]
fn the_subject_is_the_identity_and_names_the_type() {
    let body = event().to_string();
    let under = |subject: &str| fault(subject, &[], body.as_bytes()).0;
    assert_eq!(under("duban.changqing.intake.platform.objection.answered").rule, "envelope.subject-mismatch");
    for wrong in [
        "duban.genhe.intake.platform.objection.received",
        "duban.changqing.intake.platform.objection",
        "duban.changqing.intake.objection.received",
        "duban.changqing.intake.Platform.objection.received",
        "duban.changqing.intake.platform.objection.received.again",
        "duban.changqing.ledger.platform.objection.received",
        "",
    ] {
        assert_eq!(under(wrong).rule, "envelope.intake-subject", "{wrong:?}");
    }
    let stated = under("duban.changqing.intake.platform.objection.answered");
    assert_eq!(stated.id.as_deref(), Some("YY-1"));
    assert_eq!(stated.source.as_deref(), Some("/changqing/platform"));
    assert_eq!(stated.actor.map(|actor| actor.to_string()).as_deref(), Some("platform"));
}

#[test]
fn the_engines_tick_is_one_whatever_its_body() {
    for body in [b"".as_slice(), b"{}", b"\xff"] {
        assert_eq!(read("duban.changqing.intake.engine.clock.ticked", &[], body), Content::Tick);
    }
    assert!(matches!(read("duban.genhe.intake.engine.clock.ticked", &[], b""), Content::Malformed(..)));
}

#[test]
fn what_is_too_large_or_too_deep_is_refused_in_either_mode() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let deep = |levels: usize| event().to_string().replace(r#"{"unit":"区水务局"}"#, &nested(levels));
    assert!(matches!(read(SUBJECT, &[], deep(32).as_bytes()), Content::Fact(_)));
    assert_eq!(rule(&[], &deep(33)), "envelope.too-deep");
    assert!(matches!(read(SUBJECT, &BINARY.map(|it| it), nested(32).as_bytes()), Content::Fact(_)));
    assert_eq!(rule(&BINARY, &nested(33)), "envelope.too-deep");
    assert_eq!(rule(&[], &"[".repeat(MOST_BODY)), "envelope.too-deep");
    assert_eq!(rule(&[], &" ".repeat(MOST_BODY + 1)), "envelope.too-large");
    let long = format!("[{}1e15]", "1e15,".repeat(60_000));
    assert_eq!(
        rule(&BINARY, &long),
        "envelope.too-large",
        "each number grows to eighteen bytes on the ledger"
    );
}

#[test]
fn keys_that_readers_take_differently_are_refused() {
    let twice = event().to_string().replace(r#""id":"YY-1""#, r#""id":"YY-1","id":"YY-2""#);
    assert_eq!(rule(&[], &twice), "envelope.duplicate-key");
    assert_eq!(rule(&BINARY, r#"{"a":1,"a":2}"#), "envelope.duplicate-key");
    assert_eq!(rule(&BINARY, r#"{"$serde_json::private::RawValue":"{}"}"#), "envelope.reserved-key");
}

#[test]
fn the_original_is_kept_as_far_as_it_can_be() {
    assert_eq!(fault(SUBJECT, &[], b"no json").1, "no json");
    assert_eq!(fault(SUBJECT, &[], b"\xc4\xe3").1, "base64:xOM=");
    assert!(fault(SUBJECT, &[], b"\xc4\xe3").0.message.contains("GBK"));
    assert_eq!(fault(SUBJECT, &[("ce-id", "1")], b"{}").1, "ce-id: 1\n\n{}");
    let long = "督".repeat(MOST_ORIGINAL);
    let kept = fault(SUBJECT, &[], long.as_bytes()).1;
    assert!(kept.len() <= MOST_ORIGINAL && kept.len() > MOST_ORIGINAL - 4);
    let binary = vec![0xff; MOST_ORIGINAL * 2];
    assert!(fault(SUBJECT, &[], &binary).1.len() <= MOST_ORIGINAL);
}

#[test]
fn other_formats_are_named_as_what_is_not_read() {
    for media in ["application/cloudevents+avro", "application/cloudevents-batch+json", "text/plain"] {
        assert_eq!(
            rule(&[("content-type", media)], &event().to_string()),
            "envelope.content-type",
            "{media}"
        );
    }
    assert_eq!(rule(&[], "[]"), "envelope.json");
    assert_eq!(rule(&[], "{}"), "envelope.required");
}

#[test]
fn over_http_each_event_of_a_batch_has_its_own_faults() {
    let good = with("actor", json!("platform"));
    for media in [Some("application/cloudevents-batch+json"), Some("application/json"), None] {
        let batch = format!(" [{good}, {}, 7]", event());
        let read = read_http(media, &[], batch.as_bytes()).expect("a batch");
        let rules: Vec<_> =
            read.iter().map(|one| one.as_ref().map_err(|fault| fault.rule.as_str())).collect();
        assert!(rules[0].is_ok());
        assert_eq!(rules[1], Err("envelope.required"), "without an actor");
        assert_eq!(rules[2], Err("envelope.json"));
    }
    assert_eq!(read_http(None, &[], b"[]"), Ok(vec![]));
    let many = format!("[{}7]", "7,".repeat(MOST_IN_BATCH));
    assert_eq!(read_http(None, &[], many.as_bytes()).expect_err("too many").rule, "envelope.batch");
    assert_eq!(read_http(None, &[], b"[{]").expect_err("no JSON").rule, "envelope.json");
    assert_eq!(read_http(Some("text/csv"), &[], b"a,b").expect_err("no event").rule, "envelope.content-type");
}

#[test]
fn over_http_binary_mode_takes_the_actor_from_its_header() {
    let mut headers: Vec<_> =
        BINARY.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    headers.push(("ce-actor".into(), "platform".into()));
    let read = read_http(Some("application/json"), &headers, r#"{"unit":"区水务局"}"#.as_bytes());
    assert_eq!(read, Ok(vec![Ok(fact(&[], &event().to_string()))]));
}

#[test]
fn a_fact_is_published_under_its_actor_and_type() {
    let stated = fact(&[], &event().to_string());
    let (subject, headers, body) = to_message(&stated, &TenantId::new("changqing").expect("a tenant"));
    assert_eq!(subject, SUBJECT);
    assert_eq!(headers, [("content-type".to_owned(), "application/cloudevents+json".to_owned())]);
    let expected = concat!(
        r#"{"data":{"unit":"区水务局"},"id":"YY-1","#,
        r#""source":"/changqing/platform","specversion":"1.0","subject":"YY-2022-001","#,
        r#""time":"2022-09-28T08:20:00Z","type":"objection.received"}"#,
    );
    assert_eq!(String::from_utf8(body).expect("text"), expected);
}
