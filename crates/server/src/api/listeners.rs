//! Who is known, and forgetting them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use segue_core::ListenerId;
use segue_store::ListenerSummary;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::shapes::PageParams;
use crate::access::Admin;
use crate::app::App;
use crate::date_language::DateLanguage;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{Body, InPath, Object, Params};
use crate::history;

/// A listener at a glance.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListenerShape {
    id: String,
    /// Plays in the log, excluded ones too.
    listens: u64,
    /// Likes, dislikes, bans and the like in the log.
    feedback: u64,
    /// Time of the earliest play.
    #[schema(value_type = Option<String>, format = DateTime)]
    first: Option<segue_core::Timestamp>,
    /// Time of the latest play.
    #[schema(value_type = Option<String>, format = DateTime)]
    last: Option<segue_core::Timestamp>,
    /// Where they said they are, such as `Europe/Paris`: days and hours of their history are those
    /// of that time zone. Left out where nobody said; those of the server stand in.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    /// In which language they want dates and numbers written on the page, as a BCP 47 tag such as
    /// `de`. Left out where nobody said; then it is as in British English.
    #[serde(skip_serializing_if = "Option::is_none")]
    date_language: Option<String>,
}

impl From<ListenerSummary> for ListenerShape {
    fn from(summary: ListenerSummary) -> Self {
        let ListenerSummary { id, listens, feedback, first, last, time_zone, date_language } =
            summary;
        Self { id: id.to_string(), listens, feedback, first, last, time_zone, date_language }
    }
}

/// A page of listeners.
#[derive(Serialize, ToSchema)]
#[schema(as = Listeners)]
pub(crate) struct ListenersAnswer {
    listeners: Vec<ListenerShape>,
    /// What to send as `after` for the next page; left out on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Everybody, in the order of their ids.
#[utoipa::path(get, path = "/v1/listeners", tag = "listeners", params(PageParams),
    responses((status = 200, body = ListenersAnswer), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Params(page): Params<PageParams>,
) -> ApiResult<Json<ListenersAnswer>> {
    let limit = page.limit()?;
    let found = app.readers.run(move |store| {
        let after = page.after.map(ListenerId::new);
        Ok(store.listeners_page(after.as_ref(), limit)?)
    });
    let listeners: Vec<ListenerShape> = found.await?.into_iter().map(ListenerShape::from).collect();
    let next =
        (listeners.len() == limit).then(|| listeners.last().map(|last| last.id.clone())).flatten();
    Ok(Json(ListenersAnswer { listeners, next }))
}

/// One listener.
#[utoipa::path(get, path = "/v1/listeners/{listener}", tag = "listeners",
    params(("listener" = String, Path, description = "Who.")),
    responses((status = 200, body = ListenerShape), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
) -> ApiResult<Json<ListenerShape>> {
    let id = ListenerId::new(listener.as_str());
    let found = app.readers.run(move |store| Ok(store.listener(&id)?)).await?;
    let summary = found.ok_or_else(|| unknown(&listener))?;
    Ok(Json(summary.into()))
}

/// What a listener can say of themselves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenerChange {
    /// A time zone such as `Europe/Paris`, or `null` to go by that of the server; left out, it
    /// stays as it is.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    time_zone: Option<Option<String>>,
    /// A BCP 47 tag such as `de` or `en-US`, or `null` to have dates written as usual; left out, it
    /// stays as it is.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    date_language: Option<Option<String>>,
}

/// What was said, be it `null`.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Changes what a listener said of themselves: their time zone, and how dates are written for them.
#[utoipa::path(patch, path = "/v1/listeners/{listener}", tag = "listeners",
    params(("listener" = String, Path, description = "Who.")), request_body = ListenerChange,
    responses((status = 200, body = ListenerShape), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
    Body(Object(change)): Body<Object<ListenerChange>>,
) -> ApiResult<Json<ListenerShape>> {
    let id = ListenerId::new(listener.as_str());
    // Both are looked at before one is kept.
    let language = change.date_language.map(DateLanguage::said).transpose()?;
    if let Some(time_zone) = change.time_zone {
        history::keep_time_zone(&app, &id, time_zone).await?;
    }
    if let Some(language) = language {
        language.keep(&app, &id).await?;
    }
    show(State(app), InPath(listener)).await
}

/// What was removed of a listener.
#[derive(Serialize, ToSchema)]
pub(crate) struct Forgotten {
    pub(crate) listens: u64,
    pub(crate) feedback: u64,
    /// Friendships, those of others with this listener among them.
    friendships: u64,
    impressions: u64,
    exclusions: u64,
    /// Tracks that only this listener had brought.
    tracks: u64,
    /// Models that had learnt from this listener.
    pub(crate) models: Vec<String>,
    /// Whether the bytes are gone from the disk; if not, somebody reads the store, and forgetting
    /// again completes it.
    erased: bool,
}

/// Forgets a listener: everything they brought and what was derived from it, models included.
///
/// Where the model in use had learnt from them there is none afterwards: train one.
#[utoipa::path(delete, path = "/v1/listeners/{listener}", tag = "listeners",
    params(("listener" = String, Path, description = "Who.")),
    responses((status = 200, body = Forgotten), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn forget(
    _: Admin,
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
) -> ApiResult<Json<Forgotten>> {
    forget_listener(&app, &listener).await.map(Json)
}

/// Forgets a listener, on disk and in memory.
pub(crate) async fn forget_listener(app: &Arc<App>, listener: &str) -> ApiResult<Forgotten> {
    let id = ListenerId::new(listener);
    app.imports.forget(&id);
    let forgotten = app.writer.run({
        let id = id.clone();
        move |store| store.forget(&id)
    });
    let forgotten = forgotten.await;
    // Their keys went with them, and tell of nobody any more.
    app.reload_keys().await?;
    app.playing.stop(&id);
    app.scrobblers.end(&id);
    // An upload that came in between.
    app.imports.forget(&id);
    // Nothing in memory may go on telling of them, even if something went wrong after their rows
    // were removed.
    let built = app.build_anew().await;
    let report = forgotten?;
    built?;
    if !report.found {
        return Err(unknown(listener));
    }
    let segue_store::ForgetReport {
        listens,
        feedback,
        friendships,
        impressions,
        exclusions,
        tracks,
        models,
        erased,
        ..
    } = report;
    Ok(Forgotten {
        listens,
        feedback,
        friendships,
        impressions,
        exclusions,
        tracks,
        models,
        erased,
    })
}

pub(crate) fn unknown(listener: &str) -> ApiError {
    ApiError::not_found("unknown_listener", format!("nothing is known of a listener `{listener}`"))
}
