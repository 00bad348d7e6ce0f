"""What a child process of archlab gets from the one that starts it: cores, environment, and its end."""

import contextlib
import os
import signal
import sys
import threading
import time
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


ON_LINUX: bool = sys.platform == "linux"

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

LEFTOVER_SECONDS = 3.0

RUN_VARIABLE = "ARCHLAB_RUN"
"""The environment variable that tells a process of which run it is: the run's folder."""


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
        if ON_LINUX:
            fields = _status(Path(f"/proc/{pid}/stat"))
            boot = BOOT_ID.read_text(encoding="ascii").strip()
            return None if fields[0] in b"ZX" else {"pid": pid, "began": f"{boot}:{int(fields[19])}"}
    except OSError:
        return None
    import psutil

    try:
        return {"pid": pid, "began": repr(psutil.Process(pid).create_time())}
    except psutil.Error:
        return None


def machine() -> str | None:
    """Names this machine since it was started, without telling which it is; None where that is not known."""
    import hashlib

    try:
        boot = BOOT_ID.read_text(encoding="ascii").strip() if ON_LINUX else _boot_elsewhere()
    except OSError:
        return None
    return hashlib.sha256(boot.encode()).hexdigest()[:12]


def _boot_elsewhere() -> str:
    import platform

    import psutil

    return f"{platform.node()}:{psutil.boot_time():.0f}"


def _status(file: Path) -> list[bytes]:
    """The fields of /proc/PID/stat after the name, which may hold anything: state, parent, ..."""
    return file.read_bytes().rpartition(b")")[2].split()


def seconds_since_start() -> float:
    """How long ago this process began, whatever the clock has been set to since."""
    if ON_LINUX:
        ticks = int(_status(Path("/proc/self/stat"))[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    import psutil

    return max(0.0, time.time() - psutil.Process().create_time())


def still_runs(recorded: object) -> bool:
    """Whether the process of a recorded identity is there: not another one that was given its id since."""
    if not isinstance(recorded, dict) or not isinstance(recorded.get("pid"), int):
        return False
    found = identity(recorded["pid"])
    return found is not None and found["began"] == recorded.get("began")


def end_leftover(recorded: object) -> None:
    """End the process of a recorded identity, should it run on after its driver; it mostly does so itself."""
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while still_runs(recorded):
        if time.monotonic() > deadline and isinstance(recorded, dict):
            kill_family(recorded["pid"])
        time.sleep(0.05)


def kill_orphans(folder: Path) -> None:
    """Kill what a run has left behind that nobody keeps: what it starts inherits a variable with its folder.

    For Linux, and for a supervisor that was itself killed: it does this better.
    """
    wanted = f"{RUN_VARIABLE}={folder}".encode()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if wanted in environment.read_bytes().split(b"\0"):
                os.kill(int(environment.parent.name), signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """The ids of all processes that descend from one, nearest first; [] where the system does not tell."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            children.setdefault(int(_status(status)[1]), []).append(int(status.parent.name))
    found = [pid]
    for known in found:
        found += children.get(known, ())
    return found[1:]


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


def peak_memory() -> int | None:
    """The most memory this process has held, in bytes; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
