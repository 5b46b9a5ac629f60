//! MusicBrainz's canonical data: which names and identifiers mean the same recording.
//!
//! The archive holds three tables. They are told by their columns, so each may also be given by
//! itself, unpacked or not.

use std::path::Path;
use std::sync::Arc;

use super::mbid::Mbid;
use super::report::{DumpDropReason, TableReport};
use super::table::{Table, Taken, for_each_file, text};
use crate::{Result, WorldError};

/// A recording with the names that it is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanonicalRow<'a> {
    /// The recording.
    pub recording: Mbid,
    /// All its artists, as they are credited on it.
    pub artist: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Identifiers of the artists, with commas between.
    pub artists: &'a str,
    /// How good the release is that the recording is taken from. Lower is better.
    pub score: u64,
}

/// Says that two identifiers mean the same song: what was listened to under the one is counted
/// under the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// A version of a recording.
    pub from: Mbid,
    /// The version that stands for all.
    pub to: Mbid,
}

/// Reads the names of recordings from MusicBrainz's canonical dump.
///
/// # Errors
/// Where the dump is damaged, cut off or holds no such table, and whatever `take` returns.
pub fn read_canonical(
    path: &Path,
    take: &mut dyn FnMut(CanonicalRow<'_>) -> Result<()>,
) -> Result<TableReport> {
    const COLUMNS: [&str; 5] =
        ["recording_mbid", "artist_credit_name", "recording_name", "artist_mbids", "score"];
    read_tables(path, COLUMNS, "canonical_musicbrainz_data.csv", &mut |cells| match canonical_row(
        cells,
    ) {
        Ok(row) => take(row).map(Ok),
        Err(reason) => Ok(Err(reason)),
    })
}

fn canonical_row(cells: [&[u8]; 5]) -> std::result::Result<CanonicalRow<'_>, DumpDropReason> {
    let [recording, artist, title, artists, score] = cells;
    let row = CanonicalRow {
        recording: Mbid::from_text(recording).ok_or(DumpDropReason::NoIdentifier)?,
        artist: text(artist)?,
        title: text(title)?,
        artists: text(artists)?,
        score: text(score)?.parse().map_err(|_| DumpDropReason::Unreadable)?,
    };
    if row.artist.trim().is_empty() {
        return Err(DumpDropReason::NoArtist);
    }
    if row.title.trim().is_empty() {
        return Err(DumpDropReason::NoTitle);
    }
    Ok(row)
}

/// Reads which recordings stand for which, from MusicBrainz's canonical dump.
///
/// # Errors
/// As [`read_canonical`].
pub fn read_redirects(
    path: &Path,
    take: &mut dyn FnMut(Redirect) -> Result<()>,
) -> Result<TableReport> {
    const COLUMNS: [&str; 2] = ["recording_mbid", "canonical_recording_mbid"];
    read_tables(path, COLUMNS, "canonical_recording_redirect.csv", &mut |[from, to]| match (
        Mbid::from_text(from),
        Mbid::from_text(to),
    ) {
        (Some(from), Some(to)) => take(Redirect { from, to }).map(Ok),
        _ => Ok(Err(DumpDropReason::NoIdentifier)),
    })
}

/// Reads every table that has these columns; `name` is that of the table in the dump.
fn read_tables<const N: usize>(
    path: &Path,
    columns: [&str; N],
    name: &str,
    take: &mut dyn FnMut([&[u8]; N]) -> Result<Taken>,
) -> Result<TableReport> {
    let mut report = TableReport::default();
    let mut is_found = false;
    for_each_file(path, &Arc::default(), &mut |path, input| {
        let table = Table::open(path, input)?;
        let Some(places) = table.columns(columns) else { return Ok(()) };
        is_found = true;
        // Rows are as wide as their header, in which the places are.
        table.for_each(&mut report, &mut |row| take(places.map(|at| &row[at])))
    })?;
    if is_found {
        return Ok(report);
    }
    let columns = columns.join("`, `");
    let reason = format!("it holds no `{name}`, a table with the columns `{columns}`");
    Err(WorldError::malformed(path, reason))
}
