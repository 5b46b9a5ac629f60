//! A set bound to a catalogue: what mixes are made with.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use segue_core::Timestamp;
use segue_engine::candidate::Sources;
use segue_engine::full_ranking::top_k;
use segue_engine::ranker::{Evidence, Nomination, Ranker, Reading, Relevance};
use segue_engine::vector::dot;
use segue_engine::{
    Catalogue, ItemIdx, Likability, MixContext, Profile, Recommender, Scorer, TrackIdx,
    UncertaintySource, WorkIdx,
};

use super::features::{self, AGAIN, ArtistPlays, Moment, OF_KNOWN, OF_NEW};
use super::listener::{ListenerView, Vocabulary};
use super::member::{Member, MemberKind, MemberModel, Reads};
use super::ranking::{Chance, Ranking};
use crate::likability::OnlineScorer;
use crate::recommenders::ItemKnn;

/// The rankings of a set.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rankings {
    /// Of tracks that the listener does not know.
    pub(super) new: Ranking,
    /// Of tracks that they know.
    pub(super) known: Ranking,
    /// How likely a new and a known track of some score is played.
    pub(super) chances: [Chance; 2],
}

/// A set of models bound to the rows of a catalogue: it scores, and it ranks.
pub struct SetScorer {
    pub(super) version: String,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) vocabulary: Vocabulary,
    pub(super) members: Arc<Vec<Member>>,
    pub(super) rankings: Rankings,
    pub(super) likability: Option<Arc<OnlineScorer>>,
}

/// What the members say of the vocabulary for one listener.
pub(super) struct SetReading<'a> {
    set: &'a SetScorer,
    profile: &'a Profile,
    /// Of each member one standardised score an item; nothing where it knows nothing of the
    /// listener.
    rows: Vec<Option<Cow<'a, [f32]>>>,
    artists: ArtistPlays,
    /// What the second weight of each member is multiplied by: `ln(1 + works)` of the history
    /// beyond the middle, or what is left of friends.
    lengths: Vec<f64>,
    /// Which member tells how popular a track is, if one does.
    popularity: Option<usize>,
    /// What popularity counts more or less by, where there are friends; else 0.
    beside_friends: f64,
    /// What the ranking of new tracks comes to for this listener: the weight of each member, then
    /// what is added for the length of the history, which is nothing, and the rest, in which
    /// popularity beside friends counts nothing any more.
    coefficients: Vec<f64>,
    /// Whether it is to go on from some tracks, instead of the history.
    goes_on: bool,
}

impl SetScorer {
    pub(super) fn reading<'a>(
        &'a self,
        profile: &'a Profile,
        context: MixContext<'_>,
    ) -> SetReading<'a> {
        let view = ListenerView::new(&self.catalogue, &self.vocabulary, profile, context);
        let items = self.vocabulary.items();
        let rows = self.members.iter().map(|member| member.standardised(&view, items)).collect();
        let beyond = (1.0 + view.works() as f64).ln() - self.rankings.new.middle;
        let length = |member: &Member| match member.kind.fades() {
            true => features::fade(view.works()).map_or(0.0, |[_, quick]| quick),
            false => beyond,
        };
        let lengths: Vec<f64> = self.members.iter().map(length).collect();
        let beside_friends =
            if view.has_friends() { features::beside_friends(view.works()) } else { 0.0 };
        SetReading {
            set: self,
            profile,
            rows,
            artists: ArtistPlays::new(&self.catalogue, profile, context.now),
            coefficients: self.coefficients(&lengths, beside_friends),
            lengths,
            popularity: self.members.iter().position(Member::is_popularity),
            beside_friends,
            goes_on: !context.after.is_empty(),
        }
    }

    /// What each member by itself would have the listener try: its best tracks that are new to
    /// them, the best first, at most `most`. A member that knows nothing of the listener names
    /// none.
    ///
    /// It is for comparisons: a mix goes by all members together.
    pub fn alone(
        &self,
        profile: &Profile,
        context: MixContext<'_>,
        most: usize,
    ) -> Vec<(MemberKind, Vec<TrackIdx>)> {
        let reading = self.reading(profile, context);
        let best = |row: &Option<Cow<'_, [f32]>>| -> Vec<TrackIdx> {
            let works = row.iter().flat_map(|scores| reading.best_new(scores, most));
            works.map(|work| self.catalogue.standing(work)).collect()
        };
        self.members
            .iter()
            .zip(&reading.rows)
            .map(|(member, row)| (member.kind, best(row)))
            .collect()
    }

    /// The coefficients of new tracks for a history of such a length, with friends or without.
    fn coefficients(&self, lengths: &[f64], beside_friends: f64) -> Vec<f64> {
        let mut coefficients = self.rankings.new.coefficients.clone();
        let last = coefficients.last_mut().expect("a ranking has coefficients");
        let of_popularity = std::mem::take(last) * beside_friends;
        let (weights, slopes) = coefficients.split_at_mut(self.members.len());
        for (m, member) in self.members.iter().enumerate() {
            let of_friends = if member.is_popularity() { of_popularity } else { 0.0 };
            let of_length = std::mem::take(&mut slopes[m]) * lengths[m];
            weights[m] = (weights[m] + of_length + of_friends).max(0.0);
        }
        coefficients
    }

    fn is_known(&self, profile: &Profile, track: TrackIdx) -> bool {
        profile.knows(self.catalogue.work(track))
    }

    /// How likely tracks are played, where no likability can be stated.
    fn chances(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
        let now = profile.last_played.unwrap_or(Timestamp::UNIX_EPOCH);
        let reading = self.reading(profile, MixContext::at(now));
        let again = self.again(profile, now, tracks);
        let chance = |(&track, again): (&TrackIdx, f32)| {
            let Relevance { score, .. } = reading.relevance(track, NEUTRAL);
            let mean = match self.is_known(profile, track) {
                true => self.rankings.chances[1].of(f64::from(score + again)),
                false => self.rankings.chances[0].of(f64::from(score)),
            };
            Likability { mean: mean as f32, uncertainty: 0.0 }
        };
        tracks.iter().zip(again).map(chance).collect()
    }
}

/// Stands for a likability that says nothing.
pub(super) const NEUTRAL: Likability = Likability { mean: 0.5, uncertainty: 0.0 };

impl SetReading<'_> {
    /// Whether a track is ranked by what the listener does with what they know. What they would
    /// play within a week is another question than what follows these tracks: of that, known tracks
    /// and new ones are asked alike.
    fn is_known(&self, track: TrackIdx) -> bool {
        !self.goes_on && self.set.is_known(self.profile, track)
    }

    fn item(&self, track: TrackIdx) -> Option<ItemIdx> {
        self.set.vocabulary.item(self.set.catalogue.work(track))
    }

    /// What each member says of a track; 0 where it says nothing.
    fn members(&self, item: Option<ItemIdx>) -> impl Iterator<Item = f64> + '_ {
        self.rows.iter().map(move |row| match (row, item) {
            (Some(row), Some(item)) => f64::from(row[item.row()]),
            _ => 0.0,
        })
    }

    /// What the ranking of new tracks is linear in.
    pub(super) fn of_new(&self, track: TrackIdx, likability: Likability) -> Vec<f64> {
        let item = self.item(track);
        let mut features = Vec::with_capacity(2 * self.rows.len() + OF_NEW);
        features.extend(self.members(item));
        features.extend(self.members(item).zip(&self.lengths).map(|(score, by)| score * by));
        let logit = self.logit(likability);
        let is_cold = if item.is_none() { 1.0 } else { 0.0 };
        let [ever, lately] = self.artists.of(self.set.catalogue.artist(track)).map(f64::from);
        features.extend([is_cold, logit, is_cold * logit, ever, lately, is_cold * ever]);
        features.push(self.popularity(item) * self.beside_friends);
        features
    }

    /// What the member says that tells how popular a track is; 0 where it says nothing.
    fn popularity(&self, item: Option<ItemIdx>) -> f64 {
        let score = || Some(self.rows[self.popularity?].as_ref()?[item?.row()]);
        score().map_or(0.0, f64::from)
    }

    /// What the ranking of known tracks is linear in, but for when and how often they were played.
    pub(super) fn of_known(&self, track: TrackIdx, likability: Likability) -> Vec<f64> {
        let item = self.item(track);
        let mut features = Vec::with_capacity(self.rows.len() + OF_KNOWN + AGAIN);
        features.extend(self.members(item));
        features.push(self.logit(likability));
        features
    }

    fn logit(&self, likability: Likability) -> f64 {
        match self.set.likability {
            Some(_) => f64::from(features::logit(likability)),
            None => 0.0,
        }
    }

    /// The weight of each member for a new track.
    fn weights(&self) -> &[f64] {
        &self.coefficients[..self.rows.len()]
    }

    /// All members together.
    fn fused(&self) -> Vec<f32> {
        let mut fused = vec![0.0; self.set.vocabulary.items()];
        for (row, &weight) in self.rows.iter().zip(self.weights()) {
            let Some(row) = row.as_ref().filter(|_| weight > 0.0) else { continue };
            fused
                .iter_mut()
                .zip(row.as_ref())
                .for_each(|(sum, score)| *sum += weight as f32 * score);
        }
        fused
    }

    /// The works of the highest scores that are new to the listener, the best first.
    fn best_new(&self, scores: &[f32], most: usize) -> Vec<WorkIdx> {
        let mut top = Vec::new();
        // What the listener knows is often at the top, and is passed over.
        top_k(scores, (most + self.profile.interactions.len()).min(scores.len()), &mut top);
        let works = top.iter().filter_map(|&item| self.set.vocabulary.work(item));
        works.filter(|&work| !self.profile.knows(work)).take(most).collect()
    }

    /// The source that raises a score most, if one does by more than nothing.
    fn decided_by(&self, features: &[f64], coefficients: &[f64]) -> Sources {
        let part = |m: usize| features[m] * coefficients[m];
        let best = (0..self.rows.len()).max_by(|&a, &b| part(a).total_cmp(&part(b)));
        match best.filter(|&m| part(m) > 0.5) {
            Some(m) => self.set.members[m].kind.source(),
            None => Sources::default(),
        }
    }
}

impl Reading for SetReading<'_> {
    fn nominations(&self, most: usize) -> Vec<Nomination> {
        let mut sources: FxHashMap<WorkIdx, Sources> = FxHashMap::default();
        let mut order: Vec<WorkIdx> = Vec::new();
        let mut name = |scores: &[f32], most: usize, source: Sources| {
            for work in self.best_new(scores, most) {
                let entry = sources.entry(work).or_insert_with(|| {
                    order.push(work);
                    Sources::default()
                });
                *entry = entry.with(source);
            }
        };
        name(&self.fused(), most / 2, Sources::default());
        let each = most / 2 / self.rows.len().max(1);
        for (member, row) in self.set.members.iter().zip(&self.rows) {
            if let Some(row) = row {
                name(row, each, member.kind.source());
            }
        }
        let named = |work: WorkIdx| Nomination {
            track: self.set.catalogue.standing(work),
            sources: match sources[&work] {
                // All together named it and none alone: the one that says most of it.
                sources if sources == Sources::default() => self.loudest(work),
                sources => sources,
            },
        };
        order.into_iter().map(named).collect()
    }

    fn relevance(&self, track: TrackIdx, likability: Likability) -> Relevance {
        let rankings = &self.set.rankings;
        if self.is_known(track) {
            let features = self.of_known(track, likability);
            let coefficients = &rankings.known.coefficients;
            return Relevance {
                score: dot(&features, &coefficients[..features.len()]) as f32,
                uncertainty: 0.0,
                decided_by: self.decided_by(&features, coefficients),
            };
        }
        let features = self.of_new(track, likability);
        let coefficients = &self.coefficients;
        Relevance {
            score: dot(&features, coefficients) as f32,
            uncertainty: rankings.new.deviation(&features) as f32,
            decided_by: self.decided_by(&features, coefficients),
        }
    }
}

impl SetReading<'_> {
    /// How much the score of a track rises with its likability.
    fn slope(&self, track: TrackIdx, likability: Likability) -> f32 {
        let members = self.rows.len();
        let of_logit = match self.is_known(track) {
            true => self.set.rankings.known.coefficients[members],
            false => {
                let is_cold = if self.item(track).is_none() { 1.0 } else { 0.0 };
                let [of_any, of_cold] = [1, 2].map(|at| self.coefficients[2 * members + at]);
                of_any + is_cold * of_cold
            }
        };
        of_logit.max(0.0) as f32 * features::logit_slope(likability)
    }

    /// How the score of a track may be wrong, as far as the weights of the rankings are not known:
    /// a number for each direction of the one of new tracks, then of the one of known tracks.
    fn factors_of_weights(
        &self,
        track: TrackIdx,
        likability: Likability,
        moment: &Moment,
    ) -> Vec<f32> {
        let Rankings { new, known, .. } = &self.set.rankings;
        let nothing = |ranking: &Ranking| std::iter::repeat_n(0.0, ranking.width());
        let interaction = self.profile.interaction(self.set.catalogue.work(track));
        let factors: Vec<f64> = match interaction.filter(|_| self.is_known(track)) {
            Some(interaction) => {
                let mut features = self.of_known(track, likability);
                features.extend(moment.again(interaction).map(f64::from));
                nothing(new).chain(known.factors(&features)).collect()
            }
            None => new.factors(&self.of_new(track, likability)).chain(nothing(known)).collect(),
        };
        factors.into_iter().map(|factor| factor as f32).collect()
    }

    /// The member that says most of a work.
    fn loudest(&self, work: WorkIdx) -> Sources {
        let item = self.set.vocabulary.item(work);
        let scores: Vec<f64> = self.members(item).zip(self.weights()).map(|(s, w)| s * w).collect();
        let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        best.map_or_else(Sources::default, |m| self.set.members[m].kind.source())
    }
}

impl SetScorer {
    /// The member that tells of neighbours under the name of a source.
    fn neighbours_by(&self, source: Sources) -> Option<&ItemKnn> {
        self.members.iter().find_map(|member| match &member.model {
            MemberModel::Neighbours(model) if member.kind.source() == source => Some(model),
            _ => None,
        })
    }
}

impl Ranker for SetScorer {
    fn read<'a>(&'a self, profile: &'a Profile, context: MixContext<'_>) -> Box<dyn Reading + 'a> {
        Box::new(self.reading(profile, context))
    }

    fn again(&self, profile: &Profile, now: Timestamp, tracks: &[TrackIdx]) -> Vec<f32> {
        let moment = Moment::new(profile, now);
        let from = self.members.len() + OF_KNOWN;
        let weights = &self.rankings.known.coefficients[from..];
        let of_track = |&track: &TrackIdx| {
            let Some(interaction) = profile.interaction(self.catalogue.work(track)) else {
                return 0.0;
            };
            moment.again(interaction).iter().zip(weights).map(|(x, w)| x * *w as f32).sum()
        };
        tracks.iter().map(of_track).collect()
    }

    fn factors(
        &self,
        profile: &Profile,
        context: MixContext<'_>,
        tracks: &[(TrackIdx, Likability)],
        source: UncertaintySource,
    ) -> Vec<f32> {
        let rows: Vec<TrackIdx> = tracks.iter().map(|&(track, _)| track).collect();
        let of_likability = Scorer::factors(self, profile, &rows, source);
        let width = of_likability.len() / tracks.len().max(1);
        let reading = self.reading(profile, context);
        let moment = Moment::new(profile, context.now);
        let mut factors = Vec::new();
        for (i, &(track, likability)) in tracks.iter().enumerate() {
            let slope = reading.slope(track, likability);
            factors.extend(of_likability[i * width..][..width].iter().map(|factor| factor * slope));
            if source == UncertaintySource::Posterior {
                factors.extend(reading.factors_of_weights(track, likability, &moment));
            }
        }
        factors
    }

    fn played_along(&self, track: TrackIdx) -> Vec<(TrackIdx, f32)> {
        let of_world = self.neighbours_by(Sources::WORLD_NEIGHBOURS);
        let item = self.vocabulary.item(self.catalogue.work(track));
        let Some((model, item)) = of_world.zip(item) else { return Vec::new() };
        let neighbour = |(item, closeness): (u32, f32)| {
            let work = self.vocabulary.work(ItemIdx(item))?;
            Some((self.catalogue.standing(work), closeness.min(1.0)))
        };
        model.neighbours_of(item.0).filter_map(neighbour).collect()
    }

    fn evidence<'a>(&'a self, profile: &'a Profile) -> Box<dyn Evidence + 'a> {
        let context = MixContext::at(profile.last_played.unwrap_or(Timestamp::UNIX_EPOCH));
        let view = ListenerView::new(&self.catalogue, &self.vocabulary, profile, context);
        let [works, sitting] = [Reads::Works, Reads::Sitting].map(|reads| {
            view.events(reads).distinct().into_iter().map(|item| (item, 1.0)).collect()
        });
        Box::new(SetEvidence { set: self, profile, works, sitting })
    }
}

/// What neighbours say of a listener's history.
struct SetEvidence<'a> {
    set: &'a SetScorer,
    profile: &'a Profile,
    /// Everything that speaks for the listener, each item once, in order.
    works: Vec<(u32, f32)>,
    /// The latest plays, likewise.
    sitting: Vec<(u32, f32)>,
}

impl Evidence for SetEvidence<'_> {
    fn because(&self, track: TrackIdx, by: Sources, most: usize) -> Vec<TrackIdx> {
        let neighbours = self.set.neighbours_by(by);
        let item = self.set.vocabulary.item(self.set.catalogue.work(track));
        let Some((model, item)) = neighbours.zip(item) else { return Vec::new() };
        let bag = if by == Sources::SESSIONS { &self.sitting } else { &self.works };
        // A model of those who play here hears nothing of what came from a world.
        let bag = &bag[..bag.partition_point(|entry| (entry.0 as usize) < model.items())];
        let known = |&(item, _): &(u32, f32)| {
            let work = self.set.vocabulary.work(ItemIdx(item))?;
            self.profile.interaction(work).map(|interaction| interaction.track)
        };
        model.because(bag, item.0, most).iter().filter_map(known).collect()
    }
}

impl Scorer for SetScorer {
    fn version(&self) -> &str {
        &self.version
    }

    fn score(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
        match &self.likability {
            Some(scorer) => scorer.score(profile, tracks),
            None => self.chances(profile, tracks),
        }
    }

    fn factors(
        &self,
        profile: &Profile,
        tracks: &[TrackIdx],
        source: UncertaintySource,
    ) -> Vec<f32> {
        match &self.likability {
            Some(scorer) => scorer.factors(profile, tracks, source),
            None => Vec::new(),
        }
    }

    fn ranker(&self) -> Option<&dyn Ranker> {
        Some(self)
    }
}
