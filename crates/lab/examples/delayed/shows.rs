//! Shows whose worth is known only after two months, as in "Impatient Bandits" (McDonald, Maystre,
//! Lalmas, Russo & Ciosek, KDD 2023).
//!
//! The worth of a show is the mean number of days, out of the [`DAYS`] after a first listen, on
//! which the listener comes back; one listen leaves a trace of so many bits, of which another is
//! seen every day. Each day a number of listens is given to shows by Thompson sampling over beliefs
//! about their worth. What a belief makes of traces that are seen in part is up to it:
//! [`TraceBelief`].
//!
//! **Shows**, after the paper's generator. Day by day the logit of coming back is `-.5 + .1 x_t - u
//! |sin(πt/7)|`, with `x` a Gaussian process of covariance `1.2 exp(-|s-t|/8)` and `u ~ U(.1, 1)`.
//! A listener leaves for good before day `Geometric(Beta(kα, k(1-α))) - 1`, with `α = σ(.1 z - .4)`
//! and `k ~ U(.7, 1.5)` of the show. What counts as the truth of a show is the mean of its finite
//! number of traces, from which listens are drawn.

use rand::{Rng, RngExt};
use rand_distr::{Beta, Distribution, StandardNormal};

/// Days after the first listen that count.
pub(crate) const DAYS: usize = 59;

/// The days on which a listener came back, a bit a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace(u64);

impl Trace {
    /// A trace whose lowest bits are the days, the first the lowest.
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits & ((1 << DAYS) - 1))
    }

    /// Whether the listener came back on a day.
    pub(crate) fn came_back(self, day: usize) -> bool {
        self.0 >> day & 1 == 1
    }

    /// Days as 0 or 1.
    pub(crate) fn values(self) -> [f64; DAYS] {
        std::array::from_fn(|day| f64::from(u8::from(self.came_back(day))))
    }
}

/// A show with the traces of those who listened to it.
#[derive(Clone, Debug)]
pub(crate) struct Show {
    traces: Vec<Trace>,
}

impl Show {
    /// A show with these traces.
    pub(crate) fn from_traces(traces: Vec<Trace>) -> Self {
        Self { traces }
    }

    /// Draws a show and its traces.
    pub(crate) fn draw(traces: usize, rng: &mut impl Rng) -> Self {
        let normal = |rng: &mut _| -> f64 { StandardNormal.sample(rng) };
        let alpha = sigmoid(0.1 * normal(rng) - 0.4);
        let concentration = rng.random_range(0.7..1.5);
        let rates = draw_rates(rng);
        let leaves = Beta::new(concentration * alpha, concentration * (1.0 - alpha));
        let leaves = leaves.expect("both shapes are above 0");
        let trace = |_| draw_trace(&rates, leaves.sample(rng), rng);
        Self { traces: (0..traces).map(trace).collect() }
    }

    /// Share of traces with a return, day by day.
    pub(crate) fn mean(&self) -> Vec<f64> {
        let share = |day| self.traces.iter().filter(|trace| trace.came_back(day)).count() as f64;
        (0..DAYS).map(|day| share(day) / self.traces.len() as f64).collect()
    }

    /// Mean days on which listeners came back.
    pub(crate) fn worth(&self) -> f64 {
        self.mean().iter().sum()
    }

    /// Covariance of the days of a trace, with n - 1.
    ///
    /// # Shapes
    /// `[DAYS, DAYS]`.
    pub(crate) fn covariance(&self) -> Vec<f64> {
        let (mean, count) = (self.mean(), self.traces.len() as f64);
        let columns: Vec<Vec<u64>> = (0..DAYS).map(|day| self.column(day)).collect();
        let mut covariance = Vec::with_capacity(DAYS * DAYS);
        for (a, mean_a) in columns.iter().zip(&mean) {
            for (b, mean_b) in columns.iter().zip(&mean) {
                let both: u32 = a.iter().zip(b).map(|(a, b)| (a & b).count_ones()).sum();
                covariance.push((f64::from(both) - count * mean_a * mean_b) / (count - 1.0));
            }
        }
        covariance
    }

    /// A day of all traces, 64 a word: counting what two days share is then a matter of a few
    /// words.
    fn column(&self, day: usize) -> Vec<u64> {
        let bit = |word: u64, trace: &Trace| word << 1 | (trace.0 >> day & 1);
        self.traces.chunks(64).map(|traces| traces.iter().fold(0, bit)).collect()
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The probability of coming back, day by day, of one who has not left.
fn draw_rates(rng: &mut impl Rng) -> [f64; DAYS] {
    // The process is Markov: each day is the one before times the correlation, and something new.
    const VARIANCE: f64 = 1.2;
    let correlation = (-1.0_f64 / 8.0).exp();
    let mut deviation = VARIANCE.sqrt();
    let mut level = 0.0;
    let mut levels = [0.0; DAYS];
    for slot in &mut levels {
        let news: f64 = StandardNormal.sample(rng);
        level = correlation * level + deviation * news;
        deviation = (VARIANCE * (1.0 - correlation * correlation)).sqrt();
        *slot = level;
    }
    let weekly = rng.random_range(0.1..1.0);
    let season = |day: usize| (std::f64::consts::PI * day as f64 / 7.0).sin().abs();
    std::array::from_fn(|day| sigmoid(-0.5 + 0.1 * levels[day] - weekly * season(day)))
}

fn draw_trace(rates: &[f64; DAYS], leaves: f64, rng: &mut impl Rng) -> Trace {
    let uniform: f64 = 1.0 - rng.random::<f64>();
    // Failures before the first success of a geometric draw.
    let days = (uniform.ln() / (-leaves).ln_1p()).floor().min(DAYS as f64) as usize;
    let bit = |trace: u64, day: usize| trace | u64::from(rng.random::<f64>() < rates[day]) << day;
    Trace((0..days).fold(0, bit))
}

/// What is thought of the worth of each show.
pub(crate) trait TraceBelief {
    /// Another day of a listen of the show has passed: all of its trace that is seen by now, the
    /// new day last.
    fn see(&mut self, show: usize, seen: &[f64]);

    /// Mean and standard deviation of what the show may be worth, up to a scale that is the same
    /// for all shows.
    fn worth(&mut self, show: usize) -> (f64, f64);
}

/// When the days of a trace are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// One more every day, as in life.
    DayByDay,
    /// All at once on the day after the listen: what only an oracle sees.
    AtOnce,
}

/// How long, and how many listens a day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Days.
    pub(crate) days: usize,
    /// Listens that are given to shows each day.
    pub(crate) actions: usize,
}

/// A listen whose trace is still coming in.
struct Listen {
    show: usize,
    trace: [f64; DAYS],
    seen: usize,
}

/// Gives listens to shows by Thompson sampling, and returns the mean regret of each day's: the
/// worth of the best show less that of those chosen.
pub(crate) fn run(
    shows: &[Show],
    plan: Plan,
    belief: &mut dyn TraceBelief,
    sight: Sight,
    rng: &mut impl Rng,
) -> Vec<f64> {
    let worth: Vec<f64> = shows.iter().map(Show::worth).collect();
    let best = worth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut listens: Vec<Listen> = Vec::new();
    let mut regrets = Vec::with_capacity(plan.days);
    for _ in 0..plan.days {
        see_a_day(&mut listens, belief, sight);
        let beliefs: Vec<(f64, f64)> = (0..shows.len()).map(|show| belief.worth(show)).collect();
        let chosen: Vec<usize> = (0..plan.actions).map(|_| thompson(&beliefs, rng)).collect();
        regrets
            .push(chosen.iter().map(|&show| best - worth[show]).sum::<f64>() / plan.actions as f64);
        for show in chosen {
            let traces = &shows[show].traces;
            let trace = traces[rng.random_range(0..traces.len())].values();
            listens.push(Listen { show, trace, seen: 0 });
        }
    }
    regrets
}

fn see_a_day(listens: &mut Vec<Listen>, belief: &mut dyn TraceBelief, sight: Sight) {
    for listen in listens.iter_mut() {
        listen.seen = match sight {
            Sight::DayByDay => listen.seen + 1,
            Sight::AtOnce => DAYS,
        };
        belief.see(listen.show, &listen.trace[..listen.seen]);
    }
    listens.retain(|listen| listen.seen < DAYS);
}

/// The show with the highest of one draw each.
fn thompson(beliefs: &[(f64, f64)], rng: &mut impl Rng) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (show, (mean, deviation)) in beliefs.iter().enumerate() {
        let z: f64 = StandardNormal.sample(rng);
        if mean + deviation * z > best.1 {
            best = (show, mean + deviation * z);
        }
    }
    best.0
}
