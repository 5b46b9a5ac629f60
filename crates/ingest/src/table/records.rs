//! Records of delimited text whose quotes are not taken at their word.
//!
//! Many exporters do not escape the quotes of titles. A quote that is opened and not closed where
//! its cell ends would swallow the rows behind it, so a record may run over several lines only if
//! that reading makes sense: its quotes close before a delimiter, it is as wide as the others, and
//! its lines are not whole rows by themselves. Otherwise the quote is a part of the text.

use std::collections::VecDeque;
use std::io::{self, BufRead, ErrorKind};
use std::path::Path;

use csv::StringRecord;
use memchr::{memchr, memchr2};

use crate::IngestError;
use crate::input::read_error;

/// Longest record that is read, in bytes: 1 MiB. A hostile file need not end its records, and each
/// is held in memory whole. The longest real one measured, an Apple Music event with 145 columns,
/// has 3 KiB.
pub const MAX_RECORD_BYTES: u64 = 1 << 20;
/// Bytes of lines that may be read in vain behind quotes that do not close. Beyond it every record
/// is a line, so that hostile quotes cost no more than this.
const MOST_BYTES_IN_VAIN: usize = 64 << 20;
/// Lines behind an open quote that, being whole rows, settle that it does not enclose them.
const SETTLING_LINES: usize = 3;

/// What ends the reading of records.
#[derive(Debug)]
pub enum RecordError {
    /// The input cannot be read on at this line, counted from 1.
    Io(u64, io::Error),
    /// This line, counted from 1, exceeds [`MAX_RECORD_BYTES`].
    TooLong(u64),
}

impl RecordError {
    /// The same as an error of an import, with the file that it is in.
    pub fn in_file(self, path: &Path) -> IngestError {
        match self {
            Self::Io(line, error) => read_error(error, path, line),
            Self::TooLong(line) => IngestError::TooLarge {
                path: path.to_owned(),
                line,
                what: "one line",
                limit: format!("{} KiB", MAX_RECORD_BYTES >> 10),
            },
        }
    }
}

/// Reads records from UTF-8 text. Lines end with LF, CR LF or CR; empty ones are passed over.
pub struct Records<R> {
    lines: Lines<R>,
    line: Line,
    delimiter: u8,
    is_quoted: bool,
    width: Option<usize>,
    record: StringRecord,
    bytes_in_vain: usize,
    open_quotes: u64,
    first_open_quote: Option<u64>,
}

impl<R: BufRead> Records<R> {
    /// Records of `input`, their cells parted by `delimiter`, which is an ASCII character.
    pub fn new(input: R, delimiter: u8) -> Self {
        Self {
            lines: Lines::new(input),
            line: Line::default(),
            delimiter,
            is_quoted: true,
            width: None,
            record: StringRecord::new(),
            bytes_in_vain: 0,
            open_quotes: 0,
            first_open_quote: None,
        }
    }

    /// The same, with quotes that mean nothing.
    pub fn unquoted(input: R, delimiter: u8) -> Self {
        Self { is_quoted: false, ..Self::new(input, delimiter) }
    }

    /// From here on cells are parted by this ASCII character.
    pub fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// How many cells records have, which helps to tell a cell that runs over lines from a quote
    /// that is left open.
    pub fn expect_width(&mut self, width: usize) {
        self.width = Some(width);
    }

    /// The next record, whatever its width. `None` at the end.
    ///
    /// # Errors
    /// [`RecordError`] for input that cannot be read and lines without end.
    pub fn read_next(&mut self) -> Result<Option<&StringRecord>, RecordError> {
        loop {
            if !self.lines.next(&mut self.line)? {
                return Ok(None);
            }
            if !self.line.text.is_empty() {
                break;
            }
        }
        let mut splitter = Splitter::new(self.delimiter, self.is_quoted);
        if splitter.split(&self.line.text, &mut self.record) == Quotes::Open {
            if !self.runs_over_lines(splitter)? {
                self.take_open_quotes();
            }
        } else if self.is_quoted && self.has_swallowed_cells() {
            self.take_open_quotes();
        }
        Ok(Some(&self.record))
    }

    /// The record that was read last.
    pub(crate) fn record(&self) -> &StringRecord {
        &self.record
    }

    /// Line on which the last record began, from 1; 0 before the first.
    pub fn line(&self) -> u64 {
        self.line.number
    }

    /// How many quotes were opened and not closed, and the line of the first; `None` where all
    /// close. Such a quote is kept as a part of its cell.
    pub fn open_quotes(&self) -> Option<(u64, u64)> {
        Some((self.open_quotes, self.first_open_quote?))
    }

    /// The lines that lie ahead, up to about this many bytes, without consuming them.
    pub(crate) fn lines_ahead(
        &mut self,
        bytes: usize,
    ) -> Result<impl Iterator<Item = &str>, RecordError> {
        self.lines.look_ahead(bytes)?;
        Ok(self.lines.ahead.iter().map(|line| line.text.as_str()))
    }

    /// Shows the lines that lie ahead, up to about this many bytes, each as a record.
    pub(crate) fn records_ahead(
        &mut self,
        bytes: usize,
        mut visit: impl FnMut(&StringRecord),
    ) -> Result<(), RecordError> {
        let delimiter = self.delimiter;
        let mut record = StringRecord::new();
        for line in self.lines_ahead(bytes)? {
            Splitter::new(delimiter, true).literal().split(line, &mut record);
            visit(&record);
        }
        Ok(())
    }

    /// Passes over this many lines.
    pub(crate) fn skip_lines(&mut self, count: usize) -> Result<(), RecordError> {
        for _ in 0..count {
            self.lines.next(&mut self.line)?;
        }
        Ok(())
    }

    /// Whether a line whose quotes close is too narrow, and would not be if they meant nothing.
    fn has_swallowed_cells(&self) -> bool {
        self.width.is_some_and(|width| {
            self.record.len() < width
                && self.line.text.contains('"')
                && self.line.text.split(char::from(self.delimiter)).count() == width
        })
    }

    /// Takes the current line for a record with a quote that does not close.
    fn take_open_quotes(&mut self) {
        self.open_quotes += 1;
        self.first_open_quote.get_or_insert(self.line.number);
        let text = &self.line.text;
        Splitter::new(self.delimiter, true).literal().split(text, &mut self.record);
        if self.has_swallowed_cells() {
            let cells = text.split(char::from(self.delimiter)).map(|cell| {
                let cell = cell.trim_matches(' ');
                let inner = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"'));
                inner.unwrap_or(cell)
            });
            self.record = cells.collect();
        }
    }

    /// Whether the record that the current line leaves open goes on in the lines behind. If so they
    /// are taken into it, else they stay to be read.
    fn runs_over_lines(&mut self, mut splitter: Splitter) -> Result<bool, RecordError> {
        if self.bytes_in_vain > MOST_BYTES_IN_VAIN {
            return Ok(false);
        }
        let alone = width_alone(&self.line.text, self.delimiter);
        let width = self.width.unwrap_or(alone);
        let mut span = Span { lines: 0, rows: 0, width };
        span.add(alone);
        let (mut text, mut taken) = (self.line.text.clone(), Vec::new());
        let is_one = loop {
            let mut line = Line::default();
            if !self.lines.next(&mut line)? {
                break false;
            }
            text.push('\n');
            text.push_str(&line.text);
            span.add(width_alone(&line.text, self.delimiter));
            taken.push(line);
            let quotes = splitter.split(&text, &mut self.record);
            if quotes == Quotes::Closed {
                break self.width.is_none_or(|width| is_as_wide(&self.record, width))
                    && !span.is_of_rows();
            }
            let is_too_wide = self.width.is_some_and(|width| self.record.len() > width);
            if is_too_wide || span.is_settled() || text.len() as u64 > MAX_RECORD_BYTES {
                break false;
            }
        };
        if !is_one {
            self.bytes_in_vain += text.len();
            self.lines.put_back(taken);
        }
        Ok(is_one)
    }
}

/// Whether a record has `width` cells, not counting empty ones beyond.
pub(crate) fn is_as_wide(record: &StringRecord, width: usize) -> bool {
    match record.len() {
        found if found > width => record.iter().skip(width).all(str::is_empty),
        found => found == width,
    }
}

/// The lines that an open quote may enclose.
struct Span {
    lines: usize,
    /// Lines that are whole rows by themselves.
    rows: usize,
    /// Cells of a row.
    width: usize,
}

impl Span {
    fn add(&mut self, width: usize) {
        self.lines += 1;
        self.rows += usize::from(width == self.width);
    }

    /// Whether most lines are rows. A comma in each line of a text is no rare thing, so that in
    /// tables of two columns all lines have to be rows, and more than two.
    fn is_of_rows(&self) -> bool {
        match self.width {
            0 | 1 => false,
            2 => self.rows == self.lines && self.lines > 2,
            _ => self.rows * 2 > self.lines,
        }
    }

    fn is_settled(&self) -> bool {
        self.width > 2 && self.rows > SETTLING_LINES && self.is_of_rows()
    }
}

/// How many cells a line has if it is a record.
fn width_alone(line: &str, delimiter: u8) -> usize {
    let mut record = StringRecord::new();
    Splitter::new(delimiter, true).literal().split(line, &mut record);
    record.len()
}

/// Splits one record, in pieces where its end is not at hand yet.
struct Splitter {
    delimiter: u8,
    is_quoted: bool,
    /// Whether a quote that does not close is a part of the text.
    is_literal: bool,
    /// Where the next cell begins.
    at: usize,
    /// Up to where the end of an open cell was looked for.
    searched: usize,
}

/// Whether the quotes of a text close before it ends.
#[derive(PartialEq)]
enum Quotes {
    Closed,
    Open,
}

impl Splitter {
    fn new(delimiter: u8, is_quoted: bool) -> Self {
        Self { delimiter, is_quoted, is_literal: false, at: 0, searched: 0 }
    }

    fn literal(self) -> Self {
        Self { is_literal: true, ..self }
    }

    /// Appends the cells of `text` to `record`. Where a quote is open at its end, call it again
    /// with more text at the end and the same record.
    fn split(&mut self, text: &str, record: &mut StringRecord) -> Quotes {
        if self.searched == 0 {
            record.clear();
        }
        loop {
            let end = match self.quote(text) {
                Some(quote) => match self.closing(text, quote) {
                    Some((end, has_doubled)) => {
                        let cell = &text[quote + 1..end];
                        match has_doubled {
                            true => record.push_field(&cell.replace("\"\"", "\"")),
                            false => record.push_field(cell),
                        }
                        memchr(self.delimiter, &text.as_bytes()[end..]).map(|found| end + found)
                    }
                    // A quote behind a space opens a cell only if it closes.
                    None if !self.is_literal && quote == self.at => {
                        self.searched = text.len();
                        return Quotes::Open;
                    }
                    None => self.bare(text, record),
                },
                None => self.bare(text, record),
            };
            match end {
                Some(end) => self.at = end + 1,
                None => return Quotes::Closed,
            }
        }
    }

    /// The quote that opens the next cell.
    fn quote(&self, text: &str) -> Option<usize> {
        let rest = &text.as_bytes()[self.at..];
        let blanks = rest.iter().take_while(|&&byte| byte == b' ').count();
        (self.is_quoted && rest.get(blanks) == Some(&b'"')).then_some(self.at + blanks)
    }

    /// Where the cell behind an opening quote closes, before a delimiter or the end, and whether it
    /// has doubled quotes.
    fn closing(&self, text: &str, quote: usize) -> Option<(usize, bool)> {
        let bytes = text.as_bytes();
        let (mut from, mut has_doubled) = ((quote + 1).max(self.searched), self.searched > 0);
        loop {
            let end = from + memchr(b'"', &bytes[from..])?;
            if bytes.get(end + 1) == Some(&b'"') {
                has_doubled = true;
                from = end + 2;
                continue;
            }
            let behind = bytes[end + 1..].iter().find(|&&byte| byte != b' ');
            if behind.is_none_or(|&byte| byte == self.delimiter) {
                return Some((end, has_doubled));
            }
            from = end + 1;
        }
    }

    /// Takes a cell as it stands, up to the delimiter, which is returned.
    fn bare(&mut self, text: &str, record: &mut StringRecord) -> Option<usize> {
        let rest = &text[self.at..];
        let end = memchr(self.delimiter, rest.as_bytes());
        let cell = &rest[..end.unwrap_or(rest.len())];
        record.push_field(cell);
        end.map(|end| self.at + end)
    }
}

/// A line and its number, from 1.
#[derive(Default)]
struct Line {
    number: u64,
    text: String,
}

/// Lines of an input, some of which may have been read ahead.
struct Lines<R> {
    input: R,
    ahead: VecDeque<Line>,
    read: u64,
    is_behind_cr: bool,
}

impl<R: BufRead> Lines<R> {
    fn new(input: R) -> Self {
        Self { input, ahead: VecDeque::new(), read: 0, is_behind_cr: false }
    }

    /// Reads into `line`; `false` at the end.
    fn next(&mut self, line: &mut Line) -> Result<bool, RecordError> {
        if let Some(next) = self.ahead.pop_front() {
            *line = next;
            return Ok(true);
        }
        self.read_line(line)
    }

    fn put_back(&mut self, lines: Vec<Line>) {
        lines.into_iter().rev().for_each(|line| self.ahead.push_front(line));
    }

    fn look_ahead(&mut self, bytes: usize) -> Result<(), RecordError> {
        let mut found: usize = self.ahead.iter().map(|line| line.text.len()).sum();
        while found < bytes {
            let mut line = Line::default();
            if !self.read_line(&mut line)? {
                break;
            }
            found += line.text.len() + 1;
            self.ahead.push_back(line);
        }
        Ok(())
    }

    fn read_line(&mut self, line: &mut Line) -> Result<bool, RecordError> {
        let mut bytes = std::mem::take(&mut line.text).into_bytes();
        bytes.clear();
        let number = self.read + 1;
        let is_there = self.read_bytes(&mut bytes).map_err(|error| match error {
            Some(error) => RecordError::Io(number, error),
            None => RecordError::TooLong(number),
        })?;
        self.read += u64::from(is_there);
        line.number = self.read;
        line.text = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(is_there)
    }

    /// Appends the bytes of a line, without its end. The error is `None` for one that is too long.
    fn read_bytes(&mut self, bytes: &mut Vec<u8>) -> Result<bool, Option<io::Error>> {
        loop {
            let buffer = match self.input.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                buffer => buffer.map_err(Some)?,
            };
            if buffer.is_empty() {
                return Ok(!bytes.is_empty());
            }
            if std::mem::take(&mut self.is_behind_cr) && buffer[0] == b'\n' {
                self.input.consume(1);
                continue;
            }
            let end = memchr2(b'\n', b'\r', buffer);
            let found = &buffer[..end.unwrap_or(buffer.len())];
            if (bytes.len() + found.len()) as u64 >= MAX_RECORD_BYTES {
                return Err(None);
            }
            bytes.extend_from_slice(found);
            self.is_behind_cr = end.is_some_and(|end| buffer[end] == b'\r');
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, width: usize) -> (Vec<Vec<String>>, Option<(u64, u64)>) {
        let mut records = Records::new(text.as_bytes(), b',');
        records.expect_width(width);
        let mut found = Vec::new();
        while let Some(record) = records.read_next().unwrap() {
            found.push(record.iter().map(str::to_owned).collect());
        }
        (found, records.open_quotes())
    }

    #[test]
    fn quotes_enclose_delimiters_quotes_and_lines() {
        let (found, open) = read("\"a,b\",\"say \"\"c\"\"\",d\n\"e\nf\",\"\",g\n", 3);
        assert_eq!(found, [["a,b", "say \"c\"", "d"], ["e\nf", "", "g"]]);
        assert_eq!(open, None);
    }

    #[test]
    fn an_open_quote_is_text_and_takes_no_other_row() {
        for behind in ["", "x,y,z\n", "x,y,z\nx,y,z\n", "x,\"y\",z\n", "x,\"y,z\n", "x,12\",z\n"] {
            let (found, open) = read(&format!("a,b,c\na,\"b,c\n{behind}x,y,\"\n"), 3);
            assert_eq!(found[1], ["a", "\"b", "c"], "{behind}");
            assert_eq!(found.len(), 3 + behind.lines().count(), "{behind}");
            assert_eq!(open.unwrap().1, 2, "{behind}");
        }
    }

    #[test]
    fn a_quote_within_a_quoted_cell_is_text() {
        assert_eq!(read("\"a\"b\",\"c\",\"d\"\n", 3).0, [["a\"b", "c", "d"]]);
        assert_eq!(read("a,\"b\" - c,d\n", 3).0, [["a", "\"b\" - c", "d"]]);
        assert_eq!(read("a, \"b, c\" ,d\n", 3).0, [["a", "b, c", "d"]]);
    }

    #[test]
    fn an_open_quote_among_quoted_cells_takes_no_other_cell() {
        let (found, open) = read("\"a\",\"b,\"c\"\n\"x,y\",\"\",\"z\"\n", 3);
        assert_eq!(found, [["a", "\"b", "c"], ["x,y", "", "z"]]);
        assert_eq!(open, Some((1, 1)));
    }

    #[test]
    fn text_with_commas_in_each_line_stays_one_cell() {
        let (found, _) = read("song,\"oh, no\noh, yes\noh\"\nother,x\n", 2);
        assert_eq!(found, [["song", "oh, no\noh, yes\noh"], ["other", "x"]]);
    }

    #[test]
    fn the_ends_of_lines_change_nothing() {
        let text = "a,b,c\nx,\"y\nz\",w\n\nd,\"e,f\ng,h,i\ng,h,i\n";
        let expected = read(text, 3);
        assert_eq!(expected.0.len(), 5);
        for ending in ["\r\n", "\r"] {
            assert_eq!(read(&text.replace('\n', ending), 3), expected, "{ending:?}");
        }
    }

    #[test]
    fn hostile_quotes_cost_no_more_than_a_bound() {
        let text = "a\",\"\n".repeat(300_000);
        let mut records = Records::new(text.as_bytes(), b',');
        let mut found = 0;
        while records.read_next().unwrap().is_some() {
            found += 1;
        }
        assert!(found > 1);
        assert!(records.bytes_in_vain < MOST_BYTES_IN_VAIN + (2 << 20));
    }

    proptest! {
        #[test]
        fn what_is_written_by_the_rules_is_read_back(
            rows in prop::collection::vec(
                prop::collection::vec("[a-c]{0,3}[,\"\n]?[a-c]{1,3}", 4),
                1..8,
            ),
        ) {
            let mut writer = csv::WriterBuilder::new()
                .quote_style(csv::QuoteStyle::Always)
                .from_writer(Vec::new());
            rows.iter().for_each(|row| writer.write_record(row).unwrap());
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let (found, open) = read(&text, 4);
            prop_assert_eq!(open, None);
            prop_assert_eq!(found, rows);
        }

        #[test]
        fn no_line_is_lost(text in "([ab,\" ]{0,8}\n){0,30}") {
            let (found, _) = read(&text, 3);
            let kept: usize =
                found.iter().flatten().map(|cell| cell.matches(['a', 'b']).count()).sum();
            prop_assert_eq!(kept, text.matches(['a', 'b']).count());
        }
    }
}
