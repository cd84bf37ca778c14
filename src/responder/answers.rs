//! Answers one tenant's questions: who asks, whether they may, and the answer or the
//! problem.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use super::asker::{Vouching, asker};
use super::fields::{Fields, fields, object};
use super::what::What;
use crate::http::answered::Answered;
use crate::http::gate::allow;
use crate::http::problem::Problem;
use crate::http::site::{Asked, Site};
use crate::http::{cases, deadlines, lists, operations, scores};
use crate::id::TenantId;
use crate::port::log::Log;
use crate::port::service::{Endpoint, Question, Reply, Responder, Trouble};
use crate::port::store::Store;

/// How many questions are under way at once.
const MOST_AT_ONCE: usize = 256;
/// How long an answer may take, as over HTTP.
const LONGEST: Duration = Duration::from_secs(45);

/// Answers a tenant's questions.
pub struct Answers<S, L> {
    site: Arc<Site<S, L>>,
    tenant: TenantId,
    vouching: Vouching,
    room: Semaphore,
}

impl<S: Store, L: Log> Answers<S, L> {
    /// Answers about `tenant`, which `site` serves.
    #[must_use]
    pub fn new(site: Arc<Site<S, L>>, tenant: TenantId, vouching: Vouching) -> Self {
        Self { site, tenant, vouching, room: Semaphore::new(MOST_AT_ONCE) }
    }

    async fn answered(&self, question: &Question) -> Result<Vec<u8>, Problem> {
        let Ok(_room) = self.room.try_acquire() else {
            let detail = format!("{MOST_AT_ONCE} questions are under way; ask again soon");
            return Err(Problem::new("server.busy", detail));
        };
        let slow = |_| Problem::new("server.slow", "the answer took too long; ask again later");
        let answer = tokio::time::timeout(LONGEST, self.ask(question)).await.map_err(slow)??;
        let body = answer.into_bytes();
        if body.len() > question.most {
            let detail = format!(
                "the answer has {} bytes and the broker carries {}; ask for fewer rows with limit",
                body.len(),
                question.most
            );
            return Err(Problem::new("parameter.too-much", detail).about("limit", ""));
        }
        Ok(body)
    }

    async fn ask(&self, question: &Question) -> Result<Answered, Problem> {
        let viewer = asker(&question.asker, &self.tenant, &self.site.gate, self.vouching)?;
        let what = What::named(&question.what).ok_or_else(|| {
            let known: Vec<&str> = What::ALL.into_iter().map(|what| what.endpoint().name).collect();
            let detail = format!("nobody answers {:?}; ask for {}", question.what, known.join(", "));
            Problem::new("route.unknown", detail).about("subject", &question.subject)
        })?;
        let closed = || Problem::new("access.role", "this question is closed to everybody");
        allow(Some(&viewer), what.right().ok_or_else(closed)?, Some(self.tenant.as_str()))?;
        tracing::debug!(who = %viewer.who(), subject = question.subject, "asks");
        let object = object(&question.body)?;
        let (object, due) = if what == What::Due { due(object) } else { (object, String::new()) };
        let Fields { path, rest } = fields(what, object)?;
        let asked = Asked::of(&self.site, &self.tenant, viewer, path, rest)?;
        answer(what, asked, &due).await
    }
}

/// The functions behind HTTP's addresses.
async fn answer<S: Store, L: Log>(what: What, asked: Asked<S, L>, due: &str) -> Result<Answered, Problem> {
    match what {
        What::Overdue => deadlines::overdue(asked).await,
        What::Upcoming => deadlines::upcoming(asked).await,
        What::Deadlines => deadlines::deadlines(asked).await,
        What::Cases => cases::cases(asked).await,
        What::Case => cases::case(asked).await,
        What::Counts => lists::counts(asked).await,
        What::Refusals => lists::refusals(asked).await,
        What::Rankings => scores::rankings(asked).await,
        What::Score => scores::score(asked).await,
        What::Targets => scores::targets(asked).await,
        What::Policies => lists::policies(asked).await,
        What::Policy => lists::policy(asked).await,
        What::Calendar => lists::calendar(asked).await,
        What::Status => operations::status(asked).await,
        What::Due => operations::answer_due(&asked, due).await,
    }
}

/// Parts what HTTP has in its address, the calendar, from the question in its body.
fn due(mut object: Map<String, Value>) -> (Map<String, Value>, String) {
    let calendar = object.remove_entry("calendar");
    (calendar.into_iter().collect(), Value::Object(object).to_string())
}

impl<S: Store, L: Log> Responder for Answers<S, L> {
    fn endpoints(&self) -> Vec<Endpoint> {
        What::ALL.into_iter().map(What::endpoint).collect()
    }

    async fn answer(&self, question: Question) -> Reply {
        let began = tokio::time::Instant::now();
        let answered = self.answered(&question).await;
        let status = answered.as_ref().map_or_else(|problem| problem.status().as_u16(), |_| 200);
        // What is no question of ours would make as many series as there are words.
        let known = What::named(&question.what).map_or("-", |what| what.endpoint().name);
        let labels = [("question", known.to_owned()), ("status", status.to_string())];
        metrics::histogram!("duban_question_seconds", &labels).record(began.elapsed().as_secs_f64());
        match answered {
            Ok(body) => Reply { body, problem: None },
            Err(mut problem) => Reply {
                body: problem.document(&question.subject),
                problem: Some(Trouble { code: status, title: problem.title().to_owned() }),
            },
        }
    }
}
