//! A Bayesian linear regression over item embeddings, its prior taken from the ridge estimates of
//! listeners already known: the simpler prior that factor analysis has to beat.
//!
//! ```text
//! W ≈ U Σ Vᵀ        f_a = (V_a Σ^½, p_a / std p, 1)
//! θ_u = (FᵀF + λ I)⁻¹ Fᵀ w_u        θ ~ N(mean θ_u, cov θ_u)
//! y_a = f_aᵀ θ + ε,  ε ~ N(0, k · mean residual²)
//! ```
//!
//! In sample the residuals are too small for the noise of an answer, so their variance is
//! multiplied by `k`, to be chosen on withheld listeners. With `C Cᵀ` the covariance this is a
//! [`FactorModel`] with `p = F mean`, `L = F C`. The singular vectors come from subspace iteration
//! (Halko, Martinsson & Tropp 2011) with a Rayleigh-Ritz step at the end.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use segue_engine::Training;
use serde::{Deserialize, Serialize};

use super::factor_model::{FactorModel, gram, mapped};
use super::presence::Presence;
use segue_models::ModelError;
use segue_models::online::posterior::dot;
use segue_models::square::Square;

/// Directions carried along beyond those asked for, so that the last of these settle: with 8 and
/// half the rounds they had not, and the hits of HetRec's first split were .07 lower in ten
/// proposals.
const SPARE: usize = 32;
const ITERATIONS: usize = 60;
/// `λ` for each item: next to nothing, it only keeps the inverse sound.
const RIDGE: f64 = 1e-5;

/// Settings of the prior by ridge regression. Both are chosen on withheld listeners.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RidgePriorConfig {
    /// Singular vectors taken; popularity and a constant come on top.
    pub width: usize,
    /// `k`: the noise of an answer in units of the mean squared residual.
    pub noise: f64,
}

/// Fits on the listeners who did something.
///
/// # Errors
/// [`ModelError::NoEvents`], or [`ModelError::Setting`] for no width or a noise that is not above
/// 0.
pub fn fit(
    training: &Training<'_>,
    config: &RidgePriorConfig,
    rng: &mut impl Rng,
) -> Result<FactorModel, ModelError> {
    let refuse = |setting, found: String| {
        Err(ModelError::Setting { setting, expected: "a positive number".to_owned(), found })
    };
    if config.width == 0 {
        return refuse("width", config.width.to_string());
    }
    if !(config.noise > 0.0 && config.noise.is_finite()) {
        return refuse("noise", config.noise.to_string());
    }
    let presence = Presence::of(training)?;
    let (embeddings, width) = embeddings(&presence, config.width, rng);
    let plain = gram(&embeddings, width, |_| 1.0);
    let mut regularised = plain.clone();
    (0..width).for_each(|k| *regularised.at_mut(k, k) += RIDGE * presence.items() as f64);
    let pulls = presence.times(&embeddings, width);
    let weights = mapped(&pulls, &regularised.inverse());

    let (mean, covariance) = moments(&weights, width);
    let noise = config.noise * mean_squared_residual(&presence, &weights, &pulls, &plain);
    let loadings = mapped(&embeddings, &covariance.cholesky(f64::MIN_POSITIVE).transposed());
    let prior_mean =
        embeddings.chunks_exact(width).map(|embedding| dot(embedding, &mean)).collect();
    Ok(FactorModel::new(prior_mean, loadings, vec![noise; presence.items()]))
}

/// `F` `[items, width + 2]`, and how wide it is.
fn embeddings(presence: &Presence, width: usize, rng: &mut impl Rng) -> (Vec<f64>, usize) {
    let width = width.min(presence.items()).min(presence.listeners());
    let singular = singular_vectors(presence, width, rng);
    let shares = presence.shares();
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    let variance = shares.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / shares.len() as f64;
    let deviation = variance.sqrt().max(f64::EPSILON);
    let mut embeddings = Vec::with_capacity(shares.len() * (width + 2));
    for (row, p) in singular.chunks_exact(width).zip(&shares) {
        embeddings.extend_from_slice(row);
        embeddings.extend([p / deviation, 1.0]);
    }
    (embeddings, width + 2)
}

/// `V Σ^½` of the largest singular values, `[items, width]`.
fn singular_vectors(presence: &Presence, width: usize, rng: &mut impl Rng) -> Vec<f64> {
    let block = (width + SPARE).min(presence.items());
    let mut basis: Vec<f64> =
        (0..presence.items() * block).map(|_| StandardNormal.sample(rng)).collect();
    basis = orthonormal(&basis, block);
    for _ in 0..ITERATIONS {
        let image = presence.times(&basis, block);
        basis = orthonormal(&presence.transposed_times(&image, block), block);
    }
    let (squares, directions) = gram(&presence.times(&basis, block), block, |_| 1.0).eigen();
    let component =
        |row: &[f64], k: usize| squares[k].max(0.0).powf(0.25) * dot(row, &directions[k]);
    basis.chunks_exact(block).flat_map(|row| (0..width).map(move |k| component(row, k))).collect()
}

/// An orthonormal basis of the columns, by the Cholesky factor of their Gram matrix.
fn orthonormal(columns: &[f64], width: usize) -> Vec<f64> {
    let gram = gram(columns, width, |_| 1.0);
    let trace: f64 = (0..width).map(|k| gram.at(k, k)).sum();
    mapped(columns, &gram.inverse_cholesky((1e-12 * trace).max(f64::MIN_POSITIVE)))
}

/// Mean and covariance of rows.
fn moments(rows: &[f64], width: usize) -> (Vec<f64>, Square) {
    /// Keeps the covariance of few listeners positive definite.
    const LEAST_VARIANCE: f64 = 1e-6;
    let count = rows.len() / width;
    let mut mean = vec![0.0; width];
    rows.chunks_exact(width).for_each(|row| mean.iter_mut().zip(row).for_each(|(m, x)| *m += x));
    mean.iter_mut().for_each(|m| *m /= count as f64);
    let mut covariance = Square::zeros(width);
    for row in rows.chunks_exact(width) {
        let centred: Vec<f64> = row.iter().zip(&mean).map(|(x, m)| x - m).collect();
        covariance.add_outer(&centred, 1.0 / (count.max(2) - 1) as f64);
    }
    (0..width).for_each(|k| *covariance.at_mut(k, k) += LEAST_VARIANCE);
    (mean, covariance)
}

/// `‖W - Θ Fᵀ‖²` for each cell, without forming either: `Σ_u |w_u|² - 2 θ_uᵀ Fᵀw_u + θ_uᵀ FᵀF θ_u`.
fn mean_squared_residual(
    presence: &Presence,
    weights: &[f64],
    pulls: &[f64],
    gram: &Square,
) -> f64 {
    let width = gram.n;
    let rows = weights.chunks_exact(width).zip(pulls.chunks_exact(width));
    let change: f64 = rows.map(|(w, pull)| dot(w, &gram.times(w)) - 2.0 * dot(w, pull)).sum();
    let cells = (presence.listeners() * presence.items()) as f64;
    ((presence.ones() as f64 + change) / cells).max(f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use segue_engine::dataset::interactions::{Interactions, InteractionsBuilder, KCore};

    use super::*;

    fn random(listeners: usize, items: usize) -> Interactions {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut builder = InteractionsBuilder::default();
        for (listener, item) in (0..listeners).flat_map(|u| (0..items).map(move |a| (u, a))) {
            if rng.random_bool(if item % 2 == listener % 2 { 0.6 } else { 0.15 }) {
                builder.push(&listener.to_string(), &item.to_string(), None, None).unwrap();
            }
        }
        builder.build(KCore::default()).unwrap()
    }

    #[test]
    fn singular_vectors_are_those_of_the_gram_matrix() {
        let presence = Presence::of(&random(60, 30).all()).unwrap();
        let mut identity = vec![0.0; 30 * 30];
        (0..30).for_each(|i| identity[i * 30 + i] = 1.0);
        let dense =
            Square { n: 30, values: presence.transposed_times(&presence.times(&identity, 30), 30) };
        let (squares, directions) = dense.eigen();
        let found = singular_vectors(&presence, 4, &mut ChaCha8Rng::seed_from_u64(2));
        for k in 0..4 {
            let column: Vec<f64> = found.chunks_exact(4).map(|row| row[k]).collect();
            let along = dot(&column, &directions[k]).abs();
            assert!((dot(&column, &column) - squares[k].sqrt()).abs() < 1e-6);
            assert!((along - squares[k].powf(0.25)).abs() < 1e-3, "{k}: {along}");
        }
    }

    #[test]
    fn the_residual_is_that_of_the_dense_matrices() {
        let presence = Presence::of(&random(40, 12).all()).unwrap();
        let (f, width) = embeddings(&presence, 3, &mut ChaCha8Rng::seed_from_u64(3));
        let pulls = presence.times(&f, width);
        let weights: Vec<f64> = pulls.iter().map(|pull| pull * 0.01).collect();
        let mut identity = vec![0.0; 12 * 12];
        (0..12).for_each(|i| identity[i * 12 + i] = 1.0);
        let dense = presence.times(&identity, 12);
        let cells = weights.chunks_exact(width).zip(dense.chunks_exact(12)).flat_map(|(w, row)| {
            f.chunks_exact(width).zip(row).map(|(f, y)| (y - dot(f, w)).powi(2)).collect::<Vec<_>>()
        });
        let wanted = cells.sum::<f64>() / dense.len() as f64;
        let found = mean_squared_residual(&presence, &weights, &pulls, &gram(&f, width, |_| 1.0));
        assert!((found - wanted).abs() < 1e-12, "{found} is not {wanted}");
    }

    #[test]
    fn whoever_says_yes_to_one_of_a_kind_is_offered_the_others() {
        use crate::beliefs::Acquaintance;
        use segue_engine::ItemIdx;
        use segue_engine::UncertaintySource;
        let interactions = random(60, 30);
        let config = RidgePriorConfig { width: 2, noise: 4.0 };
        let model = fit(&interactions.all(), &config, &mut ChaCha8Rng::seed_from_u64(4)).unwrap();
        let mut listener = model.meet();
        let even = |row: usize| {
            interactions.item_name(ItemIdx(row as u32)).parse::<usize>().unwrap() % 2 == 0
        };
        let first = (0..30).find(|&row| even(row)).unwrap();
        listener.learn(ItemIdx(first as u32), true);
        let scores = listener.belief(UncertaintySource::None).scores().to_vec();
        let mean = |kind: bool| {
            (0..30).filter(|&row| even(row) == kind).map(|row| scores[row]).sum::<f32>() / 15.0
        };
        assert!(mean(true) > mean(false) + 0.1, "{} {}", mean(true), mean(false));
    }
}
