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
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import sleep
from typing import Any

from archlab.memory import imported_for_good
from archlab.records import Json
from archlab.training.speedups.forking import PACKET_BYTES, end_with_parent, is_safe_to_fork, take_files
from archlab.training.speedups.shared_corpora import read_corpora

READING_SECONDS = 5.0
"""How long a run waits for its corpora to be read; then it reads them itself, and later ones need not."""

ANSWER_SECONDS = 10.0
"""How long a fork may take."""


class Reader:
    """The reader, as the server sees it."""

    def __init__(self, read: Json, leave: Callable[[], None], keep: Callable[[Path], int]) -> None:
        """Fork it. read: what it reads. leave: closes, in the fork, what is the server's alone. keep: what
        becomes of a supervisor with its folder. Raises OSError where no process can be forked."""
        self.connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.is_ready: bool | None = None
        self.was_waited_for = False
        server = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            leave()
            self.connection.close()
            _serve(read, theirs, server, keep)
        theirs.close()

    def start(self, folder: Path, files: Sequence[int]) -> int | None:
        """Let it fork the supervisor of a run: its id; None where the reader cannot, or not yet."""
        if self.is_ready is None:
            patience = 0.0 if self.was_waited_for else READING_SECONDS
            self.was_waited_for = True
            if (answer := self._hear(patience)) is not None:
                self.is_ready = answer["ready"]
        if not self.is_ready:
            return None
        with contextlib.suppress(OSError):
            socket.send_fds(self.connection, [json.dumps({"start": str(folder)}).encode()], files)
        answer = self._hear(ANSWER_SECONDS)
        if answer is None or answer["started"] is None:
            self.is_ready = False
            os.kill(self.pid, signal.SIGKILL)  # nor will it fork one later
            return None
        pid: int = answer["started"]
        return pid

    def end(self) -> None:
        """End it; what it has forked goes on."""
        self.connection.close()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _hear(self, seconds: float) -> Any:
        """What it says within so many seconds; None where it says nothing, or has ended."""
        if not select.select([self.connection], [], [], seconds)[0]:
            return None
        packet = b""
        with contextlib.suppress(OSError):
            packet = self.connection.recv(PACKET_BYTES)
        return json.loads(packet) if packet else {"ready": False, "started": None}


def _serve(read: Json, server: socket.socket, server_pid: int, keep: Callable[[Path], int]) -> None:
    """In the reader: read, and fork until it is killed. Does not return."""
    end_with_parent()
    if os.getppid() != server_pid:
        os._exit(1)
    is_ready = False
    with contextlib.suppress(Exception), imported_for_good():  # what cannot be read is told by the runs
        read_corpora(read)
        is_ready = is_safe_to_fork()
    server.send(json.dumps({"ready": is_ready}).encode())
    while is_ready:
        packet, files, _, _ = socket.recv_fds(server, PACKET_BYTES, 2)
        if not packet:
            break
        if _is_orphan(server, server_pid):
            server.close()
            take_files(files)
            sys.exit(keep(Path(json.loads(packet)["start"])))
        for file in files:
            os.close(file)
    os._exit(0)


def _is_orphan(server: socket.socket, server_pid: int) -> bool:
    """Fork a process whose parent is the server, and tell the server. True in that process."""
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
