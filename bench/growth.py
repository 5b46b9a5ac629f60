#!/usr/bin/env python3
"""What a mix costs on disk: asks a server for mixes and weighs the tables of its database.

A made-up catalogue and a dozen histories, a model, then so many mixes of thirty picks for them in
turn, at several places of the dial.

    python3 bench/growth.py --segue target/release/segue --mixes 5000
"""

import argparse
import os
import random
import sqlite3
import tempfile
import time
from pathlib import Path

from crash import Server

LISTENERS = 12


def furnish(server, tracks, plays):
    """A catalogue, histories of uneven taste, and a model."""
    rng = random.Random(0)
    features = ["energy", "valence", "danceability", "acousticness", "speechiness"]
    songs = [
        {
            "id": f"growth:track:{n}",
            "title": f"The song with the number {n}",
            "artists": [f"Artist of some renown {n % (tracks // 12)}"],
            "features": {name: rng.random() for name in features}
            | {"tempo": 80 + n % 60, "duration_ms": 200_000},
        }
        for n in range(tracks)
    ]
    for begin in range(0, tracks, 1000):
        status, answer = server.ask("POST", "/v1/tracks", songs[begin : begin + 1000])
        assert status == 200, answer
    for listener in range(LISTENERS):
        listens = [
            {
                "track": "growth:track:"
                f"{int(tracks * (listener / LISTENERS + rng.random() ** 3)) % tracks}",
                "end": rng.choice(["finished", "finished", "skipped"]),
                "at": f"2025-{1 + n % 12:02}-{1 + n % 28:02}T{n % 24:02}:{n % 60:02}:00Z",
            }
            for n in range(plays)
        ]
        status, answer = server.ask("POST", f"/v1/listeners/base-{listener}/listens", listens)
        assert status == 200, answer
    status, trained = server.ask("POST", "/v1/models/train")
    assert status == 200, trained


def weigh(home):
    """Bytes of each table and index, and of the files."""
    with sqlite3.connect(f"file:{home}/segue.db?mode=ro", uri=True) as connection:
        try:
            sizes = dict(connection.execute("SELECT name, SUM(payload) FROM dbstat GROUP BY name"))
        except sqlite3.OperationalError:
            sizes = {}
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        return sizes | {"pages": pages * connection.execute("PRAGMA page_size").fetchone()[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segue", default="target/release/segue")
    parser.add_argument("--mixes", type=int, default=5000)
    parser.add_argument("--tracks", type=int, default=6000)
    parser.add_argument("--plays", type=int, default=600)
    parser.add_argument("--home", type=Path, help="where the library is made, to be kept")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "ab") as log:
        home = args.home or Path(folder) / "home"
        server = Server(args.segue, home, log)
        furnish(server, args.tracks, args.plays)
        connection = sqlite3.connect(f"file:{home}/segue.db", uri=True)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        before, began, picks = weigh(home), time.time(), 0
        for number in range(args.mixes):
            body = {"length": 30, "explore": number % 5 / 5}
            status, mix = server.ask("POST", f"/v1/listeners/base-{number % LISTENERS}/mixes", body)
            assert status == 201, mix
            picks += len(mix["picks"])
        seconds = time.time() - began
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        after = weigh(home)
        server.process.terminate()
        server.process.wait()
    print(f"{args.mixes} mixes of {picks / args.mixes:.1f} picks in {seconds:.0f} s")
    for name in sorted(after, key=lambda name: before.get(name, 0) - after[name]):
        if grown := after[name] - before.get(name, 0):
            print(f"{grown / args.mixes:10.1f} bytes a mix: {name}")


if __name__ == "__main__":
    main()
