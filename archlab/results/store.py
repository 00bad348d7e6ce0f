"""The store: what was run, and what it left. Truth is in the files."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from archlab.errors import InvalidError, MachineError
from archlab.records import Outcome, Result, RunSpec
from archlab.results.files import read_json, require_writable, write_json, write_text
from archlab.results.paths import RunPaths, SweepPaths, is_run_id


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
        data = read_json(self.paths.run(run_id).result)
        try:
            result = Result.from_dict(data) if isinstance(data, dict) else None
        except (AttributeError, KeyError, TypeError):
            return None
        return result if result is not None and result.run_id == run_id else None

    def results(self) -> list[Result]:
        """All results, by run id."""
        if not self.paths.runs.is_dir():
            return []
        names = sorted(folder.name for folder in self.paths.runs.iterdir() if is_run_id(folder.name))
        loaded = map(self.load, names)
        return [result for result in loaded if result is not None]

    def prepare(self, spec: RunSpec, config: str) -> RunSpec:
        """Make the folder of a run that starts now: spec.json, config.cfg, and nothing of an older attempt.

        Returns the spec with its attempt counted. Raises MachineError where it cannot be written, and
        ValueError for a run that is done.
        """
        self._require_not_done(spec.run_id)
        paths = self.paths.run(spec.run_id)
        spec = replace(spec, attempt=self.attempts(spec.run_id) + 1)
        _remove_attempt(paths)
        write_text(paths.config, config)
        write_json(paths.spec, spec.to_dict())
        return spec

    def attempts(self, run_id: str) -> int:
        """How often a run has been prepared, as far as its spec.json can be read."""
        spec = read_json(self.paths.run(run_id).spec)
        attempt = spec.get("attempt") if isinstance(spec, dict) else None
        return attempt if isinstance(attempt, int) else 0

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
        paths.outcome.unlink(missing_ok=True)

    def _require_not_done(self, run_id: str) -> None:
        known = self.load(run_id)
        if known is not None and known.status == "done":
            raise ValueError(f"run {run_id} is done: its result never changes")

    def keep_models(self, keep: str, winners: set[str], runs: Iterable[str]) -> None:
        """Remove the models that a sweep does not keep; those of runs outside of `runs` are left alone.

        keep: winner, all or none. winners: the run ids of the best. runs: the run ids of the plan.
        """
        for run_id in runs:
            kept = keep == "all" or (keep == "winner" and run_id in winners)
            if not kept:
                shutil.rmtree(self.paths.run(run_id).model, ignore_errors=True)

    @contextmanager
    def locked(self, part: str | None = None) -> Iterator[None]:
        """Hold the sweep's lock, or that of a part of it; the system frees it when the process ends.

        Raises InvalidError where another driver holds it, OutputError where the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        require_writable(self.paths.folder)
        lock = FileLock(self.paths.lock if part is None else self.paths.part_lock(part), blocking=False)
        try:
            lock.acquire()
        except Timeout:
            raise InvalidError(
                f"Another archlab is running the sweep {self.sweep} in {self.paths.folder.parent}.",
                "Wait for it, or stop it, or use another --experiments folder.",
            ) from None
        except OSError as error:
            raise MachineError(f"{self.paths.lock} cannot be locked: {error.strerror or error}.") from None
        try:
            yield
        finally:
            lock.release()

    def outcome(self, run_id: str) -> Outcome | None:
        """What a run's child has left, or None where it left nothing that can be read."""
        data = read_json(self.paths.run(run_id).outcome)
        try:
            return Outcome.from_dict(data) if isinstance(data, dict) else None
        except (AttributeError, KeyError, TypeError):
            return None


def _remove_attempt(paths: RunPaths) -> None:
    """Remove what an unfinished attempt left; result.json first, so that nothing half looks whole."""
    try:
        files = (paths.result, paths.outcome, paths.per_doc, paths.progress, paths.log)
        for file in files:
            file.unlink(missing_ok=True)
        for folder in (paths.model, paths.unfinished_model):
            if folder.exists():
                shutil.rmtree(folder)
    except OSError as error:
        raise MachineError(f"{paths.folder} cannot be written: {error.strerror or error}.") from None
