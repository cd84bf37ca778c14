//! Writing answers to standard output: texts, JSON lines, aligned tables.
//!
//! Standard output carries answers only; notes for people go to standard error.
//! Widths are those of terminals, where a Chinese character takes two columns.

use std::io::{BufWriter, IsTerminal as _, StdoutLock, Write};

use unicode_width::UnicodeWidthStr as _;

use super::exit::Failure;
use crate::calendar::Lang;

/// The language of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum AnswerLang {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl From<AnswerLang> for Lang {
    fn from(lang: AnswerLang) -> Self {
        match lang {
            AnswerLang::Zh => Self::Zh,
            AnswerLang::En => Self::En,
        }
    }
}

/// Standard output, buffered; written out when it is finished.
pub struct Output {
    to: BufWriter<StdoutLock<'static>>,
}

impl Output {
    /// Takes standard output for this command.
    #[must_use]
    pub fn open() -> Self {
        Self { to: BufWriter::with_capacity(64 * 1024, std::io::stdout().lock()) }
    }

    /// Writes one line.
    ///
    /// # Errors
    /// [`Failure`] when nobody reads it any more, or the disk is full.
    pub fn line(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        self.to.write_all(text.as_ref().as_bytes())?;
        self.to.write_all(b"\n")?;
        Ok(())
    }

    /// Writes what was gathered.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn finish(mut self) -> Result<(), Failure> {
        self.to.flush()?;
        Ok(())
    }
}

/// Writes a note for the person who runs the command, apart from the answer.
pub fn note(text: impl AsRef<str>) {
    // Whoever closed standard error does not want notes.
    let _ = writeln!(std::io::stderr().lock(), "{}", text.as_ref());
}

/// Whether a person reads standard output.
#[must_use]
pub fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// How many columns a text takes in a terminal.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text with blanks after it, up to `columns` columns.
#[must_use]
pub fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// A table: a head and rows of as many cells. Columns are as wide as their widest
/// cell; the last one is left as it is.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with the titles of its columns.
    #[must_use]
    pub fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|title| (*title).to_owned()).collect()] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// How many rows it has below its head.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len().saturating_sub(1)
    }

    /// Whether it has no rows below its head.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its lines, columns aligned and two blanks apart.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |at: usize| self.rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max();
        let widths: Vec<usize> = (0..columns).map(|at| widest(at).unwrap_or(0)).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, columns)| padded(cell, *columns));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_where_characters_are_two_wide() {
        let mut table = Table::new(&["单位", "case"]);
        table.row(vec!["区市场监管局".into(), "a".into()]);
        table.row(vec!["tax".into(), "b".into()]);
        assert_eq!(table.lines(), ["单位          case", "区市场监管局  a", "tax           b"]);
        assert_eq!(table.len(), 2);
    }
}
