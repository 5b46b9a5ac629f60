//! The truthful account of an import: `rows_read = listens + feedback + tracks + already_imported +
//! dropped`, for every file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use segue_core::Source;
use serde::Serialize;

/// Why a row was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// A podcast episode.
    Podcast,
    /// An audiobook chapter.
    Audiobook,
    /// A video that is not music.
    Video,
    /// No track is named at all.
    NoTrack,
    /// The track's title is missing.
    NoTitle,
    /// The time is missing or cannot be a time.
    BadTime,
    /// The track is playing right now and has no time yet.
    NowPlaying,
    /// Not an event of playing: pauses, seeks, ratings of nothing.
    NotAPlay,
    /// Everything that makes the row useful is empty or out of range.
    Empty,
    /// The row is not shaped as its format asks.
    Malformed,
    /// Another file of the same export tells the same in more detail.
    ElsewhereInExport,
    /// The same row was read before in the same file.
    RepeatedRow,
}

/// What became of the rows of one file or archive entry.
#[derive(Clone, Debug, Serialize)]
pub struct FileReport {
    /// The file, with its entry inside an archive where there is one.
    pub path: PathBuf,
    /// The format it was read as; `None` for a file that was left alone.
    pub source: Option<Source>,
    /// Rows found.
    pub rows_read: u64,
    /// Rows kept as plays.
    pub listens: u64,
    /// Rows kept as explicit signals.
    pub feedback: u64,
    /// Rows kept as tracks.
    pub tracks: u64,
    /// Explicit signals that came in the row of another record; the row counts as that record.
    pub beside: u64,
    /// Rows that an earlier import of the same file had dealt with: kept ones of one that was cut
    /// off, and all up to the last kept row of one that was finished.
    pub already_imported: u64,
    /// How many of the rows kept the sink knew already, exactly or nearly; filled in by the sink.
    pub duplicates: u64,
    /// Rows not kept, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// Values that were unusable in rows that were kept, by field.
    pub unusable_values: BTreeMap<&'static str, u64>,
    /// Whether reading ended before the end of the file; the note says why.
    pub incomplete: bool,
    /// Why the file was left alone, what ended it early, or what was odd about it.
    pub note: Option<String>,
}

impl FileReport {
    /// An account with nothing in it yet.
    pub fn new(path: PathBuf, source: Option<Source>) -> Self {
        Self {
            path,
            source,
            rows_read: 0,
            listens: 0,
            feedback: 0,
            tracks: 0,
            beside: 0,
            already_imported: 0,
            duplicates: 0,
            dropped: BTreeMap::new(),
            unusable_values: BTreeMap::new(),
            incomplete: false,
            note: None,
        }
    }

    /// The account of a file that was not read.
    pub fn left_alone(path: PathBuf, why: impl Into<String>) -> Self {
        Self { note: Some(why.into()), ..Self::new(path, None) }
    }

    /// The account of a file that an earlier import finished and that was not read again. Only the
    /// rows up to the last one kept are known of it, and all of them count as already imported.
    pub fn imported_before(path: PathBuf, source: Source, rows: u64) -> Self {
        Self {
            rows_read: rows,
            already_imported: rows,
            note: Some("already imported: not read again".to_owned()),
            ..Self::new(path, Some(source))
        }
    }

    /// Adds to the note.
    pub fn add_note(&mut self, note: impl AsRef<str>) {
        match &mut self.note {
            Some(notes) => {
                notes.push_str("; ");
                notes.push_str(note.as_ref());
            }
            None => self.note = Some(note.as_ref().to_owned()),
        }
    }

    /// Rows kept, of every kind.
    pub fn kept(&self) -> u64 {
        self.listens + self.feedback + self.tracks
    }

    /// Whether every row read is accounted for.
    pub fn adds_up(&self) -> bool {
        self.rows_read == self.kept() + self.already_imported + self.dropped.values().sum::<u64>()
    }
}

/// The account of a whole import.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ImportReport {
    /// One entry per file read or left alone.
    pub files: Vec<FileReport>,
}

impl ImportReport {
    /// The sums over all files; path and notes are empty.
    pub fn total(&self) -> FileReport {
        let mut total = FileReport::new(PathBuf::new(), None);
        for file in &self.files {
            total.rows_read += file.rows_read;
            total.listens += file.listens;
            total.feedback += file.feedback;
            total.tracks += file.tracks;
            total.beside += file.beside;
            total.already_imported += file.already_imported;
            total.duplicates += file.duplicates;
            total.incomplete |= file.incomplete;
            for (reason, count) in &file.dropped {
                *total.dropped.entry(*reason).or_default() += count;
            }
            for (field, count) in &file.unusable_values {
                *total.unusable_values.entry(field).or_default() += count;
            }
        }
        total
    }

    /// Files that ended before their end, each with its note.
    pub fn incomplete(&self) -> impl Iterator<Item = &FileReport> {
        self.files.iter().filter(|file| file.incomplete)
    }
}
