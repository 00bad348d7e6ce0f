"""A process that has imported spaCy and PyTorch once, and forks supervisors and runs from it.

`python -P -m archlab.training.speedups.warm_server [--preload] PROGRAM...`, with a socket to the driver as
standard input. PROGRAM is what a run would be started with: `-m MODULE`, or a file. Importing takes some
seconds, a fork some milliseconds.

For Linux, and for runs on the CPU: CUDA does not survive a fork. Nothing else than imports happens here, so a
run is what it would be in a process of its own: no Thinc model is built, nobody's code is imported, and where
a thread runs, this process ends before it forks anything. Each packet of the socket is a message in JSON:

    driver: {"start": RUN_FOLDER} with the files that are its standard input and output, {"end": PID}
    server: {"ready": true}, {"started": PID or null}, {"ended": PID, "code": as Popen's}

What ends the server is the end of the socket; supervisors see the end of the driver themselves.
"""

import atexit
import contextlib
import ctypes
import gc
import io
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from archlab.memory import imported_for_good
from archlab.processes import RUN_VARIABLE, descendants
from archlab.training.supervisor import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, Supervisor, end_like

PRELOAD = "--preload"
PACKET_BYTES = 1 << 16

PRELOADED = (
    "archlab.catalog.factories",
    "archlab.training.device",
    "archlab.training.loop",
    "archlab.training.speed",
    "spacy.lang.en",
)
"""Beside spaCy: what a run imports, but for the program itself."""


class Fork:
    """A forked process, as a supervisor keeps it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        raise NotImplementedError("where there are forks, there is waitid")

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until the driver ends; in a fork, be a supervisor, or a run."""
    program = list(sys.argv[1:] if arguments is None else arguments)
    driver = socket.socket(fileno=os.dup(0))
    if program[0] == PRELOAD:
        with _ending_with_the_driver(), imported_for_good():  # a collection in a fork would copy it
            preload()
        program = program[1:]
    if not is_safe_to_fork():
        return 1
    folder = Server(driver).serve()
    if folder is not None:
        return keep_run(folder, program)
    leaving.append(0)
    return 0


@contextlib.contextmanager
def _ending_with_the_driver() -> Iterator[None]:
    """While nobody listens to the driver: be killed with it."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    yield
    prctl(PR_SET_PDEATHSIG, 0)


def preload() -> None:
    """Import what a run of archlab's own trainer imports, and register what spaCy has; build no model."""
    from importlib import import_module

    import spacy
    import spacy.training.initialize
    import spacy.training.loop
    from spacy.pipeline.factories import register_factories

    register_factories()
    for name in PRELOADED:
        with contextlib.suppress(ImportError):  # a run tells what it cannot import
            import_module(name)
    factories = import_module("archlab.catalog.factories")
    with factories.only_needed_factories({}):
        spacy.blank("en")  # Python keeps the regular expressions of its tokenizer compiled


def is_safe_to_fork() -> bool:
    """Whether nothing has happened that a fork would not survive, or that a run would be another one by."""
    if (pid := os.fork()) == 0:
        os._exit(0)  # OpenBLAS ends its threads before a fork, and has new ones when it needs them
    os.waitpid(pid, 0)
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        return False
    models, torch = sys.modules.get("thinc.model"), sys.modules.get("torch")
    return (models is None or models.Model.global_id == 0) and not (
        torch is not None and torch.cuda.is_initialized()
    )


class Server:
    """Forks a supervisor when it is asked to, and tells how each has ended."""

    def __init__(self, driver: socket.socket) -> None:
        self.driver = driver
        self.supervisors: dict[int, int] = {}  # pidfd -> pid
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)

    def serve(self) -> Path | None:
        """Until the driver has gone and all supervisors with it: None. In a forked supervisor: its folder."""
        self._tell(ready=True)
        driver_is_there = True
        while driver_is_there or self.supervisors:
            driver = [self.driver.fileno()] if driver_is_there else []
            ready, _, _ = select.select([*driver, *self.supervisors], [], [])
            for supervisor in self.supervisors.keys() & ready:
                self._tell_end(supervisor)
            if self.driver.fileno() in ready:
                message, files = self._hear()
                driver_is_there = message is not None
                if message and "start" in message and self._starts(files):
                    return Path(message["start"])
                if message and message.get("end") in self.supervisors.values():
                    os.kill(message["end"], signal.SIGTERM)
        return None

    def _hear(self) -> tuple[dict[str, Any] | None, list[int]]:
        """A message, None for the end of all messages, and the files that came with it."""
        try:
            packet, files, _, _ = socket.recv_fds(self.driver, PACKET_BYTES, 2)
        except OSError:
            return None, []
        return (json.loads(packet) if packet else None), files

    def _tell(self, **message: Any) -> None:
        with contextlib.suppress(OSError):  # the driver has gone
            self.driver.send(json.dumps(message).encode())

    def _starts(self, files: Sequence[int]) -> bool:
        """Fork a supervisor. True in the fork, which has the files as its own, and nothing of the server."""
        try:
            pid = os.fork()
        except OSError:  # no more processes, or no memory
            pid = -1
        if pid == 0:
            os.setsid()
            self.driver.close()
            for supervisor in self.supervisors:
                os.close(supervisor)
            stdin, log = files
            for file, number in ((stdin, 0), (log, 1), (log, 2)):
                os.dup2(file, number)
        for file in files:
            os.close(file)
        if pid > 0:
            self.supervisors[os.pidfd_open(pid)] = pid
        if pid != 0:
            self._tell(started=pid if pid > 0 else None)
        return pid == 0

    def _tell_end(self, supervisor: int) -> None:
        os.close(supervisor)
        pid = self.supervisors.pop(supervisor)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code < 0:
            self._kill_orphans()
        self._tell(ended=pid, code=code)

    def _kill_orphans(self) -> None:
        """Kill what a supervisor that was itself killed has left: who else is a child of this process?"""
        while True:
            spared = set(self.supervisors.values())
            for pid in tuple(spared):
                spared.update(descendants(pid))
            orphans = set(descendants(os.getpid())) - spared
            if not orphans:
                return
            for orphan in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(orphan, signal.SIGKILL)
            for orphan in orphans:
                with contextlib.suppress(ChildProcessError):  # not a child of this process yet
                    os.waitpid(orphan, 0)


def keep_run(folder: Path, program: Sequence[str]) -> int:
    """In a forked supervisor: fork the run, and keep it to its end; this process then ends like it."""
    os.environ[RUN_VARIABLE] = str(folder)
    supervisor = Supervisor(folder)
    if not supervisor.begins():
        os._exit(1)
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ready)
        return _become_run(supervisor, [*program, str(folder / "spec.json")], told)
    os.close(told)
    os.read(ready, 1)  # returns when it has a process group, to which signals can be sent
    os.close(ready)
    exit_code = supervisor.keep(Fork(pid))
    if exit_code < 0:
        end_like(exit_code)
    os._exit(exit_code)  # nothing was begun here that would have to be ended


leaving: list[int] = []
"""The exit code of a run, or of the server, once it has come to its end."""


@atexit.register
def _leave() -> None:
    """End here, after all that others have registered: Python would take apart what is imported.

    That takes a quarter of a second. What Python would still do is to flush files that nobody has closed.
    """
    if leaving:
        for thing in (sys.stdout, sys.stderr, *gc.get_objects()):
            if issubclass(type(thing), io.IOBase) and not thing.closed:
                with contextlib.suppress(OSError, ValueError):
                    thing.flush()
        os._exit(leaving[-1] & 0xFF)


def _become_run(supervisor: Supervisor, program: list[str], told: int) -> int:
    """In a run's process: be as one that was started by itself, and run the program."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    supervisor.never_outlive()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for file in (nothing, supervisor.signals, supervisor.wakeup, told):
        os.close(file)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed()  # as when it is imported; PyTorch begins with the same seed always
    try:
        if program[0] == "-m":
            sys.argv = program[1:]
            runpy.run_module(program[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = program
            runpy.run_path(program[0], run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            leaving.append(end.code or 0)
        raise
    leaving.append(0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
