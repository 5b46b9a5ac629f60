//! Imports by upload.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::State;
use axum::http::StatusCode;
use segue_core::ListenerId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio_stream::StreamExt as _;
use utoipa::{IntoParams, ToSchema};

use super::shapes::check_name;
use crate::app::App;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{InPath, Params};
use crate::imports::{self, ImportState, Status};

/// Whose history it is, and what the file is called.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct UploadParams {
    /// Whose history it is, where the file does not say; `me` if left out.
    pub(crate) listener: Option<String>,
    /// The name of the file, for the report.
    pub(crate) name: Option<String>,
}

/// How far an import is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportShape {
    id: String,
    /// waiting, reading, training, done or failed.
    #[schema(value_type = String)]
    state: ImportState,
    file: String,
    bytes_read: u64,
    bytes_total: u64,
    /// Share of the training that is done, 0 to 1.
    trained: f32,
    /// What became of every row, file by file, once it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    report: Option<Value>,
    /// Why it failed, or why no model was trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl From<Status> for ImportShape {
    fn from(status: Status) -> Self {
        let report = status
            .report
            .as_ref()
            .map(|report| json!({"files": report.files, "total": report.total(), "store": status.counts}));
        Self {
            id: status.id,
            state: status.state,
            file: status.file,
            bytes_read: status.bytes_read,
            bytes_total: status.bytes_total,
            trained: status.trained,
            report,
            problem: status.problem,
        }
    }
}

/// Imports an export, a table or an archive of them, sent as the body. It is read in the background, and a model is trained from it: the
/// answer says where to look. An upload that was received in full survives a crash.
#[utoipa::path(post, path = "/v1/imports", tag = "imports", params(UploadParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 202, body = ImportShape), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    Params(UploadParams { listener, name }): Params<UploadParams>,
    body: Body,
) -> ApiResult<(StatusCode, Json<ImportShape>)> {
    let listener = listener.unwrap_or_else(|| "me".to_owned());
    let name = name.unwrap_or_else(|| "upload".to_owned());
    let id = receive(&app, &listener, &name, body.into_data_stream()).await?;
    let status = app.imports.status(&id).expect("it was remembered just now");
    Ok((StatusCode::ACCEPTED, Json(status.into())))
}

/// Writes an upload to disk as it comes, and begins to read it.
pub(crate) async fn receive(
    app: &Arc<App>,
    listener: &str,
    name: &str,
    body: BodyDataStream,
) -> ApiResult<String> {
    check_name("a listener", listener)?;
    check_name("a name", name)?;
    let id = format!("{:016x}", rand::random::<u64>());
    let part = app.imports.part(&id);
    if let Err(error) = write(&part, app.config.limits.upload_bytes, body).await {
        let _ = tokio::fs::remove_file(&part).await;
        return Err(error);
    }
    imports::begin(app, &id, &ListenerId::new(listener), name).map_err(|error| ApiError::internal(&error))?;
    Ok(id)
}

async fn write(part: &std::path::Path, most: u64, mut body: BodyDataStream) -> ApiResult<()> {
    let io = |error: std::io::Error| ApiError::internal(&error);
    let mut file = tokio::fs::File::create(part).await.map_err(io)?;
    let mut bytes = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| ApiError::bad_request("upload_broke_off", error.to_string()))?;
        bytes += chunk.len() as u64;
        if bytes > most {
            let message = format!("an upload has {most} bytes at most");
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
                .hint("`segue import PATH` reads files of any size"));
        }
        file.write_all(&chunk).await.map_err(io)?;
    }
    if bytes == 0 {
        return Err(ApiError::bad_request("empty_upload", "the body is empty; send the file as the body"));
    }
    file.sync_all().await.map_err(io)
}

/// Imports of this server since it started, latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Imports {
    imports: Vec<ImportShape>,
}

/// Imports since the server started, latest first.
#[utoipa::path(get, path = "/v1/imports", tag = "imports", responses((status = 200, body = Imports)))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Imports> {
    Json(Imports { imports: app.imports.statuses().into_iter().map(ImportShape::from).collect() })
}

/// How far an import is, and its report.
#[utoipa::path(get, path = "/v1/imports/{import}", tag = "imports",
    params(("import" = String, Path, description = "Its id.")),
    responses((status = 200, body = ImportShape), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    InPath(import): InPath<String>,
) -> ApiResult<Json<ImportShape>> {
    let status = app.imports.status(&import);
    let status = status
        .ok_or_else(|| ApiError::not_found("unknown_import", format!("there is no import `{import}`")))?;
    Ok(Json(status.into()))
}
