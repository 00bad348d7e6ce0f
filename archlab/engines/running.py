"""The driver: gives an engine the runs that the store has not. It alone writes results."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from archlab.engines.base import Engine, Event, Watcher, make_result, nobody
from archlab.engines.estimating import Estimator, earlier_runs
from archlab.engines.scheduling import Schedule
from archlab.errors import UnknownVariantError, did_you_mean
from archlab.planning.runs import run_config
from archlab.records import GridLimits, Json, Result, RunSpec
from archlab.results.store import Store, is_done
from archlab.training.endings import failed

TRIED_AGAIN = ("disk", "changed")
"""Kinds of failure that the next grid tries again by itself: they are none of the run's."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which runs of a plan are to be done, and which of these although there is a result.

    only: rows or labels of variants, * for anything; empty for all. retry_failed: those that failed. rerun:
    all; until such a run is done again, its old result stands.
    """

    only: tuple[str, ...] = ()
    retry_failed: bool = False
    rerun: bool = False

    def select(self, runs: Sequence[RunSpec], labels: Mapping[str, Iterable[str]]) -> list[RunSpec]:
        """The runs of the variants that are named. labels: variant id -> the names it goes by.

        Raises UnknownVariantError for a name that no variant has.
        """
        known = {label for names in labels.values() for label in names}
        for name in self.only:
            if not any(_is_named(label, name) for label in known):
                hint = did_you_mean(name, known) or f"There are: {', '.join(sorted(known))}."
                raise UnknownVariantError(f"There is no variant {name}.", hint)
        return [
            spec
            for spec in runs
            if not self.only
            or any(_is_named(label, name) for name in self.only for label in labels[spec.variant_id])
        ]

    def settles(self, result: Result | None, attempts: int) -> bool:
        """Whether this result says that its run is not to be done. attempts: how often it may be tried."""
        if result is None or self.rerun:
            return False
        if result.status == "done":
            return True
        return not self.retry_failed and not is_tried_again(result, attempts)


ALL = Wanted()


def _is_named(label: str, name: str) -> bool:
    """Whether a name means a label; * in it stands for anything, and brackets for themselves."""
    return label == name or fnmatchcase(label, name.replace("[", "[[]"))


def is_tried_again(result: Result, attempts: int) -> bool:
    """Whether a run that failed so is tried again without being asked for."""
    kind = result.reason.kind if result.reason is not None else ""
    return kind in TRIED_AGAIN or (kind == "killed" and attempts > 1)


@dataclass
class Driver:
    """Does some runs, in rounds: those that were killed come again after the others.

    configs: variant id -> its config. known: run id -> result, as they come. failures: since it began, of
    runs that are not tried again. stopped: why it ended before the runs did, or None. failed_again: what came
    of runs that were done before; their older results stand. schedule: which run begins next.
    """

    store: Store
    engine: Engine
    configs: Mapping[str, Json]
    wanted: Wanted
    limits: GridLimits
    on_event: Watcher = nobody
    known: dict[str, Result] = field(default_factory=dict)
    failures: int = 0
    stopped: str | None = None
    failed_again: list[Result] = field(default_factory=list)
    schedule: Schedule = field(default_factory=Schedule)

    def do(self, runs: Sequence[RunSpec]) -> None:
        """Do all of them. Raises MachineError where a result cannot be written."""
        deadline = None if self.limits.minutes is None else time.monotonic() + 60 * self.limits.minutes
        self.schedule = self._scheduled(runs)
        todo, anew = list(runs), self.wanted.rerun or self.wanted.retry_failed
        try:
            while todo and self.stopped is None:
                with closing(self.engine.run(self._prepared(todo, anew), deadline)) as results:
                    for result in results:
                        self._record(result)
                todo, anew = [spec for spec in todo if self._is_left(spec)], False
                if todo and deadline is not None and time.monotonic() > deadline:
                    self.stopped = f"after {self.limits.minutes:g} minutes"
        finally:
            self._bring_back(runs)

    def _scheduled(self, runs: Sequence[RunSpec]) -> Schedule:
        device = runs[0].device if runs else ""
        earlier = earlier_runs(self.store, frozenset(self.known), device)
        return Schedule(self.known.values(), Estimator(self.configs, earlier))

    def _prepared(self, specs: Iterable[RunSpec], anew: bool) -> Iterator[RunSpec]:
        for spec in self.schedule.order(specs):
            if self.limits.failures is not None and self.failures >= self.limits.failures:
                self.stopped = f"after {self.failures} failure{'s' if self.failures > 1 else ''}"
                return
            crashes = 0 if anew else self.store.crashes(spec.run_id)
            if crashes >= max(2, self.limits.attempts):
                self._give_up(spec, crashes)
                continue
            config = run_config(self.configs[spec.variant_id], spec.seed)
            self.known.pop(spec.run_id, None)
            yield self.store.prepare(spec, config, anew=anew)

    def _give_up(self, spec: RunSpec, crashes: int) -> None:
        last = self.store.load(spec.run_id)
        said = last.reason.message if last and last.reason else "it ended with its driver, without a word"
        outcome = failed("crash_loop", f"{crashes} times in a row: {said}")
        result = make_result(replace(spec, attempt=self.store.attempts(spec.run_id)), outcome)
        self._record(result)
        self.on_event(Event(kind="ended", spec=spec, result=result))

    def _record(self, result: Result) -> None:
        self.store.record(result)
        self.known[result.run_id] = result
        self.schedule.learn(result)
        self.failures += result.status != "done" and not is_tried_again(result, self.limits.attempts)

    def _is_left(self, spec: RunSpec) -> bool:
        """Whether a run has no result, or was killed and is to be tried again in this grid."""
        result = self.known.get(spec.run_id)
        if result is None:
            return True
        return result.reason is not None and result.reason.kind == "killed" and self.limits.attempts > 1

    def _bring_back(self, runs: Sequence[RunSpec]) -> None:
        """What was to be done again and was not: the results before stand."""
        if not self.wanted.rerun:
            return
        adopt(self.store, runs)
        self.store.restore(spec.run_id for spec in runs)
        for spec in runs:
            before, stands = self.known.get(spec.run_id), self.store.load(spec.run_id)
            if stands is not None:
                self.known[spec.run_id] = stands
            if before is not None and before.status != "done" and is_done(stands):
                self.failed_again.append(before)


def adopt(store: Store, runs: Iterable[RunSpec]) -> None:
    """Record the runs that were finished while nobody recorded: the driver was killed or interrupted.

    Those that are still being ended are waited for: what they leave tells how.
    """
    for spec in runs:
        if store.load(spec.run_id) is None:
            store.end_leftover(spec.run_id)
            if (result := handed_over(store, spec)) is not None:
                store.record(result)


def handed_over(store: Store, spec: RunSpec) -> Result | None:
    """The result of a run that was finished and not recorded, because its driver was killed in between."""
    outcome = store.outcome(spec.run_id)
    if outcome is None or outcome.status != "done":
        return None
    return make_result(replace(spec, attempt=store.attempts(spec.run_id)), outcome)
