//! How files are understood, as a person reads it.

use segue_core::{FeedbackTarget, Moment, Record, Timestamp, Track};
use segue_ingest::{ColumnReading, FileExplanation};

use super::report::word;
use crate::terminal::{print_line, table};

/// Prints for each file the format, the columns and the first rows.
pub(super) fn print(explanations: &[FileExplanation]) -> anyhow::Result<()> {
    explanations.iter().try_for_each(print_file)
}

fn print_file(FileExplanation { report, records, .. }: &FileExplanation) -> anyhow::Result<()> {
    let path = report.path.display();
    let Some(source) = report.source else {
        return print_line(&format!("{path}: {}", report.note.as_deref().unwrap_or("not read")));
    };
    print_line(&format!(
        "{path}: {}; {} rows, of which {} would be dropped",
        source.info().name,
        report.rows_read,
        report.dropped.values().sum::<u64>(),
    ))?;
    for (reason, count) in &report.dropped {
        print_line(&format!("dropped: {count} {}", word(reason)))?;
    }
    for (field, count) in &report.unusable_values {
        print_line(&format!("not understood: {count} values of {field}"))?;
    }
    if let Some(note) = &report.note {
        print_line(note)?;
    }
    if !report.columns.is_empty() {
        print_columns(&report.columns)?;
    }
    if !records.is_empty() {
        print_rows(records)?;
    }
    Ok(())
}

fn print_columns(columns: &[ColumnReading]) -> anyhow::Result<()> {
    let mut rows = table(&["column", "read as"]);
    for column in columns {
        rows.add_row([column.name.as_str(), column.meaning.unwrap_or("(not read)")]);
    }
    print_line(&rows.to_string())
}

fn print_rows(records: &[Record]) -> anyhow::Result<()> {
    let mut rows = table(&["row is", "title", "artists", "album", "when", "played", "id"]);
    for record in records {
        rows.add_row(match record {
            Record::Listen { listen, track } => {
                let played = listen.ms_played.map(|ms| format!("{:.1} s", f64::from(ms) / 1000.0));
                row("play", Some(track), when(listen.at, listen.moment), played)
            }
            Record::Feedback { feedback, track } => {
                let about = match &feedback.target {
                    FeedbackTarget::Track(_) => word(&feedback.kind),
                    FeedbackTarget::Artist(_) => format!("{} of an artist", word(&feedback.kind)),
                };
                row(&about, track.as_ref(), when(feedback.at, Moment::Started), None)
            }
            Record::Track(track) => row("track", Some(track), String::new(), None),
            Record::Friendship { .. } => row("friendship", None, String::new(), None),
            Record::ArtistTag(said) => {
                let about = format!("{}, tagged {} by {}", said.artist, said.tag, said.people);
                row(&about, None, String::new(), None)
            }
        });
    }
    print_line(&rows.to_string())
}

fn row(kind: &str, track: Option<&Track>, at: String, played: Option<String>) -> [String; 7] {
    let of_track = |text: fn(&Track) -> String| track.map(text).unwrap_or_default();
    [
        kind.to_owned(),
        of_track(|track| track.title.clone()),
        of_track(|track| track.artists.join(" + ")),
        of_track(|track| track.album.clone().unwrap_or_default()),
        at,
        played.unwrap_or_default(),
        of_track(|track| track.id.to_string()),
    ]
}

fn when(at: Option<Timestamp>, moment: Moment) -> String {
    match (at, moment) {
        (None, _) => String::new(),
        (Some(at), Moment::Day) => at.strftime("%Y-%m-%d").to_string(),
        (Some(at), _) => at.to_string(),
    }
}
