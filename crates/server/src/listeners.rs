//! Listeners as they are held in memory: the profile and a pool of scored tracks to mix from, so
//! that a mix reads no disk and scores nothing.
//!
//! What a listener was shown counts from the next sitting on, an hour later, and until then nothing
//! is read anew for it: a page that is loaded ten times in a row folds no profile ten times.
//!
//! What a listener says makes their profile stale at once: the next mix folds in what came since
//! and scores the pool again (milliseconds). Where a row changed that was folded before, all rows
//! are folded anew. Searching the whole catalogue for a new pool takes longer and happens when
//! somebody is seen first, takes back that they do not want something, after
//! [twenty changes](KeptListener::is_due), and when the snapshot was replaced. If the machine is
//! busy then, mixes go on from the pool and the snapshot that are at
//! hand and the retrieval waits for its turn in the background: a swapped model drops no request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use quick_cache::sync::Cache;
use segue::{KeptListener, Snapshot};
use segue_core::{ListenerId, Timestamp};
use segue_engine::dataset::shown::SITTING_SECONDS;
use tokio::sync::{Mutex, Semaphore, mpsc};

use crate::error::ApiResult;
use crate::limits;
use crate::readers::Readers;

#[derive(Default)]
struct Entry {
    version: AtomicU64,
    /// The version as of which something else happened than that rows were appended.
    rewritten: AtomicU64,
    /// What the listener that is held takes up.
    size: Size,
    /// When it was last asked for, counted in requests.
    asked: AtomicU64,
    is_queued: AtomicBool,
    /// The second at which something was shown that the profile does not know of, the first of
    /// several; 0 for nothing.
    shown_second: AtomicI64,
    held: Mutex<Option<Arc<KeptListener>>>,
}

impl Entry {
    /// Makes the profile stale, and not by rows alone that came since.
    fn rewrite(&self) {
        // In this order: whoever sees the new version sees that it is no mere row more.
        let next = self.version.load(Ordering::Acquire) + 1;
        self.rewritten.fetch_max(next, Ordering::Release);
        let version = self.version.fetch_add(1, Ordering::Release) + 1;
        self.rewritten.fetch_max(version, Ordering::Release);
    }

    /// Whether all that happened since a profile was folded, which knows of so many changes, is
    /// that rows were appended.
    fn goes_on_from(&self, changes: u64) -> bool {
        self.rewritten.load(Ordering::Acquire) <= changes
    }

    /// Makes the profile stale once something that it does not know of was shown a sitting ago.
    fn tire(&self, now: Timestamp) {
        let shown = self.shown_second.load(Ordering::Acquire);
        if shown != 0 && now.as_second().saturating_sub(shown) >= SITTING_SECONDS {
            self.shown_second.store(0, Ordering::Release);
            self.version.fetch_add(1, Ordering::Release);
        }
    }
}

/// Bytes of one of several things that are held, and the sum of all of them.
#[derive(Default)]
struct Size {
    own: AtomicUsize,
    all: Arc<AtomicUsize>,
}

impl Size {
    fn set(&self, bytes: usize) {
        let before = self.own.swap(bytes, Ordering::AcqRel);
        self.all.fetch_add(bytes, Ordering::AcqRel);
        self.all.fetch_sub(before, Ordering::AcqRel);
    }
}

impl Drop for Size {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// Everybody who was here lately.
pub(crate) struct Listeners {
    cache: Cache<ListenerId, Arc<Entry>>,
    /// Bytes of all that are held.
    bytes: Arc<AtomicUsize>,
    /// Grows with every request.
    clock: AtomicU64,
    retrievals: Semaphore,
    queue: mpsc::UnboundedSender<ListenerId>,
    /// The snapshot that is in place, shared with whoever replaces it.
    snapshot: Arc<ArcSwap<Snapshot>>,
    readers: Arc<Readers>,
}

impl Listeners {
    /// Holds at most `most` listeners, and at most [`limits::HELD_BYTES`] of them; those not seen
    /// for long go first, one by one. Profiles are read through `readers` and pools gathered from
    /// what `snapshot` holds at that moment. Also returns the queue of those whose pool is to be
    /// gathered anew, which [`Self::refresh`] works through.
    pub(crate) fn new(
        most: usize,
        snapshot: Arc<ArcSwap<Snapshot>>,
        readers: Arc<Readers>,
    ) -> (Self, mpsc::UnboundedReceiver<ListenerId>) {
        let (queue, waiting) = mpsc::unbounded_channel();
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let retrievals = Semaphore::new(cores.saturating_sub(1).max(1));
        let (cache, bytes, clock) = (Cache::new(most), Arc::default(), AtomicU64::new(0));
        (Self { cache, bytes, clock, retrievals, queue, snapshot, readers }, waiting)
    }

    /// How many are held.
    pub(crate) fn len(&self) -> usize {
        self.cache.len()
    }

    /// Something was appended about a listener, and is on disk.
    pub(crate) fn changed(&self, listener: &ListenerId) {
        if let Some(entry) = self.cache.peek(listener) {
            entry.version.fetch_add(1, Ordering::Release);
        }
    }

    /// A row about a listener became another, and is on disk.
    pub(crate) fn rewritten(&self, listener: &ListenerId) {
        if let Some(entry) = self.cache.peek(listener) {
            entry.rewrite();
        }
    }

    /// Something was shown to a listener, and is on disk.
    pub(crate) fn shown(&self, listener: &ListenerId, at: Timestamp) {
        if let Some(entry) = self.cache.peek(listener) {
            let (free, second) = (0, at.as_second());
            let first = &entry.shown_second;
            // The first of several stays.
            let _ = first.compare_exchange(free, second, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// Something may have been written about anybody.
    pub(crate) fn all_changed(&self) {
        for (_, entry) in self.cache.iter() {
            entry.rewrite();
        }
    }

    /// Lets go of listeners who are held with a snapshot older than one: it would stay in memory as
    /// long as they stay away.
    pub(crate) fn let_go_before(&self, snapshot: u64) {
        for (_, entry) in self.cache.iter() {
            // Whoever is being looked at is brought up to date anyway.
            if let Ok(mut held) = entry.held.try_lock()
                && held.as_ref().is_some_and(|listener| listener.snapshot.number < snapshot)
            {
                *held = None;
                entry.size.set(0);
            }
        }
    }

    /// Lets go of everybody: what is held may tell of somebody who was forgotten.
    pub(crate) fn clear(&self) {
        self.cache.clear();
    }

    /// A listener with a profile that knows of everything acknowledged before.
    pub(crate) async fn get(&self, id: &ListenerId) -> ApiResult<Arc<KeptListener>> {
        let entry = self.entry(id);
        entry.asked.store(self.clock.fetch_add(1, Ordering::AcqRel) + 1, Ordering::Release);
        let mut held = entry.held.lock().await;
        entry.tire(Timestamp::now());
        let (version, current) = (entry.version.load(Ordering::Acquire), self.snapshot.load_full());
        current.model()?;
        let Some(listener) = held.clone() else {
            let _turn = self.retrievals.acquire().await.expect("the semaphore is never closed");
            let gathered = self.gathered(&entry, None, id, current, version).await?;
            return Ok(self.hold(&entry, &mut held, gathered));
        };
        let is_due = listener.snapshot.number != current.number || listener.is_due(version);
        if is_due {
            if let Ok(_turn) = self.retrievals.try_acquire() {
                let before = Some(listener);
                let gathered = self.gathered(&entry, before, id, current, version).await?;
                return Ok(self.hold(&entry, &mut held, gathered));
            }
            if !entry.is_queued.swap(true, Ordering::AcqRel) {
                // The receiver lives as long as the server.
                let _ = self.queue.send(id.clone());
            }
        }
        if version == listener.changes {
            return Ok(listener);
        }
        let fresh = self.refreshed(&entry, listener, version).await?;
        Ok(self.hold(&entry, &mut held, fresh))
    }

    /// Keeps a listener, and lets go of others where that takes up too much.
    fn hold(
        &self,
        entry: &Entry,
        held: &mut Option<Arc<KeptListener>>,
        listener: Arc<KeptListener>,
    ) -> Arc<KeptListener> {
        entry.size.set(listener.bytes());
        let kept = held.insert(listener).clone();
        self.keep_within_bytes();
        kept
    }

    /// Counts what a listener has taken up since [`Self::get`]: the short-list of a mix.
    pub(crate) fn measure(&self, listener: &Arc<KeptListener>) {
        let Some(entry) = self.cache.peek(&listener.profile.listener) else { return };
        if let Ok(held) = entry.held.try_lock()
            && held.as_ref().is_some_and(|held| Arc::ptr_eq(held, listener))
        {
            entry.size.set(listener.bytes());
        }
        self.keep_within_bytes();
    }

    fn keep_within_bytes(&self) {
        if self.bytes.load(Ordering::Acquire) > limits::HELD_BYTES {
            self.make_room();
        }
    }

    /// Lets go of short-lists, then of listeners, first of those for whom nobody asked for longest,
    /// until what is held is so far within its bounds that not everybody who comes needs room made.
    /// Whoever is being looked at stays.
    fn make_room(&self) {
        let mut entries: Vec<Arc<Entry>> = self.cache.iter().map(|(_, entry)| entry).collect();
        entries.retain(|entry| entry.size.own.load(Ordering::Acquire) > 0);
        entries.sort_by_cached_key(|entry| entry.asked.load(Ordering::Acquire));
        let most = limits::HELD_BYTES - limits::HELD_BYTES / 16;
        let is_room = || self.bytes.load(Ordering::Acquire) <= most;
        for entry in entries.iter().take_while(|_| !is_room()) {
            let held = entry.held.try_lock();
            if let Some(listener) = held.as_ref().ok().and_then(|held| held.as_ref()) {
                listener.let_go_of_shortlist();
                entry.size.set(listener.bytes());
            }
        }
        for entry in entries.iter().take_while(|_| !is_room()) {
            if let Ok(mut held) = entry.held.try_lock() {
                *held = None;
                entry.size.set(0);
            }
        }
    }

    /// Gathers pools anew for those in the queue, one after another.
    pub(crate) async fn refresh(self: Arc<Self>, mut waiting: mpsc::UnboundedReceiver<ListenerId>) {
        while let Some(id) = waiting.recv().await {
            let Some(entry) = self.cache.peek(&id) else { continue };
            let (version, current) =
                (entry.version.load(Ordering::Acquire), self.snapshot.load_full());
            let before = entry.held.lock().await.clone();
            let turn = self.retrievals.acquire().await.expect("the semaphore is never closed");
            let made = self.gathered(&entry, before, &id, current, version).await;
            drop(turn);
            entry.is_queued.store(false, Ordering::Release);
            match made {
                Ok(listener) => {
                    self.hold(&entry, &mut *entry.held.lock().await, listener);
                }
                Err(error) => {
                    tracing::warn!(
                        code = error.code,
                        "a pool could not be gathered: {}",
                        error.message
                    )
                }
            }
        }
    }

    /// Gathers a pool, and reads of the history what is not known from `before`.
    async fn gathered(
        &self,
        entry: &Entry,
        before: Option<Arc<KeptListener>>,
        id: &ListenerId,
        snapshot: Arc<Snapshot>,
        version: u64,
    ) -> ApiResult<Arc<KeptListener>> {
        let (before, id) = (before.filter(|before| entry.goes_on_from(before.changes)), id.clone());
        let made = self.readers.run(move |store| {
            let now = Timestamp::now();
            Ok(match before {
                Some(before) => before.gathered_anew(store, snapshot, version, now)?,
                None => KeptListener::gather(store, snapshot, &id, version, now)?,
            })
        });
        metrics::counter!("segue_surveys_total").increment(1);
        Ok(Arc::new(made.await?))
    }

    /// Folds what came since into the profile and scores the pool by it.
    async fn refreshed(
        &self,
        entry: &Entry,
        before: Arc<KeptListener>,
        version: u64,
    ) -> ApiResult<Arc<KeptListener>> {
        let goes_on = entry.goes_on_from(before.changes);
        let made = self.readers.run(move |store| {
            let now = Timestamp::now();
            Ok(match goes_on {
                true => before.refreshed(store, version, now)?,
                false => before.refolded(store, version, now)?,
            })
        });
        Ok(Arc::new(made.await?))
    }

    fn entry(&self, listener: &ListenerId) -> Arc<Entry> {
        let made = self.cache.get_or_insert_with(listener, || {
            let size = Size { own: AtomicUsize::new(0), all: Arc::clone(&self.bytes) };
            Ok::<_, std::convert::Infallible>(Arc::new(Entry { size, ..Entry::default() }))
        });
        let Ok(entry) = made;
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_add_up_and_what_is_let_go_of_counts_no_more() {
        let all: Arc<AtomicUsize> = Arc::default();
        let size = || Size { own: AtomicUsize::new(0), all: Arc::clone(&all) };
        let (one, other) = (size(), size());
        one.set(100);
        other.set(7);
        one.set(50);
        assert_eq!(all.load(Ordering::Acquire), 57);
        drop(one);
        assert_eq!(all.load(Ordering::Acquire), 7);
    }

    #[test]
    fn a_profile_goes_on_unless_something_was_rewritten_since() {
        let entry = Entry::default();
        entry.version.fetch_add(1, Ordering::Release);
        assert!(entry.goes_on_from(0), "a row was appended");
        entry.rewrite();
        assert!(!entry.goes_on_from(1));
        assert!(entry.goes_on_from(2), "it was folded anew since");
    }

    #[test]
    fn what_was_shown_makes_a_profile_stale_in_the_next_sitting_and_once() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let entry = Entry { shown_second: AtomicI64::new(1_000), ..Entry::default() };
        entry.tire(at(1_000 + SITTING_SECONDS - 1));
        assert_eq!(entry.version.load(Ordering::Acquire), 0, "the same sitting");
        for later in [0, 1] {
            entry.tire(at(1_000 + SITTING_SECONDS + later));
            assert_eq!(entry.version.load(Ordering::Acquire), 1);
        }
    }
}
