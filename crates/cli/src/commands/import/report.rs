//! The report of an import as a person reads it.

use segue_ingest::{FileReport, ImportReport};
use segue_store::ImportCounts;
use serde_json::json;

use crate::terminal::{print_line, table};

/// Files listed one by one; the rest are in the sums and in `--json`.
const MOST_FILES: usize = 40;

/// Prints a row per file, the sums, and what the store made of it.
pub(crate) fn print(report: &ImportReport, counts: Option<&ImportCounts>) -> anyhow::Result<()> {
    let mut rows = table(&[
        "file", "format", "rows", "plays", "feedback", "tracks", "friends", "tags", "before",
        "dropped", "note",
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
    counts.map_or(Ok(()), |counts| print_line(&what_came_of(counts)))
}

/// What the store made of the rows, without what there was none of.
fn what_came_of(counts: &ImportCounts) -> String {
    let known = counts.exact_duplicates + counts.near_duplicates;
    let nearly = match counts.near_duplicates {
        0 => String::new(),
        near => format!(" ({near} of them nearly: the same play told a little differently)"),
    };
    let strangers = match counts.friends_unknown {
        0 => String::new(),
        unknown => format!("; {unknown} of them with somebody who is no listener here yet"),
    };
    let parts = [
        part("play", "plays", counts.listens_added, known, &nearly),
        part("statement", "statements", counts.feedback_added, counts.feedback_repeated, ""),
        part("catalogue row", "catalogue rows", counts.tracks_added, counts.tracks_known, ""),
        part(
            "friendship",
            "friendships",
            counts.friendships_added,
            counts.friendships_known,
            &strangers,
        ),
        part(
            "tag of artists",
            "tags of artists",
            counts.artist_tags_added,
            counts.artist_tags_known,
            "",
        ),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "nothing was added".to_owned() } else { parts.join("; ") }
}

fn part(one: &str, many: &str, added: u64, known: u64, more: &str) -> Option<String> {
    let name = |count| if count == 1 { one } else { many };
    match (added, known) {
        (0, 0) => None,
        (added, 0) => Some(format!("{added} {} added{more}", name(added))),
        (added, known) => Some(format!("{added} {} added, {known} known{more}", name(added))),
    }
}

fn row(name: &str, file: &FileReport) -> [String; 11] {
    [
        name.to_owned(),
        file.source.map(|source| word(&source)).unwrap_or_default(),
        file.rows_read.to_string(),
        file.listens.to_string(),
        file.feedback.to_string(),
        file.tracks.to_string(),
        file.friendships.to_string(),
        file.artist_tags.to_string(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_what_there_was_and_nothing_else() {
        let none = ImportCounts::default;
        let cases = [
            (none(), "nothing was added"),
            (ImportCounts { listens_added: 1, ..none() }, "1 play added"),
            (
                ImportCounts { exact_duplicates: 2, tracks_added: 3, ..none() },
                "0 plays added, 2 known; 3 catalogue rows added",
            ),
            (
                ImportCounts { listens_added: 4, near_duplicates: 1, ..none() },
                "4 plays added, 1 known (1 of them nearly: the same play told a little \
                 differently)",
            ),
            (
                ImportCounts { friendships_added: 2, friends_unknown: 1, ..none() },
                "2 friendships added; 1 of them with somebody who is no listener here yet",
            ),
        ];
        for (counts, said) in cases {
            assert_eq!(what_came_of(&counts), said);
        }
    }
}
