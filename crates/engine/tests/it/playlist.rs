//! Playlist files, read back by parsers that know nothing of how they were written.

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use segue_core::{
    AudioFeature, ListenerId, Pick, PolicySpec, Reason, Slate, SlateConfig, Sources, Timestamp,
    Track, TrackId, WorkId,
};
use segue_engine::Catalogue;
use segue_engine::playlist::{Playlist, PlaylistFormat, Rendered, UnknownFormat, UnknownTrack};

use crate::world::now;

const MBID: &str = "b1a9c0e9-d987-4042-ae91-78d6a3267d69";
const RECORDING: &str = "https://musicbrainz.org/recording/";

fn track(id: &str) -> Track {
    let mut track = Track::new(TrackId::new(id), WorkId::new(format!("work of {id}")), "Song");
    track.artists = vec!["Artist".to_owned()];
    track
}

fn slate(tracks: &[Track]) -> Slate {
    let pick = |track: &Track| Pick {
        track: track.id.clone(),
        drawn: 0,
        propensity: 1.0,
        propensity_error: 0.0,
        likability: 0.75,
        uncertainty: 0.1,
        new_to_listener: true,
        new_artist: false,
        sources: Sources::default(),
        reason: Reason::ArtistLiked { artist: track.artists.join(" & "), liked: 3 },
    };
    let config = SlateConfig {
        policy: PolicySpec::new("greedy", 1),
        model: "none".to_owned(),
        seed: 0,
        explore: 0.5,
        new_slots: 0,
        new_artist_slots: 0,
        arrival_slots: 0,
        artist_cap: 3,
        album_cap: 2,
        beside: Vec::new(),
    };
    Slate {
        listener: ListenerId::new("someone"),
        config,
        picks: tracks.iter().map(pick).collect(),
        shortlist: Vec::new(),
    }
}

fn render(format: PlaylistFormat, title: &str, tracks: &[Track]) -> Rendered {
    let catalogue = Catalogue::from_tracks(tracks.to_vec());
    let slate = slate(tracks);
    let playlist = Playlist::from_slate(&catalogue, &slate, title, now())
        .expect("all tracks are in the catalogue");
    format.render(&playlist)
}

/// Elements of an XML document as (path, text), in order; panics where it is not well-formed.
fn elements(xml: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(xml);
    let mut open: Vec<(String, String)> = Vec::new();
    let mut closed = Vec::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                let path = open.last().map_or(name.clone(), |(path, _)| format!("{path}/{name}"));
                open.push((path, String::new()));
            }
            Event::Text(text) => {
                if let Some((_, so_far)) = open.last_mut() {
                    so_far.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                let c = match reference.resolve_char_ref().expect("a character") {
                    Some(c) => c,
                    None => match &*reference.xml10_content() {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        other => panic!("unknown entity {other}"),
                    },
                };
                open.last_mut().expect("inside the root").1.push(c);
            }
            Event::End(_) => closed.extend(open.pop()),
            Event::Eof => {
                assert!(open.is_empty(), "every element is closed");
                return closed;
            }
            _ => {}
        }
    }
}

fn values<'a>(elements: &'a [(String, String)], path: &str) -> Vec<&'a str> {
    elements.iter().filter(|(found, _)| found == path).map(|(_, text)| text.as_str()).collect()
}

/// Whether a URI reference holds only what RFC 3986 allows.
fn is_legal(uri: &str) -> bool {
    let bytes = uri.as_bytes();
    let is_encoded = |i: usize| {
        bytes.get(i + 1..i + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let may_stand = |(i, byte): (usize, &u8)| match byte {
        b'%' => is_encoded(i),
        _ => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(byte),
    };
    !uri.is_empty() && bytes.iter().enumerate().all(may_stand) && uri.matches('#').count() <= 1
}

#[test]
fn m3u8_names_and_places_every_track_that_can_be_played() {
    let mut file = track("file");
    file.location = Some("music/Ærø/#1 hit.mp3".to_owned());
    file.features.set(AudioFeature::DurationMs, 215_600.0);
    let mut comment = track("name:x");
    comment.location = Some("#odd.mp3".to_owned());
    let rendered = render(
        PlaylistFormat::M3u8,
        "Mine",
        &[file, track("spotify:track:abc"), track("name:y"), comment],
    );
    assert_eq!(
        rendered.text,
        "#EXTM3U\n#PLAYLIST:Mine\n#EXTINF:216,Artist - Song\nmusic/Ærø/#1 hit.mp3\n\
         #EXTINF:-1,Artist - Song\nspotify:track:abc\n#EXTINF:-1,Artist - Song\n./#odd.mp3\n"
    );
    assert_eq!(rendered.left_out, 1);
}

#[test]
fn xspf_locations_are_legal_uris() {
    let place = |location: &str| {
        let mut track = track("x");
        track.location = Some(location.to_owned());
        let xml = render(PlaylistFormat::Xspf, "", &[track]).text;
        values(&elements(&xml), "playlist/trackList/track/location")[0].to_owned()
    };
    assert_eq!(place("/music/a b/50%.mp3"), "file:///music/a%20b/50%25.mp3");
    assert_eq!(place("rock/AC: DC/ü.mp3"), "rock/AC%3A%20DC/%C3%BC.mp3");
    assert_eq!(place("C:\\Music\\a.mp3"), "file:///C:/Music/a.mp3");
    assert_eq!(place("\\\\nas\\music\\a.mp3"), "file://nas/music/a.mp3");
    assert_eq!(place("https://h/a b%20c?q=[1]&r=2"), "https://h/a%20b%20c?q=%5B1%5D&r=2");
    assert_eq!(place("http://[::1]:80/x"), "http://[::1]:80/x");
}

#[test]
fn xspf_holds_what_the_specification_asks_for_in_its_order() {
    let mut full = track("spotify:track:abc");
    full.album = Some("Album & Co".to_owned());
    full.recording_mbid = Some(MBID.to_owned());
    full.features.set(AudioFeature::DurationMs, 1_234.0);
    let rendered = render(PlaylistFormat::Xspf, "A <mix>", &[full, track("name:y")]);
    assert_eq!(rendered.by_name, 1);
    assert!(rendered.text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
    assert!(rendered.text.contains("<playlist version=\"1\" xmlns=\"http://xspf.org/ns/0/\">"));
    let elements = elements(&rendered.text);
    assert_eq!(values(&elements, "playlist/title"), ["A <mix>"]);
    assert!(values(&elements, "playlist/date")[0].parse::<Timestamp>().is_ok());
    let first: Vec<(&str, &str)> = elements
        .iter()
        .filter_map(|(path, text)| {
            Some((path.strip_prefix("playlist/trackList/track/")?, text.as_str()))
        })
        .take(8)
        .collect();
    let recording = format!("{RECORDING}{MBID}");
    assert_eq!(
        first,
        [
            ("location", "spotify:track:abc"),
            ("identifier", recording.as_str()),
            ("identifier", "spotify:track:abc"),
            ("title", "Song"),
            ("creator", "Artist"),
            ("annotation", "you like 3 songs by Artist"),
            ("album", "Album & Co"),
            ("duration", "1234"),
        ]
    );
}

#[test]
fn jspf_holds_what_listenbrainz_asks_for() {
    let mut with_mbid = track("spotify:track:abc");
    with_mbid.recording_mbid = Some(MBID.to_uppercase());
    let mut bad_mbid = track("name:y");
    bad_mbid.recording_mbid = Some("not-an-mbid".to_owned());
    let tracks = [with_mbid, track(&format!("mbid:{MBID}")), bad_mbid];
    let rendered = render(PlaylistFormat::Jspf, "  ", &tracks);
    assert_eq!(rendered.by_name, 1);
    let json: serde_json::Value = serde_json::from_str(&rendered.text).unwrap();
    let playlist = &json["playlist"];
    assert_eq!(playlist["title"], "Segue mix");
    assert_eq!(playlist["extension"]["https://musicbrainz.org/doc/jspf#playlist"]["public"], false);
    let identifiers = [&playlist["track"][0]["identifier"], &playlist["track"][1]["identifier"]];
    for identifier in identifiers {
        assert_eq!(*identifier, serde_json::json!([format!("{RECORDING}{MBID}")]));
    }
    assert!(playlist["track"][2].get("identifier").is_none());
    assert_eq!(playlist["track"][0]["location"], serde_json::json!(["spotify:track:abc"]));
}

#[test]
fn csv_text_that_a_spreadsheet_would_run_is_defused() {
    let title = |title: &str| {
        let mut track = track("name:y");
        track.title = title.to_owned();
        let text = render(PlaylistFormat::Csv, "", &[track]).text;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        row[1].to_owned()
    };
    assert_eq!(title("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
    assert_eq!(title("\t@SUM(1)"), "' @SUM(1)");
    assert_eq!(title("+44"), "'+44");
    assert_eq!(title("Song = Song, \"quoted\""), "Song = Song, \"quoted\"");
}

#[test]
fn uris_are_those_that_spotify_takes() {
    let mut elsewhere = track("name:x");
    elsewhere.location = Some("spotify:track:def456".to_owned());
    let tracks = [
        track("spotify:track:abc123"),
        elsewhere,
        track("spotify:local:a:b:c:1"),
        track("spotify:track:a\nb"),
    ];
    let rendered = render(PlaylistFormat::Uris, "", &tracks);
    assert_eq!(rendered.text, "spotify:track:abc123\nspotify:track:def456\n");
    assert_eq!(rendered.left_out, 2);
}

#[test]
fn a_slate_of_another_catalogue_is_refused() {
    let slate = slate(&[track("elsewhere")]);
    let error = Playlist::from_slate(&Catalogue::default(), &slate, "", now()).unwrap_err();
    assert_eq!(error, UnknownTrack(TrackId::new("elsewhere")));
}

#[test]
fn format_names_are_read_back() {
    for format in PlaylistFormat::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    assert_eq!("pls".parse::<PlaylistFormat>(), Err(UnknownFormat("pls".to_owned())));
}

/// Text as the world has it: markup, quotes, line breaks, controls, and anything else.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        "[\\PC]{0,6}",
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "\n",
            "\r\n",
            "#EXTINF:1,x\n",
            "]]>",
            "<!--",
            "&amp;",
            "&",
            "\"",
            ",",
            "=1+1",
            "\u{0}",
            "\u{2028}",
            "\u{feff}",
            "\u{202e}",
            "🎵",
            "%",
            "%zz",
            "%20",
            "\\",
            "spotify:",
            "://",
            "file://",
            "C:\\",
            "/",
            "[",
            "#",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
}

fn nasty_tracks() -> impl Strategy<Value = Vec<Track>> {
    let parts = (
        nasty(),
        prop::collection::vec(nasty(), 0..3),
        prop::option::of(nasty()),
        prop::option::of(nasty()),
    );
    prop::collection::vec((nasty(), parts), 0..6).prop_map(|all| {
        let build = |(i, (id, (title, artists, album, location)))| {
            let mut track =
                Track::new(TrackId::new(format!("{id}{i}")), WorkId::new(format!("w{i}")), title);
            track.artists = artists;
            track.album = album;
            track.location = location;
            track
        };
        let mut tracks: Vec<Track> = all.into_iter().enumerate().map(build).collect();
        tracks.sort_by(|a, b| a.id.cmp(&b.id));
        tracks.dedup_by(|a, b| a.id == b.id);
        tracks
    })
}

fn without_controls(text: &str) -> String {
    let is_odd =
        |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}');
    text.replace(is_odd, " ")
}

proptest! {
    #[test]
    fn m3u8_stays_one_line_per_title_and_place(tracks in nasty_tracks(), title in nasty()) {
        let rendered = render(PlaylistFormat::M3u8, &title, &tracks);
        let lines: Vec<&str> = rendered.text.lines().collect();
        prop_assert_eq!(lines.len(), 2 + 2 * (tracks.len() - rendered.left_out));
        prop_assert_eq!(lines[0], "#EXTM3U");
        prop_assert!(lines[1].starts_with("#PLAYLIST:"));
        prop_assert!(!rendered.text.chars().any(|c| c.is_control() && c != '\n'));
        for pair in lines[2..].chunks(2) {
            prop_assert!(pair[0].starts_with("#EXTINF:-1,"));
            prop_assert!(
                !pair[1].is_empty()
                    && !pair[1].starts_with('#')
                    && !pair[1].starts_with(char::is_whitespace)
            );
        }
    }

    #[test]
    fn xspf_reads_back_every_title(tracks in nasty_tracks(), title in nasty()) {
        let rendered = render(PlaylistFormat::Xspf, &title, &tracks);
        let is_xml = |c: char| {
            matches!(
                c,
                '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..
            )
        };
        prop_assert!(rendered.text.chars().all(is_xml));
        let elements = elements(&rendered.text);
        let titles: Vec<String> =
            tracks.iter().map(|track| without_controls(&track.display_title())).collect();
        prop_assert_eq!(values(&elements, "playlist/trackList/track/title"), titles);
        for name in ["location", "identifier"] {
            for uri in values(&elements, &format!("playlist/trackList/track/{name}")) {
                prop_assert!(is_legal(uri), "{uri}");
            }
        }
    }

    #[test]
    fn jspf_reads_back_every_title(tracks in nasty_tracks(), title in nasty()) {
        let rendered = render(PlaylistFormat::Jspf, &title, &tracks);
        let json: serde_json::Value = serde_json::from_str(&rendered.text).unwrap();
        prop_assert!(!json["playlist"]["title"].as_str().unwrap().is_empty());
        let rows = json["playlist"]["track"].as_array().unwrap();
        prop_assert_eq!(rows.len(), tracks.len());
        for (row, track) in rows.iter().zip(&tracks) {
            prop_assert_eq!(
                row["title"].as_str().unwrap(),
                without_controls(&track.display_title())
            );
            for uri in row.get("location").and_then(|x| x.as_array()).into_iter().flatten() {
                prop_assert!(is_legal(uri.as_str().unwrap()), "{uri}");
            }
        }
    }

    #[test]
    fn csv_reads_back_a_row_per_track(tracks in nasty_tracks(), title in nasty()) {
        let rendered = render(PlaylistFormat::Csv, &title, &tracks);
        let mut reader = csv::Reader::from_reader(rendered.text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(rows.len(), tracks.len());
        for (row, track) in rows.iter().zip(&tracks) {
            prop_assert_eq!(row[1].strip_prefix('\'').unwrap_or(&row[1]), {
                let title = without_controls(&track.display_title());
                title.strip_prefix('\'').unwrap_or(&title).to_owned()
            });
            prop_assert!(
                row.iter().all(|cell| !cell.trim_start().starts_with(['=', '+', '-', '@']))
            );
        }
    }

    #[test]
    fn uris_are_one_a_line(tracks in nasty_tracks()) {
        let rendered = render(PlaylistFormat::Uris, "", &tracks);
        prop_assert_eq!(rendered.text.lines().count() + rendered.left_out, tracks.len());
        prop_assert!(rendered.text.lines().all(|line| line.starts_with("spotify:track:")));
    }
}
