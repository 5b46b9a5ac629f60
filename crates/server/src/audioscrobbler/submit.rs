//! What plays now, and what was played. A play that cannot be kept is left out by itself and the
//! answer is `OK` all the same: after `FAILED` a client sends the same again for ever, and nothing
//! behind it.

use std::sync::Arc;

use axum::extract::State;
use segue_core::{FeedbackKind, ListenerId, Record, Timestamp};

use super::SubmissionAnswer;
use super::session::listener_of;
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::Raw;
use crate::limits::MOST_SCROBBLES;
use crate::scrobbling::{FormFields, ReportedTrack, TrackFields, keep, moment, opinion, play};

/// The fields that are read: session, artist, title, album, length, MusicBrainz's id, time, rating.
const READ: [&str; 8] = ["s", "a", "t", "b", "l", "m", "i", "r"];

/// Takes note of what a listener plays just now.
pub(super) async fn now_playing(
    State(app): State<Arc<App>>,
    Raw(body): Raw,
) -> ApiResult<SubmissionAnswer> {
    let fields = FormFields::of(&[&body], &READ);
    let Some(listener) = listener_of(&app, fields.get("s").unwrap_or_default()).await? else {
        return Ok(SubmissionAnswer::BadSession);
    };
    let track = ReportedTrack::of(&fields, &TrackFields::AUDIOSCROBBLER, None);
    let record = track.and_then(|track| play(&listener, &track, Timestamp::now(), false));
    if let Some(Record::Listen { track, .. }) = record {
        app.playing.start(listener, track);
    }
    Ok(SubmissionAnswer::Done(Vec::new()))
}

/// Takes plays, which are on disk when this answers and count in the next mix.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Raw(body): Raw,
) -> ApiResult<SubmissionAnswer> {
    let fields = FormFields::of(&[&body], &READ);
    let Some(listener) = listener_of(&app, fields.get("s").unwrap_or_default()).await? else {
        return Ok(SubmissionAnswer::BadSession);
    };
    let numbers = fields.numbers(&["a", "t", "i"]);
    if numbers.is_empty() {
        return Ok(SubmissionAnswer::Failed("there is no play in it".to_owned()));
    }
    if numbers.len() > MOST_SCROBBLES {
        return Ok(SubmissionAnswer::Failed(format!("{MOST_SCROBBLES} plays are the most")));
    }
    let now = Timestamp::now();
    let told = |number: &usize| records(&listener, &fields, *number, now).unwrap_or_default();
    let records: Vec<Record> = numbers.iter().flat_map(told).collect();
    let plays = records.iter().filter(|record| matches!(record, Record::Listen { .. })).count();
    if plays < numbers.len() {
        tracing::info!(left_out = numbers.len() - plays, "plays that cannot be kept");
    }
    keep(&app, records).await?;
    Ok(SubmissionAnswer::Done(Vec::new()))
}

/// What one of the plays tells: the play, and by its rating an opinion. A ban implies a skip.
fn records(
    listener: &ListenerId,
    fields: &FormFields,
    number: usize,
    now: Timestamp,
) -> Option<Vec<Record>> {
    let track = ReportedTrack::of(fields, &TrackFields::AUDIOSCROBBLER, Some(number))?;
    let second = fields.of_play("i", Some(number))?.parse().ok()?;
    let at = moment(second, now).ok()?;
    let (kind, was_skipped) = match fields.of_play("r", Some(number)) {
        Some("L") => (Some(FeedbackKind::Like), false),
        Some("B") => (Some(FeedbackKind::Ban), true),
        Some("S") => (None, true),
        _ => (None, false),
    };
    let play = play(listener, &track, at, was_skipped)?;
    let said = kind.and_then(|kind| opinion(listener, &track, at, kind));
    Some([Some(play), said].into_iter().flatten().collect())
}
