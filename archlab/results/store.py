"""The store: what was run, and what it left. Truth is in the files."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname
from time import sleep

from archlab.errors import InvalidError, MachineError
from archlab.memory import uncollected
from archlab.processes import end_leftover, identity, kill_orphans, still_runs
from archlab.records import Outcome, Result, RunSpec
from archlab.results.files import read_json, require_writable, write_json, write_text
from archlab.results.paths import RESULT, RunPaths, SweepPaths, is_run_id

LOOKS, LOOK_SECONDS = 10, 0.05
"""How often, and how far apart, to look for the name of who has just got a lock."""


class Store:
    """One sweep's folder.

    A run is done when its result.json says so; that file is written last and then never changed. A run that
    failed or was interrupted may be prepared again, as its next attempt.
    """

    def __init__(self, sweep: str, experiments: str | Path | None = None) -> None:
        self.sweep = sweep
        self.paths = SweepPaths.of(sweep, experiments)

    def load(self, run_id: str) -> Result | None:
        """The result of a run, or None where there is none that can be read."""
        result = read_result(self.paths.run(run_id).result)
        return result if result is not None and result.run_id == run_id else None

    def results(self, *, per_label: bool = True) -> list[Result]:
        """All results, by run id. per_label: False leaves out the scores of single labels, which are most of
        what a result holds."""
        runs = self.paths.runs
        if not runs.is_dir():
            return []
        names = sorted(folder.name for folder in os.scandir(runs) if is_run_id(folder.name))
        with uncollected():
            found = [read_result(f"{runs}/{name}/{RESULT}", per_label=per_label) for name in names]
        return [r for r, name in zip(found, names, strict=True) if r is not None and r.run_id == name]

    def prepare(self, spec: RunSpec, config: str, *, anew: bool = False) -> RunSpec:
        """Make the folder of a run that starts now: spec.json, config.cfg, and nothing of an older attempt.

        Returns the spec with its attempt counted. The older attempt is kept, whole but for a model that was
        not finished. anew: although there is a result, and as if it had never been killed.
        Raises MachineError where it cannot be written, and ValueError for a run that is done, unless anew.
        """
        if not anew:
            self._require_not_done(spec.run_id)
        paths = self.paths.run(spec.run_id)
        crashes = 0 if anew else self.crashes(spec.run_id)
        attempt = self.put_away(spec.run_id) + 1
        spec = replace(spec, attempt=attempt, crashes=crashes)
        write_text(paths.config, config, synced=False)  # the child syncs what it finds, before its outcome
        write_json(paths.spec, spec.to_dict(), synced=False)
        return spec

    def put_away(self, run_id: str) -> int:
        """Move what is there of a run to the older attempts; returns how many attempts there have been."""
        paths = self.paths.run(run_id)
        self.end_leftover(run_id)
        numbers = self._older(run_id)
        if paths.folder.exists():
            said = self._said(run_id)
            number = said if said and said not in numbers else max(numbers, default=0) + 1
            try:
                if not is_done(self.load(run_id)):
                    shutil.rmtree(paths.model, ignore_errors=True)
                shutil.rmtree(paths.unfinished_model, ignore_errors=True)
                self.paths.attempts.mkdir(exist_ok=True)
                paths.folder.rename(self.paths.attempt(run_id, number).folder)
            except OSError as error:
                raise MachineError(f"{paths.folder} cannot be moved: {error.strerror or error}.") from None
            numbers.append(number)
        return max(numbers, default=0)

    def end_leftover(self, run_id: str) -> None:
        """End what is left of a run, should it have outlived its driver."""
        paths = self.paths.run(run_id)
        if paths.process.exists():
            end_leftover(read_json(paths.process))
            kill_orphans(paths.folder.resolve())

    def attempts(self, run_id: str) -> int:
        """How often a run has been prepared, as far as can be read."""
        older = max(self._older(run_id), default=0)
        is_there = self.paths.run(run_id).folder.exists()
        return max(older, self._said(run_id) or older + is_there)

    def _older(self, run_id: str) -> list[int]:
        """The numbers of the older attempts that are kept."""
        numbers = [folder.name.rpartition(".")[2] for folder in self.paths.attempts.glob(f"{run_id}.*")]
        return [int(number) for number in numbers if number.isdecimal()]

    def _said(self, run_id: str) -> int:
        """Which attempt a run's spec.json says it is; 0 where it cannot be read."""
        spec = read_json(self.paths.run(run_id).spec)
        said = spec.get("attempt") if isinstance(spec, dict) else None
        return said if isinstance(said, int) else 0

    def crashes(self, run_id: str) -> int:
        """How often in a row a run was killed, or ended with its driver and without a word: 0 for a new one.

        An attempt that was stopped from outside, by ctrl-C or because its driver ended, is not counted.
        """
        paths = self.paths.run(run_id)
        spec = read_json(paths.spec)
        before = spec.get("crashes") if isinstance(spec, dict) else None
        before = before if isinstance(before, int) else 0
        if (result := self.load(run_id)) is not None:
            return before + 1 if result.reason is not None and result.reason.kind == "killed" else 0
        is_stopped = paths.stopped.exists() or not paths.process.exists() or paths.outcome.exists()
        return before if is_stopped else before + 1

    def restore(self, run_ids: Iterable[str]) -> None:
        """Bring back finished runs that were to be done again, and were not: their results stand."""
        kept = {folder.name.rpartition(".")[0] for folder in self.paths.attempts.glob("*.*")}
        for run_id in kept.intersection(run_ids):
            for number in sorted(self._older(run_id), reverse=True):
                older = self.paths.attempt(run_id, number)
                if not is_done(self.load(run_id)) and is_done(read_result(older.result)):
                    self.put_away(run_id)
                    older.folder.rename(self.paths.run(run_id).folder)

    def record(self, result: Result) -> None:
        """Write a result: the last thing a run leaves. What its child handed over is in it.

        A model that was only half written goes.

        Raises ValueError for a run that is done, unless it says the same again.
        """
        if self.load(result.run_id) != result:
            self._require_not_done(result.run_id)
        paths = self.paths.run(result.run_id)
        shutil.rmtree(paths.unfinished_model, ignore_errors=True)
        write_json(paths.result, result.to_dict())
        for file in (paths.outcome, paths.process):
            file.unlink(missing_ok=True)

    def _require_not_done(self, run_id: str) -> None:
        if is_done(self.load(run_id)):
            raise ValueError(f"run {run_id} is done: its result never changes")

    def keep_models(self, keep: str, winners: set[str], runs: Iterable[str]) -> None:
        """Remove the models that a sweep does not keep; those of runs outside of `runs` are left alone.

        keep: winner, all or none. winners: the run ids of the best. runs: the run ids of the plan.
        """
        for run_id in runs:
            kept = keep == "all" or (keep == "winner" and run_id in winners)
            if not kept:
                with suppress(OSError):  # gc says what cannot be removed
                    remove_model(self.paths.run(run_id))

    @contextmanager
    def locked(self, run_ids: Iterable[str] = ()) -> Iterator[None]:
        """Hold the sweep's lock, or those of some of its runs; the system frees it when the process ends.

        Raises InvalidError where another process holds it, and says which; OutputError where the folder
        cannot be written.
        """
        require_writable(self.paths.folder)
        locks = [self.paths.run_lock(run_id) for run_id in sorted(set(run_ids))] or [self.paths.lock]
        with ExitStack() as held:
            for lock in locks:
                held.enter_context(self._lock(lock))
            yield

    @contextmanager
    def _lock(self, path: Path) -> Iterator[None]:
        from filelock import FileLock, Timeout

        lock = FileLock(path, blocking=False)
        holder = self.paths.driver if path == self.paths.lock else path.with_suffix(".json")
        try:
            lock.acquire()
        except Timeout:
            raise InvalidError(
                f"Another archlab is running the sweep {self.sweep} in {self.paths.folder.parent}"
                f"{_who(holder)}.",
                "Wait for it, or stop it, or use another --experiments folder.",
            ) from None
        except OSError as error:
            raise MachineError(f"{path} cannot be locked: {error.strerror or error}.") from None
        try:
            since = datetime.now(UTC).isoformat(timespec="seconds")
            about = {**(identity(os.getpid()) or {}), "host": gethostname(), "since": since}
            write_json(holder, about, synced=False)
            yield
        finally:
            with suppress(OSError):
                holder.unlink(missing_ok=True)
            lock.release()

    def outcome(self, run_id: str) -> Outcome | None:
        """What a run's child has left, or None where it left nothing that can be read."""
        return read_outcome(self.paths.run(run_id))


def read_outcome(paths: RunPaths) -> Outcome | None:
    """What the child of a run has left in its folder, or None where it left nothing that can be read."""
    data = read_json(paths.outcome)
    try:
        return Outcome.from_dict(data) if isinstance(data, dict) else None
    except (AttributeError, KeyError, TypeError):
        return None


def read_result(path: str | Path, *, per_label: bool = True) -> Result | None:
    """The result in a file; None where none can be read. per_label: as for `Store.results`."""
    data = read_json(path)
    try:
        if not per_label:
            data["scores"] = {n: score for n, score in data["scores"].items() if not isinstance(score, dict)}
        return Result.from_dict(data) if isinstance(data, dict) else None
    except (AttributeError, KeyError, TypeError):
        return None


def _who(file: Path) -> str:
    """Who holds a lock, as far as is known; one that has only just got it is about to say so."""
    for _ in range(LOOKS):
        holder = read_json(file)
        if isinstance(holder, dict) and still_runs(holder):
            return f": process {holder['pid']} on {holder.get('host')}, since {holder.get('since')}"
        sleep(LOOK_SECONDS)
    return ""


def remove_model(paths: RunPaths) -> None:
    """Remove the model of a run. It is first named like a half-written one: half of it is no model."""
    if paths.unfinished_model.exists():
        shutil.rmtree(paths.unfinished_model)
    if paths.model.exists():
        shutil.rmtree(paths.model.rename(paths.unfinished_model))


def is_done(result: Result | None) -> bool:
    """Whether a run has a result that never changes."""
    return result is not None and result.status == "done"
