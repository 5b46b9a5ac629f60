"""What fitting and ranking cost: Segue beside implicit and RecTools on the same pairs, one thread
each, in alternating runs.

    cargo build --release -p segue-models --example collaborative_speed
    python bench/collaborative_speed.py [--ml100k ml-100k.inter] [--runs 5] [--only ials]

Prints one table: medians of processor seconds and the ratio of medians, peer over Segue. An iALS
iteration is measured as many iterations less one, so that loading and setting up do not count.
implicit runs as it advises, with one BLAS thread, by conjugate gradients (its default, three steps,
as ours) and by Cholesky factors. Ranking is the ten best unheard items of all listeners. Both sides
hold the same pairs; every weight is one.
"""

import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import statistics
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender
from rectools.dataset import Dataset
from rectools.models import EASEModel

warnings.filterwarnings("ignore")
SEED = 1


def zipf_pairs(listeners, items, pairs):
    """Distinct pairs with popularity by rank: exponent 0.5 for listeners, 0.8 for items."""
    rng = np.random.default_rng(SEED)

    def draw(n, exponent, size):
        weights = np.arange(1, n + 1) ** -exponent
        return rng.choice(n, size, p=weights / weights.sum()).astype(np.int64)

    cells = np.zeros(0, np.int64)
    while len(cells) < pairs:
        more = draw(listeners, 0.5, pairs) * items + draw(items, 0.8, pairs)
        cells = np.unique(np.concatenate([cells, more]))
    cells = rng.permutation(cells)[:pairs]
    return cells // items, cells % items


def ml100k_pairs(path):
    table = pd.read_csv(path, sep="\t", usecols=[0, 1])
    return table.iloc[:, 0].to_numpy(), table.iloc[:, 1].to_numpy()


class Shape:
    """One set of pairs, as each side wants it."""

    def __init__(self, name, pairs, folder):
        self.name = name
        listeners = np.unique(pairs[0], return_inverse=True)[1]
        items = np.unique(pairs[1], return_inverse=True)[1]
        self.path = Path(folder) / f"{name}.txt"
        np.savetxt(self.path, np.stack([listeners, items], 1), fmt="%d")
        self.matrix = sp.csr_matrix((np.ones(len(items), np.float32), (listeners, items)))
        table = pd.DataFrame(
            {"user_id": listeners, "item_id": items, "weight": 1.0, "datetime": "2026-01-01"}
        )
        self.dataset = Dataset.construct(table)


def timed(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def implicit_als(shape, factors, use_cg, iterations):
    model = AlternatingLeastSquares(
        factors=factors, use_cg=use_cg, iterations=iterations, num_threads=1, random_state=SEED
    )
    model.fit(shape.matrix, show_progress=False)
    return model


def als_iteration(shape, factors, use_cg):
    first = timed(lambda: implicit_als(shape, factors, use_cg, 1))
    more = int(np.clip(3 / first, 4, 100))
    return (timed(lambda: implicit_als(shape, factors, use_cg, 1 + more)) - first) / more


def cosine(shape):
    model = CosineRecommender(K=20, num_threads=1)
    model.fit(shape.matrix, show_progress=False)
    return model


def ease(shape):
    model = EASEModel(regularization=100, recommend_n_threads=1, recommend_use_gpu_ranking=False)
    model.fit(shape.dataset)
    return model


def rank_implicit(shape, model):
    users = np.arange(shape.matrix.shape[0])
    return timed(
        lambda: model.recommend(users, shape.matrix, N=10, filter_already_liked_items=True)
    )


def rank_rectools(shape, model):
    users = shape.dataset.user_id_map.external_ids
    return timed(lambda: model.recommend(users, shape.dataset, k=10, filter_viewed=True))


def segue(binary, shape, task, factors=64):
    answer = subprocess.run(
        [binary, shape.path, task, str(factors)], check=True, capture_output=True, text=True
    )
    return json.loads(answer.stdout)["cpu_s"]


def rows(binary, shapes):
    """Task, shape, peer's name, one run of Segue, one run of the peer."""
    for shape in shapes:
        for factors in (64, 128):
            for use_cg in (True, False):
                solver = "CG" if use_cg else "Cholesky"
                yield (
                    f"iALS iteration, f={factors}",
                    shape.name,
                    f"implicit ({solver})",
                    lambda s=shape, f=factors: segue(binary, s, "ials", f),
                    lambda s=shape, f=factors, c=use_cg: als_iteration(s, f, c),
                )
        yield (
            "ItemKNN fit, k=20",
            shape.name,
            "implicit",
            lambda s=shape: segue(binary, s, "item_knn"),
            lambda s=shape: timed(lambda: cosine(s)),
        )
        yield (
            "rank all, ItemKNN",
            shape.name,
            "implicit",
            lambda s=shape: segue(binary, s, "rank_item_knn"),
            lambda s=shape: rank_implicit(s, cosine(s)),
        )
        yield (
            "rank all, iALS, f=64",
            shape.name,
            "implicit",
            lambda s=shape: segue(binary, s, "rank_ials"),
            lambda s=shape: rank_implicit(s, implicit_als(s, 64, True, 2)),
        )
        if shape.matrix.shape[1] > 10_000:
            continue
        yield (
            "EASE fit",
            shape.name,
            "RecTools",
            lambda s=shape: segue(binary, s, "ease"),
            lambda s=shape: timed(lambda: ease(s)),
        )
        yield (
            "rank all, EASE",
            shape.name,
            "RecTools",
            lambda s=shape: segue(binary, s, "rank_ease"),
            lambda s=shape: rank_rectools(s, ease(s)),
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--binary", default="target/release/examples/collaborative_speed")
    parser.add_argument("--ml100k", default="../shared/data/ml_100k/ml-100k.inter")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="rows whose task, data or peer holds this")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shapes = [
            Shape("zipf 50k x 30k, 1.85M", zipf_pairs(50_000, 30_000, 1_850_000), folder),
            Shape("zipf 20k x 4k, 800k", zipf_pairs(20_000, 4_000, 800_000), folder),
        ]
        if Path(arguments.ml100k).exists():
            shapes.insert(0, Shape("ml_100k", ml100k_pairs(arguments.ml100k), folder))
        print(
            "| task | data | peer | Segue, CPU s | peer, CPU s | ratio |\n"
            "| --- | --- | --- | --- | --- | --- |"
        )
        for task, shape, peer, ours, theirs in rows(arguments.binary, shapes):
            if arguments.only.lower() not in f"{task} {shape} {peer}".lower():
                continue
            pairs = [(ours(), theirs()) for _ in range(arguments.runs)]
            mine, other = (statistics.median(side) for side in zip(*pairs))
            print(
                f"| {task} | {shape} | {peer} | {mine:.3f} | {other:.3f} | {other / mine:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
