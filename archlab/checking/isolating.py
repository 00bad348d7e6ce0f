"""Run user code in a copy of this process: it may hang, exit or be killed, and costs no more than itself."""

import contextlib
import json
import os
import select
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from time import monotonic
from typing import NoReturn

from archlab.processes import describe_exit, kill_family

SECONDS = 60.0
POLL_SECONDS = 0.1

Step = tuple[str, str | None]
"""(slot, None) as the work on it begins; (slot, what is wrong) where it fails."""

Steps = Callable[[], Iterator[Step]]

_DONE: Step = ("", None)


def run_apart(steps: Steps, seconds: float = SECONDS) -> list[Step]:
    """The steps, taken in a fork of this process. Where that ends too soon, or hangs, its last step failed.

    A fork has all that is registered here, and takes milliseconds. Where it is not safe (other systems than
    Linux, a GPU in use) the steps are taken in this process. What they print goes to stderr.
    """
    if not _can_fork():
        return list(steps())
    reading, writing = os.pipe()
    pid = _fork()
    if pid == 0:
        _be_the_copy(steps, writing, seconds)
    os.close(writing)
    exit_code: int | None = None
    try:
        told, exit_code = _listen(pid, reading, seconds)
    finally:
        os.close(reading)
        kill_family(pid)
        if exit_code is None:
            os.waitpid(pid, 0)
    taken: list[Step] = [(slot, problem) for slot, problem in map(json.loads, told)]
    if taken and taken[-1] == _DONE:
        return taken[:-1]
    how = f"it hangs while it is built: not done after {seconds:g} s"
    if exit_code is not None:
        how = f"while it is built, its process {describe_exit(exit_code)}"
    return [*taken, (taken[-1][0] if taken else "nlp", how)]


def _can_fork() -> bool:
    torch = sys.modules.get("torch")
    return sys.platform == "linux" and not (torch and torch.cuda.is_initialized())


def _fork() -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of Python 3.12 and later, where there are threads
        return os.fork()


def _be_the_copy(steps: Steps, writing: int, seconds: float) -> NoReturn:
    """Take the steps, tell of each, and end: nothing of the copied program goes on."""
    exit_code = 1
    with contextlib.suppress(BaseException):
        os.setsid()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(seconds) + 5)  # should the first process be killed meanwhile
        os.dup2(sys.__stderr__.fileno() if sys.__stderr__ else 2, 1)
        sys.stdout = sys.stderr
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(1)  # the threads of a pool are not copied
        for step in steps():
            os.write(writing, f"{json.dumps(step)}\n".encode())
        os.write(writing, f"{json.dumps(_DONE)}\n".encode())
        exit_code = 0
    os._exit(exit_code)


def _listen(pid: int, reading: int, seconds: float) -> tuple[list[str], int | None]:
    """(the lines that the copy writes, its exit code); None for a copy that is not done in time."""
    written = b""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        if select.select([reading], [], [], POLL_SECONDS)[0]:
            written += os.read(reading, 1 << 16)
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            os.set_blocking(reading, False)
            with contextlib.suppress(BlockingIOError):  # something else holds the other end
                while chunk := os.read(reading, 1 << 16):
                    written += chunk
            return _lines(written), os.waitstatus_to_exitcode(status)
    return _lines(written), None


def _lines(written: bytes) -> list[str]:
    """The lines that are whole."""
    return written.decode().split("\n")[:-1]
