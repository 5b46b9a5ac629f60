//! Spreadsheets: which sheets are read, how their cells are, and what they may not do.

use segue_ingest::{DropReason, IngestError};

use crate::support::{options, try_import, zip};

const CONTENT_TYPES: &str = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/\
                             content-types\"><Default Extension=\"xml\" \
                             ContentType=\"application/xml\"/></Types>";
const ROOT: &str = "<Relationships><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.\
                    org/officeDocument/2006/relationships/officeDocument\" \
                    Target=\"xl/workbook.xml\"/></Relationships>";
/// Style 1 is a date, style 2 a time of day, style 3 a length of time.
const STYLES: &str = "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"[h]:mm:ss\"/>\
                      </numFmts><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/>\
                      <xf numFmtId=\"21\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>";
const TEXTS: &str = "<sst uniqueCount=\"2\"><si><t>Tide</t></si><si><t>Vera &amp; Tom</t></si>\
                     </sst>";

/// A workbook of sheets, each with its name and the rows within `sheetData`.
fn workbook(sheets: &[(&str, &str)], settings: &str, texts: &str) -> Vec<u8> {
    let numbers = 1..=sheets.len();
    let listed: String = (1..)
        .zip(sheets)
        .map(|(n, (name, _))| format!("<sheet name=\"{name}\" sheetId=\"{n}\" r:id=\"r{n}\"/>"))
        .collect();
    let related: String = numbers
        .map(|n| {
            format!(
                "<Relationship Id=\"r{n}\" Type=\"http://schemas.openxmlformats.org/\
                 officeDocument/2006/relationships/worksheet\" \
                 Target=\"worksheets/sheet{n}.xml\"/>"
            )
        })
        .collect();
    let book = format!("<workbook>{settings}<sheets>{listed}</sheets></workbook>");
    let related = format!("<Relationships>{related}</Relationships>");
    let mut parts = vec![
        ("[Content_Types].xml".to_owned(), CONTENT_TYPES.to_owned()),
        ("_rels/.rels".to_owned(), ROOT.to_owned()),
        ("xl/workbook.xml".to_owned(), book),
        ("xl/_rels/workbook.xml.rels".to_owned(), related),
        ("xl/styles.xml".to_owned(), STYLES.to_owned()),
        ("xl/sharedStrings.xml".to_owned(), texts.to_owned()),
    ];
    for (number, (_, rows)) in (1..).zip(sheets) {
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        parts.push((format!("xl/worksheets/sheet{number}.xml"), sheet));
    }
    let parts: Vec<_> = parts.iter().map(|(name, part)| (name.as_str(), part.as_bytes())).collect();
    zip(&parts)
}

/// A row of texts, the first in column A.
fn row(number: u32, cells: &[&str]) -> String {
    let cells: String = ('A'..)
        .zip(cells)
        .map(|(column, text)| {
            format!("<c r=\"{column}{number}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
        })
        .collect();
    format!("<row r=\"{number}\">{cells}</row>")
}

fn saved(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.xlsx");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[test]
fn the_sheet_that_holds_plays_is_read_among_others() {
    let header = "Song Title,Artist,ISRC,Album Title,IP Address,Listening Time,Platform Name,\
                  Platform Model,Date";
    let history = row(1, &header.split(',').collect::<Vec<_>>())
        + &row(
            2,
            &[
                "Tide",
                "Vera",
                "DEA621900001",
                "Harbour",
                "203.0.113.5",
                "192",
                "android",
                "x",
                "2024-01-05 10:00:00",
            ],
        )
        + &row(3, &["Ebb", "Vera", "", "", "", "12", "android", "x", "2024-01-05 10:04:00"]);
    let user = row(1, &["Name", "Mail"]) + &row(2, &["Somebody", "somebody@example.org"]);
    let searched = row(1, &["Song Title", "Artist", "Date"]) + &row(2, &["a", "b", "2024-01-05"]);
    let sheets = [
        ("1_user", user.as_str()),
        ("9_searchHistory", &searched),
        ("10_listeningHistory", &history),
    ];
    let bytes = workbook(&sheets, "", TEXTS);
    let (folder, path) = saved(&bytes);
    for place in [path.as_path(), folder.path()] {
        let (report, memory) = try_import(place, &options());
        let files = report.unwrap().files;
        let notes: Vec<_> = files.iter().map(|file| file.note.as_deref()).collect();
        let unread = "holds no listening history in a format that segue knows: not read";
        assert_eq!(notes, [Some(unread), Some("private: never opened"), None]);
        assert!(files[2].path.ends_with("export.xlsx/10_listeningHistory"));
        assert_eq!(files[2].listens, 2);
        assert_eq!(memory.listens()[0].ms_played, Some(192_000));
        assert_eq!(memory.listens()[1].at.unwrap().to_string(), "2024-01-05T10:04:00Z");
        assert!(!format!("{:?}", memory.records).contains("203.0.113.5"));
    }
    let archive = zip(&[("deezer/deezer-data_1.xlsx", &bytes)]);
    std::fs::write(&path, archive).unwrap();
    assert_eq!(try_import(&path, &options()).1.listens().len(), 2);
}

#[test]
fn cells_are_read_as_people_see_them() {
    let rows = row(1, &["My plays"])
        + &row(3, &["Artist", "Track", "Day", "Time", "ms played", "Comment"])
        // 45,296 is the fifth of January 2024, and half a day is noon.
        + "<row r=\"4\"><c r=\"A4\" t=\"s\"><v>1</v></c><c r=\"B4\" t=\"s\"><v>0</v></c>\
           <c r=\"C4\" s=\"1\"><v>45296</v></c><c r=\"D4\" s=\"2\"><v>0.5</v></c>\
           <c r=\"E4\"><v>180000</v></c></row>"
        + "<row r=\"6\"><c r=\"A6\" t=\"inlineStr\"><is><t>Vera, \"the\" Vinter</t></is></c>\
           <c r=\"B6\" t=\"inlineStr\"><is><t>Ebb\nFlow</t></is></c>\
           <c r=\"C6\" s=\"1\"><v>45297</v></c><c r=\"D6\" s=\"2\"><v>0.25</v></c></row>";
    let (_folder, path) = saved(&workbook(&[("S", &rows)], "", TEXTS));
    let (report, memory) = try_import(&path, &options());
    let file = &report.unwrap().files[0];
    assert_eq!((file.listens, file.rows_read), (2, 2), "{file:?}");
    let times: Vec<_> = memory.listens().iter().map(|l| l.at.unwrap().to_string()).collect();
    assert_eq!(times, ["2024-01-05T12:00:00Z", "2024-01-06T06:00:00Z"]);
    assert_eq!(memory.listens()[0].ms_played, Some(180_000));
    let names: Vec<_> =
        memory.tracks().iter().map(|t| (t.artists.join("|"), t.title.clone())).collect();
    assert_eq!(names[0], ("Vera & Tom".to_owned(), "Tide".to_owned()));
    assert_eq!(names[1], ("Vera, \"the\" Vinter".to_owned(), "Ebb Flow".to_owned()));

    let settings = "<workbookPr date1904=\"1\"/>";
    let (_folder, path) = saved(&workbook(&[("S", &rows)], settings, TEXTS));
    let (_, memory) = try_import(&path, &options());
    assert_eq!(memory.listens()[0].at.unwrap().to_string(), "2028-01-06T12:00:00Z");
}

#[test]
fn rows_that_cannot_be_plays_are_counted() {
    let rows = row(1, &["Artist", "Track", "Date"])
        + &row(2, &["Vera", "Tide", "2024-01-05 10:00"])
        + &row(3, &["Vera", "Ebb", "someday"])
        + &row(4, &["Vera"]);
    let (_folder, path) = saved(&workbook(&[("S", &rows)], "", TEXTS));
    let (report, _) = try_import(&path, &options());
    let file = &report.unwrap().files[0];
    assert_eq!((file.rows_read, file.listens), (3, 1));
    assert_eq!(file.dropped[&DropReason::BadTime], 1);
}

#[test]
fn a_spreadsheet_without_plays_is_no_history() {
    let rows = row(1, &["Month", "Rent"]) + &row(2, &["May", "3"]);
    let (_folder, path) = saved(&workbook(&[("S", &rows)], "", TEXTS));
    let (report, _) = try_import(&path, &options());
    assert!(matches!(report, Err(IngestError::UnknownFormat { .. })));
}

#[test]
fn what_a_workbook_says_of_itself_is_not_believed() {
    let rows = row(1, &["Artist", "Track", "Date"]) + &row(2, &["Vera", "Tide", "2024-01-05"]);
    let far = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>Artist</t></is></c></row>\
               <row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>";
    let backwards = row(2, &["Vera", "Tide", "2024-01-05"]) + &row(1, &["Artist", "Track", "Date"]);
    let long = "x".repeat(65 << 20);
    for (what, rows, texts) in [
        ("more texts than it has", rows.as_str(), "<sst uniqueCount=\"99999999999999\"></sst>"),
        ("unpacks to", &rows, &long),
        ("not in order", &backwards, TEXTS),
        ("none of its sheets", far, TEXTS),
        ("outside of its sheet", "<row><c r=\"A4294967290\"><v>1</v></c></row>", TEXTS),
        ("outside of its sheet", "<row r=\"4000000000\"><c><v>1</v></c></row>", TEXTS),
        ("outside of its sheet", "<row><c r=\"ZZZZZZ1\"><v>1</v></c></row>", TEXTS),
    ] {
        let (_folder, path) = saved(&workbook(&[("S", rows)], "", texts));
        let (report, memory) = try_import(&path, &options());
        let error = report.unwrap_err().to_string();
        assert!(error.contains(what), "{what}: {error}");
        assert!(memory.records.is_empty());
    }
}
