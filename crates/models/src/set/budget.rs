//! What a training may cost, and what is shortened or left out to keep to it.
//!
//! Time is counted as work, in seconds of one core of the machine that the estimates below were
//! measured on, from the sizes of the data and before anything is fitted. So the same data and the
//! same work give the same set, whatever else a machine does meanwhile; only how much work fits in
//! ten minutes is measured, by who asks for ten minutes. Stopping by the clock was rejected: a set
//! would depend on the hour at which it was trained.
//!
//! Cuts come in a fixed order, what costs least quality first, until the estimate fits: settings
//! that are tried, questions that rankings are fitted on, plays that the sequence model goes
//! through, rows of the likability network; then EASE, what friends play, iALS and the sequence
//! model are left out whole.

use std::time::{Duration, Instant};

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use segue_core::FeedbackTarget;
use segue_engine::Catalogue;
use segue_engine::dataset::plays::Plays;
use serde::{Deserialize, Serialize};

use super::fit::SetConfig;
use super::member::MemberKind;
use super::training::MOST_ITEMS_OF_EASE;
use crate::kernels::matmul::{Matrix, Output, matmul};
use crate::likability::LikabilityConfig;
use crate::recommenders::IalsConfig;

/// What a training may cost.
///
/// The default is some ten minutes on two slow cores, and four gigabytes for any one member. Data
/// that need less are not touched by it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Work, in seconds of one reference core: see [`within`](Self::within).
    pub core_seconds: f64,
    /// Memory that fitting one member may take, in megabytes. All members are in memory at once
    /// when they serve, each with a fraction of that.
    pub memory_mb: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { core_seconds: 1_200.0, memory_mb: 4_000 }
    }
}

impl Budget {
    /// The work that all cores of this machine do in a time, as far as a tenth of a second tells.
    /// Rounded down to one of two steps a doubling: a machine that is a little slower today has the
    /// same budget as yesterday.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        let core_seconds = time.as_secs_f64() * reference_cores();
        let steps = (core_seconds.max(1.0).log2() * 2.0).floor();
        Self { core_seconds: (steps / 2.0).exp2(), ..self }
    }
}

/// How many cores of the reference machine this machine is worth.
fn reference_cores() -> f64 {
    let values = vec![0.5; REFERENCE_SIZE * REFERENCE_SIZE];
    let square = || Matrix::new(&values, REFERENCE_SIZE, REFERENCE_SIZE);
    let begun = Instant::now();
    let done: usize = (0..rayon::current_num_threads())
        .into_par_iter()
        .map(|_| {
            let mut out = vec![0.0; values.len()];
            let mut done = 0;
            while begun.elapsed() < MEASURED_FOR {
                matmul(&mut out, Output::Overwrite, square(), square());
                done += 1;
            }
            done
        })
        .sum();
    done as f64 * REFERENCE_PRODUCT_S / begun.elapsed().as_secs_f64()
}

/// A product of two matrices of this size takes so many seconds on a core of the reference machine.
const REFERENCE_SIZE: usize = 256;
const REFERENCE_PRODUCT_S: f64 = 0.5e-3;
const MEASURED_FOR: Duration = Duration::from_millis(100);

/// The sizes that the cost of a training follows from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sizes {
    listeners: f64,
    /// Works that anybody played or answered.
    items: f64,
    /// Works of all listeners together.
    events: f64,
    /// Pairs of works of one listener, of all listeners together.
    pairs: f64,
    /// Dated plays.
    dated: f64,
    /// Listeners who have friends.
    befriended: f64,
}

impl Sizes {
    pub(super) fn of(catalogue: &Catalogue, listeners: &[Plays]) -> Self {
        let mut items = FxHashSet::default();
        let mut sizes = Self { listeners: listeners.len() as f64, ..Self::default() };
        for one in listeners {
            let said = one.feedback.iter().filter_map(|said| match &said.target {
                FeedbackTarget::Track(track) => catalogue.find(track),
                FeedbackTarget::Artist(_) => None,
            });
            let tracks = one.plays.iter().map(|play| play.track).chain(said);
            let works: FxHashSet<_> = tracks.map(|track| catalogue.work(track)).collect();
            let count = works.len() as f64;
            sizes.events += count;
            sizes.befriended += if one.friends.is_empty() { 0.0 } else { 1.0 };
            sizes.pairs += count * count;
            sizes.dated += one.plays.iter().filter(|play| play.at.is_some()).count() as f64;
            items.extend(works);
        }
        sizes.items = items.len() as f64;
        sizes
    }

    /// The model behind [`MemberKind::Friends`]; none without friends.
    fn asked_of_friends(&self) -> Option<MemberKind> {
        let is_small = self.items <= MOST_ITEMS_OF_EASE as f64;
        let kind = if is_small { MemberKind::Ease } else { MemberKind::Ials };
        (self.befriended > 0.0).then_some(kind)
    }

    /// Megabytes that fitting a member takes at its largest, about.
    fn memory_mb(&self, kind: MemberKind) -> f64 {
        let numbers = match kind {
            MemberKind::Popularity | MemberKind::Trending | MemberKind::WorldPopular => self.items,
            MemberKind::WorldNeighbours => 200.0 * MOST_OF_WORLD,
            MemberKind::WorldIals => 64.0 * MOST_OF_WORLD,
            // Two per neighbour, 400 of them at most.
            MemberKind::ItemKnn | MemberKind::Sessions => {
                (800.0 * self.items).min(2.0 * self.pairs)
            }
            // Gram matrix, its inverse and the weights.
            MemberKind::Ease => 3.0 * self.items * self.items,
            MemberKind::Ials => 2.0 * 128.0 * (self.items + self.listeners),
            // Weights, two moments of Adam and a gradient.
            MemberKind::Sasrec => 4.0 * 64.0 * self.items,
            MemberKind::Friends => {
                return self.asked_of_friends().map_or(0.0, |kind| self.memory_mb(kind));
            }
        };
        numbers * size_of::<f32>() as f64 / 1e6
    }
}

/// What is tried, fitted and asked within a budget, and by which seed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// Settings of one member that are tried, at most.
    pub(super) settings: usize,
    /// Of the usual number of questions, one in so many is asked.
    pub(super) fewer_cases: usize,
    /// Plays that the sequence model goes through, all epochs together.
    pub(super) positions: usize,
    /// Of the usual rows and episodes of likability, one in so many is drawn.
    pub(super) fewer_rows: usize,
    /// Members that are left out, each with the reason.
    pub(super) left_out: Vec<(MemberKind, String)>,
    /// What was shortened, in words.
    pub(super) cuts: Vec<String>,
}

/// Plays that the sequence model gains from, all epochs together: fewer where it finds no more.
const POSITIONS: usize = 4_500_000;
const MOST_EPOCHS: usize = 60;
/// Plays of one epoch, at most: of a library that has more, two epochs of so many taught as much as
/// two of all.
const MOST_IN_AN_EPOCH: usize = 750_000;
const SETTINGS: usize = 4;
const NOT_WARRANTED: &str = "there is too little, or too much, to learn it from";

impl Plan {
    /// Everything, as far as memory goes.
    fn whole(sizes: &Sizes, memory_mb: usize, seed: u64) -> Self {
        let too_large = |&kind: &MemberKind| sizes.memory_mb(kind) > memory_mb as f64;
        let reason = |kind: MemberKind| {
            let needed = sizes.memory_mb(kind);
            (kind, format!("it would take {needed:.0} MB of memory, of {memory_mb} MB"))
        };
        Self {
            seed,
            settings: SETTINGS,
            fewer_cases: 1,
            positions: POSITIONS,
            fewer_rows: 1,
            left_out: MemberKind::ALL.into_iter().filter(too_large).map(reason).collect(),
            cuts: Vec::new(),
        }
    }

    /// The first cuts, in their order, that bring the estimate within the budget.
    pub(super) fn within(config: &SetConfig, sizes: &Sizes, seed: u64) -> Self {
        let SetConfig { budget, likability: network, .. } = config;
        let mut plan = Self::whole(sizes, budget.memory_mb, seed);
        let cost = |plan: &Self| plan.core_seconds(sizes, network);
        let needed = cost(&plan);
        let mut step = 0;
        while cost(&plan) > budget.core_seconds && plan.cut(step) {
            step += 1;
        }
        plan.say_what_was_cut(sizes);
        if cost(&plan) > budget.core_seconds {
            plan.cuts.push(format!(
                "what is left is over the budget all the same: some {:.0} core-seconds, of {:.0}",
                cost(&plan),
                budget.core_seconds
            ));
        } else if step > 0 {
            plan.cuts.push(format!(
                "all of it would take some {needed:.0} core-seconds, of {:.0}",
                budget.core_seconds
            ));
        }
        plan
    }

    /// Makes one more cut; says whether there was one left.
    fn cut(&mut self, step: usize) -> bool {
        let out_of_time = "it does not fit in the time".to_owned();
        match step {
            0 => self.settings = 2,
            1 => self.settings = 1,
            2..=4 => self.fewer_cases *= 2,
            5..=7 => self.positions /= 2,
            8..=10 => self.fewer_rows *= 2,
            11 => self.leave_out(MemberKind::Ease, out_of_time),
            12 => self.leave_out(MemberKind::Friends, out_of_time),
            13 => self.leave_out(MemberKind::Ials, out_of_time),
            14 => self.leave_out(MemberKind::Sasrec, out_of_time),
            _ => return false,
        }
        true
    }

    fn leave_out(&mut self, kind: MemberKind, reason: String) {
        if self.has(kind) {
            self.left_out.push((kind, reason));
        }
    }

    /// Why a member is left out that was not even tried.
    pub(super) fn why_not(&self, kind: MemberKind) -> String {
        let left_out = self.left_out.iter().find(|(other, _)| *other == kind);
        left_out.map_or_else(|| NOT_WARRANTED.to_owned(), |(_, reason)| reason.clone())
    }

    /// Whether there is room for a member.
    pub(super) fn has(&self, kind: MemberKind) -> bool {
        self.left_out.iter().all(|(other, _)| *other != kind)
    }

    /// Epochs of the sequence model over so many plays: as many as it gains from, two at least.
    pub(super) fn epochs(&self, plays: usize) -> usize {
        (self.positions / plays.max(1)).clamp(2, MOST_EPOCHS)
    }

    /// Plays that one epoch of the sequence model goes through, where so many are too many.
    pub(super) fn epoch_steps(&self, plays: usize) -> Option<usize> {
        let most = (self.positions / self.epochs(plays)).min(MOST_IN_AN_EPOCH);
        (plays > most).then_some(most)
    }

    /// Plays that the sequence model goes through, all epochs together.
    fn learned(&self, plays: usize) -> usize {
        self.epochs(plays) * self.epoch_steps(plays).unwrap_or(plays)
    }

    fn say_what_was_cut(&mut self, sizes: &Sizes) {
        if self.settings < SETTINGS {
            self.cuts.push(format!(
                "of each model {} of up to {SETTINGS} settings tried",
                self.settings
            ));
        }
        if self.fewer_cases > 1 {
            self.cuts.push(format!("one in {} questions asked", self.fewer_cases));
        }
        let plays = sizes.dated as usize;
        let (learned, all) =
            (self.learned(plays), Self { positions: POSITIONS, ..self.clone() }.learned(plays));
        if learned < all && self.has(MemberKind::Sasrec) {
            self.cuts.push(format!(
                "the sequence model goes through {learned} plays, all passes together, instead of \
                 {all}"
            ));
        }
        if self.fewer_rows > 1 {
            self.cuts.push(format!("likability learns from one in {} rows", self.fewer_rows));
        }
    }

    /// A configuration of likability with the rows of this plan.
    pub(super) fn shortened(&self, config: &LikabilityConfig) -> LikabilityConfig {
        let by = self.fewer_rows;
        LikabilityConfig {
            rows: config.rows / by,
            most_episodes: (config.most_episodes / by).max(1),
            ..config.clone()
        }
    }
}

// What things take on one core of the reference machine, in seconds. They are right within a factor
// of two or so, which is all that a budget needs.

/// A pair of works of one listener, counted by item neighbours or EASE.
const PAIR_S: f64 = 20e-9;
/// One of the items³ steps of EASE's inverse.
const INVERSE_S: f64 = 0.06e-9;
/// One number of one solve of iALS.
const SOLVE_S: f64 = 0.5e-9;
/// A play that the sequence model goes through.
const POSITION_S: f64 = 45e-6;
/// A row that one member of the likability network goes through once, forward and back.
const ROW_S: f64 = 5e-6;
/// Candidates of a question gathered, scored and described.
const QUESTION_S: f64 = 0.05;
/// A score of one item by one member.
const SCORE_S: f64 = 5e-9;

/// Works that a library draws from a world at most.
const MOST_OF_WORLD: f64 = 50_000.0;
/// Works that a question about friends is asked with, about.
const MOST_OF_FRIENDS: f64 = 400.0;
/// Questions that settings are chosen by, and that rankings are fitted on, at most.
const CHOOSING: f64 = 250.0;
const RANKING: f64 = 1250.0;
/// Weightings of a history that each fitted setting is asked with.
const QUERIES: f64 = 4.0;

impl Plan {
    /// What all of it takes, in seconds of one reference core.
    fn core_seconds(&self, sizes: &Sizes, network: &LikabilityConfig) -> f64 {
        let fitting: f64 = MemberKind::ALL
            .into_iter()
            .filter(|kind| self.has(*kind))
            .map(|kind| {
                let tried = (self.settings as f64).min(most_settings(kind));
                // Each once before the cut, the best again on everything.
                (tried + 1.0) * self.fit_s(kind, sizes) + tried * self.choose_s(kind, sizes)
            })
            .sum();
        fitting + self.likability_s(network) + RANKING / self.fewer_cases as f64 * QUESTION_S
    }

    /// One fit of a member.
    fn fit_s(&self, kind: MemberKind, sizes: &Sizes) -> f64 {
        let Sizes { listeners, items, events, pairs, dated, .. } = *sizes;
        match kind {
            MemberKind::Popularity | MemberKind::Trending => (events + dated) * SCORE_S,
            MemberKind::WorldPopular | MemberKind::WorldNeighbours | MemberKind::WorldIals => 0.0,
            MemberKind::ItemKnn => pairs * PAIR_S,
            MemberKind::Sessions => 10.0 * dated * PAIR_S,
            MemberKind::Ease => pairs * PAIR_S + items.powi(3) * INVERSE_S,
            MemberKind::Ials => {
                let IalsConfig { factors, iterations, steps, .. } = IalsConfig::default();
                let (factors, solves) = (factors as f64, (iterations * (steps + 1)) as f64);
                solves * (2.0 * events + (items + listeners) * factors) * factors * SOLVE_S
            }
            MemberKind::Sasrec => self.learned(dated as usize) as f64 * POSITION_S,
            MemberKind::Friends => {
                sizes.asked_of_friends().map_or(0.0, |kind| self.fit_s(kind, sizes))
            }
        }
    }

    /// The questions that settings of a member are chosen by.
    fn choose_s(&self, kind: MemberKind, sizes: &Sizes) -> f64 {
        let per_item = match kind {
            MemberKind::Ials => 64.0,
            MemberKind::Sasrec => 64.0 / QUERIES,
            MemberKind::Ease => sizes.events / sizes.listeners.max(1.0),
            MemberKind::Friends => match sizes.asked_of_friends() {
                Some(_) => MOST_OF_FRIENDS,
                None => 0.0,
            },
            _ => 4.0,
        };
        CHOOSING / self.fewer_cases as f64 * QUERIES * sizes.items * per_item * SCORE_S
    }

    /// The network that is served and the one that rankings are fitted beside.
    fn likability_s(&self, network: &LikabilityConfig) -> f64 {
        let members = network.network.architecture.members as f64;
        let epochs = network.network.training.epochs as f64;
        1.3 * network.rows as f64 / self.fewer_rows as f64 * epochs * members * ROW_S
    }
}

/// How many settings of a member are tried where there is time.
fn most_settings(kind: MemberKind) -> f64 {
    match kind {
        MemberKind::ItemKnn | MemberKind::Ease | MemberKind::Ials => SETTINGS as f64,
        MemberKind::Friends | MemberKind::WorldNeighbours => 3.0,
        MemberKind::Trending => 2.0,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Listeners with so many works each, played ten times.
    fn sizes(listeners: f64, items: f64, works: f64) -> Sizes {
        let events = listeners * works;
        let (pairs, dated) = (events * works, 10.0 * events);
        Sizes { listeners, items, events, pairs, dated, befriended: listeners }
    }

    fn plan_of(core_seconds: f64, memory_mb: usize, sizes: &Sizes) -> Plan {
        let budget = Budget { core_seconds, memory_mb };
        Plan::within(&SetConfig { budget, ..SetConfig::default() }, sizes, 1)
    }

    #[test]
    fn a_household_is_not_cut() {
        let Budget { core_seconds, memory_mb } = Budget::default();
        let plan = plan_of(core_seconds, memory_mb, &sizes(5.0, 4_000.0, 1_500.0));
        assert_eq!((plan.cuts.len(), plan.left_out.len()), (0, 0), "{plan:?}");
    }

    #[test]
    fn cuts_take_off_work_until_what_is_left_fits() {
        let sizes = sizes(2_000.0, 4_000.0, 50.0);
        let network = LikabilityConfig::default();
        let mut plan = Plan::whole(&sizes, 1_000, 1);
        let mut costs = vec![plan.core_seconds(&sizes, &network)];
        for step in 0.. {
            if !plan.cut(step) {
                break;
            }
            costs.push(plan.core_seconds(&sizes, &network));
        }
        assert!(costs.is_sorted_by(|more, less| more >= less), "{costs:?}");
        assert!(costs[0] > 4.0 * costs.last().unwrap(), "{costs:?}");
        for budget in costs {
            let cost = plan_of(budget, 1_000, &sizes).core_seconds(&sizes, &network);
            assert!(cost <= budget, "{cost} of {budget}");
        }
    }

    #[test]
    fn the_sequence_model_goes_through_so_many_plays_however_many_there_are() {
        let plan = Plan::whole(&Sizes::default(), 4_000, 1);
        for plays in [10, 50_000, 700_000, 2_000_000, 100_000_000] {
            let each = plan.epoch_steps(plays).unwrap_or(plays);
            let all = plan.learned(plays);
            assert!(each <= plays && all <= POSITIONS, "{all} for {plays}");
            let least = POSITIONS.min(2 * MOST_IN_AN_EPOCH).min(plays * MOST_EPOCHS);
            assert!(each <= MOST_IN_AN_EPOCH && all >= least, "{all} for {plays}");
        }
    }

    #[test]
    fn the_card_tells_where_the_sequence_model_goes_through_less_than_it_would_gain_from() {
        let said = |positions: usize| {
            let mut plan = Plan { positions, ..Plan::whole(&Sizes::default(), 4_000, 1) };
            plan.say_what_was_cut(&Sizes { dated: 2e6, ..Sizes::default() });
            plan.cuts
        };
        assert!(said(POSITIONS).is_empty());
        assert!(said(POSITIONS / 6)[0].contains("750000 plays"), "{:?}", said(POSITIONS / 6));
    }

    #[test]
    fn what_does_not_fit_in_memory_is_left_out_and_the_reason_says_how_much_it_needs() {
        let plan = plan_of(1e9, 100, &sizes(10.0, 4_000.0, 100.0));
        assert!(!plan.has(MemberKind::Ease) && plan.has(MemberKind::Ials));
        assert!(plan.why_not(MemberKind::Ease).contains("192 MB"), "{plan:?}");
    }

    #[test]
    fn a_budget_that_nothing_fits_in_keeps_what_counts_and_says_so() {
        let plan = plan_of(0.1, 4_000, &sizes(1e5, 1e6, 200.0));
        assert!(plan.has(MemberKind::ItemKnn) && plan.has(MemberKind::Popularity));
        assert!(plan.cuts.last().unwrap().contains("over the budget"), "{plan:?}");
    }
}
