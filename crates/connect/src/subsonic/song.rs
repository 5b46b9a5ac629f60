//! A song as a server describes it, in Segue's terms.

use segue_core::{AudioFeature, FeedbackKind, RemoteOpinion, Timestamp, Track};
use segue_ingest::identity::{named_track, track_id_from_recording};
use segue_ingest::parts::parse_time;
use segue_ingest::{Context, DropReason};
use serde_json::Value;

use super::answer::{list, number, text};

/// Ratings from this on say that a song is liked.
const LIKED_FROM: f64 = 4.0;
/// Ratings up to this say that it is not.
const DISLIKED_TO: f64 = 2.0;

/// The track that a song is, or why it is none.
pub(super) fn track(song: &Value, context: &mut Context<'_>) -> Result<Track, DropReason> {
    if let Some(reason) = no_music(song) {
        return Err(reason);
    }
    let artists = artists(song);
    let title = text(song, "title");
    let missing = if artists.is_empty() { DropReason::NoTrack } else { DropReason::NoTitle };
    let title = title.ok_or(missing)?;
    let recording = text(song, "musicBrainzId");
    let id = recording.as_deref().and_then(track_id_from_recording);
    let is_recording = id.is_some();
    let mut track = named_track(id, artists, &title);
    track.album = text(song, "album");
    track.genre = text(song, "genre");
    track.recording_mbid = recording.filter(|_| is_recording).map(|id| id.to_ascii_lowercase());
    track.isrc = isrc(song);
    track.year =
        number(song, "year").filter(|year| (1.0..=9999.0).contains(year)).map(|y| y as u16);
    if let Some(seconds) = number(song, "duration").filter(|&seconds| seconds > 0.0)
        && !track.features.set(AudioFeature::DurationMs, (seconds * 1000.0) as f32)
    {
        context.unusable("duration");
    }
    Ok(track)
}

/// What a star or a rating says; the star goes first.
pub(super) fn opinion(song: &Value) -> Option<RemoteOpinion> {
    if let Some(starred) = text(song, "starred") {
        return Some(RemoteOpinion { kind: FeedbackKind::Like, at: parse_time(&starred) });
    }
    let kind = match number(song, "userRating")? {
        LIKED_FROM.. => FeedbackKind::Like,
        rating if (1.0..=DISLIKED_TO).contains(&rating) => FeedbackKind::Dislike,
        _ => return None,
    };
    Some(RemoteOpinion { kind, at: None })
}

/// How often the server counted it as played, and when last.
pub(super) fn plays(song: &Value) -> (u32, Option<Timestamp>) {
    let plays = number(song, "playCount").unwrap_or_default().max(0.0) as u32;
    (plays, text(song, "played").as_deref().and_then(parse_time))
}

fn no_music(song: &Value) -> Option<DropReason> {
    if song["isDir"] == true {
        return Some(DropReason::Empty);
    }
    if song["isVideo"] == true {
        return Some(DropReason::Video);
    }
    match text(song, "type").as_deref() {
        Some("podcast") => Some(DropReason::Podcast),
        Some("audiobook") => Some(DropReason::Audiobook),
        Some("video") => Some(DropReason::Video),
        _ => None,
    }
}

/// Those that the server credits one by one, else the one text that names them.
fn artists(song: &Value) -> Vec<String> {
    let credited: Vec<String> =
        list(song, "artists").iter().filter_map(|artist| text(artist, "name")).collect();
    match credited.is_empty() {
        true => text(song, "artist").into_iter().collect(),
        false => credited,
    }
}

/// The first code of a recording that can be one.
fn isrc(song: &Value) -> Option<String> {
    let codes: Vec<&str> = match &song["isrc"] {
        Value::Array(codes) => codes.iter().filter_map(Value::as_str).collect(),
        Value::String(code) => vec![code],
        _ => Vec::new(),
    };
    let plain = |code: &str| code.replace('-', "").to_ascii_uppercase();
    let is_code =
        |code: &String| code.len() == 12 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    codes.into_iter().map(plain).find(is_code)
}
