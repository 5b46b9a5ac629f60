"""Compares `segue evaluate likability` with classical classifiers on the very same folds, in one
run.

Segue draws the folds and writes its held-out predictions; the peers are then searched and fitted on
the same training rows and judged on the same held-out rows. Segue's own figures are recomputed here
from its predictions, so that one definition of each metric serves all. Accuracy, AUC and log-loss
are means over all folds of all repeats (± standard deviation over them); the calibration error
needs more rows than a fold has and is taken over each whole repeat.

A difference is peer minus Segue. Its 95 % interval is a bootstrap over rows, or over groups where a
group column is given: the repeats of one row are resampled together, because they are not
independent. Usage: likability.py --data FILE.csv --label COLUMN [--group COLUMN] [--repeats N]
[--seed S] [--draws N] [--json]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from listener_sets import FEATURES
from metrics import METRICS, bootstrap_differences, fold_metrics, summary
from peers import BLEND, PEERS, Training, probabilities

SEGUE = "segue"


def run_segue(arguments: argparse.Namespace) -> tuple[pd.DataFrame, float]:
    """Segue's predictions (repeat, fold, row, label, probability) and its wall time in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        predictions = Path(folder) / "predictions.csv"
        command = [
            arguments.segue,
            "evaluate",
            "likability",
            "--data",
            str(arguments.data),
            "--label",
            arguments.label,
            "--protocol",
            "nested-cv",
            "--repeats",
            str(arguments.repeats),
            "--seed",
            str(arguments.seed),
            "--audio-only",
            "--json",
            "--predictions",
            str(predictions),
        ]
        command += ["--group", arguments.group] if arguments.group else []
        command += ["--model", arguments.model] if arguments.model else []
        started = time.perf_counter()
        finished = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        if finished.returncode != 0:
            sys.exit(f"`{' '.join(command)}` ended with exit code {finished.returncode}")
        seconds = time.perf_counter() - started
        return pd.read_csv(
            predictions, usecols=["repeat", "fold", "row", "label", "probability"]
        ), seconds


def groups_of(data: pd.DataFrame, features: pd.DataFrame, column: str | None) -> np.ndarray:
    """The given group column, else rows with equal features form a group, so that twins stay
    together.
    """
    if column:
        return data.groupby(column, dropna=False).ngroup().to_numpy()
    return features.groupby(list(features), dropna=False).ngroup().to_numpy()


def check(predictions: pd.DataFrame, labels: np.ndarray, groups: np.ndarray) -> None:
    """Stops unless every repeat predicts every row once, with the data's labels and no group in two
    folds.
    """
    for repeat, rows in predictions.groupby("repeat"):
        if sorted(rows.row) != list(range(len(labels))):
            sys.exit(
                f"repeat {repeat} does not predict each of the {len(labels)} rows exactly once"
            )
        if not np.array_equal(labels[rows.row], rows.label):
            sys.exit(f"repeat {repeat}: labels differ from the label column")
        if rows.groupby(groups[rows.row]).fold.nunique().max() > 1:
            print(f"warning: repeat {repeat} splits a group over several folds", file=sys.stderr)


def predict_fold(
    training: Training, test: pd.DataFrame, names: list[str], draws: int, seed: int
) -> tuple[dict, dict]:
    """Every peer's probabilities for one fold, and the seconds each took to search and fit."""
    found: dict[str, np.ndarray] = {}
    seconds: dict[str, float] = {}
    for name in names:
        started = time.perf_counter()
        found |= probabilities(name, training, test, draws, seed)
        seconds[name] = time.perf_counter() - started
    if set(BLEND) <= set(found):
        found["blend of four"] = np.mean([found[name] for name in BLEND], axis=0)
    return found, seconds


def add_peers(
    predictions: pd.DataFrame, data: Training, names: list[str], draws: int
) -> tuple[pd.DataFrame, dict]:
    """Segue's predictions with one more column a peer, and each peer's mean seconds a fold."""
    columns, times = [], []
    folds = predictions.groupby(["repeat", "fold"])
    for index, ((repeat, fold), test) in enumerate(folds):
        held_out = test.row.to_numpy()
        train = np.setdiff1d(np.arange(len(data.labels)), held_out)
        training = Training(data.features.iloc[train], data.labels[train], data.groups[train])
        found, seconds = predict_fold(
            training, data.features.iloc[held_out], names, draws, seed=1000 * repeat + fold
        )
        columns.append(pd.DataFrame(found, index=test.index))
        times.append(seconds)
        print(f"fold {index + 1} of {len(folds)}", file=sys.stderr)
    return predictions.join(pd.concat(columns)), pd.DataFrame(times).mean().to_dict()


def compare(
    table: pd.DataFrame, groups: np.ndarray, seconds: dict[str, float], seed: int
) -> list[dict]:
    """One record a model: its metrics, and for peers the difference to Segue with its interval."""
    models = [
        SEGUE,
        *(name for name in table if name not in ("repeat", "fold", "row", "label", SEGUE)),
    ]
    records = []
    for name in models:
        record = {
            "model": name,
            **summary(fold_metrics(table, name)),
            "seconds_per_fold": seconds.get(name),
        }
        if name != SEGUE:
            record["difference"] = bootstrap_differences(
                table, name, SEGUE, groups[table.row], seed
            )
        records.append(record)
    return records


def markdown(records: list[dict]) -> str:
    """The records as one markdown table; a difference whose interval excludes zero is in bold."""

    def difference(record: dict, metric: str) -> str:
        if "difference" not in record:
            return ""
        found = record["difference"][metric]
        text = f"{found['mean']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
        return f"**{text}**" if found["low"] > 0 or found["high"] < 0 else text

    compared = ("accuracy", "auc", "log_loss")
    header = ["model", *METRICS, *(f"Δ {name}" for name in compared), "s a fold"]
    lines = [header, ["---"] * len(header)]
    for record in records:
        cells = [
            record["model"],
            *(f"{record[name]['mean']:.3f} ± {record[name]['sd']:.3f}" for name in METRICS),
        ]
        cells += [difference(record, metric) for metric in compared]
        seconds = record["seconds_per_fold"]
        lines.append([*cells, "" if seconds is None else f"{seconds:.2f}"])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--label", required=True)
    parser.add_argument(
        "--group", help="column whose values never span two folds, such as the artist"
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", help="Segue's model; its default where absent")
    parser.add_argument(
        "--draws", type=int, default=10, help="random configurations tried by each peer"
    )
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated; default: all")
    parser.add_argument("--segue", default=SEGUE, help="path of the binary")
    parser.add_argument("--json", action="store_true", help="records instead of a table")
    return parser.parse_args()


def main() -> None:
    warnings.filterwarnings("ignore")
    arguments = parse()
    data = pd.read_csv(arguments.data)
    features = data[[name for name in FEATURES if name in data]]
    whole = Training(
        features,
        data[arguments.label].to_numpy().astype(int),
        groups_of(data, features, arguments.group),
    )
    predictions, segue_seconds = run_segue(arguments)
    check(predictions, whole.labels, whole.groups)
    predictions = predictions.rename(columns={"probability": SEGUE})
    table, seconds = add_peers(predictions, whole, arguments.peers.split(","), arguments.draws)
    seconds[SEGUE] = segue_seconds / predictions.groupby(["repeat", "fold"]).ngroups
    records = compare(table, whole.groups, seconds, arguments.seed)
    if arguments.json:
        report = {
            "data": arguments.data.name,
            "rows": len(data),
            "draws": arguments.draws,
            "models": records,
        }
        print(json.dumps(report, indent=2))
    else:
        print(
            f"{arguments.data.name}: {len(data)} rows, {arguments.repeats} repeats, "
            f"{arguments.draws} draws a peer\n"
        )
        print(markdown(records))


if __name__ == "__main__":
    main()
