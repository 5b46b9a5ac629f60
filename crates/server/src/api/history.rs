//! What a listener played, by week, month and year, and a picture of it to share.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use segue_core::ListenerId;
use segue_engine::history::Review;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::shapes::{check_name, limit};
use crate::app::App;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{InPath, Params};
use crate::history::{HistoryQuery, ReviewInZone, review, zone_name};
use crate::page::words::Words;
use crate::picture;

/// Which part of a history.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryParams {
    /// `week`, `month`, `year` or `all`, or one such as `2026-W48`, `2026-11` or `2026`; all time
    /// if left out.
    period: Option<String>,
    /// A time zone such as `Europe/Paris`; if left out the one that the listener said, else that of
    /// the server.
    time_zone: Option<String>,
    /// How many artists, songs, albums and discoveries are named, 1 to 1000; 20 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// A period of a history.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryAnswer {
    /// In which time zone its days begin.
    time_zone: String,
    /// Sums, the same of the period before, the most played artists, songs and albums, discoveries,
    /// streaks, and what charts are drawn from. Skipped plays are counted apart, in `left_aside`.
    #[schema(value_type = Object)]
    review: Review,
}

/// What a listener played in a week, a month, a year or ever: the most played, what was new,
/// streaks. Excluded plays are part of it: they teach nothing and were played all the same.
#[utoipa::path(get, path = "/v1/listeners/{listener}/history", tag = "listeners",
    params(("listener" = String, Path, description = "Whose."), HistoryParams),
    responses((status = 200, body = HistoryAnswer), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn history(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
    Params(params): Params<HistoryParams>,
) -> ApiResult<Json<HistoryAnswer>> {
    let ReviewInZone { review, time_zone } = params.review(&app, listener).await?;
    Ok(Json(HistoryAnswer { time_zone: zone_name(&time_zone), review }))
}

impl HistoryParams {
    async fn review(self, app: &App, listener: String) -> ApiResult<ReviewInZone> {
        check_name("a listener", &listener)?;
        let named = limit(self.limit, 20)?;
        let query = HistoryQuery { period: self.period, time_zone: self.time_zone, named };
        review(app, ListenerId::new(listener), query).await
    }
}

/// A week, month, year or all time as a picture to share, 1080 by 1350: SVG or PNG by the ending.
#[utoipa::path(get, path = "/v1/listeners/{listener}/history/{picture}", tag = "listeners",
    params(("listener" = String, Path, description = "Whose."),
        ("picture" = String, Path, description = "`picture.svg` or `picture.png`."), HistoryParams),
    responses((status = 200, body = String, content_type = "image/svg+xml"),
        (status = "4XX", body = ErrorBody)))]
pub(crate) async fn picture(
    State(app): State<Arc<App>>,
    InPath((listener, picture)): InPath<(String, String)>,
    Params(params): Params<HistoryParams>,
) -> ApiResult<Response> {
    let is_png = match picture.as_str() {
        "picture.svg" => false,
        "picture.png" => true,
        _ => {
            let message = format!("there is no `{picture}`, only `picture.svg` and `picture.png`");
            return Err(ApiError::not_found("no_such_picture", message));
        }
    };
    let whose = ListenerId::new(listener.as_str());
    let language = app.readers.run(move |store| Ok(store.date_language(&whose)?)).await?;
    let ReviewInZone { review, .. } = params.review(&app, listener).await?;
    let svg = picture::svg(&Words::of(language.as_deref()), &review);
    if !is_png {
        return Ok(([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response());
    }
    let png = app.heavy(move || picture::png(&svg)).await?;
    let png = png.map_err(|error| ApiError::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png).into_response())
}
