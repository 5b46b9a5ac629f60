//! Spotify's extended streaming history, in every version: `endsong_0.json`,
//! `Streaming_History_Audio_2020-2021_4.json` and the `Video` files beside them, in which music
//! videos carry a track's URI.
//!
//! `ts` is the moment at which the stream ended, in UTC. Address, country, user name and user agent
//! are not even deserialised, and of the platform only the kind of device is kept.
//! `offline_timestamp` is not used: it counted milliseconds once and seconds later, and says
//! nothing that `ts` does not.

use std::io::BufRead;

use segue_core::{DeviceClass, Listen, Moment, Record, Source};
use serde::Deserialize;

use super::{Format, Head};
use crate::json::{Flag, JsonRows, JsonText, Number, Step, read_document};
use crate::{Context, DropReason, IngestError, spotify, time};

/// The format.
pub(crate) struct SpotifyExtended;

impl Format for SpotifyExtended {
    fn source(&self) -> Source {
        Source::SpotifyExtended
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['[']) && head.has_row_keys(&["ts", "ms_played"])
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_document(input, context, &mut Plays::default(), |path| match path {
            "" => Step::Rows(0),
            _ => Step::Skip,
        })
    }
}

/// A row, as far as it is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Play<'a> {
    #[serde(borrow)]
    ts: JsonText<'a>,
    #[serde(borrow)]
    platform: JsonText<'a>,
    ms_played: Number,
    #[serde(borrow)]
    master_metadata_track_name: JsonText<'a>,
    #[serde(borrow)]
    master_metadata_album_artist_name: JsonText<'a>,
    #[serde(borrow)]
    master_metadata_album_album_name: JsonText<'a>,
    #[serde(borrow)]
    spotify_track_uri: JsonText<'a>,
    #[serde(borrow)]
    episode_name: JsonText<'a>,
    #[serde(borrow)]
    spotify_episode_uri: JsonText<'a>,
    #[serde(borrow)]
    audiobook_title: JsonText<'a>,
    #[serde(borrow)]
    audiobook_uri: JsonText<'a>,
    #[serde(borrow)]
    audiobook_chapter_uri: JsonText<'a>,
    #[serde(borrow)]
    audiobook_chapter_title: JsonText<'a>,
    #[serde(borrow)]
    reason_start: JsonText<'a>,
    #[serde(borrow)]
    reason_end: JsonText<'a>,
    shuffle: Flag,
    skipped: Flag,
    offline: Flag,
    incognito_mode: Flag,
}

impl Play<'_> {
    /// Why it is no play of a song, if it is none.
    fn not_a_song(&self) -> Option<DropReason> {
        let any = |texts: &[&JsonText<'_>]| texts.iter().any(|text| text.get().is_some());
        if any(&[&self.spotify_episode_uri, &self.episode_name]) {
            return Some(DropReason::Podcast);
        }
        if any(&[
            &self.audiobook_title,
            &self.audiobook_uri,
            &self.audiobook_chapter_uri,
            &self.audiobook_chapter_title,
        ]) {
            return Some(DropReason::Audiobook);
        }
        match (self.master_metadata_track_name.get(), self.spotify_track_uri.get()) {
            (Some(_), _) => None,
            (None, Some(_)) => Some(DropReason::NoTitle),
            (None, None) => Some(DropReason::NoTrack),
        }
    }
}

#[derive(Default)]
struct Plays {
    /// The last platform: rows come in runs from one device.
    platform: String,
    device: DeviceClass,
}

impl Plays {
    fn device(&mut self, platform: &str) -> DeviceClass {
        if self.platform != platform {
            self.platform = platform.to_owned();
            self.device = spotify::device_class(platform);
        }
        self.device
    }
}

impl JsonRows for Plays {
    type Row<'de> = Play<'de>;

    fn row(&mut self, play: Play<'_>, _: u8, context: &mut Context<'_>) -> Result<(), IngestError> {
        if let Some(reason) = play.not_a_song() {
            context.drop_row(reason);
            return Ok(());
        }
        let Some(title) = play.master_metadata_track_name.get() else { return Ok(()) };
        let Some(at) = play.ts.get().and_then(time::parse) else {
            context.drop_row(DropReason::BadTime);
            return Ok(());
        };
        let uri = play.spotify_track_uri.counted("spotify_track_uri", context);
        let id = uri.and_then(spotify::track_id);
        if uri.is_some_and(|uri| id.is_none() && !uri.starts_with("spotify:local:")) {
            context.unusable("spotify_track_uri");
        }
        let artist = play
            .master_metadata_album_artist_name
            .counted("master_metadata_album_artist_name", context);
        let mut track = context.namer.track(id, artist, title);
        let album = play
            .master_metadata_album_album_name
            .counted("master_metadata_album_album_name", context);
        track.album = album.map(str::to_owned);

        let mut listen =
            Listen::new(context.listener().clone(), track.id.clone(), at, Source::SpotifyExtended);
        listen.moment = Moment::Ended;
        listen.ms_played = play.ms_played.milliseconds(1.0, "ms_played", context);
        let word = play.reason_start.get().unwrap_or_default();
        listen.start_reason = known(spotify::start_reason(word), "reason_start", context);
        let word = play.reason_end.get().unwrap_or_default();
        listen.end_reason = known(spotify::end_reason(word), "reason_end", context);
        listen.skipped = play.skipped.counted("skipped", context);
        listen.shuffle = play.shuffle.counted("shuffle", context);
        listen.offline = play.offline.counted("offline", context);
        listen.private_session =
            play.incognito_mode.counted("incognito_mode", context).unwrap_or(false);
        listen.device = self.device(play.platform.get().unwrap_or_default());
        context.keep(Record::Listen { listen, track })
    }
}

fn known<T: Default>(reason: Option<T>, field: &'static str, context: &mut Context<'_>) -> T {
    if reason.is_none() {
        context.unusable(field);
    }
    reason.unwrap_or_default()
}
