//! Users: listeners, of whom nothing is kept but their plays and their feedback.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use segue_core::ListenerId;
use segue_store::{Entry, Event};
use serde::{Deserialize, Serialize};

use super::not_supported;
use super::shapes::{Success, check_count, page};
use crate::access::Admin;
use crate::api::listeners;
use crate::api::shapes::check_name;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Body, InPath};
use crate::query::Pairs;

/// A user. Labels and comments are taken and not kept.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct User {
    user_id: String,
    #[serde(skip_deserializing)]
    labels: Option<Vec<String>>,
    #[serde(skip_deserializing)]
    comment: String,
}

impl User {
    fn new(id: &ListenerId) -> Self {
        Self { user_id: id.to_string(), labels: None, comment: String::new() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Users {
    cursor: String,
    users: Vec<User>,
}

pub(super) async fn insert(
    State(app): State<Arc<App>>,
    Body(user): Body<User>,
) -> ApiResult<Json<Success>> {
    add(&app, vec![user]).await.map(Json)
}

pub(super) async fn insert_many(
    State(app): State<Arc<App>>,
    Body(users): Body<Vec<User>>,
) -> ApiResult<Json<Success>> {
    add(&app, users).await.map(Json)
}

async fn add(app: &App, users: Vec<User>) -> ApiResult<Success> {
    check_count(users.len())?;
    users.iter().try_for_each(|user| check_name("a user", &user.user_id))?;
    let entry = |user: &User| Entry::from(Event::Listener(ListenerId::new(user.user_id.as_str())));
    if !users.is_empty() {
        let outcomes = app.writer.append(users.iter().map(entry).collect()).await?;
        outcomes.into_iter().collect::<ApiResult<Vec<_>>>()?;
    }
    Ok(Success::of(users.len()))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    InPath(user): InPath<String>,
) -> ApiResult<Json<User>> {
    let id = ListenerId::new(user.as_str());
    let found = app.readers.run(move |store| Ok(store.listener(&id)?)).await?;
    let found = found.ok_or_else(|| {
        ApiError::not_found("unknown_listener", format!("there is no user `{user}`"))
    })?;
    Ok(Json(User::new(&found.id)))
}

/// Nothing of a user can be changed, and the answer says that nothing was.
pub(super) async fn change(
    state: State<Arc<App>>,
    user: InPath<String>,
) -> ApiResult<Json<Success>> {
    let _known = show(state, user).await?;
    Ok(Json(Success::of(0)))
}

pub(super) async fn list(State(app): State<Arc<App>>, query: Pairs) -> ApiResult<Json<Users>> {
    let (n, cursor) = page(&query)?;
    let after = cursor.map(ListenerId::new);
    let found = app.readers.run(move |store| Ok(store.listeners_page(after.as_ref(), n)?)).await?;
    let is_full = found.len() == n;
    let last = found.last().filter(|_| is_full);
    Ok(Json(Users {
        cursor: last.map(|last| last.id.to_string()).unwrap_or_default(),
        users: found.iter().map(|summary| User::new(&summary.id)).collect(),
    }))
}

/// Forgets a listener, with everything that was derived from them.
pub(super) async fn remove(
    admin: Admin,
    state: State<Arc<App>>,
    user: InPath<String>,
) -> ApiResult<Json<Success>> {
    match listeners::forget(admin, state, user).await {
        Ok(_) => Ok(Json(Success::of(1))),
        Err(error) if error.code == "unknown_listener" => Ok(Json(Success::of(0))),
        Err(error) => Err(error),
    }
}

pub(super) async fn neighbours() -> ApiError {
    not_supported(
        "users are not compared with each other here: whom somebody resembles is nobody's business",
    )
}
