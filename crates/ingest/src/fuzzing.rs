//! Doors for the fuzz targets: any bytes, any format, without files.

use std::io::{Cursor, Write};
use std::path::Path;

use segue_core::{ListenerId, Record};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::columns::{ColumnPresence, WantedColumn, read_csv};
use crate::format::{Companions, Formats, Head};
use crate::identity::{named_track, normalise};
use crate::import::{import_archive, import_content};
use crate::input::{HEAD_BYTES, Utf8Reader, decode_head};
use crate::{
    Context, Earlier, FileIdentity, FileReport, FileSink, ImportLimits, ImportOptions, IngestError,
    Sink, SinkError, TableOptions,
};

#[derive(Default)]
struct Counter(u64);

impl Sink for Counter {
    fn accept(&mut self, _: u64, _: Record) -> Result<(), SinkError> {
        self.0 += 1;
        Ok(())
    }
}

impl FileSink for Counter {
    fn begin_file(&mut self, _: &FileIdentity) -> Result<Earlier, SinkError> {
        Ok(Earlier::default())
    }

    fn end_file(&mut self, report: &mut FileReport) -> Result<(), SinkError> {
        assert!(report.adds_up(), "{report:?}");
        Ok(())
    }
}

/// How many formats there are, which bounds the numbers that [`read_as`] takes.
pub fn format_count() -> usize {
    Formats::new(&TableOptions::default(), Companions::default()).all().count()
}

/// The number of the format that recognises this content as its own, judged by its beginning.
/// `None` if there is no such format.
pub fn format_of(content: &[u8]) -> Option<usize> {
    let formats = Formats::new(&TableOptions::default(), Companions::default());
    let text = decode_head(&content[..content.len().min(HEAD_BYTES)]);
    let head = Head { text: &text, name: "fuzz" };
    formats.all().position(|format| format.recognises(&head))
}

/// Reads content as the format of that number, whatever it is.
///
/// # Panics
/// When the account does not add up.
pub fn read_as(format: usize, content: &[u8]) {
    let formats = Formats::new(&TableOptions::default(), Companions::default());
    let Some(format) = formats.all().nth(format) else { return };
    let mut counter = Counter::default();
    let mut context =
        Context::new(Path::new("fuzz"), format.source(), ListenerId::new("me"), &mut counter);
    let mut input = Utf8Reader::new(content, content);
    let result = format.read(&mut input, &mut context);
    let report = context.finish();
    assert!(report.adds_up(), "{report:?}");
    assert_eq!(counter.0, report.kept() - report.summed + report.beside);
    if let Err(error) = result {
        assert!(!matches!(error, IngestError::Sink { .. }));
        assert!(error.to_string().contains("fuzz"), "{error}");
    }
}

/// Reads content as a zip archive within small limits. Content that is no archive ends in an error
/// and never in a panic.
pub fn read_archive(content: &[u8]) {
    let mut options = ImportOptions::new(ListenerId::new("me"));
    options.limits = ImportLimits {
        unpacked_bytes: 4 << 20,
        nested_archive_bytes: 1 << 20,
        ..ImportLimits::default()
    };
    let path = Path::new("fuzz.zip");
    if let Ok(report) =
        import_archive(Cursor::new(content), path, &options, &mut Counter::default())
    {
        assert!(report.files.iter().all(|file| file.path.starts_with(path)), "{report:?}");
    }
}

/// The parts of a workbook, in the order in which [`read_workbook`] takes them.
const WORKBOOK_PARTS: [&str; 6] = [
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
    "xl/styles.xml",
    "xl/worksheets/sheet2.xml",
];

/// The part of a workbook that leads to the others.
const ROOT: &str = "<Relationships><Relationship Id=\"r\" Type=\"http://schemas.openxmlformats.org/\
                    officeDocument/2006/relationships/officeDocument\" \
                    Target=\"xl/workbook.xml\"/></Relationships>";

/// Reads content as a spreadsheet: as it is where it is a zip archive, or else as the parts of one,
/// each closed by a zero byte. Checksums keep what changes at random from being unpacked. Returns
/// how many records there are.
///
/// # Panics
/// When an account does not add up, or an error does not name the file.
pub fn read_workbook(content: &[u8]) -> u64 {
    if content.starts_with(b"PK") {
        return read_content(content, "fuzz.xlsx");
    }
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let parts = WORKBOOK_PARTS.iter().zip(content.split(|&byte| byte == 0));
    for (name, part) in [(&"_rels/.rels", ROOT.as_bytes())].into_iter().chain(parts) {
        zip.start_file(*name, stored).expect("seven names fit");
        zip.write_all(part).expect("memory takes what is written");
    }
    let packed = zip.finish().expect("memory takes what is written");
    read_content(packed.get_ref(), "fuzz.xlsx")
}

/// Reads content as Parquet, with the magic number that it is told by.
///
/// # Panics
/// When the account does not add up, or an error does not name the file.
pub fn read_parquet(content: &[u8]) {
    if content.starts_with(b"PAR1") {
        read_content(content, "fuzz.parquet");
    }
}

fn read_content(content: &[u8], name: &str) -> u64 {
    let mut options = ImportOptions::new(ListenerId::new("me"));
    options.limits.rows = 10_000;
    let mut counter = Counter::default();
    match import_content(content, Path::new(name), &options, &mut counter) {
        Ok(report) => {
            let total = report.total();
            assert_eq!(counter.0, total.kept() - total.summed + total.beside);
        }
        Err(error) => assert!(error.to_string().contains(name), "{error}"),
    }
    counter.0
}

/// Reads text as the names of a track.
///
/// # Panics
/// When normalising twice differs from normalising once, or an id is empty.
pub fn read_names(text: &str) {
    let once = normalise(text);
    assert_eq!(normalise(&once), once);
    let (artist, title) = text.split_once('\n').unwrap_or(("", text));
    let track = named_track(None, vec![artist.to_owned()], title);
    assert!(track.id.as_str().starts_with("name:"));
}

/// Reads content as a table of which every row counts.
///
/// # Panics
/// When an error does not name the file.
pub fn read_columns(content: &[u8]) {
    let wanted = [
        WantedColumn {
            what: "the action",
            named: None,
            usual: &["action"],
            presence: ColumnPresence::Required,
        },
        WantedColumn {
            what: "the reward",
            named: None,
            usual: &["reward"],
            presence: ColumnPresence::Optional,
        },
    ];
    let mut take = |cells: &[Option<&str>]| {
        assert_eq!(cells.len(), wanted.len());
        cells[0].map(|_| ()).ok_or_else(|| "no action".to_owned())
    };
    if let Err(error) = read_csv(Path::new("fuzz"), content, content, &wanted, &mut take) {
        assert!(error.to_string().contains("fuzz"), "{error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_workbook_are_put_together_and_read() {
        let texts = |texts: &[&str]| {
            let cell = |text| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
            format!("<row>{}</row>", texts.iter().map(cell).collect::<String>())
        };
        let rows = texts(&["artist", "title", "date"]) + &texts(&["Vera", "Tide", "2024-02-01"]);
        let parts = [
            "<workbook><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>",
            "<Relationships><Relationship Id=\"r1\" Type=\"http://schemas.openxmlformats.org/\
             officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
             </Relationships>",
            &format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"),
        ];
        assert_eq!(read_workbook(parts.join("\0").as_bytes()), 1);
    }
}
