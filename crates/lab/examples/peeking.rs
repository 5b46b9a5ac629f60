//! What looking at an experiment after every listener costs: how often intervals ever miss the true
//! difference, how wide they are, and how many listeners it takes to see one. Outcomes are drawn; a
//! listener's is the share of twenty picks that they liked, tastes spread evenly over 0.05 to 0.75.
//! `cargo run --release -p segue-lab --example peeking`.
#![allow(clippy::print_stdout)] // what it measures is its output

use rand::{Rng, RngExt};
use rayon::prelude::*;
use segue_engine::experiment::confidence::{
    ConfidenceSequence, DifferenceSequence, Interval, Side,
};
use segue_engine::policy::draw::generator;

const ALPHA: f64 = 0.05;
const EXPERIMENTS: u64 = 2_000;
const LISTENERS: usize = 1_000;
/// After how many listeners widths are taken.
const LOOKS: [usize; 5] = [50, 100, 200, 500, 1_000];
const METHODS: [&str; 3] =
    ["difference by randomisation", "one arm's less the other's", "fixed number of listeners"];

/// What one experiment showed, by method.
struct Run {
    /// Whether the true difference was ever outside, and whether it is at the end.
    missed: [(bool, bool); 3],
    widths: [[f64; LOOKS.len()]; 3],
    /// After how many listeners 0 was outside for the first time.
    found: [Option<usize>; 3],
}

fn main() {
    for effect in [0.0, 0.05, 0.1, 0.2] {
        let runs: Vec<Run> =
            (0..EXPERIMENTS).into_par_iter().map(|seed| experiment(seed, effect)).collect();
        println!(
            "\ntrue difference {effect}, {EXPERIMENTS} experiments of {LISTENERS} listeners, half \
            in each arm"
        );
        for (method, name) in METHODS.iter().enumerate() {
            report(name, method, &runs);
        }
    }
}

fn experiment(seed: u64, effect: f64) -> Run {
    let mut rng = generator(seed);
    let mut difference = DifferenceSequence::new(ALPHA, 0.5);
    let mut arms = [ConfidenceSequence::new(ALPHA / 2.0), ConfidenceSequence::new(ALPHA / 2.0)];
    let mut moments = [[0.0; 3]; 2];
    let mut run =
        Run { missed: [(false, false); 3], widths: [[0.0; LOOKS.len()]; 3], found: [None; 3] };
    for listener in 1..=LISTENERS {
        let side = if rng.random_bool(0.5) { Side::Treatment } else { Side::Control };
        let outcome = share_liked(if side == Side::Treatment { effect } else { 0.0 }, &mut rng);
        difference.push(side, outcome);
        arms[side as usize].push(outcome);
        for (moment, power) in moments[side as usize].iter_mut().zip(0..) {
            *moment += outcome.powi(power);
        }
        let [control, treatment] = [arms[0].interval(), arms[1].interval()];
        let subtracted = Interval {
            mean: None,
            low: treatment.low - control.high,
            high: treatment.high - control.low,
        };
        let intervals = [difference.interval(), subtracted, fixed(&moments)];
        for (method, interval) in intervals.iter().enumerate() {
            let missed = !interval.contains(effect);
            run.missed[method] = (run.missed[method].0 || missed, missed);
            if run.found[method].is_none() && !interval.contains(0.0) {
                run.found[method] = Some(listener);
            }
            if let Some(look) = LOOKS.iter().position(|&look| look == listener) {
                run.widths[method][look] = interval.high - interval.low;
            }
        }
    }
    run
}

fn share_liked(effect: f64, rng: &mut impl Rng) -> f64 {
    let taste = 0.05 + 0.7 * rng.random::<f64>() + effect;
    (0..20).filter(|_| rng.random_bool(taste)).count() as f64 / 20.0
}

/// Welch's interval, from count, sum and sum of squares of each arm; everything with fewer than ten
/// listeners in one.
fn fixed(moments: &[[f64; 3]; 2]) -> Interval {
    let [control, treatment] = moments.map(|[n, sum, squares]| {
        let mean = sum / n;
        (n, mean, (squares / n - mean * mean) / (n - 1.0))
    });
    if control.0.min(treatment.0) < 10.0 {
        return Interval { mean: None, low: -1.0, high: 1.0 };
    }
    let (mean, reach) = (treatment.1 - control.1, 1.96 * (control.2 + treatment.2).sqrt());
    Interval { mean: Some(mean), low: mean - reach, high: mean + reach }
}

fn report(name: &str, method: usize, runs: &[Run]) {
    let share = |of: &dyn Fn(&Run) -> bool| {
        let p = runs.iter().filter(|run| of(run)).count() as f64 / runs.len() as f64;
        let reach = 1.96 * (p * (1.0 - p) / runs.len() as f64).sqrt();
        format!("{:.1} % ± {:.1}", p * 100.0, reach * 100.0)
    };
    let widths: Vec<String> = (0..LOOKS.len())
        .map(|look| {
            let sum: f64 = runs.iter().map(|run| run.widths[method][look]).sum();
            format!("{:.3}", sum / runs.len() as f64)
        })
        .collect();
    let mut found: Vec<usize> =
        runs.iter().map(|run| run.found[method].unwrap_or(usize::MAX)).collect();
    found.sort_unstable();
    let median = match found[found.len() / 2] {
        usize::MAX => format!("more than {LISTENERS}"),
        median => median.to_string(),
    };
    println!(
        "  {name}: ever missed {}, missed at the end {}; widths {}; 0 excluded in {}, median after \
        {median}",
        share(&|run| run.missed[method].0),
        share(&|run| run.missed[method].1),
        widths.join(" "),
        share(&|run| run.found[method].is_some()),
    );
}
