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

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use segue_ingest::identity::credited;

use super::parts::{Named as Listened, token_of};
use super::{BuildConfig, require_memory};
use crate::Result;
use crate::dump::{CanonicalRow, Mbid, Redirect, read_canonical, read_redirects};
use crate::names::{artist_key, guests, guests_agree, other_keys, recording_key, stripped_key};

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

/// A rule by which a listen found its recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Identifier,
    Redirect,
    Key,
    StrippedKey,
    OwnNames,
}

impl Rule {
    fn name(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Redirect => "identifier that was replaced",
            Self::Key => "names",
            Self::StrippedKey => "names without guests and packaging",
            Self::OwnNames => "names that nobody else has",
        }
    }
}

/// A token with its names.
struct Token {
    token: u64,
    mbid: Option<Mbid>,
    listens: u64,
    key: Option<u64>,
    /// The [`stripped_key`], where there is no identifier.
    stripped: Option<u64>,
    artist: Box<str>,
    title: Box<str>,
}

/// A row of the canonical names that something asks for.
#[derive(Clone, Debug)]
struct Canonical {
    key: u64,
    /// As [`other_keys`] has them.
    other_keys: [Option<u64>; 2],
    score: u64,
    mbid: Mbid,
    artist: Box<str>,
    title: Box<str>,
}

/// Where the distinct names that people listened to lie.
pub(super) trait Names {
    /// How many files they are in.
    fn files(&self) -> usize;

    /// Hands on every token of a file. Several files may have the same one, with other names: those
    /// of the first count.
    fn names_of(&self, file: usize, take: &mut dyn FnMut(Listened<'_>)) -> Result<()>;
}

pub(super) fn resolve(config: &BuildConfig, names: &dyn Names) -> Result<Recordings> {
    let tokens = tokens(config, names)?;
    let mut catalogue = Catalogue::default();
    match &config.canonical {
        Some(path) => catalogue.read(path, &tokens)?,
        None => catalogue.by_players(&tokens),
    }
    let mut recordings = Recordings::default();
    let mut rows = Rows::default();
    for token in &tokens {
        let Some((rule, recording)) = catalogue.find(token) else {
            recordings.unnamed += token.listens;
            recordings.of_token.insert(token.token, NONE);
            continue;
        };
        *recordings.joined.entry(rule.name().to_owned()).or_default() += token.listens;
        let row = rows.add(&mut recordings, recording);
        recordings.of_token.insert(token.token, row);
    }
    Ok(recordings)
}

/// Bytes that a token takes beside its names: itself, its place in tables, and what the allocator
/// adds to two texts.
const BYTES_A_TOKEN: usize = size_of::<Token>() + 80;

/// Every token once, in the order of tokens: nothing may depend on which part came first.
fn tokens(config: &BuildConfig, names: &dyn Names) -> Result<Vec<Token>> {
    let mut rows: FxHashMap<u64, u32> = FxHashMap::default();
    let mut tokens: Vec<Token> = Vec::new();
    let mut bytes = 0;
    for file in 0..names.files() {
        require_memory(config, bytes, [file, names.files()])?;
        names.names_of(file, &mut |named| {
            let row = *rows.entry(named.token).or_insert_with(|| {
                // As much again goes to what canonical names are found for it.
                bytes += 2 * (BYTES_A_TOKEN + named.artist.len() + named.title.len());
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
    require_memory(config, bytes, [1, 1])?;
    tokens.par_sort_unstable_by_key(|token| token.token);
    tokens.par_iter_mut().for_each(|token| {
        token.key = recording_key(&token.artist, &token.title);
        let stripped = || stripped_key(&token.artist, &token.title);
        token.stripped = if token.mbid.is_none() { stripped() } else { None };
    });
    Ok(tokens)
}

/// What names recordings have, by identifier and by key.
#[derive(Default)]
struct Catalogue {
    redirects: FxHashMap<u64, u64>,
    by_mbid: FxHashMap<u64, Canonical>,
    by_key: FxHashMap<u64, Canonical>,
    /// By keys that recordings have besides their own.
    by_other_key: FxHashMap<u64, Canonical>,
}

impl Catalogue {
    /// Reads of the canonical names what tokens ask for.
    fn read(&mut self, path: &std::path::Path, tokens: &[Token]) -> Result<()> {
        let mut mbids: FxHashMap<u64, Option<Canonical>> = FxHashMap::default();
        let mut keys: FxHashMap<u64, Option<Canonical>> = FxHashMap::default();
        for token in tokens {
            if token.mbid.is_some() {
                mbids.insert(token.token, None);
            }
            let both = [token.key, token.stripped].into_iter().flatten();
            keys.extend(both.map(|key| (key, None)));
        }
        let mut by_other_key = keys.clone();
        let redirects = &mut self.redirects;
        read_redirects(path, &mut |Redirect { from, to }| {
            if mbids.contains_key(&token_of(from)) {
                redirects.insert(token_of(from), token_of(to));
            }
            Ok(())
        })?;
        mbids.extend(redirects.values().map(|&to| (to, None)));
        let mut batch: Vec<Named> = Vec::with_capacity(BATCH);
        let mut take = |batch: &mut Vec<Named>| {
            let keyed: Vec<Option<Canonical>> = batch.par_drain(..).map(Canonical::of).collect();
            for row in keyed.into_iter().flatten() {
                offer(mbids.get_mut(&token_of(row.mbid)), &row);
                offer(keys.get_mut(&row.key), &row);
                for other in row.other_keys.into_iter().flatten() {
                    offer(by_other_key.get_mut(&other), &row);
                }
            }
        };
        read_canonical(path, &mut |row| {
            batch.push(Named::of(&row));
            if batch.len() == BATCH {
                take(&mut batch);
            }
            Ok(())
        })?;
        take(&mut batch);
        let found = |(token, found): (u64, Option<Canonical>)| Some((token, found?));
        self.by_mbid = mbids.into_iter().filter_map(found).collect();
        self.by_key = keys.into_iter().filter_map(found).collect();
        self.by_other_key = by_other_key.into_iter().filter_map(found).collect();
        Ok(())
    }

    /// Without canonical names, what has an identifier anchors what has names only.
    fn by_players(&mut self, tokens: &[Token]) {
        for token in tokens {
            let (Some(mbid), Some(key)) = (token.mbid, token.key) else { continue };
            // The fewer others listen, the worse, as with releases.
            let score = u64::MAX - token.listens;
            let [artist, title] = [token.artist.clone(), token.title.clone()];
            let other_keys = other_keys(&artist, &title, 1);
            let one = Canonical { key, other_keys, score, mbid, artist, title };
            let offer = |table: &mut FxHashMap<u64, Canonical>, key| {
                let entry = table.entry(key).or_insert_with(|| one.clone());
                if one.score < entry.score {
                    *entry = one.clone();
                }
            };
            offer(&mut self.by_key, key);
            other_keys.into_iter().flatten().for_each(|key| offer(&mut self.by_other_key, key));
        }
    }

    /// The recording of a token and the rule that told it; `None` where its names say nothing.
    fn find(&self, token: &Token) -> Option<(Rule, Recording)> {
        if token.mbid.is_some() {
            let target = self.redirects.get(&token.token);
            let by_mbid = self.by_mbid.get(target.unwrap_or(&token.token));
            let rule = if target.is_some() { Rule::Redirect } else { Rule::Identifier };
            if let Some(canonical) = by_mbid {
                return Some((rule, Recording::canonical(canonical)));
            }
        }
        let by_key = token.key.and_then(|key| self.by_key.get(&key));
        let is_own = |found: &Canonical| Some(found.mbid) == token.mbid;
        if let Some(canonical) = by_key {
            let rule = if is_own(canonical) { Rule::Identifier } else { Rule::Key };
            return Some((rule, Recording::canonical(canonical)));
        }
        if let Some(canonical) = self.find_stripped(token) {
            return Some((Rule::StrippedKey, Recording::canonical(canonical)));
        }
        let key = token.key.or(token.mbid.map(|_| token.token))?;
        Some((Rule::OwnNames, Recording::own(key, token)))
    }

    /// As [`World::find`](crate::World::find) does.
    fn find_stripped(&self, token: &Token) -> Option<&Canonical> {
        let stripped = token.stripped?;
        let names = [&*token.artist, &*token.title];
        let mut tables = [&self.by_key, &self.by_other_key];
        if !guests(names).is_empty() {
            tables.reverse();
        }
        let agrees = |found: &&Canonical| guests_agree(names, [&found.artist, &found.title]);
        tables.into_iter().find_map(|table| table.get(&stripped).filter(agrees))
    }
}

/// Takes a row in the place of one that names a recording worse: a lower score is a better release.
fn offer(place: Option<&mut Option<Canonical>>, row: &Canonical) {
    let rank = |one: &Canonical| (one.score, one.mbid);
    if let Some(place) = place.filter(|found| found.as_ref().is_none_or(|f| rank(row) < rank(f))) {
        *place = Some(row.clone());
    }
}

/// Rows of canonical names of which keys are made at once, on all cores.
const BATCH: usize = 20_000;

/// A row of the canonical names.
struct Named {
    mbid: Mbid,
    artist: Box<str>,
    title: Box<str>,
    /// How many artists are credited.
    artists: usize,
    score: u64,
}

impl Named {
    fn of(row: &CanonicalRow<'_>) -> Self {
        Self {
            mbid: row.recording,
            artist: row.artist.into(),
            title: row.title.into(),
            artists: row.artists.split(',').count(),
            score: row.score,
        }
    }
}

impl Canonical {
    /// `None` where the names say nothing.
    fn of(Named { mbid, artist, title, artists, score }: Named) -> Option<Self> {
        let key = recording_key(&artist, &title)?;
        let other_keys = other_keys(&artist, &title, artists);
        Some(Self { key, other_keys, score, mbid, artist, title })
    }
}

impl Recording {
    fn canonical(found: &Canonical) -> Self {
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

    fn own(key: u64, token: &Token) -> Self {
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
