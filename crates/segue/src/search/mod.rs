//! Finding tracks and artists by words, as people type them: any order, no accents, the last word
//! half typed, a letter wrong.
//!
//! A typed word finds what holds a word that begins with it. Where no word of the catalogue does,
//! it finds what holds it within a word, and where there is no such word either, it is read as the
//! word that is most like it.
//!
//! Searches go through an [`index`] of words, of which each has the tracks that hold it, the most
//! popular first: an inverted file (Zobel and Moffat 2006, "Inverted files for text search
//! engines"). The lists of words that begin with some letters are united in a bit for each track,
//! and typed words are intersected bit by bit: a search costs what its longest lists cost, however
//! many tracks it finds, and the total is known. Rejected: a finite-state transducer for the words,
//! which is smaller than a sorted table and knows no swapped letters, and skipping within lists,
//! which saves time only where nobody wants a total.

mod build;
mod index;
mod like;
mod postings;
mod table;
#[cfg(test)]
mod tests;
mod words;

use std::sync::OnceLock;

use segue_engine::{ArtistIdx, Catalogue, Index, TrackIdx};
use segue_store::DerivedFiles;

use self::index::{Documents, WordIndex, WordMatch, made_from};
use self::like::most_like;
use self::table::Table;
pub(crate) use self::words::folded;
use self::words::{TypedWord, typed_words};
use crate::Snapshot;

/// A search looks for at most so many words.
const MOST_WORDS: usize = 12;
/// The index of a smaller catalogue is made anew by each process, in some .1 s.
const KEPT_FROM: usize = 50_000;
/// What the file is called in which the index of a larger one is kept.
pub(crate) const FILE: &str = "search.index";

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Tracks of which title, artists and album together hold every word, the most popular first.
    pub tracks: Vec<TrackIdx>,
    /// How many such tracks there are, those included that were not asked for.
    pub total: usize,
    /// Artists whose name holds every word, those with most tracks first.
    pub artists: Vec<ArtistIdx>,
    /// The words that were looked for instead, where some that were typed are nowhere.
    pub read_as: Option<String>,
}

/// What the searches of a snapshot go through. It is there once somebody searched, or once
/// [`Snapshot::prepare_search`] was called.
///
/// For a library of 50,000 tracks and more it is a file in the library's folder, of which as much
/// is in memory as is asked for. The file is checked before it is used, and made anew where it is
/// damaged or the library is another by now. Where it cannot be written the index is in memory.
#[derive(Default)]
pub struct SearchIndex {
    files: Option<DerivedFiles>,
    index: OnceLock<WordIndex>,
}

impl SearchIndex {
    /// One that may be kept among files that are made from the store.
    pub(crate) fn kept_in(files: Option<DerivedFiles>) -> Self {
        Self { files, index: OnceLock::new() }
    }

    fn of(&self, catalogue: &Catalogue, index: &Index) -> &WordIndex {
        self.index.get_or_init(|| {
            if catalogue.len() >= KEPT_FROM {
                return open_or_build(self.files.as_ref(), catalogue, index);
            }
            // One of a time when there were more tracks. It is never used, and is in nobody's way.
            let _ = self.files.as_ref().map(|files| files.remove(FILE));
            open_or_build(None, catalogue, index)
        })
    }
}

/// The index that is kept, if it is the one of this catalogue, else one that is made, and kept
/// where that can be.
fn open_or_build(files: Option<&DerivedFiles>, catalogue: &Catalogue, index: &Index) -> WordIndex {
    let made_from = made_from(catalogue, index);
    let open = |files: &DerivedFiles| WordIndex::open(&files.path(FILE), &made_from);
    if let Some(kept) = files.and_then(open) {
        return kept;
    }
    let built = WordIndex::build(catalogue, index, &made_from, build::HEAVY);
    // A disk that is full or not to be written is no reason not to search.
    let kept = files.and_then(|files| {
        let is_kept = files.keep(FILE, |file| built.write(file)).unwrap_or(false);
        is_kept.then(|| open(files))?
    });
    kept.unwrap_or(built)
}

impl Snapshot {
    /// Looks for words in the titles, artists and albums of tracks, and in the names of artists: at
    /// most `most` of each. Letter case, accents and punctuation do not count, and a word may be
    /// the beginning of one. Each that is nowhere in the catalogue is read as the word that is most
    /// like it. The first search of a snapshot makes the index if need be: see
    /// [`Self::prepare_search`].
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
    /// assert_eq!(snapshot.search("quee boh", 10).total, 1);
    /// let found = snapshot.search("bohemian rapsody", 10);
    /// assert_eq!(found.total, 1);
    /// assert_eq!(found.read_as.as_deref(), Some("bohemian rhapsody"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn search(&self, words: &str, most: usize) -> Found {
        let index = self.search_index.of(&self.catalogue, &self.index);
        search(index, &self.catalogue, words, most)
    }

    /// Makes what searches go through, if it is not there: some 4 seconds of a processor for a
    /// million tracks, 35 for five million, or .06 and .3 where the file is up to date. A server
    /// calls it beside its answers; whoever does not waits in the first search.
    pub fn prepare_search(&self) {
        self.search_index.of(&self.catalogue, &self.index);
    }

    /// Whether a search can begin at once: [`Self::prepare_search`] or a first search is through.
    pub fn is_search_prepared(&self) -> bool {
        self.search_index.index.get().is_some()
    }
}

fn search(index: &WordIndex, catalogue: &Catalogue, words: &str, most: usize) -> Found {
    let (tracks, artists) = (index.tracks(), index.artists());
    let is_known = |word: &str| !tracks.words.beginning(word).is_empty();
    let typed = typed_words(words, MOST_WORDS, is_known);
    let read: Vec<ReadWord> = typed.iter().map(|typed| ReadWord::of(typed, tracks)).collect();
    let readings: Vec<WordMatch> = read.iter().flat_map(|read| read.readings.clone()).collect();
    let held = tracks.holding(&readings);
    let total = held.count();
    let of_rows = tracks.rows(&held, most, catalogue.len()).into_iter().map(TrackIdx);
    let by_name = match readings.is_empty() {
        true => Vec::new(),
        false => artists.rows(&artists.holding(&readings), most, catalogue.artist_count()),
    };
    let is_corrected = total > 0 && read.iter().any(|read| read.is_corrected);
    let as_text = || read.iter().map(|read| read.text.as_str()).collect::<Vec<_>>().join(" ");
    Found {
        tracks: of_rows.collect(),
        total,
        artists: by_name.into_iter().map(ArtistIdx).collect(),
        read_as: is_corrected.then(as_text),
    }
}

/// How something that was typed is read.
struct ReadWord {
    readings: Vec<WordMatch>,
    text: String,
    is_corrected: bool,
}

impl ReadWord {
    fn of(typed: &TypedWord, tracks: Documents<'_>) -> Self {
        let mut read = Self { readings: Vec::new(), text: String::new(), is_corrected: false };
        for word in &typed.words {
            let is_there = is_there(word, tracks.words);
            let like = is_there.is_none().then(|| most_like(word, tracks.words, tracks.count()));
            let like = like.flatten();
            read.is_corrected |= like.is_some();
            read.readings.push(match (is_there, like) {
                (Some(reading), _) => reading,
                (None, like) => WordMatch::Beginning(like.unwrap_or_else(|| word.clone())),
            });
        }
        read.text = match read.is_corrected {
            true => read.readings.iter().map(WordMatch::text).collect::<Vec<_>>().join(" "),
            false => typed.typed.clone(),
        };
        read
    }
}

/// How a word is found as it was typed, if it is.
fn is_there(word: &str, words: Table<'_>) -> Option<WordMatch> {
    if !words.beginning(word).is_empty() {
        return Some(WordMatch::Beginning(word.to_owned()));
    }
    (!words.holding(word).is_empty()).then(|| WordMatch::Within(word.to_owned()))
}
