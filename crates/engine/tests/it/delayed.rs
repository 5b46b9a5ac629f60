//! Shows whose worth takes two months to be seen.

use segue_engine::policy::draw::generator;
use segue_engine::simulation::delayed::{DAYS, Plan, Show, Sight, TraceBelief, run};

/// Counts what it is shown, and believes in one show.
#[derive(Default)]
struct Witness {
    favourite: usize,
    seen: Vec<usize>,
}

impl TraceBelief for Witness {
    fn see(&mut self, show: usize, seen: &[f64]) {
        assert_eq!(show, self.favourite);
        assert!(seen.iter().all(|&day| day == 0.0 || day == 1.0));
        self.seen.push(seen.len());
    }

    fn worth(&mut self, show: usize) -> (f64, f64) {
        (f64::from(u8::from(show == self.favourite)), 0.0)
    }
}

fn shows(count: usize, traces: usize) -> Vec<Show> {
    let mut rng = generator(4);
    (0..count).map(|_| Show::draw(traces, &mut rng)).collect()
}

#[test]
fn a_day_of_a_trace_is_seen_a_day_later_and_never_twice() {
    let (shows, plan) = (shows(3, 50), Plan { days: 5, actions: 2 });
    let mut belief = Witness { favourite: 1, ..Witness::default() };
    run(&shows, plan, &mut belief, Sight::DayByDay, &mut generator(0));
    belief.seen.sort_unstable();
    // Listens of the first day have shown four days by the fifth, those of the fourth day one, two
    // of each.
    assert_eq!(belief.seen, [vec![1; 8], vec![2; 6], vec![3; 4], vec![4; 2]].concat());
}

#[test]
fn an_oracle_sees_the_whole_trace_on_the_next_day() {
    let (shows, plan) = (shows(3, 50), Plan { days: 5, actions: 2 });
    let mut belief = Witness::default();
    run(&shows, plan, &mut belief, Sight::AtOnce, &mut generator(0));
    assert_eq!(belief.seen, [DAYS; 8]);
}

#[test]
fn regret_is_what_the_best_show_is_worth_more() {
    let shows = shows(3, 50);
    let worth: Vec<f64> = shows.iter().map(Show::worth).collect();
    let best = worth.iter().copied().fold(0.0, f64::max);
    for (favourite, worth) in worth.iter().enumerate() {
        let mut belief = Witness { favourite, ..Witness::default() };
        let plan = Plan { days: 2, actions: 7 };
        let regrets = run(&shows, plan, &mut belief, Sight::DayByDay, &mut generator(0));
        assert!(regrets.iter().all(|regret| (regret - (best - worth)).abs() < 1e-12));
    }
}

#[test]
fn listeners_leave_as_the_beta_geometric_law_says() {
    // The first day is lost to Beta(kα, k(1-α)) in the mean: α, about .4. Of the rest the logit -.5
    // comes back.
    let shows = shows(400, 200);
    let first = shows.iter().map(|show| show.mean()[0]).sum::<f64>() / 400.0;
    let expected = 0.6 / (1.0 + 0.5_f64.exp());
    assert!((first - expected).abs() < 0.01, "{first} instead of {expected}");
    assert!(shows.iter().all(|show| show.worth() < DAYS as f64 / 2.0));
}

#[test]
fn the_covariance_of_days_is_that_of_their_bits() {
    let show = &shows(1, 130)[0];
    let covariance = show.covariance();
    for day in [0, 5, 58] {
        let share = show.mean()[day];
        let expected = share * (1.0 - share) * 130.0 / 129.0;
        assert!((covariance[day * DAYS + day] - expected).abs() < 1e-12);
    }
    assert!(covariance[1] > 0.0, "who came back once is still there");
    assert_eq!(covariance[1], covariance[DAYS]);
}
