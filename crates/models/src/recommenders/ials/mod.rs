//! iALS: factors of listeners and items by alternating least squares on all pairs, heard or not
//! (Hu, Koren & Volinsky 2008), with the unobserved weight and the frequency-scaled regularisation
//! of "Revisiting the performance of iALS on item recommendation benchmarks" (Rendle et al. 2021,
//! arXiv 2110.14037).
//!
//! ```text
//! L = Σ_{(u,i) heard} c_ui (x_u·y_i − 1)² + α₀ Σ_{u,i} (x_u·y_i)²
//!     + λ Σ_u (|I_u| + α₀|I|)^ν |x_u|² + λ Σ_i (|U_i| + α₀|U|)^ν |y_i|²
//! ```
//!
//! Listeners' factors are never kept: whoever asks is folded in by solving for their row.

mod config;
mod conjugate_gradient;
mod elsewhere;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use segue_engine::dataset::interactions::Training;
use segue_engine::{Query, Recommender};

pub use self::config::IalsConfig;
use self::conjugate_gradient::{BATCH, Fixed, LANES, Rows, Scratch, Stop, solve};
pub use self::elsewhere::FoldIn;
use super::counts::{Counts, RowsBuilder};
use super::event_weighting::{Bag, EventWeighting};
use super::popularity::TieBreak;
use super::saved::{ModelWriter, Reader};
use crate::ModelError;
use crate::kernels::matmul::{Matrix, Output, matmul};

/// Factors of items.
///
/// # Examples
/// ```
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
/// use segue_engine::{Query, Recommender};
/// use segue_models::recommenders::{Ials, IalsConfig};
///
/// let mut builder = InteractionsBuilder::default();
/// for (listener, item) in [("ann", "a"), ("ann", "b"), ("bob", "a"), ("bob", "b"), ("cem", "c")] {
///     builder.push(listener, item, None, None)?;
/// }
/// let interactions = builder.build(KCore::default())?;
/// let config = IalsConfig { factors: 2, ..IalsConfig::default() };
/// let model = Ials::fit(&interactions.all(), &config, 1)?;
///
/// // Ann heard only `a` so far: what comes next?
/// let history = interactions.history(segue_engine::ListenerIdx(0)).until(1);
/// let mut scores = vec![0.0; model.items()];
/// model.score(&[Query { history, ..Query::default() }], &mut scores);
/// let score = |name: &str| {
///     let row = (0..model.items() as u32).map(segue_engine::ItemIdx);
///     scores[row.into_iter().find(|&i| interactions.item_name(i) == name).unwrap().0 as usize]
/// };
/// assert!(score("b") > score("c"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ials {
    config: IalsConfig,
    items: Table,
    /// `α₀ YᵀY` of the items.
    gram: Vec<f32>,
    /// Items that it was fitted on: more than it has where it is a part of a larger model.
    fitted_items: usize,
    tie_break: TieBreak,
}

/// Rows of factors, padded with zeros.
#[derive(Clone, Debug, PartialEq)]
struct Table {
    stride: usize,
    values: Vec<f32>,
}

impl Ials {
    const NAME: &str = "ials";
    /// Enough for a row that starts from nothing; what is left is far below the noise of single
    /// precision.
    const FOLD_IN: Stop = Stop { steps: 50, tolerance: 1e-10 };

    /// Alternates between listeners and items.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`], or [`ModelError::Setting`].
    pub fn fit(
        training: &Training<'_>,
        config: &IalsConfig,
        seed: u64,
    ) -> Result<Self, ModelError> {
        config.require_sound()?;
        let by_listener = Counts::of(training, &config.training)?;
        Ok(Self::fit_counts(&by_listener, config, seed))
    }

    fn fit_counts(by_listener: &Counts, config: &IalsConfig, seed: u64) -> Self {
        let config = &config.settled(by_listener);
        let by_item = by_listener.transposed();
        let mut items = Table::normals(by_item.rows(), config, seed);
        let mut listeners = Table::zeros(by_listener.rows(), config.factors);
        for _ in 0..config.iterations {
            listeners.improve(by_listener, &items, config);
            items.improve(&by_item, &listeners, config);
        }
        let gram = items.gram(config.alpha());
        let (fitted_items, tie_break) = (by_listener.columns(), TieBreak::of(by_listener));
        Self { config: config.clone(), items, gram, fitted_items, tie_break }
    }

    /// The same model, asked with another weighting of what was heard: nothing that was learned
    /// depends on it.
    pub fn asked_by(mut self, query: EventWeighting) -> Self {
        self.config.query = query;
        self
    }

    /// The model as the bytes of a safetensors file, the configuration in its metadata: equal
    /// models give equal bytes, on any machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        let shape = [self.items(), self.config.factors];
        let writer = ModelWriter::default().f32s("items", &shape, &self.items.unpadded(shape[1]));
        let writer = match self.fitted_items == self.items() {
            true => writer,
            false => writer
                .f32s("gram", &[self.gram.len()], &self.gram)
                .offsets("fitted_items", &[0, self.fitted_items]),
        };
        self.tie_break.write(writer).finish(Self::NAME, &self.config)
    }

    /// The model back from its bytes.
    ///
    /// # Errors
    /// [`ModelError::Damaged`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (reader, config): (_, IalsConfig) = Reader::open(bytes, Self::NAME)?;
        let tie_break = TieBreak::read(&reader)?;
        let sound = config.require_sound().is_ok() && config.unobserved_weight.is_some();
        reader.require(sound, || "the configuration is out of range".to_owned())?;
        let values = reader.f32s_of("items", tie_break.items() * config.factors)?;
        let items = Table::padded(&values, tie_break.items(), config.factors);
        let (gram, fitted_items) = match reader.f32s("gram") {
            Ok((_, gram)) => (gram, reader.lengths("fitted_items")?.iter().sum()),
            Err(_) => (items.gram(config.alpha()), items.rows()),
        };
        reader.require(gram.len() == items.stride * items.stride, || {
            "the Gram matrix has another size than the factors".to_owned()
        })?;
        Ok(Self { config, items, gram, fitted_items, tie_break })
    }

    /// Writes one score an item for each bag of weighted items.
    ///
    /// # Shapes
    /// `scores` `[bags, items]`.
    pub fn score_bags(&self, bags: &[Bag], scores: &mut [f32]) {
        let (items, stride) = (self.items(), self.items.stride);
        assert_eq!(scores.len(), bags.len() * items, "one score a bag and item");
        let listeners = self.fold_in(bags);
        let table = Matrix::new(&self.items.values, items, stride);
        matmul(scores, Output::Overwrite, Matrix::new(&listeners, bags.len(), stride), table.t());
        scores.chunks_exact_mut(items).for_each(|row| self.tie_break.add(row));
    }

    /// Factors of a listener by what they heard, `[factors]`: their product with those of an item
    /// is its score.
    pub fn listener(&self, bag: &Bag) -> Vec<f32> {
        let mut factors = self.fold_in(std::slice::from_ref(bag));
        factors.truncate(self.config.factors);
        factors
    }

    /// Factors of whoever asks.
    fn fold_in(&self, bags: &[Bag]) -> Vec<f32> {
        let mut rows = RowsBuilder::new(self.fitted_items);
        bags.iter().for_each(|bag| rows.push(|row| row.extend_from_slice(bag)));
        let (observed, stride) = (rows.finish(), self.items.stride);
        let fixed = Fixed { table: &self.items.values, gram: &self.gram, stride };
        let rows = Rows { observed: &observed, config: &self.config, stop: Self::FOLD_IN };
        let (mut x, mut scratch) = (vec![0.0; bags.len() * stride], Scratch::default());
        for (batch, x) in x.chunks_mut(BATCH * stride).enumerate() {
            solve(fixed, rows, batch * BATCH, x, &mut scratch);
        }
        x
    }
}

impl Recommender for Ials {
    fn items(&self) -> usize {
        self.tie_break.items()
    }

    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        self.score_bags(&self.config.query.bags(queries), scores);
    }
}

impl Table {
    /// Rows whose products are summed by one thread, in one order however many threads there are.
    const GRAM_ROWS: usize = 2048;

    fn zeros(rows: usize, factors: usize) -> Self {
        let stride = factors.next_multiple_of(LANES);
        Self { stride, values: vec![0.0; rows * stride] }
    }

    /// Rows of `factors` numbers, which are padded here.
    fn padded(values: &[f32], rows: usize, factors: usize) -> Self {
        let mut table = Self::zeros(rows, factors);
        let rows = table.values.chunks_exact_mut(table.stride).zip(values.chunks_exact(factors));
        rows.for_each(|(to, from)| to[..from.len()].copy_from_slice(from));
        table
    }

    /// What [`padded`](Self::padded) was given.
    fn unpadded(&self, factors: usize) -> Vec<f32> {
        let rows = self.values.chunks_exact(self.stride);
        rows.flat_map(|row| &row[..factors]).copied().collect()
    }

    fn rows(&self) -> usize {
        self.values.len() / self.stride
    }

    fn normals(rows: usize, config: &IalsConfig, seed: u64) -> Self {
        let mut table = Self::zeros(rows, config.factors);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let spread = (config.initial_spread / (config.factors as f64).sqrt()) as f32;
        for row in table.values.chunks_exact_mut(table.stride) {
            for value in &mut row[..config.factors] {
                let normal: f32 = StandardNormal.sample(&mut rng);
                *value = spread * normal;
            }
        }
        table
    }

    /// `weight YᵀY`.
    fn gram(&self, weight: f64) -> Vec<f32> {
        let stride = self.stride;
        let parts: Vec<Vec<f32>> = self
            .values
            .par_chunks(Self::GRAM_ROWS * stride)
            .map(|rows| {
                let rows = Matrix::new(rows, rows.len() / stride, stride);
                let mut gram = vec![0.0; stride * stride];
                matmul(&mut gram, Output::Overwrite, rows.t(), rows);
                gram
            })
            .collect();
        let mut gram = vec![0.0; stride * stride];
        for part in parts {
            gram.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        gram.iter_mut().for_each(|sum| *sum *= weight as f32);
        gram
    }

    /// Moves every row towards its least squares solution given the other side.
    fn improve(&mut self, observed: &Counts, fixed: &Table, config: &IalsConfig) {
        let stride = self.stride;
        let gram = fixed.gram(config.alpha());
        let fixed = Fixed { table: &fixed.values, gram: &gram, stride };
        let rows = Rows { observed, config, stop: Stop { steps: config.steps, tolerance: 0.0 } };
        let batches = self.values.par_chunks_mut(BATCH * stride).enumerate();
        batches.for_each_init(Scratch::default, |scratch, (batch, x)| {
            solve(fixed, rows, batch * BATCH, x, scratch);
        });
    }
}
