"""Whether a core has nothing to do: the warm server tells the runs that it has forked how many they are."""

import os
import re
from contextlib import suppress
from mmap import mmap
from pathlib import Path

from archlab.processes import cores

NONE_TO_SPARE = "ARCHLAB_NO_IDLE_CORES"
"""Set for a server that does not know who else is at work on the machine."""

NUMBER_BYTES = 8

_runs: mmap | None = None
"""Memory that the server shares with its forks; None in other processes."""


def tell_runs(number: int) -> None:
    """In the server, before it forks, and whenever a run begins or ends."""
    global _runs
    if NONE_TO_SPARE in os.environ:
        return
    if _runs is None:
        _runs = mmap(-1, NUMBER_BYTES)
    _runs[:] = number.to_bytes(NUMBER_BYTES, "little")


def has_idle_core() -> bool:
    """Whether each run could keep one more core busy. False where nobody tells."""
    return _runs is not None and 2 * int.from_bytes(_runs[:], "little") <= cores()


def has_memory_for_another() -> bool:
    """Whether there is room for all that this process holds once more. False where nobody tells."""
    with suppress(OSError, LookupError):
        return _kilobytes("/proc/meminfo", "MemAvailable") > _kilobytes("/proc/self/status", "VmRSS")
    return False


def _kilobytes(file: str, name: str) -> int:
    return int(re.findall(rf"^{name}:\s+(\d+) kB", Path(file).read_text(), re.MULTILINE)[0])
