//! `segue.Recommender`: the models of Segue alone, for research on interactions of any kind.

use std::str::FromStr;

use numpy::{PyArray1, PyArray2, PyArrayMethods as _};
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rayon::prelude::*;
use segue_engine::dataset::interactions::History;
use segue_engine::full_ranking::top_k;
use segue_engine::{ItemIdx, Query, Recommender};
use segue_models::recommenders::{FitSet, Friendships, RecommenderConfig, RecommenderKind};

use crate::calls::as_python;
use crate::error::Failure;
use crate::interactions::{Item, Known, Matrix, Vocabulary};

/// Those that learn from interactions and nothing else.
const KINDS: [RecommenderKind; 7] = [
    RecommenderKind::Popularity,
    RecommenderKind::DecayedPopularity,
    RecommenderKind::ItemKnn,
    RecommenderKind::Ease,
    RecommenderKind::Ials,
    RecommenderKind::Sasrec,
    RecommenderKind::ActR,
];
/// Listeners that one thread scores at a time.
const BLOCK: usize = 32;

/// A recommender with its settings, to be fitted: `Recommender("ease", regularisation=250)`.
///
/// Kinds are `popularity`, `decayed-popularity`, `item-knn`, `ease`, `ials`, `sasrec` and `act-r`.
/// `settings` has what can be set; `query__strength="sum"` sets a part of a part.
#[pyclass(name = "Recommender", module = "segue", frozen)]
pub(crate) struct PyRecommender(RecommenderConfig);

#[pymethods]
impl PyRecommender {
    #[new]
    #[pyo3(signature = (kind, **settings))]
    fn new(
        py: Python<'_>,
        kind: &str,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> Result<Self, Failure> {
        let found = RecommenderKind::from_str(kind).ok().filter(|found| KINDS.contains(found));
        let found = found.ok_or_else(|| {
            let known = KINDS.map(RecommenderKind::name).join(", ");
            Failure::input(format!("`{kind}` does not learn from interactions; {known} do"))
        })?;
        let mut config = RecommenderConfig::new(found);
        let json = py.import("json")?.getattr("dumps")?;
        for (name, value) in settings.into_iter().flatten() {
            let path = name.extract::<String>()?.replace("__", ".");
            let value: String = json.call1((value,))?.extract()?;
            config = config.with(&format!("{path}={value}")).map_err(Failure::input)?;
        }
        Ok(Self(config))
    }

    /// The name of its kind.
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind().name()
    }

    /// All that can be set, as a dict.
    #[getter]
    fn settings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        as_python(py, &self.0)?.get_item(self.kind())
    }

    /// Learns from interactions: a `scipy.sparse` matrix of users by items, or a frame with the
    /// columns `user` and `item` and perhaps `timestamp` and `value`. Equal interactions, settings
    /// and seed give an equal model, on any number of threads.
    #[pyo3(signature = (interactions, *, seed = 1))]
    fn fit(
        &self,
        py: Python<'_>,
        interactions: &Bound<'_, PyAny>,
        seed: u64,
    ) -> Result<PyFittedRecommender, Failure> {
        let Known { interactions, vocabulary } = Known::read(interactions)?;
        let fitted = py.detach(|| {
            let (training, friendships) = (&interactions.all(), &[] as &Friendships);
            self.0.fit(FitSet { training, features: None, friendships, seed }, None)
        })?;
        Ok(PyFittedRecommender { kind: self.kind(), model: fitted.model, vocabulary })
    }

    fn __repr__(&self) -> String {
        format!("<segue.Recommender {:?}>", self.kind())
    }
}

/// A recommender that has learned: it ranks all items for any history.
#[pyclass(name = "FittedRecommender", module = "segue", frozen)]
pub(crate) struct PyFittedRecommender {
    kind: &'static str,
    model: Box<dyn Recommender>,
    vocabulary: Vocabulary,
}

/// Histories: rows of a matrix, or lists of items.
struct Histories {
    items: Vec<Vec<ItemIdx>>,
    weights: Vec<Vec<f32>>,
}

#[pymethods]
impl PyFittedRecommender {
    /// The best `n` items for somebody with a history, each with its score, the best first.
    ///
    /// `history` are items as the interactions named them, the oldest first; a column number is one
    /// for a matrix. Items that nobody had in training are passed over. What is in the history is
    /// left out unless `known=True`.
    #[pyo3(signature = (history, n = 10, *, known = false))]
    fn recommend(
        &self,
        py: Python<'_>,
        history: Vec<Item>,
        n: usize,
        known: bool,
    ) -> Vec<(Item, f32)> {
        let items: Vec<ItemIdx> =
            history.iter().filter_map(|item| self.vocabulary.row(item)).collect();
        py.detach(|| {
            let mut scores = vec![0.0; self.model.items()];
            let history = History { items: &items, ..History::default() };
            self.model.score(&[Query { history, ..Query::default() }], &mut scores);
            if !known {
                items.iter().for_each(|item| scores[item.row()] = f32::NEG_INFINITY);
            }
            let mut best = Vec::new();
            top_k(&scores, n.min(scores.len()), &mut best);
            best.iter().map(|&row| (self.vocabulary.item(row), scores[row.row()])).collect()
        })
    }

    /// A score for every item and each of many histories, on all processors: an array of `float32`
    /// with a row a history, and columns in the order of `items`.
    ///
    /// `histories` is a matrix of users by the same items, or a list of lists of items.
    fn scores<'py>(
        &self,
        py: Python<'py>,
        histories: &Bound<'py, PyAny>,
    ) -> Result<Bound<'py, PyArray2<f32>>, Failure> {
        let histories = self.histories(histories)?;
        let (rows, items) = (histories.items.len(), self.model.items());
        let scores = py.detach(|| {
            let queries = histories.queries();
            let mut scores = zeros(rows, items)?;
            let blocks = scores.par_chunks_mut((BLOCK * items).max(1));
            blocks
                .zip(queries.par_chunks(BLOCK))
                .for_each(|(scores, queries)| self.model.score(queries, scores));
            Ok::<_, Failure>(scores)
        })?;
        Ok(PyArray1::from_vec(py, scores).reshape([rows, items])?)
    }

    /// The items that it ranks, in the order of the columns of `scores`.
    #[getter]
    fn items(&self) -> Vec<Item> {
        let rows = (0..self.model.items() as u32).map(ItemIdx);
        rows.map(|row| self.vocabulary.item(row)).collect()
    }

    fn __repr__(&self) -> String {
        format!("<segue.FittedRecommender {:?}: {} items>", self.kind, self.model.items())
    }
}

impl PyFittedRecommender {
    fn histories(&self, histories: &Bound<'_, PyAny>) -> Result<Histories, Failure> {
        if let Some(matrix) = Matrix::of(histories)? {
            if matrix.columns != self.model.items() {
                let (found, expected) = (matrix.columns, self.model.items());
                let message = format!("the matrix has {found} items, the model {expected}");
                return Err(Failure::input(message));
            }
            let rows = matrix.rows()?;
            let (mut items, mut weights) = (vec![Vec::new(); rows], vec![Vec::new(); rows]);
            matrix.each(|row, item, value| {
                items[row].push(item);
                weights[row].push(value);
                Ok(())
            })?;
            return Ok(Histories { items, weights });
        }
        let named: Vec<Vec<Item>> = histories.extract()?;
        let rows = |history: &Vec<Item>| {
            history.iter().filter_map(|item| self.vocabulary.row(item)).collect()
        };
        Ok(Histories { items: named.iter().map(rows).collect(), weights: Vec::new() })
    }
}

/// A table of zeros, or a `MemoryError`.
fn zeros(rows: usize, items: usize) -> Result<Vec<f32>, Failure> {
    let too_large = || {
        let message = format!("{rows} histories by {items} items are more than there is room for");
        Failure::Python(PyMemoryError::new_err(message))
    };
    let size = rows.checked_mul(items).ok_or_else(too_large)?;
    let mut scores = Vec::new();
    scores.try_reserve_exact(size).map_err(|_| too_large())?;
    scores.resize(size, 0.0);
    Ok(scores)
}

impl Histories {
    fn queries(&self) -> Vec<Query<'_>> {
        let rows = self.items.iter().enumerate();
        rows.map(|(row, items)| {
            let weights = self.weights.get(row).map(Vec::as_slice).unwrap_or_default();
            Query { history: History { items, weights, times: &[] }, ..Query::default() }
        })
        .collect()
    }
}
