//! Lists that stay, from the command line.

use serde_json::Value;

use crate::listening::trained;

fn tracks(list: &Value) -> Vec<String> {
    let tracks = list["tracks"].as_array().unwrap();
    tracks.iter().map(|pick| pick["track"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_list_is_made_once_and_shown_as_it_was_made() {
    let segue = trained();
    let made = segue.json(&["lists", "refresh", "--json"]);
    assert!(made.as_array().unwrap().iter().all(|one| one["list"].is_null() != one["is_new"]));
    assert!(segue.run(&["lists", "refresh"]).contains("is there"));

    let first = segue.json(&["lists", "show", "finds", "--json"]);
    assert!(tracks(&first).len() >= 4);
    assert_eq!(
        tracks(&segue.json(&["lists", "show", "this week's finds", "--json"])),
        tracks(&first)
    );
    let number = first["list"]["id"].to_string();
    let playlist = segue.run(&["lists", "show", &number, "--export", "uris"]);
    assert_eq!(playlist.lines().collect::<Vec<_>>(), tracks(&first));

    assert!(segue.run(&["lists"]).contains("This week's finds"));
    segue.run(&["lists", "remove", &number]);
    let error = segue.fail(&["lists", "show", "finds"], 1);
    assert!(error.contains("`segue lists refresh` makes it"), "{error}");
    assert!(segue.fail(&["lists", "remove", &number], 1).contains("has no list"));
}

#[test]
fn a_mix_is_kept_under_a_name_that_is_free() {
    let segue = trained();
    let mix = segue.json(&["mix", "-n", "6", "--keep", "Friday", "--json"]);
    let kept = segue.json(&["lists", "show", "friday", "--json"]);
    let picks = mix["picks"].as_array().unwrap();
    let picks: Vec<_> = picks.iter().map(|pick| pick["track"].as_str().unwrap()).collect();
    assert_eq!(tracks(&kept), picks);
    let error = segue.fail(&["mix", "--keep", "Friday"], 1);
    assert!(error.contains("`Friday` is taken"), "{error}");
    assert!(segue.fail(&["mix", "--keep", "x", "--dry-run"], 2).contains("cannot be used with"));
}
