"""What a run has printed, line by line, also while it prints."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from archlab.errors import NothingToCompareError, UsageError
from archlab.results.run_states import RunState, State
from archlab.results.store import Store

POLL_SECONDS = 0.2
BLOCK_BYTES = 64 * 1024


def log_of(store: Store, state: RunState, attempt: int | None = None) -> Path:
    """The log of a run, or of an older attempt. Raises UsageError where there is no such attempt, and
    NothingToCompareError where it has no log."""
    log = store.paths.run(state.run_id).log
    if attempt is not None and attempt != state.attempt:
        log = store.paths.attempt(state.run_id, attempt).log
        if not log.parent.is_dir():
            older = _older_attempts(store, state.run_id)
            kept = f"Kept are {', '.join(map(str, older))}." if older else "No older attempt is kept."
            raise UsageError(f"Run {state.run_id} has no attempt {attempt}.", kept)
    if not log.is_file():
        if state.state is State.waiting:
            raise NothingToCompareError(f"Run {state.run_id} has not started.", "archlab runs tells when.")
        raise NothingToCompareError(f"Run {state.run_id} has no log: there is no {log}.")
    return log


def _older_attempts(store: Store, run_id: str) -> list[int]:
    folders = store.paths.attempts.iterdir() if store.paths.attempts.is_dir() else ()
    names = [folder.name.rpartition(".") for folder in folders]
    return sorted(int(number) for owner, _, number in names if owner == run_id and number.isdecimal())


def log_lines(
    log: Path, last: int | None = None, goes_on: Callable[[], bool] = lambda: False
) -> Iterator[str]:
    """The lines of a log without their ends; of a line that was drawn anew, as bars are, what it came to.

    last: only so many of those that are there. goes_on: while it says so, lines that come are waited for, as
    long as it is the same file. Control characters are left in. Raises FileNotFoundError.
    """
    with log.open("rb") as file:
        if last is not None:
            file.seek(_start_of_last(file, last))
        begun = b""
        while True:
            more_may_come = goes_on() and _is_at(log, file)
            for part in file:
                begun += part
                if begun.endswith(b"\n"):
                    yield _as_shown(begun)
                    begun = b""
            if not more_may_come:
                break
            time.sleep(POLL_SECONDS)
        if begun:
            yield _as_shown(begun)


def _start_of_last(file: IO[bytes], count: int) -> int:
    """Where the last lines of a file begin, in bytes; read from its end, for it may be long."""
    place = file.seek(0, os.SEEK_END)
    seen = b""
    while place > 0 and seen.count(b"\n", 0, -1) < count:  # the end of the last line begins none
        size = min(BLOCK_BYTES, place)
        place = file.seek(place - size)
        seen = file.read(size) + seen
    start = len(seen)
    for _ in range(count):
        start = seen.rfind(b"\n", 0, max(0, start - 1)) + 1
    return place + start


def _is_at(path: Path, file: IO[bytes]) -> bool:
    """Whether a file is still the one of its name: not put aside for a new attempt."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _as_shown(line: bytes) -> str:
    return line.rstrip(b"\r\n").rpartition(b"\r")[2].decode("utf8", "replace")
