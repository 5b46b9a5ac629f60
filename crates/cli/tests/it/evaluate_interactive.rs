//! `segue evaluate interactive`, on listeners who have most of the items of one of four styles.

use serde_json::Value;

use crate::segue::Segue;

/// 160 listeners of four styles of 10 items each: everyone lacks three of their own style and has
/// two of another.
fn styles() -> String {
    let items = |listener: usize| {
        let style = listener % 4;
        let own = (0..10).filter(move |item| (item + listener / 4) % 10 > 2);
        let own = own.map(move |item| format!("s{style}i{item}"));
        let other =
            (0..2).map(move |item| format!("s{}i{}", (style + 1) % 4, (item + listener) % 10));
        own.chain(other)
    };
    let rows = (0..160)
        .flat_map(|listener| items(listener).map(move |item| format!("{listener} {item}\n")));
    rows.collect()
}

fn evaluate(options: &[&str]) -> Value {
    let segue = Segue::new();
    segue.write("styles.txt", &styles());
    let arguments = [
        "evaluate",
        "interactive",
        "--data",
        "styles.txt",
        "--unseen",
        "40/30",
        "--min-likes",
        "5",
    ];
    segue.json(&[&arguments[..], &["--proposals", "12", "--json"], options].concat())
}

fn entry<'a>(report: &'a Value, model: &str, policy: &str) -> &'a Value {
    let entries = report["entries"].as_array().unwrap();
    entries.iter().find(|entry| entry["model"] == model && entry["policy"] == policy).unwrap()
}

#[test]
fn models_that_learn_from_answers_find_more_than_popularity_does() {
    let report = evaluate(&["--seeds", "2"]);
    assert_eq!((report["conversations"].as_u64(), report["items"].as_u64()), (Some(60), Some(40)));
    for model in ["ease", "bayes", "factor-analysis"] {
        let entry = entry(&report, model, "greedy");
        let over = &entry["over_greedy"]["popularity"]["12"];
        assert!(over["low"].as_f64().unwrap() > 0.5, "{model}: {over}");
        assert_eq!(entry["chosen"].as_array().unwrap().len(), 2, "a choice for each seed");
        let curve: Vec<f64> = serde_json::from_value(entry["curve"].clone()).unwrap();
        assert!(curve.len() == 12 && curve.is_sorted(), "{curve:?}");
    }
}

#[test]
fn policies_explore_where_the_model_knows_how_sure_it_is() {
    let report = evaluate(&[
        "--model",
        "popularity,factor-analysis",
        "--policy",
        "plackett-luce,lin-ucb,linear-thompson",
    ]);
    assert_eq!(
        report["entries"].as_array().unwrap().len(),
        5,
        "popularity is only followed: {report}"
    );
    let explored = entry(&report, "factor-analysis", "linear-thompson");
    assert!(explored["over_greedy"]["factor-analysis"]["12"]["mean"].is_f64());
    assert!(explored["chosen"][0].as_str().unwrap().contains('×'), "{explored}");
}

#[test]
fn the_same_seed_gives_the_same_figures() {
    let options = ["--model", "factor-analysis", "--policy", "linear-thompson", "--seed", "3"];
    let untimed = || {
        let mut report = evaluate(&options);
        for entry in report["entries"].as_array_mut().unwrap() {
            entry.as_object_mut().unwrap().retain(|key, _| !key.ends_with("_us"));
        }
        report
    };
    assert_eq!(untimed(), untimed());
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let segue = Segue::new();
    segue.write("styles.txt", &styles());
    let fail = |options: &[&str], status| {
        segue.fail(
            &[&["evaluate", "interactive", "--data", "styles.txt"][..], options].concat(),
            status,
        )
    };
    assert!(fail(&["--unseen", "30/40"], 2).contains("no more asked than hidden"));
    assert!(fail(&["--model", "svd"], 2).contains("`factor-analysis`"));
    assert!(fail(&["--policy", "ensemble-thompson"], 1).contains("members"));
    assert!(fail(&["--unseen", "160/10"], 1).contains("too few"));
    assert!(fail(&["--min-likes", "50", "--unseen", "40/30"], 1).contains("too few"));
}
