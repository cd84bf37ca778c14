//! "Did you mean": the known word nearest to an unknown one.
//!
//! Suggests only; it never mends what was written.

/// Longer words are not compared, which bounds the work; no name is longer.
const MOST_COMPARED: usize = 128;

/// The candidate nearest to `word`, if it is near enough to be meant.
///
/// Near enough is at most a third of the word's length in edits, at least one.
/// Of equally near candidates the first in order is taken.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| !candidate.is_empty())
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(edits, _)| *edits <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The hint for an unknown word: the nearest known one, else all of them when
/// they are few.
#[must_use]
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const FEW: usize = 12;
    let known: Vec<&str> = candidates.into_iter().collect();
    match nearest(word, known.iter().copied()) {
        Some(meant) => Some(format!("did you mean {meant:?}?")),
        None if (1..=FEW).contains(&known.len()) => Some(format!("known are {}", known.join(", "))),
        None => None,
    }
}

/// Edits (insert, delete, replace, swap of neighbours) that turn one word into the other.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(MOST_COMPARED).collect();
    let right: Vec<char> = right.chars().take(MOST_COMPARED).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (down, from) in left.iter().enumerate() {
        let mut next = vec![down + 1; right.len() + 1];
        for (across, to) in right.iter().enumerate() {
            let replaced = row[across] + usize::from(from != to);
            next[across + 1] = replaced.min(row[across + 1] + 1).min(next[across] + 1);
            let swapped =
                down > 0 && across > 0 && left[down - 1] == *to && right[across - 1] == *from && from != to;
            if swapped {
                next[across + 1] = next[across + 1].min(before[across - 1] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_a_far_one_is_not() {
        let known = ["handling", "received", "closed"];
        assert_eq!(nearest("handlign", known), Some("handling"));
        assert_eq!(nearest("recieved", known), Some("received"));
        assert_eq!(nearest("withdrawn", known), None);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("ab", "ba"), 1);
    }

    #[test]
    fn few_known_words_are_all_named() {
        assert_eq!(hint("xyz", ["aa", "bb"]), Some("known are aa, bb".into()));
        assert_eq!(hint("xyz", []), None);
    }
}
