"""Off-policy estimates of Segue and of the Open Bandit Pipeline (obp) on the same rows, side by
side; fails beyond 1e-6.

    python bench/off_policy.py --segue target/release/segue --data open_bandit_sample

Both get the same rows, the same probabilities of the evaluated policy and the same reward model:
here it is fitted on other folds, and handed to Segue in two columns. The data folder holds
`random_men.csv` and `bts_men.csv` of the Open Bandit Dataset: each is the log in one run and, in
the other, the policy in question, taken from its frequencies by action and position. A third log is
of slates that are drawn here.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
import pandas as pd

TOLERANCE = 1e-6
CLIP, SWITCH = 5.0, 2.0
# Two-sided 95 %, as in Segue; obp counts one side.
SLOPE_DELTA = 0.025


def load_obp():
    """Loads `obp.ope` alone. The package itself imports PyTorch, for learners that nothing here
    uses: an empty stand-in does.
    """
    package = types.ModuleType("obp")
    package.__path__ = list(importlib.util.find_spec("obp").submodule_search_locations)
    torch = types.ModuleType("torch")
    torch.tensor = torch.Tensor = object
    sys.modules |= {"obp": package, "torch": torch}
    import obp.ope

    return obp.ope


def segue(binary, log, options):
    command = [binary, "evaluate", "policy", "--log", log, "--json", *options]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if not done.stdout:
        sys.exit(f"{command}: {done.stderr}")
    return json.loads(done.stdout)


def answers(report):
    return {answer["estimator"]: answer for answer in report["answers"]}


def cross_fitted(action, position, reward, shape, folds, rng):
    """Mean reward by action and position, shrunk towards the mean by a hundred rounds, from the
    other folds: `[rounds, actions, positions]`.
    """
    fold = rng.permutation(len(action)) % folds
    predicted = np.empty((len(action), *shape))
    for held_out in range(folds):
        train = fold != held_out
        count, total = np.zeros(shape), np.zeros(shape)
        np.add.at(count, (action[train], position[train]), 1)
        np.add.at(total, (action[train], position[train]), reward[train])
        predicted[~train] = (total + 100 * reward[train].mean()) / (count + 100)
    return predicted


def compare_rounds(ope, args, folder, log_name, target_name):
    log = pd.read_csv(args.data / f"{log_name}_men.csv", index_col=0)
    target = pd.read_csv(args.data / f"{target_name}_men.csv", index_col=0)
    shape = (34, 3)
    table = np.zeros(shape)
    np.add.at(table, (target.item_id, target.position - 1), 1)
    table /= table.sum(axis=0)

    action, position = log.item_id.to_numpy(), log.position.to_numpy() - 1
    reward, propensity = log.click.to_numpy(float), log.propensity_score.to_numpy()
    rows = np.arange(len(log))
    q_hat = cross_fitted(action, position, reward, shape, 5, np.random.default_rng(args.seed))
    log["q"] = q_hat[rows, action, position]
    log["q_new"] = (q_hat * table)[rows, :, position].sum(axis=1)
    path = folder / f"{log_name}.csv"
    log.to_csv(path)
    options = ["--policy", target_name, "--target-log", args.data / f"{target_name}_men.csv"]
    options += [
        "--predicted-column",
        "q",
        "--expected-column",
        "q_new",
        "--clip",
        CLIP,
        "--seed",
        args.seed,
    ]
    report = segue(args.segue, path, options)
    ours = answers(report)
    fixed = answers(
        segue(
            args.segue, path, [*options, "--estimator", "switch-dr", "--switch-threshold", SWITCH]
        )
    )

    given = {"reward": reward, "action": action, "position": position, "pscore": propensity}
    given["action_dist"] = np.broadcast_to(table, (len(log), *shape)).copy()
    with_model = given | {"estimated_rewards_by_reg_model": q_hat}
    tuned = ope.SwitchDoublyRobustTuning(
        lambdas=list(report["switch_candidates"]), tuning_method="slope", delta=SLOPE_DELTA
    )
    pairs = [
        ("ips", ours["ips"], ope.InverseProbabilityWeighting().estimate_policy_value(**given)),
        (
            f"ips, weights to {CLIP:g}",
            ours["clipped-ips"],
            ope.InverseProbabilityWeighting(lambda_=CLIP).estimate_policy_value(**given),
        ),
        (
            "snips",
            ours["snips"],
            ope.SelfNormalizedInverseProbabilityWeighting().estimate_policy_value(**given),
        ),
        ("dm", ours["dm"], ope.DirectMethod().estimate_policy_value(**with_model)),
        ("dr", ours["dr"], ope.DoublyRobust().estimate_policy_value(**with_model)),
        (
            f"switch-dr, {SWITCH:g}",
            fixed["switch-dr"],
            ope.SwitchDoublyRobust(lambda_=SWITCH).estimate_policy_value(**with_model),
        ),
        ("switch-dr, SLOPE", ours["switch-dr"], tuned.estimate_policy_value(**with_model)),
    ]
    thresholds = (ours["switch-dr"]["threshold"], tuned.best_hyperparam)
    print(
        f"\n{len(log)} rounds of `{log_name}`, asked about `{target_name}`: its own log earns "
        f"{report['target_log']['value']:.6f}, this one {report['logged']['value']:.6f}"
    )
    worst = show(pairs)
    print(f"thresholds that SLOPE chose: {thresholds[0]:.6f} and {thresholds[1]:.6f}")
    weights = ours["ips"]["diagnostics"]
    print(
        f"worth {weights['effective_samples']:.0f} rounds, "
        f"mean weight {weights['mean_weight']:.4f} ± {weights['mean_weight_error']:.4f}, "
        f"largest {weights['largest_weight']:.1f}, "
        f"out of reach {weights['unsupported']:.4f}"
    )
    return max(worst, abs(thresholds[0] - thresholds[1]))


LISTS, SLOTS, ITEMS = 5_000, 3, 6


def plackett_luce(scores, before):
    weights = np.exp(scores)
    weights[list(before)] = 0
    return weights / weights.sum()


def cascade_slates(rng, scores, count):
    """Lists drawn item after item; a liked item makes the next one likelier to be liked."""
    likes = np.linspace(0.1, 0.7, ITEMS)
    items, rewards = np.empty((count, SLOTS), int), np.empty((count, SLOTS))
    for row in range(count):
        for slot in range(SLOTS):
            items[row, slot] = rng.choice(ITEMS, p=plackett_luce(scores, items[row, :slot]))
            liked = 0.7 * likes[items[row, slot]] + (0.3 * rewards[row, slot - 1] if slot else 0)
            rewards[row, slot] = rng.random() < liked
    return items, rewards


def compare_slates(ope, args, folder):
    rng = np.random.default_rng(args.seed)
    logging, target = np.linspace(0.5, 0, ITEMS), np.linspace(0, 1, ITEMS)
    items, rewards = cascade_slates(rng, logging, LISTS)
    _, own = cascade_slates(rng, target, LISTS)
    shares = np.empty((2, LISTS, SLOTS, ITEMS))
    for row in range(LISTS):
        for slot in range(SLOTS):
            for policy, scores in enumerate([logging, target]):
                shares[policy, row, slot] = plackett_luce(scores, items[row, :slot])
    # What is left to earn, as a model that looks at nothing but item and slot might guess it.
    q_hat = np.broadcast_to(
        np.linspace(0.2, 0.5, ITEMS) * np.array([[3], [2], [1]]), (LISTS, SLOTS, ITEMS)
    ).copy()
    chosen = np.take_along_axis(shares, items[None, :, :, None], axis=3)[..., 0]
    frame = pd.DataFrame(
        {
            "slate": np.repeat(np.arange(LISTS), SLOTS),
            "position": np.tile(np.arange(SLOTS), LISTS),
            "item": items.ravel(),
            "reward": rewards.ravel(),
            "propensity": chosen[0].ravel(),
            "p_new": chosen[1].ravel(),
            "q": np.take_along_axis(q_hat, items[:, :, None], axis=2).ravel(),
            "q_new": (q_hat * shares[1]).sum(axis=2).ravel(),
        }
    )
    path = folder / "slates.csv"
    frame.to_csv(path, index=False)
    options = [
        "--policy",
        "new",
        "--target-column",
        "p_new",
        "--slate-column",
        "slate",
        "--seed",
        args.seed,
    ]
    options += ["--predicted-column", "q", "--expected-column", "q_new"]
    options += ["--estimator", "sips,snsips,rips,snrips,iips,sniips,cascade-dr"]
    report = segue(args.segue, path, options)
    ours = answers(report)

    given = {name: frame[name].to_numpy() for name in ["reward", "position"]}
    given["slate_id"] = frame["slate"].to_numpy()
    cumulative = chosen.cumprod(axis=2)
    whole = {
        "pscore": cumulative[0, :, -1].repeat(SLOTS),
        "evaluation_policy_pscore": cumulative[1, :, -1].repeat(SLOTS),
    }
    prefix = {
        "pscore_cascade": cumulative[0].ravel(),
        "evaluation_policy_pscore_cascade": cumulative[1].ravel(),
    }
    each = {
        "pscore_item_position": chosen[0].ravel(),
        "evaluation_policy_pscore_item_position": chosen[1].ravel(),
    }
    model = {
        "action": frame["item"].to_numpy(),
        "q_hat": q_hat.ravel(),
        "evaluation_policy_action_dist": shares[1].ravel(),
    }
    value = lambda kind, inputs, **extra: kind(len_list=SLOTS, **extra).estimate_policy_value(
        **given, **inputs
    )
    pairs = [
        ("sips", ours["sips"], value(ope.SlateStandardIPS, whole)),
        ("snsips", ours["snsips"], value(ope.SelfNormalizedSlateStandardIPS, whole)),
        ("rips", ours["rips"], value(ope.SlateRewardInteractionIPS, prefix)),
        ("snrips", ours["snrips"], value(ope.SelfNormalizedSlateRewardInteractionIPS, prefix)),
        (
            "cascade-dr",
            ours["cascade-dr"],
            value(ope.SlateCascadeDoublyRobust, prefix | model, n_unique_action=ITEMS),
        ),
        ("iips", ours["iips"], value(ope.SlateIndependentIPS, each)),
        ("sniips", ours["sniips"], value(ope.SelfNormalizedSlateIndependentIPS, each)),
    ]
    own_error = own.sum(axis=1).std() / np.sqrt(LISTS)
    print(
        f"\n{LISTS} slates of {SLOTS}: "
        f"the policy itself earns {own.sum(axis=1).mean():.4f} ± {own_error:.4f}, "
        f"the log {rewards.sum(axis=1).mean():.4f}"
    )
    return show(pairs)


def show(pairs):
    print("| estimator | Segue | obp | difference | 95 % | |\n|---|---|---|---|---|---|")
    worst = 0.0
    for name, ours, theirs in pairs:
        difference = abs(ours["value"] - theirs)
        worst = max(worst, difference)
        interval = ours["interval"]
        shown = f"[{interval['low']:.4f}, {interval['high']:.4f}]" if interval else "none: biased"
        refused = "refused: " + ours["refusal"]["reason"] if ours["refusal"] else ""
        print(
            f"| {name} | {ours['value']:.8f} | {theirs:.8f} | {difference:.1e} | {shown} | "
            f"{refused} |"
        )
    return worst


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segue", default="target/release/segue", type=Path)
    parser.add_argument(
        "--data", required=True, type=Path, help="folder with random_men.csv and bts_men.csv"
    )
    parser.add_argument("--seed", default=1, type=int)
    args = parser.parse_args()
    ope = load_obp()
    with tempfile.TemporaryDirectory() as folder:
        worst = max(
            compare_rounds(ope, args, Path(folder), "random", "bts"),
            compare_rounds(ope, args, Path(folder), "bts", "random"),
            compare_slates(ope, args, Path(folder)),
        )
    print(f"\nlargest difference: {worst:.1e}")
    if worst > TOLERANCE:
        sys.exit(f"Segue and obp differ by more than {TOLERANCE}")


if __name__ == "__main__":
    main()
