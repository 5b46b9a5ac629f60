"""Write the very shows that the published figures of "Impatient Bandits" (KDD 2023) are of, for
`cargo run --release -p segue-lab --example delayed`.

The paper measures on one draw of its generator, NumPy's generator at seed 42, and how good the best
of 200 shows happens to be moves every figure by more than what is compared. So its figures can only
be met on its shows. A trace is written as 8 bytes, the lowest first, with the 59 days from the
lowest bit up; a show is `--traces` of them; the first 200 shows are the older ones.

    python bench/impatient_catalogue.py --out shows.bin
    cargo run --release -p segue-lab --example delayed -- --catalogue shows.bin
"""

import argparse

import numpy as np

DAYS = 59


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def show(rng, factor, season, traces):
    """One show, its numbers drawn in the order of the paper's notebook, or the stream of the
    generator would differ.
    """
    alpha = sigmoid(0.1 * rng.normal() - 0.4)
    concentration = rng.uniform(0.7, 1.5)
    rates = -0.5 + 0.1 * factor @ rng.normal(size=DAYS)
    probabilities = sigmoid(rates + rng.uniform(0.1, 1.0) * season)
    bits = rng.binomial(n=1, p=probabilities, size=(traces, DAYS))
    leaves = rng.beta(concentration * alpha, concentration * (1 - alpha), size=traces)
    last = rng.geometric(leaves) - 1
    return bits * (np.arange(DAYS) < last[:, None])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", required=True)
    parser.add_argument("--shows", type=int, default=600)
    parser.add_argument("--traces", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    days = np.arange(DAYS)
    factor = np.linalg.cholesky(1.2 * np.exp(-np.abs(days[:, None] - days) / 8.0))
    season = -np.abs(np.sin(np.pi * days / 7))
    rng = np.random.default_rng(args.seed)
    place = np.uint64(1) << days.astype(np.uint64)
    with open(args.out, "wb") as out:
        for _ in range(args.shows):
            bits = show(rng, factor, season, args.traces).astype(np.uint64)
            (bits * place).sum(axis=1, dtype=np.uint64).astype("<u8").tofile(out)


if __name__ == "__main__":
    main()
