"""What all processes that a piece of work starts cost together: wall and CPU seconds, memory at its most."""

import contextlib
import resource
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

Given = TypeVar("Given")
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Costs:
    """cpu_seconds: of processes that have ended and were waited for. peak_bytes: the most they held at once;
    memory that several share counts once."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: float

    def __str__(self) -> str:
        return f"{self.wall_seconds:.1f} s, {self.cpu_seconds:.1f} s of CPU, {self.peak_bytes / 1e6:.0f} MB"


def costs_of(work: Callable[[], Given]) -> tuple[Given, Costs]:
    """(what the work gives, what its processes cost)."""
    ended = threading.Event()
    held: list[float] = [0.0]

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            held.append(_proportional_bytes())

    watching = threading.Thread(target=watch)
    watching.start()
    began, cpu_began = time.perf_counter(), _children_cpu_seconds()
    try:
        given = work()
    finally:
        wall = time.perf_counter() - began
        ended.set()
        watching.join()
    return given, Costs(wall, _children_cpu_seconds() - cpu_began, max(held))


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _proportional_bytes() -> float:
    """The memory of all descendants: each page by its share among those that have it (Linux's PSS)."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
                if line.startswith("Pss:"):
                    total += 1024 * int(line.split()[1])
    return float(total)
