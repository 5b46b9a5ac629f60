//! Fitting the members: which there are, with which settings, on whose plays.

use rustc_hash::FxHashSet;
use segue_core::WorkId;
use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_engine::dataset::labels::PlayOutcome;
use segue_engine::dataset::plays::Plays;
use segue_engine::dataset::profile::SITTING_GAP_S;
use segue_engine::{Catalogue, Interactions, Profile};
use serde::de::DeserializeOwned;

use super::budget::Plan;
use super::listener::{ListenerView, Vocabulary, positives, seconds};
use super::member::{Member, MemberKind, MemberModel};
use super::questions::Questions;
use super::world::{WorldItems, WorldRows};
use crate::ModelError;
use crate::recommenders::{
    Counting, Decay, DecayedPopularity, DecayedPopularityConfig, Ease, EaseConfig, EventWeighting,
    Ials, IalsConfig, ItemKnn, ItemKnnConfig, PopularityConfig, PopularityModel, Sasrec,
    SasrecConfig, Strength,
};

/// A dense model of all pairs is fitted up to this many items: 64 MB of weights.
pub(super) const MOST_ITEMS_OF_EASE: usize = 4_000;
/// Below so many listeners nobody shares enough with anybody.
const FEWEST_LISTENERS: usize = 5;
/// Below so many dated plays there is no sequence to learn.
const FEWEST_DATED: usize = 300;
/// A sequence model ends after so many passes over the plays that found less than this share of the
/// most that any found.
const SASREC_PATIENCE: usize = 5;
const NEARLY_MOST: f64 = 0.98;
/// So many passes are judged together.
const SMOOTHED_OVER: usize = 3;
/// A sequence model that goes on takes one in so many of the epochs of a fresh one.
const SHARE_OF_EPOCHS: usize = 5;
/// With fewer questions than this the first settings are taken: the best of several would be so by
/// luck.
const FEWEST_TO_CHOOSE: usize = 8;
/// With fewer questions to listeners who have friends, nothing is learned of friends.
const FEWEST_WITH_FRIENDS: usize = 10;

/// What members learn from.
pub(super) struct TrainingData {
    pub(super) names: Vec<WorkId>,
    /// How many of the names listeners here have played: the rows of members that learn from them.
    pub(super) played: usize,
    /// What a world knows of all of them.
    pub(super) world: Option<WorldItems>,
    pub(super) vocabulary: Vocabulary,
    /// One event for each work that speaks for a listener.
    works: Interactions,
    /// Every dated play that was not left, in order.
    plays: Option<Interactions>,
}

impl TrainingData {
    /// The vocabulary is `known`, then what anybody played and was not in it.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`] if nobody played anything.
    pub(super) fn new(
        catalogue: &Catalogue,
        listeners: &[Plays],
        profiles: &[Profile],
        known: Vec<WorkId>,
    ) -> Result<Self, ModelError> {
        let mut is_played = vec![false; catalogue.work_count()];
        for profile in profiles {
            for (work, ..) in positives(profile) {
                is_played[work.row()] = true;
            }
        }
        let before: FxHashSet<&WorkId> = known.iter().collect();
        let since: Vec<WorkId> = catalogue
            .works()
            .filter(|work| is_played[work.row()] && !before.contains(catalogue.work_id(*work)))
            .map(|work| catalogue.work_id(work).clone())
            .collect();
        let names: Vec<WorkId> = known.into_iter().chain(since).collect();
        let vocabulary = Vocabulary::new(catalogue, &names);
        let none = || ModelError::NoEvents { listeners: profiles.len() };
        let works = bags(&vocabulary, &names, profiles).ok_or_else(none)?;
        let plays = sequences(catalogue, &vocabulary, &names, listeners);
        let played = names.len();
        Ok(Self { names, played, world: None, vocabulary, works, plays })
    }

    /// The same with what a world knows: works that nobody here has played get rows behind the
    /// others.
    pub(super) fn with_world(mut self, catalogue: &Catalogue, rows: Option<WorldRows>) -> Self {
        let Some(rows) = rows else { return self };
        let played: FxHashSet<&WorkId> = self.names.iter().collect();
        let unplayed = rows.works.iter().filter(|work| !played.contains(work));
        let unplayed: Vec<WorkId> = unplayed.cloned().collect();
        self.names.extend(unplayed);
        self.vocabulary = Vocabulary::new(catalogue, &self.names);
        self.world = Some(WorldItems::new(&rows, &self.names));
        self
    }

    fn has_company(&self) -> bool {
        self.works.listeners() >= FEWEST_LISTENERS
    }

    fn dated(&self) -> Option<&Interactions> {
        self.plays.as_ref().filter(|plays| plays.events() >= FEWEST_DATED)
    }
}

fn builder(names: &[WorkId]) -> InteractionsBuilder {
    let mut builder = InteractionsBuilder::default();
    for name in names {
        builder.know_item(name.as_str()).expect("a catalogue has fewer works than rows can count");
    }
    builder
}

fn bags(vocabulary: &Vocabulary, names: &[WorkId], profiles: &[Profile]) -> Option<Interactions> {
    let all: Vec<_> = profiles.iter().map(|profile| (profile, positives(profile))).collect();
    let is_dated = all.iter().flat_map(|(_, works)| works).all(|(_, at, _)| at.is_some());
    let mut builder = builder(names);
    for (profile, works) in &all {
        for &(work, at, weight) in works {
            let Some(item) = vocabulary.item(work) else { continue };
            let time = at.filter(|_| is_dated).map(seconds);
            let pushed = builder.push_item(profile.listener.as_str(), item, time, Some(weight));
            pushed.ok()?;
        }
    }
    builder.build(KCore::default()).ok()
}

fn sequences(
    catalogue: &Catalogue,
    vocabulary: &Vocabulary,
    names: &[WorkId],
    listeners: &[Plays],
) -> Option<Interactions> {
    let mut builder = builder(names);
    for one in listeners {
        for play in &one.plays {
            let item = vocabulary.item(catalogue.work(play.track));
            let (Some(item), Some(at)) = (item, play.at) else { continue };
            if !matches!(play.outcome, PlayOutcome::Disliked { .. }) {
                builder.push_item(one.listener.as_str(), item, Some(seconds(at)), None).ok()?;
            }
        }
    }
    builder.build(KCore::default()).ok()
}

/// How a member is fitted and asked: what the newest plays chose.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Recipe {
    Popularity,
    Trending(DecayedPopularityConfig),
    Neighbours(ItemKnnConfig),
    Sessions(ItemKnnConfig),
    Ease(EaseConfig),
    Ials(IalsConfig),
    Sasrec(SasrecConfig),
    EaseOfFriends(EaseConfig),
    IalsOfFriends(IalsConfig),
    World(WorldRecipe),
}

/// How a member of a world is made and asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum WorldRecipe {
    Popular,
    Neighbours(ItemKnnConfig),
    Ials(EventWeighting),
}

impl Recipe {
    pub(super) fn kind(&self) -> MemberKind {
        match self {
            Self::Popularity => MemberKind::Popularity,
            Self::Trending(_) => MemberKind::Trending,
            Self::Neighbours(_) => MemberKind::ItemKnn,
            Self::Sessions(_) => MemberKind::Sessions,
            Self::Ease(_) => MemberKind::Ease,
            Self::Ials(_) => MemberKind::Ials,
            Self::Sasrec(_) => MemberKind::Sasrec,
            Self::EaseOfFriends(_) | Self::IalsOfFriends(_) => MemberKind::Friends,
            Self::World(WorldRecipe::Popular) => MemberKind::WorldPopular,
            Self::World(WorldRecipe::Neighbours(_)) => MemberKind::WorldNeighbours,
            Self::World(WorldRecipe::Ials(_)) => MemberKind::WorldIals,
        }
    }

    /// The settings as JSON, for the card.
    pub(super) fn settings(&self) -> serde_json::Value {
        let json = match self {
            Self::Popularity | Self::World(WorldRecipe::Popular) => Ok(serde_json::Value::Null),
            Self::World(WorldRecipe::Neighbours(config)) => serde_json::to_value(config),
            Self::World(WorldRecipe::Ials(query)) => serde_json::to_value(query),
            Self::Trending(config) => serde_json::to_value(config),
            Self::Neighbours(config) | Self::Sessions(config) => serde_json::to_value(config),
            Self::Ease(config) | Self::EaseOfFriends(config) => serde_json::to_value(config),
            Self::Ials(config) | Self::IalsOfFriends(config) => serde_json::to_value(config),
            Self::Sasrec(config) => serde_json::to_value(config),
        };
        json.unwrap_or_default()
    }

    /// Reads what [`settings`](Self::settings) wrote; `None` if it is something else.
    pub(super) fn read(kind: MemberKind, settings: &serde_json::Value) -> Option<Self> {
        fn config<T: DeserializeOwned>(settings: &serde_json::Value) -> Option<T> {
            T::deserialize(settings).ok()
        }
        Some(match kind {
            MemberKind::Popularity => Self::Popularity,
            MemberKind::Trending => Self::Trending(config(settings)?),
            MemberKind::ItemKnn => Self::Neighbours(config(settings)?),
            MemberKind::Sessions => Self::Sessions(config(settings)?),
            MemberKind::Ease => Self::Ease(config(settings)?),
            MemberKind::Ials => Self::Ials(config(settings)?),
            MemberKind::Sasrec => Self::Sasrec(config(settings)?),
            MemberKind::Friends if settings.get("factors").is_some() => {
                Self::IalsOfFriends(config(settings)?)
            }
            MemberKind::Friends => Self::EaseOfFriends(config(settings)?),
            MemberKind::WorldPopular => Self::World(WorldRecipe::Popular),
            MemberKind::WorldNeighbours => Self::World(WorldRecipe::Neighbours(config(settings)?)),
            MemberKind::WorldIals => Self::World(WorldRecipe::Ials(config(settings)?)),
        })
    }

    /// As [`fit`](Self::fit), going on from what was fitted before where weights are learned step
    /// by step. The vocabulary begins with the one of before.
    pub(super) fn fit_from(
        &self,
        before: &Member,
        data: &TrainingData,
        seed: u64,
    ) -> Result<Member, ModelError> {
        let items = data.played;
        if matches!(self, Self::Ease(_) | Self::EaseOfFriends(_)) && items > MOST_ITEMS_OF_EASE {
            return Err(ModelError::TooLarge {
                model: "ease",
                items,
                needed_mb: mb_of_ease(items),
                limit_mb: mb_of_ease(MOST_ITEMS_OF_EASE),
            });
        }
        let (Self::Sasrec(config), MemberModel::Sasrec(network), Some(plays)) =
            (self, &before.model, &data.plays)
        else {
            return self.fit(data, seed);
        };
        let epochs = config.epochs.div_ceil(SHARE_OF_EPOCHS);
        let config = SasrecConfig { epochs, ..config.clone() };
        let network = network.fine_tune(&plays.all(), None, &config, seed, &mut |_| None)?;
        Ok(Member::new(before.kind, MemberModel::Sasrec(Box::new(network))))
    }

    pub(super) fn fit(&self, data: &TrainingData, seed: u64) -> Result<Member, ModelError> {
        let works = data.works.all();
        let plays = data.plays.as_ref().map(Interactions::all);
        let plays = || plays.clone().ok_or(ModelError::NoEvents { listeners: 0 });
        let model = match self {
            Self::Popularity => {
                let config = PopularityConfig { counting: Counting::Listeners };
                MemberModel::Popularity(PopularityModel::fit(&works, &config)?)
            }
            Self::Trending(config) => {
                MemberModel::Trending(DecayedPopularity::fit(&plays()?, config)?)
            }
            Self::Neighbours(config) => MemberModel::Neighbours(ItemKnn::fit(&works, config)?),
            Self::Sessions(config) => MemberModel::Neighbours(ItemKnn::fit(&plays()?, config)?),
            Self::Ease(config) | Self::EaseOfFriends(config) => {
                MemberModel::Ease(Ease::fit(&works, config)?)
            }
            Self::Ials(config) | Self::IalsOfFriends(config) => {
                MemberModel::Ials(Ials::fit(&works, config, seed)?)
            }
            Self::Sasrec(config) => {
                let model = Sasrec::fit(&plays()?, None, config, seed, &mut |_| None)?;
                MemberModel::Sasrec(Box::new(model))
            }
            Self::World(recipe) => data.world.as_ref().ok_or(ModelError::NoWorld)?.fit(recipe)?,
        };
        Ok(Member::new(self.kind(), model))
    }

    /// As [`fit`](Self::fit), but what learns in passes ends when more of them find less of what
    /// listeners turned to. The recipe then has as many as found nearly the most: where more do no
    /// harm, they are worth having (MovieLens 100K, recall@20 of a mix .281, and .272 with those
    /// that find the most, which is the 10th to 14th of 19 by chance).
    ///
    /// Somebody's five years of plays, gone through forty times, are learned by heart: of what she
    /// played again within a week a ranking found .12 to .21 (NDCG@60), and .24 to .34 after the
    /// two to six times that were best.
    fn fit_validated(
        mut self,
        data: &TrainingData,
        questions: &Questions<'_>,
        seed: u64,
    ) -> Result<(Self, Member), ModelError> {
        let (Self::Sasrec(config), Some(plays)) = (&mut self, &data.plays) else {
            let member = self.fit(data, seed)?;
            return Ok((self, member));
        };
        let kind = MemberKind::Sasrec;
        let (mut all_found, mut most_found, mut epochs) = (Vec::new(), 0.0_f64, config.epochs);
        let model = Sasrec::fit(&plays.all(), None, config, seed, &mut |epoch| {
            let vocabulary = data.vocabulary.items();
            let scores = |view: &ListenerView| kind.scores_of(epoch.model, view, vocabulary);
            all_found.push(questions.found(kind, &scores)?);
            // A few hundred questions: one pass may find more by chance.
            let lately = &all_found[all_found.len().saturating_sub(SMOOTHED_OVER)..];
            let found = lately.iter().sum::<f64>() / lately.len() as f64;
            most_found = most_found.max(found);
            let is_good = found >= NEARLY_MOST * most_found;
            if is_good {
                epochs = epoch.number;
            }
            // A later pass that is good is as good as better.
            Some(if is_good { epoch.number as f64 } else { 0.0 })
        })?;
        config.epochs = epochs;
        Ok((self, Member::new(kind, MemberModel::Sasrec(Box::new(model)))))
    }

    /// The same, asked by another weighting of what was played.
    fn asked_by(&self, query: EventWeighting) -> Self {
        match self.clone() {
            Self::Neighbours(config) => Self::Neighbours(ItemKnnConfig { query, ..config }),
            Self::Ease(config) => Self::Ease(EaseConfig { query, ..config }),
            Self::Ials(config) => Self::Ials(IalsConfig { query, ..config }),
            Self::EaseOfFriends(config) => Self::EaseOfFriends(EaseConfig { query, ..config }),
            Self::IalsOfFriends(config) => Self::IalsOfFriends(IalsConfig { query, ..config }),
            Self::World(WorldRecipe::Neighbours(config)) => {
                Self::World(WorldRecipe::Neighbours(ItemKnnConfig { query, ..config }))
            }
            Self::World(WorldRecipe::Ials(_)) => Self::World(WorldRecipe::Ials(query)),
            other => other,
        }
    }
}

/// A member that was chosen, with how well it did alone.
pub(super) struct Chosen {
    pub(super) recipe: Recipe,
    pub(super) member: Member,
    /// NDCG@60 of what the listeners tried, among all that they did not know.
    pub(super) ndcg: f64,
}

/// Fits what the data warrant and chooses settings by what listeners tried.
pub(super) fn choose(
    data: &TrainingData,
    questions: &Questions<'_>,
    plan: &Plan,
    progress: &mut dyn FnMut(MemberKind),
) -> Vec<Chosen> {
    let mut chosen = Vec::new();
    for kind in MemberKind::ALL {
        progress(kind);
        let about = questions.about(kind);
        if kind == MemberKind::Friends && about < FEWEST_WITH_FRIENDS {
            continue;
        }
        let mut best: Option<Chosen> = None;
        let few = about < FEWEST_TO_CHOOSE;
        let tried = if plan.has(kind) { if few { 1 } else { plan.settings } } else { 0 };
        for recipe in recipes(kind, data, plan).into_iter().take(tried) {
            // What cannot be fitted on these data is no member.
            let Ok((recipe, mut member)) = recipe.fit_validated(data, questions, plan.seed) else {
                continue;
            };
            let mut won = None;
            let mut to_beat = best.as_ref().map(|best| best.ndcg);
            let queries = queries(kind, data).into_iter();
            for query in queries.take(if few { 1 } else { usize::MAX }) {
                if let Some(query) = query {
                    member = member.asked_by(query);
                }
                let scores = |view: &ListenerView| member.scores(view, data.vocabulary.items());
                let ndcg = questions.tried(kind, &scores);
                if to_beat.is_none_or(|to_beat| ndcg > to_beat + 1e-4) {
                    (won, to_beat) = (Some((query, ndcg)), Some(ndcg));
                }
            }
            let Some((query, ndcg)) = won else { continue };
            best = Some(match query {
                Some(query) => {
                    Chosen { recipe: recipe.asked_by(query), member: member.asked_by(query), ndcg }
                }
                None => Chosen { recipe, member, ndcg },
            });
        }
        chosen.extend(best);
    }
    chosen
}

/// What is tried of a kind: nothing where the data do not warrant it.
fn recipes(kind: MemberKind, data: &TrainingData, plan: &Plan) -> Vec<Recipe> {
    let (items, events) = (data.works.items(), data.works.events());
    let with_company = |recipes: Vec<Recipe>| if data.has_company() { recipes } else { Vec::new() };
    match kind {
        MemberKind::Popularity => with_company(vec![Recipe::Popularity]),
        MemberKind::Trending if data.dated().is_some() => {
            let half_life =
                |half_life_days| Recipe::Trending(DecayedPopularityConfig { half_life_days });
            with_company([7.0, 30.0].map(half_life).to_vec())
        }
        MemberKind::ItemKnn => {
            let config = |(target_exponent, shrinkage, neighbours)| {
                let training = EventWeighting::default();
                Recipe::Neighbours(ItemKnnConfig {
                    neighbours,
                    target_exponent,
                    shrinkage,
                    training,
                    ..ItemKnnConfig::default()
                })
            };
            let tried = [(0.5, 0.0, 200), (0.5, 10.0, 100), (0.3, 10.0, 200), (0.6, 20.0, 400)];
            with_company(tried.map(config).to_vec())
        }
        MemberKind::Ease if items <= MOST_ITEMS_OF_EASE => {
            let config = |regularisation| {
                Recipe::Ease(EaseConfig { regularisation, ..EaseConfig::default() })
            };
            let tried: &[f64] =
                if items <= 2_000 { &[30.0, 100.0, 300.0, 1_000.0] } else { &[100.0, 500.0] };
            with_company(tried.iter().copied().map(config).collect())
        }
        MemberKind::Ials => {
            let config = |(factors, regularisation)| {
                Recipe::Ials(IalsConfig { factors, regularisation, ..IalsConfig::default() })
            };
            let few = [(64, 0.03), (64, 0.01), (128, 0.03), (128, 0.1)];
            let tried = if events <= 300_000 { &few[..] } else { &few[..1] };
            with_company(tried.iter().copied().map(config).collect())
        }
        MemberKind::Sasrec => data.dated().map(|plays| sasrec(plays, plan)).into_iter().collect(),
        MemberKind::Sessions if data.dated().is_some() => vec![Recipe::Sessions(ItemKnnConfig {
            target_exponent: 0.5,
            shrinkage: 2.0,
            session_gap_s: Some(SITTING_GAP_S),
            query: EventWeighting { strength: Strength::Presence, decay: Decay::Events(4.0) },
            ..ItemKnnConfig::default()
        })],
        MemberKind::Friends if items <= MOST_ITEMS_OF_EASE => {
            let config = |regularisation| {
                Recipe::EaseOfFriends(EaseConfig { regularisation, ..EaseConfig::default() })
            };
            let tried: &[f64] = if items <= 2_000 { &[100.0, 500.0, 2_000.0] } else { &[500.0] };
            with_company(tried.iter().copied().map(config).collect())
        }
        MemberKind::Friends => {
            let config = IalsConfig { factors: 64, regularisation: 0.03, ..IalsConfig::default() };
            with_company(vec![Recipe::IalsOfFriends(config)])
        }
        kind if kind.is_of_world() && data.world.is_some() => of_world(kind),
        _ => Vec::new(),
    }
}

/// What is tried of a member of a world, which any number of listeners warrants.
fn of_world(kind: MemberKind) -> Vec<Recipe> {
    let recipes = match kind {
        MemberKind::WorldNeighbours => {
            let config = |(target_exponent, shrinkage)| {
                let config = ItemKnnConfig { target_exponent, shrinkage, ..Default::default() };
                WorldRecipe::Neighbours(config)
            };
            [(0.5, 20.0), (0.3, 20.0), (0.7, 100.0)].map(config).to_vec()
        }
        MemberKind::WorldIals => vec![WorldRecipe::Ials(EventWeighting::default())],
        _ => vec![WorldRecipe::Popular],
    };
    recipes.into_iter().map(Recipe::World).collect()
}

/// As many epochs as the budget allows, or until some find no more.
fn sasrec(plays: &Interactions, plan: &Plan) -> Recipe {
    let config = SasrecConfig::default();
    let sequences = plays.events() / config.max_length + plays.listeners();
    let batch = (sequences / 20).clamp(8, 32);
    let epochs = plan.epochs(plays.events());
    Recipe::Sasrec(SasrecConfig {
        batch,
        epochs,
        epoch_steps: plan.epoch_steps(plays.events()),
        patience: SASREC_PATIENCE,
        ..config
    })
}

/// Megabytes that the weights of all pairs of items take.
fn mb_of_ease(items: usize) -> usize {
    items * items * size_of::<f32>() / 1_000_000
}

/// Weightings of a history that are tried in asking a fitted model.
fn queries(kind: MemberKind, data: &TrainingData) -> Vec<Option<EventWeighting>> {
    let weighting = |strength, decay| Some(EventWeighting { strength, decay });
    match kind {
        MemberKind::ItemKnn
        | MemberKind::Ease
        | MemberKind::Ials
        | MemberKind::WorldNeighbours
        | MemberKind::WorldIals => {
            let mut tried = vec![
                weighting(Strength::Presence, Decay::None),
                weighting(Strength::Log, Decay::None),
            ];
            if data.works.is_dated() {
                tried.push(weighting(Strength::Presence, Decay::Days(180.0)));
                tried.push(weighting(Strength::Presence, Decay::Days(30.0)));
            }
            tried
        }
        MemberKind::Friends => {
            [Strength::Presence, Strength::Sum].map(|by| weighting(by, Decay::None)).to_vec()
        }
        _ => vec![None],
    }
}
