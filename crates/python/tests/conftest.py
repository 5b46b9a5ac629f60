"""Made-up listeners, written out as the files that real ones would bring."""

import json
from datetime import datetime, timedelta, timezone

import pytest

import segue

ARTISTS, SONGS_OF_AN_ARTIST = 16, 5


def uri(song):
    return f"spotify:track:{song:0>22}"


def is_calm(song):
    return song // SONGS_OF_AN_ARTIST % 2 == 0


def title(song):
    return f"{'Slow' if is_calm(song) else 'Fast'} Song {song}"


def write_tracks(folder):
    """A table of all songs with their audio features; calm ones are slow, the others fast."""
    path = folder / "tracks.csv"
    rows = ["track_id,track_name,artist_name,energy,acousticness,tempo,duration_ms"]
    for song in range(ARTISTS * SONGS_OF_AN_ARTIST):
        energy, tempo = (0.2, 80) if is_calm(song) else (0.9, 150)
        energy -= 0.01 * (song % 7)
        name, artist = title(song), f"Artist {song // SONGS_OF_AN_ARTIST}"
        rows.append(
            f"{uri(song)},{name},{artist},{energy:.3f},{1 - energy:.3f},{tempo + song % 9},200000"
        )
    path.write_text("\n".join(rows) + "\n")
    return path


def write_history(folder, likes_calm):
    """Plays of three songs of each artist: to the end of those that are liked, else skipped."""
    now, rows = datetime.now(timezone.utc), []
    for song in range(ARTISTS * SONGS_OF_AN_ARTIST):
        if song % SONGS_OF_AN_ARTIST >= 3:
            continue
        is_liked = is_calm(song) == likes_calm
        for time in range(5 if is_liked else 2):
            at = now - timedelta(days=2 + 12 * time, seconds=400 * song)
            rows.append(
                {
                    "ts": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "ms_played": 200_000 if is_liked else 6_000,
                    "master_metadata_track_name": title(song),
                    "master_metadata_album_artist_name": f"Artist {song // SONGS_OF_AN_ARTIST}",
                    "master_metadata_album_album_name": f"Album {song // SONGS_OF_AN_ARTIST}",
                    "spotify_track_uri": uri(song),
                    "reason_start": "trackdone",
                    "reason_end": "trackdone" if is_liked else "fwdbtn",
                    "skipped": not is_liked,
                    "incognito_mode": False,
                }
            )
    path = folder / "Streaming_History_Audio_2026_0.json"
    path.write_text(json.dumps(rows))
    return path


def library_in(folder):
    """A library of two listeners, Ada who likes calm songs and Bob who does not."""
    library = segue.Library(folder / "library")
    tracks = write_tracks(folder)
    for name, likes_calm in (("ada", True), ("bob", False)):
        (folder / name).mkdir()
        library.import_([tracks, write_history(folder / name, likes_calm)], listener=name)
    return library


@pytest.fixture
def untrained(tmp_path):
    return library_in(tmp_path)


@pytest.fixture(scope="session")
def stages():
    return []


@pytest.fixture(scope="session")
def trained(tmp_path_factory, stages):
    """A library that was trained, and what the training told. Tests add to it and take nothing."""
    library = library_in(tmp_path_factory.mktemp("trained"))
    library.train(progress=stages.append)
    return library
