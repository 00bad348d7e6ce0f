"""Whether a core has nothing to do: the warm server tells the runs that it has forked how many they are."""

from mmap import mmap

from archlab.processes import cores

NUMBER_BYTES = 8

_runs: mmap | None = None
"""Memory that the server shares with its forks; None in other processes."""


def tell_runs(number: int) -> None:
    """In the server, before it forks, and whenever a run begins or ends."""
    global _runs
    if _runs is None:
        _runs = mmap(-1, NUMBER_BYTES)
    _runs[:] = number.to_bytes(NUMBER_BYTES, "little")


def has_idle_core() -> bool:
    """Whether each run could keep one more core busy. False where nobody tells."""
    return _runs is not None and 2 * int.from_bytes(_runs[:], "little") <= cores()
