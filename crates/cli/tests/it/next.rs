//! `segue next`, on someone who always plays an album through.

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

#[test]
fn what_follows_the_latest_plays_comes_next_and_nothing_is_logged() {
    let segue = Segue::new();
    segue.write("plays.csv", &export(0, 45));
    segue.run(&["import", "plays.csv"]);
    let error = segue.fail(&["next"], 1);
    assert!(error.contains("`segue train`"), "{error}");
    let error = segue.fail(&["train", "--continue"], 1);
    assert!(error.contains("without `--continue`"), "{error}");
    let first = segue.json(&["train", "--json"]);

    // The first album is begun: its first three songs.
    let begun: String = export(45, 1).lines().take(4).map(|line| format!("{line}\n")).collect();
    segue.write("more.csv", &begun);
    segue.run(&["import", "more.csv"]);
    let on = segue.json(&["train", "--continue", "--json"]);
    assert_eq!(on["card"]["continued_from"], first["version"]);
    let next = segue.json(&["next", "--json", "--length", "3"]);
    let picks = next["picks"].as_array().unwrap();
    let first = picks.iter().find(|pick| pick["drawn"] == 0).unwrap();
    assert_eq!(first["artists"][0], "Artist 0", "{next}");
    assert!(picks.iter().all(|pick| pick["propensity"] == 1.0), "nothing by chance");
    let again = segue.json(&["next", "--json", "--length", "3"]);
    assert_eq!(again["picks"], next["picks"]);
    assert_eq!(segue.json(&["status", "--json"])["store"]["impressions"], 0);
    let error = segue.fail(&["next", "--new"], 1);
    assert!(error.contains("nothing new"), "everything has been played: {error}");
}
