//! The doors that hold requests to the [limits](crate::limits): so many in a second, so many at a
//! time, so long each. What goes beyond is turned away at once, with a status that says when to
//! come back, rather than queued until nobody waits for the answer.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use crate::error::{ApiError, ApiResult};
use crate::limits::{self, Limits};

/// What the limits of requests are counted by.
pub(crate) struct Gate {
    permits: Semaphore,
    /// How many of them one address may have.
    shares: Arc<Shares>,
    rate: Option<DefaultKeyedRateLimiter<IpAddr>>,
    /// Requests counted by address.
    counted: AtomicU64,
}

impl Gate {
    /// For requests that may take long; they do not take the place of others.
    pub(crate) fn for_long(limits: &Limits) -> Arc<Self> {
        let in_flight = limits.in_flight.div_ceil(8);
        Self::shared(&Limits { in_flight, ..limits.clone() }, in_flight.div_ceil(8))
    }

    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Self::shared(limits, limits.in_flight)
    }

    fn shared(limits: &Limits, most_of_an_address: usize) -> Arc<Self> {
        let quota =
            |rate: NonZeroU32| Quota::per_second(rate).allow_burst(rate.saturating_add(rate.get()));
        Arc::new(Self {
            permits: Semaphore::new(limits.in_flight),
            shares: Shares::new(most_of_an_address),
            rate: limits.rate.map(|rate| RateLimiter::keyed(quota(rate))),
            counted: AtomicU64::new(0),
        })
    }

    fn check_rate(&self, peer: IpAddr) -> ApiResult<()> {
        let Some(rate) = &self.rate else { return Ok(()) };
        if self
            .counted
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(limits::FORGET_ADDRESSES_AFTER)
        {
            rate.retain_recent();
            rate.shrink_to_fit();
        }
        rate.check_key(&network(peer)).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            shed("rate");
            let message = "too many requests from this address";
            let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message);
            ApiError { retry_after: Some(wait.as_secs() as u32 + 1), ..error }
        })
    }
}

/// What one customer has of addresses: a single one of IPv4, 2^64 of IPv6.
pub(crate) fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        address => address,
    }
}

/// How much of something each address has: nobody gets all of it.
pub(crate) struct Shares {
    most: usize,
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// One of what an address may have, given back when it is dropped.
pub(crate) struct ConnectionShare {
    of: Arc<Shares>,
    network: IpAddr,
}

impl Shares {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default() })
    }

    /// One more for an address, unless it has all that it may have.
    pub(crate) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<ConnectionShare> {
        let network = network(peer);
        let mut all = self.held.lock().expect("nothing that holds the lock can panic");
        let held = all.entry(network).or_default();
        if *held >= self.most {
            return None;
        }
        *held += 1;
        Some(ConnectionShare { of: Arc::clone(self), network })
    }
}

impl Drop for ConnectionShare {
    fn drop(&mut self) {
        let mut all = self.of.held.lock().expect("nothing that holds the lock can panic");
        if let Some(held) = all.get_mut(&self.network) {
            *held -= 1;
            if *held == 0 {
                all.remove(&self.network);
            }
        }
    }
}

/// Turns a request away if too many come from its address.
pub(crate) async fn at_rate(
    State(gate): State<Arc<Gate>>,
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        gate.check_rate(peer.ip())?;
    }
    Ok(next.run(request).await)
}

/// Turns a request away if there are too many.
pub(crate) async fn admit(
    State(gate): State<Arc<Gate>>,
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let share = peer.map(|ConnectInfo(peer)| gate.shares.take(peer.ip()));
    if share.as_ref().is_some_and(Option::is_none) {
        shed("address");
        let message = "too many requests from this address are being worked on";
        return Err(ApiError::overloaded("overloaded", message));
    }
    let _permit = gate.permits.try_acquire().map_err(|_| {
        shed("in_flight");
        ApiError::overloaded("overloaded", "too many requests are being worked on")
    })?;
    Ok(next.run(request).await)
}

/// Ends a request that takes too long.
pub(crate) async fn in_time(
    State(limit): State<Duration>,
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    tokio::time::timeout(limit, next.run(request)).await.map_err(|_| {
        shed("time");
        ApiError::overloaded("timeout", format!("not done after {} s", limit.as_secs()))
    })
}

/// Runs a request that may change something to its end even if nobody waits for the answer any
/// more: what it wrote has to count in memory too, and the page says "skipped" as it is being
/// closed.
pub(crate) async fn to_its_end(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn shed(reason: &'static str) {
    metrics::counter!("segue_shed_total", "reason" => reason).increment(1);
}
