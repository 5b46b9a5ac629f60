//! Fitting: from profiles to a calibrated network, with every answer that is measured or calibrated
//! on held out from it.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use segue_engine::dataset::labels::LABEL_POLICY_VERSION;
use segue_engine::{Catalogue, Likability, Profile, Table, TrackIdx, Values, WorkIdx};

use super::card::{DataSummary, FitReport, LikabilityCard};
use super::config::LikabilityConfig;
use super::describe::{Descriptions, Scale, is_audible};
use super::episode::{Contrasts, Episodes, HistorySizes, Rows, TrainingListener};
use super::feature_spaces::FeatureSpaces;
use super::labelled::{LabelledTrack, labelled_tracks};
use super::layer::Layer;
use super::measure::{LabelledPrediction, calibrated, calibration, measure, reliability};
use super::relation::{COLUMNS, column_names};
use super::{LikabilityModel, NamedCommunity, persist};
use crate::ModelError;
use crate::tabular::Tabm;
use crate::tabular::calibration::Calibration;

/// With at least this many listeners, whole listeners are held out and communities and spaces are
/// learned.
pub const FEWEST_NEWCOMER_LISTENERS: usize = 20;
/// Likes that make a listener worth holding out.
const FEWEST_LIKES: usize = 3;
/// Folds over listeners; the first is held out from the network.
const LISTENER_FOLDS: usize = 8;
/// Folds over labels.
const LABEL_FOLDS: usize = 5;
/// With more labels than this a single fold of them is enough to calibrate on.
const MOST_LABELS_TO_CROSS_FIT: usize = 3_000;
const FEWEST_OF_EACH: usize = 5;

/// Where a fit of the likability network has got to, for whoever shows progress.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stage {
    /// Training rows are being drawn from the listeners, before any network is trained.
    Episodes,
    /// Networks are trained; so many of so many are done.
    Training {
        /// Networks done.
        done: usize,
        /// Networks in all.
        of: usize,
    },
    /// All networks are trained; what they predicted of held-out labels is calibrated and measured.
    Calibrating,
}

/// Everything that fitting works on.
struct TrainingListeners<'a> {
    descriptions: Descriptions,
    listeners: Vec<TrainingListener>,
    /// Tracks that each listener likes.
    likes: Vec<Vec<TrackIdx>>,
    unclaimed: Vec<TrackIdx>,
    config: &'a LikabilityConfig,
    seed: u64,
}

/// A network with the predictions it made on what was held out from it.
struct Trained {
    network: Tabm,
    columns: Vec<usize>,
    rows: usize,
}

impl LikabilityModel {
    /// Learns from everyone's labels. The model depends on nothing but the arguments, and not on
    /// the number of threads.
    ///
    /// # Errors
    /// If there are too few likes, or nothing that they could be told apart from.
    pub fn fit(
        catalogue: &Catalogue,
        profiles: &[Profile],
        config: LikabilityConfig,
        seed: u64,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<(Self, FitReport), ModelError> {
        let scale = Scale::fit(catalogue);
        let listeners = TrainingListeners::new(catalogue, profiles, &scale, &config, seed);
        let data = listeners.summary();
        let newcomers = listeners.likes.iter().filter(|likes| likes.len() >= FEWEST_LIKES).count();
        progress(Stage::Episodes);
        let (split, trained, held_out) = if newcomers >= FEWEST_NEWCOMER_LISTENERS {
            let (trained, held_out) = listeners.fit_across_listeners(progress)?;
            ("listeners", trained, held_out)
        } else {
            let (trained, held_out) = listeners.fit_across_labels(progress)?;
            ("labels", trained, held_out)
        };
        progress(Stage::Calibrating);
        let calibration = calibration(&held_out.answers);
        let report = held_out.report(trained.rows);
        let layer = Layer::fit(&held_out.rows, &held_out.calibrated(calibration));
        let feature_spaces = listeners.feature_spaces(|_| true);
        let card = LikabilityCard {
            label_policy: LABEL_POLICY_VERSION,
            data,
            split: split.to_owned(),
            config: config.clone(),
            seed,
            calibration,
            report: report.clone(),
        };
        let mut model = Self {
            card,
            version: String::new(),
            scale,
            spaces: feature_spaces.spaces,
            background: feature_spaces.background,
            community: NamedCommunity::new(catalogue, &feature_spaces.community),
            columns: trained.columns,
            network: trained.network,
            layer,
        };
        model.version = persist::version(&model);
        Ok((model, report))
    }

    /// The same network, with what listeners have in common learned anew from everyone's likes: a
    /// new listener or track is then related to all of them. Where too few listeners like enough it
    /// stays as it is.
    #[must_use]
    pub fn refreshed(mut self, catalogue: &Catalogue, profiles: &[Profile]) -> Self {
        let (config, seed) = (self.card.config.clone(), self.card.seed);
        let listeners = TrainingListeners::new(catalogue, profiles, &self.scale, &config, seed);
        let feature_spaces = listeners.feature_spaces(|_| true);
        self.card.data = listeners.summary();
        self.spaces = feature_spaces.spaces;
        self.background = feature_spaces.background;
        self.community = NamedCommunity::new(catalogue, &feature_spaces.community);
        self.version = persist::version(&self);
        self
    }
}

impl<'a> TrainingListeners<'a> {
    fn new(
        catalogue: &Catalogue,
        profiles: &[Profile],
        scale: &Scale,
        config: &'a LikabilityConfig,
        seed: u64,
    ) -> Self {
        let mut ordered: Vec<&Profile> =
            profiles.iter().filter(|profile| profile.labelled().next().is_some()).collect();
        ordered.sort_by(|a, b| a.listener.cmp(&b.listener));
        // Folds are runs of this order: names that were given in order must not end up in the same
        // fold.
        ordered.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let listeners: Vec<TrainingListener> =
            (0..).zip(&ordered).map(|(index, profile)| training_listener(index, profile)).collect();
        let likes: Vec<Vec<TrackIdx>> = listeners
            .iter()
            .map(|listener| {
                listener
                    .labelled
                    .iter()
                    .filter(|labelled| labelled.liked)
                    .map(|labelled| labelled.track)
                    .collect()
            })
            .collect();
        let descriptions = Descriptions::new(catalogue, scale);
        let claimed: BTreeSet<WorkIdx> =
            likes.iter().flatten().map(|&track| catalogue.work(track)).collect();
        let unclaimed =
            catalogue.rows().filter(|&row| !claimed.contains(&catalogue.work(row))).collect();
        Self { descriptions, listeners, likes, unclaimed, config, seed }
    }

    fn summary(&self) -> DataSummary {
        let labelled = || self.listeners.iter().flat_map(|listener| &listener.labelled);
        DataSummary {
            tracks: self.descriptions.values.len(),
            audible_tracks: self.descriptions.values.iter().filter(|d| is_audible(d)).count(),
            listeners: self.listeners.len(),
            likes: labelled().filter(|labelled| labelled.liked).count(),
            dislikes: labelled().filter(|labelled| !labelled.liked).count(),
        }
    }

    /// The feature spaces that some listeners' likes make; a small library makes one that knows of
    /// no likes at all.
    fn feature_spaces(&self, of: impl Fn(usize) -> bool) -> FeatureSpaces {
        let likes: Vec<Vec<TrackIdx>> =
            (0..self.listeners.len()).filter(|&i| of(i)).map(|i| self.likes[i].clone()).collect();
        let enough = self.likes.iter().filter(|likes| likes.len() >= FEWEST_LIKES).count()
            >= FEWEST_NEWCOMER_LISTENERS;
        FeatureSpaces::fit(&self.descriptions, if enough { &likes } else { &[] }, self.seed)
    }

    fn fit_across_listeners(
        &self,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<(Trained, Held), ModelError> {
        let (episodes, asked) = (self.episodes_each(), self.asked());
        let (mut training, mut held_out) = (Rows::default(), Rows::default());
        for fold in 0..LISTENER_FOLDS {
            let in_fold = |i: usize| i % LISTENER_FOLDS == fold;
            let feature_spaces = self.feature_spaces(|i| !in_fold(i));
            let contrasts = self.contrasts(in_fold);
            let listeners: Vec<TrainingListener> = self
                .listeners
                .iter()
                .enumerate()
                .take(asked)
                .filter(|&(i, _)| in_fold(i))
                .map(|(_, listener)| listener.clone())
                .collect();
            let rows = self
                .episodes(&feature_spaces, &contrasts, HistorySizes::Newcomers)
                .draw(&listeners, episodes);
            if fold == 0 { held_out.append(rows) } else { training.append(rows) }
        }
        progress(Stage::Training { done: 0, of: 1 });
        let trained = self.train(&training)?;
        let answers = trained.answers(&held_out)?;
        Ok((trained, Held { answers, rows: held_out }))
    }

    fn fit_across_labels(
        &self,
        progress: &mut dyn FnMut(Stage),
    ) -> Result<(Trained, Held), ModelError> {
        let labels: usize = self.listeners.iter().map(|listener| listener.labelled.len()).sum();
        let cross_fit = labels <= MOST_LABELS_TO_CROSS_FIT;
        let folds = if cross_fit { LABEL_FOLDS } else { 1 };
        let networks = folds + usize::from(cross_fit);
        let feature_spaces = self.feature_spaces(|_| true);
        let contrasts = Contrasts { liked: Vec::new(), unclaimed: self.unclaimed.clone() };
        let drawing = self.episodes(&feature_spaces, &contrasts, HistorySizes::Settled);
        let (episodes, asked) = (self.episodes_each(), self.asked());
        let mut held = Held::default();
        let mut last = None;
        for fold in 0..folds {
            progress(Stage::Training { done: fold, of: networks });
            let (shown, hidden) = self.split_labels(fold);
            let (shown, hidden) = (&shown[..asked], &hidden[..asked]);
            let trained = self.train(&drawing.draw(shown, episodes))?;
            let mut rows = Rows::default();
            for (listener, hidden) in shown.iter().zip(hidden) {
                let mut rng = ChaCha8Rng::seed_from_u64(self.seed.wrapping_add(1 + fold as u64));
                rng.set_stream(u64::from(listener.index));
                rows.append(drawing.ask(listener, &listener.labelled, hidden, &mut rng));
            }
            held.answers.extend(trained.answers(&rows)?);
            held.rows.append(rows);
            last = Some(trained);
        }
        if cross_fit {
            progress(Stage::Training { done: folds, of: networks });
            last = Some(self.train(&drawing.draw(&self.listeners[..asked], episodes))?);
        }
        Ok((last.expect("there is at least one fold"), held))
    }

    /// Every listener without a fifth of the labels, and that fifth.
    fn split_labels(&self, fold: usize) -> (Vec<TrainingListener>, Vec<Vec<LabelledTrack>>) {
        let split = |listener: &TrainingListener| {
            let mut labelled = listener.labelled.clone();
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(u64::from(listener.index));
            labelled.shuffle(&mut rng);
            // Both kinds spread evenly over the folds.
            labelled.sort_by_key(|labelled| labelled.liked);
            let pick = |hidden: bool| -> Vec<LabelledTrack> {
                let rows = labelled
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| (i % LABEL_FOLDS == fold) == hidden);
                rows.map(|(_, labelled)| *labelled).collect()
            };
            (TrainingListener { labelled: pick(false), ..listener.clone() }, pick(true))
        };
        self.listeners.iter().map(split).unzip()
    }

    fn episodes<'b>(
        &'b self,
        feature_spaces: &'b FeatureSpaces,
        contrasts: &'b Contrasts,
        sizes: HistorySizes,
    ) -> Episodes<'b> {
        Episodes {
            feature_spaces,
            descriptions: &self.descriptions,
            contrasts,
            sizes,
            seed: self.seed,
        }
    }

    fn contrasts(&self, of: impl Fn(usize) -> bool) -> Contrasts {
        let listeners = (0..self.listeners.len()).filter(|&i| of(i));
        let liked = listeners
            .flat_map(|i| self.likes[i].iter().map(move |&track| (self.listeners[i].index, track)))
            .collect();
        Contrasts { liked, unclaimed: self.unclaimed.clone() }
    }

    fn episodes_each(&self) -> usize {
        (self.config.rows / self.rows_of_all().max(1)).clamp(1, self.config.most_episodes)
    }

    /// How many listeners episodes are drawn of. They are in random order, and spaces and contrasts
    /// are made of all: where an episode of each would be more rows than are wanted, the first ones
    /// stand for the others.
    fn asked(&self) -> usize {
        let share = self.config.rows as f64 / self.rows_of_all().max(1) as f64;
        let asked = (self.listeners.len() as f64 * share.min(1.0)).ceil() as usize;
        asked.max(FEWEST_NEWCOMER_LISTENERS).min(self.listeners.len())
    }

    /// Rows of one episode of every listener, about: it asks for up to thirty labels, and adds
    /// contrasts where there are more likes than dislikes among them.
    fn rows_of_all(&self) -> usize {
        let rows_of = |(listener, likes): (&TrainingListener, &Vec<TrackIdx>)| {
            let labels = listener.labelled.len();
            let queries = (labels / 2).clamp(1, 30);
            queries + queries * (2 * likes.len()).saturating_sub(labels) / labels.max(1)
        };
        self.listeners.iter().zip(&self.likes).map(rows_of).sum()
    }

    fn train(&self, rows: &Rows) -> Result<Trained, ModelError> {
        let liked = rows.liked.iter().filter(|&&liked| liked).count();
        let disliked = rows.len() - liked;
        if liked.min(disliked) < FEWEST_OF_EACH {
            return Err(ModelError::TooFewRows { liked, disliked, needed: FEWEST_OF_EACH });
        }
        let names = column_names();
        let allowed = |column: &usize| {
            !self.config.without.iter().any(|prefix| names[*column].starts_with(prefix))
        };
        let columns: Vec<usize> =
            (0..COLUMNS).filter(allowed).filter(|&column| varies(rows, column)).collect();
        let table = table(&rows.columns, &columns);
        let network =
            Tabm::fit(&table, &rows.liked, &rows.weights, &self.config.network, self.seed)?;
        Ok(Trained { network, columns, rows: rows.len() })
    }
}

impl Trained {
    fn answers(&self, rows: &Rows) -> Result<Vec<LabelledPrediction>, ModelError> {
        let predicted = self.network.predict(&table(&rows.columns, &self.columns))?;
        let labels = rows.liked.iter().zip(&rows.weights);
        Ok(predicted
            .iter()
            .zip(labels)
            .map(|(predicted, (&liked, &weight))| LabelledPrediction {
                probability: predicted.mean,
                liked,
                weight,
            })
            .collect())
    }
}

/// What was held out, with the answers that were predicted.
#[derive(Default)]
struct Held {
    rows: Rows,
    answers: Vec<LabelledPrediction>,
}

impl Held {
    fn report(&self, rows: usize) -> FitReport {
        let labelled: Vec<LabelledPrediction> = self.select(|i| self.rows.is_feedback[i]);
        let of_both_kinds = labelled.iter().any(|a| a.liked) && labelled.iter().any(|a| !a.liked);
        let relied_on: Vec<usize> = (0..self.answers.len())
            .filter(|&i| !of_both_kinds || self.rows.is_feedback[i])
            .collect();
        let listeners: Vec<u32> = relied_on.iter().map(|&i| self.rows.listeners[i]).collect();
        let relied_on: Vec<LabelledPrediction> =
            relied_on.iter().map(|&i| self.answers[i]).collect();
        let sizes: BTreeSet<u32> = self.rows.history.iter().copied().collect();
        // Sizes between the usual ones are as many as listeners have different numbers of likes.
        const SHOWN: [u32; 7] = [0, 1, 2, 5, 10, 20, 50];
        let by_history = SHOWN
            .into_iter()
            .filter(|size| sizes.contains(size))
            .filter_map(|size| {
                Some((size, measure(&self.select(|i| self.rows.history[i] == size))?))
            })
            .collect();
        FitReport {
            rows,
            held_out: measure(&self.answers),
            feedback: if of_both_kinds { measure(&labelled) } else { None },
            by_history,
            reliability: reliability(&relied_on, &listeners),
        }
    }

    fn calibrated(&self, calibration: Calibration) -> Vec<Likability> {
        let raw = self
            .answers
            .iter()
            .map(|answer| Likability { mean: answer.probability, uncertainty: 0.0 });
        raw.map(|raw| calibrated(calibration, raw)).collect()
    }

    fn select(&self, keep: impl Fn(usize) -> bool) -> Vec<LabelledPrediction> {
        (0..self.answers.len()).filter(|&i| keep(i)).map(|i| self.answers[i]).collect()
    }
}

fn training_listener(index: u32, profile: &Profile) -> TrainingListener {
    TrainingListener {
        index,
        labelled: labelled_tracks(profile),
        known: profile.interactions.iter().map(|interaction| interaction.work).collect(),
    }
}

/// The chosen columns of rows as the network reads them.
pub(super) fn table(rows: &[f32], columns: &[usize]) -> Table {
    let names = column_names();
    let mut table = Table::new(rows.len() / COLUMNS);
    for &column in columns {
        let values = rows.iter().skip(column).step_by(COLUMNS).copied().collect();
        table.push(names[column], Values::Numeric(values));
    }
    table
}

fn varies(rows: &Rows, column: usize) -> bool {
    let mut known =
        rows.columns.iter().skip(column).step_by(COLUMNS).filter(|value| !value.is_nan());
    let first = known.next();
    first.is_some_and(|first| known.any(|value| (value - first).abs() > 1e-6))
}
