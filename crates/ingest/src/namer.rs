//! Tracks from names, remembered: a history names the same songs again and again, and reading a
//! title costs more than looking it up.

use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap};
use segue_core::{Track, TrackId, Version, WorkId};

use crate::identity::named_track;

/// Names remembered before all are forgotten, which bounds memory to some 20 MB.
const MOST_NAMES: usize = 50_000;
/// Longest name that is remembered, in bytes; longer ones are rare.
const LONGEST_NAME: usize = 300;
/// Names whose first sight is kept in mind.
const MOST_SIGHTS: usize = 1 << 16;

/// What the names of a track mean.
pub(crate) struct Namer {
    known: FxHashMap<String, Meaning>,
    /// Marks of names that were seen, each in a place of its own. Only what comes again is
    /// remembered: in a table of tracks nothing does, and remembering costs more than reading.
    seen: Vec<u32>,
    key: String,
}

/// All of a track that comes from its names.
#[derive(Clone)]
struct Meaning {
    artists: Vec<String>,
    id: TrackId,
    work: WorkId,
    version: Version,
}

impl Default for Namer {
    fn default() -> Self {
        Self { known: FxHashMap::default(), seen: vec![0; MOST_SIGHTS], key: String::new() }
    }
}

impl Namer {
    /// A track by `artists`, the main one first, as [`named_track`] makes it. Without an `id` it
    /// gets one made from its names.
    pub(crate) fn track<'t>(
        &mut self,
        id: Option<TrackId>,
        artists: impl IntoIterator<Item = &'t str>,
        title: &str,
    ) -> Track {
        let artists: Vec<&str> = artists.into_iter().collect();
        let Meaning { artists, id: made, work, version } = self.meaning(&artists, title);
        Track { artists, version, ..Track::new(id.unwrap_or(made), work, title) }
    }

    fn meaning(&mut self, artists: &[&str], title: &str) -> Meaning {
        self.key.clear();
        for name in artists.iter().chain([&title]) {
            self.key.push_str(name);
            self.key.push('\n');
        }
        // Names of several lines could make one key of two lists.
        let is_telling = self.key.matches('\n').count() == artists.len() + 1;
        if is_telling && let Some(meaning) = self.known.get(&self.key) {
            return meaning.clone();
        }
        let artists = artists.iter().map(|&artist| artist.to_owned()).collect();
        let Track { artists, id, work, version, .. } = named_track(None, artists, title);
        let meaning = Meaning { artists, id, work, version };
        if is_telling && self.key.len() <= LONGEST_NAME && self.is_seen_again() {
            if self.known.len() >= MOST_NAMES {
                self.known.clear();
            }
            self.known.insert(self.key.clone(), meaning.clone());
        }
        meaning
    }

    /// Whether the names were seen before, which two names of one mark may be taken for.
    fn is_seen_again(&mut self) -> bool {
        let hash = FxBuildHasher.hash_one(&self.key);
        let (place, mark) = (hash as usize % MOST_SIGHTS, (hash >> 32) as u32);
        std::mem::replace(&mut self.seen[place], mark) == mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_remembered_is_what_reading_would_give(
            rows in prop::collection::vec(
                (
                    prop::collection::vec("[ab\n]{1,2}", 0..3),
                    "[ab\n]{1,2}( - Live)?( feat. b)?",
                    any::<bool>(),
                ),
                1..60,
            ),
        ) {
            let mut namer = Namer::default();
            for (artists, title, has_id) in rows {
                let id = has_id.then(|| TrackId::new("item:1"));
                let found = namer.track(id.clone(), artists.iter().map(String::as_str), &title);
                prop_assert_eq!(found, named_track(id, artists, &title));
            }
        }
    }

    #[test]
    fn only_names_that_come_again_are_remembered() {
        let mut namer = Namer::default();
        for _ in 0..2 {
            namer.track(None, ["A"], "Song");
        }
        namer.track(None, ["A"], "Another");
        assert_eq!(namer.known.keys().collect::<Vec<_>>(), ["A\nSong\n"]);
    }
}
