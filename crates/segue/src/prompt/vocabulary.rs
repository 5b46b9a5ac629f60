//! The names that a prompt may use: genres, artists and titles of one catalogue, and what listeners
//! call its artists.

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::{ArtistTag, SOUND_TAGS};
use segue_engine::{ArtistIdx, Catalogue, TrackIdx};

use super::alike::GenreTies;
use super::tags::ListenerTags;
use super::tokens::{squeezed, words};
use super::words::SPELLINGS;

/// Names of more words are not looked for.
pub(super) const LONGEST_NAME: usize = 8;
/// Parts of genres of more words are not looked for.
const LONGEST_GENRE: usize = 4;

/// The names of a catalogue as prompts are read by them. A snapshot makes them when the first
/// prompt is read, and keeps them.
#[derive(Debug, Default)]
pub struct PromptNames {
    names: OnceLock<Names>,
    /// As the store has them, by artist.
    tags: Vec<ArtistTag>,
}

/// Names in squeezed form, each with what bears it.
#[derive(Debug)]
struct Names {
    artists: FxHashMap<String, ArtistIdx>,
    /// Every run of words within a genre.
    genres: FxHashSet<String>,
    /// What listeners call its artists, and these tags whole.
    tags: ListenerTags,
    tag_names: FxHashSet<String>,
    /// Made when a title is looked for: hashes of titles, with their tracks.
    titles: OnceLock<Vec<(u64, TrackIdx)>>,
    /// Made when a genre is looked for.
    ties: OnceLock<GenreTies>,
}

/// The names of one catalogue, to be looked up.
#[derive(Clone, Copy)]
pub(super) struct Vocabulary<'a> {
    catalogue: &'a Catalogue,
    names: &'a Names,
    said: &'a [ArtistTag],
}

impl PromptNames {
    /// Names of a catalogue that is yet to be read, with the tags of artists in the order of
    /// artists.
    pub(crate) fn with_tags(tags: Vec<ArtistTag>) -> Self {
        Self { names: OnceLock::new(), tags }
    }
}

impl<'a> Vocabulary<'a> {
    pub(super) fn of(catalogue: &'a Catalogue, names: &'a PromptNames) -> Self {
        let PromptNames { names, tags } = names;
        Self { catalogue, names: names.get_or_init(|| Names::of(catalogue, tags)), said: tags }
    }

    /// The artist of a squeezed name, with or without an article.
    pub(super) fn artist(&self, name: &str) -> Option<ArtistIdx> {
        artist_in(&self.names.artists, name)
    }

    /// The genre of a squeezed name, as [`parts`] of genres have it, if any track has it; or the
    /// tag of that name, if listeners gave it to any artist.
    pub(super) fn genre(&self, name: &str) -> Option<String> {
        let spelled = spelled(name);
        let Names { genres, tag_names, .. } = self.names;
        (genres.contains(spelled) || tag_names.contains(spelled)).then(|| spelled.to_owned())
    }

    /// What listeners call the artists.
    pub(super) fn tags(&self) -> &'a ListenerTags {
        &self.names.tags
    }

    /// The genres that go with one of a squeezed name.
    pub(super) fn alike(&self, genre: &str) -> Vec<&'a str> {
        self.names.ties.get_or_init(|| GenreTies::of(self.catalogue, self.said)).alike(genre)
    }

    /// The tracks of a squeezed title.
    pub(super) fn titled(&self, title: &str) -> impl Iterator<Item = TrackIdx> + Clone + 'a {
        let titles = self.names.titles.get_or_init(|| titles(self.catalogue));
        let wanted = hash(title);
        let first = titles.partition_point(|(hash, _)| *hash < wanted);
        let of_title = titles[first..].iter().take_while(move |(hash, _)| *hash == wanted);
        of_title.map(|(_, row)| *row)
    }

    /// The artist whose name is most like a squeezed one, if any is like it.
    pub(super) fn artist_like(&self, name: &str) -> Option<ArtistIdx> {
        let names = self.names.artists.keys().map(String::as_str);
        self.artist(nearest(name, names)?)
    }

    /// Every genre word, to find the one that was meant.
    pub(super) fn genre_names(&self) -> impl Iterator<Item = &'a str> {
        self.names.genres.iter().map(String::as_str)
    }
}

impl Names {
    fn of(catalogue: &Catalogue, said: &[ArtistTag]) -> Self {
        let mut artists = FxHashMap::default();
        for artist in (0..catalogue.artist_count() as u32).map(ArtistIdx) {
            let name = squeeze(catalogue.artist_name(artist));
            if !name.is_empty() {
                artists.entry(name).or_insert(artist);
            }
        }
        let mut genres: FxHashSet<String> = genres(catalogue).into_iter().flat_map(parts).collect();
        if catalogue.embedding_axes().is_some() {
            genres.extend(SOUND_TAGS.into_iter().map(|tag| spelled(&squeeze(tag)).to_owned()));
        }
        let tags = ListenerTags::of(said, |name| artist_in(&artists, name));
        // Years have rules of their own, and who is called like a band of its own is that band.
        let is_word = |name: &String| {
            !name.is_empty()
                && !name.contains(|c: char| c.is_ascii_digit())
                && artist_in(&artists, name).is_none()
        };
        let squeezed = tags.names().map(|tag| spelled(&squeeze(tag)).to_owned());
        let tag_names = squeezed.filter(is_word).collect();
        let (titles, ties) = (OnceLock::new(), OnceLock::new());
        Self { artists, genres, tags, tag_names, titles, ties }
    }
}

fn artist_in(artists: &FxHashMap<String, ArtistIdx>, name: &str) -> Option<ArtistIdx> {
    let named = |name: &str| artists.get(name).copied();
    named(name)
        .or_else(|| named(&format!("the{name}")))
        .or_else(|| named(name.strip_prefix("the")?))
}

/// Every title, and what of it stands before "- Remastered" or "(Live)", in the order of hashes.
fn titles(catalogue: &Catalogue) -> Vec<(u64, TrackIdx)> {
    let mut titles = Vec::with_capacity(catalogue.len());
    for row in catalogue.rows() {
        let title = &catalogue.track(row).title;
        titles.push((hash(&squeeze(title)), row));
        let plain = title.split(" - ").next().and_then(|title| title.split(" (").next());
        if let Some(plain) = plain.filter(|plain| plain.len() < title.len()) {
            titles.push((hash(&squeeze(plain)), row));
        }
    }
    titles.sort_unstable();
    titles
}

fn hash(text: &str) -> u64 {
    let hash = blake3::hash(text.as_bytes());
    let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has more than eight bytes");
    u64::from_le_bytes(*first)
}

/// Another spelling as the usual one.
pub(super) fn spelled(name: &str) -> &str {
    SPELLINGS.iter().find(|(other, _)| *other == name).map_or(name, |(_, usual)| usual)
}

pub(super) fn squeeze(name: &str) -> String {
    squeezed(words(name).iter().map(String::as_str))
}

/// The different genres of a catalogue, as their sources write them.
fn genres(catalogue: &Catalogue) -> FxHashSet<&str> {
    catalogue.rows().filter_map(|row| catalogue.track(row).genre.as_deref()).collect()
}

/// Every run of words of a genre in squeezed form: "Alternative Rock" is alternative, rock, and
/// both together.
pub(super) fn parts(genre: &str) -> FxHashSet<String> {
    let words = words(genre);
    let run = |from: usize, length: usize| {
        let words = words.get(from..from + length)?;
        Some(spelled(&squeezed(words.iter().map(String::as_str))).to_owned())
    };
    let from = |from: usize| (1..=LONGEST_GENRE).filter_map(move |length| run(from, length));
    (0..words.len()).flat_map(from).filter(|part| part != "and").collect()
}

/// The name of fewest letters changed: one in short words, two in long ones, none in shorter than
/// four letters. Of equals the first in the alphabet.
pub(super) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let length = name.chars().count();
    let most = match length {
        0..4 => return None,
        4..8 => 1,
        _ => 2,
    };
    let wrong = |other: &'n str| -> Option<(usize, &'n str)> {
        let is_near = other.chars().count().abs_diff(length) <= most;
        let wrong = is_near.then(|| strsim::osa_distance(name, other))?;
        (wrong <= most).then_some((wrong, other))
    };
    names.filter_map(wrong).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_genre_is_found_by_each_of_its_words_and_in_other_spellings() {
        let parts_of = |genre| {
            let mut parts: Vec<String> = parts(genre).into_iter().collect();
            parts.sort();
            parts
        };
        assert_eq!(parts_of("Hip-Hop/Rap"), ["hip", "hiphop", "hiphoprap", "hop", "hoprap", "rap"]);
        assert!(parts("R&B").contains("randb"));
        assert_eq!(spelled("rnb"), "randb");
        assert!(parts("Drum 'n' Bass").contains(spelled("dnb")));
    }

    #[test]
    fn the_nearest_name_is_within_a_letter_or_two() {
        let names = ["mellow", "metal", "melancholic"];
        assert_eq!(nearest("melow", names.into_iter()), Some("mellow"));
        assert_eq!(nearest("melancolik", names.into_iter()), Some("melancholic"));
        assert_eq!(nearest("yellowish", names.into_iter()), None);
        assert_eq!(nearest("mel", names.into_iter()), None);
    }
}
