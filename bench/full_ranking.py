"""Full-ranking evaluation, Segue's against RecTools': the same data, model, ranks and metrics; time
and memory.

Generated listeners are cut leave-one-out; iALS with 64 factors is fitted for one pass by Segue and
by implicit. Then what is measured begins: rank the whole catalogue for every listener, the history
left out, and compute NDCG@10, NDCG@100, recall@10, @20, @100, reciprocal rank, coverage, novelty
and popularity of what is shown. RecTools does so with `recommend`, which returns the first hundred
items of every listener as one table, and `calc_metrics`; Segue block by block. Runs take turns,
each in a process of its own; a table gives medians. Memory is the peak during evaluation, what
libraries, data and model hold included.
"""

import argparse
import json
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median
from typing import Any

import segue_run

FACTORS = 64
DEPTH = 100
EVENTS_A_LISTENER = 50


def forget_peak() -> None:
    """Starts the measurement of peak memory anew (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """Most memory held since [`forget_peak`]."""
    line = next(
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    return int(line.split()[1]) * 1024 / 1e6


def rectools_run(folder: Path) -> dict[str, Any]:
    """One evaluation with RecTools, in this process."""
    from implicit.als import AlternatingLeastSquares
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.metrics import (
        MRR,
        NDCG,
        AvgRecPopularity,
        CatalogCoverage,
        MeanInvUserFreq,
        Recall,
        calc_metrics,
    )
    from rectools.models import ImplicitALSWrapperModel
    import pandas as pd

    warnings.filterwarnings("ignore")

    def table(name: str) -> pd.DataFrame:
        read = pd.read_csv(
            folder / f"{name}.tsv", sep="\t", usecols=["listener", "item", "time", "weight"]
        )
        read = read.rename(
            columns={"listener": Columns.User, "item": Columns.Item, "weight": Columns.Weight}
        )
        return read.assign(**{Columns.Datetime: pd.to_datetime(read.pop("time"), unit="s")})

    training, shown, answers = table("train"), table("test_shown"), table("test_answers")
    als = AlternatingLeastSquares(FACTORS, iterations=1, num_threads=2, random_state=1)
    model = ImplicitALSWrapperModel(als, recommend_use_gpu_ranking=False, recommend_n_threads=2)
    data = Dataset.construct(shown)
    model.fit(data)
    metrics = {
        "ndcg@10": NDCG(10),
        "ndcg@100": NDCG(DEPTH),
        "recall@10": Recall(10),
        "recall@20": Recall(20),
        "recall@100": Recall(DEPTH),
        "mrr": MRR(DEPTH),
        "coverage@10": CatalogCoverage(10),
        "novelty@10": MeanInvUserFreq(10),
        "popularity@10": AvgRecPopularity(10),
    }
    forget_peak()
    begun, cpu = time.perf_counter(), time.process_time()
    ranked = model.recommend(answers[Columns.User].unique(), data, DEPTH, filter_viewed=True)
    recommend_s = time.perf_counter() - begun
    found = calc_metrics(
        metrics, ranked, answers, training, catalog=training[Columns.Item].unique()
    )
    return {
        "eval_s": time.perf_counter() - begun,
        "recommend_s": recommend_s,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": peak_mb(),
        "ndcg@10": found["ndcg@10"],
        "listeners": len(answers),
    }


def segue_record(segue: str, path: Path, home: Path, options: list[str]) -> dict[str, Any]:
    """One evaluation with Segue. Its processor seconds are of the whole process: reading and
    fitting included.
    """
    settings = ["--set", f"ials.factors={FACTORS}", "--set", "ials.iterations=1"]
    arguments = ["--data", str(path), "--model", "ials", *settings, "--home", str(home), *options]
    found, cost = segue_run.evaluate(segue, arguments)
    record = {"eval_s": found[0]["eval_s"], "cpu_s": cost.cpu_s, "peak_mb": cost.peak_mb}
    return record | {"ndcg@10": found[0]["ndcg@10"]["mean"]}


def measure(arguments: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Alternating runs on one generated file."""
    from generate_events import generate

    path, home, split = folder / "events.txt", folder / "home", folder / "split"
    generate(
        path, arguments.listeners * EVENTS_A_LISTENER, arguments.listeners, arguments.items, seed=1
    )
    segue_record(arguments.segue, path, home, ["--export", str(split)])
    records = []
    for _run in range(arguments.runs):
        records.append({"program": "segue", **segue_record(arguments.segue, path, home, [])})
        print(json.dumps(records[-1]), file=sys.stderr, flush=True)
        cost = segue_run.run([sys.executable, __file__, "--rectools", str(split)])
        records.append({"program": "RecTools", **json.loads(cost.output)})
        print(json.dumps(records[-1]), file=sys.stderr, flush=True)
    return records


def markdown(records: list[dict[str, Any]]) -> str:
    """Medians of both, their ratio, and what a million listeners would take if time grew as it did
    so far.
    """
    columns = ("eval_s", "cpu_s", "peak_mb")

    def medians(program: str) -> list[float]:
        return [
            median(record[name] for record in records if record["program"] == program)
            for name in columns
        ]

    listeners = records[-1]["listeners"]
    segue, rectools = medians("segue"), medians("RecTools")
    header = ["program", "evaluation s", "CPU s", "peak MB", "min per million listeners"]
    lines = [header, ["---"] * len(header)]
    for name, found in (("Segue (CPU: reading and fitting too)", segue), ("RecTools", rectools)):
        minutes = found[0] / listeners * 1e6 / 60
        lines.append(
            [name, f"{found[0]:.1f}", f"{found[1]:.1f}", f"{found[2]:.0f}", f"{minutes:.1f}"]
        )
    ratios = [f"{peer / own:.1f}×" for own, peer in zip(segue, rectools)]
    lines.append(["RecTools / Segue", *ratios, ""])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    segue_run.settle_environment()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segue", default="target/release/segue", help="path of the binary")
    parser.add_argument("--listeners", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="records instead of a table")
    parser.add_argument("--rectools", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.rectools:
        print(json.dumps(rectools_run(arguments.rectools)))
        return
    with tempfile.TemporaryDirectory() as folder:
        records = measure(arguments, Path(folder))
    listeners = records[-1]["listeners"]
    about = (
        f"{listeners} listeners, {arguments.items} items, {FACTORS} factors, "
        f"{arguments.runs} runs each"
    )
    print(json.dumps(records, indent=2) if arguments.json else f"{about}\n\n{markdown(records)}")


if __name__ == "__main__":
    main()
