"""The engine for debuggers: every run in this process, one after the other."""

import contextlib
from collections.abc import Iterable, Iterator

from archlab.engines.base import Event, Watcher, evaluated, make_result, nobody
from archlab.records import Json, Result, RunSpec
from archlab.results.paths import SweepPaths
from archlab.training.child import train_run


class InlineEngine:
    """Trains in this process, so that a breakpoint in a block is reached. Limits of time and memory are not
    enforced, and a block that kills its process kills this one."""

    def __init__(self, paths: SweepPaths, on_event: Watcher = nobody) -> None:
        self.paths = paths
        self.on_event = on_event

    def run(self, specs: Iterable[RunSpec]) -> Iterator[Result]:
        for spec in specs:

            def tell(line: Json, spec: RunSpec = spec) -> None:
                self.on_event(evaluated(spec, line))

            self.on_event(Event(kind="started", spec=spec))
            paths = self.paths.run(spec.run_id)
            with paths.log.open("a", encoding="utf8") as log, contextlib.redirect_stdout(log):
                _forget_models()
                outcome = train_run(spec, paths, tell)
            result = make_result(spec, outcome)
            self.on_event(Event(kind="ended", spec=spec, result=result))
            yield result


def _forget_models() -> None:
    """Count Thinc models from 0, as in a new process: layers without a seed of their own are seeded by it."""
    from thinc.model import Model

    Model.global_id = 0
