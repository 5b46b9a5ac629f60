//! When tracks came out.

use rusqlite::params;
use segue_core::{Date, Release, TrackId};

use crate::{Result, Store, StoreError};

impl Store {
    /// The tracks of which it is known when they came out, in the order of the catalogue.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Database`].
    pub fn releases(&self) -> Result<Vec<Release>> {
        let mut statement = self.connection.prepare(
            "SELECT tracks.name, day, is_late FROM releases JOIN tracks ON tracks.id = track \
             ORDER BY track",
        )?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let releases = statement.query_map([], row)?.map(|row| {
            let (name, day, is_late): (String, i64, bool) = row?;
            let corrupt = || StoreError::Corrupt { problem: format!("{day} is no day") };
            let day = day_of(day).ok_or_else(corrupt)?;
            Ok(Release { track: TrackId::new(name), day, is_late })
        });
        releases.collect()
    }

    /// Notes when tracks came out, in place of what was known before. Those that the catalogue does
    /// not have are passed over.
    ///
    /// ```
    /// use segue_core::{Date, Release, Track, TrackId, WorkId};
    /// use segue_store::Store;
    ///
    /// let mut store = Store::open_in_memory()?;
    /// store.add_tracks(&[Track::new(TrackId::new("t"), WorkId::new("w"), "Tide")])?;
    /// let day = Date::constant(2026, 10, 2);
    /// let release = Release { track: TrackId::new("t"), day, is_late: true };
    /// store.set_releases(&[release.clone()])?;
    /// assert_eq!(store.releases()?, [release]);
    /// # Ok::<(), segue_store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Busy`] or [`StoreError::Database`].
    pub fn set_releases(&mut self, releases: &[Release]) -> Result<()> {
        self.write(|connection, _| {
            connection.execute("DELETE FROM releases", [])?;
            let mut insert = connection.prepare(
                "INSERT OR REPLACE INTO releases SELECT id, ?2, ?3 FROM tracks WHERE name = ?1",
            )?;
            for Release { track, day, is_late } in releases {
                insert.execute(params![track.as_str(), days(*day), is_late])?;
            }
            Ok(())
        })
    }
}

const EPOCH: Date = Date::constant(1970, 1, 1);

fn days(day: Date) -> i64 {
    EPOCH.duration_until(day).as_hours() / 24
}

fn day_of(days: i64) -> Option<Date> {
    EPOCH.checked_add(jiff::SignedDuration::from_hours(days.checked_mul(24)?)).ok()
}
