//! What all requests share.

use std::fs::{File, TryLockError};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use segue::{Models, ModelsError, Snapshot, new_from};
use segue_engine::{Catalogue, TrackIdx};
use segue_store::{Marks, Store, StoreError};
use tokio::sync::{Notify, Semaphore};

use crate::access::{KeyRing, Sessions};
use crate::audioscrobbler::ScrobblerSessions;
use crate::covers::Covers;
use crate::error::{ApiError, ApiResult};
use crate::imports::Imports;
use crate::limits::{self, Limits};
use crate::listeners::Listeners;
use crate::music::{MusicFile, MusicFolders, files_of_song, on_disk};
use crate::readers::Readers;
use crate::scrobbling::Playing;
use crate::writer::Writer;

/// How often it is looked whether commands beside the server changed something.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Tracks that came wait for the next snapshot at most so long.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// How to serve: from which library, to whom, and how much of it at a time.
#[derive(Clone, Debug)]
pub struct Config {
    /// The library: the folder that holds the database, the models and the uploads. It is made
    /// where there is none.
    pub library: PathBuf,
    /// Whether every request needs a key even while there is none: where others can reach the
    /// server.
    pub keys_required: bool,
    /// Folders whose sound files may be played, beside those that were scanned into the library.
    /// None else are ever opened.
    pub music: Vec<PathBuf>,
    /// Whether the server learns by itself, once a night, where there is something new.
    pub trains_at_night: bool,
    /// The proxy before the server, if there is one: a request from this address is counted to
    /// whoever its last `X-Forwarded-For` names.
    pub trusted_proxy: Option<IpAddr>,
    /// How much is too much: sizes, times and numbers beyond which requests are turned away.
    pub limits: Limits,
}

/// Everything that requests share: the snapshot in place, held listeners, the writer and the keys.
/// [`App::open`] makes it, [`serve`](crate::serve) answers from it.
pub struct App {
    pub(crate) config: Config,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) is_ready: AtomicBool,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) listeners: Arc<Listeners>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) writer: Writer,
    pub(crate) imports: Imports,
    pub(crate) playing: Playing,
    pub(crate) scrobblers: ScrobblerSessions,
    pub(crate) covers: Arc<Covers>,
    music_folders: MusicFolders,
    pub(crate) models: Box<dyn Models>,
    /// Keeps other servers away from the library, as long as it is open.
    _lock: File,
    /// One snapshot is built at a time.
    building: Semaphore,
    /// What keeps a thread busy takes turns.
    heavy: Arc<Semaphore>,
    /// One thread waits for the index of searches, and whoever searches waits for its turn.
    preparing: Arc<Semaphore>,
    rebuild: Notify,
    snapshots: AtomicU64,
}

/// The server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be opened or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another server has the library.
    #[error("another server serves `{0}`, and one is all that a library can have")]
    InUse(PathBuf),
    /// A thread or a folder could not be made.
    #[error("cannot {action}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

/// One server at a time: a second one would take uploads in progress for what a crash left.
fn lock(library: &Path) -> Result<File, StartError> {
    let io = |source| StartError::Io { action: "lock the library", source };
    let path = library.join("serve.lock");
    let file = File::options().create(true).write(true).truncate(false).open(path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(library.to_owned())),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

impl App {
    /// Opens a library for serving. Until [`Self::build`] is through, or [`serve`](crate::serve)
    /// has called it, every request but those that ask for health is answered with 503.
    ///
    /// Must be called inside a tokio runtime: it starts the task that gathers pools.
    ///
    /// # Errors
    /// [`StartError::Store`] when the store cannot be opened, [`StartError::InUse`] where another
    /// server has it, [`StartError::Io`] when the folder
    /// for uploads or the writing thread cannot be made.
    pub fn open(config: Config, models: Box<dyn Models>) -> Result<Arc<Self>, StartError> {
        let store = Store::open(&config.library)?;
        let lock = lock(&config.library)?;
        store.remove_orphans()?;
        let keys = KeyRing::new(config.keys_required);
        keys.reload(&store)?;
        let io = |action| move |source| StartError::Io { action, source };
        let imports = Imports::open(&config.library).map_err(io("make the folder for uploads"))?;
        let snapshot = Arc::new(ArcSwap::from_pointee(Snapshot::empty()));
        let readers = Arc::new(Readers::new(config.library.clone()));
        let (listeners, waiting) =
            Listeners::new(config.limits.listeners, Arc::clone(&snapshot), Arc::clone(&readers));
        let listeners = Arc::new(listeners);
        tokio::spawn(Arc::clone(&listeners).refresh(waiting));
        Ok(Arc::new(Self {
            snapshot,
            is_ready: AtomicBool::new(false),
            keys: Arc::new(keys),
            sessions: Arc::default(),
            listeners,
            readers,
            writer: Writer::start(store).map_err(io("start the writing thread"))?,
            imports,
            playing: Playing::default(),
            scrobblers: ScrobblerSessions::default(),
            covers: Arc::default(),
            music_folders: MusicFolders::default(),
            models,
            _lock: lock,
            building: Semaphore::new(1),
            heavy: Arc::new(Semaphore::new(
                std::thread::available_parallelism().map_or(1, |cores| cores.get()),
            )),
            preparing: Arc::new(Semaphore::new(1)),
            rebuild: Notify::new(),
            snapshots: AtomicU64::new(0),
            config,
        }))
    }

    /// Builds a snapshot of all that the store holds and puts it in place.
    pub async fn build(self: &Arc<Self>) -> Result<(), ApiError> {
        self.replace(|app, store, number| Snapshot::take(store, app.models.as_ref(), number))
            .await?;
        self.is_ready.store(true, Ordering::Release);
        Ok(())
    }

    /// Puts a snapshot in place with the model and the experiment that are in use now.
    pub(crate) async fn reload_model(self: &Arc<Self>) -> ApiResult<()> {
        self.replace(|app, store, number| {
            app.snapshot.load().with_current_model(store, app.models.as_ref(), number)
        })
        .await
    }

    async fn replace(
        self: &Arc<Self>,
        build: impl FnOnce(&Self, &Store, u64) -> Result<Snapshot, ModelsError> + Send + 'static,
    ) -> ApiResult<()> {
        let _turn = self.building.acquire().await.expect("the semaphore is never closed");
        let (app, number) = (Arc::clone(self), self.snapshots.fetch_add(1, Ordering::Relaxed) + 1);
        let begun = Instant::now();
        let snapshot = self.readers.run(move |store| {
            let snapshot = build(&app, store, number).map_err(|error| {
                tracing::error!(
                    "no snapshot could be built: {}",
                    crate::error::chain(error.as_ref())
                );
                ApiError::conflict("bad_model", error.to_string())
                    .hint("`segue train` makes a new model")
            })?;
            // Whoever searches meanwhile searches the one before. The first one is in place at
            // once, since nothing is answered without, and so is one without somebody who was
            // forgotten: the one before has names that nobody else brought.
            let tells_of_all = snapshot.marks.forgotten == app.snapshot.load().marks.forgotten;
            if tells_of_all && app.is_ready.load(Ordering::Acquire) {
                snapshot.prepare_search();
            }
            Ok(snapshot)
        });
        let snapshot = Arc::new(snapshot.await?);
        tracing::info!(
            snapshot = number,
            tracks = snapshot.catalogue.len(),
            model = snapshot.model_version(),
            seconds = begun.elapsed().as_secs_f64(),
            "snapshot in place"
        );
        if let Some(fallback) = &snapshot.fallback {
            tracing::error!("{fallback}; `segue train` makes a new model");
        }
        self.snapshot.store(Arc::clone(&snapshot));
        tokio::task::spawn_blocking(move || snapshot.prepare_search());
        self.listeners.let_go_before(number.saturating_sub(1));
        Ok(())
    }

    /// Whether a track may have a cover, which is known for certain once it was asked for.
    pub(crate) fn may_have_cover(&self, catalogue: &Catalogue, row: TrackIdx) -> bool {
        on_disk(|| self.covers.may_have(files_of_song(&self.music(), catalogue, row)))
    }

    /// The file that a track is played from, if there is one.
    pub(crate) fn file_of_song(&self, catalogue: &Catalogue, row: TrackIdx) -> Option<MusicFile> {
        on_disk(|| files_of_song(&self.music(), catalogue, row).next())
    }

    /// The folders whose files may be played, by their real paths: those of the configuration, and
    /// those that were scanned by now. A disk is asked where they are: see [`on_disk`].
    pub(crate) fn music(&self) -> Arc<[PathBuf]> {
        let scanned = self.snapshot.load().music_folders.clone();
        self.music_folders.real(self.config.music.iter().cloned().chain(scanned).collect())
    }

    /// Runs a search, which is work that keeps a thread busy. While the index of the snapshot is
    /// being made, whoever searches waits for it and keeps no turn from other work.
    pub(crate) async fn search<T: Send + 'static>(
        &self,
        snapshot: Arc<Snapshot>,
        work: impl FnOnce(&Snapshot) -> T + Send + 'static,
    ) -> ApiResult<T> {
        if !snapshot.is_search_prepared() {
            let prepared = self.prepared(Arc::clone(&snapshot));
            tokio::time::timeout(limits::LONGEST_WAIT, prepared).await.map_err(|_| {
                metrics::counter!("segue_shed_total", "reason" => "search").increment(1);
                ApiError::overloaded("overloaded", "the index of searches is being made")
            })??;
        }
        self.heavy(move || work(&snapshot)).await
    }

    /// Waits until searches of a snapshot can begin. Many that wait keep one thread.
    async fn prepared(&self, snapshot: Arc<Snapshot>) -> ApiResult<()> {
        let turn = Arc::clone(&self.preparing).acquire_owned().await;
        let turn = turn.expect("the semaphore is never closed");
        if snapshot.is_search_prepared() {
            return Ok(());
        }
        let prepared = tokio::task::spawn_blocking(move || {
            snapshot.prepare_search();
            drop(turn);
        });
        prepared.await.map_err(|error| ApiError::internal(&error))
    }

    /// Runs work that keeps a thread busy, as many at a time as there are processors. It goes on if
    /// nobody waits any more, and keeps its turn.
    pub(crate) async fn heavy<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> ApiResult<T> {
        let turn = Arc::clone(&self.heavy).acquire_owned();
        let turn = tokio::time::timeout(limits::LONGEST_WAIT, turn).await.map_err(|_| {
            metrics::counter!("segue_shed_total", "reason" => "heavy").increment(1);
            ApiError::overloaded("overloaded", "too much that takes long is being worked on")
        })?;
        let turn = turn.expect("the semaphore is never closed");
        let worked = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(turn);
            outcome
        });
        worked.await.map_err(|error| ApiError::internal(&error))
    }

    /// Tracks came or went: another snapshot is built soon, one for all that come until then.
    pub(crate) fn rebuild_soon(&self) {
        self.rebuild.notify_one();
    }

    /// Follows what changes: tracks that came, and what commands beside the server did. Ends with
    /// the server.
    pub(crate) async fn follow(self: Arc<Self>) {
        loop {
            let asked = tokio::select! {
                () = self.rebuild.notified() => true,
                () = tokio::time::sleep(LOOK_EVERY) => false,
            };
            let begun = Instant::now();
            let is_ready = self.is_ready.load(Ordering::Acquire);
            let done = if asked || !is_ready { self.build().await } else { self.look().await };
            if let Err(error) = done {
                tracing::warn!(code = error.code, "{}", error.message);
                // What fails now would fail again at once.
                tokio::time::sleep(LOOK_EVERY).await;
            }
            // Tracks may come all the time: building leaves the machine four fifths of it.
            tokio::time::sleep((begun.elapsed() * 4).min(LONGEST_REST)).await;
        }
    }

    /// Follows which keys count, whatever else is going on: a key that was revoked is one that was
    /// lost. Ends with the server.
    pub(crate) async fn follow_keys(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Err(error) = self.reload_keys().await {
                tracing::warn!(code = error.code, "keys could not be read: {}", error.message);
            }
        }
    }

    /// Takes over which keys count now.
    pub(crate) async fn reload_keys(self: &Arc<Self>) -> ApiResult<()> {
        let app = Arc::clone(self);
        self.readers.run(move |store| Ok(app.keys.reload(store)?)).await
    }

    /// Takes over what commands beside the server did.
    async fn look(self: &Arc<Self>) -> ApiResult<()> {
        let found = self.readers.run(move |store| {
            let model = store.active_model()?.map(|model| model.version);
            let experiment = store.running_experiment()?.map(|experiment| experiment.name);
            let has_world = store.world()?.is_some();
            Ok((model, experiment, store.marks()?, new_from(store)?, has_world))
        });
        let (model, experiment, marks, new_from, has_world) = found.await?;
        let snapshot = self.snapshot.load_full();
        let rows =
            |marks: Marks| (marks.imported_rows, marks.forgotten, marks.scans, marks.overrides);
        if rows(marks) != rows(snapshot.marks) {
            return self.build_anew().await;
        }
        // A training elsewhere draws songs from the world.
        if has_world && model != snapshot.in_use {
            return self.build_anew().await;
        }
        if self.writer.is_behind(marks).await? {
            // A play, feedback or an exclusion that some command wrote.
            self.listeners.all_changed();
            self.writer.catch_up(marks);
        }
        let is_as_before = model == snapshot.in_use && experiment == snapshot.experiment_name;
        // A world that was taken into use or dropped is told of in notes.
        if !is_as_before || new_from != snapshot.new_from {
            return self.reload_model().await;
        }
        Ok(())
    }

    /// Builds a snapshot while nothing of the one before is kept of anybody.
    pub(crate) async fn build_anew(self: &Arc<Self>) -> ApiResult<()> {
        self.listeners.clear();
        let built = self.build().await;
        // Whoever was read meanwhile was read into the snapshot before.
        self.listeners.clear();
        built
    }
}
