//! Audio features that somebody set by hand: they count before what services tell and what is
//! estimated, for everybody in the library.

use rusqlite::{Connection, OptionalExtension, params};
use segue_core::{AudioFeatures, TrackId};

use crate::tracks::{features_from_bytes, features_to_bytes};
use crate::{Result, Store, StoreError};

impl Store {
    /// What was set by hand, by track in the order of their ids; tracks of which nothing was set
    /// are not among them.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn overrides(&self) -> Result<Vec<(TrackId, AudioFeatures)>> {
        let sql = "SELECT tracks.name, overrides.features FROM overrides \
                   JOIN tracks ON tracks.id = overrides.track ORDER BY tracks.name";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            let features = features_from_bytes(&row.get::<_, Vec<u8>>(1)?);
            Ok((TrackId::new(row.get::<_, String>(0)?), features))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What was set by hand of one track; nothing of a track that is not known.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn overrides_of(&self, track: &TrackId) -> Result<AudioFeatures> {
        let sql = "SELECT overrides.features FROM overrides JOIN tracks \
                   ON tracks.id = overrides.track WHERE tracks.name = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_row([track.as_str()], |row| row.get::<_, Vec<u8>>(0));
        Ok(found.optional()?.map_or(AudioFeatures::MISSING, |bytes| features_from_bytes(&bytes)))
    }

    /// Sets features of a track by hand, in the place of all that was set of it before: those that
    /// are missing are again what services tell, or estimates.
    ///
    /// ```
    /// use segue_core::{AudioFeature, AudioFeatures, Track, TrackId, WorkId};
    /// use segue_store::Store;
    ///
    /// let mut store = Store::open_in_memory()?;
    /// let song = Track::new(TrackId::new("song"), WorkId::new("song"), "Song");
    /// store.add_tracks(&[song.clone()])?;
    /// let mut features = AudioFeatures::MISSING;
    /// features.set(AudioFeature::Tempo, 174.0);
    /// store.override_features(&song.id, &features)?;
    /// assert_eq!(store.overrides()?, [(song.id.clone(), features)]);
    /// // What is told of the song is as it was.
    /// assert!(store.track(&song.id)?.unwrap().features.is_silent());
    /// # Ok::<(), segue_store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::UnknownTrack`], [`StoreError::Busy`] or [`StoreError::Database`]; then nothing
    /// was set.
    pub fn override_features(&mut self, track: &TrackId, features: &AudioFeatures) -> Result<()> {
        self.write(|database, _| {
            let key = key_of(database, track)?;
            match features_to_bytes(features) {
                Some(bytes) => {
                    let sql = "INSERT OR REPLACE INTO overrides (track, features) VALUES (?1, ?2)";
                    database.execute(sql, params![key, bytes])?;
                }
                None => {
                    database.execute("DELETE FROM overrides WHERE track = ?1", [key])?;
                }
            }
            database.execute("UPDATE overridden SET times = times + 1", [])?;
            Ok(())
        })
    }
}

fn key_of(database: &Connection, track: &TrackId) -> Result<i64> {
    let mut find = database.prepare_cached("SELECT id FROM tracks WHERE name = ?1")?;
    let found = find.query_row([track.as_str()], |row| row.get(0)).optional()?;
    found.ok_or_else(|| StoreError::UnknownTrack(track.clone()))
}
