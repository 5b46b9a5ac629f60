//! Segue inside a service that answers many listeners from several threads:
//!
//! `cargo run -p segue --example service`
//!
//! - One [`Snapshot`] is shared and replaced as a whole; whoever took the old one goes on with it.
//! - One [`KeptListener`] is held for everybody who was seen: a mix from it reads no disk.
//! - What is recorded makes a listener stale; the next request refreshes them, in milliseconds.
//! - One connection writes, behind a lock. A busy service gives readers connections of their own.
#![allow(clippy::print_stdout, reason = "an example, run by hand")]

mod made_up;

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::thread;

use segue::{
    Impression, KeptListener, Library, ListenerId, MixOutcome, MixRequest, PlayDetails, Reaction,
    Snapshot, Timestamp, TrainOptions,
};

/// What all threads share.
struct Service {
    library: Mutex<Library>,
    snapshot: RwLock<Arc<Snapshot>>,
    listeners: Mutex<HashMap<ListenerId, Seen>>,
}

/// What is held of a listener, and how many changes of theirs were recorded.
#[derive(Clone, Default)]
struct Seen {
    kept: Option<Arc<KeptListener>>,
    changes: u64,
}

impl Service {
    fn library(&self) -> MutexGuard<'_, Library> {
        self.library.lock().expect("no thread panics while it holds the library")
    }

    fn listeners(&self) -> MutexGuard<'_, HashMap<ListenerId, Seen>> {
        self.listeners.lock().expect("no thread panics while it holds the listeners")
    }

    /// The listener as of now: as kept, refreshed, or gathered anew.
    fn listener(&self, id: &ListenerId) -> segue::Result<Arc<KeptListener>> {
        let snapshot = self.snapshot.read().expect("nobody panics while swapping it").clone();
        let Seen { kept, changes } = self.listeners().get(id).cloned().unwrap_or_default();
        let is_of_snapshot = |kept: &KeptListener| Arc::ptr_eq(&kept.snapshot, &snapshot);
        let now = Timestamp::now();
        let fresh = match kept {
            Some(kept) if is_of_snapshot(&kept) && kept.changes == changes => return Ok(kept),
            Some(kept) if is_of_snapshot(&kept) && !kept.is_due(changes) => {
                kept.refreshed(self.library().store(), changes, now)?
            }
            Some(kept) => kept.gathered_anew(self.library().store(), snapshot, changes, now)?,
            None => KeptListener::gather(self.library().store(), snapshot, id, changes, now)?,
        };
        let fresh = Arc::new(fresh);
        self.listeners().entry(id.clone()).or_default().kept = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// A request: a mix, logged before it is shown.
    fn mix(&self, id: &ListenerId, request: &MixRequest) -> segue::Result<MixOutcome> {
        let outcome = self.listener(id)?.mix(request)?;
        self.library().log(&[Impression::new(request.now, outcome.slate.clone())])?;
        Ok(outcome)
    }

    /// Feedback: appended first, counted when it is safe on the disk.
    fn react(
        &self,
        id: &ListenerId,
        reaction: Reaction,
        outcome: &MixOutcome,
    ) -> segue::Result<()> {
        let (track, now) = (outcome.slate.picks[0].track.clone(), Timestamp::now());
        self.library().record([reaction.about(id.clone(), track, now, PlayDetails::default())])?;
        self.listeners().entry(id.clone()).or_default().changes += 1;
        Ok(())
    }

    /// Trains and swaps the snapshot, while mixes go on from the old one: training has a connection
    /// of its own.
    fn retrain(&self, folder: &std::path::Path) -> segue::Result<()> {
        let mut library = Library::open(folder)?;
        library.train(&TrainOptions { seed: 2, ..TrainOptions::default() }, &mut |_| {})?;
        let next = Arc::new(library.snapshot()?);
        *self.snapshot.write().expect("nobody panics while swapping it") = next;
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (folder, now) = (tempfile::tempdir()?, Timestamp::now());
    let ids = ["ann", "bob"].map(ListenerId::new);
    let mut library = made_up::library(folder.path(), &ids, now)?;
    library.train(&TrainOptions::default(), &mut |_| {})?;
    let snapshot = RwLock::new(Arc::new(library.snapshot()?));
    let service = Service { library: Mutex::new(library), snapshot, listeners: Mutex::default() };

    let answer = |id: &ListenerId| -> segue::Result<()> {
        for seed in 0..30 {
            let request = MixRequest { length: 10, seed, ..MixRequest::new(Timestamp::now()) };
            let outcome = service.mix(id, &request)?;
            service.react(id, Reaction::LIKE, &outcome)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let retraining = scope.spawn(|| service.retrain(&folder.path().join("library")));
        let answering: Vec<_> = ids.iter().map(|id| scope.spawn(move || answer(id))).collect();
        let mut threads = answering.into_iter().chain([retraining]);
        threads.try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    let model = service.mix(&ids[0], &MixRequest::new(Timestamp::now()))?.slate.config.model;
    let status = service.library().store().status()?;
    println!("{} mixes are logged; mixes now come from {model}", status.impressions);
    Ok(())
}
