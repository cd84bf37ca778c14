//! Chat robots that check who signed and a mail server, each of which answers, refuses,
//! hangs or hangs up: the places other than webhooks to which reminders of the torture go.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use crate::courier_receivers::{Did, Reception, roll};
use crate::courier_town::WORD;
use crate::support::engine::now;
use crate::support::receivers::{
    At, Does, HttpReceiver, Mails, SmtpReceiver, Taken, dingtalk, feishu, wecom,
};

/// What the mail domain of the units is.
const DOMAIN: &str = "town.example";
/// How many messages each place takes at once.
const PACE: &str = "{most: 50, seconds: 1, atOnce: 1}";

/// What came to one place, and what was wrong with it.
#[derive(Debug, Default)]
struct Book {
    came: Vec<Reception>,
    faults: Vec<String>,
    counts: BTreeMap<String, u32>,
}

/// Robots of three kinds and a mail server.
pub struct Elsewhere {
    robots: [HttpReceiver; 3],
    mail: SmtpReceiver,
    books: [(&'static str, Arc<Mutex<Book>>); 4],
}

fn seconds() -> i64 {
    now().as_nanos() / 1_000_000_000
}

impl Elsewhere {
    /// All of them, from now on.
    pub async fn start() -> Self {
        let books = ["ding", "wecom", "feishu", "post"].map(|name| (name, Arc::default()));
        let [ding, we, lark, post] = [0, 1, 2, 3].map(|place: usize| Arc::clone(&books[place].1));
        let unit = |name: &'static str| move |taken: &Taken| taken.query(name).unwrap_or_default();
        let last = |taken: &Taken| taken.path.rsplit('/').next().unwrap_or_default().to_owned();
        let robots = [
            HttpReceiver::start(robot(ding, unit("access_token"), dingtalk(WORD, usize::MAX, seconds))).await,
            HttpReceiver::start(robot(we, unit("unit"), wecom("token", usize::MAX))).await,
            HttpReceiver::start(robot(lark, last, feishu(WORD, usize::MAX, seconds))).await,
        ];
        let mail = SmtpReceiver::start_with(move |at| match at {
            At::Greeting | At::Recipient(_) => Mails::Takes,
            At::Letter(letter) => handed_over(&post, letter),
        })
        .await;
        Self { robots, mail, books }
    }

    /// The channels of the policy, each for a part of `units`.
    pub fn channels(units: &[String]) -> String {
        let mut text = String::new();
        for ((name, via), units) in KINDS.into_iter().zip(parts(units)) {
            let serves: Vec<String> = units.iter().map(|unit| format!("unit:{unit}")).collect();
            let serves = serves.join(", ");
            writeln!(text, "  - {{name: {name}, via: {via}, serves: [{serves}]}}").expect("a text");
        }
        text
    }

    /// The office's settings of these channels, and the hosts that it must allow.
    pub fn settings(&self, units: &[String]) -> (Vec<String>, String) {
        let ports = [self.robots[0].port(), self.robots[1].port(), self.robots[2].port(), self.mail.port()];
        let mut text = String::new();
        for (((name, via), units), port) in KINDS.into_iter().zip(parts(units)).zip(ports) {
            let more = match via {
                "mail" => format!(
                    "from: duban@{DOMAIN}\n        smtp: {{host: 127.0.0.1, port: {port}, tls: none}}"
                ),
                "wecom" => "form: markdown".to_owned(),
                _ => "secrets: [{file: word.secret}]".to_owned(),
            };
            writeln!(text, "      {name}:\n        via: {via}\n        pace: {PACE}\n        {more}")
                .expect("a text");
            writeln!(text, "        addresses:").expect("a text");
            for unit in units {
                let address = match via {
                    "mail" => format!("{unit}@{DOMAIN}"),
                    "dingtalk" => format!("http://127.0.0.1:{port}/robot/send?access_token={unit}"),
                    "wecom" => format!("http://127.0.0.1:{port}/cgi-bin/webhook/send?key=token&unit={unit}"),
                    _ => format!("http://127.0.0.1:{port}/open-apis/bot/v2/hook/{unit}"),
                };
                writeln!(text, "          {unit}: \"{address}\"").expect("a text");
            }
        }
        (ports.map(|port| format!("127.0.0.1:{port}")).into(), text)
    }

    /// All that came so far, each place's in its order.
    pub fn came(&self) -> Vec<Reception> {
        let of = |book: &Arc<Mutex<Book>>| book.lock().expect("no test panics here").came.clone();
        self.books.iter().flat_map(|(_, book)| of(book)).collect()
    }

    /// Whatever came was signed and in form, and every kind of place took, refused and
    /// lost answers.
    #[track_caller]
    pub fn were_met_in_every_way(&self) {
        for (name, book) in &self.books {
            let book = book.lock().expect("no test panics here");
            assert!(book.faults.is_empty(), "{name}: {:?}", book.faults);
            for did in [Did::Took, Did::Refused, Did::LostAnswer] {
                assert!(book.came.iter().any(|it| it.did == did), "{name} never {did:?}");
            }
        }
    }
}

/// The channels by name, and by what they send.
const KINDS: [(&str, &str); 4] =
    [("ding", "dingtalk"), ("wecom", "wecom"), ("feishu", "feishu"), ("post", "mail")];

/// The units in as many parts as there are kinds.
fn parts(units: &[String]) -> impl Iterator<Item = &[String]> {
    units.chunks(units.len().div_ceil(KINDS.len()))
}

/// A robot that checks what comes as its kind does, and then behaves as robots do.
fn robot(
    book: Arc<Mutex<Book>>,
    unit: impl Fn(&Taken) -> String + Send,
    mut checks: impl FnMut(&Taken) -> Does + Send,
) -> impl FnMut(&Taken) -> Does + Send {
    move |taken| {
        let said = checks(taken);
        let mut book = book.lock().expect("no test panics here");
        if !matches!(&said, Does::Says(200, _, body) if body.contains("ode\":0")) {
            book.faults.push(format!("{}: {said:?}", taken.path));
            return said;
        }
        let key = key_in(&String::from_utf8_lossy(&taken.body));
        let (nth, place) = (book.times(&key), unit(taken));
        let (does, did) = match (nth, roll(&key, 1_000)) {
            (0, 0..100) => {
                (Does::json(r#"{"errcode":-1,"errmsg":"busy","code":-1,"msg":"busy"}"#), Did::Refused)
            }
            (0, 100..180) => (Does::Resets, Did::LostAnswer),
            (0, 180..184) => (Does::Hangs, Did::LostAnswer),
            (0, 184..240) => (Does::Status(500), Did::Refused),
            _ => (said, Did::Took),
        };
        book.came.push(Reception { place, key, at: now(), did });
        does
    }
}

/// What the mail server does with a letter that has come whole.
fn handed_over(book: &Mutex<Book>, letter: &str) -> Mails {
    let header = |name: &str| {
        let of =
            |line: &str| line.strip_prefix(name).map(|value| value.trim_matches([' ', '<', '>']).to_owned());
        letter.lines().take_while(|line| !line.is_empty()).find_map(of).unwrap_or_default()
    };
    let local = |address: String| address.split('@').next().unwrap_or_default().to_owned();
    let (key, place) = (local(header("Message-ID:")), local(header("To:")));
    let mut book = book.lock().expect("no test panics here");
    let nth = book.times(&key);
    let (does, did) = match (nth, roll(&key, 1_000)) {
        (0, 0..100) => (Mails::Says("451 4.3.2 busy, come again"), Did::Refused),
        (0, 100..200) => (Mails::Closes, Did::LostAnswer),
        _ => (Mails::Takes, Did::Took),
    };
    book.came.push(Reception { place, key, at: now(), did });
    does
}

impl Book {
    /// How often a key has come before.
    fn times(&mut self, key: &str) -> u32 {
        let count = self.counts.entry(key.to_owned()).or_default();
        *count += 1;
        *count - 1
    }
}

/// The key that a message names, by which people know a repetition.
fn key_in(body: &str) -> String {
    let after = body.split("编号：").nth(1).unwrap_or_default();
    after.chars().take_while(|it| it.is_ascii_alphanumeric() || "-_.".contains(*it)).collect()
}
