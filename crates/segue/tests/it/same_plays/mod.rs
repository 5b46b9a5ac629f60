//! The same plays come to the same, whichever format they are written in, and in whichever way.

mod variants;
mod written;

use std::collections::BTreeMap;

use segue::ingest::identity::named_track;
use segue::{ImportOptions, Library, ListenerId, Timestamp};

use variants::variants;
use written::{WRITTEN, Written};

/// A play.
#[derive(Clone)]
pub(crate) struct Play {
    /// Number of the song.
    song: u32,
    artist: &'static str,
    title: &'static str,
    started: String,
    length_s: u32,
    /// How much of it was heard.
    heard_s: u32,
}

impl Play {
    fn started(&self) -> Timestamp {
        self.started.parse().unwrap()
    }

    fn ended(&self) -> Timestamp {
        Timestamp::from_second(self.started().as_second() + i64::from(self.heard_s)).unwrap()
    }

    fn length_ms(&self) -> i64 {
        i64::from(self.length_s) * 1000
    }

    fn heard_ms(&self) -> i64 {
        i64::from(self.heard_s) * 1000
    }

    fn album(&self) -> String {
        format!("Album {}", self.song % 3)
    }

    fn work(&self) -> String {
        named_track(None, vec![self.artist.to_owned()], self.title).work.as_str().to_owned()
    }
}

const VERA: &str = "Vera Vinter";
const OTTO: &str = "Otto Ost";

/// What data frames write for a missing value, and what a song may be called.
const MISSING: [&str; 4] = ["NA", "N/A", "NaN", "null"];

/// Fourteen plays of eleven songs: one over the end of a leap day, one in the hour that summer time
/// takes away, two that were skipped, and a song that came up before three times in a row.
fn plays() -> Vec<Play> {
    let plays = [
        (1, VERA, "Tide", "2024-02-27T18:03:11Z", 201),
        (2, VERA, "Harbour Light", "2024-02-27T18:06:33Z", 187),
        (3, VERA, "Été, \"encore\"", "2024-02-27T18:09:42Z", 243),
        (4, OTTO, "Kupferblau", "2024-02-28T04:05:06Z", 154),
        (5, OTTO, "Glas", "2024-02-28T22:58:07Z", 312),
        (6, VERA, "Salt and Stone", "2024-02-29T23:58:31Z", 215),
        (1, VERA, "Tide", "2024-03-01T07:15:44Z", 201),
        (1, VERA, "Tide", "2024-03-01T07:19:05Z", 201),
        (1, VERA, "Tide", "2024-03-01T07:22:26Z", 201),
        (7, OTTO, "Nordwind", "2024-03-02T12:00:13Z", 178),
        (8, OTTO, "Paper Lanterns", "2024-03-10T09:41:52Z", 266),
        (9, VERA, "Undertow", "2024-03-31T01:30:29Z", 199),
        (10, OTTO, "Sieben", "2024-03-31T02:30:37Z", 231),
        (11, VERA, "Sand", "2024-04-01T16:20:01Z", 145),
    ];
    let play = |(song, artist, title, started, length_s): (_, _, _, &str, _)| Play {
        song,
        artist,
        title,
        started: started.to_owned(),
        length_s,
        heard_s: if title == "Glas" || title == "Undertow" { 35 } else { length_s },
    };
    plays.map(play).to_vec()
}

/// The same plays every ninety days, so that files are longer than what formats are told by.
fn long_history() -> Vec<Play> {
    let earlier = |turn: i64| {
        plays().into_iter().map(move |play| {
            let started = play.started().as_second() - turn * 90 * 86_400;
            Play { started: Timestamp::from_second(started).unwrap().to_string(), ..play }
        })
    };
    (0..40).rev().flat_map(earlier).collect()
}

/// What a new library holds of these files after importing them one after the other: works, and
/// when each was played.
fn imported(files: &[(&str, &[u8])]) -> Vec<(String, Option<Timestamp>)> {
    let folder = tempfile::tempdir().unwrap();
    let me = ListenerId::new("me");
    let options = ImportOptions::new(me.clone());
    let mut library = Library::open(folder.path().join("library")).unwrap();
    for (number, (name, bytes)) in files.iter().enumerate() {
        let place = folder.path().join(number.to_string());
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join(name), bytes).unwrap();
        library.import(&[place.join(name)], &options, &mut ()).unwrap();
    }
    let tracks = library.store().tracks().unwrap().into_iter();
    let works: BTreeMap<_, _> = tracks.map(|track| (track.id, track.work)).collect();
    let listens = library.store().all_listens(&me).unwrap().into_iter();
    let mut plays: Vec<_> =
        listens.map(|listen| (works[&listen.track].as_str().to_owned(), listen.at)).collect();
    plays.sort();
    plays
}

/// What a library is to hold of plays that one format reports.
fn expected(format: &Written, plays: &[Play]) -> Vec<(String, Option<Timestamp>)> {
    let stamped = plays.iter().map(|play| (play.work(), Some(format.stamp.of(play))));
    let mut expected: Vec<_> = stamped.collect();
    expected.sort();
    expected
}

#[test]
fn every_format_tells_of_the_same_plays() {
    let plays = plays();
    let wrong = WRITTEN.iter().filter(|format| {
        let found = imported(&[(format.file, &format.bytes(&plays))]);
        let expected = expected(format, &plays);
        if found != expected {
            println!("{}:\n  {found:?}\n  {expected:?}", format.name);
        }
        found != expected
    });
    let wrong: Vec<_> = wrong.map(|format| format.name).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn names_that_look_like_something_else_are_names_in_every_format() {
    let titles = [
        "1979",
        "0",
        "1e5",
        "2024-01-01",
        "12:30",
        "true",
        "None",
        "?",
        "#1",
        "# Comment",
        "=SUM(1)",
        "+44",
        "A+B-C",
        "100%",
        "'Quoted'",
        "\"Quoted\"",
        "Half \"open",
        "\"Half open",
        "Inch\"",
        "Ebb; Flow",
        "Ebb | Flow",
        "Ebb - Flow",
        "Ebb / Flow",
        "Ebb (Flow)",
        "A & B <C>",
        "Back\\slash",
        "  Spaced  out ",
        "Watched",
        "Песня",
        "歌 😀",
        "أغنية",
    ];
    let artists = [
        "1975",
        "+1",
        "None",
        "#1 Dads",
        "'t Hof",
        "\"Odd\" Vera",
        "[Vera]",
        "Vera; Otto",
        "Vera / Otto",
        "Nora & Otto",
        "AC/DC",
        "Tyler, Maker",
        "Вера",
        "ヴェラ",
    ];
    let titles = titles.into_iter().chain(MISSING).map(|title| (VERA, title));
    let artists = artists.into_iter().chain(["NA", "NaN"]).map(|artist| (artist, "Tide"));
    let names = titles.chain(artists);
    let plays: Vec<_> = names
        .zip(0_u32..)
        .map(|((artist, title), song)| {
            let second = 1_709_000_011 + 3671 * i64::from(song);
            let started = Timestamp::from_second(second).unwrap().to_string();
            Play { song, artist, title, started, length_s: 200, heard_s: 200 }
        })
        .collect();
    for format in WRITTEN {
        let says_nothing = |name: &str| format.is_of_any_origin() && MISSING.contains(&name);
        let plays: Vec<_> = plays
            .iter()
            .filter(|play| !says_nothing(play.title) && !says_nothing(play.artist))
            .cloned()
            .collect();
        let mut expected: Vec<_> = plays.iter().map(Play::work).collect();
        expected.sort();
        let found = imported(&[(format.file, &format.bytes(&plays))]);
        let found: Vec<_> = found.into_iter().map(|(work, _)| work).collect();
        assert_eq!(found, expected, "{}", format.name);
    }
}

#[test]
fn two_reports_of_the_same_plays_are_the_same_plays() {
    let plays = plays();
    let backwards: Vec<_> = plays.iter().rev().cloned().collect();
    let mut expected: Vec<_> = plays.iter().map(Play::work).collect();
    expected.sort();
    let wrong = in_parallel(WRITTEN, |first| {
        let earlier = first.bytes(&plays);
        let wrong = WRITTEN.iter().filter_map(|second| {
            let later = second.bytes(&backwards);
            let found = imported(&[(first.file, &earlier), (second.file, &later)]);
            let found: Vec<_> = found.into_iter().map(|(work, _)| work).collect();
            (found != expected).then_some((first.name, second.name, found.len()))
        });
        wrong.collect()
    });
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), WRITTEN.len().pow(2));
}

#[test]
fn how_files_are_written_and_handed_over_changes_no_play() {
    let plays = long_history();
    let wrong = in_parallel(WRITTEN, |format| {
        let expected = expected(format, &plays);
        let wrong = variants(format, &plays).into_iter().filter_map(|(name, files)| {
            let files: Vec<_> = files.iter().map(|(file, bytes)| (&**file, &**bytes)).collect();
            let found = imported(&files);
            (found != expected).then_some((format.name, name, found.len()))
        });
        wrong.collect()
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What `check` finds in each, collected; most of the time goes into waiting for the disk.
fn in_parallel<W: Send>(
    formats: &'static [Written],
    check: impl Fn(&'static Written) -> Vec<W> + Sync,
) -> Vec<W> {
    let check = &check;
    std::thread::scope(|scope| {
        let checks: Vec<_> =
            formats.iter().map(|format| scope.spawn(move || check(format))).collect();
        checks.into_iter().flat_map(|check| check.join().unwrap()).collect()
    })
}
