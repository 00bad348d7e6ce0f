"""The end of a log, read without the rest of it."""

import os
from pathlib import Path

from archlab.plain import printable

TAIL_BYTES = 16_384
MAX_LENGTH = 200


def last_lines(log: Path, count: int = 5) -> tuple[str, ...]:
    """The last lines of a log that are not empty, without control characters; () where none can be read.

    A line that was drawn over, as progress bars are, counts as one for each time. Long ones are cut.
    """
    lines = (printable(line).rstrip() for line in end_of(log).replace("\r", "\n").split("\n"))
    return tuple(_cut(line) for line in lines if line)[-count:]


def end_of(log: Path) -> str:
    """The last part of a log, as it was printed; "" where none can be read."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return file.read(TAIL_BYTES).decode("utf8", errors="replace")
    except OSError:
        return ""


def _cut(line: str) -> str:
    return line if len(line) <= MAX_LENGTH else f"{line[:MAX_LENGTH]} ..."
