//! Webhooks: whatever a receiver does, the carrier says what became of the message, and
//! the verifying library of Standard Webhooks accepts what we sign.

use std::time::Duration;

use duban::port::carrier::{Carried, CarryError};

use crate::support::office::{OLD_SECRET, SECRET, message, name, office, office_in, to, world};
use crate::support::python;
use crate::support::receivers::{Does, HttpReceiver, IMPATIENT};

async fn carried(receiver: &HttpReceiver, key: &str) -> Result<Carried, CarryError> {
    let carriers = office(&hook(&receiver.url("/in")));
    let out = &carriers[&name("out")];
    out.carry(&to("tax-bureau"), &message(key)).await
}

/// The same by a carrier that does not wait long for an answer.
async fn carried_or_not(receiver: &HttpReceiver, key: &str) -> Result<Carried, CarryError> {
    let mut world = world();
    world.answer_within = IMPATIENT;
    let settings =
        format!("    allowPrivate: [127.0.0.1]\n    channels:\n      out: {}\n", hook(&receiver.url("/in")));
    let carriers = office_in(&world, &settings).expect("an office");
    carriers[&name("out")].carry(&to("tax-bureau"), &message(key)).await
}

fn hook(url: &str) -> String {
    format!("{{via: webhook, secrets: [{{env: HOOK}}, {{env: OLD_HOOK}}], default: '{url}'}}")
}

const VERIFY: &str = r#"
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
headers, body, secrets = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3:]
for secret in secrets:
    Webhook(secret).verify(body, headers)
for wrong in [body + " ", body.replace("YY", "ZZ")]:
    try:
        Webhook(secrets[0]).verify(wrong, headers)
        sys.exit("a changed body was accepted")
    except WebhookVerificationError:
        pass
try:
    Webhook("whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCwgbm90IG91cnM=").verify(body, headers)
    sys.exit("a stranger's secret was accepted")
except WebhookVerificationError:
    pass
"#;

#[tokio::test]
async fn the_standards_own_library_accepts_both_secrets_while_one_replaces_the_other() {
    let receiver = HttpReceiver::that(Does::Status(204)).await;
    let done = carried(&receiver, "a1b2-7-tax-bureau-out").await;
    assert_eq!(done, Ok(Carried { note: "answered 204".to_owned() }));
    let [taken] = &receiver.taken()[..] else { panic!("one request should have come") };
    assert_eq!(taken.header("webhook-id"), "a1b2-7-tax-bureau-out");
    assert_eq!(taken.header("content-type"), "application/cloudevents+json; charset=utf-8");
    assert_eq!(taken.json()["data"]["words"], "催办");
    assert_eq!(taken.header("webhook-signature").split(' ').count(), 2);
    let headers = serde_json::json!({
        "webhook-id": taken.header("webhook-id"),
        "webhook-timestamp": taken.header("webhook-timestamp"),
        "webhook-signature": taken.header("webhook-signature"),
    });
    let body = String::from_utf8(taken.body.clone()).expect("a text");
    let (headers, secrets) = (headers.to_string(), [SECRET, OLD_SECRET]);
    tokio::task::spawn_blocking(move || python::run(VERIFY, &[&headers, &body, secrets[0], secrets[1]]))
        .await
        .expect("the library accepts it");
}

#[tokio::test]
async fn a_receiver_that_says_no_is_tried_again_and_one_that_never_will_is_not() {
    let too_many = |after: &str| Does::Says(429, vec![("retry-after", after.to_owned())], String::new());
    for (does, after) in [
        (too_many("7"), Some(7)),
        (too_many("Tue, 31 Dec 2199 23:59:59 GMT"), Some(3600)),
        (too_many("whenever"), None),
        (Does::Status(500), None),
        (Does::Status(404), None),
    ] {
        let receiver = HttpReceiver::that(does.clone()).await;
        let Err(CarryError::Again { after: asked, .. }) = carried(&receiver, "k").await else {
            panic!("{does:?} should be tried again")
        };
        assert_eq!(asked, after.map(Duration::from_secs), "{does:?}");
    }
    for status in [400, 410, 413] {
        let receiver = HttpReceiver::that(Does::Status(status)).await;
        let done = carried(&receiver, "k").await;
        assert!(matches!(done, Err(CarryError::Never { .. })), "{status}: {done:?}");
    }
}

#[tokio::test]
async fn where_the_answer_is_lost_the_outcome_is_unknown_and_the_key_the_same() {
    for does in [Does::Hangs, Does::Resets, Does::AnswersLate] {
        let receiver = HttpReceiver::in_turn([does.clone(), Does::Status(200)]).await;
        let first = carried_or_not(&receiver, "same-key").await;
        assert!(matches!(first, Err(CarryError::Unknown { .. })), "{does:?}: {first:?}");
        assert!(carried(&receiver, "same-key").await.is_ok(), "{does:?}");
        let keys: Vec<String> =
            receiver.taken().iter().map(|taken| taken.header("webhook-id").to_owned()).collect();
        assert_eq!(keys, ["same-key", "same-key"], "{does:?}");
        let bodies: Vec<_> = receiver.taken().into_iter().map(|taken| taken.body).collect();
        assert_eq!(bodies[0], bodies[1], "{does:?}");
    }
}

#[tokio::test]
async fn nothing_was_sent_where_nobody_listens() {
    let gone = HttpReceiver::that(Does::Status(200)).await;
    let url = gone.url("/in");
    drop(gone);
    let carriers = office(&hook(&url));
    let done = carriers[&name("out")].carry(&to("tax-bureau"), &message("k")).await;
    assert!(matches!(done, Err(CarryError::Again { .. } | CarryError::Unknown { .. })), "{done:?}");
}

#[tokio::test]
async fn a_second_answer_is_nobodys_and_an_endless_one_is_not_read() {
    let receiver = HttpReceiver::in_turn([Does::AnswersTwice, Does::Status(500)]).await;
    let carriers = office(&hook(&receiver.url("/in")));
    let out = &carriers[&name("out")];
    assert!(out.carry(&to("tax-bureau"), &message("one")).await.is_ok());
    // The second answer to the first must not be taken for the answer to the second.
    let second = out.carry(&to("tax-bureau"), &message("two")).await;
    assert!(matches!(second, Err(CarryError::Again { .. })), "{second:?}");
    let endless = HttpReceiver::that(Does::NeverEnds).await;
    assert!(carried(&endless, "k").await.is_ok(), "the status was said");
}

#[tokio::test]
async fn units_have_their_own_addresses_and_whoever_has_none_is_told_of() {
    let receiver = HttpReceiver::that(Does::Status(200)).await;
    let url = receiver.url("/tax?token=hush");
    let carriers =
        office(&format!("{{via: webhook, secrets: [{{env: HOOK}}], addresses: {{tax-bureau: '{url}'}}}}"));
    let out = &carriers[&name("out")];
    assert!(out.carry(&to("tax-bureau"), &message("k")).await.is_ok());
    assert_eq!(receiver.taken()[0].query("token").as_deref(), Some("hush"));
    let destination = out.destination(&to("tax-bureau")).expect("a destination");
    assert!(
        destination.name.starts_with("127.0.0.1:") && !destination.name.contains("hush"),
        "{}",
        destination.name
    );
    assert_eq!(out.destination(&to("housing")), None);
    let done = out.carry(&to("housing"), &message("k")).await;
    assert!(matches!(&done, Err(CarryError::Never { reason }) if reason.contains("housing")), "{done:?}");
}
