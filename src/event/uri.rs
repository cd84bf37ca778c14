//! Whether a text has the characters of a URI reference (RFC 3986).
//!
//! It resolves nothing and compares nothing: a source is an identity, compared
//! byte for byte.

/// Whether `text` is a URI reference: `/cq/platform`, `urn:x:1`, `https://a/b?c#d`.
///
/// It checks the characters, percent-encoding, the scheme's form and that there is
/// one fragment at most; brackets are taken for an address within an authority.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    has_uri_characters(text.as_bytes()) && text.matches('#').count() <= 1 && has_good_scheme(text)
}

fn has_uri_characters(text: &[u8]) -> bool {
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return true,
            [b'%', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => tail,
            [byte, tail @ ..] if byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(byte) => {
                tail
            }
            _ => return false,
        };
    }
}

/// A colon before any slash, question mark or number sign ends a scheme.
fn has_good_scheme(text: &str) -> bool {
    let first = text.split(['/', '?', '#']).next().unwrap_or_default();
    first.split_once(':').is_none_or(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn references_are_told_from_other_texts() {
        for right in [
            "/cq/platform",
            "https://a.example/b?c=d#e",
            "urn:uuid:6e8bc430",
            "a/b:c",
            "",
            "%E5%B1%80",
            "//[::1]/x",
        ] {
            assert!(is_reference(right), "{right:?}");
        }
        for wrong in ["信用中国", "a b", "%zz", "%4", "a#b#c", "1a:b", ":b", "a\"b", "a\\b", "a\u{7f}"] {
            assert!(!is_reference(wrong), "{wrong:?}");
        }
    }
}
