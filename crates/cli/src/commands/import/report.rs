//! The report of an import as a person reads it.

use segue_ingest::{FileReport, ImportReport};
use segue_store::ImportCounts;
use serde_json::json;

use crate::terminal::{print_line, table};

/// Files listed one by one; the rest are in the sums and in `--json`.
const MOST_FILES: usize = 40;

/// Prints a row per file, the sums, and what the store made of it.
pub(super) fn print(report: &ImportReport, counts: Option<&ImportCounts>) -> anyhow::Result<()> {
    let mut rows = table(&[
        "file", "format", "rows", "plays", "feedback", "tracks", "friends", "before", "dropped",
        "note",
    ]);
    for file in report.files.iter().take(MOST_FILES) {
        rows.add_row(row(&file.path.display().to_string(), file));
    }
    if report.files.len() > 1 {
        rows.add_row(row("all", &report.total()));
    }
    print_line(&rows.to_string())?;
    if report.files.len() > MOST_FILES {
        print_line(&format!("and {} more files, see `--json`", report.files.len() - MOST_FILES))?;
    }
    let Some(counts) = counts else { return Ok(()) };
    print_line(&format!(
        "{} plays added, {} known exactly and {} nearly; {} statements added, {} known; {} tracks added, {} known",
        counts.listens_added,
        counts.exact_duplicates,
        counts.near_duplicates,
        counts.feedback_added,
        counts.feedback_repeated,
        counts.tracks_added,
        counts.tracks_known,
    ))?;
    if counts.friendships_added + counts.friendships_known == 0 {
        return Ok(());
    }
    print_line(&format!(
        "{} friendships added, {} known; {} of them with somebody who is no listener here yet",
        counts.friendships_added, counts.friendships_known, counts.friends_unknown,
    ))
}

fn row(name: &str, file: &FileReport) -> [String; 10] {
    [
        name.to_owned(),
        file.source.map(|source| word(&source)).unwrap_or_default(),
        file.rows_read.to_string(),
        file.listens.to_string(),
        file.feedback.to_string(),
        file.tracks.to_string(),
        file.friendships.to_string(),
        file.already_imported.to_string(),
        dropped(file),
        file.note.clone().unwrap_or_default(),
    ]
}

fn dropped(file: &FileReport) -> String {
    let reasons = file.dropped.iter().map(|(reason, count)| format!("{count} {}", word(reason)));
    let unusable =
        file.unusable_values.iter().map(|(field, count)| format!("({count} unusable {field})"));
    let parts: Vec<String> = reasons.chain(unusable).collect();
    if parts.is_empty() { "0".to_owned() } else { parts.join(", ") }
}

/// A name as JSON spells it, with blanks.
pub(super) fn word(name: &impl serde::Serialize) -> String {
    json!(name).as_str().unwrap_or_default().replace('_', " ")
}
