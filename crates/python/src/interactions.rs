//! Interactions out of Python, as recommenders learn from them: a sparse matrix, or a frame.
//!
//! Arrays and columns are read where they lie, and what is read is written once, into the columns
//! of [`Interactions`]: 4 bytes an item, 4 a value, 8 a time. Nothing else is copied, but for
//! values that are no `float32`, and matrices that are not in compressed rows.

use std::fmt::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayAccessor, LargeStringArray, RecordBatch, StringArray, StringViewArray,
};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use rustc_hash::FxHashMap;
use segue_engine::ItemIdx;
use segue_engine::dataset::interactions::{Interactions, InteractionsBuilder, KCore, Seconds};

use crate::error::Failure;

/// An item as Python names it: a whole number or a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, FromPyObject, IntoPyObject)]
pub(crate) enum Item {
    /// A column of a matrix, or the number that a frame has for it.
    Number(i64),
    /// The text that a frame has for it.
    Text(String),
}

/// Which item each row of a model is.
pub(crate) enum Vocabulary {
    /// The columns of a matrix, of which there are so many.
    Columns(usize),
    /// The items of a frame, in the order in which they first came.
    Named {
        /// By row.
        items: Vec<Item>,
        /// The row of each.
        rows: FxHashMap<Item, u32>,
    },
}

impl Vocabulary {
    /// The row of an item; `None` where nobody in training had it.
    pub(crate) fn row(&self, item: &Item) -> Option<ItemIdx> {
        match (self, item) {
            (Self::Columns(count), Item::Number(column)) => {
                let row = usize::try_from(*column).ok().filter(|row| row < count)?;
                Some(ItemIdx(row as u32))
            }
            (Self::Columns(_), Item::Text(_)) => None,
            (Self::Named { rows, .. }, item) => rows.get(item).copied().map(ItemIdx),
        }
    }

    /// The item of a row.
    pub(crate) fn item(&self, row: ItemIdx) -> Item {
        match self {
            Self::Columns(_) => Item::Number(i64::from(row.0)),
            Self::Named { items, .. } => items[row.row()].clone(),
        }
    }

    fn of_frame(interactions: &Interactions, is_text: bool) -> Result<Self, Failure> {
        let item = |row: u32| {
            let name = interactions.item_name(ItemIdx(row));
            match is_text {
                true => Ok(Item::Text(name.to_owned())),
                false => name.parse().map(Item::Number).map_err(|_| {
                    Failure::input(format!("item {name} is beyond what a whole number holds"))
                }),
            }
        };
        let items = (0..interactions.items() as u32).map(item).collect::<Result<Vec<_>, _>>()?;
        let rows = items.iter().cloned().zip(0..).collect();
        Ok(Self::Named { items, rows })
    }
}

/// Interactions, and which item each of their rows is.
pub(crate) struct Known {
    pub(crate) interactions: Interactions,
    pub(crate) vocabulary: Vocabulary,
}

impl Known {
    /// Reads a sparse matrix or a frame.
    pub(crate) fn read(object: &Bound<'_, PyAny>) -> Result<Self, Failure> {
        if let Some(matrix) = Matrix::of(object)? {
            let mut builder = InteractionsBuilder::default();
            let mut name = Name::default();
            for column in 0..matrix.columns {
                builder.know_item(name.number(column))?;
            }
            matrix.each(|listener, item, value| {
                Ok(builder.push_item(name.number(listener), item, None, Some(value))?)
            })?;
            let vocabulary = Vocabulary::Columns(matrix.columns);
            return Ok(Self { interactions: builder.build(KCore::default())?, vocabulary });
        }
        if object.hasattr("__arrow_c_stream__")? {
            let batches = batches(object)?;
            return object.py().detach(|| Self::of_frame(&batches));
        }
        Err(Failure::input(format!(
            "interactions are a scipy.sparse matrix, or a frame with the columns `user` and `item` \
             (pandas, polars, pyarrow, whatever has `__arrow_c_stream__`), not `{}`",
            object.get_type().name()?
        )))
    }

    fn of_frame(batches: &[RecordBatch]) -> Result<Self, Failure> {
        let mut builder = InteractionsBuilder::default();
        let (mut user, mut item) = (Name::default(), Name::default());
        let mut is_text = false;
        for batch in batches {
            let users = Names::of(required(batch, "user")?, "user")?;
            let items = Names::of(required(batch, "item")?, "item")?;
            is_text = items.is_text();
            let times = column(batch, "timestamp")?.map(seconds).transpose()?;
            let values = column(batch, "value")?.map(|values| numbers(values, "value"));
            let values = values.transpose()?;
            for row in 0..batch.num_rows() {
                let time = times.as_ref().map(|times| times(row));
                let value = values.as_ref().map(|values| values(row) as f32);
                builder.push(
                    users.name(row, &mut user),
                    items.name(row, &mut item),
                    time,
                    value,
                )?;
            }
        }
        let interactions = builder.build(KCore::default())?;
        let vocabulary = Vocabulary::of_frame(&interactions, is_text)?;
        Ok(Self { interactions, vocabulary })
    }
}

/// A text that numbers are written into.
#[derive(Default)]
struct Name(String);

impl Name {
    fn number(&mut self, number: impl std::fmt::Display) -> &str {
        self.0.clear();
        write!(self.0, "{number}").expect("a text can be written to");
        &self.0
    }
}

/// A matrix in compressed rows, as SciPy holds it.
pub(crate) struct Matrix<'py> {
    offsets: Whole<'py>,
    indices: Whole<'py>,
    values: PyReadonlyArray1<'py, f32>,
    /// How many columns it has.
    pub(crate) columns: usize,
}

/// Whole numbers of either width that SciPy chooses.
#[derive(FromPyObject)]
enum Whole<'py> {
    Short(PyReadonlyArray1<'py, i32>),
    Long(PyReadonlyArray1<'py, i64>),
}

impl Whole<'_> {
    fn to_slice(&self) -> Result<WholeSlice<'_>, Failure> {
        let scattered = |_| Failure::input("the arrays of a matrix have to be contiguous");
        match self {
            Self::Short(array) => Ok(WholeSlice::Short(array.as_slice().map_err(scattered)?)),
            Self::Long(array) => Ok(WholeSlice::Long(array.as_slice().map_err(scattered)?)),
        }
    }
}

#[derive(Clone, Copy)]
enum WholeSlice<'a> {
    Short(&'a [i32]),
    Long(&'a [i64]),
}

impl WholeSlice<'_> {
    fn len(self) -> usize {
        match self {
            Self::Short(values) => values.len(),
            Self::Long(values) => values.len(),
        }
    }

    /// The number at a place, if it is one of `0..below`.
    fn at(self, place: usize, below: usize) -> Result<usize, Failure> {
        let found = match self {
            Self::Short(values) => i64::from(values[place]),
            Self::Long(values) => values[place],
        };
        usize::try_from(found).ok().filter(|&found| found < below).ok_or_else(|| {
            let last = below.saturating_sub(1);
            Failure::input(format!("the matrix points to {found}, where it has 0 to {last}"))
        })
    }
}

impl<'py> Matrix<'py> {
    /// The matrix that a Python object is; `None` if it is none.
    pub(crate) fn of(object: &Bound<'py, PyAny>) -> Result<Option<Self>, Failure> {
        if !object.hasattr("tocsr")? {
            return Ok(None);
        }
        // One that is in compressed rows is returned as it is.
        let mut object = object.call_method0("tocsr")?;
        if !object.getattr("has_canonical_format")?.extract::<bool>()? {
            // Entries at one place mean their sum.
            object = object.call_method0("copy")?;
            object.call_method0("sum_duplicates")?;
        }
        let values = object.getattr("data")?;
        let values = match values.extract() {
            Ok(values) => values,
            Err(_) => values.call_method1("astype", ("float32",))?.extract()?,
        };
        let (_, columns): (usize, usize) = object.getattr("shape")?.extract()?;
        let offsets = object.getattr("indptr")?.extract()?;
        let indices = object.getattr("indices")?.extract()?;
        Ok(Some(Self { offsets, indices, values, columns }))
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> Result<usize, Failure> {
        Ok(self.offsets.to_slice()?.len().saturating_sub(1))
    }

    /// Hands on every entry that is not 0: row, column and value.
    pub(crate) fn each(
        &self,
        mut entry: impl FnMut(usize, ItemIdx, f32) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let (offsets, indices) = (self.offsets.to_slice()?, self.indices.to_slice()?);
        let values = self.values.as_slice().map_err(|error| Failure::input(error.to_string()))?;
        let entries = indices.len().min(values.len());
        for row in 0..self.rows()? {
            let [from, to] = [offsets.at(row, entries + 1)?, offsets.at(row + 1, entries + 1)?];
            let stored = values.get(from..to).ok_or_else(|| {
                Failure::input(format!("row {row} of the matrix ends before it begins"))
            })?;
            for (place, &value) in (from..to).zip(stored) {
                let column = indices.at(place, self.columns)?;
                if !value.is_finite() {
                    return Err(Failure::input(format!(
                        "the matrix holds {value} in row {row}, column {column}, expected finite \
                         numbers"
                    )));
                }
                if value != 0.0 {
                    entry(row, ItemIdx(column as u32), value)?;
                }
            }
        }
        Ok(())
    }
}

/// The batches of a frame, where they lie in memory.
fn batches(frame: &Bound<'_, PyAny>) -> Result<Vec<RecordBatch>, Failure> {
    const NAME: &std::ffi::CStr = c"arrow_array_stream";
    let capsule = frame.call_method0("__arrow_c_stream__")?;
    let capsule = capsule.cast::<PyCapsule>().map_err(PyErr::from)?;
    let pointer = capsule.pointer_checked(Some(NAME))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: a capsule of this name holds such a stream, by the Arrow PyCapsule interface. It is
    // moved out of the capsule, which is left with one that was released.
    #[allow(unsafe_code, reason = "the interface hands over a pointer")]
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
    let unreadable =
        |error: ArrowError| Failure::input(format!("the frame cannot be read: {error}"));
    let reader = RecordBatchStreamReader::try_new(stream).map_err(unreadable)?;
    reader.collect::<Result<_, _>>().map_err(unreadable)
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<Option<&'a dyn Array>, Failure> {
    let Some(column) = batch.column_by_name(name) else { return Ok(None) };
    match column.logical_null_count() {
        0 => Ok(Some(column.as_ref())),
        empty => Err(Failure::input(format!("column `{name}` has {empty} rows without a value"))),
    }
}

fn required<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a dyn Array, Failure> {
    column(batch, name)?.ok_or_else(|| {
        let schema = batch.schema();
        let found: Vec<String> =
            schema.fields().iter().map(|field| format!("`{}`", field.name())).collect();
        Failure::input(format!("there is no column `{name}` among {}", found.join(", ")))
    })
}

/// Names of users or items, one a row.
enum Names<'a> {
    Short(&'a StringArray),
    Long(&'a LargeStringArray),
    View(&'a StringViewArray),
    Numbers(Reader<'a, i64>),
    /// A category a row.
    Coded {
        codes: Vec<usize>,
        names: Box<Names<'a>>,
    },
}

impl<'a> Names<'a> {
    fn of(array: &'a dyn Array, name: &str) -> Result<Self, Failure> {
        if let Some(texts) = array.as_string_opt::<i32>() {
            return Ok(Self::Short(texts));
        }
        if let Some(texts) = array.as_string_opt::<i64>() {
            return Ok(Self::Long(texts));
        }
        if let Some(texts) = array.as_string_view_opt() {
            return Ok(Self::View(texts));
        }
        if let Some(coded) = array.as_any_dictionary_opt() {
            let names = Box::new(Self::of(coded.values().as_ref(), name)?);
            // No row lacks a value, so that an empty dictionary is of no row.
            let codes = match array.is_empty() {
                true => Vec::new(),
                false => coded.normalized_keys(),
            };
            return Ok(Self::Coded { codes, names });
        }
        whole(array).map(Self::Numbers).ok_or_else(|| unfit(array, name, "text or whole numbers"))
    }

    fn is_text(&self) -> bool {
        match self {
            Self::Numbers(_) => false,
            Self::Coded { names, .. } => names.is_text(),
            _ => true,
        }
    }

    fn name<'b>(&'b self, row: usize, written: &'b mut Name) -> &'b str {
        match self {
            Self::Short(texts) => (*texts).value(row),
            Self::Long(texts) => (*texts).value(row),
            Self::View(texts) => texts.value(row),
            Self::Numbers(numbers) => written.number(numbers(row)),
            Self::Coded { codes, names } => names.name(codes[row], written),
        }
    }
}

fn unfit(array: &dyn Array, name: &str, expected: &str) -> Failure {
    Failure::input(format!("column `{name}` holds {}, expected {expected}", array.data_type()))
}

/// Reads the value of a row where it lies.
type Reader<'a, V> = Box<dyn Fn(usize) -> V + 'a>;

/// Reads an array of one type; `None` if it is of another, or holds what `V` cannot.
fn values<'a, T: ArrowPrimitiveType, V: TryFrom<T::Native> + Default>(
    array: &'a dyn Array,
) -> Option<Reader<'a, V>> {
    let values: &[T::Native] = array.as_primitive_opt::<T>()?.values();
    let fits = values.iter().all(|&value| V::try_from(value).is_ok());
    fits.then(|| -> Reader<'a, V> {
        Box::new(move |row| V::try_from(values[row]).unwrap_or_default())
    })
}

fn whole(array: &dyn Array) -> Option<Reader<'_, i64>> {
    values::<Int64Type, _>(array)
        .or_else(|| values::<Int32Type, _>(array))
        .or_else(|| values::<UInt32Type, _>(array))
        .or_else(|| values::<UInt64Type, _>(array))
        .or_else(|| values::<Int16Type, _>(array))
        .or_else(|| values::<UInt16Type, _>(array))
        .or_else(|| values::<Int8Type, _>(array))
        .or_else(|| values::<UInt8Type, _>(array))
}

fn numbers<'a>(array: &'a dyn Array, name: &str) -> Result<Reader<'a, f64>, Failure> {
    let floats = values::<Float64Type, _>(array).or_else(|| values::<Float32Type, _>(array));
    let whole = || -> Option<Reader<'a, f64>> {
        let whole = whole(array)?;
        Some(Box::new(move |row| whole(row) as f64))
    };
    let read = floats.or_else(whole).ok_or_else(|| unfit(array, name, "numbers"))?;
    // What is kept of a value is single precision.
    match (0..array.len()).find(|&row| !(read(row) as f32).is_finite()) {
        Some(row) => Err(Failure::input(format!(
            "column `{name}` holds {} in row {row}, expected finite numbers",
            read(row)
        ))),
        None => Ok(read),
    }
}

/// Moments: those of Arrow, or numbers of seconds since 1970 UTC.
fn seconds(array: &dyn Array) -> Result<Reader<'_, Seconds>, Failure> {
    let DataType::Timestamp(unit, _) = array.data_type() else {
        let seconds = numbers(array, "timestamp")?;
        return Ok(Box::new(move |row| Seconds(seconds(row) as i64)));
    };
    let (moments, per_second) = match unit {
        TimeUnit::Second => (values::<TimestampSecondType, i64>(array), 1),
        TimeUnit::Millisecond => (values::<TimestampMillisecondType, _>(array), 1_000),
        TimeUnit::Microsecond => (values::<TimestampMicrosecondType, _>(array), 1_000_000),
        TimeUnit::Nanosecond => (values::<TimestampNanosecondType, _>(array), 1_000_000_000),
    };
    let moments = moments.expect("the type of the array was just asked for");
    Ok(Box::new(move |row| Seconds(moments(row).div_euclid(per_second))))
}
