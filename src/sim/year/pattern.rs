//! Texts that match a pattern, for the patterns that schemas of facts have:
//! literals, classes, groups of alternatives and counts.
//!
//! It promises nothing for other patterns; the schema is asked afterwards.

use std::iter::Peekable;
use std::str::Chars;

use crate::sim::random::Random;

/// How often an unbounded part is repeated at most.
const MOST_REPEATS: u64 = 8;

/// A part of a pattern.
#[derive(Debug, Clone)]
enum Part {
    Class(Vec<(char, char)>),
    Group(Vec<Vec<(Part, u64, u64)>>),
}

/// A text that matches `pattern`, drawn anew with each call.
#[must_use]
pub fn text(pattern: &str, random: &mut Random) -> String {
    let mut letters = pattern.chars().peekable();
    let alternatives = alternatives(&mut letters);
    let mut text = String::new();
    write(&alternatives, random, &mut text);
    text
}

fn write(alternatives: &[Vec<(Part, u64, u64)>], random: &mut Random, text: &mut String) {
    let Some(chosen) = random.pick(alternatives).cloned() else { return };
    for (part, least, most) in chosen {
        for _ in 0..least + random.below(most - least + 1) {
            match &part {
                Part::Class(ranges) => text.extend(letter(ranges, random)),
                Part::Group(inner) => write(inner, random, text),
            }
        }
    }
}

fn letter(ranges: &[(char, char)], random: &mut Random) -> Option<char> {
    let (from, to) = random.pick(ranges).copied()?;
    let span = u64::from(u32::from(to).saturating_sub(u32::from(from))) + 1;
    let place = u32::from(from) + u32::try_from(random.below(span)).unwrap_or(0);
    char::from_u32(place)
}

/// Reads alternatives up to the end of their group.
fn alternatives(letters: &mut Peekable<Chars<'_>>) -> Vec<Vec<(Part, u64, u64)>> {
    let mut found = vec![Vec::new()];
    while let Some(letter) = letters.next() {
        let part = match letter {
            ')' => break,
            '|' => {
                found.push(Vec::new());
                continue;
            }
            '^' | '$' => continue,
            '[' => Part::Class(class(letters)),
            '(' => Part::Group(alternatives(letters)),
            '.' => Part::Class(vec![('a', 'z')]),
            '\\' => Part::Class(escaped(letters.next().unwrap_or('\\'))),
            other => Part::Class(vec![(other, other)]),
        };
        let (least, most) = count(letters);
        if let Some(last) = found.last_mut() {
            last.push((part, least, most));
        }
    }
    found
}

fn escaped(letter: char) -> Vec<(char, char)> {
    match letter {
        'd' => vec![('0', '9')],
        'w' => vec![('a', 'z'), ('A', 'Z'), ('0', '9')],
        other => vec![(other, other)],
    }
}

fn class(letters: &mut Peekable<Chars<'_>>) -> Vec<(char, char)> {
    let mut ranges = Vec::new();
    while let Some(letter) = letters.next() {
        match letter {
            ']' => break,
            '\\' => ranges.extend(escaped(letters.next().unwrap_or('\\'))),
            from => {
                let mut ahead = letters.clone();
                let range = ahead.next() == Some('-') && ahead.peek().is_some_and(|next| *next != ']');
                if range {
                    letters.next();
                    ranges.push((from, letters.next().unwrap_or(from)));
                } else {
                    ranges.push((from, from));
                }
            }
        }
    }
    ranges
}

/// How often the part before may stand.
fn count(letters: &mut Peekable<Chars<'_>>) -> (u64, u64) {
    let (least, most) = match letters.peek() {
        Some('?') => (0, 1),
        Some('*') => (0, MOST_REPEATS),
        Some('+') => (1, MOST_REPEATS),
        Some('{') => {
            letters.next();
            let inner: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
            let (least, most) = inner.split_once(',').unwrap_or((&inner, &inner));
            let least = least.parse().unwrap_or(1);
            return (least, most.parse().unwrap_or(least + MOST_REPEATS).max(least));
        }
        Some(_) | None => return (1, 1),
    };
    letters.next();
    (least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_match_the_patterns_that_schemas_have() {
        let mut random = Random::new(5);
        for pattern in [
            "^[0-9A-HJ-NPQRTUWXY]{18}$",
            "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
            "^-?[0-9]{1,20}(\\.[0-9]{1,10})?$",
            "^[0-9]{4}(-W(0[1-9]|[1-4][0-9]|5[0-3])|-Q[1-4]|-(0[1-9]|1[0-2]))?$",
        ] {
            let schema = serde_json::json!({"type": "string", "pattern": pattern});
            let validator = jsonschema::validator_for(&schema).expect("a schema");
            for _ in 0..200 {
                let text = text(pattern, &mut random);
                assert!(validator.is_valid(&serde_json::Value::String(text.clone())), "{pattern}: {text}");
            }
        }
    }
}
