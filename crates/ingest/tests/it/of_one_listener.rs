//! Imports that keep what is of one listener: what is refused is counted, and nothing is said of
//! songs for everybody.

use segue_core::{AudioFeature, Source, Track, TrackId, Version};
use segue_ingest::identity::named_track;
use segue_ingest::{DropReason, FileReport, ImportOptions, Keeps};

use crate::support::{Memory, options, try_import};

fn read_keeping(keeps: Keeps, name: &str, text: &str) -> (FileReport, Memory) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let (report, memory) = try_import(&path, &ImportOptions { keeps, ..options() });
    (report.unwrap().files.remove(0), memory)
}

const TABLE: &str = "\
user_id,track_name,artist_name,played_at,rating,tempo,popularity,ms_played
me,First Song,Anna Ash,2024-01-01T00:00:00Z,5,120,0.9,201000
bob,Second Song,Anna Ash,2024-01-01T01:00:00Z,5,120,0.9,201000
me,Third Song,Ben Birch,2024-01-01T02:00:00Z,,,,4000
,Fourth Song,Ben Birch,2024-01-01T03:00:00Z,,,,4000
Me,Fifth Song,Ben Birch,2024-01-01T04:00:00Z,,,,4000
";

#[test]
fn rows_of_other_listeners_are_refused_and_counted_with_what_comes_beside_them() {
    let (report, memory) = read_keeping(Keeps::Own, "plays.csv", TABLE);
    assert_eq!((report.rows_read, report.listens), (5, 3), "{report:?}");
    assert_eq!(report.dropped, [(DropReason::OtherListener, 2)].into());
    let everybody = read_keeping(Keeps::Everything, "plays.csv", TABLE).1;
    assert!(everybody.feedback().len() > memory.feedback().len(), "ratings come beside plays");
    let owners = memory.listens().into_iter().map(|listen| &listen.listener);
    let of = memory.feedback().into_iter().map(|feedback| &feedback.listener);
    assert!(owners.chain(of).all(|owner| owner.as_str() == "me"));
}

#[test]
fn of_songs_in_somebodys_own_history_no_more_is_kept_than_names_and_lengths() {
    let sound = |memory: &Memory| {
        let tracks = memory.tracks();
        let first = tracks.iter().find(|track| track.title == "First Song").unwrap();
        (first.features.get(AudioFeature::Tempo), first.popularity)
    };
    let (report, own) = read_keeping(Keeps::Own, "plays.csv", TABLE);
    assert_eq!(sound(&own), (None, None));
    assert!(report.note.unwrap().contains("no more than names and lengths"));
    let (_, all) = read_keeping(Keeps::Everything, "plays.csv", TABLE);
    assert_eq!(sound(&all), (Some(120.0), Some(0.9)));
}

const DESCRIBED: &str = "\
track_name,artist_name,played_at,album,genre,year,isrc,recording_mbid,duration_ms,energy
Song (Live),Anna Ash,2024-01-01T00:00:00Z,Album,polka,1931,USRC17607839,\
b1a9c0e9-d987-4042-ae91-78d6a3267d69,201000,0.5
";

/// A line of what this library writes itself, with all that such a line can claim.
fn own_export() -> String {
    let named = named_track(None, vec!["Anna Ash".to_owned()], "Song (Live)");
    let claimed = Track {
        id: TrackId::new("spotify:track:7"),
        work: segue_core::WorkId::new("somebody else␟hit"),
        version: Version::Remix,
        album: Some("Album".to_owned()),
        isrc: Some("USRC17607839".to_owned()),
        recording_mbid: Some("b1a9c0e9-d987-4042-ae91-78d6a3267d69".to_owned()),
        location: Some("/music/song.flac".to_owned()),
        year: Some(1931),
        genre: Some("polka".to_owned()),
        popularity: Some(1.0),
        ..named
    };
    let at: segue_core::Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    let listener = segue_core::ListenerId::new("me");
    let listen = segue_core::Listen::new(listener, claimed.id.clone(), at, Source::Segue);
    format!("{}\n", serde_json::json!({"listen": listen, "track": claimed}))
}

#[test]
fn codes_albums_genres_years_and_places_in_somebodys_own_history_stay_out() {
    for (name, text) in [("plays.csv", DESCRIBED.to_owned()), ("own.ndjson", own_export())] {
        let (report, own) = read_keeping(Keeps::Own, name, &text);
        assert_eq!(report.listens, 1, "{report:?}");
        let tracks = own.tracks();
        let track = tracks.first().unwrap();
        let artists = vec!["Anna Ash".to_owned()];
        let mut expected = named_track(Some(track.id.clone()), artists, "Song (Live)");
        if let Some(length) = track.features.get(AudioFeature::DurationMs) {
            expected.features.set(AudioFeature::DurationMs, length);
        }
        assert_eq!(**track, expected, "{name}");
        let (_, all) = read_keeping(Keeps::Everything, name, &text);
        let tracks = all.tracks();
        let track = tracks.first().unwrap();
        assert_eq!((track.year, track.genre.as_deref()), (Some(1931), Some("polka")), "{name}");
        assert_eq!((&track.work, track.version), (&expected.work, Version::Live), "{name}");
    }
}

#[test]
fn a_catalogue_friendships_and_tags_of_artists_concern_everybody() {
    let catalogue = "track_id,track_name,artist_name,tempo\nt1,Song,Cleo Cane,80\n";
    let friends = "user_id,friend_id\nme,bob\nbob,me\n";
    let tags = "user,artist,tag\nme,Cleo Cane,folk\nbob,Cleo Cane,folk\n";
    for (name, text, rows) in
        [("tracks.csv", catalogue, 1), ("friends.csv", friends, 2), ("tags.csv", tags, 2)]
    {
        let (report, memory) = read_keeping(Keeps::Own, name, text);
        assert_eq!(report.dropped, [(DropReason::ForEverybody, rows)].into(), "{name}");
        assert!(memory.records.is_empty(), "{name}");
    }
    let (report, _) = read_keeping(Keeps::OwnAndCatalogue, "tracks.csv", catalogue);
    assert_eq!(report.tracks, 1);
    let (report, _) = read_keeping(Keeps::OwnAndCatalogue, "tags.csv", tags);
    assert_eq!(report.artist_tags, 2);
}

#[test]
fn what_was_refused_once_is_no_part_of_what_was_read() {
    let (_, own) = read_keeping(Keeps::Own, "plays.csv", TABLE);
    let (_, all) = read_keeping(Keeps::Everything, "plays.csv", TABLE);
    assert_eq!(own.begun[0].fingerprint, all.begun[0].fingerprint);
    assert_ne!(own.begun[0].parser, all.begun[0].parser, "else others' rows would never come in");
}
