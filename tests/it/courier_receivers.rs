//! Receivers of webhooks that behave as receivers do: most answer, some not now, some
//! not at all, too late, or twice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use duban::id::Sha;
use duban::time::Instant;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::engine::now;

/// Longer than anybody waits for an answer.
const TOO_LATE: Duration = Duration::from_secs(40);

/// What a receiver did with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// It took it and said so.
    Took,
    /// It took it and said so twice.
    TookTwice,
    /// It said that it would not take it now.
    Refused,
    /// It said nothing, too late, or hung up: it may have taken it.
    LostAnswer,
}

/// A message that came.
#[derive(Debug, Clone)]
pub struct Reception {
    /// Where: the path without its slash, a unit.
    pub place: String,
    /// The idempotency key.
    pub key: String,
    /// When it had come whole.
    pub at: Instant,
    /// What was done with it.
    pub did: Did,
}

/// How a receiver answers the `nth` coming of a key, the first being 0.
pub type Manner = Arc<dyn Fn(&str, &str, u32) -> Act + Send + Sync>;

/// What a receiver does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// 200.
    Answer,
    /// 200, two times on one connection.
    AnswerTwice,
    /// 429, and when to come again.
    TooMany,
    /// This status.
    Status(u16),
    /// Nothing, for as long as the other side waits.
    Hang,
    /// The connection is cut.
    Reset,
    /// 200 when nobody waits for it any more.
    Late,
    /// 200 after this long.
    Slow(Duration),
}

/// A running server for all receivers.
pub struct Receivers {
    pub address: String,
    came: Arc<Mutex<Vec<Reception>>>,
    task: JoinHandle<()>,
}

impl Drop for Receivers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receivers {
    /// Listens from now on.
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let came: Arc<Mutex<Vec<Reception>>> = Arc::default();
        let (book, counts) = (Arc::clone(&came), Arc::new(Mutex::new(BTreeMap::new())));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&manner), Arc::clone(&book), Arc::clone(&counts)));
            }
        });
        Self { address, came, task }
    }

    /// How much came so far.
    pub fn count(&self) -> usize {
        self.came.lock().expect("no test panics here").len()
    }

    /// All that came so far.
    pub fn came(&self) -> Vec<Reception> {
        self.came.lock().expect("no test panics here").clone()
    }
}

type Counts = Arc<Mutex<BTreeMap<String, u32>>>;

/// Serves one connection to its end.
async fn serve(mut stream: TcpStream, manner: Manner, book: Arc<Mutex<Vec<Reception>>>, counts: Counts) {
    while let Some((place, key)) = request(&mut stream).await {
        let nth = {
            let mut counts = counts.lock().expect("no test panics here");
            let count = counts.entry(key.clone()).or_default();
            *count += 1;
            *count - 1
        };
        let act = manner(&place, &key, nth);
        let did = match act {
            Act::Answer | Act::Slow(_) => Did::Took,
            Act::AnswerTwice => Did::TookTwice,
            Act::TooMany | Act::Status(_) => Did::Refused,
            Act::Hang | Act::Reset | Act::Late => Did::LostAnswer,
        };
        book.lock().expect("no test panics here").push(Reception { place, key, at: now(), did });
        if !answered(&mut stream, act).await {
            return;
        }
    }
}

/// Acts; whether the connection goes on.
async fn answered(stream: &mut TcpStream, act: Act) -> bool {
    let answer = |status: u16, more: &str| {
        format!("HTTP/1.1 {status} Said\r\n{more}content-length: 2\r\ncontent-type: text/plain\r\n\r\nok")
    };
    let text = match act {
        Act::Answer => answer(200, ""),
        Act::AnswerTwice => format!("{}{}", answer(200, ""), answer(200, "")),
        Act::TooMany => answer(429, "retry-after: 1\r\n"),
        Act::Status(status) => answer(status, ""),
        Act::Slow(pause) => {
            tokio::time::sleep(pause).await;
            answer(200, "")
        }
        Act::Hang => {
            tokio::time::sleep(TOO_LATE * 2).await;
            return false;
        }
        Act::Late => {
            tokio::time::sleep(TOO_LATE).await;
            answer(200, "")
        }
        Act::Reset => {
            // Nothing is sent any more; what is unread makes the kernel reset.
            let _ = stream.set_zero_linger();
            return false;
        }
    };
    stream.write_all(text.as_bytes()).await.is_ok() && act != Act::AnswerTwice
}

/// The next request of a connection: path and key.
async fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let header = |name: &str| {
                let of = |line: &str| {
                    line.split_once(':').map(|(of, value)| (of.to_ascii_lowercase(), value.trim().to_owned()))
                };
                head.lines().filter_map(of).find_map(|(of, value)| (of == name).then_some(value))
            };
            let length: usize = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            while bytes.len() < end + 4 + length {
                let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
                bytes.extend_from_slice(&part[..count]);
            }
            let path = head.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
            return Some((path, header("webhook-id").unwrap_or_default()));
        }
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
    }
}

/// A number below `whole` that depends on `key` alone.
pub fn roll(key: &str, whole: u64) -> u64 {
    let digest = Sha::of(key.as_bytes());
    digest.as_bytes().iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)) % whole
}
