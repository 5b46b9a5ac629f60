//! `segue experiment`, from its start to what came of it.

use std::collections::BTreeSet;

use segue_core::{Impression, Timestamp};
use segue_store::Store;
use serde_json::Value;

use crate::listening::trained;
use crate::segue::{Segue, stderr, uri};

const TWELVE_DAYS_SECONDS: i64 = 12 * 86_400;

fn bolder() -> Segue {
    let segue = trained();
    segue.run(&[
        "experiment",
        "start",
        "bolder",
        "--arm",
        "control:explore=0.2",
        "--arm",
        "bold:explore=0.7",
    ]);
    segue
}

/// Makes so many listeners, who have played one song each.
fn make_listeners(segue: &Segue, count: usize) {
    let mut plays = String::from("listener,played_at,track_id,ms_played,duration_ms\n");
    for i in 0..count {
        plays += &format!("listener {i},1262304000,{},200000,200000\n", uri(0));
    }
    segue.write("listeners.csv", &plays);
    segue.run(&["import", "listeners.csv"]);
}

fn mix(segue: &Segue, listener: &str, more: &[&str]) -> Value {
    segue.json(
        &[&["mix", "--listener", listener, "-n", "6", "--seed", "3", "--json"], more].concat(),
    )
}

#[test]
fn each_listener_keeps_an_arm_and_gets_its_settings() {
    let segue = bolder();
    make_listeners(&segue, 8);
    let mut arms = BTreeSet::new();
    for i in 0..8 {
        let listener = format!("listener {i}");
        let made = mix(&segue, &listener, &[]);
        let arm = made["experiment"]["arm"].as_str().unwrap();
        let explore = if arm == "bold" { 0.7 } else { 0.2 };
        assert!(
            (made["config"]["explore"].as_f64().unwrap() - explore).abs() < 1e-6,
            "{arm}: {}",
            made["config"]
        );
        assert_eq!(mix(&segue, &listener, &[])["experiment"], made["experiment"]);
        arms.insert(arm.to_owned());
    }
    assert_eq!(arms.len(), 2, "eight listeners are in {arms:?} only");
    let readout = segue.json(&["experiment", "readout", "bolder", "--json"]);
    let sum = |of: &str| {
        (0..2).map(|arm| readout["readout"]["arms"][arm][of].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!((sum("listeners"), sum("complete")), (8, 0));
    assert_eq!(readout["readout"]["differences"][0]["metrics"]["satisfaction"]["low"], -1.0);
}

#[test]
fn what_the_listener_sets_themselves_wins_and_is_not_enrolled() {
    let segue = bolder();
    let output = segue.command(&["mix", "-n", "6", "--explore", "0.5"]).output().unwrap();
    let said = stderr(&output);
    assert!(said.contains("`bolder`") && said.contains("`--explore`"), "{said}");
    assert_eq!(mix(&segue, "ann", &["--explore", "0.5"])["experiment"], Value::Null);
    let capped = mix(&segue, "ann", &["--artist-cap", "1"]);
    assert_eq!(capped["experiment"]["experiment"], "bolder", "no arm has a say in the cap");
    assert_eq!(capped["config"]["artist_cap"], 1);
    let enrolled = stderr(&segue.command(&["mix", "-n", "6"]).output().unwrap());
    assert!(enrolled.contains("experiment `bolder`, arm `"), "{enrolled}");
}

#[test]
fn one_experiment_runs_at_a_time_and_a_stopped_one_enrols_nobody() {
    let segue = bolder();
    let two = ["--arm", "control", "--arm", "bold:explore=0.9"];
    let error = segue.fail(&[&["experiment", "start", "second"], &two[..]].concat(), 1);
    assert!(error.contains("`bolder` is running"), "{error}");
    segue.run(&["experiment", "stop", "bolder"]);
    assert_eq!(mix(&segue, "ann", &[])["experiment"], Value::Null);
    let error = segue.fail(&[&["experiment", "start", "bolder"], &two[..]].concat(), 1);
    assert!(error.contains("name of its own"), "{error}");
    segue.run(&[&["experiment", "start", "second"], &two[..], &["--share", "90,10"]].concat());
    let list = segue.json(&["experiment", "list", "--json"]);
    assert_eq!(list[1]["design"]["arms"][0]["share"], 90);
    assert!(list[0]["stopped_at"].is_string() && list[1]["stopped_at"].is_null(), "{list}");
    assert!(segue.run(&["experiment", "list"]).contains("second"));
    assert!(segue.fail(&["experiment", "readout", "third"], 1).contains("`third`"));
    segue.fail(&["experiment", "start", "third", "--arm", "a", "--arm", "b:volume=11"], 2);
    assert!(segue.fail(&["experiment", "start", "third", "--arm", "a"], 1).contains("two arms"));
}

/// Logs every mix again as if it had been shown twelve days ago, and gives the moment.
fn shown_long_ago(segue: &Segue) -> Vec<Impression> {
    let mut store = Store::open(&segue.home()).unwrap();
    let made = store.experiment_impressions("bolder").unwrap();
    let earlier = |(_, made): (_, Impression)| {
        let at = Timestamp::from_second(made.at.as_second() - TWELVE_DAYS_SECONDS).unwrap();
        Impression { at, ..made }
    };
    let earlier: Vec<Impression> = made.into_iter().map(earlier).collect();
    store.log_impressions(&earlier).unwrap();
    earlier
}

#[test]
fn plays_that_come_in_later_answer_the_mixes() {
    let segue = bolder();
    make_listeners(&segue, 6);
    for i in 0..6 {
        mix(&segue, &format!("listener {i}"), &[]);
    }
    let mut plays = String::from("listener,played_at,track_id,ms_played,duration_ms\n");
    for shown in shown_long_ago(&segue) {
        for (pick, ms_played) in [(0, 200_000), (1, 3_000)] {
            let (who, track) = (&shown.slate.listener, &shown.slate.picks[pick].track);
            let time = shown.at.as_second() + 600 * (pick as i64 + 1);
            plays += &format!("{who},{time},{track},{ms_played},200000\n");
        }
    }
    segue.write("plays.csv", &plays);
    segue.run(&["import", "plays.csv"]);
    let found = segue.json(&["experiment", "readout", "bolder", "--json"]);
    for arm in found["readout"]["arms"].as_array().unwrap() {
        let complete = arm["complete"].as_u64().unwrap();
        assert!(complete > 0, "{found}");
        assert_eq!(
            arm["counts"]["mixes"], complete,
            "the mixes of today came after their seven days"
        );
        assert_eq!(
            (&arm["counts"]["liked"], &arm["counts"]["skipped"]),
            (&complete.into(), &complete.into())
        );
        let mean = arm["metrics"]["satisfaction"]["mean"].as_f64().unwrap();
        assert!((mean - 1.0 / 6.0).abs() < 1e-9, "{mean}: one pick of six");
    }
    assert_eq!(found["readout"]["unconfirmed"], 6);
    let page = segue.run(&["experiment", "readout", "bolder"]);
    assert!(page.contains("bold less control") && page.contains("16.7 %"), "{page}");
}

#[test]
fn a_shadow_is_logged_beside_what_is_shown_and_never_counts_as_shown() {
    let segue = trained();
    let arms =
        ["--arm", "control", "--arm", "bold:explore=0.9", "--arm", "rested:no-repeat-days=100000"];
    segue.run(&[&["experiment", "start", "dry", "--shadow"], &arms[..]].concat());
    let made = mix(&segue, "ann", &[]);
    assert_eq!(made["experiment"]["arm"], "control");
    let usual = segue.json(&["mix", "-n", "6", "--seed", "3", "--dry-run", "--json"]);
    assert_eq!(made["picks"], usual["picks"]);
    let status = segue.json(&["status", "--json"]);
    assert_eq!(status["store"]["impressions"], 1);
    assert_eq!(status["store"]["shadows"], 2);
    assert!(segue.run(&["status"]).contains("experiment `dry`"));

    let error = segue.fail(&["mix", "-n", "6", "--only", "owned"], 1);
    assert!(error.contains("arm `control`") && error.contains("every one was left out"), "{error}");

    let found = segue.json(&["experiment", "readout", "dry", "--json"]);
    let bold = &found["shadows"][0];
    assert_eq!((&bold["arm"], &bold["mixes"]), (&"bold".into(), &1.into()));
    assert!(bold["overlap"].as_f64().unwrap() < 1.0, "{bold}");
    assert!(segue.run(&["experiment", "readout", "dry"]).contains("shadow"));

    // Everything that was heard was heard within so many days: that arm has nothing to show, and
    // the mix is made all the same.
    let output = segue.command(&["mix", "-n", "6", "--only", "heard"]).output().unwrap();
    assert!(
        output.status.success() && stderr(&output).contains("`rested` has no shadow"),
        "{}",
        stderr(&output)
    );
    assert_eq!(segue.json(&["status", "--json"])["store"]["shadows"], 3);

    segue.run(&["forget", "--listener", "ann", "--yes"]);
    let status = segue.json(&["status", "--json"]);
    assert_eq!(
        (&status["store"]["impressions"], &status["store"]["shadows"]),
        (&0.into(), &0.into())
    );
}
