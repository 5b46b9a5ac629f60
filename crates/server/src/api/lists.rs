//! Lists that stay: made for a day or week, or kept from a mix.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::{Extension, Json};
use segue::Refreshed;
use segue_core::{ListenerId, Timestamp};
use segue_store::{ImpressionId, ListId, ListName, SavedList, WeeklyList};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mixes::MixAnswer;
use super::shapes::check_name;
use crate::access::{Access, Scope};
use crate::app::App;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{Body, InPath, Object};
use crate::history::time_zone_of;
use crate::lists;

/// A list, without its tracks.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListShape {
    /// Its number.
    id: i64,
    /// What makes it: `today`, `finds`, `back-after-a-while`, `weekly` where a new one is made
    /// every week by words, or `own` for a mix that was kept.
    kind: String,
    /// The name to show.
    name: String,
    /// The day or week that it is for, such as `2026-11-29` or `2026-W48`; empty for one's own.
    edition: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The mix that it holds, as the log names it.
    mix: i64,
    /// How many of its tracks had never been shown to the listener when it was made.
    never_shown: u32,
    /// Whether it was looked at: until then its mix does not count as shown.
    is_opened: bool,
}

impl From<SavedList> for ListShape {
    fn from(list: SavedList) -> Self {
        let SavedList { id, name, at, impression, never_shown, is_opened } = list;
        let ListName { kind, name, edition } = name;
        Self { id: id.0, kind, name, edition, at, mix: impression.0, never_shown, is_opened }
    }
}

/// The lists of a listener, latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Lists {
    lists: Vec<ListShape>,
    /// Those of which a new one is made every week.
    weekly: Vec<WeeklyShape>,
}

/// A list of which a new one is made every week.
#[derive(Serialize, ToSchema)]
pub(crate) struct WeeklyShape {
    /// Its name, which its editions have.
    name: String,
    /// The words by which it is made.
    prompt: String,
}

/// Which day it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RefreshShape {
    /// The time zone of the listener, such as `Europe/Berlin`; if left out the one that
    /// they said, else that of the server.
    time_zone: Option<String>,
}

/// What became of each list.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefreshedLists {
    lists: Vec<RefreshedShape>,
}

/// What became of one list.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefreshedShape {
    /// What makes it.
    kind: String,
    /// Its name.
    name: String,
    /// The list for the day; nothing where there is too little to make it of.
    list: Option<ListShape>,
    /// Whether it was made just now.
    is_new: bool,
    /// Why there is none, as half a sentence.
    left_out: Option<String>,
}

impl From<Refreshed> for RefreshedShape {
    fn from(refreshed: Refreshed) -> Self {
        let Refreshed { name, list, is_new, left_out } = refreshed;
        let ListName { kind, name, .. } = name;
        Self { kind, name, list: list.map(Into::into), is_new, left_out }
    }
}

/// What to keep, and its name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeepShape {
    /// The name of the list; it must be free.
    name: String,
    /// A mix of the listener, by its number.
    mix: i64,
    /// Where a new one is to be made every week: by which words, as a mix takes them in `prompt`.
    #[serde(default)]
    weekly: Option<String>,
}

/// A list with its tracks.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenedList {
    list: ListShape,
    mix: MixAnswer,
}

/// The lists of a listener, those of earlier days and weeks among them, latest first.
#[utoipa::path(get, path = "/v1/listeners/{listener}/lists", tag = "lists",
    params(("listener" = String, Path, description = "Whose.")),
    responses((status = 200, body = Lists), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
) -> ApiResult<Json<Lists>> {
    let listener = ListenerId::new(listener);
    let found =
        app.readers.run(move |store| Ok((store.lists(&listener)?, store.weekly_lists(&listener)?)));
    let (lists, weekly) = found.await?;
    let weekly = weekly.into_iter().map(|WeeklyList { name, prompt }| WeeklyShape { name, prompt });
    Ok(Json(Lists { lists: lists.into_iter().map(Into::into).collect(), weekly: weekly.collect() }))
}

/// Makes the lists that are due: today's, and those of the week. What is there stays as it is, so
/// that asking twice a day changes nothing.
#[utoipa::path(post, path = "/v1/listeners/{listener}/lists/refresh", tag = "lists",
    params(("listener" = String, Path, description = "For whom.")), request_body = RefreshShape,
    responses((status = 200, body = RefreshedLists), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn refresh(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
    Body(Object(asked)): Body<Object<RefreshShape>>,
) -> ApiResult<Json<RefreshedLists>> {
    check_name("a listener", &listener)?;
    let listener = ListenerId::new(listener);
    let zone = time_zone_of(&app, &listener, asked.time_zone.as_deref()).await?;
    let refreshed = lists::refresh(&app, &listener, Timestamp::now().to_zoned(zone)).await?;
    Ok(Json(RefreshedLists { lists: refreshed.into_iter().map(Into::into).collect() }))
}

/// Keeps a mix that was made for the listener as a list of their own.
#[utoipa::path(post, path = "/v1/listeners/{listener}/lists", tag = "lists",
    params(("listener" = String, Path, description = "Whose.")), request_body = KeepShape,
    responses((status = 201, body = ListShape), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn keep(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
    Body(asked): Body<KeepShape>,
) -> ApiResult<(StatusCode, Json<ListShape>)> {
    check_name("a listener", &listener)?;
    let mix = ImpressionId(asked.mix);
    if let Some(prompt) = &asked.weekly {
        check_name("a prompt", prompt)?;
    }
    let listener = ListenerId::new(listener);
    let kept = lists::kept_as(&app, &listener, asked.name, asked.weekly).await?;
    let list = lists::keep(&app, &listener, kept, mix).await?;
    Ok((StatusCode::CREATED, Json(list.into())))
}

/// Makes no new ones of a weekly list. Those that were made stay.
#[utoipa::path(delete, path = "/v1/listeners/{listener}/weekly-lists/{name}", tag = "lists",
    params(("listener" = String, Path, description = "Whose."),
        ("name" = String, Path, description = "Its name.")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn end_weekly(
    State(app): State<Arc<App>>,
    InPath((listener, name)): InPath<(String, String)>,
) -> ApiResult<StatusCode> {
    let whose = ListenerId::new(listener.as_str());
    let named = name.clone();
    if !app.writer.run(move |store| store.end_weekly_list(&whose, &named)).await? {
        let message = format!("`{listener}` has no weekly list `{name}`");
        return Err(ApiError::not_found("unknown_list", message));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A list with its tracks, which count as shown from then on, if the key may write.
#[utoipa::path(get, path = "/v1/listeners/{listener}/lists/{id}", tag = "lists",
    params(("listener" = String, Path, description = "Whose."),
        ("id" = i64, Path, description = "Which one.")),
    responses((status = 200, body = OpenedList), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    method: Method,
    InPath((listener, id)): InPath<(String, i64)>,
) -> ApiResult<Json<OpenedList>> {
    let whose = ListenerId::new(listener.as_str());
    let opens = method == Method::GET && access.require(Scope::Write).is_ok();
    let found = match opens {
        true => lists::open(&app, &whose, ListId(id)).await?,
        false => lists::look(&app, whose, ListId(id)).await?,
    };
    let (list, mix) = found.ok_or_else(|| unknown(&listener, id))?;
    let snapshot = app.snapshot.load_full();
    let mix = MixAnswer::new(&snapshot.catalogue, list.impression, mix.at, &mix.slate);
    Ok(Json(OpenedList { list: list.into(), mix }))
}

/// Removes a list. What was shown stays in the log.
#[utoipa::path(delete, path = "/v1/listeners/{listener}/lists/{id}", tag = "lists",
    params(("listener" = String, Path, description = "Whose."),
        ("id" = i64, Path, description = "Which one.")),
    responses((status = 204), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    InPath((listener, id)): InPath<(String, i64)>,
) -> ApiResult<StatusCode> {
    let whose = ListenerId::new(listener.as_str());
    if !app.writer.run(move |store| store.remove_list(&whose, ListId(id))).await? {
        return Err(unknown(&listener, id));
    }
    Ok(StatusCode::NO_CONTENT)
}

fn unknown(listener: &str, id: i64) -> ApiError {
    ApiError::not_found("unknown_list", format!("`{listener}` has no list {id}"))
}
