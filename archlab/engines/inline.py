"""The engine for debuggers: every run in this process, one after the other."""

import contextlib
import gc
import io
import sys
from collections.abc import Generator, Iterable, Iterator
from time import monotonic
from typing import IO, Any

from archlab.engines.base import Event, Watcher, evaluated, make_result, nobody
from archlab.records import Json, Result, RunSpec
from archlab.results.files import sync_tree
from archlab.results.paths import SweepPaths
from archlab.training.child import train_run, with_speed
from archlab.training.speed import measure_apart


class InlineEngine:
    """Trains in this process, so that a breakpoint in a block is reached. Limits of time and memory are not
    enforced, and a block that kills its process kills this one."""

    def __init__(self, paths: SweepPaths, on_event: Watcher = nobody, *, speedups: bool = True) -> None:
        self.paths = paths
        self.on_event = on_event
        self.speedups = speedups

    def run(self, specs: Iterable[RunSpec], deadline: float | None = None) -> Generator[Result, None, None]:
        """A run that goes on at the deadline is let end: there is no second process to stop it."""
        for spec in specs:

            def tell(line: Json, spec: RunSpec = spec) -> None:
                self.on_event(evaluated(spec, line))

            self.on_event(Event(kind="started", spec=spec))
            paths = self.paths.run(spec.run_id)
            with paths.log.open("a", encoding="utf8") as log, _printing_to(_Both(log, sys.stderr)):
                _forget_models()
                outcome = train_run(spec, paths, tell, speedups=self.speedups)
                if outcome.status == "done":
                    outcome = with_speed(outcome, measure_apart(spec, paths))
            gc.unfreeze()  # the models of this run are garbage soon, unlike those of a process that ends
            sync_tree(paths.folder)
            result = make_result(spec, outcome)
            self.on_event(Event(kind="ended", spec=spec, result=result))
            yield result
            if deadline is not None and monotonic() > deadline:
                return


class _Both(io.TextIOBase):
    """Writes to the log and to the terminal, so that a debugger's prompt is seen."""

    def __init__(self, *streams: IO[str]) -> None:
        self.streams = streams

    def write(self, text: str) -> int:
        for stream in self.streams:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        for stream in self.streams:
            stream.flush()


@contextlib.contextmanager
def _printing_to(stream: Any) -> Iterator[None]:
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        yield


def _forget_models() -> None:
    """Count Thinc models from 0, as in a new process: layers without a seed of their own are seeded by it."""
    from thinc.model import Model

    Model.global_id = 0
