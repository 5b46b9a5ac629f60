use segue_core::ListenerId;
use segue_engine::experiment::assignment::{arm_of, probabilities};
use segue_engine::experiment::{Design, Mode};

use super::design::design;

fn live(name: &str, shares: &[(&str, u32)]) -> Design {
    design(name, shares, Mode::Live)
}

fn listeners(count: usize) -> impl Iterator<Item = ListenerId> + Clone {
    (0..count).map(|i| ListenerId::new(format!("listener {i}")))
}

/// The vectors were made with another implementation of BLAKE3, from the description alone.
#[test]
fn nobody_moves_from_one_version_of_segue_to_the_next() {
    let halves = live("bolder", &[("control", 1), ("bold", 1)]);
    let three = live("caps-2", &[("control", 2), ("two", 1), ("five", 1)]);
    let ramp = live("bolder", &[("control", 90), ("bold", 10)]);
    let table = [
        ("ann", ["control", "control", "control"]),
        ("bob", ["control", "control", "control"]),
        ("zoë", ["bold", "control", "bold"]),
        ("", ["bold", "two", "control"]),
        ("listener-17", ["bold", "control", "control"]),
        ("日本", ["control", "control", "control"]),
    ];
    for (who, expected) in table {
        let who = ListenerId::new(who);
        assert_eq!(
            [&halves, &three, &ramp].map(|design| arm_of(design, &who).name.as_str()),
            expected,
            "{who}"
        );
    }
}

/// Counts of (arm in the first, arm in the second) experiment.
fn cross(first: &Design, second: &Design, count: usize) -> Vec<Vec<f64>> {
    let place = |design: &Design, who: &ListenerId| {
        let arm = arm_of(design, who);
        design.arms().iter().position(|other| other.name == arm.name).unwrap()
    };
    let mut counts = vec![vec![0.0; second.arms().len()]; first.arms().len()];
    for who in listeners(count) {
        counts[place(first, &who)][place(second, &who)] += 1.0;
    }
    counts
}

#[test]
fn shares_come_out_as_designed_and_experiments_split_independently() {
    const LISTENERS: usize = 20_000;
    let first = live("first", &[("control", 5), ("a", 3), ("b", 2)]);
    let second = live("second", &[("control", 5), ("a", 3), ("b", 2)]);
    let mut statistic = 0.0;
    for (p, row) in probabilities(&first).iter().zip(cross(&first, &second, LISTENERS)) {
        for (q, count) in probabilities(&second).iter().zip(row) {
            let expected = p * q * LISTENERS as f64;
            statistic += (count - expected).powi(2) / expected;
        }
    }
    assert!(
        statistic < 26.12,
        "chi-square {statistic} with 8 degrees of freedom; its 0.001 quantile is 26.12"
    );
}

#[test]
fn raising_a_share_moves_listeners_to_that_arm_and_no_more_than_it_must() {
    const LISTENERS: usize = 10_000;
    let before = live("ramp", &[("control", 40), ("a", 40), ("b", 20)]);
    let after = live("ramp", &[("control", 40), ("a", 90), ("b", 20)]);
    let mut moved = 0;
    for who in listeners(LISTENERS) {
        let (old, new) = (&arm_of(&before, &who).name, &arm_of(&after, &who).name);
        moved += usize::from(old != new);
        assert!(old == new || new == "a", "{who} went from `{old}` to `{new}`");
    }
    // The share of `a` goes from 0.4 to 0.6; 4.5 standard deviations.
    let share = moved as f64 / LISTENERS as f64;
    assert!((share - 0.2).abs() < 0.018, "{share} moved");
}
