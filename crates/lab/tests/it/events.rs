//! Files of events, read fast.

use std::path::PathBuf;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::data_type::Int64Type;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use segue_ingest::IngestError;
use segue_lab::events::{EventColumns, EventFormat, EventReport, read_events, read_features};

type Owned = (String, String, Option<i64>, Option<f32>);

fn read_as(
    content: &str,
    format: Option<EventFormat>,
    columns: &EventColumns,
) -> Result<(EventReport, Vec<Owned>), IngestError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events");
    std::fs::write(&path, content).unwrap();
    read_path(&path, format, columns)
}

fn read_path(
    path: &std::path::Path,
    format: Option<EventFormat>,
    columns: &EventColumns,
) -> Result<(EventReport, Vec<Owned>), IngestError> {
    let mut events = Vec::new();
    let report = read_events(path, format, columns, &mut |event| {
        events.push((event.listener.to_owned(), event.item.to_owned(), event.second, event.weight));
        Ok(())
    })?;
    assert_eq!((report.rows, report.events), (report.events + report.dropped, events.len() as u64));
    Ok((report, events))
}

fn read(content: &str) -> (EventReport, Vec<Owned>) {
    read_as(content, None, &EventColumns::default()).unwrap()
}

fn owned(listener: &str, item: &str, second: Option<i64>, weight: Option<f32>) -> Owned {
    (listener.to_owned(), item.to_owned(), second, weight)
}

#[test]
fn text_takes_two_to_four_fields() {
    let (report, events) = read("a x 4.5 1700000000\nb y 3 1700000001\n");
    assert_eq!(report.format, EventFormat::Text);
    assert_eq!(events[0], owned("a", "x", Some(1_700_000_000), Some(4.5)));
    assert_eq!(read("a x\nb y\n").1[1], owned("b", "y", None, None));
    assert_eq!(read("a x 4\nb y 3\n").1[0], owned("a", "x", None, Some(4.0)));
    assert_eq!(
        read("a x 1700000000\nb y 1700000001\n").1[0],
        owned("a", "x", Some(1_700_000_000), None)
    );
    assert_eq!(
        read("a\tx and z\t4\t1700000000\n").1[0],
        owned("a", "x and z", Some(1_700_000_000), Some(4.0))
    );
}

#[test]
fn sequences_give_one_event_per_item_in_order() {
    let (report, events) = read("1 10 11 12\n2 20\n3 30 31 32 33 34 35\n");
    assert_eq!((report.format, report.events), (EventFormat::Sequences, 10));
    assert_eq!(events[2], owned("1", "12", None, None));
    assert_eq!(events[3], owned("2", "20", None, None));
}

#[test]
fn atomic_files_and_tables_are_read_by_their_headers() {
    let inter =
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n196\t242\t3\t881250949\n";
    let (report, events) = read(inter);
    assert_eq!(report.format, EventFormat::Inter);
    assert_eq!(events, [owned("196", "242", Some(881_250_949), Some(3.0))]);

    let (report, events) =
        read("timestamp,user,track\n2024-01-01T00:00:00Z,a,\"x, y\"\n1704067200123,b,z\n");
    assert_eq!(report.format, EventFormat::Csv);
    assert_eq!(events[0], owned("a", "x, y", Some(1_704_067_200), None));
    assert_eq!(events[1], owned("b", "z", Some(1_704_067_200), None));
}

#[test]
fn columns_can_be_named() {
    let columns = EventColumns {
        listener: Some("playlist".to_owned()),
        item: Some("Song".to_owned()),
        ..EventColumns::default()
    };
    let (_, events) = read_as("playlist,song,rating\np,s,2\n", None, &columns).unwrap();
    assert_eq!(events, [owned("p", "s", None, Some(2.0))]);
    let missing = EventColumns { item: Some("tune".to_owned()), ..EventColumns::default() };
    let error = read_as("user,song\np,s\n", Some(EventFormat::Csv), &missing).unwrap_err();
    assert!(error.to_string().contains("`tune`"), "{error}");
}

#[test]
fn rows_that_are_no_event_are_counted_and_the_first_is_named() {
    let (report, events) = read("user,item,time\na,x,5\nb,,6\nc,z,soon\nd,w\n");
    assert_eq!((events.len(), report.dropped, report.first_dropped), (1, 3, Some(3)));
}

#[test]
fn parquet_is_read_like_its_csv() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../ingest/tests/fixtures/interactions.parquet");
    let columns = EventColumns { item: Some("track_id".to_owned()), ..EventColumns::default() };
    let (report, events) = match read_path(&path, None, &columns) {
        Ok(read) => read,
        Err(error) => panic!("{error}"),
    };
    assert_eq!((report.format, report.rows), (EventFormat::Parquet, 3));
    assert!(events.iter().all(|event| event.0.starts_with('u') && event.2.is_some()), "{events:?}");
}

#[test]
fn what_is_no_file_of_events_says_so() {
    let error = read_as("{\"a\":1}", None, &EventColumns::default()).unwrap_err();
    assert!(matches!(error, IngestError::UnknownFormat { .. }), "{error}");
}

#[test]
fn every_unit_of_time_is_the_same_second() {
    for time in [
        "1700000000",
        "1700000000.25",
        "1700000000000",
        "1700000000000.0",
        "1.7e12",
        "1.7e9",
        "1700000000000000",
        "1700000000000000000",
        "1.7e18",
        "2023-11-14T22:13:20Z",
        "2023-11-14 22:13:20 UTC",
        "2023-11-14 23:13:20+01:00",
    ] {
        let (report, events) = read(&format!("user,item,timestamp\nann,x,{time}\n"));
        assert_eq!(events, [owned("ann", "x", Some(1_700_000_000), None)], "{time}");
        assert_eq!(report.dropped, 0);
        let (_, events) =
            read(&format!("user:token\titem:token\ttimestamp:float\nann\tx\t{time}\n"));
        assert_eq!(events, [owned("ann", "x", Some(1_700_000_000), None)], "{time}");
    }
    let (_, events) = read("user,item,timestamp\nann,x,17\nann,y,4.0\n");
    assert_eq!(events[0].2, Some(17), "a number of the row stays what it is");
    assert_eq!(events[1].2, Some(4));
}

/// A file of one event whose time is in a column of this logical type.
fn parquet_of(unit: TimeUnit, time: i64) -> Vec<u8> {
    let column = |name: &str, logical: Option<LogicalType>| {
        let column = Type::primitive_type_builder(name, PhysicalType::INT64);
        let column = column.with_logical_type(logical).with_repetition(Repetition::REQUIRED);
        Arc::new(column.build().unwrap())
    };
    let columns = vec![
        column("user", None),
        column("item", None),
        column("timestamp", Some(LogicalType::timestamp(true, unit))),
    ];
    let schema = Type::group_type_builder("events").with_fields(columns).build().unwrap();
    let mut content = Vec::new();
    let mut file =
        SerializedFileWriter::new(&mut content, Arc::new(schema), Default::default()).unwrap();
    let mut rows = file.next_row_group().unwrap();
    for value in [1, 2, time] {
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[value], None, None).unwrap();
        column.close().unwrap();
    }
    rows.close().unwrap();
    file.close().unwrap();
    content
}

#[test]
fn the_type_of_a_column_states_its_unit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.parquet");
    for (unit, time, second) in [
        (TimeUnit::MILLIS, 1_700_000_000_123, 1_700_000_000),
        (TimeUnit::MICROS, 1_700_000_000_123_456, 1_700_000_000),
        (TimeUnit::NANOS, 1_700_000_000_123_456_789, 1_700_000_000),
        (TimeUnit::MILLIS, 5_000, 5),
        (TimeUnit::NANOS, 86_400_000_000_000, 86_400),
    ] {
        std::fs::write(&path, parquet_of(unit, time)).unwrap();
        let (_, events) = read_path(&path, None, &EventColumns::default()).unwrap();
        assert_eq!(events, [owned("1", "2", Some(second), None)], "{unit:?}");
    }
}

#[test]
fn a_blank_weight_drops_no_row() {
    let (report, events) =
        read("user,item,rating,timestamp\nann,x,3,1700000000\nann,y,,1700000001\nben,x,soon,17\n");
    assert_eq!(
        events,
        [
            owned("ann", "x", Some(1_700_000_000), Some(3.0)),
            owned("ann", "y", Some(1_700_000_001), None)
        ]
    );
    assert_eq!((report.unweighted, report.dropped, report.first_dropped), (1, 1, Some(4)));
}

/// A table of plays in which the items of some rows, counted from 0, open a quote.
fn plays(open: &[usize], delimiter: char) -> String {
    let row = |i: usize| {
        let quote = if open.contains(&i) { "\"" } else { "" };
        format!("vera,harbour,{quote}tide {i},{}\n", 1_700_000_000 + i)
    };
    let rows: String = (0..100).map(row).collect();
    format!("user,album,track,timestamp\n{rows}").replace(',', &delimiter.to_string())
}

#[test]
fn open_quotes_swallow_no_event() {
    for open in [&[20][..], &[20, 60], &[20, 21], &[99]] {
        for delimiter in [',', ';', '\t', '|'] {
            let (report, events) = read(&plays(open, delimiter));
            assert_eq!((report.rows, report.events), (100, 100), "{open:?} {delimiter}");
            for (i, event) in events.iter().enumerate() {
                let quote = if open.contains(&i) { "\"" } else { "" };
                let second = Some(1_700_000_000 + i as i64);
                assert_eq!(*event, owned("vera", &format!("{quote}tide {i}"), second, None));
            }
        }
    }
}

#[test]
fn quotes_that_close_are_no_part_of_an_item() {
    let (report, events) = read(
        "user,track,timestamp\nvera,\"tide, ebb\",1700000000\nvera,\"sand\nsea\",1700000001\n\
         vera,12\" mix,1700000002\nvera,soon,soon\n",
    );
    let items: Vec<&str> = events.iter().map(|(_, item, ..)| item.as_str()).collect();
    assert_eq!(items, ["tide, ebb", "sand\nsea", "12\" mix"]);
    assert_eq!((report.dropped, report.first_dropped), (1, Some(6)), "lines are counted, not rows");
}

#[test]
fn open_quotes_swallow_no_item_of_a_table_of_features() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("features.csv");
    let row = |i: usize| {
        let quote = if [20, 60].contains(&i) { "\"" } else { "" };
        format!("{i},{quote}tide {i},0.5\n")
    };
    let rows: String = (0..100).map(row).collect();
    std::fs::write(&path, format!("item,title,energy\n{rows}")).unwrap();
    let mut items = Vec::new();
    read_features(&path, &EventColumns::default(), &mut |item, _| items.push(item.to_owned()))
        .unwrap();
    assert_eq!(items, (0..100).map(|i| i.to_string()).collect::<Vec<_>>());
}
