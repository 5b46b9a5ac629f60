//! The keys that count, as the store has them.

use std::sync::RwLock;

use segue_store::{Store, StoreError};

use super::key::{Scope, hash};

/// A key that counts.
struct Known {
    name: String,
    hash: blake3::Hash,
    scope: Scope,
}

/// The keys that count.
#[derive(Default)]
pub(crate) struct KeyRing(RwLock<Vec<Known>>);

impl KeyRing {
    /// Takes over what the store has now.
    pub(crate) fn reload(&self, store: &Store) -> Result<(), StoreError> {
        let entries = store.keys()?.into_iter().filter(|entry| entry.revoked_at.is_none());
        let known = entries.filter_map(|entry| {
            let scope = entry.scope.parse().map_err(|error| tracing::warn!(key = entry.name, "{error}"));
            Some(Known { name: entry.name, hash: entry.hash.into(), scope: scope.ok()? })
        });
        *self.0.write().expect("nothing that holds the lock can panic") = known.collect();
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.read(|known| known.is_empty())
    }

    /// What a key lets its bearer do. Takes as long for a wrong key as for a right one.
    pub(crate) fn scope(&self, key: &str) -> Option<Scope> {
        self.find(key).map(|(_, scope)| scope)
    }

    /// Name and scope of a key.
    pub(crate) fn find(&self, key: &str) -> Option<(String, Scope)> {
        let presented = hash(key);
        self.read(|known| {
            let mut found = None;
            for each in known {
                if each.hash == presented {
                    found = Some((each.name.clone(), each.scope));
                }
            }
            found
        })
    }

    /// What the key of that name lets its bearer do, while it counts.
    pub(crate) fn scope_of_name(&self, name: &str) -> Option<Scope> {
        self.read(|known| known.iter().find(|each| each.name == name).map(|each| each.scope))
    }

    fn read<T>(&self, look: impl FnOnce(&[Known]) -> T) -> T {
        look(&self.0.read().expect("nothing that holds the lock can panic"))
    }
}
