//! Everybody's history as it is handed on, in lists.

use segue_core::{Feedback, Listen, ListenerId, TrackId};
use segue_store::{HistoriesReader, Store};

/// What one listener played and said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct History {
    pub(crate) listener: ListenerId,
    pub(crate) listens: Vec<Listen>,
    pub(crate) feedback: Vec<Feedback>,
}

/// Everybody's, in the order of their ids.
#[derive(Default)]
pub(crate) struct Histories {
    pub(crate) all: Vec<History>,
    tracks: Vec<TrackId>,
}

impl Histories {
    pub(crate) fn read(store: &Store) -> Vec<History> {
        let mut histories = Self::default();
        store.read_histories(&mut histories).unwrap();
        histories.all.iter_mut().for_each(|history| in_order(&mut history.feedback));
        histories.all
    }
}

impl HistoriesReader for Histories {
    type Track = usize;

    fn listener(&mut self, listener: ListenerId) {
        self.all.push(History { listener, listens: Vec::new(), feedback: Vec::new() });
    }

    fn track(&mut self, id: &TrackId) -> usize {
        assert!(!self.tracks.contains(id), "a track is looked up once");
        self.tracks.push(id.clone());
        self.tracks.len() - 1
    }

    fn listen(&mut self, listener: usize, track: usize, listen: &Listen) {
        let history = &mut self.all[listener];
        let track = self.tracks[track].clone();
        let listener = history.listener.clone();
        history.listens.push(Listen { listener, track, ..listen.clone() });
    }

    fn feedback(&mut self, listener: usize, said: Feedback) {
        self.all[listener].feedback.push(said);
    }
}

/// Feedback of the log in the order in which it was given.
fn in_order(feedback: &mut [Feedback]) {
    let mut latest = None;
    feedback.sort_by_cached_key(|said| {
        latest = latest.max(said.at);
        said.at.or(latest)
    });
}

/// A play without what is not handed on.
pub(crate) fn as_handed_on(listen: Listen) -> Listen {
    Listen { context: None, shuffle: None, offline: None, ..listen }
}
