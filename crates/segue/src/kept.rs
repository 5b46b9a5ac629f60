//! A listener who is kept in memory: the profile and a pool of scored candidates, so that a mix
//! reads no disk and asks no model.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use segue_core::{ListenerId, Pick, Timestamp};
use segue_engine::pipeline::{
    Bounds, Breadth, MixError, MixOutcome, MixRequest, Mixer, Pool, Shortlist,
};
use segue_engine::presets::Effect;
use segue_engine::{Interaction, MixContext, Profile, Stance, TrackIdx};
use segue_store::{HistoryMark, Store};

use crate::dataset::ReadProfile;
use crate::{Result, Snapshot};

/// After so many changes of a profile its pool is gathered anew.
const RETRIEVE_AFTER: u64 = 20;
/// The short-list of a request that names more tracks than this is not kept.
const MOST_NAMES_KEPT: usize = 1_000;

/// A listener, ready to be mixed for.
///
/// What a listener says makes the profile stale at once: [`refreshed`](Self::refreshed) folds in
/// what came since, takes works that they have come to know into the pool and scores it again,
/// which costs milliseconds however long the history is. Where they took back that they do not want
/// to hear a song or an artist, it gathers the pool anew. That costs more, and is due after
/// [twenty changes](Self::is_due) too, for what they do not know, and whenever the snapshot was
/// [replaced](Self::gathered_anew).
///
/// Changes are counted by whoever keeps the listener: one for every event that was recorded, from
/// any number on. What was [shown](Profile::shown) is one as well, but not before the next sitting,
/// an hour later, since until then it does not count. `examples/service.rs` shows the whole of it.
/// A row that was folded already and became another is found too, but for one: where the store
/// answers a play with [`Appended::Completed`](segue_store::Appended::Completed), have the listener
/// [refolded](Self::refolded).
///
/// # Examples
/// A snapshot whose model is made up: any [`Scorer`](crate::Scorer) will do.
/// ```
/// use std::sync::Arc;
///
/// use segue::engine::Likability;
/// use segue::{
///     ImportOptions, KeptListener, Library, ListenerId, Loaded, MixRequest, PlayDetails, Profile,
///     Reaction, Scorer, Snapshot, Timestamp, TrackIdx,
/// };
///
/// struct Even;
///
/// impl Scorer for Even {
///     fn version(&self) -> &str {
///         "even-1"
///     }
///
///     fn score(&self, _: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
///         tracks.iter().map(|_| Likability { mean: 0.5, uncertainty: 0.1 }).collect()
///     }
/// }
///
/// # let folder = tempfile::tempdir()?;
/// # let table = folder.path().join("tracks.csv");
/// # std::fs::write(&table, "track_id,track_name,artist_name,tempo\n\
/// #     t1,Slow,Dots,80\nt2,Slower,Dots,70\nt3,Fast,Dashes,170\n")?;
/// let (ann, now) = (ListenerId::new("ann"), Timestamp::now());
/// let mut library = Library::open(folder.path().join("library"))?;
/// # library.import(&[table], &ImportOptions::new(ann.clone()), &mut ())?;
/// let scorer = Arc::new(Even);
/// let model = Loaded { version: "even-1".to_owned(), trained_at: now, scorer };
/// let snapshot = Arc::new(Snapshot { model: Some(model), ..library.snapshot()? });
///
/// let kept = KeptListener::gather(library.store(), snapshot, &ann, 0, now)?;
/// let request = MixRequest { length: 3, ..MixRequest::new(now) };
/// let mix = kept.mix(&request)?;
/// assert_eq!(mix.slate.picks.len(), 3);
///
/// let (track, details) = (mix.slate.picks[0].track.clone(), PlayDetails::default());
/// library.record([Reaction::NEVER.about(ann, track, now, details)])?;
/// let kept = kept.refreshed(library.store(), 1, now)?;
/// assert_eq!(kept.mix(&request)?.slate.picks.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct KeptListener {
    /// What the profile and the pool have their rows of. Once the current snapshot is another one,
    /// gather the listener anew.
    pub snapshot: Arc<Snapshot>,
    /// What the listener played and said, folded as of [`Self::changes`]: what every mix reads.
    pub profile: Profile,
    /// Candidates, scored for this profile by the model of the snapshot.
    pub pool: Pool,
    /// How many changes of the listener the profile knows of, as whoever keeps it counts them; with
    /// more of them by now, the profile is stale.
    pub changes: u64,
    /// The number of changes at which the pool is to be gathered anew.
    retrieve_at: u64,
    /// How far the history was read for the profile.
    mark: HistoryMark,
    /// That of the last request which the pool sufficed for.
    shortlist: Mutex<Option<Arc<Shortlist>>>,
}

impl KeptListener {
    /// Folds the profile from the store and gathers the pool, as of `now`. `changes` is how many
    /// changes of the listener are in the store for sure.
    ///
    /// # Errors
    /// When the store cannot be read, or there is no model.
    pub fn gather(
        store: &Store,
        snapshot: Arc<Snapshot>,
        id: &ListenerId,
        changes: u64,
        now: Timestamp,
    ) -> Result<Self> {
        Self::of(snapshot.read(store, id)?, snapshot, changes, now)
    }

    /// The listener with another pool, gathered as of `now` from the snapshot that is current by
    /// then. Of the history only what came since is read, if that has the same catalogue still.
    ///
    /// # Errors
    /// As [`Self::gather`].
    pub fn gathered_anew(
        &self,
        store: &Store,
        snapshot: Arc<Snapshot>,
        changes: u64,
        now: Timestamp,
    ) -> Result<Self> {
        let read = match Arc::ptr_eq(&snapshot.catalogue, &self.snapshot.catalogue) {
            true => snapshot.read_on(store, &self.profile, &self.mark)?,
            false => snapshot.read(store, &self.profile.listener)?,
        };
        Self::of(read, snapshot, changes, now)
    }

    fn of(
        read: ReadProfile,
        snapshot: Arc<Snapshot>,
        changes: u64,
        now: Timestamp,
    ) -> Result<Self> {
        let ReadProfile { profile, mark } = read;
        let find = |track| snapshot.catalogue.find(track);
        let arrivals: Vec<TrackIdx> = snapshot.arrivals.iter().filter_map(find).collect();
        let mixer = snapshot.mixer(&profile)?;
        let breadth = Breadth::Bounded(Bounds::of(&profile, mixer.scorer));
        let pool = mixer.retrieve(breadth, &arrivals, MixContext::at(now))?;
        let retrieve_at = changes + RETRIEVE_AFTER;
        Ok(Self {
            snapshot,
            profile,
            pool,
            changes,
            retrieve_at,
            mark,
            shortlist: Mutex::default(),
        })
    }

    /// The listener after something was recorded: folds that into the profile and scores the pool
    /// by it. The one at hand stays as it is, for whoever still mixes from it.
    ///
    /// # Errors
    /// As [`Self::gather`].
    pub fn refreshed(&self, store: &Store, changes: u64, now: Timestamp) -> Result<Self> {
        let read = self.snapshot.read_on(store, &self.profile, &self.mark)?;
        self.rescored(read, changes, now)
    }

    /// As [`Self::refreshed`], with the profile folded from all rows: slower, and right whatever
    /// happened to them.
    ///
    /// # Errors
    /// As [`Self::gather`].
    pub fn refolded(&self, store: &Store, changes: u64, now: Timestamp) -> Result<Self> {
        let read = self.snapshot.read(store, &self.profile.listener)?;
        self.rescored(read, changes, now)
    }

    fn rescored(&self, read: ReadProfile, changes: u64, now: Timestamp) -> Result<Self> {
        // That is not in a pool which was gathered before.
        if lets_in(&self.profile, &read.profile) {
            return Self::of(read, Arc::clone(&self.snapshot), changes, now);
        }
        let (snapshot, ReadProfile { profile, mark }) = (Arc::clone(&self.snapshot), read);
        let met = met(&self.profile, &profile);
        let pool = self.pool.rescored(&snapshot.mixer(&profile)?, &met, now)?;
        let (retrieve_at, shortlist) = (self.retrieve_at, Mutex::default());
        Ok(Self { snapshot, profile, pool, changes, retrieve_at, mark, shortlist })
    }

    /// Bytes of memory that it takes up without the snapshot, which it shares: they grow with the
    /// works that the listener knows, not with how often they were played.
    pub fn bytes(&self) -> usize {
        let shortlist = self.last_shortlist().as_ref().map_or(0, |shortlist| shortlist.bytes());
        size_of::<Self>() + self.profile.bytes() + self.pool.bytes() + shortlist
    }

    /// Whether the pool should be gathered anew, now that there were so many changes: it holds the
    /// candidates that were promising before them. Mixes go on from the old one meanwhile.
    pub fn is_due(&self, changes: u64) -> bool {
        changes >= self.retrieve_at
    }

    /// What makes mixes for the listener step by step, for callers that need more than
    /// [`Self::mix`], such as the arms of an experiment.
    pub fn mixer(&self) -> Mixer<'_> {
        self.snapshot.mixer(&self.profile).expect("no pool is gathered without a model")
    }

    /// Makes a mix from the pool alone, in a fraction of a millisecond; `None` where the pool has
    /// too little for the request.
    ///
    /// The short-list of the last request is kept. Whoever asks again for the same moment, and for
    /// the same but for the seed, gets another draw from it: so give requests moments that stay the
    /// same for a while, such as the beginning of the minute. One that names more than a thousand
    /// tracks is not kept.
    ///
    /// # Errors
    /// As [`Mixer::mix`].
    pub fn mix_at_once(
        &self,
        request: &MixRequest,
    ) -> std::result::Result<Option<MixOutcome>, MixError> {
        match self.shortlist(request) {
            Ok(made) => Ok(Some(self.mixer().draw_from(&self.pool, &made, request.seed))),
            Err(MixError::Insufficient) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The short-list of a request: that of the last one if it is the same.
    fn shortlist(&self, request: &MixRequest) -> std::result::Result<Arc<Shortlist>, MixError> {
        let make = || self.mixer().shortlist_from(&self.pool, request).map(Arc::new);
        if request.names() > MOST_NAMES_KEPT {
            return make();
        }
        let last = self.last_shortlist().clone();
        if let Some(last) = last.filter(|last| last.serves(request)) {
            return Ok(last);
        }
        let made = make()?;
        *self.last_shortlist() = Some(Arc::clone(&made));
        Ok(made)
    }

    /// Lets go of the short-list, which is made anew for the next request.
    pub fn let_go_of_shortlist(&self) {
        *self.last_shortlist() = None;
    }

    fn last_shortlist(&self) -> MutexGuard<'_, Option<Arc<Shortlist>>> {
        // Nothing but a whole short-list is ever put there.
        self.shortlist.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Whether a listener took back that they reject something, so that it may be picked again.
fn lets_in(before: &Profile, profile: &Profile) -> bool {
    let is_rejected =
        |interaction: &Interaction| matches!(interaction.stance, Stance::Dislike | Stance::Ban);
    let mut rejected = before.interactions.iter().filter(|interaction| is_rejected(interaction));
    !before.banned_artists.is_subset(&profile.banned_artists)
        || rejected.any(|before| !profile.interaction(before.work).is_some_and(is_rejected))
}

/// The tracks of works that a listener knows and did not before, or knew in another version.
fn met(before: &Profile, profile: &Profile) -> Vec<TrackIdx> {
    let is_as_before = |interaction: &Interaction| {
        let known = before.interaction(interaction.work).filter(|known| known.is_known());
        known.is_some_and(|known| known.track == interaction.track)
    };
    let known = profile.interactions.iter().filter(|interaction| interaction.is_known());
    known
        .filter(|interaction| !is_as_before(interaction))
        .map(|interaction| interaction.track)
        .collect()
}
