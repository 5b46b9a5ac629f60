//! Whom a song credits is told by the whole library, whichever file came first.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use segue::store::Exclusion;
use segue::{ImportOptions, Library};

use crate::ann;

/// Artist, title and second.
type Play = (&'static str, &'static str, i64);

/// Plays of a few songs as four sources credit them, every source with a clock of its own.
const FILES: [(&str, &[Play]); 4] = [
    ("alone.csv", &[("Die Laternen", "Kupferblau", 0), ("Mira Sol", "Schnee", 1_000)]),
    (
        "joined.csv",
        &[
            ("Die Laternen, Mira Sol", "Kupferblau", 2),
            ("Die Laternen & Mira Sol", "Kupferblau", 3_000),
            ("Mira Sol x Die Laternen", "Kupferblau - Live", 4_000),
            ("Ada & Bo", "Regen", 5_000),
        ],
    ),
    ("guests.csv", &[("Die Laternen feat. Mira Sol", "Kupferblau", 3_003), ("Ada", "Wind", 6_000)]),
    ("band.csv", &[("Ada & Bo", "Sonne", 7_000), ("Bo", "Nebel", 8_000), ("Bo", "Tau", 9_000)]),
];

fn write(folder: &Path) -> Vec<PathBuf> {
    FILES
        .iter()
        .map(|(name, plays)| {
            let mut table = "artist,title,timestamp\n".to_owned();
            for (artist, title, second) in *plays {
                table += &format!("\"{artist}\",{title},{}\n", 1_700_000_000 + second);
            }
            fs::write(folder.join(name), table).unwrap();
            folder.join(name)
        })
        .collect()
}

/// Every order of some things.
fn orders<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    let [first, rest @ ..] = things else { return vec![Vec::new()] };
    let shorter = orders(rest);
    let with = |at| {
        shorter.iter().map(move |order| {
            let mut order = order.clone();
            order.insert(at, first.clone());
            order
        })
    };
    (0..things.len()).flat_map(with).collect()
}

/// Each song with its artists and versions, and how many plays each artist has.
fn summary(library: &Library) -> (BTreeSet<String>, Vec<u64>) {
    let tracks = library.store().tracks().unwrap();
    let songs = tracks.iter().map(|track| format!("{}: {:?}", track.work, track.artists)).collect();
    let listens = library.store().listens(&ann()).unwrap();
    let plays = |artist: &str| {
        let is_by = |track: &segue::Track| track.artists.iter().any(|name| name == artist);
        let by: BTreeSet<_> = tracks.iter().filter(|track| is_by(track)).map(|t| &t.id).collect();
        listens.iter().filter(|listen| by.contains(&listen.track)).count() as u64
    };
    (songs, ["Die Laternen", "Mira Sol", "Ada", "Bo"].map(plays).to_vec())
}

#[test]
fn every_order_of_imports_gives_the_same_songs_artists_and_plays() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path());
    let mut summaries = Vec::new();
    for (number, order) in orders(&files).into_iter().enumerate() {
        let home = folder.path().join(number.to_string());
        let mut library = Library::open(home).unwrap();
        for file in &order {
            library.import(&[file], &ImportOptions::new(ann()), &mut ()).unwrap();
        }
        summaries.push(summary(&library));
    }
    let at_once = folder.path().join("at once");
    let mut library = Library::open(at_once).unwrap();
    library.import(&files, &ImportOptions::new(ann()), &mut ()).unwrap();
    let expected = summary(&library);
    assert!(summaries.iter().all(|summary| *summary == expected), "{summaries:#?}");

    let (songs, plays) = expected;
    let songs: Vec<&str> = songs.iter().map(String::as_str).collect();
    assert_eq!(
        songs,
        [
            "ada and bo␟regen: [\"Ada & Bo\"]",
            "ada and bo␟sonne: [\"Ada & Bo\"]",
            "ada␟wind: [\"Ada\"]",
            "bo␟nebel: [\"Bo\"]",
            "bo␟tau: [\"Bo\"]",
            "die laternen␟kupferblau: [\"Die Laternen\", \"Mira Sol\"]",
            "mira sol␟schnee: [\"Mira Sol\"]",
        ],
        "Ada & Bo have more songs than Ada has"
    );
    assert_eq!(plays, [3, 4, 1, 2], "the plays that two sources tell of count once");
}

#[test]
fn an_exclusion_finds_the_second_artist() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path());
    let mut library = Library::open(folder.path().join("library")).unwrap();
    library.import(&files, &ImportOptions::new(ann()), &mut ()).unwrap();
    let plays = |library: &Library| library.store().listens(&ann()).unwrap().len();
    let all = plays(&library);
    let excluded = Exclusion::Artist("mira sol".to_owned());
    library.store_mut().exclude(&ann(), &excluded).unwrap();
    assert_eq!(all - plays(&library), 4);
}
