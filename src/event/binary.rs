//! The binary mode of `CloudEvents`: attributes in `ce-` headers, data as the body.
//!
//! HTTP and NATS write the headers in the same way. Names are compared without
//! regard to case on both, since proxies and clients change it.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use super::fact::Malformed;
use super::parts::Parts;

/// The value of the header `name` (lower case), if there is one.
pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Whether any header is an attribute.
pub(super) fn is_binary(headers: &[(String, String)]) -> bool {
    headers.iter().any(|(name, _)| attribute(name).is_some())
}

/// The parts of an event whose attributes are headers.
pub(super) fn read<'a>(headers: &[(String, String)], body: &'a [u8]) -> Result<Parts<'a>, Box<Malformed>> {
    let mut attributes = Map::new();
    for (header, value) in headers {
        let Some(name) = attribute(header) else { continue };
        if name == "datacontenttype" {
            let message = "in binary mode the data's type is the header content-type";
            return Err(Malformed::new("envelope.value", header, value, message));
        }
        let value = Value::String(decode(header, value)?);
        if attributes.insert(name, value).is_some() {
            let message = "the header is there twice; leave one";
            return Err(Malformed::new("envelope.duplicate-key", header, "", message));
        }
    }
    if let Some(media) = header(headers, "content-type").filter(|media| !media.is_empty()) {
        attributes.insert("datacontenttype".to_owned(), media.into());
    }
    Ok(Parts { attributes, data: None, encoded: None, bytes: body, size: body.len() })
}

/// The attribute that a header carries: its name after `ce-`, in lower case.
fn attribute(header: &str) -> Option<String> {
    let prefix = header.get(..3)?;
    prefix.eq_ignore_ascii_case("ce-").then(|| header.get(3..).unwrap_or_default().to_ascii_lowercase())
}

/// A header's value: quotes taken off, as older versions of the binding wrote
/// them, then one round of percent-decoding, which must give UTF-8.
fn decode(header: &str, value: &str) -> Result<String, Box<Malformed>> {
    let plain = unquote(value.trim());
    percent_decode(plain.as_bytes()).decode_utf8().map(Cow::into_owned).map_err(|_| {
        let message = "the header is not UTF-8 after percent-decoding";
        Malformed::new("envelope.value", header, value, message)
    })
}

fn unquote(value: &str) -> Cow<'_, str> {
    let within = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(within) = within else { return Cow::Borrowed(value) };
    let mut plain = String::with_capacity(within.len());
    let mut escaped = false;
    for letter in within.chars() {
        escaped = letter == '\\' && !escaped;
        if !escaped {
            plain.push(letter);
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_unquoted_and_decoded_once() {
        let decoded = |value| decode("ce-subject", value).expect("a value");
        assert_eq!(decoded("Euro%20%E2%82%AC%20%F0%9F%98%80"), "Euro € 😀");
        assert_eq!(decoded(r#""a \"b\" \\c""#), r#"a "b" \c"#);
        assert_eq!(decoded("100%2541"), "100%41");
        assert_eq!(decoded("\""), "\"");
        assert_eq!(decode("ce-subject", "%FF").expect_err("not UTF-8").field, "ce-subject");
    }

    #[test]
    fn a_header_that_comes_twice_is_refused_whatever_its_case() {
        let headers = [("ce-id".to_owned(), "1".to_owned()), ("CE-ID".to_owned(), "2".to_owned())];
        assert_eq!(read(&headers, b"").err().map(|fault| fault.rule), Some("envelope.duplicate-key".into()));
    }
}
