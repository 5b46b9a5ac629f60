//! Health as gorse tells it. Segue has one store, which stands for gorse's two.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::app::App;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HealthStatus {
    ready: bool,
    data_store_error: Option<String>,
    cache_store_error: Option<String>,
    data_store_connected: bool,
    cache_store_connected: bool,
}

async fn status(app: &App) -> HealthStatus {
    let error = app.readers.run(|store| Ok(store.marks()?)).await.err().map(|error| error.message);
    let is_connected = error.is_none();
    HealthStatus {
        ready: is_connected && app.is_ready.load(Ordering::Acquire),
        cache_store_error: error.clone(),
        data_store_error: error,
        data_store_connected: is_connected,
        cache_store_connected: is_connected,
    }
}

/// Whether the server runs.
pub(super) async fn live(State(app): State<Arc<App>>) -> Response {
    Json(status(&app).await).into_response()
}

/// Whether requests are answered.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let status = status(&app).await;
    let code = if status.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(status)).into_response()
}
