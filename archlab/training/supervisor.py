"""Keeps one run: starts its process, and lets nothing of it outlive its driver.

`python -I -S supervisor.py RUN_FOLDER COMMAND...`, with the driver on the other side of its standard input.
The driver may be killed, the run may hang in code that no signal reaches, and may start processes of its own:
so this small process, which does nothing but wait, is the one who ends them.

It ends as the run did, with its exit code or by its signal. SIGTERM asks the run to end, as ctrl-C would, and
kills it after a while; the end of standard input, or of the driver, kills it at once. It imports the standard
library alone, and starts in a few milliseconds. For Linux and macOS.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import NoReturn, Protocol

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from archlab.processes import descendants, identity

GRACE_SECONDS = 5.0
"""What a run has, once asked to end, for what it wants to close: a logger's connection, a file."""

LOOK_SECONDS = 1.0
"""How often to see whether the driver is there, should something else hold its end of the pipe."""

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
"""For Linux's prctl: a signal when the parent dies; orphaned descendants become children."""


class Run(Protocol):
    """The process of a run, child of its supervisor: a Popen, or a fork."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...


def main(folder: Path, command: list[str]) -> int:
    """Run the command to its end, or to that of the driver. Returns its exit code, negative for a signal."""
    supervisor = Supervisor(folder)
    if not supervisor.begins():
        return 1
    return supervisor.keep(
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=supervisor.never_outlive
        )
    )


class Supervisor:
    """Waits for what may happen: the run ends, the driver ends or asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pid, self.driver = os.getpid(), os.getppid()
        self.libc = ctypes.CDLL(None) if sys.platform == "linux" else None
        if self.libc is not None:
            self.libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
        self.signals, self.wakeup = os.pipe()
        os.set_blocking(self.wakeup, False)
        signal.set_wakeup_fd(self.wakeup)
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGINT):  # to ignore them would be inherited
            signal.signal(number, lambda *_: None)  # what comes is read from the pipe

    def begins(self) -> bool:
        """Write into the folder whose it is, unless the driver is gone: it may be another one's by now."""
        if self.is_alone():
            return False
        part = self.folder / ".process.json.part"
        part.write_text(json.dumps(identity(self.pid)), encoding="utf8")
        part.replace(self.folder / "process.json")
        return True

    def keep(self, run: Run) -> int:
        """Wait for the end of the run, or bring it about; returns how it ended, as Popen tells it."""
        ended_alone = self.ends_alone(run)
        exit_code = _kill(run)
        kill_descendants()
        if not ended_alone:
            with contextlib.suppress(OSError):  # the disk may be full
                (self.folder / "stopped").touch()
        return exit_code

    def never_outlive(self) -> None:
        """In the run's process, before its program: be killed with the supervisor."""
        if self.libc is not None:
            self.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self.pid:
            os._exit(1)

    def is_alone(self) -> bool:
        """Whether the driver is gone."""
        return bool(select.select([sys.stdin], [], [], 0)[0]) or os.getppid() != self.driver

    def ends_alone(self, run: Run) -> bool:
        """Wait for the run; False where it is to be killed now, or has ended because it was asked to."""
        driver = sys.stdin.fileno()
        deadline = None
        while not _has_ended(run):
            ready, _, _ = select.select([driver, self.signals], [], [], LOOK_SECONDS)
            if self.is_alone():
                return False
            if self.signals in ready and signal.SIGTERM in os.read(self.signals, 64) and deadline is None:
                deadline = monotonic() + GRACE_SECONDS
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(run.pid, signal.SIGINT)
            if deadline is not None and monotonic() > deadline:
                return False
        return deadline is None


def _has_ended(run: Run) -> bool:
    """Whether the run is over. It is not reaped yet, where the system allows it: its id stays its own."""
    if not hasattr(os, "waitid"):
        return run.poll() is not None
    return os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill(run: Run) -> int:
    """Kill the run and its group; returns how it ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(run.pid, signal.SIGKILL)
    return run.wait()


def kill_descendants() -> None:
    """Kill what the run has left behind, outside of its group too: orphans are this process's children."""
    with contextlib.suppress(ChildProcessError):  # none is left
        while True:
            os.waitpid(-1, os.WNOHANG)
            for pid in descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0)


def end_like(exit_code: int) -> NoReturn:
    """End this process as another one has ended."""
    if exit_code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):  # SIGKILL needs no permission
            signal.signal(-exit_code, signal.SIG_DFL)
        os.kill(os.getpid(), -exit_code)
    sys.exit(exit_code)


if __name__ == "__main__":
    end_like(main(Path(sys.argv[1]), sys.argv[2:]))
