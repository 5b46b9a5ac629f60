//! The rule of `segue_store::dedup`, row by row.

use proptest::prelude::*;
use proptest::sample::subsequence;
use segue_core::{AudioFeature, DeviceClass, EndReason, Listen, Moment, Record, Source, Track};
use segue_store::{ImportCounts, Store};

use crate::fixtures::{import, listener, played, scrobble, stream, track, version_of};

#[derive(Debug, PartialEq)]
enum Verdict {
    New,
    Exact,
    Near,
}

/// What becomes of the second row when the first is in the log.
fn second_row(first: (&Track, Listen), second: (&Track, Listen)) -> Verdict {
    let mut store = Store::open_in_memory().unwrap();
    import(&mut store, "first", &[played(first.1, first.0)]);
    match import(&mut store, "second", &[played(second.1, second.0)]) {
        ImportCounts { listens_added: 1, .. } => Verdict::New,
        ImportCounts { exact_duplicates: 1, .. } => Verdict::Exact,
        ImportCounts { near_duplicates: 1, .. } => Verdict::Near,
        counts => panic!("one row came to {counts:?}"),
    }
}

fn minute_precise(who: &str, track: &Track, start: i64, seconds: u32) -> Listen {
    Listen { source: Source::SpotifyAccount, ..stream(who, track, start, seconds) }
}

fn last_fm(who: &str, track: &Track, second: i64) -> Listen {
    Listen { source: Source::LastFm, ..scrobble(who, track, second) }
}

fn maloja(track: &Track, second: i64) -> Listen {
    Listen { source: Source::Maloja, ..scrobble("ann", track, second) }
}

fn on_day(track: &Track, day: i64) -> Listen {
    let midnight = segue_core::Timestamp::from_second((19_675 + day) * 86_400).unwrap();
    Listen {
        at: Some(midnight),
        moment: Moment::Day,
        source: Source::Interactions,
        ..scrobble("ann", track, 0)
    }
}

/// Imports files one after the other, and returns how many plays there are then.
fn plays_of(files: &[Vec<Record>]) -> usize {
    let mut store = Store::open_in_memory().unwrap();
    for (number, rows) in files.iter().enumerate() {
        import(&mut store, &number.to_string(), rows);
    }
    store.listens(&listener("ann")).unwrap().len()
}

fn rows(track: &Track, listens: impl IntoIterator<Item = Listen>) -> Vec<Record> {
    listens.into_iter().map(|listen| played(listen, track)).collect()
}

#[test]
fn the_table_of_the_rule_holds() {
    use Verdict::{Exact, Near, New};
    let song = track("song");
    let remaster = version_of("song", "song:remaster");
    let other = track("other");
    let stream_0 = || stream("ann", &song, 0, 200);
    let cases = [
        ("the same row again", stream_0(), (&song, stream_0()), Exact),
        (
            "the same play under another id",
            stream_0(),
            (&remaster, stream("ann", &remaster, 0, 200)),
            Exact,
        ),
        ("another listener", stream_0(), (&song, stream("bob", &song, 0, 200)), New),
        ("another work within a minute", stream_0(), (&other, stream("ann", &other, 0, 200)), New),
        ("30 s later", stream_0(), (&song, stream("ann", &song, 30, 200)), Near),
        ("30 s earlier", stream_0(), (&song, stream("ann", &song, -30, 200)), Near),
        ("31 s later", stream_0(), (&song, stream("ann", &song, 31, 200)), New),
        ("31 s earlier", stream_0(), (&song, stream("ann", &song, -31, 200)), New),
        ("another play time", stream_0(), (&song, stream("ann", &song, 0, 100)), New),
        ("a scrobble of it", stream_0(), (&song, scrobble("ann", &song, 4)), Near),
        ("a scrobble of its end", stream_0(), (&song, scrobble("ann", &song, 200)), Near),
        ("a scrobble of its middle", stream_0(), (&song, scrobble("ann", &song, 100)), Near),
        ("a scrobble of the next play", stream_0(), (&song, scrobble("ann", &song, 231)), New),
        ("a scrobble of the play before", stream_0(), (&song, scrobble("ann", &song, -31)), New),
        (
            "a program that stamps the start, in the middle of it",
            stream_0(),
            (&song, Listen { source: Source::Rockbox, ..scrobble("ann", &song, 100) }),
            New,
        ),
        (
            "whole minutes, 90 s apart",
            stream_0(),
            (&song, minute_precise("ann", &song, 90, 200)),
            Near,
        ),
        (
            "whole minutes, 91 s apart",
            stream_0(),
            (&song, minute_precise("ann", &song, 91, 200)),
            New,
        ),
        (
            "whole minutes, another play time",
            stream_0(),
            (&song, minute_precise("ann", &song, 9, 100)),
            New,
        ),
        (
            "a scrobble on a whole minute, 60 s apart",
            stream_0(),
            (&song, last_fm("ann", &song, 60)),
            Near,
        ),
        (
            "a scrobble on a whole minute, 90 s before",
            stream_0(),
            (&song, last_fm("ann", &song, -60)),
            Near,
        ),
        (
            "a scrobble on a second, 61 s before",
            stream_0(),
            (&song, last_fm("ann", &song, -61)),
            New,
        ),
        (
            "the same length to the second",
            stream_0(),
            (&song, Listen { ms_played: Some(200_900), ..maloja(&song, 0) }),
            Near,
        ),
        (
            "another length by a second",
            stream_0(),
            (&song, Listen { ms_played: Some(201_000), ..maloja(&song, 0) }),
            New,
        ),
    ];
    for (case, first, second, expected) in cases {
        assert_eq!(second_row((&song, first), second), expected, "{case}");
    }
}

#[test]
fn the_rule_reads_the_same_both_ways() {
    let song = track("song");
    for apart in [0, 29, 30, 31, 60, 89, 90, 91, 1000, 1023, 1024] {
        let rows = [stream("ann", &song, 0, 200), minute_precise("ann", &song, apart, 200)];
        let [a, b] = rows.clone();
        let [c, d] = rows;
        assert_eq!(
            second_row((&song, a), (&song, b)),
            second_row((&song, d), (&song, c)),
            "{apart} s apart"
        );
    }
}

#[test]
fn a_scrobble_learns_from_the_export_that_comes_later() {
    let song = track("song");
    let mut store = Store::open_in_memory().unwrap();
    import(&mut store, "scrobbles", &[played(scrobble("ann", &song, 3), &song)]);
    let told = Listen {
        end_reason: EndReason::Finished,
        device: DeviceClass::Phone,
        shuffle: Some(true),
        context: Some("a playlist".into()),
        ..stream("ann", &song, 0, 200)
    };
    let counts = import(&mut store, "export", &[played(told.clone(), &song)]);
    assert_eq!((counts.near_duplicates, counts.completed), (1, 1));
    let completed = Listen {
        at: scrobble("ann", &song, 3).at,
        moment: segue_core::Moment::Started,
        source: Source::ListenBrainz,
        ..told
    };
    assert_eq!(store.listens(&listener("ann")).unwrap(), [completed]);
}

#[test]
fn what_a_row_knows_is_never_overwritten() {
    let song = track("song");
    let mut store = Store::open_in_memory().unwrap();
    let first =
        Listen { device: DeviceClass::Car, skipped: Some(false), ..stream("ann", &song, 0, 200) };
    let second = Listen { device: DeviceClass::Tv, skipped: Some(true), ..first.clone() };
    import(&mut store, "first", &[played(first.clone(), &song)]);
    let counts = import(&mut store, "second", &[played(second, &song)]);
    assert_eq!((counts.exact_duplicates, counts.completed), (1, 0));
    assert_eq!(store.listens(&listener("ann")).unwrap(), [first]);
}

#[test]
fn live_plays_are_not_compared_but_later_imports_are_compared_to_them() {
    let song = track("song");
    let mut store = Store::open_in_memory().unwrap();
    store.add_tracks(std::slice::from_ref(&song)).unwrap();
    let live = Listen { source: Source::Segue, ..stream("ann", &song, 0, 200) };
    store.append_listens(&[live.clone(), live]).unwrap();
    let counts = import(&mut store, "export", &[played(stream("ann", &song, 1, 200), &song)]);
    assert_eq!(counts.near_duplicates, 1);
    assert_eq!(store.listens(&listener("ann")).unwrap().len(), 2);
}

#[test]
fn a_file_that_claims_an_impossible_number_of_plays_is_cut_short() {
    let song = track("song");
    let mut store = Store::open_in_memory().unwrap();
    let claims = |ms: u32| Listen { ms_played: Some(ms), ..scrobble("ann", &song, 0) };
    let rows: Vec<_> = (1..=2_100).map(|ms| played(claims(ms), &song)).collect();
    let counts = import(&mut store, "hostile", &rows);
    assert_eq!((counts.listens_added, counts.near_duplicates), (2_000, 100));
    let again = import(&mut store, "hostile, renamed", &rows);
    assert_eq!(again.listens_added, 0);
}

#[test]
fn undated_plays_stay_undated_and_meet_each_other_only() {
    let song = track("song");
    let undated = Listen { at: None, ..scrobble("ann", &song, 0) };
    let longer = Listen { ms_played: Some(200_000), ..undated.clone() };
    let mut store = Store::open_in_memory().unwrap();
    let rows = [played(undated.clone(), &song), played(scrobble("ann", &song, 0), &song)];
    assert_eq!(import(&mut store, "first", &rows).listens_added, 2);
    assert_eq!(import(&mut store, "second", &rows).exact_duplicates, 2);
    assert_eq!(import(&mut store, "longer", &[played(longer.clone(), &song)]).near_duplicates, 1);
    assert_eq!(
        store.listens(&listener("ann")).unwrap(),
        [longer, scrobble("ann", &song, 0)],
        "the undated row took the play time and no date"
    );
    let summary = store.listener(&listener("ann")).unwrap().unwrap();
    assert_eq!(summary.first, None, "it may have been earlier than the dated one");
    assert_eq!(summary.last, scrobble("ann", &song, 0).at);
}

#[test]
fn a_short_piece_on_repeat_is_played_as_often_as_its_source_says() {
    let song = track("song");
    let starts = || (0..12).map(|turn| turn * 20);
    let streams = rows(&song, starts().map(|start| stream("ann", &song, start, 20)));
    let minutes =
        rows(&song, starts().map(|start| minute_precise("ann", &song, start / 60 * 60, 20)));
    let scrobbles = rows(&song, starts().map(|start| scrobble("ann", &song, start)));
    let ends = rows(&song, starts().map(|start| scrobble("ann", &song, start + 20)));
    let newest_first: Vec<_> = ends.iter().rev().cloned().collect();
    let files = [streams, minutes, scrobbles, ends, newest_first];
    for one in &files {
        assert_eq!(plays_of(std::slice::from_ref(one)), 12);
        for other in &files {
            // Scrobbles of the start and of the end are of one source, and thus two of each play
            // but where they fall together.
            let one_source = [&files[2], &files[3], &files[4]];
            let twice = one_source.contains(&one) && one_source.contains(&other) && one != other;
            let both = [one.clone(), other.clone(), one.clone()];
            let at_most = if twice { 13 } else { 12 };
            assert!((12..=at_most).contains(&plays_of(&both)), "{}", plays_of(&both));
        }
    }
}

#[test]
fn dates_without_a_time_keep_every_row_and_meet_the_plays_of_their_day() {
    let song = track("song");
    let dates = rows(&song, (0..12).map(|turn| on_day(&song, turn / 4)));
    let noon = 12 * 3600;
    let streams = rows(
        &song,
        (0..12).map(|turn| {
            let second = (turn / 4) * 86_400 + noon + (turn % 4) * 900;
            Listen {
                at: Some(segue_core::Timestamp::from_second(19_675 * 86_400 + second).unwrap()),
                ..stream("ann", &song, 0, 200)
            }
        }),
    );
    let fewer = dates[..5].to_vec();
    assert_eq!(plays_of(&[dates.clone(), dates.clone()]), 12, "and none is added again");
    assert_eq!(plays_of(&[dates.clone(), streams.clone(), dates.clone()]), 12);
    assert_eq!(plays_of(&[fewer, streams.clone()]), 12);
    assert_eq!(plays_of(&[streams.clone(), dates, streams]), 12);
}

#[test]
fn a_stamp_of_a_whole_hour_meets_the_play_of_its_hour() {
    use Verdict::{Exact, Near, New};
    let song = track("song");
    let apple = |second| Listen {
        source: Source::AppleMusic,
        ms_played: Some(200_000),
        ..scrobble("ann", &song, second)
    };
    let hour = -840;
    assert_eq!(apple(hour).at.unwrap().as_second() % 3600, 0);
    let cases = [
        ("the same row again", apple(hour), Exact),
        ("in that hour, of one source", apple(0), Near),
        ("in the hour before, of one source", apple(hour - 31), New),
        ("in the next hour, of one source", apple(hour + 3630), New),
        ("in that hour", stream("ann", &song, 0, 200), Near),
        ("30 s before the hour", stream("ann", &song, hour - 30, 200), Near),
        ("31 s before the hour", stream("ann", &song, hour - 31, 200), New),
        ("30 s after the hour", stream("ann", &song, hour + 3629, 200), Near),
        ("31 s after the hour", stream("ann", &song, hour + 3630, 200), New),
        ("for another time", stream("ann", &song, 0, 100), New),
    ];
    for (what, other, verdict) in cases {
        assert_eq!(second_row((&song, apple(hour)), (&song, other.clone())), verdict, "{what}");
        assert_eq!(second_row((&song, other), (&song, apple(hour))), verdict, "{what}, first");
    }
    let thrice = || rows(&song, (0..3).map(|_| apple(hour)));
    assert_eq!(plays_of(&[thrice(), thrice()]), 3, "rows of one file are plays of their own");
}

#[test]
fn counted_plays_without_a_date_are_as_many_as_their_rows() {
    let song = track("song");
    let undated = rows(&song, (0..5).map(|_| Listen { at: None, ..scrobble("ann", &song, 0) }));
    assert_eq!(plays_of(std::slice::from_ref(&undated)), 5);
    assert_eq!(plays_of(&[undated.clone(), undated]), 5);
}

#[test]
fn a_row_that_a_file_tells_twice_counts_once_although_another_source_told_it_first() {
    let song = track("song");
    let twice = rows(&song, [0, 3, 200, 203].map(|start| stream("ann", &song, start, 200)));
    let scrobbles = rows(&song, [1, 201].map(|start| scrobble("ann", &song, start)));
    assert_eq!(plays_of(std::slice::from_ref(&twice)), 2);
    assert_eq!(plays_of(&[scrobbles, twice]), 2);
}

/// How a source reports plays.
#[derive(Clone, Copy, Debug)]
enum Teller {
    Stream,
    StreamByTheMinute,
    /// Stamps this percentage of the play, and knows how long the track is.
    Scrobbler(Source, i64),
    /// Stamps the start, and knows nothing else.
    Player,
}

const TELLERS: [Teller; 8] = [
    Teller::Stream,
    Teller::StreamByTheMinute,
    Teller::Scrobbler(Source::SpotifyRecentlyPlayed, 100),
    Teller::Scrobbler(Source::ListenBrainz, 0),
    Teller::Scrobbler(Source::ListenBrainz, 50),
    Teller::Scrobbler(Source::Koito, 100),
    Teller::Scrobbler(Source::LastFm, 100),
    Teller::Player,
];

impl Teller {
    /// What it says of a play of a song: from when, and for how long.
    fn tell(self, song: u8, start: i64, seconds: u32) -> Record {
        let mut track = track(&format!("song {song}"));
        let length = i64::from(seconds);
        let listen = match self {
            Self::Stream => stream("ann", &track, start, seconds),
            Self::StreamByTheMinute => {
                let end = (start + length) / 60 * 60;
                minute_precise("ann", &track, end - length, seconds)
            }
            Self::Scrobbler(source, percent) => {
                track.features.set(AudioFeature::DurationMs, seconds as f32 * 1000.0);
                Listen { source, ..scrobble("ann", &track, start + length * percent / 100) }
            }
            Self::Player => Listen { source: Source::Rockbox, ..scrobble("ann", &track, start) },
        };
        played(listen, &track)
    }
}

/// An evening: song, length of the song and pause before it, in seconds. A song has one length.
fn evenings() -> impl Strategy<Value = Vec<(u8, i64, u32)>> {
    prop::collection::vec((0_u8..3, prop_oneof![Just(0_i64), 0..900_i64]), 1..12).prop_flat_map(
        |songs| {
            (Just(songs), prop::collection::vec(12_u32..400, 3)).prop_map(|(songs, lengths)| {
                let mut now = 0;
                let mut evening = Vec::new();
                for (song, pause) in songs {
                    let length = lengths[usize::from(song)];
                    evening.push((song, now + pause, length));
                    now += pause + i64::from(length);
                }
                evening
            })
        },
    )
}

fn told(teller: Teller, plays: &[(u8, i64, u32)]) -> Vec<Record> {
    plays.iter().map(|&(song, start, length)| teller.tell(song, start, length)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn plays_told_by_two_sources_are_one_each_whatever_they_stamp(
        (evening, shuffled) in evenings().prop_flat_map(|evening| {
            (Just(evening.clone()), Just(evening).prop_shuffle())
        }),
        pair in subsequence(&TELLERS[..], 2),
        turned in any::<bool>(),
    ) {
        let (one, other) = if turned { (pair[1], pair[0]) } else { (pair[0], pair[1]) };
        prop_assume!(source(one) != source(other));
        let files = [told(one, &evening), told(other, &shuffled), told(one, &shuffled)];
        prop_assert_eq!(plays_of(&files), evening.len());
    }

    #[test]
    fn plays_of_one_source_that_do_not_overlap_are_never_one(
        (evening, theirs) in evenings().prop_flat_map(|evening| {
            let most = evening.len();
            (Just(evening.clone()), subsequence(evening, 0..=most).prop_shuffle())
        }),
        pair in subsequence(&TELLERS[..], 2),
        turned in any::<bool>(),
    ) {
        let (one, other) = if turned { (pair[1], pair[0]) } else { (pair[0], pair[1]) };
        let (all, some) = (told(one, &evening), told(other, &theirs));
        prop_assert_eq!(plays_of(std::slice::from_ref(&all)), evening.len());
        let both = plays_of(&[some.clone(), all.clone()]);
        prop_assert!(both >= evening.len());
        let again = plays_of(&[some.clone(), all.clone(), some, all]);
        prop_assert_eq!(again, both, "importing again adds nothing");
    }
}

fn source(teller: Teller) -> Source {
    match teller.tell(0, 0, 60) {
        Record::Listen { listen, .. } => listen.source,
        _ => unreachable!("tellers tell of plays"),
    }
}

#[test]
fn one_report_may_know_the_album_that_tells_a_song_of_many_names_apart() {
    let (plain, first) = (version_of("artist␟intro", "a"), version_of("artist␟intro␟first", "b"));
    let second = version_of("artist␟intro␟second", "c");
    let play = |track: &Track| rows(track, [stream("ann", track, 0, 200)]);
    assert_eq!(plays_of(&[play(&plain), play(&first), play(&plain)]), 1);
    assert_eq!(plays_of(&[play(&first), play(&plain)]), 1);
    let later = rows(&second, [stream("ann", &second, 900, 200)]);
    assert_eq!(plays_of(&[play(&first), later]), 2);
}
