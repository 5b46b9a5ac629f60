//! How the data are cut, and what is asked.

use anyhow::{Result, bail};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_engine::dataset::interactions::split::{
    Case, Split, TemporalCuts, leave_one_out, new_items, new_listeners, random_holdout, temporal,
};
use segue_engine::full_ranking::{Candidates, HistoryUse, Metric};
use segue_engine::{Interactions, ListenerIdx, Training};
use serde::Serialize;

/// The protocol and its options.
#[derive(Clone, Debug)]
pub struct ProtocolOptions {
    /// How to cut.
    pub protocol: NextTrackProtocol,
    /// Whether items of the history are ranked; `None` masks them, but keeps them where the split
    /// is temporal, as listeners repeat.
    pub history: Option<HistoryUse>,
    /// Days of the test period, and of the validation period before it (temporal).
    pub test_days: f64,
    /// Minutes before each period that are neither trained on nor shown (temporal).
    pub gap_minutes: f64,
    /// Share of each listener's events (holdout), of the listeners (new-listener) or of the items
    /// (new-item) that tests, 0 to 0.4; as much again validates.
    pub share: f64,
    /// Numbers of own items shown of each new listener.
    pub picks: Vec<u32>,
}

impl ProtocolOptions {
    /// A protocol with the options that its published results mostly have.
    pub fn new(protocol: NextTrackProtocol) -> Self {
        Self {
            protocol,
            history: None,
            test_days: 1.0,
            gap_minutes: 30.0,
            share: 0.2,
            picks: vec![0, 1, 3, 5, 10],
        }
    }
}

/// How to cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NextTrackProtocol {
    /// The last event of each listener tests, the second last validates.
    LeaveOneOut,
    /// Two cuts in time for all listeners: days of test, and of validation before.
    Temporal,
    /// A random share of each listener's items, whatever their order.
    Holdout,
    /// Listeners hidden from training, of whom a few items are shown.
    NewListener,
    /// Items hidden from training, ranked among themselves.
    NewItem,
}

/// One set of test cases, with what is shown of each listener where the protocol sets it.
pub(super) struct TestSet {
    /// Items shown of each new listener.
    pub(super) picks: Option<u32>,
    /// What is asked.
    pub(super) cases: Vec<Case>,
    /// The items that are ranked, where not all are.
    among: Option<Vec<bool>>,
}

/// Cases that tell when to stop training: more would cost an epoch and change nothing.
const SAMPLED_CASES: usize = 10_000;

impl TestSet {
    /// Evenly spread cases in place of very many.
    pub(super) fn sampled(&self) -> Self {
        let stride = self.cases.len().div_ceil(SAMPLED_CASES).max(1);
        let cases = self.cases.iter().step_by(stride).cloned().collect();
        Self { picks: self.picks, cases, among: self.among.clone() }
    }

    /// Which items are ranked.
    pub(super) fn candidates(&self, protocol: &ProtocolOptions) -> Candidates<'_> {
        Candidates { history: protocol.history(), among: self.among.as_deref() }
    }
}

/// The data cut for one run.
pub(super) struct Cut<'a> {
    /// To learn from while choosing.
    pub(super) training: Training<'a>,
    /// To choose by.
    pub(super) validation: TestSet,
    /// To learn from once everything is chosen: training and validation.
    pub(super) all: Training<'a>,
    /// To report.
    pub(super) tests: Vec<TestSet>,
}

impl ProtocolOptions {
    /// Whether items of the history are ranked.
    pub(super) fn history(&self) -> HistoryUse {
        match (self.history, self.protocol) {
            (Some(HistoryUse::Kept), _) | (None, NextTrackProtocol::Temporal) => HistoryUse::Kept,
            (Some(HistoryUse::Masked) | None, _) => HistoryUse::Masked,
        }
    }

    /// The protocol in words.
    pub(super) fn describe(&self) -> String {
        let history = match self.history() {
            HistoryUse::Masked => "history masked",
            HistoryUse::Kept => "history kept",
        };
        let (share, days, gap) = (100.0 * self.share, self.test_days, self.gap_minutes);
        match self.protocol {
            NextTrackProtocol::LeaveOneOut => format!("leave-one-out, {history}"),
            NextTrackProtocol::Temporal => {
                format!("last {days} day(s), gap of {gap} min, {history}")
            }
            NextTrackProtocol::Holdout => {
                format!("random {share} % of each listener's items, {history}")
            }
            NextTrackProtocol::NewListener => format!("{share} % of the listeners new, {history}"),
            NextTrackProtocol::NewItem => {
                format!("{share} % of the items new, ranked among themselves")
            }
        }
    }

    /// What models are chosen by: the head of the list where one answer is asked for, more of it
    /// where many are.
    pub(super) fn criterion(&self) -> Metric {
        match self.protocol {
            NextTrackProtocol::LeaveOneOut | NextTrackProtocol::Temporal => Metric::NdcgAt10,
            NextTrackProtocol::Holdout
            | NextTrackProtocol::NewListener
            | NextTrackProtocol::NewItem => Metric::NdcgAt100,
        }
    }

    /// Puts the events into the order that the protocol asks for.
    pub(super) fn arrange(&self, interactions: Interactions, seed: u64) -> Interactions {
        match self.protocol {
            NextTrackProtocol::LeaveOneOut | NextTrackProtocol::Temporal => interactions,
            NextTrackProtocol::NewListener if interactions.is_dated() => interactions,
            NextTrackProtocol::NewListener | NextTrackProtocol::Holdout => {
                interactions.shuffled(&mut ChaCha8Rng::seed_from_u64(seed))
            }
            NextTrackProtocol::NewItem => {
                let stages = self.stages(&interactions, seed);
                interactions.staged(|item| stages[item.row()])
            }
        }
    }

    /// Of each item whether it is known (0), validates (1) or tests (2).
    fn stages(&self, interactions: &Interactions, seed: u64) -> Vec<u8> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let stage = |drawn: f64| match drawn {
            drawn if drawn < self.share => 2,
            drawn if drawn < 2.0 * self.share => 1,
            _ => 0,
        };
        (0..interactions.items()).map(|_| stage(rng.random())).collect()
    }

    /// Cuts the data.
    pub(super) fn cut<'a>(
        &self,
        interactions: &'a Interactions,
        friends: &[Vec<ListenerIdx>],
        seed: u64,
    ) -> Result<Cut<'a>> {
        if !(0.0..=0.4).contains(&self.share) {
            bail!("`--share` is {}, expected 0 to 0.4", self.share);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let split = match self.protocol {
            NextTrackProtocol::LeaveOneOut => leave_one_out(interactions),
            NextTrackProtocol::Temporal => {
                let seconds = |days: f64| (days * 86_400.0).round() as i64;
                let period_s = seconds(self.test_days);
                let gap_s = (self.gap_minutes * 60.0).round() as i64;
                let cuts = TemporalCuts { test_s: period_s, validation_s: period_s, gap_s };
                match temporal(interactions, cuts) {
                    Some(split) => split,
                    None => {
                        bail!("the data carry no time: a temporal split needs one for every row")
                    }
                }
            }
            NextTrackProtocol::Holdout => random_holdout(interactions, self.share, &mut rng),
            NextTrackProtocol::NewListener => new_listeners(interactions, self.share, 0, &mut rng),
            NextTrackProtocol::NewItem => {
                let stages = self.stages(interactions, seed);
                new_items(interactions, |item| stages[item.row()])
            }
        };
        if split.training.events() == 0 || split.validation.is_empty() || split.test.is_empty() {
            bail!(
                "too little data for this protocol: {} events train, {} listeners validate, {} \
                test",
                split.training.events(),
                split.validation.len(),
                split.test.len()
            );
        }
        Ok(self.with_cases(interactions, split, friends, seed))
    }

    fn with_cases<'a>(
        &self,
        interactions: &'a Interactions,
        split: Split<'a>,
        friends: &[Vec<ListenerIdx>],
        seed: u64,
    ) -> Cut<'a> {
        let all = split.training_and_validation(interactions);
        let befriend = |cases: Vec<Case>, training: &Training<'_>| {
            let known = |friend: &ListenerIdx| !training.history(*friend).items.is_empty();
            let own =
                |case: &Case| friends[case.listener.row()].iter().copied().filter(known).collect();
            cases.into_iter().map(|case| Case { friends: own(&case), ..case }).collect::<Vec<_>>()
        };
        let (validation, test) =
            (befriend(split.validation, &split.training), befriend(split.test, &all));
        if self.protocol != NextTrackProtocol::NewListener {
            let among = |stage: u8| {
                let stages = (self.protocol == NextTrackProtocol::NewItem)
                    .then(|| self.stages(interactions, seed));
                stages.map(|stages| stages.into_iter().map(|own| own == stage).collect())
            };
            let set = |cases, among| TestSet { picks: None, cases, among };
            let (validation, tests) = (set(validation, among(1)), vec![set(test, among(2))]);
            return Cut { training: split.training, validation, all, tests };
        }
        // As in the protocol behind the anchors: with k picks k are shown, but one item at least is
        // asked for.
        let show = |cases: &[Case], picks: u32| -> Vec<Case> {
            let shown = |case: &Case| picks.min(case.answers.end - 1);
            let show = |case: &Case| Case {
                shown: shown(case),
                answers: shown(case)..case.answers.end,
                ..case.clone()
            };
            cases.iter().map(show).collect()
        };
        let set =
            |picks: &u32| TestSet { picks: Some(*picks), cases: show(&test, *picks), among: None };
        let tests = self.picks.iter().map(set).collect();
        let cases = self.picks.iter().flat_map(|&picks| show(&validation, picks)).collect();
        let validation = TestSet { picks: None, cases, among: None };
        Cut { training: split.training, validation, all, tests }
    }
}
