"""A week of somebody with a music server: each morning the lists of the day are put on it as
playlists, each day some of them are played and arrive by a real client of ListenBrainz. The clock
is not this machine's: every command runs under libfaketime, day after day.

    apt-get install faketime supysonic python3-waitress
    pip install liblistenbrainz
    segue demo --keep demo
    python bench/week_lived.py target/release/segue demo/home listener-05 2025-09-01

Works on a copy of the home. Prints a row a day: songs of today's playlist, how many of them were
never played, by how many artists never played, how many stood on the day before's; then the sums,
and whether any play counted twice.
"""

import json
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import liblistenbrainz

SEGUE, HOME, WHO, FIRST = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]
DAYS, PLAYED, OWN = 7, 12, 8
TODAY, FINDS = "Today", "This week's finds"
rng = random.Random(7)
work = Path(tempfile.mkdtemp(prefix="week"))
home = shutil.copytree(HOME, work / "home")


def clock(when):
    """What makes a program believe that it is another time, from which its clock goes on."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    begins = f"@{when:%Y-%m-%d %H:%M:%S}"
    return os.environ | {
        "TZ": "UTC",
        "LD_PRELOAD": str(library),
        "FAKETIME": begins,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def segue(when, *given, stdin=None):
    command = [SEGUE, "--home", str(home), *given]
    done = subprocess.run(command, env=clock(when), input=stdin, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(given)}: {done.stderr}")
    return done.stdout


class Served:
    """The server on a day of its own."""

    def __init__(self, when, port):
        self.base = f"http://127.0.0.1:{port}"
        command = [SEGUE, "--home", str(home), "serve", "--bind", f"127.0.0.1:{port}"]
        self.process = subprocess.Popen(command, env=clock(when), stderr=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(600):
            try:
                return urllib.request.urlopen(f"{self.base}/readyz").status and self
            except OSError:
                time.sleep(0.1)
        sys.exit("the server does not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def get(self, path):
        return json.load(
            urllib.request.urlopen(f"{self.base}/v1/listeners/{urllib.parse.quote(WHO)}{path}")
        )


def flac(path, tags):
    """A file without any sound: a length and tags are all that a server reads of it."""
    info = (
        struct.pack(">HH", 4096, 4096)
        + bytes(6)
        + struct.pack(">Q", (44_100 << 44) | (1 << 41) | (15 << 36) | (44_100 * 200))
    )
    comments = struct.pack("<I", 5) + b"segue" + struct.pack("<I", len(tags))
    for name, value in tags.items():
        field = f"{name}={value}".encode()
        comments += struct.pack("<I", len(field)) + field
    block = lambda kind, content: bytes([kind]) + struct.pack(">I", len(content))[1:] + content
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"fLaC" + block(0, info + bytes(16)) + block(0x84, comments))


class Supysonic:
    def __init__(self, songs, port):
        self.folder, self.base = work / "supysonic", f"http://127.0.0.1:{port}"
        for number, (artist, title) in enumerate(songs):
            flac(
                self.folder / "music" / f"{number // 500}" / f"{number:05}.flac",
                {"TITLE": title, "ARTIST": artist, "ALBUM": f"By {artist}"},
            )
        at = self.folder
        (at / ".supysonic").write_text(
            f"[base]\ndatabase_uri = sqlite:///{at}/supysonic.db\n"
            f"[webapp]\ncache_dir = {at}/cache\n"
            f"[daemon]\nsocket = {at}/daemon.sock\nrun_watcher = false\n"
        )
        run = lambda *given: subprocess.run(
            ["supysonic-cli", *given],
            cwd=at,
            env=os.environ | {"HOME": str(at)},
            check=True,
            capture_output=True,
        )
        run("user", "add", "ann", "-p", "sesame")
        run("folder", "add", "music", str(at / "music"))
        run("folder", "scan", "--foreground", "music")
        command = ["supysonic-server", "--host", "127.0.0.1", "-p", str(port)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(
            command, cwd=at, env=os.environ | {"HOME": str(at)}, **quiet
        )
        time.sleep(3)

    def ask(self, method, **given):
        query = urllib.parse.urlencode(
            {"u": "ann", "p": "sesame", "v": "1.12.0", "c": "bench", "f": "json", **given}
        )
        return json.load(urllib.request.urlopen(f"{self.base}/rest/{method}.view?{query}"))[
            "subsonic-response"
        ]

    def playlists(self):
        found = self.ask("getPlaylists")["playlists"].get("playlist", [])
        songs = lambda one: self.ask("getPlaylist", id=one["id"])["playlist"].get("entry", [])
        return {
            one["name"]: (one["id"], [(song["artist"], song["title"]) for song in songs(one)])
            for one in found
        }


def main():
    start = datetime.fromisoformat(FIRST).replace(tzinfo=timezone.utc)
    token = segue(start, "keys", "add", "player", "--listener", WHO).split()[0]
    admin = segue(start, "keys", "add", "me", "--scope", "admin").split()[0]
    opener = urllib.request.build_opener()
    opener.addheaders = [("X-API-Key", admin)]
    urllib.request.install_opener(opener)

    with Served(start, 8401) as server:
        known = {
            (song["artist"], song["title"])
            for song in server.get("/history?period=all&limit=1000")["review"]["top"]["tracks"]
        }
        before = server.get("")["listens"]
    artists = {artist for artist, _ in known}
    supysonic = Supysonic(tracks(), 8402)
    try:
        segue(
            start + timedelta(hours=4),
            "connect",
            "subsonic",
            supysonic.base,
            "--user",
            "ann",
            "--listener",
            WHO,
            stdin="sesame\n",
        )
        sent = week(start, token, supysonic, known, artists)
    finally:
        supysonic.process.terminate()
    lines = "\n".join(
        json.dumps(
            {"listened_at": at, "track_metadata": {"artist_name": artist, "track_name": title}}
        )
        for at, artist, title in sent
    )
    (work / "week.jsonl").write_text(lines)
    end = start + timedelta(days=DAYS)
    segue(end, "import", str(work / "week.jsonl"), "--listener", WHO)
    with Served(end, 8401) as server:
        after = server.get("")["listens"]
    print(
        f"plays before {before}, sent {len(sent)}, "
        f"after the week and an export that has it too {after}: "
        f"{'none counted twice' if after == before + len(sent) else 'WRONG'}"
    )
    shutil.rmtree(work)


def tracks():
    """Half of what the library knows is on the server at home."""
    rows = (
        sqlite3.connect(f"file:{home}/segue.db?mode=ro", uri=True)
        .execute("SELECT artists, title FROM tracks ORDER BY id")
        .fetchall()
    )
    songs = sorted(
        {
            (json.loads(artists)[0], title)
            for artists, title in rows
            if json.loads(artists) and title
        }
    )
    return [song for song in songs if rng.random() < 0.5]


def week(start, token, supysonic, known, artists):
    first_known, first_artists = set(known), set(artists)
    sent, seen, last, ids = [], [], set(), set()
    print("day         songs  never played  artists never played  on yesterday's")
    for day in range(DAYS):
        morning = start + timedelta(days=day, hours=5, minutes=10)
        segue(morning, "connect", "read")
        segue(morning, "connect", "push")
        identity, today = supysonic.playlists()[TODAY]
        ids.add(identity)
        new = [song for song in today if song not in known]
        unknown = {artist for artist, _ in new if artist not in artists}
        print(
            f"{morning:%Y-%m-%d}  {len(today):5}  {len(new):12}  {len(unknown):20}  "
            f"{len(last & set(today)):14}"
        )
        seen += today
        last = set(today)
        # Some of today's, and some of one's own.
        plays = rng.sample(today, min(PLAYED, len(today))) + rng.sample(sorted(first_known), OWN)
        evening = start + timedelta(days=day, hours=20)
        with Served(evening, 8401) as server:
            client = liblistenbrainz.ListenBrainz()
            client.api_base_url = server.base
            client.set_auth_token(token)
            for turn, (artist, title) in enumerate(plays):
                at = int((start + timedelta(days=day, hours=8, minutes=9 * turn)).timestamp())
                try:
                    client.submit_single_listen(
                        liblistenbrainz.Listen(track_name=title, artist_name=artist, listened_at=at)
                    )
                except liblistenbrainz.errors.ListenBrainzAPIException as refused:
                    sys.exit(f"{artist} - {title} at {at}: {refused.status_code} {refused.message}")
                sent.append((at, artist, title))
        known |= set(plays)
        artists |= {artist for artist, _ in plays}
    finds = supysonic.playlists().get(FINDS, (None, []))[1]
    distinct = set(seen)
    new = [song for song in distinct if song not in first_known]
    new_artists = {artist for artist, _ in new} - first_artists
    print(
        f"the week: {len(seen)} places, {len(distinct)} distinct songs, "
        f"{len(new)} of them never played before it, "
        f"{len(new_artists)} artists never played; the playlist kept its id: {len(ids) == 1}"
    )
    print(
        f"{FINDS}: {len(finds)} songs, "
        f"{sum(song not in first_known for song in finds)} never played, "
        f"{sum(artist not in first_artists for artist, _ in finds)} by artists never played"
    )
    return sent


main()
