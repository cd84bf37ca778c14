//! From YAML (or JSON) text to located trees, with every trap of YAML refused.
//!
//! Anchors, aliases, tags, directives and keys that are no texts are refused: a
//! policy must read the same in every tool. Knows nothing of policies.

use serde_json::Value;
use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, Span};

use super::node::{Content, Entry, Node};
use super::scalar::{self, Trap};
use crate::policy::problem::{Flaw, Place};

/// The longest text that is read, in bytes; the largest register has 30 kB.
pub const MOST_BYTES: usize = 1024 * 1024;
/// The deepest nesting that is read; the language itself needs 8.
const MOST_NESTED: usize = 32;

/// What a text holds: its documents, and what could not be read.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The documents that have a form, in order.
    pub documents: Vec<Node>,
    /// What is wrong with the text as YAML, each with its place.
    pub flaws: Vec<(Place, Flaw)>,
}

/// Reads every document of a text. After a syntax error it goes on with the
/// next document.
#[must_use]
pub fn parse(text: &str) -> Parsed {
    if text.len() > MOST_BYTES {
        let message = format!("the text has more than {MOST_BYTES} bytes");
        let flaw = Flaw::mistake("yaml.too-long", "", &text.len().to_string(), message);
        return Parsed { documents: Vec::new(), flaws: vec![(Place::default(), flaw)] };
    }
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: MOST_NESTED,
        block_nesting_limit: MOST_NESTED,
    };
    let mut reader =
        Reader { parser: Parser::new_from_str_with_options(text, options), out: Parsed::default() };
    reader.documents();
    reader.out
}

/// The text could not be read further; the flaw is noted already.
struct Broken;

struct Reader<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    out: Parsed,
}

impl<'a> Reader<'a> {
    fn documents(&mut self) {
        loop {
            match self.document() {
                Ok(true) => {}
                Ok(false) => return,
                Err(Broken) => match self.parser.proceed_next_document() {
                    Ok(true) => {}
                    Ok(false) | Err(_) => return,
                },
            }
        }
    }

    /// Reads on to the end of one document; false at the end of the text.
    fn document(&mut self) -> Result<bool, Broken> {
        let Some((event, span)) = self.next()? else { return Ok(false) };
        match event {
            Event::StreamEnd => return Ok(false),
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            node => {
                let node = self.node(node, span)?;
                self.out.documents.push(node);
            }
        }
        Ok(true)
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Broken> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok(next)) => Ok(Some(next)),
            Some(Err(error)) => {
                let message = format!("this is no YAML: {}", error.info());
                self.flaw(place(error.marker()), Flaw::mistake("yaml.syntax", "", "", message));
                Err(Broken)
            }
        }
    }

    fn flaw(&mut self, at: Place, flaw: Flaw) {
        self.out.flaws.push((at, flaw));
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, Broken> {
        let at = place(&span.start);
        self.refuse_extras(&event, at);
        let content = match event {
            Event::Scalar(text, style, ..) => self.scalar(&text, style, at),
            Event::SequenceStart(..) => self.list()?,
            Event::MappingStart(..) => self.map()?,
            // Aliases were refused above; the rest begins no node.
            _ => Content::Scalar(Value::Null),
        };
        Ok(Node { place: at, content })
    }

    fn refuse_extras(&mut self, event: &Event<'a>, at: Place) {
        if event.tag().is_some() {
            let hint = Some("write the value without a tag".into());
            self.flaw(at, Flaw::mistake("yaml.tag", "", "", "tags (!x) are not used here").with_hint(hint));
        }
        let alias = event.is_alias() || matches!(event, Event::UnresolvedAlias(_));
        if alias || event.anchor_id().is_some_and(|id| id != 0) {
            let hint = Some("write the value out".into());
            let message = "anchors (&x) and aliases (*x) are not used here";
            self.flaw(at, Flaw::mistake("yaml.alias", "", "", message).with_hint(hint));
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, at: Place) -> Content {
        if !matches!(style, ScalarStyle::Plain) {
            return Content::Scalar(Value::String(text.into()));
        }
        let value = scalar::plain(text).unwrap_or_else(|trap| {
            self.trap(trap, text, at);
            Value::String(text.into())
        });
        Content::Scalar(value)
    }

    fn trap(&mut self, trap: Trap, text: &str, at: Place) {
        self.flaw(at, Flaw::mistake(trap.rule, "", text, trap.message).with_hint(Some(trap.hint)));
    }

    fn list(&mut self) -> Result<Content, Broken> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            items.push(self.node(event, span)?);
        }
        Ok(Content::List(items))
    }

    fn map(&mut self) -> Result<Content, Broken> {
        let mut entries: Vec<Entry> = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let (key, at) = self.key(event, span)?;
            let Some((event, span)) = self.next()? else { break };
            let value = self.node(event, span)?;
            match entries.iter().find(|entry| entry.key == key) {
                Some(first) => {
                    let message = format!("the key stands in line {} already", first.place.line);
                    self.flaw(at, Flaw::mistake("yaml.duplicate-key", "", &key, message));
                }
                None => entries.push(Entry { key, place: at, value }),
            }
        }
        Ok(Content::Map(entries))
    }

    fn key(&mut self, event: Event<'a>, span: Span) -> Result<(String, Place), Broken> {
        let at = place(&span.start);
        self.refuse_extras(&event, at);
        if let Event::Scalar(text, style, ..) = &event {
            if matches!(style, ScalarStyle::Plain)
                && let Some(trap) = scalar::trap(text)
            {
                self.trap(trap, text, at);
            }
            return Ok((text.to_string(), at));
        }
        self.flaw(at, Flaw::mistake("yaml.key", "", "", "a key must be a text"));
        self.node(event, span)?;
        Ok((String::new(), at))
    }
}

fn place(marker: &granit_parser::Marker) -> Place {
    Place { line: marker.line(), column: marker.col() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<(usize, usize, String)> {
        parse(text).flaws.into_iter().map(|(at, flaw)| (at.line, at.column, flaw.rule)).collect()
    }

    #[test]
    fn places_are_lines_and_columns_from_one() {
        let parsed = parse("kind: Workflow\nstates:\n  a: {final: true}\n---\nkind: Duty\n");
        assert_eq!(parsed.documents.len(), 2);
        let node = &parsed.documents[0];
        assert_eq!(node.locate("/kind"), Place { line: 1, column: 7 });
        assert_eq!(node.locate("/states/a/final"), Place { line: 3, column: 14 });
        assert_eq!(node.locate("/states/a/missing"), Place { line: 3, column: 3 });
        assert_eq!(parsed.documents[1].locate("/kind"), Place { line: 5, column: 7 });
    }

    #[test]
    fn every_trap_of_a_text_is_reported() {
        let text = "a: no\na: 1\nb: &x 1\nc: *x\nd: !t 2\n? [1]\n: 3\ne: 2022-05-20\n";
        assert_eq!(
            rules(text),
            [
                (1, 4, "yaml.ambiguous-word".into()),
                (2, 1, "yaml.duplicate-key".into()),
                (3, 7, "yaml.alias".into()),
                (4, 4, "yaml.alias".into()),
                (5, 7, "yaml.tag".into()),
                (6, 3, "yaml.key".into()),
                (8, 4, "yaml.unquoted-date".into()),
            ]
        );
    }

    #[test]
    fn a_broken_document_does_not_hide_the_next() {
        let parsed = parse("a: [1\n---\nb: 2\n");
        assert_eq!(parsed.flaws.len(), 1);
        assert_eq!(parsed.documents.len(), 1);
        assert_eq!(parsed.documents[0].entry("b").map(|entry| entry.place.line), Some(3));
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        for text in ["[".repeat(5000), "- ".repeat(5000), "{a: ".repeat(5000)] {
            assert!(!parse(&text).flaws.is_empty());
        }
    }
}
