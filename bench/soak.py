#!/usr/bin/env python3
"""Whether a server grows: plays, words, mixes and pages for a long time, and the slope of its resident memory with an interval.

    python3 bench/soak.py --segue target/release/segue --minutes 60

Plays pile up, and what is known of a listener with them, so that a slope says how much by the play as well. The first fifth of the time, in which caches fill, does not count. The slope is that of a line through the rest by least squares; its interval
is a bootstrap over blocks of a minute, since neighbouring measurements are not independent.
"""

import argparse
import os
import random
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from crash import TRACKS, Client, Server, furnish

PAGES = ["/", "/taste", "/history", "/lists", "/metrics", "/v1/listeners/{who}", "/v1/listeners/{who}/listens?limit=100"]


class Visitor(threading.Thread):
    """Looks at pages, a few each second."""

    def __init__(self, server, tally):
        super().__init__(daemon=True)
        self.server, self.tally, self.stopping = server, tally, False

    def run(self):
        rng = random.Random(5)
        while not self.stopping:
            page = rng.choice(PAGES).format(who=f"base-{rng.randrange(12)}")
            status, _ = self.server.ask("GET", page)
            self.tally[f"pages answered {status}"] += 1
            time.sleep(0.2)


class Unhurried(Client):
    """Does some things each second, about a handful of artists and in no context: names that are new each time would fill caches for hours."""

    def event(self, listener, number):
        name, event = super().event(listener, number)
        if "listen" in event:
            del event["listen"]["context"]
        else:
            event["feedback"]["artist"] = f"Artist {self.rng.randrange(40)}"
        return name, event

    def step(self, connection, number):
        super().step(connection, number)
        self.tally["events told"] += len(self.acknowledged)
        self.acknowledged, self.open, self.mixes = [], [], []
        time.sleep(0.1)


def resident_kb(process):
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise ValueError("no resident memory is told")


def slope(points):
    """Of a line through points by least squares."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def interval(points, rng, draws=2000):
    """95 %, by drawing minutes again."""
    blocks = {}
    for x, y in points:
        blocks.setdefault(int(x * 60), []).append((x, y))
    blocks = list(blocks.values())
    drawn = sorted(
        slope([point for block in rng.choices(blocks, k=len(blocks)) for point in block]) for _ in range(draws)
    )
    return drawn[int(draws * 0.025)], drawn[int(draws * 0.975)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segue", default="target/release/segue")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=3)
    args = parser.parse_args()
    tally, points = Counter(), []
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "ab") as log:
        server = Server(args.segue, Path(folder) / "home", log)
        furnish(server)
        threads = [Unhurried(server, f"soak{n}", random.Random(n), tally, False) for n in range(args.clients)]
        threads.append(Visitor(server, tally))
        for thread in threads:
            thread.start()
        began = time.time()
        while (hours := (time.time() - began) / 3600) < args.minutes / 60:
            points.append((hours, resident_kb(server.process) / 1024))
            time.sleep(2)
        descriptors = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        for thread in threads:
            thread.stopping = True
        server.process.terminate()
        server.process.wait()
    told = tally["events told"]
    settled = [point for point in points if point[0] >= points[-1][0] / 5]
    low, high = interval(settled, random.Random(1))
    for name in sorted(tally):
        print(f"{tally[name]:8} {name}")
    print(f"{TRACKS} tracks, {args.minutes:g} minutes; resident {points[0][1]:.0f} MB at first, {settled[0][1]:.0f} MB settled, {points[-1][1]:.0f} MB at the end")
    by_event = (points[-1][1] - settled[0][1]) * 1024 * 1024 / max(1, told * 4 / 5)
    print(f"{by_event:.0f} bytes for each event that was told")
    print(f"slope {slope(settled):+.2f} MB an hour, 95 % from {low:+.2f} to {high:+.2f}; {descriptors} open files at the end")


if __name__ == "__main__":
    main()
