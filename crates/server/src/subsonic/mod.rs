//! The part of OpenSubsonic that asks for music like other music, under `/rest`, so that a player
//! can call it: `ping`, `getOpenSubsonicExtensions`, `getSimilarSongs`, `getSimilarSongs2`,
//! `getSonicSimilarTracks`, `findSonicPath` and `getCoverArt`, each with and without `.view`, by
//! GET and by POST of a form.
//!
//! Ids of songs are those of the catalogue, ids of artists their names behind `artist:`. Answers
//! are an envelope in XML or, with `f=json`, in JSON; errors have a code in it and the status 200,
//! except when the server is too busy to answer at all. The key is the parameter `apiKey`;
//! passwords are not taken. The matches of the sonic endpoints stand directly in the envelope, each
//! with its `entry`, as the specification of the extension `sonicSimilarity` and Navidrome have it.

mod child;
mod cover;
mod envelope;
mod similar;
mod sonic;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{MethodFilter, any, on};
use serde_json::json;

use self::envelope::{Answer, Code, Envelope, Format};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::limits;
use crate::query::Pairs;

/// What is asked for and offered beyond Subsonic, and in which versions.
const EXTENSIONS: [(&str, &[u32]); 3] =
    [("apiKeyAuthentication", &[1]), ("formPost", &[1]), ("sonicSimilarity", &[1])];

/// The routes.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    let router = method(Router::new(), "ping", async || Answer::empty());
    let router = method(router, "getSimilarSongs", similar::songs);
    let router = method(router, "getSimilarSongs2", similar::songs2);
    let router = method(router, "getCoverArt", cover::cover);
    let router = method(router, "getSonicSimilarTracks", sonic::similar);
    let router = method(router, "findSonicPath", sonic::path);
    router.route("/rest/{*method}", any(unknown)).with_state(Arc::clone(app))
}

/// The route that needs no key, for it says how to send one.
pub(crate) fn open_routes(app: &Arc<App>) -> Router {
    method(Router::new(), "getOpenSubsonicExtensions", extensions).with_state(Arc::clone(app))
}

fn method<H, T>(router: Router<Arc<App>>, name: &str, handler: H) -> Router<Arc<App>>
where
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    let handler = on(MethodFilter::GET.or(MethodFilter::POST), handler);
    router
        .route(&format!("/rest/{name}"), handler.clone())
        .route(&format!("/rest/{name}.view"), handler)
}

async fn extensions() -> Answer {
    let extension = |(name, versions): &(&str, &[u32])| json!({"name": name, "versions": versions});
    let extensions: Vec<_> = EXTENSIONS.iter().map(extension).collect();
    Answer::of("openSubsonicExtensions", json!(extensions))
}

async fn unknown() -> ApiError {
    ApiError::new(StatusCode::NOT_IMPLEMENTED, "not_supported", "this method is not spoken here")
}

/// A parameter that has to be there.
fn required<'q>(query: &'q Pairs, name: &str) -> ApiResult<&'q str> {
    query.get(name).ok_or_else(|| {
        ApiError::bad_request(
            "missing_parameter",
            format!("required parameter `{name}` is missing"),
        )
    })
}

/// Takes the parameters of a form as those of a query, lets the request through, and puts what
/// comes back into an envelope.
pub(crate) async fn converse(app: &App, request: Request, next: Next) -> Response {
    let request = match with_form_as_query(app, request).await {
        Ok(request) => request,
        Err(error) => return Envelope::failed(Code::Generic, &error.message).render(Format::Xml),
    };
    let query = Pairs::from_query(request.uri().query().unwrap_or_default());
    let Some(format) = Format::of(&query) else {
        return Envelope::failed(Code::Generic, "`f` is `xml` or `json`").render(Format::Xml);
    };
    if query.get("apiKey").is_some() && query.get("u").is_some() {
        return Envelope::failed(Code::Conflict, "`apiKey` is sent without `u`").render(format);
    }
    let mut response = next.run(request).await;
    if let Some(answer) = response.extensions_mut().remove::<Answer>() {
        return Envelope::of(answer).render(format);
    }
    let Some(error) = response.extensions().get::<ApiError>() else { return response };
    let mut failed = Envelope::failed(code(error, &query), &error.message).render(format);
    if matches!(error.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        *failed.status_mut() = error.status;
        let retry_after = response.headers().get(header::RETRY_AFTER).cloned();
        retry_after.map(|seconds| failed.headers_mut().insert(header::RETRY_AFTER, seconds));
    }
    failed
}

/// The code that OpenSubsonic has for an error.
fn code(error: &ApiError, query: &Pairs) -> Code {
    match error.code {
        "unknown_key" => Code::BadKey,
        "key_required" if query.get("t").is_some() => Code::NoTokens,
        "key_required" if query.get("p").is_some() => Code::NoPasswords,
        "key_required" | "missing_parameter" => Code::Missing,
        "scope_too_small" | "other_listener" | "cross_origin" | "wrong_host" | "forwarded" => {
            Code::NotAllowed
        }
        "unknown_track" | "no_cover" => Code::NotFound,
        _ => Code::Generic,
    }
}

async fn with_form_as_query(app: &App, request: Request) -> ApiResult<Request> {
    if *request.method() != Method::POST {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let unread =
        |_| ApiError::bad_request("bad_form", "the form is larger than 64 kB, or was cut off");
    let read =
        tokio::time::timeout(app.config.limits.body_time, to_bytes(body, limits::FORM_BYTES));
    let form =
        read.await.map_err(|_| ApiError::bad_request("bad_form", "the form took too long"))?;
    let form = form.map_err(unread)?;
    let form = std::str::from_utf8(&form).unwrap_or_default().trim();
    let query = parts.uri.query().unwrap_or_default();
    let uri = format!("{}?{query}&{form}", parts.uri.path());
    parts.uri = uri.parse::<Uri>().map_err(|_| {
        ApiError::bad_request("bad_form", "the form is not `application/x-www-form-urlencoded`")
    })?;
    parts.method = Method::GET;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    Ok(Request::from_parts(parts, Body::empty()))
}
