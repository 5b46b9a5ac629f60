//! Koito's export, version 1: `{"version", "listens": [{"listened_at", "track": {"aliases"},
//! "artists": [{"aliases"}], …}]}`. Names are lists of aliases, one of them primary.

use std::io::BufRead;

use segue_core::{AudioFeature, Listen, Record, Source, TrackId};
use serde::Deserialize;

use super::{Format, Head};
use crate::json::{
    Flag, FromBareText, JsonRows, JsonText, List, LooseObject, Number, Step, read_document,
};
use crate::{Context, DropReason, IngestError, time};

/// The format.
pub(crate) struct Koito;

impl Format for Koito {
    fn source(&self) -> Source {
        Source::Koito
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['{']) && head.has_keys(&["listens", "listened_at", "aliases"])
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_document(input, context, &mut Plays, |path| match path {
            "" => Step::Enter,
            "/listens" => Step::Rows(0),
            _ => Step::Skip,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Play<'a> {
    #[serde(borrow)]
    listened_at: JsonText<'a>,
    #[serde(borrow)]
    track: LooseObject<Named<'a>>,
    #[serde(borrow)]
    album: LooseObject<Named<'a>>,
    #[serde(borrow)]
    artists: List<LooseObject<Named<'a>>>,
}

/// A track, an album or an artist.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    mbid: JsonText<'a>,
    #[serde(borrow)]
    aliases: List<LooseObject<Alias<'a>>>,
    duration: Number,
    is_primary: Flag,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Alias<'a> {
    #[serde(borrow)]
    alias: JsonText<'a>,
    is_primary: Flag,
}

impl<'de: 'a, 'a> FromBareText<'de> for Named<'a> {}
impl<'de: 'a, 'a> FromBareText<'de> for Alias<'a> {}

impl Named<'_> {
    fn name(&self) -> Option<&str> {
        let primary = self.aliases.0.iter().find(|alias| alias.0.is_primary == Flag::Value(true));
        primary
            .and_then(|alias| alias.0.alias.get())
            .or_else(|| self.aliases.0.iter().find_map(|alias| alias.0.alias.get()))
    }
}

struct Plays;

impl JsonRows for Plays {
    type Row<'de> = Play<'de>;

    fn row(&mut self, play: Play<'_>, _: u8, context: &mut Context<'_>) -> Result<(), IngestError> {
        let is_primary =
            |artist: &&LooseObject<Named<'_>>| artist.0.is_primary == Flag::Value(true);
        let first = play.artists.0.iter().filter(is_primary);
        let others = play.artists.0.iter().filter(|artist| !is_primary(artist));
        let artists: Vec<&str> = first.chain(others).filter_map(|artist| artist.0.name()).collect();
        let Some(title) = play.track.0.name() else {
            context.drop_row(if artists.is_empty() {
                DropReason::NoTrack
            } else {
                DropReason::NoTitle
            });
            return Ok(());
        };
        let Some(at) = play.listened_at.get().and_then(time::parse) else {
            context.drop_row(DropReason::BadTime);
            return Ok(());
        };
        let mbid = play.track.0.mbid.get();
        let id = mbid.map(|mbid| TrackId::new(format!("mbid:{}", mbid.to_ascii_lowercase())));
        let mut track = context.namer.track(id, artists, title);
        track.album = play.album.0.name().map(str::to_owned);
        track.recording_mbid = mbid.map(str::to_ascii_lowercase);
        let duration = play.track.0.duration.milliseconds(1000.0, "duration", context);
        if let Some(ms) = duration.filter(|&ms| ms > 0) {
            track.features.set(AudioFeature::DurationMs, ms as f32);
        }
        let listen = Listen::new(context.listener().clone(), track.id.clone(), at, Source::Koito);
        context.keep(Record::Listen { listen, track })
    }
}
