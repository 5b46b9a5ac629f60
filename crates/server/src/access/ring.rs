//! The keys that count, as the store has them.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use segue_core::ListenerId;
use segue_store::{Store, StoreError};

use super::Access;
use super::key::{Scope, hash, session_key};

/// A key that counts.
struct Known {
    name: String,
    hash: blake3::Hash,
    access: Access,
    player: Option<ForPlayers>,
}

/// What a key has for the protocols of Last.fm.
struct ForPlayers {
    /// Its MD5 digest, in hexadecimal.
    md5: String,
    session_key: String,
}

impl ForPlayers {
    fn of(md5: [u8; 16]) -> Self {
        let hex = md5.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { md5: hex, session_key: session_key(md5) }
    }
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
            let access = Access { scope: scope.ok()?, listener: entry.listener, is_session: false };
            // Whatever these protocols ask for is writing.
            let may_write = access.scope >= Scope::Write;
            let player = entry.md5.filter(|_| may_write).map(ForPlayers::of);
            Some(Known { name: entry.name, hash: entry.hash.into(), access, player })
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

    /// The name of a key for this listener, if `proof` is what `made` makes of the key's MD5 digest
    /// in hexadecimal. Takes as long for a wrong proof as for a right one.
    pub(crate) fn proved(
        &self,
        listener: &ListenerId,
        proof: &str,
        made: impl Fn(&str) -> String,
    ) -> Option<String> {
        let proof = hash(&proof.to_ascii_lowercase());
        self.read(|known| {
            let mut found = None;
            for (each, player) in with_player(known) {
                let is_theirs = each.access.listener.as_ref() == Some(listener);
                if (hash(&made(&player.md5)) == proof) & is_theirs {
                    found = Some(each.name.clone());
                }
            }
            found
        })
    }

    /// What a client shows from now on instead of the key of that name.
    pub(crate) fn session_key_of(&self, name: &str) -> Option<String> {
        self.read(|known| {
            let (_, player) = with_player(known).find(|(each, _)| each.name == name)?;
            Some(player.session_key.clone())
        })
    }

    /// What such a client may do. Takes as long for a wrong session key as for a right one.
    pub(crate) fn access_of_session_key(&self, shown: &str) -> Option<Access> {
        let shown = hash(shown);
        self.read(|known| {
            let mut found = None;
            for (each, player) in with_player(known) {
                if hash(&player.session_key) == shown {
                    found = Some(each.access.clone());
                }
            }
            found
        })
    }

    fn read<T>(&self, look: impl FnOnce(&[Known]) -> T) -> T {
        look(&self.known.read().expect("nothing that holds the lock can panic"))
    }
}

/// The keys that players can show by the protocols of Last.fm.
fn with_player(known: &[Known]) -> impl Iterator<Item = (&Known, &ForPlayers)> {
    known.iter().filter_map(|each| Some((each, each.player.as_ref()?)))
}
