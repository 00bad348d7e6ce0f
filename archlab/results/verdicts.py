"""What a table says of each place: how it compares with the base, and whether it is told from the best."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from archlab.results.layouts import Place, is_base
from archlab.results.statistics import LEVEL, Comparison, Spread, holm

Pair = tuple[Place, Place]
CompareAll = Callable[[Sequence[Pair]], Sequence[Comparison | None]]
"""Compares the first place of each pair with the second; None where no seed has both scores."""


def compare_nothing(pairs: Sequence[Pair]) -> list[None]:
    """For tables of means alone."""
    return [None] * len(pairs)


@dataclass(frozen=True)
class Verdicts:
    """By place. means: of those that have a score. bases: of each column that has one, by column.

    with_base, with_best: comparisons with the base of the column, and with its highest mean. p_corrected,
    p_best: theirs, each for all of them. best: the highest mean of its column, and what is not
    distinguishable from it.
    """

    means: Mapping[Place, float]
    bases: Mapping[str | None, Place]
    with_base: Mapping[Place, Comparison | None]
    p_corrected: Mapping[Place, float | None]
    with_best: Mapping[Place, Comparison | None]
    p_best: Mapping[Place, float | None]
    best: frozenset[Place]

    @classmethod
    def of(cls, scores: Mapping[Place, Spread | None], compare_all: CompareAll) -> Self:
        """Two families, each over all columns: comparisons with the base, and with the highest mean."""
        means = {place: score.mean for place, score in scores.items() if score is not None}
        bases = _first_of_columns(place for place in scores if is_base(place.row))
        highest = _first_of_columns(sorted(means, key=lambda place: -means[place]))
        base_pairs = [
            (place, base)
            for place in means
            if not is_base(place.row) and (base := bases.get(place.column)) is not None and base in means
        ]
        best_pairs = [(place, best) for place in means if (best := highest[place.column]) != place]
        found = compare_all([*base_pairs, *best_pairs])
        with_base, p_corrected = _family(base_pairs, found[: len(base_pairs)])
        with_best, p_best = _family(best_pairs, found[len(base_pairs) :])
        leading = {
            place
            for place, mean in means.items()
            if mean == means[highest[place.column]] or _may_lead(with_best[place], p_best[place])
        }
        return cls(means, bases, with_base, p_corrected, with_best, p_best, frozenset(leading))

    def difference(self, place: Place) -> float | None:
        """To the base: over the seeds that both have finished; of means where these are none."""
        compared = self.with_base.get(place)
        if compared is not None:
            return compared.difference
        base = self.bases.get(place.column)
        if base is None or is_base(place.row) or not {place, base} <= self.means.keys():
            return None
        return self.means[place] - self.means[base]


def _may_lead(with_best: Comparison | None, p: float | None) -> bool:
    """Whether one is not known to be worse than the highest mean: of other seeds, that may even be lower."""
    return with_best is not None and p is not None and (p >= LEVEL or with_best.difference > 0)


def _first_of_columns(places: Iterable[Place]) -> dict[str | None, Place]:
    found: dict[str | None, Place] = {}
    for place in places:
        found.setdefault(place.column, place)
    return found


def _family(
    pairs: Sequence[Pair], comparisons: Sequence[Comparison | None]
) -> tuple[dict[Place, Comparison | None], dict[Place, float | None]]:
    """By the first of each pair: the comparison, and its p corrected for all of them."""
    places = [place for place, _ in pairs]
    corrected = holm([found.p if found else None for found in comparisons])
    return dict(zip(places, comparisons, strict=True)), dict(zip(places, corrected, strict=True))
