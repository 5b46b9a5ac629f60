"""One split that Segue wrote with `--export`, as tables and sparse matrices over one vocabulary.

Nothing is cut here: what trains, what is shown and what is asked for is read from the files, so
that every program is measured on the very same events.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

STRENGTHS = ("presence", "log", "sum")
"""How often a listener met an item: at all, the logarithm of one plus the weights, or the weights
summed."""


@dataclass(frozen=True)
class Events:
    """Rows of `listener`, `item` (both dense), `position` and `weight`, in the order of each
    listener's history.
    """

    rows: pd.DataFrame
    shape: tuple[int, int]

    def matrix(self, strength: str) -> csr_matrix:
        """Listeners times items, repeats added up."""
        data = self.rows.weight.to_numpy(np.float32)
        matrix = csr_matrix((data, (self.rows.listener, self.rows["item"])), shape=self.shape)
        matrix.sum_duplicates()
        if strength == "presence":
            matrix.data[:] = 1
        elif strength == "log":
            matrix.data = np.log1p(matrix.data)
        return matrix


@dataclass(frozen=True)
class Cases:
    """What is shown of each listener, and what is asked for: answers known from what is shown are
    not.
    """

    listeners: np.ndarray
    shown: Events
    answers: csr_matrix

    @staticmethod
    def build(shown: Events, answers: Events) -> "Cases":
        """The cases of which an answer is left to ask for."""
        asked = answers.matrix("presence")
        unknown = asked - asked.multiply(shown.matrix("presence"))
        unknown.eliminate_zeros()
        listeners = np.flatnonzero(np.diff(unknown.indptr))
        return Cases(listeners, shown, unknown[listeners].tocsr())


@dataclass(frozen=True)
class Split:
    """To learn from while choosing, to choose by, to learn from once all is chosen, and to
    report.
    """

    training: Events
    validation: Cases
    training_and_validation: Events
    test: Cases


def load(folder: Path) -> Split:
    """Reads an exported folder; rows of the vocabulary are in the order of first appearance."""
    names = (
        "train",
        "train_validation",
        "validation_shown",
        "validation_answers",
        "test_shown",
        "test_answers",
    )
    kinds = {"listener": str, "item": str, "weight": float}
    tables = {
        name: pd.read_csv(folder / f"{name}.tsv", sep="\t", dtype=kinds, na_filter=False)
        for name in names
    }
    ordered = pd.concat([tables["train_validation"], *tables.values()])
    listeners, items = (pd.Index(ordered[column].unique()) for column in ("listener", "item"))

    def events(name: str) -> Events:
        table = tables[name]
        rows = pd.DataFrame(
            {
                "listener": listeners.get_indexer(table.listener),
                "item": items.get_indexer(table["item"]),
                "position": table.position,
                "weight": table.weight,
            }
        )
        return Events(
            rows.sort_values(["listener", "position"], ignore_index=True),
            (len(listeners), len(items)),
        )

    def cases(name: str) -> Cases:
        return Cases.build(events(f"{name}_shown"), events(f"{name}_answers"))

    return Split(events("train"), cases("validation"), events("train_validation"), cases("test"))
