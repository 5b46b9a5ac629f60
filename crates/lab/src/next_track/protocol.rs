//! How the data are cut, and what is asked.

use anyhow::{Result, bail};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_engine::dataset::interactions::split::{
    Case, Periods, Split, TemporalCuts, given, leave_one_out, new_items, new_listeners,
    random_holdout, temporal,
};
use segue_engine::full_ranking::{Candidates, HistoryUse, RankingMetric};
use segue_engine::{Interactions, ListenerIdx, Training};
use serde::Serialize;

/// How events are cut into training, validation and test, and what is asked of a model at the cut.
/// Figures of two runs are comparable only where these are equal.
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
    /// At how many moments, a test period apart, everybody is asked (temporal); `None` asks once,
    /// and [`FEW_CUTS`] times where there are fewer than [`FEW_LISTENERS`].
    pub cuts: Option<usize>,
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
            cuts: None,
            share: 0.2,
            picks: vec![0, 1, 3, 5, 10],
        }
    }
}

/// The ways to cut a table of events. Which one is right depends on the question: what comes next,
/// what comes later, who is new, or what is new.
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
    /// The split that the data bring along: see [`GivenSplit`](super::GivenSplit).
    Given,
}

/// Fewer listeners than this are asked at several cuts in time: one case each would say little.
pub const FEW_LISTENERS: usize = 20;
/// Moments at which everybody is asked where there are fewer than [`FEW_LISTENERS`].
pub const FEW_CUTS: usize = 5;

/// One set of test cases, with what is shown of each listener where the protocol sets it.
pub(super) struct TestSet {
    /// Items shown of each new listener.
    pub(super) picks: Option<u32>,
    /// What is asked. Each case has an answer that can be asked for.
    pub(super) cases: Vec<Case>,
    /// What was left out, and why.
    pub(super) left_out: LeftOut,
    /// The items that are ranked, where not all are.
    among: Option<Vec<bool>>,
}

/// What a set of cases does not ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// Answers that nobody knew at the cut, each once a case.
    pub(super) new_items: usize,
    /// Cases that had no other answers.
    pub(super) new_cases: usize,
    /// Cases of which every answer that is ranked stands in the history, which is masked.
    pub(super) masked_cases: usize,
}

/// Cases that tell when to stop training: more would cost an epoch and change nothing.
const SAMPLED_CASES: usize = 10_000;

impl TestSet {
    /// Keeps the cases that have something to ask for, and counts what is left out.
    fn new(
        cases: Vec<Case>,
        among: Option<Vec<bool>>,
        protocol: &ProtocolOptions,
        interactions: &Interactions,
    ) -> Self {
        let mut set = Self { picks: None, cases, left_out: LeftOut::default(), among };
        let candidates = set.candidates(protocol);
        let mut left_out = LeftOut::default();
        let asks = |case: &Case| {
            let mut answers = case.answers(interactions).items.to_vec();
            answers.sort_unstable();
            answers.dedup();
            let new_items = answers.iter().filter(|&&item| !candidates.ranks(item)).count();
            left_out.new_items += new_items;
            let asks = !candidates.asked(case, interactions).is_empty();
            match asks {
                true => {}
                false if new_items == answers.len() => left_out.new_cases += 1,
                false => left_out.masked_cases += 1,
            }
            asks
        };
        let kept: Vec<bool> = set.cases.iter().map(asks).collect();
        let mut kept = kept.into_iter();
        set.cases.retain(|_| kept.next().expect("one flag per case"));
        set.left_out = left_out;
        set
    }

    /// Says why there is nothing to ask, if so.
    fn check(&self, purpose: &str) -> Result<()> {
        let LeftOut { new_cases, masked_cases, .. } = self.left_out;
        let all = self.cases.len() + new_cases + masked_cases;
        if !self.cases.is_empty() || all == 0 {
            return Ok(());
        }
        let masked = "all answers are in the history, which is masked (`--history kept` ranks it)";
        let new = "all answers are items that nobody had turned to before (`--protocol new-item` \
            asks about such)";
        match (masked_cases, new_cases) {
            (_, 0) => bail!("no case to {purpose}: in each of {all}, {masked}"),
            (0, _) => bail!("no case to {purpose}: in each of {all}, {new}"),
            _ => bail!(
                "no case to {purpose}: in {masked_cases} of {all}, {masked}; in {new_cases}, {new}"
            ),
        }
    }

    /// Evenly spread cases in place of very many.
    pub(super) fn sampled(&self) -> Self {
        let stride = self.cases.len().div_ceil(SAMPLED_CASES).max(1);
        let cases = self.cases.iter().step_by(stride).cloned().collect();
        Self { cases, among: self.among.clone(), ..*self }
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
            (Some(history), _) => history,
            (None, NextTrackProtocol::Temporal) => HistoryUse::Kept,
            (None, _) => HistoryUse::Masked,
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
            NextTrackProtocol::Given => format!("given split, {history}"),
        }
    }

    /// What models are chosen by: the head of the list where one answer is asked for, more of it
    /// where many are.
    pub(super) fn criterion(&self) -> RankingMetric {
        match self.protocol {
            NextTrackProtocol::LeaveOneOut
            | NextTrackProtocol::Temporal
            | NextTrackProtocol::Given => RankingMetric::NdcgAt10,
            NextTrackProtocol::Holdout
            | NextTrackProtocol::NewListener
            | NextTrackProtocol::NewItem => RankingMetric::NdcgAt100,
        }
    }

    /// Puts the events into the order that the protocol asks for.
    pub(super) fn arrange(&self, interactions: Interactions, seed: u64) -> Interactions {
        match self.protocol {
            NextTrackProtocol::LeaveOneOut
            | NextTrackProtocol::Temporal
            | NextTrackProtocol::Given => interactions,
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

    /// Cuts the data: once, or for a temporal protocol as often as [`cuts`](Self::cuts) says, the
    /// earliest cut first.
    pub(super) fn cut<'a>(
        &self,
        interactions: &'a Interactions,
        given_training: Option<&[u32]>,
        friends: &[Vec<ListenerIdx>],
        seed: u64,
    ) -> Result<Vec<Cut<'a>>> {
        if !(0.0..=0.4).contains(&self.share) {
            bail!("`--share` is {}, expected 0 to 0.4", self.share);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let split = match self.protocol {
            NextTrackProtocol::LeaveOneOut => leave_one_out(interactions),
            NextTrackProtocol::Temporal => return self.cut_in_time(interactions, friends),
            NextTrackProtocol::Holdout => random_holdout(interactions, self.share, &mut rng),
            NextTrackProtocol::NewListener => new_listeners(interactions, self.share, 0, &mut rng),
            NextTrackProtocol::NewItem => {
                let stages = self.stages(interactions, seed);
                new_items(interactions, |item| stages[item.row()])
            }
            NextTrackProtocol::Given => match given_training {
                Some(trained) => given(interactions, trained),
                None => bail!("the data bring no split along"),
            },
        };
        check_size(&split)?;
        let cut = self.with_cases(interactions, split, friends, seed);
        cut.tests.iter().try_for_each(|test| test.check("rank"))?;
        cut.validation.check("choose by")?;
        Ok(vec![cut])
    }

    /// Cuts at one moment or, for few listeners, at several that lie a test period apart. Periods
    /// in which nobody listens are passed over.
    fn cut_in_time<'a>(
        &self,
        interactions: &'a Interactions,
        friends: &[Vec<ListenerIdx>],
    ) -> Result<Vec<Cut<'a>>> {
        let Some(latest) = interactions.latest() else {
            bail!("the data carry no time: a temporal split needs one for every row")
        };
        let period_s = (self.test_days * 86_400.0).round() as i64;
        let gap_s = (self.gap_minutes * 60.0).round() as i64;
        let wanted = self.cuts.unwrap_or(match interactions.listeners() {
            few if few < FEW_LISTENERS => FEW_CUTS,
            _ => 1,
        });
        if period_s <= 0 || wanted == 0 {
            bail!("`--test-days` is above 0 and `--cuts` at least 1");
        }
        let mut cuts: Vec<Cut<'a>> = Vec::new();
        let mut refused = None;
        for back in 0..(wanted as i64).saturating_mul(PERIODS_PER_CUT) {
            let (test_s, validation_s, back_s) = (period_s, period_s, back * period_s);
            let times = TemporalCuts { test_s, validation_s, gap_s, back_s };
            match self.cut_once(interactions, friends, times, times.periods(latest)) {
                Ok(cut) => cuts.push(cut),
                Err(reason) => _ = refused.get_or_insert(reason),
            }
            if cuts.len() == wanted {
                break;
            }
        }
        match refused {
            // The latest cut is what was asked for; further ones are tried where there are few
            // listeners.
            Some(reason) if cuts.is_empty() => Err(reason),
            _ => {
                cuts.reverse();
                Ok(cuts)
            }
        }
    }

    fn cut_once<'a>(
        &self,
        interactions: &'a Interactions,
        friends: &[Vec<ListenerIdx>],
        times: TemporalCuts,
        periods: Periods,
    ) -> Result<Cut<'a>> {
        let Some(split) = temporal(interactions, times) else {
            bail!("the data carry no time: a temporal split needs one for every row")
        };
        check_size(&split)?;
        let all = split.training_and_validation(interactions);
        let known = |moment| Some(interactions.known_before(moment));
        let set = |cases, until| TestSet::new(cases, known(until), self, interactions);
        let validation = befriend(split.validation, &split.training, friends);
        let validation = set(validation, periods.training_until);
        let test = set(befriend(split.test, &all, friends), periods.validation_until);
        test.check("rank")?;
        validation.check("choose by")?;
        Ok(Cut { training: split.training, validation, all, tests: vec![test] })
    }

    fn with_cases<'a>(
        &self,
        interactions: &'a Interactions,
        split: Split<'a>,
        friends: &[Vec<ListenerIdx>],
        seed: u64,
    ) -> Cut<'a> {
        let all = split.training_and_validation(interactions);
        let validation = befriend(split.validation, &split.training, friends);
        let test = befriend(split.test, &all, friends);
        let set = |cases, among| TestSet::new(cases, among, self, interactions);
        if self.protocol != NextTrackProtocol::NewListener {
            let (first, second) = match self.protocol {
                NextTrackProtocol::NewItem => {
                    let stages = self.stages(interactions, seed);
                    let of = |stage: u8| stages.iter().map(|own| *own == stage).collect();
                    (Some(of(1)), Some(of(2)))
                }
                NextTrackProtocol::Given => (Some(learned(&split.training)), Some(learned(&all))),
                _ => (None, None),
            };
            let (validation, tests) = (set(validation, first), vec![set(test, second)]);
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
        let shown = |picks: &u32| TestSet { picks: Some(*picks), ..set(show(&test, *picks), None) };
        let tests = self.picks.iter().map(shown).collect();
        let cases = self.picks.iter().flat_map(|&picks| show(&validation, picks)).collect();
        Cut { training: split.training, validation: set(cases, None), all, tests }
    }
}

/// Looks at so many periods for each cut that is wanted: a person may not listen for weeks.
const PERIODS_PER_CUT: i64 = 8;

fn check_size(split: &Split<'_>) -> Result<()> {
    if split.training.events() == 0 || split.validation.is_empty() || split.test.is_empty() {
        bail!(
            "too little data for this protocol: {} events train, {} listeners validate, {} test",
            split.training.events(),
            split.validation.len(),
            split.test.len()
        );
    }
    Ok(())
}

/// The cases with the friends of each listener among those who were trained on.
fn befriend(cases: Vec<Case>, training: &Training<'_>, friends: &[Vec<ListenerIdx>]) -> Vec<Case> {
    let known = |friend: &ListenerIdx| !training.history(*friend).items.is_empty();
    let own = |case: &Case| friends[case.listener.row()].iter().copied().filter(known).collect();
    cases.into_iter().map(|case| Case { friends: own(&case), ..case }).collect()
}

/// Of each item whether it occurs in the training data.
fn learned(training: &Training<'_>) -> Vec<bool> {
    let mut learned = vec![false; training.items()];
    training.histories().flat_map(|history| history.items).for_each(|item| {
        learned[item.row()] = true;
    });
    learned
}
