//! What listeners turned to next, as questions that rankings are fitted on.
//!
//! A part of each listener's plays, the newest, is put aside, and the listener is shown as they
//! were before it. Of a new track it is asked whether it came into the history after the cut; of a
//! known one, whether it was played within the week after a moment. Histories without dates are cut
//! at random works instead, and tell nothing about repeats.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rustc_hash::FxHashSet;
use segue_core::Timestamp;
use segue_engine::dataset::friends::FriendIndex;
use segue_engine::dataset::plays::Plays;
use segue_engine::{Catalogue, Profile, WorkIdx};

use super::budget::Plan;

/// Share of the plays, or of the works where plays have no dates, that is put aside.
const ASIDE: f64 = 0.15;
/// Share of the works that is put aside of an undated history.
const ASIDE_UNDATED: f64 = 0.2;
/// Listeners with fewer works are not asked about.
const FEWEST_WORKS: usize = 5;
/// Listeners who are asked about, at most.
const MOST_LISTENERS: usize = 800;
/// Questions about new tracks, at most. Twice as many find more, of five parts of listeners each
/// asked by what the others taught: NDCG@60 +.009 on HetRec, +.009 on ml_100k.
const MOST_CASES: usize = 1000;
/// Questions about repeats, at most, and of these how many one listener is asked.
const MOST_AGAIN: usize = 250;
const MOST_AGAIN_OF_ONE: usize = 40;
/// What counts as playing again: within so many seconds.
const SOON_S: i64 = 7 * 86_400;
/// What counts as tried, where one listener is asked several times: within so many seconds.
const TRIED_SOON_S: i64 = 28 * 86_400;
/// Every so many-th listener is also asked as a newcomer. With each of them one question in two is
/// a newcomer's, and those of whom much is known are served worse (recall@20 on HetRec −.014).
const NEWCOMER_EVERY: usize = 2;
/// Works that a newcomer is known by.
const NEWCOMER_WORKS: [usize; 4] = [0, 1, 3, 7];

/// One question.
#[derive(Debug)]
pub(super) struct SetCase {
    /// The listener as they were.
    pub(super) profile: Profile,
    /// The moment of asking.
    pub(super) now: Timestamp,
    /// What they turned to.
    pub(super) answers: FxHashSet<WorkIdx>,
    /// Works that are neither offered nor answers.
    pub(super) hidden: FxHashSet<WorkIdx>,
    /// Number of the listener: questions of one stay together when they are split.
    pub(super) listener: usize,
}

/// All questions, and what may be learned from before they are asked.
#[derive(Debug, Default)]
pub(super) struct Cases {
    /// Everybody's plays but for what is asked.
    pub(super) past: Vec<Plays>,
    /// What listeners tried, and after all of that what they tried as newcomers.
    pub(super) new: Vec<SetCase>,
    /// What they played again.
    pub(super) again: Vec<SetCase>,
}

impl SetCase {
    /// Whether it is asked of somebody who is known by fewer works than they are.
    pub(super) fn is_newcomer(&self) -> bool {
        !self.hidden.is_empty()
    }
}

impl Cases {
    /// One in `plan.fewer_cases` of the usual number is asked.
    pub(super) fn cut(catalogue: &Catalogue, listeners: &[Plays], plan: &Plan) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        let mut asked: Vec<usize> = (0..listeners.len()).collect();
        asked.shuffle(&mut rng);
        asked.retain(|&i| has_enough(&listeners[i]));
        asked.truncate(MOST_LISTENERS);
        let is_asked: FxHashSet<usize> = asked.iter().copied().collect();
        let again_each = (MOST_AGAIN / asked.len().max(1)).clamp(1, MOST_AGAIN_OF_ONE);
        let latest = listeners.iter().flat_map(|one| &one.plays).filter_map(|play| play.at).max();
        let (mut cases, mut newcomers) = (Self::default(), Vec::new());
        for (number, one) in listeners.iter().enumerate() {
            if !is_asked.contains(&number) {
                cases.past.push(one.clone());
                continue;
            }
            let past = match dated_cut(one) {
                Some(cut) => cases.ask_dated(catalogue, one, number, cut, again_each),
                None => {
                    let now = latest.unwrap_or(Timestamp::UNIX_EPOCH);
                    cases.ask_undated(catalogue, one, number, now, &mut rng)
                }
            };
            if number.is_multiple_of(NEWCOMER_EVERY) {
                newcomers.extend(cases.as_newcomer(catalogue, &past, number, &mut rng));
            }
            cases.past.push(past);
        }
        cases.new.append(&mut newcomers);
        thin(&mut cases.new, MOST_CASES / plan.fewer_cases);
        thin(&mut cases.again, MOST_AGAIN / plan.fewer_cases);
        cases
    }

    /// Tells of each listener what their friends played before what is asked; `profiles` are those
    /// of [`past`](Self::past). Every other newcomer has none: else nothing would be learned of
    /// newcomers without friends where all listeners have some.
    pub(super) fn befriend(&mut self, profiles: &[Profile]) {
        let index = FriendIndex::of_plays(&self.past, profiles);
        let mut newcomers = 0;
        for case in self.new.iter_mut().chain(&mut self.again) {
            newcomers += usize::from(case.is_newcomer());
            if case.is_newcomer() && newcomers.is_multiple_of(2) {
                continue;
            }
            case.profile.friends = index.plays_of(&self.past[case.listener].friends);
        }
    }

    fn ask_dated(
        &mut self,
        catalogue: &Catalogue,
        one: &Plays,
        listener: usize,
        cut: Timestamp,
        again_each: usize,
    ) -> Plays {
        let past = one.before(cut);
        let profile = past.profile(catalogue);
        let heard = heard_after(catalogue, one, cut, Timestamp::MAX);
        let answers: FxHashSet<WorkIdx> =
            heard.iter().copied().filter(|&work| !profile.knows(work)).collect();
        self.ask(SetCase { profile, now: cut, answers, hidden: FxHashSet::default(), listener });
        let end = one.plays.iter().filter_map(|play| play.at).max().unwrap_or(cut);
        let span = (end.as_second() - cut.as_second()).max(1);
        let times = (span / SOON_S + 1).min(again_each as i64).max(1);
        for time in 0..times {
            let at = cut.as_second() + span * time / times;
            let Ok(now) = Timestamp::from_second(at) else { continue };
            let until = Timestamp::from_second(at.saturating_add(SOON_S)).unwrap_or(Timestamp::MAX);
            let profile = one.before(now).profile(catalogue);
            if time > 0 {
                // Few listeners are asked often what they try, too.
                let later = at.saturating_add(TRIED_SOON_S);
                let until = Timestamp::from_second(later).unwrap_or(Timestamp::MAX);
                let tried = heard_after(catalogue, one, now, until);
                let answers = tried.into_iter().filter(|&work| !profile.knows(work)).collect();
                let (profile, hidden) = (profile.clone(), FxHashSet::default());
                self.ask(SetCase { profile, now, answers, hidden, listener });
            }
            let heard = heard_after(catalogue, one, now, until);
            let answers: FxHashSet<WorkIdx> =
                heard.into_iter().filter(|&work| profile.knows(work)).collect();
            if !answers.is_empty() {
                let hidden = FxHashSet::default();
                self.again.push(SetCase { profile, now, answers, hidden, listener });
            }
        }
        past
    }

    fn ask_undated(
        &mut self,
        catalogue: &Catalogue,
        one: &Plays,
        listener: usize,
        now: Timestamp,
        rng: &mut ChaCha8Rng,
    ) -> Plays {
        let whole = one.profile(catalogue);
        let liked = whole.interactions.iter().filter(|interaction| interaction.is_positive());
        let mut works: Vec<WorkIdx> = liked.map(|interaction| interaction.work).collect();
        works.shuffle(rng);
        works.truncate(((works.len() as f64 * ASIDE_UNDATED) as usize).max(1));
        let answers: FxHashSet<WorkIdx> = works.into_iter().collect();
        let past = one.without(catalogue, &answers);
        let profile = past.profile(catalogue);
        self.ask(SetCase { profile, now, answers, hidden: FxHashSet::default(), listener });
        past
    }

    /// The last question again, of somebody who is known by a few works only.
    fn as_newcomer(
        &self,
        catalogue: &Catalogue,
        past: &Plays,
        listener: usize,
        rng: &mut ChaCha8Rng,
    ) -> Option<SetCase> {
        let last = self.new.last().filter(|case| case.listener == listener)?;
        let mut works: Vec<WorkIdx> = last.profile.interactions.iter().map(|x| x.work).collect();
        works.shuffle(rng);
        let kept = NEWCOMER_WORKS[rng.random_range(0..NEWCOMER_WORKS.len())];
        let hidden: FxHashSet<WorkIdx> = works.into_iter().skip(kept).collect();
        if hidden.is_empty() {
            return None;
        }
        let profile = past.without(catalogue, &hidden).profile(catalogue);
        let (now, answers) = (last.now, last.answers.clone());
        Some(SetCase { profile, now, answers, hidden, listener })
    }

    fn ask(&mut self, case: SetCase) {
        if !case.answers.is_empty() {
            self.new.push(case);
        }
    }
}

/// Leaves at most so many questions, spread evenly.
fn thin(cases: &mut Vec<SetCase>, most: usize) {
    let (all, kept) = (cases.len(), cases.len().min(most));
    let mut place = 0;
    cases.retain(|_| {
        place += 1;
        // Whether another one of the kept falls into this place.
        place * kept / all > (place - 1) * kept / all
    });
}

fn has_enough(one: &Plays) -> bool {
    let tracks: FxHashSet<_> = one.plays.iter().map(|play| play.track).collect();
    tracks.len() >= FEWEST_WORKS || one.feedback.len() >= FEWEST_WORKS
}

/// The moment after which plays are put aside, if they have dates that tell them apart.
fn dated_cut(one: &Plays) -> Option<Timestamp> {
    let mut times: Vec<Timestamp> = one.plays.iter().filter_map(|play| play.at).collect();
    if times.len() < one.plays.len().max(1) {
        return None;
    }
    times.sort_unstable();
    let cut = times[((times.len() as f64 * (1.0 - ASIDE)) as usize).min(times.len() - 1)];
    (times[0] < cut).then_some(cut)
}

/// Works that were played and not left in some span.
fn heard_after(
    catalogue: &Catalogue,
    one: &Plays,
    from: Timestamp,
    until: Timestamp,
) -> FxHashSet<WorkIdx> {
    use segue_engine::dataset::labels::PlayOutcome;
    one.plays
        .iter()
        .filter(|play| play.at.is_some_and(|at| (from..until).contains(&at)))
        .filter(|play| !matches!(play.outcome, PlayOutcome::Disliked { .. }))
        .map(|play| catalogue.work(play.track))
        .collect()
}
