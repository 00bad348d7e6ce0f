"""What a child process of archlab gets from the one that starts it: cores, environment, and its end."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archlab.environments import allowed

Json = dict[str, Any]

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def child_environment(threads: int, passed: Sequence[str] = ()) -> dict[str, str]:
    """What a child needs of this environment, and its share of threads. passed: names that it gets, too."""
    return allowed(os.environ, passed) | dict.fromkeys(THREAD_VARIABLES, str(threads))


def end_with_starter() -> None:
    """End this process when its standard input ends: its starter holds the other side of the pipe."""

    def watch() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(0, 1024):
                pass
        os._exit(1)

    if not sys.stdin or sys.stdin.isatty():
        return
    threading.Thread(target=watch, daemon=True).start()


def identity(pid: int) -> Json | None:
    """What tells a process from every other, before and after: its id, and when it began.

    On Linux the moment is counted in ticks since a boot that has a name, so that setting the clock changes
    nothing. None where there is no such process.
    """
    try:
        if sys.platform == "linux":
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf8").rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
            return None if fields[0] in "ZX" else {"pid": pid, "began": f"{boot}:{fields[19]}"}
    except OSError:
        return None
    import psutil

    try:
        return {"pid": pid, "began": repr(psutil.Process(pid).create_time())}
    except psutil.Error:
        return None


def still_runs(recorded: object) -> bool:
    """Whether the process of a recorded identity is there: not another one that was given its id since."""
    if not isinstance(recorded, dict) or not isinstance(recorded.get("pid"), int):
        return False
    found = identity(recorded["pid"])
    return found is not None and found["began"] == recorded.get("began")


def kill_family(pid: int) -> None:
    """Kill a process, its group, and what it started outside the group. Its starter still waits for it."""
    import psutil

    family = []
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()


def describe_exit(exit_code: int) -> str:
    """How a process ended, by its exit code; negative for a signal."""
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    name = signal.Signals(-exit_code).name if -exit_code in set(signal.Signals) else f"signal {-exit_code}"
    often = ", as the system does when memory runs out" if name == "SIGKILL" else ""
    return f"was killed by {name}{often}"
