//! Imports by upload.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use segue::world::World;
use segue_core::ListenerId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio_stream::StreamExt as _;
use utoipa::{IntoParams, ToSchema};

use super::shapes::check_name;
use crate::access::{Access, Scope};
use crate::app::App;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{InPath, Params};
use crate::imports::{ImportState, ImportStatus, UploadLabel};
use crate::limits::{
    LEAST_UPLOAD_RATE, LONGEST_FILE_NAME, MOST_OWN_UPLOADS_WAITING, MOST_UPLOADED_FILES,
    MOST_UPLOADS_WAITING, UPLOAD_GRACE,
};
use crate::worlds::{FoundWorld, KeptWorld};
use crate::{holding, importing, uploads};

/// Whose history it is, and what the file is called.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadParams {
    /// Whose history it is, where the file does not say; `me` if left out, and with a key that is
    /// for one listener they.
    pub(crate) listener: Option<String>,
    /// The name of the file, for the report.
    pub(crate) name: Option<String>,
    /// Whether to tell how it is understood, and to read it only when that is said
    /// (`/v1/imports/{import}/start`).
    #[serde(default)]
    pub(crate) hold: bool,
}

/// How far an import is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportShape {
    id: String,
    /// held, waiting, reading, training, done or failed.
    #[schema(value_type = String)]
    state: ImportState,
    file: String,
    bytes_read: u64,
    bytes_total: u64,
    /// Share of the training that is done, 0 to 1.
    trained: f32,
    /// While it is held: how each file is understood, by its beginning, as `segue import --explain
    /// --json` tells it. Not in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    explanation: Option<Value>,
    /// The world among its files, while it is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    found_world: Option<FoundWorld>,
    /// The world among its files, once it was taken into use.
    #[serde(skip_serializing_if = "Option::is_none")]
    world: Option<KeptWorld>,
    /// What became of every row, file by file, once it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    report: Option<Value>,
    /// Why it failed, or why no model was trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// That mixes have nothing new and what to do, if that is so at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    only_played: Option<String>,
}

impl From<ImportStatus> for ImportShape {
    fn from(status: ImportStatus) -> Self {
        let report = status.report.as_ref().map(|report| {
            json!({"files": report.files, "total": report.total(), "store": status.counts})
        });
        Self {
            id: status.id,
            state: status.state,
            file: status.file,
            bytes_read: status.bytes_read,
            bytes_total: status.bytes_total,
            trained: status.trained,
            explanation: status.explanation.map(|explained| json!(*explained)),
            found_world: status.found_world,
            world: status.kept_world,
            report,
            problem: status.problem,
            only_played: status.only_played.map(|only_played| only_played.to_string()),
        }
    }
}

/// Imports an export, a table or an archive of them, sent as the body. It is read in the
/// background, and a model is trained from it: the answer says where to look. An upload that was
/// received in full survives a crash. A world, for which it takes a key of scope `admin`, is moved
/// into the library and used from that training on. Sent with a key that is for one listener, only
/// what is theirs is kept, and the report counts what was refused.
///
/// With `hold` the answer says how its files are understood, and nothing is kept until
/// `/v1/imports/{import}/start`. It is removed when it is cancelled, after a day, and when the
/// server stops.
#[utoipa::path(post, path = "/v1/imports", tag = "imports", params(UploadParams),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 202, body = ImportShape), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    Params(UploadParams { listener, name, hold }): Params<UploadParams>,
    body: Body,
) -> ApiResult<(StatusCode, Json<ImportShape>)> {
    let listener = listener.unwrap_or_else(|| usual_listener(&access));
    let name = name.unwrap_or_else(|| "upload".to_owned());
    check_name("a listener", &listener)?;
    check_name("a name", &name)?;
    access.require_listener(&ListenerId::new(listener.as_str()))?;
    let mut upload = Upload::begin(&app, access).await?;
    let mut file = upload.file(&name).await?;
    let mut body = body.into_data_stream();
    while let Some(chunk) = body.next().await {
        let broken =
            |error: axum::Error| ApiError::bad_request("upload_broke_off", error.to_string());
        file.write(&chunk.map_err(broken)?).await?;
    }
    file.finish().await?;
    let id = match hold {
        true => upload.hold(&listener).await?,
        false => upload.finish(&listener).await?,
    };
    let status = app.imports.status(&id).expect("it was remembered just now");
    Ok((StatusCode::ACCEPTED, Json(status.into())))
}

/// Whose history comes in where nobody says.
pub(crate) fn usual_listener(access: &Access) -> String {
    access.listener.as_ref().map_or_else(|| "me".to_owned(), ListenerId::to_string)
}

/// Files on their way to disk. What is not finished is removed.
pub(crate) struct Upload {
    app: Arc<App>,
    id: String,
    names: Vec<String>,
    bytes_left: u64,
    pace: Pace,
    /// How often somebody had been forgotten when it began.
    forgotten: i64,
    is_finished: bool,
    access: Access,
}

impl Upload {
    /// Makes room for files.
    pub(crate) async fn begin(app: &Arc<App>, access: Access) -> ApiResult<Self> {
        let sender = access.listener.as_ref();
        let theirs = sender.map_or(0, |sender| app.imports.under_way_of(sender));
        if app.imports.under_way() >= MOST_UPLOADS_WAITING || theirs >= MOST_OWN_UPLOADS_WAITING {
            return Err(ApiError::overloaded(
                "too_many_imports",
                "too many imports are waiting to be read",
            ));
        }
        let id = format!("{:016x}", rand::random::<u64>());
        tokio::fs::create_dir(app.imports.part(&id))
            .await
            .map_err(|error| ApiError::internal(&error))?;
        let (app, bytes_left) = (Arc::clone(app), app.config.limits.upload_bytes);
        let forgotten = importing::forgotten(&app).await?;
        Ok(Self {
            app,
            id,
            names: Vec::new(),
            bytes_left,
            pace: Pace::new(),
            forgotten,
            is_finished: false,
            access,
        })
    }

    /// Begins a file. Its name is kept as far as it can name a file here: formats can be told by
    /// it, and the report speaks of it.
    pub(crate) async fn file(&mut self, name: &str) -> ApiResult<UploadedFile<'_>> {
        if self.names.len() >= MOST_UPLOADED_FILES {
            let message =
                format!("an upload has {MOST_UPLOADED_FILES} files at most; an archive holds more");
            return Err(ApiError::bad_request("too_many_files", message));
        }
        let name = self.file_name(name);
        let path = self.app.imports.part(&self.id).join(&name);
        let file =
            tokio::fs::File::create_new(path).await.map_err(|error| ApiError::internal(&error))?;
        self.names.push(name);
        let (bytes_left, pace) = (&mut self.bytes_left, &mut self.pace);
        Ok(UploadedFile { file, bytes: 0, bytes_left, pace })
    }

    fn file_name(&self, name: &str) -> String {
        let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let plain = |c: char| if c.is_control() || c == ':' { '_' } else { c };
        let mut plain: String =
            last.chars().map(plain).collect::<String>().trim_start_matches('.').to_owned();
        while plain.len() > LONGEST_FILE_NAME {
            plain.remove(0);
        }
        match plain.is_empty() || self.names.contains(&plain) {
            true => format!("{}-{plain}", self.names.len() + 1),
            false => plain,
        }
    }

    /// Hands the files over to be read; returns the id of the import.
    pub(crate) async fn finish(mut self, listener: &str) -> ApiResult<String> {
        let label = self.label(listener)?;
        self.require_scope_of_world()?;
        uploads::describe(&self.app, &self.id, &label)
            .and_then(|()| uploads::take_over(&self.app, &self.id))
            .map_err(|error| ApiError::internal(&error))?;
        self.is_finished = true;
        self.refuse_if_forgotten().await?;
        importing::start(&self.app, &self.id, label);
        Ok(self.id.clone())
    }

    /// Lets somebody look at how the files are understood before they are read; returns the id of
    /// the import.
    pub(crate) async fn hold(mut self, listener: &str) -> ApiResult<String> {
        let label = self.label(listener)?;
        self.require_scope_of_world()?;
        let understood = holding::understand(&self.app, &self.id, &label).await?;
        uploads::describe(&self.app, &self.id, &label)
            .map_err(|error| ApiError::internal(&error))?;
        self.is_finished = true;
        self.refuse_if_forgotten().await?;
        holding::hold(&self.app, &self.id, &label, understood);
        Ok(self.id.clone())
    }

    /// A world changes what everybody's next model learns from, as training does.
    fn require_scope_of_world(&self) -> ApiResult<()> {
        let folder = self.app.imports.part(&self.id);
        match self.names.iter().any(|name| World::is_one(&folder.join(name))) {
            true => self.access.require(Scope::Admin),
            false => Ok(()),
        }
    }

    fn label(&self, listener: &str) -> ApiResult<UploadLabel> {
        if self.names.is_empty() {
            return Err(ApiError::bad_request("empty_upload", "there is no file in this upload"));
        }
        self.access.require_listener(&ListenerId::new(listener))?;
        Ok(UploadLabel {
            sender: self.access.listener.as_ref().map(ListenerId::to_string),
            listener: listener.to_owned(),
            name: self.names.join(", "),
            forgotten: self.forgotten,
        })
    }

    /// Whoever is forgotten from here on finds the label and removes the upload.
    async fn refuse_if_forgotten(&self) -> ApiResult<()> {
        if importing::forgotten(&self.app).await? != self.forgotten {
            uploads::discard(&self.app, &self.id).map_err(|error| ApiError::internal(&error))?;
            let message = "somebody was forgotten while it was received, and may be in it";
            return Err(ApiError::conflict("forgotten_meanwhile", message).hint("send it again"));
        }
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.is_finished {
            // It is removed at the next start if it cannot be now.
            let _ = std::fs::remove_dir_all(self.app.imports.part(&self.id));
        }
    }
}

/// A file on its way to disk.
pub(crate) struct UploadedFile<'u> {
    file: tokio::fs::File,
    bytes: u64,
    bytes_left: &'u mut u64,
    pace: &'u mut Pace,
}

/// How fast an upload comes.
struct Pace {
    begun: Instant,
    bytes: u64,
}

impl Pace {
    fn new() -> Self {
        Self { begun: Instant::now(), bytes: 0 }
    }

    /// Whether it is too slow, after so many bytes more.
    fn is_too_slow_after(&mut self, bytes: usize, elapsed: Duration) -> bool {
        self.bytes += bytes as u64;
        elapsed > UPLOAD_GRACE && self.bytes < elapsed.as_secs() * LEAST_UPLOAD_RATE
    }
}

impl UploadedFile<'_> {
    /// Writes the next bytes.
    pub(crate) async fn write(&mut self, chunk: &[u8]) -> ApiResult<()> {
        let elapsed = self.pace.begun.elapsed();
        if self.pace.is_too_slow_after(chunk.len(), elapsed) {
            let message = "the upload comes too slowly";
            return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "upload_too_slow", message));
        }
        self.bytes += chunk.len() as u64;
        *self.bytes_left = self.bytes_left.checked_sub(chunk.len() as u64).ok_or_else(|| {
            ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "the upload is larger than allowed here",
            )
            .hint(
                "`segue import PATH` reads files of any size; `segue serve --upload-mb` raises \
                the limit",
            )
        })?;
        self.file.write_all(chunk).await.map_err(|error| ApiError::internal(&error))
    }

    /// Makes sure that the file is on disk.
    pub(crate) async fn finish(mut self) -> ApiResult<()> {
        if self.bytes == 0 {
            return Err(ApiError::bad_request("empty_upload", "the file is empty"));
        }
        // Syncing keeps the error of a write that is under way for later; flushing tells it.
        let flushed = self.file.flush().await;
        flushed.map_err(|error| ApiError::internal(&error))?;
        self.file.sync_all().await.map_err(|error| ApiError::internal(&error))
    }
}

/// Imports of this server since it started, latest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Imports)]
pub(crate) struct ImportsAnswer {
    imports: Vec<ImportShape>,
}

/// Imports since the server started, latest first.
#[utoipa::path(get, path = "/v1/imports", tag = "imports",
    responses((status = 200, body = ImportsAnswer)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
) -> Json<ImportsAnswer> {
    Json(ImportsAnswer {
        imports: app
            .imports
            .statuses()
            .into_iter()
            .filter(|status| status.is_shown_to(&access))
            .map(|status| ImportShape { explanation: None, ..status.into() })
            .collect(),
    })
}

/// How far an import is, and its report.
#[utoipa::path(get, path = "/v1/imports/{import}", tag = "imports",
    params(("import" = String, Path, description = "Its id.")),
    responses((status = 200, body = ImportShape), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    InPath(import): InPath<String>,
) -> ApiResult<Json<ImportShape>> {
    Ok(Json(find_import(&app, &access, &import)?.into()))
}

/// An import that whoever asks may know of.
pub(crate) fn find_import(app: &App, access: &Access, import: &str) -> ApiResult<ImportStatus> {
    let status = app.imports.status(import).filter(|status| status.is_shown_to(access));
    status.ok_or_else(|| {
        let message = "there is no such import, or it was before the last start";
        ApiError::not_found("unknown_import", message)
    })
}

/// Begins to read an import that is held.
#[utoipa::path(post, path = "/v1/imports/{import}/start", tag = "imports",
    params(("import" = String, Path, description = "Its id.")),
    responses((status = 202, body = ImportShape), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    InPath(import): InPath<String>,
) -> ApiResult<(StatusCode, Json<ImportShape>)> {
    find_import(&app, &access, &import)?;
    holding::begin(&app, &import)?;
    Ok((StatusCode::ACCEPTED, Json(find_import(&app, &access, &import)?.into())))
}

/// Cancels an import: its files are removed, and what was read of them until then is kept: nothing,
/// where it was held.
#[utoipa::path(delete, path = "/v1/imports/{import}", tag = "imports",
    params(("import" = String, Path, description = "Its id.")),
    responses((status = 200, body = ImportShape), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    InPath(import): InPath<String>,
) -> ApiResult<Json<ImportShape>> {
    cancel_import(&app, &access, &import)?;
    Ok(Json(find_import(&app, &access, &import)?.into()))
}

/// Cancels an import, unless it is done.
pub(crate) fn cancel_import(app: &App, access: &Access, import: &str) -> ApiResult<()> {
    if find_import(app, access, import)?.state == ImportState::Done {
        return Ok(());
    }
    app.imports.release(import, ImportState::Failed);
    uploads::discard(app, import).map_err(|error| ApiError::internal(&error))?;
    importing::fail(app, import, importing::CANCELLED);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_that_drips_is_too_slow_and_a_modem_is_not() {
        let (mut drip, mut modem) = (Pace::new(), Pace::new());
        let mut cut_off_after = None;
        for second in 1..=600 {
            let elapsed = Duration::from_secs(second);
            if drip.is_too_slow_after(1, elapsed) {
                cut_off_after.get_or_insert(second);
            }
            assert!(!modem.is_too_slow_after(5_000, elapsed));
        }
        assert_eq!(cut_off_after, Some(31));
    }
}
