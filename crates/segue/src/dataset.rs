//! From the store to what the engine works on.

use std::sync::Arc;

use rayon::prelude::*;
use segue_core::{Feedback, Listen, ListenerId, Timestamp, TrackId};
use segue_engine::dataset::folding::{FoldedTrack, Folding, PlayedTrack};
use segue_engine::dataset::plays::Plays;
use segue_engine::taste::{CountedTrack, PlaysLately, Tastes};
use segue_engine::{Catalogue, Index, Profile, Seconds, WorkIdx};
use segue_store::{HistoriesReader, HistoryMark, HistoryReader, Result, Store};

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

/// Every track that the store holds, with what was measured in files of it and what was set by
/// hand.
///
/// # Errors
/// What reading the store reports.
pub fn catalogue(store: &Store) -> Result<Catalogue> {
    let catalogue = Catalogue::from_tracks(store.tracks()?);
    let catalogue = catalogue.with_analyses(store.analyses(segue_audio::VERSION)?);
    Ok(catalogue.with_overrides(&store.overrides()?))
}

impl Dataset {
    /// Folds everything that the store holds, row by row: no list of plays is in memory. The
    /// catalogue of a new store is empty, which is no error here.
    ///
    /// # Errors
    /// What reading the store reports.
    pub fn load(store: &Store) -> Result<Self> {
        let catalogue = catalogue(store)?;
        let foldings = Foldings::read(store, &catalogue)?;
        let profiles = foldings.into_par_iter().map(Folding::finish).collect();
        Ok(Self { catalogue: Arc::new(catalogue), profiles })
    }

    /// Everybody's plays and friends with the catalogue that they are of: what training works on,
    /// which has to know what listeners were before they turned to something.
    ///
    /// # Errors
    /// What reading the store reports.
    pub fn plays(store: &Store) -> Result<(Arc<Catalogue>, Vec<Plays>)> {
        let catalogue = catalogue(store)?;
        let mut everybody = PlayLists { catalogue: &catalogue, plays: Vec::new() };
        store.read_histories(&mut everybody)?;
        let mut plays = everybody.plays;
        let mut friends = store.all_friends()?;
        for one in &mut plays {
            one.friends = friends.remove(&one.listener).unwrap_or_default();
        }
        Ok((Arc::new(catalogue), plays))
    }

    /// The profile of a listener, an empty one for a name that is not known.
    pub fn profile(&self, listener: &ListenerId) -> Profile {
        let known = self.profiles.iter().find(|profile| &profile.listener == listener);
        known.cloned().unwrap_or_else(|| Profile::empty(listener.clone()))
    }
}

/// Folds what everybody did.
pub(crate) struct Foldings<'c> {
    catalogue: &'c Catalogue,
    foldings: Vec<Folding<'c>>,
}

impl<'c> Foldings<'c> {
    /// Reads everybody's rows, in the order of the log; the listeners are in that of their ids.
    pub(crate) fn read(store: &Store, catalogue: &'c Catalogue) -> Result<Vec<Folding<'c>>> {
        let mut everybody = Self { catalogue, foldings: Vec::new() };
        store.read_histories(&mut everybody)?;
        Ok(everybody.foldings)
    }
}

impl HistoriesReader for Foldings<'_> {
    type Track = Option<PlayedTrack>;

    fn listener(&mut self, listener: ListenerId) {
        self.foldings.push(Folding::new(self.catalogue, listener));
    }

    fn track(&mut self, id: &TrackId) -> Self::Track {
        played_track(self.catalogue, id)
    }

    fn listen(&mut self, listener: usize, track: Self::Track, listen: &Listen) {
        if let Some(track) = track {
            let folding = &mut self.foldings[listener];
            let track = folding.track(track);
            folding.add_listen(track, listen);
        }
    }

    fn feedback(&mut self, listener: usize, said: Feedback) {
        self.foldings[listener].add_feedback(&said);
    }
}

/// Keeps what everybody did.
struct PlayLists<'c> {
    catalogue: &'c Catalogue,
    plays: Vec<Plays>,
}

impl HistoriesReader for PlayLists<'_> {
    type Track = Option<PlayedTrack>;

    fn listener(&mut self, listener: ListenerId) {
        self.plays.push(Plays::heard(listener, []));
    }

    fn track(&mut self, id: &TrackId) -> Self::Track {
        played_track(self.catalogue, id)
    }

    fn listen(&mut self, listener: usize, track: Self::Track, listen: &Listen) {
        self.plays[listener].plays.extend(track.and_then(|track| track.play(listen)));
    }

    fn feedback(&mut self, listener: usize, said: Feedback) {
        self.plays[listener].feedback.push(said);
    }
}

fn played_track(catalogue: &Catalogue, id: &TrackId) -> Option<PlayedTrack> {
    Some(PlayedTrack::new(catalogue, catalogue.find(id)?))
}

/// Folds what the store holds of one listener, exclusions applied, with what they were shown
/// lately.
///
/// # Errors
/// What reading the store reports. A listener who is not in the store has an empty profile.
pub fn profile(store: &Store, catalogue: &Catalogue, listener: ListenerId) -> Result<Profile> {
    Ok(ReadProfile::read(store, catalogue, listener)?.profile)
}

/// A profile, with how far the history was read for it.
pub(crate) struct ReadProfile {
    pub(crate) profile: Profile,
    pub(crate) mark: HistoryMark,
}

impl ReadProfile {
    /// Folds all that the store holds of a listener, row by row: no list of plays is in memory.
    pub(crate) fn read(store: &Store, catalogue: &Catalogue, listener: ListenerId) -> Result<Self> {
        let mut rows = Rows { catalogue, folding: Folding::new(catalogue, listener.clone()) };
        let mark = store.read_history(&listener, &mut rows)?;
        Self { profile: rows.folding.finish(), mark }.with_showings(store, catalogue)
    }

    /// What a profile of the same catalogue is by now, from the rows that came since it was read;
    /// from all rows where that does not suffice.
    pub(crate) fn read_on(
        store: &Store,
        catalogue: &Catalogue,
        before: &Profile,
        since: &HistoryMark,
    ) -> Result<Self> {
        let mut rows = Rows { catalogue, folding: Folding::going_on(catalogue, before.clone()) };
        match store.read_news(&before.listener, since, &mut rows)? {
            Some(mark) => {
                Self { profile: rows.folding.finish(), mark }.with_showings(store, catalogue)
            }
            None => Self::read(store, catalogue, before.listener.clone()),
        }
    }

    fn with_showings(self, store: &Store, catalogue: &Catalogue) -> Result<Self> {
        let showings = store.showings(&self.profile.listener, SHOWINGS)?;
        Ok(Self { profile: self.profile.with_showings(catalogue, &showings), ..self })
    }
}

/// What a listener likes, by taste, as of `now`: all rows are read once, and no list of plays is in
/// memory.
///
/// # Errors
/// What reading the store reports.
pub fn tastes(
    store: &Store,
    catalogue: &Catalogue,
    index: &Index,
    listener: ListenerId,
    now: Timestamp,
) -> Result<Tastes> {
    let rows = Rows { catalogue, folding: Folding::new(catalogue, listener.clone()) };
    let mut reading = TasteRows { rows, lately: PlaysLately::new(now) };
    store.read_history(&listener, &mut reading)?;
    Ok(Tastes::find(catalogue, index, &reading.rows.folding.finish(), &reading.lately))
}

/// Folds what the store hands on, and counts the plays of each track.
struct TasteRows<'c> {
    rows: Rows<'c>,
    lately: PlaysLately,
}

impl HistoryReader for TasteRows<'_> {
    type Track = Option<(FoldedTrack, CountedTrack)>;

    fn track(&mut self, id: &TrackId) -> Self::Track {
        let row = self.rows.catalogue.find(id)?;
        let track = PlayedTrack::new(self.rows.catalogue, row);
        Some((self.rows.folding.track(track), self.lately.track(self.rows.catalogue, row)))
    }

    fn listen(&mut self, track: Self::Track, listen: &Listen) {
        if let Some((folded, counted)) = track {
            self.rows.folding.add_listen(folded, listen);
            self.lately.add(counted, listen);
        }
    }

    fn feedback(&mut self, said: &Feedback) {
        self.rows.feedback(said);
    }
}

/// Folds what the store hands on.
struct Rows<'c> {
    catalogue: &'c Catalogue,
    folding: Folding<'c>,
}

impl HistoryReader for Rows<'_> {
    type Track = Option<FoldedTrack>;

    fn track(&mut self, id: &TrackId) -> Self::Track {
        played_track(self.catalogue, id).map(|track| self.folding.track(track))
    }

    fn listen(&mut self, track: Self::Track, listen: &Listen) {
        if let Some(track) = track {
            self.folding.add_listen(track, listen);
        }
    }

    fn feedback(&mut self, said: &Feedback) {
        self.folding.add_feedback(said);
    }
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
