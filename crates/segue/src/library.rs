//! A library: one folder with the event log, the catalogue and the models of a household or a
//! service, and the few verbs that everything else is a thin skin of.

use std::path::Path;

use segue_core::{Impression, ListenerId};
use segue_ingest::{ImportOptions, ImportReport, Observer};
use segue_models::likability::Stage;
use segue_store::{Entry, Event, ForgetReport, ImportCounts, ImpressionId, Store};

use crate::models::{self, StandardModels, Trained};
use crate::next_track::{self, NextTrack, Start, TrainedNextTrack};
use crate::{Dataset, Error, Result, Snapshot, StoreSink};

/// At most so many listeners are named in an error.
const NAMED: usize = 8;

/// An open library.
///
/// ```no_run
/// use segue::{Library, MixRequest, Timestamp};
///
/// # fn main() -> segue::Result<()> {
/// let mut library = Library::open("my-library".as_ref())?;
/// let options = segue::ImportOptions::new("ann".into());
/// library.import(&["my_spotify_data.zip", "tracks.csv"], &options, &mut ())?;
/// library.train(1, &mut |_| {})?;
///
/// let snapshot = library.snapshot()?;
/// let listener = library.listener(None)?;
/// let profile = snapshot.profile(library.store(), &listener)?;
/// let mix = snapshot.mix(&profile, &MixRequest::new(Timestamp::now()))?;
/// println!("{}", mix.headline());
/// # Ok(())
/// # }
/// ```
pub struct Library {
    store: Store,
}

/// What an import gave.
#[derive(Debug)]
pub struct Imported {
    /// What was read of each file, and what was dropped and why.
    pub report: ImportReport,
    /// What of it was new to the library.
    pub counts: ImportCounts,
}

impl Library {
    /// Opens the library in a folder, which is made if there is none.
    ///
    /// # Errors
    /// When the folder cannot be made or the store in it not be opened.
    pub fn open(folder: &Path) -> Result<Self> {
        Ok(Self { store: Store::open(folder)? })
    }

    /// The store beneath: the event log, exclusions, keys, experiments and the registry of models.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The store beneath, to be written to.
    pub fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Reads files, folders and zip archives into the library. A file that was read before adds
    /// nothing, and one that was cut off goes on where it stopped. `observer` is told how far it is.
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
        let report = segue_ingest::import(paths, options, observer, &mut sink)?;
        Ok(Imported { report, counts: sink.counts() })
    }

    /// Everything that the library holds, folded: the catalogue and one profile a listener.
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

    /// Learns what every listener likes, and puts the model in use. Equal data and seed give an
    /// equal model, byte for byte.
    ///
    /// # Errors
    /// When nothing was imported, or too little is known of what anybody likes.
    pub fn train(&mut self, seed: u64, progress: &mut dyn FnMut(Stage)) -> Result<Trained> {
        let dataset = self.dataset()?;
        models::train(&mut self.store, &dataset, seed, progress)
    }

    /// Learns what follows what, for [`Self::next`], and puts the model in use.
    ///
    /// # Errors
    /// When nothing was imported, no play has a time, or [`Start::Continue`] finds no model.
    pub fn train_next_track(
        &mut self,
        start: Start,
        seed: u64,
        progress: &mut dyn FnMut(next_track::Progress),
    ) -> Result<TrainedNextTrack> {
        let dataset = self.dataset()?;
        next_track::train(&mut self.store, &dataset.catalogue, start, seed, progress)
    }

    /// Takes a snapshot of all that the library holds now, with the model in use.
    ///
    /// # Errors
    /// When the store cannot be read or the model in use not be used.
    pub fn snapshot(&self) -> Result<Snapshot> {
        Snapshot::take(&self.store, &StandardModels, 1).map_err(|error| {
            match error.downcast::<Error>() {
                Ok(error) => *error,
                Err(source) => Error::UnusableModel { version: "in use".to_owned(), source },
            }
        })
    }

    /// The listener of a name, else the only one there is.
    ///
    /// # Errors
    /// [`Error::NoListener`] or [`Error::SeveralListeners`] where no name was given.
    pub fn listener(&self, named: Option<&str>) -> Result<ListenerId> {
        if let Some(name) = named {
            return Ok(ListenerId::new(name));
        }
        let listeners = self.store.listeners()?;
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
    pub fn record(&mut self, events: impl IntoIterator<Item = Event>) -> Result<()> {
        let entries: Vec<Entry> = events.into_iter().map(Entry::from).collect();
        for appended in self.store.append(&entries)? {
            appended?;
        }
        Ok(())
    }

    /// What a listener is likely to turn to now, by the sequence model: at most `most` works, the
    /// likeliest first, with those played before or without.
    ///
    /// # Errors
    /// [`Error::NoModel`] before the first [`Self::train_next_track`].
    pub fn next(
        &self,
        listener: &ListenerId,
        most: usize,
        familiarity: next_track::Played,
    ) -> Result<(Dataset, Vec<NextTrack>)> {
        let dataset = self.dataset()?;
        let next = next_track::next(&self.store, &dataset.catalogue, listener, most, familiarity)?;
        Ok((dataset, next))
    }

    /// Removes a listener with everything derived from them, models that learned from them
    /// included.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn forget(&mut self, listener: &ListenerId) -> Result<ForgetReport> {
        Ok(self.store.forget(listener)?)
    }

    /// Copies the whole library to a folder that does not exist yet, while it is in use.
    ///
    /// # Errors
    /// When the folder exists or cannot be written.
    pub fn backup(&self, to: &Path) -> Result<()> {
        Ok(self.store.backup(to)?)
    }
}
