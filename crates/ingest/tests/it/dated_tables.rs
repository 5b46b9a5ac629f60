//! How the dates of a table are written is decided over the whole column, whatever holds the table:
//! which of day and month comes first, and whether numbers are the days of a spreadsheet.

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use segue_core::FeedbackKind;
use segue_ingest::{DropReason, FileReport};

use crate::support::{Memory, options, read_text, try_import};

/// What is liked in a file, with the account of it.
fn marked(name: &str, content: &[u8]) -> (FileReport, Memory) {
    let mut options = options();
    options.tables.mark = Some(FeedbackKind::Like);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let (report, memory) = try_import(&path, &options);
    (report.unwrap().files.remove(0), memory)
}

fn added(memory: &Memory) -> Vec<String> {
    memory
        .feedback()
        .iter()
        .map(|said| said.at.map_or("none".into(), |at| at.to_string()))
        .collect()
}

fn json_rows(dates: &[&str]) -> Vec<String> {
    let row = |date| format!(r#"{{"title":"Tide","artist":"Vera","added_at":"{date}"}}"#);
    dates.iter().map(row).collect()
}

#[test]
fn the_whole_column_of_a_json_table_decides_which_of_day_and_month_comes_first() {
    for (last, first) in [("28/04/2022", "2022-04-03"), ("04/28/2022", "2022-03-04")] {
        let rows = json_rows(&[&["03/04/2022"; 700][..], &[last]].concat());
        for text in [
            format!("[{}]", rows.join(",\n")),
            format!(r#"{{"tracks":[{}]}}"#, rows.join(",")),
            rows.join("\n"),
        ] {
            let (report, memory) = marked("t.json", text.as_bytes());
            let times = added(&memory);
            assert_eq!((times.len(), times[0].as_str()), (701, &*format!("{first}T00:00:00Z")));
            assert_eq!(times[700], "2022-04-28T00:00:00Z");
            assert!(report.note.unwrap().contains(&format!("as in `{last}`")));
        }
    }
}

#[test]
fn dates_of_a_json_table_that_contradict_each_other_go_by_the_most_and_are_shown() {
    let rows = json_rows(&["03/04/2022", "28/04/2022", "04/28/2022", "27/04/2022"]);
    let (report, memory) = marked("t.json", format!("[{}]", rows.join(",")).as_bytes());
    let expected = ["2022-04-03T00:00:00Z", "2022-04-28T00:00:00Z", "none", "2022-04-27T00:00:00Z"];
    assert_eq!(added(&memory), expected);
    assert!(report.note.unwrap().contains("1 dates are not, as in `04/28/2022`"));
}

#[test]
fn a_json_table_that_is_cut_off_gives_what_comes_before() {
    for rows in [4, 3_000] {
        let mut dates = vec!["03/04/2022"; rows];
        dates[rows - 2] = "04/28/2022";
        let mut objects = json_rows(&dates);
        objects[0] = "7".to_owned();
        let text = format!("[{}", objects.join(",\n"));
        let (report, memory) = marked("t.json", &text.as_bytes()[..text.len() - 5]);
        assert!(report.incomplete);
        assert_eq!((report.rows_read, report.feedback), (rows as u64 - 1, rows as u64 - 2));
        assert_eq!(added(&memory)[rows - 3], "2022-04-28T00:00:00Z");
        assert_eq!(added(&memory)[0], "2022-03-04T00:00:00Z");
        assert_eq!(memory.records[0].0, 2, "rows keep their numbers");
        let note = report.note.unwrap();
        for part in ["month first", "the file ends in the middle of a row"] {
            assert!(note.contains(part), "{note}");
        }
    }
}

/// A table of plays in Parquet, a group of rows for each list of dates.
fn parquet(groups: &[&[&str]]) -> Vec<u8> {
    let schema = "message plays { required binary title (UTF8); required binary artist (UTF8);
                  required binary played_at (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut content = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut content, schema, Arc::default()).unwrap();
    for dates in groups {
        let mut group = writer.next_row_group().unwrap();
        let same = |text: &'static str| vec![ByteArray::from(text); dates.len()];
        let dates = dates.iter().map(|&date| ByteArray::from(date)).collect();
        for values in [same("Tide"), same("Vera"), dates] {
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    content
}

fn times(memory: &Memory) -> Vec<String> {
    memory.listens().iter().map(|listen| listen.at.unwrap().to_string()).collect()
}

#[test]
fn the_whole_column_of_a_parquet_table_decides_which_of_day_and_month_comes_first() {
    let open = ["03/04/2022"; 300];
    for (last, first) in [("28/04/2022", "2022-04-03"), ("04/28/2022", "2022-03-04")] {
        let (report, memory) = marked("t.parquet", &parquet(&[&open, &open, &[last]]));
        let times = times(&memory);
        assert_eq!((times.len(), times[0].as_str()), (601, &*format!("{first}T00:00:00Z")));
        assert!(report.note.unwrap().contains(&format!("as in `{last}`")));
    }
    let contradicting = ["28/04/2022", "04/28/2022", "27/04/2022", "03/04/2022"];
    let (report, memory) = marked("t.parquet", &parquet(&[&contradicting]));
    assert_eq!(times(&memory)[2], "2022-04-03T00:00:00Z");
    assert_eq!((report.listens, report.dropped[&DropReason::BadTime]), (3, 1));
}

#[test]
fn damage_in_the_dates_of_a_parquet_table_loses_no_row_before_it() {
    let mut content = parquet(&[&["04/03/2022", "04/28/2022"], &["04/29/2022"; 9]]);
    let file = SerializedFileReader::new(bytes::Bytes::from(content.clone())).unwrap();
    let (begin, length) = file.metadata().row_group(1).column(2).byte_range();
    content[begin as usize..(begin + length) as usize].fill(0xff);
    let (report, memory) = marked("t.parquet", &content);
    assert_eq!(times(&memory), ["2022-04-03T00:00:00Z", "2022-04-28T00:00:00Z"]);
    assert!(report.incomplete && report.note.unwrap().contains("month first"));
}

#[test]
fn days_of_a_spreadsheet_are_dates_where_a_column_of_dates_holds_nothing_else() {
    use segue_core::Moment::{Day, Ended, Started};
    for (text, at, moment) in [
        ("Artist,Track,Date\nV,T,45292.5\n", "2024-01-01T12:00:00Z", Started),
        ("Artist;Track;Date\nV;T;45292,5\n", "2024-01-01T12:00:00Z", Started),
        ("Artist,Track,Date\nV,T,45292\nV,T,\n", "2024-01-01T00:00:00Z", Day),
        ("Artist,Track,Played At\nV,T,45292.93751157407\n", "2024-01-01T22:30:01Z", Started),
        ("Artist,Track,End Time\nV,T,45292.5\nV,T,35000\n", "2024-01-01T12:00:00Z", Ended),
        ("Artist,Track,Date,Time\nV,T,45292,0.9375\n", "2024-01-01T22:30:00Z", Started),
        ("Artist,Track,Date,Time\nV,T,45292,22:30\n", "2024-01-01T22:30:00Z", Started),
        ("Artist,Track,Date,Time\nV,T,45292,45292.5\n", "2024-01-01T12:00:00Z", Started),
        ("Artist,Track,Date,Time\nV,T,45292,\n", "2024-01-01T00:00:00Z", Day),
    ] {
        let (report, memory) = read_text("t.csv", text);
        let listen = memory.listens()[0];
        assert_eq!(
            (listen.at.unwrap().to_string().as_str(), listen.moment),
            (at, moment),
            "{text}"
        );
        let note = report.note.unwrap();
        assert!(note.contains("are read as a spreadsheet's days since 1899-12-30"), "{note}");
    }
    let expected = ["2024-01-01T12:00:00Z"];
    let (_, memory) = marked("t.csv", b"Artist,Title,Date Added\nV,T,45292.5\n");
    assert_eq!(added(&memory), expected);
    let (_, memory) = marked("t.json", br#"[{"artist":"V","title":"T","added_at":45292.5}]"#);
    assert_eq!(added(&memory), expected);
    let (_, memory) = marked("t.parquet", &parquet(&[&["45292.5"]]));
    assert_eq!(times(&memory), expected);
}

#[test]
fn numbers_that_may_be_anything_else_are_no_days_of_a_spreadsheet() {
    for text in [
        "artist,track,date\nV,T,45292.5\nV,T,soon\n",
        "artist,track,date\nV,T,45292.5\nV,T,61000\n",
        "artist,track,date\nV,T,45292.5\nV,T,19999\n",
        "artist,track,ts\nV,T,45292\n",
        "artist,track,uts\nV,T,45292\n",
        "artist,track,timestamp\nV,T,45292\n",
        "artist,track,date,time\nV,T,45292,50000\n",
    ] {
        let (report, _) = read_text("t.csv", text);
        assert_eq!((report.listens, report.rows_read), (0, report.dropped[&DropReason::BadTime]));
    }
    let text = "artist,track,date\nV,T,1704110400\nV,T,45292\n";
    let (report, memory) = read_text("t.csv", text);
    assert_eq!((times(&memory), report.listens), (vec!["2024-01-01T12:00:00Z".to_owned()], 1));
    let late = format!("{}V,T,1704110400\n", "V,T,45292\n".repeat(9_000));
    let (report, _) = read_text("t.csv", &format!("artist,track,date\n{late}"));
    assert_eq!((report.listens, report.rows_read), (1, 9_001), "the whole column decides");
}
