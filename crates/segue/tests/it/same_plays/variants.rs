//! Ways of writing the same rows down, and of handing them over.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::Play;
use super::written::{Shape, Written, zip};

/// Files that are imported one after the other, by name.
type Files = Vec<(String, Vec<u8>)>;

/// All variants of a format, by what is done to its file.
pub(crate) fn variants(format: &Written, plays: &[Play]) -> Vec<(&'static str, Files)> {
    let mut variants = handed_over(format, plays);
    if format.shape != Shape::Binary {
        let text = String::from_utf8(format.bytes(plays)).unwrap();
        let one = |bytes: Vec<u8>| vec![(format.file.to_owned(), bytes)];
        let rewritten = written_otherwise(&text, format.shape).into_iter();
        variants.extend(rewritten.map(|(name, bytes)| (name, one(bytes))));
    }
    variants
}

/// Other orders, several files, and packed ones.
fn handed_over(format: &Written, plays: &[Play]) -> Vec<(&'static str, Files)> {
    let file = |plays: &[Play]| (format.file.to_owned(), format.bytes(plays));
    let whole = file(plays);
    let backwards: Vec<_> = plays.iter().rev().cloned().collect();
    let every_other: Vec<_> =
        plays.iter().step_by(2).chain(plays[1..].iter().step_by(2)).cloned().collect();
    // Between days: two files that tell of a song on one day may tell of the same play.
    let (early, late) = plays.split_at(plays.len() / 2);
    let packed = (format!("{}.gz", format.file), gzip(&whole.1));
    let folded = format!("My export/{}", format.file);
    let archive = ("my_export.zip".to_owned(), zip(&[(&folded, &whole.1)]));
    let packed_twice = zip(&[(&format!("{folded}.gz"), &packed.1)]);
    let nested = zip(&[(&archive.0, &archive.1)]);
    vec![
        ("as it is", vec![whole.clone()]),
        ("rows backwards", vec![file(&backwards)]),
        ("rows mixed", vec![file(&every_other)]),
        ("twice", vec![whole.clone(), whole.clone()]),
        ("in two files", vec![file(early), file(late)]),
        ("in two files, the later one first", vec![file(late), file(early)]),
        ("in two files that overlap", vec![file(&plays[..8]), file(&plays[4..])]),
        ("in part, then whole", vec![file(&plays[3..9]), whole.clone()]),
        ("gzip", vec![packed.clone()]),
        ("gzip, and as it is", vec![packed, whole.clone()]),
        ("zip", vec![archive.clone()]),
        ("gzip in zip", vec![("my_export.zip".to_owned(), packed_twice)]),
        ("zip in zip", vec![("all.zip".to_owned(), nested)]),
        ("under another name", vec![("export".to_owned(), whole.1.clone())]),
        ("as it is, and zip", vec![whole, archive]),
    ]
}

/// Other line ends and encodings.
fn written_otherwise(text: &str, shape: Shape) -> Vec<(&'static str, Vec<u8>)> {
    let marked = format!("\u{feff}{text}");
    let utf16 = |bytes: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(bytes).collect();
    let mut written = vec![
        ("CRLF", text.replace('\n', "\r\n").into_bytes()),
        ("no last line end", text.trim_end_matches('\n').as_bytes().to_vec()),
        ("blank lines at the end", format!("{text}\n\n").into_bytes()),
        ("byte-order mark", marked.clone().into_bytes()),
        ("UTF-16, little end first", utf16(u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(u16::to_be_bytes)),
        ("UTF-16 and CRLF", {
            let text = marked.replace('\n', "\r\n");
            text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        }),
    ];
    let values = |text: &str| -> Vec<Value> {
        serde_json::Deserializer::from_str(text).into_iter().map(Result::unwrap).collect()
    };
    let by_line = |spell: fn(&Value) -> String| {
        values(text).iter().map(|value| spell(value) + "\n").collect::<String>().into_bytes()
    };
    if shape != Shape::Table {
        written.push(("on as few lines as may be", by_line(Value::to_string)));
        written.push(("keys backwards", by_line(keys_backwards)));
    }
    // A JSON object a line has lines, and CR alone ends none.
    if shape != Shape::Lines {
        written.push(("CR", text.replace('\n', "\r").into_bytes()));
    }
    written
}

/// JSON with the keys of its objects in the other order.
fn keys_backwards(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| {
                format!("{}:{}", json!(key), keys_backwards(value))
            };
            format!("{{{}}}", fields.iter().rev().map(field).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(keys_backwards).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}
