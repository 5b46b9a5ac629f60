//! `segue.Library`: the verbs of [`segue::Library`], and the reports that they return.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use segue::ingest::{FileReport, ImportProgress};
use segue::{
    ImportOptions, Imported, Library, ListenerId, PlayDetails, Reaction, Start, Timestamp, TrackId,
    TrainOptions, Trained, stage_in_words,
};

use crate::calls::{SharedLibrary, UserPath, as_python, watched};
use crate::error::Failure;
use crate::snapshot::PySnapshot;

/// A library: a folder with the history, the catalogue and the models of a household or a service.
///
/// `Library(path)` opens the folder, which is made if there is none. One call at a time writes and
/// reads: calls from other threads wait. A program that writes while another one does waits a
/// little and then raises `StorageError`.
#[pyclass(name = "Library", module = "segue", frozen)]
pub(crate) struct PyLibrary {
    folder: PathBuf,
    shared: Arc<SharedLibrary>,
}

/// One path, or several.
#[derive(FromPyObject)]
enum Paths {
    One(UserPath),
    Many(Vec<UserPath>),
}

impl Paths {
    fn into_list(self) -> Vec<PathBuf> {
        match self {
            Self::One(path) => vec![path.0],
            Self::Many(paths) => paths.into_iter().map(|path| path.0).collect(),
        }
    }
}

#[pymethods]
impl PyLibrary {
    #[new]
    fn new(py: Python<'_>, path: UserPath) -> Result<Self, Failure> {
        let folder = path.0;
        let library = py.detach(|| Library::open(&folder))?;
        Ok(Self { folder, shared: Arc::new(SharedLibrary::new(library)) })
    }

    /// Reads exports, tables, folders and zip archives; what a file is, its content tells.
    ///
    /// Plays and feedback go to `listener`. A file that was read before adds nothing. `progress` is
    /// called with a line of text now and then. What cannot be understood in a file is no error:
    /// the report counts it.
    #[pyo3(signature = (paths, listener, *, progress = None))]
    fn import_(
        &self,
        py: Python<'_>,
        paths: Paths,
        listener: &str,
        progress: Option<Py<PyAny>>,
    ) -> Result<PyImportReport, Failure> {
        let (paths, options) = (paths.into_list(), ImportOptions::new(ListenerId::new(listener)));
        let imported = self.shared.with(py, |library| {
            watched(progress, |tell| {
                let mut observer = |at: ImportProgress<'_>| {
                    let (done, all) = (at.bytes_read >> 20, at.bytes_total.div_ceil(1 << 20));
                    tell(format!("{}: {done} of {all} MiB", at.path.display()));
                };
                library.import(&paths, &options, &mut observer)
            })
        })?;
        Ok(PyImportReport(imported))
    }

    /// Learns from all that the library holds and puts the models in use. Takes seconds for one
    /// listener and minutes for many.
    ///
    /// Equal data and seed give equal models. `further=True` goes on from those in use, with what
    /// came since, in a fraction of the time. `progress` is called with a line of text at every
    /// stage.
    #[pyo3(signature = (*, seed = 1, further = false, progress = None))]
    fn train(
        &self,
        py: Python<'_>,
        seed: u64,
        further: bool,
        progress: Option<Py<PyAny>>,
    ) -> Result<PyTrained, Failure> {
        let start = if further { Start::Continue } else { Start::Fresh };
        let options = TrainOptions { seed, start, ..TrainOptions::default() };
        let trained = self.shared.with(py, |library| {
            watched(progress, |tell| {
                library.train(&options, &mut |stage| tell(stage_in_words(stage)))
            })
        })?;
        Ok(PyTrained(trained))
    }

    /// All that the library holds now, with the models in use: what mixes are made from. Take
    /// another one after an import or a training.
    fn snapshot(&self, py: Python<'_>) -> Result<PySnapshot, Failure> {
        let snapshot = self.shared.with(py, |library| Ok(library.snapshot()?))?;
        Ok(PySnapshot::new(Arc::clone(&self.shared), snapshot))
    }

    /// Notes what a listener did with a track, or thinks of it. It is on disk when this returns and
    /// counts in the next mix.
    ///
    /// `reaction` is one of `finished`, `skipped`, `stopped`, `played`, `seen`, `like`,
    /// `not-for-me`, `never`, `saved` and `cleared`. `played_ms` says how long a play was heard,
    /// where that was measured; `at` is an aware `datetime`, now if left out.
    #[pyo3(signature = (listener, track, reaction, *, played_ms = None, at = None))]
    fn record(
        &self,
        py: Python<'_>,
        listener: &str,
        track: &str,
        reaction: &str,
        played_ms: Option<u32>,
        at: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let reaction: Reaction = reaction
            .parse()
            .map_err(|error: segue::UnknownReaction| Failure::input(error.to_string()))?;
        let (track, at) = (TrackId::new(track), at.unwrap_or_else(Timestamp::now));
        let details = PlayDetails { played_ms, ..PlayDetails::default() };
        self.shared.with(py, |library| {
            let listener = library.listener(Some(listener))?;
            Ok(library.record([reaction.about(listener, track, at, details)])?)
        })
    }

    /// Removes a listener with everything derived from them, models that learned from them
    /// included. Returns what was removed, as counts.
    fn forget<'py>(&self, py: Python<'py>, listener: &str) -> Result<Bound<'py, PyAny>, Failure> {
        let report = self.shared.with(py, |library| {
            let listener = library.listener(Some(listener))?;
            Ok(library.forget(&listener)?)
        })?;
        Ok(as_python(py, &report)?)
    }

    /// Copies the whole library, models included, to a folder that does not exist yet. The copy is
    /// a library of its own.
    fn backup(&self, py: Python<'_>, to: UserPath) -> Result<(), Failure> {
        self.shared.with(py, |library| Ok(library.backup(&to.0)?))
    }

    /// The listeners that the library knows, by name.
    #[getter]
    fn listeners(&self, py: Python<'_>) -> Result<Vec<String>, Failure> {
        self.shared.with(py, |library| {
            let listeners = library.store().listeners().map_err(segue::Error::from)?;
            Ok(listeners.into_iter().map(|listener| listener.id.to_string()).collect())
        })
    }

    fn __repr__(&self) -> String {
        format!("<segue.Library {:?}>", self.folder.display().to_string())
    }
}

/// What an import read, and what of it was new.
#[pyclass(name = "ImportReport", module = "segue", frozen)]
pub(crate) struct PyImportReport(Imported);

#[pymethods]
impl PyImportReport {
    /// What of the rows was new to the library and what it had already, as a dict of counts.
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        as_python(py, &self.0.counts)
    }

    /// The account of each file, as dicts: rows read, kept, and dropped by reason.
    #[getter]
    fn files<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        as_python(py, &self.0.report.files)
    }

    /// What a person should look at: files that were not read or not to their end, and rows that
    /// were left out and why.
    #[getter]
    fn problems(&self) -> Vec<String> {
        self.0.report.files.iter().flat_map(problems).collect()
    }

    fn __repr__(&self) -> String {
        let (counts, report) = (&self.0.counts, &self.0.report);
        format!(
            "<segue.ImportReport: {} rows of {} files read; {} plays, {} opinions and {} tracks \
             are new; {} problems>",
            report.total().rows_read,
            report.files.len(),
            counts.listens_added,
            counts.feedback_added,
            counts.tracks_added,
            self.problems().len(),
        )
    }
}

fn problems(file: &FileReport) -> Vec<String> {
    let path = file.path.display();
    let note = file.note.iter().map(|note| format!("{path}: {note}"));
    let dropped = file.dropped.iter().map(|(reason, rows)| {
        let reason = serde_json::to_value(reason).expect("a reason is a word");
        let reason = reason.as_str().unwrap_or_default().replace('_', " ");
        format!("{path}: {rows} rows left out: {reason}")
    });
    note.chain(dropped).collect()
}

/// Models that were trained and are in use.
#[pyclass(name = "TrainReport", module = "segue", frozen)]
pub(crate) struct PyTrained(Trained);

#[pymethods]
impl PyTrained {
    /// The version of the models: equal data and seed, equal version.
    #[getter]
    fn version(&self) -> &str {
        &self.0.version
    }

    /// Whether an earlier training had made the very same models.
    #[getter]
    fn existed(&self) -> bool {
        self.0.existed
    }

    /// What is in the set of models, why, and how well it did, as a dict.
    #[getter]
    fn card<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        as_python(py, &self.0.card)
    }

    fn __repr__(&self) -> String {
        let Trained { version, card, .. } = &self.0;
        let (works, listeners) = (card.items, card.listeners);
        format!("<segue.TrainReport: model {version}, {works} works, {listeners} listeners>")
    }
}
