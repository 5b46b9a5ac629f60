"""Writes synthetic events, as many as asked for: lines of `listener item timestamp`, in the order
of time.

Items are popular by Zipf's law and belong to clusters; a listener has a few favourite clusters, so
that there is something to learn, and listeners are active unequally. A seed fixes every draw. Rows
are made a million at a time and written as arrays of digits: 5·10^7 take about a minute on one
core, in some 200 MB.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHUNK = 1_000_000
ITEMS_A_CLUSTER = 250
FAVOURITES = 3
FAITHFUL = 0.85
"""Share of events within the favourite clusters."""
START_S = 1_700_000_000
DAYS = 300
LISTENER_DIGITS, ITEM_DIGITS, TIME_DIGITS = 8, 7, 10


@dataclass(frozen=True)
class World:
    """Who listens how much to what. Items are numbered cluster by cluster, `edges` is where
    clusters end in `mass`.
    """

    activity: np.ndarray
    favourites: np.ndarray
    mass: np.ndarray
    edges: np.ndarray

    @staticmethod
    def draw(listeners: int, items: int, rng: np.random.Generator) -> "World":
        """Popularity is drawn independently of the cluster."""
        clusters = max(1, items // ITEMS_A_CLUSTER)
        popularity = rng.permutation(1 / (np.arange(items) + 10.0))
        mass = np.concatenate([[0], popularity.cumsum()])
        ends = np.linspace(0, items, clusters + 1).astype(int)
        activity = rng.lognormal(0, 1, listeners).cumsum()
        favourites = rng.integers(clusters, size=(listeners, FAVOURITES), dtype=np.int32)
        return World(activity / activity[-1], favourites, mass, mass[ends])

    def events(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Listeners and items of so many events."""
        # Drawn in order, the search through the cumulated activity stays in cache.
        listeners = np.searchsorted(self.activity, np.sort(rng.random(count)))
        listeners = rng.permutation(np.minimum(listeners, len(self.activity) - 1))
        cluster = self.favourites[listeners, rng.integers(FAVOURITES, size=count)]
        faithful = rng.random(count) < FAITHFUL
        low = np.where(faithful, self.edges[cluster], 0)
        high = np.where(faithful, self.edges[cluster + 1], self.edges[-1])
        items = np.searchsorted(self.mass, low + rng.random(count) * (high - low), side="right") - 1
        return listeners, np.clip(items, 0, len(self.mass) - 2)


def digits(numbers: np.ndarray, width: int) -> np.ndarray:
    """Numbers as rows of decimal digits, zeros first."""
    rows = np.empty((len(numbers), width), np.uint8)
    rest = numbers.astype(np.int64)
    for place in range(width - 1, -1, -1):
        rest, rows[:, place] = np.divmod(rest, 10)
    return rows + ord("0")


def lines(world: World, events: int, rng: np.random.Generator) -> Iterator[bytes]:
    """The file, a chunk at a time; time goes on from chunk to chunk."""
    for begin in range(0, events, CHUNK):
        count = min(CHUNK, events - begin)
        listeners, items = world.events(count, rng)
        moments = np.sort(rng.random(count)) * count + begin
        seconds = START_S + (moments / events * DAYS * 86_400).astype(np.int64)
        gap = np.full((count, 1), ord(" "), np.uint8)
        columns = [
            digits(listeners, LISTENER_DIGITS),
            gap,
            digits(items, ITEM_DIGITS),
            gap,
            digits(seconds, TIME_DIGITS),
        ]
        yield np.hstack([*columns, np.full((count, 1), ord("\n"), np.uint8)]).tobytes()


def generate(path: Path, events: int, listeners: int, items: int, seed: int) -> None:
    """Writes one file."""
    rng = np.random.default_rng(seed)
    world = World.draw(listeners, items, rng)
    with path.open("wb") as file:
        for chunk in lines(world, events, rng):
            file.write(chunk)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--listeners", type=int, required=True)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    generate(arguments.out, arguments.events, arguments.listeners, arguments.items, arguments.seed)


if __name__ == "__main__":
    main()
