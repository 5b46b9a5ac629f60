#!/usr/bin/env python3
"""Kills `segue serve` under load, again and again, and counts what was acknowledged and is not
there afterwards.

Clients tell plays and words under ids of their own, one by one and in bulk, ask for mixes and
upload tables, as fast as they can. At a random moment the server is killed (`kill -9`; every
`--graceful`-th time it is asked to stop, SIGTERM). After the restart:

* everything acknowledged has to be there exactly once;
* everything else is told again under the same id, and has to be there exactly once then;
* mixes that were answered have to be shown again as they were;
* uploads that were acknowledged have to have been read to the end, once;
* the database has to pass its own check.

    python3 bench/crash.py --segue target/release/segue --rounds 25 --seed 1
"""

import argparse
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections import Counter
from pathlib import Path

TRACKS = 200
HEADERS = {"content-type": "application/json"}


def track(number):
    return f"crash:track:{number}"


class Server:
    def __init__(self, segue, home, log, environment=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [segue, "--home", str(home), "serve", "--bind", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=log, env=environment
        )
        deadline = time.time() + 60
        while True:
            try:
                if self.ask("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            if time.time() > deadline or self.process.poll() is not None:
                sys.exit("the server does not start")
            time.sleep(0.05)

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)

    def ask(self, method, path, body=None):
        connection = self.connection()
        try:
            return ask(connection, method, path, body)
        finally:
            connection.close()


def ask(connection, method, path, body=None):
    data = json.dumps(body) if body is not None and not isinstance(body, bytes) else body
    connection.request(method, path, data, HEADERS if not isinstance(body, bytes) else {})
    response = connection.getresponse()
    text = response.read()
    return response.status, json.loads(text) if text[:1] in (b"{", b"[") else text


class Client(threading.Thread):
    """Does one thing after another, and remembers what was acknowledged and what was not."""

    def __init__(self, server, name, rng, tally, closes):
        super().__init__(daemon=True)
        self.server, self.name_, self.rng, self.tally, self.closes = (
            server,
            name,
            rng,
            tally,
            closes,
        )
        self.acknowledged, self.open, self.mixes, self.cut = [], [], [], []
        self.stopping = False

    def run(self):
        connection, number = self.server.connection(), 0
        while not self.stopping:
            number += 1
            connected = False
            try:
                if self.closes:
                    connection.close()
                    connection = self.server.connection()
                    connection.connect()
                    connected = True
                self.step(connection, number)
            except (OSError, http.client.HTTPException) as error:
                if self.stopping or not self.closes:
                    return
                if connected:
                    self.cut.append(repr(error))
                return

    def step(self, connection, number):
        kind = self.rng.random()
        listener = f"{self.name_}-{number % 3}"
        if kind < 0.25:
            body = {"length": 10, "seed": number}
            status, mix = ask(connection, "POST", f"/v1/listeners/{listener}/mixes", body)
            self.count("mix", status)
            if status == 201:
                self.mixes.append(mix)
            return
        events = [self.event(listener, f"{number}-{one}") for one in range(1 if kind < 0.8 else 20)]
        self.open.extend(events)
        status, answer = ask(connection, "POST", "/v1/events", [event for _, event in events])
        self.count("events", status)
        if status == 200:
            self.open = self.open[: -len(events)]
            self.acknowledged.extend(events)
            self.tally["refused"] += answer["refused"]

    def event(self, listener, number):
        client_id = f"{listener}:{number}"
        dated = {"at": "2026-01-01T00:00:00Z"} if self.rng.random() < 0.5 else {}
        if self.rng.random() < 0.5:
            listen = {
                "client_id": client_id,
                "track": track(self.rng.randrange(TRACKS)),
                "end": "finished",
                "context": client_id,
                **dated,
            }
            return client_id, {"listener": listener, "listen": listen}
        word = {"client_id": client_id, "artist": client_id, "kind": "like", **dated}
        return client_id, {"listener": listener, "feedback": word}

    def count(self, what, status):
        self.tally[f"{what} answered {status}"] += 1


class Uploader(threading.Thread):
    ROWS = 400

    def __init__(self, server, name):
        super().__init__(daemon=True)
        self.server, self.name_, self.acknowledged = server, name, []
        self.stopping = False

    def run(self):
        number = 0
        while not self.stopping and number < 1:
            number += 1
            listener = f"{self.name_}-up{number}"
            rows = ["user_id,track_uri,track_name,artist_name,played_at,ms_played"]
            for row in range(self.ROWS):
                at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_700_000_000 + row * 300))
                rows.append(f"{listener},,Song {row} of {listener},Uploaded,{at},200000")
            try:
                path = f"/v1/imports?listener={listener}&name=table.csv"
                status, _ = self.server.ask("POST", path, "\n".join(rows).encode())
            except (OSError, http.client.HTTPException):
                return
            if status == 202:
                self.acknowledged.append(listener)


def history(server, listener):
    """How often each event of a listener is in the log."""
    found, before = Counter(), ""
    quoted = urllib.parse.quote(listener)
    while True:
        status, page = server.ask("GET", f"/v1/listeners/{quoted}/listens?limit=1000{before}")
        assert status == 200, page
        found.update(listen["context"] for listen in page["listens"])
        if "next" not in page:
            break
        before = "&before=" + urllib.parse.quote(page["next"])
    status, page = server.ask("GET", f"/v1/listeners/{quoted}/feedback")
    assert status == 200, page
    found.update(word["target"]["artist"] for word in page["feedback"])
    return found


def plays(server, listener):
    status, known = server.ask("GET", f"/v1/listeners/{listener}")
    return known["listens"] if status == 200 else 0


def furnish(server):
    """A catalogue, a few histories, and a model."""
    features = lambda n: {
        "energy": n % 10 / 10,
        "valence": n % 7 / 7,
        "danceability": n % 11 / 11,
        "acousticness": n % 5 / 5,
        "tempo": 80 + n % 60,
        "loudness": -20 + n % 12,
        "duration_ms": 200000,
    }
    tracks = [
        {
            "id": track(n),
            "title": f"Song {n}",
            "artists": [f"Artist {n % 40}"],
            "features": features(n),
        }
        for n in range(TRACKS)
    ]
    assert server.ask("POST", "/v1/tracks", tracks)[0] == 200
    rng = random.Random(0)
    for listener in range(12):
        listens = [
            {
                "track": track(rng.randrange(TRACKS)),
                "end": rng.choice(["finished", "skipped"]),
                "at": f"2025-0{1 + n % 9}-1{n % 10}T0{n % 8}:00:00Z",
            }
            for n in range(60)
        ]
        assert server.ask("POST", f"/v1/listeners/base-{listener}/listens", listens)[0] == 200
    time.sleep(3)
    status, trained = server.ask("POST", "/v1/models/train")
    assert status == 200, trained


def verify(server, clients, uploader, tally):
    told = {}
    for client in clients:
        told.update(client.acknowledged)
        tally["events acknowledged"] += len(client.acknowledged)
        tally["events open at the end"] += len(client.open)
    listeners = sorted(
        {event["listener"] for client in clients for _, event in client.acknowledged + client.open}
    )
    found = Counter()
    for listener in listeners:
        found.update(history(server, listener))
    tally["acknowledged events lost"] += sum(found[client_id] == 0 for client_id in told)
    tally["events there more than once"] += sum(count > 1 for count in found.values())
    again = [event for client in clients for event in client.open]
    again += random.Random(1).sample(sorted(told.items()), min(len(told), 200))
    for begin in range(0, len(again), 500):
        part = again[begin : begin + 500]
        status, answer = server.ask("POST", "/v1/events", [event for _, event in part])
        assert status == 200, answer
        tally["retold events refused"] += answer["refused"]
        tally["retold events appended"] += answer["appended"]
        tally["retold events known already"] += answer["repeated"]
    found = Counter()
    for listener in listeners:
        found.update(history(server, listener))
    expected = {
        client_id for client in clients for client_id, _ in client.acknowledged + client.open
    }
    tally["retold events lost"] += sum(found[client_id] == 0 for client_id in expected)
    tally["events there more than once"] += sum(count > 1 for count in found.values())
    for client in clients:
        for mix in client.mixes:
            status, shown = server.ask("GET", f"/v1/mixes/{mix['id']}")
            tally["mixes acknowledged"] += 1
            same = status == 200 and [
                (p["track"]["id"], p["propensity"]) for p in shown["picks"]
            ] == [(p["track"]["id"], p["propensity"]) for p in mix["picks"]]
            tally["acknowledged mixes lost or changed"] += not same
    for listener in uploader.acknowledged:
        tally["uploads acknowledged"] += 1
        deadline = time.time() + 120
        while (count := plays(server, listener)) != Uploader.ROWS and time.time() < deadline:
            time.sleep(0.2)
        tally["acknowledged uploads lost or doubled"] += count != Uploader.ROWS


def sound(home, tally):
    for database in home.glob("*.db"):
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            tally["databases unsound"] += (
                connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
            )
            tally["databases unsound"] += bool(
                connection.execute("PRAGMA foreign_key_check").fetchall()
            )
            tally["databases checked"] += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segue", default="target/release/segue")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument(
        "--graceful",
        type=int,
        default=5,
        metavar="N",
        help="every N-th time SIGTERM instead of SIGKILL; 0 for never",
    )
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", default=os.devnull, help="where the server's log goes")
    args = parser.parse_args()
    rng, tally = random.Random(args.seed), Counter()
    with tempfile.TemporaryDirectory() as folder, open(args.log, "ab") as log:
        home = Path(folder) / "home"
        server = Server(args.segue, home, log)
        furnish(server)
        for round_ in range(args.rounds):
            graceful = args.graceful and round_ % args.graceful == args.graceful - 1
            clients = [
                Client(server, f"r{round_}c{n}", random.Random(rng.random()), tally, graceful)
                for n in range(args.clients)
            ]
            uploader = Uploader(server, f"r{round_}")
            for thread in [*clients, uploader]:
                thread.start()
            time.sleep(rng.uniform(0.1, 2.5))
            server.process.send_signal(signal.SIGTERM if graceful else signal.SIGKILL)
            status = server.process.wait(300)
            for thread in [*clients, uploader]:
                thread.stopping = True
                thread.join()
            tally["stopped in order" if graceful else "killed"] += 1
            if graceful:
                tally["failed to stop in order"] += status != 0
                cut = [error for client in clients for error in client.cut]
                tally["requests cut off by stopping"] += len(cut)
                tally["events open after stopping"] += sum(len(client.open) for client in clients)
            sound(home, tally)
            server = Server(args.segue, home, log)
            verify(server, clients, uploader, tally)
            bad = sum(tally[name] for name in BAD)
            print(
                f"round {round_ + 1}: {'SIGTERM' if graceful else 'SIGKILL'}, "
                f"{sum(len(c.acknowledged) for c in clients)} events and "
                f"{sum(len(c.mixes) for c in clients)} mixes acknowledged, faults so far {bad}",
                flush=True,
            )
        server.process.kill()
        server.process.wait()
    for name in sorted(tally):
        print(f"{tally[name]:8} {name}")
    sys.exit(any(tally[name] for name in BAD))


BAD = [
    "acknowledged events lost",
    "events there more than once",
    "retold events refused",
    "retold events lost",
    "refused",
    "acknowledged mixes lost or changed",
    "acknowledged uploads lost or doubled",
    "databases unsound",
    "failed to stop in order",
    "requests cut off by stopping",
]

if __name__ == "__main__":
    main()
