"""Metrics of rankings of the full catalogue, as Segue defines them, with bootstrap intervals.

Gains are binary. Recall is over `min(k, answers)` (Liang et al. 2018), which for one answer is the
hit rate.
"""

import numpy as np

from split import Cases

DEPTH = 100
NOTHING = -1
"""Fills a ranking that ends before its last place."""
METRICS = ("ndcg@10", "recall@10", "recall@20", "ndcg@100")
RESAMPLES = 1000


def outcomes(rankings: np.ndarray, cases: Cases) -> dict[str, np.ndarray]:
    """Each metric of each case; `rankings` is `[cases, DEPTH]`, rows of items, best first."""
    check(rankings, cases)
    rows = np.arange(len(rankings))[:, None]
    hits = np.asarray(cases.answers[rows, np.maximum(rankings, 0)].todense()) > 0
    hits &= rankings != NOTHING
    asked = np.diff(cases.answers.indptr)
    gains = 1 / np.log2(np.arange(DEPTH) + 2)
    ideal = gains.cumsum()
    found = {}
    for name in METRICS:
        kind, k = name.split("@")
        best = np.minimum(asked, int(k))
        first = hits[:, : int(k)]
        found[name] = (
            first.sum(axis=1) / best
            if kind == "recall"
            else first @ gains[: int(k)] / ideal[best - 1]
        )
    return found


def check(rankings: np.ndarray, cases: Cases) -> None:
    """Stops where a ranking holds an item twice or one that the listener knows: such figures would
    not be comparable.
    """
    if rankings.shape != (len(cases.listeners), DEPTH):
        raise ValueError(
            f"expected {(len(cases.listeners), DEPTH)} rankings, found {rankings.shape}"
        )
    known = cases.shown.matrix("presence")[cases.listeners]
    rows = np.arange(len(rankings))[:, None]
    if (np.asarray(known[rows, np.maximum(rankings, 0)].todense()) * (rankings != NOTHING)).any():
        raise ValueError("an item of the history is ranked")
    ordered = np.sort(rankings, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != NOTHING)).any():
        raise ValueError("an item is ranked twice")


def estimate(values: np.ndarray, seed: int) -> dict[str, float]:
    """Mean over cases with a 95 % interval: percentiles of resampled cases."""
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(len(values), size=len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return {"mean": float(values.mean()), "low": float(low), "high": float(high)}
