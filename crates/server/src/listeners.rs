//! Listeners as they are held in memory: the profile and a pool of scored tracks to mix from, so
//! that a mix reads no disk and scores nothing.
//!
//! What a listener says makes their profile stale at once: the next mix folds it anew and scores
//! the pool again (milliseconds). Surveying the whole catalogue for a new pool takes longer and
//! happens when somebody is seen first, after [`SURVEY_AFTER`] changes, and when the edition was
//! replaced. If the machine is busy then, mixes go on from the pool and the edition that are at
//! hand and the survey waits for its turn in the background: a swapped model drops no request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use quick_cache::sync::Cache;
use segue_core::{ListenerId, Pick};
use segue_engine::TrackIdx;
use segue_engine::pipeline::{Bounds, Breadth, Pool, survey};
use segue_engine::presets::Effect;
use segue_engine::{Profile, Scorer};
use segue_store::Store;
use tokio::sync::{Mutex, Semaphore, mpsc};

use crate::app::App;
use crate::edition::Edition;
use crate::error::{ApiError, ApiResult};

/// Changes of a profile after which its pool is gathered anew.
const SURVEY_AFTER: u64 = 20;
/// Listeners with fewer labels are newcomers.
const NEWCOMER: usize = 4;

/// A listener, ready to be mixed for.
pub(crate) struct Listener {
    pub(crate) edition: Arc<Edition>,
    pub(crate) profile: Profile,
    pub(crate) pool: Pool,
    /// Changes that the profile knows of.
    version: u64,
    /// The number of changes at which the pool is to be gathered anew.
    survey_at: u64,
}

impl Listener {
    /// What a mix made for the listener does.
    pub(crate) fn effect(&self, picks: &[Pick]) -> Effect {
        Effect::of(&self.edition.catalogue, &self.profile, picks)
    }

    /// The model that scored the pool.
    pub(crate) fn scorer(&self) -> &dyn Scorer {
        self.edition.model.as_ref().expect("no pool is gathered without a model").scorer.as_ref()
    }
}

#[derive(Default)]
struct Entry {
    version: AtomicU64,
    is_queued: AtomicBool,
    held: Mutex<Option<Arc<Listener>>>,
}

/// Everybody who was here lately.
pub(crate) struct Listeners {
    cache: Cache<ListenerId, Arc<Entry>>,
    surveys: Semaphore,
    queue: mpsc::UnboundedSender<ListenerId>,
}

impl Listeners {
    /// Holds at most so many; those not seen for long go first. Also returns the queue of those
    /// whose pool is to be gathered anew.
    pub(crate) fn new(most: usize) -> (Self, mpsc::UnboundedReceiver<ListenerId>) {
        let (queue, waiting) = mpsc::unbounded_channel();
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let surveys = Semaphore::new(cores.saturating_sub(1).max(1));
        (Self { cache: Cache::new(most), surveys, queue }, waiting)
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

    /// Something may have been written about anybody.
    pub(crate) fn all_changed(&self) {
        for (_, entry) in self.cache.iter() {
            entry.version.fetch_add(1, Ordering::Release);
        }
    }

    /// Lets go of listeners who are held with an edition older than one: it would stay in memory as
    /// long as they stay away.
    pub(crate) fn let_go_before(&self, edition: u64) {
        for (_, entry) in self.cache.iter() {
            // Whoever is being looked at is brought up to date anyway.
            if let Ok(mut held) = entry.held.try_lock()
                && held.as_ref().is_some_and(|listener| listener.edition.number < edition)
            {
                *held = None;
            }
        }
    }

    /// Lets go of everybody: what is held may tell of somebody who was forgotten.
    pub(crate) fn clear(&self) {
        self.cache.clear();
    }

    fn entry(&self, listener: &ListenerId) -> Arc<Entry> {
        let made = self
            .cache
            .get_or_insert_with(listener, || Ok::<_, std::convert::Infallible>(Arc::default()));
        let Ok(entry) = made;
        entry
    }
}

/// A listener with a profile that knows of everything acknowledged before.
pub(crate) async fn listener(app: &App, id: &ListenerId) -> ApiResult<Arc<Listener>> {
    let entry = app.listeners.entry(id);
    let mut held = entry.held.lock().await;
    let (version, current) = (entry.version.load(Ordering::Acquire), app.edition.load_full());
    current.model()?;
    let Some(listener) = held.clone() else {
        return Ok(held.insert(surveyed(app, id, current, version).await?).clone());
    };
    let is_due = listener.edition.number != current.number || version >= listener.survey_at;
    if is_due {
        if let Ok(_turn) = app.listeners.surveys.try_acquire() {
            return Ok(held.insert(fold_and_survey(app, id, current, version).await?).clone());
        }
        if !entry.is_queued.swap(true, Ordering::AcqRel) {
            // The receiver lives as long as the server.
            let _ = app.listeners.queue.send(id.clone());
        }
    }
    if version == listener.version {
        return Ok(listener);
    }
    Ok(held.insert(refolded(app, id, &listener, version).await?).clone())
}

/// Gathers pools anew for those in the queue, one after another.
pub(crate) async fn refresh(app: Arc<App>, mut waiting: mpsc::UnboundedReceiver<ListenerId>) {
    while let Some(id) = waiting.recv().await {
        let Some(entry) = app.listeners.cache.peek(&id) else { continue };
        let (version, current) = (entry.version.load(Ordering::Acquire), app.edition.load_full());
        let made = surveyed(&app, &id, current, version).await;
        entry.is_queued.store(false, Ordering::Release);
        match made {
            Ok(listener) => *entry.held.lock().await = Some(listener),
            Err(error) => {
                tracing::warn!(code = error.code, "a pool could not be gathered: {}", error.message)
            }
        }
    }
}

async fn surveyed(
    app: &App,
    id: &ListenerId,
    edition: Arc<Edition>,
    version: u64,
) -> ApiResult<Arc<Listener>> {
    let _turn = app.listeners.surveys.acquire().await.expect("the semaphore is never closed");
    fold_and_survey(app, id, edition, version).await
}

/// Folds the profile and gathers the pool.
async fn fold_and_survey(
    app: &App,
    id: &ListenerId,
    edition: Arc<Edition>,
    version: u64,
) -> ApiResult<Arc<Listener>> {
    let id = id.clone();
    let made = app.readers.run(move |store| {
        let profile = fold(store, &edition, id)?;
        let scorer = edition.model()?.scorer.as_ref();
        let arrivals: Vec<TrackIdx> =
            edition.arrivals.iter().filter_map(|track| edition.catalogue.find(track)).collect();
        let breadth = (Breadth::Bounded(bounds(&profile)), &arrivals[..]);
        let pool = survey(&edition.catalogue, &edition.index, &profile, scorer, breadth)?;
        Ok(Listener { edition, profile, pool, version, survey_at: version + SURVEY_AFTER })
    });
    metrics::counter!("segue_surveys_total").increment(1);
    Ok(Arc::new(made.await?))
}

/// Folds the profile anew and scores the pool by it.
async fn refolded(
    app: &App,
    id: &ListenerId,
    before: &Arc<Listener>,
    version: u64,
) -> ApiResult<Arc<Listener>> {
    let (id, before) = (id.clone(), Arc::clone(before));
    let made = app.readers.run(move |store| {
        let edition = Arc::clone(&before.edition);
        let profile = fold(store, &edition, id)?;
        let scorer = edition.model()?.scorer.as_ref();
        let pool = before.pool.rescored(&edition.catalogue, &edition.index, &profile, scorer)?;
        // What a lifted ban lets in is not in the pool: it is due for a survey.
        let is_lifted = !before.profile.banned_artists.is_subset(&profile.banned_artists);
        let survey_at = if is_lifted { version } else { before.survey_at };
        Ok(Listener { edition, profile, pool, version, survey_at })
    });
    Ok(Arc::new(made.await?))
}

/// What is kept for a listener. The taste of a newcomer leads nowhere yet, so that more has to be
/// looked at.
fn bounds(profile: &Profile) -> Bounds {
    match profile.labelled().count() < NEWCOMER {
        true => Bounds { new: 1_500, asked: 6_000, ..Bounds::default() },
        false => Bounds::default(),
    }
}

fn fold(store: &Store, edition: &Edition, id: ListenerId) -> ApiResult<Profile> {
    segue_home::profile(store, &edition.catalogue, id).map_err(ApiError::from)
}
