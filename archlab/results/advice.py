"""What to take after a grid: the fastest variant that is not worse than the best, as far as data tell."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from archlab.records import Result
from archlab.results.paired_scores import Scores
from archlab.results.statistics import LEVEL, Comparison, holm

if TYPE_CHECKING:
    from archlab.results.collection import Results

FASTER = 1.1
"""So many times the words per second, and a variant is faster: less than that is noise of the machine."""


SUSPECT = 0.2
"""The p, not corrected, from which on a difference is lost in noise: below it, a variant is not taken because
it is fast, though nothing shows it to be worse. Of two equal ones, the faster is passed over once in ten."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A variant that might be taken. words_per_second: None if not known.

    score: the mean over the seeds that all have finished; over its own where there are none.
    """

    label: str
    score: float
    words_per_second: float | None


@dataclass(frozen=True)
class Rival:
    """A variant that may be as good as the best.

    comparison: it less the best. p: corrected. times_as_fast: its words per second, divided by those of the
    best; None if not known.
    """

    label: str
    score: float
    comparison: Comparison
    p: float
    times_as_fast: float | None

    @property
    def is_suspect(self) -> bool:
        """Whether it may well be worse, though that is not shown."""
        return self.comparison.difference < 0 and (self.comparison.p or 0.0) < SUSPECT


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Which variant to take.

    column: of the table, or None. best: has the highest mean. take: the best, or the fastest of those whose
    difference to it is lost in noise; None where nothing can be said about chance. worse: how many others are
    known to be worse. open: how many may be as good. unknown: how many cannot be compared.
    rival: what stands against the best: the one taken instead of it, or of those that may be as good the
    next; None where all are known to be worse. undecided: the fastest, where it is faster than the one to
    take and may well be worse.
    """

    column: str | None = None
    best: str
    take: str | None
    worse: int
    open: int
    unknown: int
    rival: Rival | None = None
    undecided: Rival | None = None


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
    rivals = [
        Rival(contender.label, contender.score, comparison, p, _times(contender, best))
        for contender, comparison, p in zip(others, found, p_values, strict=True)
        if comparison is not None and p is not None and (p >= LEVEL or comparison.difference > 0)
    ]
    unknown = sum(p is None for p in p_values)
    faster = sorted((one for one in rivals if _speed(one) >= FASTER), key=_speed, reverse=True)
    taken = next((one for one in faster if not one.is_suspect), None)
    undecided = faster[0] if faster and faster[0] is not taken else None
    return Advice(
        column=column,
        best=best.label,
        take=None if unknown == len(others) else taken.label if taken else best.label,
        worse=len(others) - len(rivals) - unknown,
        open=len(rivals),
        unknown=unknown,
        rival=taken or max(rivals, key=lambda one: one.score, default=None),
        undecided=undecided,
    )


def advice_of(results: "Results") -> list[Advice]:
    """What to take, for each column of a table; nothing where there is one variant alone."""
    if results.paths is None:
        return []
    layout, name = results.layout, results.layout.score_name
    scores = Scores(results.paths, layout.score_weights)
    found = []
    for column in dict.fromkeys(place.column for place in layout.places):
        places = [place for place in layout.places if place.column == column]
        runs = {place.row: _scored(results, place.run_ids, name) for place in places}
        found.append(_of_column({row: of for row, of in runs.items() if of}, scores, name, column))
    return [advice for advice in found if advice is not None]


def _of_column(runs: dict[str, list[Result]], scores: Scores, name: str, column: str | None) -> Advice | None:
    shared = set.intersection(*({result.seed for result in of} for of in runs.values())) if runs else set()
    contenders = [
        Contender(
            label=row,
            score=fmean(result.value(name) or 0.0 for result in of if result.seed in shared or not shared),
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


def _speed(rival: Rival) -> float:
    return rival.times_as_fast or 0.0


def _times(contender: Contender, best: Contender) -> float | None:
    """How many times as fast as the best."""
    speed, of_best = contender.words_per_second, best.words_per_second
    return speed / of_best if speed and of_best else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
