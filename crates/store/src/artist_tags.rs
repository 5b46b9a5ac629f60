//! What people call artists: how many gave which tag.
//!
//! Rows go by names: a table may tell of artists of whom there is no track here yet. They are
//! nobody's, so that forgetting a listener leaves them; who gave a tag never came here.

use rusqlite::{CachedStatement, Connection, params};
use segue_core::ArtistTag;

use crate::{Result, Store};

/// Tags that are handed on: some twenty megabytes, ten times what the best known tables have.
const MOST_TAGS: usize = 250_000;

impl Store {
    /// Every tag of every artist, in the order of artists and tags; of more than 250,000 those that
    /// most people gave.
    ///
    /// ```
    /// use segue_core::{ArtistTag, Record};
    /// use segue_store::{ImportedFile, Store};
    ///
    /// let tag = "shoegaze".to_owned();
    /// let said = ArtistTag { artist: "Slowdive".to_owned(), tag, people: 12 };
    /// let file = ImportedFile::from_content(&b"rows"[..], "tags/1", "tags.csv", None)?;
    /// let mut store = Store::open_in_memory()?;
    /// let mut import = store.import_file(&file)?;
    /// import.accept(1, Record::ArtistTag(said.clone()))?;
    /// assert_eq!(import.finish()?.artist_tags_added, 1);
    /// assert_eq!(store.artist_tags()?, [said]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::StoreError::Database`].
    pub fn artist_tags(&self) -> Result<Vec<ArtistTag>> {
        let sql = "SELECT artist, tag, people FROM (SELECT artist, tag, people FROM artist_tags \
                   ORDER BY people DESC, artist, tag LIMIT ?1) ORDER BY artist, tag";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([MOST_TAGS as i64], |row| {
            Ok(ArtistTag { artist: row.get(0)?, tag: row.get(1)?, people: row.get(2)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// Adds tags of artists, for the length of one transaction.
pub(crate) struct ArtistTagWriter<'c> {
    insert: CachedStatement<'c>,
    raise: CachedStatement<'c>,
}

impl<'c> ArtistTagWriter<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        let insert = "INSERT OR IGNORE INTO artist_tags VALUES (?1, ?2, ?3)";
        let raise = "UPDATE artist_tags SET people = ?3 WHERE artist = ?1 AND tag = ?2 \
                     AND people < ?3";
        Ok(Self {
            insert: connection.prepare_cached(insert)?,
            raise: connection.prepare_cached(raise)?,
        })
    }

    /// Adds one and says whether it was new, or more people gave it than was known.
    pub(crate) fn add(&mut self, ArtistTag { artist, tag, people }: &ArtistTag) -> Result<bool> {
        let values = params![artist, tag, people];
        Ok(self.insert.execute(values)? > 0 || self.raise.execute(values)? > 0)
    }
}
