"""A fork of the warm server that has read corpora: runs that read the same are forked from it.

A supervisor that it forks becomes a child of the server: a process in between ends at once. So the server
looks after all supervisors alike, and a reader can be ended at any time. Each packet is a message in JSON:

    server: {"start": RUN_FOLDER} with the files that are its standard input and output
    reader: {"ready": true or false}, {"started": PID or null}
"""

import contextlib
import json
import os
import select
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from time import sleep
from typing import Any

from archlab.memory import imported_for_good
from archlab.records import Json
from archlab.training.speedups.forking import (
    PACKET_BYTES,
    Supervises,
    end_with_parent,
    is_safe_to_fork,
    take_files,
)
from archlab.training.speedups.shared_corpora import read_corpora

READING_SECONDS = 5.0
"""How long a run waits for its corpora to be read, and the driver with it. Where that is too short, all runs
that follow read by themselves, as without readers."""

ANSWER_SECONDS = 10.0
"""How long a fork may take."""


class Reader:
    """The reader, as the server sees it. works: whether it has read the corpora; None where it may yet."""

    def __init__(self, corpora: Json, leave: Callable[[], None]) -> None:
        """Fork it. corpora: as `what_is_read` tells. leave: closes, in the fork, what is the server's alone.

        Raises OSError where no process can be forked.
        """
        self.works: bool | None = None
        self.connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        server = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                leave()
                self.connection.close()
                _serve(corpora, theirs, server)
            except OSError:  # the server has ended, or nothing can be forked
                os._exit(1)
        theirs.close()

    def start(self, folder: Path, files: Sequence[int]) -> int | None:
        """Let it fork the supervisor of a run, and give its id; None where that fails, now and for all."""
        if self.works is None:
            self.works = self._hear("ready", READING_SECONDS) or False
        if not self.works:
            return None
        with contextlib.suppress(OSError):
            socket.send_fds(self.connection, [json.dumps({"start": str(folder)}).encode()], files)
        pid: int | None = self._hear("started", ANSWER_SECONDS)
        self.works = pid is not None
        return pid

    def end(self) -> None:
        """End it; what it has forked goes on."""
        self.connection.close()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _hear(self, kind: str, seconds: float) -> Any:
        """What it says within so many seconds; None where it says nothing, or has ended."""
        packet = b""
        if select.select([self.connection], [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                packet = self.connection.recv(PACKET_BYTES)
        return json.loads(packet).get(kind) if packet else None


def _serve(corpora: Json, server: socket.socket, server_pid: int) -> None:
    """In the reader: read, and fork until it is killed. Raises Supervises in what it forks, and OSError."""
    end_with_parent()
    if os.getppid() != server_pid:
        os._exit(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # this was the driver's socket, whose end tells that the server has ended
    os.close(nothing)
    is_ready = False
    with contextlib.suppress(Exception), imported_for_good():  # what cannot be read is told by the runs
        read_corpora(corpora)
        is_ready = is_safe_to_fork()
    server.send(json.dumps({"ready": is_ready}).encode())
    while is_ready:
        packet, files, _, _ = socket.recv_fds(server, PACKET_BYTES, 2)
        if not packet:
            break
        if _is_forked(server, server_pid):
            server.close()
            take_files(files)
            raise Supervises(Path(json.loads(packet)["start"]))
        for file in files:
            os.close(file)
    os._exit(0)


def _is_forked(server: socket.socket, server_pid: int) -> bool:
    """Fork a process whose parent becomes the server, and tell the server. True in that process."""
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        return False
    parent, pid = os.getpid(), None
    with contextlib.suppress(OSError):  # no more processes, or no memory
        pid = os.fork()
    if pid != 0:
        server.send(json.dumps({"started": pid}).encode())
        os._exit(0)
    while os.getppid() == parent:
        sleep(0.0005)
    if os.getppid() != server_pid:
        os._exit(1)
    return True
