//! How well a member ranks by itself what listeners turned to: what settings are chosen by, and
//! when the sequence model has learned enough.

use rayon::prelude::*;
use segue_engine::full_ranking::top_k;
use segue_engine::{Catalogue, ItemIdx, MixContext};

use super::cases::{Cases, SetCase};
use super::listener::{ListenerView, Vocabulary};
use super::member::MemberKind;

/// Questions of either kind, at most.
const MOST: usize = 250;
/// Depth of the ranking that answers are looked for in.
const DEPTH: usize = 60;

/// What a member says of every item for a listener.
pub(super) type Scores<'a> = &'a (dyn Fn(&ListenerView) -> Vec<f32> + Sync);

/// What listeners turned to, as members by themselves are asked for it.
pub(super) struct Questions<'c> {
    vocabulary: &'c Vocabulary,
    /// What they tried, of all that they did not know.
    new: Vec<Question<'c>>,
    /// What they played again, of all that they knew.
    known: Vec<Question<'c>>,
}

struct Question<'c> {
    case: &'c SetCase,
    view: ListenerView,
}

impl<'c> Questions<'c> {
    pub(super) fn new(catalogue: &Catalogue, vocabulary: &'c Vocabulary, cases: &'c Cases) -> Self {
        let some = |cases: &'c [SetCase]| {
            let stride = cases.len().div_ceil(MOST).max(1);
            let question = |case: &'c SetCase| {
                let context = MixContext::at(case.now);
                let view = ListenerView::new(catalogue, vocabulary, &case.profile, context);
                Question { case, view }
            };
            cases.iter().step_by(stride).map(question).collect()
        };
        Self { vocabulary, new: some(&cases.new), known: some(&cases.again) }
    }

    /// How many about what was tried tell something of a kind of member.
    pub(super) fn about(&self, kind: MemberKind) -> usize {
        self.new.iter().filter(|question| question.tells_of(kind)).count()
    }

    /// NDCG@60 of what was tried, of a member of a kind.
    pub(super) fn tried(&self, kind: MemberKind, scores: Scores<'_>) -> f64 {
        let asked: Vec<_> = self.new.iter().filter(|question| question.tells_of(kind)).collect();
        mean(&asked, |question| {
            let mut scores = scores(&question.view);
            for item in question.known(self.vocabulary).chain(question.hidden(self.vocabulary)) {
                scores[item.row()] = f32::NEG_INFINITY;
            }
            question.ndcg(self.vocabulary, &scores)
        })
    }

    /// The same of what was played again.
    fn played_again(&self, scores: Scores<'_>) -> f64 {
        let asked: Vec<_> = self.known.iter().collect();
        mean(&asked, |question| {
            let all = scores(&question.view);
            let mut of_known = vec![f32::NEG_INFINITY; all.len()];
            for item in question.known(self.vocabulary) {
                of_known[item.row()] = all[item.row()];
            }
            question.ndcg(self.vocabulary, &of_known)
        })
    }

    /// How well both are found, added up: somebody who is alone tries nothing that was known
    /// before, and undated histories repeat nothing. `None` where nothing is found at all.
    pub(super) fn found(&self, kind: MemberKind, scores: Scores<'_>) -> Option<f64> {
        let found = self.tried(kind, scores) + self.played_again(scores);
        (found > 0.0).then_some(found)
    }
}

impl Question<'_> {
    fn tells_of(&self, kind: MemberKind) -> bool {
        kind != MemberKind::Friends || !self.case.profile.friends.works().is_empty()
    }

    fn known(&self, vocabulary: &Vocabulary) -> impl Iterator<Item = ItemIdx> {
        let works = self.case.profile.interactions.iter().map(|interaction| interaction.work);
        works.filter_map(|work| vocabulary.item(work))
    }

    fn hidden(&self, vocabulary: &Vocabulary) -> impl Iterator<Item = ItemIdx> {
        self.case.hidden.iter().filter_map(|&work| vocabulary.item(work))
    }

    fn ndcg(&self, vocabulary: &Vocabulary, scores: &[f32]) -> f64 {
        let mut top = Vec::new();
        top_k(scores, DEPTH, &mut top);
        let is_answer = |work| self.case.answers.contains(&work);
        let hits = top.iter().map(|&item| vocabulary.work(item).is_some_and(is_answer));
        ndcg_of(hits, self.case.answers.len())
    }
}

fn mean<'a, 'c: 'a>(asked: &[&'a Question<'c>], ndcg: impl Fn(&Question<'c>) -> f64 + Sync) -> f64 {
    let all: Vec<f64> = asked.par_iter().map(|question| ndcg(question)).collect();
    all.iter().sum::<f64>() / all.len().max(1) as f64
}

/// NDCG of a ranking, cut at 60, with so many answers in all.
pub(super) fn ndcg_of(hits: impl IntoIterator<Item = bool>, answers: usize) -> f64 {
    let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let found: f64 = hits
        .into_iter()
        .take(DEPTH)
        .enumerate()
        .filter(|(_, is_hit)| *is_hit)
        .map(|(rank, _)| gain(rank))
        .sum();
    let ideal: f64 = (0..answers.min(DEPTH)).map(gain).sum();
    // The sum of no hits is -0.
    if found > 0.0 { found / ideal } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use segue_core::{ListenerId, Timestamp, Track, TrackId, WorkId};
    use segue_engine::dataset::plays::Plays;
    use segue_engine::{Profile, TrackIdx};

    use super::*;
    use crate::set::SetConfig;
    use crate::set::budget::{Plan, Sizes};
    use crate::set::training::{TrainingData, choose};

    const TRACKS: u32 = 60;

    /// How many passes are chosen for one listener, a play each half day, of how many at most.
    /// `next` says what follows a track.
    fn epochs_learned(next: impl Fn(u32, &mut ChaCha8Rng) -> u32) -> (u64, usize) {
        let track = |i: u32| {
            Track::new(TrackId::new(format!("{i:02}")), WorkId::new(format!("{i:02}")), "Song")
        };
        let catalogue = Arc::new(Catalogue::from_tracks((0..TRACKS).map(track).collect()));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut last = 0;
        let heard: Vec<_> = (0..800)
            .map(|play| {
                last = next(last, &mut rng);
                let at = Timestamp::from_second(1_700_000_000 + play * 43_200).unwrap();
                (TrackIdx(last), Some(at))
            })
            .collect();
        let plays = [Plays::heard(ListenerId::new("ann"), heard)];
        let plan = Plan::within(&SetConfig::default(), &Sizes::of(&catalogue, &plays), 1);
        let cases = Cases::cut(&catalogue, &plays, &plan);
        let profiles: Vec<Profile> = cases.past.iter().map(|one| one.profile(&catalogue)).collect();
        let data = TrainingData::new(&catalogue, &cases.past, &profiles, Vec::new()).unwrap();
        let questions = Questions::new(&catalogue, &data.vocabulary, &cases);
        let chosen = choose(&data, &questions, &plan, &mut |_| {});
        let is_sequence = |kind| kind == MemberKind::Sasrec;
        let chosen = chosen.iter().find(|chosen| is_sequence(chosen.recipe.kind())).unwrap();
        let epochs = chosen.recipe.settings()["epochs"].as_u64().unwrap();
        (epochs, plan.epochs(cases.past[0].plays.len()))
    }

    #[test]
    fn what_follows_nothing_is_not_learned_by_heart() {
        let (learned, at_most) = epochs_learned(|_, rng| rng.random_range(0..TRACKS));
        assert!(learned < at_most as u64 / 2, "{learned} of {at_most}");
    }

    #[test]
    fn what_follows_by_a_rule_is_learned_for_as_long_as_it_helps() {
        let follows = |last: u32, rng: &mut ChaCha8Rng| match rng.random_bool(0.8) {
            true => (last + 1) % TRACKS,
            false => rng.random_range(0..TRACKS),
        };
        let (learned, at_most) = epochs_learned(follows);
        assert!(learned > at_most as u64 / 3, "{learned} of {at_most}");
    }
}
