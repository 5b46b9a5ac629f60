//! Who may do what: keys with scopes, sessions of the page, and what protects a server without
//! keys.
//!
//! A server without keys listens on the loopback only, and then every program of this machine may
//! use it; web pages may not ([`origin`]). With keys every request needs one, in `Authorization:
//! Bearer` or `Token`, `X-API-Key`, the `apiKey` parameter of OpenSubsonic, or the cookie that the
//! login page gives.
//!
//! A key may be for one listener, as a scrobbler needs it. Such a key opens what [`concerns`] names
//! and nothing else: a new route is closed to it until it is named there. Somebody who logs in with
//! it sees the page as that listener ([`is_own_page`]), and nobody else's. The protocols of Last.fm
//! have ways of their own to show such a key, and their requests are let in by their handlers; what
//! these look at is in the [`KeyRing`].

mod key;
mod origin;
mod ring;
mod session;

pub(crate) use key::md5_of;
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
use percent_encoding::percent_decode_str;
use segue_core::ListenerId;

use crate::error::{ApiError, ApiResult};

/// Who sent a request, found out before any handler runs.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// What they may do.
    pub(crate) scope: Scope,
    /// The one listener whom their key is for, in whose name they speak.
    pub(crate) listener: Option<ListenerId>,
    /// Whether they came in by the login page and look at it with a browser.
    pub(crate) is_session: bool,
}

/// Lets a request through if its key may do what its method says: reading is `GET` and `HEAD`,
/// everything else is writing. What needs more says so with [`Admin`].
pub(crate) async fn authenticate(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> ApiResult<Response> {
    let access = guard.access_of(request.headers(), key_in(request.uri()))?;
    let needed = if matches!(*request.method(), Method::GET | Method::HEAD) {
        Scope::Read
    } else {
        Scope::Write
    };
    access.require(needed)?;
    access.keep_to_its_listener(request.method(), request.uri().path())?;
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

    /// Whether a request needs a key.
    pub(crate) fn asks_for_keys(&self) -> bool {
        self.keys.is_required()
    }

    /// What the sender of a request may do: everything while no key is required, else what the key
    /// or the session has.
    fn access_of(&self, headers: &HeaderMap, in_address: Option<&str>) -> ApiResult<Access> {
        if !self.keys.is_required() {
            return Ok(Access { scope: Scope::Admin, listener: None, is_session: false });
        }
        if let Some(key) = presented(headers, in_address) {
            return self.keys.access(&key).ok_or_else(|| {
                unauthorized("unknown_key", "no such key, or it was revoked")
                    .hint("`segue keys list` shows the keys")
            });
        }
        let session = cookie(headers, SESSION_COOKIE);
        session.and_then(|token| self.sessions.access(&token, &self.keys)).ok_or_else(|| {
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
    let named = headers.get("x-api-key").and_then(|value| value.to_str().ok());
    // A gorse client that was given no key sends an empty one.
    in_authorization(headers)
        .or(named)
        .or(in_address)
        .filter(|key| !key.is_empty())
        .map(str::to_owned)
}

/// What stands in `Authorization`, as `Bearer` or as ListenBrainz's `Token`.
pub(crate) fn in_authorization(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    let is_known = ["bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    is_known.then(|| key.trim()).filter(|key| !key.is_empty())
}

/// Whether a request concerns one listener and nobody else: ListenBrainz's API, whose handlers see
/// to whom, looking at what is known of the listener, telling of plays and feedback, and bringing
/// their history.
fn concerns(listener: &ListenerId, method: &Method, path: &str) -> bool {
    // Handlers of imports see to whose they are, and keep nothing of anybody else.
    if path.starts_with("/1/") || path == "/v1/imports" || path.starts_with("/v1/imports/") {
        return true;
    }
    let Some(what) = beneath("/v1/listeners/", listener, path) else { return false };
    match *method {
        Method::GET | Method::HEAD => true,
        Method::POST => matches!(what, "listens" | "feedback"),
        _ => false,
    }
}

/// Pages that show of a person what is theirs, whoever looks: their handlers ask the
/// [frame](crate::site) who that is.
const OWN_PAGES: [&str; 10] = [
    "/",
    "/mix",
    "/search",
    "/lists",
    "/history",
    "/history/plays",
    "/taste",
    "/import",
    "/fragments/mix",
    "/fragments/card",
];
/// The same, for what is named behind these. Handlers of mixes and imports see to whose they are.
const BENEATH_OWN_PAGES: [&str; 7] = [
    "/tracks/",
    "/artists/",
    "/lists/",
    "/import/",
    "/fragments/import/",
    "/v1/tracks/",
    "/v1/mixes/",
];

/// Whether a browser in which somebody came in as one listener may ask for this: their own pages,
/// and whatever is said in their name.
fn is_own_page(listener: &ListenerId, method: &Method, path: &str) -> bool {
    if matches!(*method, Method::GET | Method::HEAD) {
        let is_beneath = BENEATH_OWN_PAGES.iter().any(|start| path.starts_with(start));
        if OWN_PAGES.contains(&path) || is_beneath {
            return true;
        }
    }
    let imports = path == "/import" || path.starts_with("/import/");
    let says = |start| beneath(start, listener, path).is_some();
    imports || says("/v1/listeners/") || says("/listeners/")
}

/// What an address names beneath a listener's own; `None` where it is somebody else's.
fn beneath<'p>(start: &str, listener: &ListenerId, path: &'p str) -> Option<&'p str> {
    let path = path.strip_prefix(start)?;
    let (name, what) = path.split_once('/').unwrap_or((path, ""));
    let is_own = percent_decode_str(name).decode_utf8().is_ok_and(|name| name == listener.as_str());
    is_own.then_some(what)
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

    /// Refuses whatever does not concern the listener whom the key is for, if it is for one.
    fn keep_to_its_listener(&self, method: &Method, path: &str) -> ApiResult<()> {
        let Some(listener) = &self.listener else { return Ok(()) };
        let is_open = concerns(listener, method, path)
            || self.is_session && is_own_page(listener, method, path);
        if is_open { Ok(()) } else { Err(not_yours()) }
    }

    /// Refuses whose key is for another listener than this one.
    pub(crate) fn require_listener(&self, listener: &ListenerId) -> ApiResult<()> {
        match &self.listener {
            Some(own) if own != listener => Err(not_yours()),
            _ => Ok(()),
        }
    }
}

fn not_yours() -> ApiError {
    let message = "this key is for one listener: it opens what is theirs";
    ApiError::new(StatusCode::FORBIDDEN, "other_listener", message)
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
