//! Listeners as they are held in memory: the profile and a pool of scored tracks to mix from, so
//! that a mix reads no disk and scores nothing.
//!
//! What a listener was shown counts from the next sitting on, an hour later, and until then nothing
//! is read anew for it: a page that is loaded ten times in a row folds no profile ten times.
//!
//! What a listener says makes their profile stale at once: the next mix folds it anew and scores
//! the pool again (milliseconds). Searching the whole catalogue for a new pool takes longer and
//! happens when somebody is seen first, after [twenty changes](KeptListener::is_due), and when the
//! snapshot was replaced. If the machine is busy then, mixes go on from the pool and the snapshot
//! that are at hand and the retrieval waits for its turn in the background: a swapped model drops
//! no request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use quick_cache::sync::Cache;
use segue::{KeptListener, Snapshot};
use segue_core::{ListenerId, Timestamp};
use segue_engine::dataset::shown::SITTING_SECONDS;
use tokio::sync::{Mutex, Semaphore, mpsc};

use crate::error::ApiResult;
use crate::readers::Readers;

#[derive(Default)]
struct Entry {
    version: AtomicU64,
    is_queued: AtomicBool,
    /// The second at which something was shown that the profile does not know of, the first of
    /// several; 0 for nothing.
    shown_second: AtomicI64,
    held: Mutex<Option<Arc<KeptListener>>>,
}

impl Entry {
    /// Makes the profile stale once something that it does not know of was shown a sitting ago.
    fn tire(&self, now: Timestamp) {
        let shown = self.shown_second.load(Ordering::Acquire);
        if shown != 0 && now.as_second().saturating_sub(shown) >= SITTING_SECONDS {
            self.shown_second.store(0, Ordering::Release);
            self.version.fetch_add(1, Ordering::Release);
        }
    }
}

/// Everybody who was here lately.
pub(crate) struct Listeners {
    cache: Cache<ListenerId, Arc<Entry>>,
    retrievals: Semaphore,
    queue: mpsc::UnboundedSender<ListenerId>,
    /// The snapshot that is in place, shared with whoever replaces it.
    snapshot: Arc<ArcSwap<Snapshot>>,
    readers: Arc<Readers>,
}

impl Listeners {
    /// Holds at most `most` listeners; those not seen for long go first. Profiles are read through
    /// `readers` and pools gathered from what `snapshot` holds at that moment. Also returns the
    /// queue of those whose pool is to be gathered anew, which [`Self::refresh`] works through.
    pub(crate) fn new(
        most: usize,
        snapshot: Arc<ArcSwap<Snapshot>>,
        readers: Arc<Readers>,
    ) -> (Self, mpsc::UnboundedReceiver<ListenerId>) {
        let (queue, waiting) = mpsc::unbounded_channel();
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let retrievals = Semaphore::new(cores.saturating_sub(1).max(1));
        (Self { cache: Cache::new(most), retrievals, queue, snapshot, readers }, waiting)
    }

    /// How many are held.
    pub(crate) fn len(&self) -> usize {
        self.cache.len()
    }

    /// Something was written about a listener, and is on disk.
    pub(crate) fn changed(&self, listener: &ListenerId) {
        if let Some(entry) = self.cache.peek(listener) {
            entry.version.fetch_add(1, Ordering::Release);
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
            entry.version.fetch_add(1, Ordering::Release);
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
        let mut held = entry.held.lock().await;
        entry.tire(Timestamp::now());
        let (version, current) = (entry.version.load(Ordering::Acquire), self.snapshot.load_full());
        current.model()?;
        let Some(listener) = held.clone() else {
            return Ok(held.insert(self.gathered(id, current, version).await?).clone());
        };
        let is_due = listener.snapshot.number != current.number || listener.is_due(version);
        if is_due {
            if let Ok(_turn) = self.retrievals.try_acquire() {
                return Ok(held.insert(self.fold_and_gather(id, current, version).await?).clone());
            }
            if !entry.is_queued.swap(true, Ordering::AcqRel) {
                // The receiver lives as long as the server.
                let _ = self.queue.send(id.clone());
            }
        }
        if version == listener.changes {
            return Ok(listener);
        }
        Ok(held.insert(self.refolded(&listener, version).await?).clone())
    }

    /// Gathers pools anew for those in the queue, one after another.
    pub(crate) async fn refresh(self: Arc<Self>, mut waiting: mpsc::UnboundedReceiver<ListenerId>) {
        while let Some(id) = waiting.recv().await {
            let Some(entry) = self.cache.peek(&id) else { continue };
            let (version, current) =
                (entry.version.load(Ordering::Acquire), self.snapshot.load_full());
            let made = self.gathered(&id, current, version).await;
            entry.is_queued.store(false, Ordering::Release);
            match made {
                Ok(listener) => *entry.held.lock().await = Some(listener),
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

    async fn gathered(
        &self,
        id: &ListenerId,
        snapshot: Arc<Snapshot>,
        version: u64,
    ) -> ApiResult<Arc<KeptListener>> {
        let _turn = self.retrievals.acquire().await.expect("the semaphore is never closed");
        self.fold_and_gather(id, snapshot, version).await
    }

    /// Folds the profile and gathers the pool.
    async fn fold_and_gather(
        &self,
        id: &ListenerId,
        snapshot: Arc<Snapshot>,
        version: u64,
    ) -> ApiResult<Arc<KeptListener>> {
        let id = id.clone();
        let made = self.readers.run(move |store| {
            let now = Timestamp::now();
            Ok(KeptListener::gather(store, snapshot, &id, version, now)?)
        });
        metrics::counter!("segue_surveys_total").increment(1);
        Ok(Arc::new(made.await?))
    }

    /// Folds the profile anew and scores the pool by it.
    async fn refolded(
        &self,
        before: &Arc<KeptListener>,
        version: u64,
    ) -> ApiResult<Arc<KeptListener>> {
        let before = Arc::clone(before);
        let made = self
            .readers
            .run(move |store| Ok(before.refreshed(store, version, Timestamp::now())?));
        Ok(Arc::new(made.await?))
    }

    fn entry(&self, listener: &ListenerId) -> Arc<Entry> {
        let made = self
            .cache
            .get_or_insert_with(listener, || Ok::<_, std::convert::Infallible>(Arc::default()));
        let Ok(entry) = made;
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
