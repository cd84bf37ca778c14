//! Mail by SMTP: to our own receiver that can misbehave, and to one that is not ours.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{ChildStdout, Stdio};

use duban::port::carrier::{Carriers, CarryError};

use crate::support::office::{WORD, message, name, office, office_in, to, world};
use crate::support::python;
use crate::support::receivers::{At, Mails, SmtpReceiver};

fn letters(port: u16, mailboxes: &str) -> Carriers {
    office(&format!(
        "{{via: mail, from: 长清区督办 <duban@office.example>, replyTo: credit@office.example, \
         smtp: {{host: 127.0.0.1, port: {port}, tls: none}}, default: {mailboxes}}}"
    ))
}

async fn sent(server: &SmtpReceiver, key: &str) -> Result<String, CarryError> {
    let carriers = letters(server.port(), "[li@tax.example, 王 <wang@tax.example>]");
    let done = carriers[&name("out")].carry(&to("tax-bureau"), &message(key)).await;
    done.map(|carried| carried.note)
}

#[tokio::test]
async fn a_letter_goes_to_all_of_a_unit_in_one_conversation() {
    let server = SmtpReceiver::start().await;
    let carriers = letters(server.port(), "[li@tax.example, 王 <wang@tax.example>]");
    for key in ["one", "two"] {
        let done = carriers[&name("out")].carry(&to("tax-bureau"), &message(key)).await;
        assert!(done.is_ok(), "{done:?}");
    }
    let letters = server.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].from, "duban@office.example");
    assert_eq!(letters[0].to, ["li@tax.example", "wang@tax.example"]);
    assert_eq!(letters[0].header("Message-ID"), "<one@office.example>");
    assert_eq!(letters[0].header("Auto-Submitted"), "auto-generated");
    assert_eq!(server.connections(), 1, "the connection is kept for the next letter");
}

#[tokio::test]
async fn a_kept_connection_that_has_died_is_replaced() {
    let mut first = true;
    let server = SmtpReceiver::start_with(move |at| match at {
        // The letter is taken, and then the server leaves.
        At::Letter(_) if std::mem::take(&mut first) => Mails::Says("250 2.0.0 taken\r\n421 4.3.2 going down"),
        _ => Mails::Takes,
    })
    .await;
    let carriers = letters(server.port(), "li@tax.example");
    for key in ["one", "two"] {
        let done = carriers[&name("out")].carry(&to("tax-bureau"), &message(key)).await;
        assert!(done.is_ok(), "{key}: {done:?}");
    }
    assert_eq!((server.letters().len(), server.connections()), (2, 2));
}

#[tokio::test]
async fn the_step_at_which_it_ended_says_what_became_of_the_letter() {
    let greylisted = |at: At<'_>| match at {
        At::Recipient("wang@tax.example") => Mails::Says("451 4.7.1 try later"),
        _ => Mails::Takes,
    };
    let server = SmtpReceiver::start_with(greylisted).await;
    assert!(matches!(sent(&server, "k").await, Err(CarryError::Again { .. })));
    assert!(server.letters().is_empty(), "to all of a unit or to nobody");

    let unknown = |at: At<'_>| match at {
        At::Recipient("li@tax.example") => Mails::Says("550 5.1.1 <li@tax.example> no such user"),
        _ => Mails::Takes,
    };
    let done = sent(&SmtpReceiver::start_with(unknown).await, "k").await;
    let Err(CarryError::Never { reason }) = done else { panic!("{done:?}") };
    assert!(reason.contains("no such user") && !reason.contains("li@tax"), "{reason}");

    for (does, is_unknown) in [
        (Mails::Says("554 5.7.1 not wanted"), false),
        (Mails::Says("452 4.3.1 full"), false),
        (Mails::Closes, true),
    ] {
        let plan = does.clone();
        let at_end = move |at: At<'_>| if matches!(at, At::Letter(_)) { plan.clone() } else { Mails::Takes };
        let done = sent(&SmtpReceiver::start_with(at_end).await, "k").await;
        assert_eq!(matches!(done, Err(CarryError::Unknown { .. })), is_unknown, "{does:?}: {done:?}");
    }
    let closed = SmtpReceiver::start_with(|_| Mails::Says("554 5.3.2 no service")).await;
    assert!(matches!(sent(&closed, "k").await, Err(CarryError::Again { .. })));
}

#[tokio::test]
async fn a_server_that_is_not_there_was_given_nothing() {
    let gone = SmtpReceiver::start().await;
    let port = gone.port();
    drop(gone);
    let done = letters(port, "li@tax.example")[&name("out")].carry(&to("tax-bureau"), &message("k")).await;
    assert!(matches!(done, Err(CarryError::Again { .. })), "{done:?}");
}

const SERVER: &str = r#"
import asyncio, email, email.policy, json, sys
from aiosmtpd.smtp import SMTP

class Handler:
    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in letter.walk() if not part.is_multipart()}
        files = [part.get_filename() for part in letter.iter_attachments()]
        told = {"to": envelope.rcpt_tos, "subject": letter["subject"], "from": letter["from"],
                "id": letter["message-id"], "parts": parts, "files": files, "defects": len(letter.defects)}
        print(json.dumps(told), flush=True)
        return "250 2.0.0 ok"

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"#;

#[tokio::test]
async fn a_mail_server_that_is_not_ours_reads_what_we_wrote() {
    let started = tokio::task::spawn_blocking(|| Spoken::start(SERVER, &[]));
    let server = started.await.expect("it started");
    let carriers = letters(server.port, "[li@tax.example]");
    let done = carriers[&name("out")].carry(&to("tax-bureau"), &message("a1-7-tax-bureau-out")).await;
    let told = tokio::task::spawn_blocking(move || server.ended()).await.expect("it ended");
    assert!(done.is_ok(), "{done:?}");
    let told: serde_json::Value = serde_json::from_str(&told[0]).expect("JSON");
    assert_eq!(told["defects"], 0);
    assert_eq!(told["subject"], "【催办】税务局：信用信息异议“来源单位核实”还剩 2 个工作日");
    assert_eq!(told["from"], "长清区督办 <duban@office.example>");
    assert_eq!(told["id"], "<a1-7-tax-bureau-out@office.example>");
    assert_eq!(told["files"], serde_json::json!(["deadlines.ics"]));
    let part =
        |kind: &str| told["parts"][kind].as_str().unwrap_or_else(|| panic!("no {kind} in {told}")).to_owned();
    assert!(part("text/plain").contains("截止：2022-10-12 周三 24:00（还剩 2 个工作日）"));
    assert!(part("text/html").contains("<b>7</b>"), "{}", part("text/html"));
    let calendar = part("text/calendar");
    assert!(calendar.contains("UID:objection/YY-2022-001#source-answer@changqing.duban"), "{calendar}");
    assert!(calendar.contains("DTSTART;VALUE=DATE:20221012"), "{calendar}");
}

const PRIVATE_SERVER: &str = r#"
import asyncio, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult

class Handler:
    async def handle_DATA(self, server, session, envelope):
        print("taken" if session.authenticated else "stranger", flush=True)
        return "250 2.0.0 ok"

def known(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"duban" and data.password == sys.argv[3].encode(), handled=False)

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Handler(), loop=loop, tls_context=context, require_starttls=True,
                     authenticator=known, auth_required=True),
        "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"#;

#[tokio::test]
async fn a_password_goes_only_to_a_server_whose_certificate_is_trusted() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let folder = tempfile::TempDir::new().expect("a folder");
    let files = ["ca.pem", "key.pem"].map(|file| folder.path().join(file).display().to_string());
    std::fs::write(&files[0], made.cert.pem()).expect("written");
    std::fs::write(&files[1], made.signing_key.serialize_pem()).expect("written");
    let arguments = [files[0].clone(), files[1].clone(), WORD.to_owned()];
    let started = tokio::task::spawn_blocking(move || Spoken::start(PRIVATE_SERVER, &arguments));
    let server = started.await.expect("it started");
    let port = server.port;
    let settings = |trust: &str, password: &str| {
        format!(
            "    allowPrivate: [127.0.0.1]\n    trust: [{trust}]\n    channels:\n      out: {{via: mail, from: duban@office.example, \
             smtp: {{host: 127.0.0.1, port: {port}, tls: starttls, user: duban, password: {{env: {password}}}}}, \
             default: li@tax.example}}\n"
        )
    };
    for (trust, password, said) in
        [("", "WORD", "certificate"), (files[0].as_str(), "HOOK", "535"), (files[0].as_str(), "WORD", "")]
    {
        let carriers = office_in(&world(), &settings(trust, password)).expect("an office");
        let done = carriers[&name("out")].carry(&to("tax-bureau"), &message("k")).await;
        if said.is_empty() {
            assert!(done.is_ok(), "{done:?}");
        } else {
            let Err(CarryError::Again { reason, .. }) = done else { panic!("{done:?}") };
            assert!(reason.contains(said) && !reason.contains(WORD), "{reason}");
        }
    }
    let said = tokio::task::spawn_blocking(move || server.ended()).await.expect("it ended");
    assert_eq!(said, ["taken"]);
}

/// A program of Python that says its port and then what comes, until it is told to end.
struct Spoken {
    child: std::process::Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Spoken {
    fn start(program: &str, arguments: &[String]) -> Self {
        let mut command = python::python(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python3 starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let port = lines.next().expect("a line").expect("a text").parse().expect("a port");
        Self { child, lines, port }
    }

    /// Ends it and gives what it has said.
    fn ended(mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        let said = self.lines.map(|line| line.expect("a text")).collect();
        self.child.wait().expect("it ends");
        said
    }
}
