//! Spreadsheets (`.xlsx`), read sheet by sheet as tables in text.
//!
//! Deezer hands its export over as one. A sheet becomes comma-separated text with a line for each
//! of its rows, so that line and row are one number, and is then read like any other table. Texts
//! and styles of a workbook are held in memory, and its sheets are streamed; both are measured
//! before anything is believed that the file says of itself.

use std::borrow::Cow;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, Xlsx};
use memchr::memmem;
use zip::ZipArchive;

use super::ImportLimits;
use super::archive::{self, NO_HISTORY};
use super::entry_name::is_private;
use super::progress::Budget;
use super::reading::{Content, ImportRun, Opened};
use crate::input::{HEAD_BYTES, read_error};
use crate::{FileReport, IngestError};

/// The part by which a zip archive is known as a workbook.
const WORKBOOK: &str = "xl/workbook.xml";
/// The part that holds the texts of all sheets.
const TEXTS: &str = "sharedstrings.xml";
/// What that part may unpack to.
const MOST_TEXT_BYTES: u64 = 64 << 20;
/// What any other part that is no sheet may unpack to.
const MOST_PART_BYTES: u64 = 8 << 20;
/// What a sheet may unpack to: it is streamed.
const MOST_SHEET_BYTES: u64 = 1 << 30;
/// What a sheet may be as text, which is held in memory.
const MOST_SHEET_TEXT_BYTES: usize = 256 << 20;
/// Rows that a sheet has room for. A cell that claims to lie beyond them would be led up to by
/// thousands of millions of blank lines.
const MOST_ROWS: u32 = 1 << 20;
/// Columns that a sheet has room for.
const MOST_COLUMNS: u32 = 1 << 14;
/// The least that a text takes in a workbook: `<si/>`.
const LEAST_TEXT_BYTES: u64 = 5;

/// Whether an archive is a workbook. It is read from its beginning afterwards.
pub(super) fn is_workbook<R: Read + Seek>(zip: &ZipArchive<R>) -> bool {
    zip.index_for_name(WORKBOOK).is_some()
}

impl ImportRun<'_> {
    /// Reads the sheets of a workbook that hold plays or tracks.
    pub(super) fn workbook(&mut self, opened: Opened<'_>) -> Result<(), IngestError> {
        let Opened { path, fingerprint, content, is_promising, .. } = opened;
        let limits = &self.options.limits;
        let read_before = self.report.files.len();
        match content {
            Content::File(file) => {
                let workbook = open(BufReader::new(file), &path, limits)?;
                self.sheets(workbook, &path, &fingerprint, is_promising)?;
            }
            Content::Entry(entry) => {
                let bytes = archive::in_memory(entry, &path, limits)?;
                let workbook = open(Cursor::new(bytes), &path, limits)?;
                self.sheets(workbook, &path, &fingerprint, is_promising)?;
            }
        }
        if self.report.files[read_before..].iter().all(|sheet| sheet.source.is_none()) {
            self.report.files.truncate(read_before);
            let found = "it is a spreadsheet, and none of its sheets holds plays or tracks".into();
            return Err(IngestError::UnknownFormat { path, found });
        }
        Ok(())
    }

    fn sheets<R: Read + Seek>(
        &mut self,
        mut workbook: Xlsx<R>,
        path: &Path,
        fingerprint: &str,
        is_promising: bool,
    ) -> Result<(), IngestError> {
        let sheets = workbook.sheets_metadata().iter();
        let names: Vec<String> = sheets
            .filter(|sheet| sheet.typ == SheetType::WorkSheet)
            .map(|sheet| sheet.name.clone())
            .collect();
        for (number, name) in (1..).zip(&names) {
            let place = path.join(archive::printable(name));
            if is_private(&name.to_lowercase()) {
                self.report.files.push(FileReport::left_alone(place, "private: never opened"));
                continue;
            }
            let text = text_of(&mut workbook, name, &place)?;
            let opened = Opened {
                size: text.len() as u64,
                fingerprint: format!("{fingerprint}:{number}"),
                head: text[..text.len().min(HEAD_BYTES)].to_vec(),
                content: Content::Entry(&mut &text[..]),
                budget: Budget::unlimited(),
                is_promising: is_promising && names.len() == 1,
                path: place,
            };
            match self.read(opened) {
                Err(IngestError::UnknownFormat { path, .. }) => {
                    self.report.files.push(FileReport::left_alone(path, NO_HISTORY));
                }
                result => result?,
            }
        }
        Ok(())
    }
}

/// Opens a workbook whose parts are known to fit in memory.
fn open<R: Read + Seek>(
    mut reader: R,
    path: &Path,
    limits: &ImportLimits,
) -> Result<Xlsx<R>, IngestError> {
    let mut zip = archive::open(&mut reader, path, limits)?;
    if !is_workbook(&zip) {
        let found = "it is an archive under the name of another file".to_owned();
        return Err(IngestError::UnknownFormat { path: path.to_owned(), found });
    }
    for part in 0..zip.len() {
        measure(&mut zip, part, path)?;
    }
    reader.seek(SeekFrom::Start(0)).map_err(|error| read_error(error, path, 0))?;
    Xlsx::new(reader).map_err(|error| damaged(path, &error))
}

/// Unpacks a part and keeps nothing, to see that it is no larger than it may be. Texts are counted
/// before room is made for as many as the part says it has.
fn measure<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    part: usize,
    path: &Path,
) -> Result<(), IngestError> {
    let mut content = zip.by_index(part).map_err(|error| damaged(path, &error))?;
    let name = content.name().map_err(|error| damaged(path, &error))?.to_lowercase();
    let is_texts = name.ends_with(TEXTS);
    let most = match () {
        () if is_texts => MOST_TEXT_BYTES,
        () if name.contains("worksheets/") => MOST_SHEET_BYTES,
        () => MOST_PART_BYTES,
    };
    let mut texts = Vec::new();
    let mut limited = (&mut content).take(most + 1);
    let unpacked = match is_texts {
        true => limited.read_to_end(&mut texts).map(|bytes| bytes as u64),
        false => io::copy(&mut limited, &mut io::sink()),
    };
    match unpacked.map_err(|error| read_error(error, path, 0))? {
        bytes if bytes > most => {
            let limit = format!("{} MiB", most >> 20);
            Err(archive::too_large(path, "what a part of the spreadsheet unpacks to", limit))
        }
        _ if is_texts && declares_more_than_it_has(&texts) => {
            Err(damaged(path, &"it declares more texts than it has"))
        }
        _ => Ok(()),
    }
}

/// Whether the texts of a workbook are said to be more than fit in their part, for which room would
/// be made at once. In UTF-16 the number would not be found, and no program writes that.
fn declares_more_than_it_has(texts: &[u8]) -> bool {
    let most = texts.len() as u64 / LEAST_TEXT_BYTES;
    let too_many = |at: usize| {
        let digits = texts[at..].iter().skip_while(|byte| !byte.is_ascii_digit());
        let digits = digits.take_while(|byte| byte.is_ascii_digit());
        let count =
            digits.fold(0_u64, |n, &d| n.saturating_mul(10).saturating_add(u64::from(d - b'0')));
        count > most
    };
    texts.contains(&0) || memmem::find_iter(texts, "uniqueCount").any(too_many)
}

/// A sheet as comma-separated text, a line for each row.
fn text_of<R: Read + Seek>(
    workbook: &mut Xlsx<R>,
    sheet: &str,
    path: &Path,
) -> Result<Vec<u8>, IngestError> {
    let mut cells =
        workbook.worksheet_cells_reader(sheet).map_err(|error| damaged(path, &error))?;
    let mut text = SheetText::default();
    while let Some(cell) = cells.next_cell().map_err(|error| damaged(path, &error))? {
        let (row, column) = cell.get_position();
        if row >= MOST_ROWS || column >= MOST_COLUMNS {
            return Err(damaged(path, &"a cell lies outside of its sheet"));
        }
        if !text.push((row, column), &written(cell.get_value())) {
            return Err(damaged(path, &"its cells are not in order"));
        }
        if text.lines.len() > MOST_SHEET_TEXT_BYTES {
            let limit = format!("{} MiB", MOST_SHEET_TEXT_BYTES >> 20);
            return Err(archive::too_large(path, "a sheet as text", limit));
        }
    }
    text.end_row();
    Ok(text.lines.into_bytes())
}

/// The text of a sheet as far as it is written.
#[derive(Default)]
struct SheetText {
    lines: String,
    row: u32,
    /// Cells of the row that are written.
    width: u32,
    /// Cells of the widest row. Workbooks leave out empty cells, and tables are as wide as their
    /// header.
    widest: u32,
}

impl SheetText {
    /// Writes the next cell, and what is empty before it; `false` for one that comes too late.
    fn push(&mut self, (row, column): (u32, u32), cell: &str) -> bool {
        if (row, column) < (self.row, self.width) {
            return false;
        }
        while self.row < row {
            self.end_row();
        }
        self.fill_to(column);
        if column > 0 {
            self.lines.push(',');
        }
        match cell.contains([',', '"', '\r', '\n']) {
            true => {
                let cell = cell.replace('"', "\"\"").replace(['\r', '\n'], " ");
                self.lines.extend(["\"", &cell, "\""]);
            }
            false => self.lines.push_str(cell),
        }
        self.width = column + 1;
        true
    }

    /// Leaves cells empty, so that this many are written.
    fn fill_to(&mut self, width: u32) {
        let cells = width.saturating_sub(self.width) as usize;
        let commas = if self.width == 0 { cells.saturating_sub(1) } else { cells };
        self.lines.extend(std::iter::repeat_n(',', commas));
        self.width = self.width.max(width);
    }

    fn end_row(&mut self) {
        self.widest = self.widest.max(self.width);
        if self.width > 0 {
            self.fill_to(self.widest);
        }
        self.lines.push('\n');
        (self.row, self.width) = (self.row + 1, 0);
    }
}

/// A value as people read it in the sheet. Dates are as ISO 8601 has them, without a time of day
/// where the day has just begun.
fn written<'v>(value: &'v DataRef<'_>) -> Cow<'v, str> {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Cow::Borrowed(text)
        }
        DataRef::SharedString(text) => Cow::Borrowed(text),
        DataRef::Int(number) => Cow::Owned(number.to_string()),
        DataRef::Float(number) => Cow::Owned(number.to_string()),
        DataRef::Bool(truth) => Cow::Owned(truth.to_string()),
        DataRef::DateTime(moment) => Cow::Owned(written_moment(moment)),
        DataRef::Error(_) | DataRef::Empty => Cow::Borrowed(""),
    }
}

/// A date, a time of day, or both; a length of time as hours, minutes and seconds.
fn written_moment(moment: &ExcelDateTime) -> String {
    const SECONDS_IN_DAY: f64 = 86_400.0;
    let days = moment.as_f64();
    if moment.is_duration() {
        let seconds = (days * SECONDS_IN_DAY).round().max(0.0) as u64;
        return format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    match () {
        () if (0.0..1.0).contains(&days) => time,
        () if days.fract() == 0.0 => date,
        () => format!("{date} {time}"),
    }
}

fn damaged(path: &Path, problem: &dyn std::fmt::Display) -> IngestError {
    let problem = format!("the spreadsheet cannot be read: {problem}");
    IngestError::Malformed { path: path.to_owned(), line: 0, problem }
}
