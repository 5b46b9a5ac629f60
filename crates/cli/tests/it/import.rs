use std::io::Write as _;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::segue::Segue;

fn count(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("`{key}` in {value}"))
}

fn adds_up(total: &Value) -> bool {
    let dropped: u64 =
        total["dropped"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    let kinds = ["listens", "feedback", "tracks", "friendships", "artist_tags"];
    let kept: u64 = kinds.iter().map(|kind| count(total, kind)).sum();
    count(total, "rows_read") == kept + count(total, "already_imported") + dropped
}

#[test]
fn the_report_adds_up_and_a_second_import_adds_nothing() {
    let segue = Segue::new();
    segue.write_export("Streaming_History_Audio_2010_0.json", 500);
    let first = segue.json(&["import", ".", "--json"]);
    assert!(adds_up(&first["total"]), "{first}");
    assert_eq!(count(&first["store"], "listens_added"), 500);
    let second = segue.json(&["import", ".", "--json"]);
    assert_eq!(count(&second["store"], "listens_added"), 0);
    assert_eq!(count(&segue.json(&["status", "--json"])["store"], "listens"), 500);
}

#[test]
fn the_same_plays_in_another_file_are_known() {
    let segue = Segue::new();
    segue.write_export("a/Streaming_History_Audio_2010_0.json", 300);
    segue.write_export("b/Streaming_History_Audio_2010_1.json", 400);
    segue.run(&["import", "a"]);
    let second = segue.json(&["import", "b", "--json"]);
    assert_eq!(count(&second["store"], "exact_duplicates"), 300);
    assert_eq!(count(&second["store"], "listens_added"), 100);
}

#[test]
fn friends_are_kept_each_one_way_whether_the_library_knows_them_or_not() {
    let segue = Segue::new();
    segue.write("plays.csv", "user,item\nann,song\nbob,song\n");
    segue.run(&["import", "plays.csv"]);
    segue.write("friends.csv", "user,friend\nann,bob\nann,cid\nann,ann\nann,\n");
    let first = segue.json(&["import", "friends.csv", "--json"]);
    assert!(adds_up(&first["total"]), "{first}");
    assert_eq!(first["total"]["dropped"], serde_json::json!({"no_listener": 1, "own_friend": 1}));
    let counts = ["friendships_added", "friendships_known", "friends_unknown"];
    assert_eq!(counts.map(|key| count(&first["store"], key)), [2, 0, 1]);

    segue.write("people.csv", "person,knows\nann,bob\nbob,ann\n");
    assert!(segue.fail(&["import", "people.csv"], 1).contains("people.csv"));
    let named = ["import", "people.csv", "--friend-columns", "person,knows", "--json"];
    let second = segue.json(&named);
    assert_eq!(counts.map(|key| count(&second["store"], key)), [1, 1, 0]);
    let friendships = || count(&segue.json(&["status", "--json"])["store"], "friendships");
    assert_eq!(friendships(), 3);
    let forgotten = segue.json(&["forget", "--listener", "bob", "--yes", "--json"]);
    assert_eq!((count(&forgotten, "friendships"), friendships()), (2, 1));
}

#[test]
fn tags_of_artists_are_kept_as_counts_and_forgetting_takes_none_back() {
    let segue = Segue::new();
    segue.write("tags/artists.dat", "id\tname\n7\tSlowdive\n");
    segue.write("tags/tags.dat", "tagID\ttagValue\n3\tshoegaze\n4\tmine alone\n");
    let rows = "userID\tartistID\ttagID\nann\t7\t3\nbob\t7\t3\nann\t7\t4\n";
    segue.write("tags/user_taggedartists.dat", rows);
    let first = segue.json(&["import", "tags", "--json"]);
    assert!(adds_up(&first["total"]), "{first}");
    assert_eq!(first["total"]["dropped"], serde_json::json!({"one_person": 1}));
    assert_eq!(count(&first["total"], "artist_tags"), 2);
    assert_eq!(count(&first["store"], "artist_tags_added"), 1);

    segue.write("plays.csv", "user,item\nann,song\n");
    segue.run(&["import", "plays.csv"]);
    segue.run(&["forget", "--listener", "ann", "--yes"]);
    let status = segue.json(&["status", "--json"]);
    assert_eq!(
        (count(&status["store"], "listeners"), count(&status["store"], "artist_tags")),
        (0, 1)
    );
    assert_eq!(count(&segue.json(&["import", "tags", "--json"])["store"], "artist_tags_added"), 0);
}

#[test]
fn a_dry_run_keeps_nothing() {
    let segue = Segue::new();
    segue.write_export("Streaming_History_Audio_2010_0.json", 50);
    let report = segue.json(&["import", ".", "--dry-run", "--json"]);
    assert_eq!(count(&report["total"], "listens"), 50);
    assert!(!segue.home().exists());
}

#[test]
fn a_file_that_breaks_off_keeps_what_was_read_and_names_the_line() {
    let segue = Segue::new();
    segue.write("Streaming_History_Audio_2010_0.json", "");
    segue.write_export("whole.json", 40);
    let whole = std::fs::read_to_string(segue.folder().join("whole.json")).unwrap();
    std::fs::remove_file(segue.folder().join("whole.json")).unwrap();
    segue.write("Streaming_History_Audio_2010_0.json", &whole[..whole.len() / 2]);
    let output = segue.command(&["import", ".", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(adds_up(&report["total"]));
    assert!((10..30).contains(&count(&report["store"], "listens_added")), "{report}");
    let note = report["files"][0]["note"].as_str().unwrap();
    assert!(note.contains("line 1"), "{note}");
}

#[test]
fn what_is_in_no_known_format_is_refused_by_name() {
    let segue = Segue::new();
    segue.write("notes.txt", "milk, eggs, bread");
    let message = segue.fail(&["import", "notes.txt"], 1);
    assert!(message.contains("notes.txt") && message.contains("milk"), "{message}");
    assert!(segue.fail(&["import", "missing.json"], 1).contains("missing.json"));
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_stopped() {
    let segue = Segue::new();
    let plays = 60_000;
    segue.write_export("Streaming_History_Audio_2010_0.json", plays);
    // A pipe that stays open keeps the child from being mistaken for a finished one.
    let mut kills = 0;
    for pause_ms in [120, 200, 300, 450] {
        let mut child = segue
            .command(&["import", "."])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(pause_ms));
        if child.try_wait().unwrap().is_none() {
            kills += 1;
            child.kill().unwrap();
        }
        child.wait().unwrap();
    }
    println!("killed {kills} of 4 imports before they ended");
    std::io::stdout().flush().unwrap();
    let last = segue.json(&["import", ".", "--json"]);
    assert!(adds_up(&last["total"]), "{last}");
    let status = segue.json(&["status", "--json"]);
    assert_eq!(count(&status["store"], "listens"), plays as u64);
    assert_eq!(count(&status["store"], "unfinished_imports"), 0);
}
