//! Who may have a connection.
//!
//! What is beyond the limits is hung up on at once: left to wait in the queue of the system, it
//! would keep those out who may. A limit alone would let a thousand silent connections keep
//! everybody out until they are hung up on for dawdling. So a new connection takes the place of the
//! one that has been idle for the longest time: no answer is being made for it and nothing was
//! written to it. An answer whose reader has stopped counts as idle too.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::gate::{ConnectionShare, Shares, network};
use crate::limits::{Limits, RESERVED_CONNECTIONS};

/// How many connections there may be, and which there are.
pub(crate) struct ConnectionLimit {
    all: Arc<Semaphore>,
    /// What others than this machine may have of them.
    others: Arc<Semaphore>,
    shares: Arc<Shares>,
    proxy: Option<IpAddr>,
    /// Goes up with all that connections do, so that the longest idle can be told.
    clock: AtomicU64,
    open: Mutex<HashMap<u64, Entry>>,
}

/// An open connection, as the limit has it.
struct Entry {
    permits: Permits,
    peer: IpAddr,
    activity: Arc<Activity>,
}

/// What an open connection holds.
struct Permits {
    _of_all: OwnedSemaphorePermit,
    of_others: Option<OwnedSemaphorePermit>,
    _share: Option<ConnectionShare>,
}

/// Why there is no place for a connection.
enum Full {
    /// Its address has all that one may have.
    Address,
    /// Other machines have all that they may have.
    Others,
    /// All places are taken.
    All,
}

/// What goes on on a connection.
#[derive(Default)]
struct Activity {
    /// How many of its requests are being worked on.
    working: AtomicUsize,
    /// When something was written or a request ended last.
    latest: AtomicU64,
    evicted: Notify,
}

/// A connection that was let in. Its place is free again once this is dropped.
pub(crate) struct OpenConnection {
    limit: Arc<ConnectionLimit>,
    number: u64,
    activity: Arc<Activity>,
}

/// A request that is being worked on, until this is dropped.
pub(crate) struct RequestGuard(Arc<OpenConnection>);

impl ConnectionLimit {
    pub(crate) fn new(limits: &Limits, proxy: Option<IpAddr>) -> Arc<Self> {
        let others = limits.connections.saturating_sub(RESERVED_CONNECTIONS).max(1);
        Arc::new(Self {
            all: Arc::new(Semaphore::new(limits.connections)),
            others: Arc::new(Semaphore::new(others)),
            shares: Shares::new(limits.connections_of_an_address),
            proxy,
            clock: AtomicU64::new(0),
            open: Mutex::default(),
        })
    }

    /// Lets a connection in, in the place of an idle one where all places are taken.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Arc<OpenConnection>> {
        let peer = peer.to_canonical();
        let permits = match self.take_permits(peer) {
            Ok(permits) => permits,
            Err(full) if self.evict_idle(peer, &full) => self.take_permits(peer).ok()?,
            Err(_) => return None,
        };
        let number = self.tick();
        let activity = Arc::new(Activity { latest: AtomicU64::new(number), ..Activity::default() });
        let entry = Entry { permits, peer, activity: Arc::clone(&activity) };
        self.open().insert(number, entry);
        Some(Arc::new(OpenConnection { limit: Arc::clone(self), number, activity }))
    }

    fn take_permits(&self, peer: IpAddr) -> Result<Permits, Full> {
        let is_proxy = self.proxy.is_some_and(|proxy| proxy == peer);
        let is_here = peer.is_loopback() && !is_proxy;
        let take = |of: &Arc<Semaphore>| Arc::clone(of).try_acquire_owned();
        let _share = match is_here || is_proxy {
            true => None,
            false => Some(self.shares.take(peer).ok_or(Full::Address)?),
        };
        let of_others = match is_here {
            true => None,
            false => Some(take(&self.others).map_err(|_| Full::Others)?),
        };
        Ok(Permits { _of_all: take(&self.all).map_err(|_| Full::All)?, of_others, _share })
    }

    /// Ends the connection that has been idle for the longest time of those whose place would do:
    /// those of the address if that has its share, else those of other machines before those of
    /// this one. Says whether there was one.
    fn evict_idle(&self, peer: IpAddr, full: &Full) -> bool {
        let would_do = |one: &Entry| match full {
            Full::Address => network(one.peer) == network(peer),
            Full::Others => one.permits.of_others.is_some(),
            Full::All => true,
        };
        let mut open = self.open();
        let idle = open.iter().filter(|(_, one)| one.activity.is_idle() && would_do(one));
        let longest = idle.min_by_key(|(_, one)| {
            let is_of_this_machine = one.permits.of_others.is_none();
            (is_of_this_machine, one.activity.latest.load(Ordering::Relaxed))
        });
        let longest = longest.map(|(number, _)| *number);
        let gone = longest.and_then(|number| open.remove(&number));
        gone.inspect(|gone| gone.activity.evicted.notify_one()).is_some()
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Entry>> {
        self.open.lock().expect("nothing that holds the lock can panic")
    }
}

impl Activity {
    fn is_idle(&self) -> bool {
        self.working.load(Ordering::Relaxed) == 0
    }
}

impl OpenConnection {
    /// Says that a request is being worked on.
    pub(crate) fn begin_request(self: &Arc<Self>) -> RequestGuard {
        self.activity.working.fetch_add(1, Ordering::Relaxed);
        RequestGuard(Arc::clone(self))
    }

    /// Says that something goes on.
    pub(crate) fn touch(&self) {
        self.activity.latest.store(self.limit.tick(), Ordering::Relaxed);
    }

    /// Waits until the connection has to give its place to another.
    pub(crate) async fn evicted(&self) {
        self.activity.evicted.notified().await;
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.limit.open().remove(&self.number);
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.touch();
        self.0.activity.working.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn working(limit: &Arc<ConnectionLimit>, from: &str, times: usize) -> Vec<RequestGuard> {
        let admit = (0..times).filter_map(|_| limit.admit(address(from)));
        admit.map(|connection| connection.begin_request()).collect()
    }

    fn limit() -> Arc<ConnectionLimit> {
        let limits =
            Limits { connections: 100, connections_of_an_address: 10, ..Limits::default() };
        ConnectionLimit::new(&limits, Some(address("192.0.2.1")))
    }

    #[test]
    fn one_address_gets_its_share_and_this_machine_always_gets_in() {
        let limit = limit();
        let greedy = working(&limit, "203.0.113.7", 50);
        assert_eq!(greedy.len(), 10);
        let of_network = working(&limit, "2001:db8::1", 5);
        let of_network = of_network.into_iter().chain(working(&limit, "2001:db8::2", 50));
        assert_eq!(of_network.collect::<Vec<_>>().len(), 10, "a network of IPv6 is one customer");
        let proxied = working(&limit, "192.0.2.1", 200);
        assert_eq!(greedy.len() + proxied.len(), 100 - RESERVED_CONNECTIONS);
        assert!(limit.admit(address("198.51.100.1")).is_none(), "there is room for nobody else");
        assert_eq!(working(&limit, "127.0.0.1", 200).len(), RESERVED_CONNECTIONS);
        drop(greedy);
        assert_eq!(working(&limit, "203.0.113.7", 50).len(), 10, "what was given back is there");
    }

    #[tokio::test]
    async fn who_has_been_silent_for_the_longest_time_gives_way_to_who_asks() {
        let limit = limit();
        let silent: Vec<_> = (0..100).map(|_| limit.admit(address("127.0.0.1")).unwrap()).collect();
        silent[0].touch();
        let busy = silent[1].begin_request();
        let asked = limit.admit(address("127.0.0.1")).unwrap();
        let evicted = |connection: &Arc<OpenConnection>| {
            let connection = Arc::clone(connection);
            async move {
                let soon = std::time::Duration::from_millis(50);
                tokio::time::timeout(soon, connection.evicted()).await.is_ok()
            }
        };
        assert!(evicted(&silent[2]).await, "it is idle for the longest time");
        assert!(!evicted(&silent[0]).await && !evicted(&silent[1]).await);
        assert!(!evicted(&silent[3]).await && !evicted(&asked).await);
        drop((silent, busy, asked));
        assert_eq!(working(&limit, "127.0.0.1", 200).len(), 100, "every place is given back once");
    }

    #[test]
    fn who_comes_from_elsewhere_ends_nothing_of_this_machine() {
        let limit = limit();
        let here = limit.admit(address("127.0.0.1")).unwrap();
        let proxied = working(&limit, "192.0.2.1", 200);
        assert_eq!(proxied.len(), 100 - RESERVED_CONNECTIONS);
        assert!(limit.admit(address("198.51.100.1")).is_none(), "nothing of theirs is idle");
        assert!(limit.open().contains_key(&here.number));
    }

    #[test]
    fn an_address_that_has_its_share_takes_places_from_nobody_else() {
        let limit = limit();
        let polite = limit.admit(address("198.51.100.1")).unwrap();
        let busy = working(&limit, "203.0.113.7", 10);
        assert!(limit.admit(address("203.0.113.7")).is_none());
        drop(busy);
        let flood: Vec<_> = (0..50).filter_map(|_| limit.admit(address("203.0.113.7"))).collect();
        assert_eq!(flood.len(), 50, "each takes the place of one of its own");
        assert_eq!(limit.open().len(), 11);
        assert!(limit.open().contains_key(&polite.number));
    }
}
