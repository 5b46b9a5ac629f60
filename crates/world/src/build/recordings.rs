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
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use segue_ingest::identity::credited;

use super::aliases::Aliases;
use super::memory::Room;
use super::parts::{Parts, names_of, token_of};
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

pub(super) fn resolve(config: &BuildConfig, folder: &Path, parts: &Parts) -> Result<Recordings> {
    let tokens = tokens(config, parts)?;
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
fn tokens(config: &BuildConfig, parts: &Parts) -> Result<Vec<Token>> {
    let mut rows: FxHashMap<u64, u32> = FxHashMap::default();
    let mut tokens: Vec<Token> = Vec::new();
    let (fixed, mut bytes) = (Room::beside(config, 0).taken(), 0);
    for (done, part) in parts.files.iter().enumerate() {
        require_memory(config, [fixed, bytes], [done, parts.files.len()])?;
        names_of(part, |named| {
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
            tokens[row as usize].listens += u64::from(named.listens);
            Ok(())
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

/// What names recordings have, by identifier and by key.
#[derive(Default)]
struct Catalogue {
    redirects: FxHashMap<u64, u64>,
    by_mbid: Names,
    by_key: Names,
    /// By keys that recordings have besides their own.
    by_other_key: Names,
}

/// What is asked for, and the best that is found.
type Names = FxHashMap<u64, Option<Arc<Canonical>>>;

impl Catalogue {
    /// Reads of the canonical names what tokens ask for.
    fn read(
        &mut self,
        path: &Path,
        tokens: &[Token],
        mut aliases: Option<&mut Aliases>,
    ) -> Result<()> {
        let (mut mbids, mut keys) = (Names::default(), Names::default());
        for token in tokens {
            if token.mbid.is_some() {
                mbids.insert(token.token, None);
            }
            let both = [token.key, token.stripped].into_iter().flatten();
            keys.extend(both.map(|key| (key, None)));
        }
        let mut by_other_key = keys.clone();
        let redirects = &mut self.redirects;
        read_redirects(path, &mut |redirect| {
            let Redirect { from, to } = redirect;
            if mbids.contains_key(&token_of(from)) {
                redirects.insert(token_of(from), token_of(to));
            }
            aliases.as_mut().map_or(Ok(()), |aliases| aliases.redirect(redirect))
        })?;
        mbids.extend(redirects.values().map(|&to| (to, None)));
        in_batches(path, |batch| {
            let keyed: Vec<_> = batch.into_par_iter().map(Canonical::of).collect();
            for row in keyed.into_iter().flatten().map(Arc::new) {
                offer(mbids.get_mut(&token_of(row.mbid)), &row);
                let found = keys.get_mut(&row.key);
                if let (Some(aliases), true) = (&mut aliases, found.is_some()) {
                    aliases.name(row.mbid, row.key)?;
                }
                offer(found, &row);
                for other in row.other_keys.into_iter().flatten() {
                    offer(by_other_key.get_mut(&other), &row);
                }
            }
            Ok(())
        })?;
        (self.by_mbid, self.by_key, self.by_other_key) = (mbids, keys, by_other_key);
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
            let one = Arc::new(Canonical { key, other_keys, score, mbid, artist, title });
            let offer = |table: &mut Names, key| {
                let entry = table.entry(key).or_default();
                if entry.as_ref().is_none_or(|found| one.score < found.score) {
                    *entry = Some(Arc::clone(&one));
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
            let by_mbid = found_in(&self.by_mbid, *target.unwrap_or(&token.token));
            let rule = if target.is_some() { Rule::Redirect } else { Rule::Identifier };
            if let Some(canonical) = by_mbid {
                return Some((rule, Recording::canonical(canonical)));
            }
        }
        let by_key = token.key.and_then(|key| found_in(&self.by_key, key));
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
        tables.into_iter().find_map(|table| found_in(table, stripped).filter(agrees))
    }
}

fn found_in(names: &Names, key: u64) -> Option<&Canonical> {
    names.get(&key)?.as_deref()
}

/// Takes a row in the place of one that names a recording worse: a lower score is a better release.
fn offer(place: Option<&mut Option<Arc<Canonical>>>, row: &Arc<Canonical>) {
    let rank = |one: &Canonical| (one.score, one.mbid);
    if let Some(place) = place.filter(|found| found.as_ref().is_none_or(|f| rank(row) < rank(f))) {
        *place = Some(Arc::clone(row));
    }
}

/// Tokens, or rows of canonical names, that are looked at together, on all cores.
const BATCH: usize = 20_000;

/// Reads canonical names on a thread of its own, while `take` makes something of those before.
fn in_batches(path: &Path, mut take: impl FnMut(Vec<NamedRow>) -> Result<()>) -> Result<()> {
    thread::scope(|scope| {
        let (send, batches) = sync_channel(1);
        let reader = scope.spawn(move || {
            let mut batch = Vec::with_capacity(BATCH);
            read_canonical(path, &mut |row| {
                batch.push(NamedRow::of(&row));
                if batch.len() == BATCH {
                    // Who takes them is gone only where it failed.
                    let _ = send.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)));
                }
                Ok(())
            })?;
            let _ = send.send(batch);
            Ok(())
        });
        let taken = batches.iter().try_for_each(&mut take);
        drop(batches);
        taken?;
        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// A row of the canonical names.
struct NamedRow {
    mbid: Mbid,
    artist: Box<str>,
    title: Box<str>,
    /// How many artists are credited.
    artists: usize,
    score: u64,
}

impl NamedRow {
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
    fn of(NamedRow { mbid, artist, title, artists, score }: NamedRow) -> Option<Self> {
        let key = recording_key(&artist, &title)?;
        let other_keys = other_keys(&artist, &title, artists);
        Some(Self { key, other_keys, score, mbid, artist, title })
    }
}

impl Recording {
    /// Memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.artist.len() + self.title.len() + 2 * BYTES_A_TEXT
    }

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
