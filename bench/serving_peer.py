"""A generous peer of `segue serve`: implicit's ALS behind FastAPI. It answers the thirty best
tracks with their names to the same request, and does no more: no diversity, no caps, no draw, no
reasons, and nothing is logged. Under `uvicorn`, one process:

    LARGE=/tmp/large uvicorn --app-dir bench serving_peer:app --port 18400 --log-level warning
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import scipy.sparse as sp
from fastapi import FastAPI, Response
from implicit.cpu.als import AlternatingLeastSquares

folder = Path(os.environ["LARGE"])
tracks = pd.read_csv(folder / "tracks.csv", keep_default_na=False)
names = ["track_id", "track_name", "artist_name", "album", "genre", "year"]
shapes = tracks[names].to_dict("records")
row = {track: number for number, track in enumerate(tracks.track_id)}

plays = pd.read_csv(folder / "plays.csv", usecols=["listener", "track_id", "skipped"])
plays = plays[~plays.skipped]
listeners = {name: number for number, name in enumerate(sorted(plays.listener.unique()))}
cells = (plays.listener.map(listeners), plays.track_id.map(row))
liked = sp.csr_matrix((np.ones(len(plays), np.float32), cells), shape=(len(listeners), len(shapes)))

begun = time.time()
model = AlternatingLeastSquares(factors=64, iterations=10, num_threads=1, random_state=1)
model.fit(liked, show_progress=False)
print(f"trained in {time.time() - begun:.1f} s", file=sys.stderr)

app = FastAPI()


@app.post("/v1/listeners/{listener}/mixes")
def mix(listener: str) -> Response:
    """The thirty best that the listener has not played to the end."""
    number = listeners[listener]
    found, scores = model.recommend(number, liked[number], N=30)
    picks = [{"track": shapes[track], "score": float(score)} for track, score in zip(found, scores)]
    return Response(orjson.dumps(picks), media_type="application/json")
