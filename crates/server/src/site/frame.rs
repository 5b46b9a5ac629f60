//! What every page knows: who is listening, where the page is, what was just done.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;
use segue_core::ListenerId;

use super::flash;
use crate::access::{Access, SESSION_COOKIE, Scope, cookie, is_on_purpose};
use crate::app::App;
use crate::error::ApiResult;
use crate::page::layout::{Frame, Section};
use crate::page::links::ListeningService;
use crate::page::urls;
use crate::page::words::Words;

/// The cookie that says who is listening.
pub(super) const LISTENER_COOKIE: &str = "segue_listener";
/// The cookie that says which service songs open with.
pub(super) const SERVICE_COOKIE: &str = "segue_opens";
/// Most listeners to pick from in the header.
const MOST_LISTENERS: usize = 100;

/// What a request says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Path and query.
    pub(crate) here: String,
    /// The query alone.
    pub(crate) query: String,
    /// Whether what is shown in answer counts as shown: somebody who may write asked for it on
    /// purpose.
    pub(crate) is_on_purpose: bool,
    /// Whether who asked may only look.
    only_looks: bool,
    /// Whether who asked runs this server.
    is_admin: bool,
    /// The listener as whom somebody came in: the only one whom they see.
    own: Option<ListenerId>,
    /// Names the request in the log.
    pub(crate) request_id: Option<String>,
    listener: Option<String>,
    opens: Option<ListeningService>,
    flash: Option<String>,
    signed_in: bool,
}

impl Asked {
    /// Reads a request.
    pub(crate) fn of<B>(request: &axum::http::Request<B>) -> Self {
        Self::read(request.uri(), request.headers())
    }

    fn read(uri: &axum::http::Uri, headers: &HeaderMap) -> Self {
        let text =
            |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let decoded = |value: String| {
            percent_decode_str(&value).decode_utf8().map(std::borrow::Cow::into_owned).ok()
        };
        Self {
            here: uri.path_and_query().map_or("/", |here| here.as_str()).to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            is_on_purpose: false,
            only_looks: true,
            is_admin: false,
            own: None,
            request_id: text("x-request-id"),
            listener: cookie(headers, LISTENER_COOKIE).and_then(decoded),
            opens: cookie(headers, SERVICE_COOKIE).and_then(|key| key.parse().ok()),
            flash: cookie(headers, flash::COOKIE),
            signed_in: cookie(headers, SESSION_COOKIE).is_some(),
        }
    }

    /// The same, asked by somebody of whom it is known who they are.
    pub(crate) fn by(self, access: &Access) -> Self {
        let only_looks = access.require(Scope::Write).is_err();
        let is_admin = access.require(Scope::Admin).is_ok();
        Self { only_looks, is_admin, own: access.listener.clone(), ..self }
    }

    /// The value of a parameter of the query.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        urls::pairs(&self.query)
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let asked = Self::read(&parts.uri, &parts.headers);
        let Some(access) = parts.extensions.get::<Access>() else { return Ok(asked) };
        let asked = asked.by(access);
        let is_on_purpose = !asked.only_looks
            && parts.method != axum::http::Method::HEAD
            && is_on_purpose(&parts.headers);
        Ok(Self { is_on_purpose, ..asked })
    }
}

/// Gathers the frame of a page.
pub(crate) async fn frame(app: &Arc<App>, asked: &Asked, section: Section) -> ApiResult<Frame> {
    let wanted = asked.own.clone().or_else(|| asked.listener.clone().map(ListenerId::new));
    let is_own = asked.own.is_some();
    let found = app.readers.run(move |store| {
        let others = if is_own { 0 } else { MOST_LISTENERS };
        let listeners = store.listeners_page(None, others)?;
        let wanted = wanted.map(|wanted| store.listener(&wanted)).transpose()?.flatten();
        Ok((listeners, wanted))
    });
    let (listeners, wanted) = found.await?;
    let names: Vec<String> = listeners.iter().map(|listener| listener.id.to_string()).collect();
    let listener = wanted.or_else(|| listeners.into_iter().next());
    let is_new = listener.as_ref().is_none_or(|found| found.listens + found.feedback == 0);
    // Of whoever else somebody looks at, their browser knows nothing.
    let may_tell = listener.is_some() && !asked.only_looks && (is_own || names.len() == 1);
    let (time_zone, date_language) = listener
        .as_ref()
        .map(|found| (found.time_zone.clone(), found.date_language.clone()))
        .unwrap_or_default();
    let listener = listener.map(|found| found.id.to_string());
    // Whoever came in as somebody is that one, also before the first play.
    let listener = asked.own.as_ref().map(ListenerId::to_string).or(listener);
    Ok(Frame {
        listener,
        is_own,
        is_new,
        is_admin: asked.is_admin,
        only_looks: asked.only_looks,
        asks_time_zone: may_tell && time_zone.is_none(),
        asks_date_language: may_tell && date_language.is_none(),
        time_zone,
        words: Words::of(date_language.as_deref()),
        listeners: names,
        section,
        here: urls::local(&asked.here).to_owned(),
        opens: asked.opens,
        signed_in: asked.signed_in && app.keys.is_required(),
        flash: asked.flash.as_deref().and_then(flash::read),
        reload_seconds: None,
    })
}

/// The answer with a view, and the flash that it shows taken away.
pub(super) fn answer(frame: &Frame, view: maud::Markup) -> axum::response::Response {
    use axum::response::IntoResponse as _;
    let mut response = view.into_response();
    // What a page shows of a person is no matter for caches.
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, axum::http::HeaderValue::from_static("no-store"));
    if frame.flash.is_some() {
        flash::clear(response.headers_mut());
    }
    response
}

/// The time zone of days and hours on a page.
pub(super) fn time_zone(frame: &Frame) -> TimeZone {
    segue::named_time_zone(frame.time_zone.as_deref())
}

/// For whom a page is, or the first page where there is nobody yet.
pub(super) fn listener(frame: &Frame) -> Option<ListenerId> {
    frame.listener.as_deref().map(ListenerId::new)
}
