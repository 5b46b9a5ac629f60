//! Rows that are no listens are dropped by reason, and odd ones are read as far as they go.

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use segue_world::dump::DumpDropReason;

use super::support::{Heard, Read, read_bytes, tar_of_parquet, world};

fn dropped(member: &Read) -> Vec<(DumpDropReason, u64)> {
    member.report.dropped.iter().map(|(reason, rows)| (*reason, *rows)).collect()
}

#[test]
fn lines_that_are_no_listens_are_dropped_by_reason() {
    let lines = [
        r#"{"user_id":1,"timestamp":5,"track_metadata":{"artist_name":"A","track_name":"B"}}"#,
        r#"{"timestamp":5,"track_metadata":{"artist_name":"A","track_name":"B"}}"#,
        r#"{"user_id":1,"timestamp":null,"track_metadata":{"artist_name":"A","track_name":"B"}}"#,
        r#"{"user_id":1,"timestamp":5,"track_metadata":{"artist_name":" ","track_name":"B"}}"#,
        r#"{"user_id":1,"timestamp":5,"track_metadata":{"artist_name":"A","track_name":7}}"#,
        r#"{"user_id":1,"timestamp":5}"#,
        "",
        "{no JSON}",
        "7",
    ];
    let long = format!("{{\"user_id\":1,\"more\":\"{}\"}}", "x".repeat(3 << 20));
    let content = format!("{}\n{long}\n{}\n", lines.join("\n"), lines[0]);
    let members = read_bytes("1.listens", content.as_bytes());
    assert_eq!(members[0].report.broken, None);
    assert_eq!(members[0].listens.len(), 2);
    let expected = [
        (DumpDropReason::NoUser, 1),
        (DumpDropReason::NoTime, 1),
        (DumpDropReason::NoArtist, 2),
        (DumpDropReason::NoTitle, 1),
        (DumpDropReason::TooLong, 1),
        (DumpDropReason::Unreadable, 2),
    ];
    assert_eq!(dropped(&members[0]), expected);
}

#[test]
fn what_players_add_is_read_whatever_its_type() {
    let line = |more: &str| {
        format!(
            concat!(
                r#"{{"user_id":"4","timestamp":5.9,"track_metadata":{{"additional_info":{more},"#,
                r#""artist_name":"Sigur R\u00f3s","track_name":"B","mbid_mapping":{{}}}}}}"#
            ),
            more = more
        )
    };
    let mbid = "899A043D-67bc-420c-85ea-6fee705baeb3";
    let lines = [
        line("null"),
        line("{}"),
        line(&format!(r#"{{"recording_mbid":"{mbid}","duration_ms":"1500","tags":["a",{{}}]}}"#)),
        line(r#"{"recording_mbid":"no identifier","duration":2.5}"#),
        line(r#"{"recording_mbid":["several"],"duration_ms":-1,"duration":true}"#),
        line(r#"{"recording_mbid":"","duration_ms":1e300}"#),
    ];
    let members = read_bytes("1.listens", lines.join("\n").as_bytes());
    let heard = |recording: Option<&str>, duration_ms| Heard {
        user: 4,
        at_s: 5,
        recording: recording.map(|mbid| mbid.parse().unwrap()),
        artist: "Sigur Rós".to_owned(),
        title: "B".to_owned(),
        duration_ms,
    };
    let expected = [
        heard(None, None),
        heard(None, None),
        heard(Some(mbid), Some(1500)),
        heard(None, Some(2500)),
        heard(None, None),
        heard(None, None),
    ];
    assert_eq!(members[0].listens, expected);
}

/// A Parquet file with other types than ListenBrainz's, and empty cells.
fn odd_parquet(artists: &[&[u8]]) -> Vec<u8> {
    let schema = "message schema {
        optional int64 user_id;
        required int64 listened_at (TIMESTAMP_MILLIS);
        optional binary artist_name;
        required binary recording_name (UTF8);
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Default::default()).unwrap();
    let mut group = file.next_row_group().unwrap();
    let rows = artists.len();
    let mut column = group.next_column().unwrap().unwrap();
    let levels: Vec<i16> = (0..rows).map(|row| i16::from(row > 0)).collect();
    let users: Vec<i64> = (1..rows as i64).collect();
    column.typed::<Int64Type>().write_batch(&users, Some(&levels), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&vec![-1; rows], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let levels: Vec<i16> = artists.iter().map(|name| i16::from(*name != b"null")).collect();
    let artists = artists.iter().filter(|name| **name != b"null");
    let artists: Vec<ByteArray> = artists.map(|name| ByteArray::from(name.to_vec())).collect();
    column.typed::<ByteArrayType>().write_batch(&artists, Some(&levels), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let titles = vec![ByteArray::from("T"); rows];
    column.typed::<ByteArrayType>().write_batch(&titles, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    file.into_inner().unwrap()
}

#[test]
fn cells_of_parquet_that_are_empty_or_no_text_drop_their_rows() {
    let long = vec![b'x'; 20_000];
    let content = odd_parquet(&[b"A", b"B", b"null", b"", b"\xff\xfe", b"C", &long]);
    let members = read_bytes("odd.parquet", &content);
    assert_eq!(members[0].report.broken, None);
    let heard: Vec<_> =
        members[0].listens.iter().map(|l| (l.user, l.at_s, l.artist.as_str())).collect();
    // A millisecond before 1970 is in its last second.
    assert_eq!(heard, [(1, -1, "B"), (5, -1, "C")]);
    let expected = [
        (DumpDropReason::NoUser, 1),
        (DumpDropReason::NoArtist, 2),
        (DumpDropReason::NotText, 1),
        (DumpDropReason::TooLong, 1),
    ];
    assert_eq!(dropped(&members[0]), expected);
}

#[test]
fn only_the_columns_that_are_needed_are_looked_at() {
    use parquet::file::reader::FileReader;
    use parquet::file::serialized_reader::SerializedFileReader;

    let tar = tar_of_parquet(&world());
    let mut content = Vec::new();
    let mut archive = tar::Archive::new(&tar[..]);
    let mut entry = archive.entries().unwrap().next().unwrap().unwrap();
    std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
    let intact = read_bytes("0.parquet", &content);
    let file = SerializedFileReader::new(bytes::Bytes::from(content.clone())).unwrap();
    let needed = ["user_id", "listened_at", "artist_name", "recording_name", "recording_mbid"];
    for column in file.metadata().row_group(0).columns() {
        if !needed.contains(&column.column_path().string().as_str()) {
            let (start, length) = column.byte_range();
            content[start as usize..(start + length) as usize].fill(0);
        }
    }
    assert_eq!(read_bytes("0.parquet", &content), intact);
    assert_eq!(intact[0].listens.len(), 700);
}
