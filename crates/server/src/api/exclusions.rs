//! Plays that should teach nothing: a period, a device, a context, a song, an artist, or a single
//! play.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use segue_core::{DeviceClass, ListenerId, TrackId, WorkId};
use segue_store::{Exclusion, ExclusionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shapes::{DeviceShape, check_name};
use crate::app::App;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{Body, InPath};

/// What to leave out of a taste profile.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ExclusionShape {
    /// Plays that began from one moment on, up to but not including another.
    Period {
        /// The beginning.
        #[schema(value_type = String, format = DateTime)]
        from: segue_core::Timestamp,
        /// The end, not included.
        #[schema(value_type = String, format = DateTime)]
        to: segue_core::Timestamp,
    },
    /// Plays on a kind of device: phone, tablet, computer, web, speaker, tv, car or console.
    #[schema(value_type = DeviceShape)]
    Device(DeviceClass),
    /// Plays from a playlist or other context of this name.
    Context(String),
    /// Plays of the song that this track is a version of.
    Track(String),
    /// Plays of a song, whatever the version; what an exclusion by track becomes.
    Work(String),
    /// Plays of everything by an artist; letter case does not matter.
    Artist(String),
    /// The plays of one track that are stamped with one second: as a rule a single play.
    Play {
        /// The id of the track.
        track: String,
        /// When it was, as the log has it.
        #[schema(value_type = String, format = DateTime)]
        at: segue_core::Timestamp,
    },
}

/// An exclusion and the number by which it is taken back.
#[derive(Serialize, ToSchema)]
pub(crate) struct Numbered {
    id: i64,
    exclusion: ExclusionShape,
}

/// What is excluded.
#[derive(Serialize, ToSchema)]
pub(crate) struct Exclusions {
    exclusions: Vec<Numbered>,
}

/// What is left out of a listener's taste profile.
#[utoipa::path(get, path = "/v1/listeners/{listener}/exclusions", tag = "exclusions",
    params(("listener" = String, Path, description = "Whose.")),
    responses((status = 200, body = Exclusions), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
) -> ApiResult<Json<Exclusions>> {
    let listener = ListenerId::new(listener);
    let found = app.readers.run(move |store| Ok(store.exclusions(&listener)?)).await?;
    let exclusions =
        found.into_iter().map(|(id, exclusion)| Numbered { id: id.0, exclusion: shape(exclusion) });
    Ok(Json(Exclusions { exclusions: exclusions.collect() }))
}

/// Leaves plays out of a listener's taste profile, from the next mix on. They stay in the log.
#[utoipa::path(post, path = "/v1/listeners/{listener}/exclusions", tag = "exclusions",
    params(("listener" = String, Path, description = "Whose.")), request_body = ExclusionShape,
    responses((status = 201, body = Numbered), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
    Body(asked): Body<ExclusionShape>,
) -> ApiResult<(StatusCode, Json<Numbered>)> {
    check_name("a listener", &listener)?;
    let listener = ListenerId::new(listener);
    let exclusion = exclusion(&app, asked)?;
    let (whose, what) = (listener.clone(), exclusion.clone());
    let id = app.writer.run(move |store| store.exclude(&whose, &what)).await?;
    app.listeners.changed(&listener);
    Ok((StatusCode::CREATED, Json(Numbered { id: id.0, exclusion: shape(exclusion) })))
}

/// Takes an exclusion back.
#[utoipa::path(delete, path = "/v1/listeners/{listener}/exclusions/{id}", tag = "exclusions",
    params(("listener" = String, Path, description = "Whose."),
        ("id" = i64, Path, description = "Which one.")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    InPath((listener, id)): InPath<(String, i64)>,
) -> ApiResult<StatusCode> {
    let listener = ListenerId::new(listener);
    if !include_again(&app, &listener, ExclusionId(id)).await? {
        let message = format!("`{listener}` has no exclusion {id}");
        return Err(ApiError::not_found("unknown_exclusion", message));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an exclusion back, and says whether the listener had it.
pub(crate) async fn include_again(
    app: &App,
    listener: &ListenerId,
    id: ExclusionId,
) -> ApiResult<bool> {
    let whose = listener.clone();
    let removed = app.writer.run(move |store| {
        let is_theirs = store.exclusions(&whose)?.iter().any(|(known, _)| *known == id);
        Ok(is_theirs && store.include_again(id)?)
    });
    let removed = removed.await?;
    app.listeners.changed(listener);
    Ok(removed)
}

fn exclusion(app: &App, asked: ExclusionShape) -> ApiResult<Exclusion> {
    Ok(match asked {
        ExclusionShape::Period { from, to } if from >= to => {
            let message = format!("the period ends at {to}, before it begins at {from}");
            return Err(ApiError::bad_request("bad_period", message));
        }
        ExclusionShape::Period { from, to } => Exclusion::Period { from, to },
        ExclusionShape::Device(device) => Exclusion::Device(device),
        ExclusionShape::Context(name) => {
            check_name("a context", &name)?;
            Exclusion::Context(name)
        }
        ExclusionShape::Artist(name) => {
            check_name("an artist", &name)?;
            Exclusion::Artist(name)
        }
        ExclusionShape::Work(id) => {
            check_name("a work", &id)?;
            Exclusion::Work(WorkId::new(id))
        }
        ExclusionShape::Track(id) => {
            let snapshot = app.snapshot.load();
            Exclusion::Work(snapshot.catalogue.track(snapshot.find(&id)?).work.clone())
        }
        ExclusionShape::Play { track, at } => {
            check_name("a track", &track)?;
            Exclusion::Play { track: TrackId::new(track), at }
        }
    })
}

fn shape(exclusion: Exclusion) -> ExclusionShape {
    match exclusion {
        Exclusion::Period { from, to } => ExclusionShape::Period { from, to },
        Exclusion::Device(device) => ExclusionShape::Device(device),
        Exclusion::Context(name) => ExclusionShape::Context(name),
        Exclusion::Track(id) => ExclusionShape::Track(id.to_string()),
        Exclusion::Work(work) => ExclusionShape::Work(work.to_string()),
        Exclusion::Artist(name) => ExclusionShape::Artist(name),
        Exclusion::Play { track, at } => ExclusionShape::Play { track: track.to_string(), at },
    }
}
