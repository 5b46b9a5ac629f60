//! Sessions of scrobblers. Their ids are random and live in memory: a client whose session is
//! unknown is told so and shakes hands again by itself.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use segue_core::ListenerId;

use crate::access::{ApiKey, md5_of};
use crate::app::App;
use crate::error::ApiResult;
use crate::limits::{MOST_SESSIONS_OF_A_SCROBBLER, SCROBBLER_SESSION_LASTS};
use crate::scrobbling::known_listener;

/// Whom a client speaks for, and by which key; none where the server has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScrobblerSession {
    pub(super) listener: ListenerId,
    pub(super) key: Option<String>,
}

/// Every session, by the digest of its id: to look for one tells nothing of the others by the time
/// that it takes.
#[derive(Default)]
pub(crate) struct ScrobblerSessions(Mutex<HashMap<[u8; 32], (Instant, ScrobblerSession)>>);

impl ScrobblerSessions {
    /// Begins a session and returns its id: 32 letters, as Last.fm has them.
    pub(super) fn begin(&self, session: ScrobblerSession) -> String {
        let id = md5_of(ApiKey::generate(&mut rand::rng()).reveal());
        let mut sessions = self.lock();
        sessions.retain(|_, (begun, _)| begun.elapsed() < SCROBBLER_SESSION_LASTS);
        let of_it = || sessions.iter().filter(|(_, (_, other))| *other == session);
        if of_it().count() >= MOST_SESSIONS_OF_A_SCROBBLER {
            let oldest = of_it().min_by_key(|(_, (begun, _))| *begun).map(|(id, _)| *id);
            oldest.map(|oldest| sessions.remove(&oldest));
        }
        sessions.insert(digest(&id), (Instant::now(), session));
        id
    }

    /// Ends every session of a listener, who was forgotten.
    pub(crate) fn end(&self, listener: &ListenerId) {
        self.lock().retain(|_, (_, session)| session.listener != *listener);
    }

    fn find(&self, id: &str) -> Option<ScrobblerSession> {
        let sessions = self.lock();
        let (begun, session) = sessions.get(&digest(id))?;
        (begun.elapsed() < SCROBBLER_SESSION_LASTS).then(|| session.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], (Instant, ScrobblerSession)>> {
        self.0.lock().expect("nothing that holds the lock can panic")
    }
}

fn digest(id: &str) -> [u8; 32] {
    *blake3::hash(id.as_bytes()).as_bytes()
}

/// For whom a session speaks, if it still counts: with keys while its key does, without them while
/// there are none and the listener is known.
pub(super) async fn listener_of(app: &App, id: &str) -> ApiResult<Option<ListenerId>> {
    let Some(ScrobblerSession { listener, key }) = app.scrobblers.find(id) else {
        return Ok(None);
    };
    match key {
        Some(key) => {
            let access = app.keys.access_of_name(&key);
            Ok(access.and_then(|access| access.listener).filter(|theirs| *theirs == listener))
        }
        None if app.keys.is_required() => Ok(None),
        None => known_listener(app, listener.as_str()).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: &str) -> ScrobblerSession {
        ScrobblerSession { listener: ListenerId::new("ann"), key: Some(key.to_owned()) }
    }

    #[test]
    fn a_client_that_shakes_hands_without_end_ends_no_session_but_its_own() {
        let sessions = ScrobblerSessions::default();
        let other = sessions.begin(of("phone"));
        let first = sessions.begin(of("player"));
        let last = (0..100).map(|_| sessions.begin(of("player"))).last().unwrap();
        assert_eq!(sessions.lock().len(), 1 + MOST_SESSIONS_OF_A_SCROBBLER);
        assert_eq!(sessions.find(&first), None);
        assert_eq!(
            (sessions.find(&other), sessions.find(&last)),
            (Some(of("phone")), Some(of("player")))
        );
        assert_eq!((other.len(), sessions.find("")), (32, None));
        sessions.end(&ListenerId::new("ann"));
        assert!(sessions.lock().is_empty());
    }
}
