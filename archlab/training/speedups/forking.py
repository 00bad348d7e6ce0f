"""What the processes that fork runs have in common: whether they may, and what a fork begins with."""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from archlab.training.supervisor import PR_SET_PDEATHSIG

PACKET_BYTES = 1 << 16


class Supervises(BaseException):
    """Raised in a new supervisor, for the main function: so it leaves all that its parent was about to do.

    folder: of the run that it is to keep.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder


def has_one_thread() -> bool:
    """Whether a fork of this process would miss none of its threads."""
    if _threads() > 1:
        if (pid := os.fork()) == 0:
            os._exit(0)  # OpenBLAS ends its threads before a fork, and has new ones when it needs them
        os.waitpid(pid, 0)
    return _threads() == 1


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def is_safe_to_fork() -> bool:
    """Whether nothing has happened that a fork would not survive, or that a run would be another one by."""
    if not has_one_thread():
        return False
    models, torch = sys.modules.get("thinc.model"), sys.modules.get("torch")
    return (models is None or models.Model.global_id == 0) and not (
        torch is not None and torch.cuda.is_initialized()
    )


def end_with_parent(*, begin: bool = True) -> None:
    """Be killed when the process ends that has started this one. begin: False takes that back."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL if begin else 0)


def take_files(files: Sequence[int]) -> None:
    """In a new supervisor: lead a session, with these files as standard input and log."""
    os.setsid()
    stdin, log = files
    for file, number in ((stdin, 0), (log, 1), (log, 2)):
        os.dup2(file, number)
    for file in files:
        os.close(file)
