"""Where the seconds of runs went."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from archlab.records import Json, Result, Seconds
from archlab.results.layouts import Layout

PHASES = ("start", "data", "initialize", "update", "evaluate", "save")


@dataclass(frozen=True, kw_only=True)
class RunPhases:
    """One run's wall seconds: of each of PHASES, None for one that it did not reach, and of all together."""

    variant: str
    seed: int
    run_id: str
    phases: tuple[float | None, ...]
    total: float | None

    @property
    def other(self) -> float | None:
        """What no phase has: batches drawn, losses logged, results handed over."""
        return None if self.total is None else max(0.0, self.total - sum(filter(None, self.phases)))

    def to_dict(self) -> Json:
        return {
            "variant": self.variant,
            "seed": self.seed,
            "run_id": self.run_id,
            **dict(zip(PHASES, self.phases, strict=True)),
            "other": None if self.other is None else round(self.other, 3),
            "total": self.total,
        }


def run_phases(layout: Layout, results: Iterable[Result]) -> Iterator[RunPhases]:
    """Of each run that there is a result of, in the order of the table and of seeds."""
    by_run = {result.run_id: result for result in results}
    for place in layout.places:
        found = [by_run[run_id] for run_id in place.run_ids if run_id in by_run]
        for result in sorted(found, key=lambda result: result.seed):
            seconds = result.cost.seconds
            yield RunPhases(
                variant=place.label,
                seed=result.seed,
                run_id=result.run_id,
                phases=_phases(seconds),
                total=seconds.total,
            )


def sums(runs: Sequence[RunPhases]) -> list[float]:
    """Over all runs: of each of PHASES, of the rest, and of all together."""
    columns = zip(*((*run.phases, run.other, run.total) for run in runs), strict=True)
    return [sum(filter(None, column)) for column in columns]


def _phases(seconds: Seconds) -> tuple[float | None, ...]:
    return tuple(getattr(seconds, name) for name in PHASES)
