"""What a grid does, read from the files of its store by another process.

Nothing is written and no lock is held: the grid does not notice. Only what is new is read: a folder of runs
that has not changed holds no new run, and of a run that goes on the lines that have come.
"""

import os
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

from archlab.engines.base import Event, evaluated
from archlab.engines.progress import Progress
from archlab.memory import uncollected
from archlab.processes import still_runs
from archlab.records import Json, Result, RunSpec
from archlab.results.collection import load_layout
from archlab.results.files import read_json, read_json_lines
from archlab.results.layouts import Layout
from archlab.results.paths import RunPaths
from archlab.results.run_states import is_running
from archlab.results.store import Store, read_result

YOUNG_SECONDS = 2.0
"""A folder that changed this shortly ago may change again at what its file system calls the same moment."""


def known_results(store: Store, run_ids: Iterable[str]) -> dict[str, Result]:
    """The results that there are of some runs, without the scores of single labels."""
    with uncollected():
        found = {run_id: read_result(store.paths.run(run_id).result, per_label=False) for run_id in run_ids}
    return {run_id: r for run_id, r in found.items() if r is not None and r.run_id == run_id}


def begun(store: Store, todo: Collection[str]) -> Progress:
    """The progress of a grid that has just begun, with the results of its plan that it does not make anew."""
    layout = load_layout(store)
    results = known_results(store, _run_ids(layout).difference(todo))
    return Progress(len(todo) + len(results), layout, results)


class Follower:
    """Follows the grid that goes on in a store, as its own watcher would; its last one where none does.

    results: of the runs that had ended before. layout: of the plan that is followed; None where it cannot be
    read, and nothing is followed.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.driver = _driver(store)
        self.layout: Layout | None = load_layout(store)
        self.run_ids = _run_ids(self.layout)
        self._folders: dict[str, int] = {}
        self._changed, self._is_young = -1, True
        self._open = {run_id: _Run(store, run_id) for run_id in self._new_runs()}
        self.results = known_results(store, self._open)
        for run_id in self.results:
            del self._open[run_id]

    def progress(self) -> Progress:
        """That of all runs of the plan, with nothing told yet."""
        return Progress(len(self.run_ids), self.layout, self.results)

    def goes_on(self) -> bool:
        """Whether the grid is there: not another one that has begun since."""
        return still_runs(self.driver)

    def events(self) -> Iterator[Event]:
        """What has happened since the last call."""
        for run_id in self._new_runs():
            self._open[run_id] = _Run(self.store, run_id)
        for run_id, run in list(self._open.items()):
            for event in run.news():
                if event.kind == "ended":
                    del self._open[run_id]
                yield event

    def _new_runs(self) -> list[str]:
        """Runs that have a folder now, or another than before: an older attempt is moved away."""
        try:
            changed = self.store.paths.runs.stat().st_mtime_ns
            if changed == self._changed and not self._is_young:
                return []
            self._is_young = time.time() - changed / 1e9 < YOUNG_SECONDS
            with os.scandir(self.store.paths.runs) as entries:
                folders = {e.name: e.inode() for e in entries if e.name in self.run_ids}
        except OSError:  # it is not there yet, or no more
            return []
        new = [name for name, number in folders.items() if self._folders.get(name) != number]
        self._changed, self._folders = changed, folders
        return new


class _Run:
    """A run without a result, so far."""

    def __init__(self, store: Store, run_id: str) -> None:
        self.store = store
        self.run_id = run_id
        self.paths = store.paths.run(run_id)
        self.spec: RunSpec | None = None
        self.read = 0  # bytes of its progress

    def news(self) -> Iterator[Event]:
        """What its files tell that they did not tell before; its end is the last."""
        result = self.store.load(self.run_id)  # before its last evaluations are read, which are older
        if result is None and self.spec is None and is_running(self.store, self.paths):
            self.spec = _read_spec(self.paths)
            if self.spec is not None:
                yield Event(kind="started", spec=self.spec)
        if self.spec is not None:
            for line in self._new_lines():
                yield evaluated(self.spec, line)
        if result is not None:
            yield Event(kind="ended", spec=self.spec or _spec_of(self.store, result), result=result)

    def _new_lines(self) -> list[Json]:
        try:
            with self.paths.progress.open("rb") as progress:
                progress.seek(self.read)
                lines = read_json_lines(progress)
                self.read = progress.tell()
        except OSError:  # it is not there yet, or no more
            return []
        return lines


def _run_ids(layout: Layout | None) -> frozenset[str]:
    return frozenset(run_id for place in layout.places for run_id in place.run_ids) if layout else frozenset()


def _driver(store: Store) -> object:
    """Which process runs the sweep, as `processes.identity` tells it; or one of its single trainings."""
    holders = [store.paths.driver, *sorted(store.paths.folder.glob("lock-*.json"))]
    found = (read_json(holder) for holder in holders)
    return next((driver for driver in found if still_runs(driver)), None)


def _read_spec(paths: RunPaths) -> RunSpec | None:
    data = read_json(paths.spec)
    with suppress(AttributeError, KeyError, TypeError):
        return RunSpec.from_dict(data)
    return None


def _spec_of(store: Store, result: Result) -> RunSpec:
    """What a result tells of its run's spec, as far as watchers care."""
    return RunSpec(
        run_id=result.run_id,
        variant_id=result.variant_id,
        variant=result.variant,
        sweep=store.sweep,
        settings=result.swaps,
        seed=result.seed,
        device=result.environment.device or "",
        gpu_id=-1,
        code=[],
        score_name=result.score_name,
        fingerprints=result.fingerprints,
    )
