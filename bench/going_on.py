#!/usr/bin/env python3
"""`segue train --continue` against a training from nothing, on HetRec's Last.fm listeners
(hetrec2011-lastfm-2k).

    going_on.py --segue target/release/segue --data hetrec2011_lastfm_2k

Artists with eight listeners or more, each as a track; a fifth of each listener's is held out. A
first training sees nine tenths of the listeners, and nine tenths of what is left of each; then the
rest is imported. Asked for mixes of sixty new tracks are: the set as it was, the set that went on,
and one trained from nothing. The cost is processor time.
"""

import argparse
import json
import math
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hetrec import artists_of_listeners, write_plays


def read(data, rng):
    """What is held out of each listener, what comes first and what later, and who is new then."""
    played = artists_of_listeners(data)
    users = sorted(played, key=int)
    new = set(rng.sample(users, len(users) // 10))
    held_out, first, later = {}, [], []
    for user in users:
        own = played[user]
        rng.shuffle(own)
        cut = max(1, len(own) // 5)
        held_out[user], rest = {row[1] for row in own[:cut]}, own[cut:]
        cut = 0 if user in new else int(len(rest) * 0.9)
        first += rest[:cut]
        later += rest[cut:]
    return held_out, first, later, new


def run(segue, home, *arguments):
    """Output and processor seconds of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [segue, "--home", home, *map(str, arguments)], capture_output=True, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def quality(segue, home, user, answers):
    """Recall@20 and NDCG@60 of a mix of new tracks."""
    asked = [
        "--listener",
        f"u{user}",
        "--explore",
        1,
        "--policy",
        "greedy",
        "--artist-cap",
        10,
        "--length",
        60,
    ]
    mix, _ = run(segue, home, "mix", *asked, "--seed", 1, "--json", "--dry-run")
    picks = sorted(json.loads(mix)["picks"], key=lambda pick: pick["drawn"])
    hits = [pick["track"].removeprefix("item:") in answers for pick in picks]
    gain = [1 / math.log2(rank + 2) for rank in range(60)]
    recall = sum(hits[:20]) / min(20, len(answers))
    return recall, sum(g for g, hit in zip(gain, hits, strict=False) if hit) / sum(
        gain[: len(answers)]
    )


def report(found, users, rng, name):
    for home, of in found.items():
        recall, ndcg = (sum(of[user][k] for user in users) / len(users) for k in (0, 1))
        print(f"{name}, {len(users)}: {home:6s} recall@20 {recall:.3f}, NDCG@60 {ndcg:.3f}")
    less = [found["on"][user][1] - found["anew"][user][1] for user in users]
    means = sorted(sum(rng.choices(less, k=len(less))) / len(less) for _ in range(2000))
    print(
        f"  going on minus anew, NDCG@60: {sum(less) / len(less):+.4f} "
        f"[{means[50]:+.4f}, {means[1949]:+.4f}]"
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--segue", default="target/release/segue")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--users", type=int, default=120, help="how many are asked for a mix")
    args = parser.parse_args()
    rng = random.Random(1)
    held_out, first, later, new = read(args.data, rng)
    with tempfile.TemporaryDirectory(prefix="segue-going-on-") as name:
        folder = Path(name)
        for table, rows in {"first.csv": first, "later.csv": later}.items():
            write_plays(folder / table, rows)
        homes = {home: folder / home for home in ("stale", "on", "anew")}
        run(args.segue, homes["on"], "import", folder / "first.csv")
        print(f"first training: {run(args.segue, homes['on'], 'train')[1]:.1f} s")
        run(args.segue, homes["on"], "import", folder / "later.csv")
        for copy in ("stale", "anew"):
            shutil.copytree(homes["on"], homes[copy])
        print(f"going on: {run(args.segue, homes['on'], 'train', '--continue')[1]:.1f} s")
        print(f"anew: {run(args.segue, homes['anew'], 'train')[1]:.1f} s")
        users = rng.sample(sorted(held_out, key=int), args.users)
        found = {
            home: {user: quality(args.segue, path, user, held_out[user]) for user in users}
            for home, path in homes.items()
        }
        report(found, users, rng, "all")
        report(found, [user for user in users if user in new], rng, "new listeners")


if __name__ == "__main__":
    main()
