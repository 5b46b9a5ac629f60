//! Lists that stay.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use segue_core::{ListenerId, Timestamp};
use segue_store::{ImpressionId, ListId, ListName, SavedList, WeeklyList};
use serde::Deserialize;

use super::cards;
use super::frame::{self, Asked, answer, frame};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::Submitted;
use crate::lists;
use crate::page::layout::Section;
use crate::page::lists::{self as view, ListView, ListsView};
use crate::page::urls;

/// `/lists`: those that are due are made when somebody looks.
pub(super) async fn all(State(app): State<Arc<App>>, asked: Asked) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::Lists).await?;
    let Some(id) = frame::listener(&frame) else { return Ok(Redirect::to("/").into_response()) };
    let mut missing = Vec::new();
    if asked.is_on_purpose && app.snapshot.load().model.is_some() {
        let today = Timestamp::now().to_zoned(frame::time_zone(&frame));
        for list in lists::refresh(&app, &id, today).await? {
            missing.extend(list.left_out.map(|why| (list.name.name, why)));
        }
    }
    let found =
        app.readers.run(move |store| Ok((store.lists(&id)?, store.weekly_lists(&id)?))).await?;
    let (found, weekly) = found;
    let weekly = weekly.into_iter().map(|WeeklyList { name, prompt }| (name, prompt)).collect();
    let mut lists = ListsView { missing, weekly, ..ListsView::default() };
    for list in found {
        let is_current =
            lists.current.iter().all(|current: &ListView| current.name != list.name.name);
        let group = if list.name.kind == ListName::OWN {
            &mut lists.own
        } else if is_current {
            &mut lists.current
        } else {
            &mut lists.earlier
        };
        group.push(list_view(list));
    }
    Ok(answer(&frame, view::view(&frame, &lists)))
}

/// `/lists/{id}`.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<i64>,
    asked: Asked,
) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::Lists).await?;
    let listener = frame::listener(&frame).ok_or_else(|| unknown(id))?;
    let opened = match asked.is_on_purpose {
        true => lists::open(&app, &listener, ListId(id)).await?,
        false => lists::look(&app, listener.clone(), ListId(id)).await?,
    };
    let (list, mix) = opened.ok_or_else(|| unknown(id))?;
    let kept = app.listeners.get(&listener).await?;
    let picks = cards::of_picks(&app, &kept, &mix.slate.picks);
    Ok(answer(&frame, view::view_one(&frame, &list_view(list), &picks)))
}

/// What the form sends that keeps a mix.
#[derive(Deserialize)]
pub(super) struct Keep {
    name: String,
    mix: i64,
    #[serde(default)]
    weekly: Option<String>,
}

/// Keeps a mix as a list.
pub(super) async fn keep(
    State(app): State<Arc<App>>,
    Path(listener): Path<String>,
    Submitted(kept): Submitted<Keep>,
) -> ApiResult<Response> {
    let listener = ListenerId::new(listener);
    let Keep { name, mix, weekly } = kept;
    let weekly = weekly.map(|words| words.chars().take(urls::LONGEST_PROMPT).collect());
    let kept = lists::kept_as(&app, &listener, name, weekly).await?;
    let list = lists::keep(&app, &listener, kept, ImpressionId(mix)).await?;
    Ok(Redirect::to(&urls::list(list.id.0)).into_response())
}

/// What the form sends that ends a weekly list.
#[derive(Deserialize)]
pub(super) struct Ended {
    name: String,
}

/// Makes no new ones of a weekly list.
pub(super) async fn end_weekly(
    State(app): State<Arc<App>>,
    Path(listener): Path<String>,
    Submitted(ended): Submitted<Ended>,
) -> ApiResult<Response> {
    let listener = ListenerId::new(listener);
    app.writer.run(move |store| store.end_weekly_list(&listener, &ended.name)).await?;
    Ok(Redirect::to("/lists").into_response())
}

/// Removes a list.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path((listener, id)): Path<(String, i64)>,
) -> ApiResult<Response> {
    let listener = ListenerId::new(listener);
    app.writer.run(move |store| store.remove_list(&listener, ListId(id))).await?;
    Ok(Redirect::to("/lists").into_response())
}

fn list_view(list: SavedList) -> ListView {
    ListView {
        id: list.id.0,
        mix: list.impression.0,
        name: list.name.name,
        edition: list.name.edition,
        never_shown: list.never_shown,
        is_opened: list.is_opened,
    }
}

fn unknown(id: i64) -> ApiError {
    ApiError::not_found("unknown_list", format!("there is no list {id}"))
}
