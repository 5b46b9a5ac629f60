//! From an import to a mix.

use std::collections::HashSet;

use serde_json::Value;

use crate::segue::Segue;

pub(crate) fn trained() -> Segue {
    let segue = Segue::new();
    segue.write_export("Streaming_History_Audio_2010_0.json", 400);
    segue.write_catalogue("tracks.csv");
    segue.run(&[
        "import",
        "tracks.csv",
        "Streaming_History_Audio_2010_0.json",
        "--listener",
        "ann",
    ]);
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
    let make =
        || segue.json(&["mix", "-n", "10", "--seed", "9", "--json", "--dry-run"])["picks"].clone();
    let picks = make();
    assert_eq!(picks, make());
    let tracks: HashSet<&Value> =
        picks.as_array().unwrap().iter().map(|pick| &pick["track"]).collect();
    assert_eq!(tracks.len(), 10);
}

#[test]
fn the_model_likes_what_sounds_like_what_was_finished() {
    let segue = trained();
    let mix = segue
        .json(&["mix", "-n", "6", "--only", "new", "--policy", "greedy", "--seed", "1", "--json"]);
    // even songs are loud and were finished, odd ones are quiet and were skipped
    let even = |pick: &&Value| {
        pick["track"].as_str().unwrap().as_bytes().last().unwrap().is_multiple_of(2)
    };
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
fn what_is_known_better_of_a_song_is_set_and_taken_back() {
    let segue = trained();
    let song = crate::segue::uri(4);
    segue.run(&["tracks", "set", &song, "energy=.2", "tempo=174"]);
    segue.run(&["tracks", "set", &song, "tempo=87"]);
    let list = segue.json(&["tracks", "overrides", "--json"]);
    let set = serde_json::json!({"energy": 0.2_f32, "tempo": 87.0});
    assert_eq!(list, serde_json::json!([{"track": song, "features": set}]));
    assert!(segue.run(&["tracks", "overrides"]).contains("tempo 87"));
    segue.run(&["tracks", "unset", &song, "energy"]);
    let list = segue.json(&["tracks", "overrides", "--json"]);
    assert_eq!(list[0]["features"], serde_json::json!({"tempo": 87.0}));
    segue.run(&["tracks", "unset", &song]);
    assert_eq!(segue.json(&["tracks", "overrides", "--json"]), serde_json::json!([]));
    for (wrong, named) in
        [("charm=1", "charm"), ("energy=2", "0 to 1"), ("tempo", "FEATURE=VALUE"), ("key=x", "x")]
    {
        assert!(segue.fail(&["tracks", "set", &song, wrong], 1).contains(named), "{wrong}");
    }
    assert!(segue.fail(&["tracks", "set", "nowhere", "tempo=90"], 1).contains("nowhere"));
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
fn the_doctor_finds_a_flipped_bit_in_a_model_and_such_a_library_is_not_backed_up() {
    let segue = trained();
    let sound = segue.run(&["doctor"]);
    assert!(sound.contains("400 plays of 1 listeners") && sound.contains("No damage"), "{sound}");

    let version = segue.json(&["models", "list", "--json"])[0]["version"].clone();
    let version = version.as_str().unwrap();
    let weights = segue.home().join("models").join(version).join("model.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    let at = bytes.len() - 100;
    bytes[at] ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    let found = segue.fail(&["doctor"], 1);
    assert!(found.contains("1 problem"), "{found}");
    let refused = segue.fail(&["backup", "copy"], 1);
    assert!(refused.contains(version), "{refused}");
    assert!(!segue.folder().join("copy").exists());
}

#[test]
fn old_mixes_are_pruned_and_it_is_said_before_what_that_costs() {
    let segue = trained();
    for _ in 0..3 {
        segue.run(&["mix", "-n", "5"]);
    }
    let shown = || segue.json(&["status", "--json"])["store"]["impressions"].as_u64();
    assert!(segue.run(&["prune"]).contains("0 of 3 went"), "none of them is old");
    let told = segue.run(&["prune", "--older-than", "0 days", "--dry-run"]);
    assert!(told.contains("2 of 3 would go") && told.contains("rest on 1 mixes"), "{told}");
    assert_eq!(shown(), Some(3));
    let report = segue.json(&["prune", "--older-than", "0d", "--json"]);
    assert_eq!((&report["removed"], &report["tiring"]), (&2.into(), &2.into()), "{report}");
    assert_eq!(shown(), Some(1));
    segue.run(&["feedback", "like", "3"]);
    assert!(segue.fail(&["prune", "--older-than", "old"], 2).contains("--older-than"));
}

#[test]
fn the_demo_shows_the_whole_loop() {
    let segue = Segue::new();
    let output = segue.run(&["demo", "--listeners", "4", "--keep", "demo"]);
    assert!(output.contains("new to you") && output.contains("AUC"), "{output}");
    let status = segue.json(&["--home", "demo/home", "status", "--json"]);
    assert_eq!(status["store"]["listeners"], 4);
}

fn likely(mix: &Value, track: &str) -> f64 {
    let picks = mix["picks"].as_array().unwrap();
    let pick = picks
        .iter()
        .find(|pick| pick["track"] == track)
        .unwrap_or_else(|| panic!("no {track}: {mix}"));
    pick["likability"].as_f64().unwrap()
}

#[test]
fn what_is_told_counts_in_the_next_mix_and_for_similar_tracks() {
    let segue = trained();
    let everything_new = &[
        "mix",
        "-n",
        "60",
        "--only",
        "new",
        "--explore",
        "1",
        "--artist-cap",
        "9",
        "--album-cap",
        "9",
    ];
    let make = || segue.json(&[&everything_new[..], &["--seed", "1", "--json"]].concat());
    let before = make();
    let loud = |pick: &&Value| {
        pick["track"].as_str().unwrap().as_bytes().last().unwrap().is_multiple_of(2)
    };
    let picks = before["picks"].as_array().unwrap();
    let loud: Vec<&str> =
        picks.iter().filter(loud).map(|pick| pick["track"].as_str().unwrap()).collect();
    let number = 1 + picks.iter().position(|pick| pick["track"] == loud[0]).unwrap();
    let given =
        segue.json(&["feedback", "skipped", &number.to_string(), loud[1], loud[2], "--json"]);
    assert_eq!(given["tracks"], serde_json::json!([loud[0], loud[1], loud[2]]));
    segue.run(&["feedback", "never", loud[3]]);

    let after = make();
    assert!(
        after["picks"].as_array().unwrap().iter().all(|pick| pick["track"] != loud[3]),
        "{after}"
    );
    let lower =
        loud[4..].iter().filter(|track| likely(&after, track) < likely(&before, track)).count();
    assert!(lower * 2 > loud.len() - 4, "{lower} of {} loud tracks fell", loud.len() - 4);

    let status = segue.json(&["status", "--json"]);
    assert_eq!(status["store"]["listens"], 403);
    let message = segue.fail(&["feedback", "like", "99"], 1);
    assert!(message.contains("1 to "), "{message}");
    assert!(
        segue.fail(&["feedback", "like", "spotify:track:none"], 1).contains("spotify:track:none")
    );
}

#[test]
fn tracks_added_after_training_get_their_share_of_the_new_ones() {
    let segue = trained();
    let mut table =
        String::from("track_id,track_name,artist_name,energy,valence,tempo,duration_ms\n");
    for song in 0..30 {
        table += &format!(
            "spotify:track:late{song:018},Late {song},Newcomer {song},0.8,0.2,{},200000\n",
            90 + song
        );
    }
    segue.write("late.csv", &table);
    segue.run(&["import", "late.csv"]);
    for (share, expected) in [("0", 0), ("0.5", 5)] {
        let mix = segue.json(&[
            "mix",
            "-n",
            "10",
            "--explore",
            "1",
            "--arrivals",
            share,
            "--seed",
            "2",
            "--json",
            "--dry-run",
        ]);
        let late = |pick: &&Value| pick["track"].as_str().unwrap().contains("late");
        let late = mix["picks"].as_array().unwrap().iter().filter(late).count();
        assert_eq!(late, expected, "{mix}");
        assert_eq!(mix["config"]["arrival_slots"], expected);
    }
    segue.run(&["train", "--seed", "5"]);
    let mix = segue.json(&[
        "mix",
        "-n",
        "10",
        "--explore",
        "1",
        "--arrivals",
        "0",
        "--seed",
        "2",
        "--json",
    ]);
    assert!(
        mix["picks"].to_string().contains("late"),
        "known to the model, they are tracks like any other: {mix}"
    );
}

#[test]
fn an_answer_at_the_command_line_is_the_row_that_it_is_everywhere() {
    use segue::{PlayDetails, Reaction, opinion};
    use segue_core::{FeedbackTarget, ListenerId, Timestamp, TrackId};
    use segue_store::{Event, Store};

    let segue = trained();
    let who = Store::open(&segue.home()).unwrap().listeners().unwrap()[0].id.clone();
    let track = TrackId::new(crate::segue::uri(3));
    let newest = |store: &Store, who: &ListenerId| {
        store.listens(who).unwrap().into_iter().max_by_key(|listen| listen.at).unwrap()
    };
    for (word, after, reaction, played_ms) in [
        ("skipped", None, Reaction::SKIPPED, None),
        ("skipped", Some("12"), Reaction::SKIPPED, Some(12_000)),
        ("finished", None, Reaction::FINISHED, None),
    ] {
        let mut args = vec!["feedback", word, track.as_str()];
        args.extend(after.map(|_| "--after").into_iter().chain(after));
        segue.run(&args);
        let kept = newest(&Store::open(&segue.home()).unwrap(), &who);
        let details = PlayDetails { played_ms, ..PlayDetails::default() };
        let expected = reaction.about(who.clone(), track.clone(), kept.at.expect("dated"), details);
        assert_eq!(Event::Listen(kept), expected);
    }
    for (word, kind) in [
        ("like", segue_core::FeedbackKind::Like),
        ("not-for-me", segue_core::FeedbackKind::Dislike),
        ("never", segue_core::FeedbackKind::Ban),
        ("saved", segue_core::FeedbackKind::Saved),
        ("cleared", segue_core::FeedbackKind::Cleared),
    ] {
        segue.run(&["tell", word, track.as_str()]);
        let kept = Store::open(&segue.home()).unwrap().feedback(&who).unwrap().pop().unwrap();
        let at = kept.at.unwrap_or(Timestamp::UNIX_EPOCH);
        assert_eq!(kept, opinion(who.clone(), FeedbackTarget::Track(track.clone()), kind, at));
    }
}
