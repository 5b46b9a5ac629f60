//! What a reported play means, and how it comes into the log.
//!
//! The protocols of Last.fm name a track by artist, title and perhaps album, length and
//! MusicBrainz's id. That is what an export of Last.fm has too, so its plays are told as plays of
//! Last.fm, under the ids that an import gives, and an export that is imported before or after adds
//! none ([`segue_store::dedup`]).

use std::path::Path;

use segue_core::{
    AudioFeature, EndReason, Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId, Record,
    Source, Timestamp, Track, TrackId,
};
use segue_ingest::identity::named_track;
use segue_ingest::{Context, Sink, SinkError};
use segue_store::{Entry, Event};

use super::FormFields;
use crate::api::append_entries;
use crate::app::App;
use crate::error::ApiResult;

/// The earliest play that is taken: about the first of October 2002, when Audioscrobbler began.
const EARLIEST_SECOND: i64 = 1_033_410_600;
/// How far the clock of a client may be ahead, in seconds.
const MOST_AHEAD_S: i64 = 3_600;
/// The longest track, in seconds: 24 days, as ListenBrainz has it.
const LONGEST_TRACK_S: u32 = 24 * 24 * 3_600;

/// Why a time is none that a play can have been at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutOfTime {
    /// Before October 2002.
    TooEarly,
    /// More than an hour from now.
    TooLate,
}

/// When a play was that a client dates to a second since 1970.
pub(crate) fn moment(second: i64, now: Timestamp) -> Result<Timestamp, OutOfTime> {
    if second >= now.as_second() + MOST_AHEAD_S {
        return Err(OutOfTime::TooLate);
    }
    if second < EARLIEST_SECOND {
        return Err(OutOfTime::TooEarly);
    }
    Timestamp::from_second(second).map_err(|_| OutOfTime::TooEarly)
}

/// A track as a client of Last.fm's protocols names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportedTrack {
    /// Whom the client credits, as one text.
    pub(crate) artist: String,
    /// The title.
    pub(crate) title: String,
    /// What it is on, where the client says so.
    pub(crate) album: Option<String>,
    mbid: Option<String>,
    duration_s: Option<u32>,
}

/// What a protocol calls the fields of a track.
pub(crate) struct TrackFields {
    artist: &'static str,
    title: &'static str,
    album: &'static str,
    mbid: &'static str,
    duration_s: &'static str,
}

impl TrackFields {
    /// In the submission protocol of Audioscrobbler.
    pub(crate) const AUDIOSCROBBLER: Self =
        Self { artist: "a", title: "t", album: "b", mbid: "m", duration_s: "l" };
    /// In Last.fm's API.
    pub(crate) const LAST_FM: Self = Self {
        artist: "artist",
        title: "track",
        album: "album",
        mbid: "mbid",
        duration_s: "duration",
    };
}

impl ReportedTrack {
    /// The track of one of several plays, or of the only one; `None` without artist or title. A
    /// length or an id that makes no sense is not read.
    pub(crate) fn of(
        fields: &FormFields,
        names: &TrackFields,
        number: Option<usize>,
    ) -> Option<Self> {
        let value = |name| {
            let value = fields.of_play(name, number)?.trim();
            (!value.is_empty() && !value.contains('\0')).then(|| value.to_owned())
        };
        let seconds =
            |text: String| text.parse().ok().filter(|s| (1..=LONGEST_TRACK_S).contains(s));
        Some(Self {
            artist: value(names.artist)?,
            title: value(names.title)?,
            album: value(names.album),
            mbid: value(names.mbid).filter(|mbid| is_mbid(mbid)),
            duration_s: value(names.duration_s).and_then(seconds),
        })
    }

    fn track(&self) -> Track {
        let mbid = self.mbid.as_ref().map(|mbid| mbid.to_ascii_lowercase());
        let id = mbid.as_ref().map(|mbid| TrackId::new(format!("mbid:{mbid}")));
        let mut track = named_track(id, vec![self.artist.clone()], &self.title);
        track.recording_mbid = mbid;
        track.album.clone_from(&self.album);
        if let Some(seconds) = self.duration_s {
            track.features.set(AudioFeature::DurationMs, seconds as f32 * 1_000.0);
        }
        track
    }
}

/// Whether a text is an id of MusicBrainz, as clients write it.
fn is_mbid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A play of a track that began at a moment; `None` where a name is longer than any that is kept.
pub(crate) fn play(
    listener: &ListenerId,
    reported: &ReportedTrack,
    at: Timestamp,
    was_skipped: bool,
) -> Option<Record> {
    let track = reported.track();
    let mut listen = Listen::new(listener.clone(), track.id.clone(), at, Source::LastFm);
    if was_skipped {
        (listen.skipped, listen.end_reason) = (Some(true), EndReason::SkippedForward);
    }
    settled(listener, Record::Listen { listen, track })
}

/// What a listener says of a track, which need not have been played; `None` as for [`play`].
pub(crate) fn opinion(
    listener: &ListenerId,
    reported: &ReportedTrack,
    at: Timestamp,
    kind: FeedbackKind,
) -> Option<Record> {
    let track = reported.track();
    let feedback = Feedback {
        listener: listener.clone(),
        target: FeedbackTarget::Track(track.id.clone()),
        kind,
        at: Some(at),
        source: Source::LastFm,
    };
    settled(listener, Record::Feedback { feedback, track: Some(track) })
}

/// A record as an import would hand it on.
fn settled(listener: &ListenerId, record: Record) -> Option<Record> {
    let mut collected = Collected::default();
    let mut context =
        Context::new(Path::new("submission"), Source::LastFm, listener.clone(), &mut collected);
    context.keep(record).ok()?;
    collected.0.pop()
}

/// Holds what a reader makes of a submission.
#[derive(Default)]
pub(crate) struct Collected(pub(crate) Vec<Record>);

impl Sink for Collected {
    fn accept(&mut self, _: u64, record: Record) -> Result<(), SinkError> {
        self.0.push(record);
        Ok(())
    }
}

/// Takes in what was reported: it is on disk when this returns and counts in the next mix, and a
/// play that the log has already counts once. Mixes know new tracks soon after.
pub(crate) async fn keep(app: &App, records: Vec<Record>) -> ApiResult<()> {
    let is_new = has_new_tracks(app, &records);
    let entries = records.into_iter().map(|record| Entry::from(Event::Record(record)));
    let outcomes = append_entries(app, entries.collect()).await?;
    outcomes.into_iter().collect::<ApiResult<Vec<_>>>()?;
    if is_new {
        app.rebuild_soon();
    }
    Ok(())
}

/// Whether mixes do not know all the tracks yet.
fn has_new_tracks(app: &App, records: &[Record]) -> bool {
    let catalogue = &app.snapshot.load().catalogue;
    let track = |record: &Record| match record {
        Record::Listen { track, .. } => Some(track.id.clone()),
        Record::Feedback { track, .. } => track.as_ref().map(|track| track.id.clone()),
        _ => None,
    };
    records.iter().filter_map(track).any(|track| catalogue.find(&track).is_none())
}
