//! What services would tell of a file, by a map learned from the songs of one library of which both
//! are known.
//!
//! A ridge regression for each feature (Hoerl and Kennard 1970) from what was measured in a file to
//! what services tell. Its inputs are the sixteen axes of the embedding, descriptors and the
//! log-odds of the fifty tags, standardised; what is missing is 0. Shares are fitted as log-odds,
//! the tempo as its logarithm:
//!
//! ```text
//! w = argmin Σ (f(yᵢ) − w·xᵢ)² + λ n |w|²
//! ```
//!
//! `λ` is chosen, and the error found, by nested cross-validation in which all songs of an artist
//! are held out together: a map that knows an artist by heart knows nothing of the others. A
//! feature is taken from the map only where held-out songs say that it is better than the
//! [estimate by words](super::estimates) and than the mean, each with a 95 % interval over artists
//! that excludes 0. Where nothing can be learned the words stay.
//!
//! Sums over each fold are enough for all of it: whatever `λ` and whatever fold is held out, songs
//! are looked at twice. Key, mode and metre are left to what was measured.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rustc_hash::FxHashMap;
use segue_core::{AudioAnalysis, AudioFeature, AudioFeatures, Descriptor, SOUND_TAGS};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::AXES;
use super::embedding::{EMBEDDING_AXES, EmbeddingAxes};
use super::estimates::estimated;
use crate::folds::stratified_group_folds;
use crate::metrics::Estimate;
use crate::vector::{dot, sigmoid};

/// Fewer songs than this teach nothing.
pub const FEWEST_SONGS: usize = 60;
/// More than this, spread evenly over the catalogue, teach nothing more.
pub const MOST_SONGS: usize = 5_000;
/// How often the songs are divided, and the fewest artists that they are of.
const FOLDS: usize = 5;
/// What [`FOLDS`] and their order are drawn with.
const SEED: u64 = 13;
/// Penalties that are tried, for each song.
const PENALTIES: [f64; 6] = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0];
/// Shares are pulled this far from 0 and 1 before they become log-odds, likelihoods of tags so far.
const SHARE_MARGIN: f64 = 0.01;
const TAG_MARGIN: f64 = 0.001;

/// Descriptors that are inputs; whether the key is major is one more.
const DESCRIPTORS: [Descriptor; 11] = [
    Descriptor::Loudness,
    Descriptor::LoudnessRange,
    Descriptor::TruePeak,
    Descriptor::OnsetRate,
    Descriptor::PulseClarity,
    Descriptor::Tempo,
    Descriptor::TempoAlternative,
    Descriptor::SpectralCentroid,
    Descriptor::SpectralCentroidDeviation,
    Descriptor::SpectralRolloff,
    Descriptor::SpectralFlatness,
];
const INPUTS: usize = EMBEDDING_AXES + DESCRIPTORS.len() + 1 + SOUND_TAGS.len();
/// The inputs, and a one behind them.
const COLUMNS: usize = INPUTS + 1;

/// A song of which both is known: what a map is learned from.
#[derive(Clone, Copy, Debug)]
pub struct HeardAndTold<'a> {
    /// What was measured in its file.
    pub analysis: &'a AudioAnalysis,
    /// What services tell of it.
    pub features: &'a AudioFeatures,
    /// Songs of one number, such as those of an artist, are held out together.
    pub group: u32,
}

/// How well one feature can be told from a file, by songs that were held out. Errors are mean
/// absolute ones in the unit of the feature.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureFit {
    /// The feature.
    pub feature: AudioFeature,
    /// How many songs tell it, each held out once.
    pub songs: usize,
    /// The error of the map.
    pub error: f64,
    /// The error of the estimate by words, or of what was measured, on those of these songs that
    /// have one; `None` of a feature that is not estimated so.
    pub estimate_error: Option<f64>,
    /// The error of the mean of the other songs.
    pub mean_error: f64,
    /// By how much the map is nearer than the estimate, with a 95 % interval over groups.
    pub over_estimate: Option<Estimate>,
    /// By how much it is nearer than the mean.
    pub over_mean: Estimate,
    /// `[COLUMNS]`, on the fitting scale.
    weights: Vec<f64>,
}

impl FeatureFit {
    /// Whether the feature is taken from the map: it is better than the estimate and than the mean,
    /// beyond what chance would make of it.
    pub fn is_used(&self) -> bool {
        self.over_mean.low > 0.0 && self.over_estimate.is_none_or(|gain| gain.low > 0.0)
    }
}

/// A map from what was measured in files to what services tell.
///
/// See [`Catalogue::learned_features`](crate::Catalogue::learned_features).
#[derive(Clone, Debug)]
pub struct LearnedFeatures {
    /// From how many songs it was learned.
    pub songs: usize,
    /// Every feature that enough songs tell, in the order of [`AXES`], used or not.
    pub fits: Vec<FeatureFit>,
    inputs: InputScaling,
}

impl LearnedFeatures {
    /// Learns a map from at most [`MOST_SONGS`] songs, spread evenly; `None` of fewer than
    /// [`FEWEST_SONGS`], or of songs of fewer than five groups. Without axes, embeddings are no
    /// inputs.
    pub fn learn(songs: &[HeardAndTold<'_>], axes: Option<&EmbeddingAxes>) -> Option<Self> {
        let count = songs.len().min(MOST_SONGS);
        if count < FEWEST_SONGS {
            return None;
        }
        let songs: Vec<HeardAndTold<'_>> =
            (0..count).map(|i| songs[i * songs.len() / count]).collect();
        let inputs = InputScaling::fit(&songs, axes);
        let rows: Vec<Vec<f64>> = songs.iter().map(|song| inputs.of(song.analysis)).collect();
        let words: Vec<AudioFeatures> = songs.iter().map(|song| estimated(song.analysis)).collect();
        let fit = |feature| FeatureRegression::of(feature, &songs, &rows, &words)?.learn();
        let fits: Vec<FeatureFit> = AXES.into_iter().filter_map(fit).collect();
        (!fits.is_empty()).then_some(Self { songs: count, fits, inputs })
    }

    /// How well a feature is told; `None` where too few songs tell it.
    pub fn fit(&self, feature: AudioFeature) -> Option<&FeatureFit> {
        self.fits.iter().find(|fit| fit.feature == feature)
    }

    /// Whether a feature is taken from the map.
    pub fn uses(&self, feature: AudioFeature) -> bool {
        self.fit(feature).is_some_and(FeatureFit::is_used)
    }

    /// Whether a file has enough to go by: of one too short for the network most is missing.
    pub(crate) fn has_embedding(analysis: &AudioAnalysis) -> bool {
        analysis.embedding().len() > 0
    }

    /// Puts the features that are taken from the map in the place of estimates.
    pub fn improve(&self, analysis: &AudioAnalysis, features: &mut AudioFeatures) {
        let mut used = self.fits.iter().filter(|fit| fit.is_used()).peekable();
        if used.peek().is_none() || !Self::has_embedding(analysis) {
            return;
        }
        let row = self.inputs.of(analysis);
        for fit in used {
            features.set(fit.feature, from_fitting(fit.feature, dot(&fit.weights, &row)) as f32);
        }
    }
}

/// What makes inputs of an analysis.
#[derive(Clone, Debug)]
struct InputScaling {
    axes: Option<EmbeddingAxes>,
    mean: Vec<f64>,
    /// One over the standard deviation; 0 of an input that does not vary.
    scale: Vec<f64>,
}

impl InputScaling {
    fn fit(songs: &[HeardAndTold<'_>], axes: Option<&EmbeddingAxes>) -> Self {
        let raw: Vec<Vec<f64>> = songs.iter().map(|song| raw_inputs(axes, song.analysis)).collect();
        let known = |i: usize| raw.iter().map(move |row| row[i]).filter(|x| !x.is_nan());
        let average = |values: &mut dyn Iterator<Item = f64>| {
            let (sum, count) = values.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
            sum / f64::max(count, 1.0)
        };
        let mean: Vec<f64> = (0..INPUTS).map(|i| average(&mut known(i))).collect();
        let scale = (0..INPUTS).map(|i| {
            let deviation = average(&mut known(i).map(|x| (x - mean[i]).powi(2))).sqrt();
            if deviation > 1e-9 { 1.0 / deviation } else { 0.0 }
        });
        Self { axes: axes.cloned(), scale: scale.collect(), mean }
    }

    /// `[COLUMNS]`.
    fn of(&self, analysis: &AudioAnalysis) -> Vec<f64> {
        let raw = raw_inputs(self.axes.as_ref(), analysis).into_iter();
        let standard = raw.zip(self.mean.iter().zip(&self.scale)).map(|(x, (mean, scale))| {
            // Four deviations: one odd file must not be told to be unlike everything.
            if x.is_nan() { 0.0 } else { ((x - mean) * scale).clamp(-4.0, 4.0) }
        });
        standard.chain([1.0]).collect()
    }
}

/// `[INPUTS]`, NaN where missing.
fn raw_inputs(axes: Option<&EmbeddingAxes>, analysis: &AudioAnalysis) -> Vec<f64> {
    let place = axes.and_then(|axes| axes.place(analysis)).unwrap_or([f32::NAN; EMBEDDING_AXES]);
    let descriptor = |descriptor| {
        let value = analysis.value(descriptor).map_or(f64::NAN, f64::from);
        match descriptor {
            Descriptor::Tempo
            | Descriptor::TempoAlternative
            | Descriptor::OnsetRate
            | Descriptor::SpectralCentroid
            | Descriptor::SpectralCentroidDeviation
            | Descriptor::SpectralRolloff => value.max(0.1).ln(),
            _ => value,
        }
    };
    let is_major = |key: f32| if key < 12.0 { 1.0 } else { 0.0 };
    let mode = analysis.value(Descriptor::Key).map_or(f64::NAN, is_major);
    let mut tags: Vec<f64> =
        analysis.tags().map(|tag| log_odds(f64::from(tag), TAG_MARGIN)).collect();
    tags.resize(SOUND_TAGS.len(), f64::NAN);
    let place = place.into_iter().map(f64::from);
    place.chain(DESCRIPTORS.map(descriptor)).chain([mode]).chain(tags).collect()
}

/// One feature with all that it is learned from.
struct FeatureRegression<'a> {
    feature: AudioFeature,
    songs: Vec<RegressionRow<'a>>,
    /// Which songs are held out together.
    folds: Vec<Vec<usize>>,
    sums: Vec<RidgeSums>,
}

/// One song, as far as one feature goes.
struct RegressionRow<'a> {
    row: &'a [f64],
    told: f64,
    estimate: Option<f64>,
    group: u32,
}

impl<'a> FeatureRegression<'a> {
    fn of(
        feature: AudioFeature,
        songs: &[HeardAndTold<'_>],
        rows: &'a [Vec<f64>],
        words: &[AudioFeatures],
    ) -> Option<Self> {
        let all = songs.iter().zip(rows).zip(words);
        let songs: Vec<RegressionRow<'_>> = all
            .filter_map(|((song, row), words)| {
                let told = f64::from(song.features.get(feature)?);
                let estimate = words.get(feature).map(f64::from);
                Some(RegressionRow { row, told, estimate, group: song.group })
            })
            .collect();
        let groups: Vec<u32> = songs.iter().map(|song| song.group).collect();
        let different = groups.iter().collect::<std::collections::BTreeSet<_>>().len();
        if songs.len() < FEWEST_SONGS || different < FOLDS {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let split = stratified_group_folds(&vec![false; songs.len()], &groups, FOLDS, &mut rng);
        let folds: Vec<Vec<usize>> = split.into_iter().map(|fold| fold.test).collect();
        let sums = folds.iter().map(|fold| RidgeSums::of(feature, fold.iter().map(|&i| &songs[i])));
        Some(Self { feature, sums: sums.collect(), songs, folds })
    }

    fn learn(&self) -> Option<FeatureFit> {
        let (mut by_map, mut by_mean) = (vec![0.0; self.songs.len()], vec![0.0; self.songs.len()]);
        for (out, fold) in self.folds.iter().enumerate() {
            let others = self.without(&[out]);
            let weights = others.solve(self.penalty(Some(out)));
            for &i in fold {
                let song = &self.songs[i];
                let value = from_fitting(self.feature, dot(&weights, song.row));
                by_map[i] = (value - song.told).abs();
                by_mean[i] = (others.told / others.count - song.told).abs();
            }
        }
        let estimates = self.songs.iter().map(|song| Some((song.estimate? - song.told).abs()));
        let by_words: Vec<Option<f64>> = estimates.collect();
        let gain = |other: &[Option<f64>]| gain(&self.songs, &by_map, other);
        let over_mean = gain(&by_mean.iter().copied().map(Some).collect::<Vec<_>>())?;
        let weights = self.without(&[]).solve(self.penalty(None));
        weights.iter().all(|weight| weight.is_finite()).then_some(FeatureFit {
            feature: self.feature,
            songs: self.songs.len(),
            error: mean(by_map.iter().copied())?,
            estimate_error: mean(by_words.iter().flatten().copied()),
            mean_error: mean(by_mean.iter().copied())?,
            over_estimate: gain(&by_words),
            over_mean,
            weights,
        })
    }

    /// The sums over all folds but some.
    fn without(&self, out: &[usize]) -> RidgeSums {
        let kept = self.sums.iter().enumerate().filter(|(fold, _)| !out.contains(fold));
        kept.fold(RidgeSums::nothing(), |sum, (_, fold)| sum.plus(fold))
    }

    /// The penalty under which held-out songs are told best, one fold left out of all of it.
    fn penalty(&self, out: Option<usize>) -> f64 {
        let mut errors = [0.0; PENALTIES.len()];
        for inner in (0..FOLDS).filter(|fold| Some(*fold) != out) {
            let others =
                self.without(&[Some(inner), out].into_iter().flatten().collect::<Vec<_>>());
            for (error, penalty) in errors.iter_mut().zip(PENALTIES) {
                *error += self.sums[inner].squared_error(&others.solve(penalty));
            }
        }
        let best = PENALTIES.into_iter().zip(errors).min_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or(1.0, |(penalty, _)| penalty)
    }
}

/// What a ridge regression needs of some songs.
#[derive(Clone)]
struct RidgeSums {
    count: f64,
    /// Of the values as they are told.
    told: f64,
    /// `Σ x xᵀ`, `[COLUMNS, COLUMNS]`.
    products: Vec<f64>,
    /// `Σ f(y) x`, `[COLUMNS]`.
    moments: Vec<f64>,
    /// `Σ f(y)²`.
    squares: f64,
}

impl RidgeSums {
    fn nothing() -> Self {
        let (products, moments) = (vec![0.0; COLUMNS * COLUMNS], vec![0.0; COLUMNS]);
        Self { count: 0.0, told: 0.0, products, moments, squares: 0.0 }
    }

    fn of<'a>(feature: AudioFeature, songs: impl Iterator<Item = &'a RegressionRow<'a>>) -> Self {
        let mut sums = Self::nothing();
        for song in songs {
            let target = to_fitting(feature, song.told);
            sums.count += 1.0;
            sums.told += song.told;
            sums.squares += target * target;
            for (sums, &x) in sums.products.chunks_exact_mut(COLUMNS).zip(song.row) {
                sums.iter_mut().zip(song.row).for_each(|(sum, y)| *sum += x * y);
            }
            sums.moments.iter_mut().zip(song.row).for_each(|(sum, x)| *sum += x * target);
        }
        sums
    }

    fn plus(mut self, other: &Self) -> Self {
        self.count += other.count;
        self.told += other.told;
        self.squares += other.squares;
        self.products.iter_mut().zip(&other.products).for_each(|(a, b)| *a += b);
        self.moments.iter_mut().zip(&other.moments).for_each(|(a, b)| *a += b);
        self
    }

    /// The weights under a penalty, which the constant does not pay.
    fn solve(&self, penalty: f64) -> Vec<f64> {
        let mut matrix = self.products.clone();
        for i in 0..COLUMNS {
            let paid = if i < INPUTS { penalty * self.count } else { 0.0 };
            matrix[i * COLUMNS + i] += paid + 1e-9;
        }
        solve_positive(matrix, &self.moments)
    }

    /// `Σ (f(y) − w·x)²` over the songs.
    fn squared_error(&self, weights: &[f64]) -> f64 {
        let rows = self.products.chunks_exact(COLUMNS).zip(weights);
        let quadratic: f64 = rows.map(|(row, weight)| weight * dot(row, weights)).sum();
        self.squares - 2.0 * dot(&self.moments, weights) + quadratic
    }
}

/// `A⁻¹ b` of a symmetric positive definite matrix, by its Cholesky factor, which takes the place
/// of the matrix below its diagonal.
fn solve_positive(mut matrix: Vec<f64>, b: &[f64]) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        let (above, rest) = matrix.split_at_mut(i * n);
        let row = &mut rest[..n];
        for (j, other) in above.chunks_exact(n).enumerate() {
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        row[i] = (row[i] - dot(&row[..i], &row[..i])).max(f64::MIN_POSITIVE).sqrt();
    }
    let mut x = b.to_vec();
    for i in 0..n {
        x[i] = (x[i] - dot(&matrix[i * n..i * n + i], &x[..i])) / matrix[i * n + i];
    }
    for i in (0..n).rev() {
        x[i] /= matrix[i * n + i];
        let solved = x[i];
        x[..i].iter_mut().zip(&matrix[i * n..]).for_each(|(x, factor)| *x -= factor * solved);
    }
    x
}

/// By how much the map is nearer than something else, where there is something else: the mean over
/// songs, and a 95 % interval that takes songs of one group for one observation (Student's t with
/// one degree of freedom less than there are groups).
fn gain(songs: &[RegressionRow<'_>], by_map: &[f64], other: &[Option<f64>]) -> Option<Estimate> {
    let pairs = songs.iter().zip(by_map).zip(other);
    let gains: Vec<(u32, f64)> =
        pairs.filter_map(|((song, map), other)| Some((song.group, (*other)? - map))).collect();
    let mean = mean(gains.iter().map(|(_, gain)| *gain))?;
    let mut of_group: FxHashMap<u32, f64> = FxHashMap::default();
    gains.iter().for_each(|(group, gain)| *of_group.entry(*group).or_default() += gain - mean);
    let groups = of_group.len() as f64;
    let unsure = Estimate { mean, low: f64::NEG_INFINITY, high: f64::INFINITY };
    let Ok(student) = StudentsT::new(0.0, 1.0, groups - 1.0) else { return Some(unsure) };
    let mut sums: Vec<f64> = of_group.into_values().collect();
    // A hash map has no order, and sums of floats have.
    sums.sort_by(f64::total_cmp);
    let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
    let deviation = (squares * groups / (groups - 1.0)).sqrt() / gains.len() as f64;
    let reach = student.inverse_cdf(0.975) * deviation;
    Some(Estimate { mean, low: mean - reach, high: mean + reach })
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

fn log_odds(share: f64, margin: f64) -> f64 {
    let share = margin + (1.0 - 2.0 * margin) * share.clamp(0.0, 1.0);
    (share / (1.0 - share)).ln()
}

fn to_fitting(feature: AudioFeature, value: f64) -> f64 {
    match feature {
        AudioFeature::Loudness => value,
        AudioFeature::Tempo => value.log2(),
        _ => log_odds(value, SHARE_MARGIN),
    }
}

/// The value of a feature back from the scale on which it is fitted.
fn from_fitting(feature: AudioFeature, fitted: f64) -> f64 {
    let value = match feature {
        AudioFeature::Loudness => fitted,
        AudioFeature::Tempo => fitted.exp2(),
        _ => (sigmoid(fitted) - SHARE_MARGIN) / (1.0 - 2.0 * SHARE_MARGIN),
    };
    let range = feature.valid_range();
    value.clamp(f64::from(*range.start()), f64::from(*range.end()))
}
