//! A song as OpenSubsonic describes it. What is not known is left out.

use segue_core::AudioFeature;
use segue_engine::{Catalogue, TrackIdx};
use serde_json::{Map, Value, json};

use crate::app::App;

/// Stands before the name of an artist in an id, so that it is none of a song.
const ARTIST: &str = "artist:";

/// The id of an artist.
pub(super) fn artist_id(name: &str) -> String {
    format!("{ARTIST}{name}")
}

/// The name in an id that is an artist's.
pub(super) fn artist_name(id: &str) -> Option<&str> {
    id.strip_prefix(ARTIST)
}

/// A song of a catalogue.
pub(super) fn child(app: &App, catalogue: &Catalogue, row: TrackIdx) -> Value {
    let track = catalogue.track(row);
    // Whether there is a cover is known once it was asked for.
    let cover = app.may_have_cover(catalogue, row).then_some(track.id.as_str());
    let artists: Vec<Value> =
        track.artists.iter().map(|name| json!({"id": artist_id(name), "name": name})).collect();
    let fields = [
        ("id", json!(track.id.as_str())),
        ("isDir", json!(false)),
        ("title", json!(track.display_title())),
        ("album", json!(track.album)),
        ("artist", json!(track.artist())),
        ("artistId", json!(track.artist().map(artist_id))),
        ("coverArt", json!(cover)),
        ("year", json!(track.year)),
        ("genre", json!(track.genre)),
        ("duration", json!(track.duration_ms().map(|ms| ms.div_ceil(1_000)))),
        ("bpm", json!(track.features.get(AudioFeature::Tempo).map(|bpm| bpm.round() as u32))),
        ("isVideo", json!(false)),
        ("type", json!("music")),
        ("mediaType", json!("song")),
        ("musicBrainzId", json!(track.recording_mbid)),
        ("isrc", json!(track.isrc.as_ref().map(|isrc| vec![isrc]))),
        ("genres", json!(track.genre.as_ref().map(|genre| vec![json!({"name": genre})]))),
        ("artists", json!(artists)),
        ("displayArtist", json!((!track.artists.is_empty()).then(|| track.artists.join(", ")))),
    ];
    let known = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(known.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}
