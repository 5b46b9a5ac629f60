//! A listener who is kept in memory: the profile and a pool of scored candidates, so that a mix
//! reads no disk and asks no model.

use std::sync::Arc;

use segue_core::{ListenerId, Pick};
use segue_engine::pipeline::{Bounds, Breadth, MixError, MixOutcome, MixRequest, Mixer, Pool};
use segue_engine::presets::Effect;
use segue_engine::{Profile, TrackIdx};
use segue_store::Store;

use crate::{Result, Snapshot};

/// After so many changes of a profile its pool is gathered anew.
const RETRIEVE_AFTER: u64 = 20;

/// A listener, ready to be mixed for.
///
/// What a listener says makes the profile stale at once: [`refreshed`](Self::refreshed) folds it
/// anew and scores the pool again, which costs milliseconds. Gathering a new pool costs more and is
/// due after [twenty changes](Self::is_due), and whenever the snapshot was replaced.
pub struct KeptListener {
    /// What the profile and the pool have their rows of.
    pub snapshot: Arc<Snapshot>,
    /// The listener, as of [`Self::changes`].
    pub profile: Profile,
    /// Candidates, scored for this profile.
    pub pool: Pool,
    /// How many changes of the listener the profile knows of.
    pub changes: u64,
    /// The number of changes at which the pool is to be gathered anew.
    retrieve_at: u64,
}

impl KeptListener {
    /// Folds the profile from the store and gathers the pool. `changes` is how many changes of the
    /// listener are in the store for sure.
    ///
    /// # Errors
    /// When the store cannot be read, or there is no model.
    pub fn gather(
        store: &Store,
        snapshot: Arc<Snapshot>,
        id: &ListenerId,
        changes: u64,
    ) -> Result<Self> {
        let profile = snapshot.profile(store, id)?;
        let find = |track| snapshot.catalogue.find(track);
        let arrivals: Vec<TrackIdx> = snapshot.arrivals.iter().filter_map(find).collect();
        let breadth = Breadth::Bounded(Bounds::of(&profile));
        let pool = snapshot.mixer(&profile)?.retrieve(breadth, &arrivals)?;
        let retrieve_at = changes + RETRIEVE_AFTER;
        Ok(Self { snapshot, profile, pool, changes, retrieve_at })
    }

    /// Folds the profile anew and scores the pool by it.
    ///
    /// # Errors
    /// As [`Self::gather`].
    pub fn refreshed(&self, store: &Store, changes: u64) -> Result<Self> {
        let snapshot = Arc::clone(&self.snapshot);
        let profile = snapshot.profile(store, &self.profile.listener)?;
        let pool = self.pool.rescored(&snapshot.mixer(&profile)?)?;
        // What a lifted ban lets in is not in the pool.
        let is_lifted = !self.profile.banned_artists.is_subset(&profile.banned_artists);
        let retrieve_at = if is_lifted { changes } else { self.retrieve_at };
        Ok(Self { snapshot, profile, pool, changes, retrieve_at })
    }

    /// Whether the pool should be gathered anew, now that there were so many changes.
    pub fn is_due(&self, changes: u64) -> bool {
        changes >= self.retrieve_at
    }

    /// What makes mixes for the listener.
    pub fn mixer(&self) -> Mixer<'_> {
        self.snapshot.mixer(&self.profile).expect("no pool is gathered without a model")
    }

    /// Makes a mix from the pool alone, in a fraction of a millisecond; `None` where the pool has
    /// too little for the request.
    ///
    /// # Errors
    /// As [`Mixer::mix`].
    pub fn mix_at_once(
        &self,
        request: &MixRequest,
    ) -> std::result::Result<Option<MixOutcome>, MixError> {
        match self.mixer().mix_from(&self.pool, request) {
            Err(MixError::Insufficient) => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// Makes a mix: from the pool, and from more of the catalogue if that does not suffice.
    ///
    /// # Errors
    /// As [`Mixer::mix`].
    pub fn mix(&self, request: &MixRequest) -> std::result::Result<MixOutcome, MixError> {
        match self.mix_at_once(request)? {
            Some(outcome) => Ok(outcome),
            None => self.mixer().mix_wider(request),
        }
    }

    /// What a mix does: how much of it is new to the listener and how likely they are to like it.
    pub fn effect(&self, picks: &[Pick]) -> Effect {
        Effect::of(&self.snapshot.catalogue, &self.profile, picks)
    }
}
