"""What the playlists of `mixes_served.py` are ranked by beside Segue, in NumPy.

A peer takes a matrix of listeners and works (1 where one is liked), the [`Catalogue`] and a list of
settings, and yields a matrix of scores for each of them: what settings share is computed once. A
model that learns from listeners alone knows nothing of works that nobody likes and does not rank
them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Settings = dict[str, Any]
Peer = Callable[[np.ndarray, "Catalogue", list[Settings]], Iterator[np.ndarray]]

NEAREST = 3
ROUNDS = 15
START = 0.1


@dataclass(frozen=True)
class Catalogue:
    """A row a work: how it sounds, each feature with mean 0 and variance 1, and a number for its
    artist.
    """

    features: np.ndarray
    artists: np.ndarray


def only_known(scores: np.ndarray, likes: np.ndarray) -> np.ndarray:
    """Scores without those of works that nobody likes."""
    return np.where(likes.any(0), scores, -np.inf)


def popularity(likes: np.ndarray, _: Catalogue, settings: list[Settings]) -> Iterator[np.ndarray]:
    """How many like it."""
    for _setting in settings:
        yield only_known(np.tile(likes.sum(0), (len(likes), 1)), likes)


def ease(likes: np.ndarray, _: Catalogue, settings: list[Settings]) -> Iterator[np.ndarray]:
    """Steck 2019, equation 8, for few listeners and many works: X P, where P is the inverse of X'X
    + aI, is (XX' + aI)^-1 X, so nothing larger than the number of listeners is inverted.
    """
    gram = likes @ likes.T
    for setting in settings:
        a = setting["regularisation"]
        product = np.linalg.solve(gram + a * np.eye(len(gram)), likes)
        diagonal = (1 - (likes * product).sum(0)) / a
        yield only_known(likes - product / diagonal, likes)


def item_knn(likes: np.ndarray, _: Catalogue, settings: list[Settings]) -> Iterator[np.ndarray]:
    """Cosines to those `k` nearest works that a listener likes; `shrinkage` is added to the product
    of the norms.
    """
    liked = [np.flatnonzero(row) for row in likes]
    by_work = np.ascontiguousarray(likes.T)
    norms = np.sqrt(likes.sum(0))
    for setting in settings:
        scores = np.full(likes.shape, -np.inf)
        for work in np.flatnonzero(norms):
            lists = [liked[row] for row in np.flatnonzero(by_work[work])]
            near, common = np.unique(np.concatenate(lists), return_counts=True)
            near, common = near[near != work], common[near != work]
            cosine = common / (norms[near] * norms[work] + setting["shrinkage"])
            best = np.argsort(-cosine, kind="stable")[: setting["k"]]
            scores[:, work] = cosine[best] @ by_work[near[best]]
        yield scores


def solved(groups: list, other: np.ndarray, size: int, setting: Settings) -> np.ndarray:
    """Factors of one side of iALS given those of the other. Rows that have equally many likes have
    the same regularisation; what they like is a small change to a matrix that they share, so that
    the Sherman-Morrison-Woodbury identity needs only systems of so many equations.
    """
    found = np.zeros((size, other.shape[1]))
    everything = setting["unheard"] * (other.T @ other)
    for rows, liked in groups:
        count = liked.shape[1]
        weight = setting["regularisation"] * (count + setting["unheard"] * len(other))
        inverse = np.linalg.inv(everything + weight * np.eye(len(everything)))
        theirs = other[liked]
        turned = theirs @ inverse
        system = np.eye(count) + turned @ theirs.transpose(0, 2, 1)
        answer = np.linalg.solve(system, np.ones((len(rows), count, 1)))
        found[rows] = (answer.transpose(0, 2, 1) @ turned)[:, 0]
    return found


def groups_of(likes: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows with equally many likes, and what they like."""
    counts = np.count_nonzero(likes, axis=1)
    groups = []
    for count in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == count)
        groups.append((rows, np.nonzero(likes[rows])[1].reshape(len(rows), count)))
    return groups


def ials(likes: np.ndarray, _: Catalogue, settings: list[Settings]) -> Iterator[np.ndarray]:
    """Alternating least squares (Hu et al. 2008) with the regularisation by frequency of Rendle et
    al. 2021. `unheard` is the weight of every cell, of which what is liked has 1 more.
    """
    of_listeners = groups_of(likes)
    known = np.flatnonzero(likes.any(0))
    of_works = groups_of(likes.T[known])
    place = np.cumsum(likes.any(0)) - 1
    of_listeners = [(rows, place[liked]) for rows, liked in of_listeners]
    for setting in settings:
        rng = np.random.default_rng(1)
        scale = START / np.sqrt(setting["factors"])
        works = rng.normal(0, scale, (len(known), setting["factors"]))
        for _round in range(ROUNDS):
            listeners = solved(of_listeners, works, len(likes), setting)
            works = solved(of_works, listeners, len(known), setting)
        listeners = solved(of_listeners, works, len(likes), setting)
        scores = np.full(likes.shape, -np.inf)
        scores[:, known] = listeners @ works.T
        yield scores


def content_and_artist(
    likes: np.ndarray, catalogue: Catalogue, settings: list[Settings]
) -> Iterator[np.ndarray]:
    """The mean cosine to the three nearest likes and weighted ln(1 + likes of the artist)."""
    sound = catalogue.features / np.linalg.norm(catalogue.features, axis=1, keepdims=True)
    near = np.zeros(likes.shape)
    of_artist = np.zeros(likes.shape)
    for row, own in enumerate(likes):
        liked = np.flatnonzero(own)
        if len(liked):
            cosines = sound[liked] @ sound.T
            some = min(NEAREST, len(liked))
            near[row] = np.partition(cosines, len(liked) - some, axis=0)[-some:].mean(0)
        counts = np.bincount(catalogue.artists[liked], minlength=catalogue.artists.max() + 1)
        of_artist[row] = np.log1p(counts)[catalogue.artists]
    for setting in settings:
        yield near + setting["artist"] * of_artist


def grid(**options: list) -> list[Settings]:
    """All that can be made of some options."""
    settings: list[Settings] = [{}]
    for name, values in options.items():
        settings = [{**setting, name: value} for setting in settings for value in values]
    return settings


PEERS: dict[str, tuple[Peer, list[Settings]]] = {
    "content and artist": (content_and_artist, grid(artist=[0, 1, 2, 4])),
    "EASE": (ease, grid(regularisation=[1, 3, 10, 30, 100, 300, 1000])),
    "ItemKNN": (item_knn, grid(shrinkage=[0, 1, 3, 10, 30], k=[50, 100, 200, 500, 1000])),
    "iALS": (
        ials,
        grid(
            factors=[32, 64, 128],
            regularisation=[0.001, 0.003, 0.01, 0.03, 0.1],
            unheard=[0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
        ),
    ),
    "popularity": (popularity, [{}]),
}


def best_unknown(scores: np.ndarray, known: np.ndarray, depth: int) -> list[int]:
    """The works with the best scores that a listener does not know."""
    scores = np.where(known > 0, -np.inf, scores)
    best = np.argpartition(-scores, depth)[:depth]
    best = best[np.argsort(-scores[best], kind="stable")]
    return [int(work) for work in best if scores[work] > -np.inf]


def rankings(scores: np.ndarray, likes: np.ndarray, depth: int) -> list[list[int]]:
    """The best unknown works of every listener."""
    return [best_unknown(*row, depth) for row in zip(scores, likes, strict=True)]


def tuned(
    name: str,
    fit: np.ndarray,
    training: np.ndarray,
    catalogue: Catalogue,
    judge: Callable[[list[list[int]]], float],
    depth: int,
) -> tuple[list[list[int]], Settings]:
    """What a peer ranks after `training` with the settings that are the best on what `fit` lacks
    of it, and these settings.
    """
    peer, options = PEERS[name]
    chosen = options[0]
    if len(options) > 1:
        worth = [judge(rankings(s, fit, depth)) for s in peer(fit, catalogue, options)]
        chosen = options[int(np.argmax(worth))]
    (scores,) = peer(training, catalogue, [chosen])
    return rankings(scores, training, depth), chosen
