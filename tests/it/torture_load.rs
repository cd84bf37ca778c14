//! Facts for the torture tests: a district's weeks pressed into minutes, with
//! everything that publishers do wrong, and policies under which deadlines fall
//! due while the test runs.

use std::fs;
use std::path::{Path, PathBuf};

use duban::event::fact::Fact;
use duban::event::structured::to_message;
use duban::id::{EventType, TenantId, UnitId};
use duban::time::Instant;
use serde_json::{Value, json};

use crate::store_steps::Dice;

/// The tenant whose policies the facts are for.
pub const TENANT: &str = "changqing";

/// An hour, in seconds.
const HOUR: i64 = 3_600;
/// How long news may take, in seconds.
const NEWS_WITHIN: i64 = 48 * HOUR;
/// The hours around the due instant of news at which the ladder has rungs.
const RUNGS: [i64; 7] = [-1, 0, 1, 2, 3, 6, 9];
/// Units that owe something.
const OWNERS: [&str; 6] =
    ["qu-shuiwuju", "qu-rensheju", "qu-zhujianju", "qu-minzhengju", "wenchang", "wande"];

/// A ladder in hours, day and night, so that rungs are reached whenever it runs.
const HOURLY: &str = "\
kind: Ladder
name: hourly
version: \"1\"
quietOutsideWorkingHours: false
rungs:
  - {at: {hours: -1}, light: blue, act: reminder, to: owner}
  - {at: due, light: yellow, act: reminder, to: [owner, role:credit-office]}
  - {at: {hours: 1}, every: {hours: 1}, most: 3, light: red, act: supervision-sheet, to: owner}
  - {at: {hours: 6}, light: red, act: bulletin, to: [owner, role:leading-group]}
  - {at: {hours: 9}, light: red, act: summons, to: role:leading-group}
";

/// Writes the shipped policies into `folder`, news on a ladder that never rests.
pub fn policies(folder: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in ["events", "workflows"] {
        copy_folder(&root.join(part), &folder.join(part));
    }
    let workflows = folder.join("workflows");
    fs::write(workflows.join("ladders/hourly.yaml"), HOURLY).expect("a ladder");
    let news = workflows.join("changqing/news-item.yaml");
    let text = fs::read_to_string(&news).expect("the policy of news");
    let changed = text.replace("ladder: urgent", "ladder: hourly");
    assert_ne!(text, changed, "news should have a ladder to exchange");
    fs::write(news, changed).expect("a policy");
    workflows
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// One message for the intake.
#[derive(Clone)]
pub struct Message {
    /// Its source and id; empty when it states none that can be read.
    pub key: (String, String),
    /// What it is published under.
    pub subject: String,
    /// It as a structured event.
    pub body: Vec<u8>,
    /// It as an event that claims its publisher, if HTTP takes it.
    pub posted: Option<Value>,
}

impl Message {
    /// The message that states a fact.
    pub fn of(fact: &Fact) -> Self {
        let tenant = TenantId::new(TENANT).expect("a tenant");
        let (subject, _, body) = to_message(fact, &tenant);
        let mut posted: Value = serde_json::from_slice(&body).expect("JSON");
        posted["actor"] = json!(fact.actor);
        // What is imported must come from the importer, whom only the broker can prove.
        let posted = fact.imported_at.is_none().then_some(posted);
        Self { key: (fact.source.clone(), fact.id.clone()), subject, body, posted }
    }
}

/// A fact without a case.
pub fn fact(kind: &str, id: &str, actor: &str, data: Value) -> Fact {
    Fact {
        source: "/torture".into(),
        id: id.into(),
        kind: EventType::new(kind).expect("a type"),
        version: None,
        subject: None,
        actor: UnitId::new(actor).expect("a unit"),
        occurred_at: None,
        imported_at: None,
        stated_by: None,
        data,
    }
}

/// News that must be submitted at `due_at` at the latest.
pub fn news(key: &str, owner: &str, due_at: Instant) -> Fact {
    let happened_at = due_at.plus_seconds(-NEWS_WITHIN);
    let data = json!({"unit": owner, "title": "Torture", "happenedAt": happened_at});
    Fact {
        subject: Some(format!("news-item/{key}")),
        ..fact("news.happened", &format!("{key}/h"), owner, data)
    }
}

/// The submission of that news.
pub fn news_submitted(key: &str, owner: &str) -> Fact {
    let data = json!({"title": "Torture"});
    Fact {
        subject: Some(format!("news-item/{key}")),
        ..fact("news.submitted", &format!("{key}/s"), owner, data)
    }
}

/// The life of some cases, as one sequence of facts each, and what is wrong between.
pub struct Load {
    dice: Dice,
    from: Instant,
    span: i64,
    facts: Vec<(u64, Message)>,
}

impl Load {
    /// Facts of `cases` cases whose deadlines fall due within `span` seconds from
    /// `from`, in about the order in which they should be published.
    pub fn plan(seed: u64, from: Instant, span: i64, cases: u64) -> Vec<Message> {
        let mut load = Self { dice: Dice::new(seed), from, span, facts: Vec::new() };
        for case in 0..cases {
            let script = match load.dice.throw(10) {
                0..=3 => load.objection(case),
                4..=7 => load.news(case),
                _ => load.publicity(case),
            };
            for (step, fact) in script.iter().enumerate() {
                load.put(case, step as u64, Message::of(fact));
            }
            if load.dice.throw(12) == 0 {
                load.wrong(case);
            }
        }
        load.facts.sort_by_key(|(place, _)| *place);
        load.facts.into_iter().map(|(_, message)| message).collect()
    }

    /// Steps of one case mostly keep their order; some come before their time.
    fn put(&mut self, case: u64, step: u64, message: Message) {
        let place = case * 40 + step * 40 + self.dice.throw(60);
        self.facts.push((place, message));
    }

    fn owner(&mut self) -> &'static str {
        OWNERS[self.dice.throw(OWNERS.len() as u64) as usize]
    }

    fn chance(&mut self, of: u64) -> bool {
        self.dice.throw(of) == 0
    }

    /// An instant at which something falls due while the test runs.
    fn soon(&mut self) -> Instant {
        let nanos = self.dice.throw(self.span.unsigned_abs() * 1_000_000_000);
        Instant::from_nanos(self.from.as_nanos() + i64::try_from(nanos).expect("a span"))
    }

    fn objection(&mut self, case: u64) -> Vec<Fact> {
        let (owner, subject) = (self.owner(), format!("objection/T-{case}"));
        let mut data = json!({"unit": owner, "penaltyNumber": format!("P-{case}")});
        if !self.chance(4) {
            let days = i64::try_from(self.dice.throw(9)).expect("few");
            data["receivedAt"] = json!(self.from.plus_seconds(-days * 24 * HOUR - 60));
        }
        let mut steps = vec![("objection.received", "xinyong-pingtai", data)];
        if self.chance(2) {
            steps.push(("objection.accepted", owner, json!({})));
            if self.chance(2) {
                steps.push(("objection.material-requested", owner, json!({"materials": ["permit"]})));
                steps.push(("objection.material-received", "xinyong-pingtai", json!({})));
            }
        }
        steps.push(("objection.answered", owner, json!({"result": "maintained"})));
        if self.chance(3) {
            steps.push(("objection.review-returned", "xinyong-ban", json!({"reasons": "unclear"})));
            steps.push(("objection.answered", owner, json!({"result": "corrected"})));
        }
        steps.push(("objection.review-passed", "xinyong-ban", json!({})));
        if self.chance(8) {
            steps.insert(1, ("objection.withdrawn", "xinyong-pingtai", json!({})));
        }
        let kept = 1 + self.dice.throw(steps.len() as u64) as usize;
        steps.truncate(kept.max(2));
        Self::script(case, &subject, steps)
    }

    fn news(&mut self, case: u64) -> Vec<Fact> {
        let owner = self.owner();
        let rung = RUNGS[self.dice.throw(RUNGS.len() as u64) as usize];
        let due_at = self.soon().plus_seconds(-rung * HOUR);
        let mut happened = news(&format!("T-{case}"), owner, due_at);
        if self.chance(20) {
            happened.imported_at = Some(self.from.plus_seconds(-HOUR * 24));
        }
        let mut steps = vec![];
        if !self.chance(3) {
            steps.push(("news.submitted", owner, json!({"title": "Torture"})));
            steps.push(("news.review-passed", "xinyong-ban", json!({})));
            steps.push(("news.published", "xinyong-pingtai", json!({})));
            steps.truncate(1 + self.dice.throw(3) as usize);
        }
        let mut script = Self::script(case, &format!("news-item/T-{case}"), steps);
        script.insert(0, happened);
        script
    }

    fn publicity(&mut self, case: u64) -> Vec<Fact> {
        let (owner, number) = (self.owner(), format!("D-{case}"));
        let days = i64::try_from(self.dice.throw(20)).expect("few");
        let decided_on = self.from.plus_seconds(-days * 24 * HOUR).to_utc().date_naive();
        let decided =
            json!({"unit": owner, "decisionNumber": number, "category": "penalty", "decidedOn": decided_on});
        let result = if self.chance(3) { "fail" } else { "pass" };
        let mut steps = vec![
            ("decision.made", owner, decided),
            ("publicity.uploaded", owner, json!({"decisionNumber": number})),
            ("publicity.checked", "xinyong-pingtai", json!({"decisionNumber": number, "result": result})),
        ];
        if result == "fail" {
            steps.push(("publicity.corrected", owner, json!({"decisionNumber": number})));
        } else {
            steps.push(("publicity.published", "xinyong-pingtai", json!({"decisionNumber": number})));
        }
        Self::script(case, &format!("double-publicity/{number}"), steps)
    }

    fn script(case: u64, subject: &str, steps: Vec<(&str, &str, Value)>) -> Vec<Fact> {
        let numbered = steps.into_iter().enumerate();
        let each = |(step, (kind, actor, data)): (usize, (&str, &str, Value))| {
            let id = format!("T-{case}/{step}/{kind}");
            Fact { subject: Some(subject.to_owned()), ..fact(kind, &id, actor, data) }
        };
        numbered.map(each).collect()
    }

    /// One of the things that publishers do wrong.
    fn wrong(&mut self, case: u64) {
        let answered = |id: &str, subject: String, data: Value| Fact {
            subject: Some(subject),
            ..fact("objection.answered", id, "qu-rensheju", data)
        };
        let (id, subject) = (format!("W-{case}"), format!("objection/T-{case}"));
        let sound = json!({"result": "maintained"});
        let bad = match self.dice.throw(8) {
            0 => answered(&id, subject, json!({"result": "perhaps"})),
            1 => answered(&id, format!("objection/nobody-{case}"), sound),
            2 => Fact { actor: UnitId::new("nobody").expect("a unit"), ..answered(&id, subject, sound) },
            3 => {
                Fact { kind: EventType::new("moon.risen").expect("a type"), ..answered(&id, subject, sound) }
            }
            4 => {
                let future = Some(self.from.plus_seconds(24 * HOUR));
                Fact { occurred_at: future, ..answered(&id, subject, sound) }
            }
            5 => {
                // The same id with other content contradicts the case's own first fact.
                let id = format!("T-{case}/0/objection.received");
                answered(&id, subject, sound)
            }
            6 => return self.put(case, 0, Self::broken(case, b"{\"specversion\": \"1.0\", \"id\": ")),
            _ => return self.put(case, 0, Self::broken(case, b"\xff\xfe no event at all")),
        };
        self.put(case, 3, Message::of(&bad));
    }

    fn broken(case: u64, body: &[u8]) -> Message {
        let subject = format!("duban.{TENANT}.intake.qu-rensheju.objection.answered");
        Message { key: (String::new(), format!("broken {case}")), subject, body: body.to_vec(), posted: None }
    }
}
