//! What the intervals promise, on outcomes whose means are known.

use rand::{Rng, RngExt};
use segue_engine::experiment::confidence::{ConfidenceSequence, DifferenceSequence, Side};
use segue_engine::experiment::ratio::check_ratio;
use segue_engine::policy::draw::generator;

const ALPHA: f64 = 0.05;

/// A listener's share of `picks` liked: some like nearly everything, some hardly anything, 0.4 on
/// average, more by `effect`.
fn share_liked(effect: f64, picks: usize, rng: &mut impl Rng) -> f64 {
    let taste = 0.7 * rng.random::<f64>() + 0.05 + effect;
    (0..picks).filter(|_| rng.random_bool(taste)).count() as f64 / picks as f64
}

fn side(treatment: f64, rng: &mut impl Rng) -> Side {
    if rng.random_bool(treatment) { Side::Treatment } else { Side::Control }
}

/// The interval of the textbook for a number of listeners fixed beforehand.
#[derive(Default)]
struct FixedInterval([(f64, f64, f64); 2]);

impl FixedInterval {
    fn push(&mut self, side: Side, outcome: f64) {
        let (count, sum, squares) = &mut self.0[side as usize];
        *count += 1.0;
        *sum += outcome;
        *squares += outcome * outcome;
    }

    /// Whether `difference` is in it; with fewer than ten listeners in an arm nobody would ask.
    fn contains(&self, difference: f64) -> bool {
        let [control, treatment] = self.0.map(|(n, sum, squares)| {
            let mean = sum / n;
            (n, mean, (squares / n - mean * mean) / (n - 1.0))
        });
        let error = (control.2 + treatment.2).sqrt();
        control.0.min(treatment.0) < 10.0
            || (treatment.1 - control.1 - difference).abs() <= 1.96 * error
    }
}

/// In how many of `repeats` experiments the sequence, and the textbook's interval, ever missed.
fn ever_missed(repeats: u64, listeners: usize, treatment: f64, effect: f64) -> (usize, usize) {
    let (mut sequence_missed, mut fixed_missed) = (0, 0);
    for seed in 0..repeats {
        let mut rng = generator(seed);
        let mut sequence = DifferenceSequence::new(ALPHA, treatment);
        let mut fixed = FixedInterval::default();
        let (mut both_held, mut fixed_held) = (true, true);
        for _ in 0..listeners {
            let side = side(treatment, &mut rng);
            let outcome =
                share_liked(if side == Side::Treatment { effect } else { 0.0 }, 20, &mut rng);
            sequence.push(side, outcome);
            fixed.push(side, outcome);
            both_held &= sequence.interval().contains(effect);
            fixed_held &= fixed.contains(effect);
        }
        sequence_missed += usize::from(!both_held);
        fixed_missed += usize::from(!fixed_held);
    }
    (sequence_missed, fixed_missed)
}

#[test]
fn looking_after_every_listener_does_not_break_the_promise_as_it_does_for_a_fixed_interval() {
    let repeats = 1_000;
    let (sequence, fixed) = ever_missed(repeats, 300, 0.5, 0.1);
    let rate = |missed: usize| missed as f64 / repeats as f64;
    assert!(rate(sequence) < ALPHA, "the confidence sequence missed in {sequence} of {repeats}");
    assert!(rate(fixed) > 4.0 * ALPHA, "the fixed interval missed in {fixed} of {repeats} only");
}

#[test]
fn the_promise_holds_for_uneven_shares_and_no_effect() {
    let (missed, _) = ever_missed(300, 200, 0.2, 0.0);
    assert!((missed as f64) < 300.0 * ALPHA, "missed in {missed} of 300");
}

/// Plays of one listener are alike. Counted one by one they look like more evidence than there is.
#[test]
fn listeners_as_observations_keep_the_promise_and_their_plays_do_not() {
    let repeats = 200;
    let (mut by_listener, mut by_play) = (0, 0);
    for seed in 0..repeats {
        let mut rng = generator(1_000 + seed);
        let mut listeners = ConfidenceSequence::new(ALPHA);
        let mut plays = ConfidenceSequence::new(ALPHA);
        for _ in 0..30 {
            let taste = 0.7 * rng.random::<f64>() + 0.05;
            let liked: Vec<f64> =
                (0..20).map(|_| f64::from(u8::from(rng.random_bool(taste)))).collect();
            listeners.push(liked.iter().sum::<f64>() / 20.0);
            liked.into_iter().for_each(|play| plays.push(play));
        }
        // Both stay as narrow as they ever were, so that one look at the end sees every miss.
        by_listener += usize::from(!listeners.interval().contains(0.4));
        by_play += usize::from(!plays.interval().contains(0.4));
    }
    assert!((by_listener as f64) < ALPHA * 200.0, "{by_listener} of {repeats} by listener");
    assert!((by_play as f64) > 4.0 * ALPHA * 200.0, "{by_play} of {repeats} by play");
}

#[test]
fn the_interval_shrinks_and_finds_a_difference_that_is_there() {
    let mut rng = generator(5);
    let mut difference = DifferenceSequence::new(ALPHA, 0.5);
    let mut arms = [ConfidenceSequence::new(ALPHA / 2.0), ConfidenceSequence::new(ALPHA / 2.0)];
    let mut widths = Vec::new();
    for listener in 1..=1_600 {
        let side = side(0.5, &mut rng);
        let outcome = share_liked(if side == Side::Treatment { 0.15 } else { 0.0 }, 20, &mut rng);
        difference.push(side, outcome);
        arms[side as usize].push(outcome);
        if [25, 100, 400, 1_600].contains(&listener) {
            let interval = difference.interval();
            widths.push(interval.high - interval.low);
        }
    }
    assert!(widths.is_sorted_by(|a, b| a > b), "{widths:?}");
    assert!(widths[3] < 0.15 && widths[3] < 0.6 * widths[2], "{widths:?}");
    let interval = difference.interval();
    assert!(interval.low > 0.0 && interval.contains(0.15), "{interval:?}");
    let [control, treatment] = arms.map(|arm| arm.interval());
    let subtracted = (treatment.high - control.low) - (treatment.low - control.high);
    assert!(widths[3] < 0.85 * subtracted, "{} against {subtracted} by subtraction", widths[3]);
}

/// The capital against one candidate, straight from the formula.
fn is_ruled_out(m: f64, observations: &[f64]) -> bool {
    let bet_before = |i: usize| {
        let mean = |n: usize| (0.5 + observations[..n].iter().sum::<f64>()) / (n + 1) as f64;
        let squares: f64 = (0..i).map(|j| (observations[j] - mean(j + 1)).powi(2)).sum();
        let (variance, t) = ((0.25 + squares) / (i + 1) as f64, (i + 1) as f64);
        (2.0 * (2.0 / ALPHA).ln() / (variance * t * (t + 1.0).ln())).sqrt()
    };
    let (mut above, mut below) = (1.0_f64, 1.0_f64);
    for (i, x) in observations.iter().enumerate() {
        above *= 1.0 + bet_before(i).min(0.5 / m) * (x - m);
        below *= 1.0 - bet_before(i).min(0.5 / (1.0 - m)) * (x - m);
        if above.max(below) >= 2.0 / ALPHA {
            return true;
        }
    }
    false
}

#[test]
fn the_ends_are_where_the_formula_puts_them() {
    let mut rng = generator(9);
    let observations: Vec<f64> = (0..120).map(|_| share_liked(0.1, 10, &mut rng)).collect();
    let mut sequence = ConfidenceSequence::new(ALPHA);
    observations.iter().for_each(|&x| sequence.push(x));
    let interval = sequence.interval();
    let step = 1.0 / 1_000.0;
    assert!(
        is_ruled_out(interval.low - 1e-9, &observations)
            && !is_ruled_out(interval.low + step, &observations)
    );
    assert!(
        is_ruled_out(interval.high + 1e-9, &observations)
            && !is_ruled_out(interval.high - step, &observations)
    );
}

#[test]
fn nothing_is_known_before_the_first_listener_and_little_after_it() {
    let mut sequence = DifferenceSequence::new(ALPHA, 0.5);
    assert_eq!(
        (sequence.interval().mean, sequence.interval().low, sequence.interval().high),
        (None, -1.0, 1.0)
    );
    sequence.push(Side::Treatment, 1.0);
    assert_eq!(
        (sequence.interval().mean, sequence.interval().low, sequence.interval().high),
        (None, -1.0, 1.0)
    );
}

#[test]
fn a_split_as_designed_raises_no_alarm_however_often_it_is_checked_and_a_lost_fifth_does() {
    let shares = [0.5, 0.3, 0.2];
    let draw = |rng: &mut dyn Rng| {
        let u: f64 = rng.random();
        usize::from(u >= 0.5) + usize::from(u >= 0.8)
    };
    let repeats = 1_000;
    let mut alarms = 0;
    for seed in 0..repeats {
        let mut rng = generator(seed);
        // The p-value is of the farthest that the split ever was, so that one look at the end is a
        // look after each.
        let check = check_ratio(&shares, (0..1_000).map(|_| draw(&mut rng)));
        alarms += usize::from(check.p_value < ALPHA);
    }
    assert!((alarms as f64) < ALPHA * repeats as f64, "{alarms} of {repeats}");
    let mut rng = generator(7);
    let drawn: Vec<usize> = (0..5_000).map(|_| draw(&mut rng)).collect();
    let lossy = drawn.into_iter().filter(|&arm| arm != 1 || rng.random_bool(0.8));
    assert!(check_ratio(&shares, lossy).mismatch);
}
