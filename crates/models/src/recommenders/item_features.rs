//! What is known of items beside who played them: audio features, one row an item of the
//! vocabulary.

use crate::ModelError;

/// Numbers describing each item; some may be missing.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemFeatures {
    dim: usize,
    values: Vec<f32>,
}

impl ItemFeatures {
    /// Takes `[items, dim]` numbers; what is not finite counts as missing.
    ///
    /// # Errors
    /// [`ModelError::LengthMismatch`] if the values do not fill whole rows.
    pub fn new(dim: usize, values: Vec<f32>) -> Result<Self, ModelError> {
        if dim == 0 || !values.len().is_multiple_of(dim) {
            let expected = values.len().next_multiple_of(dim.max(1));
            return Err(ModelError::LengthMismatch {
                what: "item features",
                expected,
                found: values.len(),
            });
        }
        Ok(Self { dim, values })
    }

    /// Number of items: rows of the table, in the order of the vocabulary.
    pub fn items(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Number of features of each item; the table is `[items, dim]`.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The numbers of an item; NaN or infinite where missing.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn row(&self, item: usize) -> &[f32] {
        &self.values[item * self.dim..][..self.dim]
    }

    /// Whether anything is known of an item.
    pub fn is_known(&self, item: usize) -> bool {
        self.row(item).iter().any(|x| x.is_finite())
    }

    /// Mean and standard deviation of each number over the items where it is present; a constant
    /// has deviation 1.
    pub fn scaling(&self) -> FeatureScaling {
        let mut moments = vec![(0.0f64, 0.0f64, 0.0f64); self.dim];
        for row in self.values.chunks_exact(self.dim) {
            for ((n, sum, squares), &x) in
                moments.iter_mut().zip(row).filter(|(_, x)| x.is_finite())
            {
                *n += 1.0;
                *sum += f64::from(x);
                *squares += f64::from(x) * f64::from(x);
            }
        }
        let scale = |&(n, sum, squares): &(f64, f64, f64)| {
            let n = n.max(1.0);
            let mean = sum / n;
            let deviation = (squares / n - mean * mean).max(0.0).sqrt();
            (mean as f32, if deviation > 1e-6 { deviation as f32 } else { 1.0 })
        };
        FeatureScaling { columns: moments.iter().map(scale).collect() }
    }

    /// The features as a network reads them: each number standardised, 0 where missing, then one
    /// flag each that is 1 where missing.
    ///
    /// # Shapes
    /// The result is `[items, 2 dim]`.
    ///
    /// # Panics
    /// If the scaling was taken from features of another width.
    pub fn encoded(&self, scaling: &FeatureScaling) -> Vec<f32> {
        assert_eq!(scaling.columns.len(), self.dim, "the scaling is of these features");
        let rows = self.values.chunks_exact(self.dim);
        rows.flat_map(|row| {
            let numbers = row.iter().zip(&scaling.columns).map(|(&x, &(mean, deviation))| {
                // Beyond 5 standard deviations lies damage more often than music.
                if x.is_finite() { ((x - mean) / deviation).clamp(-5.0, 5.0) } else { 0.0 }
            });
            numbers.chain(row.iter().map(|x| f32::from(u8::from(!x.is_finite()))))
        })
        .collect()
    }
}

/// How each feature is brought to mean 0 and deviation 1; kept with a model, so that items that
/// come later are read alike.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct FeatureScaling {
    /// Mean and standard deviation of each feature.
    columns: Vec<(f32, f32)>,
}

impl FeatureScaling {
    /// Number of features that the scaling was fitted on.
    pub fn dim(&self) -> usize {
        self.columns.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_standardised_and_missing_ones_flagged() {
        let features = ItemFeatures::new(2, vec![1.0, 5.0, 3.0, f32::NAN, 5.0, 5.0]).unwrap();
        let encoded = features.encoded(&features.scaling());
        let deviation = (8.0f32 / 3.0).sqrt();
        let want =
            [-2.0 / deviation, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0 / deviation, 0.0, 0.0, 0.0];
        assert!(encoded.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-6), "{encoded:?}");
    }

    #[test]
    fn rows_must_be_whole() {
        assert!(ItemFeatures::new(2, vec![1.0; 3]).is_err());
        assert!(ItemFeatures::new(0, vec![]).is_err());
    }
}
