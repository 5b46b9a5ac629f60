//! Connections: accepted up to a number, closed when they dawdle, and when the server stops given
//! time to end what they began.
//!
//! The loop is our own because `axum::serve` sets no time limit on the head of a request: a client
//! that sends a byte a minute would hold a connection for ever.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use crate::app::App;

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
    let retraining = tokio::spawn(crate::importing::make_up_for_forgetting(Arc::clone(&app)));
    accept(&app, listener, router, stop).await;
    retraining.abort();
    background.abort();
    keys.abort();
    crate::importing::stop(&app);
    let writer = Arc::clone(&app);
    tokio::task::spawn_blocking(move || writer.writer.stop()).await?;
    Ok(())
}

/// Makes the server ready: the first snapshot, and what a crash left behind. Then follows what
/// changes, and not before: held against the empty snapshot everything has changed, and all would be
/// built a second time.
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
    let permits = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_time);
    let mut stop = std::pin::pin!(stop);
    loop {
        // A connection beyond the number waits in the queue of the system, which is bounded too.
        let permit = tokio::select! {
            permit = Arc::clone(&permits).acquire_owned() => permit.expect("the semaphore is \
                never closed"),
            () = &mut stop => break,
        };
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
        // Answers are small and somebody waits for them.
        let _ = stream.set_nodelay(true);
        let service = service_fn({
            let router = router.clone();
            move |request| answer(router.clone(), peer, request)
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection ended: {error}");
            }
            drop(permit);
        });
    }
    drop(listener);
    tracing::info!("stopping: no more connections");
    if tokio::time::timeout(limits.stop_time, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off after {} s", limits.stop_time.as_secs());
    }
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
