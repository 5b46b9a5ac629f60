//! How far a client has copied what another service knows of a listener, so that it goes on there.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use segue_core::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::{Caller, known};
use super::done;
use crate::access::Access;
use crate::api::check_name;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::Raw;
use crate::query::Pairs;

/// The service that is meant where none is named.
const LAST_FM: &str = "lastfm";

/// How far it has come.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    query: Pairs,
) -> ApiResult<Json<Value>> {
    let user = query.get("user_name").unwrap_or_default().to_owned();
    let service = query.get("service").unwrap_or(LAST_FM).to_ascii_lowercase();
    let listener = known(&app, &access, user).await?;
    let latest = app.readers.run({
        let listener = listener.clone();
        move |store| Ok(store.latest_import(&listener, &service)?)
    });
    let second = latest.await?.map_or(0, Timestamp::as_second);
    Ok(Json(json!({"musicbrainz_id": listener, "latest_import": second})))
}

/// What a client tells.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    ts: i64,
    service: Option<String>,
}

/// Takes note that it has come further.
pub(super) async fn raise(
    State(app): State<Arc<App>>,
    Caller(listener): Caller,
    Raw(body): Raw,
) -> ApiResult<Json<Value>> {
    let bad = |message: String| ApiError::bad_request("bad_body", message);
    let told: Told = serde_json::from_slice(&body).map_err(|error| bad(error.to_string()))?;
    let at =
        Timestamp::from_second(told.ts).map_err(|_| bad(format!("`{}` is no time", told.ts)))?;
    let service = told.service.unwrap_or_else(|| LAST_FM.to_owned()).to_ascii_lowercase();
    check_name("a service", &service)?;
    app.writer.run(move |store| store.raise_latest_import(&listener, &service, at)).await?;
    Ok(done())
}
