//! ListenBrainz: the listens of its export (`listens/2025/6.jsonl`), of its dumps and of the old
//! single file (an array), and the loves and hates (`feedback.jsonl`).
//!
//! `listened_at` may be a decimal; a row without it is of a track that is playing now. The
//! recording that ListenBrainz itself mapped a listen to goes before the one that the player
//! claimed, and names the track, because feedback names tracks in that way, too.

use std::io::BufRead;

use segue_core::{
    AudioFeature, Feedback, FeedbackKind, FeedbackTarget, Listen, Record, Source, Track,
};
use serde::Deserialize;

use super::{Format, Head};
use crate::identity::track_id_from_recording;
use crate::json::{
    FromBareText, JsonRows, JsonText, List, LooseObject, Number, Step, read_document, read_lines,
};
use crate::{Context, DropReason, IngestError, spotify, time};

/// `listens/**/*.jsonl`, `*.listens`, and arrays of the same rows.
pub(crate) struct ListenBrainzListens;
/// `feedback.jsonl`.
pub(crate) struct ListenBrainzFeedback;

impl Format for ListenBrainzListens {
    fn source(&self) -> Source {
        Source::ListenBrainz
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['[', '{'])
            && head.has_row_key("track_metadata")
            && head.has_key("track_name")
            && !head.has_row_key("score")
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_array_or_lines(input, context, &mut Plays)
    }
}

impl Format for ListenBrainzFeedback {
    fn source(&self) -> Source {
        Source::ListenBrainz
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['[', '{'])
            && head.has_row_key("score")
            && (head.has_row_key("recording_mbid") || head.has_row_key("recording_msid"))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_array_or_lines(input, context, &mut Opinions)
    }
}

/// Reads listens as clients submit them to ListenBrainz's API, in an array or one a line: the
/// reading of its exports, so that a play means the same whichever way it comes.
///
/// # Errors
/// As [`import`](crate::import) has them for a file of such listens.
pub fn read_listenbrainz(
    listens: &mut dyn BufRead,
    context: &mut Context<'_>,
) -> Result<(), IngestError> {
    ListenBrainzListens.read(listens, context)
}

fn read_array_or_lines<R: JsonRows>(
    input: &mut dyn BufRead,
    context: &mut Context<'_>,
    rows: &mut R,
) -> Result<(), IngestError> {
    let first =
        input.fill_buf().map_err(|error| crate::input::read_error(error, context.path(), 1))?;
    if first.trim_ascii_start().starts_with(b"[") {
        return read_document(input, context, rows, |path| {
            if path.is_empty() { Step::Rows(0) } else { Step::Skip }
        });
    }
    read_lines(input, context, rows)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Row<'a> {
    #[serde(borrow)]
    listened_at: JsonText<'a>,
    #[serde(borrow)]
    track_metadata: LooseObject<Metadata<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow)]
    artist_name: JsonText<'a>,
    #[serde(borrow)]
    track_name: JsonText<'a>,
    #[serde(borrow)]
    release_name: JsonText<'a>,
    #[serde(borrow)]
    additional_info: LooseObject<Info<'a>>,
    #[serde(borrow)]
    mbid_mapping: LooseObject<Mapping<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Info<'a> {
    #[serde(borrow)]
    recording_mbid: JsonText<'a>,
    #[serde(borrow)]
    isrc: JsonText<'a>,
    #[serde(borrow)]
    spotify_id: JsonText<'a>,
    #[serde(borrow)]
    artist_names: List<JsonText<'a>>,
    duration_ms: Number,
    duration: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Mapping<'a> {
    #[serde(borrow)]
    recording_mbid: JsonText<'a>,
    #[serde(borrow)]
    artists: List<LooseObject<Credit<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Credit<'a> {
    #[serde(borrow)]
    artist_credit_name: JsonText<'a>,
}

impl<'de: 'a, 'a> FromBareText<'de> for Metadata<'a> {}
impl<'de: 'a, 'a> FromBareText<'de> for Info<'a> {}
impl<'de: 'a, 'a> FromBareText<'de> for Mapping<'a> {}
impl<'de: 'a, 'a> FromBareText<'de> for Credit<'a> {}

impl Metadata<'_> {
    fn recording_mbid(&self) -> Option<&str> {
        let mapped = self.mbid_mapping.0.recording_mbid.get();
        mapped
            .or(self.additional_info.0.recording_mbid.get())
            .filter(|mbid| track_id_from_recording(mbid).is_some())
    }

    fn artists(&self) -> Vec<&str> {
        let mapped: Vec<&str> = self
            .mbid_mapping
            .0
            .artists
            .0
            .iter()
            .filter_map(|artist| artist.0.artist_credit_name.get())
            .collect();
        if !mapped.is_empty() {
            return mapped;
        }
        let claimed: Vec<&str> =
            self.additional_info.0.artist_names.0.iter().filter_map(JsonText::get).collect();
        if claimed.is_empty() { self.artist_name.get().into_iter().collect() } else { claimed }
    }

    /// The track, unless it has no title.
    fn track(&self, context: &mut Context<'_>) -> Option<Track> {
        let title = self.track_name.get()?;
        let info = &self.additional_info.0;
        let mbid = self.recording_mbid();
        let id = mbid
            .and_then(track_id_from_recording)
            .or_else(|| spotify::track_id(info.spotify_id.get()?));
        let mut track = context.namer.track(id, self.artists(), title);
        track.album = self.release_name.counted("release_name", context).map(str::to_owned);
        track.recording_mbid = mbid.map(str::to_ascii_lowercase);
        track.isrc = info.isrc.get().map(str::to_owned);
        track.location = info
            .spotify_id
            .get()
            .and_then(spotify::track_id)
            .map(|id| id.to_string())
            .filter(|uri| uri != track.id.as_str());
        let exact = info.duration_ms.milliseconds(1.0, "duration_ms", context);
        if let Some(ms) = exact
            .or_else(|| info.duration.milliseconds(1000.0, "duration", context))
            .filter(|&ms| ms > 0)
        {
            track.features.set(AudioFeature::DurationMs, ms as f32);
        }
        Some(track)
    }
}

struct Plays;

impl JsonRows for Plays {
    type Row<'de> = Row<'de>;

    fn row(&mut self, row: Row<'_>, _: u8, context: &mut Context<'_>) -> Result<(), IngestError> {
        let at = match row.listened_at.get() {
            None => {
                context.drop_row(DropReason::NowPlaying);
                return Ok(());
            }
            Some(text) => match crate::json::number(text).get() {
                Some(seconds) => time::from_seconds(seconds),
                None => time::parse(text),
            },
        };
        let Some(at) = at else {
            context.drop_row(DropReason::BadTime);
            return Ok(());
        };
        let metadata = &row.track_metadata.0;
        let Some(track) = metadata.track(context) else {
            let artist = metadata.artist_name.get();
            context.drop_row(if artist.is_some() {
                DropReason::NoTitle
            } else {
                DropReason::NoTrack
            });
            return Ok(());
        };
        let listen =
            Listen::new(context.listener().clone(), track.id.clone(), at, Source::ListenBrainz);
        context.keep(Record::Listen { listen, track })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Opinion<'a> {
    score: Number,
    created: Number,
    #[serde(borrow)]
    recording_mbid: JsonText<'a>,
    #[serde(borrow)]
    track_metadata: LooseObject<Metadata<'a>>,
}

struct Opinions;

impl JsonRows for Opinions {
    type Row<'de> = Opinion<'de>;

    fn row(
        &mut self,
        opinion: Opinion<'_>,
        _: u8,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        let kind = match opinion.score.get() {
            Some(1.0) => FeedbackKind::Like,
            Some(-1.0) => FeedbackKind::Dislike,
            Some(0.0) => FeedbackKind::Cleared,
            _ => {
                context.drop_row(DropReason::Malformed);
                return Ok(());
            }
        };
        let mbid = opinion.recording_mbid.get().and_then(track_id_from_recording);
        let mut track = opinion.track_metadata.0.track(context);
        if let (Some(track), Some(id)) = (&mut track, &mbid) {
            track.id = id.clone();
        }
        // What is known by ListenBrainz's own message id alone cannot be found again among the
        // listens.
        let Some(target) = mbid.or_else(|| track.as_ref().map(|track| track.id.clone())) else {
            context.drop_row(DropReason::NoTrack);
            return Ok(());
        };
        let feedback = Feedback {
            listener: context.listener().clone(),
            target: FeedbackTarget::Track(target),
            kind,
            at: opinion.created.get().and_then(time::from_seconds),
            source: Source::ListenBrainz,
        };
        context.keep(Record::Feedback { feedback, track })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{read, recognises};

    #[test]
    fn what_clients_put_into_a_listen_makes_it_no_other_row() {
        for (open, close) in [("[", "]"), ("", "")] {
            let text = format!(
                r#"{open}{{"listened_at": 1700000000, "track_metadata": {{"artist_name": "A",
                "track_name": "S", "additional_info": {{"score": 0.9, "recording_msid": "x",
                "ts": 1, "ms_played": 2, "note": "{{\"score\": 1"}}}}}}{close}"#
            )
            .replace('\n', " ");
            assert!(recognises(&ListenBrainzListens, &text), "{text}");
            assert!(!recognises(&ListenBrainzFeedback, &text), "{text}");
            assert!(!recognises(&crate::format::spotify_extended::SpotifyExtended, &text));
            assert_eq!(read(&ListenBrainzListens, &text).0.listens, 1);
        }
        let feedback =
            r#"{"recording_msid": "x", "score": 1, "track_metadata": {"track_name": "S"}}"#;
        assert!(recognises(&ListenBrainzFeedback, feedback));
        assert!(!recognises(&ListenBrainzListens, feedback));
    }
}
