//! From the store to what the engine works on.

use std::sync::Arc;

use segue_core::ListenerId;
use segue_engine::dataset::plays::Plays;
use segue_engine::{Catalogue, Profile, Seconds, WorkIdx};
use segue_store::{ListenerHistory, Result, Store};

/// Plays held in memory at a time, one long history excepted.
const BLOCK: usize = 200_000;
/// The latest slates that are looked at for what was shown in vain: more than two weeks of a
/// listener who opens ten lists a day, and a bound on what reading a profile costs.
const SHOWINGS: usize = 150;

/// The catalogue and everybody's profile, exclusions applied: what training and whoever studies the
/// library work on. It holds every listener; for one of them there is
/// [`Snapshot::profile`](crate::Snapshot::profile).
pub struct Dataset {
    /// Every track, with the row by which profiles name it.
    pub catalogue: Arc<Catalogue>,
    /// One profile a listener, in the order of their ids.
    pub profiles: Vec<Profile>,
}

/// Every track that the store holds, with what was measured in files of it.
///
/// # Errors
/// What reading the store reports.
pub fn catalogue(store: &Store) -> Result<Catalogue> {
    Ok(Catalogue::from_tracks(store.tracks()?).with_analyses(store.analyses()?))
}

impl Dataset {
    /// Folds everything that the store holds, history by history, so that not all plays are in
    /// memory at once. The catalogue of a new store is empty, which is no error here.
    ///
    /// # Errors
    /// What reading the store reports.
    pub fn load(store: &Store) -> Result<Self> {
        let catalogue = catalogue(store)?;
        let mut profiles: Vec<Profile> = Vec::new();
        loop {
            let block = store.histories(profiles.last().map(|profile| &profile.listener), BLOCK)?;
            if block.is_empty() {
                break;
            }
            profiles.extend(block.into_iter().map(|history| {
                let ListenerHistory { listener, listens, feedback } = history;
                Profile::fold(&catalogue, listener, &listens, &feedback)
            }));
        }
        Ok(Self { catalogue: Arc::new(catalogue), profiles })
    }

    /// Everybody's plays and friends with the catalogue that they are of: what training works on,
    /// which has to know what listeners were before they turned to something.
    ///
    /// # Errors
    /// What reading the store reports.
    pub fn plays(store: &Store) -> Result<(Arc<Catalogue>, Vec<Plays>)> {
        let catalogue = catalogue(store)?;
        let mut friends = store.all_friends()?;
        let mut plays: Vec<Plays> = Vec::new();
        loop {
            let block = store.histories(plays.last().map(|one| &one.listener), BLOCK)?;
            if block.is_empty() {
                break;
            }
            plays.extend(block.into_iter().map(|history| {
                let ListenerHistory { listener, listens, feedback } = history;
                let friends = friends.remove(&listener).unwrap_or_default();
                Plays { friends, ..Plays::read(&catalogue, listener, &listens, &feedback) }
            }));
        }
        Ok((Arc::new(catalogue), plays))
    }

    /// The profile of a listener, an empty one for a name that is not known.
    pub fn profile(&self, listener: &ListenerId) -> Profile {
        let known = self.profiles.iter().find(|profile| &profile.listener == listener);
        known.cloned().unwrap_or_else(|| Profile::empty(listener.clone()))
    }
}

/// Folds what the store holds of one listener, exclusions applied, with what they were shown
/// lately.
///
/// # Errors
/// What reading the store reports. A listener who is not in the store has an empty profile.
pub fn profile(store: &Store, catalogue: &Catalogue, listener: ListenerId) -> Result<Profile> {
    let listens = store.listens(&listener)?;
    let feedback = store.feedback(&listener)?;
    let showings = store.showings(&listener, SHOWINGS)?;
    let profile = Profile::fold(catalogue, listener, &listens, &feedback);
    Ok(profile.with_showings(catalogue, &feedback, &showings))
}

/// The dated plays of a listener as works of the catalogue, in the order of the store, exclusions
/// applied: a history for whoever studies what follows what.
///
/// # Errors
/// What reading the store reports.
pub fn dated_plays(
    store: &Store,
    catalogue: &Catalogue,
    listener: &ListenerId,
) -> Result<Vec<(WorkIdx, Seconds)>> {
    let listens = store.listens(listener)?;
    let dated = listens.iter().filter_map(|listen| {
        let track = catalogue.find(&listen.track)?;
        Some((catalogue.work(track), Seconds(listen.at?.as_second())))
    });
    Ok(dated.collect())
}
