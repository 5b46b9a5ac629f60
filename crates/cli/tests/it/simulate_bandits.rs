//! `segue simulate carousel` and `segue simulate delayed`, in small worlds.

use serde_json::Value;

use crate::segue::Segue;

const DELAYED: [&str; 14] = [
    "simulate",
    "delayed",
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
const CAROUSEL: [&str; 14] = [
    "simulate",
    "carousel",
    "--segments",
    "3",
    "--listeners",
    "90",
    "--playlists",
    "100",
    "--rounds",
    "12",
    "--batch",
    "300",
    "--trials",
    "2",
];

fn json(segue: &Segue, command: &[&str], options: &[&str]) -> Value {
    segue.json(&[command, options, &["--json"]].concat())
}

fn regret(report: &Value, by: &str, name: &str) -> f64 {
    let row = report["rows"].as_array().unwrap().iter().rfind(|row| row[by] == name).unwrap();
    row["regret"]["mean"].as_f64().unwrap()
}

#[test]
fn who_sees_more_of_a_trace_regrets_less() {
    let report = json(&Segue::new(), &DELAYED, &[]);
    assert_eq!(report["rows"].as_array().unwrap().len(), 8);
    let [progressive, oracle, delayed] =
        ["progressive", "oracle", "delayed"].map(|name| regret(&report, "belief", name));
    assert!(progressive < delayed && oracle < delayed, "{progressive}, {oracle}, {delayed}");
    let row = &report["rows"][0];
    assert_eq!(row["trials"].as_array().unwrap().len(), 6);
    assert!(row["behind"].is_null() && report["rows"][2]["behind"]["mean"].is_f64());
}

#[test]
fn threads_do_not_change_a_simulation() {
    let segue = Segue::new();
    for command in [&DELAYED, &CAROUSEL] {
        let mut alone = segue.command(&[&command[..], &["--json"]].concat());
        let alone = alone.env("RAYON_NUM_THREADS", "1").output().unwrap();
        let mut together = segue.command(&[&command[..], &["--json"]].concat());
        let together = together.env("RAYON_NUM_THREADS", "3").output().unwrap();
        assert!(alone.status.success() && alone.stdout == together.stdout, "{command:?}");
    }
}

#[test]
fn shows_are_taken_from_a_file() {
    let segue = Segue::new();
    // Five shows of four traces each: the first three are old, of the other two one is returned to
    // on ten days and one on none.
    let old = [0_u64, 1, 3, 7, 0, 0, 1, 1, 0, 0, 0, 15];
    let bits: Vec<u8> =
        [&old[..], &[1023; 4], &[0; 4]].concat().into_iter().flat_map(u64::to_le_bytes).collect();
    std::fs::write(segue.folder().join("shows.bin"), &bits).unwrap();
    let command = [
        "simulate",
        "delayed",
        "--catalogue",
        "shows.bin",
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
    ];
    let report = json(&segue, &command, &["--shows", "2"]);
    // On the first day nothing is known and half of the listens go to the show that is worth
    // nothing; then the oracle knows.
    let first_day = regret(&report, "belief", "oracle") * 3.0;
    assert!((3.0..8.0).contains(&first_day), "{first_day}");
    let message = segue.fail(&[&command[..], &["--shows", "3"]].concat(), 1);
    assert!(message.contains("`shows.bin` holds 20 traces"), "{message}");
}

#[test]
fn policies_that_learn_regret_less_than_chance() {
    let report = json(&Segue::new(), &CAROUSEL, &[]);
    let regret = |name: &str| regret(&report, "policy", name);
    for name in ["epsilon-greedy", "thompson-pessimistic", "thompson-fitted", "logistic-thompson"] {
        assert!(
            regret(name) < regret("random"),
            "{name}: {} against {}",
            regret(name),
            regret("random")
        );
    }
    let floor = report["best_of_segments"]["mean"].as_f64().unwrap();
    assert!(floor > 0.0 && floor < regret("thompson-fitted"));
    let prior = report["fitted_priors"][0][0].as_f64().unwrap();
    assert!((prior / report["mean_probability"].as_f64().unwrap() - 1.0).abs() < 0.4, "{prior}");
    assert!(report["rows"][0]["setting"].is_null() && report["rows"][1]["setting"].is_f64());
    assert_eq!(report["rows"][0]["cumulative"].as_array().unwrap().len(), 12);
}

#[test]
fn tables_name_every_policy_and_what_cannot_be_is_refused() {
    let segue = Segue::new();
    let table = segue.run(&[&CAROUSEL[..], &["--policies", "random,thompson-naive"]].concat());
    assert!(table.contains("synthetic") && table.contains("thompson-naive"), "{table}");
    assert!(!table.contains("kl-ucb"), "{table}");
    let table = segue.run(&[&DELAYED[..], &["--beliefs", "day-two"]].concat());
    assert!(table.contains("day-two") && !table.contains("oracle"), "{table}");
    assert!(segue.fail(&["simulate", "carousel", "--slots", "900"], 1).contains("--slots"));
    assert!(
        segue.fail(&["simulate", "delayed", "--prior-shows", "1"], 1).contains("--prior-shows")
    );
}
