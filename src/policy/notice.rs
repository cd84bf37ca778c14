//! A notice: the document whose clauses the rules cite, listed clause by clause.
//!
//! It says what the document is and what each clause is about, in short words of
//! the author's own; it repeats no text and holds no rule. Which rules cite a
//! clause is [`super::coverage`]'s.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::definition::Text;
use crate::calendar::PeriodKind;
use crate::exact::Exact;
use crate::id::Name;

/// A document that demands something, with every clause that states anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Notice {
    /// The name that `cite.notice` gives: `changqing-2022`.
    pub name: Name,
    /// Its version, usually the day of issue; a corrected list is a later one.
    #[schemars(length(min = 1))]
    pub version: String,
    /// A short title of your own.
    pub title: Text,
    /// The document's number; "" when it has none, and then `note` says so.
    pub number: String,
    /// Who issued it.
    pub issuer: Text,
    /// The day of issue.
    pub issued_on: NaiveDate,
    /// What the reader should know about the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    /// Every clause that states anything, once, in the document's order, at the
    /// finest grain.
    #[schemars(length(min = 1))]
    pub clauses: Vec<Clause>,
}

/// A clause of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Clause {
    /// Its id in the document's own numbering, as `cite.clause` gives it: `三(四)18`.
    #[schemars(length(min = 1))]
    pub id: String,
    /// What it is about, in a few words of your own.
    pub title: Text,
    /// Why no rule cites it, where none does: it states a scope, or a belief.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupervised: Option<Text>,
    /// A remark for the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    /// What its text says that other clauses or rules could contradict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub states: Option<Statement>,
}

/// What the text of a clause says, as data: a number of items, or a period or a
/// threshold for a topic. Contradictions with what else is there are findings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Statement {
    /// How many items the text says that the clause `of` has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The clause whose items are counted: the uppermost below it that end in an
    /// Arabic number (`三(一)1` below `三`), or, where none does, the last ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The topic of which the text says how often, or how much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<Name>,
    /// How often, for the topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<PeriodKind>,
    /// The least that the text demands: "0.99".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Exact>,
    /// The most that the text allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Exact>,
    /// What the text demands exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<Exact>,
}

impl Notice {
    /// A clause by its id.
    #[must_use]
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses.iter().find(|clause| clause.id == id)
    }

    /// The items of a clause, in order, as [`Statement::of`] counts them.
    #[must_use]
    pub fn items_of(&self, of: &str) -> Vec<&str> {
        let ids = || self.clauses.iter().map(|clause| clause.id.as_str());
        let below: Vec<&str> = ids().filter(|id| is_below(id, of)).collect();
        let numbered = below.iter().copied().filter(|id| id.ends_with(|last: char| last.is_ascii_digit()));
        let numbered: Vec<&str> = numbered.collect();
        if numbered.is_empty() {
            let has_some = |id: &&str| below.iter().any(|other| is_below(other, id));
            return below.iter().copied().filter(|id| !has_some(id)).collect();
        }
        let within_one = |id: &&str| numbered.iter().any(|other| is_below(id, other));
        numbered.iter().copied().filter(|id| !within_one(id)).collect()
    }
}

/// Whether a clause's id continues another one's: `三(一)1` lies below `三(一)`, and
/// `三(一)10` does not lie below `三(一)1`.
fn is_below(id: &str, of: &str) -> bool {
    const NUMERALS: &str = "〇一二三四五六七八九十百";
    let Some(rest) = id.strip_prefix(of) else { return false };
    let (Some(last), Some(next)) = (of.chars().next_back(), rest.chars().next()) else { return false };
    let one_number =
        last.is_ascii_digit() && next.is_ascii_digit() || NUMERALS.contains(last) && NUMERALS.contains(next);
    !one_number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(ids: &[&str]) -> Notice {
        let clause = |id: &&str| Clause {
            id: (*id).into(),
            title: Text::default(),
            unsupervised: None,
            note: None,
            states: None,
        };
        Notice {
            name: Name::new("somewhere-1").expect("a name"),
            version: "1".into(),
            title: Text::default(),
            number: "1".into(),
            issuer: Text::default(),
            issued_on: NaiveDate::default(),
            note: None,
            clauses: ids.iter().map(clause).collect(),
        }
    }

    #[test]
    fn items_are_the_uppermost_numbers_below_a_clause() {
        let notice =
            notice(&["三", "三(一)", "三(一)1", "三(一)1(2)", "三(一)10", "三(二)11", "三十1", "四(一)"]);
        assert_eq!(notice.items_of("三"), ["三(一)1", "三(一)10", "三(二)11"]);
        assert_eq!(notice.items_of("三(一)1"), ["三(一)1(2)"]);
        assert_eq!(notice.items_of("四"), ["四(一)"]);
        assert_eq!(notice.items_of("五"), [""; 0]);
    }
}
