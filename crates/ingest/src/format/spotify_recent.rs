//! What Spotify's API answers when asked for recently played tracks, saved as a file.
//!
//! `played_at` carries milliseconds and a zone. The answer says what was played and from what, and
//! nothing about for how long.

use std::io::BufRead;

use segue_core::{AudioFeature, Listen, Record, Source};
use serde::Deserialize;

use super::{Format, Head};
use crate::json::{
    FromBareText, JsonRows, JsonText, List, LooseObject, Number, Step, read_document,
};
use crate::{Context, DropReason, IngestError, spotify, time};

/// The format.
pub(crate) struct RecentlyPlayed;

impl Format for RecentlyPlayed {
    fn source(&self) -> Source {
        Source::SpotifyRecentlyPlayed
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        // `played_at` stands behind the track, whose list of markets may fill the whole head.
        head.begins_with(['{', '['])
            && (head.has_keys(&["played_at", "track"])
                || head.has_keys(&["items", "track", "available_markets"]))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_document(input, context, &mut Plays, |path| match path {
            "" | "/*" => Step::Enter,
            "/items" | "/*/items" => Step::Rows(0),
            _ => Step::Skip,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Item<'a> {
    #[serde(borrow)]
    played_at: JsonText<'a>,
    #[serde(borrow)]
    track: LooseObject<PlayedTrack<'a>>,
    #[serde(borrow)]
    context: LooseObject<PlayedFrom<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PlayedTrack<'a> {
    #[serde(borrow)]
    name: JsonText<'a>,
    #[serde(borrow)]
    uri: JsonText<'a>,
    #[serde(borrow)]
    artists: List<LooseObject<Name<'a>>>,
    #[serde(borrow)]
    album: LooseObject<Album<'a>>,
    #[serde(borrow)]
    external_ids: LooseObject<ExternalIds<'a>>,
    duration_ms: Number,
    popularity: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Name<'a> {
    #[serde(borrow)]
    name: JsonText<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Album<'a> {
    #[serde(borrow)]
    name: JsonText<'a>,
    #[serde(borrow)]
    release_date: JsonText<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ExternalIds<'a> {
    #[serde(borrow)]
    isrc: JsonText<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PlayedFrom<'a> {
    #[serde(borrow)]
    uri: JsonText<'a>,
}

impl<'de: 'a, 'a> FromBareText<'de> for PlayedTrack<'a> {}
impl<'de: 'a, 'a> FromBareText<'de> for Name<'a> {}
impl<'de: 'a, 'a> FromBareText<'de> for Album<'a> {}
impl<'de: 'a, 'a> FromBareText<'de> for ExternalIds<'a> {}
impl<'de: 'a, 'a> FromBareText<'de> for PlayedFrom<'a> {}

struct Plays;

impl JsonRows for Plays {
    type Row<'de> = Item<'de>;

    fn row(&mut self, item: Item<'_>, _: u8, context: &mut Context<'_>) -> Result<(), IngestError> {
        let played = &item.track.0;
        let uri = played.uri.get();
        if uri.is_some_and(|uri| uri.starts_with("spotify:episode:")) {
            context.drop_row(DropReason::Podcast);
            return Ok(());
        }
        let Some(title) = played.name.get() else {
            context.drop_row(if uri.is_some() { DropReason::NoTitle } else { DropReason::NoTrack });
            return Ok(());
        };
        let Some(at) = item.played_at.get().and_then(time::parse) else {
            context.drop_row(DropReason::BadTime);
            return Ok(());
        };
        let artists = played.artists.0.iter().filter_map(|artist| artist.0.name.get());
        let mut track = context.namer.track(uri.and_then(spotify::track_id), artists, title);
        track.album = played.album.0.name.counted("album", context).map(str::to_owned);
        track.isrc = played.external_ids.0.isrc.get().map(str::to_owned);
        let year = played.album.0.release_date.get().and_then(|date| date.get(..4)?.parse().ok());
        track.year = year.filter(|year| (1000..2100).contains(year));
        track.popularity = played
            .popularity
            .get()
            .filter(|p| (0.0..=100.0).contains(p))
            .map(|p| (p / 100.0) as f32);
        if let Some(ms) = played.duration_ms.milliseconds(1.0, "duration_ms", context) {
            track.features.set(AudioFeature::DurationMs, ms as f32);
        }
        let mut listen = Listen::new(
            context.listener().clone(),
            track.id.clone(),
            at,
            Source::SpotifyRecentlyPlayed,
        );
        listen.context = item.context.0.uri.get().and_then(spotify::context_uri);
        context.keep(Record::Listen { listen, track })
    }
}
