//! Events as Parquet, through the row interface: what Arrow would add to the build is
//! not needed here.

use std::borrow::Cow;
use std::fs::File;

use parquet::record::Field;
use parquet::schema::types::{Type, TypePtr};

use super::{Account, EventColumns, EventRow, Places, parse_second};
use segue_ingest::IngestError;
use segue_ingest::parts::{ParquetFile, moment_of, written};

/// Reads the columns that matter, and only those.
pub(super) fn read(
    file: File,
    columns: &EventColumns,
    account: &mut Account<'_>,
) -> Result<(), IngestError> {
    let path = account.path.to_owned();
    let malformed = |problem| IngestError::Malformed { path: path.clone(), line: 0, problem };
    let file = ParquetFile::open(file, &path)?;
    let names = file.schema().get_fields().iter().map(|field| field.name());
    let places = Places::find(names, columns).map_err(malformed)?;
    let (projection, places) = project(file.schema(), places).map_err(malformed)?;
    file.read(&path, &projection, &mut |row| {
        let fields: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
        take(&fields, projection.get_fields(), &places, account)
    })
}

/// The columns in use, and where each is found among them.
fn project(schema: &Type, places: Places) -> Result<(Type, Places), String> {
    let mut kept: Vec<usize> =
        [Some(places.listener), Some(places.item), places.time, places.weight]
            .into_iter()
            .flatten()
            .collect();
    kept.sort_unstable();
    kept.dedup();
    let fields: Vec<TypePtr> =
        kept.iter().map(|&field| schema.get_fields()[field].clone()).collect();
    let place = |column: usize| {
        kept.iter().position(|&field| field == column).expect("every column in use is kept")
    };
    let places = Places {
        listener: place(places.listener),
        item: place(places.item),
        time: places.time.map(place),
        weight: places.weight.map(place),
    };
    let projection = Type::group_type_builder(schema.name()).with_fields(fields).build();
    Ok((projection.map_err(|error| error.to_string())?, places))
}

fn take(
    fields: &[&Field],
    columns: &[TypePtr],
    places: &Places,
    account: &mut Account<'_>,
) -> Result<(), IngestError> {
    let (listener, item) = (name(fields[places.listener]), name(fields[places.item]));
    let second = places.time.map(|place| second(fields[place], &columns[place]));
    let weight = places.weight.map(|place| fields[place]).filter(|field| !is_blank(field));
    let weight = weight.map(weight_of);
    if listener.is_empty() || item.is_empty() || second == Some(None) || weight == Some(None) {
        account.drop_row(account.report.rows + 1);
        return Ok(());
    }
    let (second, weight) = (second.flatten(), weight.flatten());
    account.accept_of(EventRow { listener: &listener, item: &item, second, weight }, places)
}

fn is_blank(field: &Field) -> bool {
    match field {
        Field::Null => true,
        Field::Float(weight) => weight.is_nan(),
        Field::Double(weight) => weight.is_nan(),
        _ => false,
    }
}

fn name(field: &Field) -> Cow<'_, str> {
    match field {
        Field::Str(text) => Cow::Borrowed(text),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()),
        Field::Null | Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => {
            Cow::Borrowed("")
        }
        number => Cow::Owned(written(number)),
    }
}

/// A time by the type of its column, which states the unit; only plain numbers are guessed at.
fn second(field: &Field, column: &Type) -> Option<i64> {
    match moment_of(field, column) {
        Some(moment) => Some(moment.as_second()),
        None => parse_second(&name(field)),
    }
}

fn weight_of(field: &Field) -> Option<f32> {
    match field {
        Field::Float(weight) => Some(*weight),
        Field::Double(weight) => Some(*weight as f32),
        other => name(other).parse().ok(),
    }
    .filter(|weight| weight.is_finite())
}
