//! Last.fm as JSON: answers of its API (`user.getRecentTracks`, `user.getLovedTracks`), the arrays
//! of pages that export tools save of them, and the files of lastfmstats.
//!
//! Plays that Last.fm took from a library carry the first seconds of 1970; they have no date.
//!
//! Numbers are text, a single track stands without its array, and the track that is playing now has
//! no date. Tracks are named by artist and title: the MusicBrainz ids of Last.fm are often stale,
//! so they are kept and not relied on.

use std::borrow::Cow;
use std::io::BufRead;

use segue_core::{
    Feedback, FeedbackKind, FeedbackTarget, Listen, Record, Source, Timestamp, Track,
};
use serde::Deserialize;

use super::{Format, Head};
use crate::json::{
    Flag, FromBareText, JsonRows, JsonText, LooseObject, Number, Step, read_document,
};
use crate::{Context, DropReason, IngestError, time};

/// Answers of the API, and pages of them.
pub(crate) struct LastFmJson;
/// The JSON of lastfmstats.
pub(crate) struct LastFmStats;

const PLAYED: u8 = 0;
const LOVED: u8 = 1;

impl Format for LastFmJson {
    fn source(&self) -> Source {
        Source::LastFm
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        let answer = head.has_key("recenttracks") || head.has_key("lovedtracks");
        let pages = head.has_keys(&["track", "#text", "artist"]);
        head.begins_with(['{', '[']) && (answer || pages)
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        // Pages of either kind look the same; only the name of the file differs.
        let name = context
            .path()
            .file_name()
            .map(|name| name.to_string_lossy().to_lowercase())
            .unwrap_or_default();
        let pages = if name.contains("loved") { LOVED } else { PLAYED };
        read_document(input, context, &mut Tracks, |path| match path {
            "" | "/*" | "/recenttracks" | "/lovedtracks" | "/*/recenttracks" | "/*/lovedtracks" => {
                Step::Enter
            }
            "/recenttracks/track" | "/*/recenttracks/track" => Step::Rows(PLAYED),
            "/lovedtracks/track" | "/*/lovedtracks/track" => Step::Rows(LOVED),
            "/*/track" | "/track" => Step::Rows(pages),
            _ => Step::Skip,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Played<'a> {
    #[serde(borrow)]
    name: JsonText<'a>,
    #[serde(borrow)]
    artist: LooseObject<Named<'a>>,
    #[serde(borrow)]
    album: LooseObject<Named<'a>>,
    #[serde(borrow)]
    mbid: JsonText<'a>,
    date: LooseObject<Date>,
    #[serde(rename = "@attr")]
    attributes: LooseObject<Attributes>,
    loved: Flag,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow, rename = "#text")]
    text: JsonText<'a>,
    #[serde(borrow)]
    name: JsonText<'a>,
}

impl<'de: 'a, 'a> FromBareText<'de> for Named<'a> {
    fn from_bare_text(text: Cow<'de, str>) -> Self {
        Self { text: JsonText::Value(text), name: JsonText::Missing }
    }
}

impl Named<'_> {
    fn get(&self) -> Option<&str> {
        self.text.get().or(self.name.get())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Date {
    uts: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    nowplaying: Flag,
}

impl FromBareText<'_> for Date {}
impl FromBareText<'_> for Attributes {}

struct Tracks;

impl JsonRows for Tracks {
    type Row<'de> = Played<'de>;

    fn row(
        &mut self,
        played: Played<'_>,
        kind: u8,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        if played.attributes.0.nowplaying == Flag::Value(true) {
            context.drop_row(DropReason::NowPlaying);
            return Ok(());
        }
        let artist = played.artist.0.get();
        let Some(title) = played.name.get() else {
            context.drop_row(if artist.is_some() {
                DropReason::NoTitle
            } else {
                DropReason::NoTrack
            });
            return Ok(());
        };
        let stamp = played.date.0.uts.get();
        let at = stamp.and_then(time::from_seconds);
        if at.is_none() && kind == PLAYED && !stamp.is_some_and(time::is_unset) {
            context.drop_row(DropReason::BadTime);
            return Ok(());
        }
        let mut track = context.namer.track(None, artist, title);
        track.album = played.album.0.get().map(str::to_owned);
        track.recording_mbid = played.mbid.get().map(str::to_owned);
        let loved =
            |track: &Track, at: Option<Timestamp>, context: &Context<'_>| Record::Feedback {
                feedback: Feedback {
                    listener: context.listener().clone(),
                    target: FeedbackTarget::Track(track.id.clone()),
                    kind: FeedbackKind::Like,
                    at,
                    source: Source::LastFm,
                },
                track: Some(track.clone()),
            };
        if kind != PLAYED {
            let record = loved(&track, at, context);
            return context.keep(record);
        }
        let listen = Listen::new(context.listener().clone(), track.id.clone(), at, Source::LastFm);
        // The listener loves the track, but when they said so is unknown: it is not the play's
        // time.
        let heart = (played.loved == Flag::Value(true)).then(|| loved(&track, None, context));
        context.keep(Record::Listen { listen, track })?;
        heart.map_or(Ok(()), |heart| context.keep_beside(heart))
    }
}

impl Format for LastFmStats {
    fn source(&self) -> Source {
        Source::LastFm
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['{', '[']) && head.has_keys(&["scrobbles", "track", "artist", "date"])
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
    #[serde(borrow)]
    track: JsonText<'a>,
    #[serde(borrow)]
    artist: JsonText<'a>,
    #[serde(borrow)]
    album: JsonText<'a>,
    date: Number,
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
        let artist = scrobble.artist.counted("artist", context);
        let Some(title) = scrobble.track.get() else {
            context.drop_row(if artist.is_some() {
                DropReason::NoTitle
            } else {
                DropReason::NoTrack
            });
            return Ok(());
        };
        let Some(at) = scrobble.date.get().and_then(time::from_milliseconds) else {
            context.drop_row(DropReason::BadTime);
            return Ok(());
        };
        let mut track = context.namer.track(None, artist, title);
        track.album = scrobble.album.counted("album", context).map(str::to_owned);
        let listen = Listen::new(context.listener().clone(), track.id.clone(), at, Source::LastFm);
        context.keep(Record::Listen { listen, track })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::read;

    #[test]
    fn scrobbles_of_the_first_seconds_of_1970_have_no_date() {
        let row = |uts: &str| {
            format!(r##"{{"artist":{{"#text":"A"}},"name":"S","date":{{"uts":"{uts}"}}}}"##)
        };
        let rows = [row("3"), row("1704067200"), row("250000000")].join(",");
        let text = format!(r#"{{"recenttracks":{{"track":[{rows}]}}}}"#);
        let (report, records) = read(&LastFmJson, &text);
        let dated: Vec<bool> = records.listens().iter().map(|listen| listen.at.is_some()).collect();
        assert_eq!(dated, [false, true]);
        assert_eq!(report.dropped[&DropReason::BadTime], 1);
    }
}
