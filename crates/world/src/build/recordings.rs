//! Second step: which recording each token is.
//!
//! Rules are tried in an order in which each finds what those before it miss: the identifier, the
//! identifier that MusicBrainz replaced it with, the [key](crate::recording_key) of the names as
//! they are, and only then that of the names without guests and packaging. Of 1.25 million fresh
//! listens the plain key finds exactly one candidate for three in four; stripping first finds a
//! fifth less. What no rule finds is a recording by the names that a player wrote.
//!
//! A recording is a key: two identifiers with the same artist and title are one.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use segue_ingest::identity::credited;

use super::aliases::Aliases;
use super::catalogue::{BATCH, Canonical, Catalogue};
use super::memory::Room;
use super::parts::Named;
use super::{BuildConfig, require_memory};
use crate::Result;
use crate::dump::Mbid;
use crate::names::{artist_key, other_keys, recording_key, stripped_key};

/// No recording.
pub(super) const NONE: u32 = u32::MAX;

/// The recordings that tokens stand for.
#[derive(Debug, Default)]
pub(super) struct Recordings {
    /// The recording of each token, [`NONE`] where its names say nothing.
    pub(super) of_token: FxHashMap<u64, u32>,
    pub(super) all: Vec<Recording>,
    /// Names of the artists that recordings have the numbers of.
    pub(super) artists: Vec<String>,
    /// Listens by the rule that told their recording.
    pub(super) joined: BTreeMap<String, u64>,
    /// Listens whose names say nothing.
    pub(super) unnamed: u64,
}

impl Recordings {
    /// Memory that they take, about.
    pub(super) fn bytes(&self) -> usize {
        let names = self.artists.iter().map(|artist| artist.len() + 24 + BYTES_A_TEXT);
        self.of_token.capacity() * BYTES_A_PLACE * 2 / 3
            + names.sum::<usize>()
            + self.all.iter().map(Recording::bytes).sum::<usize>()
    }
}

/// A recording as the world will name it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recording {
    pub(super) key: u64,
    pub(super) mbid: Option<Mbid>,
    pub(super) artist: String,
    pub(super) title: String,
    /// Keys by which it is found besides its own.
    pub(super) other_keys: [Option<u64>; 2],
    /// Number of its artist.
    pub(super) artist_row: u32,
    /// Listens behind the names, where they are those of a player.
    said_by: u64,
}

/// A token with its names.
pub(super) struct Token {
    pub(super) token: u64,
    pub(super) mbid: Option<Mbid>,
    pub(super) listens: u64,
    pub(super) key: Option<u64>,
    /// The [`stripped_key`], where there is no identifier.
    pub(super) stripped: Option<u64>,
    pub(super) artist: Box<str>,
    pub(super) title: Box<str>,
}

/// Where the distinct names that people listened to lie.
pub(super) trait Names {
    /// How many files they are in.
    fn files(&self) -> usize;

    /// Hands on every token of a file. Several files may have the same one, with other names: those
    /// of the first count.
    fn names_of(&self, file: usize, take: &mut dyn FnMut(Named<'_>)) -> Result<()>;
}

pub(super) fn resolve(
    config: &BuildConfig,
    folder: &Path,
    names: &dyn Names,
) -> Result<Recordings> {
    let tokens = tokens(config, names)?;
    let mut catalogue = Catalogue::default();
    let mut aliases = match config.features[..] {
        [] => None,
        _ => Some(Aliases::create(folder)?),
    };
    match &config.canonical {
        Some(path) => catalogue.read(path, &tokens, aliases.as_mut())?,
        None => catalogue.by_players(&tokens),
    }
    let mut recordings = Recordings::default();
    let mut rows = Rows::default();
    for tokens in tokens.chunks(BATCH) {
        let found: Vec<_> = tokens.par_iter().map(|token| catalogue.find(token)).collect();
        for (token, found) in tokens.iter().zip(found) {
            let Some((rule, recording)) = found else {
                recordings.unnamed += token.listens;
                recordings.of_token.insert(token.token, NONE);
                continue;
            };
            *recordings.joined.entry(rule.name().to_owned()).or_default() += token.listens;
            let row = rows.add(&mut recordings, recording);
            recordings.of_token.insert(token.token, row);
        }
    }
    if let Some(aliases) = aliases {
        aliases.finish(folder, &recordings)?;
    }
    Ok(recordings)
}

/// Bytes that an allocation takes beside its content.
const BYTES_A_TEXT: usize = 16;
/// Bytes of a place in a table from numbers to numbers, with those that are free.
const BYTES_A_PLACE: usize = 32;
/// Bytes that a token takes beside its names: itself, its places in five tables, what canonical
/// names are found for it, and the recording that it becomes.
const BYTES_A_TOKEN: usize = size_of::<Token>()
    + size_of::<Canonical>()
    + size_of::<Recording>()
    + 5 * BYTES_A_PLACE
    + 6 * BYTES_A_TEXT;
/// Names that a token takes: its own, canonical ones, and those of its recording.
const NAMES_A_TOKEN: usize = 3;

/// Every token once, in the order of tokens: nothing may depend on which part came first.
fn tokens(config: &BuildConfig, names: &dyn Names) -> Result<Vec<Token>> {
    let mut rows: FxHashMap<u64, u32> = FxHashMap::default();
    let mut tokens: Vec<Token> = Vec::new();
    let (fixed, mut bytes) = (Room::beside(config, 0).taken(), 0);
    for file in 0..names.files() {
        require_memory(config, [fixed, bytes], [file, names.files()])?;
        names.names_of(file, &mut |named| {
            let row = *rows.entry(named.token).or_insert_with(|| {
                let names = named.artist.len() + named.title.len();
                bytes += BYTES_A_TOKEN + NAMES_A_TOKEN * names;
                tokens.push(Token {
                    token: named.token,
                    mbid: named.recording,
                    listens: 0,
                    key: None,
                    stripped: None,
                    artist: named.artist.into(),
                    title: named.title.into(),
                });
                tokens.len() as u32 - 1
            });
            tokens[row as usize].listens += named.listens;
        })?;
    }
    require_memory(config, [fixed, bytes], [1, 1])?;
    tokens.par_sort_unstable_by_key(|token| token.token);
    tokens.par_iter_mut().for_each(|token| {
        token.key = recording_key(&token.artist, &token.title);
        let stripped = || stripped_key(&token.artist, &token.title);
        token.stripped = if token.mbid.is_none() { stripped() } else { None };
    });
    Ok(tokens)
}

impl Recording {
    /// Memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.artist.len() + self.title.len() + 2 * BYTES_A_TEXT
    }

    pub(super) fn canonical(found: &Canonical) -> Self {
        Self {
            key: found.key,
            other_keys: found.other_keys,
            mbid: Some(found.mbid),
            artist: found.artist.to_string(),
            title: found.title.to_string(),
            artist_row: NONE,
            said_by: u64::MAX,
        }
    }

    pub(super) fn own(key: u64, token: &Token) -> Self {
        Self {
            key,
            other_keys: other_keys(&token.artist, &token.title, 1),
            mbid: token.mbid,
            artist: token.artist.to_string(),
            title: token.title.to_string(),
            artist_row: NONE,
            said_by: token.listens,
        }
    }
}

/// Rows of recordings and artists by their keys.
#[derive(Default)]
struct Rows {
    by_key: FxHashMap<u64, u32>,
    artists: FxHashMap<u64, u32>,
}

impl Rows {
    /// The row of a recording; of several that share a key, the one with the names that most say.
    fn add(&mut self, recordings: &mut Recordings, recording: Recording) -> u32 {
        let all = &mut recordings.all;
        let row = *self.by_key.entry(recording.key).or_insert(all.len() as u32);
        let at = row as usize;
        if at < all.len() && all[at].said_by >= recording.said_by {
            return row;
        }
        let named = credited([recording.artist.as_str()]);
        let artist = named.into_iter().next().unwrap_or_else(|| recording.artist.clone());
        let key = artist_key(&artist).unwrap_or(recording.key);
        let artist_row = *self.artists.entry(key).or_insert_with(|| {
            recordings.artists.push(artist);
            recordings.artists.len() as u32 - 1
        });
        let recording = Recording { artist_row, ..recording };
        match all.get_mut(at) {
            Some(known) => *known = recording,
            None => all.push(recording),
        }
        row
    }
}
