//! What a new listener gets without learning across listeners: the popular, the near, and a
//! classifier of their own.
//!
//! All of them but popularity see the same standardised numbers per track as the model does of a
//! track itself: twelve numbers of its sound with the key on its circle, the year and the
//! popularity at the source. What can be chosen (how many neighbours, how strong the
//! regularisation, sound alone or everything) is chosen on training listeners, so that no baseline
//! loses for want of care.

use segue_engine::vector::dot;
use std::collections::BTreeMap;
use std::f32::consts::TAU;

use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use segue_core::{AudioFeature, Track};

use super::{ListenerLikes, NewListenerProtocol, NewListenerRanker, Trial, ask, trials};
use segue_engine::{Catalogue, Profile, TrackIdx, WorkIdx};

/// Numbers per track; the first [`SOUND`] are of its sound.
const NUMBERS: usize = 16;
const SOUND: usize = 14;
/// Tracks that stand for "everything else" beside a listener's likes.
const BACKGROUND: usize = 200;
const STEPS: usize = 100;

/// A simple way to rank tracks by a few likes. The learned model has to beat the best of these:
/// each knows the same tracks and training listeners, and no more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Baseline {
    /// How many training listeners like the track.
    Popularity,
    /// Cosine to the mean of the likes.
    Centroid {
        /// Numbers of a track that count.
        numbers: usize,
    },
    /// Negative mean distance to the nearest likes.
    Neighbours {
        /// Numbers of a track that count.
        numbers: usize,
        /// How many of them.
        k: usize,
    },
    /// Logistic regression of the likes against tracks of training listeners.
    Logistic {
        /// Numbers of a track that count.
        numbers: usize,
        /// Strength of the squared penalty, relative to the mean loss.
        penalty: f32,
    },
}

/// Baselines that share what they know of the catalogue and of the training listeners.
pub struct Baselines {
    numbers: Vec<[f32; NUMBERS]>,
    likes: BTreeMap<WorkIdx, u32>,
    works: Vec<WorkIdx>,
    background: Vec<TrackIdx>,
}

/// A baseline with what it needs to rank.
pub struct BaselineRanker<'a> {
    baselines: &'a Baselines,
    baseline: Baseline,
}

impl Baselines {
    /// Learns what baselines need from the training listeners.
    pub fn fit(catalogue: &Catalogue, training: &[&ListenerLikes], seed: u64) -> Self {
        let works: Vec<WorkIdx> = catalogue.rows().map(|row| catalogue.work(row)).collect();
        let mut likes = BTreeMap::new();
        let mut tracks = Vec::new();
        for &track in training.iter().flat_map(|likes| &likes.tracks) {
            *likes.entry(works[track.0 as usize]).or_insert(0) += 1;
            tracks.push(track);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let background = tracks.sample(&mut rng, BACKGROUND).copied().collect();
        Self { numbers: standardised(catalogue), likes, works, background }
    }

    /// Makes a baseline that can be asked like a model. It borrows what all baselines share, so
    /// that trying many settings costs nothing but the ranking.
    pub fn ranker(&self, baseline: Baseline) -> BaselineRanker<'_> {
        BaselineRanker { baselines: self, baseline }
    }

    /// Of each kind of baseline the one that serves training listeners best when some of them are
    /// hidden from the rest, with a name each.
    pub fn tuned(
        catalogue: &Catalogue,
        training: &[&ListenerLikes],
        protocol: &NewListenerProtocol,
    ) -> Vec<(&'static str, Baseline)> {
        let hidden = super::split(training.len(), protocol);
        let pick = |positions: &[usize]| -> Vec<&ListenerLikes> {
            positions.iter().map(|&i| training[i]).collect()
        };
        let baselines = Self::fit(catalogue, &pick(&hidden.training), protocol.seed);
        let trials = trials(catalogue, &pick(&hidden.unseen), protocol);
        let best = |choices: Vec<Baseline>| {
            let quality =
                |choice: &Baseline| baselines.quality(*choice, catalogue, &trials, protocol);
            let mut rated: Vec<(f64, Baseline)> =
                choices.iter().map(|choice| (quality(choice), *choice)).collect();
            rated.sort_by(|a, b| b.0.total_cmp(&a.0));
            rated[0].1
        };
        let everything = [SOUND, NUMBERS];
        let centroid = everything.map(|numbers| Baseline::Centroid { numbers });
        let neighbours =
            everything.map(|numbers| [1, 3, 5, 10].map(|k| Baseline::Neighbours { numbers, k }));
        let logistic = everything.map(|numbers| {
            [0.001, 0.01, 0.03, 0.1, 0.3, 1.0]
                .map(|penalty| Baseline::Logistic { numbers, penalty })
        });
        vec![
            ("popularity", Baseline::Popularity),
            ("centroid cosine", best(centroid.to_vec())),
            ("nearest likes", best(neighbours.concat())),
            ("logistic per listener", best(logistic.concat())),
        ]
    }

    fn quality(
        &self,
        choice: Baseline,
        catalogue: &Catalogue,
        trials: &[Trial],
        protocol: &NewListenerProtocol,
    ) -> f64 {
        let some: Vec<usize> =
            protocol.supports.iter().copied().filter(|&given| given > 0).collect();
        let outcomes = ask("", &self.ranker(choice), catalogue, trials, &some);
        outcomes.iter().map(|outcome| outcome.auc).sum::<f64>() / outcomes.len().max(1) as f64
    }

    fn of(&self, track: TrackIdx, numbers: usize) -> &[f32] {
        &self.numbers[track.0 as usize][..numbers]
    }
}

impl NewListenerRanker for BaselineRanker<'_> {
    /// Without any like, every baseline falls back to popularity.
    fn rank(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<f64> {
        let likes: Vec<TrackIdx> =
            profile.labelled().filter(|(_, label)| label.liked).map(|(track, _)| track).collect();
        let known = self.baselines;
        if likes.is_empty() {
            return tracks.iter().map(|&track| known.popularity(track)).collect();
        }
        match self.baseline {
            Baseline::Popularity => tracks.iter().map(|&track| known.popularity(track)).collect(),
            Baseline::Centroid { numbers } => {
                let mut centre = vec![0.0; numbers];
                for &like in &likes {
                    centre.iter_mut().zip(known.of(like, numbers)).for_each(|(sum, x)| *sum += x);
                }
                tracks.iter().map(|&track| cosine(&centre, known.of(track, numbers))).collect()
            }
            Baseline::Neighbours { numbers, k } => {
                tracks.iter().map(|&track| known.nearness(track, &likes, numbers, k)).collect()
            }
            Baseline::Logistic { numbers, penalty } => {
                let weights = known.logistic(&likes, numbers, penalty);
                let score = |&track: &TrackIdx| f64::from(dot(&weights, known.of(track, numbers)));
                tracks.iter().map(score).collect()
            }
        }
    }
}

impl Baselines {
    fn popularity(&self, track: TrackIdx) -> f64 {
        f64::from(self.likes.get(&self.works[track.0 as usize]).copied().unwrap_or(0))
    }

    fn nearness(&self, track: TrackIdx, likes: &[TrackIdx], numbers: usize, k: usize) -> f64 {
        let x = self.of(track, numbers);
        let distance = |like: &TrackIdx| -> f32 {
            self.of(*like, numbers)
                .iter()
                .zip(x)
                .map(|(a, b)| (a - b) * (a - b))
                .sum::<f32>()
                .sqrt()
        };
        let mut distances: Vec<f32> = likes.iter().map(distance).collect();
        distances.sort_by(f32::total_cmp);
        distances.truncate(k);
        -f64::from(distances.iter().sum::<f32>()) / distances.len() as f64
    }

    /// Weights without the intercept, which ranks nothing; likes together count as much as the
    /// background together.
    fn logistic(&self, likes: &[TrackIdx], numbers: usize, penalty: f32) -> Vec<f32> {
        let mut rows: Vec<(&[f32], f32, f32)> = Vec::new();
        rows.extend(
            likes.iter().map(|&like| (self.of(like, numbers), 1.0, 0.5 / likes.len() as f32)),
        );
        let share = 0.5 / self.background.len().max(1) as f32;
        rows.extend(self.background.iter().map(|&track| (self.of(track, numbers), 0.0, share)));
        // Standardised rows have at most about this curvature; the step is safe and the problem
        // convex.
        let step = 1.0 / (0.25 * numbers as f32 + penalty);
        let (mut weights, mut intercept) = (vec![0.0f32; numbers], 0.0f32);
        let (mut previous, mut momentum) = (weights.clone(), 0.0f32);
        for i in 0..STEPS {
            let ahead: Vec<f32> =
                weights.iter().zip(&previous).map(|(w, p)| w + momentum * (w - p)).collect();
            let mut gradient: Vec<f32> = ahead.iter().map(|w| penalty * w).collect();
            let mut lean = 0.0;
            for &(x, y, weight) in &rows {
                let z = intercept + x.iter().zip(&ahead).map(|(x, w)| x * w).sum::<f32>();
                let error = weight * (1.0 / (1.0 + (-z).exp()) - y);
                gradient.iter_mut().zip(x).for_each(|(g, x)| *g += error * x);
                lean += error;
            }
            previous = weights;
            weights = ahead.iter().zip(&gradient).map(|(w, g)| w - step * g).collect();
            intercept -= lean;
            momentum = i as f32 / (i as f32 + 3.0);
        }
        weights
    }
}

fn standardised(catalogue: &Catalogue) -> Vec<[f32; NUMBERS]> {
    let mut rows: Vec<[f32; NUMBERS]> =
        catalogue.rows().map(|row| numbers(catalogue.track(row))).collect();
    for i in 0..NUMBERS {
        let known: Vec<f64> =
            rows.iter().map(|row| f64::from(row[i])).filter(|x| !x.is_nan()).collect();
        let count = known.len().max(1) as f64;
        let mean = known.iter().sum::<f64>() / count;
        let deviation = (known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        for row in &mut rows {
            let x = (f64::from(row[i]) - mean) / deviation;
            row[i] = if x.is_finite() { x as f32 } else { 0.0 };
        }
    }
    rows
}

fn numbers(track: &Track) -> [f32; NUMBERS] {
    use AudioFeature::*;
    let audio = |feature| track.features.get(feature).unwrap_or(f32::NAN);
    let angle = audio(Key) * TAU / 12.0;
    [
        audio(Danceability),
        audio(Energy),
        audio(Loudness),
        audio(Mode),
        audio(Speechiness),
        audio(Acousticness),
        audio(Instrumentalness),
        audio(Liveness),
        audio(Valence),
        audio(Tempo),
        audio(DurationMs),
        audio(TimeSignature),
        angle.cos(),
        angle.sin(),
        track.year.map_or(f32::NAN, f32::from),
        track.popularity.unwrap_or(f32::NAN),
    ]
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product = |a, b| f64::from(dot(a, b));
    let length = (product(a, a) * product(b, b)).sqrt();
    if length > 0.0 { product(a, b) / length } else { 0.0 }
}
