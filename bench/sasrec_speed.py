"""Training speed of Segue's SASRec beside the same network in PyTorch: same initial weights, same sequences, same
negatives, so that the losses must agree step by step, to 1e-3.

    python bench/sasrec_speed.py --segue target/release/examples/sasrec_speed --threads 2

Runs alternate; a table of medians and ratios is printed. PyTorch runs with the optimiser that does
the same (`SparseAdam` for the item table, `Adam` for the rest) and, as `dense`, with the usual
`Adam` over everything. `share of peak` is the operations that the mathematics needs (matrix
products of the network and the loss, attention only where it looks back) over what the machine
reaches in large matrix products at that moment. Where others use the machine too, wall time says
little, and idle threads of PyTorch spin: then take `--threads 1` and the figures per CPU second.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SHAPES = {
    "d64-T50-bce": dict(dim=64, length=50, items=10_000, loss="bce", negatives=1),
    "d64-T50-128": dict(dim=64, length=50, items=10_000, loss="sampled_softmax", negatives=128),
    "d64-T50-256": dict(dim=64, length=50, items=10_000, loss="sampled_softmax", negatives=256),
    "d128-T200-256": dict(dim=128, length=200, items=50_000, loss="sampled_softmax", negatives=256),
}
BATCH, BLOCKS, HEADS = 128, 2, 2


def flops(dim, length, negatives, **_):
    """Multiplications and additions of one sequence, forward and backward: the backward pass takes
    twice the forward."""
    block = 2 * 6 * dim * dim + 2 * 2 * dim * (length + 1) / 2
    return 3 * length * (BLOCKS * block + 2 * dim * (negatives + 1))


def worker(folder, shape, threads, sparse):
    import torch
    from sasrec_torch import load, loss_of

    torch.set_num_threads(threads)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    model = load(folder / "start.safetensors", sparse=sparse).train()
    sequences = np.fromfile(folder / "sequences.u32", dtype=np.uint32).astype(np.int64)
    sequences = torch.from_numpy(sequences.reshape(-1, BATCH, shape["length"] + 1))
    negatives = np.fromfile(folder / "negatives.u32", dtype=np.uint32).astype(np.int64)
    negatives = torch.from_numpy(negatives.reshape(len(sequences), -1))
    rest = [
        p for name, p in model.named_parameters() if name != "item_embedding.weight" or not sparse
    ]
    optimisers = [torch.optim.Adam(rest, lr=1e-3, betas=(0.9, 0.98))]
    if sparse:
        table = [model.item_embedding.weight]
        optimisers.append(torch.optim.SparseAdam(table, lr=1e-3, betas=(0.9, 0.98)))
    losses, seconds, cpu = [], [], []
    for batch, others in zip(sequences, negatives):
        begin, cpu_begin = time.perf_counter(), time.process_time()
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
        loss = loss_of(model, shape["loss"], batch[:, :-1], batch[:, 1:], others)
        loss.backward()
        for optimiser in optimisers:
            optimiser.step()
        losses.append(loss.item())
        seconds.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - cpu_begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "losses": losses,
                "seconds": seconds,
                "cpu_s": sum(cpu[2:]),
                "peak_mb": peak,
                "base_mb": base,
            }
        )
    )


def data(folder, shape, steps, seed):
    """Popular items are popular, as in life: rows drawn by a power law."""
    rng = np.random.default_rng(seed)
    count = shape["items"]
    weights = 1 / np.arange(1, count + 1) ** 0.8
    draws = rng.choice(count, (steps, BATCH, shape["length"] + 1), p=weights / weights.sum())
    draws.astype(np.uint32).tofile(folder / "sequences.u32")
    per_step = BATCH * shape["length"] if shape["loss"] == "bce" else shape["negatives"]
    rng.integers(0, count, (steps, per_step), dtype=np.uint32).tofile(folder / "negatives.u32")


def call(command, threads):
    environment = os.environ | {
        name: str(threads) for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def measure(name, arguments, folder):
    shape, threads = SHAPES[name], arguments.threads
    data(folder, shape, arguments.steps, seed=1)
    loss = (
        shape["loss"]
        if shape["loss"] == "bce"
        else {shape["loss"]: {"negatives": shape["negatives"]}}
    )
    config = {
        "dim": shape["dim"],
        "blocks": BLOCKS,
        "heads": HEADS,
        "max_length": shape["length"],
        "dropout": 0.0,
    }
    config |= {
        "block": "sasrec",
        "expansion": 1,
        "batch": BATCH,
        "loss": loss,
        "learning_rate": 1e-3,
        "beta_2": 0.98,
    }
    run = {"config": config, "items": shape["items"]}
    torch_call = [
        sys.executable,
        __file__,
        "--worker",
        str(folder),
        name,
        "--threads",
        str(threads),
    ]
    commands = {
        "segue": [arguments.segue, str(folder), json.dumps(run)],
        "torch": torch_call,
        "torch dense": [*torch_call, "--dense"],
    }
    found = {who: [] for who in commands}
    peaks = []
    for _ in range(arguments.rounds):
        peaks.append(
            call(
                [arguments.segue, str(folder), json.dumps(run | {"sgemm_threads": threads})],
                threads,
            )["gflops"]
        )
        for who, command in commands.items():
            found[who].append(call(command, threads))
    report(name, shape, found, statistics.median(peaks))


def report(name, shape, found, peak):
    def speed(result):
        return BATCH / statistics.median(result["seconds"][2:])

    def per_cpu_second(result):
        return BATCH * (len(result["seconds"]) - 2) / result["cpu_s"]

    ours, theirs = found["segue"][0]["losses"], found["torch"][0]["losses"]
    apart = max(abs(a - b) for a, b in zip(ours, theirs))
    mega = flops(**shape) / 1e6
    print(
        f"\n{name}: {mega:.1f} Mflop a sequence, sgemm peak {peak:.0f} Gflop/s, "
        f"losses {ours[0]:.4f} to {ours[-1]:.4f}, apart by {apart:.1e}"
    )
    speeds = {who: [speed(result) for result in results] for who, results in found.items()}
    work = {who: [per_cpu_second(result) for result in results] for who, results in found.items()}
    memory = {
        who: statistics.median(r["peak_mb"] for r in results) for who, results in found.items()
    }
    for who in found:
        ratios = [a / b for a, b in zip(speeds["segue"], speeds[who])]
        cpu_ratios = [a / b for a, b in zip(work["segue"], work[who])]
        median, per_cpu = statistics.median(speeds[who]), statistics.median(work[who])
        print(
            f"  {who:12} {median:7.0f} sequences/s {median * mega / peak / 1e3:6.1%} of peak,"
            f" {per_cpu:6.0f} a CPU second, {memory[who]:5.0f} MB;"
            f" segue: {statistics.median(ratios):.2f} times the speed"
            f" ({min(ratios):.2f} to {max(ratios):.2f}),"
            f" {statistics.median(cpu_ratios):.2f} times a CPU second"
            f" ({min(cpu_ratios):.2f} to {max(cpu_ratios):.2f}),"
            f" {memory['segue'] / memory[who]:.3f} of the memory"
        )
    print(f"  (importing torch alone takes {found['torch'][0]['base_mb']:.0f} MB)", flush=True)
    if apart > 1e-3:
        sys.exit("the losses differ by more than 1e-3")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segue", help="the example `sasrec_speed`, built with --release")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--dense", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        folder, name = arguments.worker
        worker(Path(folder), SHAPES[name], arguments.threads, sparse=not arguments.dense)
        return
    for name in arguments.shapes.split(","):
        with tempfile.TemporaryDirectory() as folder:
            measure(name, arguments, Path(folder))


if __name__ == "__main__":
    main()
