#!/usr/bin/env python3
"""Writes what Segue answers with fixed seeds to a file, so that two builds can be held together.

A change of plan must not change an answer. This script builds libraries by the binary alone, asks
it everything that a listener or a researcher sees, and writes the answers as sorted JSON:

* the demo library, and a generated catalogue that is too large to be scored whole: mixes of every
  policy and dial, filters and caps, for listeners with a history and one without; the same by
  `segue serve`, with similar tracks, paths, explanations and tastes;
* what feedback changes, and what the log of mixes says of another policy;
* what comes next, by a sequence model;
* tables of every `segue evaluate` on made-up data, and a short `segue simulate community`.

    python3 bench/golden.py --segue target/release/segue --out before.json
    python3 bench/golden.py --segue target/release/segue --out after.json
    python3 bench/golden.py --compare before.json after.json

Numbers keep seven significant digits, and may differ by one in a million. Left out is what the
clock decides: dates, durations, memory, and how many days ago something was played. All plays lie
far enough in the past that nothing else depends on today. Where a field or a command was renamed,
add its new name to `NAMES` or `COMMANDS`: old and new answers then compare.
"""

import argparse
import csv
import http.client
import json
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

# Fields by the names of this file, with what other versions call them.
NAMES = {
    "explore": ("dial",),
    "shortlist": ("short_list",),
}
# Subcommands likewise; the first that the binary knows is called.
COMMANDS = {"tell": ("feedback", "tell")}
# What is added to every `segue mix`, such as `--exact` for a build that has it.
MIX_OPTIONS = []
# What the clock or the machine decides.
UNSTABLE = re.compile(r"^(at|created_at|trained_at|seconds|bytes)$|(_s|_us|_mb|_seconds)$")

POLICIES = ["greedy", "epsilon-greedy", "plackett-luce", "lin-ucb"]
POLICIES += ["linear-thompson", "ensemble-thompson", "gaussian-thompson"]
DIALS = ["0", "0.1", "0.3", "0.5", "0.8", "1"]
# The dial's presets.
PRESETS = ["0.1", "0.3", "0.5"]
FEATURES = ["danceability", "energy", "key", "loudness", "mode", "speechiness", "acousticness"]
FEATURES += ["instrumentalness", "liveness", "valence", "tempo", "duration_ms", "time_signature"]
# The first of January 2024.
START_SECOND = 1_704_067_200
DAY = 86_400


# --- Answers in one form ------------------------------------------------------------------------


def canonical(value):
    """Without what is unstable, under this file's names, with seven significant digits."""
    if isinstance(value, dict):
        renamed = {new: old for old, others in NAMES.items() for new in others}
        kept = {renamed.get(key, key): entry for key, entry in value.items()}
        if value.get("kind") == "back_after":
            kept.pop("days", None)
        return {key: canonical(kept[key]) for key in sorted(kept) if not UNSTABLE.search(key)}
    if isinstance(value, list):
        return [canonical(entry) for entry in value]
    if isinstance(value, float):
        return float(f"{value:.6e}")
    if isinstance(value, str):
        return re.sub(r"back after .*", "back after", value)
    return value


def mix_of(answer):
    """What is held of a mix; scores of the short-list by track."""
    answer = canonical(answer)
    if "error" in answer:
        return answer
    fields = ["track", "drawn", "propensity", "propensity_error", "likability", "uncertainty"]
    fields += ["new_to_listener", "reason", "why"]

    def track(entry):
        return entry["track"]["id"] if isinstance(entry["track"], dict) else entry["track"]

    def pick(entry):
        return {name: entry[name] for name in fields if name in entry} | {"track": track(entry)}

    mix = {name: answer.get(name) for name in ["candidates", "config", "new", "notes", "policy"]}
    mix["picks"] = [pick(entry) for entry in answer["picks"]]
    if "shortlist" in answer:
        listed = {track(entry): entry["score"] for entry in answer["shortlist"]}
        mix["shortlist"] = dict(sorted(listed.items()))
    return mix


# --- Asking -------------------------------------------------------------------------------------


class Segue:
    """The binary with one home folder."""

    def __init__(self, binary, home):
        self.binary, self.home = str(Path(binary).resolve()), str(home)

    def run(self, *arguments, cwd=None):
        command = [self.binary, "--home", self.home, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)

    def must(self, *arguments, cwd=None):
        done = self.run(*arguments, cwd=cwd)
        if done.returncode != 0:
            sys.exit(f"segue {' '.join(map(str, arguments))}\n{done.stderr}")
        return done.stdout

    def json(self, *arguments, cwd=None):
        """The answer, or the complaint: that too stays the same."""
        done = self.run(*arguments, "--json", cwd=cwd)
        return json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip()}

    def command(self, name):
        """What this version calls a subcommand."""
        knows = lambda word: self.run(word, "--help").returncode == 0
        return next((word for word in COMMANDS.get(name, (name,)) if knows(word)), name)

    def mix(self, listener, seed, *arguments):
        shown = ["--listener", listener, "--seed", seed, "--dry-run", *arguments]
        return mix_of(self.json("mix", *shown, *MIX_OPTIONS))


class Server:
    """`segue serve` on a free port, as long as the block lasts."""

    def __init__(self, segue):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [segue.binary, "--home", segue.home, "serve", "--bind", f"127.0.0.1:{self.port}"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, **quiet)

    def __enter__(self):
        deadline = time.time() + 300
        while True:
            try:
                if self.ask("/readyz", raw=True)[0] == 200:
                    return self
            except OSError:
                pass
            if time.time() > deadline or self.process.poll() is not None:
                sys.exit("the server does not start")
            time.sleep(0.1)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, path, body=None, raw=False):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        data = None if body is None else json.dumps(body)
        headers = {"content-type": "application/json"}
        connection.request("GET" if body is None else "POST", path, data, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return (response.status, text) if raw else json.loads(text)


def quoted(text):
    return urllib.parse.quote(text, safe="")


# --- Made-up data -------------------------------------------------------------------------------


def write_table(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)


def sound(rng, style):
    """Audio features of a song in one of ten styles."""
    share = lambda offset: round((0.1 * style + offset + 0.25 * rng.random()) % 1.0, 4)
    values = [share(0.1), share(0.2), int(rng.random() * 12), round(-25 * share(0.3) - 1, 3)]
    values += [int(rng.random() * 2), share(0.4), share(0.5), share(0.6), share(0.7), share(0.8)]
    return values + [round(60 + 120 * share(0.9), 3), 120_000 + int(rng.random() * 200_000), 4]


def write_catalogue(folder, tracks, listeners):
    """A catalogue, what listeners with a favourite style played in it, and what they said."""
    rng = random.Random(2)
    artists = max(tracks // 12, 1)
    rows, by_style = [], [[] for _ in range(10)]
    for number in range(tracks):
        artist = int(artists * rng.random() ** 2)
        style = artist % 10
        name = f"golden:{number:06d}"
        by_style[style].append(name)
        album, genre = f"Album {artist}-{int(rng.random() * 3)}", f"Genre {style}"
        # One song in twenty is a live version of the song before it.
        title = f"Song {number}"
        if rows and rng.random() < 0.05:
            title, artist = f"{rows[-1][1].removesuffix(' - Live')} - Live", rows[-1][2].split()[1]
        popularity = int(100 * rng.random() ** 3)
        known = [name, title, f"Artist {artist}", album, genre, 1960 + int(rng.random() * 64)]
        rows.append([*known, popularity, *sound(rng, style)])
    header = ["track_id", "track_name", "artist_name", "album", "genre", "year", "popularity"]
    write_table(folder / "tracks.csv", header + FEATURES, rows)
    plays, words = [], []
    for listener in range(listeners):
        name, style = f"listener-{listener:02d}", listener % 10
        for play in range(60 + 8 * listener):
            is_own = rng.random() < 0.8
            pool = by_style[style if is_own else int(rng.random() * 10)]
            track = pool[int(len(pool) * rng.random() ** 6)]
            second = START_SECOND + int((play + rng.random()) * 0.5 * DAY)
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
            skipped = rng.random() < (0.15 if is_own else 0.6)
            end, played_ms = ("fwdbtn", 9_000) if skipped else ("trackdone", 200_000)
            plays.append([name, track, at, played_ms, end, str(skipped).lower()])
            if rng.random() < 0.06:
                words.append([name, track, at, "ban" if skipped else "like"])
    header = ["listener", "track_id", "ts", "ms_played", "reason_end", "skipped"]
    write_table(folder / "plays.csv", header, plays)
    write_table(folder / "words.csv", ["listener", "track_id", "time", "liked"], words)


def write_events(path, listeners, items, length):
    """Who played what when: four styles, the first items of each most."""
    rng = random.Random(3)
    rows = []
    for listener in range(listeners):
        for event in range(length):
            style = listener % 4 if rng.random() < 0.85 else int(rng.random() * 4)
            item = int(rng.random() ** 2 * items / 4) + style * items // 4
            second = START_SECOND + event * 3_600 + listener * 60 + int(rng.random() * 1_000)
            rows.append([f"u{listener}", f"i{item}", second])
    write_table(path, ["listener", "item", "time"], rows)


def write_songs(path, rows, playlists):
    """Songs with a playlist and whether they are liked, by a rule with noise."""
    rng = random.Random(4)
    songs = []
    for number in range(rows):
        playlist = number % playlists
        style = playlist % 10 if rng.random() < 0.7 else int(rng.random() * 10)
        features = sound(rng, style)
        liked = int(features[0] + 0.5 * features[9] + 0.4 * (rng.random() - 0.5) > 0.75)
        known = [f"song:{number}", f"Song {number}", f"Artist {int(rng.random() * rows / 5)}"]
        songs.append([*known, f"p{playlist}", liked, *features])
    header = ["track_id", "track_name", "artist_name", "playlist_id", "liked"]
    write_table(path, header + FEATURES, songs)


# --- What is asked ------------------------------------------------------------------------------


def mixes(segue, listeners, policies, dials):
    """Mixes by the command line."""
    answers = {}
    for listener in listeners:
        for policy in policies:
            for seed, dial in enumerate(dials, start=1):
                name = f"{listener}, {policy}, {dial}"
                answers[name] = segue.mix(listener, seed, "--policy", policy, "--explore", dial)
    listener = listeners[0]
    for name, arguments in {
        "only new": ["--only", "new"],
        "only heard": ["--only", "heard"],
        "only owned": ["--only", "owned"],
        "caps": ["--artist-cap", "1", "--album-cap", "1"],
        "repeats": ["--no-repeat-days", "0"],
        "short": ["--length", "3"],
        "long": ["--length", "200"],
        "no arrivals": ["--arrivals", "0"],
    }.items():
        answers[name] = segue.mix(listener, 7, *arguments)
    return answers


def models(segue):
    listed = canonical(segue.json("models", "list"))
    return [{name: model[name] for name in ["version", "kind", "active"]} for model in listed]


def served(segue, listeners, policies, dials):
    """What a program that speaks to the API gets."""
    answers = {"mixes": {}, "previews": {}, "tastes": {}, "explanations": {}, "similar": {}}
    with Server(segue) as server:
        for listener in listeners:
            path = f"/v1/listeners/{quoted(listener)}"
            for policy in policies:
                for seed, dial in enumerate(dials, start=1):
                    shape = {"policy": policy, "explore": float(dial), "seed": seed}
                    mix = mix_of(server.ask(f"{path}/mixes", shape))
                    answers["mixes"][f"{listener}, {policy}, {dial}"] = mix
            for dial in PRESETS:
                preview = canonical(server.ask(f"{path}/mix/preview?explore={dial}"))
                answers["previews"][f"{listener}, {dial}"] = preview
            answers["tastes"][listener] = canonical(server.ask(f"{path}/taste"))
        first = answers["mixes"][f"{listeners[0]}, {policies[0]}, {dials[2]}"]["picks"]
        tracks = [pick["track"] for pick in first[:8]]
        for track in tracks:
            similar = server.ask(f"/v1/tracks/{quoted(track)}/similar?limit=20")
            answers["similar"][track] = canonical(similar)
            for listener in listeners:
                path = f"/v1/listeners/{quoted(listener)}/explanation?track={quoted(track)}"
                answers["explanations"][f"{listener}, {track}"] = canonical(server.ask(path))
        ends = f"from={quoted(tracks[0])}&to={quoted(tracks[-1])}"
        answers["path"] = canonical(server.ask(f"/v1/path?{ends}&count=8"))
        filters = {"exclude_tracks": tracks, "familiarity": "new", "seed": 9}
        path = f"/v1/listeners/{quoted(listeners[0])}/mixes"
        answers["only new, without some"] = mix_of(server.ask(path, filters))
        answers["within"] = mix_of(server.ask(path, {"within": tracks, "length": 4, "seed": 9}))
    return answers


def after_feedback(segue, listener):
    """Mixes that were shown and answered, the mix after them, and what the log says."""
    tell = segue.command("tell")
    for seed in range(1, 31):
        shown = ["--listener", listener, "--seed", seed, "--length", "8"]
        segue.must("mix", *shown, *MIX_OPTIONS)
        segue.must(tell, "like", "1", "--listener", listener)
        segue.must(tell, "finished", "2", "3", "--listener", listener)
        segue.must(tell, "skipped", "4", "--after", "12", "--listener", listener)
        segue.must(tell, "not-for-me", "5", "--listener", listener)
    repeats = ["--no-repeat-days", "0"]
    answers = {"mix": segue.mix(listener, 3, *repeats)}
    lenient = ["--first", "3", "--min-effective-samples", "2"]
    lenient += ["--max-unsupported", "1", "--seed", "1"]
    for temperature in ["0.2", "0.4", "0.6"]:
        asked = ["--policy", "plackett-luce", "--temperature", temperature, *lenient]
        answers[f"value at {temperature}"] = canonical(segue.json("evaluate", "policy", *asked))
    answers["value of greedy"] = canonical(segue.json("evaluate", "policy", "--policy", "greedy"))
    return answers


def evaluations(segue, folder, quick):
    """Tables of measurements."""
    write_events(folder / "events.csv", 120, 120, 24)
    write_songs(folder / "songs.csv", rows=400, playlists=20)
    write_songs(folder / "playlists.csv", rows=1_200, playlists=60)
    events, songs = ["--data", "events.csv"], ["--data", "songs.csv"]
    network = "" if quick else "sasrec,"
    names = f"popularity,item-knn,ease,ials,{network}fusion"
    asked = {
        "next track": ["next-track", *events, "--model", names],
        "new listener of events": [
            "next-track",
            *events,
            "--protocol",
            "new-listener",
            "--model",
            "popularity,ease",
        ],
        "holdout": ["next-track", *events, "--protocol", "holdout", "--model", "ease,item-knn"],
        "temporal": [
            "next-track",
            *events,
            "--protocol",
            "temporal",
            "--test-days",
            "0.2",
            "--model",
            "popularity,item-knn",
        ],
        "search": ["next-track", *events, "--model", "ease,ials", "--search", "4", "--refit"],
        "interactive": [
            "interactive",
            *events,
            "--unseen",
            "40/20",
            "--proposals",
            "10",
            "--min-likes",
            "5",
        ],
        "likability as in the paper": [
            "likability",
            *songs,
            "--label",
            "liked",
            "--protocol",
            "paper",
            "--repeats",
            "2",
        ],
    }
    if not quick:
        asked["likability"] = [
            "likability",
            *songs,
            "--label",
            "liked",
            "--protocol",
            "nested-cv",
            "--repeats",
            "1",
        ]
        asked["new listener"] = [
            "new-listener",
            "--data",
            "playlists.csv",
            "--listener",
            "playlist_id",
            "--unseen",
            "0.3",
            "--support",
            "0,5",
            "--negatives",
            "50",
        ]
    answers = {}
    for name, arguments in asked.items():
        note(f"evaluate: {name}")
        answers[name] = canonical(segue.json("evaluate", *arguments, cwd=folder))
    note("simulate community")
    world = ["--listeners", "3", "--artists", "25", "--days", "4", "--history-days", "20"]
    asked = ["simulate", "community", *world, "--explore", "0,0.3", "--seeds", "1"]
    answers["community"] = canonical(segue.json(*asked, cwd=folder))
    return answers


def note(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def demo(binary, folder, quick):
    note("demo library")
    segue = Segue(binary, folder / "demo" / "home")
    listeners = ["--listeners", "8"] if quick else []
    segue.must("demo", "--seed", "1", "--keep", folder / "demo", *listeners)
    some = ["listener-03"] if quick else ["listener-01", "listener-04"]
    answers = {"models": models(segue)}
    answers["mixes"] = mixes(segue, some, POLICIES, DIALS)
    note("demo library, feedback")
    shutil.copytree(folder / "demo" / "home", folder / "told")
    answers["feedback"] = after_feedback(Segue(binary, folder / "told"), some[0])
    note("demo library, served")
    # The command line takes a name that nobody has for a slip; the server mixes for whoever comes.
    policies = POLICIES if not quick else POLICIES[:3]
    answers["served"] = served(segue, [*some, "newcomer"], policies, DIALS)
    return answers


def next_tracks(binary, folder):
    note("next")
    segue = Segue(binary, folder / "next" / "home")
    segue.must("demo", "--seed", "2", "--listeners", "5", "--keep", folder / "next")
    answers = {"models": models(segue)}
    for listener in ["listener-01", "listener-05"]:
        for name, arguments in {"all": [], "new": ["--new"]}.items():
            shown = ["next", "--listener", listener, "--length", "30", *arguments]
            answers[f"{listener}, {name}"] = mix_of(segue.json(*shown))
    return answers


def large(binary, folder):
    note("large catalogue")
    tables = folder / "tables"
    tables.mkdir()
    write_catalogue(tables, tracks=201_000, listeners=40)
    segue = Segue(binary, folder / "large")
    names = ["tracks.csv", "plays.csv", "words.csv"]
    imported = segue.json("import", *(tables / name for name in names))
    answers = {"import": canonical(imported)}
    note("large catalogue: train")
    segue.must("train", "--seed", "1")
    answers["models"] = models(segue)
    note("large catalogue: mixes")
    answers["mixes"] = mixes(segue, ["listener-30"], POLICIES, ["0", "0.3", "1"])
    answers["mixes"] |= {
        f"{listener}, {dial}": segue.mix(listener, 5, "--explore", dial)
        for listener in ["listener-05", "newcomer"]
        for dial in ["0.1", "0.5"]
    }
    note("large catalogue: served")
    answers["served"] = served(segue, ["listener-30", "newcomer"], POLICIES, DIALS)
    return answers


def record(binary, out, quick):
    with tempfile.TemporaryDirectory(prefix="segue-golden-") as name:
        folder = Path(name)
        answers = {"demo": demo(binary, folder, quick)}
        answers["evaluate"] = evaluations(Segue(binary, folder / "none"), folder, quick)
        if not quick:
            answers["next"] = next_tracks(binary, folder)
            answers["large"] = large(binary, folder)
    text = json.dumps(answers, indent=1, sort_keys=True, ensure_ascii=False)
    # The folder is another one each time.
    out.write_text(text.replace(name, "FOLDER") + "\n", encoding="utf-8")
    note(f"{out} written")


# --- Comparing ----------------------------------------------------------------------------------


def differences(a, b, path=""):
    """Every place where two answers differ, and how many values were compared on the way."""
    if isinstance(a, dict) and isinstance(b, dict):
        pairs = [(key, a.get(key, MISSING), b.get(key, MISSING)) for key in sorted(a | b)]
    elif isinstance(a, list) and isinstance(b, list):
        longest = range(max(len(a), len(b)))
        at = lambda entries, place: entries[place] if place < len(entries) else MISSING
        pairs = [(place, at(a, place), at(b, place)) for place in longest]
    else:
        return ([] if same(a, b) else [f"{path}: {brief(a)} / {brief(b)}"]), 1
    found, count = [], 0
    for key, first, second in pairs:
        more, compared = differences(first, second, f"{path}/{key}")
        found += more
        count += compared
    return found, count


MISSING = "(missing)"


def same(a, b):
    if all(type(value) in (int, float) for value in (a, b)):
        return abs(a - b) <= 1e-6 * max(abs(a), abs(b))
    return a == b


def brief(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}…"


def compare(first, second):
    a, b = (json.loads(Path(path).read_text(encoding="utf-8")) for path in (first, second))
    found, count = differences(a, b)
    for line in found:
        print(line)
    print(f"{len(found)} of {count} values differ")
    return 1 if found else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--segue", help="the binary to ask")
    parser.add_argument("--out", type=Path, help="where its answers go")
    parser.add_argument("--quick", action="store_true", help="a small demo library only: a minute")
    parser.add_argument("--mix-options", default="", help="added to every `segue mix`")
    parser.add_argument("--compare", nargs=2, metavar="JSON", help="two files of answers")
    arguments = parser.parse_args()
    if arguments.compare:
        sys.exit(compare(*arguments.compare))
    if not arguments.segue or not arguments.out:
        parser.error("either --segue and --out, or --compare")
    MIX_OPTIONS.extend(arguments.mix_options.split())
    record(arguments.segue, arguments.out, arguments.quick)


if __name__ == "__main__":
    main()
