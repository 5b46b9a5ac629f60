//! From an import to a mix.

use std::collections::HashSet;

use serde_json::Value;

use crate::segue::Segue;

pub(crate) fn trained() -> Segue {
    let segue = Segue::new();
    segue.write_export("Streaming_History_Audio_2010_0.json", 400);
    segue.write_catalogue("tracks.csv");
    segue.run(&["import", "tracks.csv", "Streaming_History_Audio_2010_0.json", "--listener", "ann"]);
    segue.run(&["train"]);
    segue
}

#[test]
fn the_dial_is_honest_and_the_log_complete() {
    let segue = trained();
    let mut last = 0;
    for explore in ["0", "0.25", "0.5", "0.75", "1"] {
        let mix = segue.json(&[
            "mix",
            "-n",
            "8",
            "--explore",
            explore,
            "--artist-cap",
            "8",
            "--album-cap",
            "8",
            "--seed",
            "3",
            "--json",
        ]);
        let new = mix["new"].as_u64().unwrap();
        assert!(new >= last, "{new} new tracks at {explore}, {last} before");
        last = new;
        for pick in mix["picks"].as_array().unwrap() {
            let propensity = pick["propensity"].as_f64().unwrap();
            assert!(propensity > 0.0 && propensity <= 1.0, "{pick}");
            assert!(!pick["why"].as_str().unwrap().is_empty());
        }
    }
    assert_eq!(last, 8);
    assert_eq!(segue.json(&["status", "--json"])["store"]["impressions"], 5);
}

#[test]
fn the_same_seed_gives_the_same_mix_and_no_track_comes_twice() {
    let segue = trained();
    let make = || segue.json(&["mix", "-n", "10", "--seed", "9", "--json", "--dry-run"])["picks"].clone();
    let picks = make();
    assert_eq!(picks, make());
    let tracks: HashSet<&Value> = picks.as_array().unwrap().iter().map(|pick| &pick["track"]).collect();
    assert_eq!(tracks.len(), 10);
}

#[test]
fn the_model_likes_what_sounds_like_what_was_finished() {
    let segue = trained();
    let mix = segue.json(&["mix", "-n", "6", "--only", "new", "--policy", "greedy", "--seed", "1", "--json"]);
    // even songs are loud and were finished, odd ones are quiet and were skipped
    let even = |pick: &&Value| pick["track"].as_str().unwrap().as_bytes().last().unwrap().is_multiple_of(2);
    let loud = mix["picks"].as_array().unwrap().iter().filter(even).count();
    assert!(loud >= 5, "{loud} of 6 new tracks sound like those that were finished: {mix}");
}

#[test]
fn training_again_gives_the_same_model() {
    let segue = trained();
    let report = segue.json(&["train", "--json"]);
    let models = segue.json(&["models", "list", "--json"]);
    assert_eq!(models.as_array().unwrap().len(), 1, "{models}");
    assert_eq!(models[0]["version"], report["version"]);
}

#[test]
fn every_export_names_all_tracks() {
    let segue = trained();
    for format in ["m3u8", "xspf", "jspf", "csv", "uris"] {
        let playlist = segue.run(&["mix", "-n", "7", "--seed", "4", "--export", format]);
        assert_eq!(playlist.matches("spotify:track:").count().min(7), 7, "{format}:\n{playlist}");
    }
}

#[test]
fn an_exclusion_leaves_plays_out_and_can_be_taken_back() {
    let segue = trained();
    let plays = || segue.json(&["status", "--json"])["store"]["listens"].as_u64().unwrap();
    let before = plays();
    segue.run(&["exclude", "period", "2010-01-01", "2010-01-02"]);
    segue.run(&["exclude", "track", &crate::segue::uri(4)]);
    let list = segue.json(&["exclude", "list", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(plays(), before, "the log itself stays");
    for entry in list.as_array().unwrap() {
        segue.run(&["exclude", "undo", &entry["number"].to_string()]);
    }
    assert_eq!(segue.json(&["exclude", "list", "--json"]).as_array().unwrap().len(), 0);
    assert!(segue.fail(&["exclude", "undo", "99"], 1).contains("99"));
    assert!(segue.fail(&["exclude", "device", "fridge"], 1).contains("fridge"));
    assert!(segue.fail(&["exclude", "period", "2020-01-02", "2020-01-01"], 1).contains("ends"));
}

#[test]
fn a_backup_is_a_home_of_its_own() {
    let segue = trained();
    segue.run(&["backup", "copy"]);
    let status = segue.json(&["--home", "copy", "status", "--json"]);
    assert_eq!(status["store"]["listens"], 400);
    let mix = segue.json(&["--home", "copy", "mix", "-n", "3", "--json"]);
    assert_eq!(mix["length"], 3);
}

#[test]
fn the_demo_shows_the_whole_loop() {
    let segue = Segue::new();
    let output = segue.run(&["demo", "--listeners", "4", "--keep", "demo"]);
    assert!(output.contains("new to you") && output.contains("AUC"), "{output}");
    let status = segue.json(&["--home", "demo/home", "status", "--json"]);
    assert_eq!(status["store"]["listeners"], 4);
}
