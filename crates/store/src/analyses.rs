//! What was measured in files of music, by track and by the hash of the sound.

use rusqlite::{OptionalExtension, Row, params};
use segue_core::{AudioAnalysis, TrackId};

use crate::{Result, Store, StoreError};

/// A hash of the encoded sound of a file, whatever its name and tags.
pub type SoundHash = [u8; 16];

/// What was measured in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalysedFile {
    /// Where the file is.
    pub path: String,
    /// The hash of its sound.
    pub sound: SoundHash,
    /// What was measured in it.
    pub analysis: AudioAnalysis,
    /// The print by which the same recording is found under other names, 32 bits an item.
    pub print: Vec<u32>,
}

impl Store {
    /// What a version of the analysis measured of every track, by one of its files: of several by
    /// that which was measured first, one that is still there if there is any. What other versions
    /// measured does not compare with it, and is measured anew by the next scan.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn analyses(&self, version: u32) -> Result<Vec<(TrackId, AudioAnalysis)>> {
        // A cross join is done in the order in which it is written: most tracks have no analysis.
        let sql = "SELECT tracks.name, analyses.version, measured FROM analyses CROSS JOIN tracks \
                   ON tracks.id = analyses.track WHERE analyses.id = (SELECT one.id \
                   FROM analyses AS one LEFT JOIN sound_files AS file \
                   ON file.track = one.track AND file.sound = one.sound \
                   WHERE one.track = tracks.id AND one.version = ?1 \
                   ORDER BY file.path IS NULL, one.id LIMIT 1)";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([version])?;
        let mut analyses = Vec::new();
        while let Some(row) = rows.next()? {
            analyses.push((TrackId::new(row.get::<_, String>(0)?), analysis(row, 1)?));
        }
        Ok(analyses)
    }

    /// The hashes of all sounds that a version of the analysis measured, in order.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn analysed_sounds(&self, version: u32) -> Result<Vec<SoundHash>> {
        let sql = "SELECT DISTINCT sound FROM analyses WHERE version = ?1 ORDER BY sound";
        let mut statement = self.connection.prepare_cached(sql)?;
        let sounds = statement.query_map([version], |row| row.get::<_, SoundHash>(0))?;
        Ok(sounds.collect::<rusqlite::Result<_>>()?)
    }

    /// What was measured in any file of that sound, with its print.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn analysis_of_sound(
        &self,
        sound: &SoundHash,
    ) -> Result<Option<(AudioAnalysis, Vec<u32>)>> {
        let sql = "SELECT version, measured, print FROM analyses WHERE sound = ?1 \
                   ORDER BY version DESC LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([&sound[..]])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some((analysis(row, 0)?, print(&row.get::<_, Vec<u8>>(2)?))))
    }

    /// The print of the sound of every file that was measured, with its track.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn prints(&self) -> Result<Vec<(TrackId, Vec<u32>)>> {
        let sql = "SELECT tracks.name, print FROM analyses \
                   JOIN tracks ON tracks.id = analyses.track \
                   WHERE EXISTS (SELECT 1 FROM sound_files WHERE sound_files.track = \
                   analyses.track AND sound_files.sound = analyses.sound) \
                   ORDER BY analyses.id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let prints = statement.query_map([], |row| {
            let items = print(&row.get::<_, Vec<u8>>(1)?);
            Ok((TrackId::new(row.get::<_, String>(0)?), items))
        })?;
        Ok(prints.collect::<rusqlite::Result<_>>()?)
    }

    /// Notes files that a version of the analysis could not decode: there is no need to try again
    /// until they change.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Database`]; then none was noted.
    pub fn note_undecodable(&mut self, paths: &[String], version: u32) -> Result<()> {
        self.write(|database, _| {
            let sql = "UPDATE sound_files SET undecodable = ?1 WHERE path = ?2";
            let mut note = database.prepare_cached(sql)?;
            paths.iter().try_for_each(|path| note.execute(params![version, path]).map(drop))?;
            Ok(())
        })
    }

    /// Takes in what was measured in files, in one transaction. A file that is no longer known by
    /// then is left out.
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Database`]; then nothing was taken in.
    pub fn take_in_analyses(&mut self, files: &[AnalysedFile]) -> Result<()> {
        self.write(|database, _| {
            let mut find =
                database.prepare_cached("SELECT track FROM sound_files WHERE path = ?1")?;
            let mut insert = database.prepare_cached(
                "INSERT INTO analyses (track, sound, version, measured, print) \
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (track, sound) DO UPDATE SET \
                 version = excluded.version, measured = excluded.measured, print = excluded.print",
            )?;
            let mut mark =
                database.prepare_cached("UPDATE sound_files SET sound = ?1 WHERE path = ?2")?;
            for AnalysedFile { path, sound, analysis, print } in files {
                let track: Option<i64> = find.query_row([path], |row| row.get(0)).optional()?;
                let Some(track) = track else { continue };
                let print: Vec<u8> = print.iter().flat_map(|item| item.to_le_bytes()).collect();
                let measured = analysis.to_bytes();
                insert.execute(params![track, &sound[..], analysis.version, measured, print])?;
                mark.execute(params![&sound[..], path])?;
            }
            Ok(())
        })
    }
}

/// The version in a column and what was measured in the next.
fn analysis(row: &Row<'_>, column: usize) -> Result<AudioAnalysis> {
    let bytes = row.get::<_, Vec<u8>>(column + 1)?;
    AudioAnalysis::from_bytes(row.get(column)?, &bytes)
        .ok_or_else(|| StoreError::corrupt("an analysis of a file of music cannot be read"))
}

fn print(bytes: &[u8]) -> Vec<u32> {
    let items = bytes.chunks_exact(4);
    items.map(|item| u32::from_le_bytes(item.try_into().expect("four bytes"))).collect()
}
