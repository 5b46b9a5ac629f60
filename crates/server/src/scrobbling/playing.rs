//! What somebody plays just now: kept in memory until the track must have ended, and in no log. It
//! teaches nothing, since it may still be skipped.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use segue_core::{ListenerId, Track};

use crate::limits::MOST_PLAYING;

/// How long a track of unknown length is thought to play.
const UNKNOWN_LENGTH: Duration = Duration::from_secs(10 * 60);

/// What everybody plays just now, and until when.
#[derive(Default)]
pub(crate) struct Playing(Mutex<HashMap<ListenerId, (Instant, Track)>>);

impl Playing {
    /// A track begins.
    pub(crate) fn start(&self, listener: ListenerId, track: Track) {
        let length = track.duration_ms().map(|ms| Duration::from_millis(ms.into()));
        let now = Instant::now();
        let mut playing = self.lock();
        if playing.len() >= MOST_PLAYING {
            playing.retain(|_, (until, _)| *until > now);
        }
        if playing.len() < MOST_PLAYING || playing.contains_key(&listener) {
            playing.insert(listener, (now + length.unwrap_or(UNKNOWN_LENGTH), track));
        }
    }

    /// Nobody is to be told any more what somebody plays.
    pub(crate) fn stop(&self, listener: &ListenerId) {
        self.lock().remove(listener);
    }

    /// What somebody plays just now.
    pub(crate) fn of(&self, listener: &ListenerId) -> Option<Track> {
        let playing = self.lock();
        let (until, track) = playing.get(listener)?;
        (*until > Instant::now()).then(|| track.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ListenerId, (Instant, Track)>> {
        self.0.lock().expect("nothing that holds the lock can panic")
    }
}
