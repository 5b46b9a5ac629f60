//! Models: which there are, which is in use, back to an earlier one, on to a new one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use segue::models::check;
use segue::{WorldState, WorldStatus};
use segue_store::{ModelEntry, Store};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::access::Admin;
use crate::app::App;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::InPath;
use crate::importing;

/// A model that was trained.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelShape {
    version: String,
    kind: String,
    #[schema(value_type = String, format = DateTime)]
    trained_at: segue_core::Timestamp,
    /// Whether it is the one that is in use.
    active: bool,
    /// Its card: data, configuration, metrics on what was held out, calibration.
    #[schema(value_type = Object)]
    card: Value,
}

impl From<ModelEntry> for ModelShape {
    fn from(entry: ModelEntry) -> Self {
        let card = serde_json::from_str(&entry.card).unwrap_or(Value::Null);
        let ModelEntry { version, kind, created_at, active, .. } = entry;
        Self { version, kind, trained_at: created_at, active, card }
    }
}

/// Models, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Models)]
pub(crate) struct ModelsAnswer {
    models: Vec<ModelShape>,
    /// The world that trainings draw from; null where none is in use.
    world: Option<WorldShape>,
}

/// The world in use. Mixes need no world: only trainings read its file.
#[derive(Serialize, ToSchema)]
#[schema(as = World)]
pub(crate) struct WorldShape {
    /// The name of its file.
    file: String,
    /// The digest that it had when it was taken into use.
    digest: String,
    /// What lies there now: `there`, `gone`, `another` or `unreadable`.
    #[schema(value_type = String)]
    state: WorldState,
    /// How many recordings it has; null where it cannot be read.
    recordings: Option<usize>,
}

impl From<WorldStatus> for WorldShape {
    fn from(WorldStatus { path, digest, state, recordings }: WorldStatus) -> Self {
        // Where it lies is nobody's business who only has a key.
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { file, digest, state, recordings }
    }
}

/// Every model, oldest first, with its card, and the world in use.
#[utoipa::path(get, path = "/v1/models", tag = "models",
    responses((status = 200, body = ModelsAnswer)))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> ApiResult<Json<ModelsAnswer>> {
    let read = |store: &Store| Ok((store.models()?, WorldStatus::find(store)?));
    let (models, world) = app.readers.run(read).await?;
    let models = models.into_iter().map(ModelShape::from).collect();
    Ok(Json(ModelsAnswer { models, world: world.map(WorldShape::from) }))
}

/// The model that is in use now.
#[derive(Serialize, ToSchema)]
pub(crate) struct InUse {
    version: String,
}

/// Puts a model in use. Requests that are under way end with the one they began with; none is
/// dropped.
#[utoipa::path(post, path = "/v1/models/{version}/activate", tag = "models",
    params(("version" = String, Path, description = "Which one.")),
    responses((status = 200, body = InUse), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn activate(
    _: Admin,
    State(app): State<Arc<App>>,
    InPath(version): InPath<String>,
) -> ApiResult<Json<InUse>> {
    use_model(&app, version).await.map(Json)
}

/// Goes back to the models that were trained before those in use, whole.
#[utoipa::path(post, path = "/v1/models/rollback", tag = "models",
    responses((status = 200, body = InUse), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn rollback(_: Admin, State(app): State<Arc<App>>) -> ApiResult<Json<InUse>> {
    let models = app.readers.run(|store| Ok(store.models()?)).await?;
    let ours: Vec<ModelEntry> =
        models.into_iter().filter(|model| app.models.serves(&model.kind)).collect();
    let active = ours.iter().position(|model| model.active);
    let earlier = active
        .and_then(|active| active.checked_sub(1))
        .map(|earlier| ours[earlier].version.clone());
    let earlier = earlier.ok_or_else(|| {
        ApiError::conflict("no_earlier_model", "there is no earlier model to go back to")
    })?;
    use_model(&app, earlier).await.map(Json)
}

/// Makes a model the one in use, in the store and here.
pub(crate) async fn use_model(app: &Arc<App>, version: String) -> ApiResult<InUse> {
    // A model that cannot be read must not get into the store as the one in use.
    let (reader, wanted) = (Arc::clone(app), version.clone());
    app.readers.run(move |store| Ok(check(store, reader.models.as_ref(), &wanted)?)).await?;
    let wanted = version.clone();
    app.writer.run(move |store| store.activate(&wanted)).await?;
    app.reload_model().await?;
    Ok(InUse { version })
}

/// Goes on without a world from the next training on. Tracks that came from it stay, and the model
/// in use serves as before.
#[utoipa::path(delete, path = "/v1/world", tag = "models",
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn drop_world(_: Admin, State(app): State<Arc<App>>) -> ApiResult<StatusCode> {
    go_on_without_world(&app).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Uses no world from the next training on, in the store and in what is said here.
pub(crate) async fn go_on_without_world(app: &Arc<App>) -> ApiResult<()> {
    // An upload may be about to take one into use.
    let _turn = importing::turn(app)?;
    let library = app.config.library.clone();
    let dropped =
        tokio::task::spawn_blocking(move || segue::drop_world(&mut Store::open(&library)?));
    dropped.await.map_err(|error| ApiError::internal(&error))??;
    app.reload_model().await
}

/// Trains a model on everything there is now, and puts it in use. Answers when it is done.
#[utoipa::path(post, path = "/v1/models/train", tag = "models",
    responses((status = 200, body = InUse), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn train(_: Admin, State(app): State<Arc<App>>) -> ApiResult<Json<InUse>> {
    let version = importing::train_in_turn(&app).await?;
    Ok(Json(InUse { version }))
}
