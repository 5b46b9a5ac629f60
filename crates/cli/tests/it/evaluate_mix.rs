//! `segue evaluate mix`, on a tiny library and on a file of events.

use std::fmt::Write as _;

use serde_json::Value;

use crate::segue::Segue;

/// Four listeners who play twenty-five of forty songs in turn, and in the end some that only the
/// others knew.
fn export() -> String {
    let mut rows =
        String::from("listener,played_at,track_id,track_name,artist_name,ms_played,duration_ms\n");
    for listener in 0..4 {
        for play in 0..60 {
            let song = if play < 57 { play * 7 % 25 } else { play * 2 % 15 + 25 };
            let song = (song + listener * 5) % 40;
            let time = 1_600_000_000 + play * 40_000 + listener * 97;
            let ms_played = if play % 5 == 0 { 9_000 } else { 200_000 };
            writeln!(
                rows,
                "l{listener},{time},s{song},Song {song},Artist {},{ms_played},200000",
                song / 4
            )
            .unwrap();
        }
    }
    rows
}

#[test]
fn mixes_of_a_library_are_judged_by_what_was_played_after_them() {
    let segue = Segue::new();
    segue.write("plays.csv", &export());
    segue.run(&["import", "plays.csv"]);
    let args = ["evaluate", "mix", "--cuts", "1", "--length", "8", "--policy", "greedy", "--json"];
    let found = segue.json(&[&args[..], &["--report", "mix.html"]].concat());
    assert_eq!(found["listeners"], 4, "{found}");
    assert_eq!(
        (&found["cases_with_repeats"], &found["cases_with_discoveries"]),
        (&4.into(), &4.into())
    );
    let rows: Vec<&Value> = found["rows"].as_array().unwrap().iter().collect();
    let mixes = rows.iter().filter(|row| row["kind"] == "mix").count();
    assert_eq!(mixes, 4, "one policy at four settings: {found}");
    assert!(rows.iter().any(|row| row["name"] == "most played"));
    let page = std::fs::read_to_string(segue.folder().join("mix.html")).unwrap();
    assert!(page.contains("What the dial does"));
}

#[test]
fn a_file_of_events_does_as_well_and_a_table_is_printed() {
    let segue = Segue::new();
    let rows: String = export()
        .lines()
        .skip(1)
        .map(|line| line.split(',').take(3).collect::<Vec<_>>().join(","))
        .map(|line| line + "\n")
        .collect();
    segue.write("events.csv", &format!("user_id,timestamp,item_id\n{rows}"));
    let args = ["evaluate", "mix", "--data", "events.csv", "--cuts", "1", "--explore", "0,1"];
    let text = segue.run(&[&args[..], &["--length", "8", "--no-rules"]].concat());
    assert!(text.contains("ACT-R"), "{text}");
}

#[test]
fn what_is_missing_is_said() {
    let segue = Segue::new();
    let error = segue.fail(&["evaluate", "mix"], 1);
    assert!(error.contains("segue import"), "{error}");
    let few: String = export().lines().take(4).map(|line| format!("{line}\n")).collect();
    segue.write("few.csv", &few);
    segue.run(&["import", "few.csv"]);
    let error = segue.fail(&["evaluate", "mix"], 1);
    assert!(error.contains("1 listener(s)") && error.contains("3 works"), "{error}");
    let error = segue.fail(&["evaluate", "mix", "--min-item-events", "3"], 1);
    assert!(error.contains("--data"), "{error}");
}
