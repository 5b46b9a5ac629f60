//! `segue evaluate likability` on small made-up tables.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

/// Writes a table of `rows` songs, liked where they are fast, with the given words for liked and
/// disliked.
fn songs(folder: &Path, rows: usize, words: [&str; 2]) -> PathBuf {
    let mut text = String::from("\u{feff},Title,Danceability,tempo,key,mode,artist,Verdict\n");
    for row in 0..rows {
        let fast = row % 2 == 0;
        let tempo = if row % 11 == 3 {
            String::new()
        } else {
            (if fast { 150 } else { 80 } + row % 7).to_string()
        };
        let word = words[usize::from(!fast)];
        text += &format!(
            "{row},\"Song, {row}\",0.{row:03},{tempo},{},1,artist {},{word}\n",
            row % 12,
            row % 5
        );
    }
    let path = folder.join("songs.csv");
    fs::write(&path, text).unwrap();
    path
}

fn evaluate(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("segue").unwrap();
    command.args([
        "evaluate",
        "likability",
        "--model",
        "mlp",
        "--repeats",
        "1",
        "--label",
        "verdict",
        "--data",
    ]);
    command.arg(data).args(arguments);
    command
}

fn json(command: &mut Command) -> Value {
    let output = command.arg("--json").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn error(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn nested_cv_reports_each_metric_with_mean_and_deviation() {
    let folder = tempfile::tempdir().unwrap();
    let data = songs(folder.path(), 40, ["1", "0"]);
    let report = json(&mut evaluate(&data, &[]));
    for metric in ["accuracy", "auc", "log_loss", "ece"] {
        assert!(
            report[metric]["mean"].is_f64() && report[metric]["sd"].is_f64(),
            "{metric} in {report}"
        );
    }
    assert!(report["accuracy"]["mean"].as_f64().unwrap() > 0.7);
    assert_eq!((&report["rows"], &report["liked"]), (&Value::from(40), &Value::from(20)));
}

#[test]
fn the_paper_protocol_reports_training_and_validation() {
    let folder = tempfile::tempdir().unwrap();
    let data = songs(folder.path(), 40, ["yes", "no"]);
    let report = json(&mut evaluate(&data, &["--protocol", "paper"]));
    for metric in ["train_accuracy", "validation_accuracy"] {
        assert!(
            report[metric]["mean"].is_f64() && report[metric]["median"].is_f64(),
            "{metric} in {report}"
        );
    }
}

#[test]
fn words_for_the_same_labels_give_the_same_figures() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words| json(&mut evaluate(&songs(folder.path(), 40, words), &[]));
    let figures = run(["1", "0"]);
    for words in [["True", "False"], ["liked", "disliked"], ["YES", "no"]] {
        assert_eq!(run(words), figures, "{words:?}");
    }
}

#[test]
fn predictions_hold_every_row_once_and_groups_stay_together() {
    let folder = tempfile::tempdir().unwrap();
    let data = songs(folder.path(), 40, ["1", "0"]);
    let (out, plot) = (folder.path().join("out.csv"), folder.path().join("out.svg"));
    let mut command = evaluate(&data, &["--group", "artist", "--predictions"]);
    command.arg(&out).arg("--plot").arg(&plot).assert().success();
    let mut folds_of_artist = vec![std::collections::BTreeSet::new(); 5];
    let mut rows = Vec::new();
    for record in csv::Reader::from_path(&out).unwrap().records() {
        let record = record.unwrap();
        let (fold, row): (usize, usize) = (record[1].parse().unwrap(), record[2].parse().unwrap());
        assert_eq!(record[3].parse::<usize>().unwrap(), row + 2, "the line in the file");
        folds_of_artist[row % 5].insert(fold);
        rows.push(row);
    }
    rows.sort_unstable();
    assert_eq!(rows, (0..40).collect::<Vec<_>>());
    assert!(folds_of_artist.iter().all(|folds| folds.len() == 1));
    assert!(fs::read_to_string(plot).unwrap().starts_with("<svg"));
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| {
        let path = folder.path().join("broken.csv");
        fs::write(&path, text).unwrap();
        path
    };
    let path = write("tempo,verdict\n120,1\nfast,0\n");
    assert!(error(&mut evaluate(&path, &[])).contains("broken.csv:3: column `tempo` holds `fast`"));
    let path = write("tempo,verdict\n120,1\n120,maybe\n");
    assert!(
        error(&mut evaluate(&path, &[])).contains("broken.csv:3: column `verdict` holds `maybe`")
    );
    let path = write("tempo,verdict\n120,1\n120\n");
    let message = error(&mut evaluate(&path, &[]));
    assert!(message.contains("broken.csv:3: 1 cells under a header of 2"), "{message}");
    let path = write("tempo,other\n120,1\n");
    assert!(
        error(&mut evaluate(&path, &[])).contains("has no column `verdict`; it has: tempo, other")
    );
    let path = write("speed,verdict\n120,1\n");
    assert!(error(&mut evaluate(&path, &[])).contains("has no audio feature column"));
    let path = write("tempo,verdict\n120,1\n90,1\n");
    assert!(error(&mut evaluate(&path, &[])).contains("2 liked and 0 disliked"));
    assert!(error(&mut evaluate(&folder.path().join("absent.csv"), &[])).contains("absent.csv"));
}

#[test]
fn the_paper_protocol_evaluates_the_papers_model_unless_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let data = songs(folder.path(), 40, ["1", "0"]);
    let mut command = Command::cargo_bin("segue").unwrap();
    command.args([
        "evaluate",
        "likability",
        "--protocol",
        "paper",
        "--repeats",
        "1",
        "--label",
        "verdict",
    ]);
    assert_eq!(json(command.arg("--data").arg(&data))["model"], "mlp");
}

/// The real table, if this machine has it.
fn real_songs() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = std::env::var_os("SEGUE_TEST_DATA").map_or(beside, PathBuf::from);
    let path = data.join("spotify_liked_195/data.csv");
    path.exists().then_some(path)
}

#[test]
fn the_papers_accuracies_are_reached_on_the_papers_songs() {
    let Some(data) = real_songs() else {
        eprintln!("skipped: no real data beside the workspace");
        return;
    };
    let mut command = Command::cargo_bin("segue").unwrap();
    command.args([
        "evaluate",
        "likability",
        "--protocol",
        "paper",
        "--repeats",
        "9",
        "--label",
        "liked",
        "--data",
    ]);
    let report = json(command.arg(data));
    let median = |key: &str| report[key]["median"].as_f64().unwrap();
    assert!(median("train_accuracy") >= 0.9857 && median("validation_accuracy") >= 0.8, "{report}");
}
