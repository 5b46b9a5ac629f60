//! `segue.Snapshot`: the library at one moment, to mix, search and explain from.

use std::sync::Arc;

use pyo3::prelude::*;
use segue::{
    Error, Familiarity, Library, ListenerId, MixRequest, PolicyKind, Settings, Snapshot, Timestamp,
    TrackId, TrackIdx, sentence,
};

use crate::calls::SharedLibrary;
use crate::error::Failure;
use crate::mix::PyMix;

/// Everything that mixes are made from, as it was at one moment. What listeners do meanwhile counts
/// all the same: it is read when a mix is made.
#[pyclass(name = "Snapshot", module = "segue", frozen)]
pub(crate) struct PySnapshot {
    shared: Arc<SharedLibrary>,
    snapshot: Snapshot,
}

impl PySnapshot {
    pub(crate) fn new(shared: Arc<SharedLibrary>, snapshot: Snapshot) -> Self {
        Self { shared, snapshot }
    }
}

#[pymethods]
impl PySnapshot {
    /// Makes a mix for a listener, and logs it as shown with the probability of every pick.
    ///
    /// `listener` may be left out where there is one. `explore` is the dial from 0, what they know,
    /// to 1, what they do not. The same `seed` draws the same mix; without one each is another.
    /// `only` is `any`, `owned`, `heard` or `new`. `after` are tracks to go on from. While an
    /// experiment runs, what is left open here is as its arms have it. `log=False` makes a mix that
    /// is not logged and has no id.
    #[pyo3(signature = (listener = None, *, explore = None, length = None, seed = None,
        only = None, policy = None, no_repeat_days = None, artist_cap = None, album_cap = None,
        after = Vec::new(), without_artists = Vec::new(), log = true))]
    #[expect(clippy::too_many_arguments, reason = "each is a keyword with a default in Python")]
    fn mix(
        &self,
        py: Python<'_>,
        listener: Option<&str>,
        explore: Option<f32>,
        length: Option<u32>,
        seed: Option<u64>,
        only: Option<&str>,
        policy: Option<&str>,
        no_repeat_days: Option<u32>,
        artist_cap: Option<u32>,
        album_cap: Option<u32>,
        after: Vec<String>,
        without_artists: Vec<String>,
        log: bool,
    ) -> Result<PyMix, Failure> {
        let policy = policy.map(str::parse::<PolicyKind>).transpose();
        let policy = policy.map_err(|error| Failure::input(error.to_string()))?;
        let given = Settings { explore, policy, artist_cap, album_cap, no_repeat_days };
        let now = Timestamp::now();
        let usual = MixRequest::new(now);
        let request = given.apply(MixRequest {
            length: length.unwrap_or(usual.length),
            seed: seed.unwrap_or_else(|| now.as_nanosecond() as u64),
            familiarity: familiarity(only)?,
            after: after.iter().map(|id| TrackId::new(id.as_str())).collect(),
            exclude_artists: without_artists,
            ..usual
        });
        let (id, outcome) = self.shared.with(py, |library| {
            let listener = library.listener(listener)?;
            for track in &request.after {
                self.snapshot.find(track.as_str())?;
            }
            let part = self.snapshot.part(&listener, given)?;
            let profile = self.snapshot.profile(library.store(), &listener)?;
            let made = self.snapshot.mix_in_experiment(&part, &profile, &request)?;
            let id = match log {
                true => library.log(&made.impressions(&part, now))?.first().copied(),
                false => None,
            };
            Ok((id, made.outcome))
        })?;
        Ok(PyMix::new(py, &self.snapshot, &outcome, id)?)
    }

    /// What comes next, going on from what the listener played last. Nothing is drawn by chance and
    /// nothing is logged. `only="new"` leaves out what they know.
    #[pyo3(signature = (listener = None, *, length = 10, only = None))]
    fn next(
        &self,
        py: Python<'_>,
        listener: Option<&str>,
        length: u32,
        only: Option<&str>,
    ) -> Result<PyMix, Failure> {
        let familiarity = familiarity(only)?;
        let outcome = self.shared.with(py, |library| {
            let profile = self.snapshot.profile(library.store(), &library.listener(listener)?)?;
            let going_on =
                MixRequest::going_on(&self.snapshot.catalogue, &profile, Timestamp::now());
            let request = MixRequest { length, familiarity, ..going_on };
            Ok(self.snapshot.mix(&profile, &request)?)
        })?;
        Ok(PyMix::new(py, &self.snapshot, &outcome, None)?)
    }

    /// Tracks like a track, the most similar first: the same for every listener.
    #[pyo3(signature = (track, n = 10))]
    fn similar(
        &self,
        py: Python<'_>,
        track: &str,
        n: usize,
    ) -> Result<Vec<PySimilarTrack>, Failure> {
        let row = self.snapshot.find(track)?;
        let found = py.detach(|| self.snapshot.similar(row, n));
        let similar = |found: &segue_engine::similar::Similar| PySimilarTrack {
            track: self.track_at(found.track),
            similarity: found.similarity,
            together: found.together,
        };
        Ok(found.iter().map(similar).collect())
    }

    /// What can be said of a track to a listener: what the models expect, why it would be in a mix,
    /// and whether something keeps it out of one.
    #[pyo3(signature = (listener, track))]
    fn explain(
        &self,
        py: Python<'_>,
        listener: Option<&str>,
        track: &str,
    ) -> Result<PyExplanation, Failure> {
        let row = self.snapshot.find(track)?;
        let explanation = self.shared.with(py, |library| {
            let listener = library.listener(listener)?;
            Ok(self.explained(library, &listener, row)?)
        })?;
        Ok(PyExplanation {
            track: self.track_at(row),
            likability: explanation.likability.mean,
            uncertainty: explanation.likability.uncertainty,
            is_new: explanation.is_new,
            reason: sentence(&explanation.reason),
            plays: explanation.work.as_ref().map_or(0, |work| work.plays),
            left_out: explanation.left_out.map(|step| step.name()),
            near: explanation.near.iter().map(|near| self.track_at(near.track)).collect(),
        })
    }

    /// Looks for words in titles, artists and albums, as people type them: accents, letter case and
    /// a wrong letter do not count. At most `n` tracks, the most popular first.
    #[pyo3(signature = (words, n = 10))]
    fn search(&self, py: Python<'_>, words: &str, n: usize) -> Vec<PyTrack> {
        let found = py.detach(|| self.snapshot.search(words, n));
        found.tracks.iter().map(|&row| self.track_at(row)).collect()
    }

    /// What is known of a track by its id.
    fn track(&self, id: &str) -> Result<PyTrack, Failure> {
        Ok(self.track_at(self.snapshot.find(id)?))
    }

    /// The version of the models that mixes are made with; `None` before the first training.
    #[getter]
    fn model_version(&self) -> Option<&str> {
        self.snapshot.model_version()
    }

    /// Why mixes are made with other models than those in use, as a sentence; `None` where all is
    /// well.
    #[getter]
    fn fallback(&self) -> Option<&str> {
        self.snapshot.fallback.as_deref()
    }

    /// How many tracks there are.
    fn __len__(&self) -> usize {
        self.snapshot.catalogue.len()
    }

    fn __repr__(&self) -> String {
        let model = self.snapshot.model_version().unwrap_or("none");
        format!("<segue.Snapshot: {} tracks, model {model}>", self.__len__())
    }
}

impl PySnapshot {
    fn explained(
        &self,
        library: &Library,
        listener: &ListenerId,
        row: TrackIdx,
    ) -> Result<segue_engine::explain::Explanation, Error> {
        let profile = self.snapshot.profile(library.store(), listener)?;
        let likes = self.snapshot.likes(&profile);
        self.snapshot.explain(&profile, &likes, row, &MixRequest::new(Timestamp::now()))
    }

    fn track_at(&self, row: TrackIdx) -> PyTrack {
        let track = self.snapshot.catalogue.track(row);
        PyTrack {
            id: track.id.to_string(),
            title: track.display_title().into_owned(),
            artists: track.artists.clone(),
            album: track.album.clone(),
            year: track.year,
            genre: track.genre.clone(),
        }
    }
}

fn familiarity(only: Option<&str>) -> Result<Familiarity, Failure> {
    let Some(name) = only else { return Ok(Familiarity::Any) };
    let unknown = || format!("`only` is `any`, `owned`, `heard` or `new`, not `{name}`");
    Familiarity::named(name).ok_or_else(|| Failure::input(unknown()))
}

/// A track of the catalogue.
#[pyclass(name = "Track", module = "segue", frozen, get_all)]
#[derive(Clone)]
pub(crate) struct PyTrack {
    /// Its name in the world, such as a URI: what `record`, `similar` and `explain` take.
    id: String,
    /// What it is called.
    title: String,
    /// Who plays it, the main artist first.
    artists: Vec<String>,
    /// The album that it is from, if that is known.
    album: Option<String>,
    /// The year of its release, as far as the source knows it.
    year: Option<u16>,
    /// The genre in the words of the source.
    genre: Option<String>,
}

#[pymethods]
impl PyTrack {
    fn __repr__(&self) -> String {
        format!("<segue.Track {:?}: {} – {}>", self.id, self.artists.join(", "), self.title)
    }
}

/// A track that is like another.
#[pyclass(name = "SimilarTrack", module = "segue", frozen, get_all)]
pub(crate) struct PySimilarTrack {
    /// The track.
    track: PyTrack,
    /// How like both are, 0 to 1. It is no probability.
    similarity: f32,
    /// How many listeners like both.
    together: u32,
}

#[pymethods]
impl PySimilarTrack {
    fn __repr__(&self) -> String {
        let PyTrack { title, artists, .. } = &self.track;
        format!("<segue.SimilarTrack: {} – {title}, {:.2}>", artists.join(", "), self.similarity)
    }
}

/// What can be said of a track to a listener.
#[pyclass(name = "Explanation", module = "segue", frozen, get_all)]
pub(crate) struct PyExplanation {
    /// The track.
    track: PyTrack,
    /// Predicted probability that the listener likes it.
    likability: f32,
    /// How far the models behind that disagree, as a standard deviation.
    uncertainty: f32,
    /// Whether nothing shows that the listener knew the song.
    is_new: bool,
    /// Why it would be in a mix, as a sentence.
    reason: String,
    /// How often the listener played the song, in any version.
    plays: u32,
    /// The filter that keeps it out of a mix; `None` if it may be in one.
    left_out: Option<&'static str>,
    /// What the listener likes that sounds most like it.
    near: Vec<PyTrack>,
}

#[pymethods]
impl PyExplanation {
    fn __repr__(&self) -> String {
        let Self { track, likability, reason, .. } = self;
        let PyTrack { title, artists, .. } = track;
        let artists = artists.join(", ");
        format!("<segue.Explanation: {artists} – {title}, likability {likability:.2}: {reason}>")
    }
}
