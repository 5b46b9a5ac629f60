//! The index held to looking at every track.

use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use segue_core::{Track, TrackId, WorkId};
use segue_engine::{ArtistIdx, Catalogue, Index, TrackIdx};
use segue_store::{Store, StoreError};

use super::index::{WordIndex, made_from};
use super::words::{each_word, folded, typed_words};
use super::{FILE, Found, MOST_WORDS, SearchIndex, open_or_build, search};

/// A catalogue of tracks with title, artist and album, the first the most popular.
fn catalogue(tracks: &[[&str; 3]]) -> (Catalogue, Index) {
    let tracks = tracks.iter().enumerate().map(|(at, [title, artist, album])| {
        let id = format!("t{at:03}");
        let mut track = Track::new(TrackId::new(id.as_str()), WorkId::new(id.as_str()), *title);
        track.artists = vec![(*artist).to_owned()];
        track.album = Some((*album).to_owned());
        track.popularity = Some(1.0 - (at / 2) as f32 / 1000.0);
        track
    });
    let catalogue = Catalogue::from_tracks(tracks.collect());
    let index = Index::build(&catalogue, []);
    (catalogue, index)
}

fn built((catalogue, index): &(Catalogue, Index), heavy: usize) -> WordIndex {
    WordIndex::build(catalogue, index, &made_from(catalogue, index), heavy)
}

fn found(tracks: &[[&str; 3]], words: &str) -> Found {
    let library = catalogue(tracks);
    search(&built(&library, 4), &library.0, words, 10)
}

fn titles(tracks: &[[&str; 3]], words: &str) -> Vec<String> {
    let (catalogue, _) = catalogue(tracks);
    let found = found(tracks, words);
    found.tracks.iter().map(|&row| catalogue.track(row).title.clone()).collect()
}

const SONGS: [[&str; 3]; 9] = [
    ["Bohemian Rhapsody", "Queen", "A Night at the Opera"],
    ["Army of Me", "Björk", "Post"],
    ["Boheme", "Charles Aznavour", ""],
    ["Thunderstruck", "AC/DC", "The Razors Edge"],
    ["千本桜 feat.初音ミク", "黒うさP", ""],
    ["Don\u{2019}t Stop Me Now", "Queen", "Jazz"],
    ["方탄", "방탄소년단", ""],
    ["Bahnhofstrasse", "Böhm", ""],
    ["Myth", "!!!", ""],
];

#[test]
fn what_is_typed_letter_by_letter_finds_the_most_popular_first() {
    assert_eq!(titles(&SONGS, "b").len(), 4);
    assert_eq!(titles(&SONGS, "boh"), ["Bohemian Rhapsody", "Boheme", "Bahnhofstrasse"]);
    assert_eq!(titles(&SONGS, "bohe"), ["Bohemian Rhapsody", "Boheme"]);
    assert_eq!(titles(&SONGS, "bohm"), ["Bahnhofstrasse"], "the letters without their dots");
    assert_eq!(titles(&SONGS, "que rha"), ["Bohemian Rhapsody"]);
    assert_eq!(found(&SONGS, "").total, SONGS.len());
    assert_eq!(found(&SONGS, "").artists, []);
}

#[test]
fn accents_punctuation_and_scripts_without_spaces_are_found() {
    assert_eq!(titles(&SONGS, "björk ARMY"), ["Army of Me"]);
    for acdc in ["ac/dc", "acdc", "AC dc", "AC-DC"] {
        assert_eq!(titles(&SONGS, acdc), ["Thunderstruck"], "{acdc}");
    }
    for dont in ["dont stop", "don't stop", "Don\u{2019}t stop", "queen - don't stop"] {
        assert_eq!(titles(&SONGS, dont), ["Don\u{2019}t Stop Me Now"], "{dont}");
    }
    for part in ["千本桜", "本桜", "桜", "ミク", "初音ミク 桜"] {
        assert_eq!(titles(&SONGS, part), ["千本桜 feat.初音ミク"], "{part}");
    }
    assert_eq!(titles(&SONGS, "방탄"), ["方탄"]);
    assert_eq!(titles(&SONGS, "!!!"), ["Myth"]);
    assert_eq!(titles(&SONGS, "strasse"), ["Bahnhofstrasse"], "within a word where none begins so");
}

#[test]
fn words_that_are_nowhere_are_read_as_what_they_are_most_like() {
    let rapsody = found(&SONGS, "queen rapsody");
    assert_eq!((rapsody.total, rapsody.read_as.as_deref()), (1, Some("queen rhapsody")));
    assert_eq!(found(&SONGS, "qeuen").read_as.as_deref(), Some("queen"));
    assert_eq!(found(&SONGS, "qeuen").artists.len(), 1);
    assert_eq!(found(&SONGS, "zzzz"), Found::default());
    assert_eq!(found(&SONGS, "rapsody bjork"), Found::default(), "no track holds both");
}

/// Looks at every track, at every word of it.
struct Slow<'c> {
    catalogue: &'c Catalogue,
    index: &'c Index,
}

impl Slow<'_> {
    fn words(&self, row: TrackIdx) -> Vec<String> {
        let track = self.catalogue.track(row);
        let mut words = words_of(&track.title);
        words.extend(words_of(track.album.as_deref().unwrap_or_default()));
        track.artists.iter().for_each(|artist| words.extend(words_of(artist)));
        words
    }

    fn search(&self, typed: &str, most: usize) -> Found {
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for row in self.catalogue.rows() {
            let mut words = self.words(row);
            words.sort();
            words.dedup();
            words.into_iter().for_each(|word| *known.entry(word).or_default() += 1);
        }
        let begins = |typed: &str| known.keys().any(|word| word.starts_with(typed));
        let typed = typed_words(typed, MOST_WORDS, begins);
        let mut is_corrected = false;
        let mut read = Vec::new();
        let mut texts = Vec::new();
        for part in &typed {
            let mut text = Vec::new();
            let mut is_part_corrected = false;
            for word in &part.words {
                let is_within = !begins(word) && known.keys().any(|known| known.contains(word));
                let like = if begins(word) || is_within { None } else { most_like(word, &known) };
                is_part_corrected |= like.is_some();
                let word = like.unwrap_or_else(|| word.clone());
                text.push(word.clone());
                read.push((word, is_within));
            }
            is_corrected |= is_part_corrected;
            texts.push(if is_part_corrected { text.join(" ") } else { part.typed.clone() });
        }
        let holds = |words: &[String]| {
            read.iter().all(|(typed, is_within)| {
                let is_so = |word: &String| match is_within {
                    true => word.contains(typed),
                    false => word.starts_with(typed),
                };
                words.iter().any(is_so)
            })
        };
        let rows = self.catalogue.rows();
        let mut tracks: Vec<TrackIdx> = rows.filter(|&row| holds(&self.words(row))).collect();
        tracks.sort_by(|&a, &b| self.index.popularity.order(a, b));
        let total = tracks.len();
        tracks.truncate(most);
        let artists = (0..self.catalogue.artist_count() as u32).map(ArtistIdx);
        let name = |&artist: &ArtistIdx| words_of(self.catalogue.artist_name(artist));
        let mut artists: Vec<ArtistIdx> =
            artists.filter(|artist| !read.is_empty() && holds(&name(artist))).collect();
        artists.sort_by_key(|&artist| std::cmp::Reverse(self.index.tracks_by(artist).len()));
        artists.truncate(most);
        let read_as = (is_corrected && total > 0).then(|| texts.join(" "));
        Found { tracks, total, artists, read_as }
    }
}

fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    each_word(&folded(text), &mut |word| words.push(word.to_owned()));
    words
}

fn most_like(typed: &str, known: &BTreeMap<String, usize>) -> Option<String> {
    let length = typed.chars().count();
    let most = match length {
        ..4 => return None,
        4..8 => 1,
        _ => 2,
    };
    let wrong = known.iter().map(|(word, &count)| (strsim::osa_distance(typed, word), count, word));
    let near = wrong.filter(|(wrong, ..)| *wrong <= most);
    near.min_by_key(|&(wrong, count, word)| (wrong, std::cmp::Reverse(count), word))
        .map(|(.., word)| word.clone())
}

const TEXT: &str = "(([abeéÀo]{1,5}|[abo]{6,9}|[桜夜空ラ]{1,11}|[a桜.]{2,4}|[!/'-]{1,2}) ?){0,4}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn the_index_finds_what_looking_at_every_track_finds(
        tracks in prop::collection::vec(prop::array::uniform3(TEXT), 1..40),
        typed in prop::collection::vec(TEXT, 1..12),
        heavy in 0_usize..60,
        most in 0_usize..10,
    ) {
        let tracks: Vec<[&str; 3]> =
            tracks.iter().map(|texts| texts.each_ref().map(String::as_str)).collect();
        let library = catalogue(&tracks);
        let index = built(&library, heavy);
        let slow = Slow { catalogue: &library.0, index: &library.1 };
        for typed in &typed {
            let found = search(&index, &library.0, typed, most);
            prop_assert_eq!(found, slow.search(typed, most), "{:?}", typed);
        }
    }

    #[test]
    fn a_file_whose_bytes_are_others_is_not_opened_and_finds_nothing_that_is_not_there(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let library = catalogue(&SONGS);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let mut bytes = Vec::new();
        built(&library, 4).write(&mut bytes).unwrap();
        let sound = bytes.clone();
        for (at, by) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= by;
        }
        if is_cut {
            bytes.truncate(end.index(bytes.len()));
        }
        let made_from = made_from(&library.0, &library.1);
        fs::write(&path, &bytes).unwrap();
        prop_assert_eq!(WordIndex::open(&path, &made_from).is_some(), bytes == sound);
        // One that somebody made to be believed.
        if let Some(index) = WordIndex::believing(bytes) {
            for typed in ["b", "bohemian rapsody", "strasse", "桜", "", "zzzzzzzz", "qeuen"] {
                let found = search(&index, &library.0, typed, 10);
                prop_assert!(found.tracks.iter().all(|row| (row.0 as usize) < SONGS.len()));
            }
        }
    }
}

#[test]
fn an_index_is_used_for_the_very_names_and_order_it_was_made_from() {
    let library = catalogue(&SONGS);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let mut bytes = Vec::new();
    built(&library, 4).write(&mut bytes).unwrap();
    fs::write(&path, &bytes).unwrap();
    assert!(WordIndex::open(&path, &made_from(&library.0, &library.1)).is_some());
    let mut renamed = SONGS;
    renamed[3][0] = "Thunder";
    let mut swapped = SONGS;
    swapped.swap(0, 5);
    for other in [catalogue(&renamed), catalogue(&swapped), catalogue(&SONGS[1..])] {
        assert!(WordIndex::open(&path, &made_from(&other.0, &other.1)).is_none());
    }
}

#[test]
fn what_lies_across_two_words_hides_nothing_within_the_second() {
    let titles = |of: [&str; 2], words| titles(&of.map(|title| [title, "", ""]), words);
    assert_eq!(titles(["Na", "Nana"], "ana"), ["Nana"]);
    assert_eq!(titles(["Ba", "Babab"], "abab"), ["Babab"]);
    assert_eq!(titles(["Nananana", "Na"], "ana"), ["Nananana"]);
    assert_eq!(titles(["Xna", "Nay"], "ana"), [""; 0], "it is in neither");
}

#[test]
fn an_index_is_kept_and_made_anew_where_it_is_damaged_or_of_another_catalogue() {
    let library = tempfile::tempdir().unwrap();
    let store = Store::open(library.path()).unwrap();
    let files = store.derived(0).unwrap();
    let (few, all) = (catalogue(&SONGS[1..]), catalogue(&SONGS));
    let total = |(catalogue, index): &(Catalogue, Index)| {
        let kept = open_or_build(Some(&files), catalogue, index);
        assert!(kept.is_mapped());
        search(&kept, catalogue, "queen", 10).total
    };
    assert_eq!(total(&few), 1);
    assert_eq!(total(&all), 2, "tracks came");
    let path = files.path(FILE);
    let sound = fs::read(&path).unwrap();
    for damaged in [&b"no index"[..], &sound[..200], &[], &[sound.as_slice(), b"more"].concat()] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(total(&all), 2);
        assert!(fs::read(&path).unwrap() == sound, "it is what it was");
    }
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left over");
}

#[test]
fn where_nothing_may_be_written_the_index_is_in_memory() {
    let library = tempfile::tempdir().unwrap();
    let of = catalogue(&SONGS);
    drop(Store::open(library.path()).unwrap());
    let store = Store::open_to_read(library.path()).unwrap();
    let files = store.derived(0).unwrap();
    let index = open_or_build(Some(&files), &of.0, &of.1);
    assert!(!index.is_mapped() && !files.path(FILE).exists());
    assert_eq!(search(&index, &of.0, "queen", 10).total, 2);
    let mut store = Store::open(library.path()).unwrap();
    let files = store.derived(0).unwrap();
    assert!(open_or_build(Some(&files), &of.0, &of.1).is_mapped());
    store.forget(&segue_core::ListenerId::new("ann")).unwrap();
    assert!(!files.path(FILE).exists(), "names may be in it that nobody else brought");
    let kept = files.keep(FILE, |file| index.write(file));
    assert!(matches!(kept, Err(StoreError::ForgottenSince)));
    assert!(!open_or_build(Some(&files), &of.0, &of.1).is_mapped());
    assert!(!files.path(FILE).exists(), "it was read before somebody was forgotten");
}

#[test]
fn a_library_that_has_become_small_keeps_no_index() {
    let library = tempfile::tempdir().unwrap();
    let store = Store::open(library.path()).unwrap();
    let files = store.derived(0).unwrap();
    files.keep(FILE, |file| file.write_all(b"of many tracks")).unwrap();
    let (catalogue, index) = catalogue(&SONGS);
    let searched = SearchIndex::kept_in(Some(files.clone()));
    assert!(!searched.of(&catalogue, &index).is_mapped());
    assert!(!files.path(FILE).exists());
}
