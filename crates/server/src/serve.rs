//! Connections: accepted up to a number, closed when they dawdle, and when the server stops given
//! time to end what they began.
//!
//! The loop is our own because `axum::serve` sets no time limit on the head of a request: a client
//! that sends a byte a minute would hold a connection for ever.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::app::App;
use crate::connection_limit::ConnectionLimit;
use crate::paced::Paced;

/// Serves until `stop` is done, then lets requests end and writes what was accepted.
///
/// # Errors
/// When the socket fails for good.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let router = crate::router(Arc::clone(&app));
    let background = tokio::spawn(start_and_follow(Arc::clone(&app)));
    let keys = tokio::spawn(Arc::clone(&app).follow_keys());
    let mornings = tokio::spawn(crate::schedule::follow_mornings(Arc::clone(&app)));
    let nights = app
        .config
        .trains_at_night
        .then(|| tokio::spawn(crate::nightly::follow_nights(Arc::clone(&app))));
    let retraining = tokio::spawn(crate::importing::make_up_for_forgetting(Arc::clone(&app)));
    accept(&app, listener, router, stop).await;
    retraining.abort();
    nights.inspect(tokio::task::JoinHandle::abort);
    mornings.abort();
    background.abort();
    keys.abort();
    crate::importing::stop(&app);
    let writer = Arc::clone(&app);
    tokio::task::spawn_blocking(move || writer.writer.stop()).await?;
    Ok(())
}

/// Makes the server ready: the first snapshot, and what a crash left behind. Then follows what
/// changes, and not before: held against the empty snapshot everything has changed, and all would
/// be built a second time.
async fn start_and_follow(app: Arc<App>) {
    if let Err(error) = app.build().await {
        tracing::error!(code = error.code, "not ready: {}", error.message);
    }
    if let Err(error) = crate::importing::resume(&app) {
        tracing::warn!("imports that were cut off cannot be resumed: {error}");
    }
    app.follow().await;
}

async fn accept(app: &App, listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let limits = &app.config.limits;
    let proxy = app.config.trusted_proxy;
    let limit = ConnectionLimit::new(limits, proxy);
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_time);
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let Some(open) = limit.admit(peer.ip()) else {
            metrics::counter!("segue_shed_total", "reason" => "connections").increment(1);
            continue;
        };
        // Answers are small and somebody waits for them.
        let _ = stream.set_nodelay(true);
        let service = service_fn({
            let (router, open) = (router.clone(), Arc::clone(&open));
            move |request| {
                let answering = answer(router.clone(), client(peer, proxy, &request), request);
                let request_guard = open.begin_request();
                async move {
                    let answer = answering.await;
                    drop(request_guard);
                    answer
                }
            }
        });
        let written = Arc::clone(&open);
        let paced = Paced::new(stream, limits.unread_time, move || written.touch());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(paced), service));
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!("a connection ended: {error}");
                },
                () = open.evicted() => {
                    metrics::counter!("segue_shed_total", "reason" => "idle").increment(1);
                }
            }
        });
    }
    drop(listener);
    tracing::info!("stopping: no more connections");
    if tokio::time::timeout(limits.stop_time, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off after {} s", limits.stop_time.as_secs());
    }
}

/// Whom a request is counted to: its peer, or whom the proxy names that it comes from.
fn client<B>(peer: SocketAddr, proxy: Option<IpAddr>, request: &hyper::Request<B>) -> SocketAddr {
    if proxy != Some(peer.ip().to_canonical()) {
        return peer;
    }
    // Earlier entries are what the client says of itself.
    let last = request.headers().get_all("x-forwarded-for").iter().next_back();
    let named = last.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    named.map_or(peer, |address: IpAddr| SocketAddr::new(address, peer.port()))
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    request: hyper::Request<Incoming>,
) -> Result<axum::response::Response, Infallible> {
    let mut request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    router.oneshot(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_the_proxy_is_believed_and_only_its_last_word() {
        let proxy = Some(address("127.0.0.1"));
        let request = |value: &str| {
            hyper::Request::builder().header("x-forwarded-for", value).body(()).unwrap()
        };
        let (peer, stranger) =
            (SocketAddr::from(([127, 0, 0, 1], 9)), SocketAddr::from(([203, 0, 113, 7], 9)));
        let said = request("10.9.8.7, 198.51.100.4");
        assert_eq!(client(peer, proxy, &said).ip(), address("198.51.100.4"));
        assert_eq!(client(stranger, proxy, &said), stranger);
        assert_eq!(client(peer, None, &said), peer);
        assert_eq!(client(peer, proxy, &request("nonsense")), peer);
    }
}
