"""The classical classifiers that Segue's likability model is compared with, each with its own
search.

The search spaces are those of the nested cross-validation protocol. Every peer gets the same
thirteen audio features and the same number of random draws, judged on three inner folds of the
training rows, and is then refitted on all of them. A support vector machine has no probabilities of
its own: a sigmoid is fitted on its inner held-out decisions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from scipy.stats import loguniform, randint, uniform
from sklearn.base import ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RandomizedSearchCV, StratifiedGroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer
from sklearn.svm import SVC

CATEGORICAL = ["key", "mode", "time_signature"]
SEEDS_IN_ENSEMBLE = 5
INNER_FOLDS = 3


@dataclass(frozen=True)
class Peer:
    """A classifier, its search space, and how the search is scored."""

    build: Callable[[pd.DataFrame], ClassifierMixin]
    space: dict[str, Any]
    scoring: str = "neg_log_loss"


def prepared(model: ClassifierMixin, features: pd.DataFrame) -> Pipeline:
    """Normal quantiles for numbers, one column a value for categories, medians for what is
    missing.
    """
    categorical = [name for name in CATEGORICAL if name in features]
    numeric = [name for name in features if name not in categorical]
    quantiles = QuantileTransformer(n_quantiles=50, output_distribution="normal")
    columns = ColumnTransformer(
        [
            ("numeric", make_pipeline(SimpleImputer(strategy="median"), quantiles), numeric),
            ("categorical", OneHotEncoder(handle_unknown="ignore"), categorical),
        ]
    )
    return Pipeline([("prepare", columns), ("model", model)])


FOREST_SPACE = {"max_features": uniform(0.1, 0.7), "min_samples_leaf": randint(1, 6)}
PEERS: dict[str, Peer] = {
    "logistic": Peer(
        lambda features: prepared(LogisticRegression(max_iter=500), features),
        {"model__C": loguniform(1e-2, 1e1)},
    ),
    "svm": Peer(
        lambda features: prepared(SVC(), features),
        {"model__C": loguniform(1e-1, 3e1), "model__gamma": loguniform(3e-3, 0.3)},
        "roc_auc",
    ),
    "mlp": Peer(
        lambda features: prepared(MLPClassifier(), features),
        {
            "model__hidden_layer_sizes": [(16,), (32,), (64, 32)],
            "model__alpha": loguniform(1e-2, 30),
            "model__learning_rate_init": loguniform(1e-3, 6e-3),
            "model__max_iter": [30, 60, 120],
        },
    ),
    "random forest": Peer(lambda _features: RandomForestClassifier(120), FOREST_SPACE),
    "extra trees": Peer(lambda _features: ExtraTreesClassifier(120), FOREST_SPACE),
    "lightgbm": Peer(
        lambda _features: lightgbm.LGBMClassifier(verbose=-1, n_jobs=1, subsample_freq=1),
        {
            "n_estimators": randint(60, 300),
            "learning_rate": loguniform(0.02, 0.12),
            "num_leaves": randint(4, 24),
            "min_child_samples": randint(5, 30),
            "subsample": uniform(0.6, 0.4),
            "colsample_bytree": uniform(0.3, 0.7),
            "reg_lambda": loguniform(1e-1, 30),
        },
    ),
}
BLEND = ("svm", "random forest", "lightgbm", "mlp x5")


def seeded(model: ClassifierMixin, seed: int) -> ClassifierMixin:
    """A fresh copy whose every random state is the seed."""
    states = {name: seed for name in model.get_params() if name.split("__")[-1] == "random_state"}
    return clone(model).set_params(**states)


@dataclass(frozen=True)
class Training:
    """The training rows of one outer fold."""

    features: pd.DataFrame
    labels: np.ndarray
    groups: np.ndarray

    def inner_folds(self, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Three stratified folds that keep a group together, as the outer ones do."""
        splitter = StratifiedGroupKFold(INNER_FOLDS, shuffle=True, random_state=seed)
        return list(splitter.split(self.features, self.labels, self.groups))


def searched(peer: Peer, training: Training, draws: int, seed: int) -> ClassifierMixin:
    """The best of `draws` random configurations on the inner folds, fitted on all training rows."""
    inner = training.inner_folds(seed)
    model = seeded(peer.build(training.features), seed)
    search = RandomizedSearchCV(
        model, peer.space, n_iter=draws, cv=inner, scoring=peer.scoring, random_state=seed
    )
    best = search.fit(training.features, training.labels).best_estimator_
    if hasattr(best, "predict_proba"):
        return best
    calibrated = CalibratedClassifierCV(best, method="sigmoid", cv=inner, ensemble=False)
    return calibrated.fit(training.features, training.labels)


def probabilities(
    name: str, training: Training, test: pd.DataFrame, draws: int, seed: int
) -> dict[str, np.ndarray]:
    """What one peer predicts for the test rows; the network also as the mean of five seeds."""
    best = searched(PEERS[name], training, draws, seed)
    found = {name: best.predict_proba(test)[:, 1]}
    if name == "mlp":
        more = [
            seeded(best, seed + extra).fit(training.features, training.labels)
            for extra in range(1, SEEDS_IN_ENSEMBLE)
        ]
        found["mlp x5"] = np.mean(
            [found["mlp"], *(model.predict_proba(test)[:, 1] for model in more)], axis=0
        )
    return found
