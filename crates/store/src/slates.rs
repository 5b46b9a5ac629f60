//! How picks and short-lists stand in the row of an impression: as bytes, little-endian, without a
//! loss.
//!
//! - The short-list has for each track: `u32` key, `f32` score, `u8` flags (1 new to the listener,
//!   2 an arrival, 4 by an artist new to them).
//! - The factors have an `f32` each, the same number for every track of the short-list. The column
//!   is empty where there are none.
//! - The picks have for each track: `u32` key, `u32` place in the order of choice, `f64`
//!   propensity, `f64` its error, `f32` likability, `f32` uncertainty, `u8` flags (1 new to the
//!   listener, 4 by an artist new to them, 8 sources follow), `u16` sources if they do, `u32` bytes
//!   of the reason, and the reason as JSON.
//!
//! A table with a row for every pick was rejected: it costs a page of an index for each of them,
//! thirty random pages to flush for one mix, and no query needs it.

use rusqlite::{Connection, Row, params};
use segue_core::{Pick, Shortlisted, Sources, TrackId};

use crate::keys::{Key, key};
use crate::names::TrackNames;
use crate::{Result, StoreError};

const SHORTLISTED_BYTES: usize = 9;
/// Bytes of a pick before its reason.
const PICK_BYTES: usize = 39;
/// Flag of a pick that is followed by its sources: those of before the sixth schema have none.
const WITH_SOURCES: u8 = 8;

/// A pick as it is stored: the track by its key, the reason by its text.
struct StoredPick<'a> {
    track: Key,
    drawn: u32,
    propensity: f64,
    propensity_error: f64,
    likability: f32,
    uncertainty: f32,
    new_to_listener: bool,
    new_artist: bool,
    sources: Sources,
    reason: &'a [u8],
}

impl StoredPick<'_> {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.track.to_le_bytes());
        bytes.extend(self.drawn.to_le_bytes());
        bytes.extend(self.propensity.to_le_bytes());
        bytes.extend(self.propensity_error.to_le_bytes());
        bytes.extend(self.likability.to_le_bytes());
        bytes.extend(self.uncertainty.to_le_bytes());
        let with_sources = if self.sources.is_empty() { 0 } else { WITH_SOURCES };
        bytes.push(u8::from(self.new_to_listener) | u8::from(self.new_artist) << 2 | with_sources);
        if !self.sources.is_empty() {
            bytes.extend(self.sources.bits().to_le_bytes());
        }
        bytes.extend((self.reason.len() as u32).to_le_bytes());
        bytes.extend(self.reason);
    }
}

/// Picks as bytes, given the key of each track.
pub(crate) fn picks_to_bytes(
    picks: &[Pick],
    mut key_of: impl FnMut(&TrackId) -> Result<Key>,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(picks.len() * (PICK_BYTES + 48));
    for pick in picks {
        let stored = StoredPick {
            track: key_of(&pick.track)?,
            drawn: pick.drawn,
            propensity: pick.propensity,
            propensity_error: pick.propensity_error,
            likability: pick.likability,
            uncertainty: pick.uncertainty,
            new_to_listener: pick.new_to_listener,
            new_artist: pick.new_artist,
            sources: pick.sources,
            reason: &serde_json::to_vec(&pick.reason).expect("a reason always serialises"),
        };
        stored.write(&mut bytes);
    }
    Ok(bytes)
}

/// The picks that [`picks_to_bytes`] wrote.
pub(crate) fn picks_from_bytes(
    connection: &Connection,
    names: &mut TrackNames,
    bytes: &[u8],
) -> Result<Vec<Pick>> {
    stored_picks(bytes)
        .map(|stored| {
            let stored = stored?;
            Ok(Pick {
                track: names.get(connection, stored.track)?,
                drawn: stored.drawn,
                propensity: stored.propensity,
                propensity_error: stored.propensity_error,
                likability: stored.likability,
                uncertainty: stored.uncertainty,
                new_to_listener: stored.new_to_listener,
                new_artist: stored.new_artist,
                sources: stored.sources,
                reason: serde_json::from_slice(stored.reason)
                    .map_err(|error| StoreError::corrupt(format!("a reason: {error}")))?,
            })
        })
        .collect()
}

/// The keys that stored picks name.
pub(crate) fn picked_keys(bytes: &[u8]) -> impl Iterator<Item = Result<Key>> {
    stored_picks(bytes).map(|pick| Ok(pick?.track))
}

fn stored_picks(mut bytes: &[u8]) -> impl Iterator<Item = Result<StoredPick<'_>>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let read = read_pick(bytes);
        bytes = read.as_ref().map_or(&[], |(_, rest)| *rest);
        Some(
            read.map(|(pick, _)| pick)
                .ok_or_else(|| StoreError::corrupt("the picks of a mix are cut off")),
        )
    })
}

fn read_pick(bytes: &[u8]) -> Option<(StoredPick<'_>, &[u8])> {
    let (track, rest) = bytes.split_first_chunk()?;
    let (drawn, rest) = rest.split_first_chunk()?;
    let (propensity, rest) = rest.split_first_chunk()?;
    let (propensity_error, rest) = rest.split_first_chunk()?;
    let (likability, rest) = rest.split_first_chunk()?;
    let (uncertainty, rest) = rest.split_first_chunk()?;
    let (flags, rest) = rest.split_first()?;
    let (sources, rest) = match flags & WITH_SOURCES {
        0 => (Sources::default(), rest),
        _ => {
            let (bits, rest) = rest.split_first_chunk()?;
            (Sources::from_bits(u16::from_le_bytes(*bits)), rest)
        }
    };
    let (reason_bytes, rest) = rest.split_first_chunk()?;
    let (reason, rest) = rest.split_at_checked(u32::from_le_bytes(*reason_bytes) as usize)?;
    let pick = StoredPick {
        track: u32::from_le_bytes(*track),
        drawn: u32::from_le_bytes(*drawn),
        propensity: f64::from_le_bytes(*propensity),
        propensity_error: f64::from_le_bytes(*propensity_error),
        likability: f32::from_le_bytes(*likability),
        uncertainty: f32::from_le_bytes(*uncertainty),
        new_to_listener: flags & 1 != 0,
        new_artist: flags & 4 != 0,
        sources,
        reason,
    };
    Some((pick, rest))
}

/// Takes the picks of every impression out of the table in which each was a row, and drops it.
pub(crate) fn move_picks_into_impressions(connection: &Connection) -> Result<()> {
    let sql = "SELECT impression, track, drawn, propensity, propensity_error, likability, \
               uncertainty, new_to_listener, reason FROM picks ORDER BY impression, position";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut update = connection.prepare("UPDATE impressions SET picks = ?2 WHERE id = ?1")?;
    let (mut impression, mut bytes) = (0_i64, Vec::new());
    while let Some(row) = rows.next()? {
        let next = row.get(0)?;
        if next != impression {
            update.execute(params![impression, bytes])?;
            bytes.clear();
            impression = next;
        }
        let reason: String = row.get(8)?;
        let stored = StoredPick {
            track: key(row.get(1)?)?,
            drawn: row.get(2)?,
            propensity: real(row, 3)?,
            propensity_error: real(row, 4)?,
            likability: real(row, 5)? as f32,
            uncertainty: real(row, 6)? as f32,
            new_to_listener: row.get(7)?,
            new_artist: false,
            sources: Sources::default(),
            reason: reason.as_bytes(),
        };
        stored.write(&mut bytes);
    }
    update.execute(params![impression, bytes])?;
    drop(rows);
    drop(statement);
    Ok(connection.execute_batch("DROP TABLE picks")?)
}

/// A number of the old table, which kept NaN as NULL.
fn real(row: &Row<'_>, column: usize) -> Result<f64> {
    Ok(row.get::<_, Option<f64>>(column)?.unwrap_or(f64::NAN))
}

/// A short-list as bytes, given the key of each track.
pub(crate) fn shortlist_to_bytes(
    shortlist: &[Shortlisted],
    mut key_of: impl FnMut(&TrackId) -> Result<Key>,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(shortlist.len() * SHORTLISTED_BYTES);
    for offered in shortlist {
        bytes.extend(key_of(&offered.track)?.to_le_bytes());
        bytes.extend(offered.score.to_le_bytes());
        bytes.push(
            u8::from(offered.new_to_listener)
                | u8::from(offered.arrival) << 1
                | u8::from(offered.new_artist) << 2,
        );
    }
    Ok(bytes)
}

/// The keys that a stored short-list names.
pub(crate) fn shortlist_keys(bytes: &[u8]) -> impl Iterator<Item = Key> {
    stored_shortlist(bytes).map(|(key, _, _)| key)
}

fn stored_shortlist(bytes: &[u8]) -> impl Iterator<Item = (Key, f32, u8)> {
    bytes.as_chunks::<SHORTLISTED_BYTES>().0.iter().map(|&[a, b, c, d, e, f, g, h, flags]| {
        (u32::from_le_bytes([a, b, c, d]), f32::from_le_bytes([e, f, g, h]), flags)
    })
}

/// The short-list that [`shortlist_to_bytes`] wrote, without factors.
pub(crate) fn shortlist_from_bytes(
    connection: &Connection,
    names: &mut TrackNames,
    bytes: &[u8],
) -> Result<Vec<Shortlisted>> {
    let offered = |(key, score, flags)| {
        Ok(Shortlisted {
            track: names.get(connection, key)?,
            score,
            new_to_listener: flags & 1 != 0,
            new_artist: flags & 4 != 0,
            arrival: flags & 2 != 0,
            factors: Vec::new(),
        })
    };
    stored_shortlist(bytes).map(offered).collect()
}

/// The factors of every track after one another; `None` where there are none.
pub(crate) fn factors_to_bytes(shortlist: &[Shortlisted]) -> Option<Vec<u8>> {
    let factors = || shortlist.iter().flat_map(|listed| &listed.factors);
    factors().next().is_some().then(|| factors().flat_map(|factor| factor.to_le_bytes()).collect())
}

/// Gives the tracks of a short-list the factors that [`factors_to_bytes`] wrote.
pub(crate) fn factors_from_bytes(bytes: &[u8], shortlist: &mut [Shortlisted]) -> Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let (values, rest) = bytes.as_chunks::<4>();
    let width = values.len().checked_div(shortlist.len()).unwrap_or(0);
    if !rest.is_empty() || width * shortlist.len() != values.len() {
        return Err(StoreError::corrupt(
            "the factors of a mix do not fit its short-list".to_owned(),
        ));
    }
    for (listed, factors) in shortlist.iter_mut().zip(values.chunks_exact(width.max(1))) {
        listed.factors = factors.iter().map(|&factor| f32::from_le_bytes(factor)).collect();
    }
    Ok(())
}
