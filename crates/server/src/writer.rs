//! The one thread that writes. What many requests want written at the same time goes to disk in one
//! transaction with one flush (group commit): a flush costs milliseconds and takes a hundred
//! entries as easily as one.
//!
//! A request is answered after its entries are on disk. The queue is bounded: when it is full,
//! requests are turned away instead of waiting for ever. When the server stops, what was accepted
//! is written before the thread ends.

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Instant;

use segue_store::{Appended, Entry, Event, Marks, Store, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::error::{ApiError, ApiResult};
use crate::limits;

type Outcomes = Vec<Result<Appended, ApiError>>;
type Work = Box<dyn FnOnce(&mut Store) + Send>;

enum Job {
    /// Entries that share a flush with those of others.
    Append(Request),
    /// Anything else, in a transaction of its own.
    Work(Work),
}

/// What one request wants appended.
struct Request {
    entries: Vec<Entry>,
    /// How often somebody had been forgotten when the entries were thought of, if that matters to
    /// them.
    forgotten: Option<i64>,
    reply: oneshot::Sender<ApiResult<Outcomes>>,
}

/// The way to the thread.
pub(crate) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// How far the store was after the last write of the thread.
    marks: Arc<Mutex<Marks>>,
    /// What the last write failed of, where it was no fault of the request.
    trouble: Arc<Mutex<Option<ApiError>>>,
}

impl Writer {
    /// Starts the thread on a store of its own.
    pub(crate) fn start(store: Store) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel(limits::WRITES_WAITING);
        let marks = Arc::new(Mutex::new(store.marks().unwrap_or_default()));
        let published = Arc::clone(&marks);
        let trouble = Arc::new(Mutex::new(None));
        let told = Arc::clone(&trouble);
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
            Thread { store, marks: published, trouble: told, foreign: 0 }.run(jobs)
        })?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
            marks,
            trouble,
        })
    }

    /// Appends entries, each by itself: one that is refused keeps none of the others back. What is
    /// accepted is on disk when this returns.
    pub(crate) async fn append(&self, entries: Vec<Entry>) -> ApiResult<Outcomes> {
        self.request(entries, None).await
    }

    /// As [`Self::append`], unless somebody was forgotten since: what was thought of before must
    /// not bring them back.
    pub(crate) async fn append_unless_forgotten(
        &self,
        entries: Vec<Entry>,
        forgotten: i64,
    ) -> ApiResult<Outcomes> {
        self.request(entries, Some(forgotten)).await
    }

    async fn request(&self, entries: Vec<Entry>, forgotten: Option<i64>) -> ApiResult<Outcomes> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Append(Request { entries, forgotten, reply }))?;
        answer.await.map_err(|_| stopping())?
    }

    /// How often somebody was forgotten.
    pub(crate) fn forgotten(&self) -> i64 {
        lock(&self.marks).forgotten
    }

    /// Whether plays, feedback or exclusions are in the store that this thread did not write.
    pub(crate) async fn is_behind(&self, found: Marks) -> ApiResult<bool> {
        if !is_behind(*lock(&self.marks), found) {
            return Ok(false);
        }
        // Most likely it wrote them itself and has not noted it yet, as it will have when this is
        // its turn. To take that for news would make everybody's profile stale.
        let marks = Arc::clone(&self.marks);
        self.run(move |_| Ok(is_behind(*lock(&marks), found))).await
    }

    /// Takes note of what others wrote.
    pub(crate) fn catch_up(&self, found: Marks) {
        let mut known = lock(&self.marks);
        known.listens = known.listens.max(found.listens);
        known.feedback = known.feedback.max(found.feedback);
        known.exclusions = found.exclusions;
    }

    /// Whether what is brought now would be written, as far as the last write tells. After one that
    /// failed it is tried.
    pub(crate) async fn is_able(&self) -> ApiResult<()> {
        if lock(&self.trouble).is_none() {
            return Ok(());
        }
        let tried = self.run(Store::try_writing).await;
        *lock(&self.trouble) = tried.as_ref().err().cloned();
        tried
    }

    /// Whether the thread is there to write.
    pub(crate) fn is_alive(&self) -> bool {
        lock(&self.thread).as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Runs any other write.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> ApiResult<T> {
        let (reply, answer) = oneshot::channel();
        let work = move |store: &mut Store| {
            // Nobody waits any more if the client has gone away.
            let _ = reply.send(work(store));
        };
        self.send(Job::Work(Box::new(work)))?;
        Ok(answer.await.map_err(|_| stopping())??)
    }

    /// Writes what was accepted and ends the thread.
    pub(crate) fn stop(&self) {
        drop(lock(&self.queue).take());
        let thread = lock(&self.thread).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writing thread had panicked");
        }
    }

    fn send(&self, job: Job) -> ApiResult<()> {
        let queue = lock(&self.queue);
        let queue = queue.as_ref().ok_or_else(stopping)?;
        queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                metrics::counter!("segue_shed_total", "reason" => "write_queue").increment(1);
                ApiError::overloaded(
                    "write_queue_full",
                    "too many requests are waiting for the disk",
                )
            }
            mpsc::error::TrySendError::Closed(_) => stopping(),
        })
    }
}

fn is_behind(known: Marks, found: Marks) -> bool {
    found.listens > known.listens
        || found.feedback > known.feedback
        || found.exclusions != known.exclusions && found.listens >= known.listens
}

fn stopping() -> ApiError {
    ApiError::overloaded("stopping", "the server is stopping")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing that holds the lock can panic")
}

/// The thread's own.
struct Thread {
    store: Store,
    marks: Arc<Mutex<Marks>>,
    trouble: Arc<Mutex<Option<ApiError>>>,
    /// How often others had written when the marks were read.
    foreign: u64,
}

impl Thread {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.blocking_recv() {
            let (mut batch, mut entries) = (Vec::new(), 0);
            let mut next = Some(job);
            while let Some(job) = next {
                match job {
                    Job::Append(request) => {
                        entries += request.entries.len();
                        batch.push(request);
                    }
                    Job::Work(work) => {
                        // In the order in which they came: what was appended before is there.
                        self.commit(std::mem::take(&mut batch));
                        work(&mut self.store);
                        self.publish();
                    }
                }
                next = if batch.len() < limits::REQUESTS_PER_COMMIT
                    && entries < limits::ENTRIES_PER_COMMIT
                {
                    jobs.try_recv().ok()
                } else {
                    None
                };
            }
            self.commit(batch);
        }
        match self.store.fold_log() {
            Ok(true) => {}
            Ok(false) => tracing::debug!("somebody still reads: the log of writes stays"),
            Err(error) => tracing::warn!("the log of writes stays as it is: {error}"),
        }
    }

    /// Appends what several requests brought, and answers them.
    fn commit(&mut self, batch: Vec<Request>) {
        let forgotten = lock(&self.marks).forgotten;
        let (mut entries, mut requests) = (Vec::new(), Vec::new());
        for request in batch {
            if request.forgotten.is_some_and(|before| before != forgotten) {
                let message = "somebody was forgotten while this was being made";
                let _ = request.reply.send(Err(ApiError::overloaded("forgetting", message)));
                continue;
            }
            requests.push((request.entries.len(), request.reply));
            entries.extend(request.entries);
        }
        if requests.is_empty() {
            return;
        }
        let begun = Instant::now();
        let mut outcome = self.store.append(&entries).map(Vec::into_iter).map_err(ApiError::from);
        metrics::histogram!("segue_commit_seconds").record(begun.elapsed().as_secs_f64());
        metrics::histogram!("segue_commit_entries").record(entries.len() as f64);
        *lock(&self.trouble) = outcome.as_ref().err().cloned();
        let is_shown = |entry: &Entry| matches!(entry.event, Event::Impressions(_));
        // What was shown moves no mark.
        if self.foreign != self.store.foreign_writes() || !entries.iter().all(is_shown) {
            self.publish();
        }
        for (count, reply) in requests {
            let answer = match &mut outcome {
                Ok(outcomes) => {
                    Ok(outcomes.take(count).map(|each| each.map_err(ApiError::from)).collect())
                }
                Err(error) => Err(error.clone()),
            };
            let _ = reply.send(answer);
        }
    }

    fn publish(&mut self) {
        let foreign = self.store.foreign_writes();
        match self.store.marks() {
            Ok(marks) => {
                *lock(&self.marks) = marks;
                self.foreign = foreign;
            }
            Err(error) => tracing::warn!("what was written cannot be read back: {error}"),
        }
    }
}
