"""Running the Segue binary, and what a run cost."""

import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

THREADS = {"RAYON_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}


@dataclass(frozen=True)
class Cost:
    """Processor seconds of a program, children included, beside what it printed."""

    output: str
    cpu_s: float


def run(command: list[str], environment: dict[str, str]) -> Cost:
    """Runs a program to its end; its progress is not shown, its complaints are."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return Cost(done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def evaluate(segue: str, arguments: list[str], environment: dict[str, str]) -> tuple[list[dict[str, Any]], float]:
    """`segue evaluate next-track`: its records and the processor seconds of the whole process."""
    cost = run([segue, "evaluate", "next-track", *arguments, "--json"], environment)
    return json.loads(cost.output), cost.cpu_s
