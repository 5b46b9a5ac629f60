//! Settling the catalogue: which work each track is a version of, and which artists a text that
//! joins several names, judged by everything that the library holds.
//!
//! A single row cannot tell whether "A & B" is one band or two artists, and a catalogue keeps the
//! work that it first heard of. So both are settled again once an import has ended. What was
//! settled follows from the tracks that are there and from what sources credit, never from what was
//! settled before: the order of imports does not matter.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};
use segue_core::{Track, Version, WorkId};

use crate::cache::WriteCache;
use crate::codes::Coded;
use crate::names::Interner;
use crate::tracks::artists_from_json;
use crate::{Result, Store};

/// The rule by which a catalogue is settled. The store knows nothing of names.
pub trait Settling {
    /// Raised whenever [`Self::work`] says otherwise for the same track: all are then asked again.
    fn version(&self) -> u32;

    /// The work and the version of a track, by all that is known of it; `None` to leave it alone.
    fn work(&self, track: &Track) -> Option<(WorkId, Version)>;

    /// Takes in whom sources credit with a track of a work. Returns whether that may join several
    /// artists, so that it is worth asking for them once all tracks were observed.
    fn observe(&mut self, credited: &[String], work: &WorkId) -> bool;

    /// The artists that a credit joins, by what was observed; `None` if it is to stay as it is.
    fn part(&self, credited: &[String], work: &WorkId) -> Option<Vec<String>>;
}

/// A track whose credit may join several artists.
struct Joined {
    id: i64,
    credited: Vec<String>,
    artists: Vec<String>,
    work: WorkId,
}

impl Store {
    /// Settles works and artists anew, if the rule has changed or tracks have come since it was
    /// last done. Returns how many tracks changed.
    ///
    /// Costs a look at every track where some have come, and nothing otherwise.
    ///
    /// # Errors
    /// [`crate::StoreError::Corrupt`], [`crate::StoreError::Busy`] or
    /// [`crate::StoreError::Database`]; the next call then goes on.
    pub fn settle(&mut self, rule: &mut impl Settling) -> Result<u64> {
        // Files that were not read to their end may have left a long one.
        self.shorten_log();
        let sql = "SELECT version, track, (SELECT COALESCE(MAX(id), 0) FROM tracks) \
                   FROM settled_works";
        let (version, settled, last): (u32, i64, i64) =
            self.connection
                .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mut changed = 0;
        if version < rule.version() {
            changed += self.settle_works(rule)?;
        } else if settled >= last {
            return Ok(0);
        }
        Ok(changed + self.part_artists(rule, last)?)
    }

    /// Asks for the work of every track.
    fn settle_works(&mut self, rule: &impl Settling) -> Result<u64> {
        let tracks = self.tracks()?;
        self.write(|connection, cache| {
            let mut works = Interner::new(connection, "works")?;
            let sql = "UPDATE tracks SET work = ?1, version = ?2 WHERE name = ?3";
            let mut update = connection.prepare(sql)?;
            let mut changed = 0;
            for track in &tracks {
                let Some((work, version)) = rule.work(track) else { continue };
                if work != track.work || version != track.version {
                    let work = works.intern(work.as_str())?;
                    update.execute(params![work, version.code(), track.id.as_str()])?;
                    changed += 1;
                }
            }
            connection.execute("UPDATE settled_works SET version = ?1", [rule.version()])?;
            works_changed(connection, cache)?;
            Ok(changed)
        })
    }

    /// Parts the credits that join several artists, and joins again those for which nothing speaks
    /// any more. `last` is the last track of the catalogue.
    fn part_artists(&mut self, rule: &mut impl Settling, last: i64) -> Result<u64> {
        let mut others = Vec::new();
        for joined in self.observe_credits(rule)? {
            let parted = rule.part(&joined.credited, &joined.work);
            let artists = parted.unwrap_or_else(|| joined.credited.clone());
            if artists == joined.artists {
                continue;
            }
            if let Some(track) = self.track_in_row(joined.id)? {
                let settled = rule.work(&Track { artists: artists.clone(), ..track });
                others.push((Joined { artists, ..joined }, settled));
            }
        }
        self.write(|connection, cache| {
            for (joined, settled) in &others {
                joined.save(connection, settled.as_ref())?;
            }
            connection.execute("UPDATE settled_works SET track = ?1", [last])?;
            if !others.is_empty() {
                works_changed(connection, cache)?;
            }
            Ok(others.len() as u64)
        })
    }

    /// Tells the rule whom every track credits. Returns those that may join several artists.
    fn observe_credits(&self, rule: &mut impl Settling) -> Result<Vec<Joined>> {
        let sql = "SELECT tracks.id, artists, credited, works.name FROM tracks \
                   JOIN works ON works.id = tracks.work";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut joined = Vec::new();
        while let Some(row) = rows.next()? {
            let artists = artists_from_json(row.get_ref(1)?)?;
            let credited = match row.get_ref(2)? {
                ValueRef::Null => artists.clone(),
                text => artists_from_json(text)?,
            };
            let work = WorkId::new(row.get::<_, String>(3)?);
            if rule.observe(&credited, &work) {
                joined.push(Joined { id: row.get(0)?, credited, artists, work });
            }
        }
        Ok(joined)
    }
}

impl Joined {
    /// Writes the artists, and the work that they settled.
    fn save(&self, connection: &Connection, settled: Option<&(WorkId, Version)>) -> Result<()> {
        let json = |artists| serde_json::to_string(artists).expect("text always serialises");
        let (artists, credited) = (json(&self.artists), json(&self.credited));
        let sql = "UPDATE tracks SET artists = ?1, credited = NULLIF(?2, ?1) WHERE id = ?3";
        connection.prepare_cached(sql)?.execute(params![artists, credited, self.id])?;
        if let Some((work, version)) = settled {
            let work = Interner::new(connection, "works")?.intern(work.as_str())?;
            let sql = "UPDATE tracks SET work = ?1, version = ?2 WHERE id = ?3";
            connection.prepare_cached(sql)?.execute(params![work, version.code(), self.id])?;
        }
        Ok(())
    }
}

/// Tells all processes that rows of tracks, works or plays are others than they were: none is to be
/// remembered, and histories are read from the beginning.
pub(crate) fn rows_changed(connection: &Connection) -> Result<()> {
    connection.execute("UPDATE settled_works SET times = times + 1", [])?;
    Ok(())
}

/// Removes works without a track, and tells this process and all others to remember none.
fn works_changed(connection: &Connection, cache: &mut WriteCache) -> Result<()> {
    connection.execute("DELETE FROM works WHERE id NOT IN (SELECT work FROM tracks)", [])?;
    rows_changed(connection)?;
    cache.forget_all();
    Ok(())
}
