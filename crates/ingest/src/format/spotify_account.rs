//! Spotify's account data: the last year's plays (`StreamingHistory_music_0.json`), the library
//! with likes and bans (`YourLibrary.json`) and the playlists (`Playlist1.json`).
//!
//! `endTime` is the minute in which the stream ended, in UTC and without saying so. A song twice
//! within a minute may be an error of the export or a short play heard twice; both rows are kept.

use std::io::BufRead;

use segue_core::{
    Feedback, FeedbackKind, FeedbackTarget, Listen, Moment, Record, Source, Timestamp,
};
use serde::Deserialize;

use super::{Format, Head};
use crate::json::{FromBareText, JsonRows, JsonText, LooseObject, Number, Step, read_document};
use crate::{Context, DropReason, IngestError, spotify, time};

/// `StreamingHistory*.json`.
pub(crate) struct AccountHistory;
/// `YourLibrary.json`.
pub(crate) struct AccountLibrary;
/// `Playlist*.json`.
pub(crate) struct Playlists;

impl Format for AccountHistory {
    fn source(&self) -> Source {
        Source::SpotifyAccount
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['[']) && head.has_row_keys(&["endTime", "msPlayed"])
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_document(input, context, &mut Plays, |path| match path {
            "" => Step::Rows(0),
            _ => Step::Skip,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Play<'a> {
    #[serde(borrow)]
    end_time: JsonText<'a>,
    #[serde(borrow)]
    artist_name: JsonText<'a>,
    #[serde(borrow)]
    track_name: JsonText<'a>,
    ms_played: Number,
    #[serde(borrow)]
    podcast_name: JsonText<'a>,
    #[serde(borrow)]
    episode_name: JsonText<'a>,
    #[serde(borrow)]
    audiobook_name: JsonText<'a>,
    #[serde(borrow)]
    chapter_name: JsonText<'a>,
}

impl Play<'_> {
    fn not_a_song(&self) -> Option<DropReason> {
        // What Spotify writes for tracks that it cannot name any more.
        let unknown = self.track_name.get() == Some("Unknown Track")
            && self.artist_name.get() == Some("Unknown Artist");
        match self.track_name.get() {
            Some(_) if !unknown => None,
            _ if self.podcast_name.get().or(self.episode_name.get()).is_some() => {
                Some(DropReason::Podcast)
            }
            _ if self.audiobook_name.get().or(self.chapter_name.get()).is_some() => {
                Some(DropReason::Audiobook)
            }
            None if self.artist_name.get().is_some() => Some(DropReason::NoTitle),
            _ => Some(DropReason::NoTrack),
        }
    }
}

struct Plays;

impl JsonRows for Plays {
    type Row<'de> = Play<'de>;

    fn row(&mut self, play: Play<'_>, _: u8, context: &mut Context<'_>) -> Result<(), IngestError> {
        if let Some(reason) = play.not_a_song() {
            context.drop_row(reason);
            return Ok(());
        }
        let Some(title) = play.track_name.get() else { return Ok(()) };
        let Some(at) = play.end_time.get().and_then(time::parse) else {
            context.drop_row(DropReason::BadTime);
            return Ok(());
        };
        let artist = play.artist_name.counted("artistName", context);
        let track = context.namer.track(None, artist, title);
        let mut listen =
            Listen::new(context.listener().clone(), track.id.clone(), at, Source::SpotifyAccount);
        listen.moment = Moment::Ended;
        listen.ms_played = play.ms_played.milliseconds(1.0, "msPlayed", context);
        context.keep(Record::Listen { listen, track })
    }
}

const LIKED: u8 = 0;
const BANNED_TRACK: u8 = 1;
const BANNED_ARTIST: u8 = 2;

impl Format for AccountLibrary {
    fn source(&self) -> Source {
        Source::SpotifyAccount
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        let named = head.name.starts_with("yourlibrary") && head.has_key("tracks");
        head.begins_with(['{'])
            && (named
                || head.has_key("bannedTracks")
                || head.has_keys(&["tracks", "albums", "shows"]))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_document(input, context, &mut Shelves, |path| match path {
            "" => Step::Enter,
            "/tracks" => Step::Rows(LIKED),
            "/bannedTracks" => Step::Rows(BANNED_TRACK),
            "/bannedArtists" => Step::Rows(BANNED_ARTIST),
            _ => Step::Skip,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Kept<'a> {
    #[serde(borrow)]
    artist: JsonText<'a>,
    #[serde(borrow)]
    album: JsonText<'a>,
    #[serde(borrow)]
    track: JsonText<'a>,
    #[serde(borrow)]
    uri: JsonText<'a>,
    #[serde(borrow)]
    name: JsonText<'a>,
}

struct Shelves;

impl JsonRows for Shelves {
    type Row<'de> = Kept<'de>;

    fn row(
        &mut self,
        kept: Kept<'_>,
        shelf: u8,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        if shelf == BANNED_ARTIST {
            return ban_artist(kept.name.get().or(kept.artist.get()), context);
        }
        let named =
            Named { artist: &kept.artist, album: &kept.album, title: &kept.track, uri: &kept.uri };
        match shelf {
            BANNED_TRACK => say(named, &[FeedbackKind::Ban], None, context),
            // The tracks of the library are the "Liked Songs": the listener both likes them and
            // keeps them.
            _ => say(named, &[FeedbackKind::Like, FeedbackKind::Saved], None, context),
        }
    }
}

fn ban_artist(name: Option<&str>, context: &mut Context<'_>) -> Result<(), IngestError> {
    let Some(name) = name else {
        context.drop_row(DropReason::NoTrack);
        return Ok(());
    };
    let feedback = Feedback {
        listener: context.listener().clone(),
        target: FeedbackTarget::Artist(name.to_owned()),
        kind: FeedbackKind::Ban,
        at: None,
        source: Source::SpotifyAccount,
    };
    context.keep(Record::Feedback { feedback, track: None })
}

/// A track as libraries and playlists name it.
struct Named<'r, 'de> {
    artist: &'r JsonText<'de>,
    album: &'r JsonText<'de>,
    title: &'r JsonText<'de>,
    uri: &'r JsonText<'de>,
}

/// Keeps the feedback of a row. The first of `kinds` counts as the row, the others stand beside it.
fn say(
    named: Named<'_, '_>,
    kinds: &[FeedbackKind],
    at: Option<Timestamp>,
    context: &mut Context<'_>,
) -> Result<(), IngestError> {
    let uri = named.uri.get();
    let Some(title) = named.title.get() else {
        context.drop_row(if uri.is_some() { DropReason::NoTitle } else { DropReason::NoTrack });
        return Ok(());
    };
    let artist = named.artist.counted("artist", context);
    let mut track = context.namer.track(uri.and_then(spotify::track_id), artist, title);
    track.album = named.album.counted("album", context).map(str::to_owned);
    for (i, &kind) in kinds.iter().enumerate() {
        let feedback = Feedback {
            listener: context.listener().clone(),
            target: FeedbackTarget::Track(track.id.clone()),
            kind,
            at,
            source: Source::SpotifyAccount,
        };
        let record = Record::Feedback { feedback, track: Some(track.clone()) };
        if i == 0 { context.keep(record)? } else { context.keep_beside(record)? }
    }
    Ok(())
}

impl Format for Playlists {
    fn source(&self) -> Source {
        Source::SpotifyAccount
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['{'])
            && head.has_key("playlists")
            && (head.has_key("items") || head.name.starts_with("playlist"))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        read_document(input, context, &mut Items, |path| match path {
            "" | "/playlists" | "/playlists/*" => Step::Enter,
            "/playlists/*/items" => Step::Rows(0),
            _ => Step::Skip,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Item<'a> {
    #[serde(borrow)]
    track: LooseObject<ItemTrack<'a>>,
    #[serde(borrow)]
    added_date: JsonText<'a>,
    #[serde(borrow)]
    episode: LooseObject<ItemEpisode<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ItemTrack<'a> {
    #[serde(borrow)]
    track_name: JsonText<'a>,
    #[serde(borrow)]
    artist_name: JsonText<'a>,
    #[serde(borrow)]
    album_name: JsonText<'a>,
    #[serde(borrow)]
    track_uri: JsonText<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ItemEpisode<'a> {
    #[serde(borrow)]
    episode_name: JsonText<'a>,
}

impl<'de: 'a, 'a> FromBareText<'de> for ItemTrack<'a> {}
impl<'de: 'a, 'a> FromBareText<'de> for ItemEpisode<'a> {}

struct Items;

impl JsonRows for Items {
    type Row<'de> = Item<'de>;

    fn row(&mut self, item: Item<'_>, _: u8, context: &mut Context<'_>) -> Result<(), IngestError> {
        let track = &item.track.0;
        if track.track_name.get().is_none() && item.episode.0.episode_name.get().is_some() {
            context.drop_row(DropReason::Podcast);
            return Ok(());
        }
        let named = Named {
            artist: &track.artist_name,
            album: &track.album_name,
            title: &track.track_name,
            uri: &track.track_uri,
        };
        let at = item.added_date.get().and_then(time::parse);
        say(named, &[FeedbackKind::Saved], at, context)
    }
}
