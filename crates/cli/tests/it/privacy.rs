use std::fs;
use std::path::Path;

use crate::segue::Segue;

/// Everything in the files of a folder, as one string of bytes.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        bytes.extend(if path.is_dir() { bytes_below(&path) } else { fs::read(&path).unwrap() });
    }
    bytes
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn personal_fields_never_reach_the_store() {
    let segue = Segue::new();
    segue.write_export("Streaming_History_Audio_2010_0.json", 100);
    segue.run(&["import", "Streaming_History_Audio_2010_0.json"]);
    let stored = bytes_below(&segue.home());
    assert!(holds(&stored, "Artist 3"), "the search itself must work");
    for personal in ["secret-user-name", "203.0.113.77", "secret-agent", "XQ", "(secret, phone)"] {
        assert!(!holds(&stored, personal), "`{personal}` is in the store");
    }
}

#[test]
fn forgetting_leaves_no_trace_of_a_listener() {
    let segue = Segue::new();
    segue.write_export("Streaming_History_Audio_2010_0.json", 200);
    segue.write_catalogue("tracks.csv");
    segue.run(&["import", "tracks.csv", "--listener", "nobody"]);
    segue.run(&["import", "Streaming_History_Audio_2010_0.json", "--listener", "zebra-listener"]);
    segue.run(&["train"]);
    segue.run(&["mix", "--listener", "zebra-listener", "-n", "5"]);
    let message = segue.fail(&["forget", "--listener", "zebra-listener"], 1);
    assert!(message.contains("--yes"), "{message}");
    let report = segue.json(&["forget", "--listener", "zebra-listener", "--yes", "--json"]);
    assert_eq!(report["listens"], 200);
    assert_eq!(report["impressions"], 1);
    assert_eq!(report["active_model_removed"], true);
    assert!(!holds(&bytes_below(&segue.home()), "zebra-listener"));
    assert!(
        segue.fail(&["forget", "--listener", "zebra-listener", "--yes"], 1).contains("no listener")
    );
}
