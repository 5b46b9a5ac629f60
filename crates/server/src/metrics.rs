//! What operators watch: counters and histograms in the text format of Prometheus.

use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Seconds, from a quarter of a millisecond to ten seconds.
const SECONDS: [f64; 15] =
    [0.00025, 0.0005, 0.001, 0.002, 0.004, 0.007, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
const ENTRIES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The recorder of this process; there is one, whatever the number of servers.
pub(crate) fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Suffix("_entries".to_owned()), &ENTRIES)
            });
        let recorder = builder.expect("the buckets are not empty").build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another recorder of metrics is installed; `/metrics` stays empty");
        }
        handle
    })
}

/// Counts a request and takes its time, by route, not by path: the names of listeners are nobody's
/// business here.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    // Anybody can invent methods, each of which would stay in memory for good.
    let method = match *request.method() {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE => request.method().to_string(),
        _ => "other".to_owned(),
    };
    let route =
        request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let labels =
        [("method", method), ("route", route), ("status", response.status().as_str().to_owned())];
    metrics::counter!("segue_requests_total", &labels).increment(1);
    metrics::histogram!("segue_request_seconds", &labels[..2])
        .record(begun.elapsed().as_secs_f64());
    response
}
