//! Plays as Parquet and as a spreadsheet.

use std::io::{Cursor, Write};
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use zip::write::SimpleFileOptions;

use super::Play;

pub(crate) fn parquet_table(plays: &[Play]) -> Vec<u8> {
    let schema = "message plays {
        required binary artist_name (UTF8);
        required binary track_name (UTF8);
        required int64 played_at (TIMESTAMP(MILLIS,true));
        required int64 ms_played;
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut file = Vec::new();
    let properties = Arc::new(WriterProperties::default());
    let mut writer = SerializedFileWriter::new(&mut file, schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for text in [|play: &Play| play.artist, |play: &Play| play.title] {
        let values: Vec<ByteArray> = plays.iter().map(|play| text(play).into()).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    for number in [|play: &Play| play.started().as_millisecond(), |play: &Play| play.heard_ms()] {
        let values: Vec<i64> = plays.iter().map(number).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    file
}

pub(crate) fn workbook(plays: &[Play]) -> Vec<u8> {
    let text = |text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>")
    };
    let header: String = ["artist_name", "track_name", "played_at", "ms_played"].map(text).concat();
    let row = |play: &Play| {
        // Days since the beginning of 1900, as spreadsheets count them.
        let days = play.started().as_second() as f64 / 86_400.0 + 25_569.0;
        let (artist, title) = (text(play.artist), text(play.title));
        let ms = play.heard_ms();
        format!("<row>{artist}{title}<c s=\"1\"><v>{days:.9}</v></c><c><v>{ms}</v></c></row>")
    };
    let rows: String = plays.iter().map(row).collect();
    let sheet = format!("<worksheet><sheetData><row>{header}</row>{rows}</sheetData></worksheet>");
    zip(&[
        (
            "_rels/.rels",
            "<Relationships><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/\
             officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/>\
             </Relationships>"
                .as_bytes(),
        ),
        (
            "xl/workbook.xml",
            "<workbook xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/\
             relationships\"><sheets><sheet name=\"Plays\" sheetId=\"1\" r:id=\"rId1\"/></sheets>\
             </workbook>"
                .as_bytes(),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<Relationships><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/\
             officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
             </Relationships>"
                .as_bytes(),
        ),
        (
            "xl/styles.xml",
            "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"
                .as_bytes(),
        ),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

/// A zip archive.
pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
