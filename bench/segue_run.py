"""Running the Segue binary and what a run cost; the environment that every program is measured
in.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any

ENVIRONMENT = {
    "RAYON_NUM_THREADS": "2",
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "2",
    # Waiting threads sleep. By default they spin, which on a machine that others use too made an
    # epoch of PyTorch five times as long.
    "OMP_WAIT_POLICY": "PASSIVE",
    # Freed memory stays with the process: PyTorch on a processor else spends a third of its time
    # asking for it again.
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
}


@dataclass(frozen=True)
class Run:
    """What a program printed and what it cost, all of its threads and its whole life included."""

    output: str
    wall_s: float
    cpu_s: float
    peak_mb: float


def settle_environment() -> None:
    """Starts the script again with [`ENVIRONMENT`], where it is not set otherwise: libraries read
    it once, when loaded.
    """
    missing = {name: value for name, value in ENVIRONMENT.items() if name not in os.environ}
    if missing:
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | missing)


def run(command: list[str]) -> Run:
    """Runs a program to its end, and ends with it if it fails."""
    # The allocator settings are for PyTorch; what is started here runs as it is shipped.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")
    }
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as complaints:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=complaints, env=environment)
        _pid, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in (output, complaints):
            file.seek(0)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)}\n{complaints.read()}")
        return Run(output.read(), wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def evaluate(segue: str, arguments: list[str]) -> tuple[list[dict[str, Any]], Run]:
    """`segue evaluate next-track`: its records, and what the run cost."""
    found = run([segue, "evaluate", "next-track", *arguments, "--json"])
    return json.loads(found.output), found
