"""The server that forks runs (`archlab.training.speedups.warm_server`), as the engine sees it."""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from archlab.late_pytorch import PYTORCH
from archlab.processes import ON_LINUX, end_leftover, identity
from archlab.records import Json, RunSpec
from archlab.training.speedups import warm_server
from archlab.training.speedups.forking import PACKET_BYTES
from archlab.training.speedups.shared_corpora import what_a_run_reads

READY_SECONDS = 60.0
"""How long it may import before it is given up, and runs are started each by itself."""

LOST = -9
"""How a run has ended whose server was killed: its supervisor kills it."""


class WarmProcess:
    """A supervisor that the server has forked, with what the engine needs of a Popen."""

    def __init__(self, server: "WarmServer", pid: int, stdin: IO[bytes]) -> None:
        self.server, self.pid, self.stdin = server, pid, stdin
        self.identity = identity(pid)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        self.server.listen()
        return self.returncode

    def terminate(self) -> None:
        if self.returncode is None:
            self.server.tell(end=self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired("a run", timeout or 0.0)
            self.server.listen(left)
        assert self.returncode is not None
        return self.returncode

    def lose(self) -> None:
        """The server is gone: let the supervisor end the run, and wait for that."""
        self.stdin.close()
        end_leftover(self.identity)
        self.returncode = LOST


class WarmServer:
    """Starts supervisors as forks of one process. Where that is not to be had, `start` gives None."""

    def __init__(self, program: Sequence[str], environment: Mapping[str, str], *, preload: bool) -> None:
        """program: what a run is started with, after the name of Python and its `-P`."""
        self.kind = (tuple(program), dict(environment))
        self.processes: dict[int, WarmProcess] = {}
        self.messages: list[Json] = []
        self.connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        options = [warm_server.PRELOAD] if preload else []
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", warm_server.__name__, *options, *program],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # what cannot be imported is told by the run that needs it
                env=environment,
                start_new_session=True,  # ctrl-C in the terminal is for the driver alone
            )
        self.works: bool | None = None
        self.has_pytorch = False

    def import_pytorch(self) -> None:
        """Let it import PyTorch, which runs that need it would otherwise each import."""
        self.has_pytorch = True
        self.tell(imports=PYTORCH)

    def start(self, folder: Path, log: IO[bytes], *, alone: bool = False) -> WarmProcess | None:
        """Fork a supervisor of the run in this folder; None where it has to be started in another way.

        alone: whether no other run reads the same corpora.
        """
        if self.works is None:
            self.works = self._next(READY_SECONDS, "ready") is not None
        if not self.works:
            return None
        theirs, ours = os.pipe()
        stdin = os.fdopen(ours, "wb", buffering=0)
        try:
            self.tell(files=(theirs, log.fileno()), start=str(folder), alone=alone)
        finally:
            os.close(theirs)
        answer = self._next(READY_SECONDS, "started")
        if answer is None:
            self.works = False  # an answer that comes later would be taken for that of another run
        pid = answer["started"] if answer is not None else None
        if pid is None:
            stdin.close()
            return None
        self.processes[pid] = WarmProcess(self, pid, stdin)
        return self.processes[pid]

    def tell(self, *, files: Sequence[int] = (), **message: Any) -> None:
        with contextlib.suppress(OSError):  # it is gone, which `listen` will see
            socket.send_fds(self.connection, [json.dumps(message).encode()], files)

    def listen(self, seconds: float | None = 0.0) -> bool:
        """Take what it has said within that time; None: until it says something. False where it is gone."""
        while select.select([self.connection], [], [], seconds)[0]:
            packet = b""
            with contextlib.suppress(OSError):
                packet = self.connection.recv(PACKET_BYTES)
            if not packet:
                self._lose_all()
                return False
            message = json.loads(packet)
            if "ended" in message:
                process = self.processes.pop(message["ended"], None)
                if process is not None:  # else its start was given up
                    process.returncode = message["code"]
            else:
                self.messages.append(message)
            seconds = 0.0
        return True

    def close(self) -> None:
        """End it, once its supervisors have ended."""
        self.connection.close()
        try:
            self.process.wait(READY_SECONDS if self.works else 0)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.process.kill()
            self.process.wait()

    def _next(self, seconds: float, kind: str) -> Json | None:
        """The next message of a kind; None where it is gone, or says nothing for that long."""
        deadline = time.monotonic() + seconds
        while not self.messages:
            if not self.listen(max(0.0, deadline - time.monotonic())) or time.monotonic() > deadline:
                return None
        message = self.messages.pop(0)
        return message if kind in message else None

    def _lose_all(self) -> None:
        self.works = False
        for pid in list(self.processes):
            self.processes.pop(pid).lose()


def read_ahead(config: str, spec: RunSpec) -> None:
    """Let the server that was started ahead read the corpora of a run already. config: of the run."""
    for server in _ahead:
        if (corpora := what_a_run_reads(config, spec.code, spec.files)) is not None:
            server.tell(read=corpora)


_ahead: list[WarmServer] = []
"""At most one, which nobody has taken yet."""


@contextlib.contextmanager
def started_ahead(
    program: Sequence[str], environment: Mapping[str, str], *, with_pytorch: bool = False
) -> Iterator[None]:
    """Within this, a server of archlab's own runs imports what they need, while their plan is made."""
    server = WarmServer(program, environment, preload=True)
    if with_pytorch:
        server.import_pytorch()
    _ahead.append(server)
    try:
        yield
    finally:
        while _ahead:
            _ahead.pop().close()


def take_started(program: Sequence[str], environment: Mapping[str, str]) -> WarmServer | None:
    """The server that was started ahead, if it is what would be started now: then it is for the caller to
    close. If it is not, nobody needs it."""
    while _ahead:
        server = _ahead.pop()
        if server.kind == (tuple(program), dict(environment)):
            return server
        server.close()
    return None


def can_be_warm(gpu_id: int) -> bool:
    """Whether runs can be forks: not on macOS, whose libraries do not bear it, and CUDA bears it nowhere."""
    return ON_LINUX and gpu_id < 0 and hasattr(os, "pidfd_open")
