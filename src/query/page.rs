//! Pages: how many rows, after which one.
//!
//! A cursor is the key of the last row shown, so that a page stays in its place
//! while rows come, go and move. It says nothing about what is listed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::QueryError;

/// How many rows a page has unless the asker says otherwise.
pub const USUAL: usize = 100;
/// The most rows of a page: what a screen scrolls and a client holds easily.
pub const MOST: usize = 500;
/// The longest cursor: an instant, a case of 256 bytes and a clock of 64, encoded.
const LONGEST_CURSOR: usize = 640;

/// Which list a cursor belongs to, so that it is not taken for another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum List {
    /// Running deadlines, earliest first.
    DeadlinesEarliest = b'd',
    /// Running deadlines, latest first.
    DeadlinesLatest = b'D',
    /// Paused deadlines, by case.
    Paused = b'p',
    /// Cases.
    Cases = b'c',
    /// Refusals.
    Refusals = b'r',
    /// Met deadlines, by case.
    Settled = b'm',
    /// What waits to be delivered, by channel and unit.
    Deliveries = b'o',
    /// Dead letters, by channel and unit.
    DeadLetters = b'x',
}

/// What part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageAsk {
    /// How many rows at most, 1 to 500.
    pub limit: usize,
    /// The cursor that the page before gave.
    pub cursor: Option<String>,
}

impl Default for PageAsk {
    fn default() -> Self {
        Self { limit: USUAL, cursor: None }
    }
}

impl PageAsk {
    /// A page of `limit` rows after `cursor`.
    ///
    /// # Errors
    /// [`QueryError::Asked`] when the limit is not 1 to 500.
    pub fn new(limit: Option<usize>, cursor: Option<String>) -> Result<Self, QueryError> {
        let limit = limit.unwrap_or(USUAL);
        if limit == 0 || limit > MOST {
            let hint = format!("ask for 1 to {MOST} rows; more come with the cursor `next`");
            return Err(QueryError::asked("limit", &limit.to_string(), hint));
        }
        Ok(Self { limit, cursor })
    }

    /// The key after which the page begins.
    ///
    /// # Errors
    /// [`QueryError::Asked`] when the cursor is not one of this list.
    pub fn after(&self, list: List) -> Result<Option<Vec<u8>>, QueryError> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let wrong = || {
            let hint = "give `next` of the page before, with the same filter and order";
            QueryError::asked("cursor", text, hint)
        };
        if text.len() > LONGEST_CURSOR {
            return Err(wrong());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
        match bytes.split_first() {
            Some((kind, key)) if *kind == list as u8 => Ok(Some(key.to_vec())),
            _ => Err(wrong()),
        }
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether more may follow. A page may have few rows or none and still say so,
    /// when the filter is narrow and much was looked at.
    pub more: bool,
    /// The cursor of the page that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page that goes on after `key`, if there is one.
    #[must_use]
    pub fn of(list: List, rows: Vec<T>, key: Option<&[u8]>) -> Self {
        let next = key.map(|key| URL_SAFE_NO_PAD.encode([&[list as u8], key].concat()));
        Self { rows, more: next.is_some(), next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_key_and_to_no_other_list() {
        let page = Page::of(List::Cases, vec![1], Some("objection/济".as_bytes()));
        let ask = PageAsk::new(Some(1), page.next).expect("a page");
        assert_eq!(ask.after(List::Cases).expect("a cursor"), Some("objection/济".into()));
        assert!(ask.after(List::Refusals).is_err());
    }

    #[test]
    fn limits_and_cursors_that_cannot_be_are_refused() {
        assert!(PageAsk::new(Some(0), None).is_err());
        assert!(PageAsk::new(Some(501), None).is_err());
        for text in ["", "?", &"A".repeat(1000)] {
            let ask = PageAsk::new(None, Some(text.into())).expect("a page");
            assert!(ask.after(List::Cases).is_err(), "{text:?} should be no cursor");
        }
    }
}
