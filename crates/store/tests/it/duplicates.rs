//! The rule of `segue_store::dedup`, row by row.

use segue_core::{DeviceClass, EndReason, Listen, Source, Track};
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
        ("a scrobble of the next play", stream_0(), (&song, scrobble("ann", &song, 200)), New),
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
        ("a scrobble on a second, 61 s apart", stream_0(), (&song, last_fm("ann", &song, 61)), New),
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
