//! How a stream must be kept, and what is wrong with one that is not.
//!
//! A log is only as durable as its stream's configuration, and an operator (or
//! a tool) may have made or changed it. This file judges the configuration as
//! the server reports it; it talks to nobody.

use serde_json::{Value, json};

use crate::id::Seq;

/// What the broker's own headers on a stored record may take: the batch's id,
/// place and end, and the fence.
pub(super) const BROKERS_SHARE: usize = 512;

/// The shortest window for `Nats-Msg-Id` that the server takes, in nanoseconds.
/// Correctness does not rest on it, and in a long one a publisher could have
/// another's fact taken for a repetition.
const DUPLICATE_WINDOW: i64 = 100_000_000;

/// How one log is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// Servers that hold it: 1, 3 or 5.
    pub replicas: usize,
    /// The most bytes of a record: body and headers.
    pub max_message_bytes: usize,
    /// The first place, if this log goes on from an archive; 1 when none is given.
    pub first: Option<Seq>,
}

impl Default for LogSettings {
    /// One replica, records of at most 512 KiB, from the beginning.
    fn default() -> Self {
        Self { replicas: 1, max_message_bytes: 512 * 1024, first: None }
    }
}

impl LogSettings {
    /// The configuration to create the stream with.
    pub(super) fn to_config(&self, stream: &str, subjects: &[String]) -> Value {
        let mut config = json!({ "name": stream, "subjects": subjects });
        for (key, rule) in self.rules() {
            if let Rule::Is(value) = rule {
                config[key] = value;
            }
        }
        config["duplicate_window"] = DUPLICATE_WINDOW.into();
        if let Some(first) = self.first {
            config["first_seq"] = first.0.into();
        }
        config
    }

    /// Everything that is wrong with a live configuration, each with the value
    /// it must have.
    pub(super) fn faults(&self, config: &Value, subjects: &[String]) -> Vec<String> {
        let mut faults = Vec::new();
        let live = sorted(config["subjects"].as_array().into_iter().flatten().filter_map(Value::as_str));
        let wanted = sorted(subjects.iter().map(String::as_str));
        if live != wanted {
            faults.push(format!("subjects are {}, must be {}", live.join(", "), wanted.join(", ")));
        }
        faults.extend(self.rules().into_iter().filter_map(|(key, rule)| rule.fault(key, &config[key])));
        let window = config["duplicate_window"].as_i64().unwrap_or_default();
        if window > DUPLICATE_WINDOW {
            faults.push(format!("duplicate_window is {window} ns, must be at most {DUPLICATE_WINDOW} ns"));
        }
        faults
    }

    fn rules(&self) -> Vec<(&'static str, Rule)> {
        let is = |key, value: Value| (key, Rule::Is(value));
        let mut rules = vec![
            is("storage", json!("file")),
            is("retention", json!("limits")),
            is("discard", json!("new")),
            is("max_age", json!(0)),
            is("max_bytes", json!(-1)),
            is("max_msgs", json!(-1)),
            is("max_msgs_per_subject", json!(-1)),
            is("max_consumers", json!(-1)),
            is("max_msg_size", json!(self.max_message_bytes + BROKERS_SHARE)),
            is("num_replicas", json!(self.replicas)),
            is("deny_delete", json!(true)),
            is("deny_purge", json!(true)),
            is("allow_rollup_hdrs", json!(false)),
            is("allow_atomic", json!(true)),
            is("allow_msg_ttl", json!(false)),
            is("allow_msg_schedules", json!(false)),
            is("allow_msg_counter", json!(false)),
            is("no_ack", json!(false)),
            is("sealed", json!(false)),
            is("discard_new_per_subject", json!(false)),
        ];
        for key in ["mirror", "sources", "republish", "subject_transform", "subject_delete_marker_ttl"] {
            rules.push((key, Rule::Absent));
        }
        rules.push(("persist_mode", Rule::AbsentOr("default")));
        rules
    }
}

/// What a setting must be.
enum Rule {
    Is(Value),
    Absent,
    AbsentOr(&'static str),
}

impl Rule {
    fn fault(&self, key: &str, live: &Value) -> Option<String> {
        match self {
            Self::Is(wanted) if same(wanted, live) => None,
            Self::Is(wanted) => Some(format!("{key} is {}, must be {wanted}", shown(live))),
            Self::Absent | Self::AbsentOr(_) if is_empty(live) => None,
            Self::AbsentOr(other) if live == other => None,
            Self::Absent | Self::AbsentOr(_) => Some(format!("{key} is {live}, must not be set")),
        }
    }
}

/// Whether a live value is the wanted one; the server leaves out what is false.
fn same(wanted: &Value, live: &Value) -> bool {
    live == wanted || (live.is_null() && (*wanted == json!(false) || *wanted == json!(0)))
}

fn is_empty(live: &Value) -> bool {
    live.is_null() || live == &json!([]) || live == &json!(0)
}

fn shown(live: &Value) -> String {
    if live.is_null() { "not set".into() } else { live.to_string() }
}

fn sorted<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable();
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_created_has_no_fault_and_each_change_is_one() {
        let settings = LogSettings { replicas: 3, ..LogSettings::default() };
        let subjects = ["duban.a.ledger.>".to_owned()];
        let config = settings.to_config("S", &subjects);
        assert_eq!(settings.faults(&config, &subjects), Vec::<String>::new());
        for (key, wrong) in [
            ("subjects", json!(["duban.a.>"])),
            ("storage", json!("memory")),
            ("retention", json!("workqueue")),
            ("discard", json!("old")),
            ("max_age", json!(1_000_000_000)),
            ("max_bytes", json!(1_000_000)),
            ("max_msgs", json!(1000)),
            ("max_msgs_per_subject", json!(1)),
            ("num_replicas", json!(1)),
            ("deny_delete", json!(false)),
            ("deny_purge", Value::Null),
            ("allow_rollup_hdrs", json!(true)),
            ("allow_atomic", Value::Null),
            ("allow_msg_ttl", json!(true)),
            ("allow_msg_schedules", json!(true)),
            ("sealed", json!(true)),
            ("mirror", json!({"name": "other"})),
            ("sources", json!([{"name": "other"}])),
            ("republish", json!({"src": ">", "dest": "x.>"})),
            ("subject_transform", json!({"src": ">", "dest": "x.>"})),
            ("duplicate_window", json!(120_000_000_000_i64)),
            ("persist_mode", json!("async")),
        ] {
            let mut changed = config.clone();
            changed[key] = wrong;
            let faults = settings.faults(&changed, &subjects);
            assert!(faults.len() == 1 && faults[0].starts_with(key), "{key}: {faults:?}");
        }
    }
}
