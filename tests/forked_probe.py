"""Probe as archlab does, in a fork of this process, which need not load spaCy anew."""

import contextlib
import os
import sys
import warnings
from pathlib import Path
from threading import Event
from time import monotonic, sleep

from archlab.checking import probing
from archlab.processes import kill_family

POLL_SECONDS = 0.02


def probe_in_forks() -> None:
    """From now on, in this process."""
    from archlab.checking import probe_child  # noqa: F401  # once for all forks

    probing._run = run_in_fork


def run_in_fork(folder: Path, seconds: float, stop: Event) -> int | None:
    """What `probing._run` does: the exit code; None where the time was up."""
    pid = os.fork()
    if pid == 0:
        code = 1
        with contextlib.suppress(BaseException):
            from archlab.checking.probe_child import main

            os.setsid()
            warnings.simplefilter("default")  # they are no findings
            sys.stdin = None
            os.environ["TMPDIR"] = str(folder)
            code = main([str(folder)])
        os._exit(code)
    deadline = monotonic() + seconds
    while monotonic() < deadline and not stop.is_set():
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        sleep(POLL_SECONDS)
    kill_family(pid)
    os.waitpid(pid, 0)
    return None
