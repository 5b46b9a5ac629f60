"""Checks that Segue's SASRec and the PyTorch module compute the same: outputs of a loaded file to
1e-4, losses, and the gradients of one batch to a relative error of 1e-4, for every loss and both
blocks.

    python bench/sasrec_parity.py --segue target/release/examples/sasrec_speed
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from sasrec_torch import load, loss_of

LOSSES = {
    "full_softmax": "full_softmax",
    "bce": "bce",
    "sampled_softmax": {"sampled_softmax": {"negatives": 64}},
    "gbce": {"gbce": {"negatives": 64, "t": 0.75}},
}


def check(binary, block, kind):
    items, batch, length, dim = 500, 16, 20, 32
    config = {
        "dim": dim,
        "heads": 2,
        "max_length": length,
        "dropout": 0.0,
        "batch": batch,
        "block": block,
    }
    config |= {"expansion": 2, "loss": LOSSES[kind]}
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        sequences = rng.integers(0, items, (1, batch, length + 1), dtype=np.uint32)
        negatives = rng.integers(0, items, batch * length if kind == "bce" else 64, dtype=np.uint32)
        sequences.tofile(folder / "sequences.u32")
        negatives.tofile(folder / "negatives.u32")
        run = {"config": config, "items": items, "gradients": True}
        done = subprocess.run(
            [binary, folder, json.dumps(run)], capture_output=True, text=True, check=True
        )
        ours = json.loads(done.stdout)
        gradients = np.fromfile(folder / "gradients.f32", dtype=np.float32)
        outputs = np.fromfile(folder / "outputs.f32", dtype=np.float32).reshape(length, dim)
        model = load(folder / "start.safetensors", sparse=False)
    sequences = torch.from_numpy(sequences[0].astype(np.int64))
    negatives = torch.from_numpy(negatives.astype(np.int64))
    alpha = 64 / (items - 1)
    beta = alpha * (0.75 * (1 - 1 / alpha) + 1 / alpha)
    loss = loss_of(model, kind, sequences[:, :-1], sequences[:, 1:], negatives, beta)
    loss.backward()
    with torch.no_grad():
        apart = float(np.abs(model(sequences[:1, :-1])[0].numpy() - outputs).max())
    parameters = dict(model.named_parameters())
    worst, start = 0.0, 0
    for name in ours["names"]:
        wanted = parameters[name].grad.numpy().ravel()
        found = gradients[start : start + wanted.size]
        start += wanted.size
        # Keys' biases shift all scores of a query alike: their gradient is zero but for rounding.
        scale = max(np.linalg.norm(wanted), 1e-6)
        worst = max(worst, float(np.linalg.norm(found - wanted) / scale))
    assert start == gradients.size and len(ours["names"]) == len(parameters)
    return apart, abs(ours["loss"] - loss.item()), worst


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--segue", required=True, help="the example `sasrec_speed`, built with --release"
    )
    binary = parser.parse_args().segue
    failed = False
    print(
        f"{'block':8} {'loss':16} {'outputs apart by':>17} {'loss':>9} {'gradients, relative':>20}"
    )
    for block in ("sasrec", "ligr"):
        for kind in LOSSES:
            apart, loss, worst = check(binary, block, kind)
            failed |= max(apart, loss, worst) > 1e-4
            print(f"{block:8} {kind:16} {apart:17.1e} {loss:9.1e} {worst:20.1e}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
