//! Plays in JSON.

use serde_json::{Value, json};

use super::{Play, formatted, mbid};

/// A document with the plays as rows.
fn document(
    plays: &[Play],
    row: impl Fn(&Play) -> Value,
    around: fn(Vec<Value>) -> Value,
) -> Vec<u8> {
    serde_json::to_vec_pretty(&around(plays.iter().map(row).collect())).unwrap()
}

pub(crate) fn lines(plays: &[Play], row: fn(&Play) -> Value) -> Vec<u8> {
    plays.iter().map(|play| format!("{}\n", row(play))).collect::<String>().into_bytes()
}

fn spotify_uri(play: &Play) -> String {
    format!("spotify:track:{:0>22}", play.song)
}

pub(crate) fn spotify_extended(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "ts": play.ended().to_string(),
            "platform": "ios",
            "ms_played": play.heard_ms(),
            "master_metadata_track_name": play.title,
            "master_metadata_album_artist_name": play.artist,
            "master_metadata_album_album_name": play.album(),
            "spotify_track_uri": spotify_uri(play),
            "reason_start": "clickrow",
            "reason_end": "trackdone",
            "shuffle": false,
        })
    };
    document(plays, row, Value::Array)
}

pub(crate) fn spotify_account(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "endTime": formatted(play.ended(), "%Y-%m-%d %H:%M"),
            "artistName": play.artist,
            "trackName": play.title,
            "msPlayed": play.heard_ms(),
        })
    };
    document(plays, row, Value::Array)
}

pub(crate) fn spotify_recent(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "track": {
                "name": play.title,
                "uri": spotify_uri(play),
                "artists": [{"name": play.artist}],
                "album": {"name": play.album(), "release_date": "2019-05-01"},
                "duration_ms": play.length_ms(),
            },
            "played_at": play.ended().to_string(),
        })
    };
    document(plays, row, |rows| json!({ "items": rows }))
}

pub(crate) fn youtube(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "header": "YouTube Music",
            "title": format!("Watched {}", play.title),
            "titleUrl": format!("https://music.youtube.com/watch?v={:0>11}", play.song),
            "subtitles": [{"name": format!("{} - Topic", play.artist)}],
            "time": formatted(play.started(), "%Y-%m-%dT%H:%M:%S.000Z"),
            "products": ["YouTube"],
        })
    };
    document(plays, row, Value::Array)
}

pub(crate) fn listenbrainz(play: &Play) -> Value {
    json!({
        "listened_at": play.started().as_second(),
        "track_metadata": {
            "artist_name": play.artist,
            "track_name": play.title,
            "release_name": play.album(),
            "additional_info": {"duration_ms": play.length_ms()},
            "mbid_mapping": {"recording_mbid": mbid(play)},
        },
    })
}

pub(crate) fn listenbrainz_array(plays: &[Play]) -> Vec<u8> {
    document(plays, listenbrainz, Value::Array)
}

pub(crate) fn lastfm_json(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "artist": {"mbid": "", "#text": play.artist},
            "album": {"mbid": "", "#text": play.album()},
            "name": play.title,
            "mbid": mbid(play),
            "date": {
                "uts": play.started().as_second().to_string(),
                "#text": formatted(play.started(), "%d %b %Y, %H:%M"),
            },
        })
    };
    document(plays, row, |rows| json!([{ "track": rows }]))
}

pub(crate) fn lastfmstats_json(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "track": play.title,
            "artist": play.artist,
            "album": play.album(),
            "albumId": "",
            "date": play.started().as_millisecond(),
        })
    };
    document(plays, row, |rows| json!({ "username": "me", "scrobbles": rows }))
}

pub(crate) fn maloja(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "time": play.started().as_second(),
            "track": {
                "artists": [play.artist],
                "title": play.title,
                "album": {"albumtitle": play.album(), "artists": [play.artist]},
                "length": play.length_s,
            },
            "duration": null,
            "origin": "client:x",
        })
    };
    document(plays, row, |rows| json!({ "maloja": {"export_time": 1}, "scrobbles": rows }))
}

pub(crate) fn koito(plays: &[Play]) -> Vec<u8> {
    let named =
        |name: &str| json!({"is_primary": true, "aliases": [{"alias": name, "is_primary": true}]});
    let row = |play: &Play| {
        json!({
            "listened_at": play.started().to_string(),
            "track": {
                "mbid": null,
                "duration": play.length_s,
                "aliases": [{"alias": play.title, "is_primary": true}],
            },
            "album": named(&play.album()),
            "artists": [named(play.artist)],
        })
    };
    document(plays, row, |rows| json!({ "version": "1", "user": "me", "listens": rows }))
}

pub(crate) fn pano(play: &Play) -> Value {
    json!({
        "timeMs": play.started().as_millisecond(),
        "artist": play.artist,
        "track": play.title,
        "album": play.album(),
        "durationMs": play.length_ms(),
        "event": "scrobble",
    })
}

/// A row of somebody's own table.
pub(crate) fn own(play: &Play) -> Value {
    json!({
        "artist_name": play.artist,
        "track_name": play.title,
        "album_name": play.album(),
        "played_at": play.started().to_string(),
        "ms_played": play.heard_ms(),
    })
}

pub(crate) fn own_array(plays: &[Play]) -> Vec<u8> {
    document(plays, own, |rows| json!({ "plays": rows }))
}
