//! From a catalogue to the parts of an index, in memory: some 120 bytes a track while it is built,
//! the parts themselves included.
//!
//! Documents are gone through from the best one down and are numbered so, so that the list of a
//! word grows at its end and whoever reads it meets the best first.

use rustc_hash::FxHashMap;
use segue_engine::{ArtistIdx, Catalogue, Index, TrackIdx};

use super::postings::Postings;
use super::table::TableParts;
use super::words::{each_word, folded};

/// Lists of this many bytes are read in half a millisecond; where those of all words that begin
/// with some letters are longer, they are kept as one.
pub(super) const HEAVY: usize = 1 << 18;

/// An index of documents by words, as it is written.
pub(super) struct DocumentParts {
    /// The row of each document, four bytes each, the best document first.
    pub(super) rows: Vec<u8>,
    pub(super) words: TableParts,
    pub(super) beginnings: TableParts,
}

/// Rows of tracks, the most popular first: as `Popularity::order` has it.
pub(super) fn tracks_in_order(catalogue: &Catalogue, index: &Index) -> Vec<TrackIdx> {
    let mut rows: Vec<TrackIdx> = catalogue.rows().collect();
    rows.sort_by(|&a, &b| index.popularity.order(a, b));
    rows
}

/// Rows of artists, those with most tracks first.
pub(super) fn artists_in_order(catalogue: &Catalogue, index: &Index) -> Vec<ArtistIdx> {
    let mut rows: Vec<ArtistIdx> = (0..catalogue.artist_count() as u32).map(ArtistIdx).collect();
    rows.sort_by_key(|&artist| std::cmp::Reverse(index.tracks_by(artist).len()));
    rows
}

/// Indexes tracks by the words of title, album and artists.
pub(super) fn index_tracks(
    catalogue: &Catalogue,
    rows: &[TrackIdx],
    heavy: usize,
) -> DocumentParts {
    let mut lists = Lists::default();
    for (document, &row) in rows.iter().enumerate() {
        let track = catalogue.track(row);
        lists.add(document, &track.title);
        track.album.iter().for_each(|album| lists.add(document, album));
        track.artists.iter().for_each(|artist| lists.add(document, artist));
    }
    lists.finish(rows.iter().map(|row| row.0), heavy)
}

/// Indexes artists by the words of their names.
pub(super) fn index_artists(
    catalogue: &Catalogue,
    rows: &[ArtistIdx],
    heavy: usize,
) -> DocumentParts {
    let mut lists = Lists::default();
    for (document, &row) in rows.iter().enumerate() {
        lists.add(document, catalogue.artist_name(row));
    }
    lists.finish(rows.iter().map(|row| row.0), heavy)
}

/// The documents of each word, as they come.
#[derive(Default)]
struct Lists {
    by_word: FxHashMap<Box<str>, u32>,
    lists: Vec<Postings>,
}

impl Lists {
    fn add(&mut self, document: usize, text: &str) {
        each_word(&folded(text), &mut |word| match self.by_word.get(word) {
            Some(&list) => self.lists[list as usize].push(document),
            None => {
                self.by_word.insert(word.into(), self.lists.len() as u32);
                let mut list = Postings::default();
                list.push(document);
                self.lists.push(list);
            }
        });
    }

    fn finish(mut self, rows: impl ExactSizeIterator<Item = u32>, heavy: usize) -> DocumentParts {
        let documents = rows.len();
        let mut words: Vec<(Box<str>, u32)> = self.by_word.into_iter().collect();
        words.sort_unstable();
        let lists = words.into_iter().map(|(word, list)| {
            let list = std::mem::take(&mut self.lists[list as usize]);
            (word, list)
        });
        let words = TableParts::of(lists, documents);
        let beginnings = TableParts::of_beginnings(words.table(), documents, heavy);
        DocumentParts { rows: rows.flat_map(u32::to_le_bytes).collect(), words, beginnings }
    }
}
