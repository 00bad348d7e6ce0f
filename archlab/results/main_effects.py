"""What one choice adds, whatever else is chosen: the main effects of a crossed design.

The variants with a choice are paired with those that are the same but for the base's choice there. Scores are
averaged over these pairs first, seed by seed and document by document, and then compared as two variants are:
the interval speaks of new seeds and new documents, of the mean over just these cells of the design.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import exp, log
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from archlab.records import Json, Result
from archlab.results.layouts import Layout, Place, is_base
from archlab.results.paired_scores import Scores
from archlab.results.run_states import stored_sweep_file
from archlab.results.statistics import Comparison, compare, holm
from archlab.results.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from archlab.results.collection import Results

    Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The effect of a choice. axis: its path in the sweep. choice, against: as the sweep says them, as JSON.

    cells: how many pairs of variants it is the mean of. comparison: the choice less the base's; None where no
    pair has finished runs with the same seeds. p: corrected for the number of effects (Holm).
    times_as_fast: words per second, the geometric mean over the pairs; None if not known.
    """

    column: str | None
    axis: str
    choice: Any
    against: Any
    cells: int
    comparison: Comparison | None
    p: float | None = None
    times_as_fast: float | None = None

    def to_dict(self) -> Json:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class DesignCell:
    """A variant of the design: its choice on each axis that applies to it, and its finished runs by seed."""

    is_base: bool
    settings: Mapping[str, Any]
    runs: Mapping[int, Result] = field(default_factory=dict)


Pair = tuple[DesignCell, DesignCell]
"""The same but for one axis: the base's choice there, and another."""


def main_effects(results: "Results") -> list[Effect]:
    """Of every axis and each choice that is not the base's, column by column; in the sweep's order.

    Named variants, which stand beside the design, are left out. Where an outer choice removes an axis, as
    a bag of words removes the embedding, its variant is the partner of all that differ there alone.
    """
    paths, name = results.paths, results.layout.score_name
    if paths is None:
        return []
    scores = Scores(paths, results.layout.score_weights)
    effects = []
    for column, cells in design_cells(results).items():
        for axis, against, choices in axes(cells):
            for choice in choices:
                found = pairs(cells, axis, choice, against)
                effects.append(
                    Effect(
                        column=column,
                        axis=axis,
                        choice=choice,
                        against=against,
                        cells=len(_finished(found)),
                        comparison=_compare(_finished(found), scores, name),
                        times_as_fast=_times(found),
                    )
                )
    corrected = holm([effect.comparison.p if effect.comparison else None for effect in effects])
    return [replace(effect, p=p) for effect, p in zip(effects, corrected, strict=True)]


def design_cells(results: "Results") -> dict[str | None, list[DesignCell]]:
    """Column -> the variants of the crossed design there that have a result; none where the store is unknown.

    Named variants, which stand beside the design, are left out.
    """
    layout, paths = results.layout, results.paths
    if paths is None:
        return {}
    file = stored_sweep_file(Store(layout.sweep, paths.folder.parent))
    named = file.variants if file else ()
    columns = dict.fromkeys(place.column for place in layout.places)
    return {column: _cells(layout, column, results.by_run, named) for column in columns}


def axes(cells: Sequence[DesignCell]) -> list[tuple[str, Any, list[Any]]]:
    """Axis, the base's choice on it, and the other choices. Without a base, its is the first."""
    found = []
    for axis in dict.fromkeys(path for cell in cells for path in cell.settings):
        choices = {
            choice_key(cell.settings[axis]): cell.settings[axis] for cell in cells if axis in cell.settings
        }
        of_base = [cell.settings[axis] for cell in cells if cell.is_base and axis in cell.settings]
        against = next(iter(of_base or choices.values()))
        others = [choice for key, choice in choices.items() if key != choice_key(against)]
        if others:
            found.append((axis, against, others))
    return found


def pairs(cells: Sequence[DesignCell], axis: str, choice: Any, against: Any) -> list[Pair]:
    """The variants that are the same but for this axis; an axis that one of them lacks does not count."""

    def chose(value: Any) -> list[DesignCell]:
        return [
            cell
            for cell in cells
            if axis in cell.settings and choice_key(cell.settings[axis]) == choice_key(value)
        ]

    return [
        (one, other)
        for one in chose(against)
        for other in chose(choice)
        if all(
            choice_key(one.settings[path]) == choice_key(other.settings[path])
            for path in one.settings.keys() & other.settings.keys() - {axis}
        )
    ]


def choice_key(value: Any) -> str:
    """The same for choices that are the same."""
    return json.dumps(value, sort_keys=True)


def _cells(
    layout: Layout, column: str | None, by_run: Mapping[str, Result], named: Collection[str]
) -> list[DesignCell]:
    """The variants of a column that have a result, each once."""
    places = {
        place.variant_id: place
        for place in reversed(layout.places)  # a variant is called as where it stands first
        if place.column == column and place.row not in named
    }
    cells = [_cell(place, by_run, layout.score_name) for place in reversed(places.values())]
    return [cell for cell in cells if cell.settings]


def _cell(place: Place, by_run: Mapping[str, Result], score_name: str) -> DesignCell:
    known = [by_run[run_id] for run_id in place.run_ids if run_id in by_run]
    done = [r for r in known if r.status == "done" and r.value(score_name) is not None]
    settings = known[0].swaps if known else {}
    return DesignCell(
        is_base=is_base(place.row), settings=settings, runs={result.seed: result for result in done}
    )


def _finished(found: Iterable[Pair]) -> list[Pair]:
    """Those that have a finished seed in common."""
    return [(one, other) for one, other in found if one.runs.keys() & other.runs.keys()]


def _compare(found: Sequence[Pair], scores: Scores, name: str) -> Comparison | None:
    """The mean over pairs, over the seeds that all of them have."""
    if not found:
        return None
    seeds = sorted(set.intersection(*(set(one.runs) & set(other.runs) for one, other in found)))
    if not seeds:
        return None
    against, choice = (
        [[cell.runs[seed] for cell in side] for seed in seeds] for side in zip(*found, strict=True)
    )
    known = [values for side in (choice, against) if (values := _by_document(side, scores, name)) is not None]
    runs = [run for side in (choice, against) for of_seed in side for run in of_seed]
    if len(known) == 2 and scores.have_same_documents(runs):
        return compare(*known)
    return compare(_by_seed(choice, name), _by_seed(against, name))


def _by_seed(side: Sequence[Sequence[Result]], name: str) -> list[float]:
    """The mean over cells of the score, for each seed."""
    return [fmean(result.value(name) or 0.0 for result in of_seed) for of_seed in side]


def _by_document(side: Sequence[Sequence[Result]], scores: Scores, name: str) -> "Floats | None":
    """The mean over cells of what each document adds: (seeds, documents); None where that is not known."""
    import numpy as np

    values = [[scores.by_document(result, name) for result in of_seed] for of_seed in side]
    known = [value for of_seed in values for value in of_seed if value is not None]
    if len(known) < len(side) * len(side[0]) or len({value.shape for value in known}) > 1:
        return None
    mean: Floats = np.reshape(known, (len(side), len(side[0]), -1)).mean(axis=1)
    return mean


def _times(found: Iterable[Pair]) -> float | None:
    """How many times as fast the choice is as the base's."""
    speeds = [(_speed(one), _speed(other)) for one, other in found]
    ratios = [log(other / one) for one, other in speeds if one and other]
    return exp(fmean(ratios)) if ratios else None


def _speed(cell: DesignCell) -> float | None:
    speeds = [result.cost.words_per_second for result in cell.runs.values()]
    known = [speed for speed in speeds if speed]
    return median(known) if known else None
