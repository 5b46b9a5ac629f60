"""Regret and throughput of Segue's policies and of Vowpal Wabbit's (VW) on the same
contextual-bandit streams, one thread each.

    python bench/contextual_bandit.py --segue target/release/examples/bandit_stream --world linear

A stream holds, for every event, 20 arms with 20 features each, the probability that each arm is
rewarded, and what each *would* earn, all drawn before anybody chooses: both sides meet the same
outcomes. Each stream draws its own truth. Of the worlds, `linear` has reward probabilities linear
in the features; `logistic` has 4 listener features, 4 track features and their 16 products under a
logistic, of which the track's and the products are shown, and a distaste for extreme tracks, which
is not.

One stream is for choosing settings: Segue's base rate and prior variance come from 2,000 of its
events with arms drawn evenly, and every policy of either side gets the same number of random
settings, the default first, each judged by its regret on that stream. The other streams are for the
table. Both models are linear in the same features and a constant, and start from scratch in every
stream.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path

for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"]:
    os.environ[variable] = "1"

import numpy as np
import vowpalwabbit

ARMS, SIDE = 20, 4
TUNING_SEED, FIRST_SEED = 0, 1
EXPLORED = 2_000
RESAMPLES = 10_000


class Stream:
    """One stream, in memory, as files for Segue and as text for VW."""

    def __init__(self, world, events, width, seed, folder):
        rng = np.random.default_rng([seed, len(world)])
        self.features, self.probabilities = {"linear": linear, "logistic": logistic}[world](
            rng, events, width
        )
        self.rewards = rng.random((events, ARMS)) < self.probabilities
        self.seed, self.events, self.folder = seed, events, folder
        folder.mkdir()
        self.features.tofile(folder / "features.f32")
        self.rewards.astype(np.uint8).tofile(folder / "rewards.u8")
        self.probabilities.tofile(folder / "probabilities.f32")
        # What a sampled arm depends on besides its probability.
        self.draws = np.random.default_rng([seed, 99]).random(events).tolist()
        self.text = [[text(row) for row in event] for event in self.features.tolist()]

    def regret(self, chosen):
        rows = np.arange(self.events)
        best = self.probabilities.max(axis=1).astype(float)
        return float((best - self.probabilities[rows, chosen]).mean())

    def even_regret(self):
        return float((self.probabilities.max(axis=1) - self.probabilities.mean(axis=1)).mean())

    def least_linear_regret(self):
        """Regret of always taking the best arm of the linear model that fits all probabilities
        best: no learner sees those.
        """
        rows = self.features.reshape(-1, self.features.shape[2])
        rows = np.column_stack([rows, np.ones(len(rows))])
        weights = np.linalg.lstsq(rows, self.probabilities.ravel(), rcond=None)[0]
        return self.regret((rows @ weights).reshape(self.events, ARMS).argmax(axis=1))


def text(row):
    return "|f " + " ".join(f"{name}:{value:.6g}" for name, value in enumerate(row))


def linear(rng, events, width):
    features = rng.normal(size=(events, ARMS, width)).astype(np.float32)
    weights = rng.normal(scale=0.025 * (20 / width) ** 0.5, size=width)
    return features, np.clip(0.35 + features @ weights, 0.01, 0.99).astype(np.float32)


def logistic(rng, events, _width):
    listener, track = rng.normal(size=(events, 1, SIDE)), rng.normal(size=(events, ARMS, SIDE))
    products = (listener[..., :, None] * track[..., None, :]).reshape(events, ARMS, SIDE * SIDE)
    features = np.concatenate([track, products], axis=2).astype(np.float32)
    log_odds = -0.5 + features @ rng.normal(scale=np.repeat([0.4, 0.2], [SIDE, SIDE * SIDE]))
    log_odds += (listener @ rng.normal(scale=0.3, size=SIDE)) - 0.15 * (track**2).sum(axis=2)
    return features, (1 / (1 + np.exp(-log_odds))).astype(np.float32)


# Segue

SEGUE = {
    "greedy": lambda rng: {},
    "epsilon-greedy": lambda rng: {"epsilon": log_uniform(rng, 0.001, 0.3)},
    "plackett-luce": lambda rng: {"temperature": log_uniform(rng, 0.003, 0.3)},
    "lin-ucb": lambda rng: {"optimism": log_uniform(rng, 0.03, 3)},
    "linear-thompson": lambda rng: {},
}
SEGUE_DEFAULT = {"temperature": 0.05, "epsilon": 0.1, "optimism": 1.0, "draws": 1}


def segue(binary, stream, run):
    run = {"arms": ARMS, "width": stream.features.shape[2], "seed": stream.seed} | run
    done = subprocess.run([binary, stream.folder, json.dumps(run)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def play_segue(binary, stream, model, policy, setting):
    outcome = segue(
        binary, stream, {"task": "play", "model": model, "policy": policy} | SEGUE_DEFAULT | setting
    )
    log = np.loadtxt(stream.folder / "log.csv", delimiter=",", skiprows=1)
    chosen = log[:, 0].astype(int)
    if abs(stream.regret(chosen) - outcome["regret"]) > 1e-9 or log[:, 1].min() <= 0:
        sys.exit(f"`{policy}`: its log does not give its regret")
    return outcome


# Vowpal Wabbit


def log_uniform(rng, low, high):
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.3g}")


def either(rng, *choices):
    return choices[rng.integers(len(choices))]


VW = {
    "greedy": lambda rng: "--epsilon 0",
    "epsilon": lambda rng: f"--epsilon {log_uniform(rng, 0.001, 0.3)}",
    "softmax": lambda rng: f"--softmax --lambda {log_uniform(rng, 1, 300)}",
    "squarecb": lambda rng: (
        f"--squarecb --gamma_scale {log_uniform(rng, 1, 10_000)} "
        f"--gamma_exponent {either(rng, 0.25, 0.5)}"
    ),
    "regcb": lambda rng: (
        f"{either(rng, '--regcb', '--regcbopt')} --mellowness {log_uniform(rng, 1e-4, 1)}"
    ),
    "first": lambda rng: f"--first {round(log_uniform(rng, 20, 2_000))}",
    "rnd": lambda rng: (
        f"--rnd {either(rng, 1, 3)} --rnd_alpha {log_uniform(rng, 0.01, 1)} "
        f"--epsilon {either(rng, 0, 0.02)}"
    ),
    "bag": lambda rng: (
        f"--bag {either(rng, 5, 10)} {either(rng, '', '--greedify')} "
        f"--epsilon {either(rng, 0, 0.02)}"
    ),
    "cover": lambda rng: (
        f"--cover {either(rng, 3, 8)} --psi {log_uniform(rng, 0.01, 1)} "
        f"{either(rng, '', '--nounif')}"
    ),
}
VW_DEFAULT = {
    "greedy": "--epsilon 0",
    "epsilon": "--epsilon 0.05",
    "softmax": "--softmax",
    "squarecb": "--squarecb",
    "regcb": "--regcb",
    "first": "--first 100",
    "rnd": "--rnd 3",
    "bag": "--bag 5",
    "cover": "--cover 3",
}


def vw_setting(rng, policy, base_rate):
    """Exploration, learning rate, the probability below which weights `1 / p` grow no more (1: no
    weights), and what a reward and none cost.
    """
    highest = either(rng, 1.0, 0.0, base_rate)
    options = (
        f"{VW[policy](rng)} --learning_rate {log_uniform(rng, 0.01, 10)} "
        f"--clip_p {either(rng, 0, 0.1, 1)}"
    )
    if policy == "regcb":
        options += f" --cb_min_cost {highest - 1:.4f} --cb_max_cost {highest:.4f}"
    return {"options": options, "highest_cost": highest}


def play_vw(stream, setting, log=None):
    """Parses, predicts, draws an arm from the probabilities that VW states, learns from its cost;
    appends labelled text to `log`.
    """
    workspace = vowpalwabbit.Workspace(
        f"--cb_explore_adf --quiet --random_seed {stream.seed + 1} {setting['options']}"
    )
    costs = (setting["highest_cost"] - stream.rewards).tolist()
    chosen = []
    cpu, wall = time.process_time(), time.perf_counter()
    for lines, cost, draw in zip(stream.text, costs, stream.draws):
        examples = workspace.parse(lines)
        cumulative = list(accumulate(workspace.predict(examples)))
        arm = min(bisect_right(cumulative, draw * cumulative[-1]), ARMS - 1)
        probability = (cumulative[arm] - (cumulative[arm - 1] if arm else 0)) / cumulative[-1]
        label = f"0:{cost[arm]:.6g}:{probability:.6g}"
        examples[arm].set_label_string(label)
        workspace.learn(examples)
        workspace.finish_example(examples)
        chosen.append(arm)
        if log is not None:
            log.append(
                "\n".join(
                    f"{label} {line}" if other == arm else line for other, line in enumerate(lines)
                )
            )
    spent = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    workspace.finish()
    return {"regret": stream.regret(chosen)} | spent


def native_vw(stream, setting, folder):
    """CPU seconds of VW's own driver over the log of one run, without Python in the loop: from
    text, and from its binary cache.
    """
    log = []
    play_vw(stream, setting, log)
    path = folder / "log.vw"
    path.write_text("\n\n".join(log) + "\n\n")
    cache = folder / "log.cache"
    options = ["--cb_explore_adf", "--quiet", *setting["options"].split()]

    def timed(*source):
        cpu = time.process_time()
        vowpalwabbit.Workspace(arg_list=[*options, "-d", str(path), *source]).finish()
        return time.process_time() - cpu

    text_s = [timed() for _ in range(5)]
    timed("--cache_file", str(cache), "-k")
    cache_s = [timed("--cache_file", str(cache)) for _ in range(5)]
    return {"text": statistics.median(text_s), "cache": statistics.median(cache_s)}


# Both


def best_setting(settings, play):
    """The setting with the least regret on the tuning stream, and that regret."""
    regrets = [play(setting)["regret"] for setting in settings]
    best = int(np.argmin(regrets))
    return settings[best], regrets[best]


def interval(values):
    """Mean and 95 % percentile bootstrap over streams."""
    values = np.array(values)
    draws = np.random.default_rng(1).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    return f"{values.mean():+.4f} [{low:+.4f}, {high:+.4f}]"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segue", default="target/release/examples/bandit_stream", type=Path)
    parser.add_argument("--world", choices=["linear", "logistic"], required=True)
    parser.add_argument("--events", default=10_000, type=int)
    parser.add_argument(
        "--width",
        default=20,
        type=int,
        help="features of an arm in the linear world; the other has 20",
    )
    parser.add_argument("--streams", default=10, type=int)
    parser.add_argument("--draws", default=24, type=int, help="settings tried for each policy")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(args, Path(folder))


def compare(args, folder):
    rng = np.random.default_rng(TUNING_SEED)
    tuning = Stream(args.world, args.events, args.width, TUNING_SEED, folder / "tuning")
    model = segue(args.segue, tuning, {"task": "fit", "events": min(EXPLORED, args.events)})
    print(
        f"base rate {model['base_rate']:.3f}, prior variance {model['prior']['variances'][0]:.2e}, "
        f"noise {model['prior']['noise']:.3f}"
    )

    plays, tuned = {}, {}
    for policy, draw in SEGUE.items():
        settings = [{}] + [
            setting for setting in (draw(rng) for _ in range(args.draws - 1)) if setting
        ]
        name = f"Segue {policy}"
        plays[name] = lambda stream, setting, policy=policy: play_segue(
            args.segue, stream, model, policy, setting
        )
        tuned[name] = best_setting(settings, lambda setting: plays[name](tuning, setting))
    plays["Segue linear-thompson, 1,024 draws"] = plays["Segue linear-thompson"]
    tuned["Segue linear-thompson, 1,024 draws"] = ({"draws": 1024}, None)
    for policy in VW:
        settings = [{"options": VW_DEFAULT[policy], "highest_cost": 1.0}]
        settings += [vw_setting(rng, policy, model["base_rate"]) for _ in range(args.draws - 1)]
        plays[f"VW {policy}"] = play_vw
        tuned[f"VW {policy}"] = best_setting(settings, lambda setting: play_vw(tuning, setting))

    outcomes, even, least = {name: [] for name in plays}, [], []
    for seed in range(FIRST_SEED, FIRST_SEED + args.streams):
        stream = Stream(args.world, args.events, args.width, seed, folder / str(seed))
        even.append(stream.even_regret())
        least.append(stream.least_linear_regret())
        for name, play in plays.items():
            outcomes[name].append(play(stream, tuned[name][0]))
    print(
        f"\n`{args.world}`, {args.streams} streams of {args.events:,} events: "
        f"regret of arms drawn evenly {interval(even)}, "
        f"of a linear model fitted to the truth {interval(least)}"
    )
    show(args, tuned, outcomes)
    chosen = leader(tuned, "VW")
    native = native_vw(stream, tuned[chosen][0], folder)
    print(
        f"\n{chosen} by VW's own driver over a log: "
        f"{args.events / native['text']:,.0f} events a CPU second from text, "
        f"{args.events / native['cache']:,.0f} from its cache"
    )


def leader(tuned, side):
    """The policy of a side that did best on the tuning stream; the streams of the table have no
    say.
    """
    of_side = {
        name: regret
        for name, (_, regret) in tuned.items()
        if name.startswith(side) and regret is not None
    }
    return min(of_side, key=of_side.get)


def show(args, tuned, outcomes):
    regrets = {
        name: np.array([outcome["regret"] for outcome in runs]) for name, runs in outcomes.items()
    }
    leaders = [leader(tuned, "Segue"), leader(tuned, "VW")]
    print(
        f"\n| | on the tuning stream | regret an event | less {leaders[0]} | less {leaders[1]} | "
        "events a CPU second | setting |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, (setting, tuning_regret) in tuned.items():
        differences = " | ".join(
            "" if name == other else interval(regrets[name] - regrets[other]) for other in leaders
        )
        speed = args.events / statistics.mean(outcome["cpu_s"] for outcome in outcomes[name])
        tuning_regret = "" if tuning_regret is None else f"{tuning_regret:.4f}"
        print(
            f"| {name} | {tuning_regret} | {interval(regrets[name])} | {differences} | "
            f"{speed:,.0f} | {json.dumps(setting)} |"
        )


if __name__ == "__main__":
    main()
