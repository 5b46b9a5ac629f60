//! Features of a track that somebody sets by hand, for everybody in the library.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use segue_core::{AudioFeature, TrackId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::tracks::features;
use crate::access::Admin;
use crate::app::App;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{Body, InPath};

/// What is set by hand of a track.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Overrides {
    /// Features by name, as in the description of a track. Those that are left out are again what
    /// services tell, or estimates.
    features: BTreeMap<String, f32>,
}

/// Sets features of a track by hand, in the place of all that was set of it before. They count
/// before what services tell and what is estimated, for everybody in the library, within seconds;
/// in models with the next training.
#[utoipa::path(put, path = "/v1/tracks/{track}/overrides", tag = "tracks",
    params(("track" = String, Path, description = "Its id, percent-encoded.")),
    request_body = Overrides,
    responses((status = 200, body = Overrides), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn override_features(
    _: Admin,
    State(app): State<Arc<App>>,
    InPath(track): InPath<String>,
    Body(asked): Body<Overrides>,
) -> ApiResult<Json<Overrides>> {
    let set = features(&asked.features)?;
    if let Some((name, value)) = asked.features.iter().find(|(name, value)| !may_be(name, **value))
    {
        let message = format!("`{name}` cannot be set to {value} by hand");
        return Err(ApiError::bad_request("bad_feature", message));
    }
    app.snapshot.load().find(&track)?;
    let track = TrackId::new(track);
    app.writer.run(move |store| store.override_features(&track, &set)).await?;
    app.rebuild_soon();
    let named = |feature: AudioFeature| Some((feature.name().to_owned(), set.get(feature)?));
    Ok(Json(Overrides { features: AudioFeature::ALL.into_iter().filter_map(named).collect() }))
}

fn may_be(name: &str, value: f32) -> bool {
    AudioFeature::from_name(name).is_some_and(|feature| feature.may_be_set_to(value))
}
