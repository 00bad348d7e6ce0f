"""How far a grid has come, from what its watcher is told: what runs, the time that is left, its table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from statistics import fmean

from archlab.engines.base import Event
from archlab.records import Result, RunSpec
from archlab.results.layouts import Layout, Place, is_base
from archlab.results.tables import Table, make_table

MOST_ROWS = 100
"""A table of more rows is cut before it is made: no terminal shows them, and there may be thousands."""


@dataclass(frozen=True, kw_only=True)
class RunningRun:
    """A run that goes on. step, max_steps, score: of its last evaluation, None before the first and where not
    known. seconds_left: at its pace so far, to max_steps; it may end before, when it is patient no more."""

    variant: str
    seed: int
    device: str
    step: int | None
    max_steps: int | None
    score: float | None
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A grid at one moment. running: those that began first come first. total, done, failed: runs.
    seconds_left: of the whole grid; None where it is not known. table: means of what is done, without
    comparisons; None where nothing is, or where it is not known what the table is to be."""

    running: tuple[RunningRun, ...]
    total: int
    done: int
    failed: int
    seconds_left: float | None
    table: Table | None

    @property
    def waiting(self) -> int:
        return max(0, self.total - self.done - self.failed - len(self.running))

    def ended(self) -> "Snapshot":
        """The same when nothing runs any more."""
        return replace(self, running=(), seconds_left=None)


class Progress:
    """Told of events, it gives snapshots. All moments are seconds on one clock that never goes back.

    total: how many runs there are to be. layout: of the table, None for none. results: of those that had
    ended before.
    """

    def __init__(
        self,
        total: int,
        layout: Layout | None = None,
        results: Mapping[str, Result] | None = None,
    ) -> None:
        self.total = total
        self.results = dict(results or {})
        self._running: dict[str, _Pace] = {}
        self._at_once = 1
        self._table = None if layout is None else _LiveTable(layout, self.results)

    def tell(self, event: Event, moment: float) -> None:
        run_id = event.spec.run_id
        if event.kind == "started":
            self._running[run_id] = _Pace(event.spec, moment)
            self._at_once = max(self._at_once, len(self._running))
            if self.results.pop(run_id, None) is not None:  # it is tried again
                self._renew(run_id)
        elif event.kind == "evaluated" and run_id in self._running:
            self._running[run_id].tell(event, moment)
        elif event.kind == "ended":
            self._running.pop(run_id, None)
            if event.result is not None:
                self.results[run_id] = event.result
                self._renew(run_id)

    def snapshot(self, moment: float) -> Snapshot:
        done = [result for result in self.results.values() if result.status == "done"]
        left = {run_id: pace.seconds_left(moment) for run_id, pace in self._running.items()}
        return Snapshot(
            running=tuple(pace.run(left[run_id]) for run_id, pace in self._running.items()),
            total=self.total,
            done=len(done),
            failed=len(self.results) - len(done),
            seconds_left=self._seconds_left(done, left, moment),
            table=None if self._table is None else self._table.made(),
        )

    def _renew(self, run_id: str) -> None:
        if self._table is not None:
            self._table.renew(run_id)

    def _seconds_left(
        self, done: list[Result], left: Mapping[str, float | None], moment: float
    ) -> float | None:
        """Runs that wait take as long as others did; as many at once as there have been."""
        waiting = max(0, self.total - len(self.results) - len(self._running))
        elapsed = {run_id: pace.elapsed(moment) for run_id, pace in self._running.items()}
        known = [seconds for result in done if (seconds := result.cost.seconds.total) and isfinite(seconds)]
        known = known or [
            elapsed[run_id] + seconds for run_id, seconds in left.items() if seconds is not None
        ]
        if not known or not (waiting or left):
            return None
        usual = fmean(known)
        rests = [
            max(0.0, usual - elapsed[run_id]) if seconds is None else seconds
            for run_id, seconds in left.items()
        ]
        return max([*rests, (sum(rests) + waiting * usual) / self._at_once])


class _Pace:
    """A run that goes on, and how fast."""

    def __init__(self, spec: RunSpec, moment: float) -> None:
        self.spec = spec
        self.began = moment
        self.first: tuple[int, float] | None = None
        self.last: Event | None = None
        self.seconds = 0.0  # from its start to its last evaluation
        self.told = moment

    def tell(self, event: Event, moment: float) -> None:
        self.last, self.told = event, moment
        self.seconds = moment - self.began if event.seconds is None else event.seconds
        if self.first is None and event.step is not None:
            self.first = (event.step, self.seconds)

    def elapsed(self, moment: float) -> float:
        return self.seconds + moment - self.told

    def seconds_left(self, moment: float) -> float | None:
        """By the steps since the first evaluation: what was before it happens once."""
        if self.last is None or self.first is None or not self.last.step or not self.last.max_steps:
            return None
        steps, seconds = self.last.step - self.first[0], self.seconds - self.first[1]
        if steps <= 0:
            return None
        rest = seconds / steps * (self.last.max_steps - self.last.step)
        return max(0.0, rest - (moment - self.told))

    def run(self, seconds_left: float | None) -> RunningRun:
        last = self.last
        return RunningRun(
            variant=self.spec.variant,
            seed=self.spec.seed,
            device=self.spec.device,
            step=last.step if last else None,
            max_steps=last.max_steps if last else None,
            score=last.score if last else None,
            seconds_left=seconds_left,
        )


class _LiveTable:
    """A sweep's table that is made anew only where something has changed, and only of rows that are shown."""

    def __init__(self, layout: Layout, results: Mapping[str, Result]) -> None:
        """results: filled on, and read when the table is made."""
        self.layout = layout
        self.results = results
        self.rows: dict[str, list[Place]] = {}
        self.rows_of: dict[str, set[str]] = {}
        for place in layout.places:
            self.rows.setdefault(place.row, []).append(place)
            for run_id in place.run_ids:
                self.rows_of.setdefault(run_id, set()).add(place.row)
        self.means = {row: self._mean(row) for row in self.rows}
        self.table: Table | None = None
        self.is_old = True

    def renew(self, run_id: str) -> None:
        """A run has another result, or none any more."""
        for row in self.rows_of.get(run_id, ()):
            self.means[row] = self._mean(row)
            self.is_old = True

    def made(self) -> Table | None:
        """The table as it is now; None where no run of it has ended."""
        if self.is_old:
            self.is_old = False
            self.table = self._make() if self.rows_of.keys() & self.results.keys() else None
        return self.table

    def _make(self) -> Table:
        shown = set(self.rows)
        if len(shown) > MOST_ROWS:
            shown = set(sorted(self.rows, key=self._importance)[:MOST_ROWS])
        places = tuple(place for place in self.layout.places if place.row in shown)
        table = make_table(replace(self.layout, places=places), self.results)
        return replace(table, has_base=False, rows_left_out=len(self.rows) - len(shown))

    def _importance(self, row: str) -> tuple[bool, float]:
        mean = self.means[row]
        return (not is_base(row), float("inf") if mean is None else -mean)

    def _mean(self, row: str) -> float | None:
        """Over the columns, of means over seeds."""
        columns = []
        for place in self.rows[row]:
            found = [self.results[run_id] for run_id in place.run_ids if run_id in self.results]
            values = [result.value(self.layout.score_name) for result in found if result.status == "done"]
            if known := [value for value in values if value is not None]:
                columns.append(fmean(known))
        return fmean(columns) if columns else None
