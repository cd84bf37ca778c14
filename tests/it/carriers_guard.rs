//! Nothing is sent to where it does not belong: private addresses, redirects to them, and
//! names whose addresses change.

use std::sync::Arc;

use duban::carriers::guard::{Guard, GuardError, Names};
use duban::port::carrier::CarryError;

use crate::support::office::{message, name, office, office_in, to, world};
use crate::support::receivers::{Does, HttpReceiver, Scripted};

const HOOK: &str = "via: webhook, secrets: [{env: HOOK}]";

#[test]
fn settings_that_name_a_private_address_are_refused_with_a_hint() {
    for url in [
        "http://127.0.0.1:8080/",
        "https://10.0.0.1/",
        "https://[::ffff:192.168.1.1]/",
        "https://2130706433/",
    ] {
        let settings = format!("    channels:\n      out: {{{HOOK}, default: '{url}?hush'}}\n");
        let error = office_in(&world(), &settings).err().expect("it should be refused").to_string();
        assert!(error.contains("changqing/out/default"), "{error}");
        assert!(error.contains("allowPrivate") && !error.contains("hush"), "{error}");
    }
    let metadata = format!(
        "    allowPrivate: [169.254.169.254]\n    channels:\n      out: {{{HOOK}, default: 'http://169.254.169.254/latest'}}\n"
    );
    let error = office_in(&world(), &metadata).err().expect("it should be refused").to_string();
    assert!(error.contains("nothing is ever sent there"), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_wherever_it_leads() {
    let private = HttpReceiver::that(Does::Status(200)).await;
    for status in [301, 302, 303, 307, 308] {
        let to_private = Does::Says(status, vec![("location", private.url("/secret"))], String::new());
        let receiver = HttpReceiver::that(to_private).await;
        let carriers = office(&format!("{{{HOOK}, default: '{}'}}", receiver.url("/in")));
        let done = carriers[&name("out")].carry(&to("tax-bureau"), &message("k")).await;
        assert!(
            matches!(&done, Err(CarryError::Again { reason, .. }) if reason.contains("redirects")),
            "{done:?}"
        );
        assert_eq!(receiver.taken().len(), 1);
    }
    assert!(private.taken().is_empty(), "the redirect was followed");
}

#[tokio::test]
async fn a_name_with_a_private_address_is_refused_however_it_is_written() {
    for address in
        ["127.0.0.1", "10.1.2.3", "100.64.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::"]
    {
        let names = Scripted::new(&[("hooks.example", &[address])]);
        let mut world = world();
        world.names = names.clone();
        let settings = format!("    channels:\n      out: {{{HOOK}, default: 'https://hooks.example/'}}\n");
        let carriers = office_in(&world, &settings).expect("as far as can be told it is public");
        let done = carriers[&name("out")].carry(&to("tax-bureau"), &message("k")).await;
        let Err(CarryError::Again { reason, .. }) = done else { panic!("{address}: {done:?}") };
        assert!(reason.contains("allowPrivate"), "{address}: {reason}");
        assert_eq!(names.asked(), 1);
    }
}

#[tokio::test]
async fn one_private_address_among_public_ones_is_enough() {
    struct Both;
    impl Names for Both {
        fn lookup<'a>(&'a self, _: &'a str) -> duban::carriers::guard::Looked<'a> {
            Box::pin(async { Ok(vec![[1, 1, 1, 1].into(), [10, 0, 0, 1].into()]) })
        }
    }
    let guard = Guard::new(Arc::new(Both), &[]).expect("a guard");
    let found = guard.addresses("hooks.example", false).await;
    assert!(matches!(found, Err(GuardError::Private { .. })), "{found:?}");
}

/// A name is looked up once a connection, and the connection goes to what was checked:
/// an answer that changes afterwards changes nothing, and one that has changed is checked
/// again.
#[tokio::test]
async fn a_name_whose_address_changes_leads_nobody_astray() {
    let first = HttpReceiver::start_at("127.0.0.2:0", |_| {
        Does::Says(200, vec![("connection", "close".to_owned())], String::new())
    })
    .await;
    let other = HttpReceiver::start_at(&format!("127.0.0.3:{}", first.port()), |_| Does::Status(200)).await;
    let names = Scripted::new(&[("hooks.intranet", &["127.0.0.2", "169.254.169.254", "127.0.0.3"])]);
    let mut world = world();
    world.names = names.clone();
    let settings = format!(
        "    allowPrivate: ['hooks.intranet:{port}']\n    channels:\n      out: {{{HOOK}, default: 'http://hooks.intranet:{port}/'}}\n",
        port = first.port()
    );
    let carriers = office_in(&world, &settings).expect("the name is allowed");
    let out = &carriers[&name("out")];
    assert!(out.carry(&to("tax-bureau"), &message("one")).await.is_ok());
    assert_eq!((first.taken().len(), other.taken().len(), names.asked()), (1, 0, 1));
    // Allowed by name is not allowed to be anything.
    let done = out.carry(&to("tax-bureau"), &message("two")).await;
    assert!(
        matches!(&done, Err(CarryError::Again { reason, .. }) if reason.contains("link-local")),
        "{done:?}"
    );
    assert_eq!((first.taken().len(), other.taken().len(), names.asked()), (1, 0, 2));
    assert!(out.carry(&to("tax-bureau"), &message("two")).await.is_ok());
    assert_eq!((first.taken().len(), other.taken().len(), names.asked()), (1, 1, 3));
}

/// The certificate must be the name's although the connection goes to an address, and one
/// that the office trusts.
#[tokio::test]
async fn the_name_is_vouched_for_whatever_the_address() {
    let made = rcgen::generate_simple_self_signed(["hooks.intranet".to_owned()]).expect("a certificate");
    let folder = tempfile::TempDir::new().expect("a folder");
    let files = ["ca.pem", "key.pem"].map(|file| folder.path().join(file));
    std::fs::write(&files[0], made.cert.pem()).expect("written");
    std::fs::write(&files[1], made.signing_key.serialize_pem()).expect("written");
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = tcp.local_addr().expect("an address").port();
    let listener = duban::tls::TlsListener::new(tcp, duban::tls::server(&files[0], &files[1]).expect("TLS"));
    let app = axum::Router::new().route("/", axum::routing::post(|| async { "taken" }));
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let mut world = world();
    world.names = Scripted::new(&[("hooks.intranet", &["127.0.0.1"]), ("other.intranet", &["127.0.0.1"])]);
    let settings = |host: &str, trust: &str| {
        format!(
            "    allowPrivate: [hooks.intranet, other.intranet]\n    trust: [{trust}]\n    channels:\n      out: {{{HOOK}, default: 'https://{host}:{port}/'}}\n"
        )
    };
    let trust = files[0].display().to_string();
    for (host, trust, is_taken) in [
        ("hooks.intranet", trust.as_str(), true),
        ("other.intranet", &trust, false),
        ("hooks.intranet", "", false),
    ] {
        let carriers = office_in(&world, &settings(host, trust)).expect("an office");
        let done = carriers[&name("out")].carry(&to("tax-bureau"), &message("k")).await;
        assert_eq!(done.is_ok(), is_taken, "{host}, trusting {trust:?}: {done:?}");
    }
    server.abort();
}

#[test]
fn every_mistake_of_the_settings_is_told_at_once() {
    let settings = "    allowPrivate: [127.0.0.1]
    channels:
      a: {via: webhook, default: 'https://hooks.example/'}
      b: {via: dingtalk, secrets: [{env: NOWHERE}], default: 'https://oapi.dingtalk.com/robot/send?access_token=hush'}
      c: {via: mail, from: somebody, default: x@y.example}
      d: {via: subject, default: 'https://hooks.example/'}
      e: {via: wecom, secrets: [{env: WORD}], form: card, default: 'https://qyapi.weixin.qq.com/?key=hush'}
      f: {via: webhook, secrets: [{env: WORD}], smtp: {host: x}, default: 'https://hooks.example/'}
      g: {via: mail, from: a@b.example, smtp: {host: mail.example, tls: none}, default: x@y.example}
      h: {via: webhook, secrets: [{env: HOOK, file: x}], pace: {most: 0, seconds: 1}, default: 'https://hooks.example/'}
";
    let error = office_in(&world(), settings).err().expect("they should be refused");
    insta::assert_snapshot!(error.faults.join("\n"));
}
