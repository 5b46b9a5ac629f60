//! Sessions of the page: who typed a key into the login form carries a cookie instead, which
//! scripts cannot read and other sites cannot send. Sessions end with the server, with their key,
//! or after a month.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use super::Access;
use super::key::{ApiKey, hash};
use super::ring::KeyRing;
use crate::limits;

/// The name of the cookie.
pub(crate) const SESSION_COOKIE: &str = "segue_session";

struct Session {
    key: String,
    begun: Instant,
}

/// Everybody who is logged in, by the hash of their token.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

impl Sessions {
    /// Logs in with a key and returns the token for the cookie. A key that is for one listener
    /// opens the pages of that one.
    pub(crate) fn log_in(&self, key: &str, keys: &KeyRing) -> Option<String> {
        let (name, _) = keys.find(key)?;
        let token = ApiKey::generate(&mut rand::rng());
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.begun.elapsed() < limits::SESSION_LASTS);
        if sessions.len() >= limits::MOST_SESSIONS {
            let oldest =
                sessions.iter().min_by_key(|(_, session)| session.begun).map(|(hash, _)| *hash);
            oldest.map(|hash| sessions.remove(&hash));
        }
        sessions.insert(token.hash(), Session { key: name, begun: Instant::now() });
        Some(token.reveal().to_owned())
    }

    /// Ends a session.
    pub(crate) fn log_out(&self, token: &str) {
        self.lock().remove(hash(token).as_bytes());
    }

    /// What the bearer of a token may do.
    pub(crate) fn access(&self, token: &str, keys: &KeyRing) -> Option<Access> {
        let sessions = self.lock();
        let session = sessions
            .get(hash(token).as_bytes())
            .filter(|session| session.begun.elapsed() < limits::SESSION_LASTS)?;
        let access = keys.access_of_name(&session.key)?;
        Some(Access { is_session: true, ..access })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.0.lock().expect("nothing that holds the lock can panic")
    }
}
