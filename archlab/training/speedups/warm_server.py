"""A process that has imported spaCy once, and forks supervisors and runs from it.

`python -P -m archlab.training.speedups.warm_server [--preload] PROGRAM...`, with a socket to the driver as
standard input. PROGRAM is what a run would be started with: `-m MODULE`, or a file. Importing takes some
seconds, a fork some milliseconds.

For Linux, and for runs on the CPU: CUDA does not survive a fork. A run is what it would be in a process of
its own: hardly anything else than imports happens here, no Thinc model is built, nobody's code is imported,
and where a thread runs, this process ends before it forks anything. It looks into the configs of archlab's
own runs: those that read the same corpora are forked from a fork that has read them (`corpus_reader`). Each
packet of the socket is a message in JSON:

    driver: {"start": RUN_FOLDER, "alone": whether no other run reads its corpora} with the files that are its
            standard input and output, {"end": PID}, {"read": corpora of runs, as `what_is_read` has them},
            {"imports": "torch"}, where more than one run may need it
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
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from archlab.late_pytorch import PYTORCH, import_pytorch_late
from archlab.memory import imported_for_good
from archlab.processes import RUN_VARIABLE, descendants
from archlab.records import Json
from archlab.results.files import read_json
from archlab.results.paths import RunPaths
from archlab.training.speedups.corpus_reader import Reader
from archlab.training.speedups.forking import (
    PACKET_BYTES,
    Supervises,
    end_with_parent,
    is_safe_to_fork,
    take_files,
)
from archlab.training.speedups.idle_cores import tell_runs
from archlab.training.speedups.shared_corpora import key_of, what_a_run_reads
from archlab.training.supervisor import PR_SET_CHILD_SUBREAPER, Supervisor, end_like

PRELOAD = "--preload"
MOST_READERS = 4
"""How many corpora are read for the runs; they are kept to the end. Others are read by each run."""

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
    preloads = program[0] == PRELOAD
    if preloads:
        import_pytorch_late()
        end_with_parent()  # nobody listens to the driver meanwhile
        with imported_for_good():  # a collection in a fork would copy it
            preload()
        end_with_parent(begin=False)
        program = program[1:]
    if not is_safe_to_fork():
        return 1
    folder = None
    try:
        Server(driver, shares=preloads).serve()
    except Supervises as fork:
        folder = fork.folder
    if folder is not None:
        return keep_run(folder, program)
    leaving.append(0)
    return 0


def preload() -> None:
    """Import what a run of archlab's own trainer imports, and register what spaCy has; build no model."""
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
    with import_module("archlab.training.speedups.multiplying").multiplying_sooner():
        pass  # which kernel gives the same is tried here


class Server:
    """Forks a supervisor when it is asked to, and tells how each has ended."""

    def __init__(self, driver: socket.socket, *, shares: bool) -> None:
        """shares: whether the runs are archlab's own, and share their corpora."""
        self.driver = driver
        self.shares = shares
        self.supervisors: dict[int, int] = {}  # pidfd -> pid
        self.readers: dict[str, Reader | None] = {}  # by key; None where the runs have to read by themselves
        self.forks = True
        tell_runs(0)
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)

    def serve(self) -> None:
        """Until the driver has gone and all supervisors with it. Raises Supervises in each supervisor."""
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
                if message and "imports" in message:
                    self._import(message["imports"])
                if message and "read" in message:
                    self._reader(message["read"])
                if message and "start" in message:
                    self._start(Path(message["start"]), files, alone=message["alone"])
                if message and message.get("end") in self.supervisors.values():
                    os.kill(message["end"], signal.SIGTERM)
        for key in self.readers:
            self._end_reader(key)

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

    def _import(self, name: str) -> None:
        """Import what more than one run needs; where that leaves a thread, nothing is forked any more.

        Readers have not imported it: there are new ones for the runs to come.
        """
        for key in self.readers:
            self._end_reader(key)
        self.readers.clear()
        with contextlib.suppress(Exception), imported_for_good():  # the runs tell
            import_module(name)
        self.forks = is_safe_to_fork()

    def _start(self, folder: Path, files: Sequence[int], *, alone: bool) -> None:
        """Fork a supervisor, which has the files as its own, and nothing of the server."""
        pid = None
        if self.forks and self.shares and not alone:
            pid = self._forked_by_reader(folder, files)
        if self.forks and pid is None:
            with contextlib.suppress(OSError):  # no more processes, or no memory
                pid = os.fork()
        if pid == 0:
            self._leave()
            take_files(files)
            raise Supervises(folder)
        for file in files:
            os.close(file)
        if pid is not None:
            self.supervisors[os.pidfd_open(pid)] = pid
            tell_runs(len(self.supervisors))
        self._tell(started=pid)

    def _leave(self, files: Sequence[int] = ()) -> None:
        """In a fork: let go what is the server's, and files that are not for this fork."""
        self.driver.close()
        for file in (*self.supervisors, *files):
            os.close(file)
        for reader in self.readers.values():
            if reader is not None:
                reader.connection.close()

    def _forked_by_reader(self, folder: Path, files: Sequence[int]) -> int | None:
        """The supervisor of a run, forked by the reader of its corpora; None where there is none."""
        corpora = _read_by(RunPaths(folder))
        reader = self._reader(corpora, files) if corpora is not None else None
        if corpora is None or reader is None:
            return None
        pid = reader.start(folder, files)
        if not reader.works:
            self.shares = False  # nor will others be waited for
            self._end_reader(key_of(corpora))
            self._kill_orphans()  # what it was about to fork
        return pid

    def _reader(self, corpora: Json, in_hand: Sequence[int] = ()) -> Reader | None:
        """The reader of some corpora, begun where there is none yet; None where the run has to read them.

        in_hand: files of the run that is being started, which are not for the reader.
        """
        key = key_of(corpora)
        if key not in self.readers and len(self.readers) < MOST_READERS:
            self.readers[key] = None
            with contextlib.suppress(OSError):
                self.readers[key] = Reader(corpora, partial(self._leave, in_hand))
        return self.readers.get(key)

    def _end_reader(self, key: str) -> None:
        if (reader := self.readers[key]) is not None:
            reader.end()
        self.readers[key] = None

    def _tell_end(self, supervisor: int) -> None:
        os.close(supervisor)
        pid = self.supervisors.pop(supervisor)
        tell_runs(len(self.supervisors))
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code < 0:
            self._kill_orphans()
        self._tell(ended=pid, code=code)

    def _kill_orphans(self) -> None:
        """Kill what a supervisor that was itself killed has left: who else is a child of this process?"""
        while True:
            readers = [reader.pid for reader in self.readers.values() if reader is not None]
            spared = {*self.supervisors.values(), *readers}
            orphans = set(descendants(os.getpid())) - spared
            for pid in spared:  # looked at after all: what they start meanwhile is no orphan
                orphans.difference_update(descendants(pid))
            if not orphans:
                return
            for orphan in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(orphan, signal.SIGKILL)
            for orphan in orphans:
                with contextlib.suppress(ChildProcessError):  # not a child of this process yet
                    os.waitpid(orphan, 0)


def _read_by(paths: RunPaths) -> Json | None:
    """What a run reads; None where it has to read it itself."""
    with contextlib.suppress(OSError, ValueError, KeyError):  # the run will tell
        spec = read_json(paths.spec)
        return what_a_run_reads(paths.config.read_text(encoding="utf8"), spec["code"], spec["files"])
    return None


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
        numpy.random.seed()  # as when it is imported
    if (torch := sys.modules.get(PYTORCH)) is not None:
        torch.seed()
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
