//! `segue.Mix` and `segue.Pick`: a mix as it is printed, shown in a notebook and walked through.

use maud::html;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyTuple};
use segue::{ImpressionId, MixOutcome, Snapshot, sentence};

/// One track of a mix.
#[pyclass(name = "Pick", module = "segue", frozen, get_all)]
pub(crate) struct PyPick {
    /// The id of the track, to record what became of it.
    track: String,
    /// Who plays it, as credited.
    artist: String,
    /// What it is called.
    title: String,
    /// Why it was picked, as a sentence.
    reason: String,
    /// Predicted probability that the listener likes it.
    likability: f32,
    /// How far the models behind that disagree, as a standard deviation.
    uncertainty: f32,
    /// Probability with which it was picked at its turn.
    propensity: f64,
    /// Whether nothing shows that the listener knew the song.
    is_new: bool,
}

#[pymethods]
impl PyPick {
    fn __repr__(&self) -> String {
        let Self { artist, title, reason, likability, .. } = self;
        let new = if self.is_new { ", new" } else { "" };
        format!("<segue.Pick: {artist} – {title}{new}, likability {likability:.2}: {reason}>")
    }
}

/// A mix: picks in playing order. It has a length and can be walked through and indexed.
#[pyclass(name = "Mix", module = "segue", frozen)]
pub(crate) struct PyMix {
    /// The number of the mix in the log; `None` for one that was not logged.
    #[pyo3(get)]
    id: Option<i64>,
    /// For whom it was made.
    #[pyo3(get)]
    listener: String,
    /// How much of it is new, in a few words.
    #[pyo3(get)]
    headline: String,
    /// What is not as asked, as sentences; empty where all is.
    #[pyo3(get)]
    notes: Vec<String>,
    /// The seed that it was drawn with: the same one makes the same mix again.
    #[pyo3(get)]
    seed: u64,
    picks: Py<PyTuple>,
}

impl PyMix {
    pub(crate) fn new(
        py: Python<'_>,
        snapshot: &Snapshot,
        outcome: &MixOutcome,
        id: Option<ImpressionId>,
    ) -> PyResult<Self> {
        let pick = |pick: &segue::Pick| {
            let track = snapshot.track(&pick.track);
            Py::new(
                py,
                PyPick {
                    track: pick.track.to_string(),
                    artist: track.map(|track| track.artists.join(", ")).unwrap_or_default(),
                    title: track.map(|t| t.display_title().into_owned()).unwrap_or_default(),
                    reason: sentence(&pick.reason),
                    likability: pick.likability,
                    uncertainty: pick.uncertainty,
                    propensity: pick.propensity,
                    is_new: pick.new_to_listener,
                },
            )
        };
        let picks = outcome.slate.picks.iter().map(pick).collect::<PyResult<Vec<_>>>()?;
        Ok(Self {
            id: id.map(|id| id.0),
            listener: outcome.slate.listener.to_string(),
            headline: outcome.headline(),
            notes: outcome.notes.iter().map(ToString::to_string).collect(),
            seed: outcome.slate.config.seed,
            picks: PyTuple::new(py, picks)?.unbind(),
        })
    }
}

#[pymethods]
impl PyMix {
    fn __len__(&self, py: Python<'_>) -> usize {
        self.picks.bind(py).len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.picks.bind(py).try_iter()
    }

    fn __getitem__<'py>(&self, at: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.picks.bind(at.py()).as_any().get_item(at)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let picks = self.picks(py)?;
        let named = |(number, pick): (usize, &Bound<'_, PyPick>)| {
            let PyPick { artist, title, reason, likability, is_new, .. } = pick.get();
            let (number, percent) = (number + 1, 100.0 * likability);
            let new = if *is_new { "new" } else { "" };
            format!("{number:>3}  {new:<3} {percent:>3.0} %  {artist} – {title}: {reason}")
        };
        let picks = picks.iter().enumerate().map(named);
        let head = format!("Mix for {}: {}", self.listener, self.headline);
        let notes = self.notes.iter().map(|note| format!("note: {note}"));
        Ok(std::iter::once(head).chain(picks).chain(notes).collect::<Vec<_>>().join("\n"))
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        let picks = self.picks(py)?;
        let page = html! {
            table {
                caption { "Mix for " (self.listener) ": " (self.headline) }
                thead { tr {
                    @for name in ["", "artist", "title", "", "likely", "why"] { th { (name) } }
                } }
                tbody { @for (number, pick) in picks.iter().enumerate() {
                    @let pick = pick.get();
                    tr {
                        td { (number + 1) }
                        td { (pick.artist) }
                        td { (pick.title) }
                        td { @if pick.is_new { "new" } }
                        td { (format!("{:.0} %", 100.0 * pick.likability)) }
                        td { (pick.reason) }
                    }
                } }
            }
            @for note in &self.notes { p { (note) } }
        };
        Ok(page.into_string())
    }
}

impl PyMix {
    fn picks<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyPick>>> {
        self.picks.bind(py).extract()
    }
}
