//! How much there is of everything, and how far the log has come.

use std::fs;

use serde::Serialize;

use crate::{Result, Store};

/// How much there is of everything in a store, for a status page. Counting reads whole tables, so
/// do not ask for it with every request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Listeners, including those who only exist and have no rows yet.
    pub listeners: u64,
    /// Songs, each counted once whatever the number of its versions.
    pub works: u64,
    /// Versions of songs: remasters and live recordings of one work count separately.
    pub tracks: u64,
    /// Tracks of which an audio feature is known, be it only the length.
    pub tracks_with_features: u64,
    /// Of those, how many have a file in which their sound was measured.
    pub tracks_analysed: u64,
    /// Plays of all listeners, those excluded from taste profiles among them.
    pub listens: u64,
    /// Pieces of explicit feedback, those taken back later among them.
    pub feedback: u64,
    /// Friendships, each from one listener to another, those with somebody who is no listener here
    /// among them.
    pub friendships: u64,
    /// Tags of artists, each with how many people gave it.
    pub artist_tags: u64,
    /// Exclusions of plays from taste profiles that are in force.
    pub exclusions: u64,
    /// Slates that were shown to a listener; shadows are counted apart.
    pub impressions: u64,
    /// Slates made beside those that were shown, to be compared with them, and never shown.
    pub shadows: u64,
    /// Experiments that were ever started, stopped ones among them.
    pub experiments: u64,
    /// Files and entries of archives that were imported, completely or in part.
    pub imports: u64,
    /// Files whose import did not come to the end. Importing them again goes on where it stopped.
    pub unfinished_imports: u64,
    /// Models in the registry, active ones and those kept for a roll-back.
    pub models: u64,
    /// Version of the model to be used for serving; `None` before the first training.
    pub active_model: Option<String>,
    /// Size of the database with its write-ahead log, in bytes. The files of models are not
    /// counted.
    pub database_bytes: u64,
}

/// How far the log has come. If two marks are equal nothing changed in between, except perhaps
/// names of listeners and descriptions of tracks. Compare them to
/// learn whether something derived from the store is stale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// How many rows imports have brought: the sum over all files. It grows with every batch of an
    /// import.
    pub imported_rows: i64,
    /// How often a listener was forgotten. It grows, while the other marks may fall.
    pub forgotten: i64,
    /// How often works and artists were settled with the effect that some are others now.
    pub settled: i64,
    /// How often a scan of folders of music changed something.
    pub scans: i64,
    /// How often features of a track were set by hand, or what was set was taken back.
    pub overrides: i64,
    /// Row of the last play in the log; 0 if there is none.
    pub listens: i64,
    /// Row of the last piece of feedback in the log; 0 if there is none.
    pub feedback: i64,
    /// Row of the last exclusion plus the number of exclusions, so that both adding and taking back
    /// changes it.
    pub exclusions: i64,
    /// How many plays were completed in place by another report of the same play.
    pub completed: i64,
}

impl Marks {
    /// How far plays and feedback have come: the number of the last play plus that of the last
    /// feedback. What was added since some moment is the difference; it falls where somebody is
    /// forgotten whose rows were the last.
    pub fn log_end(&self) -> u64 {
        u64::try_from(self.listens + self.feedback).unwrap_or(0)
    }
}

impl Store {
    /// How far the log has come. Remember the marks with whatever you derive from the store, and
    /// derive it again when they differ.
    ///
    /// # Errors
    /// [`crate::StoreError::Database`].
    pub fn marks(&self) -> Result<Marks> {
        let sql = "SELECT (SELECT COALESCE(SUM(rows), 0) FROM imports), \
                   (SELECT times FROM forgotten), (SELECT times FROM settled_works), \
                   (SELECT times FROM scans), (SELECT times FROM overridden), \
                   (SELECT COALESCE(MAX(id), 0) FROM listens), \
                   (SELECT COALESCE(MAX(id), 0) FROM feedback), \
                   (SELECT COALESCE(MAX(id), 0) + COUNT(*) FROM exclusions), \
                   (SELECT COALESCE(MAX(number), 0) FROM completed)";
        self.read(|connection| {
            let marks = connection.prepare_cached(sql)?.query_row([], |row| {
                Ok(Marks {
                    imported_rows: row.get(0)?,
                    forgotten: row.get(1)?,
                    settled: row.get(2)?,
                    scans: row.get(3)?,
                    overrides: row.get(4)?,
                    listens: row.get(5)?,
                    feedback: row.get(6)?,
                    exclusions: row.get(7)?,
                    completed: row.get(8)?,
                })
            });
            Ok(marks?)
        })
    }

    /// Writes nothing of note, durably: whether it succeeds tells whether the store can be written.
    ///
    /// # Errors
    /// What keeps the store from being written.
    pub fn try_writing(&mut self) -> Result<()> {
        self.write(|connection, _| {
            connection.execute("UPDATE forgotten SET times = times", [])?;
            Ok(())
        })
    }

    /// Whether there is one listener alone, and no song but those that they played or said
    /// something about: then nothing in the store is new to them. It reads all plays of that
    /// listener.
    ///
    /// # Errors
    /// [`crate::StoreError::Database`].
    pub fn is_all_known(&self) -> Result<bool> {
        let one = "SELECT (SELECT COUNT(*) FROM listeners) = 1 AND EXISTS (SELECT 1 FROM works)";
        let unknown = "SELECT EXISTS (SELECT 1 FROM works WHERE id NOT IN (SELECT work FROM tracks \
                       WHERE id IN (SELECT track FROM listens UNION SELECT track FROM feedback)))";
        self.read(|connection| {
            let is_so = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, bool>(0));
            Ok(is_so(one)? && !is_so(unknown)?)
        })
    }

    /// Counts everything in the store, in one consistent snapshot. It reads whole tables, which
    /// takes a while in a large store.
    ///
    /// # Errors
    /// [`crate::StoreError::Corrupt`] or [`crate::StoreError::Database`].
    pub fn status(&self) -> Result<Status> {
        self.read(|connection| {
            let count = |of: &str| -> Result<u64> {
                Ok(connection
                    .query_row(&format!("SELECT COUNT(*) FROM {of}"), [], |row| row.get(0))?)
            };
            Ok(Status {
                listeners: count("listeners")?,
                works: count("works")?,
                tracks: count("tracks")?,
                tracks_with_features: count("tracks WHERE features IS NOT NULL")?,
                tracks_analysed: count("(SELECT DISTINCT track FROM analyses)")?,
                listens: count("listens")?,
                feedback: count("feedback")?,
                friendships: count("friendships")?,
                artist_tags: count("artist_tags")?,
                exclusions: count("exclusions")?,
                impressions: count("impressions WHERE shadow = 0 AND unopened = 0")?,
                shadows: count("impressions WHERE shadow = 1")?,
                experiments: count("experiments")?,
                imports: count("imports")?,
                unfinished_imports: count("imports WHERE complete = 0")?,
                models: count("models")?,
                active_model: self.active_model()?.map(|model| model.version),
                database_bytes: self.database_bytes()?,
            })
        })
    }

    fn database_bytes(&self) -> Result<u64> {
        let Some(library) = self.folder() else {
            let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
            return Ok(self.connection.query_row(sql, [], |row| row.get(0))?);
        };
        let files = [Self::DATABASE.to_owned(), format!("{}-wal", Self::DATABASE)];
        let size = |name: &String| fs::metadata(library.join(name)).map_or(0, |file| file.len());
        Ok(files.iter().map(size).sum())
    }
}
