//! Loves and hates: 1 is a like, -1 "not for me", and 0 takes either back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use segue_core::{
    Feedback, FeedbackKind, FeedbackTarget, ListenerId, Record, Source, Timestamp, Track, TrackId,
};
use segue_store::{Entry, Event, Store};
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::{Caller, User};
use super::done;
use super::listens::metadata;
use super::msid::{Recording, mbid_of, msid};
use crate::api::append_entries;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::Raw;
use crate::limits::MOST_LISTENS_SHOWN;
use crate::query::Pairs;

/// How many opinions are shown where a client does not say.
const USUAL_COUNT: usize = 25;
/// The latest plays among which a recording is looked for first: they may be of tracks that no
/// snapshot has yet.
const LATEST_PLAYS: usize = 100;

/// What a client sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    score: i8,
    recording_mbid: Option<String>,
    recording_msid: Option<String>,
}

impl Given {
    fn recording(&self) -> ApiResult<Recording> {
        match (&self.recording_mbid, &self.recording_msid) {
            (Some(mbid), _) if !mbid.is_empty() => Recording::of_mbid(mbid),
            (_, Some(msid)) if !msid.is_empty() => Recording::of_msid(msid),
            _ => Err(ApiError::bad_request(
                "bad_recording",
                "a recording is named by `recording_mbid` or `recording_msid`",
            )),
        }
    }

    fn kind(&self) -> ApiResult<FeedbackKind> {
        match self.score {
            1 => Ok(FeedbackKind::Like),
            0 => Ok(FeedbackKind::Cleared),
            -1 => Ok(FeedbackKind::Dislike),
            score => {
                let message = format!("`score` is 1, 0 or -1, not `{score}`");
                Err(ApiError::bad_request("bad_feedback", message))
            }
        }
    }
}

/// Takes a love or a hate, which counts in the next mix.
pub(super) async fn give(
    State(app): State<Arc<App>>,
    Caller(listener): Caller,
    Raw(body): Raw,
) -> ApiResult<Json<Value>> {
    let given: Given = serde_json::from_slice(&body)
        .map_err(|error| ApiError::bad_request("bad_feedback", error.to_string()))?;
    let (kind, recording) = (given.kind()?, given.recording()?);
    let track = find(&app, &listener, recording).await?.ok_or_else(|| {
        ApiError::not_found("unknown_track", "no such recording is known here")
            .hint("submit a listen of it first")
    })?;
    let feedback = Feedback {
        listener,
        target: FeedbackTarget::Track(track),
        kind,
        at: Some(Timestamp::now()),
        source: Source::ListenBrainz,
    };
    let entry = Entry::from(Event::Record(Record::Feedback { feedback, track: None }));
    append_entries(&app, vec![entry]).await?.into_iter().collect::<ApiResult<Vec<_>>>()?;
    Ok(done())
}

/// The track that is a recording, if there is one.
async fn find(
    app: &Arc<App>,
    listener: &ListenerId,
    recording: Recording,
) -> ApiResult<Option<TrackId>> {
    let (snapshot, listener) = (app.snapshot.load_full(), listener.clone());
    let found = app.readers.run(move |store| {
        let plays = store.listens_page(&listener, None, LATEST_PLAYS)?;
        for (_, listen) in plays {
            let track = store.track(&listen.track)?;
            if track.is_some_and(|track| recording.is(&track)) {
                return Ok(Some(listen.track));
            }
        }
        let catalogue = &snapshot.catalogue;
        let mut tracks = catalogue.rows().map(|row| catalogue.track(row));
        Ok(tracks.find(|track| recording.is(track)).map(|track| track.id.clone()))
    });
    found.await
}

/// An opinion that stands.
struct Opinion {
    track: TrackId,
    score: i8,
    at: Option<Timestamp>,
}

impl Opinion {
    fn write(&self, user: &ListenerId, track: Option<&Track>, with_metadata: bool) -> Value {
        json!({
            "user_id": user,
            "recording_msid": msid(&self.track),
            "recording_mbid": track.and_then(mbid_of),
            "score": self.score,
            "created": self.at.map_or(0, Timestamp::as_second),
            "track_metadata": track.filter(|_| with_metadata).map(metadata),
        })
    }
}

/// The opinions of a listener that stand, the last one first.
fn standing(store: &Store, user: &ListenerId) -> ApiResult<Vec<Opinion>> {
    let mut standing: Vec<Opinion> = Vec::new();
    for feedback in store.feedback(user)?.into_iter().rev() {
        let FeedbackTarget::Track(track) = feedback.target else { continue };
        let score = match feedback.kind {
            FeedbackKind::Like => 1,
            FeedbackKind::Dislike | FeedbackKind::Ban => -1,
            FeedbackKind::Cleared => 0,
            FeedbackKind::Saved => continue,
        };
        standing.push(Opinion { track, score, at: feedback.at });
    }
    let mut seen = std::collections::HashSet::new();
    standing.retain(|opinion| seen.insert(opinion.track.clone()) && opinion.score != 0);
    Ok(standing)
}

/// What somebody loves and hates.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    User(user): User,
    query: Pairs,
) -> ApiResult<Json<Value>> {
    let score = match query.get("score") {
        None | Some("0") => None,
        Some("1") => Some(1),
        Some("-1") => Some(-1),
        Some(_) => return Err(ApiError::bad_request("bad_query", "`score` is 1 or -1")),
    };
    let count = query.number("count")?.unwrap_or(USUAL_COUNT).min(MOST_LISTENS_SHOWN);
    let offset = query.number("offset")?.unwrap_or_default();
    let with_metadata =
        query.get("metadata").is_some_and(|asked| asked.eq_ignore_ascii_case("true"));
    let answer = app.readers.run(move |store| {
        let mut opinions = standing(store, &user)?;
        opinions.retain(|opinion| score.is_none_or(|score| opinion.score == score));
        let shown = opinions.iter().skip(offset).take(count);
        let shown = shown.map(|opinion| {
            let track = store.track(&opinion.track)?;
            Ok(opinion.write(&user, track.as_ref(), with_metadata))
        });
        let shown = shown.collect::<ApiResult<Vec<Value>>>()?;
        Ok(json!({
            "count": shown.len(),
            "offset": offset,
            "total_count": opinions.len(),
            "feedback": shown,
        }))
    });
    answer.await.map(Json)
}

/// What somebody thinks of certain recordings: 0 where nothing is known.
pub(super) async fn for_recordings(
    State(app): State<Arc<App>>,
    User(user): User,
    query: Pairs,
) -> ApiResult<Json<Value>> {
    let split = |name: &str| -> Vec<String> {
        let named = query.get(name).unwrap_or_default().split(',');
        named.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect()
    };
    let mbids = split("recording_mbids");
    let msids = [split("recording_msids"), split("recordings")].concat();
    let asked: Vec<(Recording, Value)> = mbids
        .iter()
        .map(|id| {
            Ok((Recording::of_mbid(id)?, json!({"recording_mbid": id, "recording_msid": null})))
        })
        .chain(msids.iter().map(|id| {
            Ok((Recording::of_msid(id)?, json!({"recording_mbid": null, "recording_msid": id})))
        }))
        .collect::<ApiResult<_>>()?;
    if asked.is_empty() || asked.len() > MOST_LISTENS_SHOWN {
        let message = format!("1 to {MOST_LISTENS_SHOWN} recordings are named in a request");
        return Err(ApiError::bad_request("bad_recording", message));
    }
    let feedback = app.readers.run(move |store| {
        let mut opinions = Vec::new();
        for opinion in standing(store, &user)? {
            opinions.extend(store.track(&opinion.track)?.map(|track| (track, opinion)));
        }
        let answers = asked.into_iter().map(|(recording, mut answer)| {
            let opinion = opinions.iter().find(|(track, _)| recording.is(track));
            answer["user_id"] = json!(user);
            answer["score"] = json!(opinion.map_or(0, |(_, opinion)| opinion.score));
            answer["created"] =
                json!(opinion.and_then(|(_, opinion)| opinion.at).map(Timestamp::as_second));
            answer
        });
        Ok(answers.collect::<Vec<Value>>())
    });
    Ok(Json(json!({"feedback": feedback.await?})))
}
