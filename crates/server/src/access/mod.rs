//! Who may do what: keys with scopes, sessions of the page, and what protects a server without
//! keys.
//!
//! A server without keys listens on the loopback only, and then every program of this machine may
//! use it; web pages may not ([`origin`]). With keys every request needs one, in `Authorization:
//! Bearer`, `X-API-Key`, the `apiKey` parameter of OpenSubsonic, or the cookie that the login page
//! gives.

mod key;
mod origin;
mod ring;
mod session;

pub use key::{ApiKey, Scope};
pub(crate) use origin::{is_on_purpose, same_origin};
pub(crate) use ring::KeyRing;
pub(crate) use session::{SESSION_COOKIE, Sessions};

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::error::{ApiError, ApiResult};

/// Who sent a request, found out before any handler runs.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// What they may do.
    pub(crate) scope: Scope,
}

/// Lets a request through if its key may do what its method says: reading is `GET` and `HEAD`,
/// everything else is writing. What needs more says so with [`Admin`].
pub(crate) async fn authenticate(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> ApiResult<Response> {
    let access = Access { scope: guard.scope_of(request.headers(), key_in(request.uri()))? };
    let needed = if matches!(*request.method(), Method::GET | Method::HEAD) {
        Scope::Read
    } else {
        Scope::Write
    };
    access.require(needed)?;
    request.extensions_mut().insert(access.clone());
    let mut response = next.run(request).await;
    // An error page may name listeners to those who were let in.
    response.extensions_mut().insert(access);
    Ok(response)
}

/// What requests are let in by: the keys, and the sessions that were begun with them. The
/// middleware of this module needs no more of the server.
#[derive(Clone)]
pub(crate) struct Guard {
    keys: Arc<KeyRing>,
    sessions: Arc<Sessions>,
}

impl Guard {
    /// Lets in by these keys and sessions, which the server goes on to change.
    pub(crate) fn new(keys: &Arc<KeyRing>, sessions: &Arc<Sessions>) -> Self {
        Self { keys: Arc::clone(keys), sessions: Arc::clone(sessions) }
    }

    /// What the sender of a request may do: everything while no key is required, else what the key
    /// or the session has.
    fn scope_of(&self, headers: &HeaderMap, in_address: Option<&str>) -> ApiResult<Scope> {
        if !self.keys.is_required() {
            return Ok(Scope::Admin);
        }
        if let Some(key) = presented(headers, in_address) {
            return self.keys.scope(&key).ok_or_else(|| {
                unauthorized("unknown_key", "no such key, or it was revoked")
                    .hint("`segue keys list` shows the keys")
            });
        }
        let session = cookie(headers, SESSION_COOKIE);
        session.and_then(|token| self.sessions.scope(&token, &self.keys)).ok_or_else(|| {
            unauthorized("key_required", "this server asks for a key").hint(
                "send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`; `segue keys \
                    add` makes one",
            )
        })
    }
}

fn unauthorized(code: &'static str, message: &str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, code, message)
}

/// The key in an address: OpenSubsonic has it there. Elsewhere it is not taken, since addresses get
/// into logs and histories.
fn key_in(address: &Uri) -> Option<&str> {
    let query = address.query().filter(|_| address.path().starts_with("/rest/"))?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == "apiKey").map(|(_, value)| value)
}

/// The key that a request carries.
fn presented(headers: &HeaderMap, in_address: Option<&str>) -> Option<String> {
    let text =
        |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let bearer = text(header::AUTHORIZATION).and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let named = text(header::HeaderName::from_static("x-api-key"));
    // A gorse client that was given no key sends an empty one.
    bearer.or(named).or(in_address).filter(|key| !key.is_empty()).map(str::to_owned)
}

/// The value of a cookie.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value.to_owned())
}

impl Access {
    /// Refuses who may not do what needs a scope.
    pub(crate) fn require(&self, needed: Scope) -> ApiResult<()> {
        if self.scope >= needed {
            return Ok(());
        }
        let message =
            format!("this needs a key with scope `{needed}`; the one given has `{}`", self.scope);
        Err(ApiError::new(StatusCode::FORBIDDEN, "scope_too_small", message))
    }
}

/// Proof that a request may administer the server.
pub(crate) struct Admin;

impl<S: Send + Sync> FromRequestParts<S> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let access = parts.extensions.get::<Access>();
        access.expect("the router authenticates before it calls handlers").require(Scope::Admin)?;
        Ok(Self)
    }
}
