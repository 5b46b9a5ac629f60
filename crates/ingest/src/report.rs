//! The truthful account of an import: `rows_read = listens + feedback + tracks + friendships +
//! artist_tags + already_imported + dropped`, for every file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use segue_core::Source;
use serde::Serialize;

use crate::IngestError;

/// Why a row was read and not kept. Reports count dropped rows by these reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// It is a podcast episode and no music.
    Podcast,
    /// It is a chapter of an audiobook and no music.
    Audiobook,
    /// It is a video that is not music.
    Video,
    /// It names no track at all.
    NoTrack,
    /// The title of the track is missing.
    NoTitle,
    /// The time is missing or cannot be a time.
    BadTime,
    /// The track is playing right now and has no time yet.
    NowPlaying,
    /// It is not an event of playing: a pause, a seek, a rating of nothing.
    NotAPlay,
    /// Everything that makes the row useful is empty or out of range.
    Empty,
    /// The row is not shaped as its format asks.
    Malformed,
    /// Another file of the same export tells the same in more detail.
    ElsewhereInExport,
    /// The same row was read before in the same file.
    RepeatedRow,
    /// It leaves out one of the two listeners that a friendship is between.
    NoListener,
    /// It makes somebody a friend of their own.
    OwnFriend,
    /// A name in it is longer, or its artists are more, than anything real.
    NameTooLong,
    /// It is about another listener than the one for whom alone the import is.
    OtherListener,
    /// It gives an artist a tag that nobody else gives them, so that it would tell of one person.
    OnePerson,
    /// It names no artist or no tag.
    NoTag,
    /// It says of songs or friends what concerns everybody, in an import that is for one listener.
    ForEverybody,
}

/// What a column of a table is read as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnReading {
    /// Its name in the table, cut off where it is long.
    pub name: String,
    /// What it holds, in words; `None` for one that is not read.
    pub meaning: Option<&'static str>,
}

/// What became of the rows of one file or archive entry. Every row read is counted once: kept,
/// already imported, or dropped for a reason.
#[derive(Clone, Debug, Serialize)]
pub struct FileReport {
    /// The file, with its entry inside an archive where there is one.
    pub path: PathBuf,
    /// The format that it was read in; `None` for a file that was not read.
    pub source: Option<Source>,
    /// What the columns are read as, for a table whose columns are told by their names: a hundred
    /// of them at most, and of JSON those of the first row.
    pub columns: Vec<ColumnReading>,
    /// Rows found in the file, whatever became of them. The other counts add up to it.
    pub rows_read: u64,
    /// Rows kept as plays, those among them that the sink then dropped as duplicates.
    pub listens: u64,
    /// Rows kept as explicit feedback: likes, bans, saved tracks.
    pub feedback: u64,
    /// Rows kept as descriptions of tracks, from a catalogue.
    pub tracks: u64,
    /// Rows kept as friendships, each from one listener to another.
    pub friendships: u64,
    /// Rows kept as tags of artists: of a table that names who gave them, those that were counted.
    pub artist_tags: u64,
    /// Rows among the kept ones that are part of the record of another row, as one of several
    /// people who gave an artist the same tag is: kept rows less these are records.
    pub summed: u64,
    /// Records that came in the row of another one, such as a rating beside a play or further plays
    /// of a row that counts them. The row counts as that record.
    pub beside: u64,
    /// Rows that an earlier import of the same file had dealt with: the kept ones of an import that
    /// was cut off, or all up to the last kept row of one that was finished.
    pub already_imported: u64,
    /// How many of the kept rows the sink knew already, exactly or nearly. The sink fills it in; 0
    /// if it does not compare.
    pub duplicates: u64,
    /// How many rows were not kept, by reason. A reason that never occurred has no entry.
    pub dropped: BTreeMap<DropReason, u64>,
    /// How many values could not be used in rows that were kept, by the name of their field.
    pub unusable_values: BTreeMap<&'static str, u64>,
    /// Whether reading ended before the end of the file; [`Self::note`] then says why.
    pub incomplete: bool,
    /// Why the file was not read, what ended it early, or what was odd about it; `None` if all went
    /// as usual.
    pub note: Option<String>,
}

impl FileReport {
    /// An account with all counts at zero, for a file that is about to be read.
    pub fn new(path: PathBuf, source: Option<Source>) -> Self {
        Self {
            path,
            source,
            columns: Vec::new(),
            rows_read: 0,
            listens: 0,
            feedback: 0,
            tracks: 0,
            friendships: 0,
            artist_tags: 0,
            summed: 0,
            beside: 0,
            already_imported: 0,
            duplicates: 0,
            dropped: BTreeMap::new(),
            unusable_values: BTreeMap::new(),
            incomplete: false,
            note: None,
        }
    }

    /// The account of a file that was not read at all, with the reason as its note.
    pub fn left_alone(path: PathBuf, why: impl Into<String>) -> Self {
        Self { note: Some(why.into()), ..Self::new(path, None) }
    }

    /// The account of a file that could not be read at all. One in no known format is no loss; any
    /// other is [`incomplete`](Self::incomplete).
    pub(crate) fn unreadable(path: PathBuf, error: &IngestError) -> Self {
        let incomplete = !matches!(error, IngestError::UnknownFormat { .. });
        Self { incomplete, ..Self::left_alone(path, error.in_a_line()) }
    }

    /// The account of a file that an earlier import finished and that was not read again. Only the
    /// rows up to the last one kept are known, and all of them count as already imported.
    pub fn imported_before(path: PathBuf, source: Source, rows: u64) -> Self {
        Self {
            rows_read: rows,
            already_imported: rows,
            note: Some("already imported: not read again".to_owned()),
            ..Self::new(path, Some(source))
        }
    }

    /// Adds to the note, after a semicolon where there is one already.
    pub fn add_note(&mut self, note: impl AsRef<str>) {
        match &mut self.note {
            Some(notes) => {
                notes.push_str("; ");
                notes.push_str(note.as_ref());
            }
            None => self.note = Some(note.as_ref().to_owned()),
        }
    }

    /// Rows kept, of every kind: plays, feedback, tracks, friendships and tags of artists. What
    /// came beside another record is not counted.
    pub fn kept(&self) -> u64 {
        self.listens + self.feedback + self.tracks + self.friendships + self.artist_tags
    }

    /// Whether every row read is accounted for: kept, already imported or dropped. It holds for
    /// every report of this crate, which tests and fuzzers check.
    pub fn adds_up(&self) -> bool {
        self.rows_read == self.kept() + self.already_imported + self.dropped.values().sum::<u64>()
    }
}

/// The account of a whole import, file by file. Print it: a person should see what was left out and
/// why.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ImportReport {
    /// One entry for each file that was read, and for each that was left alone for a reason worth
    /// telling.
    pub files: Vec<FileReport>,
}

impl ImportReport {
    /// The sums over all files. The path is empty and there is no note; `incomplete` is set if any
    /// file ended early.
    pub fn total(&self) -> FileReport {
        let mut total = FileReport::new(PathBuf::new(), None);
        for file in &self.files {
            total.rows_read += file.rows_read;
            total.listens += file.listens;
            total.feedback += file.feedback;
            total.tracks += file.tracks;
            total.friendships += file.friendships;
            total.artist_tags += file.artist_tags;
            total.summed += file.summed;
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

    /// The files whose reading ended before their end, each with its note. Empty after a clean
    /// import.
    pub fn incomplete(&self) -> impl Iterator<Item = &FileReport> {
        self.files.iter().filter(|file| file.incomplete)
    }
}
