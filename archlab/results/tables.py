"""From results to a table: pure, and the same whatever will show it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from archlab.records import FromDict, Json, Result
from archlab.results.problems import Problem, find_problems
from archlab.results.statistics import Spread, spread

BASE = "base"
"""The first word of the base's row."""


@dataclass(frozen=True, kw_only=True)
class Place(FromDict):
    """Where a variant stands in the table, and which runs fill its cell.

    rejected: why it is not trained, or None.
    """

    row: str
    column: str | None
    variant_id: str | None
    run_ids: tuple[str, ...]
    rejected: str | None = None

    @property
    def label(self) -> str:
        return self.row if self.column is None else f"{self.row} [{self.column}]"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The rows and columns of a sweep's table, in the sweep's order.

    scores_beside: more scores that each cell tells, by name.
    """

    sweep: str
    score_name: str
    places: tuple[Place, ...]
    scores_beside: tuple[str, ...] = ()

    def to_dict(self) -> Json:
        places = [{**vars(place), "run_ids": list(place.run_ids)} for place in self.places]
        return {
            "schema_version": 1,
            "sweep": self.sweep,
            "score_name": self.score_name,
            "scores_beside": list(self.scores_beside),
            "places": places,
        }

    @classmethod
    def from_dict(cls, data: Json) -> "Layout":
        places = tuple(
            Place.from_dict({**place, "run_ids": tuple(place["run_ids"])}) for place in data["places"]
        )
        return cls(
            sweep=data["sweep"],
            score_name=data["score_name"],
            places=places,
            scores_beside=tuple(data.get("scores_beside", ())),
        )


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One variant's results. score: over its finished runs. difference: of means, to the base's in this
    column; None for the base itself. best: the highest mean of its column. beside: of further scores, in the
    table's order; None for one that no finished run has."""

    score: Spread | None
    beside: tuple[Spread | None, ...]
    difference: float | None
    best: bool
    done: int
    failed: int
    missing: int
    rejected: str | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: a cell per column, and what the variant costs, the median over all its finished runs."""

    label: str
    cells: tuple[Cell | None, ...]
    parameters: int | None
    words_per_second: float | None
    seconds: float | None

    @property
    def status(self) -> str:
        """`done`, or what is not."""
        cells = [cell for cell in self.cells if cell is not None]
        counts = {
            "rejected": sum(cell.rejected is not None for cell in cells),
            "failed": sum(cell.failed for cell in cells),
            "missing": sum(cell.missing for cell in cells),
        }
        return ", ".join(f"{n} {word}" for word, n in counts.items() if n) or "done"


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a grid came to.

    columns: () where there is one column without a name. scores_beside: the names of further scores in each
    cell. problems: runs and variants that gave no score.
    """

    sweep: str
    score_name: str
    scores_beside: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    seeds: int
    problems: tuple[Problem, ...]

    def to_dict(self) -> Json:
        """The table as JSON; what is not known is null."""
        return {
            "schema_version": 1,
            "sweep": self.sweep,
            "score_name": self.score_name,
            "rows": [
                {
                    "variant": row.label,
                    "status": row.status,
                    "parameters": row.parameters,
                    "words_per_second": row.words_per_second,
                    "seconds": row.seconds,
                    "cells": [
                        _cell_json(cell, column, self.scores_beside)
                        for column, cell in zip(self.columns or (None,), row.cells, strict=True)
                        if cell is not None
                    ],
                }
                for row in self.rows
            ],
            "problems": [problem.to_dict() for problem in self.problems],
        }


def make_table(layout: Layout, results: Mapping[str, Result]) -> Table:
    """Lay results out as rows and columns. results: by run id; those not in the layout are left out."""
    columns = tuple(dict.fromkeys(place.column for place in layout.places))
    labels = sorted(dict.fromkeys(place.row for place in layout.places), key=lambda row: not is_base(row))
    by_place = {(place.row, place.column): place for place in layout.places}
    scores = {place: _score(place, layout.score_name, results) for place in layout.places}
    marks = {column: _Marks.of(scores, column) for column in columns}
    rows = []
    for label in labels:
        places = [by_place.get((label, column)) for column in columns]
        finished = [
            results[run_id]
            for place in places
            if place is not None
            for run_id in place.run_ids
            if run_id in results and results[run_id].status == "done"
        ]
        rows.append(
            Row(
                label=label,
                cells=tuple(
                    None
                    if place is None
                    else _cell(place, scores[place], marks[place.column], layout.scores_beside, results)
                    for place in places
                ),
                parameters=_median_int(result.cost.parameters for result in finished),
                words_per_second=_median(result.cost.words_per_second for result in finished),
                seconds=_median(result.cost.seconds.total for result in finished),
            )
        )
    return Table(
        sweep=layout.sweep,
        score_name=layout.score_name,
        scores_beside=layout.scores_beside,
        columns=tuple(column for column in columns if column is not None),
        rows=tuple(rows),
        seeds=max((len(place.run_ids) for place in layout.places), default=0),
        problems=tuple(find_problems(layout, results)),
    )


def is_base(row: str) -> bool:
    """Whether a row is the base's own."""
    return row.split(" ")[0] == BASE


def winners(layout: Layout, results: Mapping[str, Result]) -> set[str]:
    """The best run of the best variant in each column: the runs whose models are worth keeping."""
    best = set()
    for column in dict.fromkeys(place.column for place in layout.places):
        scored = [
            (score.mean, place)
            for place in layout.places
            if place.column == column and (score := _score(place, layout.score_name, results)) is not None
        ]
        if scored:
            place = max(scored, key=lambda item: item[0])[1]
            runs = [
                results[run] for run in place.run_ids if run in results and results[run].score is not None
            ]
            best.add(max(runs, key=lambda result: result.score or 0.0).run_id)
    return best


def _score(place: Place, name: str, results: Mapping[str, Result]) -> Spread | None:
    found = [results[run_id] for run_id in place.run_ids if run_id in results]
    values = [result.value(name) for result in found if result.status == "done"]
    return spread([value for value in values if value is not None])


@dataclass(frozen=True)
class _Marks:
    """What the cells of a column are held against: the base's score, and the highest mean."""

    base: Spread | None
    highest: float | None

    @classmethod
    def of(cls, scores: Mapping[Place, Spread | None], column: str | None) -> "_Marks":
        here = [(place, score) for place, score in scores.items() if place.column == column]
        return cls(
            base=next((score for place, score in here if is_base(place.row)), None),
            highest=max((score.mean for _, score in here if score is not None), default=None),
        )


def _cell(
    place: Place,
    score: Spread | None,
    marks: _Marks,
    beside: Sequence[str],
    results: Mapping[str, Result],
) -> Cell:
    base = marks.base
    known = [results[run_id] for run_id in place.run_ids if run_id in results]
    return Cell(
        score=score,
        beside=tuple(_score(place, name, results) for name in beside),
        difference=None if score is None or base is None or is_base(place.row) else score.mean - base.mean,
        best=score is not None and score.mean == marks.highest,
        done=sum(result.status == "done" for result in known),
        failed=sum(result.status != "done" for result in known),
        missing=len(place.run_ids) - len(known),
        rejected=place.rejected,
    )


def _cell_json(cell: Cell, column: str | None, beside: Sequence[str]) -> Json:
    told = {"scores": dict(zip(beside, map(_spread_json, cell.beside), strict=True))} if beside else {}
    return {
        "column": column,
        **_spread_json(cell.score),
        **told,
        "difference": cell.difference,
        "best": cell.best,
        "done": cell.done,
        "failed": cell.failed,
        "missing": cell.missing,
        "rejected": cell.rejected,
    }


def _spread_json(score: Spread | None) -> Json:
    return {
        "mean": score.mean if score else None,
        "sd": score.sd if score else None,
        "n": score.n if score else 0,
    }


def _median(values: Iterable[float | None]) -> float | None:
    known: Sequence[float] = [value for value in values if value is not None]
    return median(known) if known else None


def _median_int(values: Iterable[int | None]) -> int | None:
    middle = _median(values)
    return None if middle is None else int(middle)
