//! What names recordings have, and by which rule a token finds its own.
//!
//! Canonical names are read once, on a thread of their own, and of them only what tokens ask for is
//! kept. Without them what has an identifier anchors what has names only.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::aliases::Aliases;
use super::parts::token_of;
use super::recordings::{Recording, Token};
use crate::dump::{CanonicalRow, Mbid, Redirect, read_canonical, read_redirects};
use crate::names::{guests, guests_agree, other_keys, recording_key};
use crate::{Result, WorldError};

/// A rule by which a listen found its recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Identifier,
    Redirect,
    Key,
    StrippedKey,
    OwnNames,
}

impl Rule {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Redirect => "identifier that was replaced",
            Self::Key => "names",
            Self::StrippedKey => "names without guests and packaging",
            Self::OwnNames => "names that nobody else has",
        }
    }
}

/// A row of the canonical names that something asks for.
#[derive(Clone, Debug)]
pub(super) struct Canonical {
    pub(super) key: u64,
    /// As [`other_keys`] has them.
    pub(super) other_keys: [Option<u64>; 2],
    score: u64,
    pub(super) mbid: Mbid,
    pub(super) artist: Box<str>,
    pub(super) title: Box<str>,
}

/// What names recordings have, by identifier and by key.
#[derive(Default)]
pub(super) struct Catalogue {
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
    pub(super) fn read(
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
    pub(super) fn by_players(&mut self, tokens: &[Token]) {
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
    pub(super) fn find(&self, token: &Token) -> Option<(Rule, Recording)> {
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
pub(super) const BATCH: usize = 20_000;

/// Reads canonical names on a thread of its own, while `take` makes something of those before.
fn in_batches(path: &Path, mut take: impl FnMut(Vec<NamedRow>) -> Result<()>) -> Result<()> {
    thread::scope(|scope| {
        let (send, batches) = sync_channel(1);
        let reader = scope.spawn(move || {
            // Who takes them is gone only where it failed, and says why itself.
            let gone = |_| WorldError::io(path, io::ErrorKind::Interrupted.into());
            let mut batch = Vec::with_capacity(BATCH);
            read_canonical(path, &mut |row| {
                batch.push(NamedRow::of(&row));
                if batch.len() == BATCH {
                    let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                    send.send(full).map_err(gone)?;
                }
                Ok(())
            })?;
            send.send(batch).map_err(gone)
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
