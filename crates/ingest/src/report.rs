//! The truthful account of an import: `rows_read = listens + feedback + tracks + dropped`, for every file.

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
    /// Explicit signals that came in the row of a play; the row counts as the play.
    pub beside: u64,
    /// Rows not kept, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// Values that were unusable in rows that were kept, by field.
    pub unusable_values: BTreeMap<&'static str, u64>,
    /// Why the file was left alone, or what ended it early.
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
            dropped: BTreeMap::new(),
            unusable_values: BTreeMap::new(),
            note: None,
        }
    }

    /// Rows kept, of every kind.
    pub fn kept(&self) -> u64 {
        self.listens + self.feedback + self.tracks
    }

    /// Whether every row read is accounted for.
    pub fn adds_up(&self) -> bool {
        self.rows_read == self.kept() + self.dropped.values().sum::<u64>()
    }
}

/// The account of a whole import.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// One entry per file read or left alone.
    pub files: Vec<FileReport>,
}
