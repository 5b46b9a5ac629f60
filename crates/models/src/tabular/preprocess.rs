//! From plain columns to what a network reads, fitted on training rows only.
//!
//! | column | becomes |
//! |---|---|
//! | quantity | one number of mean 0 and deviation 1, either standardised or through its quantiles to a normal shape |
//! | point on a circle | sine and cosine of its angle: key 11 is as close to 0 as to 10 |
//! | name | one-hot numbers, or a code for a learned embedding; "missing" is a name like any other |
//!
//! A missing quantity becomes its training mean, and if any was missing in training a further 0/1
//! number says so. Ties share the middle of their quantile range instead of being torn apart by
//! noise, as the usual recipe does: most songs have *exactly* no instrumental part, and that is
//! information.

use segue_engine::{Table, Values};
use serde::{Deserialize, Serialize};

use crate::ModelError;

/// Most distinct values that a quantile transform remembers.
const MOST_KNOTS: usize = 1000;

/// How quantities are scaled; fitted on training rows only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// `(x - mean) / sd`.
    Standard,
    /// Through the empirical distribution to a normal shape: robust to outliers and to the unit.
    Quantile,
}

/// How columns of names, such as an artist's, enter a network. Names that are rare or were not seen
/// in training share one encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    /// One number per name: 1 where the row has it, 0 elsewhere.
    OneHot,
    /// Whole-number codes, each looked up in a learned table of vectors.
    Codes,
}

/// A fitted encoding of every column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    columns: Vec<Fitted>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Fitted {
    name: String,
    encoding: Encoding,
    /// Whether some training row lacked it.
    may_miss: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Encoding {
    Standard {
        mean: f32,
        deviation: f32,
    },
    /// Distinct training values, ascending, and the normal score of each.
    Quantile {
        knots: Vec<f32>,
        scores: Vec<f32>,
    },
    Circular {
        period: f32,
    },
    OneHot {
        cardinality: u32,
    },
    Codes {
        cardinality: u32,
    },
}

/// What a network must know of the encoded rows in order to be built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Quantities; they are the first of the scalars.
    pub numeric: usize,
    /// All plain numbers of a row.
    pub scalars: usize,
    /// Cardinality of each column of codes.
    pub cardinalities: Vec<u32>,
    /// For each scalar, the column it came from; what is dropped together.
    pub source: Vec<usize>,
}

impl Layout {
    /// Whether no column tells rows apart, so that there is nothing to put into a network.
    pub(super) fn is_empty(&self) -> bool {
        self.scalars == 0 && self.cardinalities.is_empty()
    }
}

/// Rows as the network takes them: plain numbers, and codes for embeddings.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// Number of rows, equal in both tables.
    pub rows: usize,
    /// Plain numbers, `[rows, scalars]`.
    pub scalars: Vec<f32>,
    /// Codes, `[rows, cardinalities]`.
    pub codes: Vec<u32>,
}

impl Encoded {
    /// The given rows, in the given order.
    pub fn select(&self, rows: &[usize]) -> Self {
        let gather = |width: usize| rows.iter().flat_map(move |row| row * width..(row + 1) * width);
        let (scalars, codes) =
            (self.scalars.len() / self.rows.max(1), self.codes.len() / self.rows.max(1));
        Self {
            rows: rows.len(),
            scalars: gather(scalars).map(|i| self.scalars[i]).collect(),
            codes: gather(codes).map(|i| self.codes[i]).collect(),
        }
    }
}

impl Preprocessing {
    /// Learns means, quantiles and which columns may be missing.
    pub fn fit(table: &Table, scaling: Scaling, names: Names) -> Self {
        let columns = table.columns().iter().map(|column| {
            let missing = |values: &[f32]| values.iter().any(|v| !v.is_finite());
            let (encoding, may_miss) = match &column.values {
                Values::Numeric(values) => (scale(values, scaling), missing(values)),
                Values::Circular { period, values } => {
                    (Encoding::Circular { period: *period }, missing(values))
                }
                Values::Categorical { cardinality, .. } => match names {
                    Names::OneHot => (Encoding::OneHot { cardinality: *cardinality }, false),
                    Names::Codes => (Encoding::Codes { cardinality: *cardinality }, false),
                },
            };
            Fitted { name: column.name.clone(), encoding, may_miss }
        });
        Self { columns: columns.collect() }
    }

    /// What the encoded rows look like.
    pub fn layout(&self) -> Layout {
        let mut layout =
            Layout { numeric: 0, scalars: 0, cardinalities: Vec::new(), source: Vec::new() };
        for (i, column) in self.columns.iter().enumerate() {
            if column.is_numeric() {
                layout.numeric += 1;
                layout.source.push(i);
            }
        }
        for (i, column) in self.columns.iter().enumerate() {
            let width = usize::from(column.may_miss) + column.encoding.further_scalars();
            layout.source.extend(std::iter::repeat_n(i, width));
            if let Encoding::Codes { cardinality } = column.encoding {
                layout.cardinalities.push(cardinality);
            }
        }
        layout.scalars = layout.source.len();
        layout
    }

    /// Names of the columns, in order.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Encodes rows; columns are found by name, those unknown to the model are ignored.
    ///
    /// # Errors
    /// [`ModelError::ColumnMismatch`] if a column is missing or of another kind.
    pub fn encode(&self, table: &Table) -> Result<Encoded, ModelError> {
        let layout = self.layout();
        let (width, code_width) = (layout.scalars, layout.cardinalities.len());
        let mut encoded = Encoded {
            rows: table.rows(),
            scalars: vec![0.0; table.rows() * width],
            codes: vec![0; table.rows() * code_width],
        };
        let (mut numeric, mut further, mut code_column) = (0, layout.numeric, 0);
        for column in &self.columns {
            let mismatch = || ModelError::ColumnMismatch { column: column.name.clone() };
            let values = &table.column(&column.name).ok_or_else(mismatch)?.values;
            let mut write =
                |row: usize, at: usize, value: f32| encoded.scalars[row * width + at] = value;
            match (&column.encoding, values) {
                (
                    Encoding::Standard { .. } | Encoding::Quantile { .. },
                    Values::Numeric(values),
                ) => {
                    for (row, &value) in values.iter().enumerate() {
                        write(row, numeric, column.encoding.number(value));
                        if column.may_miss {
                            write(row, further, f32::from(u8::from(!value.is_finite())));
                        }
                    }
                    numeric += 1;
                }
                (Encoding::Circular { period }, Values::Circular { values, .. }) => {
                    for (row, &value) in values.iter().enumerate() {
                        if column.may_miss {
                            write(row, further, f32::from(u8::from(!value.is_finite())));
                        }
                        let at = further + usize::from(column.may_miss);
                        let angle = 2.0 * std::f32::consts::PI * value / period;
                        let (sine, cosine) =
                            if value.is_finite() { angle.sin_cos() } else { (0.0, 0.0) };
                        write(row, at, sine);
                        write(row, at + 1, cosine);
                    }
                }
                (Encoding::OneHot { cardinality }, Values::Categorical { codes, .. }) => {
                    for (row, &code) in codes.iter().enumerate() {
                        // A code that training never saw is a missing one.
                        let code = if code < *cardinality { code } else { 0 };
                        write(row, further + code as usize, 1.0);
                    }
                }
                (Encoding::Codes { cardinality }, Values::Categorical { codes, .. }) => {
                    for (row, &code) in codes.iter().enumerate() {
                        let code = if code < *cardinality { code } else { 0 };
                        encoded.codes[row * code_width + code_column] = code;
                    }
                    code_column += 1;
                }
                _ => return Err(mismatch()),
            }
            further += usize::from(column.may_miss) + column.encoding.further_scalars();
        }
        Ok(encoded)
    }
}

impl Fitted {
    fn is_numeric(&self) -> bool {
        matches!(self.encoding, Encoding::Standard { .. } | Encoding::Quantile { .. })
    }
}

impl Encoding {
    fn further_scalars(&self) -> usize {
        match self {
            Self::Standard { .. } | Self::Quantile { .. } | Self::Codes { .. } => 0,
            Self::Circular { .. } => 2,
            Self::OneHot { cardinality } => *cardinality as usize,
        }
    }

    /// The scaled quantity; the training mean, which is 0, where it is missing.
    fn number(&self, value: f32) -> f32 {
        if !value.is_finite() {
            return 0.0;
        }
        match self {
            Self::Standard { mean, deviation } => (value - mean) / deviation,
            Self::Quantile { knots, scores } => interpolate(knots, scores, value),
            _ => 0.0,
        }
    }
}

fn scale(values: &[f32], scaling: Scaling) -> Encoding {
    let known: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    match scaling {
        Scaling::Standard => {
            let (mean, deviation) = moments(&known);
            Encoding::Standard { mean, deviation }
        }
        Scaling::Quantile => normal_scores(known),
    }
}

/// Mean and standard deviation; 1 for the latter where it would be 0.
fn moments(values: &[f32]) -> (f32, f32) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
    (mean as f32, if variance > 0.0 { variance.sqrt() as f32 } else { 1.0 })
}

/// Distinct values and the normal quantile of the middle of their ranks, standardised over the
/// rows.
fn normal_scores(mut values: Vec<f32>) -> Encoding {
    values.sort_unstable_by(f32::total_cmp);
    let n = values.len();
    let (mut knots, mut scores) = (Vec::new(), Vec::new());
    let mut per_row = Vec::with_capacity(n);
    let mut start = 0;
    for run in values.chunk_by(|a, b| a == b) {
        let middle = (start as f64 + run.len() as f64 / 2.0) / n as f64;
        let score = normal_quantile(middle) as f32;
        per_row.extend(std::iter::repeat_n(score, run.len()));
        knots.push(run[0]);
        scores.push(score);
        start += run.len();
    }
    let (mean, deviation) = moments(&per_row);
    scores.iter_mut().for_each(|score| *score = (*score - mean) / deviation);
    if knots.len() > MOST_KNOTS {
        let kept = |values: &[f32]| -> Vec<f32> {
            (0..MOST_KNOTS).map(|i| values[i * (values.len() - 1) / (MOST_KNOTS - 1)]).collect()
        };
        (knots, scores) = (kept(&knots), kept(&scores));
    }
    Encoding::Quantile { knots, scores }
}

/// Piecewise linear, constant outside the knots.
fn interpolate(knots: &[f32], scores: &[f32], value: f32) -> f32 {
    let after = knots.partition_point(|&knot| knot < value);
    match after {
        _ if knots.is_empty() => 0.0,
        0 => scores[0],
        _ if after == knots.len() => scores[after - 1],
        _ => {
            let share = (value - knots[after - 1]) / (knots[after] - knots[after - 1]);
            scores[after - 1] + share * (scores[after] - scores[after - 1])
        }
    }
}

/// Inverse of the standard normal distribution function (Acklam's rational approximation, relative
/// error below 1.2e-9).
fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.38357751867269e2,
        -3.066479806614716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447609879822406e1,
        1.615858368580409e2,
        -1.556989798598866e2,
        6.680131188771972e1,
        -1.328068155288572e1,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 4] =
        [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];
    let polynomial =
        |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |q: f64| polynomial(&C, q) / (polynomial(&D, q) * q + 1.0);
    let p = p.clamp(1e-12, 1.0 - 1e-12);
    if p < 0.02425 {
        tail((-2.0 * p.ln()).sqrt())
    } else if p > 1.0 - 0.02425 {
        -tail((-2.0 * (1.0 - p).ln()).sqrt())
    } else {
        let q = p - 0.5;
        polynomial(&A, q * q) * q / (polynomial(&B, q * q) * q * q + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(values: Vec<f32>) -> Table {
        let mut table = Table::new(values.len());
        table.push("x", Values::Numeric(values));
        table
    }

    #[test]
    fn normal_quantiles_match_known_values() {
        for (p, z) in [(0.5, 0.0), (0.975, 1.959964), (0.01, -2.326348), (0.999, 3.090232)] {
            assert!((normal_quantile(p) - z).abs() < 1e-5, "quantile of {p}");
        }
    }

    #[test]
    fn quantile_scaling_ignores_monotone_changes_of_unit() {
        let plain = table((1..=9).map(|i| i as f32).collect());
        let squared = table((1..=9).map(|i| (i * i) as f32).collect());
        let encode = |t: &Table| {
            Preprocessing::fit(t, Scaling::Quantile, Names::OneHot).encode(t).unwrap().scalars
        };
        assert_eq!(encode(&plain), encode(&squared));
    }

    #[test]
    fn scaled_training_rows_have_mean_0_and_deviation_1() {
        let table = table(vec![0.0, 0.0, 0.0, 1.0, 5.0, 9.0, 200.0]);
        for scaling in [Scaling::Standard, Scaling::Quantile] {
            let encoded =
                Preprocessing::fit(&table, scaling, Names::OneHot).encode(&table).unwrap();
            let (mean, deviation) = moments(&encoded.scalars);
            assert!(mean.abs() < 1e-5 && (deviation - 1.0).abs() < 1e-5, "{scaling:?}");
        }
    }

    #[test]
    fn what_is_missing_is_the_mean_and_says_so() {
        let table = table(vec![1.0, f32::NAN, 3.0]);
        let fitted = Preprocessing::fit(&table, Scaling::Standard, Names::OneHot);
        assert_eq!(fitted.layout().scalars, 2);
        assert_eq!(fitted.encode(&table).unwrap().scalars, [-1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn the_last_key_is_next_to_the_first() {
        let mut table = Table::new(3);
        table.push("key", Values::Circular { period: 12.0, values: vec![0.0, 11.0, 6.0] });
        let s = Preprocessing::fit(&table, Scaling::Standard, Names::OneHot)
            .encode(&table)
            .unwrap()
            .scalars;
        let distance = |i: usize| (s[0] - s[2 * i]).hypot(s[1] - s[2 * i + 1]);
        assert!(distance(1) < distance(2));
    }

    #[test]
    fn a_table_without_a_trained_column_is_refused() {
        let fitted = Preprocessing::fit(&table(vec![1.0, 2.0]), Scaling::Standard, Names::OneHot);
        let mut other = Table::new(1);
        other.push("x", Values::Categorical { cardinality: 2, codes: vec![1] });
        assert!(matches!(
            fitted.encode(&other),
            Err(ModelError::ColumnMismatch { column }) if column == "x"
        ));
        assert!(fitted.encode(&Table::new(1)).is_err());
    }
}
