//! Files of music that were scanned: which track each is, and by what it is told that a file has
//! not changed since.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::FxHashSet;
use segue_core::{ListenerId, Track, TrackId};

use crate::batch::WriteBatch;
use crate::forget::remove_unmentioned;
use crate::keys::key;
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
    /// The version of the analysis that there is of its sound; `None` if it was never measured.
    pub analysed: Option<u32>,
    /// The version of the analysis that could not decode the file as it is; `None` if none tried in
    /// vain.
    pub undecodable: Option<u32>,
}

/// Takes a track that a file was from where the file is, to another file of it if there is one,
/// unless the file is that track still.
const LEAVE: &str = "UPDATE tracks SET location = (SELECT path FROM sound_files \
     WHERE track = tracks.id AND path <> ?1) \
     WHERE id = (SELECT track FROM sound_files WHERE path = ?1) AND location = ?1 AND name <> ?2";

fn remove(database: &Connection, path: &str) -> Result<()> {
    database.execute(LEAVE, [path, ""])?;
    database.execute("DELETE FROM sound_files WHERE path = ?1", [path])?;
    Ok(())
}

/// The track that a file is known as.
fn track_of(database: &Connection, path: &str) -> Result<Option<TrackId>> {
    let sql =
        "SELECT tracks.name FROM sound_files JOIN tracks ON tracks.id = track WHERE path = ?1";
    let name = database.prepare_cached(sql)?.query_row([path], |row| row.get::<_, String>(0));
    Ok(name.optional()?.map(TrackId::new))
}

impl Store {
    /// Every file of music that was scanned, in the order of paths.
    ///
    /// # Errors
    /// [`StoreError::Database`](crate::StoreError::Database).
    pub fn sound_files(&self) -> Result<Vec<KnownSoundFile>> {
        let sql = "SELECT path, size, modified, tracks.name, analyses.version, undecodable \
                   FROM sound_files \
                   JOIN tracks ON tracks.id = sound_files.track LEFT JOIN analyses ON \
                   analyses.track = sound_files.track AND analyses.sound = sound_files.sound \
                   ORDER BY path";
        let mut statement = self.connection.prepare_cached(sql)?;
        let files = statement.query_map([], |row| {
            let file = SoundFile {
                path: row.get(0)?,
                size: row.get::<_, i64>(1)? as u64,
                modified_us: row.get(2)?,
            };
            let track = TrackId::new(row.get::<_, String>(3)?);
            Ok(KnownSoundFile { file, track, analysed: row.get(4)?, undecodable: row.get(5)? })
        })?;
        Ok(files.collect::<rusqlite::Result<_>>()?)
    }

    /// Takes in files with the tracks that they are, in one transaction. The tracks are where the
    /// files are from then on. Returns what files were before and are no longer: see
    /// [`Self::remove_tracks_of_files`].
    ///
    /// # Errors
    /// [`StoreError::Busy`](crate::StoreError::Busy) or
    /// [`StoreError::Database`](crate::StoreError::Database); then nothing was taken in.
    pub fn take_in_sound_files(&mut self, files: &[(SoundFile, Track)]) -> Result<Vec<TrackId>> {
        self.write(|database, cache| {
            let mut batch = WriteBatch::new(database, cache)?;
            for (_, track) in files {
                batch.describe_remote(track)?;
            }
            let mut leave = database.prepare_cached(LEAVE)?;
            let mut insert = database.prepare_cached(
                "INSERT OR REPLACE INTO sound_files (path, size, modified, track) \
                 SELECT ?1, ?2, ?3, id FROM tracks WHERE name = ?4",
            )?;
            let mut locate =
                database.prepare_cached("UPDATE tracks SET location = ?1 WHERE name = ?2")?;
            let mut move_override = database.prepare_cached(
                "UPDATE OR IGNORE overrides SET track = (SELECT id FROM tracks WHERE name = ?2) \
                 WHERE track = (SELECT id FROM tracks WHERE name = ?1)",
            )?;
            let mut left = Vec::new();
            for (SoundFile { path, size, modified_us }, track) in files {
                // The file may have been another track before, of which something was set by hand.
                if let Some(before) = track_of(database, path)?.filter(|before| *before != track.id)
                {
                    move_override.execute(params![before.as_str(), track.id.as_str()])?;
                    left.push(before);
                }
                leave.execute(params![path, track.id.as_str()])?;
                insert.execute(params![path, *size as i64, modified_us, track.id.as_str()])?;
                locate.execute(params![path, track.id.as_str()])?;
            }
            Ok(left)
        })
    }

    /// Forgets files that are gone. Returns their tracks, which are nowhere until they are found
    /// again: see [`Self::remove_tracks_of_files`].
    ///
    /// # Errors
    /// [`StoreError::Busy`](crate::StoreError::Busy) or
    /// [`StoreError::Database`](crate::StoreError::Database).
    pub fn remove_sound_files(&mut self, paths: &[String]) -> Result<Vec<TrackId>> {
        self.write(|database, _| {
            let mut tracks = Vec::new();
            for path in paths {
                tracks.extend(track_of(database, path)?);
                remove(database, path)?;
            }
            Ok(tracks)
        })
    }

    /// Removes those of some tracks that files brought, and of all that were measured, which
    /// nothing mentions any more: no file, play, feedback or mix. With `unmeasured_only` those stay
    /// of which something was measured, as long as it may be of use for a file that was moved.
    ///
    /// # Errors
    /// [`StoreError::Busy`](crate::StoreError::Busy) or
    /// [`StoreError::Database`](crate::StoreError::Database).
    pub fn remove_tracks_of_files(
        &mut self,
        tracks: &[TrackId],
        unmeasured_only: bool,
    ) -> Result<()> {
        let removed = self.write(|database, _| {
            let mut brought = FxHashSet::default();
            let sql = "SELECT id FROM tracks WHERE name = ?1 AND NOT (?2 AND id IN \
                       (SELECT track FROM analyses))";
            let mut find = database.prepare_cached(sql)?;
            for track in tracks {
                let row =
                    find.query_row(params![track.as_str(), unmeasured_only], |row| row.get(0));
                brought.extend(row.optional()?.map(key).transpose()?);
            }
            if !unmeasured_only {
                let sql = "SELECT DISTINCT track FROM analyses \
                           WHERE track NOT IN (SELECT track FROM sound_files)";
                let mut statement = database.prepare_cached(sql)?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    brought.insert(key(row.get(0)?)?);
                }
            }
            remove_unmentioned(database, &brought)
        })?;
        if removed > 0 {
            self.forget_cache();
        }
        Ok(())
    }

    /// Forgets a folder of music, its files, and the tracks that nothing else mentions. Returns how
    /// many files it held; `None` where there is no such folder.
    ///
    /// # Errors
    /// [`StoreError::Busy`](crate::StoreError::Busy) or
    /// [`StoreError::Database`](crate::StoreError::Database).
    pub fn drop_music_folder(&mut self, folder: &str) -> Result<Option<u64>> {
        let files = self.sound_files()?.into_iter();
        let of_folder = files.filter(|known| Path::new(&known.file.path).starts_with(folder));
        let paths: Vec<String> = of_folder.map(|known| known.file.path).collect();
        let dropped = self.write(|database, _| {
            let sql = "DELETE FROM music_folders WHERE path = ?1";
            if database.execute(sql, [folder])? == 0 {
                return Ok(None);
            }
            let mut brought = FxHashSet::default();
            for path in &paths {
                let sql = "SELECT track FROM sound_files WHERE path = ?1";
                let track = database.query_row(sql, [path], |row| row.get(0)).optional()?;
                brought.extend(track.map(key).transpose()?);
                remove(database, path)?;
            }
            remove_unmentioned(database, &brought)?;
            database.execute("UPDATE scans SET times = times + 1", [])?;
            Ok(Some(paths.len() as u64))
        })?;
        // Rows of the catalogue may be gone.
        self.forget_cache();
        Ok(dropped)
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

    /// Notes that a scan changed something: servers take over what there is now.
    ///
    /// # Errors
    /// [`StoreError::Busy`](crate::StoreError::Busy) or
    /// [`StoreError::Database`](crate::StoreError::Database).
    pub fn note_scan(&mut self) -> Result<()> {
        self.write(|database, _| {
            database.execute("UPDATE scans SET times = times + 1", [])?;
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
