//! What is like a track, a way from one to another, and why a track would suit a listener.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use segue_core::{ListenerId, Timestamp};
use segue_engine::TrackIdx;
use segue_engine::mix::sentence::sentence;
use segue_engine::pipeline::MixRequest;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::shapes::{TrackShape, check_name, limit};
use crate::app::App;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{InPath, Params};
use crate::limits::LONGEST_PATH;
use segue::Snapshot;

/// A track that is like another.
#[derive(Serialize, ToSchema)]
pub(crate) struct SimilarShape {
    track: TrackShape,
    /// From 0 to 1.
    similarity: f32,
    /// Listeners who like both.
    liked_together: u32,
    same_artist: bool,
    /// Features in which both agree and are unlike the average track.
    shared: Vec<String>,
}

/// Tracks like another, most like it first.
#[derive(Serialize, ToSchema)]
pub(crate) struct SimilarTracks {
    similar: Vec<SimilarShape>,
}

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Limit {
    /// How many at most, 1 to 1000; 20 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Tracks like another: by sound, by who likes both, by artist.
#[utoipa::path(get, path = "/v1/tracks/{track}/similar", tag = "tracks",
    params(("track" = String, Path, description = "Its id, percent-encoded."), Limit),
    responses((status = 200, body = SimilarTracks), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn similar(
    State(app): State<Arc<App>>,
    InPath(track): InPath<String>,
    Params(Limit { limit: asked }): Params<Limit>,
) -> ApiResult<Json<SimilarTracks>> {
    let most = limit(asked, 20)?;
    let snapshot = app.snapshot.load();
    let row = snapshot.find(&track)?;
    let found = snapshot.similar(row, most);
    let similar = found.into_iter().map(|similar| SimilarShape {
        track: TrackShape::of(&snapshot.catalogue, similar.track),
        similarity: similar.similarity,
        liked_together: similar.together,
        same_artist: similar.same_artist,
        shared: similar.shared.iter().map(|feature| feature.name().to_owned()).collect(),
    });
    Ok(Json(SimilarTracks { similar: similar.collect() }))
}

/// From where to where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PathParams {
    /// The first track.
    from: String,
    /// The last track.
    to: String,
    /// How many tracks, both ends included, 2 to 100; 10 if left out.
    #[param(minimum = 2, maximum = 100)]
    count: Option<u32>,
}

/// Tracks in an order to be played in.
#[derive(Serialize, ToSchema)]
pub(crate) struct PathAnswer {
    tracks: Vec<TrackShape>,
}

/// A way from one track to another, in steps of even size in sound.
#[utoipa::path(get, path = "/v1/path", tag = "tracks", params(PathParams),
    responses((status = 200, body = PathAnswer), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn path(
    State(app): State<Arc<App>>,
    Params(PathParams { from, to, count }): Params<PathParams>,
) -> ApiResult<Json<PathAnswer>> {
    let count = count.unwrap_or(10);
    if !(2..=LONGEST_PATH).contains(&count) {
        let message = format!("`count` goes from 2 to {LONGEST_PATH}, not to {count}");
        return Err(ApiError::bad_request("bad_count", message));
    }
    let snapshot = app.snapshot.load_full();
    let ends = [snapshot.find(&from)?, snapshot.find(&to)?];
    let rows = way(&app, snapshot.clone(), ends, count as usize).await?;
    Ok(Json(PathAnswer {
        tracks: rows.into_iter().map(|row| TrackShape::of(&snapshot.catalogue, row)).collect(),
    }))
}

/// Looks for the way.
pub(crate) async fn way(
    app: &App,
    snapshot: Arc<Snapshot>,
    ends: [TrackIdx; 2],
    count: usize,
) -> ApiResult<Vec<TrackIdx>> {
    app.heavy(move || snapshot.path(ends, count)).await
}

/// Which track.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExplanationParams {
    /// Its id.
    track: String,
}

/// A liked track that sounds like the one explained.
#[derive(Serialize, ToSchema)]
pub(crate) struct NearShape {
    track: TrackShape,
    /// Mean squared difference in sound: about 2 for two tracks at random.
    distance: f32,
}

/// How a track compares with what a listener likes in one feature.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeatureShape {
    feature: String,
    /// Standard deviations from the mean of what they like.
    away: f32,
}

/// What can be said of a listener and a track.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplanationShape {
    track: TrackShape,
    /// Predicted probability that the listener likes it.
    likability: f32,
    /// Standard deviation of that prediction.
    uncertainty: f32,
    /// Whether nothing shows that the listener knew it.
    new_to_listener: bool,
    /// Why it would be picked, in a sentence.
    why: String,
    /// Liked tracks nearest in sound.
    near: Vec<NearShape>,
    /// How it compares with what they like, most telling first.
    features: Vec<FeatureShape>,
    /// Plays on record of this song.
    plays: u32,
    /// Plays to the end.
    finished: u32,
    /// Plays that were skipped.
    skipped: u32,
    /// In how many sittings it was shown lately without an answer since; it ranks lower by each.
    shown: u32,
    /// The filter that would leave it out of a mix as usual, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<String>,
    /// The model that says so.
    model: String,
}

/// Why a track would, or would not, suit a listener.
#[utoipa::path(get, path = "/v1/listeners/{listener}/explanation", tag = "listeners",
    params(("listener" = String, Path, description = "Whom."), ExplanationParams),
    responses((status = 200, body = ExplanationShape), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn explanation(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
    Params(ExplanationParams { track }): Params<ExplanationParams>,
) -> ApiResult<Json<ExplanationShape>> {
    check_name("a listener", &listener)?;
    let listener = app.listeners.get(&ListenerId::new(listener)).await?;
    let snapshot = &listener.snapshot;
    let (catalogue, row) = (&snapshot.catalogue, snapshot.find(&track)?);
    let request = MixRequest::new(Timestamp::now());
    let found = snapshot.explain(&listener.profile, listener.pool.likes(), row, &request)?;
    let near = found.near.iter().map(|near| NearShape {
        track: TrackShape::of(catalogue, near.track),
        distance: near.distance,
    });
    let feature = |matched: &segue_engine::explain::FeatureMatch| FeatureShape {
        feature: matched.feature.name().to_owned(),
        away: matched.away,
    };
    let record = |of: fn(&segue_engine::Interaction) -> u32| found.work.as_ref().map_or(0, of);
    Ok(Json(ExplanationShape {
        track: TrackShape::of(catalogue, row),
        likability: found.likability.mean,
        uncertainty: found.likability.uncertainty,
        new_to_listener: found.is_new,
        why: sentence(&found.reason),
        near: near.collect(),
        features: found.features.iter().map(feature).collect(),
        plays: record(|work| work.plays),
        finished: record(|work| work.finished),
        skipped: record(|work| work.skipped),
        shown: found.shown,
        left_out: found.left_out.map(|step| step.name().to_owned()),
        model: snapshot.model()?.version.clone(),
    }))
}
