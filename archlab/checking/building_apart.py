"""While a sweep is planned, what uses PyTorch is built in one copy of this process, which ends with the plan.

The process that looks after the runs afterwards has then not imported PyTorch, which takes 160 MB.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, NoReturn

from archlab.checking.isolating import can_fork, fork, write_to_stderr
from archlab.late_pytorch import PYTORCH
from archlab.processes import kill_family

Function = Callable[..., Any]


@contextmanager
def building_apart() -> Iterator[None]:
    """Within this, and in this thread, `call_apart` calls in a copy of this process."""
    place = _Place()
    token = _planning.set(place)
    try:
        yield
    finally:
        _planning.reset(token)
        place.leave()


def call_apart(seconds: float, function: Function, *arguments: Any) -> Any:
    """What a function gives: called in the copy, unless PyTorch is here anyway. Otherwise, called here.

    seconds: after which the copy is given up. function: of a module; it does not raise. What it takes and
    gives is copied.
    """
    place = _planning.get()
    copy = place.find_copy() if place is not None else None
    if place is not None and copy is not None:
        try:
            return copy.call(seconds, function, arguments)
        except OSError:
            place.leave()
        except BaseException:  # an answer that comes later would be taken for that of another call
            place.leave()
            raise
    return function(*arguments)


class _Copy:
    """A fork of this process, which calls functions for it, one after the other."""

    def __init__(self) -> None:
        """Raises OSError where nothing can be forked."""
        self.connection, theirs = Pipe()
        with theirs:
            self.pid = fork()
            if self.pid == 0:
                _serve(theirs, self.connection)

    def call(self, seconds: float, function: Function, arguments: tuple[Any, ...]) -> Any:
        """What the function gives there. Raises OSError where it is not asked, or does not answer."""
        self.connection.send_bytes(_packed(function, arguments))
        if not self.connection.poll(seconds):
            raise TimeoutError
        try:
            return self.connection.recv()
        except EOFError:
            raise OSError from None

    def end(self) -> None:
        """End it, and what it has started."""
        kill_family(self.pid)
        os.waitpid(self.pid, 0)
        self.connection.close()


class _Place:
    """Where a plan builds: in its copy, once there is one, until it is left for good."""

    def __init__(self) -> None:
        self.copy: _Copy | None = None
        self.is_left = False

    def find_copy(self) -> _Copy | None:
        """The copy, made where there is none yet; None where there is none to be had."""
        if self.is_left or PYTORCH in sys.modules or not can_fork():
            return None
        if self.copy is None:
            with suppress(OSError):
                self.copy = _Copy()
        return self.copy

    def leave(self) -> None:
        """End the copy; what follows is built here."""
        copy, self.copy, self.is_left = self.copy, None, True
        if copy is not None:
            copy.end()


_planning: ContextVar[_Place | None] = ContextVar("_planning", default=None)


def _packed(*things: Any) -> bytes:
    """As a connection sends it. Raises OSError for what cannot be copied."""
    try:
        return bytes(ForkingPickler.dumps(things))
    except Exception as error:
        raise OSError from error


def _serve(connection: Connection, other_end: Connection) -> NoReturn:
    """In the copy: call what is asked for, until nobody can ask any more."""
    with suppress(BaseException):
        os.setsid()  # ctrl-C in the terminal is for the first process, which ends this one
        write_to_stderr()
        other_end.close()
        _planning.set(None)
        while True:
            function, arguments = connection.recv()
            connection.send(function(*arguments))
    os._exit(0)
