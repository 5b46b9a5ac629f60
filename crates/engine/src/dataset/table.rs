//! Plain columns: what a tabular model learns from, before any model decided how to encode it.
//!
//! A column says what its numbers *are* (a quantity, a point on a circle, one of a few names) and
//! nothing about how they enter a network; scaling and filling are fitted by the model on its
//! training rows only. Missing stays missing.

use segue_core::{AudioFeature, AudioFeatures};

/// Largest time signature that has a code of its own; longer bars share it.
const LONGEST_METRE: f32 = 7.0;

/// The values of one column, one per row, with what they mean: a model encodes a point on a circle
/// otherwise than a quantity.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// A quantity; NaN where it is missing.
    Numeric(Vec<f32>),
    /// A point on a circle, such as the pitch class of a key; NaN where it is missing.
    Circular {
        /// Where the circle closes: 12 for a key.
        period: f32,
        /// One value per row, from 0 to below the period; NaN where it is missing.
        values: Vec<f32>,
    },
    /// One of a few names; code 0 where it is missing.
    Categorical {
        /// Number of codes, 0 included; every code is smaller.
        cardinality: u32,
        /// One code per row, each below the cardinality; 0 where the name is missing.
        codes: Vec<u32>,
    },
}

impl Values {
    /// Number of rows in this column; all columns of a [`Table`] have the same.
    pub fn len(&self) -> usize {
        match self {
            Self::Numeric(values) | Self::Circular { values, .. } => values.len(),
            Self::Categorical { codes, .. } => codes.len(),
        }
    }

    /// Whether the column has no row, as in a table of no tracks.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numeric(values) => Self::Numeric(rows.iter().map(|&row| values[row]).collect()),
            Self::Circular { period, values } => Self::Circular {
                period: *period,
                values: rows.iter().map(|&row| values[row]).collect(),
            },
            Self::Categorical { cardinality, codes } => Self::Categorical {
                cardinality: *cardinality,
                codes: rows.iter().map(|&row| codes[row]).collect(),
            },
        }
    }

    /// A number that is equal for equal values, missing ones included.
    fn bits(&self, row: usize) -> u32 {
        let number =
            |value: f32| if value.is_nan() { f32::NAN.to_bits() } else { (value + 0.0).to_bits() };
        match self {
            Self::Numeric(values) | Self::Circular { values, .. } => number(values[row]),
            Self::Categorical { codes, .. } => codes[row],
        }
    }
}

/// One column of a [`Table`]: what is known of every row in one respect, such as its tempo.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name under which a saved model finds the column again; for audio features, that of
    /// [`AudioFeature::name`].
    pub name: String,
    /// The values, one per row, with what they mean: quantities, points on a circle, or names.
    pub values: Values,
}

/// Columns of equal length with a name each: what tabular models are fitted on and predict from. A
/// [`Classifier`](crate::classifier::Classifier) takes one row as one song.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    rows: usize,
    columns: Vec<Column>,
}

impl Table {
    /// A table of that many rows and no column yet; columns are [pushed](Self::push) one after
    /// another.
    pub fn new(rows: usize) -> Self {
        Self { rows, columns: Vec::new() }
    }

    /// The thirteen audio features, one row per track: ten quantities, the key on its circle, mode
    /// and metre as names. A feature that is not known is missing in its column, never guessed.
    pub fn from_audio<'a>(tracks: impl IntoIterator<Item = &'a AudioFeatures>) -> Self {
        let tracks: Vec<&AudioFeatures> = tracks.into_iter().collect();
        let column = |feature: AudioFeature| -> Vec<f32> {
            tracks.iter().map(|track| track.get(feature).unwrap_or(f32::NAN)).collect()
        };
        let codes = |feature, code: fn(f32) -> u32| {
            column(feature).into_iter().map(|v| if v.is_nan() { 0 } else { code(v) }).collect()
        };
        let mut table = Self::new(tracks.len());
        for feature in AudioFeature::ALL {
            let values = match feature {
                AudioFeature::Key => Values::Circular { period: 12.0, values: column(feature) },
                AudioFeature::Mode => Values::Categorical {
                    cardinality: 3,
                    codes: codes(feature, |mode| 1 + u32::from(mode >= 0.5)),
                },
                AudioFeature::TimeSignature => Values::Categorical {
                    cardinality: 1 + LONGEST_METRE as u32,
                    codes: codes(feature, |beats| beats.round().clamp(1.0, LONGEST_METRE) as u32),
                },
                _ => Values::Numeric(column(feature)),
            };
            table.push(feature.name(), values);
        }
        table
    }

    /// Adds a column behind the others. A name is not checked for being there already:
    /// [`Self::column`] finds the first.
    ///
    /// # Panics
    /// If it has another number of rows than the table, or a code outside its cardinality.
    pub fn push(&mut self, name: impl Into<String>, values: Values) {
        assert_eq!(values.len(), self.rows, "a column has as many rows as its table");
        if let Values::Categorical { cardinality, codes } = &values {
            assert!(
                codes.iter().all(|code| code < cardinality),
                "a code is smaller than the cardinality"
            );
        }
        self.columns.push(Column { name: name.into(), values });
    }

    /// Number of rows, the same in every column; for a table of songs, how many songs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// All columns, in the order in which they were added, which is the order a model encodes them
    /// in.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of that name; `None` if there is none, which a saved model must treat as an
    /// error.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// A table of the given rows, in the given order, with all columns; a row may be taken twice,
    /// as a bootstrap does.
    ///
    /// # Panics
    /// If a row is out of range.
    pub fn select(&self, rows: &[usize]) -> Self {
        let columns = self.columns.iter();
        Self {
            rows: rows.len(),
            columns: columns
                .map(|column| Column {
                    name: column.name.clone(),
                    values: column.values.select(rows),
                })
                .collect(),
        }
    }

    /// A number per row, equal for rows that are equal in every column, missing values included.
    /// Splits keep a group on one side, so that no test row was trained on under another id.
    pub fn duplicate_groups(&self) -> Vec<u32> {
        let mut seen = rustc_hash::FxHashMap::default();
        (0..self.rows)
            .map(|row| {
                let key: Vec<u32> =
                    self.columns.iter().map(|column| column.values.bits(row)).collect();
                let next = seen.len() as u32;
                *seen.entry(key).or_insert(next)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_tracks() -> Table {
        let mut known = AudioFeatures::MISSING;
        known.set(AudioFeature::Key, 11.0);
        known.set(AudioFeature::Mode, 1.0);
        known.set(AudioFeature::Tempo, 120.0);
        known.set(AudioFeature::TimeSignature, 4.0);
        Table::from_audio(&[known, AudioFeatures::MISSING])
    }

    #[test]
    fn missing_features_stay_missing() {
        let table = two_tracks();
        assert_eq!(
            table.column("mode").unwrap().values,
            Values::Categorical { cardinality: 3, codes: vec![2, 0] }
        );
        let Values::Numeric(tempo) = &table.column("tempo").unwrap().values else {
            panic!("tempo is a quantity")
        };
        assert_eq!(tempo[0], 120.0);
        assert!(tempo[1].is_nan());
    }

    #[test]
    fn selecting_rows_keeps_order_and_repeats() {
        let table = two_tracks().select(&[1, 0, 0]);
        assert_eq!(table.rows(), 3);
        assert_eq!(table.duplicate_groups(), [0, 1, 1]);
    }
}
