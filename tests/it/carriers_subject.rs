//! The subject of the broker: delivered is what a stream keeps or a listener answers.

use std::sync::Arc;
use std::time::Duration;

use duban::port::carrier::{Carriers, CarryError};
use futures::StreamExt as _;

use crate::support::nats::Server;
use crate::support::office::{message, name, office_in, to, world};

async fn started() -> (Server, async_nats::Client, Carriers) {
    let server = Server::start().await;
    let broker = server.connect().await;
    let client = broker.client().clone();
    let mut world = world();
    world.announce = Some(Arc::new(broker));
    let carriers = office_in(&world, "    channels:\n      out: {via: subject}\n").expect("an office");
    (server, client, carriers)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_hears_is_not_delivered() {
    let (_server, client, carriers) = started().await;
    let out = &carriers[&name("out")];
    let done = out.carry(&to("tax-bureau"), &message("k")).await;
    assert!(
        matches!(&done, Err(CarryError::Again { reason, .. }) if reason.contains("nobody hears")),
        "{done:?}"
    );

    let mut heard = client.subscribe("duban.changqing.told.*").await.expect("a subscription");
    // An answer on the same connection: the server has read the subscription before.
    client.request("$JS.API.INFO", "".into()).await.expect("an answer");
    let answers = client.clone();
    let listener = tokio::spawn(async move {
        let heard = tokio::time::timeout(Duration::from_secs(20), heard.next()).await.expect("in time");
        let heard = heard.expect("a message");
        answers
            .publish(heard.reply.clone().expect("somewhere to answer"), "ok".into())
            .await
            .expect("answered");
        heard
    });
    let done = out.carry(&to("tax-bureau"), &message("k")).await.expect("delivered");
    assert_eq!(done.note, "answered by a listener");
    let heard = listener.await.expect("it ends");
    assert_eq!(heard.subject.as_str(), "duban.changqing.told.tax-bureau");
    let event: serde_json::Value = serde_json::from_slice(&heard.payload).expect("a CloudEvent");
    assert_eq!(event["type"], "reminder.due");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_keeps_a_message_once_whoever_listens() {
    let (_server, client, carriers) = started().await;
    let stream = async_nats::jetstream::new(client);
    let config = async_nats::jetstream::stream::Config {
        name: "TOLD".to_owned(),
        subjects: vec!["duban.changqing.told.>".to_owned()],
        ..Default::default()
    };
    let stream = stream.create_stream(config).await.expect("a stream");
    let out = &carriers[&name("out")];
    for key in ["one", "one", "two"] {
        let done = out.carry(&to("tax-bureau"), &message(key)).await.expect("delivered");
        assert!(done.note.starts_with("kept as TOLD "), "{}", done.note);
    }
    assert_eq!(stream.get_info().await.expect("a stream").state.messages, 2);
}
