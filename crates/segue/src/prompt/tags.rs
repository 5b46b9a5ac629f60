//! What listeners call the artists of a catalogue, by tables of tags that were imported.
//!
//! A tag fits an artist where it is a twentieth of all that people gave them: 4 % of what Björk is
//! tagged with says trip-hop, and 12 % of M83 shoegaze. Words fit by all tags that have them, so
//! that two people who say "dream pop" and two who say "pop" are four who say pop.

use rustc_hash::FxHashMap;
use segue_core::ArtistTag;
use segue_engine::ArtistIdx;

use super::vocabulary::squeeze;

/// A tag fits from so much of what an artist is tagged with.
const LEAST_SHARE: f64 = 0.05;

/// The tags of the artists of one catalogue.
#[derive(Debug, Default)]
pub(super) struct ListenerTags {
    names: Vec<String>,
    of_artist: FxHashMap<ArtistIdx, Vec<CountedTag>>,
}

/// A tag of an artist, and how many people gave it.
#[derive(Clone, Copy, Debug)]
struct CountedTag {
    tag: u32,
    people: u32,
}

impl ListenerTags {
    /// Those of the artists that `find` knows by their squeezed names, whatever spellings of them
    /// the tables have.
    pub(super) fn of(said: &[ArtistTag], find: impl Fn(&str) -> Option<ArtistIdx>) -> Self {
        let mut tags = Self::default();
        let mut known: FxHashMap<&str, u32> = FxHashMap::default();
        for of_one in said.chunk_by(|a, b| a.artist == b.artist) {
            let Some(artist) = find(&squeeze(&of_one[0].artist)) else { continue };
            let theirs = tags.of_artist.entry(artist).or_default();
            for ArtistTag { tag, people, .. } in of_one {
                let tag = *known.entry(tag).or_insert_with(|| {
                    tags.names.push(tag.clone());
                    tags.names.len() as u32 - 1
                });
                theirs.push(CountedTag { tag, people: *people });
            }
        }
        tags
    }

    /// Every tag that any of the artists has.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Of every artist with tags, whether those that `is_meant` fit together.
    pub(super) fn fitting(&self, is_meant: impl Fn(&str) -> bool) -> FxHashMap<ArtistIdx, bool> {
        let meant: Vec<bool> = self.names().map(is_meant).collect();
        let fits = |tags: &Vec<CountedTag>| {
            let people = |is_counted: &dyn Fn(usize) -> bool| -> f64 {
                let counted = tags.iter().filter(|one| is_counted(one.tag as usize));
                counted.map(|one| f64::from(one.people)).sum()
            };
            people(&|tag| meant[tag]) >= LEAST_SHARE * people(&|_| true)
        };
        self.of_artist.iter().map(|(artist, tags)| (*artist, fits(tags))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fit_by_the_share_of_all_tags_that_have_them() {
        let said = |artist: &str, tag: &str, people| ArtistTag {
            artist: artist.to_owned(),
            tag: tag.to_owned(),
            people,
        };
        let said = [
            said("Ann", "dream pop", 2),
            said("Ann", "folk", 90),
            said("Ann", "pop", 4),
            said("Ann", "sad", 2),
            said("Nobody", "pop", 9),
            said("ann", "folk", 2),
        ];
        let tags = ListenerTags::of(&said, |name| (name == "ann").then_some(ArtistIdx(7)));
        let fits = |word: &str| tags.fitting(|tag| tag.ends_with(word))[&ArtistIdx(7)];
        assert!(fits("pop") && fits("folk") && !fits("dream pop") && !fits("sad"));
        assert_eq!(tags.names().collect::<Vec<_>>(), ["dream pop", "folk", "pop", "sad"]);
    }
}
