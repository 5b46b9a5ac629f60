//! Importing a file: rows go in by the ten thousands, each batch in one transaction with the number
//! of its last row, so that an import that was killed goes on where it stopped. The rows before are
//! judged again, since two plays of one file never are the same row of the log.

use std::io::{self, Read};
use std::thread;
use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::FxHashSet;
use segue_core::{Listen, ListenerId, Record, Track};
use serde::Serialize;

use crate::batch::{NamedListen, WriteBatch};
use crate::cache::WriteCache;
use crate::dedup::PlayVerdict;
use crate::forget::check_fence;
use crate::friendships::Befriended;
use crate::keys::Key;
use crate::store::TURN;
use crate::tracks::{Described, Mention, TrackMention};
use crate::{Result, Store};

/// What makes a file, or an entry of an archive, the same as one that was imported before: its
/// fingerprint and its listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedFile {
    /// A digest of the content, and of whatever else decides which rows come out of it, such as the
    /// version of the parser.
    pub fingerprint: String,
    /// What to call the file in a list of imports. It plays no part in recognising the file, which
    /// may have moved.
    pub name: String,
    /// The listener for whom it is imported: the same file may be imported for two people. `None`
    /// where the file names its listeners itself or has none.
    pub listener: Option<ListenerId>,
}

/// What became of the rows handed to a [`FileImport`]. The counts add up to the number of records
/// handed in, see [`Self::rows`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportCounts {
    /// Plays that were new, and so were written to the log.
    pub listens_added: u64,
    /// Plays that were dropped as exact duplicates, by the rule of [`crate::dedup`].
    pub exact_duplicates: u64,
    /// Plays that were dropped as near duplicates, by the rule of [`crate::dedup`]: close in time
    /// and not contradicting in length.
    pub near_duplicates: u64,
    /// Pieces of feedback that were new, and so were written to the log.
    pub feedback_added: u64,
    /// Pieces of feedback that the log had already, and that were dropped.
    pub feedback_repeated: u64,
    /// Rows of a catalogue that described a track for the first time.
    pub tracks_added: u64,
    /// Rows of a catalogue that described a known track. They may have filled in something that was
    /// missing.
    pub tracks_known: u64,
    /// Friendships that were new, each from one listener to another.
    pub friendships_added: u64,
    /// Friendships that the store had already.
    pub friendships_known: u64,
    /// Tags of artists that were new, or that more people gave than was known.
    pub artist_tags_added: u64,
    /// Tags of artists that the store had already.
    pub artist_tags_known: u64,
    /// Rows that an earlier import of the same file had committed, and that added nothing.
    pub already_imported: u64,
    /// How many of the duplicates filled in something that the kept row lacked. They are counted as
    /// duplicates too.
    pub completed: u64,
    /// How many of the friendships are with somebody who was no listener of the store yet. They are
    /// kept, and begin to count with the first rows of theirs that are imported.
    pub friends_unknown: u64,
}

impl ImportCounts {
    /// All records handed in: the sum of the counts, without [`Self::completed`] and
    /// [`Self::friends_unknown`], which count some of them a second time.
    pub fn rows(&self) -> u64 {
        self.listens_added
            + self.exact_duplicates
            + self.near_duplicates
            + self.feedback_added
            + self.feedback_repeated
            + self.tracks_added
            + self.tracks_known
            + self.friendships_added
            + self.friendships_known
            + self.artist_tags_added
            + self.artist_tags_known
            + self.already_imported
    }
}

impl Store {
    /// Begins or resumes the import of a file. Hand all its rows to [`FileImport::accept`] and end
    /// with [`FileImport::finish`]; rows that an earlier import committed add nothing.
    ///
    /// ```
    /// use segue_core::{Listen, ListenerId, Record, Source, Timestamp, Track, TrackId, WorkId};
    /// use segue_store::{ImportedFile, Store};
    ///
    /// let track = Track::new(TrackId::new("song"), WorkId::new("song"), "Song");
    /// let ann = ListenerId::new("ann");
    /// let at = Timestamp::UNIX_EPOCH;
    /// let listen = Listen::new(ann.clone(), track.id.clone(), at, Source::Maloja);
    /// let file = ImportedFile::from_content(&b"rows"[..], "maloja/1", "maloja.json", Some(ann))?;
    ///
    /// let mut store = Store::open_in_memory()?;
    /// let mut import = store.import_file(&file)?;
    /// import.accept(1, Record::Listen { listen, track })?;
    /// assert_eq!(import.finish()?.listens_added, 1);
    /// assert!(store.import_file(&file)?.is_complete(), "it need not be read again");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::StoreError::Corrupt`] or [`crate::StoreError::Database`].
    pub fn import_file(&mut self, file: &ImportedFile) -> Result<FileImport<'_>> {
        let sql = "SELECT rows, complete FROM imports WHERE fingerprint = ?1 AND listener = ?2";
        let found = self
            .connection
            .query_row(sql, [&file.fingerprint, file.listener_name()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let (committed, complete) = found.unwrap_or((0, false));
        Ok(FileImport {
            store: self,
            file: file.clone(),
            committed,
            complete,
            pending: Vec::new(),
            counts: ImportCounts::default(),
            forgotten: None,
            committed_at: None,
        })
    }
}

impl ImportedFile {
    /// Identifies a file by a digest of its content and of the version of the `parser` that will
    /// read it. When the parser has changed, its rows may be numbered differently, so the file
    /// counts as another one and is read again.
    ///
    /// # Errors
    /// What reading the content reports.
    pub fn from_content(
        content: impl Read,
        parser: &str,
        name: &str,
        listener: Option<ListenerId>,
    ) -> io::Result<Self> {
        let mut digest = blake3::Hasher::new_derive_key("segue import fingerprint 1");
        digest.update(&(parser.len() as u64).to_le_bytes());
        digest.update(parser.as_bytes());
        digest.update_reader(content)?;
        let fingerprint = digest.finalize().to_hex().to_string();
        Ok(Self { fingerprint, name: name.to_owned(), listener })
    }

    fn listener_name(&self) -> &str {
        self.listener.as_ref().map_or("", ListenerId::as_str)
    }
}

/// An import under way, which commits every [`BATCH_ROWS`](Self::BATCH_ROWS) rows. Rows that are
/// not committed when it is dropped are as if they had never been handed in.
pub struct FileImport<'s> {
    store: &'s mut Store,
    file: ImportedFile,
    committed: u64,
    complete: bool,
    pending: Vec<(u64, Record)>,
    counts: ImportCounts,
    /// How often somebody had been forgotten when its rows were read, if that matters.
    forgotten: Option<i64>,
    /// When the last batch was on disk.
    committed_at: Option<Instant>,
}

impl FileImport<'_> {
    /// Rows of a transaction. Each writes the pages of an index by name that it changes, which is
    /// nearly all of them while an index has fewer pages than a batch has rows: larger batches
    /// write less. They also keep other writers waiting longer, and take more memory.
    pub const BATCH_ROWS: usize = 30_000;

    /// The same import, which commits nothing once somebody was forgotten since
    /// [`Marks::forgotten`](crate::Marks::forgotten) was this: its rows may be of theirs. It then
    /// ends with [`crate::StoreError::ForgottenSince`].
    pub fn unless_forgotten_since(self, forgotten: i64) -> Self {
        Self { forgotten: Some(forgotten), ..self }
    }

    /// Number of the last row that is on disk, from this import or an earlier one of the same file;
    /// 0 if there is none.
    pub fn committed_rows(&self) -> u64 {
        self.committed
    }

    /// Whether a file of this identity was imported to its end before. If so it need not be read
    /// again.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// What became of the rows committed so far. Rows that still wait in the batch are not counted.
    pub fn counts(&self) -> ImportCounts {
        self.counts
    }

    /// Takes a record of a row; several records may share a row. Rows are numbered from 1 upwards;
    /// gaps are allowed, for rows that were dropped, but a row must have the same number whenever
    /// the file is read.
    ///
    /// # Errors
    /// [`crate::StoreError::UnknownTrack`] for a row about another track than the one it describes,
    /// [`crate::StoreError::Busy`] or [`crate::StoreError::Database`]. What was committed stays.
    pub fn accept(&mut self, row: u64, record: Record) -> Result<()> {
        // A row may hold several records; they belong in one transaction.
        if self.pending.len() >= Self::BATCH_ROWS
            && self.pending.last().is_some_and(|(last, _)| *last != row)
        {
            self.commit(false)?;
        }
        self.pending.push((row, record));
        Ok(())
    }

    /// Takes the records of many rows, as [`Self::accept`] takes one. It copies none of them where
    /// nothing waits.
    ///
    /// # Errors
    /// As for [`Self::accept`].
    pub fn accept_all(&mut self, rows: Vec<(u64, Record)>) -> Result<()> {
        if self.pending.is_empty() && rows.len() <= Self::BATCH_ROWS {
            self.pending = rows;
            return Ok(());
        }
        rows.into_iter().try_for_each(|(row, record)| self.accept(row, record))
    }

    /// Commits what is left of a file that was not read to its end. Another import of the same file
    /// goes on from here.
    ///
    /// # Errors
    /// As for [`Self::accept`].
    pub fn suspend(mut self) -> Result<ImportCounts> {
        if !self.pending.is_empty() {
            self.commit(false)?;
        }
        Ok(self.counts)
    }

    /// Commits what is left and marks the file as imported to its end, so that it need not be read
    /// again.
    ///
    /// # Errors
    /// As for [`Self::accept`].
    pub fn finish(mut self) -> Result<ImportCounts> {
        if !self.complete || !self.pending.is_empty() {
            self.commit(true)?;
        }
        Ok(self.counts)
    }

    fn commit(&mut self, complete: bool) -> Result<()> {
        if let Some(at) = self.committed_at {
            // Another writer must not wait for the whole import. As a rule, reading the next rows
            // took longer than this pause, and there is nothing left to sleep.
            thread::sleep(TURN.saturating_sub(at.elapsed()));
        }
        let (committed, was_complete) = (self.committed, self.complete);
        let last = self.pending.last().map_or(committed, |(row, _)| committed.max(*row));
        let (file, pending) = (&self.file, &self.pending);
        let forgotten = self.forgotten;
        let work = |connection: &Connection, cache: &mut WriteCache| {
            forgotten.map_or(Ok(()), |forgotten| check_fence(connection, forgotten))?;
            cache.begin_file(&file.fingerprint);
            let mut rows = BatchRows::new(WriteBatch::new(connection, cache)?);
            let (known, fresh) =
                pending.split_at(pending.partition_point(|(row, _)| *row <= committed));
            if !was_complete {
                rows.rejudge(known)?;
            }
            rows.counts.already_imported += known.len() as u64;
            rows.import(fresh)?;
            let BatchRows { counts, fed, .. } = rows;
            checkpoint(connection, file, last, complete, &fed)?;
            Ok(counts)
        };
        let batch = if complete { self.store.write(work)? } else { self.store.write_much(work)? };
        self.counts.add(&batch);
        self.committed = last;
        self.committed_at = Some(Instant::now());
        self.pending.clear();
        Ok(())
    }
}

/// The rows of one transaction. Names are taken in in the order of the file, since the first that
/// describes a track is believed. Plays are judged listener by listener, each one's in the order of
/// the file: what the log holds of a listener is together in memory, and in the log their rows lie
/// side by side.
struct BatchRows<'c> {
    batch: WriteBatch<'c>,
    counts: ImportCounts,
    fed: FxHashSet<Key>,
}

/// A play that waits for those of listeners before.
struct WaitingPlay<'r> {
    named: NamedListen,
    listen: &'r Listen,
    track: &'r Track,
}

impl<'c> BatchRows<'c> {
    fn new(batch: WriteBatch<'c>) -> Self {
        let (counts, fed) = Default::default();
        Self { batch, counts, fed }
    }

    fn import(&mut self, rows: &[(u64, Record)]) -> Result<()> {
        let mentions: Vec<_> = rows.iter().filter_map(|(_, record)| mention(record)).collect();
        let mut described = self.batch.describe_all(&mentions)?.into_iter();
        let mut waiting = Vec::new();
        for (_, record) in rows {
            let described = mention(record).and_then(|_| described.next());
            match (record, described) {
                (Record::Listen { listen, track }, Some(described)) => {
                    let named = self.batch.name_listen(listen, track, described.row)?;
                    waiting.push(WaitingPlay { named, listen, track });
                }
                (Record::Track(_), Some(described)) => self.counts.count_track(described.how),
                _ => {
                    let (one, about) = ImportCounts::of(&mut self.batch, record)?;
                    self.counts.add(&one);
                    self.fed.extend(about);
                }
            }
        }
        self.sort_and_load(&mut waiting)?;
        for WaitingPlay { named, listen, track } in waiting {
            self.counts.count_listen(self.batch.import_named(named, listen, track)?);
            self.fed.insert(named.listener);
        }
        Ok(())
    }

    /// Finds out which rows of the log the plays of rows took that an earlier import kept.
    fn rejudge(&mut self, rows: &[(u64, Record)]) -> Result<()> {
        let mut waiting = Vec::new();
        for (_, record) in rows {
            if let Record::Listen { listen, track } = record
                && let Some(named) = self.batch.find_named(listen)?
            {
                waiting.push(WaitingPlay { named, listen, track });
            }
        }
        self.sort_and_load(&mut waiting)?;
        waiting.iter().try_for_each(|play| self.batch.rejudge(play.named, play.listen, play.track))
    }

    /// Puts plays in the order in which they are judged, and loads what the log holds of their
    /// listeners.
    fn sort_and_load(&mut self, waiting: &mut [WaitingPlay<'_>]) -> Result<()> {
        // The sort is stable: plays of a listener stay in the order of the file.
        waiting.sort_by_key(|play| play.named.listener);
        let listeners = waiting.iter().map(|play| (play.named.listener, &play.listen.listener));
        self.batch.load_listeners(listeners)
    }
}

/// What a row says about a track.
fn mention(record: &Record) -> Option<TrackMention<'_>> {
    let (track, by) = match record {
        Record::Listen { track, .. } => (track, Mention::History),
        Record::Feedback { track, .. } => (track.as_ref()?, Mention::History),
        Record::Track(track) => (track, Mention::Catalogue),
        Record::ArtistTag(_) | Record::Friendship { .. } => return None,
    };
    Some(TrackMention { track, by })
}

impl ImportCounts {
    /// Everything that was new.
    pub(crate) fn added(&self) -> u64 {
        self.listens_added
            + self.feedback_added
            + self.tracks_added
            + self.friendships_added
            + self.artist_tags_added
    }

    /// Imports one record. Returns what became of it, and the listeners it was about.
    pub(crate) fn of(batch: &mut WriteBatch<'_>, record: &Record) -> Result<(Self, Vec<Key>)> {
        let mut counts = Self::default();
        let about = match record {
            Record::Listen { listen, track } => {
                let (listener, verdict) = batch.import_listen(listen, track)?;
                counts.count_listen(verdict);
                vec![listener]
            }
            Record::Feedback { feedback, track } => {
                let (listener, is_new) = batch.import_feedback(feedback, track.as_ref())?;
                counts.feedback_added = u64::from(is_new);
                counts.feedback_repeated = u64::from(!is_new);
                vec![listener]
            }
            Record::Track(track) => {
                counts.count_track(batch.import_track(track)?);
                Vec::new()
            }
            Record::ArtistTag(said) => {
                let is_new = batch.import_artist_tag(said)?;
                counts.artist_tags_added = u64::from(is_new);
                counts.artist_tags_known = u64::from(!is_new);
                Vec::new()
            }
            Record::Friendship { listener, friend } => {
                let Befriended { is_new, known } = batch.import_friendship(listener, friend)?;
                counts.friendships_added = u64::from(is_new);
                counts.friendships_known = u64::from(!is_new);
                counts.friends_unknown = u64::from(known.len() < 2);
                known
            }
        };
        Ok((counts, about))
    }

    fn count_track(&mut self, how: Described) {
        match how {
            Described::New => self.tracks_added += 1,
            Described::Filled | Described::Known => self.tracks_known += 1,
        }
    }

    fn count_listen(&mut self, verdict: PlayVerdict) {
        match verdict {
            PlayVerdict::New => self.listens_added += 1,
            PlayVerdict::Duplicate { exact, completes } => {
                *(if exact { &mut self.exact_duplicates } else { &mut self.near_duplicates }) += 1;
                self.completed += u64::from(completes.is_some());
            }
        }
    }

    /// Adds the counts of another batch or file to these, field by field.
    pub fn add(&mut self, batch: &Self) {
        self.listens_added += batch.listens_added;
        self.exact_duplicates += batch.exact_duplicates;
        self.near_duplicates += batch.near_duplicates;
        self.feedback_added += batch.feedback_added;
        self.feedback_repeated += batch.feedback_repeated;
        self.tracks_added += batch.tracks_added;
        self.tracks_known += batch.tracks_known;
        self.friendships_added += batch.friendships_added;
        self.friendships_known += batch.friendships_known;
        self.artist_tags_added += batch.artist_tags_added;
        self.artist_tags_known += batch.artist_tags_known;
        self.friends_unknown += batch.friends_unknown;
        self.already_imported += batch.already_imported;
        self.completed += batch.completed;
    }
}

/// Writes down how far the import has come and whom it was about, in the transaction of its rows.
pub(crate) fn checkpoint(
    connection: &Connection,
    file: &ImportedFile,
    rows: u64,
    complete: bool,
    fed: &FxHashSet<Key>,
) -> Result<()> {
    let sql = "INSERT INTO imports (fingerprint, listener, name, rows, complete) \
               VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (fingerprint, listener) DO UPDATE \
               SET rows = ?4, complete = complete OR ?5 RETURNING id";
    let values = params![file.fingerprint, file.listener_name(), file.name, rows, complete];
    let import: i64 = connection.query_row(sql, values, |row| row.get(0))?;
    let mut link = connection.prepare("INSERT OR IGNORE INTO import_listeners VALUES (?1, ?2)")?;
    for listener in fed {
        link.execute(params![import, listener])?;
    }
    Ok(())
}
