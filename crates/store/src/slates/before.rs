//! How slates stood in impressions before the seventeenth schema, as bytes, little-endian:
//!
//! - The configuration as JSON.
//! - The short-list had for each track: `u32` key, `f32` score, `u8` flags (1 new to the listener,
//!   2 an arrival, 4 by an artist new to them).
//! - The factors had an `f32` each, the same number for every track of the short-list. The column
//!   was empty where there were none.
//! - The picks had for each track: `u32` key, `u32` place in the order of choice, `f64`
//!   propensity, `f64` its error, `f32` likability, `f32` uncertainty, `u8` flags (1 new to the
//!   listener, 4 by an artist new to them, 8 sources follow), `u16` sources if they do, `u32` bytes
//!   of the reason, and the reason as JSON. Before the fifth schema each was a row of its own.
//!
//! Only databases that are brought up to date are read by this.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use segue_core::{Reason, SlateConfig, Sources, TrackId};

use super::reasons::StoredReason;
use super::{StoredOffer, StoredPick, StoredSlate, text_of_config};
use crate::keys::{Key, key};
use crate::names::Interner;
use crate::{Result, StoreError};

const SHORTLISTED_BYTES: usize = 9;
/// Flag of a pick that is followed by its sources: those of before the sixth schema have none.
const WITH_SOURCES: u8 = 8;

/// A pick as it was stored: the reason by its text.
struct OldPick<'a> {
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

impl OldPick<'_> {
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

fn stored_picks(mut bytes: &[u8]) -> impl Iterator<Item = Result<OldPick<'_>>> {
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

fn read_pick(bytes: &[u8]) -> Option<(OldPick<'_>, &[u8])> {
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
    let pick = OldPick {
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
        let stored = OldPick {
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

/// Brings the slate of every impression into one column, and drops those that it stood in. A mix
/// that cannot be read is left out, with the list that holds it: a log that lacks one mix opens,
/// and one that is not brought up to date does not.
pub(crate) fn compact_slates(connection: &Connection) -> Result<()> {
    let mut texts = Interner::new(connection, "texts")?;
    let sql = "SELECT id, config, shortlist, factors, picks FROM impressions";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut update = connection.prepare("UPDATE impressions SET slate = ?2 WHERE id = ?1")?;
    let mut unreadable = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        match compact(connection, &mut texts, row) {
            Ok(slate) => {
                update.execute(params![id, slate.to_bytes()])?;
            }
            Err(StoreError::Corrupt { problem }) => {
                tracing::warn!(mix = id, %problem, "a mix that cannot be read is left out");
                unreadable.push(id);
            }
            Err(error) => return Err(error),
        }
    }
    drop(rows);
    drop(statement);
    for id in unreadable {
        connection.execute("DELETE FROM lists WHERE impression = ?1", [id])?;
        connection.execute("DELETE FROM impressions WHERE id = ?1", [id])?;
    }
    for column in ["config", "shortlist", "factors", "picks"] {
        connection.execute_batch(&format!("ALTER TABLE impressions DROP COLUMN {column}"))?;
    }
    Ok(())
}

fn compact(
    connection: &Connection,
    texts: &mut Interner<'_>,
    row: &Row<'_>,
) -> Result<StoredSlate> {
    let config: SlateConfig = serde_json::from_slice(bytes(row, 1)?)
        .map_err(|error| StoreError::corrupt(format!("the configuration of a mix: {error}")))?;
    // What was forgotten since is beside nothing.
    let beside = config.beside.iter().filter_map(|id| find_track(connection, id).transpose());
    Ok(StoredSlate {
        config: texts.intern(&text_of_config(&config))?,
        seed: config.seed,
        beside: beside.collect::<Result<_>>()?,
        shortlist: offers(bytes(row, 2)?),
        is_by_id: false,
        factors: bytes(row, 3)?
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect(),
        picks: stored_picks(bytes(row, 4)?)
            .map(|pick| pick?.compact(texts))
            .collect::<Result<_>>()?,
    })
}

/// The bytes of a column, be they text or not; none where there are none.
fn bytes<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r [u8]> {
    let bytes = row.get_ref(column)?.as_bytes_or_null();
    let bytes =
        bytes.map_err(|error| StoreError::corrupt(format!("a column of a mix: {error}")))?;
    Ok(bytes.unwrap_or_default())
}

fn find_track(connection: &Connection, id: &TrackId) -> Result<Option<Key>> {
    let sql = "SELECT id FROM tracks WHERE name = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let row = statement.query_row([id.as_str()], |row| row.get(0)).optional()?;
    row.map(key).transpose()
}

fn offers(bytes: &[u8]) -> Vec<StoredOffer> {
    let (offers, _) = bytes.as_chunks::<SHORTLISTED_BYTES>();
    let offer = |&[a, b, c, d, e, f, g, h, flags]: &[u8; SHORTLISTED_BYTES]| StoredOffer {
        track: u32::from_le_bytes([a, b, c, d]),
        score: f32::from_le_bytes([e, f, g, h]),
        new_to_listener: flags & 1 != 0,
        arrival: flags & 2 != 0,
        new_artist: flags & 4 != 0,
    };
    offers.iter().map(offer).collect()
}

impl OldPick<'_> {
    fn compact(self, texts: &mut Interner<'_>) -> Result<StoredPick> {
        let reason: Reason = serde_json::from_slice(self.reason)
            .map_err(|error| StoreError::corrupt(format!("a reason: {error}")))?;
        Ok(StoredPick {
            track: self.track,
            drawn: self.drawn,
            propensity: self.propensity,
            propensity_error: self.propensity_error,
            likability: self.likability,
            uncertainty: self.uncertainty,
            new_to_listener: self.new_to_listener,
            new_artist: self.new_artist,
            sources: self.sources,
            reason: StoredReason::of(&reason, |text| texts.intern(text))?,
        })
    }
}
