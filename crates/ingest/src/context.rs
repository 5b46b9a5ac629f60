//! What an importer talks to while it reads: it announces rows, keeps or drops each, and the
//! account is kept here, so that no format can forget to count.

use std::path::{Path, PathBuf};

use segue_core::{FeedbackTarget, ListenerId, Record, Source, TrackId};

use crate::identity::tell_apart;
use crate::namer::Namer;
use crate::table::sounds_useful;
use crate::{ColumnReading, DropReason, FileReport, IngestError, Keeps, SinkError};

/// Longest name of a listener, id or title of a track, name of an artist or other name that is
/// taken in, in bytes: it keeps keys of tables short, and batches of rows in memory.
pub const LONGEST_NAME: usize = 512;
/// Most artists that a track is credited to: each takes a row of the catalogue in memory.
pub const MOST_ARTISTS: usize = 64;
/// What a note begins with that names columns which sound useful and are not read.
pub const UNREAD_COLUMNS: &str = "columns not read";
/// What is said where songs were told more of than their names, by who may not say that.
const STRIPPED: &str = "of songs no more than names and lengths is taken from who brings their own \
    history: whoever runs this imports the rest";
/// Longest place of a file, in bytes: what systems allow.
const LONGEST_LOCATION: usize = 4096;

/// Whatever takes the records that an importer reads: a store, a counter, a test.
pub trait Sink {
    /// Takes one record. `row` counts the rows of the current file from 1, and several records may
    /// share a row.
    ///
    /// # Errors
    /// Anything that makes going on pointless, such as a full disk.
    fn accept(&mut self, row: u64, record: Record) -> Result<(), SinkError>;
}

/// A sink that is told where files begin and end, so that an import that was cut off can go on
/// where it stopped.
pub trait FileSink: Sink {
    /// A file begins. The answer is how far an earlier import of the same content came: rows that
    /// it kept are counted as such, and a file that it finished is not read at all.
    ///
    /// Records of one row follow each other and carry the same row number: keep all of them for
    /// good, or none.
    ///
    /// # Errors
    /// Anything that makes going on pointless.
    fn begin_file(&mut self, file: &FileIdentity) -> Result<Earlier, SinkError>;

    /// The file that began last is read, or as much of it as can be; `report.incomplete` shows
    /// which. The sink may add what it knows, such as `duplicates`.
    ///
    /// # Errors
    /// Anything that makes going on pointless.
    fn end_file(&mut self, report: &mut FileReport) -> Result<(), SinkError>;
}

/// How far an earlier import of a file came, with the same parser and the same options. The default
/// is "not at all".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The last of its rows that were kept for good, counted from 1; 0 where there was no such
    /// import. They are handed on again: which plays they are tells which the rows behind them are
    /// not.
    pub rows: u64,
    /// Whether it came to the end of the file, so that nothing needs to be read again.
    pub complete: bool,
}

/// What a sink needs to recognise a file in a later import, whatever its name by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    /// The file, with its entry inside an archive where there is one. Files move, so compare the
    /// fingerprint and not this.
    pub path: PathBuf,
    /// Length of the content in bytes, before any compression. An archive may declare a wrong one.
    pub size: u64,
    /// Stands for the content alone: the same bytes have the same fingerprint wherever they lie.
    pub fingerprint: String,
    /// The format that the file was recognised as and is read in.
    pub source: Source,
    /// What else decides which rows come out of the content: the parser, its version, its options.
    /// If it differs, the rows of an earlier import are not the same rows.
    pub parser: String,
}

/// The state of reading one file or archive entry: where records go, and the count of what became
/// of each row.
pub struct Context<'a> {
    listener: ListenerId,
    sink: &'a mut dyn Sink,
    committed_rows: u64,
    most_rows: u64,
    /// Whether there were more rows than that.
    is_full: bool,
    report: FileReport,
    /// Number of the first row that was dropped.
    first_dropped: Option<u64>,
    /// The id of the track of the last row, before and after it was told apart from others.
    renamed: Option<(TrackId, TrackId)>,
    keeps: Keeps,
    /// Whether the last row was refused, and with it what comes beside it.
    is_refused: bool,
    /// Whether anything was taken from a row that was kept.
    is_stripped: bool,
    /// Names of tracks that this file and those read before it told of.
    pub(crate) namer: Namer,
}

impl<'a> Context<'a> {
    /// Starts the account of a file. `listener` is the owner of the history, for formats that do
    /// not name one.
    pub fn new(path: &Path, source: Source, listener: ListenerId, sink: &'a mut dyn Sink) -> Self {
        Self {
            listener,
            sink,
            committed_rows: 0,
            most_rows: u64::MAX,
            is_full: false,
            report: FileReport::new(path.to_owned(), Some(source)),
            first_dropped: None,
            renamed: None,
            keeps: Keeps::Everything,
            is_refused: false,
            is_stripped: false,
            namer: Namer::default(),
        }
    }

    /// Rows up to this one are counted as kept by an import that was cut off.
    pub(crate) fn resume_after(&mut self, committed_rows: u64) {
        self.committed_rows = committed_rows;
    }

    /// Beyond this many rows reading ends.
    pub(crate) fn limit_rows(&mut self, most_rows: u64) {
        self.most_rows = most_rows;
    }

    /// Only such rows are kept.
    pub(crate) fn keep_only(&mut self, keeps: Keeps) {
        self.keeps = keeps;
    }

    /// Whether the limit of rows ended the reading.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// The listener whose history is being read, as the options of the import name them.
    pub fn listener(&self) -> &ListenerId {
        &self.listener
    }

    /// The file being read, with its entry inside an archive where there is one. Errors name it.
    pub fn path(&self) -> &Path {
        &self.report.path
    }

    /// Counts a row as read and hands its record to the sink. A row that an earlier import kept is
    /// counted as such. One with a name beyond [`LONGEST_NAME`] is dropped.
    ///
    /// # Errors
    /// [`IngestError::Sink`] when the sink cannot go on, [`IngestError::TooLarge`] for a file with
    /// too many rows.
    pub fn keep(&mut self, record: Record) -> Result<(), IngestError> {
        self.keep_summed(record, 1)
    }

    /// As [`Self::keep`], of a record that is the sum of `rows` rows. All of them count as read
    /// here, and it bears the number of the last.
    ///
    /// # Errors
    /// As [`Self::keep`].
    pub(crate) fn keep_summed(&mut self, mut record: Record, rows: u64) -> Result<(), IngestError> {
        self.settle(&mut record);
        if self.report.rows_read >= self.most_rows {
            self.is_full = true;
            let rows = self.report.rows_read;
            return Err(self.too_large(rows, "the number of rows", self.most_rows.to_string()));
        }
        let is_usual = is_of_usual_size(&record);
        let refused = self.keeps.refuses(&record, &self.listener);
        self.is_refused = refused.is_some();
        if let Some(reason) = refused.or((!is_usual).then_some(DropReason::NameTooLong)) {
            (0..rows).for_each(|_| self.drop_row(reason));
            return Ok(());
        }
        self.report.rows_read += rows;
        let report = &mut self.report;
        report.summed += rows - 1;
        *match &record {
            _ if report.rows_read <= self.committed_rows => &mut report.already_imported,
            Record::Listen { .. } => &mut report.listens,
            Record::Feedback { .. } => &mut report.feedback,
            Record::Track(_) => &mut report.tracks,
            Record::Friendship { .. } => &mut report.friendships,
            Record::ArtistTag(_) => &mut report.artist_tags,
        } += rows;
        self.hand_on(record)
    }

    /// Hands on a further record from the row of the last one, such as the rating beside a play.
    /// The row stays counted once, as that last record.
    ///
    /// # Errors
    /// [`IngestError::Sink`] when the sink cannot go on.
    pub fn keep_beside(&mut self, mut record: Record) -> Result<(), IngestError> {
        self.rename(&mut record);
        let is_refused = self.is_refused || self.keeps.refuses(&record, &self.listener).is_some();
        if is_refused || !is_of_usual_size(&record) {
            return Ok(());
        }
        self.report.beside += u64::from(self.report.rows_read > self.committed_rows);
        self.hand_on(record)
    }

    /// Tells a track of a record apart from others that share its names.
    fn settle(&mut self, record: &mut Record) {
        let track = match record {
            Record::Listen { track, .. } | Record::Track(track) => Some(track),
            Record::Feedback { track, .. } => track.as_mut(),
            Record::Friendship { .. } | Record::ArtistTag(_) => None,
        };
        self.renamed = track.and_then(|track| Some((tell_apart(track)?, track.id.clone())));
        self.rename(record);
    }

    /// Gives a record the id that the track of its row has got.
    fn rename(&self, record: &mut Record) {
        let Some((before, after)) = &self.renamed else { return };
        match record {
            Record::Listen { listen, .. } if listen.track == *before => {
                listen.track.clone_from(after);
            }
            Record::Feedback { feedback, .. } => match &mut feedback.target {
                FeedbackTarget::Track(track) if track == before => track.clone_from(after),
                _ => {}
            },
            _ => {}
        }
    }

    fn hand_on(&mut self, mut record: Record) -> Result<(), IngestError> {
        self.is_stripped |= self.keeps.strip(&mut record);
        let row = self.report.rows_read;
        self.sink
            .accept(row, record)
            .map_err(|source| IngestError::Sink { path: self.report.path.clone(), source })
    }

    /// Counts a row as read and dropped, for one reason. Nothing is handed to the sink.
    pub fn drop_row(&mut self, reason: DropReason) {
        self.report.rows_read += 1;
        *self.report.dropped.entry(reason).or_default() += 1;
        self.first_dropped.get_or_insert(self.report.rows_read);
    }

    /// Counts a row as dropped for a time that cannot be understood. The first such is noted as it
    /// is written.
    pub(crate) fn drop_time(&mut self, written: Option<&str>) {
        if let Some(written) = written
            && !self.report.dropped.contains_key(&DropReason::BadTime)
        {
            let row = self.report.rows_read + 1;
            let written: String = written.chars().take(40).flat_map(char::escape_debug).collect();
            self.note(format!("row {row}: `{written}` is no time that can be read"));
        }
        self.drop_row(DropReason::BadTime);
    }

    /// Notes which row was dropped first, if any was: where to look in a file made by hand.
    pub(crate) fn note_first_dropped(&mut self) {
        if let Some(row) = self.first_dropped {
            self.report.add_note(format!("row {row} is the first that was dropped"));
        }
    }

    /// States what the columns of a table are read as, unless that was stated before, and notes
    /// those that are not read though they sound useful.
    pub(crate) fn columns(&mut self, columns: impl Iterator<Item = ColumnReading>) {
        const MOST_COLUMNS: usize = 100;
        const MOST_NAMED: usize = 8;
        if !self.report.columns.is_empty() {
            return;
        }
        self.report.columns = columns.take(MOST_COLUMNS).collect();
        let unread = |column: &&ColumnReading| column.meaning.is_none();
        let unread = self.report.columns.iter().filter(unread);
        let names: Vec<String> = unread
            .filter(|column| sounds_useful(&column.name))
            .map(|column| format!("`{}`", column.name))
            .collect();
        if names.is_empty() {
            return;
        }
        let rest = names.len().saturating_sub(MOST_NAMED);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let named = names[..names.len() - rest].join(", ");
        self.report.add_note(format!("{UNREAD_COLUMNS}: {named}{more}"));
    }

    /// Adds to the note of the file what a person should know of how it was read.
    pub(crate) fn note(&mut self, note: impl AsRef<str>) {
        self.report.add_note(note);
    }

    /// Counts a value that could not be used, under the name of its field. The row itself is kept
    /// without that value.
    pub fn unusable(&mut self, field: &'static str) {
        *self.report.unusable_values.entry(field).or_default() += 1;
    }

    /// The error for content that breaks its format at `line`, counted from 1. Return it to end the
    /// reading of the file.
    pub fn malformed(&self, line: u64, problem: impl Into<String>) -> IngestError {
        IngestError::Malformed { path: self.report.path.clone(), line, problem: problem.into() }
    }

    /// Something at `line` exceeds a limit.
    pub(crate) fn too_large(&self, line: u64, what: &'static str, limit: String) -> IngestError {
        IngestError::TooLarge { path: self.report.path.clone(), line, what, limit }
    }

    /// Ends the account and returns it. [`FileReport::adds_up`] holds for it if every row was kept
    /// or dropped exactly once.
    pub fn finish(mut self) -> FileReport {
        if self.is_stripped {
            self.report.add_note(STRIPPED);
        }
        self.report
    }
}

/// Whether a name is no longer than [`LONGEST_NAME`].
pub(crate) fn is_usual_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
}

/// Whether no name in a record is longer, and no list of artists larger, than the API takes.
fn is_of_usual_size(record: &Record) -> bool {
    let (listener, other, track) = match record {
        Record::Listen { listen, track } => {
            (Some(&listen.listener), listen.context.as_deref(), Some(track))
        }
        Record::Feedback { feedback, track } => {
            let artist = match &feedback.target {
                FeedbackTarget::Artist(artist) => Some(artist.as_str()),
                FeedbackTarget::Track(_) => None,
            };
            (Some(&feedback.listener), artist, track.as_ref())
        }
        Record::Track(track) => (None, None, Some(track)),
        Record::Friendship { listener, friend } => (Some(listener), Some(friend.as_str()), None),
        Record::ArtistTag(said) => {
            return is_usual_name(&said.artist) && is_usual_name(&said.tag);
        }
    };
    let fits = is_usual_name;
    listener.is_none_or(|listener| fits(listener.as_str()))
        && other.is_none_or(fits)
        && track.is_none_or(|track| {
            let optional = [&track.album, &track.isrc, &track.recording_mbid, &track.genre];
            fits(track.id.as_str())
                && fits(&track.title)
                && track.artists.len() <= MOST_ARTISTS
                && track.artists.iter().all(|artist| fits(artist))
                && optional.into_iter().flatten().all(|name| fits(name))
                && track.location.as_ref().is_none_or(|path| path.len() <= LONGEST_LOCATION)
        })
}
