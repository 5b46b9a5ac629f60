"""Compares models of `segue evaluate likability` on the very same folds of many tables.

The first model is what the others are held against: a difference is first minus other. Its 95 %
interval is a bootstrap over rows of the table, or over artists where it names them, which then
never span two folds. Over the tables as a whole tables are resampled, each with its own difference,
because rows of one table say nothing of the next listener.

    likability_members.py --models network-and-trees,tabm,trees [--repeats N] [--seed S] TABLE.csv...
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from likability import groups_of, run_segue
from listener_sets import FEATURES
from metrics import OF_FOLD, RESAMPLES, bootstrap_differences, fold_metrics, summary


def predictions_of(path: Path, arguments: argparse.Namespace) -> tuple[pd.DataFrame, np.ndarray]:
    """Held-out rows with one column a model, and the group of each row of the table."""
    data = pd.read_csv(path)
    group = "artist" if "artist" in data else None
    features = data[[name for name in FEATURES if name in data]]
    found = None
    for model in arguments.models:
        request = {"data": path, "label": arguments.label, "group": group, "model": model}
        rows, _seconds = run_segue(argparse.Namespace(**vars(arguments) | request))
        rows = rows.rename(columns={"probability": model})
        found = rows if found is None else found.merge(rows)
    return found, groups_of(data, features, group)


def measured(path: Path, arguments: argparse.Namespace) -> dict:
    """Each model's figures on one table, and what the first is ahead of each other."""
    table, groups = predictions_of(path, arguments)
    first, *others = arguments.models
    return {
        "table": path.stem,
        "rows": len(groups),
        "models": {model: summary(fold_metrics(table, model)) for model in arguments.models},
        "differences": {
            other: bootstrap_differences(table, first, other, groups[table.row], arguments.seed)
            for other in others
        },
    }


def over_tables(records: list[dict], other: str, seed: int) -> dict[str, dict[str, float]]:
    """The mean difference over tables, with tables resampled."""
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(records), size=(RESAMPLES, len(records)))
    found = {}
    for metric in OF_FOLD:
        values = np.array([record["differences"][other][metric]["mean"] for record in records])
        low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
        found[metric] = {"mean": float(values.mean()), "low": float(low), "high": float(high)}
    return found


def markdown(records: list[dict], arguments: argparse.Namespace) -> str:
    """One row a table and one for all; a difference whose interval excludes zero is in bold."""

    def difference(found: dict[str, float]) -> str:
        text = f"{found['mean']:+.4f} [{found['low']:+.4f}, {found['high']:+.4f}]"
        return f"**{text}**" if found["low"] > 0 or found["high"] < 0 else text

    def figures(found: dict) -> str:
        return "/".join(f"{found[metric]['mean']:.3f}" for metric in OF_FOLD)

    others = arguments.models[1:]
    header = ["table", "rows", *arguments.models]
    header += [f"Δ {metric} to {other}" for other in others for metric in OF_FOLD]
    lines = [header, ["---"] * len(header)]
    for record in records:
        cells = [record["table"], str(record["rows"])]
        cells += [figures(record["models"][model]) for model in arguments.models]
        differences = record["differences"]
        cells += [difference(differences[other][metric]) for other in others for metric in OF_FOLD]
        lines.append(cells)
    whole = {other: over_tables(records, other, arguments.seed) for other in others}
    cells = ["all", "", *[""] * len(arguments.models)]
    cells += [difference(whole[other][metric]) for other in others for metric in OF_FOLD]
    lines.append(cells)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument(
        "--models",
        type=lambda text: text.split(","),
        default=["network-and-trees", "tabm", "trees"],
    )
    parser.add_argument("--label", default="liked")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--segue", default="segue", help="path of the binary")
    parser.add_argument("--json", action="store_true", help="records instead of a table")
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    records = []
    for path in arguments.tables:
        records.append(measured(path, arguments))
        print(json.dumps(records[-1]), file=sys.stderr, flush=True)
    print(json.dumps(records, indent=2) if arguments.json else markdown(records, arguments))


if __name__ == "__main__":
    main()
