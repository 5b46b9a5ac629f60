//! Listens as Parquet, member after member of a tar that is not packed.
//!
//! The layout is that of ListenBrainz's own files: its columns in its order, moments as INT96,
//! artists as a list, row groups of a million.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type, Int96, Int96Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::archive::{add_member, finish};
use super::listens::{PlantedListen, PlantedListens};
use super::planted::{Kind, PlantedWorld};

const SCHEMA: &str = "message schema {
    required int96 listened_at;
    required int96 created;
    required int64 user_id;
    required binary recording_msid (UTF8);
    required binary artist_name (UTF8);
    optional int64 artist_credit_id;
    optional binary release_name (UTF8);
    optional binary release_mbid (UTF8);
    required binary recording_name (UTF8);
    optional binary recording_mbid (UTF8);
    optional group artist_credit_mbids (LIST) {
        repeated group list { optional binary element (UTF8); }
    }
}";
/// Rows that are written at a time.
const ROWS_A_BATCH: usize = 4096;
const SECONDS_A_DAY: i64 = 86_400;
/// The first day of 1970, as INT96 counts days.
const EPOCH_JULIAN_DAY: i64 = 2_440_588;

/// Writes the listens of a world as ListenBrainz's tar of Parquet: `0.parquet`, `1.parquet` and so
/// on, in order of time.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write_parquet_tar(world: &PlantedWorld, out: &mut dyn Write) -> io::Result<()> {
    let mut listens = PlantedListens::new(*world);
    for number in 0.. {
        let rows: Vec<PlantedListen> =
            listens.by_ref().take(world.config.rows_a_member.max(1)).collect();
        if rows.is_empty() {
            break;
        }
        let content = member(world, &rows)?;
        let name = format!("{number}.parquet");
        add_member(out, &name, content.len() as u64, &mut |out| out.write_all(&content))?;
    }
    finish(out)
}

/// These listens as a Parquet file.
///
/// # Errors
/// Never in practice: memory takes what is written.
pub fn member(world: &PlantedWorld, listens: &[PlantedListen]) -> io::Result<Vec<u8>> {
    write_file(world, listens).map_err(io::Error::other)
}

fn write_file(world: &PlantedWorld, listens: &[PlantedListen]) -> Result<Vec<u8>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by("parquet-cpp-arrow version 14.0.1".to_owned())
        .build();
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    for listens in listens.chunks(world.config.rows_a_group) {
        let mut group = file.next_row_group()?;
        write_columns(world, listens, &mut group)?;
        group.close()?;
    }
    file.into_inner()
}

type Group<'g> = SerializedRowGroupWriter<'g, Vec<u8>>;

/// Which columns follow each other is told by the schema.
fn write_columns(
    world: &PlantedWorld,
    listens: &[PlantedListen],
    group: &mut Group<'_>,
) -> Result<()> {
    let w = world;
    let is_known = |listen: &PlantedListen| listen.has_mbid(w);
    let names = |listen: &PlantedListen| listen.spelling().of(&w.recording(listen.recording));
    write_required::<Int96Type>(group, listens, &|listen| moment(listen.at_s))?;
    write_required::<Int96Type>(group, listens, &|listen| moment(listen.at_s + 7))?;
    write_required::<Int64Type>(group, listens, &|listen| i64::from(listen.user))?;
    write_required::<ByteArrayType>(group, listens, &|listen| {
        let (artist, title) = names(listen);
        text(w.msid(&artist, &title))
    })?;
    write_required::<ByteArrayType>(group, listens, &|listen| text(names(listen).0))?;
    write_optional::<Int64Type>(group, listens, &|listen| {
        is_known(listen).then(|| i64::from(w.artists_of(listen.recording)[0]) + 1)
    })?;
    write_optional::<ByteArrayType>(group, listens, &|listen| {
        Some(text(w.release_name(w.release_of(listen.recording))))
    })?;
    write_optional::<ByteArrayType>(group, listens, &|listen| {
        let release = w.release_of(listen.recording);
        is_known(listen).then(|| text(w.mbid(Kind::Release, release)))
    })?;
    write_required::<ByteArrayType>(group, listens, &|listen| text(names(listen).1))?;
    write_optional::<ByteArrayType>(group, listens, &|listen| {
        let recording = w.recording(listen.recording);
        listen.identified(w).mbid(&recording).map(|mbid| text(mbid.to_owned()))
    })?;
    write_artists(group, listens, w)
}

fn text(text: String) -> ByteArray {
    ByteArray::from(text.into_bytes())
}

fn moment(at_s: i64) -> Int96 {
    let nanoseconds = at_s.rem_euclid(SECONDS_A_DAY) * 1_000_000_000;
    let day = at_s.div_euclid(SECONDS_A_DAY) + EPOCH_JULIAN_DAY;
    Int96::from(vec![nanoseconds as u32, (nanoseconds >> 32) as u32, day as u32])
}

fn write_required<T: DataType>(
    group: &mut Group<'_>,
    listens: &[PlantedListen],
    cell: &dyn Fn(&PlantedListen) -> T::T,
) -> Result<()> {
    let mut column = group.next_column()?.expect("the schema has this column");
    for listens in listens.chunks(ROWS_A_BATCH) {
        let values: Vec<T::T> = listens.iter().map(cell).collect();
        column.typed::<T>().write_batch(&values, None, None)?;
    }
    column.close()
}

fn write_optional<T: DataType>(
    group: &mut Group<'_>,
    listens: &[PlantedListen],
    cell: &dyn Fn(&PlantedListen) -> Option<T::T>,
) -> Result<()> {
    let mut column = group.next_column()?.expect("the schema has this column");
    for listens in listens.chunks(ROWS_A_BATCH) {
        let cells: Vec<Option<T::T>> = listens.iter().map(cell).collect();
        let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
        let values: Vec<T::T> = cells.into_iter().flatten().collect();
        column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    }
    column.close()
}

/// The list of artists: level 3 is an artist, level 0 a row without a list.
fn write_artists(
    group: &mut Group<'_>,
    listens: &[PlantedListen],
    world: &PlantedWorld,
) -> Result<()> {
    let mut column = group.next_column()?.expect("the schema has this column");
    for listens in listens.chunks(ROWS_A_BATCH) {
        let (mut values, mut levels, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
        for listen in listens {
            if !listen.has_mbid(world) {
                levels.push(0);
                repeated.push(0);
                continue;
            }
            for (at, artist) in world.artists_of(listen.recording).into_iter().enumerate() {
                values.push(text(world.mbid(Kind::Artist, artist)));
                levels.push(3);
                repeated.push(i16::from(at > 0));
            }
        }
        column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), Some(&repeated))?;
    }
    column.close()
}
