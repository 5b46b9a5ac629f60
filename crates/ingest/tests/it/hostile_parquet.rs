//! Parquet files of a few kilobytes that would take gigabytes of memory end in an account that says
//! which limit they met.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use segue_ingest::parts::{Batch, CellKind, ParquetFile};
use segue_ingest::{DropReason, FileReport, ImportLimits, ImportOptions, IngestError};

use crate::support::{Memory, options, try_import};

const PLAIN: &str = "message plays {
    required binary user_id (UTF8);
    required binary track_name (UTF8);
    required binary artist_name (UTF8);
}";

/// A column beside that of the listener: its values, and for each how deep it is defined and
/// repeated, where it is a list.
struct Column<'v> {
    values: Vec<&'v [u8]>,
    levels: Option<(Vec<i16>, Vec<i16>)>,
}

impl<'v> Column<'v> {
    fn of(values: Vec<&'v [u8]>) -> Self {
        Self { values, levels: None }
    }
}

fn properties() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()))
}

fn write(path: &Path, schema: &str, properties: WriterProperties, columns: &[Column<'_>]) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let listeners = columns[0].values.iter().map(|_| &b"ann"[..]).collect();
    for Column { values, levels } in std::iter::once(&Column::of(listeners)).chain(columns) {
        let values: Vec<ByteArray> = values.iter().map(|value| value.to_vec().into()).collect();
        let (defined, repeated) = levels
            .as_ref()
            .map_or((None, None), |(defined, repeated)| (Some(&defined[..]), Some(&repeated[..])));
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&values, defined, repeated).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

fn read(
    schema: &str,
    properties: WriterProperties,
    columns: &[Column<'_>],
    options: &ImportOptions,
) -> (FileReport, Memory) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.parquet");
    write(&path, schema, properties, columns);
    assert!(path.metadata().unwrap().len() < 200_000, "it is small as long as it is packed");
    let (report, memory) = try_import(&path, options);
    (report.unwrap().files.remove(0), memory)
}

fn note(report: &FileReport) -> &str {
    assert!(report.incomplete, "{report:?}");
    report.note.as_deref().unwrap()
}

#[test]
fn a_value_that_unpacks_to_200_megabytes_is_refused() {
    let title = vec![b'x'; 200 << 20];
    let columns = [Column::of(vec![&title]), Column::of(vec![b"Anna Ash"])];
    let properties = properties().set_dictionary_enabled(false).build();
    let (report, memory) = read(PLAIN, properties, &columns, &options());
    assert!(note(&report).contains("what its pages unpack to exceeds the limit of 128 MiB"));
    assert!(memory.records.is_empty());
}

#[test]
fn columns_that_together_unpack_to_200_megabytes_are_refused() {
    let text = vec![b'x'; 100 << 20];
    let columns = [Column::of(vec![&text]), Column::of(vec![&text])];
    let properties = properties().set_dictionary_enabled(false).build();
    let (report, _) = read(PLAIN, properties, &columns, &options());
    assert!(note(&report).contains("what its pages unpack to exceeds the limit of 128 MiB"));
}

#[test]
fn a_list_of_eight_million_artists_is_refused() {
    let schema = "message plays {
        required binary user_id (UTF8);
        required binary track_name (UTF8);
        required group artists (LIST) { repeated group list { required binary item (UTF8); } }
    }";
    let items = 8 << 20;
    let repeated = (0..items).map(|item| i16::from(item > 0)).collect();
    let artists = Column {
        values: vec![b"A"; items as usize],
        levels: Some((vec![1; items as usize], repeated)),
    };
    let columns = [Column::of(vec![b"Song"]), artists];
    let (report, memory) = read(schema, properties().build(), &columns, &options());
    assert!(note(&report).contains("a list in a row exceeds the limit of 256 MiB"));
    assert!(memory.records.is_empty());
}

/// Reads the titles of a file in batches, and counts them.
fn read_titles(properties: WriterProperties, titles: Vec<&[u8]>) -> Result<usize, IngestError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.parquet");
    let artists = vec![&b"A"[..]; titles.len()];
    write(&path, PLAIN, properties, &[Column::of(titles), Column::of(artists)]);
    let file = ParquetFile::open(std::fs::File::open(&path).unwrap(), &path).unwrap();
    let mut rows = 0;
    file.read_batches(&path, &[("track_name", CellKind::Text)], &mut |batch: &Batch| {
        rows += (0..batch.rows()).filter(|&row| batch.text(0, row).is_some()).count();
        Ok::<_, IngestError>(())
    })?;
    Ok(rows)
}

#[test]
fn pages_that_one_batch_would_hold_all_at_once_are_refused() {
    let title = vec![b'x'; 4 << 20];
    let paged = || {
        let properties = properties().set_dictionary_enabled(false).set_write_batch_size(1);
        properties.set_data_page_size_limit(1 << 20).build()
    };
    assert_eq!(read_titles(paged(), vec![&title; 50]).unwrap(), 50);
    let error = read_titles(paged(), vec![&title; 80]).unwrap_err();
    let expected = "what some thousand rows unpack to exceeds the limit of 256 MiB";
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn a_column_of_another_type_than_wanted_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.parquet");
    write(&path, PLAIN, properties().build(), &[Column::of(vec![b"A"]), Column::of(vec![b"B"])]);
    let file = ParquetFile::open(std::fs::File::open(&path).unwrap(), &path).unwrap();
    let mut take = |_: &Batch| Ok::<_, IngestError>(());
    let error = file.read_batches(&path, &[("user_id", CellKind::Integer)], &mut take);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("the column `user_id` is BYTE_ARRAY"), "{error}");
}

#[test]
fn text_whose_lengths_no_header_tells_is_refused() {
    for encoding in [Encoding::DELTA_BYTE_ARRAY, Encoding::DELTA_LENGTH_BYTE_ARRAY] {
        let properties = properties().set_dictionary_enabled(false).set_encoding(encoding).build();
        let columns = [Column::of(vec![b"Song"]), Column::of(vec![b"Anna Ash"])];
        let (report, _) = read(PLAIN, properties, &columns, &options());
        assert!(note(&report).contains("delta encoding"), "{report:?}");
    }
}

#[test]
fn a_file_of_more_rows_than_allowed_keeps_those_before() {
    let columns = [Column::of(vec![b"Song"; 50_000]), Column::of(vec![b"Anna Ash"; 50_000])];
    let limits = ImportLimits { rows: 1_000, ..ImportLimits::default() };
    let options = ImportOptions { limits, ..options() };
    let (report, memory) = read(PLAIN, properties().build(), &columns, &options);
    assert!(note(&report).contains("the number of rows exceeds the limit of 1000"));
    assert_eq!((report.kept(), memory.records.len()), (1_000, 1_000));
}

#[test]
fn names_longer_than_anything_real_cost_their_row() {
    let long = vec![b'x'; 600];
    let columns = [
        Column::of(vec![b"Song", &long, b"Song", b"Last"]),
        Column::of(vec![b"Anna Ash", b"Anna Ash", &long, b"Anna Ash"]),
    ];
    let (report, memory) = read(PLAIN, properties().build(), &columns, &options());
    assert!(!report.incomplete && report.adds_up(), "{report:?}");
    assert_eq!(report.dropped[&DropReason::NameTooLong], 2);
    let titles: Vec<_> = memory.tracks().iter().map(|track| track.title.as_str()).collect();
    assert_eq!(titles, ["Song", "Last"]);
}

#[test]
fn every_codec_is_read() {
    for codec in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let properties = WriterProperties::builder()
                .set_compression(codec)
                .set_writer_version(version)
                .set_encoding(Encoding::PLAIN)
                .build();
            let columns =
                [Column::of(vec![b"Tide"; 5_000]), Column::of(vec![b"Vera Vinter"; 5_000])];
            let (report, memory) = read(PLAIN, properties, &columns, &options());
            assert_eq!((report.listens, report.note), (5_000, None), "{codec:?} {version:?}");
            assert_eq!(memory.tracks()[4_999].title, "Tide");
        }
    }
}

#[test]
fn a_page_that_unpacks_to_more_than_it_says_is_refused() {
    for codec in
        [Compression::GZIP(GzipLevel::default()), Compression::BROTLI(BrotliLevel::default())]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plays.parquet");
        let title = vec![b'x'; 100_000];
        let properties = WriterProperties::builder()
            .set_compression(codec)
            .set_dictionary_enabled(false)
            .build();
        let columns = [Column::of(vec![&title]), Column::of(vec![b"Vera"])];
        write(&path, PLAIN, properties, &columns);
        let mut bytes = std::fs::read(&path).unwrap();
        // The size in the header of the page, as a number in zigzag and groups of seven bits.
        let size = |bytes: u32| {
            let twice = bytes * 2;
            [twice as u8 | 0x80, (twice >> 7) as u8 | 0x80, (twice >> 14) as u8]
        };
        let declared = size(100_004);
        let at = bytes.windows(3).position(|found| found == declared).unwrap();
        bytes[at..at + 3].copy_from_slice(&size(90_000));
        std::fs::write(&path, bytes).unwrap();
        let (report, memory) = try_import(&path, &options());
        let report = report.unwrap().files.remove(0);
        assert!(note(&report).contains("a page is not what its header says"), "{codec:?}");
        assert!(memory.records.is_empty());
    }
}
