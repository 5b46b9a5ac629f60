//! `segue evaluate next-track`, on listeners who stay within one of four styles.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::segue::Segue;

/// 48 listeners, each of whom walks through the 12 items of one style in order, from a place of
/// their own.
fn walks() -> String {
    let step =
        |listener: usize, at: usize| format!("s{}i{}", listener % 4, (listener / 4 + at) % 12);
    let line = |listener: usize| {
        let items: Vec<String> = (0..8).map(|at| step(listener, at)).collect();
        format!("{listener} {}\n", items.join(" "))
    };
    (0..48).map(line).collect()
}

/// The same with times: an item a day.
fn dated() -> String {
    let walks = walks();
    let rows = walks.lines().flat_map(|line| {
        let mut fields = line.split(' ');
        let listener = fields.next().unwrap().to_owned();
        fields
            .enumerate()
            .map(move |(day, item)| format!("{listener} {item} {}\n", 1_700_000_000 + day * 86_400))
    });
    rows.collect()
}

fn write(segue: &Segue, name: &str, content: &str) -> String {
    segue.write(name, content);
    name.to_owned()
}

fn evaluate(segue: &Segue, data: &str, options: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["evaluate", "next-track", "--data", data, "--json"];
    arguments.extend(options);
    serde_json::from_value(segue.json(&arguments)).unwrap()
}

fn ndcg(model: &Value) -> f64 {
    model["ndcg@10"]["mean"].as_f64().unwrap()
}

#[test]
fn models_that_see_who_listens_to_what_beat_popularity() {
    let segue = Segue::new();
    let data = write(&segue, "walks.txt", &walks());
    let models = evaluate(
        &segue,
        &data,
        &["--model", "popularity,item-knn,ease,ials,fusion", "--seeds", "2"],
    );
    assert_eq!(models.len(), 5);
    let names: Vec<&str> = models.iter().map(|model| model["model"].as_str().unwrap()).collect();
    assert_eq!(names, ["popularity", "item-knn", "ease", "ials", "fusion"]);
    for model in &models {
        assert_eq!((model["cases"].as_u64(), model["seeds"].as_u64()), (Some(48), Some(2)));
        let (low, high) = (&model["recall@10"]["low"], &model["recall@10"]["high"]);
        assert!(
            low.as_f64() <= high.as_f64() && model["train_s"].is_f64() && model["eval_s"].is_f64()
        );
    }
    for model in &models[1..] {
        assert!(ndcg(model) > ndcg(&models[0]) + 0.1, "{model}");
        assert!(model["against_first"]["ndcg@10"]["low"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(models[4]["weights"]["weight"].as_array().unwrap().len(), 4);
}

#[test]
fn a_sequence_model_learns_the_order() {
    let segue = Segue::new();
    let data = write(&segue, "walks.txt", &walks());
    let options =
        ["--model", "ease,sasrec", "--set", "sasrec.dropout=0.1", "--set", "sasrec.epochs=60"];
    let models = evaluate(&segue, &data, &options);
    assert!(ndcg(&models[1]) > 0.8 && ndcg(&models[1]) > ndcg(&models[0]), "{models:?}");
    assert!(models[1]["config"]["sasrec"]["epochs"].as_u64().unwrap() <= 60);
}

#[test]
fn temporal_cuts_keep_what_was_heard_and_tell_repeats_from_discoveries() {
    let segue = Segue::new();
    let data = write(&segue, "dated.txt", &dated());
    let options =
        ["--model", "decayed-popularity,item-knn", "--protocol", "temporal", "--test-days", "1"];
    let models = evaluate(&segue, &data, &options);
    assert!(models[0]["repeats ndcg@10"].is_null(), "nobody repeats: {}", models[0]);
    assert!(models[1]["discoveries ndcg@10"]["mean"].as_f64().unwrap() > 0.3);
    let undated = write(&segue, "walks.txt", &walks());
    let error =
        segue.fail(&["evaluate", "next-track", "--data", &undated, "--protocol", "temporal"], 1);
    assert!(error.contains("carry no time"), "{error}");
}

/// One person who plays some of ten favourites every day, and as many songs that nobody played
/// before.
fn restless() -> String {
    let day = |day: usize| {
        let time = 1_700_000_000 + 86_400 * day;
        let favourite = move |at: usize| format!("me f{} {}\n", (7 * day + at) % 10, time + at);
        let fresh = move |at: usize| format!("me n{day}-{at} {}\n", time + 100 + at);
        (0..4).map(favourite).chain((0..4).map(fresh)).collect::<String>()
    };
    (0..40).map(day).collect()
}

#[test]
fn being_unknown_at_the_cut_gives_no_answer_away() {
    let segue = Segue::new();
    let data = write(&segue, "restless.txt", &restless());
    let options = ["--model", "popularity,act-r,fusion", "--protocol", "temporal"];
    let models = evaluate(&segue, &data, &options);
    for model in &models {
        assert_eq!((model["cases"].as_u64(), model["listeners"].as_u64()), (Some(5), Some(1)));
        assert_eq!(model["new_items"], 20, "four on each of five days");
        assert_eq!(model["repeats ndcg@10"]["mean"], model["ndcg@10"]["mean"]);
        assert!(model["ndcg@10"]["low"].is_f64());
    }
    let weights: Vec<f64> = serde_json::from_value(models[2]["weights"]["weight"].clone()).unwrap();
    assert!(weights.iter().all(|&weight| weight >= 0.0), "{weights:?}");
    let text = segue.run(&[&["evaluate", "next-track", "--data", &data], &options[..]].concat());
    assert!(text.contains("5 cases of 1 listeners test at 5 cuts, 20 new items"), "{text}");
}

#[test]
fn a_single_case_has_no_interval() {
    let segue = Segue::new();
    let data = write(&segue, "restless.txt", &restless());
    let options = ["--model", "popularity,act-r", "--protocol", "temporal", "--cuts", "1"];
    for model in evaluate(&segue, &data, &options) {
        let found = &model["ndcg@10"];
        assert!(found["mean"].is_f64() && found["low"].is_null() && found["high"].is_null());
    }
    let text = segue.run(&[&["evaluate", "next-track", "--data", &data], &options[..]].concat());
    assert!(text.contains("single case has no interval") && !text.contains('['), "{text}");
}

#[test]
fn what_asks_of_nobody_is_refused_with_the_reason() {
    let segue = Segue::new();
    // Everybody plays the same two songs over and over.
    let repeats: String =
        (0..30).flat_map(|who| (0..6).map(move |at| format!("{who} {}\n", at % 2))).collect();
    let data = write(&segue, "repeats.txt", &repeats);
    for protocol in ["leave-one-out", "holdout"] {
        let arguments = ["evaluate", "next-track", "--data", &data, "--protocol", protocol];
        let error = segue.fail(&arguments, 1);
        assert!(error.contains("no case to rank: in each of"), "{error}");
        assert!(error.contains("`--history kept`"), "{error}");
    }
    let kept = evaluate(&segue, &data, &["--model", "popularity", "--history", "kept"]);
    assert_eq!(kept[0]["cases"], 30);
    // Every day brings songs that nobody played, and nothing else.
    let new: String = (0..20)
        .flat_map(|day| {
            (0..30).map(move |who| format!("{who} d{day} {}\n", 1_700_000_000 + 86_400 * day))
        })
        .collect();
    let data = write(&segue, "new.txt", &new);
    let arguments = ["evaluate", "next-track", "--data", &data, "--protocol", "temporal"];
    let error = segue.fail(&arguments, 1);
    assert!(error.contains("nobody had turned to") && error.contains("new-item"), "{error}");
}

#[test]
fn cases_that_ask_for_nothing_are_not_counted() {
    let segue = Segue::new();
    // The first ten end on a song that they know, the others on one that others know.
    let rows: String = (0..30)
        .map(|who| {
            format!("{who} a b {} {}\n", ["c", "d"][who % 2], ["b", "e"][usize::from(who > 9)])
        })
        .collect();
    let data = write(&segue, "some.txt", &rows);
    let text = segue.run(&["evaluate", "next-track", "--data", &data, "--model", "popularity"]);
    let counted = "20 cases of 30 listeners test, 10 more are left out";
    assert!(text.contains(counted), "{text}");
}

#[test]
fn a_split_made_elsewhere_is_kept() {
    let segue = Segue::new();
    let train = "user,item\nann,a\nann,b\nben,a\nben,b\ncem,a\ndan,b\ndan,c\neve,b\neve,a\n";
    let train = write(&segue, "train.csv", train);
    let test = write(&segue, "test.csv", "user,item\ncem,b\ndan,z\ncem,c\n");
    let models = evaluate(&segue, &train, &["--test", &test, "--model", "popularity", "--refit"]);
    // Cem knows `a`; `b` is more popular than `c`, and `z` is new to everybody.
    assert_eq!((models[0]["cases"].as_u64(), models[0]["new_items"].as_u64()), (Some(1), Some(1)));
    assert_eq!(ndcg(&models[0]), 1.0);
    let arguments = ["evaluate", "next-track", "--data", &train, "--test", &test];
    let text = segue.run(&[&arguments[..], &["--model", "popularity"]].concat());
    assert!(text.contains("given split, history masked"), "{text}");
    segue.fail(&[&arguments[..], &["--protocol", "holdout"]].concat(), 2);
}

#[test]
fn a_given_split_that_asks_for_songs_again_ranks_the_history() {
    let segue = Segue::new();
    let rows = restless();
    let lines: Vec<&str> = rows.lines().collect();
    let (train, test) = lines.split_at(37 * 8);
    let train = write(&segue, "train.txt", &(train.join("\n") + "\n"));
    let test = write(&segue, "test.txt", &(test.join("\n") + "\n"));
    let models = evaluate(&segue, &train, &["--test", &test, "--model", "popularity,act-r"]);
    // Ten favourites are all that is known of what follows, and the most played.
    assert!((ndcg(&models[0]) - 1.0).abs() < 1e-6, "{}", models[0]);
    assert_eq!(models[0]["new_items"], 12);
}

#[test]
fn new_listeners_are_asked_about_with_so_many_of_their_items() {
    let segue = Segue::new();
    let data = write(&segue, "walks.txt", &walks());
    // Listeners of a style are friends in a circle.
    let friends: String =
        (0..48).map(|listener| format!("{listener} {}\n", (listener + 4) % 48)).collect();
    let friends = write(&segue, "friends.txt", &friends);
    let options = [
        "--model",
        "popularity,ease",
        "--protocol",
        "new-listener",
        "--picks",
        "0,3",
        "--friends",
        &friends,
    ];
    let models = evaluate(&segue, &data, &options);
    let of = |name: &str, picks: u64| {
        let found =
            models.iter().find(|m| m["model"] == name && m["picks"].as_u64() == Some(picks));
        ndcg(found.unwrap())
    };
    assert!(of("ease", 3) > of("popularity", 3) + 0.1);
    assert!((of("ease", 0) - of("popularity", 0)).abs() < 0.2, "nothing is known yet");
}

#[test]
fn items_nobody_played_are_placed_by_their_sound() {
    let segue = Segue::new();
    let data = write(&segue, "walks.txt", &walks());
    let sound = |style: usize, item: usize| {
        format!(
            "s{style}i{item},{},{}\n",
            0.1 + 0.25 * style as f64,
            0.9 - 0.25 * style as f64 + item as f64 / 1000.0
        )
    };
    let rows: String =
        (0..4).flat_map(|style| (0..12).map(move |item| sound(style, item))).collect();
    let features = write(&segue, "features.csv", &format!("item,energy,valence\n{rows}"));
    let options = [
        "--model",
        "popularity,sasrec",
        "--protocol",
        "new-item",
        "--features",
        &features,
        "--seed",
        "3",
    ];
    let models = evaluate(&segue, &data, &options);
    assert!(
        ndcg(&models[1]) > ndcg(&models[0]) + 0.1,
        "{} against {}",
        ndcg(&models[1]),
        ndcg(&models[0])
    );
}

#[test]
fn a_search_that_was_cut_off_goes_on() {
    let segue = Segue::new();
    let data = write(&segue, "walks.txt", &walks());
    let log = |segue: &Segue| {
        let folder = fs::read_dir(segue.home().join("searches")).unwrap();
        let files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1);
        (files[0].clone(), fs::read_to_string(&files[0]).unwrap())
    };
    evaluate(&segue, &data, &["--model", "item-knn", "--search", "3"]);
    let (path, first) = log(&segue);
    assert_eq!(first.lines().count(), 3);
    // Killed while the third trial was being written.
    let torn: String = first.lines().take(2).map(|line| format!("{line}\n")).collect::<String>()
        + "{\"config\":{\"item";
    fs::write(&path, torn).unwrap();
    let resumed = evaluate(&segue, &data, &["--model", "item-knn", "--search", "4"]);
    let (_, second) = log(&segue);
    let whole: Vec<&str> =
        second.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).collect();
    assert_eq!(whole.len(), 4, "{second}");
    for line in first.lines() {
        assert_eq!(
            whole.iter().filter(|other| **other == line).count(),
            1,
            "{line} once in {second}"
        );
    }
    assert_eq!(
        resumed,
        with_times_of(
            &resumed,
            &evaluate(&segue, &data, &["--model", "item-knn", "--search", "4"])
        )
    );
}

/// `other` with what a clock or the system measured taken from `these`.
fn with_times_of(these: &[Value], other: &[Value]) -> Vec<Value> {
    let mut other = other.to_vec();
    for (model, measured) in other.iter_mut().zip(these) {
        for name in ["train_s", "eval_s", "peak_mb"] {
            model[name] = measured[name].clone();
        }
    }
    other
}

#[test]
fn the_split_can_be_given_to_others_and_the_report_be_read() {
    let segue = Segue::new();
    let data = write(&segue, "walks.txt", &walks());
    let folder = segue.folder().join("split");
    let page = segue.folder().join("report.html");
    let (folder_name, page_name) = (folder.display().to_string(), page.display().to_string());
    evaluate(&segue, &data, &["--export", &folder_name, "--report", &page_name, "--refit"]);
    let rows = |name: &str| fs::read_to_string(folder.join(name)).unwrap().lines().count() - 1;
    assert_eq!((rows("train.tsv"), rows("train_validation.tsv")), (48 * 6, 48 * 7));
    assert_eq!((rows("test_shown.tsv"), rows("test_answers.tsv")), (48 * 7, 48));
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg") && page.contains("item-knn") && page.ends_with("</html>\n"));
}

#[test]
fn what_cannot_be_is_said_with_what_can() {
    let segue = Segue::new();
    let data = write(&segue, "walks.txt", &walks());
    let fail = |options: &[&str], status: i32| {
        let mut arguments = vec!["evaluate", "next-track", "--data", &data];
        arguments.extend(options);
        segue.fail(&arguments, status)
    };
    assert!(fail(&["--model", "svd"], 2).contains("popularity, decayed-popularity"));
    assert!(fail(&["--model", "ease,fusion"], 1).contains("two at least"));
    assert!(fail(&["--model", "ease", "--set", "ease.lambda=3"], 1).contains("regularisation"));
    assert!(fail(&["--model", "ease", "--set", "ials.factors=3"], 1).contains("`ials`"));
    assert!(fail(&["--model", "ease", "--set", "ease.regularisation=-1"], 1).contains("positive"));
}

#[test]
fn a_model_that_cannot_be_fitted_does_not_cost_the_others() {
    let segue = Segue::new();
    let data = write(&segue, "walks.txt", &walks());
    let options = ["--model", "popularity,ease", "--set", "ease.memory_limit_mb=0"];
    let models = evaluate(&segue, &data, &options);
    assert_eq!(models.len(), 1);
    assert_eq!(models[0]["model"], "popularity");
}

#[test]
fn published_sequences_are_ranked_above_the_published_figures() {
    let folder = std::env::var_os("SEGUE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        std::path::PathBuf::from,
    );
    let data = folder.join("s3rec/LastFM.txt");
    if !data.exists() {
        println!("skipped: there is no `{}`", data.display());
        return;
    }
    let models =
        evaluate(&Segue::new(), &data.display().to_string(), &["--model", "item-knn,ease"]);
    assert_eq!(models[0]["cases"], 1090);
    assert!(ndcg(&models[1]) > 0.0435, "EASE is above the .0435 of BSARec: {}", ndcg(&models[1]));
}
