//! For each seed: hide listeners, choose constants on others withheld from those known, learn again
//! from all known, and ask.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Result, bail};
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use segue_engine::policy::PolicyKind;
use segue_engine::{Interactions, ItemIdx, ListenerIdx, Training};

use super::models::{InteractiveModel, Known, Setting};
use super::strategies::{Candidate, candidates};
use super::{
    AskedSplit, Conversation, ConversationPlan, Guided, Hiding, InteractiveOptions, Proposer,
    Strategy, converse, curve, split,
};
use crate::progress::Progress;

/// Share of the known listeners withheld to choose constants on.
const WITHHELD: f64 = 0.3;

/// What all models are measured on.
pub(super) struct Benchmark<'a> {
    pub(super) options: &'a InteractiveOptions,
    pub(super) interactions: &'a Interactions,
    pub(super) progress: &'a dyn Progress,
}

/// One model under one policy, over all seeds.
pub(super) struct Entry {
    pub(super) model: InteractiveModel,
    pub(super) policy: PolicyKind,
    /// What was chosen for each seed.
    pub(super) chosen: Vec<String>,
    /// Conversations of one seed after another.
    pub(super) conversations: Vec<Conversation>,
    pub(super) times: Times,
}

/// Microseconds of every choice and every update.
#[derive(Default)]
pub(super) struct Times {
    pub(super) choose_us: Vec<f32>,
    pub(super) learn_us: Vec<f32>,
}

/// A proposer that is timed, and reports when the conversation is over.
struct Timed<'a> {
    proposer: Guided<'a>,
    times: Times,
    all: &'a Mutex<Times>,
}

impl Proposer for Timed<'_> {
    fn propose(&mut self, open: &[usize], rng: &mut dyn Rng) -> usize {
        let begun = Instant::now();
        let place = self.proposer.propose(open, rng);
        self.times.choose_us.push(begun.elapsed().as_secs_f32() * 1e6);
        place
    }

    fn learn(&mut self, item: ItemIdx, liked: bool) {
        let begun = Instant::now();
        self.proposer.learn(item, liked);
        self.times.learn_us.push(begun.elapsed().as_secs_f32() * 1e6);
    }
}

impl Drop for Timed<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.choose_us.append(&mut self.times.choose_us);
        all.learn_us.append(&mut self.times.learn_us);
    }
}

/// Listeners of one seed.
struct Round {
    seed: u64,
    /// All that are known, and those that the test asks.
    test: AskedSplit,
    /// The same among those known.
    validation: AskedSplit,
}

impl Benchmark<'_> {
    /// Measures every model under every policy that it can be put under.
    pub(super) fn run(&self) -> Result<Vec<Entry>> {
        let mut entries: Vec<Entry> =
            self.options.models.iter().flat_map(|&model| self.entries(model)).collect();
        self.progress.begin(Some(self.options.seeds * entries.len() as u64), "measuring");
        for seed in self.options.seed..self.options.seed + self.options.seeds {
            let round = self.round(seed)?;
            for rows in entries.chunk_by_mut(|a, b| a.model == b.model) {
                self.measure(&round, rows)?;
            }
        }
        self.progress.end();
        Ok(entries)
    }

    fn entries(&self, model: InteractiveModel) -> impl Iterator<Item = Entry> {
        let policies = self
            .options
            .policies
            .iter()
            .filter(move |&&p| p == PolicyKind::Greedy || model.states_uncertainty());
        policies.map(move |&policy| Entry {
            model,
            policy,
            chosen: Vec::new(),
            conversations: Vec::new(),
            times: Times::default(),
        })
    }

    fn round(&self, seed: u64) -> Result<Round> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let everyone: Vec<ListenerIdx> =
            (0..self.interactions.listeners() as u32).map(ListenerIdx).collect();
        let hiding = self.options.hiding;
        let test = split(self.interactions, &everyone, hiding, &mut rng);
        let withheld = (test.known.len() as f64 * WITHHELD) as usize;
        let hiding = Hiding { hidden: withheld, ..hiding };
        let validation = split(self.interactions, &test.known, hiding, &mut rng);
        if test.asked.is_empty() || validation.asked.is_empty() || validation.known.is_empty() {
            bail!(
                "of {} listeners {} are hidden, {} withheld and {} left to learn from, which is \
                too few: lower `--unseen` or `--min-likes`",
                everyone.len(),
                everyone.len() - test.known.len(),
                test.known.len() - validation.known.len(),
                validation.known.len(),
            );
        }
        Ok(Round { seed, test, validation })
    }

    /// One model: chooses its settings by greedy proposals, then the constants of each policy, then
    /// asks.
    fn measure(&self, round: &Round, entries: &mut [Entry]) -> Result<()> {
        let Some(model) = entries.first().map(|entry| entry.model) else { return Ok(()) };
        self.progress.message(&format!("{}: choosing settings", model.name()));
        let (setting, rehearsed) = self.choose_setting(round, model)?;
        self.progress.message(&format!("{}: learning from all who are known", model.name()));
        let known = setting.fit(&self.training(&round.test.known), round.seed)?;
        for entry in entries {
            self.progress.message(&format!("{}: {}", model.name(), entry.policy.name()));
            let candidate = self.choose_candidate(round, &rehearsed, entry.policy);
            let times = Mutex::new(Times::default());
            entry.conversations.extend(self.converse(
                round,
                &round.test.asked,
                &known,
                &candidate.strategy,
                &times,
            ));
            let mut times = times.into_inner().unwrap_or_else(PoisonError::into_inner);
            entry.times.choose_us.append(&mut times.choose_us);
            entry.times.learn_us.append(&mut times.learn_us);
            let parts = [setting.to_string(), candidate.setting];
            entry.chosen.push(
                parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
            );
            self.progress.advance(1);
        }
        Ok(())
    }

    /// The settings with most hits on withheld listeners, and the model that had them.
    fn choose_setting(&self, round: &Round, model: InteractiveModel) -> Result<(Setting, Known)> {
        let training = self.training(&round.validation.known);
        let greedy = candidates(PolicyKind::Greedy).remove(0);
        let mut best: Option<(f64, Setting, Known)> = None;
        for setting in model.settings() {
            let known = setting.fit(&training, round.seed)?;
            let found = self.rehearse(round, &known, &greedy.strategy);
            if best.as_ref().is_none_or(|(hits, ..)| found > *hits) {
                best = Some((found, setting, known));
            }
        }
        let (_, setting, known) = best.expect("every model has settings");
        Ok((setting, known))
    }

    /// The constant with most hits on withheld listeners, of equals the least exploring.
    fn choose_candidate(&self, round: &Round, known: &Known, policy: PolicyKind) -> Candidate {
        let mut candidates = candidates(policy);
        if candidates.len() == 1 {
            return candidates.remove(0);
        }
        let hits = |candidate: &Candidate| self.rehearse(round, known, &candidate.strategy);
        let found: Vec<f64> = candidates.iter().map(hits).collect();
        let best = (0..found.len()).rev().max_by(|&a, &b| found[a].total_cmp(&found[b]));
        candidates.swap_remove(best.expect("every policy has a candidate"))
    }

    /// Mean hits on withheld listeners.
    fn rehearse(&self, round: &Round, known: &Known, strategy: &Strategy) -> f64 {
        let times = Mutex::default();
        let conversations = self.converse(round, &round.validation.asked, known, strategy, &times);
        curve(&conversations, self.options.proposals).last().copied().unwrap_or(0.0)
    }

    fn converse(
        &self,
        round: &Round,
        listeners: &[ListenerIdx],
        known: &Known,
        strategy: &Strategy,
        all: &Mutex<Times>,
    ) -> Vec<Conversation> {
        let course = ConversationPlan { proposals: self.options.proposals, seed: round.seed };
        converse(self.interactions, listeners, course, &|| {
            let proposer = Guided::new(known.meet(), strategy);
            Box::new(Timed { proposer, times: Times::default(), all })
        })
    }

    /// All events of these listeners, none of others.
    fn training(&self, listeners: &[ListenerIdx]) -> Training<'_> {
        let mut ends = vec![0; self.interactions.listeners()];
        for &listener in listeners {
            ends[listener.row()] = self.interactions.history(listener).items.len() as u32;
        }
        Training::new(self.interactions, ends)
    }
}
