//! An edition: catalogue, index, model and experiment as they belong together, never changed, only
//! replaced as a whole.
//!
//! A request takes the edition that is current and keeps it until it has answered, so that nothing
//! is swapped under it. What replaces it is built beside it.

use std::sync::Arc;

use segue_core::TrackId;
use segue_engine::Index;
use segue_engine::experiment::Design;
use segue_engine::mix::arrivals::arrivals;
use segue_engine::similar::SimilarIndex;
use segue_engine::{Catalogue, TrackIdx};
use segue_home::Dataset;
use segue_store::{Marks, Store};

use crate::error::{ApiError, ApiResult};
use crate::models::{Loaded, Models, ModelsError};

/// More words are not looked for.
const MOST_WORDS: usize = 12;

/// What requests are answered from.
pub(crate) struct Edition {
    /// Counts editions of this process.
    pub(crate) number: u64,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) index: Arc<Index>,
    pub(crate) similar: Arc<SimilarIndex>,
    pub(crate) model: Option<Loaded>,
    /// Tracks that came after the model was trained and that few have answered.
    pub(crate) arrivals: Vec<TrackId>,
    /// The experiment that is running.
    pub(crate) experiment: Option<Design>,
    /// The name of the one that the store says is running: that of another version of Segue may not
    /// be readable.
    pub(crate) experiment_name: Option<String>,
    /// How far the store was when it was built.
    pub(crate) marks: Marks,
}

impl Edition {
    /// The first one, of an empty home.
    pub(crate) fn empty() -> Self {
        let catalogue = Catalogue::default();
        let index = Index::build(&catalogue, []);
        let similar = SimilarIndex::build(&catalogue, &index, []);
        Self {
            number: 0,
            index: Arc::new(index),
            similar: Arc::new(similar),
            catalogue: Arc::new(catalogue),
            model: None,
            arrivals: Vec::new(),
            experiment: None,
            experiment_name: None,
            marks: Marks::default(),
        }
    }

    /// Builds one from all that the store holds now. Minutes of work for a large home: not for a
    /// request to wait for.
    pub(crate) fn build(
        store: &Store,
        models: &dyn Models,
        number: u64,
    ) -> Result<Self, ModelsError> {
        let marks = store.marks()?;
        let Dataset { catalogue, profiles } = Dataset::load(store)?;
        let index = Index::build(&catalogue, &profiles);
        let similar = SimilarIndex::build(&catalogue, &index, &profiles);
        let model = models.load(store, &catalogue)?;
        let lately = match &model {
            Some(model) => store.tracks_added_after(model.trained_at)?,
            None => Vec::new(),
        };
        let (experiment_name, experiment) = running_experiment(store)?;
        let rows = lately.iter().filter_map(|track| catalogue.find(track));
        Ok(Self {
            number,
            arrivals: arrivals(&catalogue, &profiles, rows),
            experiment,
            experiment_name,
            marks,
            index: Arc::new(index),
            similar: Arc::new(similar),
            catalogue,
            model,
        })
    }

    /// The same catalogue with the model and the experiment that are in use now.
    pub(crate) fn with_model(
        &self,
        store: &Store,
        models: &dyn Models,
        number: u64,
    ) -> Result<Self, ModelsError> {
        let (experiment_name, experiment) = running_experiment(store)?;
        Ok(Self {
            number,
            catalogue: Arc::clone(&self.catalogue),
            index: Arc::clone(&self.index),
            similar: Arc::clone(&self.similar),
            model: models.load(store, &self.catalogue)?,
            arrivals: self.arrivals.clone(),
            experiment,
            experiment_name,
            marks: self.marks,
        })
    }

    /// The model, or why there is none.
    pub(crate) fn model(&self) -> ApiResult<&Loaded> {
        self.model.as_ref().ok_or_else(|| {
            let hint = if self.catalogue.is_empty() {
                "import a history first: `POST /v1/imports` or `segue import`"
            } else {
                "train one: `POST /v1/models/train` or `segue train`"
            };
            ApiError::conflict("no_model", "no model has been trained yet").hint(hint)
        })
    }

    /// The row of a track.
    pub(crate) fn find(&self, id: &str) -> ApiResult<TrackIdx> {
        self.catalogue.find(&TrackId::new(id)).ok_or_else(|| {
            ApiError::not_found("unknown_track", format!("there is no track `{id}`"))
                .hint("`GET /v1/tracks?query=` finds tracks by title and artist")
        })
    }

    /// Tracks of which title, artists and album together hold every word, the most popular first.
    pub(crate) fn search(&self, words: &str, most: usize) -> Vec<TrackIdx> {
        let mut words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        words.sort();
        words.dedup();
        words.truncate(MOST_WORDS);
        let matches = |row: &TrackIdx| {
            let track = self.catalogue.track(*row);
            let named = [track.title.as_str(), track.album.as_deref().unwrap_or_default()];
            let artists = track.artists.iter().map(String::as_str);
            let text =
                named.into_iter().chain(artists).collect::<Vec<_>>().join("\n").to_lowercase();
            words.iter().all(|word| text.contains(word.as_str()))
        };
        let mut found: Vec<TrackIdx> = self.catalogue.rows().filter(matches).collect();
        found.sort_by(|&a, &b| {
            let popularity = |row| self.index.popularity.value(row);
            popularity(b).total_cmp(&popularity(a)).then(a.cmp(&b))
        });
        found.truncate(most);
        found
    }

    pub(crate) fn model_version(&self) -> Option<&str> {
        self.model.as_ref().map(|model| model.version.as_str())
    }
}

/// The name of the experiment that is running, and the experiment if it can be read.
fn running_experiment(store: &Store) -> Result<(Option<String>, Option<Design>), ModelsError> {
    let Some(entry) = store.running_experiment()? else { return Ok((None, None)) };
    let design = serde_json::from_str(&entry.design).map_err(|error| {
        let name = &entry.name;
        tracing::warn!(
            experiment = name,
            "started by another version of segue, and left alone: {error}"
        );
    });
    Ok((Some(entry.name), design.ok()))
}
