"""HetRec's Last.fm listeners (hetrec2011-lastfm-2k) as plays, each artist as a track."""

import collections
import csv
from pathlib import Path

HEADER = ["listener", "track_id", "track_name", "artist_name", "ms_played", "duration_ms"]
FEWEST_LISTENERS = 8


def artists_of_listeners(data: Path) -> dict[str, list[list]]:
    """Rows of a table of plays by listener: artists with eight listeners or more, one row each."""
    artists = (data / "artists.dat").read_text(encoding="utf-8").splitlines()[1:]
    names = dict(line.split("\t")[:2] for line in artists)
    lines = (data / "user_artists.dat").read_text(encoding="utf-8-sig").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    listeners = collections.Counter(artist for _, artist, _ in rows)
    played = collections.defaultdict(list)
    for user, artist, count in rows:
        if listeners[artist] >= FEWEST_LISTENERS:
            seconds = min(int(count), 20_000) * 200
            played[user].append(
                [f"u{user}", f"a{artist}", names[artist], names[artist], seconds * 1000, 200_000]
            )
    return played


def write_plays(path: Path, rows: list[list]) -> None:
    """A table that `segue import` reads."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
