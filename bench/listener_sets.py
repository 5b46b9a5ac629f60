"""Writes listener-like liked/disliked tables from public playlists and one listening history.

Few people publish what they like *and* dislike, so these tables stand in for listeners:

- `playlist-*`: the tracks of one playlist are likes; as many tracks of other playlists are
  dislikes. The `-near` variant draws the dislikes from playlists of the same genre, which is much
  harder.
- `subgenre-*`: one subgenre against the rest, about 2,000 rows.
- `listener-replay`: one listener's tracks played twice or more (in track lengths) against those
  left before half.
- `listener-tercile`: the same listener, top against bottom third by track lengths played.
- `decade-*`: chart hits against tracks that never charted, 2,000 rows of one decade. Not a taste,
  but a hard table.

Every table holds the audio features, `artist` (for grouped folds) and `liked`. A seed fixes every
draw. Usage: listener_sets.py DATA_FOLDER OUTPUT_FOLDER [--seed S] [--playlists N]
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

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
    "time_signature",
]
Named = tuple[str, pd.DataFrame]


def table(
    likes: pd.DataFrame, dislikes: pd.DataFrame, artist: str, rng: np.random.Generator
) -> pd.DataFrame:
    """Joins both sides, shuffles the rows and keeps audio features, artist and label."""
    rows = pd.concat([likes.assign(liked=1), dislikes.assign(liked=0)])
    rows = rows.rename(columns={artist: "artist"}).iloc[rng.permutation(len(rows))]
    return rows[[name for name in FEATURES if name in rows] + ["artist", "liked"]].reset_index(
        drop=True
    )


def against(
    tracks: pd.DataFrame, inside: pd.Series, pool: pd.Series, limit: int, rng: np.random.Generator
) -> pd.DataFrame:
    """At most `limit` tracks inside, against as many of the pool that never appear inside."""
    likes = tracks[inside].drop_duplicates("track_id")
    others = tracks[pool & ~tracks.track_id.isin(likes.track_id)].drop_duplicates("track_id")
    size = min(limit, len(likes), len(others))
    return table(
        likes.sample(size, random_state=rng),
        others.sample(size, random_state=rng),
        "track_artist",
        rng,
    )


def playlist_sets(tracks: pd.DataFrame, count: int, rng: np.random.Generator) -> Iterator[Named]:
    """Playlists of 80 to 200 tracks and at least 30 artists, the genres in turn, far and near
    dislikes in turn.
    """
    sizes = tracks.groupby(["playlist_genre", "playlist_id"]).agg(
        tracks=("track_id", "nunique"), artists=("track_artist", "nunique")
    )
    fit = sizes[sizes.tracks.between(80, 200) & (sizes.artists >= 30)].reset_index()
    by_genre = {
        genre: list(rng.permutation(rows.playlist_id))
        for genre, rows in fit.groupby("playlist_genre")
    }
    genres = sorted(by_genre)
    for index in range(count):
        genre = genres[index % len(genres)]
        if not by_genre[genre]:
            continue
        inside = tracks.playlist_id == by_genre[genre].pop()
        near = (index // len(genres)) % 2 == 1
        pool = ~inside & (tracks.playlist_genre == genre) if near else ~inside
        name = f"playlist-{index:02}-{genre.replace('&', '')}-{'near' if near else 'far'}"
        yield name, against(tracks, inside, pool, 100, rng)


def subgenre_sets(tracks: pd.DataFrame, rng: np.random.Generator) -> Iterator[Named]:
    """The largest subgenre of each genre against all other subgenres."""
    for _genre, rows in tracks.groupby("playlist_genre"):
        subgenre = rows.playlist_subgenre.value_counts().index[0]
        inside = tracks.playlist_subgenre == subgenre
        yield f"subgenre-{subgenre.replace(' ', '-')}", against(tracks, inside, ~inside, 1000, rng)


def history_sets(plays: pd.DataFrame, rng: np.random.Generator) -> Iterator[Named]:
    """One listener's play time per track, in track lengths, cut into likes and dislikes in two
    ways.
    """
    plays = plays.dropna(subset=["danceability", "duration_ms", "artist_name"]).drop_duplicates(
        "track_id"
    )
    lengths = plays.msPlayed / plays.duration_ms
    yield "listener-replay", table(plays[lengths >= 2], plays[lengths < 0.5], "artist_name", rng)
    low, high = lengths.quantile([1 / 3, 2 / 3])
    yield "listener-tercile", table(plays[lengths > high], plays[lengths < low], "artist_name", rng)


def decade_sets(folder: Path, rng: np.random.Generator) -> Iterator[Named]:
    """A thousand hits against a thousand others of the same decade."""
    for path in sorted(folder.glob("dataset-of-*.csv")):
        songs = pd.read_csv(path).drop_duplicates("uri")
        sides = [songs[songs.target == side].sample(1000, random_state=rng) for side in (1, 0)]
        yield f"decade-{path.stem.removeprefix('dataset-of-')}", table(*sides, "artist", rng)


def listener_sets(data: Path, playlists: int, seed: int) -> Iterator[Named]:
    """Every set in a fixed order; each family draws from its own generator, so that one does not
    move another.
    """
    tracks = pd.read_csv(data / "tidytuesday_spotify_songs" / "spotify_songs.csv")
    tracks = tracks.dropna(subset=["track_artist"])
    plays = pd.read_csv(data / "spotify_song_attributes_10k" / "spotify_song_attributes.dedup.csv")
    generators = [np.random.default_rng([seed, family]) for family in range(4)]
    yield from playlist_sets(tracks, playlists, generators[0])
    yield from subgenre_sets(tracks, generators[1])
    yield from history_sets(plays, generators[2])
    yield from decade_sets(data / "spotify_hits_decades", generators[3])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="folder with the public data sets, one folder each")
    parser.add_argument("output", type=Path, help="folder to write one CSV a set into")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--playlists", type=int, default=24, help="how many playlist sets to write")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, rows in listener_sets(arguments.data, arguments.playlists, arguments.seed):
        rows.to_csv(arguments.output / f"{name}.csv", index=False)
        print(
            f"{name}\t{len(rows)} rows\t{rows.liked.mean():.2f} liked\t"
            f"{rows.artist.nunique()} artists"
        )


if __name__ == "__main__":
    main()
