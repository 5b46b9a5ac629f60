//! Taking plays in. A submission is held to ListenBrainz's own rules first, by which one bad listen
//! refuses all that came with it. What it means is then left to the reader of ListenBrainz's
//! exports. Of `additional_info` only what says which track was played is deserialised at all: not
//! which client sent it, from where or in whose name.

use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use segue_core::{ListenerId, Record, Source, Timestamp};
use segue_ingest::{Context, FileReport, read_listenbrainz};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::caller::Caller;
use super::done;
use super::msid::uuid;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Object, Raw};
use crate::limits::{LONGEST_LISTEN, MOST_LISTENS};
use crate::scrobbling::{Collected, OutOfTime, keep, moment};

/// Most tags of a listen, and most characters of each.
const MOST_TAGS: (usize, usize) = (50, 64);
/// The longest track, in seconds: 24 days.
const LONGEST_TRACK_S: i64 = 24 * 24 * 3_600;

/// What a submission is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// One play that just ended.
    Single,
    /// A track that plays just now.
    PlayingNow,
    /// Plays of before.
    Import,
}

#[derive(Deserialize)]
struct Submission {
    listen_type: Kind,
    payload: Vec<Object<Submitted>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Submitted {
    listened_at: Option<Value>,
    track_metadata: Object<Metadata>,
}

/// What says which track was played. It is written again for the reader.
#[derive(Deserialize, Serialize)]
struct Metadata {
    #[serde(default)]
    track_name: Value,
    #[serde(default)]
    artist_name: Value,
    #[serde(default)]
    release_name: Value,
    additional_info: Option<Info>,
    mbid_mapping: Option<Value>,
}

#[derive(Deserialize, Serialize)]
struct Info {
    recording_mbid: Option<Value>,
    isrc: Option<Value>,
    spotify_id: Option<Value>,
    artist_names: Option<Value>,
    duration_ms: Option<Value>,
    duration: Option<Value>,
    // These are held to the rules and not read.
    release_mbid: Option<Value>,
    release_group_mbid: Option<Value>,
    track_mbid: Option<Value>,
    artist_mbids: Option<Value>,
    work_mbids: Option<Value>,
    tags: Option<Value>,
}

/// A listen that fulfils the rules, as the reader takes it.
#[derive(Serialize)]
struct Accepted {
    listened_at: i64,
    track_metadata: Metadata,
}

/// Takes plays, which are on disk when this answers and count in the next mix, or what is playing
/// just now.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Caller(listener): Caller,
    Raw(body): Raw,
) -> ApiResult<Json<Value>> {
    let now = Timestamp::now();
    let (kind, accepted) = parse(&body, now)?;
    let (records, report) = read(&listener, &accepted)?;
    if kind == Kind::PlayingNow {
        let tracks = records.into_iter().filter_map(|record| match record {
            Record::Listen { track, .. } => Some(track),
            _ => None,
        });
        tracks.for_each(|track| app.playing.start(listener.clone(), track));
        return Ok(done());
    }
    keep(&app, records).await?;
    if report.dropped.is_empty() {
        return Ok(done());
    }
    Ok(Json(json!({"status": "ok", "left_out": report.dropped})))
}

/// Takes a submission apart and holds it to the rules.
fn parse(body: &[u8], now: Timestamp) -> ApiResult<(Kind, Vec<Accepted>)> {
    let Submission { listen_type, payload } =
        serde_json::from_slice(body).map_err(|error| refused(error.to_string()))?;
    if payload.is_empty() {
        return Err(refused("there is no listen in it"));
    }
    if payload.len() > MOST_LISTENS {
        return Err(refused(format!("{} listens; {MOST_LISTENS} are the most", payload.len())));
    }
    if body.len() > payload.len() * LONGEST_LISTEN {
        let message = format!("listens have {LONGEST_LISTEN} bytes at most, on average");
        return Err(refused(message));
    }
    if listen_type != Kind::Import && payload.len() > 1 {
        return Err(refused("`single` and `playing_now` take one listen"));
    }
    let accepted = payload.into_iter().map(|Object(listen)| listen.check(listen_type, now));
    Ok((listen_type, accepted.collect::<ApiResult<_>>()?))
}

impl Submitted {
    fn check(self, kind: Kind, now: Timestamp) -> ApiResult<Accepted> {
        let Object(track_metadata) = self.track_metadata;
        let listened_at = match (kind, self.listened_at) {
            (Kind::PlayingNow, None) => now.as_second(),
            (Kind::PlayingNow, Some(_)) => {
                return Err(refused("what is playing now has no `listened_at`"));
            }
            (_, None) => return Err(refused("`listened_at` is missing")),
            (_, Some(at)) => second(&at, now)?,
        };
        name(&track_metadata.track_name, "track_name", true)?;
        name(&track_metadata.artist_name, "artist_name", true)?;
        name(&track_metadata.release_name, "release_name", false)?;
        track_metadata.additional_info.as_ref().map_or(Ok(()), Info::check)?;
        Ok(Accepted { listened_at, track_metadata })
    }
}

/// When a play was, in seconds since 1970.
fn second(value: &Value, now: Timestamp) -> ApiResult<i64> {
    let second = integer(value).ok_or_else(|| refused("`listened_at` is a whole number"))?;
    match moment(second, now) {
        Ok(at) => Ok(at.as_second()),
        Err(OutOfTime::TooLate) => Err(refused("`listened_at` is in the future")),
        Err(OutOfTime::TooEarly) => Err(refused("`listened_at` is before October 2002")),
    }
}

/// A whole number, written as one, with a fraction that is left aside, or as text.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|it| it as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn name(value: &Value, field: &str, is_required: bool) -> ApiResult<()> {
    match value {
        Value::Null if !is_required => Ok(()),
        Value::String(text) if text.contains('\0') => {
            Err(refused(format!("`{field}` holds a null character")))
        }
        Value::String(text) if !text.trim().is_empty() => Ok(()),
        _ => Err(refused(format!("`{field}` is a text that is not empty"))),
    }
}

impl Info {
    fn check(&self) -> ApiResult<()> {
        let given = |value: &Option<Value>| value.as_ref().is_some_and(|value| !is_nothing(value));
        if given(&self.duration) && given(&self.duration_ms) {
            return Err(refused("`duration` and `duration_ms` are not sent together"));
        }
        length(self.duration.as_ref(), "duration", LONGEST_TRACK_S)?;
        length(self.duration_ms.as_ref(), "duration_ms", LONGEST_TRACK_S * 1_000)?;
        for (mbid, field) in [
            (&self.recording_mbid, "recording_mbid"),
            (&self.release_mbid, "release_mbid"),
            (&self.release_group_mbid, "release_group_mbid"),
            (&self.track_mbid, "track_mbid"),
        ] {
            mbid.iter().try_for_each(|mbid| check_mbid(mbid, field))?;
        }
        for (mbids, field) in
            [(&self.artist_mbids, "artist_mbids"), (&self.work_mbids, "work_mbids")]
        {
            let mbids = mbids.iter().filter_map(Value::as_array).flatten();
            mbids.into_iter().try_for_each(|mbid| check_mbid(mbid, field))?;
        }
        self.tags.as_ref().map_or(Ok(()), check_tags)
    }
}

/// What ListenBrainz takes for no value.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

fn length(value: Option<&Value>, field: &str, most: i64) -> ApiResult<()> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(()) };
    let is_fit = integer(value).is_some_and(|length| (1..=most).contains(&length));
    if is_fit {
        Ok(())
    } else {
        Err(refused(format!("`{field}` is a whole number from 1 to {most}")))
    }
}

fn check_mbid(value: &Value, field: &str) -> ApiResult<()> {
    let is_fit = is_nothing(value) || value.as_str().is_some_and(|text| uuid(text).is_ok());
    if is_fit { Ok(()) } else { Err(refused(format!("`{field}` is no MBID"))) }
}

fn check_tags(tags: &Value) -> ApiResult<()> {
    let (most, longest) = MOST_TAGS;
    let tags = tags.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_short = |tag: &Value| tag.as_str().is_none_or(|tag| tag.chars().count() <= longest);
    if tags.len() <= most && tags.iter().all(is_short) {
        return Ok(());
    }
    Err(refused(format!("a listen has at most {most} tags of {longest} characters")))
}

fn refused(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("bad_listen", message)
}

/// What listens mean, and which of them cannot be kept.
fn read(listener: &ListenerId, accepted: &[Accepted]) -> ApiResult<(Vec<Record>, FileReport)> {
    let text = serde_json::to_vec(accepted).map_err(|error| ApiError::internal(&error))?;
    let mut kept = Collected::default();
    let mut context =
        Context::new(Path::new("submission"), Source::ListenBrainz, listener.clone(), &mut kept);
    read_listenbrainz(&mut text.as_slice(), &mut context)
        .map_err(|error| refused(error.to_string()))?;
    let report = context.finish();
    Ok((kept.0, report))
}
