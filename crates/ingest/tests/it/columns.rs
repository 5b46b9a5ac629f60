//! Named columns, every row of which counts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::data_type::{DoubleType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use segue_ingest::IngestError;
use segue_ingest::columns::{ColumnPresence, WantedColumn, read_columns};

type Rows = Vec<(String, Option<String>)>;

fn wanted(named: Option<&str>) -> [WantedColumn<'_>; 2] {
    [
        WantedColumn {
            what: "the action",
            named: None,
            usual: &["itemid"],
            presence: ColumnPresence::Required,
        },
        WantedColumn {
            what: "the share",
            named,
            usual: &["share"],
            presence: ColumnPresence::Optional,
        },
    ]
}

fn read_path(path: &Path, named: Option<&str>) -> Result<Rows, IngestError> {
    let mut rows = Vec::new();
    read_columns(path, &wanted(named), &mut |cells| {
        let action = cells[0].ok_or("the action is empty")?;
        rows.push((action.to_owned(), cells[1].map(str::to_owned)));
        Ok(())
    })?;
    Ok(rows)
}

fn read(content: &str, named: Option<&str>) -> Result<Rows, IngestError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    std::fs::write(&path, content).unwrap();
    read_path(&path, named)
}

fn row(action: &str, share: Option<&str>) -> (String, Option<String>) {
    (action.to_owned(), share.map(str::to_owned))
}

#[test]
fn columns_are_found_by_usual_names_or_by_the_one_given() {
    let found = read("Item ID,other,share\n a ,1,0.5\nb,2,\n", None).unwrap();
    assert_eq!(found, [row("a", Some("0.5")), row("b", None)]);
    assert_eq!(read("item_id;Other\na;7\n", Some("other")).unwrap(), [row("a", Some("7"))]);
    assert_eq!(read("item_id\na\n", None).unwrap(), [row("a", None)]);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let problem = |content: &str, named| read(content, named).unwrap_err().to_string();
    assert!(problem("item_id,share\na,1\n,2\n", None).ends_with("line 3: the action is empty"));
    assert!(
        problem("item_id,share\na,1\nb\n", None).ends_with("line 3: 1 cells under a header of 2")
    );
    assert!(
        problem("share\n1\n", None)
            .ends_with("line 1: no column for the action among share; name it")
    );
    assert!(
        problem("item_id\na\n", Some("x")).ends_with("line 1: no column `x`, there are item_id")
    );
    assert!(problem("", None).ends_with("the file is empty"));
}

#[test]
fn parquet_gives_numbers_back_to_the_last_digit() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("log.parquet");
    let schema =
        "message log { required int64 item_id; required int64 unused; required double share; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let shares = [1.0 / 34.0, 1e-7, 1.0];
    for column in 0..3 {
        let mut column_writer = group.next_column().unwrap().unwrap();
        match column {
            2 => column_writer.typed::<DoubleType>().write_batch(&shares, None, None).unwrap(),
            _ => column_writer.typed::<Int64Type>().write_batch(&[4, 5, 6], None, None).unwrap(),
        };
        column_writer.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();

    let rows = read_path(&path, None).unwrap();
    assert_eq!(rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(), ["4", "5", "6"]);
    let read: Vec<f64> = rows.iter().map(|row| row.1.as_ref().unwrap().parse().unwrap()).collect();
    assert_eq!(read, shares);
    assert!(read_path(&path, Some("x")).unwrap_err().to_string().contains("no column `x`"));

    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(read_path(&path, None), Err(IngestError::Malformed { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_rows_or_an_error(
        magic in any::<bool>(),
        content in prop::collection::vec(
            prop_oneof![Just(b'\n'), Just(b','), Just(b'"'), Just(b'1'), any::<u8>()],
            0..200,
        ),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let beginning: &[u8] = if magic { b"PAR1" } else { b"item_id,share\n" };
        std::fs::write(&path, [beginning, &content].concat()).unwrap();
        if let Ok(rows) = read_path(&path, None) {
            prop_assert!(!magic && rows.iter().all(|row| !row.0.is_empty()));
        }
    }
}
