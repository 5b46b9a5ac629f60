//! A library: one folder with the event log, the catalogue and the models of a household or a
//! service, and the few verbs that everything else is a thin skin of.

use std::path::Path;

use segue_core::{Impression, ListenerId};
use segue_engine::experiment::Settings;
use segue_engine::pipeline::{MixOutcome, MixRequest};
use segue_ingest::{ImportOptions, ImportReport, Observer};
use segue_models::set::SetStage;
use segue_store::{Entry, Event, ForgetReport, ImportCounts, ImpressionId, Store};

use crate::models::{self, StandardModels, TrainOptions, Trained};
use crate::sources::{SourceOutcome, source_outcomes};
use crate::{Dataset, Error, Result, Snapshot, StoreSink, catalogue};

/// At most so many listeners are named in an error.
const NAMED: usize = 8;

/// An open library: a folder, and the verbs that change it.
///
/// One process should write at a time. A library can be sent to another thread but not be shared;
/// threads that only mix share a [`Snapshot`] instead, and those that read the log open the folder
/// a second time: readers see what was committed and wait for nobody.
///
/// # Examples
/// From files to a mix (training takes seconds, so this one is only compiled):
/// ```no_run
/// use segue::{ImportOptions, Library, ListenerId, MixRequest, Timestamp, TrainOptions};
///
/// # fn main() -> segue::Result<()> {
/// let ann = ListenerId::new("ann");
/// let mut library = Library::open("my-library")?;
/// let options = ImportOptions::new(ann.clone());
/// library.import(&["my_spotify_data.zip", "tracks.csv"], &options, &mut ())?;
/// library.train(&TrainOptions::default(), &mut |_| {})?;
///
/// let snapshot = library.snapshot()?;
/// let mix = library.mix(&snapshot, &ann, &MixRequest::new(Timestamp::now()))?;
/// println!("{}", mix.outcome.headline());
/// # Ok(())
/// # }
/// ```
/// A table of tracks alone makes a catalogue, but no listener and no model:
/// ```
/// use segue::{Error, ImportOptions, Library, ListenerId, TrainOptions};
///
/// # let folder = tempfile::tempdir()?;
/// let table = folder.path().join("tracks.csv");
/// std::fs::write(&table, "track_id,track_name,artist_name,tempo\nt1,Slow,The Dots,80\n")?;
/// let mut library = Library::open(folder.path().join("library"))?;
/// assert!(matches!(library.dataset(), Err(Error::NothingImported)));
///
/// let imported = library.import(&[table], &ImportOptions::new(ListenerId::new("ann")), &mut ())?;
/// assert_eq!(imported.counts.tracks_added, 1);
/// let outcome = library.train(&TrainOptions::default(), &mut |_| {});
/// assert!(matches!(outcome, Err(Error::Training(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Library {
    store: Store,
}

/// What an import gave: the account of the reader and that of the store.
///
/// They differ where rows were read that the library knew. Both add up: no row is lost unsaid.
#[derive(Debug)]
pub struct Imported {
    /// What was read of each file, and what was dropped and why.
    pub report: ImportReport,
    /// What of it was new to the library, and what it had already.
    pub counts: ImportCounts,
}

/// A mix that is in the log, as made by [`Library::mix`].
#[derive(Clone, Debug)]
pub struct LoggedMix {
    /// Names the mix in the log, for [`Store::impression`].
    pub id: ImpressionId,
    /// The mix: its slate with the picks in playing order, and notes on what is not as asked.
    pub outcome: MixOutcome,
    /// Arms of a shadow experiment that could not make their shadow; none without an experiment.
    pub failed_arms: Vec<String>,
}

impl Library {
    /// Opens the library in a folder, which is made if there is none.
    ///
    /// A library that an older version of Segue wrote is brought up to date; one that a newer
    /// version wrote is refused.
    ///
    /// # Errors
    /// [`Error::Store`] when the folder cannot be made or the store in it not be opened.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { store: Store::open(folder.as_ref())? })
    }

    /// Opens the library in a folder to read it: nothing there is changed, and it may lie where
    /// nothing can be written. A folder without a library reads as an empty one.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be opened. Verbs that write fail.
    pub fn open_to_read(folder: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { store: Store::open_to_read(folder.as_ref())? })
    }

    /// The store beneath, to read from: the event log with impressions and plays, exclusions, keys,
    /// experiments and the registry of models.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The store beneath, to be written to, for what has no verb here, such as exclusions and the
    /// start of an experiment. Prefer [`Self::record`] and [`Self::log`] for events.
    pub fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Reads files, folders and zip archives into the library; what a file is, its content tells.
    ///
    /// Plays and feedback go to the listener of `options`. Tables of tracks and their audio
    /// features describe the catalogue and belong to nobody, whoever is named. An identifier in a
    /// table that no service is known by, such as `t1`, becomes `item:t1`. A file that was read
    /// before adds nothing, and one that was cut off goes on where it stopped. `observer` is told
    /// how far it is: a closure, or `&mut ()` for nobody.
    ///
    /// # Errors
    /// When a path does not exist, a file cannot be read or the store not be written. What cannot
    /// be understood in a file is no error: the report counts it.
    pub fn import<P: AsRef<Path>>(
        &mut self,
        paths: &[P],
        options: &ImportOptions,
        observer: &mut dyn Observer,
    ) -> Result<Imported> {
        let mut sink = StoreSink::new(&mut self.store, options);
        let read = segue_ingest::import(paths, options, observer, &mut sink);
        let counts = sink.finish()?;
        Ok(Imported { report: read?, counts })
    }

    /// Everything that the library holds, folded: the catalogue and one profile a listener.
    ///
    /// It reads the whole log. To mix for one listener take a [`snapshot`](Self::snapshot) and its
    /// [`profile`](Snapshot::profile) instead.
    ///
    /// # Errors
    /// [`Error::NothingImported`] if there is no track.
    pub fn dataset(&self) -> Result<Dataset> {
        let dataset = Dataset::load(&self.store)?;
        match dataset.catalogue.is_empty() {
            true => Err(Error::NothingImported),
            false => Ok(dataset),
        }
    }

    /// Learns what listeners like, turn to again and try, from all of them together, and puts the
    /// set of models in use.
    ///
    /// Takes seconds for one listener and minutes for many; `progress` is told how far it is. Equal
    /// data and options give an equal set, byte for byte. Snapshots taken before keep theirs: take
    /// another one to mix by the new.
    ///
    /// # Errors
    /// [`Error::NothingImported`], [`Error::Training`] where nobody played, saved or liked
    /// anything, or [`Error::NoSet`] where there is nothing to [continue](crate::Start::Continue)
    /// from.
    pub fn train(
        &mut self,
        options: &TrainOptions,
        progress: &mut dyn FnMut(SetStage),
    ) -> Result<Trained> {
        models::train(&mut self.store, options, progress)
    }

    /// Puts a model in use that was trained before, whole: members, likability and rankings, once
    /// its files are known to hold what was registered. Take another snapshot to mix by it.
    ///
    /// # Errors
    /// [`Error::CannotServe`], [`Error::UnusableModel`] where the files are damaged, or
    /// [`Error::Store`] for a version that nobody registered.
    pub fn activate(&mut self, version: &str) -> Result<()> {
        models::activate(&mut self.store, &StandardModels, version)
    }

    /// Takes a snapshot of all that the library holds now, with the model in use.
    ///
    /// It reads the whole log, so take one after an import or a training and not for every request.
    /// A snapshot without a model is no error; mixing from it is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot> {
        Snapshot::take(&self.store, &StandardModels, 1).map_err(|error| {
            match error.downcast::<Error>() {
                Ok(error) => *error,
                Err(source) => Error::UnusableModel { version: "in use".to_owned(), source },
            }
        })
    }

    /// The listener of a name, else the only one there is: what a command line or a form needs that
    /// may leave the name out. A name that nobody has is a slip: only an import makes a listener.
    ///
    /// # Errors
    /// [`Error::NoListener`] where there is none, [`Error::UnknownListener`] where nobody has the
    /// name, [`Error::SeveralListeners`] where no name was given.
    pub fn listener(&self, named: Option<&str>) -> Result<ListenerId> {
        let asked = named.map(ListenerId::new);
        if let Some(asked) = &asked
            && self.store.has_listener(asked)?
        {
            return Ok(asked.clone());
        }
        let listeners = self.store.listeners()?;
        if let Some(asked) = asked
            && !listeners.is_empty()
        {
            let names = listeners.iter().map(|summary| summary.id.as_str());
            let (name, like) = (asked.to_string(), most_like(asked.as_str(), names));
            return Err(Error::UnknownListener { name, like });
        }
        match &listeners[..] {
            [only] => Ok(only.id.clone()),
            [] => Err(Error::NoListener),
            several => {
                let some: Vec<String> =
                    several.iter().take(NAMED).map(|summary| format!("`{}`", summary.id)).collect();
                Err(Error::SeveralListeners { count: several.len(), some: some.join(", ") })
            }
        }
    }

    /// Makes a mix for a listener and logs it as shown: what most callers want.
    ///
    /// The profile is read from the library now, so feedback recorded a moment ago counts, whatever
    /// the age of the snapshot. It is one with the catalogue and model of the snapshot.
    ///
    /// While an experiment runs, the mix is part of it, and what the experiment varies replaces
    /// what `request` says. To keep settings that the listener chose, or to make a mix that is not
    /// logged, use [`Snapshot::part`] with [`Snapshot::mix_in_experiment`], or [`Snapshot::mix`].
    ///
    /// # Errors
    /// As [`Snapshot::part`] and [`Snapshot::mix`], and when the store cannot be written.
    pub fn mix(
        &mut self,
        snapshot: &Snapshot,
        listener: &ListenerId,
        request: &MixRequest,
    ) -> Result<LoggedMix> {
        let profile = snapshot.profile(&self.store, listener)?;
        let part = snapshot.part(listener, Settings::default())?;
        let made = snapshot.mix_in_experiment(&part, &profile, request)?;
        let ids = self.log(&made.impressions(&part, request.now))?;
        let failed_arms = made.failed.iter().map(|(arm, _)| arm.name.clone()).collect();
        Ok(LoggedMix { id: ids[0], outcome: made.outcome, failed_arms })
    }

    /// Logs what was shown, durably: the mix and, if an experiment runs, its shadows. The first one
    /// is the one that the listener saw; its identifier is returned first.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn log(&mut self, impressions: &[Impression]) -> Result<Vec<ImpressionId>> {
        Ok(self.store.log_impressions(impressions)?)
    }

    /// Appends feedback and plays to the log, durably: they count in the next mix. Events are made
    /// by [`Reaction::about`](crate::Reaction::about).
    ///
    /// # Errors
    /// When the store cannot be written, or the first event that was refused, such as one about a
    /// track that the catalogue lacks. The others are recorded.
    ///
    /// # Examples
    /// ```
    /// use segue::{Library, ListenerId, PlayDetails, Reaction, Timestamp, TrackId};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let table = folder.path().join("tracks.csv");
    /// # std::fs::write(&table, "track_id,track_name,artist_name,tempo\nt1,Slow,Dots,80\n")?;
    /// # let mut library = Library::open(folder.path().join("library"))?;
    /// let ann = ListenerId::new("ann");
    /// # library.import(&[table], &segue::ImportOptions::new(ann.clone()), &mut ())?;
    /// let liked = |track: &str| {
    ///     let (track, now) = (TrackId::new(track), Timestamp::now());
    ///     Reaction::LIKE.about(ann.clone(), track, now, PlayDetails::default())
    /// };
    /// library.record([liked("item:t1")])?;
    /// assert_eq!(library.store().feedback(&ann)?.len(), 1);
    /// assert!(library.record([liked("item:t9")]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record(&mut self, events: impl IntoIterator<Item = Event>) -> Result<()> {
        let entries: Vec<Entry> = events.into_iter().map(Entry::from).collect();
        for appended in self.store.append(&entries)? {
            appended?;
        }
        Ok(())
    }

    /// Which source of retrieval gave what was liked: what became, within a week, of the picks that
    /// each named, over all mixes that were shown. It reads every mix in the log.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn source_outcomes(&self) -> Result<Vec<SourceOutcome>> {
        let catalogue = catalogue(&self.store)?;
        source_outcomes(&self.store, &catalogue)
    }

    /// Removes a listener with everything derived from them, models that learned from them
    /// included. If the model in use is among them, there is none until the next training: take
    /// another snapshot, since those taken before still hold it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn forget(&mut self, listener: &ListenerId) -> Result<ForgetReport> {
        Ok(self.store.forget(listener)?)
    }

    /// Copies the whole library, models included, to a folder that does not exist yet, while it is
    /// in use. The copy is a library of its own: open it to restore.
    ///
    /// # Errors
    /// When the folder exists or cannot be written, or the copy would be of a damaged database, or
    /// the model in use is not what was registered: a backup that cannot be restored is none.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<()> {
        self.check_model_in_use()?;
        Ok(self.store.backup(to.as_ref())?)
    }
}

/// The name that was meant, most likely: one that differs in case, or in one letter of three.
pub(crate) fn most_like<'a>(asked: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let folded = asked.to_lowercase();
    let most = folded.chars().count().div_ceil(3).min(3);
    let wrong = names.map(|name| (strsim::osa_distance(&folded, &name.to_lowercase()), name));
    let near = wrong.filter(|(wrong, _)| *wrong <= most).min();
    near.map(|(_, name)| name.to_owned())
}
