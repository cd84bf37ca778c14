//! A document as a tree whose every part knows its line and column.
//!
//! Knows JSON's kinds of values only; what a key means is the reader's concern.

use serde_json::{Map, Value};

use crate::policy::problem::{self, Place};

/// A value at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub content: Content,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A text, number, truth value or null.
    Scalar(Value),
    /// Items in order.
    List(Vec<Node>),
    /// Entries in the order of the text.
    Map(Vec<Entry>),
}

/// An entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key begins.
    pub place: Place,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The same as JSON, without places. Of duplicate keys the first stays.
    #[must_use]
    pub fn json(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => Value::Array(items.iter().map(Self::json).collect()),
            Content::Map(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    map.entry(entry.key.clone()).or_insert_with(|| entry.value.json());
                }
                Value::Object(map)
            }
        }
    }

    /// The entry of that key, if this is a mapping that has one.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.key == key),
            Content::List(_) | Content::Scalar(_) => None,
        }
    }

    /// The text of that key, if there is one.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.entry(key)?.value.content {
            Content::Scalar(Value::String(text)) => Some(text),
            Content::Scalar(_) | Content::List(_) | Content::Map(_) => None,
        }
    }

    /// The place of what a JSON Pointer names, or of its nearest part that
    /// exists: a value's own place, and a mapping's at its key.
    #[must_use]
    pub fn locate(&self, pointer: &str) -> Place {
        let mut place = self.place;
        let mut node = self;
        for key in problem::keys(pointer) {
            match &node.content {
                Content::Map(_) => {
                    let Some(entry) = node.entry(&key) else { break };
                    let nested = matches!(entry.value.content, Content::Map(_));
                    place = if nested { entry.place } else { entry.value.place };
                    node = &entry.value;
                }
                Content::List(items) => {
                    let Some(item) = key.parse::<usize>().ok().and_then(|at| items.get(at)) else { break };
                    place = item.place;
                    node = item;
                }
                Content::Scalar(_) => break,
            }
        }
        place
    }

    /// The place of a key within what a pointer names, for keys that should not be.
    #[must_use]
    pub fn locate_key(&self, pointer: &str, key: &str) -> Place {
        let mut node = self;
        for step in problem::keys(pointer) {
            let next = match &node.content {
                Content::Map(_) => node.entry(&step).map(|entry| &entry.value),
                Content::List(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
                Content::Scalar(_) => None,
            };
            match next {
                Some(next) => node = next,
                None => return self.locate(pointer),
            }
        }
        node.entry(key).map_or_else(|| self.locate(pointer), |entry| entry.place)
    }
}
