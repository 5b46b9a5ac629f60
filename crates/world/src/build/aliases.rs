//! Which identifiers the recordings of a world have, for dumps that know recordings by these alone.
//!
//! A recording is a key of names, and has the identifiers of all canonical recordings of that key,
//! those that redirects lead to it, and those with which its listens came: what a listen with that
//! identifier would count for. They are written as they are read, sixteen bytes each, and only
//! those of recordings that came into the world are taken into memory.

use std::fs;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::BuildConfig;
use super::memory::Room;
use super::parts::token_of;
use super::people::Counted;
use super::recordings::{NONE, Recordings};
use super::spill::{AtomicFile, for_each_record, u64_at};
use crate::dump::{Mbid, Redirect};
use crate::{Result, WorldError};

const PAIR_BYTES: usize = 16;
/// Bytes that an identifier takes in a table, and in a list of redirects.
pub(super) const BYTES_A_ROW: usize = 64;

/// Identifiers on their way into files.
pub(super) struct Aliases {
    names: AtomicFile,
    redirects: AtomicFile,
}

fn path(folder: &Path, what: &str) -> PathBuf {
    folder.join(format!("aliases-{what}"))
}

fn put(file: &mut AtomicFile, one: u64, other: u64) -> Result<()> {
    file.write(&one.to_le_bytes())?;
    file.write(&other.to_le_bytes())
}

impl Aliases {
    pub(super) fn create(folder: &Path) -> Result<Self> {
        let create = |what| AtomicFile::create(&path(folder, what));
        Ok(Self { names: create("names")?, redirects: create("redirects")? })
    }

    /// A canonical recording has this key.
    pub(super) fn name(&mut self, recording: Mbid, key: u64) -> Result<()> {
        put(&mut self.names, token_of(recording), key)
    }

    /// A canonical recording stands for another one.
    pub(super) fn redirect(&mut self, Redirect { from, to }: Redirect) -> Result<()> {
        put(&mut self.redirects, token_of(from), token_of(to))
    }

    /// Ends the files, with the identifiers that listens came with.
    pub(super) fn finish(self, folder: &Path, recordings: &Recordings) -> Result<()> {
        self.names.finish()?;
        self.redirects.finish()?;
        let mut file = AtomicFile::create(&path(folder, "listens"))?;
        let is_identifier = |(token, row): &(&u64, &u32)| *token & 1 == 1 && **row != NONE;
        for (&token, &row) in recordings.of_token.iter().filter(is_identifier) {
            put(&mut file, token, recordings.all[row as usize].key)?;
        }
        file.finish()
    }
}

/// Removes the files, which a build that goes on writes anew.
pub(super) fn remove(folder: &Path) -> Result<()> {
    ["names", "redirects", "listens"].into_iter().try_for_each(|what| {
        let path = path(folder, what);
        fs::remove_file(&path).map_err(|error| WorldError::io(&path, error))
    })
}

/// The row of each identifier that a recording of the world has.
pub(super) fn rows(
    config: &BuildConfig,
    folder: &Path,
    counted: &Counted,
) -> Result<FxHashMap<u64, u32>> {
    let keys: FxHashMap<u64, u32> = counted.keys().collect();
    let beside = counted.bytes() + keys.len() * BYTES_A_ROW;
    let has_room = |count: usize| Room::beside(config, beside).at_once(count * BYTES_A_ROW);
    let mut rows = FxHashMap::default();
    for_each_record(&path(folder, "names"), |record: &[u8; PAIR_BYTES]| {
        if let Some(&row) = keys.get(&u64_at(record, 8)) {
            rows.insert(u64_at(record, 0), row);
        }
    })?;
    has_room(rows.len())?;
    let mut redirected: Vec<(u64, Option<u32>)> = Vec::new();
    for_each_record(&path(folder, "redirects"), |record: &[u8; PAIR_BYTES]| {
        let [from, to] = [u64_at(record, 0), u64_at(record, 8)];
        if rows.contains_key(&from) || rows.contains_key(&to) {
            redirected.push((from, rows.get(&to).copied()));
        }
    })?;
    let mut listened = Vec::new();
    for_each_record(&path(folder, "listens"), |record: &[u8; PAIR_BYTES]| {
        let (token, row) = (u64_at(record, 0), keys.get(&u64_at(record, 8)).copied());
        if row.is_some() || rows.contains_key(&token) {
            listened.push((token, row));
        }
    })?;
    has_room(rows.len() + redirected.len() + listened.len())?;
    for (token, row) in redirected.into_iter().chain(listened) {
        match row {
            Some(row) => rows.insert(token, row),
            None => rows.remove(&token),
        };
    }
    Ok(rows)
}
