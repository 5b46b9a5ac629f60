"""Collaborative models of implicit and RecTools, each with the space that its settings are drawn
from.

A peer learns from a matrix of listeners and items and ranks the catalogue for what is *shown* of a
listener, as Segue does: nearest neighbours and EASE multiply what is shown by what they learned,
iALS solves for the listener's factors once more. The exception is BPR, whose listener factors are
those of training.

The ranges are around what does well: implicit's iALS wants a far stronger regularisation than its
default, since it does not scale with frequency, and plays as they are, not even their logarithm,
drown a matrix that ratings do not.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from rectools import Columns
from rectools.dataset import Dataset, IdMap, Interactions
from rectools.models import EASEModel
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from ranking_metrics import DEPTH, NOTHING
from split import STRENGTHS, Cases, Events

THREADS = 2
Settings = dict[str, Any]
Ranker = Callable[[Cases], np.ndarray]


@dataclass(frozen=True)
class Peer:
    """What it is called, its settings as its authors ship them, how others are drawn, and how it
    learns.
    """

    name: str
    defaults: Settings
    draw: Callable[[np.random.Generator], Settings]
    fit: Callable[[Events, Settings, int], Ranker]
    seeded: bool = False


def scale(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two positive ones, uniform on the logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def pick(rng: np.random.Generator, *options: Any) -> Any:
    """One of the options."""
    return options[rng.integers(len(options))]


def best_unknown(scores: np.ndarray, known: csr_matrix) -> np.ndarray:
    """The best items of each row that are not known, ties to the lower row."""
    scores[known.nonzero()] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
    return np.where(np.take_along_axis(scores, order, axis=1) == -np.inf, NOTHING, order)


def fit_popularity(training: Events, settings: Settings, _seed: int) -> Ranker:
    """Counts; the same for everybody."""
    counts = np.asarray(training.matrix(settings["strength"]).sum(axis=0)).ravel()

    def rank(cases: Cases) -> np.ndarray:
        known = cases.shown.matrix("presence")[cases.listeners]
        return best_unknown(np.tile(counts, (len(cases.listeners), 1)), known)

    return rank


def one_blas_thread() -> threadpool_limits:
    """What implicit asks for: it has threads of its own, and more beneath them made it many times
    slower.
    """
    return threadpool_limits(1, "blas")


def implicit_ranker(
    model: Any, strength: str, above: float = -np.finfo(np.float32).max, **options: Any
) -> Ranker:
    """Ranks with a fitted model of implicit. It fills short lists up with low scores, which end the
    list here.
    """

    def rank(cases: Cases) -> np.ndarray:
        shown = cases.shown.matrix(strength)[cases.listeners]
        with one_blas_thread():
            items, scores = model.recommend(
                cases.listeners, shown, N=DEPTH, filter_already_liked_items=True, **options
            )
        return np.where((items < 0) | (scores <= above), NOTHING, items)

    return rank


def fit_knn(training: Events, settings: Settings, _seed: int) -> Ranker:
    """Item-based nearest neighbours of implicit."""
    kinds = {"cosine": CosineRecommender, "tfidf": TFIDFRecommender, "bm25": BM25Recommender}
    options = {name: settings[name] for name in ("K", "K1", "B") if name in settings}
    model = kinds[settings["similarity"]](num_threads=THREADS, **options)
    with one_blas_thread():
        model.fit(training.matrix(settings["strength"]), show_progress=False)
    # What a listener knows comes back with a score of zero rather than not at all.
    return implicit_ranker(model, settings["strength"], above=0.0)


def draw_knn(rng: np.random.Generator) -> Settings:
    """BM25 has two settings more."""
    settings = {
        "similarity": pick(rng, "cosine", "tfidf", "bm25"),
        "K": pick(rng, 20, 50, 100, 200, 400),
    }
    if settings["similarity"] == "bm25":
        settings |= {"K1": scale(rng, 0.1, 100), "B": rng.uniform(0, 1)}
    return settings | {"strength": pick(rng, "presence", "log")}


def fit_ials(training: Events, settings: Settings, seed: int) -> Ranker:
    """Alternating least squares of implicit."""
    options = {name: value for name, value in settings.items() if name != "strength"}
    model = AlternatingLeastSquares(num_threads=THREADS, random_state=seed, **options)
    with one_blas_thread():
        model.fit(training.matrix(settings["strength"]), show_progress=False)
    return implicit_ranker(model, settings["strength"], recalculate_user=True)


def fit_bpr(training: Events, settings: Settings, seed: int) -> Ranker:
    """Bayesian personalised ranking of implicit."""
    model = BayesianPersonalizedRanking(num_threads=THREADS, random_state=seed, **settings)
    with one_blas_thread():
        model.fit(training.matrix("presence"), show_progress=False)
    return implicit_ranker(model, "presence")


def rectools_dataset(matrix: csr_matrix) -> Dataset:
    """A matrix as RecTools takes it, over the whole vocabulary."""
    cells = matrix.tocoo()
    rows = pd.DataFrame(
        {
            Columns.User: cells.row.astype(np.int64),
            Columns.Item: cells.col.astype(np.int64),
            Columns.Weight: cells.data.astype(float),
            Columns.Datetime: pd.Timestamp(0),
        }
    )
    users, items = (IdMap.from_values(np.arange(size)) for size in matrix.shape)
    return Dataset(users, items, Interactions(rows))


def rankings_of(recommended: pd.DataFrame, listeners: np.ndarray) -> np.ndarray:
    """What RecTools recommended, a row a listener."""
    rankings = np.full((len(listeners), DEPTH), NOTHING)
    rows = np.searchsorted(listeners, recommended[Columns.User].to_numpy())
    rankings[rows, recommended[Columns.Rank].to_numpy() - 1] = recommended[Columns.Item]
    return rankings


def fit_ease(training: Events, settings: Settings, _seed: int) -> Ranker:
    """EASE of RecTools."""
    model = EASEModel(
        settings["regularization"], recommend_n_threads=THREADS, recommend_use_gpu_ranking=False
    )
    model.fit(rectools_dataset(training.matrix(settings["strength"])))

    def rank(cases: Cases) -> np.ndarray:
        shown = rectools_dataset(cases.shown.matrix(settings["strength"]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return rankings_of(
                model.recommend(cases.listeners, shown, DEPTH, filter_viewed=True), cases.listeners
            )

    return rank


PEERS = {
    "popularity": Peer(
        "popularity",
        {"strength": "presence"},
        lambda rng: {"strength": pick(rng, *STRENGTHS)},
        fit_popularity,
    ),
    "item-knn": Peer(
        "implicit ItemKNN",
        {"similarity": "bm25", "K": 20, "strength": "presence"},
        draw_knn,
        fit_knn,
    ),
    "ease": Peer(
        "RecTools EASE",
        {"regularization": 500.0, "strength": "presence"},
        lambda rng: {
            "regularization": scale(rng, 10, 3000),
            "strength": pick(rng, "presence", "log"),
        },
        fit_ease,
    ),
    "ials": Peer(
        "implicit iALS",
        {
            "factors": 64,
            "regularization": 0.01,
            "alpha": 1.0,
            "iterations": 15,
            "strength": "presence",
        },
        lambda rng: {
            "factors": pick(rng, 32, 64, 128, 256),
            "regularization": scale(rng, 0.3, 300),
            "alpha": scale(rng, 0.3, 30),
            "iterations": pick(rng, 10, 15, 30),
            "strength": pick(rng, "presence", "log"),
        },
        fit_ials,
        seeded=True,
    ),
    "bpr": Peer(
        "implicit BPR",
        {"factors": 64, "learning_rate": 0.01, "regularization": 0.01, "iterations": 100},
        lambda rng: {
            "factors": pick(rng, 32, 64, 128, 256),
            "learning_rate": scale(rng, 3e-3, 0.3),
            "regularization": scale(rng, 1e-4, 0.1),
            "iterations": pick(rng, 50, 100, 200, 400),
        },
        fit_bpr,
        seeded=True,
    ),
}
