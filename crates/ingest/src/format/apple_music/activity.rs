//! `Apple Music Play Activity.csv`: one row an event, with up to 145 columns, of which a dozen are
//! read. Addresses, places, device identifiers and the account number are among those that are not.
//!
//! Plays are the events of type `PLAY_END`, and those without a type, which is how the first years
//! were logged. One listen may be several rows, because Apple writes one whenever playing stops.
//! Rows are kept as they are.
//!
//! Times are UTC, also where they do not say so.

use std::io::BufRead;

use csv::StringRecord;
use segue_core::{
    AudioFeature, DeviceClass, EndReason, Feedback, FeedbackKind, FeedbackTarget, Listen, Moment,
    Record, Source, Timestamp, Track,
};

use super::{Artists, end_reason, skipped};
use crate::format::{Format, Head};
use crate::identity::named_track;
use crate::table::values::{self, moment};
use crate::table::{Delimited, Header, Unusable, head_records};
use crate::{Context, DropReason, IngestError};

/// Longest play as a multiple of the track's length. Players overshoot by a buffer; a play time
/// beyond that is unusable.
const LONGEST_SHARE: f32 = 1.1;
/// Longest play of a track whose length is unknown, in milliseconds: a day.
const LONGEST_MS: u32 = 86_400_000;
/// Kinds of items that are played and are no songs.
const NOT_SONGS: [&str; 4] =
    ["STREAM", "NON_SONG_CLIP", "ARTIST_UPLOADED_CONTENT", "TIMED_METADATA_PING"];

/// The format of the play activity.
#[derive(Default)]
pub(crate) struct PlayActivity {
    /// The artist of each title, for rows that do not name one.
    pub(crate) artists: Artists,
}

impl Format for PlayActivity {
    fn source(&self) -> Source {
        Source::AppleMusic
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        let Some(header) = head_records(head.text).next().map(|names| Header::new(&names)) else {
            return false;
        };
        header.has(&["play duration milliseconds", "event end timestamp"])
            && (header.has(&["song name"]) || header.has(&["content name"]))
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut table = Delimited::open(input, context)?;
        let Some(header) = table.next(context)?.map(Header::new) else { return Ok(()) };
        table.expect_width(header.width());
        while let Some(row) = table.next(context)? {
            self.take(Event { header: &header, row }, context)?;
        }
        Ok(())
    }
}

impl PlayActivity {
    fn take(&self, event: Event<'_>, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut unusable = Unusable::default();
        let track = match event.is_play().then(|| event.track(&self.artists, &mut unusable)) {
            Some(Ok(track)) => track,
            Some(Err(reason)) => return drop(context, reason),
            None => return drop(context, DropReason::NotAPlay),
        };
        let Some((at, moment)) = event.time() else { return drop(context, DropReason::BadTime) };
        let listen =
            Listen::new(context.listener().clone(), track.id.clone(), at, Source::AppleMusic);
        let listen = Listen { moment, ..event.describe(listen, &track, &mut unusable) };
        let banned = event.cell(&["end reason type"]) == Some("TRACK_BANNED");
        let feedback = Feedback {
            listener: listen.listener.clone(),
            target: FeedbackTarget::Track(track.id.clone()),
            kind: FeedbackKind::Ban,
            at: Some(at),
            source: Source::AppleMusic,
        };
        unusable.report(context);
        context.keep(Record::Listen { listen, track })?;
        if banned {
            context.keep_beside(Record::Feedback { feedback, track: None })?;
        }
        Ok(())
    }
}

fn drop(context: &mut Context<'_>, reason: DropReason) -> Result<(), IngestError> {
    context.drop_row(reason);
    Ok(())
}

#[derive(Clone, Copy)]
struct Event<'a> {
    header: &'a Header,
    row: &'a StringRecord,
}

impl<'a> Event<'a> {
    fn cell(&self, names: &[&str]) -> Option<&'a str> {
        self.header.cell(self.row, names)
    }

    fn is_play(&self) -> bool {
        let is_song = self.cell(&["item type"]).is_none_or(|item| !NOT_SONGS.contains(&item));
        is_song && self.cell(&["event type"]).is_none_or(|event| event == "PLAY_END")
    }

    /// The artist of the track. If it was played from an album, the album's artist stands for it.
    /// For a playlist that column names the maker of the playlist, which is of no use.
    fn artist(&self, title: &str, artists: &Artists) -> Option<String> {
        let from_album = self.cell(&["container type"]).is_none_or(|kind| kind == "ALBUM");
        self.cell(&["artist name"])
            .or_else(|| artists.artist_of(title))
            .or_else(|| self.cell(&["container artist name"]).filter(|_| from_album))
            .map(str::to_owned)
    }

    fn track(&self, artists: &Artists, unusable: &mut Unusable) -> Result<Track, DropReason> {
        let Some(title) = self.cell(&["song name", "content name"]) else {
            let names_artist = self.cell(&["artist name"]).is_some();
            return Err(if names_artist { DropReason::NoTitle } else { DropReason::NoTrack });
        };
        let mut track = named_track(None, self.artist(title, artists).into_iter().collect(), title);
        track.album = self.cell(&["album name", "container album name"]).map(str::to_owned);
        track.genre = self.cell(&["genre"]).map(str::to_owned);
        let duration = self.cell(&["media duration in milliseconds"]).map(values::milliseconds);
        match duration {
            None | Some(Some(0)) => {}
            Some(Some(ms)) if track.features.set(AudioFeature::DurationMs, ms as f32) => {}
            Some(_) => unusable.push("media_duration"),
        }
        Ok(track)
    }

    fn time(&self) -> Option<(Timestamp, Moment)> {
        let at = |names| self.cell(names).and_then(moment);
        let started = at(&["event start timestamp"]).map(|at| (at, Moment::Started));
        started.or_else(|| at(&["event end timestamp"]).map(|at| (at, Moment::Ended)))
    }

    fn describe(&self, listen: Listen, track: &Track, unusable: &mut Unusable) -> Listen {
        let end_reason = self.cell(&["end reason type"]).map_or(EndReason::Unknown, end_reason);
        let device = self.cell(&["device type", "hardware type", "source type", "build version"]);
        Listen {
            ms_played: self.ms_played(track, unusable),
            end_reason,
            skipped: skipped(end_reason),
            shuffle: self.cell(&["shuffle play"]).and_then(|text| match text {
                "SHUFFLE_ON" => Some(true),
                "SHUFFLE_OFF" => Some(false),
                _ => values::truth(text),
            }),
            offline: self.cell(&["offline"]).and_then(values::truth),
            device: device.map_or(DeviceClass::Unknown, values::device_class),
            context: self.cell(&["feature name"]).map(str::to_owned),
            ..listen
        }
    }

    /// Durations are negative when a clock is set back, and longer than the track when an event
    /// went missing.
    fn ms_played(&self, track: &Track, unusable: &mut Unusable) -> Option<u32> {
        let longest =
            track.duration_ms().map_or(LONGEST_MS, |ms| (ms as f32 * LONGEST_SHARE) as u32);
        let played = values::milliseconds(self.cell(&["play duration milliseconds"])?)
            .filter(|&ms| ms <= longest);
        if played.is_none() {
            unusable.push("play_duration");
        }
        played
    }
}
