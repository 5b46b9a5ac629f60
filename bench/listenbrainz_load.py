"""How fast plays arrive, against libraries of several sizes: imports made-up histories of one
listener, serves each and sends singles as scrobblers do.

    python3 bench/listenbrainz_load.py target/release/segue 2000 20000 200000
"""

import http.client
import json
import random
import subprocess
import sys
import tempfile
import threading
import time

PORT = 18_103
LATEST = 1_780_000_000


def metadata(song):
    info = {"duration_ms": 200_000}
    return {
        "artist_name": f"Artist {song // 9}",
        "track_name": f"Song {song}",
        "additional_info": info,
    }


def generate(plays, songs, path):
    random.seed(5)
    with open(path, "w") as file:
        for play in range(plays):
            song = int(random.paretovariate(0.7)) % songs
            at = LATEST - (plays - play) * 240
            file.write(json.dumps({"listened_at": at, "track_metadata": metadata(song)}) + "\n")


def send(connection, token, at, song):
    listen = {"listened_at": at, "track_metadata": metadata(song)}
    body = json.dumps({"listen_type": "single", "payload": [listen]})
    connection.request("POST", "/1/submit-listens", body, {"Authorization": f"Token {token}"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status


def run(token, songs, connections, each, after):
    times = []

    def work(number):
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        for play in range(number * each, (number + 1) * each):
            begun = time.perf_counter()
            send(connection, token, LATEST + after + play * 7, play * 13 % songs)
            times.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = connections * each / (time.perf_counter() - begun)
    times.sort()
    median, slow = (1000 * times[int(len(times) * share)] for share in (0.5, 0.99))
    return f"{connections} connections {rate:.0f}/s, median {median:.1f} ms, p99 {slow:.1f} ms"


def measure(segue, plays):
    songs = max(200, plays // 25)
    with tempfile.TemporaryDirectory() as folder:
        home = [segue, "--home", f"{folder}/home"]
        generate(plays, songs, f"{folder}/listens.jsonl")
        subprocess.run(
            [*home, "import", "--listener", "ann", f"{folder}/listens.jsonl"],
            check=True,
            capture_output=True,
        )
        made = subprocess.run(
            [*home, "keys", "add", "player", "--listener", "ann"],
            check=True,
            capture_output=True,
            text=True,
        )
        token = made.stdout.strip()
        server = subprocess.Popen(
            [*home, "serve", "--bind", f"127.0.0.1:{PORT}"], stderr=subprocess.DEVNULL
        )
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT)
            while True:
                try:
                    connection.request("GET", "/readyz")
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status == 200:
                        break
                except OSError:
                    connection.close()
                time.sleep(0.1)
            begun = time.perf_counter()
            send(connection, token, LATEST - 1, 1)
            first = 1000 * (time.perf_counter() - begun)
            one, many = run(token, songs, 1, 500, 0), run(token, songs, 16, 150, 10_000_000)
            print(f"{plays} plays: first {first:.0f} ms; {one}; {many}", flush=True)
        finally:
            server.terminate()
            server.wait()


for plays in sys.argv[2:]:
    measure(sys.argv[1], int(plays))
