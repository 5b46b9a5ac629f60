//! Each JSON format, on rows made by hand after what its exports look like.

use segue_core::{
    AudioFeature, DeviceClass, EndReason, FeedbackKind, FeedbackTarget, Moment, Source,
    StartReason, Version,
};
use segue_ingest::DropReason;

use crate::support::{extended_row, read_text};

#[test]
fn spotify_extended_rows_keep_what_happened_and_forget_who() {
    let (report, memory) =
        read_text("endsong_0.json", &format!("[{}]", extended_row(61, "Song - Live", 7244)));
    assert_eq!(
        (report.source, report.rows_read, report.listens),
        (Some(Source::SpotifyExtended), 1, 1)
    );
    let listen = memory.listens()[0];
    assert_eq!(listen.at.unwrap().to_string(), "2023-05-01T01:01:00Z");
    assert_eq!(listen.moment, Moment::Ended);
    assert_eq!(listen.ms_played, Some(7244));
    assert_eq!(listen.start_reason, StartReason::PreviousFinished);
    assert_eq!(listen.end_reason, EndReason::SkippedForward);
    assert_eq!((listen.shuffle, listen.skipped, listen.offline), (Some(true), None, Some(false)));
    assert_eq!(listen.device, DeviceClass::Phone);
    let track = memory.tracks()[0];
    assert_eq!(track.version, Version::Live);
    assert_eq!(track.work.as_str(), "artist␟song");
    assert_eq!(track.album.as_deref(), Some("Album"));
    assert!(!format!("{:?}{report:?}", memory.records).contains("PRIVATE"));
}

#[test]
fn spotify_extended_rows_that_are_no_songs_are_dropped_by_reason() {
    let text = r#"[
        {"ts":"2023-05-01T00:00:00Z","ms_played":1,"episode_name":"E",
         "spotify_episode_uri":"spotify:episode:1"},
        {"ts":"2023-05-01T00:00:00Z","ms_played":1,"audiobook_title":"B"},
        {"ts":"2023-05-01T00:00:00Z","ms_played":1,
         "spotify_track_uri":"spotify:track:6rqhFgbbKwnb9MLmUQDhG6"},
        {"ts":"2023-05-01T00:00:00Z","ms_played":1},
        {"ts":"1970-01-01T00:00:00Z","ms_played":1,"master_metadata_track_name":"S"},
        {"ts":null,"ms_played":1,"master_metadata_track_name":"S"},
        17, null, ["x"], "y", {}
    ]"#;
    let (report, memory) = read_text("endsong.json", text);
    assert!(memory.records.is_empty());
    let dropped: Vec<_> = report.dropped.into_iter().collect();
    assert_eq!(
        dropped,
        [
            (DropReason::Podcast, 1),
            (DropReason::Audiobook, 1),
            (DropReason::NoTrack, 2),
            (DropReason::NoTitle, 1),
            (DropReason::BadTime, 2),
            (DropReason::Malformed, 4),
        ]
    );
}

#[test]
fn spotify_extended_values_of_wrong_types_cost_the_value_and_not_the_row() {
    let text = r#"[{"ts":"2023-05-01T00:00:00Z","ms_played":-5,"master_metadata_track_name":1989,
        "shuffle":"yes",
        "master_metadata_album_album_name":{"x":[1,2]},"spotify_track_uri":"spotify:track:short",
        "reason_end":"abducted",
        "skipped":1,"incognito_mode":"true","platform":7}]"#;
    let (report, memory) = read_text("endsong.json", text);
    let fields: Vec<_> = report.unusable_values.into_keys().collect();
    assert_eq!(
        fields,
        [
            "master_metadata_album_album_name",
            "ms_played",
            "reason_end",
            "shuffle",
            "spotify_track_uri"
        ]
    );
    let listen = memory.listens()[0];
    assert_eq!(
        (listen.ms_played, listen.skipped, listen.private_session),
        (None, Some(true), true)
    );
    assert_eq!(memory.tracks()[0].title, "1989");
    assert_eq!(listen.track.as_str(), "name:␟1989");
}

#[test]
fn spotify_account_history_is_utc_to_the_minute() {
    let text = r#"[
        {"endTime":"2023-11-01 22:44","artistName":"A","trackName":"T","msPlayed":200000},
        {"endTime":"2023-11-01 22:44","artistName":"A","trackName":"T","msPlayed":200000},
        {"endTime":"2023-11-01 22:45","podcastName":"P","episodeName":"E","msPlayed":1},
        {"endTime":"2023-11-01 22:46","artistName":"Unknown Artist","trackName":"Unknown Track",
         "msPlayed":1}
    ]"#;
    let (report, memory) = read_text("StreamingHistory_music_0.json", text);
    assert_eq!(
        (report.source, report.rows_read, report.listens),
        (Some(Source::SpotifyAccount), 4, 2)
    );
    assert_eq!(memory.listens()[0].at.unwrap().to_string(), "2023-11-01T22:44:00Z");
    assert_eq!(memory.listens()[0].moment, Moment::Ended);
    assert_eq!(report.dropped[&DropReason::Podcast], 1);
    assert_eq!(report.dropped[&DropReason::NoTrack], 1);
}

#[test]
fn a_spotify_library_gives_likes_and_bans() {
    let text = r#"{"tracks":[{"artist":"A","album":1989,"track":"T",
        "uri":"spotify:track:6rqhFgbbKwnb9MLmUQDhG6"}],
        "albums":[{"artist":"A","album":"B","uri":"spotify:album:x"}],"shows":[],"episodes":[],
        "bannedTracks":[{"artist":"C","album":"D","track":"E",
        "uri":"spotify:track:7rqhFgbbKwnb9MLmUQDhG6"}],
        "artists":[{"name":"Followed","uri":"spotify:artist:x"}],
        "bannedArtists":[{"name":"Banned","uri":"spotify:artist:y"}],"other":["x"]}"#;
    let (report, memory) = read_text("YourLibrary.json", text);
    assert_eq!((report.rows_read, report.feedback, report.beside), (3, 3, 1));
    let said: Vec<_> =
        memory.feedback().into_iter().map(|said| (said.kind, said.target.clone())).collect();
    let track = |id: &str| FeedbackTarget::Track(segue_core::TrackId::new(id));
    assert_eq!(
        said,
        [
            (FeedbackKind::Like, track("spotify:track:6rqhFgbbKwnb9MLmUQDhG6")),
            (FeedbackKind::Saved, track("spotify:track:6rqhFgbbKwnb9MLmUQDhG6")),
            (FeedbackKind::Ban, track("spotify:track:7rqhFgbbKwnb9MLmUQDhG6")),
            (FeedbackKind::Ban, FeedbackTarget::Artist("Banned".to_owned())),
        ]
    );
    assert_eq!(memory.tracks()[0].album.as_deref(), Some("1989"));
}

#[test]
fn spotify_playlists_give_saved_tracks() {
    let text = r#"{"playlists":[{"name":"Mine","lastModifiedDate":"2024-01-02","description":null,
        "numberOfFollowers":0,"items":[
        {"track":{"trackName":"T","artistName":"A","albumName":"B",
         "trackUri":"spotify:track:6rqhFgbbKwnb9MLmUQDhG6"},
         "episode":null,"localTrack":null,"addedDate":"2023-12-31"},
        {"track":null,"episode":{"episodeName":"E","showName":"S"},"localTrack":null,
         "addedDate":"2023-12-31"},
        {"track":null,"episode":null,"localTrack":{"uri":"spotify:local:a"},"addedDate":null}]},
        {"name":"Empty","items":[]}]}"#;
    let (report, memory) = read_text("Playlist1.json", text);
    assert_eq!((report.rows_read, report.feedback), (3, 1));
    let said = memory.feedback()[0];
    assert_eq!(said.kind, FeedbackKind::Saved);
    assert_eq!(said.at.unwrap().to_string(), "2023-12-31T00:00:00Z");
    assert_eq!(report.dropped[&DropReason::Podcast], 1);
    assert_eq!(report.dropped[&DropReason::NoTrack], 1);
}

#[test]
fn recently_played_tracks_know_their_context_but_not_its_owner() {
    let text = r#"{"items":[{"track":{"name":"T","uri":"spotify:track:6rqhFgbbKwnb9MLmUQDhG6",
        "artists":[{"name":"A"},{"name":"B"}],
        "album":{"name":"C","release_date":"1999-05"},"duration_ms":1000,"popularity":50,
        "external_ids":{"isrc":"X"}},
        "played_at":"2024-02-03T04:05:06.789Z","context":{"type":"playlist",
        "uri":"spotify:user:PRIVATE:playlist:37i9dQZF1DXcBWIGoYBM5M"}}]}"#;
    let (_, memory) = read_text("recent.json", text);
    let listen = memory.listens()[0];
    assert_eq!(listen.at.unwrap().to_string(), "2024-02-03T04:05:06.789Z");
    assert_eq!(listen.context.as_deref(), Some("spotify:playlist:37i9dQZF1DXcBWIGoYBM5M"));
    let track = memory.tracks()[0];
    assert_eq!(track.artists, ["A", "B"]);
    assert_eq!(
        (track.year, track.popularity, track.isrc.as_deref()),
        (Some(1999), Some(0.5), Some("X"))
    );
}

#[test]
fn listenbrainz_lines_may_have_decimal_times_and_none() {
    let text = concat!(
        r#"{"listened_at":1577836800.000000,"track_metadata":{"artist_name":"A feat. B","#,
        r#""track_name":"T","mbid_mapping":null,"#,
        r#""additional_info":{"duration":200,"isrc":["x"]}}}"#,
        "\n\n",
        r#"{"listened_at":1577836800,"track_metadata":{"artist_name":"A","track_name":"T","#,
        r#""additional_info":null,"mbid_mapping":{"#,
        r#""recording_mbid":"C7D0BF6E-b2aa-4ffa-bded-2448415b39b0","#,
        r#""artists":[{"artist_credit_name":"The A"}]}}}"#,
        "\n",
        r#"{"track_metadata":{"artist_name":"A","track_name":"Now"}}"#,
        "\n{broken}\n",
        r#"{"listened_at":"0","track_metadata":{"artist_name":"A","track_name":"T"}}"#,
    );
    let (report, memory) = read_text("1.jsonl", text);
    assert_eq!((report.rows_read, report.listens), (5, 2));
    assert_eq!(report.dropped[&DropReason::NowPlaying], 1);
    assert_eq!(report.dropped[&DropReason::Malformed], 1);
    assert_eq!(report.dropped[&DropReason::BadTime], 1);
    let [first, second] = memory.tracks()[..] else { panic!() };
    assert_eq!(first.id.as_str(), "name:a␟t");
    assert_eq!(second.id.as_str(), "mbid:c7d0bf6e-b2aa-4ffa-bded-2448415b39b0");
    assert_eq!(second.artists, ["The A"]);
    assert_eq!(first.work, second.work);
    assert_eq!(first.features.get(AudioFeature::DurationMs), Some(200_000.0));
}

#[test]
fn listenbrainz_feedback_is_love_and_hate() {
    let mbid = "c7d0bf6e-b2aa-4ffa-bded-2448415b39b0";
    let text = format!(
        "{{\"recording_mbid\":\"{mbid}\",\"recording_msid\":null,\"score\":1,\
         \"created\":1577836800}}\n\
         {{\"recording_mbid\":\"{mbid}\",\"score\":-1}}\n\
         {{\"recording_msid\":\"{mbid}\",\"recording_mbid\":null,\"score\":1}}\n\
         {{\"recording_mbid\":\"{mbid}\",\"score\":7}}\n"
    );
    let (report, memory) = read_text("feedback.jsonl", &text);
    let said: Vec<_> =
        memory.feedback().into_iter().map(|said| (said.kind, said.at.is_some())).collect();
    assert_eq!(said, [(FeedbackKind::Like, true), (FeedbackKind::Dislike, false)]);
    assert_eq!(report.dropped[&DropReason::NoTrack], 1);
    assert_eq!(report.dropped[&DropReason::Malformed], 1);
}

const LASTFM_TRACK: &str = concat!(
    r##"{"artist":{"mbid":"","#text":"A"},"album":{"#text":""},"name":"T","mbid":"","##,
    r##""date":{"uts":"1577836800","#text":"x"},"loved":"1"}"##
);

#[test]
fn lastfm_answers_and_pages_hold_the_same_rows() {
    let playing = r##"{"artist":{"#text":"A"},"name":"Now","@attr":{"nowplaying":"true"}}"##;
    for text in [
        format!(
            r#"{{"recenttracks":{{"track":[{playing},{LASTFM_TRACK}],"@attr":{{"page":"1"}}}}}}"#
        ),
        format!(r#"[{{"track":[{playing},{LASTFM_TRACK}]}}]"#),
        format!(
            r#"[{{"recenttracks":{{"@attr":{{}},"track":{playing}}}}},
                {{"recenttracks":{{"track":{LASTFM_TRACK}}}}}]"#
        ),
    ] {
        let (report, memory) = read_text("recenttracks.json", &text);
        assert_eq!((report.rows_read, report.listens, report.beside), (2, 1, 1), "{text}");
        assert_eq!(report.dropped[&DropReason::NowPlaying], 1);
        assert_eq!(memory.listens()[0].track.as_str(), "name:a␟t");
        assert_eq!(memory.tracks()[0].album, None);
        assert_eq!(memory.feedback()[0].kind, FeedbackKind::Like);
    }
}

#[test]
fn lastfm_loved_tracks_are_likes_with_a_date() {
    let track = r#"{"artist":{"name":"A","url":"x"},"name":"T","date":{"uts":"1577836800"}}"#;
    for (name, text) in [
        ("x.json", format!(r#"{{"lovedtracks":{{"track":[{track}]}}}}"#)),
        ("lovedtracks-me.json", format!(r##"[{{"track":[{}]}}]"##, track.replace("url", "#text"))),
    ] {
        let (report, memory) = read_text(name, &text);
        assert_eq!((report.rows_read, report.feedback), (1, 1), "{name}");
        assert_eq!(memory.feedback()[0].at.unwrap().as_second(), 1_577_836_800);
    }
}

#[test]
fn lastfmstats_dates_are_milliseconds() {
    let text = r#"{"username":"PRIVATE","scrobbles":[{"track":"T","artist":"A","album":"B",
        "albumId":"1","date":1577836800000}]}"#;
    let (report, memory) = read_text("lastfmstats.json", text);
    assert_eq!((report.source, report.listens), (Some(Source::LastFm), 1));
    assert_eq!(memory.listens()[0].at.unwrap().as_second(), 1_577_836_800);
}

#[test]
fn maloja_finds_the_main_artist() {
    let text = r#"{"maloja":{"export_time":1},"scrobbles":[{"time":1577836800,
        "track":{"artists":["Guest","Main • Guest"],"title":"T",
        "album":{"albumtitle":"B","artists":["Main"]},"length":245},"duration":100,"origin":"x"},
        {"time":1577836801,"artists":["Main"],"title":"T","album":null,"duration":null}]}"#;
    let (report, memory) = read_text("maloja.json", text);
    assert_eq!(report.listens, 2);
    let [first, second] = memory.tracks()[..] else { panic!() };
    assert_eq!(first.artists, ["Main", "Guest"]);
    assert_eq!(first.work, second.work);
    assert_eq!(first.duration_ms(), Some(245_000));
    assert_eq!(memory.listens()[0].ms_played, Some(100_000));
}

#[test]
fn koito_names_are_primary_aliases() {
    let text = r#"{"version":"1","user":"PRIVATE","listens":[{"listened_at":"2022-01-08T22:32:08Z",
        "client":"c",
        "track":{"mbid":null,"duration":354,"aliases":[{"alias":"t","is_primary":false},
        {"alias":"T (feat. G)","is_primary":true}]},
        "album":{"aliases":[{"alias":"B"}]},
        "artists":[{"is_primary":false,"aliases":[{"alias":"G"}]},{"is_primary":true,
        "aliases":[{"alias":"Main"}]}]}]}"#;
    let (report, memory) = read_text("koito.json", text);
    assert_eq!(report.listens, 1);
    let track = memory.tracks()[0];
    assert_eq!((track.title.as_str(), track.album.as_deref()), ("T (feat. G)", Some("B")));
    assert_eq!(track.artists, ["Main", "G"]);
    assert_eq!(track.id.as_str(), "name:main␟t");
}

#[test]
fn pano_scrobbler_lines_are_plays_and_loves() {
    let text = "\
        {\"timeMs\":1577836800123,\"artist\":\"A\",\"track\":\"T\",\"durationMs\":1000,\
        \"event\":\"scrobble\"}\n\
        {\"timeMs\":1577836800123,\"artist\":\"A\",\"track\":\"T\",\"event\":\"love\"}\n\
        {\"timeMs\":null,\"artist\":\"A\",\"track\":\"T\"}\n";
    let (report, memory) = read_text("pano.jsonl", text);
    assert_eq!((report.listens, report.feedback), (1, 1));
    assert_eq!(report.dropped[&DropReason::BadTime], 1);
    assert_eq!(memory.feedback()[0].kind, FeedbackKind::Like);
}

#[test]
fn youtube_music_is_found_among_videos() {
    let text = r#"[
        {"header":"YouTube Music","title":"Watched Song",
         "titleUrl":"https://www.youtube.com/watch?v=abcdefghijk",
         "subtitles":[{"name":"Artist - Topic","url":"x"}],"time":"2024-01-01T00:00:00.000Z",
         "products":["YouTube"]},
        {"header":"YouTube","title":"„Lied“ angesehen",
         "titleUrl":"https://music.youtube.com/watch?v=abcdefghij_",
         "subtitles":[{"name":"ArtistVEVO"}],"time":"2024-01-01T00:01:00Z"},
        {"header":"YouTube","title":"Watched a cat",
         "titleUrl":"https://www.youtube.com/watch?v=abcdefghij0","time":"2024-01-01T00:02:00Z"},
        {"header":"YouTube Music","title":"Watched https://www.youtube.com/watch?v=abcdefghij1",
         "titleUrl":"https://www.youtube.com/watch?v=abcdefghij1","time":"2024-01-01T00:02:00Z"},
        {"header":"YouTube Music","title":"Watched a video that has been removed",
         "time":"2024-01-01T00:02:00Z"},
        {"header":"YouTube Music","title":"Searched for x",
         "titleUrl":"https://music.youtube.com/search?q=x","time":"2024-01-01T00:02:00Z"}
    ]"#;
    let (report, memory) = read_text("Verlauf.json", text);
    assert_eq!(
        (report.source, report.rows_read, report.listens),
        (Some(Source::YouTubeMusic), 6, 2)
    );
    let works: Vec<_> = memory.tracks().into_iter().map(|track| track.work.as_str()).collect();
    assert_eq!(works, ["artist␟song", "artist␟lied"]);
    assert_eq!(memory.listens()[0].track.as_str(), "youtube:abcdefghijk");
    let dropped: Vec<_> = report.dropped.into_keys().collect();
    assert_eq!(
        dropped,
        [DropReason::Video, DropReason::NoTrack, DropReason::NoTitle, DropReason::NotAPlay]
    );
}

#[test]
fn other_encodings_are_read_and_noted() {
    let text = extended_row(1, "Café", 1000);
    let folder = tempfile::tempdir().unwrap();
    let utf16: Vec<u8> =
        format!("\u{feff}[{text}]").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin1: Vec<u8> = format!("[{text}]").chars().map(|c| c as u8).collect();
    let marked = format!("\u{feff}[{text}]").into_bytes();
    for (bytes, note) in [(utf16, Some("UTF-16")), (latin1, Some("Windows-1252")), (marked, None)] {
        let path = folder.path().join("endsong_0.json");
        std::fs::write(&path, bytes).unwrap();
        let (report, memory) = crate::support::read(&path);
        assert_eq!(memory.tracks()[0].title, "Café");
        match note {
            Some(note) => assert!(report.files[0].note.as_ref().unwrap().contains(note)),
            None => assert_eq!(report.files[0].note, None),
        }
    }
}

#[test]
fn an_export_of_segue_is_read_with_tracks_that_it_described_before() {
    let listen = r#""at":"2025-09-18T00:00:00Z","context":null,"device":"unknown",
        "end_reason":"finished","listener":"somebody","moment":"started","ms_played":null,
        "offline":null,"private_session":false,"shuffle":null,"skipped":null,"source":"last_fm",
        "start_reason":"unknown""#
        .replace('\n', " ");
    let track = r#"{"id":"a","work":"w","version":"original","title":"T","artists":["A"],
        "album":null,"isrc":null,"recording_mbid":null,"location":null,"year":null,"genre":null,
        "popularity":null,"features":{}}"#
        .replace('\n', " ");
    let text = [
        format!(r#"{{"listen":{{{listen},"track":"a"}},"track":{track}}}"#),
        format!(r#"{{"listen":{{{listen},"track":"a"}}}}"#),
        format!(r#"{{"listen":{{{listen},"track":"never described"}}}}"#),
        r#"{"listen":{"at":"yesterday"}}"#.to_owned(),
        r#"{"exclusion":{"track":"a"}}"#.to_owned(),
    ];
    let (report, memory) = read_text("segue-export.ndjson", &text.join("\n"));
    assert_eq!((report.source, report.rows_read, report.listens), (Some(Source::Segue), 5, 2));
    let dropped: Vec<_> = report.dropped.into_iter().collect();
    let expected = [DropReason::NoTrack, DropReason::NotAPlay, DropReason::Malformed];
    assert_eq!(dropped, expected.map(|reason| (reason, 1)));
    let listens = memory.listens();
    assert_eq!((listens[1].source, listens[1].listener.as_str()), (Source::LastFm, "me"));
}
