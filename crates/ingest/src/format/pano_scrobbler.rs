//! Pano Scrobbler's JSON lines: a scrobble a line, loves among them.

use std::io::BufRead;

use segue_core::{AudioFeature, Feedback, FeedbackKind, FeedbackTarget, Listen, Record, Source};
use serde::Deserialize;

use super::{Format, Head};
use crate::json::{JsonRows, JsonText, Number, read_lines};
use crate::{Context, DropReason, IngestError, time};

/// The format.
pub(crate) struct PanoScrobbler;

impl Format for PanoScrobbler {
    fn source(&self) -> Source {
        Source::PanoScrobbler
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['{']) && head.has_keys(&["timeMs", "track", "artist"])
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_lines(input, context, &mut Scrobbles)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Scrobble<'a> {
    time_ms: Number,
    #[serde(borrow)]
    track: JsonText<'a>,
    #[serde(borrow)]
    artist: JsonText<'a>,
    #[serde(borrow)]
    album: JsonText<'a>,
    duration_ms: Number,
    #[serde(borrow)]
    event: JsonText<'a>,
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
        let said = match scrobble.event.get() {
            None | Some("scrobble") => None,
            Some("love") => Some(FeedbackKind::Like),
            Some("unlove") => Some(FeedbackKind::Cleared),
            Some(_) => {
                context.drop_row(DropReason::NotAPlay);
                return Ok(());
            }
        };
        let artist = scrobble.artist.counted("artist", context);
        let Some(title) = scrobble.track.get() else {
            context.drop_row(if artist.is_some() {
                DropReason::NoTitle
            } else {
                DropReason::NoTrack
            });
            return Ok(());
        };
        let at = scrobble.time_ms.get().and_then(time::from_milliseconds);
        let mut track = context.namer.track(None, artist, title);
        track.album = scrobble.album.counted("album", context).map(str::to_owned);
        if let Some(ms) =
            scrobble.duration_ms.milliseconds(1.0, "durationMs", context).filter(|&ms| ms > 0)
        {
            track.features.set(AudioFeature::DurationMs, ms as f32);
        }
        let listener = context.listener().clone();
        match (said, at) {
            (Some(kind), at) => {
                let target = FeedbackTarget::Track(track.id.clone());
                let feedback =
                    Feedback { listener, target, kind, at, source: Source::PanoScrobbler };
                context.keep(Record::Feedback { feedback, track: Some(track) })
            }
            (None, Some(at)) => {
                let listen = Listen::new(listener, track.id.clone(), at, Source::PanoScrobbler);
                context.keep(Record::Listen { listen, track })
            }
            (None, None) => {
                context.drop_row(DropReason::BadTime);
                Ok(())
            }
        }
    }
}
