//! Shows whose worth takes two months to be seen.

use clap::Parser;
use segue_engine::policy::draw::generator;

use crate::shows::{DAYS, Plan, Show, Sight, TraceBelief, run};
use crate::{DelayedArgs, Kind, Report, measure};

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

fn args(options: &[&str]) -> DelayedArgs {
    DelayedArgs::parse_from(["delayed"].iter().chain(options))
}

const SMALL: [&str; 12] = [
    "--shows",
    "20",
    "--prior-shows",
    "30",
    "--traces",
    "200",
    "--actions",
    "5,20",
    "--days",
    "90",
    "--trials",
    "6",
];

fn regret(report: &Report, belief: Kind) -> f64 {
    report.rows.iter().rfind(|row| row.belief == belief).unwrap().regret.mean
}

#[test]
fn who_sees_more_of_a_trace_regrets_less() {
    let report = measure(&args(&SMALL)).unwrap();
    assert_eq!(report.rows.len(), 8);
    let [progressive, oracle, delayed] =
        [Kind::Progressive, Kind::Oracle, Kind::Delayed].map(|kind| regret(&report, kind));
    assert!(progressive < delayed && oracle < delayed, "{progressive}, {oracle}, {delayed}");
    assert_eq!(report.rows[0].trials.len(), 6);
    assert!(report.rows[0].behind.is_none() && report.rows[2].behind.is_some());
}

#[test]
fn threads_do_not_change_what_is_measured() {
    let args = args(&SMALL);
    let measured = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        serde_json::to_string(&pool.install(|| measure(&args)).unwrap()).unwrap()
    };
    assert_eq!(measured(1), measured(3));
}

#[test]
fn shows_are_taken_from_a_file() {
    // Five shows of four traces each: the first three are old, of the other two one is returned to
    // on ten days and one on none.
    let old = [0_u64, 1, 3, 7, 0, 0, 1, 1, 0, 0, 0, 15];
    let bits: Vec<u8> =
        [&old[..], &[1023; 4], &[0; 4]].concat().into_iter().flat_map(u64::to_le_bytes).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shows.bin");
    std::fs::write(&file, &bits).unwrap();
    let with = |shows: &str| {
        measure(&args(&[
            "--catalogue",
            file.to_str().unwrap(),
            "--prior-shows",
            "3",
            "--traces",
            "4",
            "--days",
            "3",
            "--actions",
            "100",
            "--trials",
            "1",
            "--beliefs",
            "oracle",
            "--shows",
            shows,
        ]))
    };
    // On the first day nothing is known and half of the listens go to the show that is worth
    // nothing; then the oracle knows.
    let first_day = regret(&with("2").unwrap(), Kind::Oracle) * 3.0;
    assert!((3.0..8.0).contains(&first_day), "{first_day}");
    let message = with("3").err().unwrap().to_string();
    assert!(message.contains("holds 20 traces"), "{message}");
}

#[test]
fn one_older_show_is_too_few_for_a_prior() {
    let error = measure(&args(&["--prior-shows", "1"])).err().unwrap();
    assert!(error.to_string().contains("--prior-shows"), "{error}");
}
