//! All routes, and what every request passes through.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use axum::{Router, middleware};
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::access::{Guard, authenticate, same_origin};
use crate::app::App;
use crate::dialect::translate;
use crate::error::{ApiError, ApiResult};
use crate::gate::{Gate, admit, at_rate, in_time, to_its_end};
use crate::limits::SCROBBLES_BYTES;
use crate::{api, audioscrobbler, gorse, lastfm, listenbrainz, metrics, site, subsonic};

/// What the page may load: its own files. No script or style of anybody else's, none inside the
/// HTML.
const CONTENT_POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'; object-src 'none'";

/// What of a client's own name for a request gets into the log, in bytes.
const LONGEST_REQUEST_ID: usize = 64;

/// Everything that the server answers.
pub fn router(app: Arc<App>) -> Router {
    metrics::recorder();
    let limits = app.config.limits.clone();
    let header =
        |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let guard = Guard::new(&app.keys, &app.sessions);
    let gate = Gate::new(&limits);
    let timed = Router::new()
        .merge(api::routes(&app))
        .merge(gorse::routes(&app))
        .merge(listenbrainz::routes(&app))
        .merge(subsonic::routes(&app))
        .merge(site::routes(&app))
        .merge(Router::new().route("/metrics", get(observed)).with_state(Arc::clone(&app)))
        .layer(middleware::from_fn(to_its_end))
        .layer(middleware::from_fn_with_state(limits.request_time, in_time));
    let timed = timed.layer(middleware::from_fn_with_state(Arc::clone(&gate), admit));
    // Each kind has places of its own: uploads keep nobody from playing or from forgetting.
    let long = |routes: Router| {
        let gate = Gate::for_long(&limits);
        routes
            .layer(middleware::from_fn(to_its_end))
            .layer(middleware::from_fn_with_state(gate, admit))
    };
    let uploads = Router::new().merge(api::upload_routes(&app)).merge(site::upload_routes(&app));
    let others = Router::new()
        .merge(api::long_routes(&app))
        .merge(gorse::long_routes(&app))
        .merge(site::long_routes(&app));
    let guarded = timed
        .merge(long(uploads))
        .merge(long(others))
        .fallback(async || ApiError::not_found("no_such_route", "there is nothing at this address"))
        .method_not_allowed_fallback(async || {
            let message = "there is something at this address, but not for this method";
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
                .hint("the `allow` header lists the methods")
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&app), when_started))
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .layer(RequestBodyTimeoutLayer::new(limits.body_time))
        .layer(middleware::from_fn_with_state(guard.clone(), authenticate))
        .layer(middleware::from_fn_with_state(guard.clone(), same_origin))
        .layer(middleware::from_fn_with_state(Arc::clone(&gate), at_rate))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), site::in_html));
    // Their requests show keys in ways of their own, which their handlers look at.
    let of_players = Router::new()
        .merge(audioscrobbler::routes(&app))
        .merge(lastfm::routes(&app))
        .layer(middleware::from_fn(to_its_end))
        .layer(middleware::from_fn_with_state(limits.request_time, in_time))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), when_started))
        .layer(DefaultBodyLimit::max(SCROBBLES_BYTES))
        .layer(RequestBodyTimeoutLayer::new(limits.body_time))
        .layer(middleware::from_fn_with_state(guard.clone(), same_origin))
        .layer(middleware::from_fn_with_state(Arc::clone(&gate), admit))
        .layer(middleware::from_fn_with_state(Arc::clone(&gate), at_rate));
    let open = Router::new()
        .merge(gorse::open_routes(&app))
        .merge(listenbrainz::open_routes(&app))
        .merge(subsonic::open_routes(&app))
        .merge(site::open_routes(&app))
        .layer(middleware::from_fn_with_state(limits.request_time, in_time))
        .layer(middleware::from_fn_with_state(guard.clone(), same_origin))
        .layer(middleware::from_fn_with_state(Arc::clone(&gate), admit))
        .layer(middleware::from_fn_with_state(gate, at_rate))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), site::in_html));
    let all = Router::new()
        .merge(guarded)
        .merge(of_players)
        .merge(open)
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready).with_state(Arc::clone(&app)))
        .layer(middleware::from_fn_with_state(app, translate))
        .layer(middleware::from_fn_with_state(guard, listenbrainz::across_origins))
        .layer(middleware::from_fn(site::keep_to_tls))
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "same-origin"))
        .layer(header(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY))
        .layer(middleware::from_fn(metrics::observe))
        .layer(CatchPanicLayer::custom(panicked))
        // What is turned away is counted, and what fails is logged where it fails.
        .layer(TraceLayer::new_for_http().make_span_with(span).on_response(answered).on_failure(()))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid));
    Router::new().fallback_service(all.map_request(audioscrobbler::to_its_place))
}

/// Whether requests are answered: not while the first snapshot is being built.
///
/// What is served may be less than what was asked for: then the second line says why.
async fn ready(State(app): State<Arc<App>>) -> ApiResult<String> {
    if !app.writer.is_alive() {
        return Err(ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "no_writer",
            "nothing can be written any more",
        ));
    }
    if app.is_ready.load(Ordering::Acquire) {
        app.writer.is_able().await?;
        let fallback = app.snapshot.load().fallback.as_ref().map(|why| format!("{why}\n"));
        return Ok(format!("ready\n{}", fallback.unwrap_or_default()));
    }
    Err(ApiError::overloaded("starting", "the catalogue is being read"))
}

/// Turns requests away while the first snapshot is being built: nothing is known yet, which is not
/// the same as nothing being there.
async fn when_started(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    if !app.is_ready.load(Ordering::Acquire) {
        return Err(ApiError::overloaded("starting", "the catalogue is being read"));
    }
    Ok(next.run(request).await)
}

/// Sound is compressed already, and compressing it anew would take away its length and its parts.
fn worth_compressing() -> impl Predicate {
    DefaultPredicate::new()
        .and(NotForContentType::new("audio/"))
        .and(NotForContentType::new("video/"))
}

/// What operators watch.
async fn observed(State(app): State<Arc<App>>) -> String {
    ::metrics::gauge!("segue_listeners_held").set(app.listeners.len() as f64);
    metrics::recorder().render()
}

/// The path of a request can name a listener, so the log has the route only.
fn span<B>(request: &axum::http::Request<B>) -> tracing::Span {
    let route = request.extensions().get::<axum::extract::MatchedPath>();
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    let id = id.map(|id| id.get(..LONGEST_REQUEST_ID).unwrap_or(id));
    tracing::info_span!(
        "request",
        method = %request.method(),
        route = route.map_or("none", |route| route.as_str()),
        id = id.unwrap_or_default(),
    )
}

/// One line a request: what came of it and how long it took.
fn answered<B>(response: &axum::http::Response<B>, took: Duration, _: &tracing::Span) {
    tracing::info!(
        status = response.status().as_u16(),
        ms = took.as_secs_f64() * 1_000.0,
        "answered"
    );
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!("a handler panicked: {message}");
    let error = ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "something went wrong on the server",
    );
    axum::response::IntoResponse::into_response(
        error.hint("the log has the details under the id in the `x-request-id` header"),
    )
}
