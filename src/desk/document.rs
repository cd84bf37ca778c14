//! Official documents as Word and its kin read them.
//!
//! The layout is that of GB/T 9704-2012: A4 with margins of 37, 35, 28 and 26 mm, the
//! title in 22 pt 小标宋, the body in 16 pt 仿宋 on lines of 28 pt, headings in 黑体 and
//! 楷体 numbered 一、 and （一）, the page number between dashes, on the outer side. What a
//! document says is its caller's.

use std::io::Cursor;

use docx_rs::{
    AlignmentType, Docx, Footer, LineSpacing, LineSpacingType, PageMargin, PageNum, Paragraph, Run, RunFonts,
    Shading, SpecialIndentType, Table, TableCell, TableCellMargins, TableLayoutType, TableRow, VAlignType,
    WidthType,
};

use crate::time::Instant;

/// A4 in twentieths of a point.
const PAGE: (u32, u32) = (11_906, 16_838);
/// The margins at the top, the bottom, the left and the right: 37, 35, 28, 26 mm.
const MARGINS: (i32, i32, i32, i32) = (2_098, 1_984, 1_587, 1_474);
/// How wide the text is: the page without its margins.
const TEXT_WIDTH: usize = 8_845;
/// From the page's edge to the page number: it stands 7 mm below the text.
const FOOTER_EDGE: i32 = 1_417;
/// 2号, 3号, 4号 and 5号 in half points.
const TITLE_SIZE: usize = 44;
const BODY_SIZE: usize = 32;
const PAGE_NUMBER_SIZE: usize = 28;
const TABLE_SIZE: usize = 21;
/// Two characters of the body, by which a paragraph begins further in.
const TWO_CHARACTERS: i32 = 640;
/// One character of the page number.
const PAGE_NUMBER_INDENT: i32 = 280;
/// Lines of 28 pt, of 32 pt for the title and of 16 pt within tables.
const LINE: i32 = 560;
const TITLE_LINE: i32 = 640;
const TABLE_LINE: i32 = 320;
/// Lines of 22 pt in forms, so that a sheet is one page.
const FORM_LINE: i32 = 440;

/// The faces that the standard names; programs without one take another of its kind.
const TITLE_FACE: &str = "方正小标宋简体";
const HEADING_FACE: &str = "黑体";
const SUBHEADING_FACE: &str = "楷体";
const BODY_FACE: &str = "仿宋";
const PAGE_NUMBER_FACE: &str = "宋体";
/// The face of Latin letters and digits.
const LATIN_FACE: &str = "Times New Roman";

/// The digits that number headings.
const NUMERALS: [&str; 10] = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];

/// How a column of a table stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Texts.
    Left,
    /// Numbers and short words.
    Middle,
}

/// A column of a table: its title, its part of the width, how it stands.
pub type Column<'c> = (&'c str, usize, Side);

/// A document in the making.
pub struct Document {
    docx: Docx,
    headings: usize,
}

impl Document {
    /// An empty one, made at `at`.
    pub fn new(at: Instant) -> Self {
        let (top, bottom, left, right) = MARGINS;
        let margins =
            PageMargin { top, bottom, left, right, header: FOOTER_EDGE, footer: FOOTER_EDGE, gutter: 0 };
        let made = at.to_utc().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let docx = Docx::new()
            .page_size(PAGE.0, PAGE.1)
            .page_margin(margins)
            .default_fonts(faces(BODY_FACE))
            .default_size(BODY_SIZE)
            .created_at(&made)
            .updated_at(&made)
            .footer(page_number(true))
            .even_footer(page_number(false));
        Self { docx, headings: 0 }
    }

    fn with(self, paragraph: Paragraph) -> Self {
        Self { docx: self.docx.add_paragraph(paragraph), ..self }
    }

    /// The title.
    pub fn title(self, text: &str) -> Self {
        let run = Run::new().add_text(text).size(TITLE_SIZE).fonts(faces(TITLE_FACE));
        self.with(spaced(TITLE_LINE).align(AlignmentType::Center).add_run(run)).space()
    }

    /// A line in the middle under the title, in 楷体.
    pub fn under_title(self, text: &str) -> Self {
        let run = Run::new().add_text(text).size(BODY_SIZE).fonts(faces(SUBHEADING_FACE));
        self.with(spaced(LINE).align(AlignmentType::Center).add_run(run))
    }

    /// An empty line.
    pub fn space(self) -> Self {
        self.with(spaced(LINE))
    }

    /// The next heading of the first rank, with its numeral.
    pub fn heading(mut self, text: &str) -> Self {
        let numeral = NUMERALS.get(self.headings).copied().unwrap_or_default();
        self.headings += 1;
        let run =
            Run::new().add_text(format!("{numeral}、{text}")).size(BODY_SIZE).fonts(faces(HEADING_FACE));
        self.with(indented().keep_next(true).add_run(run))
    }

    /// A heading of the second rank, with the number `place` from 0.
    pub fn subheading(self, place: usize, text: &str) -> Self {
        let numeral = NUMERALS.get(place).copied().unwrap_or_default();
        let text = format!("（{numeral}）{text}");
        let run = Run::new().add_text(text).size(BODY_SIZE).fonts(faces(SUBHEADING_FACE));
        self.with(indented().keep_next(true).add_run(run))
    }

    /// A paragraph of the body.
    pub fn paragraph(self, text: &str) -> Self {
        let run = Run::new().add_text(text).size(BODY_SIZE).fonts(faces(BODY_FACE));
        self.with(indented().add_run(run))
    }

    /// A small paragraph that says where figures come from.
    pub fn note(self, text: &str) -> Self {
        let run = Run::new().add_text(text).size(TABLE_SIZE).fonts(faces(BODY_FACE));
        self.with(spaced(TABLE_LINE).add_run(run))
    }

    /// A table with a header.
    pub fn table(self, columns: &[Column<'_>], rows: Vec<Vec<String>>) -> Self {
        let widths = widths(columns.iter().map(|(_, part, _)| *part));
        let head = columns.iter().zip(&widths).map(|((title, ..), width)| {
            let paragraph = in_table(title, HEADING_FACE, AlignmentType::Center);
            cell(*width).shading(Shading::new().fill("EDF1F5")).add_paragraph(paragraph)
        });
        let mut lines = vec![TableRow::new(head.collect()).cant_split()];
        for row in rows {
            let cells = row.iter().zip(columns).zip(&widths).map(|((text, (.., side)), width)| {
                let align = match side {
                    Side::Left => AlignmentType::Left,
                    Side::Middle => AlignmentType::Center,
                };
                cell(*width).add_paragraph(in_table(text, BODY_FACE, align))
            });
            lines.push(TableRow::new(cells.collect()).cant_split());
        }
        self.with_table(lines, widths)
    }

    /// A table of titles and texts, as forms have it.
    pub fn form(self, rows: &[(&str, String)]) -> Self {
        let widths = widths([1, 4].into_iter());
        let lines = rows.iter().map(|(title, text)| {
            let [of_title, of_text] = [0, 1].map(|place| widths.get(place).copied().unwrap_or_default());
            let head = cell(of_title).add_paragraph(in_form(title, HEADING_FACE, AlignmentType::Center));
            let body = text.split('\n').fold(cell(of_text), |cell, line| {
                cell.add_paragraph(in_form(line, BODY_FACE, AlignmentType::Left))
            });
            TableRow::new(vec![head, body]).cant_split()
        });
        let lines = lines.collect();
        self.with_table(lines, widths)
    }

    fn with_table(self, lines: Vec<TableRow>, widths: Vec<usize>) -> Self {
        let table = Table::new(lines)
            .layout(TableLayoutType::Fixed)
            .width(TEXT_WIDTH, WidthType::Dxa)
            .margins(TableCellMargins::new().margin(30, 60, 30, 60))
            .set_grid(widths);
        Self { docx: self.docx.add_table(table), ..self }
    }

    /// Who issues it and when, at the end.
    pub fn signed(self, office: &str, day: &str) -> Self {
        let line = |text: &str| {
            let run = Run::new().add_text(text).size(BODY_SIZE).fonts(faces(BODY_FACE));
            // The date ends four characters before the margin, the office is centred on it.
            spaced(LINE)
                .align(AlignmentType::Right)
                .indent(None, None, Some(2 * TWO_CHARACTERS), None)
                .add_run(run)
        };
        self.space().space().with(line(office)).with(line(day))
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// A text, when the file could not be put together.
    pub fn written(self) -> Result<Vec<u8>, String> {
        let mut bytes = Cursor::new(Vec::new());
        self.docx.pack(&mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes.into_inner())
    }
}

fn faces(face: &str) -> RunFonts {
    RunFonts::new().east_asia(face).ascii(LATIN_FACE).hi_ansi(LATIN_FACE)
}

fn spaced(line: i32) -> Paragraph {
    Paragraph::new().line_spacing(LineSpacing::new().line_rule(LineSpacingType::Exact).line(line))
}

/// A paragraph of the body: its first line begins two characters further in.
fn indented() -> Paragraph {
    let first = Some(SpecialIndentType::FirstLine(TWO_CHARACTERS));
    spaced(LINE).align(AlignmentType::Both).indent(None, first, None, None).first_line_chars(200)
}

fn in_table(text: &str, face: &str, align: AlignmentType) -> Paragraph {
    let run = Run::new().add_text(text).size(TABLE_SIZE).fonts(faces(face));
    spaced(TABLE_LINE).align(align).add_run(run)
}

fn in_form(text: &str, face: &str, align: AlignmentType) -> Paragraph {
    let run = Run::new().add_text(text).size(PAGE_NUMBER_SIZE).fonts(faces(face));
    spaced(FORM_LINE).align(align).add_run(run)
}

fn cell(width: usize) -> TableCell {
    TableCell::new().width(width, WidthType::Dxa).vertical_align(VAlignType::Center)
}

/// The text's width, shared out by parts; what division leaves over is the last one's.
fn widths(parts: impl Iterator<Item = usize>) -> Vec<usize> {
    let parts: Vec<usize> = parts.collect();
    let all = parts.iter().sum::<usize>().max(1);
    let mut widths: Vec<usize> = parts.iter().map(|part| TEXT_WIDTH * part / all).collect();
    let left_over = TEXT_WIDTH - widths.iter().sum::<usize>();
    if let Some(last) = widths.last_mut() {
        *last += left_over;
    }
    widths
}

/// "— 1 —", one character in from the outer edge: the right one on odd pages.
fn page_number(is_odd: bool) -> Footer {
    let dash = |text: &str| Run::new().add_text(text).size(PAGE_NUMBER_SIZE).fonts(faces(PAGE_NUMBER_FACE));
    let (side, left, right) = if is_odd {
        (AlignmentType::Right, None, Some(PAGE_NUMBER_INDENT))
    } else {
        (AlignmentType::Left, Some(PAGE_NUMBER_INDENT), None)
    };
    let paragraph = Paragraph::new()
        .align(side)
        .indent(left, None, right, None)
        .size(PAGE_NUMBER_SIZE)
        .add_run(dash("— "))
        .add_page_num(PageNum::new())
        .add_run(dash(" —"));
    Footer::new().add_paragraph(paragraph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_is_shared_out_without_a_rest() {
        assert_eq!(widths([1, 1, 1].into_iter()).iter().sum::<usize>(), TEXT_WIDTH);
        assert_eq!(widths([1, 3].into_iter()), [TEXT_WIDTH / 4, TEXT_WIDTH - TEXT_WIDTH / 4]);
        assert!(widths(std::iter::empty()).is_empty());
    }

    #[test]
    fn a_document_is_a_zip_archive_and_hostile_text_stays_text() {
        let written = Document::new(Instant::from_nanos(0)).title("<w:p>&\"").heading("x").written();
        assert!(written.expect("bytes").starts_with(b"PK"));
    }
}
