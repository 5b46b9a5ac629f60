//! A snapshot: everything that mixes are made from, as it was at one moment.
//!
//! It is never changed, only replaced as a whole. A server keeps the one that is current in place
//! while the next is built beside it, and whoever took it may go on using it; nothing is swapped
//! under a request.

use std::path::PathBuf;
use std::sync::Arc;

use segue_core::{ListenerId, Track, TrackId};
use segue_engine::dataset::friends::FriendIndex;
use segue_engine::experiment::Design;
use segue_engine::explain::{Explanation, explain};
use segue_engine::mix::arrivals::AnswerCounts;
use segue_engine::mix::reasons::{Likes, Reasons};
use segue_engine::pipeline::{MixOutcome, MixRequest, Mixer, NewFrom};
use segue_engine::releases::Releases;
use segue_engine::similar::{Similar, SimilarIndex, Wanted};
use segue_engine::{Catalogue, Index, Profile, TrackIdx};
use segue_store::{HistoryMark, Marks, Store};

use crate::dataset::{ReadProfile, catalogue};
use crate::listener_works::listener_works;
use crate::models::{ChosenModel, Loaded, Models, ModelsError, choose};
use crate::newness::new_from;
use crate::search::SearchIndex;
use crate::{Error, PromptNames, Result};

/// Catalogue, index, model and experiment as they belong together.
///
/// Made by [`Library::snapshot`](crate::Library::snapshot). Everything in it is shared, so that a
/// snapshot with another model costs no copy of the catalogue. It holds no profile: that is
/// read from the store when it is needed, and so is always of today.
///
/// # Examples
/// Search and similar tracks need a catalogue only; a mix needs a model.
/// ```
/// use segue::{Error, ImportOptions, Library, ListenerId, MixRequest, Timestamp};
///
/// # let folder = tempfile::tempdir()?;
/// # let table = folder.path().join("tracks.csv");
/// let rows = "track_id,track_name,artist_name,tempo\n\
///             t1,Slow Rain,The Dots,80\nt2,Slow Snow,The Dots,81\nt3,Fast,Dashes,170\n";
/// # std::fs::write(&table, rows)?;
/// # let mut library = Library::open(folder.path().join("library"))?;
/// # library.import(&[table], &ImportOptions::new(ListenerId::new("ann")), &mut ())?;
/// let snapshot = library.snapshot()?;
/// let found = snapshot.search("slow dots", 10);
/// assert_eq!(found.total, 2);
/// assert_eq!(snapshot.find("item:t3")?, snapshot.search("fast", 1).tracks[0]);
/// assert!(snapshot.find("item:t4").is_err());
///
/// let profile = snapshot.profile(library.store(), &ListenerId::new("ann"))?;
/// let mix = snapshot.mix(&profile, &MixRequest::new(Timestamp::now()));
/// assert!(matches!(mix, Err(Error::NoModel)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Snapshot {
    /// Counts the snapshots of one process, so that a cache can tell whether it is of this one.
    /// Those of [`Library::snapshot`](crate::Library::snapshot) all have 1.
    pub number: u64,
    /// Every track, with its row. Rows are those of the index and of everything else in here.
    pub catalogue: Arc<Catalogue>,
    /// Popularity, sound and the tracks of each artist, by which candidates are gathered.
    pub index: Arc<Index>,
    /// What is like what, by sound and by who likes both; [`Self::similar`] asks it.
    pub similar: Arc<SimilarIndex>,
    /// What searches go through; [`Self::search`] asks it.
    pub search_index: Arc<SearchIndex>,
    /// What everybody plays who is somebody's friend; [`Self::profile`] asks it.
    pub friends: Arc<FriendIndex>,
    /// The model in use when the snapshot was taken; `None` before the first training.
    pub model: Option<Loaded>,
    /// The model that the registry said was in use, whether it can be used or not.
    pub in_use: Option<String>,
    /// Why mixes are made with another model than that, or with none: a sentence for whoever runs
    /// the library. `None` where all is well.
    pub fallback: Option<String>,
    /// Tracks that came to the catalogue after the model was trained, or out in the last weeks of
    /// the world, and that few listeners have answered.
    pub arrivals: Vec<TrackId>,
    /// When songs came out, as far as the world tells that was trained from last.
    pub releases: Arc<Releases>,
    /// What would bring new tracks, where a listener knows all that are here.
    pub new_from: NewFrom,
    /// The experiment that is running; see [`Self::part`] for what it does to a mix.
    pub experiment: Option<Design>,
    /// The name of the experiment that the store says is running. One that another version of Segue
    /// started may not be readable: then there is a name and no design.
    pub experiment_name: Option<String>,
    /// How far the store was when the snapshot was taken: compare with [`Store::marks`] to know
    /// whether another one is due.
    pub marks: Marks,
    /// The names that prompts are read by.
    pub prompt_names: Arc<PromptNames>,
    /// The folders of music that were scanned.
    pub music_folders: Vec<PathBuf>,
}

impl Snapshot {
    /// The snapshot of a library that holds nothing: what a server starts with before the first one
    /// is taken. Asked for a mix it says [`Error::NothingImported`].
    pub fn empty() -> Self {
        let catalogue = Catalogue::default();
        let index = Index::build(&catalogue, []);
        let similar = SimilarIndex::build(&catalogue, &index, []);
        Self {
            number: 0,
            index: Arc::new(index),
            similar: Arc::new(similar),
            search_index: Arc::default(),
            friends: Arc::default(),
            catalogue: Arc::new(catalogue),
            model: None,
            in_use: None,
            fallback: None,
            arrivals: Vec::new(),
            releases: Arc::default(),
            new_from: NewFrom::default(),
            experiment: None,
            experiment_name: None,
            marks: Marks::default(),
            prompt_names: Arc::default(),
            music_folders: Vec::new(),
        }
    }

    /// Takes one of all that the store holds now. Work of minutes for a large library: not for a
    /// request to wait for.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn take(
        store: &Store,
        models: &dyn Models,
        number: u64,
    ) -> std::result::Result<Self, ModelsError> {
        let marks = store.marks()?;
        let catalogue = Arc::new(catalogue(store)?);
        let heard = listener_works(store, &catalogue, &marks)?;
        let index = Arc::new(Index::of_listeners(&catalogue, &heard));
        let similar = SimilarIndex::of_listeners(&catalogue, &index, &heard);
        let befriended = store.all_friends()?;
        let pairs = befriended.iter().map(|(listener, friends)| (listener, friends.as_slice()));
        let friends = FriendIndex::of_listeners(pairs, &heard);
        let answered = AnswerCounts::of(&heard);
        // A model takes up as much as they do: not both at a time.
        drop(heard);
        let ChosenModel { model, in_use, fallback } = choose(models, store, &catalogue, &index)?;
        let lately = match &model {
            Some(model) => store.tracks_added_after(model.trained_at)?,
            None => Vec::new(),
        };
        let (experiment_name, experiment) = running_experiment(store)?;
        let releases = Releases::new(&catalogue, &store.releases()?);
        let added = lately.iter().filter_map(|track| catalogue.find(track));
        let trained_at =
            model.as_ref().map_or(segue_core::Timestamp::UNIX_EPOCH, |model| model.trained_at);
        let mut arrived: Vec<TrackIdx> = added.chain(releases.new_at(trained_at)).collect();
        arrived.sort_unstable();
        arrived.dedup();
        Ok(Self {
            number,
            arrivals: answered.arrivals(&catalogue, arrived),
            releases: Arc::new(releases),
            new_from: new_from(store)?,
            experiment,
            experiment_name,
            marks,
            index,
            similar: Arc::new(similar),
            search_index: Arc::new(SearchIndex::kept_in(store.derived(marks.forgotten))),
            friends: Arc::new(friends),
            catalogue,
            model,
            in_use,
            fallback,
            prompt_names: Arc::new(PromptNames::with_tags(store.artist_tags()?)),
            music_folders: store.music_folders()?.into_iter().map(PathBuf::from).collect(),
        })
    }

    /// The same catalogue with the model and the experiment that are in use now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn with_current_model(
        &self,
        store: &Store,
        models: &dyn Models,
        number: u64,
    ) -> std::result::Result<Self, ModelsError> {
        let (experiment_name, experiment) = running_experiment(store)?;
        let ChosenModel { model, in_use, fallback } =
            choose(models, store, &self.catalogue, &self.index)?;
        Ok(Self {
            number,
            catalogue: Arc::clone(&self.catalogue),
            index: Arc::clone(&self.index),
            similar: Arc::clone(&self.similar),
            search_index: Arc::clone(&self.search_index),
            friends: Arc::clone(&self.friends),
            model,
            in_use,
            fallback,
            arrivals: self.arrivals.clone(),
            releases: Arc::clone(&self.releases),
            new_from: new_from(store)?,
            experiment,
            experiment_name,
            marks: self.marks,
            prompt_names: Arc::clone(&self.prompt_names),
            music_folders: self.music_folders.clone(),
        })
    }

    /// The model that mixes are made with, or why there is none.
    ///
    /// # Errors
    /// [`Error::NoModel`] before the first training, [`Error::NothingImported`] before the first
    /// import.
    pub fn model(&self) -> Result<&Loaded> {
        if self.catalogue.is_empty() {
            return Err(Error::NothingImported);
        }
        self.model.as_ref().ok_or(Error::NoModel)
    }

    /// The version of the model, if there is one: what impressions of this snapshot will name.
    pub fn model_version(&self) -> Option<&str> {
        self.model.as_ref().map(|model| model.version.as_str())
    }

    /// What is known of a track by its id, such as that of a [`Pick`](segue_core::Pick): title,
    /// artists, album, audio features. `None` where this snapshot has no such track.
    pub fn track(&self, id: &TrackId) -> Option<&Track> {
        self.catalogue.find(id).map(|row| self.catalogue.track(row))
    }

    /// The row of a track, which is what [`similar`](Self::similar), [`path`](Self::path) and
    /// [`explain`](Self::explain) are asked by. Rows of one snapshot mean nothing in another.
    ///
    /// # Errors
    /// [`Error::UnknownTrack`].
    pub fn find(&self, id: &str) -> Result<TrackIdx> {
        let id = TrackId::new(id);
        self.catalogue.find(&id).ok_or(Error::UnknownTrack(id))
    }

    /// The profile of a listener in the rows of this snapshot, as the store has it now. Somebody
    /// who is not known has an empty one. What their friends play is of the snapshot; who is a
    /// friend is of now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn profile(&self, store: &Store, listener: &ListenerId) -> Result<Profile> {
        Ok(self.read(store, listener)?.profile)
    }

    /// As [`Self::profile`], with how far the history was read.
    pub(crate) fn read(&self, store: &Store, listener: &ListenerId) -> Result<ReadProfile> {
        let read = ReadProfile::read(store, &self.catalogue, listener.clone())?;
        self.with_friends(store, read)
    }

    /// What a profile of this catalogue is by now, read on from where it was read to.
    pub(crate) fn read_on(
        &self,
        store: &Store,
        before: &Profile,
        since: &HistoryMark,
    ) -> Result<ReadProfile> {
        let read = ReadProfile::read_on(store, &self.catalogue, before, since)?;
        self.with_friends(store, read)
    }

    fn with_friends(&self, store: &Store, read: ReadProfile) -> Result<ReadProfile> {
        let friends = self.friends.plays_of(&store.friends(&read.profile.listener)?);
        Ok(ReadProfile { profile: read.profile.with_friends(friends), ..read })
    }

    /// What makes mixes for a listener, step by step: [`Mixer::retrieve`] for a pool of candidates
    /// and [`Mixer::mix_from`] for a mix of them. [`Self::mix`] does both.
    ///
    /// # Errors
    /// As [`Self::model`].
    pub fn mixer<'a>(&'a self, profile: &'a Profile) -> Result<Mixer<'a>> {
        let scorer = self.model()?.scorer.as_ref();
        Ok(Mixer { catalogue: &self.catalogue, index: &self.index, profile, scorer })
    }

    /// Makes a mix, with the arrivals of this snapshot. It is not logged and no part of an
    /// experiment; see [`Library::mix`](crate::Library::mix) for one that is.
    ///
    /// # Errors
    /// As [`Self::model`] and [`Mixer::mix`].
    pub fn mix(&self, profile: &Profile, request: &MixRequest) -> Result<MixOutcome> {
        Ok(self.mixer(profile)?.mix(&self.completed(request.clone()))?)
    }

    /// Tracks like a track, the most similar first, at most `most`, each with how similar it is.
    /// The same for every listener.
    pub fn similar(&self, track: TrackIdx, most: usize) -> Vec<Similar> {
        let ranker = self.model.as_ref().and_then(|model| model.scorer.ranker());
        let elsewhere = ranker.map(|ranker| ranker.played_along(track)).unwrap_or_default();
        let wanted = Wanted { track, elsewhere: &elsewhere };
        self.similar.similar(&self.catalogue, &self.index, wanted, most)
    }

    /// A way from one track to another in `count` tracks, both ends included, each step as small as
    /// can be.
    pub fn path(&self, ends: [TrackIdx; 2], count: usize) -> Vec<TrackIdx> {
        self.similar.path(&self.catalogue, &self.index, ends, count)
    }

    /// What a listener likes, summed up by artist and genre: [`Self::explain`] needs it beside the
    /// profile. Worth keeping when many tracks are explained to one listener.
    pub fn likes(&self, profile: &Profile) -> Likes {
        Likes::from_profile(&self.catalogue, &self.index, profile)
    }

    /// What can be said of a listener and a track: what the model expects, why, and whether a mix
    /// as requested would leave it out.
    ///
    /// # Errors
    /// As [`Self::model`].
    pub fn explain(
        &self,
        profile: &Profile,
        likes: &Likes,
        track: TrackIdx,
        request: &MixRequest,
    ) -> Result<Explanation> {
        let scorer = self.model()?.scorer.as_ref();
        let (catalogue, index) = (&self.catalogue, &self.index);
        let evidence = scorer.ranker().map(|ranker| ranker.evidence(profile));
        let reasons = Reasons { catalogue, index, profile, likes, evidence, now: request.now };
        Ok(explain(&reasons, scorer, track, request)?)
    }
}

/// The name of the experiment that is running, and its design if this version can read it.
fn running_experiment(store: &Store) -> Result<(Option<String>, Option<Design>)> {
    let Some(entry) = store.running_experiment()? else { return Ok((None, None)) };
    let design = serde_json::from_str(&entry.design).ok();
    Ok((Some(entry.name), design))
}
