//! `segue train --next-track` and `segue next`, on someone who always plays an album through.

use serde_json::Value;

use crate::segue::Segue;

/// Plays of 5 albums of 8 songs, each played from first to last, album after album; `rounds` from
/// round `first` on.
fn export(first: usize, rounds: usize) -> String {
    let mut rows =
        String::from("listener,played_at,track_id,track_name,artist_name,ms_played,duration_ms\n");
    for round in first..first + rounds {
        for song in 0..8 {
            let album = round * 3 % 5;
            // Each in the minute after the last, and a day between albums.
            let time = 1_600_000_000 + round * 86_400 + song * 240;
            rows += &format!(
                "ann,{time},a{album}s{song},Song {album}.{song},Artist {album},200000,200000\n"
            );
        }
    }
    rows
}

fn titles(next: &Value) -> Vec<&str> {
    next.as_array().unwrap().iter().map(|track| track["title"].as_str().unwrap()).collect()
}

#[test]
fn the_song_that_always_follows_is_the_first_to_come() {
    let segue = Segue::new();
    segue.write("plays.csv", &export(0, 30));
    segue.run(&["import", "plays.csv"]);
    let error = segue.fail(&["next"], 1);
    assert!(error.contains("segue train --next-track"), "{error}");
    let error = segue.fail(&["train", "--next-track", "--continue"], 1);
    assert!(error.contains("segue train --next-track"), "{error}");

    let report = segue.json(&["train", "--next-track", "--json"]);
    let held_out = &report["card"]["held_out"];
    let figure = |who: &str| held_out[who]["ndcg@10"].as_f64().unwrap();
    assert!(figure("model") > figure("popularity"), "{held_out}");
    assert_eq!(
        segue.json(&["train", "--next-track", "--json"])["version"],
        report["version"],
        "same seed, same model"
    );

    // Album 2 (round 30 × 3 mod 5 = 0) is begun: its first three songs.
    let begun: String = export(30, 1).lines().take(4).map(|line| format!("{line}\n")).collect();
    segue.write("more.csv", &begun);
    segue.run(&["import", "more.csv"]);
    let next = segue.json(&["next", "--json", "--length", "3"]);
    assert_eq!(titles(&next)[0], "Song 0.3", "{next}");
    assert!(next[0]["share"].as_f64().unwrap() > 0.3 && next[0]["played_before"] == true, "{next}");
    let new = segue.json(&["next", "--json", "--new"]);
    assert_eq!(new.as_array().unwrap().len(), 0, "everything has been played");
}

#[test]
fn training_goes_on_with_what_came_in_since_and_leaves_the_models_of_mixes_alone() {
    let segue = Segue::new();
    segue.write("plays.csv", &export(0, 20));
    segue.run(&["import", "plays.csv"]);
    let first = segue.json(&["train", "--next-track", "--json"]);
    segue.write(
        "catalogue.csv",
        "track_id,track_name,artist_name,energy\nnew1,New One,Artist 9,0.5\n",
    );
    segue.write("more.csv", &export(20, 10));
    segue.run(&["import", "catalogue.csv", "more.csv"]);
    let second = segue.json(&["train", "--next-track", "--continue", "--json"]);
    assert_ne!(first["version"], second["version"]);
    assert_eq!(second["card"]["continued"], true);
    assert_eq!(
        second["card"]["items"].as_u64().unwrap(),
        first["card"]["items"].as_u64().unwrap() + 1
    );
    let again = segue.json(&["train", "--next-track", "--json"]);
    let figure = |report: &Value| report["card"]["held_out"]["model"]["ndcg@10"].as_f64().unwrap();
    assert!(
        figure(&second) > figure(&again) - 0.1,
        "{} against {}",
        figure(&second),
        figure(&again)
    );
    let in_use = |kind: &str| {
        let models = segue.json(&["models", "list", "--json"]);
        models
            .as_array()
            .unwrap()
            .iter()
            .filter(|m| m["active"] == true && m["kind"] == kind)
            .count()
    };
    assert_eq!((in_use("next-track"), in_use("set")), (1, 0));
    // Loud songs of even albums finished, the others skipped: enough for a likability.
    let rows: String = (0..40)
        .map(|song| {
            let (ms, energy) = if song % 2 == 0 { (200_000, 0.9) } else { (5_000, 0.1) };
            format!(
                "ann,{},t{song},T {song},Artist {song},{ms},200000,{energy}\n",
                1_650_000_000 + song * 300
            )
        })
        .collect();
    segue.write(
        "labels.csv",
        &format!("listener,played_at,track_id,track_name,artist_name,ms_played,duration_ms,energy\n{rows}"),
    );
    segue.run(&["import", "labels.csv"]);
    segue.run(&["train"]);
    assert_eq!((in_use("next-track"), in_use("set")), (1, 1));
    segue.run(&["next", "--length", "1"]);
}
