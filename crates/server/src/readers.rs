//! Connections for reading, a few of them, lent to one request at a time.
//!
//! Readers see what was committed and wait for nobody; the bound keeps a burst of slow reads from
//! filling memory with connections.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use segue_store::Store;
use tokio::sync::Semaphore;

use crate::error::{ApiError, ApiResult};
use crate::limits;

/// The connections.
pub(crate) struct Readers {
    library: PathBuf,
    idle: Arc<Mutex<Vec<Store>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(library: PathBuf) -> Self {
        Self { library, idle: Arc::default(), permits: Arc::new(Semaphore::new(limits::READERS)) }
    }

    /// Runs `work` on a connection, on a thread that may wait for the disk. Connection and turn are
    /// given back when the work is done, also if nobody waits for it any more.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<T> {
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await.expect("the semaphore is never closed");
        let (library, idle) = (self.library.clone(), Arc::clone(&self.idle));
        let worked = tokio::task::spawn_blocking(move || {
            let taken = lock(&idle).pop();
            let store = match taken {
                Some(store) => store,
                None => Store::open(&library)?.as_reader()?,
            };
            let outcome = work(&store);
            lock(&idle).push(store);
            drop(permit);
            outcome
        });
        worked.await.map_err(|error| ApiError::internal(&error))?
    }
}

fn lock(idle: &Mutex<Vec<Store>>) -> MutexGuard<'_, Vec<Store>> {
    idle.lock().expect("nothing that holds the lock can panic")
}
