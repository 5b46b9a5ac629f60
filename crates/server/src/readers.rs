//! Connections for reading, a few of them, lent to one request at a time.
//!
//! Readers see what was committed and wait for nobody; the bound keeps a burst of slow reads from filling memory with connections.

use std::path::PathBuf;
use std::sync::Mutex;

use segue_store::Store;
use tokio::sync::Semaphore;

use crate::error::{ApiError, ApiResult};

/// Reads at a time.
const CONNECTIONS: usize = 8;

/// The connections.
pub(crate) struct Readers {
    home: PathBuf,
    idle: Mutex<Vec<Store>>,
    permits: Semaphore,
}

impl Readers {
    pub(crate) fn new(home: PathBuf) -> Self {
        Self { home, idle: Mutex::default(), permits: Semaphore::new(CONNECTIONS) }
    }

    /// Runs `work` on a connection, on a thread that may wait for the disk.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<T> {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        let (home, idle) = (self.home.clone(), self.idle().pop());
        let worked = tokio::task::spawn_blocking(move || {
            let store = match idle {
                Some(store) => store,
                None => Store::open(&home)?,
            };
            let outcome = work(&store);
            Ok::<_, ApiError>((store, outcome))
        });
        let (store, outcome) = worked.await.map_err(|error| ApiError::internal(&error))??;
        self.idle().push(store);
        outcome
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Store>> {
        self.idle.lock().expect("nothing that holds the lock can panic")
    }
}
