//! What was played, from the command line.

use crate::listening::trained;

#[test]
fn a_history_is_shown_by_period_and_drawn() {
    let segue = trained();
    let all = segue.json(&["history", "all", "--top", "3", "--json", "--time-zone", "UTC"]);
    let review = &all["review"];
    let plays = review["sums"]["plays"].as_u64().unwrap();
    assert!(plays > 0 && all["time_zone"] == "UTC");
    assert_eq!(review["top"]["artists"].as_array().unwrap().len(), 3);

    let first = review["first_day"].as_str().unwrap();
    let year = &first[..4];
    let text = segue.run(&["history", year]);
    assert!(text.starts_with(&format!("{year}: ")) && text.contains("artists"), "{text}");

    let folder = tempfile::tempdir().unwrap();
    for (file, begins) in [("year.png", &b"\x89PNG"[..]), ("year.svg", b"<svg xmlns=")] {
        let path = folder.path().join(file);
        segue.run(&["history", year, "--picture", path.to_str().unwrap()]);
        assert!(std::fs::read(&path).unwrap().starts_with(begins), "{file}");
    }
}

#[test]
fn what_cannot_be_shown_is_said() {
    let segue = trained();
    let error = segue.fail(&["history", "2026-13"], 1);
    assert!(error.contains("`2026-13` is no period"), "{error}");
    let error = segue.fail(&["history", "1950"], 1);
    assert!(error.contains("does not reach back"), "{error}");
    for wrong in
        [&["--picture", "year.gif"][..], &["--time-zone", "Mars/Olympus"], &["--top", "-1"]]
    {
        segue.fail(&[&["history"], wrong].concat(), 2);
    }
}
