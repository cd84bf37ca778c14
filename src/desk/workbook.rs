//! The same as a workbook: a frozen and filtered header, dates that are dates, and
//! where it comes from on the sheet itself.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::sheet::{Sheet, Value};

/// Title and source stand above the header.
const HEADER_ROW: u32 = 2;

/// The file's bytes.
///
/// # Errors
/// [`XlsxError`] when a text is longer than a cell may be.
pub fn written(sheet: &Sheet) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.set_name(sheet.name)?;
    let title = Format::new().set_bold().set_font_size(14);
    page.write_string_with_format(0, 0, &sheet.title, &title)?;
    page.write_string_with_format(
        1,
        0,
        &sheet.source,
        &Format::new().set_font_color(Color::RGB(0x0059_6675)),
    )?;
    header(page, sheet)?;
    rows(page, sheet)?;
    let last_column = u16::try_from(sheet.columns.len()).unwrap_or(u16::MAX).saturating_sub(1);
    let last_row = HEADER_ROW + u32::try_from(sheet.rows.len()).unwrap_or(u32::MAX - HEADER_ROW);
    page.autofilter(HEADER_ROW, 0, last_row, last_column)?;
    page.set_freeze_panes(HEADER_ROW + 1, 2)?;
    page.set_landscape();
    page.set_paper_size(9);
    page.set_print_fit_to_pages(1, 0);
    page.set_repeat_rows(HEADER_ROW, HEADER_ROW)?;
    page.set_footer(format!("&L{}&R&P / &N", sheet.source.replace('&', "&&")));
    book.save_to_buffer()
}

fn header(page: &mut Worksheet, sheet: &Sheet) -> Result<(), XlsxError> {
    let format = Format::new()
        .set_bold()
        .set_background_color(Color::RGB(0x00E8_EDF3))
        .set_border_bottom(FormatBorder::Thin)
        .set_align(FormatAlign::VerticalCenter)
        .set_text_wrap();
    page.set_row_height(HEADER_ROW, 24)?;
    for ((name, width), place) in sheet.columns.iter().zip(0_u16..) {
        page.write_string_with_format(HEADER_ROW, place, *name, &format)?;
        page.set_column_width(place, *width)?;
    }
    Ok(())
}

fn rows(page: &mut Worksheet, sheet: &Sheet) -> Result<(), XlsxError> {
    let decimal = Format::new().set_num_format("0.00");
    let time = Format::new().set_num_format("yyyy-mm-dd hh:mm").set_align(FormatAlign::Left);
    for (row, place) in sheet.rows.iter().zip(HEADER_ROW + 1..) {
        for (value, column) in row.iter().zip(0_u16..) {
            match value {
                Value::Text(text) => page.write_string(place, column, text)?,
                Value::Number(number) => page.write_number(place, column, whole(*number))?,
                Value::Decimal(digits) => match digits.parse::<f64>() {
                    Ok(number) => page.write_number_with_format(place, column, number, &decimal)?,
                    Err(_) => page.write_string(place, column, digits)?,
                },
                Value::Time(at, _) => page.write_datetime_with_format(place, column, *at, &time)?,
            };
        }
    }
    Ok(())
}

/// A count as the only kind of number that a workbook has; counts stay far below
/// the 2^53 up to which that is exact.
fn whole(number: i64) -> f64 {
    number as f64
}
