//! The one thread that writes. What many requests want written at the same time goes to disk in one transaction with one flush
//! (group commit): a flush costs milliseconds and takes a hundred entries as easily as one.
//!
//! A request is answered after its entries are on disk. The queue is bounded: when it is full, requests are turned away instead of
//! waiting for ever. When the server stops, what was accepted is written before the thread ends.

use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Instant;

use segue_store::{Appended, Entry, Store, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::error::{ApiError, ApiResult};

/// Requests that may wait for the disk at once.
const QUEUE: usize = 1_024;
/// Requests whose entries share a transaction at most.
const BATCH: usize = 256;

type Outcomes = Vec<Result<Appended, ApiError>>;
type Work = Box<dyn FnOnce(&mut Store) + Send>;

enum Job {
    /// Entries that share a flush with those of others.
    Append { entries: Vec<Entry>, reply: oneshot::Sender<ApiResult<Outcomes>> },
    /// Anything else, in a transaction of its own.
    Work(Work),
}

/// The way to the thread.
pub(crate) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread on a store of its own.
    pub(crate) fn start(store: Store) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || run(store, jobs))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Appends entries, each by itself: one that is refused keeps none of the others back. What is accepted is on disk when this
    /// returns.
    pub(crate) async fn append(&self, entries: Vec<Entry>) -> ApiResult<Outcomes> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Append { entries, reply })?;
        answer.await.map_err(|_| stopping())?
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
        drop(self.queue.lock().expect("nothing that holds the lock can panic").take());
        let thread = self.thread.lock().expect("nothing that holds the lock can panic").take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writing thread had panicked");
        }
    }

    fn send(&self, job: Job) -> ApiResult<()> {
        let queue = self.queue.lock().expect("nothing that holds the lock can panic");
        let queue = queue.as_ref().ok_or_else(stopping)?;
        queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                metrics::counter!("segue_shed_total", "reason" => "write_queue").increment(1);
                ApiError::overloaded("write_queue_full", "too many requests are waiting for the disk")
            }
            mpsc::error::TrySendError::Closed(_) => stopping(),
        })
    }
}

fn stopping() -> ApiError {
    ApiError::overloaded("stopping", "the server is stopping")
}

fn run(mut store: Store, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.blocking_recv() {
        let mut batch = Vec::new();
        let mut next = Some(job);
        while let Some(job) = next {
            match job {
                Job::Append { entries, reply } => batch.push((entries, reply)),
                Job::Work(work) => {
                    // In the order in which they came: what was appended before is there.
                    commit(&mut store, std::mem::take(&mut batch));
                    work(&mut store);
                }
            }
            next = if batch.len() < BATCH { jobs.try_recv().ok() } else { None };
        }
        commit(&mut store, batch);
    }
}

/// Appends what several requests brought, and answers them.
fn commit(store: &mut Store, batch: Vec<(Vec<Entry>, oneshot::Sender<ApiResult<Outcomes>>)>) {
    if batch.is_empty() {
        return;
    }
    let begun = Instant::now();
    let (mut entries, mut requests) = (Vec::new(), Vec::new());
    for (of_request, reply) in batch {
        requests.push((of_request.len(), reply));
        entries.extend(of_request);
    }
    let mut outcome = store.append(&entries).map(Vec::into_iter).map_err(ApiError::from);
    metrics::histogram!("segue_commit_seconds").record(begun.elapsed().as_secs_f64());
    metrics::histogram!("segue_commit_entries").record(entries.len() as f64);
    for (count, reply) in requests {
        let answer = match &mut outcome {
            Ok(outcomes) => Ok(outcomes.take(count).map(|each| each.map_err(ApiError::from)).collect()),
            Err(error) => Err(error.clone()),
        };
        let _ = reply.send(answer);
    }
}
