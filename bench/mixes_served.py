#!/usr/bin/env python3
"""What the served mix gives, asked for as a client would: HetRec's Last.fm listeners
(hetrec2011-lastfm-2k), each artist as a track.

    mixes_served.py held-out --segue target/release/segue --data hetrec2011_lastfm_2k
    mixes_served.py newcomers --segue target/release/segue --data hetrec2011_lastfm_2k

`held-out`: a fifth of each listener's artists is left out of what is imported and trained on, and
sixty new tracks are asked for (dial 1, greedy, ten an artist). EASE stands beside, in NumPy, its
regularisation chosen on a fifth of the training data. The order is that in which tracks were drawn.

`newcomers`: a fifth of the listeners is hidden from training; then so many of their artists are
imported, and their friends in half of the libraries. A hundred new tracks are asked for without
caps. All that is not shown is an answer.
"""

import argparse
import contextlib
import http.client
import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from hetrec import artists_of_listeners, write_plays
from segue_run import run

KNOWN = [0, 1, 3, 5, 10]


def command(segue, home, *arguments):
    run([segue, "--home", str(home), *map(str, arguments)])


@contextlib.contextmanager
def server(segue, home):
    """A connection to a server that is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [segue, "--home", str(home), "serve", "--no-training", "--bind", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for _ in range(600):
            if process.poll() is not None:
                sys.exit("the server ended")
            with contextlib.suppress(OSError):
                connection.request("GET", "/readyz")
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    break
            connection.close()
            time.sleep(0.1)
        else:
            sys.exit("the server does not get ready")
        yield connection
    finally:
        process.terminate()
        process.wait()


def mix(connection, listener, length, artist_cap):
    """The artists of a mix of new tracks in the order in which they were drawn; none where the
    library has never heard of the listener."""
    body = {
        "length": length,
        "explore": 1,
        "policy": "greedy",
        "artist_cap": artist_cap,
        "seed": "1",
        "familiarity": "new",
    }
    connection.request(
        "POST",
        f"/v1/listeners/{listener}/mixes",
        json.dumps(body),
        {"content-type": "application/json"},
    )
    answer = connection.getresponse()
    text = answer.read()
    if answer.status == 404:
        return None
    if answer.status != 201:
        sys.exit(f"{answer.status}: {text.decode()}")
    picks = sorted(json.loads(text)["picks"], key=lambda pick: pick["drawn"])
    return [pick["track"]["id"].removeprefix("item:") for pick in picks]


def quality(ranked, answers, depth):
    """Recall@20 and NDCG at a depth."""
    hits = np.array([item in answers for item in ranked[:depth]] + [False] * (depth - len(ranked)))
    gain = 1 / np.log2(np.arange(depth) + 2)
    return hits[:20].sum() / min(20, len(answers)), (gain @ hits) / gain[: len(answers)].sum()


def estimate(values, seed=1):
    """The mean of each column with its 95 % bootstrap interval over rows."""
    values = np.asarray(values)
    rng = np.random.default_rng(seed)
    means = values[rng.integers(len(values), size=(2000, len(values)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    return [
        f"{mean:.3f} [{a:.3f}, {b:.3f}]"
        for mean, a, b in zip(values.mean(0), low, high, strict=True)
    ]


def ease(matrix, regularisation):
    """Steck 2019, equation 8."""
    gram = matrix.T @ matrix
    gram[np.diag_indices_from(gram)] += regularisation
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


def ease_quality(training, answers, asked, depth):
    """Recall@20 and NDCG of EASE for the listeners who are asked."""
    users = sorted(training, key=int)
    items = sorted({row[1] for rows in training.values() for row in rows})
    place = {item: k for k, item in enumerate(items)}

    def matrix(of):
        found = np.zeros((len(users), len(items)))
        for row, user in enumerate(users):
            found[row, [place[item] for item in of[user]]] = 1
        return found

    own = {user: [row[1] for row in training[user]] for user in users}
    tune = {user: own[user][: len(own[user]) // 5] for user in users}
    fit = {user: own[user][len(own[user]) // 5 :] for user in users}

    def measured(known, answers, regularisation, of):
        x = matrix(known)
        scores = x @ ease(x, regularisation)
        scores[x > 0] = -np.inf
        found = []
        for row, user in enumerate(users):
            if user in of and answers[user]:
                best = np.argsort(-scores[row])[:depth]
                found.append(quality([items[k] for k in best], set(answers[user]), depth))
        return np.array(found)

    chosen = max(
        (100, 200, 500, 1000, 2000),
        key=lambda value: measured(fit, tune, value, set(users))[:, 1].mean(),
    )
    return measured(own, answers, chosen, set(asked)), chosen


def held_out(args, played, folder):
    rng = random.Random(args.seed)
    training, answers = {}, {}
    for user in sorted(played, key=int):
        own = list(played[user])
        rng.shuffle(own)
        cut = max(1, len(own) // 5)
        answers[user], training[user] = {row[1] for row in own[:cut]}, own[cut:]
    users = [user for user in training if training[user]]
    asked = sorted(rng.sample(users, min(args.users, len(users))), key=int)
    write_plays(folder / "plays.csv", [row for user in users for row in training[user]])
    home = folder / "home"
    command(args.segue, home, "import", folder / "plays.csv")
    command(args.segue, home, "train")
    with server(args.segue, home) as connection:
        found = np.array(
            [quality(mix(connection, f"u{user}", 60, 10), answers[user], 60) for user in asked]
        )
    peer, chosen = ease_quality(training, answers, asked, 60)
    print(f"{len(asked)} asked; recall@20, NDCG@60")
    print("mix            ", *estimate(found))
    print(f"EASE ({chosen:4})    ", *estimate(peer))
    print("mix minus EASE ", *estimate(found - peer))


def friends_of(data):
    lines = (data / "user_friends.dat").read_text(encoding="utf-8-sig").splitlines()[1:]
    return [line.split("\t")[:2] for line in lines]


def write_friends(path, pairs):
    lines = ["user,friend", *(f"u{user},u{friend}" for user, friend in pairs)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def newcomers(args, played, folder):
    rng = random.Random(args.seed)
    users = sorted(played, key=int)
    hidden = set(rng.sample(users, len(users) // 5))
    pairs = friends_of(args.data)
    among_others = [pair for pair in pairs if hidden.isdisjoint(pair)]
    theirs = [(a, b) for a, b in pairs if a in hidden and b in played and b not in hidden]
    asked = sorted({user for user, _ in theirs}, key=int)
    shown = {user: rng.sample(played[user], min(10, len(played[user]))) for user in asked}
    home = folder / "trained"
    rows = [row for user in users if user not in hidden for row in played[user]]
    write_plays(folder / "plays.csv", rows)
    write_friends(folder / "friends.csv", among_others)
    command(args.segue, home, "import", folder / "plays.csv")
    command(args.segue, home, "import", folder / "friends.csv")
    command(args.segue, home, "train")
    write_friends(folder / "friends.csv", theirs)
    print(f"{len(asked)} newcomers who have friends; recall@20, NDCG@100")
    for count in KNOWN:
        write_plays(folder / "plays.csv", [row for user in asked for row in shown[user][:count]])
        for has_friends in (False, True):
            copy = folder / "copy"
            shutil.copytree(home, copy)
            if count:
                command(args.segue, copy, "import", folder / "plays.csv")
            if has_friends:
                command(args.segue, copy, "import", folder / "friends.csv")
            found = []
            with server(args.segue, copy) as connection:
                for user in asked:
                    answers = {row[1] for row in played[user]}
                    answers -= {row[1] for row in shown[user][:count]}
                    ranked = mix(connection, f"u{user}", 100, 100) if answers else None
                    if ranked is not None:
                        found.append(quality(ranked, answers, 100))
            shutil.rmtree(copy)
            label = f"{count:2} artists{', friends' if has_friends else '         '}"
            what = estimate(found) if found else ["nobody of that name is known"]
            print(label, *what, f"({len(found)})", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("question", choices=["held-out", "newcomers"])
    parser.add_argument("--segue", default="target/release/segue")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--users", type=int, default=460, help="how many are asked (held-out)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    played = artists_of_listeners(args.data)
    with tempfile.TemporaryDirectory(prefix="segue-mixes-") as folder:
        {"held-out": held_out, "newcomers": newcomers}[args.question](args, played, Path(folder))


if __name__ == "__main__":
    main()
