//! Files of music that were scanned: which track each is, and by what it is told that a file has not
//! changed since.

use rusqlite::params;
use segue_core::{ListenerId, Track, TrackId};

use crate::batch::WriteBatch;
use crate::names::find_listener;
use crate::{Result, Store};

/// A file of music.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundFile {
    /// Where it is: an absolute path.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was changed last, in microseconds since 1970.
    pub modified_us: i64,
}

/// What a file of music was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSoundFile {
    /// The file.
    pub file: SoundFile,
    /// Its track in the catalogue.
    pub track: TrackId,
}

impl Store {
    /// Every file of music that was scanned, in the order of paths.
    ///
    /// # Errors
    /// [`StoreError::Database`](crate::StoreError::Database).
    pub fn sound_files(&self) -> Result<Vec<KnownSoundFile>> {
        let sql = "SELECT path, size, modified, tracks.name FROM sound_files \
                   JOIN tracks ON tracks.id = track ORDER BY path";
        let mut statement = self.connection.prepare_cached(sql)?;
        let files = statement.query_map([], |row| {
            let file = SoundFile {
                path: row.get(0)?,
                size: row.get::<_, i64>(1)? as u64,
                modified_us: row.get(2)?,
            };
            Ok(KnownSoundFile { file, track: TrackId::new(row.get::<_, String>(3)?) })
        })?;
        Ok(files.collect::<rusqlite::Result<_>>()?)
    }

    /// Takes in files with the tracks that they are, in one transaction. The tracks are of the
    /// catalogue from then on, and are where the files are.
    ///
    /// # Errors
    /// [`StoreError::Busy`](crate::StoreError::Busy) or
    /// [`StoreError::Database`](crate::StoreError::Database); then nothing was taken in.
    pub fn take_in_sound_files(&mut self, files: &[(SoundFile, Track)]) -> Result<()> {
        self.write(|database, cache| {
            let mut batch = WriteBatch::new(database, cache)?;
            for (_, track) in files {
                batch.import_track(track)?;
            }
            let mut insert = database.prepare_cached(
                "INSERT OR REPLACE INTO sound_files SELECT ?1, ?2, ?3, id FROM tracks WHERE name = ?4",
            )?;
            let mut locate =
                database.prepare_cached("UPDATE tracks SET location = ?1 WHERE name = ?2")?;
            for (SoundFile { path, size, modified_us }, track) in files {
                insert.execute(params![path, *size as i64, modified_us, track.id.as_str()])?;
                locate.execute(params![path, track.id.as_str()])?;
            }
            Ok(())
        })
    }

    /// Forgets files that are gone. Their tracks stay in the catalogue, and are nowhere until they
    /// are found again.
    ///
    /// # Errors
    /// [`StoreError::Busy`](crate::StoreError::Busy) or
    /// [`StoreError::Database`](crate::StoreError::Database).
    pub fn remove_sound_files(&mut self, paths: &[String]) -> Result<()> {
        self.write(|database, _| {
            for path in paths {
                database.execute("DELETE FROM sound_files WHERE path = ?1", [path])?;
                let sql = "UPDATE tracks SET location = (SELECT path FROM sound_files \
                           WHERE track = tracks.id) WHERE location = ?1";
                database.execute(sql, [path])?;
            }
            Ok(())
        })
    }

    /// The folders of music that were scanned, in the order of paths.
    ///
    /// # Errors
    /// [`StoreError::Database`](crate::StoreError::Database).
    pub fn music_folders(&self) -> Result<Vec<String>> {
        let mut statement =
            self.connection.prepare_cached("SELECT path FROM music_folders ORDER BY path")?;
        let folders = statement.query_map([], |row| row.get(0))?;
        Ok(folders.collect::<rusqlite::Result<_>>()?)
    }

    /// Notes a folder of music.
    ///
    /// # Errors
    /// [`StoreError::Busy`](crate::StoreError::Busy) or
    /// [`StoreError::Database`](crate::StoreError::Database).
    pub fn add_music_folder(&mut self, path: &str) -> Result<()> {
        self.write(|database, _| {
            database.execute("INSERT OR IGNORE INTO music_folders VALUES (?1)", [path])?;
            Ok(())
        })
    }

    /// How many songs a listener has played, and how many of them are among the files in some
    /// version.
    ///
    /// # Errors
    /// [`StoreError::Database`](crate::StoreError::Database).
    pub fn played_in_files(&self, listener: &ListenerId) -> Result<(u64, u64)> {
        let Some(key) = find_listener(&self.connection, listener)? else { return Ok((0, 0)) };
        let sql = "WITH played AS (SELECT DISTINCT work FROM tracks WHERE id IN \
                   (SELECT track FROM listens WHERE listener = ?1)) \
                   SELECT COUNT(*), COUNT(*) FILTER (WHERE work IN (SELECT work FROM sound_files \
                   JOIN tracks ON tracks.id = track)) FROM played";
        Ok(self.connection.query_row(sql, [key], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }
}
