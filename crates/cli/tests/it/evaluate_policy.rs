use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::segue::Segue;

/// A hundred and twenty choices between three tracks at a half, a quarter and a quarter; the second
/// is the one that is liked.
fn write_log(segue: &Segue) {
    let mut rows = String::from("item_id,click,propensity,p_new,user\n");
    for row in 0..120 {
        let (item, propensity, target) =
            [("a", 0.5, 0.2), ("b", 0.25, 0.6), ("a", 0.5, 0.2), ("c", 0.25, 0.2)][row % 4];
        let reward = u8::from(item == "b" && row % 8 < 4 || row % 24 == 0);
        writeln!(rows, "{item},{reward},{propensity},{target},u{}", row / 4).unwrap();
    }
    segue.write("log.csv", &rows);
}

fn answer<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["answers"].as_array().unwrap().iter().find(|answer| answer["estimator"] == name).unwrap()
}

fn value(report: &Value, name: &str) -> f64 {
    answer(report, name)["value"].as_f64().unwrap()
}

const NEW: [&str; 8] =
    ["evaluate", "policy", "--log", "log.csv", "--policy", "new", "--target-column", "p_new"];

#[test]
fn a_log_with_probabilities_tells_what_they_would_have_earned() {
    let segue = Segue::new();
    write_log(&segue);
    let report = segue.json(&[&NEW[..], &["--json", "--min-effective-samples", "50"]].concat());
    // b: 15 of 30 liked at weight 2.4; a: 5 of 60 at weight .4.
    let expected = (15.0 * 2.4 + 5.0 * 0.4) / 120.0;
    assert!((value(&report, "ips") - expected).abs() < 1e-12, "{report}");
    assert!((value(&report, "snips") - expected).abs() < 1e-12, "weights have a mean of 1");
    assert!(report["answers"].as_array().unwrap().iter().all(|answer| answer["estimator"] != "dr"));
    let ips = answer(&report, "ips");
    assert!(ips["refusal"].is_null() && ips["bound"].is_null(), "users have several rows: {ips}");
    assert_eq!(ips["diagnostics"]["clusters"], 30);
    assert!((ips["diagnostics"]["mean_weight"].as_f64().unwrap() - 1.0).abs() < 1e-12);
    let table = segue.run(&[&NEW[..], &["--min-effective-samples", "50"]].concat());
    assert!(table.contains("snips") && table.contains("the log itself"), "{table}");
}

#[test]
fn a_model_given_in_columns_is_the_one_used() {
    let segue = Segue::new();
    let mut rows = String::from("action,reward,propensity,position,q,q_new,p_new\n");
    for row in 0..300 {
        let reward = row % 3 == 0;
        writeln!(
            rows,
            "{},{reward},0.5,{},0.25,0.4,{}",
            row % 2,
            row % 5,
            if row % 2 == 0 { 0.8 } else { 0.2 }
        )
        .unwrap();
    }
    segue.write("log.csv", &rows);
    let options = [
        "--predicted-column",
        "q",
        "--expected-column",
        "q_new",
        "--switch-threshold",
        "1",
        "--json",
    ];
    let report = segue.json(&[&NEW[..], &options].concat());
    assert!((value(&report, "dm") - 0.4).abs() < 1e-12);
    let corrected = |weight: f64| 0.5 * weight * (1.0 / 3.0 - 0.25);
    assert!((value(&report, "dr") - 0.4 - corrected(1.6) - corrected(0.4)).abs() < 1e-12);
    assert!((value(&report, "switch-dr") - 0.4 - corrected(0.4)).abs() < 1e-12);
    assert!(answer(&report, "switch-dr")["interval"].is_null());
}

#[test]
fn a_policy_is_taken_from_its_own_log() {
    let segue = Segue::new();
    write_log(&segue);
    // The other policy chose b three times as often as a, and never c.
    let theirs = "item_id,click\n".to_owned() + &"b,1\nb,0\nb,1\na,0\n".repeat(10);
    segue.write("theirs.csv", &theirs);
    let options = ["--target-log", "theirs.csv", "--json", "--min-effective-samples", "30"];
    let report = segue.json(&[&NEW[..6], &options].concat());
    assert!((value(&report, "ips") - (15.0 * 3.0 + 5.0 * 0.5) / 120.0).abs() < 1e-12, "{report}");
    assert!((report["target_log"]["value"].as_f64().unwrap() - 0.5).abs() < 1e-12);
    assert!(report["pseudo_counts"].as_array().unwrap().len() == 5 && value(&report, "dr") > 0.3);
    assert!(!answer(&report, "switch-dr")["threshold"].is_null());
    // What was never logged cannot be told.
    segue.write("theirs.csv", &theirs.replace('b', "d"));
    let error = segue.fail(&[&NEW[..6], &options].concat(), 1);
    assert!(
        error.contains("cannot say") && error.contains("75 % of the policy's choices"),
        "{error}"
    );
}

#[test]
fn slates_are_weighed_pick_after_pick() {
    let segue = Segue::new();
    let mut rows = String::from("slate,position,item,reward,propensity,p_new\n");
    for slate in 0..200 {
        let first = slate % 2 == 0;
        writeln!(rows, "{slate},1,x,{},0.5,{}", u8::from(first), if first { 0.6 } else { 0.4 })
            .unwrap();
        writeln!(rows, "{slate},2,y,1,0.5,0.5").unwrap();
    }
    segue.write("log.csv", &rows);
    let report = segue.json(&[&NEW[..], &["--slate-column", "slate", "--json"]].concat());
    assert_eq!(report["unit"], "slate");
    for name in ["sips", "rips", "iips", "snrips"] {
        assert!((value(&report, name) - 1.6).abs() < 1e-9, "{name}: {report}");
    }
}

#[test]
fn what_is_wrong_with_a_log_is_said_with_its_line() {
    let segue = Segue::new();
    let fail = |log: &str, status: i32| {
        segue.write("log.csv", log);
        segue.fail(&NEW, status)
    };
    let header = "item_id,click,propensity,p_new\n";
    let message = fail(&format!("{header}a,1,0.5,0.5\nb,0,0,0.5\n"), 1);
    assert!(
        message.contains("log.csv") && message.contains("line 3: the propensity is 0"),
        "{message}"
    );
    assert!(fail(&format!("{header}a,1,1.5,0.5\n"), 1).contains("line 2: the propensity is 1.5"));
    assert!(fail(&format!("{header}a,yes,0.5,0.5\n"), 1).contains("line 2: the reward is `yes`"));
    assert!(fail(header, 1).contains("holds no row"));
    assert!(fail("item_id,click,propensity\na,1,0.5\n", 1).contains("no column `p_new`"));
    let message = segue.fail(&NEW[..6], 1);
    assert!(message.contains("`--target-log FILE`"), "{message}");
    assert!(segue.fail(&[&NEW[..], &["--estimator", "best"]].concat(), 2).contains("switch-dr"));
    let message = fail(&(header.to_owned() + &"a,1,0.25,0.5\n".repeat(300)), 1);
    assert!(message.contains("the mean weight is 2.000"), "{message}");
    let message = fail(&(header.to_owned() + &"a,1,1,0.5\n".repeat(300)), 1);
    assert!(message.contains("without chance") && message.contains("plackett-luce"), "{message}");
}

/// Twelve mixes of four, of which the songs with even numbers are then played through.
fn listened() -> (Segue, f64) {
    let segue = Segue::new();
    segue.write_export("Streaming_History_Audio_2010_0.json", 200);
    segue.write_catalogue("tracks.csv");
    segue.run(&[
        "import",
        "tracks.csv",
        "Streaming_History_Audio_2010_0.json",
        "--listener",
        "ann",
    ]);
    segue.run(&["train"]);
    let (mut plays, mut liked) = (Vec::new(), std::collections::BTreeSet::new());
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    for seed in 0..12 {
        let mix = segue.json(&["mix", "-n", "4", "--seed", &seed.to_string(), "--json"]);
        for pick in mix["picks"].as_array().unwrap() {
            let track = pick["track"].as_str().unwrap().to_owned();
            if track.as_bytes().last().unwrap().is_multiple_of(2) && liked.insert(track.clone()) {
                let song: u32 = track.rsplit(':').next().unwrap().parse().unwrap();
                plays.push(json!({
                    "ts": at.to_string(),
                    "ms_played": 200_000,
                    "master_metadata_track_name": format!("Song {song}"),
                    "master_metadata_album_artist_name": format!("Artist {}", song / 4 % 20),
                    "spotify_track_uri": track,
                    "reason_start": "trackdone",
                    "reason_end": "trackdone",
                    "skipped": false,
                    "incognito_mode": false,
                }));
            }
        }
    }
    segue.write("Streaming_History_Audio_2030_0.json", &serde_json::to_string(&plays).unwrap());
    segue.run(&["import", "Streaming_History_Audio_2030_0.json", "--listener", "ann"]);
    (segue, liked.len() as f64 / 12.0)
}

#[test]
fn mixes_and_what_was_played_of_them_tell_of_other_policies() {
    let (segue, liked) = listened();
    let evaluate = |options: &[&str]| {
        let common = ["evaluate", "policy", "--json", "--min-effective-samples", "1"];
        segue.json(&[&common[..], options].concat())
    };
    // Every track that was played is owed to the last mix that held it.
    let own = evaluate(&["--policy", "plackett-luce"]);
    assert!((own["logged"]["value"].as_f64().unwrap() - liked).abs() < 1e-12, "{own}");
    for name in ["sips", "rips", "snrips", "iips"] {
        assert!((value(&own, name) - liked).abs() < 1e-9, "{name}: {own}");
    }
    assert_eq!(answer(&own, "sips")["diagnostics"]["effective_samples"], 12.0);
    let sharper = evaluate(&["--policy", "plackett-luce", "--temperature", "0.5", "--first", "1"]);
    assert!(value(&sharper, "rips") < liked, "of one pick: {sharper}");
    assert_eq!(value(&sharper, "rips"), value(&sharper, "iips"));
    let error = segue.fail(&["evaluate", "policy", "--policy", "lin-ucb"], 1);
    assert!(error.contains("did not log") && error.contains("plackett-luce/1"), "{error}");
    let error = segue.fail(&["evaluate", "policy", "--policy", "greedy"], 1);
    assert!(error.contains("cannot say"), "twelve mixes are too few: {error}");
    assert!(
        segue.fail(&["evaluate", "policy", "--policy", "best"], 1).contains("`linear-thompson`")
    );
    let error = Segue::new().fail(&["evaluate", "policy", "--policy", "greedy"], 1);
    assert!(error.contains("segue import"), "{error}");
}

#[test]
fn another_logs_truth_lies_within_the_interval_on_open_bandit_data() {
    let folder = std::env::var_os("SEGUE_TEST_DATA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        std::path::PathBuf::from,
    );
    let file = |name: &str| folder.join("open_bandit_sample").join(name).display().to_string();
    let (random, bts) = (file("random_men.csv"), file("bts_men.csv"));
    if !std::path::Path::new(&random).exists() {
        println!("skipped: there is no `{random}`");
        return;
    }
    let report = Segue::new().json(&[
        "evaluate",
        "policy",
        "--log",
        &random,
        "--policy",
        "bts",
        "--target-log",
        &bts,
        "--json",
    ]);
    assert_eq!(report["target_log"]["value"], 0.0069);
    for name in ["ips", "snips", "dr"] {
        let interval = &answer(&report, name)["interval"];
        let (low, high) = (interval["low"].as_f64().unwrap(), interval["high"].as_f64().unwrap());
        assert!(low < 0.0069 && 0.0069 < high, "{name}: {interval}");
    }
}
