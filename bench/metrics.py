"""Accuracy, AUC, log-loss and calibration error of held-out probabilities, and paired bootstrap
differences.
"""

import numpy as np
import pandas as pd

METRICS = ("accuracy", "auc", "log_loss", "ece")
CALIBRATION_BINS = 10
RESAMPLES = 2000
FLOOR = 1e-4
"""Probabilities are kept this far from 0 and 1, as in the protocol, so that one row cannot decide
a log-loss."""


def accuracy(labels: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Share of rows on the right side of one half, for each row of `weights` (`[resamples,
    rows]`).
    """
    return weights @ ((probability > 0.5) == labels) / weights.sum(axis=1)


def log_loss(labels: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean negative logarithm of the probability given to what happened."""
    clipped = np.clip(probability, FLOOR, 1 - FLOOR)
    return weights @ -np.log(np.where(labels == 1, clipped, 1 - clipped)) / weights.sum(axis=1)


def auc(labels: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Chance that a liked row outranks a disliked one, ties counting half; one half where a side is
    empty.
    """
    _values, level = np.unique(probability, return_inverse=True)
    at_level = np.eye(level.max() + 1)[level]
    liked, disliked = (weights * labels) @ at_level, (weights * (1 - labels)) @ at_level
    below = disliked.cumsum(axis=1) - disliked / 2
    pairs = liked.sum(axis=1) * disliked.sum(axis=1)
    wins = (liked * below).sum(axis=1)
    return np.divide(wins, pairs, out=np.full(len(pairs), 0.5), where=pairs > 0)


def expected_calibration_error(labels: np.ndarray, probability: np.ndarray) -> float:
    """Mean distance between predicted and observed share over ten bins of equally many rows."""
    bins = np.array_split(np.argsort(probability, kind="stable"), CALIBRATION_BINS)
    gaps = [abs((probability[rows] - labels[rows]).sum()) for rows in bins]
    return float(np.sum(gaps) / len(labels))


OF_FOLD = {"accuracy": accuracy, "auc": auc, "log_loss": log_loss}


def fold_metrics(table: pd.DataFrame, model: str) -> dict[str, np.ndarray]:
    """Each metric's values: one a fold, and for the calibration error one a repeat."""
    folds = [rows for _key, rows in table.groupby(["repeat", "fold"])]
    values = {
        name: np.array(
            [
                of(rows.label.to_numpy(), rows[model].to_numpy(), np.ones((1, len(rows))))[0]
                for rows in folds
            ]
        )
        for name, of in OF_FOLD.items()
    }
    values["ece"] = np.array(
        [
            expected_calibration_error(rows.label.to_numpy(), rows[model].to_numpy())
            for _key, rows in table.groupby("repeat")
        ]
    )
    return values


def summary(values: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation of each metric."""

    def spread(found: np.ndarray) -> float:
        return float(found.std(ddof=1)) if len(found) > 1 else 0.0

    return {
        name: {"mean": float(found.mean()), "sd": spread(found)} for name, found in values.items()
    }


def bootstrap_differences(
    table: pd.DataFrame, model: str, baseline: str, groups: np.ndarray, seed: int
) -> dict[str, dict[str, float]]:
    """Model minus baseline with 95 % intervals: groups of rows are drawn with replacement, folds
    stay as they are.
    """
    _names, group = np.unique(groups, return_inverse=True)
    size = group.max() + 1
    draws = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), RESAMPLES)
    counts = np.concatenate([np.ones((1, size)), draws])
    totals = {name: np.zeros(len(counts)) for name in OF_FOLD}
    folds = list(table.groupby(["repeat", "fold"]).indices.values())
    for rows in folds:
        labels = table.label.to_numpy()[rows]
        weights = counts[:, group[rows]] + 1e-12
        for name, of in OF_FOLD.items():
            first, second = (
                of(labels, table[column].to_numpy()[rows], weights) for column in (model, baseline)
            )
            totals[name] += (first - second) / len(folds)

    def interval(total: np.ndarray) -> dict[str, float]:
        low, high = np.quantile(total[1:], [0.025, 0.975])
        return {"mean": float(total[0]), "low": float(low), "high": float(high)}

    return {name: interval(total) for name, total in totals.items()}
