//! Somebody with one export: what they are told until a world brings new music, and after its file
//! is gone.

use std::fs::{self, File};

use segue_lab::world_dumps::{
    FeatureTable, PlantedConfig, PlantedWorld, write_canonical, write_features, write_parquet_tar,
};
use serde_json::{Value, json};

use crate::segue::{Segue, stderr};

const HINT: &str = "segue world --help";

/// A made-up dump, and the export of somebody who plays songs of one community in it.
fn with_dumps_and_export() -> Segue {
    let segue = Segue::new();
    let world = PlantedWorld::new(PlantedConfig {
        listens: 40_000,
        recordings: 1_000,
        people: 200,
        communities: 4,
        ..PlantedConfig::default()
    });
    let file = |name: &str| File::create(segue.folder().join(name)).unwrap();
    write_parquet_tar(&world, &mut file("listens.tar")).unwrap();
    write_canonical(&world, &mut file("canonical.tar.zst")).unwrap();
    write_features(&world, FeatureTable::Rhythm, &mut file("rhythm.tar.zst")).unwrap();
    let songs: Vec<_> = (0..world.config.recordings)
        .map(|number| world.recording(number))
        .filter(|recording| recording.community == 1)
        .take(40)
        .collect();
    let row = |play: usize| {
        let song = &songs[play % songs.len()];
        let is_skipped = play.is_multiple_of(7);
        let (month, day, hour) = (1 + play / 60, 1 + play / 3 % 20, 6 + play % 3);
        json!({
            "ts": format!("2026-{month:02}-{day:02}T{hour:02}:00:00Z"),
            "ms_played": if is_skipped { 5_000 } else { 200_000 },
            "master_metadata_track_name": song.title,
            "master_metadata_album_artist_name": song.artist,
            "spotify_track_uri": format!("spotify:track:{:022}", song.number),
            "reason_end": if is_skipped { "fwdbtn" } else { "trackdone" },
        })
    };
    let rows: Vec<Value> = (0..300).map(row).collect();
    segue.write("Streaming_History_Audio_2026_0.json", &json!(rows).to_string());
    segue
}

/// Runs, expects success and returns what went to the person, not to the pipe.
fn told(segue: &Segue, args: &[&str]) -> String {
    let output = segue.command(args).output().unwrap();
    assert!(output.status.success(), "segue {args:?}: {}", stderr(&output));
    stderr(&output)
}

#[test]
fn where_new_tracks_come_from_is_said_until_a_world_brought_them() {
    let segue = with_dumps_and_export();
    let import = ["import", "Streaming_History_Audio_2026_0.json", "--listener", "ann"];
    let mix = ["mix", "-n", "10", "--explore", "0.5", "--json"];
    for said in [
        told(&segue, &import),
        told(&segue, &["train"]),
        told(&segue, &mix),
        segue.fail(&["mix", "--only", "new"], 1),
        segue.fail(&["next", "--new"], 1),
        segue.run(&["lists", "refresh"]),
    ] {
        assert!(said.contains(HINT) && said.contains("known here"), "{said}");
    }
    assert!(!told(&segue, &["mix", "--explore", "0"]).contains(HINT), "nothing new was asked for");
    assert!(!segue.run(&["status"]).contains("World"));

    let dumps = ["--listens", "listens.tar", "--canonical", "canonical.tar.zst"];
    segue.run(&[&["world", "build"], &dumps[..], &["a.world"]].concat());
    segue.run(&["world", "use", "a.world"]);
    let said = told(&segue, &mix);
    assert!(said.contains("`segue train`") && !said.contains(HINT), "{said}");

    let report = segue.command(&["train"]).output().unwrap();
    let said = stderr(&report);
    assert!(report.status.success() && !said.contains("known here"), "{said}");
    let report = String::from_utf8(report.stdout).unwrap();
    assert!(report.contains("of the world, ") && report.contains("popular elsewhere"), "{report}");
    assert!(!report.contains("world-popular"), "{report}");
    let made = segue.command(&mix).output().unwrap();
    assert!(!stderr(&made).contains("known here"), "{}", stderr(&made));
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(made["new"], 5);
    assert!(!told(&segue, &import).contains("known here"));

    a_lost_world_fails_nothing_but_training(&segue);
}

fn a_lost_world_fails_nothing_but_training(segue: &Segue) {
    assert!(segue.run(&["status"]).contains("recordings"));
    assert!(segue.run(&["doctor"]).contains("the world in use"));
    let path = segue.folder().join("a.world");
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&path, damaged).unwrap();
    segue.fail(&["doctor"], 1);

    fs::remove_file(&path).unwrap();
    let status = segue.json(&["status", "--json"]);
    assert_eq!(
        (&status["world"]["state"], &status["world"]["recordings"]),
        (&json!("gone"), &Value::Null)
    );
    assert!(segue.run(&["status"]).contains("is not there any more"));
    let check = segue.command(&["doctor"]).output().unwrap();
    assert_eq!(check.status.code(), Some(1));
    assert!(String::from_utf8(check.stdout).unwrap().contains("is not there any more"));
    segue.run(&["mix", "-n", "3"]);
    assert!(segue.fail(&["train"], 1).contains("`segue world drop`"));
    segue.run(&["world", "drop"]);
    assert!(segue.run(&["doctor"]).contains("No damage found"));
}

#[test]
fn a_world_says_how_its_recordings_sound_and_where_that_is_from() {
    let segue = with_dumps_and_export();
    let dumps = ["--listens", "listens.tar", "--canonical", "canonical.tar.zst"];
    fs::write(segue.folder().join("damaged.tar.zst"), [0x28, 0xb5, 0x2f, 0xfd, 1]).unwrap();
    let features = ["--features", "rhythm.tar.zst", "--features", "damaged.tar.zst"];
    let build = [&["world", "build"], &dumps[..], &features, &["a.world"]].concat();
    let report = segue.run(&build);
    assert!(report.contains("`damaged.tar.zst` was left out: "), "{report}");
    assert!(report.contains("`rhythm.tar.zst`: ") && report.contains(" joined"), "{report}");
    assert!(report.contains("dropped: of a recording that is not in the world"), "{report}");
    segue.run(&["world", "verify", "a.world"]);
    let said = segue.run(&["world", "info", "a.world"]);
    assert!(said.contains("features of AcousticBrainz: rhythm.tar.zst (CC0-1.0)"), "{said}");
    assert!(said.contains("recordings of which it is known how they sound"), "{said}");
    let info = segue.json(&["world", "info", "a.world", "--json"]);
    let features = &info["manifest"]["features"];
    assert_eq!(features["dumps"], json!(["rhythm.tar.zst"]));
    let known = features["recordings"].as_u64().unwrap();
    assert!(known > 0 && known < info["manifest"]["report"]["recordings"].as_u64().unwrap());
    let bytes = 64 * info["manifest"]["report"]["recordings"].as_u64().unwrap();
    assert_eq!(info["sections"]["sound"], bytes);

    segue.run(&["world", "export", "--top", "10", "a.world", "b.world"]);
    let part = segue.json(&["world", "info", "b.world", "--json"]);
    assert_eq!(part["sections"]["sound"], 640);
    let missing = [&["world", "build"], &dumps[..], &["--features", "none", "c.world"]].concat();
    assert!(segue.fail(&missing, 1).contains("`none`"));
}
