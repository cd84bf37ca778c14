//! What holds for every fact: it survives being sent, in whichever mode, and no
//! bytes whatever bring the reader down.

use duban::event::batch::read_http;
use duban::event::envelope::read_message;
use duban::event::fact::{Content, Fact};
use duban::event::structured::to_message;
use duban::id::{EventType, TenantId, UnitId};
use duban::time::Instant;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

/// Any JSON, four levels deep.
pub fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no others", |number| number.is_finite()).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(".{0,6}", inner, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

prop_compose! {
    /// Any fact that an envelope can carry.
    pub fn fact()(
        source in "/[a-z0-9%]{0}[a-z0-9._~-]{1,20}",
        id in "[^\\p{Cc}]{1,40}",
        kind in "[a-z]{1,8}\\.[a-z]{1,8}",
        version in option::of("[0-9]{1,3}"),
        subject in option::of("[^\\p{Cc}]{1,40}"),
        actor in "[a-z][a-z0-9]{0,8}",
        occurred_at in option::of(any::<i64>()),
        imported_at in option::of(any::<i64>()),
        stated_by in option::of("(account|token|issued):[^\\p{Cc}]{1,40}"),
        data in json().prop_filter("no data is an empty object", |data| !data.is_null()),
    ) -> Fact {
        Fact {
            source, id, version, subject, stated_by, data,
            kind: EventType::new(&kind).expect("a type"),
            actor: UnitId::new(&actor).expect("a unit"),
            occurred_at: occurred_at.map(Instant::from_nanos),
            imported_at: imported_at.map(Instant::from_nanos),
        }
    }
}

fn tenant() -> TenantId {
    TenantId::new("changqing").expect("a tenant")
}

/// The fact in binary mode, every doubtful character encoded.
fn binary(fact: &Fact) -> (Vec<(String, String)>, Vec<u8>) {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            headers.push((format!("ce-{name}"), utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string()));
        }
    };
    put("specversion", Some("1.0".into()));
    put("id", Some(fact.id.clone()));
    put("source", Some(fact.source.clone()));
    put("type", Some(fact.kind.to_string()));
    put("subject", fact.subject.clone());
    put("actor", Some(fact.actor.to_string()));
    put("dataschema", fact.version.as_ref().map(|version| format!("duban:events/x/{version}")));
    put("time", fact.occurred_at.map(|at| at.to_string()));
    put("statedby", fact.stated_by.clone());
    put("recordedtime", fact.imported_at.map(|at| at.to_string()));
    (headers, fact.data.to_string().into_bytes())
}

proptest! {
    #[test]
    fn a_fact_survives_being_sent_in_structured_mode(fact in fact()) {
        let (subject, headers, body) = to_message(&fact, &tenant());
        prop_assert_eq!(read_message(&tenant(), &subject, &headers, &body), Content::Fact(Box::new(fact.clone())));
        // A second writing has the same bytes, and the digest does not know the mode.
        prop_assert_eq!(to_message(&fact, &tenant()).2, body);
    }

    #[test]
    fn a_fact_survives_being_sent_in_binary_mode(fact in fact()) {
        let (headers, body) = binary(&fact);
        let (subject, ..) = to_message(&fact, &tenant());
        prop_assert_eq!(read_message(&tenant(), &subject, &headers, &body), Content::Fact(Box::new(fact.clone())));
        prop_assert_eq!(read_http(Some("application/json"), &headers, &body), Ok(vec![Ok(fact)]));
    }

    #[test]
    fn facts_survive_a_batch(facts in vec(fact(), 0..5)) {
        let events = facts.iter().map(|fact| {
            let body = to_message(fact, &tenant()).2;
            let mut event: Value = serde_json::from_slice(&body).expect("JSON");
            event["actor"] = fact.actor.as_str().into();
            event
        });
        let body = Value::Array(events.collect()).to_string();
        let read = read_http(Some("application/cloudevents-batch+json"), &[], body.as_bytes());
        prop_assert_eq!(read, Ok(facts.into_iter().map(Ok).collect()));
    }

    #[test]
    fn no_message_brings_the_reader_down(
        subject in ".{0,60}",
        headers in vec(("(ce-|CE-)?[a-z]{0,12}|content-type", ".{0,20}"), 0..4),
        body in vec(any::<u8>(), 0..200),
    ) {
        let content = read_message(&tenant(), &subject, &headers, &body);
        prop_assert!(matches!(content, Content::Malformed(..)));
        let _ = read_http(None, &headers, &body);
    }

    #[test]
    fn a_message_altered_in_one_byte_is_read_or_refused(fact in fact(), at: prop::sample::Index, byte: u8) {
        let (subject, headers, mut body) = to_message(&fact, &tenant());
        let place = at.index(body.len());
        body[place] = byte;
        prop_assert!(read_message(&tenant(), &subject, &headers, &body) != Content::Tick);
    }
}
