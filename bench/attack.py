#!/usr/bin/env python3
"""An attack on a built `segue`: power loss, damage to every file, a full disk, rude clients,
hostile files, forty processes on one library.

    python3 bench/attack.py --segue target/release/segue               # long: some minutes
    python3 bench/attack.py --segue target/debug/segue --short         # what the tests run
    python3 bench/attack.py --segue target/release/segue torn damage   # some parts alone

Each part prints what was tried and what became of it; the exit status is 1 if anything was lost or
served that should not have been.

torn     `torn.c` notes every write, flush and rename of a server under load. From the notes come
         images of what a power loss at some moment would have left: unflushed writes dropped,
         shuffled or torn at sectors (`torn.py`). In each image whatever was acknowledged before
         that moment has to be there, no request in part, and `segue doctor` has to find it whole.
damage   Every file of a library is damaged at sampled places: bits flipped, sectors zeroed, cut,
         grown. Commands refuse it by name, recover, or say what they said before; a change within
         a row that SQLite cannot tell from a meant one is counted apart.
full     A server on a disk that fills up (a small tmpfs; needs root) says so, loses nothing, and
         goes on when there is room.
rude     Clients that are silent, drip or never read, and damaged files by upload, while others are
         served.
crowd    Forty processes on a library that a server has open.
"""

import argparse
import http.client
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import torn
from crash import Client, Server, Uploader, furnish, history, plays

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "crates/ingest/tests/fixtures"
DATABASE = "segue.db"


class Attack:
    """What the parts share: the program, a furnished library to copy, and the tally."""

    def __init__(self, segue, short, seed, folder):
        self.segue, self.short, self.folder = str(Path(segue).resolve()), short, Path(folder)
        self.rng, self.tally, self.faults = random.Random(seed), Counter(), []
        self.base, self.log = self.folder / "base", (self.folder / "log").open("ab")

    def furnish(self):
        server = Server(self.segue, self.base, self.log)
        furnish(server)
        self.stop(server)

    def home(self, name):
        """A furnished library of its own."""
        return Path(shutil.copytree(self.base, self.folder / name))

    def stop(self, server, how=signal.SIGTERM):
        server.process.send_signal(how)
        return server.process.wait(120)

    def run(self, home, *args):
        return subprocess.run(
            [self.segue, "--home", str(home), *args],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
        )

    def count(self, what, number=1):
        self.tally[what] += number

    def fault(self, what):
        self.tally["FAULTS"] += 1
        self.faults.append(what)

    def crashed(self, ran, about):
        """Whether a process died of what it was given."""
        if ran.returncode in (0, 1, 2) and "panicked" not in ran.stderr:
            return False
        self.fault(f"{about}: exit {ran.returncode}: {ran.stderr.strip()[-300:]}")
        return True


class TimedClient(Client):
    """Notes when each request was acknowledged, and which events it was made of."""

    def __init__(self, *args):
        super().__init__(*args)
        self.requests, self.shown = [], []

    def step(self, connection, number):
        acknowledged, unanswered, mixes = len(self.acknowledged), len(self.open), len(self.mixes)
        try:
            super().step(connection, number)
        finally:
            now = time.monotonic_ns()
            told = self.acknowledged[acknowledged:]
            ids = [name for name, _ in told or self.open[unanswered:]]
            if ids:
                self.requests.append((now if told else None, ids))
            self.shown.extend((now, mix["id"]) for mix in self.mixes[mixes:])


class TimedUploader(Uploader):
    time = None

    def run(self):
        super().run()
        self.time = time.monotonic_ns() if self.acknowledged else None


# --- power loss
# --------------------------------------------------------------------------------------------------


def torn_writes(attack):
    library = attack.folder / "torn.so"
    subprocess.run(
        ["cc", "-O1", "-shared", "-fPIC", "-o", library, HERE / "torn.c", "-ldl"], check=True
    )
    torn_backup(attack, library)
    rounds, images = (1, 12) if attack.short else (6, 80)
    for round_ in range(rounds):
        home, notes = attack.home(f"torn-{round_}"), attack.folder / f"notes-{round_}"
        disk = torn.Disk(home)
        server = Server(attack.segue, home, attack.log, noting(library, home, notes))
        clients, uploader = load(attack, server, f"t{round_}", 2.5 if attack.short else 8)
        attack.stop(server, signal.SIGKILL)
        finish(clients, uploader)
        check_images(attack, home, disk, torn.read_notes(notes), clients, uploader, images)


def noting(library, folder, notes):
    """The environment in which a process has its changes below a folder noted."""
    return os.environ | {
        "LD_PRELOAD": str(library),
        "TORN_HOME": str(folder),
        "TORN_LOG": str(notes),
    }


def torn_backup(attack, library):
    """The power goes as soon as a backup says that it is there."""
    folder, notes, image = (
        attack.folder / "backups",
        attack.folder / "notes-backup",
        attack.folder / "image",
    )
    folder.mkdir()
    disk = torn.Disk(folder)
    command = [attack.segue, "--home", str(attack.base), "backup", str(folder / "copy")]
    subprocess.run(command, env=noting(library, folder, notes), check=True, capture_output=True)
    for note in torn.read_notes(notes):
        disk.note(note)
    torn.write_image(*disk.image("dropped", attack.rng), folder, image)
    ran = attack.run(image / "copy", "doctor", "--json") if (image / "copy").exists() else None
    attack.count("torn: backups")
    if ran is None or ran.returncode != 0 or '"models": 1' not in ran.stdout:
        attack.fault(
            "torn: a backup that was acknowledged is not there or not whole: "
            f"{ran and ran.stdout[-300:]}"
        )
    shutil.rmtree(image)


def load(attack, server, name, seconds):
    """Clients at work for a while."""
    tally = Counter()
    clients = [
        TimedClient(server, f"{name}c{n}", random.Random(attack.rng.random()), tally, False)
        for n in range(3)
    ]
    uploader = TimedUploader(server, name)
    for thread in [*clients, uploader]:
        thread.start()
    time.sleep(seconds)
    return clients, uploader


def finish(clients, uploader):
    for thread in [*clients, uploader]:
        thread.stopping = True
    for thread in [*clients, uploader]:
        thread.join(30)


def check_images(attack, home, disk, notes, clients, uploader, images):
    attack.count("torn: changes noted", len(notes))
    cuts = sorted(attack.rng.randint(1, len(notes)) for _ in range(images))
    done = 0
    for number, cut in enumerate(cuts):
        for note in notes[done:cut]:
            disk.note(note)
        done = max(done, cut)
        mode = torn.MODES[number % len(torn.MODES)]
        image = attack.folder / "image"
        shutil.rmtree(image, ignore_errors=True)
        torn.write_image(*disk.image(mode, attack.rng), home, image)
        moment = notes[cut - 1].time
        before = len(attack.faults)
        check_image(attack, image, moment, clients, uploader, f"torn: image {mode} at change {cut}")
        attack.count(f"torn: images {mode}")
        if len(attack.faults) > before:
            shutil.copytree(image, attack.folder / f"kept-{cut}-{mode}", dirs_exist_ok=True)


def check_image(attack, image, moment, clients, uploader, about):
    ran = attack.run(image, "doctor", "--json")
    if attack.crashed(ran, about):
        return
    if ran.returncode != 0:
        attack.fault(f"{about}: not whole: {ran.stdout[-400:]} {ran.stderr[-200:]}")
        return
    found, mixes, models = content(image)
    for client in clients:
        for acknowledged, ids in client.requests:
            there = [found[name] for name in ids]
            if max(there) > 1:
                attack.fault(f"{about}: {ids} counted more than once")
            if any(there) and not all(there):
                attack.fault(f"{about}: a request is there in part: {ids} {there}")
            if acknowledged and acknowledged <= moment:
                attack.count("torn: acknowledgements of events checked", len(ids))
                if not all(there):
                    attack.fault(f"{about}: acknowledged and lost: {ids} {there}")
        for acknowledged, mix in client.shown:
            if acknowledged <= moment:
                attack.count("torn: acknowledgements of mixes checked")
                if mix not in mixes:
                    attack.fault(f"{about}: mix {mix} was acknowledged and is lost")
    if uploader.time and uploader.time <= moment:
        attack.count("torn: acknowledgements of uploads checked")
        check_upload(attack, image, uploader.acknowledged[0], about)
    if not models:
        attack.fault(f"{about}: no model is left")


def content(home):
    """How often each event of a client is there, the mixes, and the models."""
    connection = sqlite3.connect(f"file:{home / DATABASE}?mode=ro", uri=True)
    try:
        found = Counter(
            dict(
                connection.execute(
                    "SELECT name, COUNT(*) FROM listens "
                    "JOIN contexts ON contexts.id = context GROUP BY 1"
                )
            )
        )
        found.update(
            dict(
                connection.execute(
                    "SELECT artist, COUNT(*) FROM feedback WHERE artist IS NOT NULL GROUP BY 1"
                )
            )
        )
        mixes = {row[0] for row in connection.execute("SELECT id FROM impressions")}
        models = [row[0] for row in connection.execute("SELECT version FROM models")]
        return found, mixes, models
    finally:
        connection.close()


def check_upload(attack, image, listener, about):
    server = Server(attack.segue, image, attack.log)
    deadline = time.time() + 60
    is_set_aside = any(image.glob("uploads/*.quarantine"))
    while (
        (count := plays(server, listener)) != Uploader.ROWS
        and not is_set_aside
        and time.time() < deadline
    ):
        time.sleep(0.1)
        is_set_aside = any(image.glob("uploads/*.quarantine"))
    attack.stop(server, signal.SIGKILL)
    if is_set_aside:
        # It was being read when the power went, and might have been the cause.
        attack.count("torn: uploads set aside, as they were being read")
    elif count != Uploader.ROWS:
        attack.fault(f"{about}: an acknowledged upload has {count} of {Uploader.ROWS} rows")


# --- damage
# --------------------------------------------------------------------------------------------------


def damaged_files(attack):
    whole = attack.home("damaged-whole")
    server = Server(attack.segue, whole, attack.log)
    clients, uploader = load(attack, server, "d", 1.5)
    finish(clients, uploader)
    # Killed, so that the write-ahead log is there to be damaged.
    attack.stop(server, signal.SIGKILL)
    for left in whole.glob("*-shm"):
        left.unlink()
    files = [path for path in sorted(whole.rglob("*")) if path.is_file()]
    expected = answers(attack, whole, "as it was")
    samples = 3 if attack.short else 60
    for path in files:
        for _ in range(samples):
            damage(attack, whole, path.relative_to(whole), expected)


def answers(attack, whole, about):
    """What the commands say of a copy of a library; `None` where one refuses."""
    home = attack.folder / "damaged"
    if not home.exists():
        shutil.copytree(whole, home)
    said = {}
    for name, args in COMMANDS.items():
        ran = attack.run(home, *args)
        if attack.crashed(ran, f"damage: {about}: {name}"):
            said["crashed"] = True
        said[name] = ran.stdout if ran.returncode == 0 else None
        said[f"{name} told"] = ran.stderr.strip()
    if said["mix"] is not None:
        # Probabilities depend on the hour; what is mixed hardly does.
        said["mix"] = [pick["track"] for pick in json.loads(said["mix"])["picks"]]
    said["rows"] = rows(home)
    shutil.rmtree(home)
    return said


COMMANDS = {
    "doctor": ["doctor", "--json"],
    "status": ["status", "--json"],
    "mix": ["mix", "--listener", "base-3", "--dry-run", "--seed", "7", "--json", "-n", "10"],
}


def rows(home):
    """All rows as SQLite reads them, or what it says."""
    try:
        connection = sqlite3.connect(f"file:{home / DATABASE}?mode=ro", uri=True)
        tables = [
            row[0]
            for row in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1"
            )
        ]
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    except sqlite3.Error as error:
        return str(error)


def damage(attack, whole, file, expected):
    home = Path(shutil.copytree(whole, attack.folder / "damaged"))
    kind = (
        "database"
        if file.name.startswith(DATABASE)
        else file.parts[0]
        if len(file.parts) > 1
        else "lock"
    )
    about = f"{spoil(attack.rng, home / file)} in a file of {kind}, {file.name}"
    attack.count("damage: tried")
    if kind == "uploads":
        return damaged_upload(attack, home, about)
    said = answers(attack, whole, about)
    if said.get("crashed"):
        return None
    if said["doctor"] is None or said["status"] is None:
        return attack.count(f"damage: {kind}: refused")
    if said["rows"] != expected["rows"]:
        # A log that is cut or damaged ends where it was whole; a row is what it is.
        what = (
            "ends where its log was whole"
            if file.name.endswith("-wal")
            else "a row is another, unseen"
        )
        return attack.count(f"damage: {kind}: {what}")
    # A lock is empty, and whatever is in it is nobody's business.
    if kind == "lock" or said["mix"] in (
        expected["mix"],
        answers(attack, whole, "as it was")["mix"],
    ):
        return attack.count(f"damage: {kind}: harmless")
    if said["mix"] is None or said["mix told"] != expected["mix told"]:
        return attack.count(f"damage: {kind}: told, and gone on without")
    attack.fault(f"damage: {about}: served as if nothing had happened")


def damaged_upload(attack, home, about):
    """What waits to be read is damaged: the server starts, and does not die of it."""
    server = Server(attack.segue, home, attack.log)
    time.sleep(0.5)
    if server.process.poll() is None and server.ask("GET", "/readyz")[0] == 200:
        attack.count("damage: uploads: started and went on")
    else:
        attack.fault(f"damage: {about}: the server is gone or not ready")
    attack.stop(server, signal.SIGKILL)
    shutil.rmtree(home)


def spoil(rng, path):
    """Damages a file at a random place, and says how."""
    content = bytearray(path.read_bytes())
    kind = rng.choice(["flip", "flip", "zero", "cut", "grow"]) if content else "grow"
    at = rng.randrange(len(content)) if content else 0
    if kind == "flip":
        content[at] ^= 1 << rng.randrange(8)
    elif kind == "zero":
        begin = at - at % torn.SECTOR
        content[begin : begin + torn.SECTOR] = bytes(len(content[begin : begin + torn.SECTOR]))
    elif kind == "cut":
        del content[at:]
    else:
        content.extend(rng.randbytes(700))
    path.write_bytes(content)
    return f"{kind} at {at}"


# --- a full disk
# --------------------------------------------------------------------------------------------------


def full_disk(attack):
    mount = attack.folder / "small"
    mount.mkdir()
    size = sum(path.stat().st_size for path in attack.base.rglob("*") if path.is_file()) + (6 << 20)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", mount], capture_output=True
    )
    if mounted.returncode != 0:
        attack.count("full: skipped, a tmpfs cannot be mounted here")
        return
    server = None
    try:
        home = Path(shutil.copytree(attack.base, mount / "home"))
        (mount / "ballast").write_bytes(bytes(3 << 20))
        server = Server(attack.segue, home, attack.log)
        fill_up(attack, server, mount)
    finally:
        if server:
            server.process.kill()
            server.process.wait()
        subprocess.run(["umount", "-l", mount], check=False)


def fill_up(attack, server, mount):
    rng, told, refused = random.Random(1), [], Counter()
    deadline = time.time() + (20 if attack.short else 120)
    number = 0
    while sum(refused.values()) < 20 and time.time() < deadline:
        number += 1
        ids = [f"full:{number}:{n}" for n in range(400)]
        listens = [
            {
                "client_id": one,
                "track": f"crash:track:{rng.randrange(200)}",
                "end": "finished",
                "context": one * 8,
            }
            for one in ids
        ]
        status, answer = server.ask("POST", "/v1/listeners/full/listens", listens)
        if status == 200:
            told.extend(ids)
        else:
            refused[status] += 1
    attack.count("full: plays acknowledged until then", len(told))
    attack.count("full: requests refused", sum(refused.values()))
    if set(refused) - {507}:
        attack.fault(f"full: refused with {dict(refused)}")
    if not refused:
        attack.fault("full: the disk never filled up")
    one = {"track": "crash:track:1", "end": "finished", "context": "in between"}
    if (
        server.ask("GET", "/readyz")[0] == 200
        and server.ask("POST", "/v1/listeners/full/listens", [one])[0] != 200
    ):
        attack.fault("full: ready, though not even a little can be written")
    (mount / "ballast").unlink()
    deadline = time.time() + 30
    while server.ask("GET", "/readyz")[0] != 200 and time.time() < deadline:
        time.sleep(0.2)
    status, answer = server.ask("POST", "/v1/listeners/full/listens", [one | {"context": "after"}])
    if status != 200:
        attack.fault(f"full: with room again {status}: {answer}")
    found = history(server, "full")
    lost = [one for one in told if found[one * 8] != 1]
    attack.count("full: acknowledged plays lost", len(lost))
    if lost:
        attack.fault(f"full: {len(lost)} acknowledged plays lost")


# --- rude clients and hostile files
# --------------------------------------------------------------------------------------------------


def rude_clients(attack):
    home = attack.home("rude")
    server = Server(attack.segue, home, attack.log)
    ends = threading.Event()
    count = 60 if attack.short else 400
    threads = [
        threading.Thread(target=rude, args=(server, RUDE[n % len(RUDE)], ends), daemon=True)
        for n in range(count)
    ]
    for thread in threads:
        thread.start()
    attack.count("rude: clients that are silent, drip or never read", count)
    slowest, until = 0.0, time.time() + (5 if attack.short else 60)
    while time.time() < until:
        began = time.time()
        try:
            health = server.ask("GET", "/healthz")[0]
            play = {"track": "crash:track:1", "end": "finished"}
            told = server.ask("POST", "/v1/listeners/polite/listens", [play])[0]
        except (OSError, http.client.HTTPException) as error:
            attack.fault(f"rude: a polite client is not served: {error!r}")
            break
        slowest = max(slowest, time.time() - began)
        attack.count("rude: polite requests served", 2 * (health == told == 200))
        if (health, told) != (200, 200):
            attack.fault(f"rude: a polite client got {health} and {told}")
            break
        time.sleep(0.05)
    ends.set()
    attack.count("rude: slowest pair of polite requests, ms", round(slowest * 1000))
    hostile_files(attack, server)
    attack.stop(server)


def silent(connection, ends):
    ends.wait()


def drips(connection, ends):
    connection.sendall(
        b"POST /v1/imports?listener=drip&name=t.csv HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        b"content-length: 9999999\r\n\r\n"
    )
    while not ends.wait(1):
        connection.sendall(b"x")


def drips_headers(connection, ends):
    connection.sendall(b"GET / HTTP/1.1\r\n")
    while not ends.wait(1):
        connection.sendall(b"x: y\r\n")


def never_reads(connection, ends):
    while not ends.wait(0.05):
        connection.sendall(
            b"GET /v1/listeners/base-1/listens?limit=1000 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n" * 20
        )


RUDE = [silent, drips, drips_headers, never_reads]


def rude(server, manner, ends):
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            manner(connection, ends)
    except OSError:
        pass  # Hung up on, as it should be.


def hostile_files(attack, server):
    fixtures = [
        path
        for path in sorted(FIXTURES.iterdir())
        if path.suffix in (".parquet", ".json", ".csv", ".jsonl", ".xml")
    ]
    parquet = [path for path in fixtures if path.suffix == ".parquet"]
    for number in range(12 if attack.short else 240):
        path = attack.rng.choice(parquet if number % 2 else fixtures)
        spoiled = attack.folder / f"spoiled{path.suffix}"
        shutil.copy(path, spoiled)
        for _ in range(attack.rng.randint(1, 4)):
            spoil(attack.rng, spoiled)
        # Most are looked at and not kept: what is read to its end is trained on, which takes long.
        is_held = number % 12 != 1
        status, answer = upload(server, spoiled, path.name, "&hold=true" if is_held else "")
        if is_held and status == 202:
            server.ask("DELETE", f"/v1/imports/{answer['id']}")
        attack.count(f"hostile: damaged files by upload, answered {status}")
        if status >= 500 and status != 503:
            attack.fault(f"hostile: {path.name}: {status} {answer}")
    settle(attack, server)


def upload(server, path, name, hold):
    content = path.read_bytes() or b" "
    for _ in range(600):
        status, answer = server.ask(
            "POST", f"/v1/imports?listener=hostile&name={name}{hold}", content
        )
        if status not in (429, 503):
            break
        time.sleep(0.1)
    return status, answer


def settle(attack, server):
    """Waits until all uploads are read, and looks whether the server is as it was."""
    deadline = time.time() + 300
    states = ["?"]
    while time.time() < deadline:
        imports = server.ask("GET", "/v1/imports")[1]
        states = (
            [one["state"] for one in imports.get("imports", [])]
            if isinstance(imports, dict)
            else [one["state"] for one in imports]
        )
        if not set(states) & {"waiting", "reading", "training"}:
            break
        time.sleep(0.2)
    for state, number in Counter(states).items():
        attack.count(f"hostile: uploads {state}", number)
    if server.process.poll() is not None or server.ask("GET", "/readyz")[0] != 200:
        attack.fault("hostile: the server is gone or not ready")
        return
    peak = next(
        int(line.split()[1]) // 1024
        for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    attack.count("hostile: peak resident memory, MB", peak)
    if peak > 1500:
        attack.fault(f"hostile: {peak} MB of memory")


# --- a crowd
# --------------------------------------------------------------------------------------------------


def crowd(attack):
    home = attack.home("crowd")
    server = Server(attack.segue, home, attack.log)
    clients, uploader = load(attack, server, "w", 0)
    processes = []
    for number in range(12 if attack.short else 40):
        table = attack.folder / f"crowd-{number}.csv"
        lines = ["track_name,artist_name,played_at,ms_played"]
        lines += [
            f"Song {row} of {number},Crowd,"
            f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(1_600_000_000 + row * 300))},200000"
            for row in range(50)
        ]
        table.write_text("\n".join(lines))
        args = CROWD[number % len(CROWD)]
        args = [one.format(number=number, table=table) for one in args]
        command = [attack.segue, "--home", str(home), *args]
        processes.append(
            (
                number,
                args,
                subprocess.Popen(
                    command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
                ),
            )
        )
    imported = []
    for number, args, process in processes:
        out, err = process.communicate(timeout=300)
        attack.count("crowd: processes")
        if process.returncode == 0:
            attack.count("crowd: succeeded")
            imported += [number] if args[0] == "import" else []
        elif process.returncode == 1 and ("busy" in err or "writ" in err):
            attack.count("crowd: told that the library is busy")
        else:
            attack.fault(f"crowd: {args} exit {process.returncode}: {err[-300:]}")
    finish(clients, uploader)
    attack.stop(server)
    check_image(attack, home, time.monotonic_ns(), clients, uploader, "crowd")
    rows = sqlite3.connect(f"file:{home / DATABASE}?mode=ro", uri=True)
    for number in imported:
        sql = (
            "SELECT COUNT(*) FROM listens JOIN listeners ON listeners.id = listener WHERE name = ?"
        )
        count = rows.execute(sql, [f"crowd-{number}"]).fetchone()[0]
        if count != 50:
            attack.fault(f"crowd: import {number} succeeded and has {count} of 50 plays")


CROWD = [
    ["import", "{table}", "--listener", "crowd-{number}"],
    ["mix", "--listener", "base-3", "-n", "10"],
    ["status", "--json"],
    ["feedback", "like", "crash:track:{number}", "--listener", "base-4"],
    ["doctor"],
    ["prune", "--older-than", "0d"],
    ["exclude", "track", "crash:track:{number}", "--listener", "base-5"],
]

PARTS = {
    "torn": torn_writes,
    "damage": damaged_files,
    "full": full_disk,
    "rude": rude_clients,
    "crowd": crowd,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all if none is named")
    parser.add_argument("--segue", default="target/release/segue")
    parser.add_argument(
        "--short", action="store_true", help="a sample of each part, within a minute"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="a folder to work in, which stays")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        if args.keep:
            Path(args.keep).mkdir(parents=True)
        attack = Attack(args.segue, args.short, args.seed, args.keep or temporary)
        attack.furnish()
        for name in args.parts or PARTS:
            began = time.time()
            PARTS[name](attack)
            print(
                f"{name}: {time.time() - began:.0f} s, faults so far {attack.tally['FAULTS']}",
                flush=True,
            )
    for name in sorted(attack.tally):
        print(f"{attack.tally[name]:8} {name}")
    for fault in attack.faults[:40]:
        print(f"FAULT {fault}")
    sys.exit(bool(attack.faults))


if __name__ == "__main__":
    main()
