//! How much there is.

use std::fs;

use serde::Serialize;

use crate::{Result, Store};

/// Counts of everything in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Listeners.
    pub listeners: u64,
    /// Songs.
    pub works: u64,
    /// Versions of songs.
    pub tracks: u64,
    /// Tracks whose sound or at least length is known.
    pub tracks_with_features: u64,
    /// Plays, excluded ones too.
    pub listens: u64,
    /// Explicit signals.
    pub feedback: u64,
    /// Exclusions from taste profiles.
    pub exclusions: u64,
    /// Slates shown.
    pub impressions: u64,
    /// Slates made beside those, to be compared with them, and not shown.
    pub shadows: u64,
    /// Experiments, stopped ones too.
    pub experiments: u64,
    /// Files imported.
    pub imports: u64,
    /// Files whose import was not completed.
    pub unfinished_imports: u64,
    /// Models registered.
    pub models: u64,
    /// Versions of the active models, one of a kind at most.
    pub active_models: Vec<String>,
    /// Size of the database with its write-ahead log, in bytes; models not included.
    pub database_bytes: u64,
}

/// How far everything in a store is. Two that are equal saw the same rows, listeners' names and
/// tracks excepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Rows that imports have brought.
    pub imported_rows: i64,
    /// How often somebody was forgotten.
    pub forgotten: i64,
    /// The last play.
    pub listens: i64,
    /// The last word.
    pub feedback: i64,
    /// The last exclusion, and how many there are.
    pub exclusions: i64,
}

impl Store {
    /// How far everything is: whoever remembers something of the store compares this with what it
    /// was then.
    ///
    /// # Errors
    /// [`crate::StoreError::Database`].
    pub fn marks(&self) -> Result<Marks> {
        let sql = "SELECT (SELECT COALESCE(SUM(rows), 0) FROM imports), (SELECT times FROM forgotten), \
             (SELECT COALESCE(MAX(id), 0) FROM listens), (SELECT COALESCE(MAX(id), 0) FROM feedback), \
             (SELECT COALESCE(MAX(id), 0) + COUNT(*) FROM exclusions)";
        self.read(|connection| {
            let marks = connection.prepare_cached(sql)?.query_row([], |row| {
                Ok(Marks {
                    imported_rows: row.get(0)?,
                    forgotten: row.get(1)?,
                    listens: row.get(2)?,
                    feedback: row.get(3)?,
                    exclusions: row.get(4)?,
                })
            });
            Ok(marks?)
        })
    }

    /// Counts everything.
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
                listens: count("listens")?,
                feedback: count("feedback")?,
                exclusions: count("exclusions")?,
                impressions: count("impressions WHERE shadow = 0")?,
                shadows: count("impressions WHERE shadow = 1")?,
                experiments: count("experiments")?,
                imports: count("imports")?,
                unfinished_imports: count("imports WHERE complete = 0")?,
                models: count("models")?,
                active_models: self
                    .models()?
                    .into_iter()
                    .filter(|model| model.active)
                    .map(|model| model.version)
                    .collect(),
                database_bytes: self.database_bytes()?,
            })
        })
    }

    fn database_bytes(&self) -> Result<u64> {
        let Some(home) = self.home_if_any() else {
            let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
            return Ok(self.connection.query_row(sql, [], |row| row.get(0))?);
        };
        let files = [Self::DATABASE.to_owned(), format!("{}-wal", Self::DATABASE)];
        let size = |name: &String| fs::metadata(home.join(name)).map_or(0, |file| file.len());
        Ok(files.iter().map(size).sum())
    }
}
