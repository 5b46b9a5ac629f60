//! The files of one export, and what they say of each other.

use std::path::Path;

use proptest::prelude::*;
use segue_core::{DeviceClass, EndReason, FeedbackKind, ListenerId, Moment};

use super::{Artists, DailyTracks, Favorites, ITunesLibrary, LibraryTracks, PlayActivity};
use crate::format::Format;
use crate::format::testing::{KeptRecords, fixture, read, recognises, try_read};
use crate::{Context, DropReason};

fn artists_of(names: &[&str]) -> Artists {
    let mut artists = Artists::default();
    for name in names {
        let mut nothing = KeptRecords::default();
        let mut context = Context::new(
            Path::new(name),
            segue_core::Source::AppleMusic,
            ListenerId::new("me"),
            &mut nothing,
        );
        artists.learn_from(&mut fixture(name).as_bytes(), &mut context).unwrap();
    }
    artists
}

#[test]
fn a_play_is_read_from_a_dozen_of_its_columns() {
    let (_, records) = read(&PlayActivity::default(), &fixture("apple_play_activity.csv"));
    let (listen, track) = (records.listens()[0], records.tracks()[0]);
    assert_eq!(
        (track.artist(), track.title.as_str(), track.album.as_deref()),
        (Some("Anna Ash"), "First Song", Some("Leaves"))
    );
    assert_eq!(
        (listen.at.unwrap().to_string(), listen.moment),
        ("2024-01-01T00:00:00Z".to_owned(), Moment::Started)
    );
    assert_eq!(
        (listen.ms_played, listen.end_reason, listen.skipped),
        (Some(201_000), EndReason::Finished, Some(false))
    );
    assert_eq!(
        (listen.offline, listen.shuffle, listen.device),
        (Some(false), Some(false), DeviceClass::Phone)
    );
    assert_eq!(listen.context.as_deref(), Some("library / playlist_detail"));
}

#[test]
fn times_are_utc_whether_they_say_so_or_not() {
    let (_, records) = read(&PlayActivity::default(), &fixture("apple_play_activity.csv"));
    let times: Vec<_> = records
        .listens()
        .iter()
        .map(|listen| (listen.at.unwrap().to_string(), listen.moment))
        .collect();
    assert_eq!(times[1], ("2024-01-01T00:04:00Z".to_owned(), Moment::Ended));
    assert_eq!(times[2], ("2023-12-31T23:05:00Z".to_owned(), Moment::Ended));
}

#[test]
fn impossible_play_times_are_unusable_and_the_plays_are_kept() {
    let (report, records) = read(&PlayActivity::default(), &fixture("apple_play_activity.csv"));
    let played: Vec<_> = records.listens().iter().map(|listen| listen.ms_played).collect();
    assert_eq!(played, [Some(201_000), Some(9000), None, None, Some(0)]);
    assert_eq!(report.unusable_values["play_duration"], 2);
    let ends: Vec<_> = records.listens().iter().map(|listen| listen.end_reason).collect();
    use EndReason::*;
    assert_eq!(ends, [Finished, SkippedForward, Stopped, SkippedForward, Failed]);
}

#[test]
fn other_events_are_no_plays() {
    let (report, _) = read(&PlayActivity::default(), &fixture("apple_play_activity.csv"));
    assert_eq!((report.rows_read, report.listens), (9, 5));
    let dropped: Vec<_> = report.dropped.into_iter().collect();
    assert_eq!(
        dropped,
        [(DropReason::NoTitle, 1), (DropReason::BadTime, 1), (DropReason::NotAPlay, 2)]
    );
}

#[test]
fn a_ban_is_reported_beside_its_play() {
    let (report, records) = read(&PlayActivity::default(), &fixture("apple_play_activity.csv"));
    assert_eq!(report.beside, 1);
    assert_eq!(records.feedback()[0].kind, FeedbackKind::Ban);
}

#[test]
fn nothing_personal_is_kept() {
    let (report, records) = read(&PlayActivity::default(), &fixture("apple_play_activity.csv"));
    let kept = format!("{report:?}{:?}", records.0);
    assert!(!kept.contains("203.0.113") && !kept.contains("abc"), "{kept}");
}

#[test]
fn artists_come_from_the_album_and_never_from_the_playlist() {
    let (_, records) = read(&PlayActivity::default(), &fixture("apple_play_activity.csv"));
    let artists: Vec<_> = records.tracks().iter().map(|track| track.artist()).collect();
    assert_eq!(artists, [Some("Anna Ash"), Some("Ben Birch"), None, None, None]);
}

#[test]
fn artists_learnt_from_other_files_fill_in_where_there_is_no_doubt() {
    let activity = PlayActivity { artists: artists_of(&["apple_library.json"]) };
    let (_, records) = read(&activity, &fixture("apple_play_activity.csv"));
    let artists: Vec<_> = records.tracks().iter().map(|track| track.artist()).collect();
    assert_eq!(
        artists,
        [Some("Anna Ash"), Some("Ben Birch"), Some("Anna Ash"), Some("Anna Ash"), None]
    );

    let doubtful = artists_of(&["apple_library.json", "apple_daily_tracks.csv"]);
    assert_eq!(doubtful.artist_of("THIRD SONG"), None, "two artists have it");
    assert_eq!(doubtful.artist_of("Third Song - Live"), Some("Anna Ash"));
}

#[test]
fn a_day_of_plays_names_artist_and_title_in_one_cell() {
    let (report, records) = read(&DailyTracks::default(), &fixture("apple_daily_tracks.csv"));
    let tracks: Vec<_> =
        records.tracks().iter().map(|track| (track.artist(), track.title.as_str())).collect();
    let expected = [
        (Some("Anna Ash"), "Third Song - Live"),
        (Some("Ash, Anna"), "Third Song"),
        (None, "Untitled"),
    ];
    assert_eq!(tracks, expected);
    let listens = records.listens();
    assert_eq!(
        (listens[0].at.unwrap().to_string(), listens[0].ms_played),
        ("2024-03-15T20:00:00Z".to_owned(), Some(402_000))
    );
    assert_eq!(
        (listens[1].skipped, listens[1].private_session, listens[1].device),
        (Some(true), true, DeviceClass::Tablet)
    );
    assert_eq!(report.unusable_values["play_duration"], 1);
    let dropped: Vec<_> = report.dropped.into_iter().collect();
    assert_eq!(dropped, [(DropReason::NoTrack, 1), (DropReason::BadTime, 1)]);
}

#[test]
fn favourites_are_likes_and_dislikes_of_songs() {
    let (report, records) = read(&Favorites, &fixture("apple_favorites.csv"));
    let kinds: Vec<_> =
        records.feedback().iter().map(|said| (said.kind, said.at.is_some())).collect();
    assert_eq!(kinds, [(FeedbackKind::Like, true), (FeedbackKind::Dislike, true)]);
    let dropped: Vec<_> = report.dropped.into_iter().collect();
    assert_eq!(
        dropped,
        [(DropReason::NoTrack, 1), (DropReason::NotAPlay, 1), (DropReason::Empty, 1)]
    );
}

#[test]
fn the_library_is_saved_and_says_what_is_liked() {
    let (report, records) = read(&LibraryTracks, &fixture("apple_library.json"));
    let said: Vec<_> = records
        .feedback()
        .iter()
        .map(|said| (said.kind, said.at.map(|at| at.to_string())))
        .collect();
    let expected = [
        (FeedbackKind::Saved, Some("2023-08-01T10:00:00Z".to_owned())),
        (FeedbackKind::Like, Some("2024-03-02T05:59:53Z".to_owned())),
        (FeedbackKind::Dislike, None),
    ];
    assert_eq!(said, expected);
    let first = records.tracks()[0];
    assert_eq!(
        (first.year, first.duration_ms(), first.genre.as_deref()),
        (Some(2019), Some(201_000), Some("Folk"))
    );
    assert_eq!(report.unusable_values["track_duration"], 1);
    let dropped: Vec<_> = report.dropped.into_iter().collect();
    assert_eq!(dropped, [(DropReason::Video, 1), (DropReason::NoTitle, 1)]);
}

#[test]
fn each_file_is_recognised_by_its_own_format_alone() {
    let formats: [(&str, Box<dyn Format>); 4] = [
        ("apple_play_activity.csv", Box::new(PlayActivity::default())),
        ("apple_daily_tracks.csv", Box::new(DailyTracks::default())),
        ("apple_favorites.csv", Box::new(Favorites)),
        ("apple_library.json", Box::new(LibraryTracks)),
    ];
    for (i, (name, _)) in formats.iter().enumerate() {
        for (j, (_, format)) in formats.iter().enumerate() {
            assert_eq!(recognises(format.as_ref(), &fixture(name)), i == j, "{name} as {j}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic_and_adds_up(
        rows in "([\\PC\",\n]{0,16},?){0,60}",
        which in 0usize..3,
    ) {
        let (name, format): (_, &dyn Format) = match which {
            0 => ("apple_play_activity.csv", &PlayActivity::default()),
            1 => ("apple_daily_tracks.csv", &DailyTracks::default()),
            _ => ("apple_favorites.csv", &Favorites),
        };
        let header = fixture(name).lines().next().unwrap().to_owned();
        let _ = try_read(format, &format!("{header}\n{rows}"));
        let _ = try_read(&LibraryTracks, &rows);
    }
}

#[test]
fn a_library_of_itunes_counts_plays_of_which_the_last_has_a_time() {
    let (report, records) = read(&ITunesLibrary, &fixture("itunes_library.xml"));
    assert_eq!((report.rows_read, report.listens, report.feedback), (6, 2, 1));
    let reasons: Vec<_> = report.dropped.into_iter().collect();
    let expected = [(DropReason::Podcast, 1), (DropReason::Video, 1), (DropReason::NoTitle, 1)];
    assert_eq!(reasons, expected);
    assert_eq!(report.note.as_deref(), Some("4 plays are counted in it without a date"));
    let plays: Vec<_> = records.listens().iter().map(|l| (l.moment, l.at)).collect();
    assert_eq!(plays.len(), 5);
    assert_eq!(plays[0].0, Moment::Ended);
    assert_eq!(plays[0].1.unwrap().to_string(), "2016-04-05T20:47:03Z");
    assert!(plays[1..].iter().all(|(_, at)| at.is_none()));
    let kinds: Vec<_> = records.feedback().iter().map(|said| said.kind).collect();
    assert_eq!(kinds, [FeedbackKind::Like, FeedbackKind::Saved, FeedbackKind::Dislike]);
    let track = records.tracks()[0];
    assert_eq!(
        (track.title.as_str(), track.album.as_deref()),
        ("Salt & Stone", Some("Harbour & Hill"))
    );
    assert!(!format!("{:?}", records.0).contains("somebody"));
}

#[test]
fn a_library_that_breaks_off_keeps_the_tracks_before() {
    let whole = fixture("itunes_library.xml");
    let cut = &whole[..whole.find("Left Behind").unwrap()];
    let (result, records) = try_read(&ITunesLibrary, cut);
    assert_eq!(records.listens().len(), 4);
    let error = result.unwrap_err().to_string();
    assert!(error.contains(&format!("line {}:", cut.lines().count())), "{error}");
    let endless = whole.replace("Left Behind", &"x".repeat(2 << 20));
    let error = try_read(&ITunesLibrary, &endless).0.unwrap_err().to_string();
    assert!(error.contains("1024 KiB"), "{error}");
    for other in ["<html><dict>", "<plist><dict><key>Bookmarks</key>", "{\"Tracks\":1}"] {
        assert!(!recognises(&ITunesLibrary, other), "{other}");
    }
}
