"""Measures Segue and its peers on what a listener turns to next: same split, same tuning, same
metrics, in one run.

Segue cuts the data and writes the split with `--export`; the peers learn from those files. Segue
tries `--draws` settings of each model on validation, a peer `--peer-draws`, twice as many, since
Segue's defaults were chosen on data like these; transformers try `--network-draws` each. All begin
with their defaults, take the best and are tested once with each seed. Segue's models and the peers
take turns. What follows `--` goes to `segue evaluate next-track`:

    next_track.py --segue target/release/segue -- --data LastFM.txt
    next_track.py --models popularity,item-knn,ease,ials -- --data user_artists.dat --protocol holdout --refit
"""

import argparse
import json
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import segue_run

segue_run.settle_environment()

import numpy as np

from ranking_metrics import METRICS, estimate, outcomes
from ranking_peers import PEERS, Peer, Settings
from sequence_peers import SEQUENCE_PEERS, SequencePeer
from split import Split, load

SEQUENCES = ("sasrec", "bert4rec")
ONLY_PEERS = ("bpr", "bert4rec")
MEMBERS = ("item-knn", "ease", "ials", "sasrec")
"""What Segue fuses, of the models measured."""


@dataclass(frozen=True)
class Plan:
    """How much is tried and tested."""

    draws: int
    peer_draws: int
    network_draws: int
    seeds: list[int]
    refit: bool
    criterion: str

    def draws_of(self, model: str) -> int:
        """Settings that a model of Segue is given."""
        return self.network_draws if model in SEQUENCES else self.draws


@dataclass
class Clock:
    """Processor and wall seconds since it was made."""

    cpu: float = field(default_factory=time.process_time)
    wall: float = field(default_factory=time.perf_counter)

    def cpu_s(self) -> float:
        return time.process_time() - self.cpu

    def wall_s(self) -> float:
        return time.perf_counter() - self.wall


class Segue:
    """The binary on one set of data; trials of its searches are shared by its calls."""

    def __init__(self, binary: str, arguments: list[str], home: str, plan: Plan) -> None:
        self.binary, self.arguments, self.home, self.plan = binary, arguments, home, plan
        self.chosen: dict[str, Settings] = {}

    def call(self, arguments: list[str]) -> tuple[list[dict[str, Any]], segue_run.Run]:
        """One call of `segue evaluate next-track`."""
        seeds = ["--seed", str(self.plan.seeds[0]), "--seeds", str(len(self.plan.seeds))]
        refit = ["--refit"] if self.plan.refit else []
        every = [*self.arguments, "--home", self.home, *seeds, *refit, *arguments]
        return segue_run.evaluate(self.binary, every)

    def export(self, folder: Path) -> Split:
        """Cuts the data."""
        self.call(["--model", "popularity", "--export", str(folder)])
        return load(folder)

    def record(self, model: str) -> dict[str, Any]:
        """One model, searched and tested."""
        draws = self.plan.draws_of(model)
        found, run = self.call(["--model", model, *(["--search", str(draws)] if draws > 1 else [])])
        return segue_record(found[0], run.cpu_s)

    def fusion(self, members: list[str]) -> dict[str, Any]:
        """The members joined, each with the settings that its own search chose."""
        settings = [
            f"{name}.{key}={json.dumps(value)}"
            for name in members
            for key, value in self.chosen[name].items()
        ]
        options = [option for setting in settings for option in ("--set", setting)]
        found, run = self.call(["--model", ",".join([*members, "fusion"]), *options])
        return segue_record(found[-1], run.cpu_s)


def segue_record(found: dict[str, Any], cpu_s: float) -> dict[str, Any]:
    """A record of Segue's JSON under the names used here."""
    settings = next(iter(found.get("config", {}).values()), None) or found.get("weights")
    metrics = {name: found[name] for name in METRICS}
    seconds = {"train_s": found["train_s"], "cpu_s": cpu_s}
    return {"model": f"segue {found['model']}", **metrics, **seconds, "settings": settings}


def classical_record(peer: Peer, split: Split, plan: Plan) -> dict[str, Any]:
    """Searches, fits with every seed and tests a model of matrices."""
    clock = Clock()
    candidates = settings_of(peer, plan.peer_draws)

    def validation(settings: Settings) -> float:
        ranker = peer.fit(split.training, settings, plan.seeds[0])
        return outcomes(ranker(split.validation), split.validation)[plan.criterion].mean()

    best = max(candidates, key=validation)
    training = split.training_and_validation if plan.refit else split.training
    runs, seconds = [], []
    for seed in plan.seeds if peer.seeded else plan.seeds[:1]:
        fit = Clock()
        ranker = peer.fit(training, best, seed)
        seconds.append(fit.wall_s())
        runs.append(outcomes(ranker(split.test), split.test))
    return peer_record(peer.name, runs, seconds, clock, best)


def sequence_record(peer: SequencePeer, split: Split, plan: Plan) -> dict[str, Any]:
    """The same for a transformer: the search's first fit of the best settings is kept as the first
    seed.
    """
    clock = Clock()
    trials = []
    for settings in settings_of(peer, plan.network_draws):
        fit = Clock()
        fitted = peer.fit(split.training, settings, plan.seeds[0], split.validation)
        trials.append((fitted.validation, fitted, settings, fit.wall_s()))
        say(
            f"{peer.name}: {fitted.validation:.4f} on validation after {fitted.epochs} epochs, "
            f"{json.dumps(settings)}"
        )
    _validation, fitted, best, first_s = max(trials, key=lambda trial: trial[0])
    runs, seconds = [outcomes(fitted.rank(split.test), split.test)], [first_s]
    for seed in plan.seeds[1:]:
        fit = Clock()
        fitted = peer.fit(split.training, best, seed, split.validation)
        seconds.append(fit.wall_s())
        runs.append(outcomes(fitted.rank(split.test), split.test))
    return peer_record(peer.name, runs, seconds, clock, best)


def settings_of(peer: Peer | SequencePeer, draws: int) -> list[Settings]:
    """The defaults, then draws that depend on the peer alone."""
    rng = np.random.default_rng(sum(peer.name.encode()))
    return [peer.defaults, *(peer.draw(rng) for _ in range(draws - 1))]


def peer_record(
    name: str, runs: list[dict], seconds: list[float], clock: Clock, settings: Settings
) -> dict[str, Any]:
    """Of several seeds the mean of each case counts, as with Segue."""
    metrics = {
        metric: estimate(np.mean([run[metric] for run in runs], axis=0), seed=1)
        for metric in METRICS
    }
    train_s = float(np.median(seconds))
    return {
        "model": name,
        **metrics,
        "train_s": train_s,
        "cpu_s": clock.cpu_s(),
        "settings": settings,
    }


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def measure(segue: Segue, split: Split, models: list[str]) -> list[dict[str, Any]]:
    """Segue and the peer of each model in turn, fusion last."""
    records = []
    for model in models:
        if model not in (*ONLY_PEERS, "fusion"):
            record = segue.record(model)
            segue.chosen[model] = record["settings"]
            records.append(record)
            say(summary(record))
        if model in SEQUENCE_PEERS:
            records.append(sequence_record(SEQUENCE_PEERS[model], split, segue.plan))
            say(summary(records[-1]))
        elif model in PEERS:
            records.append(classical_record(PEERS[model], split, segue.plan))
            say(summary(records[-1]))
    if "fusion" in models:
        records.append(segue.fusion([model for model in models if model in MEMBERS]))
        say(summary(records[-1]))
    return records


def summary(record: dict[str, Any]) -> str:
    ndcg, settings = record["ndcg@10"]["mean"], json.dumps(record["settings"])
    return f"{record['model']}: NDCG@10 {ndcg:.4f}, {record['cpu_s']:.1f} CPU s, {settings}"


def markdown(records: list[dict[str, Any]]) -> str:
    """One table; intervals where they fit."""

    def interval(found: dict[str, float]) -> str:
        return f"{found['mean']:.4f} [{found['low']:.4f}, {found['high']:.4f}]"

    header = [
        "model",
        *(name.replace("ndcg", "NDCG") for name in METRICS),
        "train s",
        "CPU s in all",
    ]
    lines = [header, ["---"] * len(header)]
    for record in records:
        cells = [record["model"], *(interval(record[name]) for name in METRICS)]
        lines.append([*cells, f"{record['train_s']:.2f}", f"{record['cpu_s']:.1f}"])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segue", default="target/release/segue", help="path of the binary")
    parser.add_argument(
        "--models",
        default="popularity,item-knn,ease,ials,sasrec,fusion",
        help="also bpr and bert4rec, which are peers only",
    )
    parser.add_argument(
        "--draws",
        type=int,
        default=10,
        help="settings of each model that Segue tries on validation",
    )
    parser.add_argument("--peer-draws", type=int, default=20, help="settings that each peer tries")
    parser.add_argument(
        "--network-draws", type=int, default=1, help="settings of a transformer that either tries"
    )
    parser.add_argument(
        "--seeds", type=int, default=5, help="seeds that everything random is tested with"
    )
    parser.add_argument("--json", action="store_true", help="records instead of a table")
    parser.add_argument(
        "data", nargs=argparse.REMAINDER, help="-- and options of `segue evaluate next-track`"
    )
    return parser.parse_args()


def main() -> None:
    warnings.filterwarnings("ignore")
    arguments = parse()
    rest = [option for option in arguments.data if option != "--"]
    refit = "--refit" in rest
    rest = [option for option in rest if option != "--refit"]
    criterion = "ndcg@100" if "holdout" in rest else "ndcg@10"
    seeds = list(range(1, arguments.seeds + 1))
    plan = Plan(
        arguments.draws, arguments.peer_draws, arguments.network_draws, seeds, refit, criterion
    )
    with tempfile.TemporaryDirectory() as folder:
        segue = Segue(arguments.segue, rest, f"{folder}/home", plan)
        split = segue.export(Path(folder) / "split")
        records = measure(segue, split, arguments.models.split(","))
    listeners, items = split.training.shape
    about = (
        f"{len(split.training.rows)} events of {listeners} listeners and {items} items train, "
        f"{len(split.test.listeners)} listeners test; "
        f"{plan.draws} settings tried, {plan.peer_draws} of peers "
        f"({plan.network_draws} of transformers), {len(seeds)} seed(s)"
    )
    if arguments.json:
        print(json.dumps({"about": about, "options": rest, "models": records}, indent=2))
    else:
        print(f"{about}\n\n{markdown(records)}")


if __name__ == "__main__":
    main()
