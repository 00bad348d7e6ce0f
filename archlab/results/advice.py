"""What to take after a grid: the fastest variant that is not known to be worse than the best."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from archlab.records import Result
from archlab.results.paired_scores import WEIGHTED_SCORE, Scores
from archlab.results.run_configs import score_weights
from archlab.results.statistics import LEVEL, Comparison, holm

if TYPE_CHECKING:
    from archlab.results.collection import Results

FASTER = 1.1
"""So many times the words per second, and a variant is faster: less than that is noise of the machine."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A variant that might be taken. score: the mean over its seeds. words_per_second: None if not known."""

    label: str
    score: float
    words_per_second: float | None


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Which variant to take.

    column: of the table, or None. best: has the highest mean. take: the best, or the fastest of those that
    may be as good; None where nothing can be said about chance. worse: how many others are known to be worse.
    open: how many may be as good. unknown: how many cannot be compared.
    rival: what stands against the best: the one taken instead of it, or of those that may be as good the
    next; None where all are known to be worse. comparison: the rival less the best. p: its p, corrected.
    times_as_fast: the words per second of the one to take, divided by those of the best; None if not known.
    """

    column: str | None = None
    best: str
    take: str | None
    worse: int
    open: int
    unknown: int
    rival: str | None = None
    comparison: Comparison | None = None
    p: float | None = None
    times_as_fast: float | None = None


@dataclass(frozen=True)
class _Open:
    """A variant that may be as good as the best. p: corrected."""

    contender: Contender
    comparison: Comparison
    p: float


def advise(
    contenders: Sequence[Contender],
    compare: Callable[[Contender, Contender], Comparison | None],
    column: str | None = None,
) -> Advice | None:
    """What to take of several variants; None where there are fewer than two.

    compare: the first less the second; None where they share no seed. Each is held against the best, with p
    corrected for how many there are (Holm).
    """
    if len(contenders) < 2:
        return None
    best = max(contenders, key=lambda contender: contender.score)
    others = [contender for contender in contenders if contender is not best]
    found = [compare(contender, best) for contender in others]
    p_values = holm([None if comparison is None else comparison.p for comparison in found])
    open_ones = [
        _Open(contender, comparison, p)
        for contender, comparison, p in zip(others, found, p_values, strict=True)
        if comparison is not None and p is not None and p >= LEVEL
    ]
    unknown = sum(p is None for p in p_values)
    faster = [one for one in open_ones if (_times(one.contender, best) or 0.0) >= FASTER]
    taken = max(faster, key=lambda one: one.contender.words_per_second or 0.0, default=None)
    rival = taken or max(open_ones, key=lambda one: one.contender.score, default=None)
    take = best if taken is None else taken.contender
    return Advice(
        column=column,
        best=best.label,
        take=None if unknown == len(others) else take.label,
        worse=len(others) - len(open_ones) - unknown,
        open=len(open_ones),
        unknown=unknown,
        rival=rival.contender.label if rival else None,
        comparison=rival.comparison if rival else None,
        p=rival.p if rival else None,
        times_as_fast=_times(take, best),
    )


def advice_of(results: "Results") -> list[Advice]:
    """What to take, for each column of a table; nothing where there is one variant alone."""
    if results.paths is None:
        return []
    layout, name = results.layout, results.layout.score_name
    scores = Scores(results.paths, score_weights(results.paths, results) if name == WEIGHTED_SCORE else {})
    found = []
    for column in dict.fromkeys(place.column for place in layout.places):
        places = [place for place in layout.places if place.column == column]
        runs = {place.row: _scored(results, place.run_ids, name) for place in places}
        found.append(_of_column({row: of for row, of in runs.items() if of}, scores, name, column))
    return [advice for advice in found if advice is not None]


def _of_column(runs: dict[str, list[Result]], scores: Scores, name: str, column: str | None) -> Advice | None:
    contenders = [
        Contender(
            label=row,
            score=fmean(result.value(name) or 0.0 for result in of),
            words_per_second=_median(result.cost.words_per_second for result in of),
        )
        for row, of in runs.items()
    ]

    def compare(one: Contender, other: Contender) -> Comparison | None:
        return scores.compare(runs[one.label], runs[other.label], name)

    return advise(contenders, compare, column)


def _scored(results: "Results", run_ids: Iterable[str], name: str) -> list[Result]:
    found = [results.by_run[run_id] for run_id in run_ids if run_id in results.by_run]
    return [result for result in found if result.status == "done" and result.value(name) is not None]


def _times(contender: Contender, best: Contender) -> float | None:
    """How many times as fast as the best."""
    speed, of_best = contender.words_per_second, best.words_per_second
    return speed / of_best if speed and of_best else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
