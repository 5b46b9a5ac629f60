//! Maloja's export: `{"maloja": {…}, "scrobbles": [{"time", "track": {"artists", "title", "album",
//! "length"}, "duration"}]}`, and the flat rows of older versions.
//!
//! Artists come in no order. Where a credit such as `Main • Guest` was not taken apart, it stands
//! in the list as well, and its first part is the main artist.

use std::io::BufRead;

use segue_core::{AudioFeature, Listen, Record, Source};
use serde::Deserialize;

use super::{Format, Head};
use crate::json::{
    FromBareText, JsonRows, JsonText, List, LooseObject, Number, Step, read_document,
};
use crate::{Context, DropReason, IngestError, time};

/// The format.
pub(crate) struct Maloja;

impl Format for Maloja {
    fn source(&self) -> Source {
        Source::Maloja
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['{'])
            && (head.has_key("maloja") || head.has_keys(&["scrobbles", "time", "artists", "title"]))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_document(input, context, &mut Scrobbles, |path| match path {
            "" => Step::Enter,
            "/scrobbles" => Step::Rows(0),
            _ => Step::Skip,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scrobble<'a> {
    time: Number,
    duration: Number,
    #[serde(borrow)]
    track: LooseObject<ScrobbledTrack<'a>>,
    #[serde(borrow)]
    artists: List<JsonText<'a>>,
    #[serde(borrow)]
    title: JsonText<'a>,
    #[serde(borrow)]
    album: LooseObject<Album<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScrobbledTrack<'a> {
    #[serde(borrow)]
    artists: List<JsonText<'a>>,
    #[serde(borrow)]
    title: JsonText<'a>,
    #[serde(borrow)]
    album: LooseObject<Album<'a>>,
    length: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Album<'a> {
    #[serde(borrow)]
    albumtitle: JsonText<'a>,
}

impl<'de: 'a, 'a> FromBareText<'de> for ScrobbledTrack<'a> {}
impl<'de: 'a, 'a> FromBareText<'de> for Album<'a> {
    fn from_bare_text(text: std::borrow::Cow<'de, str>) -> Self {
        Self { albumtitle: JsonText::Value(text) }
    }
}

struct Scrobbles;

impl JsonRows for Scrobbles {
    type Row<'de> = Scrobble<'de>;

    fn row(
        &mut self,
        scrobble: Scrobble<'_>,
        _: u8,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        let track = &scrobble.track.0;
        let credited = if track.artists.0.is_empty() { &scrobble.artists } else { &track.artists };
        let artists = in_order(&credited.0);
        let Some(title) = track.title.get().or(scrobble.title.get()) else {
            context.drop_row(if artists.is_empty() {
                DropReason::NoTrack
            } else {
                DropReason::NoTitle
            });
            return Ok(());
        };
        let Some(at) = scrobble.time.get().and_then(time::from_seconds) else {
            context.drop_row(DropReason::BadTime);
            return Ok(());
        };
        let length = track.length.milliseconds(1000.0, "length", context);
        let album = track.album.0.albumtitle.get().or(scrobble.album.0.albumtitle.get());
        let mut track = context.namer.track(None, artists, title);
        track.album = album.map(str::to_owned);
        if let Some(ms) = length.filter(|&ms| ms > 0) {
            track.features.set(AudioFeature::DurationMs, ms as f32);
        }
        let mut listen =
            Listen::new(context.listener().clone(), track.id.clone(), at, Source::Maloja);
        listen.ms_played = scrobble.duration.milliseconds(1000.0, "duration", context);
        context.keep(Record::Listen { listen, track })
    }
}

/// The artists without repetition, main one first.
fn in_order<'t>(credited: &'t [JsonText<'_>]) -> Vec<&'t str> {
    let names = || credited.iter().filter_map(JsonText::get);
    let joint = names().filter(|name| name.contains(" • "));
    let mut ordered: Vec<&str> = Vec::new();
    for name in joint.chain(names()).flat_map(|name| name.split(" • ")).map(str::trim) {
        if !name.is_empty() && !ordered.contains(&name) {
            ordered.push(name);
        }
    }
    ordered
}
