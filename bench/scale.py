"""How reading, learning and full-ranking evaluation of Segue grow with the number of events, on
generated ones.

A listener has 50 events on average over 300 days; the last day tests, the day before validates, the
full catalogue is ranked. Each size is one run of `segue evaluate next-track`: what is neither
learning nor evaluation is reading and preparing. Peak memory is that of the whole process.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import segue_run
from generate_events import generate

EVENTS_A_LISTENER = 50
FEWEST_ITEMS, MOST_ITEMS = 5_000, 50_000


def measure(
    segue: str, events: int, models: str, folder: Path, options: list[str]
) -> dict[str, Any]:
    """One size, its file deleted afterwards."""
    listeners = events // EVENTS_A_LISTENER
    items = min(MOST_ITEMS, max(FEWEST_ITEMS, listeners))
    path = folder / f"{events}.txt"
    generate(path, events, listeners, items, seed=1)
    size_mb = path.stat().st_size / 1e6
    arguments = [
        "--data",
        str(path),
        "--protocol",
        "temporal",
        "--model",
        models,
        "--home",
        str(folder / "home"),
    ]
    found, cost = segue_run.evaluate(segue, [*arguments, *options])
    path.unlink()
    fitted = sum(model["train_s"] + model["eval_s"] for model in found)
    kept = ("model", "cases", "train_s", "eval_s", "peak_mb", "ndcg@10")
    return {
        "events": events,
        "listeners": listeners,
        "items": items,
        "file_mb": size_mb,
        "cases": found[0]["cases"],
        "prepare_s": cost.wall_s - fitted,
        "wall_s": cost.wall_s,
        "cpu_s": cost.cpu_s,
        "peak_mb": cost.peak_mb,
        "models": [{name: model[name] for name in kept} for model in found],
    }


def markdown(records: list[dict[str, Any]]) -> str:
    """A row a size."""
    models = [model["model"] for model in records[0]["models"]]
    header = ["events", "listeners", "items", "cases", "read + prepare s"]
    header += [f"{model} {phase} s" for model in models for phase in ("train", "eval")] + [
        "CPU s",
        "peak MB",
    ]
    lines = [header, ["---"] * len(header)]
    for record in records:
        cells = [f"{record[name]:,}" for name in ("events", "listeners", "items", "cases")] + [
            f"{record['prepare_s']:.2f}"
        ]
        cells += [
            f"{model[phase]:.2f}" for model in record["models"] for phase in ("train_s", "eval_s")
        ]
        lines.append([*cells, f"{record['cpu_s']:.1f}", f"{record['peak_mb']:.0f}"])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    segue_run.settle_environment()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segue", default="target/release/segue", help="path of the binary")
    parser.add_argument(
        "--events", default="100000,1000000,10000000,50000000", help="comma-separated sizes"
    )
    parser.add_argument("--models", default="popularity,item-knn,ials")
    parser.add_argument(
        "--folder",
        type=Path,
        help="where generated files lie while they are needed; 28 bytes an event",
    )
    parser.add_argument("--json", action="store_true", help="records instead of a table")
    parser.add_argument(
        "options",
        nargs=argparse.REMAINDER,
        help="-- and more options of `segue evaluate next-track`",
    )
    arguments = parser.parse_args()
    options = [option for option in arguments.options if option != "--"]
    records = []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for events in map(int, arguments.events.split(",")):
            records.append(
                measure(arguments.segue, events, arguments.models, Path(folder), options)
            )
            print(json.dumps(records[-1]), file=sys.stderr, flush=True)
    print(json.dumps(records, indent=2) if arguments.json else markdown(records))


if __name__ == "__main__":
    main()
