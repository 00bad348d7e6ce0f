"""Mean scores for pairs of choices, of every two axes of a crossed sweep: what a heat map shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import TYPE_CHECKING, Any

from archlab.results.main_effects import DesignCell, axes, choice_key, design_cells

if TYPE_CHECKING:
    from archlab.results.collection import Results


@dataclass(frozen=True, kw_only=True)
class ChoicePair:
    """Two choices together. axes: their paths in the sweep. choices: as the sweep says them, as JSON.

    score: the mean over the variants that have both, each the mean over its seeds; None where none has
    finished. variants: how many have.
    """

    column: str | None
    axes: tuple[str, str]
    choices: tuple[Any, Any]
    score: float | None
    variants: int


def choice_pairs(results: "Results") -> list[ChoicePair]:
    """Of every two axes on which there is a choice, column by column; in the sweep's order."""
    name = results.layout.score_name
    found = []
    for column, cells in design_cells(results).items():
        choices = {axis: [against, *others] for axis, against, others in axes(cells)}
        for one, other in combinations(choices, 2):
            for of_one in choices[one]:
                for of_other in choices[other]:
                    scores = _scores(cells, {one: of_one, other: of_other}, name)
                    found.append(
                        ChoicePair(
                            column=column,
                            axes=(one, other),
                            choices=(of_one, of_other),
                            score=fmean(scores) if scores else None,
                            variants=len(scores),
                        )
                    )
    return found


def _scores(cells: Sequence[DesignCell], choices: dict[str, Any], name: str) -> list[float]:
    """The mean of each variant that has made these choices."""
    return [
        fmean(result.value(name) or 0.0 for result in cell.runs.values())
        for cell in cells
        if cell.runs
        and all(
            axis in cell.settings and choice_key(cell.settings[axis]) == choice_key(choice)
            for axis, choice in choices.items()
        )
    ]
