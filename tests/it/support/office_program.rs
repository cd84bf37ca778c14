//! An office program that reads what was exported, as the people who get it do.
//!
//! It is `LibreOffice`. Where there is none it is installed, if that can be done without
//! asking anybody: by apt, as root, as on a machine of continuous integration. Where it
//! cannot, what `LibreOffice` would have said is read from the files by libraries, and the
//! test says so where no one's capture hides it.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use calamine::{Data, Reader as _, Xlsx};
use docx_rs::{DocumentChild, Table, TableCellContent, TableChild, TableRowChild};
use tempfile::TempDir;

/// What is installed: the two programs that are needed, without their desktop.
const PACKAGES: [&str; 2] = ["libreoffice-calc", "libreoffice-writer"];
/// How `LibreOffice` writes CSV: commas, quotes, UTF-8, cells as they are shown.
const CSV: &str = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false";
/// How it reads CSV: commas, quotes, UTF-8.
const CSV_IN: &str = "--infilter=CSV:44,34,76,1";

/// `LibreOffice`, or nothing that could be installed.
pub struct Office(Option<PathBuf>);

impl Office {
    /// The one of this machine.
    pub fn of_this_machine() -> Self {
        static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
        Self(FOUND.get_or_init(|| found().or_else(installed)).clone())
    }

    /// The lines of a document; each cell of a table is one.
    pub fn lines(&self, docx: &[u8]) -> Vec<String> {
        let Some(soffice) = &self.0 else { return lines_by_library(docx) };
        let text = convert(soffice, docx, "docx", "txt:Text (encoded):UTF8", "txt", &[]);
        let text = String::from_utf8(text).expect("a text");
        text.trim_start_matches('\u{feff}').lines().map(|line| line.trim().to_owned()).collect()
    }

    /// A document as it is printed; nothing where no `LibreOffice` is.
    pub fn printed(&self, docx: &[u8]) -> Option<Vec<u8>> {
        let soffice = self.0.as_ref()?;
        Some(convert(soffice, docx, "docx", "pdf", "pdf", &[]))
    }

    /// The rows of a workbook's first sheet, as they are shown.
    pub fn rows(&self, xlsx: &[u8]) -> Vec<Vec<String>> {
        match &self.0 {
            Some(soffice) => rows_of_csv(&convert(soffice, xlsx, "xlsx", CSV, "csv", &[])),
            None => rows_by_library(xlsx),
        }
    }

    /// The rows of a CSV file as a spreadsheet takes them.
    pub fn rows_taken(&self, csv: &[u8]) -> Vec<Vec<String>> {
        match &self.0 {
            Some(soffice) => rows_by_library(&convert(soffice, csv, "csv", "xlsx", "xlsx", &[CSV_IN])),
            None => rows_of_csv(csv),
        }
    }
}

fn runs(program: &Path) -> bool {
    let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

fn found() -> Option<PathBuf> {
    let places = ["soffice", "libreoffice", "/usr/lib/libreoffice/program/soffice"];
    places.into_iter().map(PathBuf::from).find(|place| runs(place))
}

/// Installs it, where root may by apt; says what is skipped where not.
fn installed() -> Option<PathBuf> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("timeout");
        command.args(["900", "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=600"]).args(arguments);
        command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let install = [&["install", "--no-install-recommends"][..], &PACKAGES].concat();
    if is_root {
        said(&format!("installing {} to read the exports", PACKAGES.join(" and ")));
        let _done = apt(&install) || apt(&["update"]) && apt(&install);
    }
    let office = found();
    if office.is_none() {
        said(&format!(
            "SKIPPED: there is no LibreOffice and it could not be installed, so that exports are read by \
             libraries only; install it with: apt-get install --no-install-recommends {}",
            PACKAGES.join(" ")
        ));
    }
    office
}

/// Says something past the capture of a test's output.
fn said(text: &str) {
    let _told = writeln!(std::io::stderr(), "{text}");
}

/// What `LibreOffice` makes of a file. Each run has a profile of its own, since two of them
/// cannot share one.
fn convert(soffice: &Path, bytes: &[u8], from: &str, filter: &str, to: &str, more: &[&str]) -> Vec<u8> {
    let folder = TempDir::new().expect("a folder");
    let (read, profile) = (folder.path().join(format!("export.{from}")), folder.path().join("profile"));
    let out = folder.path().join("out");
    std::fs::write(&read, bytes).expect("written");
    let output = Command::new(soffice)
        .arg(format!("-env:UserInstallation=file://{}", profile.display()))
        .args(["--headless", "--norestore"])
        .args(more)
        .args(["--convert-to", filter, "--outdir"])
        .args([&out, &read])
        .output()
        .expect("LibreOffice runs");
    std::fs::read(out.join(format!("export.{to}"))).unwrap_or_else(|error| {
        panic!(
            "{error}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

fn rows_by_library(xlsx: &[u8]) -> Vec<Vec<String>> {
    let mut book = Xlsx::new(Cursor::new(xlsx)).expect("a workbook");
    let sheet = book.worksheet_range_at(0).expect("a sheet").expect("rows");
    let shown = |cell: &Data| match cell {
        Data::Empty => String::new(),
        Data::DateTime(at) => {
            let (year, month, day, hour, minute, ..) = at.to_ymd_hms_milli();
            format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}")
        }
        Data::Int(_)
        | Data::Float(_)
        | Data::String(_)
        | Data::Bool(_)
        | Data::DateTimeIso(_)
        | Data::DurationIso(_)
        | Data::Error(_) => cell.to_string(),
    };
    sheet.rows().map(|row| row.iter().map(shown).collect()).collect()
}

fn lines_by_library(docx: &[u8]) -> Vec<String> {
    let read = docx_rs::read_docx(docx).expect("a document");
    let mut lines = Vec::new();
    for child in &read.document.children {
        match child {
            DocumentChild::Paragraph(paragraph) => lines.push(paragraph.raw_text()),
            DocumentChild::Table(table) => cells(table, &mut lines),
            _ => {}
        }
    }
    lines
}

fn cells(table: &Table, lines: &mut Vec<String>) {
    for TableChild::TableRow(row) in &table.rows {
        for TableRowChild::TableCell(cell) in &row.cells {
            for content in &cell.children {
                if let TableCellContent::Paragraph(paragraph) = content {
                    lines.push(paragraph.raw_text());
                }
            }
        }
    }
}

/// CSV, read field by field.
pub fn rows_of_csv(bytes: &[u8]) -> Vec<Vec<String>> {
    let text = std::str::from_utf8(bytes).expect("a text").trim_start_matches('\u{feff}');
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            _ => field.push(letter),
        }
    }
    if !(row.is_empty() && field.is_empty()) {
        row.push(field);
        rows.push(row);
    }
    rows
}
