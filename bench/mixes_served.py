#!/usr/bin/env python3
"""What the served mix gives, asked for as a client would: HetRec's Last.fm listeners
(hetrec2011-lastfm-2k), each artist as a track, and playlists of tidytuesday's Spotify songs.

    mixes_served.py held-out --segue target/release/segue --data hetrec2011_lastfm_2k
    mixes_served.py newcomers --segue target/release/segue --data hetrec2011_lastfm_2k
    mixes_served.py playlists --segue target/release/segue --data tidytuesday_spotify_songs

`held-out`: a fifth of each listener's artists is left out of what is imported and trained on, and
sixty new tracks are asked for (dial 1, greedy, ten an artist). EASE stands beside, in NumPy, its
regularisation chosen on a fifth of the training data. The order is that in which tracks were drawn.

`newcomers`: a fifth of the listeners is hidden from training; then so many of their artists are
imported, and their friends in half of the libraries. A hundred new tracks are asked for without
caps. All that is not shown is an answer.

`playlists`: each playlist is a listener, of whose songs a fifth is left out. The table of all
tracks is imported too, so that those of no other playlist can be found. Sixty new tracks are asked
for (dial 1, greedy, ten an artist and an album). The peers of `playlist_peers.py`, each tuned on a
fifth of the training data, have no caps. A song is what Segue takes for one, whatever the version:
all split, learn and are compared by it.
"""

import argparse
import contextlib
import csv
import http.client
import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote

import numpy as np
from hetrec import artists_of_listeners, write_plays
from playlist_peers import PEERS, Catalogue, tuned
from segue_run import run

KNOWN = [0, 1, 3, 5, 10]
FEATURES = [
    "danceability",
    "energy",
    "key",
    "loudness",
    "mode",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "liveness",
    "valence",
    "tempo",
    "duration_ms",
]
NAMES = [
    "track_id",
    "track_name",
    "track_artist",
    "track_album_name",
    "track_album_release_date",
]


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


def new_tracks(connection, listener, length, artist_cap, **more):
    """The tracks of a mix of new ones in the order in which they were drawn; none where the library
    has never heard of the listener."""
    body = {
        "length": length,
        "explore": 1,
        "policy": "greedy",
        "artist_cap": artist_cap,
        "seed": "1",
        "familiarity": "new",
        **more,
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
    return [pick["track"] for pick in picks]


def mix(connection, listener, length, artist_cap):
    """The artists of such a mix, where each is a track."""
    tracks = new_tracks(connection, listener, length, artist_cap)
    return tracks and [track["id"].removeprefix("item:") for track in tracks]


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


def held_out(args, folder):
    rng = random.Random(args.seed)
    played = artists_of_listeners(args.data)
    training, answers = {}, {}
    for user in sorted(played, key=int):
        own = list(played[user])
        rng.shuffle(own)
        cut = max(1, len(own) // 5)
        answers[user], training[user] = {row[1] for row in own[:cut]}, own[cut:]
    users = [user for user in training if training[user]]
    asked = sorted(rng.sample(users, min(args.users or 460, len(users))), key=int)
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


def newcomers(args, folder):
    rng = random.Random(args.seed)
    played = artists_of_listeners(args.data)
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


def songs(data):
    """Rows of the table by track, and the tracks of each playlist."""
    tracks, playlists = {}, defaultdict(dict)
    with open(data / "spotify_songs.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            tracks.setdefault(row["track_id"], row)
            playlists[row["playlist_id"]][row["track_id"]] = None
    return tracks, {playlist: list(own) for playlist, own in playlists.items()}


def write_tracks(path, tracks):
    """A table of what is known of tracks, whoever has them in a playlist."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [*NAMES, *FEATURES], extrasaction="ignore")
        table.writeheader()
        table.writerows(tracks.values())


def works_of(connection, tracks):
    """The work that each track is a version of."""
    works = {}
    for track in tracks:
        connection.request("GET", f"/v1/tracks/{quote(f'spotify:track:{track}')}")
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"{answer.status}: {text.decode()}")
        works[track] = json.loads(text)["work"]
    return works


def catalogue_of(works, versions, tracks):
    """A row a work: the mean of what its versions sound like, and the artist of the first."""
    numbers = {track: [float(row[name]) for name in FEATURES] for track, row in tracks.items()}
    sound = np.array([np.mean([numbers[track] for track in versions[work]], 0) for work in works])
    artists = [tracks[versions[work][0]]["track_artist"].lower() for work in works]
    return Catalogue(
        (sound - sound.mean(0)) / sound.std(0), np.unique(artists, return_inverse=1)[1]
    )


def peers_of(training, works, catalogue):
    """What each peer ranks for every listener, and a line on how it was set."""
    place = {work: k for k, work in enumerate(works)}
    fifth = {user: len(own) // 5 for user, own in training.items()}
    tune = [{place[work] for work in own[: fifth[user]]} for user, own in training.items()]

    def matrix(rows):
        likes = np.zeros((len(training), len(works)))
        for row, own in enumerate(rows):
            likes[row, [place[work] for work in own]] = 1
        return likes

    def judge(rankings):
        pairs = [pair for pair in zip(rankings, tune, strict=True) if pair[1]]
        return np.mean([quality(*pair, 60)[1] for pair in pairs])

    fit = matrix(own[fifth[user] :] for user, own in training.items())
    whole = matrix(training.values())
    found = {}
    for name in PEERS:
        rankings, chosen = tuned(name, fit, whole, catalogue, judge, 60)
        ranked = [[works[work] for work in ranking] for ranking in rankings]
        found[name] = dict(zip(training, ranked, strict=True))
        print(f"{name}: {json.dumps(chosen)}", flush=True)
    return found


def print_table(title, rankings, answers):
    """A line a system, and the mix against the best of its peers, over those who have answers."""
    asked = [user for user in answers if answers[user]]
    found = {
        name: np.array([quality(ranked[user], answers[user], 60) for user in asked])
        for name, ranked in rankings.items()
    }
    print(f"\n{title}: {len(asked)} asked; recall@20, NDCG@60")
    for name, values in found.items():
        print(f"{name:30}", *estimate(values))
    best = max(list(found)[1:], key=lambda name: found[name][:, 1].mean())
    print(f"{f'mix minus {best}':30}", *estimate(found["mix"] - found[best]), flush=True)


def play_of(user, track):
    """A row of a table of plays: one play to the end."""
    length = track["duration_ms"]
    return [user, track["track_id"], track["track_name"], track["track_artist"], length, length]


def left_out(in_playlists, work_of, rng):
    """What is trained on and what is an answer, both as works by playlist, and the version of each
    work that a playlist has. A playlist with one work is nobody.
    """
    training, answers, own_version = {}, {}, {}
    for user in sorted(in_playlists):
        own = {work_of[track]: track for track in in_playlists[user]}
        shuffled = rng.sample(sorted(own), len(own))
        cut = max(1, len(own) // 5)
        if len(own) > cut:
            answers[user], training[user] = set(shuffled[:cut]), shuffled[cut:]
            own_version[user] = own
    return training, answers, own_version


def playlists(args, folder):
    rng = random.Random(args.seed)
    tracks, in_playlists = songs(args.data)
    home = folder / "home"
    write_tracks(folder / "tracks.csv", tracks)
    command(args.segue, home, "import", folder / "tracks.csv")
    with server(args.segue, home) as connection:
        work_of = works_of(connection, tracks)
    training, answers, own = left_out(in_playlists, work_of, rng)
    asked = sorted(rng.sample(list(training), min(args.users or 200, len(training))))
    rows = [play_of(user, tracks[own[user][work]]) for user in training for work in training[user]]
    write_plays(folder / "plays.csv", rows)
    command(args.segue, home, "import", folder / "plays.csv")
    command(args.segue, home, "train")
    with server(args.segue, home) as connection:
        mixes = {
            user: [track["work"] for track in new_tracks(connection, user, 60, 10, album_cap=10)]
            for user in asked
        }
    versions = defaultdict(list)
    for track, work in work_of.items():
        versions[work].append(track)
    works = sorted(versions)
    rng.shuffle(works)  # equal scores are then in no order that means something
    catalogue = catalogue_of(works, versions, tracks)
    rankings = {"mix": mixes, **peers_of(training, works, catalogue)}
    in_training = {work for own in training.values() for work in own}
    warm = {user: answers[user] & in_training for user in asked}
    print_table("all answers", rankings, {user: answers[user] for user in asked})
    cold = {user: answers[user] - in_training for user in asked}
    share = sum(map(len, cold.values())) / sum(len(answers[user]) for user in asked)
    print(f"\n{share:.0%} of the answers are in no other playlist")
    print_table("answers in no other playlist", rankings, cold)
    print_table("answers in another playlist", rankings, warm)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("question", choices=["held-out", "newcomers", "playlists"])
    parser.add_argument("--segue", default="target/release/segue")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--users", type=int, help="how many are asked: 460, of playlists 200")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    questions = {"held-out": held_out, "newcomers": newcomers, "playlists": playlists}
    with tempfile.TemporaryDirectory(prefix="segue-mixes-") as folder:
        questions[args.question](args, Path(folder))


if __name__ == "__main__":
    main()
