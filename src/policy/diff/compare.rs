//! Two documents side by side: every part that differs, by what people call it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::labels;
use super::values::Values;
use crate::calendar::Text;
use crate::policy::rules::Titles;

/// A part that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What the part is called, from the whole inward.
    pub place: Vec<Text>,
    /// What it said; none when it is new.
    pub before: Option<Text>,
    /// What it says; none when it is gone.
    pub after: Option<Text>,
}

/// What is known while documents are compared.
pub(super) struct Comparing<'a> {
    /// What units and facts are called.
    pub titles: &'a Titles,
}

impl Comparing<'_> {
    /// Every change between two versions of a document.
    pub fn documents(&self, old: &Value, new: &Value) -> Vec<Change> {
        let mut changes = Vec::new();
        if let (Value::Object(old), Value::Object(new)) = (old, new) {
            self.maps(&[], old, new, &mut changes);
        }
        changes
    }

    fn parts(&self, place: &[Text], key: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
        if old == new {
            return;
        }
        match (old, new) {
            // A rule, an offset or a title reads as a whole.
            (Value::Object(old_map), Value::Object(new_map)) if !labels::is_whole(key, old_map) => {
                self.maps(place, old_map, new_map, changes);
            }
            (Value::Array(old_items), Value::Array(new_items)) => match labels::key_of_items(key) {
                Some(by) => self.keyed(place, key, by, (old_items, new_items), changes),
                None => self.lists(place, key, (old_items, new_items), changes),
            },
            _ => {
                let values = Values { titles: self.titles };
                let (before, after) = (values.said(key, old), values.said(key, new));
                changes.push(Change { place: place.to_vec(), before: Some(before), after: Some(after) });
            }
        }
    }

    fn maps(
        &self,
        place: &[Text],
        old: &Map<String, Value>,
        new: &Map<String, Value>,
        changes: &mut Vec<Change>,
    ) {
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let mut keys: Vec<&String> = keys.into_iter().collect();
        keys.sort_by_key(|key| labels::rank(key));
        for key in keys {
            let inner = self.inward(place, key, old.get(key).or_else(|| new.get(key)));
            match (old.get(key), new.get(key)) {
                (Some(old), Some(new)) => self.parts(&inner, key, old, new, changes),
                (old, new) => changes.extend(self.one_sided(inner, key, old, new)),
            }
        }
    }

    /// The place one part further in.
    fn inward(&self, place: &[Text], key: &str, part: Option<&Value>) -> Vec<Text> {
        let label = labels::key(key, part, self.titles);
        place.iter().cloned().chain(label).collect()
    }

    fn one_sided(
        &self,
        place: Vec<Text>,
        key: &str,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> Option<Change> {
        let values = Values { titles: self.titles };
        let (before, after) = (old.map(|it| values.said(key, it)), new.map(|it| values.said(key, it)));
        (before != after).then_some(Change { place, before, after })
    }

    /// Items that have a name: clocks, sections, units, clauses.
    fn keyed(
        &self,
        place: &[Text],
        key: &str,
        by: &str,
        (old, new): (&[Value], &[Value]),
        changes: &mut Vec<Change>,
    ) {
        let named = |items: &[Value], name: &Value| items.iter().find(|it| it.get(by) == Some(name)).cloned();
        let mut names: Vec<&Value> = Vec::new();
        for name in old.iter().chain(new).filter_map(|item| item.get(by)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        for name in names {
            let (before, after) = (named(old, name), named(new, name));
            let either = after.as_ref().or(before.as_ref());
            let mut inner = place.to_vec();
            inner.extend(either.map(|item| labels::item(item, name)));
            match (&before, &after) {
                (Some(before), Some(after)) => self.parts(&inner, key, before, after, changes),
                (before, after) => {
                    changes.extend(self.one_sided(inner, key, before.as_ref(), after.as_ref()));
                }
            }
        }
    }

    /// Lists: of rungs by their place, of words by what came and went.
    fn lists(&self, place: &[Text], key: &str, (old, new): (&[Value], &[Value]), changes: &mut Vec<Change>) {
        let values = Values { titles: self.titles };
        if old.iter().chain(new).any(Value::is_object) {
            for at in 0..old.len().max(new.len()) {
                let mut inner = place.to_vec();
                inner.push(labels::nth(at + 1));
                match (old.get(at), new.get(at)) {
                    (Some(old), Some(new)) => self.parts(&inner, key, old, new, changes),
                    (old, new) => changes.extend(self.one_sided(inner, key, old, new)),
                }
            }
            return;
        }
        let gone = old.iter().filter(|item| !new.contains(item));
        let come = new.iter().filter(|item| !old.contains(item));
        let changed = |before, after| Change { place: place.to_vec(), before, after };
        let before = changes.len();
        changes.extend(gone.map(|item| changed(Some(values.said(key, item)), None)));
        changes.extend(come.map(|item| changed(None, Some(values.said(key, item)))));
        if changes.len() == before {
            // The same in another order, which may matter.
            let whole = |items: &[Value]| Some(values.said(key, &Value::Array(items.to_vec())));
            changes.push(changed(whole(old), whole(new)));
        }
    }
}
