//! Finding tracks and artists by words, as people type them: any order, no accents, a letter wrong.
//!
//! Every track is looked at, which takes some 50 ms for 100,000; only where nothing holds all words
//! are the words of the whole catalogue compared with those that were typed.

use std::collections::HashMap;

use segue_engine::{ArtistIdx, TrackIdx};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::Snapshot;

/// A search looks for at most so many words.
const MOST_WORDS: usize = 12;
/// Words that are shorter are taken as they are.
const SHORTEST_CORRECTED: usize = 4;
/// In words of this length and more, two letters may be wrong.
const TWO_WRONG_FROM: usize = 8;

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Tracks of which title, artists and album together hold every word, the most popular first.
    pub tracks: Vec<TrackIdx>,
    /// How many such tracks there are, those included that were not asked for.
    pub total: usize,
    /// Artists whose name holds every word, those with most tracks first.
    pub artists: Vec<ArtistIdx>,
    /// The words that were looked for instead, where nothing holds those that were typed.
    pub read_as: Option<String>,
}

impl Snapshot {
    /// Looks for words in the titles, artists and albums of tracks, and in the names of artists: at
    /// most `most` of each. Letter case and accents do not count. Where nothing holds all of the
    /// words, each that is nowhere in the catalogue is read as the word that is most like it.
    ///
    /// ```
    /// # use segue::{ImportOptions, Library, ListenerId};
    /// # let folder = tempfile::tempdir()?;
    /// # let table = folder.path().join("tracks.csv");
    /// # let row = "track_id,track_name,artist_name,tempo\nt1,Bohemian Rhapsody,Queen,72\n";
    /// # std::fs::write(&table, row)?;
    /// # let mut library = Library::open(folder.path().join("library"))?;
    /// # library.import(&[table], &ImportOptions::new(ListenerId::new("ann")), &mut ())?;
    /// let snapshot = library.snapshot()?;
    /// let found = snapshot.search("bohemian rapsody", 10);
    /// assert_eq!(found.total, 1);
    /// assert_eq!(found.read_as.as_deref(), Some("bohemian rhapsody"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn search(&self, words: &str, most: usize) -> Found {
        let words = words_of(words);
        let found = self.exactly(&words, most);
        if found.total > 0 || !found.artists.is_empty() || words.is_empty() {
            return found;
        }
        let corrected = self.corrected(&words);
        if corrected == words {
            return found;
        }
        let found = self.exactly(&corrected, most);
        if found.total == 0 {
            return found;
        }
        Found { read_as: Some(corrected.join(" ")), ..found }
    }

    /// What holds all words.
    fn exactly(&self, words: &[String], most: usize) -> Found {
        let holds = |text: &str| words.iter().all(|word| text.contains(word.as_str()));
        let mut tracks: Vec<TrackIdx> =
            self.catalogue.rows().filter(|&row| holds(&self.text(row))).collect();
        let total = tracks.len();
        tracks.sort_by(|&a, &b| self.index.popularity.order(a, b));
        tracks.truncate(most);
        let artists = (0..self.catalogue.artist_count() as u32).map(ArtistIdx);
        let mut artists: Vec<ArtistIdx> = artists
            .filter(|&artist| {
                !words.is_empty() && holds(&folded(self.catalogue.artist_name(artist)))
            })
            .collect();
        artists.sort_by_key(|&artist| std::cmp::Reverse(self.index.tracks_by(artist).len()));
        artists.truncate(most);
        Found { tracks, total, artists, read_as: None }
    }

    /// All that a track is called, folded.
    fn text(&self, row: TrackIdx) -> String {
        let track = self.catalogue.track(row);
        let named = [track.title.as_str(), track.album.as_deref().unwrap_or_default()];
        let artists = track.artists.iter().map(String::as_str);
        let text = named.into_iter().chain(artists).collect::<Vec<_>>().join("\n");
        folded(&text)
    }

    /// The words with those that are nowhere in the catalogue read as what they are most like.
    fn corrected(&self, words: &[String]) -> Vec<String> {
        let mut known: HashMap<String, usize> = HashMap::new();
        for row in self.catalogue.rows() {
            for word in self.text(row).split(|character: char| !character.is_alphanumeric()) {
                match known.get_mut(word) {
                    Some(count) => *count += 1,
                    None => drop(known.insert(word.to_owned(), 1)),
                }
            }
        }
        let is_there = |word: &str| known.keys().any(|known| known.contains(word));
        let correct = |word: &String| {
            let is_short = word.chars().count() < SHORTEST_CORRECTED;
            let like = if is_short || is_there(word) { None } else { most_like(word, &known) };
            like.unwrap_or(word).to_owned()
        };
        words.iter().map(correct).collect()
    }
}

/// The word of fewest letters changed, and of those the one that is there most often.
fn most_like<'a>(word: &str, known: &'a HashMap<String, usize>) -> Option<&'a str> {
    let length = word.chars().count();
    let most = if length < TWO_WRONG_FROM { 1 } else { 2 };
    let wrong = |other: &str| -> Option<usize> {
        let is_near = other.chars().count().abs_diff(length) <= most;
        let wrong = is_near.then(|| strsim::osa_distance(word, other))?;
        (wrong <= most).then_some(wrong)
    };
    let like = known.iter().filter_map(|(other, count)| Some((wrong(other)?, count, other)));
    like.min_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(a.1)).then(a.2.cmp(b.2)))
        .map(|(_, _, other)| other.as_str())
}

fn words_of(text: &str) -> Vec<String> {
    let text = folded(text);
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if words.len() < MOST_WORDS && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

/// Lower case without accents.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain = text.nfkd().filter(|character| !is_combining_mark(*character));
    plain.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(words: &[(&str, usize)]) -> HashMap<String, usize> {
        words.iter().map(|&(word, count)| (word.to_owned(), count)).collect()
    }

    #[test]
    fn a_word_with_a_letter_wrong_is_read_as_the_nearest_and_then_the_most_frequent() {
        let known = known(&[("rhapsody", 1), ("rapsodie", 9), ("love", 3), ("live", 5)]);
        assert_eq!(most_like("rapsody", &known), Some("rhapsody"));
        assert_eq!(most_like("lvoe", &known), Some("love"), "two letters in the wrong order");
        assert_eq!(most_like("lave", &known), Some("live"));
        assert_eq!(most_like("zebra", &known), None);
    }

    #[test]
    fn accents_and_case_do_not_count_and_words_stay_in_their_order() {
        assert_eq!(words_of("  Björk  ÁRMY björk of"), ["bjork", "army", "of"]);
        assert_eq!(folded("Sigur Rós"), "sigur ros");
    }
}
