"""While a sweep is planned, what uses PyTorch is built in one copy of this process, which ends with the plan.

The process that looks after the runs afterwards has then not imported PyTorch, which takes 160 MB.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from archlab.checking.isolating import can_fork
from archlab.late_pytorch import PYTORCH

Function = Callable[..., Any]


@contextmanager
def building_apart() -> Iterator[None]:
    """Within this, `call_apart` calls in a copy of this process, if it is safe to make one."""
    place = _Place()
    _places.append(place)
    try:
        yield
    finally:
        _places.remove(place)
        place.end()


def call_apart(function: Function, *arguments: Any) -> Any:
    """What a function gives: called in the copy, unless PyTorch is here anyway. Otherwise, called here.

    function: of a module. arguments: they and what it gives are copied. It does not raise.
    """
    if _places:
        with suppress(Exception):  # nothing can be forked, no pickle holds it, or the copy has been killed
            return _places[-1].call(function, arguments)
    return function(*arguments)


class _Place:
    """Where to build: a copy, as long as it works. Raises OSError or EOFError where there is none."""

    def __init__(self) -> None:
        self.process: Any = None
        self.connection: Connection | None = None

    def call(self, function: Function, arguments: tuple[Any, ...]) -> Any:
        if self.process is None:
            if PYTORCH in sys.modules or not can_fork():
                raise OSError
            self._fork()
        assert self.connection is not None
        self.connection.send((function, arguments))
        return self.connection.recv()

    def end(self) -> None:
        """End it, whatever it does."""
        if self.process is not None:
            self.process.kill()
            self.process.join()

    def _fork(self) -> None:
        context = multiprocessing.get_context("fork")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.connection), daemon=True)
        self.process.start()
        theirs.close()


_places: list[_Place] = []
"""Of the plan that is being made: none in its copy."""


def _serve(connection: Connection, other_end: Connection) -> NoReturn:
    """In the copy: call what is asked for, until nobody can ask any more."""
    other_end.close()
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # in a terminal it is for all; the first process ends this one
    _places.clear()
    sys.stdout = sys.stderr
    with suppress(EOFError, OSError):
        while True:
            function, arguments = connection.recv()
            connection.send(function(*arguments))
    os._exit(0)
