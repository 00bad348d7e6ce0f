"""The engine for clusters: every run a Ray task, which starts the same child as a local run elsewhere."""

import os
import shutil
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from archlab.engines import ray_worker
from archlab.engines.base import Event, Watcher, evaluated, make_result, nobody
from archlab.engines.local import PATIENCE_SECONDS, POLL_SECONDS, TRAINER
from archlab.engines.pieces import Piece, put_together
from archlab.engines.ray_cluster import Cluster, Share
from archlab.engines.ray_data import Shipment, names_in
from archlab.errors import MachineError, explain
from archlab.records import Json, Outcome, Result, RunSpec
from archlab.results.files import read_json_lines, sync_tree, write_json
from archlab.results.paths import RunPaths, SweepPaths
from archlab.training.endings import failed, kind_of

UNTAKEN_SECONDS = 20.0
"""After so long without a node, a run is handed over anew: Ray, when it loses a node, may forget some."""

NEWS_PER_SECOND = 100
"""Of the progress of all runs together, at most: each costs a driver a millisecond or two."""

GONE_SECONDS = 10.0
"""After so long without its node, a run is given up. Where that has not closed its connections, Ray itself
waits for minutes: https://github.com/ray-project/ray/pull/31640"""

MESSAGE_SECONDS = 60.0
"""How long what a worker has told may take to get here. Some Rays wait for ever where its node is gone
meanwhile: https://github.com/ray-project/ray/issues/47582"""


class RayEngine:
    """Gives each run a share of a node, and writes what comes back from there.

    A worker that lacks data is sent it; one with other versions than this process gets no runs, and is named.
    """

    def __init__(
        self,
        paths: SweepPaths,
        cluster: Cluster,
        share: Share,
        jobs: int | None = None,
        on_event: Watcher = nobody,
        *,
        pass_env: Sequence[str] = (),
        with_models: bool = True,
        speedups: bool = True,
        trainer: Sequence[str] = TRAINER,
    ) -> None:
        """jobs: runs at once; None for as many as the cluster takes. with_models: whether models come back.

        trainer: as the nodes know it, where it is another than their archlab's.
        """
        self.paths = paths
        self.cluster = cluster
        self.share = share
        self.jobs = jobs
        self.on_event = on_event
        self.shipment = Shipment()
        self.order: Json = {
            "versions": ray_worker.own_versions(),
            "threads": max(1, int(share.cpus)),
            "environment": {name: os.environ[name] for name in pass_env},
            "model": with_models,
            "speedups": speedups,
            "trainer": list(trainer) if trainer != TRAINER else None,
        }

    def run(self, specs: Iterable[RunSpec], deadline: float | None = None) -> Generator[Result, None, None]:
        """Raises ClusterError where no node can train a run."""
        waiting = iter(specs)  # drawn one by one: a spec is prepared when it is drawn
        more = True
        running: list[_Run] = []
        try:
            while more or running:
                while more and len(running) < self._at_once():
                    spec = next(waiting, None)
                    more = spec is not None
                    if spec is not None:
                        running.append(self._start(_Run(spec, self.paths.run(spec.run_id))))
                if more and not running:
                    self.cluster.require(self.share)
                _take_back(running)
                for run in self._lost(running):
                    running.remove(run)
                    yield self._end(run, failed("killed", f"{run.host}, where it ran, is gone"))
                for run in _with_news(running):
                    for message in run.messages():
                        self._hear(run, message)
                    if not run.has_ended:
                        continue
                    running.remove(run)
                    if run.outcome is None:  # not this time, or not there
                        running.append(self._start(run))
                    else:
                        yield self._end(run, run.outcome)
                if deadline is not None and time.monotonic() > deadline:
                    return
        finally:
            _stop(running)

    def _at_once(self) -> int:
        slots = self.cluster.slots(self.share)
        return slots if self.jobs is None else min(slots, self.jobs)

    def _lost(self, running: list["_Run"]) -> list["_Run"]:
        """Those whose nodes have been gone for a while, and Ray has not said so: a cable may be cut."""
        now = time.monotonic()
        for run in running:
            if not run.is_taken or self.cluster.has(run.node):
                run.node_seen = now
        return [run for run in running if now - run.node_seen > GONE_SECONDS]

    def _start(self, run: "_Run") -> "_Run":
        """Hand a run to Ray, or hand it over again."""
        self.cluster.require(self.share)
        run.clear()
        config, parts = run.paths.config.read_text("utf8"), self.shipment.of(run.spec)
        order = self.order | {
            "spec": run.spec.to_dict(),
            "device": run.spec.device,
            "news_seconds": self._at_once() / NEWS_PER_SECOND,
            "config": config,
            "parts": parts,
            "names": names_in(config, parts.keys() - set(run.spec.code)) if parts else {},
        }
        run.task = self.cluster.submit(order, self.share, f"{run.spec.variant} seed {run.spec.seed}")
        run.outcome = failed("killed", "its Ray task ended without a word")
        return run

    def _hear(self, run: "_Run", message: Json) -> None:
        match message["kind"]:
            case "taken":
                run.host, run.node, run.is_taken = message["host"], message["node"], True
            case "refused":
                self.cluster.refuse(message)
                run.outcome = None
            case "missing":
                self.shipment.add(message["files"])
                run.outcome = None
            case "started":
                self._tell_started(run)
            case "files":
                for line in run.receive(message["pieces"]):
                    self.on_event(evaluated(run.spec, line))
            case "ended":
                run.outcome = Outcome.from_dict(message["outcome"])

    def _tell_started(self, run: "_Run") -> None:
        if not run.is_told:
            run.is_told = True
            run.paths.log.touch()  # who looks at the store sees that it has begun
            self.on_event(Event(kind="started", spec=run.spec))

    def _end(self, run: "_Run", outcome: Outcome) -> Result:
        self._tell_started(run)
        if outcome.status == "done":
            run.keep(outcome)
        result = make_result(run.spec, outcome)
        self.on_event(Event(kind="ended", spec=run.spec, result=result))
        return result


@dataclass
class _Run:
    """A run that a task of Ray's does. task: the stream of what it tells. outcome: what it comes to; None
    where it is to be started again."""

    spec: RunSpec
    paths: RunPaths
    task: Any = None
    outcome: Outcome | None = None
    host: str = "a node"
    node: str = ""
    node_seen: float = 0.0
    has_ended: bool = False
    is_taken: bool = False
    is_told: bool = False
    lines_read: int = 0
    since: float = 0.0

    def clear(self) -> None:
        """Nothing is known, and nothing is here, of what a task before has told."""
        self.has_ended = self.is_taken = False
        self.lines_read = 0
        self.since = self.node_seen = time.monotonic()
        for file in (self.paths.progress, self.paths.log, self.paths.per_doc):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.paths.unfinished_model, ignore_errors=True)

    def messages(self) -> Iterator[Json]:
        """What its task has told since the last call; its end is told as `has_ended` and `outcome`."""
        import ray
        from ray.exceptions import OutOfMemoryError, RayError, RayTaskError, TaskCancelledError

        try:
            while ray.wait([self.task], timeout=0)[0]:
                message: Json = ray.get(next(self.task), timeout=MESSAGE_SECONDS)
                yield message
        except StopIteration:
            self.has_ended = True
        except TaskCancelledError:
            self.has_ended, self.outcome = True, None
        except OutOfMemoryError:
            self.has_ended = True
            self.outcome = failed("memory", f"Ray ended it: {self.host} had no memory left")
        except RayTaskError as error:
            self.has_ended = True
            cause = error.cause if isinstance(error.cause, Exception) else error
            self.outcome = failed(kind_of(cause), f"on {self.host}: {explain(cause)}")
        except RayError as error:
            self.has_ended = True
            self.outcome = failed("killed", f"its worker on {self.host} is gone: {_first_line(error)}")

    def receive(self, found: list[Piece]) -> list[Json]:
        """Write what has come from the worker; returns the new lines of progress."""
        try:
            put_together(self.paths.folder, found)
        except OSError as error:
            raise MachineError(f"{self.paths.folder} cannot be written: {error.strerror or error}.") from None
        if not any(name == self.paths.progress.name for name, _ in found):
            return []
        with self.paths.progress.open("rb") as progress:
            progress.seek(self.lines_read)
            lines = read_json_lines(progress)
            self.lines_read = progress.tell()
        return lines

    def keep(self, outcome: Outcome) -> None:
        """All of a finished run is here: say so, for a driver that comes after this one."""
        if self.paths.unfinished_model.exists():
            self.paths.unfinished_model.rename(self.paths.model)
        sync_tree(self.paths.folder)
        write_json(self.paths.outcome, outcome.to_dict())


def _take_back(running: list[_Run]) -> None:
    """Cancel what no node has taken for long; it is then started again."""
    import ray

    for run in running:
        if not run.is_taken and time.monotonic() - run.since > UNTAKEN_SECONDS:
            run.since = time.monotonic()
            ray.cancel(run.task)


def _with_news(running: list[_Run]) -> list[_Run]:
    """Those whose tasks have something to tell, or have ended; after a moment."""
    import ray

    if not running:
        return []
    tasks = {run.task: run for run in running}
    ready, _ = ray.wait(list(tasks), num_returns=len(tasks), timeout=POLL_SECONDS)
    return [tasks[task] for task in ready]


def _stop(running: list[_Run]) -> None:
    """End what still runs: asked first, as ctrl-C would; then, or when interrupted again, killed."""
    import ray

    patience = time.monotonic() + PATIENCE_SECONDS + 2  # the worker has as much of its own
    try:
        for run in running:
            ray.cancel(run.task)
        while (running := [run for run in running if not _is_over(run)]) and time.monotonic() < patience:
            time.sleep(POLL_SECONDS)
    finally:
        for run in running:
            ray.cancel(run.task, force=True)


def _is_over(run: _Run) -> bool:
    for _ in run.messages():
        pass
    return run.has_ended


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
