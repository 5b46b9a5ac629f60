//! In whose name a client speaks, and whom it may ask about.
//!
//! With keys a token is a key that is for one listener, who is its user. Without keys every program
//! of this machine may do everything, and a token only says for whom: it is the name of a listener
//! whom the library knows ([`known_listener`]).

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use segue_core::ListenerId;
use serde_json::{Value, json};

use crate::access::{Access, in_authorization};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::InPath;
use crate::query::Pairs;
use crate::scrobbling::known_listener;

/// The listener in whose name a request is sent.
pub(super) struct Caller(pub(super) ListenerId);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let access = parts.extensions.get::<Access>();
        let access = access.expect("the router authenticates before it calls handlers");
        if let Some(listener) = &access.listener {
            return Ok(Self(listener.clone()));
        }
        if app.keys.is_required() {
            let message = "this key is for no listener, and plays are somebody's";
            return Err(unauthorized("no_listener", message)
                .hint("`segue keys add NAME --listener WHO` makes one that is"));
        }
        let token = in_authorization(&parts.headers).ok_or_else(no_token)?;
        let listener = known_listener(app, token).await?;
        listener.map(Self).ok_or_else(|| {
            unauthorized("unknown_key", "no such token").hint(
                "this server has no keys: the token is the name of a listener it knows, or `me`",
            )
        })
    }
}

/// The listener in the path, whom the sender may ask about.
pub(super) struct User(pub(super) ListenerId);

impl FromRequestParts<Arc<App>> for User {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let InPath(user) = InPath::<String>::from_request_parts(parts, app).await?;
        let Extension(access) = Extension::<Access>::from_request_parts(parts, app)
            .await
            .expect("the router authenticates before it calls handlers");
        known(app, &access, user).await.map(Self)
    }
}

/// A listener of that name, whom a sender may ask about. Whoever has a key is there, though they
/// may have done nothing yet.
pub(super) async fn known(app: &App, access: &Access, user: String) -> ApiResult<ListenerId> {
    let listener = ListenerId::new(user);
    access.require_listener(&listener)?;
    if access.listener.is_some() {
        return Ok(listener);
    }
    let found = known_listener(app, listener.as_str()).await?;
    found.ok_or_else(|| {
        ApiError::not_found("unknown_listener", format!("there is no user `{listener}`"))
    })
}

/// Says whether a token is good, and whose it is. It is taken from the address too, as ListenBrainz
/// takes it there; nothing else is.
pub(super) async fn validate(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Pairs,
) -> ApiResult<Json<Value>> {
    let token = in_authorization(&headers).or_else(|| query.get("token"));
    let token = token.ok_or_else(|| {
        ApiError::bad_request("missing_parameter", "no token was sent to be looked at")
    })?;
    let listener = if app.keys.is_required() {
        app.keys.access(token).and_then(|access| access.listener)
    } else {
        known_listener(&app, token).await?
    };
    Ok(Json(match listener {
        Some(user) => {
            json!({"code": 200, "message": "Token valid.", "valid": true, "user_name": user})
        }
        None => json!({"code": 200, "message": "Token invalid.", "valid": false}),
    }))
}

fn no_token() -> ApiError {
    unauthorized("key_required", "no token was sent")
        .hint("send it as `Authorization: Token TOKEN`")
}

fn unauthorized(code: &'static str, message: &str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, code, message)
}
