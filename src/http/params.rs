//! Query parameters, read strictly: what is not known is an error that names it.
//!
//! A mistyped filter that is passed over would answer another question.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use super::problem::Problem;
use crate::calendar::Lang;
use crate::query::light::Light;
use crate::query::page::PageAsk;
use crate::time::Instant;

/// The parameters of one request.
#[derive(Debug, Default)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// The parameters of `query`, all of which must be among `known`.
    ///
    /// # Errors
    /// A problem for one that is unknown, repeated or not text.
    pub fn read(query: &str, known: &[&str]) -> Result<Self, Problem> {
        let mut params = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            is_known(&name, &value, known)?;
            if params.insert(name.clone(), value.clone()).is_some() {
                let detail = format!("the parameter {name} is given twice; give it once");
                return Err(Problem::new("parameter.repeated", detail).about(&name, &value));
            }
        }
        Ok(Self(params))
    }

    /// The parameters that came as named values, all of which must be among `known`.
    ///
    /// # Errors
    /// A problem for one that is unknown.
    pub fn of_fields(fields: &BTreeMap<String, String>, known: &[&str]) -> Result<Self, Problem> {
        for (name, value) in fields {
            is_known(name, value, known)?;
        }
        Ok(Self(fields.clone()))
    }

    /// The parameters of the address of a page, which shows what it was asked, so
    /// that one it does not know misleads nobody; the last of several is taken.
    ///
    /// # Errors
    /// A problem for one that is not text.
    pub fn of_page(query: &str) -> Result<Self, Problem> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let read = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        read.collect::<Result<_, Problem>>().map(Self)
    }

    /// Every parameter that is not empty, by name.
    pub fn given(&self) -> impl Iterator<Item = (&str, &str)> {
        let given = self.0.iter().filter(|(_, value)| !value.is_empty());
        given.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A parameter as it is given; an empty one counts as left out.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A parameter with a form of its own.
    ///
    /// # Errors
    /// A problem when it does not have that form.
    pub fn parsed<T>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T: FromStr,
        T::Err: Display,
    {
        let read = |text: &str| {
            let wrong =
                |error: T::Err| Problem::new("parameter.invalid", error.to_string()).about(name, text);
            text.parse().map_err(wrong)
        };
        self.text(name).map(read).transpose()
    }

    /// An instant; a "+" that became a blank on the way is put back.
    ///
    /// # Errors
    /// A problem when it is none.
    pub fn instant(&self, name: &str) -> Result<Option<Instant>, Problem> {
        let read = |text: &str| {
            let text = text.replace(' ', "+");
            text.parse().map_err(|error: crate::time::InstantError| {
                Problem::new("parameter.invalid", error.reason).about(name, &text)
            })
        };
        self.text(name).map(read).transpose()
    }

    /// One of a few words.
    ///
    /// # Errors
    /// A problem when it is another.
    pub fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let wrong =
            || Problem::new("parameter.invalid", format!("give {}", known.join(" or "))).about(name, text);
        found.ok_or_else(wrong).map(Some)
    }

    /// `limit` and `cursor`.
    ///
    /// # Errors
    /// A problem when the limit cannot be.
    pub fn page(&self) -> Result<PageAsk, Problem> {
        let cursor = self.text("cursor").map(str::to_owned);
        Ok(PageAsk::new(self.parsed::<usize>("limit")?, cursor)?)
    }

    /// `light`, several joined by commas.
    ///
    /// # Errors
    /// A problem when one is no light.
    pub fn lights(&self) -> Result<BTreeSet<Light>, Problem> {
        let Some(text) = self.text("light") else { return Ok(BTreeSet::new()) };
        Ok(text.split(',').map(|light| light.trim().parse()).collect::<Result<_, _>>()?)
    }

    /// `lang`: `zh`, or `en`.
    ///
    /// # Errors
    /// A problem when it is another.
    pub fn lang(&self) -> Result<Lang, Problem> {
        Ok(self.language("lang")?.unwrap_or_default())
    }

    /// A language, `zh` or `en`.
    ///
    /// # Errors
    /// A problem when it is another.
    pub fn language(&self, name: &str) -> Result<Option<Lang>, Problem> {
        self.word(name, &[("zh", Lang::Zh), ("en", Lang::En)])
    }
}

fn is_known(name: &str, value: &str, known: &[&str]) -> Result<(), Problem> {
    if known.contains(&name) {
        return Ok(());
    }
    let there = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let detail = format!("there is no parameter {name:?} here; there are {there}");
    Err(Problem::new("parameter.unknown", detail).about(name, value))
}

fn decode(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| {
        Problem::new("parameter.invalid", "a parameter is percent-encoded UTF-8").about("query", text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_or_given_twice_is_named() {
        let unknown = Params::read("unti=tax", &["unit"]).expect_err("unti is no parameter");
        assert!(format!("{unknown:?}").contains("unti"));
        assert!(Params::read("unit=a&unit=b", &["unit"]).is_err());
        assert!(Params::read("unit=%ff", &["unit"]).is_err());
    }

    #[test]
    fn an_instant_may_have_lost_its_plus() {
        let params = Params::read("at=2022-09-28T16:20:00+08:00", &["at"]).expect("parameters");
        let at = params.instant("at").expect("an instant");
        assert_eq!(at, "2022-09-28T08:20:00Z".parse().ok());
        let encoded = Params::read("at=2022-09-28T16%3A20%3A00%2B08%3A00", &["at"]).expect("parameters");
        assert_eq!(encoded.instant("at").expect("an instant"), at);
    }
}
