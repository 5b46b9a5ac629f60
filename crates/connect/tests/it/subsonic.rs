//! OpenSubsonic: logging in, reading a library, playlists, and servers that misbehave.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use segue_connect::{
    Account, ConnectError, Http, HttpLimits, LoginMethod, ServerAddress, Subsonic,
};
use segue_core::{FeedbackKind, ListenerId, RemoteSong, Secret};
use segue_ingest::{DropReason, FileReport};
use serde_json::{Value, json};

use crate::fake::{Asked, Fake, Reply};

const PASSWORD: &str = "open sesame&?";

fn account(is_key: bool) -> Account {
    Account { user: "ann".to_owned(), secret: Secret::new(PASSWORD), is_key }
}

pub(crate) fn quick() -> Http {
    Http::new(HttpLimits {
        connect: Duration::from_millis(500),
        request: Duration::from_millis(500),
        answer_mib: 1,
        patience: Duration::from_secs(2),
    })
}

fn log_in(fake: &Fake) -> Result<Subsonic, ConnectError> {
    let address: ServerAddress = fake.address.parse().unwrap();
    Subsonic::log_in(quick(), address, account(false)).map(|(server, _)| server)
}

/// What is wrong when every answer is this one.
fn refusal(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> ConnectError {
    log_in(&Fake::start(answer)).unwrap_err()
}

#[test]
fn a_token_is_sent_and_not_the_password() {
    let fake = Fake::start(|_| Reply::ok(json!({"openSubsonic": true, "type": "navidrome"})));
    let address: ServerAddress = fake.address.parse().unwrap();
    let (server, info) = Subsonic::log_in(quick(), address, account(false)).unwrap();
    assert_eq!(server.login_method(), LoginMethod::Token);
    assert_eq!((info.program.as_deref(), info.is_open), (Some("navidrome"), true));
    let [asked] = &fake.asked()[..] else { panic!("one request") };
    assert_eq!(asked.line, "POST /rest/ping.view HTTP/1.1");
    assert_eq!((asked.field("u"), asked.field("f")), (Some("ann"), Some("json")));
    assert!(asked.field("t").unwrap().len() == 32 && asked.field("p").is_none());
    assert!(!asked.body.contains("sesame"));
}

#[test]
fn a_password_is_sent_only_to_a_server_that_says_it_takes_nothing_else() {
    for (version, code) in [("1.16.1", 41), ("1.16.1", 42), ("1.12.0", 10)] {
        let fake = Fake::start(move |asked| match asked.field("p") {
            Some(_) => Reply::ok(json!({})),
            None => Reply::failed(version, code, "no tokens here"),
        });
        assert_eq!(log_in(&fake).unwrap().login_method(), LoginMethod::Password);
        let asked = fake.asked();
        assert_eq!(asked[1].field("p"), Some("enc:6f70656e20736573616d65263f"));
        assert_eq!(asked[1].line, asked[0].line, "nothing of it is in the address");
    }
    for (version, code) in [("1.16.1", 40), ("1.16.1", 10), ("1.12.0", 40), ("1.16.1", 50)] {
        let fake = Fake::start(move |_| Reply::failed(version, code, "no"));
        log_in(&fake).unwrap_err();
        assert!(fake.asked().iter().all(|asked| asked.field("p").is_none()), "{code}");
    }
}

#[test]
fn a_key_is_sent_alone() {
    let fake = Fake::start(|_| Reply::ok(json!({})));
    let address: ServerAddress = fake.address.parse().unwrap();
    let (server, _) = Subsonic::log_in(quick(), address, account(true)).unwrap();
    assert_eq!(server.login_method(), LoginMethod::Key);
    let asked = &fake.asked()[0];
    assert_eq!((asked.field("apiKey"), asked.field("u")), (Some(PASSWORD), None));
}

#[test]
fn what_servers_say_is_told_apart_by_what_can_be_done_about_it() {
    let coded = |code| refusal(move |_| Reply::failed("1.16.1", code, "so it is"));
    assert!(matches!(coded(40), ConnectError::NotAccepted { .. }));
    assert!(matches!(coded(44), ConnectError::NotAccepted { .. }));
    assert!(matches!(coded(70), ConnectError::NotFound { .. }));
    assert!(matches!(coded(50), ConnectError::Refused { code: 50, .. }));
    let status = refusal(|_| Reply::Say(502, Vec::new(), b"bad gateway".to_vec()));
    assert!(matches!(status, ConnectError::Status { status: 502, .. }));
    let unauthorized = refusal(|_| Reply::Say(401, Vec::new(), Vec::new()));
    assert!(matches!(unauthorized, ConnectError::Status { status: 401, .. }));
    let page = refusal(|_| Reply::text("text/html", "<!doctype html><html>Log in</html>"));
    assert!(matches!(page, ConnectError::WebPage { .. }), "{page}");
    let other = refusal(|_| Reply::json(&json!({"error": "no route"})));
    assert!(matches!(other, ConnectError::Unreadable { .. }), "{other}");
    let none = refusal(|_| Reply::text("application/json", ""));
    assert!(matches!(none, ConnectError::Unreadable { .. }), "{none}");
}

#[test]
fn an_answer_counts_whatever_its_content_type_says() {
    let said = r#"{"subsonic-response": {"status": "ok", "version": "1.16.1"}}"#;
    let fake = Fake::start(move |_| Reply::text("text/plain; charset=x", said));
    assert!(log_in(&fake).is_ok());
}

#[test]
fn a_server_that_hangs_is_waited_for_no_longer_than_the_limit() {
    let begun = Instant::now();
    let error = refusal(|_| Reply::Hang);
    assert!(matches!(error, ConnectError::TimedOut { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn an_answer_beyond_the_limit_is_not_read_to_its_end() {
    let error = refusal(|_| Reply::Say(200, Vec::new(), vec![b' '; 3 << 20]));
    assert!(matches!(error, ConnectError::TooLarge { limit_mib: 1, .. }), "{error}");
}

#[test]
fn a_redirection_is_named_and_not_followed() {
    let elsewhere = Fake::start(|_| Reply::ok(json!({})));
    let to = elsewhere.address.clone();
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {to}/rest/ping.view?p=x");
        let error = refusal(move |_| Reply::Say(status, vec![location.clone()], Vec::new()));
        assert!(error.to_string().contains(&format!("`{to}/rest/ping.view`")), "{error}");
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn no_error_holds_what_was_sent_even_if_the_server_repeats_it() {
    let echo = |asked: &Asked| {
        let said: Vec<String> =
            asked.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Reply::failed("1.16.1", if asked.field("p").is_some() { 40 } else { 41 }, &said.join(" "))
    };
    let fake = Fake::start(echo);
    let said = format!("{:?}", log_in(&fake).unwrap_err());
    for secret in ["sesame", "6f70656e20736573616d65263f"] {
        assert!(!said.contains(secret), "{said}");
    }
    let address: ServerAddress = fake.address.parse().unwrap();
    let key = Subsonic::log_in(quick(), address, account(true)).unwrap_err();
    assert!(!format!("{key:?}").contains("sesame"));
    let unreachable: ServerAddress = "http://127.0.0.1:1".parse().unwrap();
    let error = Subsonic::log_in(quick(), unreachable, account(false)).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("sesame"));
}

/// Songs of a made-up library, eight of each album.
fn songs(count: usize) -> Vec<Value> {
    let song = |i: usize| {
        json!({
            "id": format!("s{i}"), "title": format!("Song {i}"),
            "artist": format!("Artist {}", i / 8), "album": format!("Album {}", i / 8),
            "albumId": format!("a{}", i / 8), "duration": 200, "isDir": false, "type": "music",
        })
    };
    (0..count).map(song).collect()
}

fn slice(all: &[Value], offset: usize, count: usize) -> Vec<Value> {
    all.iter().skip(offset).take(count).cloned().collect()
}

/// A server that holds these songs and gives at most a hundred at a time.
fn library(songs: Vec<Value>, is_open: bool) -> Fake {
    Fake::start(move |asked| match asked.path.as_str() {
        "/rest/ping.view" => Reply::ok(json!({"openSubsonic": is_open})),
        "/rest/search3.view" => {
            let page =
                slice(&songs, asked.number("songOffset"), asked.number("songCount").min(100));
            Reply::ok(json!({"searchResult3": {"song": page}}))
        }
        "/rest/getAlbumList2.view" => {
            let albums: Vec<Value> = (0..songs.len().div_ceil(8))
                .map(|album| json!({"id": format!("a{album}"), "name": "x"}))
                .collect();
            let page = slice(&albums, asked.number("offset"), asked.number("size").min(10));
            Reply::ok(json!({"albumList2": {"album": page}}))
        }
        "/rest/getAlbum.view" => {
            let of = |song: &&Value| song["albumId"] == *asked.field("id").unwrap();
            let of: Vec<&Value> = songs.iter().filter(of).collect();
            Reply::ok(json!({"album": {"song": of}}))
        }
        other => Reply::Say(404, Vec::new(), other.as_bytes().to_vec()),
    })
}

fn read(fake: &Fake) -> (Vec<RemoteSong>, FileReport) {
    let server = log_in(fake).unwrap();
    let saved = HashSet::from(["s1".to_owned()]);
    let mut songs = Vec::new();
    let report = server.read_songs(&ListenerId::new("ann"), &saved, &mut |page| {
        songs.extend(page);
        Ok(())
    });
    let report = report.unwrap();
    assert!(report.adds_up());
    (songs, report)
}

#[test]
fn every_song_is_read_whatever_the_length_of_a_page() {
    let fake = library(songs(250), true);
    let (found, report) = read(&fake);
    let ids: Vec<String> = found.iter().map(|song| song.id.clone()).collect();
    assert_eq!(ids, (0..250).map(|i| format!("s{i}")).collect::<Vec<_>>());
    assert_eq!((report.rows_read, report.tracks), (250, 250));
    assert!(found[1].is_saved && !found[2].is_saved);
    assert!(fake.asked().iter().all(|asked| asked.path != "/rest/getAlbum.view"));
}

#[test]
fn albums_are_walked_where_an_empty_search_is_not_promised_or_finds_nothing() {
    let old = library(songs(130), false);
    let (found, report) = read(&old);
    assert_eq!((found.len(), report.rows_read), (130, 130));
    assert!(old.asked().iter().all(|asked| asked.path != "/rest/search3.view"));

    let all = songs(16);
    let fake = Fake::start(move |asked| match asked.path.as_str() {
        "/rest/search3.view" => Reply::failed("1.16.1", 10, "please provide a query"),
        "/rest/getAlbumList2.view" if asked.number("offset") == 0 => {
            Reply::ok(json!({"albumList2": {"album": [{"id": 0}, {"id": 1}]}}))
        }
        "/rest/getAlbum.view" => {
            let from = asked.number("id") * 8;
            Reply::ok(json!({"album": {"song": all[from..from + 8]}}))
        }
        _ => Reply::ok(json!({"openSubsonic": true})),
    });
    assert_eq!(read(&fake).0.len(), 16);
}

#[test]
fn a_server_that_gives_the_same_page_again_and_again_is_left() {
    let page = songs(3);
    let fake = Fake::start(move |asked| match asked.path.as_str() {
        "/rest/search3.view" => Reply::ok(json!({"searchResult3": {"song": page}})),
        _ => Reply::ok(json!({"openSubsonic": true})),
    });
    let (found, report) = read(&fake);
    assert_eq!(found.len(), 3);
    assert_eq!(report.dropped.get(&DropReason::RepeatedRow), Some(&3));
}

#[test]
fn songs_come_with_what_is_known_of_them_and_the_rest_is_dropped_for_a_reason() {
    let mbid = "B1A9C0E9-D987-4042-AE91-78D6A3267D69";
    let all = json!([
        {"id": 1, "title": "Song (Live)", "artists": [{"name": "A"}, {"name": "B"}],
         "artist": "A & B", "album": "X", "genre": "Rock", "year": 1999, "duration": 61,
         "musicBrainzId": mbid, "isrc": ["GB-AYE-06-01498"], "starred": "2024-05-01T20:00:00Z",
         "userRating": 1, "playCount": 7, "played": "2025-05-01T20:00:00.123Z"},
        {"id": "2", "title": "Two", "artist": "A", "userRating": 2, "musicBrainzId": "", "year": 0},
        {"id": "3", "title": "Three", "artist": "A", "userRating": 5},
        {"id": "4", "title": "Four", "artist": "A", "userRating": 3, "starred": ""},
        {"id": "5", "artist": "A"},
        {"id": "6", "title": "Talk", "artist": "A", "type": "podcast"},
        {"id": "7", "title": "Film", "artist": "A", "isVideo": true},
        {"title": "No id", "artist": "A"},
        {"id": "8", "title": "x".repeat(600), "artist": "A"},
    ]);
    let (found, report) = read(&library(all.as_array().unwrap().clone(), true));
    assert_eq!((report.rows_read, report.tracks), (9, 4));
    let dropped: Vec<DropReason> = report.dropped.keys().copied().collect();
    use DropReason::{Malformed, NameTooLong, NoTitle, Podcast, Video};
    assert_eq!(dropped, [Podcast, Video, NoTitle, Malformed, NameTooLong]);

    let first = &found[0];
    let track = &first.track;
    assert_eq!(track.id.as_str(), format!("mbid:{}", mbid.to_lowercase()));
    assert_eq!((track.work.as_str(), track.artists.len()), ("a␟song", 2));
    assert_eq!((track.isrc.as_deref(), track.year), (Some("GBAYE0601498"), Some(1999)));
    assert_eq!((track.duration_ms(), first.plays), (Some(61_000), 7));
    assert!(first.last_played.is_some());
    let said: Vec<_> = found.iter().map(|song| song.opinion.map(|said| said.kind)).collect();
    let (like, dislike) = (Some(FeedbackKind::Like), Some(FeedbackKind::Dislike));
    assert_eq!(said, [like, dislike, like, None]);
    assert!(first.opinion.unwrap().at.is_some() && found[2].opinion.unwrap().at.is_none());
    assert_eq!(found[1].track.id.as_str(), "name:a␟two");
}

#[test]
fn whatever_a_server_writes_into_a_song_costs_that_song_at_most() {
    const FIELDS: [&str; 19] = [
        "id",
        "title",
        "artist",
        "artists",
        "album",
        "genre",
        "year",
        "duration",
        "musicBrainzId",
        "isrc",
        "starred",
        "userRating",
        "playCount",
        "played",
        "type",
        "isVideo",
        "isDir",
        "track",
        "mediaType",
    ];
    let odd = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}\u{202e}"),
        json!("9".repeat(2_000)),
        json!([]),
        json!([null, 1, "x", {"name": [1]}, [[]]]),
        json!({"name": {}}),
    ];
    let mut all = Vec::new();
    for (i, field) in FIELDS.iter().enumerate() {
        for (j, value) in odd.iter().enumerate() {
            let mut song = songs(1).remove(0);
            song["id"] = json!(format!("{i} {j}"));
            song[*field] = value.clone();
            all.push(song);
        }
    }
    all.extend([json!(1), json!([]), Value::Null]);
    let count = all.len() as u64;
    let (found, report) = read(&library(all, true));
    assert_eq!(report.rows_read, count);
    assert!(found.len() as u64 > count * 8 / 10, "{:?}", report.dropped);
}

#[test]
fn what_cannot_be_kept_ends_the_reading() {
    let server = log_in(&library(songs(10), true)).unwrap();
    let ended = server.read_songs(&ListenerId::new("ann"), &HashSet::new(), &mut |_| {
        Err("the disk is full".into())
    });
    assert!(matches!(ended, Err(ConnectError::Sink(_))));
}

#[test]
fn only_playlists_of_the_user_are_theirs() {
    let fake = Fake::start(|_| {
        Reply::ok(json!({"playlists": {"playlist": [
            {"id": "1", "name": "Mine", "owner": "Ann", "songCount": 3},
            {"id": "2", "name": "Shared", "owner": "bob"},
            {"id": 3, "name": "Old server", "comment": "Made by Segue"},
        ]}}))
    });
    let playlists = log_in(&fake).unwrap().playlists().unwrap();
    let found: Vec<_> =
        playlists.iter().map(|one| (one.id.as_str(), one.songs, one.is_ours)).collect();
    assert_eq!(found, [("1", 3, false), ("3", 0, true)]);
}

#[test]
fn a_new_playlist_is_found_even_if_the_server_does_not_say_which_it_is() {
    for says in [true, false] {
        let fake = Fake::start(move |asked| match (asked.path.as_str(), says) {
            ("/rest/createPlaylist.view", true) => Reply::ok(json!({"playlist": {"id": "new"}})),
            ("/rest/createPlaylist.view", false) => Reply::ok(json!({})),
            _ => Reply::ok(json!({"playlists": {"playlist": [{"id": "old", "name": "Today"}]}})),
        });
        let made =
            log_in(&fake).unwrap().create_playlist("Today & more", &["1".into(), "2".into()]);
        match says {
            true => assert_eq!(made.unwrap(), "new"),
            false => assert!(matches!(made, Err(ConnectError::Unreadable { .. }))),
        }
        let asked = fake.asked();
        let create = asked.iter().find(|one| one.path.contains("create")).unwrap();
        assert_eq!(create.field("name"), Some("Today & more"));
        assert_eq!(create.all("songId").collect::<Vec<_>>(), ["1", "2"]);
        let last = asked.last().unwrap();
        let comment = says.then_some("Made by Segue");
        assert_eq!(last.field("comment"), comment, "{last:?}");
    }
}

#[test]
fn a_playlist_that_is_gone_is_told_from_one_that_cannot_be_written() {
    let fake = Fake::start(|asked| match asked.field("playlistId") {
        Some("gone") => Reply::failed("1.16.1", 70, "not found"),
        Some("bobs") => Reply::failed("1.16.1", 50, "not yours"),
        _ => Reply::ok(json!({})),
    });
    let server = log_in(&fake).unwrap();
    let replace = |id: &str| server.replace_playlist(id, &["1".to_owned()]);
    assert!(replace("ours").is_ok());
    assert!(matches!(replace("gone"), Err(ConnectError::NotFound { .. })));
    assert!(matches!(replace("bobs"), Err(ConnectError::Refused { code: 50, .. })));
    assert!(fake.asked().last().unwrap().headers.iter().any(|one| one.contains("segue/")));
}
