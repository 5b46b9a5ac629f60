//! JSPF, which is XSPF in JSON, with what ListenBrainz asks for.
//!
//! ListenBrainz takes a playlist if every track's identifier is the URI of a MusicBrainz recording,
//! and wants to be told whether it is public:
//! `extension["https://musicbrainz.org/doc/jspf#playlist"].public`, an object there, although the
//! draft of the format has a list. A mix is personal, so it is not. Tracks without such an
//! identifier stay in the file for other readers, and are counted as found by name: ListenBrainz
//! refuses a playlist that holds one.

use serde::Serialize;

use super::content::{Playlist, PlaylistEntry, Rendered, credit, one_line};
use super::place::{id_uri, location_uri, recording_uri};
use crate::mix::sentence::sentence;

#[derive(Serialize)]
struct Document {
    playlist: Head,
}

#[derive(Serialize)]
struct Head {
    title: String,
    creator: &'static str,
    date: String,
    extension: Extension,
    track: Vec<Row>,
}

#[derive(Serialize)]
struct Extension {
    #[serde(rename = "https://musicbrainz.org/doc/jspf#playlist")]
    musicbrainz: Visibility,
}

#[derive(Serialize)]
struct Visibility {
    public: bool,
}

#[derive(Serialize)]
struct Row {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    location: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    identifier: Vec<String>,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    creator: Option<String>,
    annotation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    album: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u32>,
}

pub(super) fn render(playlist: &Playlist<'_>) -> Rendered {
    let document = Document {
        playlist: Head {
            title: playlist.title.clone(),
            creator: "Segue",
            date: playlist.created.to_string(),
            extension: Extension { musicbrainz: Visibility { public: false } },
            track: playlist.entries.iter().map(row).collect(),
        },
    };
    let mut text =
        serde_json::to_string_pretty(&document).expect("keys are text and nothing else can fail");
    text.push('\n');
    let is_by_name = |entry: &&PlaylistEntry<'_>| recording_uri(entry.track).is_none();
    Rendered { text, left_out: 0, by_name: playlist.entries.iter().filter(is_by_name).count() }
}

fn row(entry: &PlaylistEntry<'_>) -> Row {
    let track = entry.track;
    // ListenBrainz reads every identifier as a recording, so that no other may stand beside one.
    let identifier = recording_uri(track).or_else(|| id_uri(track));
    Row {
        location: location_uri(track).into_iter().collect(),
        identifier: identifier.into_iter().collect(),
        title: one_line(&track.display_title()),
        creator: credit(track),
        annotation: one_line(&sentence(&entry.pick.reason)),
        album: track.album.as_deref().map(one_line),
        duration: track.duration_ms(),
    }
}
