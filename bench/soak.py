#!/usr/bin/env python3
"""Whether a server grows: plays, words, mixes and pages for a long time, then pages alone, and the
slope of its resident memory in either half with an interval.

    python3 bench/soak.py --segue target/release/segue --minutes 30 --reading 30

While plays pile up, what is known of a listener may grow with them, so that the slope is told by
the event as well. Once nothing is written any more, whatever still grows is a leak. The first fifth
of either half, in which caches fill, does not count. A slope is that of a line through the rest by
least squares; its interval is a bootstrap over blocks of a minute, since neighbouring measurements
are not independent.
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

PAGES = [
    "/",
    "/taste",
    "/history",
    "/lists",
    "/metrics",
    "/v1/listeners/{who}",
    "/v1/listeners/{who}/listens?limit=100",
    "/v1/listeners/{who}/taste",
]


class Visitor(threading.Thread):
    """Looks at pages of those who play and of those who do not, a few each second."""

    def __init__(self, server, tally, clients):
        super().__init__(daemon=True)
        self.server, self.tally, self.stopping = server, tally, False
        self.listeners = [f"base-{n}" for n in range(12)]
        self.listeners += [f"soak{client}-{n}" for client in range(clients) for n in range(3)]

    def run(self):
        rng = random.Random(5)
        while not self.stopping:
            page = rng.choice(PAGES).format(who=rng.choice(self.listeners))
            status, _ = self.server.ask("GET", page)
            self.tally[f"pages answered {status}"] += 1
            time.sleep(0.2)


class Unhurried(Client):
    """Does some things each second, about a handful of artists and in no context: names that are
    new each time would fill caches for hours.
    """

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
    """What the process holds itself. Pages of files that it has mapped, its own program among them,
    belong to the system, which drops them when there is need.
    """
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
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
        slope([point for block in rng.choices(blocks, k=len(blocks)) for point in block])
        for _ in range(draws)
    )
    return drawn[int(draws * 0.025)], drawn[int(draws * 0.975)]


class Half:
    """Measurements while the same things are done."""

    def __init__(self, name, server, minutes):
        self.name, self.points = name, []
        began = time.time()
        while (hours := (time.time() - began) / 3600) < minutes / 60:
            self.points.append((hours, resident_kb(server.process) / 1024))
            time.sleep(2)
        self.settled = [point for point in self.points if point[0] >= minutes / 60 / 5]

    def grown_mb(self):
        return self.settled[-1][1] - self.settled[0][1]

    def report(self):
        low, high = interval(self.settled, random.Random(1))
        first, settled, last = (
            f"{mb:.0f} MB" for mb in (self.points[0][1], self.settled[0][1], self.points[-1][1])
        )
        print(
            f"{self.name}: resident {first} at first, {settled} settled, {last} at the end; slope "
            f"{slope(self.settled):+.2f} MB an hour, 95 % from {low:+.2f} to {high:+.2f}"
        )


def halves(server, args, tally):
    """The half in which clients write beside a visitor, and the one in which only the visitor is
    left."""
    writers = [
        Unhurried(server, f"soak{n}", random.Random(n), tally, False) for n in range(args.clients)
    ]
    visitor = Visitor(server, tally, args.clients)
    for thread in [*writers, visitor]:
        thread.start()
    writing = Half("writing", server, args.minutes)
    for thread in writers:
        thread.stopping = True
    for thread in writers:
        thread.join()
    reading = Half("reading", server, args.reading)
    visitor.stopping = True
    return writing, reading


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segue", default="target/release/segue")
    parser.add_argument("--minutes", type=float, default=30, help="of writing and reading")
    parser.add_argument("--reading", type=float, default=30, help="minutes of only reading, after")
    parser.add_argument("--clients", type=int, default=3)
    args = parser.parse_args()
    tally = Counter()
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "ab") as log:
        server = Server(args.segue, Path(folder) / "home", log)
        furnish(server)
        writing, reading = halves(server, args, tally)
        descriptors = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        server.process.terminate()
        server.process.wait()
    told = tally["events told"]
    for name in sorted(tally):
        print(f"{tally[name]:8} {name}")
    print(f"{TRACKS} tracks; {descriptors} open files at the end")
    for half in (writing, reading):
        half.report()
    by_event = writing.grown_mb() * 1024 * 1024 / max(1, told * 4 / 5)
    print(f"{by_event:.0f} bytes for each event that was told")


if __name__ == "__main__":
    main()
