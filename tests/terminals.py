"""A terminal without a screen: what is written to it can be read, and keys can be pressed."""

import fcntl
import os
import pty
import struct
import termios
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Self


class Terminal:
    """A pseudo-terminal. path: where a process opens it."""

    def __init__(self, columns: int = 120, lines: int = 30) -> None:
        self._ours, self._its = pty.openpty()
        fcntl.ioctl(self._its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.path = Path(os.ttyname(self._its))
        self._written = bytearray()
        self._reading = Thread(target=self._read, daemon=True)
        self._reading.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Wait for all that was written; who else has it open must have closed it."""
        if self._its >= 0:
            os.close(self._its)
            self._its = -1
            self._reading.join(10)
            os.close(self._ours)

    @property
    def text(self) -> str:
        """What was written, so far."""
        return self._written.decode("utf8", "replace")

    def press(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def _read(self) -> None:
        with suppress(OSError):  # nobody has it open any more
            while chunk := os.read(self._ours, 65536):
                self._written.extend(chunk)
