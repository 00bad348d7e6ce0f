"""Work goes on in a fork of this process, while this process goes on.

A fork has all that this process has, weights as they are now among it, for the price of what either of them
changes later. What the work gives comes back; what else it changes is the fork's alone, but for files.
"""

import gc
import multiprocessing
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, NoReturn, TypeVar

from archlab.errors import explain
from archlab.training.speedups.forking import end_with_parent
from archlab.training.supervisor import end_like

Given = TypeVar("Given")


class WorkBeside(Generic[Given]):
    """Some work in a fork, which ends with this process. What it gives, and raises, must be picklable."""

    def __init__(self, work: Callable[[], Given]) -> None:
        """Raises OSError where nothing can be forked."""
        context = multiprocessing.get_context("fork")
        self.ours, theirs = context.Pipe(duplex=False)

        def do() -> None:
            end_with_parent()
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # this process is asked to end, and ends it
            gc.disable()  # it would copy what it looks at
            try:
                theirs.send((work(), None))
            except Exception as error:
                theirs.send((None, explain(error)))
                with suppress(Exception):  # no pickle holds it, or the log is full
                    theirs.send(error)
                    traceback.print_exc()
                    sys.stderr.flush()

        self.process = context.Process(target=do, daemon=True)
        try:
            self.process.start()
        finally:
            theirs.close()

    def has_ended(self) -> bool:
        """Whether `take` would not wait."""
        return self.ours.poll()

    def take(self) -> Given:
        """What it gives. Raises what it has raised; where it said nothing, this process ends as it has."""
        try:
            given, what = self.ours.recv()
        except (EOFError, OSError):  # not to its end, perhaps
            self.process.join()
            end_like(self.process.exitcode or 1)
        if what is not None:
            self._raise(what)
        self.process.join()
        result: Given = given
        return result

    def _raise(self, what: str) -> NoReturn:
        """Raise what it has raised, or where no pickle holds that, what says the same."""
        try:
            error = self.ours.recv()
        except Exception:  # whatever its class makes of it
            error = RuntimeError(what)
        self.process.join()
        raise error

    def end(self) -> None:
        """End it, whatever it has come to."""
        self.process.kill()
        self.process.join()
        self.ours.close()
