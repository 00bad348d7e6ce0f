"""The runs of two variants that can be compared, paired by their seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from archlab.errors import NothingToCompareError, UsageError, did_you_mean
from archlab.records import Result
from archlab.results.naming_variants import Named

if TYPE_CHECKING:
    from archlab.results.collection import Results


@dataclass(frozen=True)
class Pairs:
    """The runs that are compared: those in the same place belong together."""

    a: Sequence[Result]
    b: Sequence[Result]
    score_name: str

    @property
    def run_ids(self) -> list[str]:
        return [result.run_id for result in (*self.a, *self.b)]


def pair_runs(results: "Results", a: Named, b: Named, score: str | None) -> tuple[Pairs, list[str]]:
    """The finished runs of both with the same seeds, and what was left out.

    Raises NothingToCompareError where there are none, UsageError for a score that no run has.
    """
    finished_a, finished_b = (finished_runs(results, named) for named in (a, b))
    name = _score_name(results, score, finished_a, finished_b)
    of_a, of_b = ({r.seed: r for r in runs if _has(r, name)} for runs in (finished_a, finished_b))
    for label, runs, scored in ((a.label, finished_a, of_a), (b.label, finished_b, of_b)):
        if not scored:
            if not runs:
                raise NothingToCompareError(
                    f"{label} has no finished run.", f"See why: archlab runs {results.layout.sweep}"
                )
            shared = sorted(_score_names(finished_a) & _score_names(finished_b))
            hint = f"Both have {', '.join(shared)}." if shared else None
            raise NothingToCompareError(f"{label} has no {name}.", hint)
    if a.is_run and b.is_run:  # those two are meant, whatever their seeds
        return Pairs(list(of_a.values()), list(of_b.values()), name), []
    seeds = sorted(of_a.keys() & of_b.keys())
    if not seeds:
        told = [", ".join(map(str, sorted(of))) for of in (of_a, of_b)]
        raise NothingToCompareError(
            f"{a.label} has seeds {told[0]}, {b.label} has {told[1]}: none in common.",
            "Train both with the same seeds.",
        )
    notes = [*_left_out(results, a, seeds), *_left_out(results, b, seeds)]
    return Pairs([of_a[seed] for seed in seeds], [of_b[seed] for seed in seeds], name), notes


def finished_runs(results: "Results", named: Named) -> list[Result]:
    found = [results.by_run[run_id] for run_id in named.run_ids if run_id in results.by_run]
    return [result for result in found if result.status == "done"]


def _score_name(results: "Results", score: str | None, *of: Sequence[Result]) -> str:
    """Raises UsageError for one that no run of the two has."""
    known = {name for runs in of for name in _score_names(runs)}
    if score is not None and known and score not in known:
        hint = did_you_mean(score, known) or f"Known: {', '.join(sorted(known))}."
        raise UsageError(f"Neither has a score {score}.", hint)
    return score or results.layout.score_name


def _score_names(runs: Iterable[Result]) -> set[str]:
    return {name for result in runs for name in result.scores if result.value(name) is not None}


def _has(result: Result, name: str) -> bool:
    value = result.value(name)
    return value is not None and isfinite(value)


def _left_out(results: "Results", named: Named, seeds: Sequence[int]) -> list[str]:
    """A line for each run that has no partner, or did not end well."""
    if named.is_run:
        return []
    lines = []
    for run_id in named.run_ids:
        result = results.by_run.get(run_id)
        if result is None:
            lines.append(f"{named.label}: run {run_id} has no result, and is left out.")
        elif result.seed not in seeds:
            why = result.status if result.status != "done" else "without a partner"
            lines.append(f"{named.label}: seed {result.seed} is {why}, and is left out.")
    return lines
