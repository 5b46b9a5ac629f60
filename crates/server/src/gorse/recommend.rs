//! Recommendations: a mix for a user, and for a session what is like the things in it.
//!
//! gorse ranks, Segue draws: a page that follows another (`offset`) is another mix without what was
//! shown last, not the rest of a ranking. The impression of every mix is on disk before it is
//! answered, which is what `write-back-type` is for; no play is written that did not happen. Where
//! a write-back is asked for, tracks shown in the last week, and longer ago than its delay, are
//! left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use jiff::SignedDuration;
use segue_core::{ListenerId, Timestamp, TrackId};
use segue_engine::TrackIdx;
use segue_engine::experiment::Settings;
use segue_engine::pipeline::{LONGEST_MIX, MixRequest};
use serde::Deserialize;
use serde_json::Value;

use super::feedback::{FeedbackIn, ItemFeedback};
use super::kinds::Kind;
use super::lists::{is_in, scored};
use super::shapes::{Categories, Score, check_count, stretch, understood};
use crate::access::{Access, Scope, is_on_purpose};
use crate::api::shapes::check_name;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Body, InPath};
use crate::mixing::mix_and_log;
use crate::query::Pairs;
use segue::Snapshot;

/// Mixes looked back at.
const MIXES: usize = 100;
/// How long what was shown is left out.
const SHOWN: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Items of a session that others are compared with, the latest ones.
const SESSION: usize = 20;
/// Tracks looked at that are like one of them.
const ALIKE: usize = 200;

/// A user; behind them there may be a category.
#[derive(Debug, Deserialize)]
pub(super) struct RecommendPath {
    user: String,
}

/// A mix for a user. Version 2 of the API has scores, which are predicted likabilities.
pub(super) async fn recommend(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    InPath(path): InPath<RecommendPath>,
    Categories(categories): Categories,
    query: Pairs,
) -> ApiResult<Response> {
    // It is asked for by GET and writes an impression.
    access.require(Scope::Write)?;
    if !is_on_purpose(&headers) {
        let message = "what is recommended counts as shown, and only where it is asked for here";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "cross_origin", message));
    }
    check_name("a user", &path.user)?;
    let user = ListenerId::new(path.user);
    let (n, offset) = stretch(&query)?;
    let write_back = write_back(&query)?;
    if n > LONGEST_MIX as usize {
        return Err(ApiError::bad_request(
            "bad_mix",
            format!("`n` goes up to {LONGEST_MIX}, not to {n}"),
        ));
    }
    let now = Timestamp::now();
    let request = MixRequest {
        length: n as u32,
        seed: rand::random(),
        within: within(&app.snapshot.load(), &categories),
        exclude_tracks: shown(&app, &user, offset, write_back.map(|delay| now - delay)).await?,
        ..MixRequest::new(now)
    };
    let is_empty = n == 0 || request.within.as_ref().is_some_and(Vec::is_empty);
    let scores = if is_empty { Vec::new() } else { mixed(&app, &user, request).await? };
    if headers.get("x-api-version").is_some_and(|version| version == "2") {
        return Ok(Json(scores).into_response());
    }
    Ok(Json(scores.into_iter().map(|score| score.id).collect::<Vec<_>>()).into_response())
}

/// The picks; none where nothing is left to pick, as gorse has it.
async fn mixed(app: &App, user: &ListenerId, request: MixRequest) -> ApiResult<Vec<Score>> {
    let mixed = match mix_and_log(app, user, request, Some(Settings::default())).await {
        Err(error) if error.code == "nothing_eligible" => return Ok(Vec::new()),
        mixed => mixed?,
    };
    let picks = mixed.outcome.slate.picks.iter();
    let score = |pick: &segue_core::Pick| Score {
        id: pick.track.to_string(),
        score: f64::from(pick.likability),
    };
    Ok(picks.map(score).collect())
}

/// The delay of the write-back, if one is asked for.
fn write_back(query: &Pairs) -> ApiResult<Option<SignedDuration>> {
    let Some(kind) = query.get("write-back-type") else { return Ok(None) };
    Kind::of(kind)?;
    let Some(delay) = query.get("write-back-delay") else { return Ok(Some(SignedDuration::ZERO)) };
    let parsed = delay
        .parse::<SignedDuration>()
        .ok()
        .filter(|delay| !delay.is_negative() && *delay <= SHOWN);
    let unread = || {
        let message = format!("`{delay}` is no delay: write `0h0m0s`, a week at most");
        ApiError::bad_request("bad_delay", message)
    };
    parsed.map(Some).ok_or_else(unread)
}

/// Tracks of the categories, `None` for all.
fn within(snapshot: &Snapshot, categories: &[String]) -> Option<Vec<TrackId>> {
    if categories.is_empty() {
        return None;
    }
    let rows = snapshot.catalogue.rows().filter(|row| is_in(snapshot, *row, categories));
    Some(rows.map(|row| snapshot.catalogue.track(row).id.clone()).collect())
}

/// The last `count` tracks that a user was shown; all of the last week until `until`, if that is
/// given.
async fn shown(
    app: &App,
    user: &ListenerId,
    count: usize,
    until: Option<Timestamp>,
) -> ApiResult<Vec<TrackId>> {
    if count == 0 && until.is_none() {
        return Ok(Vec::new());
    }
    let user = user.clone();
    let mixes = app.readers.run(move |store| Ok(store.impressions(&user, MIXES)?)).await?;
    let since = Timestamp::now() - SHOWN;
    let picks = mixes.into_iter().flat_map(|(_, impression)| {
        let at = impression.at;
        impression.slate.picks.into_iter().map(move |pick| (at, pick.track))
    });
    let is_left_out = |(place, (at, _)): &(usize, (Timestamp, TrackId))| {
        *place < count || until.is_some_and(|until| (since..=until).contains(at))
    };
    Ok(picks.enumerate().filter(is_left_out).map(|(_, (_, track))| track).collect())
}

/// What is like the things that a session was pleased with. Nobody is known to have seen it, so
/// nothing is logged.
pub(super) async fn session(
    State(app): State<Arc<App>>,
    Categories(categories): Categories,
    query: Pairs,
    Body(feedback): Body<Vec<Value>>,
) -> ApiResult<Json<Vec<Score>>> {
    check_count(feedback.len())?;
    let (n, offset) = stretch(&query)?;
    let (given, _) = understood(feedback, FeedbackIn::parse)?;
    let snapshot = app.snapshot.load_full();
    let found = app.heavy(move || {
        let scores = alike(&snapshot, &given);
        let scores = scores.into_iter().filter(|(row, _)| is_in(&snapshot, *row, &categories));
        scores.skip(offset).take(n).map(|(row, score)| scored(&snapshot, row, score)).collect()
    });
    found.await.map(Json)
}

/// Tracks by the sum of their likenesses to the latest that pleased, the most alike first; none of
/// the session itself.
fn alike(snapshot: &Snapshot, given: &[ItemFeedback]) -> Vec<(TrackIdx, f64)> {
    let row = |given: &ItemFeedback| snapshot.catalogue.find(&given.item);
    let known: Vec<_> =
        given.iter().filter_map(row).map(|row| snapshot.catalogue.work(row)).collect();
    let mut pleased: Vec<&ItemFeedback> =
        given.iter().filter(|given| given.kind.is_positive()).collect();
    pleased.sort_by_key(|given| std::cmp::Reverse(given.at));
    let mut scores: BTreeMap<TrackIdx, f64> = BTreeMap::new();
    for row in pleased.into_iter().filter_map(row).take(SESSION) {
        for similar in snapshot.similar(row, ALIKE) {
            if !known.contains(&snapshot.catalogue.work(similar.track)) {
                *scores.entry(similar.track).or_default() += f64::from(similar.similarity);
            }
        }
    }
    let mut scores: Vec<(TrackIdx, f64)> = scores.into_iter().collect();
    scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scores
}
