//! Cutting a text to what a channel takes, where a line ends, and saying so.

/// What stands where something was left out.
pub const MARK: &str = "……";

/// The beginning of `text` in at most `most` bytes, whole lines where there are any, with
/// [`MARK`] where the rest would be.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(MARK.len() + 1);
    let mut end = room.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text.get(..end).unwrap_or_default();
    // The end of the last whole line, unless that would leave next to nothing.
    let head = head.rfind('\n').filter(|at| *at > room / 2).map_or(head, |at| head.get(..at).unwrap_or(head));
    format!("{}\n{MARK}", head.trim_end())
}

/// The beginning of `text` in at most `most` characters.
#[must_use]
pub fn cut_line(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let head: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_lines_and_never_within_a_character() {
        assert_eq!(cut("短", 10), "短");
        let text = "第一行很长很长\n第二行很长很长\n第三行";
        let whole = cut(text, 52);
        assert_eq!(whole, "第一行很长很长\n第二行很长很长\n……");
        for most in 0..=text.len() {
            let part = cut(text, most);
            assert!(part.len() <= most.max(MARK.len() + 1), "{most}: {part}");
        }
        assert_eq!(cut_line("督办单一二三", 4), "督办单…");
        assert_eq!(cut_line("督办单", 4), "督办单");
    }
}
