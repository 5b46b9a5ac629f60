//! The keys that count, as the store has them.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use segue_store::{Store, StoreError};

use super::Access;
use super::key::hash;

/// A key that counts.
struct Known {
    name: String,
    hash: blake3::Hash,
    access: Access,
}

/// The keys that count, and whether any is asked for.
pub(crate) struct KeyRing {
    known: RwLock<Vec<Known>>,
    /// Once there was a key, or others can reach the server, one is asked for: taking the last one
    /// away lets nobody in, now and after a restart.
    is_required: AtomicBool,
}

impl KeyRing {
    /// No keys yet; `is_required` if one is asked for even so.
    pub(crate) fn new(is_required: bool) -> Self {
        Self { known: RwLock::default(), is_required: AtomicBool::new(is_required) }
    }

    /// Takes over what the store has now.
    pub(crate) fn reload(&self, store: &Store) -> Result<(), StoreError> {
        let entries = store.keys()?;
        // Revoked keys stay in the store, which so remembers that keys were used.
        if !entries.is_empty() {
            self.is_required.store(true, Ordering::Release);
        }
        let entries = entries.into_iter().filter(|entry| entry.revoked_at.is_none());
        let known = entries.filter_map(|entry| {
            let scope =
                entry.scope.parse().map_err(|error| tracing::warn!(key = entry.name, "{error}"));
            let access = Access { scope: scope.ok()?, listener: entry.listener };
            Some(Known { name: entry.name, hash: entry.hash.into(), access })
        });
        *self.known.write().expect("nothing that holds the lock can panic") = known.collect();
        Ok(())
    }

    /// Whether a request needs a key.
    pub(crate) fn is_required(&self) -> bool {
        self.is_required.load(Ordering::Acquire)
    }

    /// What a key lets its bearer do. Takes as long for a wrong key as for a right one.
    pub(crate) fn access(&self, key: &str) -> Option<Access> {
        self.find(key).map(|(_, access)| access)
    }

    /// Name of a key, and what it lets its bearer do.
    pub(crate) fn find(&self, key: &str) -> Option<(String, Access)> {
        let presented = hash(key);
        self.read(|known| {
            let mut found = None;
            for each in known {
                if each.hash == presented {
                    found = Some((each.name.clone(), each.access.clone()));
                }
            }
            found
        })
    }

    /// What the key of that name lets its bearer do, while it counts.
    pub(crate) fn access_of_name(&self, name: &str) -> Option<Access> {
        self.read(|known| {
            known.iter().find(|each| each.name == name).map(|each| each.access.clone())
        })
    }

    fn read<T>(&self, look: impl FnOnce(&[Known]) -> T) -> T {
        look(&self.known.read().expect("nothing that holds the lock can panic"))
    }
}
