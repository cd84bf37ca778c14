//! A town of as many units as a test wants, whose tasks fall due when it wants, and the
//! channels by which it is told.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use duban::time::Instant;
use serde_json::{Value, json};

/// What is signed with to robots.
pub const WORD: &str = "SEC-of-the-town";
/// The tenant.
pub const TOWN: &str = "town";
/// How long a task may take, in seconds: it is due so long after `from`.
pub const TASK_WITHIN: i64 = 48 * 3_600;

const WORKFLOW: &str = "\
kind: Workflow
name: task
version: \"1\"
title: {zh: 任务, en: Task}
cite: {notice: town-2026, clause: 一}
effective: {from: \"2020-01-01\"}
for: [group:everyone]
key: [subject]
owner: data.unit
opens: {event: task.given, by: [owner, role:credit-office]}
initial: given
states:
  given:
    title: {zh: 待办, en: To be done}
    waitsFor: owner
    events:
      task.done: {to: finished, by: owner}
  finished:
    title: {zh: 已办, en: Done}
    final: true
clocks:
  - name: do
    title: {zh: 办理, en: Doing}
    cite: {notice: town-2026, clause: 一}
    start: {events: [task.given], at: data.from}
    stop: {events: [task.done], at: recorded}
    due: {hours: 48}
    calendar: cn-gov
    onCalendarAmended: recompute
    ladder: plain
---
kind: Ladder
name: plain
version: \"1\"
quietOutsideWorkingHours: false
rungs:
  - {at: due, light: yellow, act: reminder, to: owner}
";

const NOTICE: &str = "\
kind: Notice
name: town-2026
version: \"1\"
title: {zh: 镇任务办法, en: Rule of tasks}
number: 镇发〔2026〕1号
issuer: {zh: 镇政府, en: The town}
issuedOn: \"2020-01-01\"
clauses:
  - {id: 一, title: {zh: 限时办理, en: Done in time}}
";

/// The names of the units that owe tasks.
pub fn units(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("u-{number}")).collect()
}

/// Writes the town's policies into `folder`, with these channels as the policy of
/// delivery lists them, and gives the folder of workflows.
pub fn policies(folder: &Path, units: &[String], channels: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workflows = folder.join("workflows");
    let (town, calendars, events) =
        (workflows.join(TOWN), workflows.join("calendars"), folder.join("events"));
    for part in [&town, &calendars, &events] {
        fs::create_dir_all(part).expect("a folder");
    }
    fs::copy(root.join("workflows/calendars/cn-gov.yaml"), calendars.join("cn-gov.yaml"))
        .expect("a calendar");
    fs::write(town.join("register.yaml"), register(units)).expect("a register");
    fs::write(town.join("notice.yaml"), NOTICE).expect("a notice");
    fs::write(town.join("task.yaml"), WORKFLOW).expect("a workflow");
    let delivery = format!("kind: Delivery\nname: delivery\nversion: \"1\"\nchannels:\n{channels}");
    fs::write(town.join("delivery.yaml"), delivery).expect("a policy");
    for (name, required) in [("given", "\"unit\", \"from\""), ("done", "")] {
        let schema = format!(
            "{{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"$id\": \"duban:events/task.{name}/1\", \
             \"title\": \"Task {name}\", \"description\": \"A task.\", \
             \"x-title\": {{\"zh\": \"任务\", \"en\": \"Task\"}}, \"type\": \"object\", \"required\": [{required}], \
             \"properties\": {{\"unit\": {{\"type\": \"string\", \"title\": \"Unit\", \"description\": \"Who owes.\", \
             \"x-title\": {{\"zh\": \"单位\", \"en\": \"Unit\"}}}}, \
             \"from\": {{\"type\": \"string\", \"format\": \"date-time\", \"title\": \"From\", \
             \"description\": \"From when it counts.\", \"x-title\": {{\"zh\": \"起算\", \"en\": \"From\"}}}}}}, \
             \"additionalProperties\": true}}"
        );
        fs::write(events.join(format!("task.{name}.v1.json")), schema).expect("a schema");
    }
    workflows
}

fn register(units: &[String]) -> String {
    let mut text =
        String::from("kind: Register\nname: town\nversion: \"1\"\ntitle: {zh: 镇, en: Town}\nunits:\n");
    let mut unit = |id: &str, zh: &str, en: &str| {
        writeln!(text, "  - {{id: {id}, title: {{zh: {zh}, en: {en}}}}}").expect("a text");
    };
    unit("operator", "系统管理员", "Operator");
    unit("importer", "导入", "Importer");
    unit("engine", "引擎", "Engine");
    unit("office", "办公室", "Office");
    for id in units {
        unit(id, &format!("单位{}", &id[2..]), &format!("Unit {}", &id[2..]));
    }
    text.push_str("groups:\n  everyone:\n");
    for id in units {
        writeln!(text, "    - unit:{id}").expect("a text");
    }
    text.push_str(
        "roles:\n  operator: [operator]\n  importer: [importer]\n  engine: [engine]\n  credit-office: [office]\n",
    );
    text
}

/// An event that gives `unit` a task that is due at `due_at`.
pub fn given(key: &str, unit: &str, due_at: Instant) -> Value {
    json!({
        "specversion": "1.0", "type": "task.given", "source": "/town", "id": format!("{key}/given"),
        "actor": "office", "subject": format!("task/{key}"),
        "data": {"unit": unit, "from": due_at.plus_seconds(-TASK_WITHIN)},
    })
}

/// The event by which `unit` has done it.
pub fn done(key: &str, unit: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "task.done", "source": "/town", "id": format!("{key}/done"),
        "actor": unit, "subject": format!("task/{key}"), "data": {},
    })
}

/// The channel of settings by which webhooks end at `base`, one address a unit.
pub fn hooks(channel: &str, base: &str, units: &[String], pace: &str) -> String {
    let mut text = format!(
        "      {channel}:\n        via: webhook\n        secrets: [{{file: hook.secret}}]\n        \
         pace: {pace}\n        addresses:\n"
    );
    for unit in units {
        writeln!(text, "          {unit}: {base}/{unit}").expect("a text");
    }
    text
}

/// Settings of the town with these channels, which may send to these hosts of this machine.
pub fn office(hosts: &[String], channels: &str) -> String {
    let hosts: Vec<String> = hosts.iter().map(|host| format!("{host:?}")).collect();
    let hosts = hosts.join(", ");
    format!("tenants:\n  {TOWN}:\n    allowPrivate: [{hosts}]\n    channels:\n{channels}")
}

/// Writes the settings of delivery and their secrets into `folder`, and gives the file.
pub fn settings(folder: &Path, text: &str) -> PathBuf {
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("hook.secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
    fs::write(folder.join("word.secret"), WORD).expect("a secret");
    let file = folder.join("delivery.yaml");
    fs::write(&file, text).expect("settings");
    file
}
