//! An office that writes its destinations, and messages for them.

use std::sync::Arc;

use duban::calendar::{Calendar, DueRule, Lang, Text, explain};
use duban::carriers::guard::SystemNames;
use duban::carriers::{DeliverySettings, OfficeError, World, carriers};
use duban::event::catalogue::{Act, RungLight};
use duban::id::{Name, TenantId};
use duban::message::{Facts, Heading, Wording, render};
use duban::policy::definition::Definition;
use duban::policy::resolve::{Source, resolve};
use duban::port::carrier::{Carriers, Link, Message, Recipient};
use duban::time::Instant;
use serde_json::json;

/// A secret in the form of Standard Webhooks, and the one before it.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub const OLD_SECRET: &str = "whsec_b2xkIHNlY3JldCBvbGQgc2VjcmV0IG9sZCBzZWM=";
/// What robots and mail servers know us by.
pub const WORD: &str = "SECret-word";

/// A world with the real clock, names of the system, and the secrets in its environment.
pub fn world() -> World {
    let environment = |name: &str| match name {
        "HOOK" => Some(SECRET.to_owned()),
        "OLD_HOOK" => Some(OLD_SECRET.to_owned()),
        "WORD" => Some(WORD.to_owned()),
        _ => None,
    };
    World::new(Arc::new(SystemNames), Arc::new(environment), Arc::new(duban::cli::world::now))
}

/// The carriers that these settings of a tenant (indented by four) make.
pub fn office_in(world: &World, settings: &str) -> Result<Carriers, OfficeError> {
    let text = format!("tenants:\n  changqing:\n{settings}");
    let settings = DeliverySettings::read(&text).unwrap_or_else(|error| panic!("failed to {error}:\n{text}"));
    let tenant = TenantId::new("changqing").expect("a tenant");
    carriers(&tenant, &settings.tenants[&tenant], std::path::Path::new("."), world)
}

/// The same, with 127.0.0.1 allowed and the one channel `out`.
pub fn office(channel: &str) -> Carriers {
    let settings = format!("    allowPrivate: [127.0.0.1]\n    channels:\n      out: {channel}\n");
    office_in(&world(), &settings).unwrap_or_else(|error| panic!("failed to {error}"))
}

pub fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

pub fn to(unit: &str) -> Recipient {
    Recipient { unit: unit.parse().expect("a unit") }
}

pub fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

/// A message about one objection, in Chinese.
pub fn message(key: &str) -> Message {
    let heading = heading(key, Lang::Zh);
    render(&heading, &[facts("YY-2022-001", Act::Reminder, RungLight::Blue)], &Wording::usual())
        .expect("a message")
}

pub fn heading(key: &str, lang: Lang) -> Heading {
    Heading {
        key: key.to_owned(),
        at: at("2022-10-10T01:00:00Z"),
        today: "2022-10-10".parse().expect("a date"),
        lang,
        tenant: TenantId::new("changqing").expect("a tenant"),
        unit: Text::new("税务局", "Tax Bureau"),
        is_digest: false,
        desk: Some("https://duban.example/changqing".to_owned()),
    }
}

/// An objection whose answer is due over the National Day week.
pub fn facts(key: &str, act: Act, light: RungLight) -> Facts {
    let rule: DueRule = serde_json::from_value(json!({"workingDays": 7})).expect("a rule");
    let told = explain(&calendar(), &rule, at("2022-09-28T16:20:00+08:00"), &[]).expect("an explanation");
    let is_late = light == RungLight::Red;
    let span = if is_late {
        Text::new("超期 1 个工作日", "1 working day overdue")
    } else {
        Text::new("还剩 2 个工作日", "2 working days left")
    };
    Facts {
        act,
        light,
        nth: 1,
        case: format!("objection/{key}").parse().expect("a case"),
        workflow: Text::new("信用信息异议", "Objection"),
        clock: name("source-answer"),
        duty: Text::new("来源单位核实", "source unit verifies"),
        owner: Text::new("税务局", "Tax Bureau"),
        due: Text::new("2022-10-12 周三 24:00", "2022-10-12 Wed 24:00"),
        last_day: "2022-10-12".parse().expect("a date"),
        is_late,
        span: Some(span),
        clause: Text::new("依据 changqing-2022 第五条", "under changqing-2022 第五条"),
        days: told.sentences(),
        explanation: Some(told),
        next: Some(Text::new("2022-10-13 周四 00:00 起超期", "overdue from 2022-10-13 Thu 00:00")),
        is_provisional: false,
        moves: 0,
        links: vec![Link { label: "签收".to_owned(), url: "https://duban.example/a?t=x&s=y".to_owned() }],
        event: json!({"specversion": "1.0", "id": "7", "type": "reminder.due", "source": "urn:duban:changqing:ledger",
            "data": {"case": format!("objection/{key}"), "words": "催办"}}),
    }
}

fn calendar() -> Calendar {
    let text = include_str!("../../../workflows/calendars/cn-gov.yaml");
    let source = Source { path: "calendars/cn-gov.yaml".into(), text: text.into() };
    let found = resolve(&[source]).definitions.into_iter().find_map(|definition| match definition {
        Definition::Calendar(def) => Some(def),
        _ => None,
    });
    Calendar::new(found.expect("the calendar")).expect("a sound calendar")
}
