"""What the charts of a report draw: rows of plain values, by the name of the dataset."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from archlab.records import Json, Result
from archlab.reporting.effects import axis_names, choice_label, effect_line
from archlab.results.choice_pairs import choice_pairs
from archlab.results.layouts import Place, is_base
from archlab.results.learning_curves import is_number, learning_curve, thinned
from archlab.results.main_effects import Effect, main_effects
from archlab.results.pareto import pareto_front
from archlab.results.tables import Table

if TYPE_CHECKING:
    from archlab.results.collection import Results

ADVISED, FRONT, BEHIND = "advised", "on the front", "behind it"

MOST_POINTS = 100
"""Of a learning curve; a longer one is thinned, and keeps its ends."""

MOST_LABELS = 60
"""Of a measure: those on which the variants differ most."""


def datasets(
    results: "Results", table: Table, taken: Mapping[str | None, str | None]
) -> dict[str, list[Json]]:
    """What the charts draw. taken: the row that the answer of each column names.

    Every row names its `column`, and those of variants their `variant`.
    cells: means and costs. seeds: the score of each run. curves: `step` and `score` of each run, as lists.
    effects: what a choice adds. pairs: means of two choices. labels: scores of single labels.
    """
    return {
        "cells": list(_numbered(_cells(table, taken))),
        "seeds": list(_seeds(results, table)),
        "curves": list(_curves(results)),
        "effects": list(_effects(main_effects(results))),
        "pairs": list(_pairs(results)),
        "labels": list(_labels(results)),
    }


def ranks(table: Table) -> dict[str, int]:
    """Row -> its place by the mean over columns, from 1; the rows without a score come last."""
    means = {
        row.label: [cell.score.mean for cell in row.cells if cell is not None and cell.score is not None]
        for row in table.rows
    }
    ordered = sorted(means, key=lambda label: -fmean(means[label]) if means[label] else float("inf"))
    return {label: number for number, label in enumerate(ordered, 1)}


def _cells(table: Table, taken: Mapping[str | None, str | None]) -> Iterator[Json]:
    places = ranks(table)
    for number, column in enumerate(table.columns or (None,)):
        cells = [(row, row.cells[number]) for row in table.rows]
        scored = [(row, cell) for row, cell in cells if cell is not None and cell.score is not None]
        means = [(cell.score.mean if cell.score else None, row.words_per_second) for row, cell in scored]
        for (row, cell), is_front in zip(scored, pareto_front(means), strict=True):
            assert cell.score is not None
            compared = cell.comparison
            yield {
                "variant": row.label,
                "column": column,
                "mean": cell.score.mean,
                "sd": cell.score.sd,
                "seeds": cell.score.n,
                "words": row.words_per_second,
                "words_sd": row.words_per_second_sd,
                "kind": _kind(row.label, is_front, taken.get(column)),
                "front": is_front,
                "rank": places[row.label],
                "best": cell.best,
                "difference": cell.difference,
                "low": compared.low if compared else None,
                "high": compared.high if compared else None,
            }


def _kind(label: str, is_front: bool, taken: str | None) -> str:
    """As the picture of score and speed calls it."""
    if label == taken:
        return ADVISED
    return "base" if is_base(label) else FRONT if is_front else BEHIND


def _numbered(cells: Iterable[Json]) -> Iterator[Json]:
    """With the `number` that stands beside a point, the best first; None for one of many."""
    numbers: dict[str | None, int] = {}
    for cell in sorted(cells, key=lambda cell: -cell["mean"]):
        if cell["kind"] == BEHIND:
            yield {**cell, "number": None}
        else:
            numbers[cell["column"]] = numbers.get(cell["column"], 0) + 1
            yield {**cell, "number": numbers[cell["column"]]}


def _finished(results: "Results") -> Iterator[tuple[Place, Result]]:
    for place in results.layout.places:
        for run_id in place.run_ids:
            result = results.by_run.get(run_id)
            if result is not None and result.status == "done":
                yield place, result


def _seeds(results: "Results", table: Table) -> Iterator[Json]:
    places = ranks(table)
    for place, result in _finished(results):
        score = result.value(results.layout.score_name)
        if score is not None:
            yield {
                "variant": place.row,
                "column": place.column,
                "rank": places[place.row],
                "seed": result.seed,
                "score": score,
            }


def _curves(results: "Results") -> Iterator[Json]:
    """Of finished runs and of others: how a run that failed had learned tells why."""
    if results.paths is None:
        return
    for place in results.layout.places:
        for run_id in place.run_ids:
            points = learning_curve(results.paths.run(run_id).progress, results.layout.score_name)
            result = results.by_run.get(run_id)
            if points and result is not None:
                kept = thinned(points, MOST_POINTS)
                yield {
                    "variant": place.row,
                    "column": place.column,
                    "run": run_id,
                    "seed": result.seed,
                    "step": [step for step, _ in kept],
                    "score": [score for _, score in kept],
                }


def _effects(effects: Sequence[Effect]) -> Iterator[Json]:
    names = axis_names(list(dict.fromkeys(effect.axis for effect in effects)))
    known = [effect for effect in effects if effect.comparison is not None]
    for rank, effect in enumerate(sorted(known, key=_size, reverse=True), 1):
        found = effect.comparison
        if found is not None:
            choice = choice_label(effect.axis, effect.choice)
            yield {
                "column": effect.column,
                "rank": rank,
                "choice": f"{names[effect.axis]} = {choice}",
                "difference": found.difference,
                "low": found.low,
                "high": found.high,
                "told": effect_line(effect, names[effect.axis]),
            }


def _size(effect: Effect) -> float:
    return abs(effect.comparison.difference) if effect.comparison else 0.0


def _pairs(results: "Results") -> Iterator[Json]:
    found = choice_pairs(results)
    names = axis_names(list(dict.fromkeys(axis for pair in found for axis in pair.axes)))
    for pair in found:
        if pair.score is not None:
            (one, other), (choice, against) = pair.axes, pair.choices
            yield {
                "column": pair.column,
                "pair": f"{names[one]} x {names[other]}",
                "one": f"{names[one]} = {choice_label(one, choice)}",
                "other": f"{names[other]} = {choice_label(other, against)}",
                "mean": pair.score,
                "variants": pair.variants,
            }


def _labels(results: "Results") -> Iterator[Json]:
    """F of each label, the mean over seeds; of each measure the labels that differ most between variants."""
    tables: dict[str, dict[Place, list[dict[str, float]]]] = {}
    for place, result in _finished(results):
        for measure, of_labels in result.scores.items():
            if measure.endswith(("_per_type", "_per_feat")) and isinstance(of_labels, dict):
                known = {label: value for label, told in of_labels.items() if is_number(value := _f(told))}
                tables.setdefault(measure, {}).setdefault(place, []).append(known)
    for measure, of_places in tables.items():
        means = {place: _mean_of_labels(runs) for place, runs in of_places.items()}
        for column in dict.fromkeys(place.column for place in means):
            of_column = {place: found for place, found in means.items() if place.column == column}
            shown = _most_different(of_column.values())
            for place, found in of_column.items():
                labels = [label for label in shown if label in found]
                if labels:
                    yield {
                        "variant": place.row,
                        "column": column,
                        "measure": measure,
                        "label": labels,
                        "f": [found[label] for label in labels],
                    }


def _f(told: Any) -> Any:
    return told.get("f") if isinstance(told, dict) else told


def _mean_of_labels(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    labels = dict.fromkeys(label for run in runs for label in run)
    return {label: fmean(run[label] for run in runs if label in run) for label in labels}


def _most_different(found: Any) -> list[str]:
    """By name, of those with the greatest range."""
    values: dict[str, list[float]] = {}
    for of_labels in found:
        for label, value in of_labels.items():
            values.setdefault(label, []).append(value)
    ranked = sorted(values, key=lambda label: (min(values[label]) - max(values[label]), label))
    return sorted(ranked[:MOST_LABELS])
