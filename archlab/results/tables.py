"""From results to a table: pure, and the same whatever will show it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from archlab.records import Json, Result
from archlab.results.layouts import Layout as Layout
from archlab.results.layouts import Place as Place
from archlab.results.layouts import is_base
from archlab.results.problems import Problem, find_problems
from archlab.results.statistics import LEVEL, Comparison, Spread, spread
from archlab.results.verdicts import CompareAll, Verdicts, compare_nothing

TOLD_OF_COMPARISONS = ("low", "high", "p", "generalises_over", "seeds", "documents")
"""What programs are told of a comparison with the base, besides the difference."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One variant's results.

    score: over its finished runs. beside: of further scores, in the table's order; None for one that no
    finished run has. difference: to the base of this column, over the seeds that both have finished, or of
    means where these are none; None for the base itself. comparison: with the base; None where there is
    none. p_corrected: for all comparisons with a base in the table. with_best, p_best: the same with the
    highest mean of this column. best: that, or not distinguishable from it.
    """

    score: Spread | None
    beside: tuple[Spread | None, ...]
    difference: float | None
    comparison: Comparison | None
    p_corrected: float | None
    with_best: Comparison | None
    p_best: float | None
    best: bool
    done: int
    failed: int
    missing: int
    rejected: str | None

    @property
    def within_noise(self) -> bool:
        """Whether the difference to the base has been tested, and may be chance."""
        return self.p_corrected is not None and self.p_corrected >= LEVEL


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: a cell per column, and what the variant costs, the median over all its finished runs.

    words_per_second_sd: of all passes that were timed in them, each beside the median of its own run; None
    where fewer than two were.
    """

    label: str
    cells: tuple[Cell | None, ...]
    parameters: int | None
    model_bytes: int | None
    words_per_second: float | None
    words_per_second_sd: float | None
    seconds: float | None
    peak_memory_bytes: int | None

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
    cell. problems: runs and variants that gave no score. rows_left_out: how many are not among the rows.
    has_base: whether anything has a difference to a base. compared: how many p of such differences there
    are, which are corrected together.
    """

    sweep: str
    score_name: str
    scores_beside: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    seeds: int
    problems: tuple[Problem, ...]
    has_base: bool = False
    compared: int = 0
    rows_left_out: int = 0

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Those that there are, row by row."""
        return tuple(cell for row in self.rows for cell in row.cells if cell is not None)

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
                    "model_bytes": row.model_bytes,
                    "words_per_second": row.words_per_second,
                    "words_per_second_sd": row.words_per_second_sd,
                    "seconds": row.seconds,
                    "peak_memory_bytes": row.peak_memory_bytes,
                    "cells": [
                        _cell_json(cell, column, self.scores_beside)
                        for column, cell in zip(self.columns or (None,), row.cells, strict=True)
                        if cell is not None
                    ],
                }
                for row in self.rows
            ],
            "rows_left_out": self.rows_left_out,
            "problems": [problem.to_dict() for problem in self.problems],
        }


def make_table(
    layout: Layout, results: Mapping[str, Result], compare_all: CompareAll = compare_nothing
) -> Table:
    """Lay results out as rows and columns. results: by run id; those not in the layout are left out."""
    columns = tuple(dict.fromkeys(place.column for place in layout.places))
    labels = sorted(dict.fromkeys(place.row for place in layout.places), key=lambda row: not is_base(row))
    scores = {place: _score(place, layout.score_name, results) for place in layout.places}
    verdicts = Verdicts.of(scores, compare_all)
    cells = {
        (place.row, place.column): _cell(place, score, verdicts, layout.scores_beside, results)
        for place, score in scores.items()
    }
    run_ids: dict[str, list[str]] = {}
    for place in layout.places:
        run_ids.setdefault(place.row, []).extend(place.run_ids)
    return Table(
        sweep=layout.sweep,
        score_name=layout.score_name,
        scores_beside=layout.scores_beside,
        columns=tuple(column for column in columns if column is not None),
        rows=tuple(
            _row(label, tuple(cells.get((label, column)) for column in columns), run_ids[label], results)
            for label in labels
        ),
        seeds=max((len(place.run_ids) for place in layout.places), default=0),
        problems=tuple(find_problems(layout, results)),
        has_base=any(cell.difference is not None for cell in cells.values()),
        compared=sum(p is not None for p in verdicts.p_corrected.values()),
    )


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


def _row(
    label: str, cells: tuple[Cell | None, ...], run_ids: Iterable[str], results: Mapping[str, Result]
) -> Row:
    known = [results[run_id] for run_id in run_ids if run_id in results]
    costs = [result.cost for result in known if result.status == "done"]
    speed = _median(cost.words_per_second for cost in costs)
    passes = spread(
        [
            words / cost.words_per_second
            for cost in costs
            for words in cost.words_per_second_passes
            if cost.words_per_second
        ]
    )
    return Row(
        label=label,
        cells=cells,
        parameters=_median_int(cost.parameters for cost in costs),
        model_bytes=_median_int(cost.model_bytes for cost in costs),
        words_per_second=speed,
        words_per_second_sd=speed * passes.sd if speed and passes and passes.sd is not None else None,
        seconds=_median(cost.seconds.total for cost in costs),
        peak_memory_bytes=_median_int(cost.peak_memory_bytes for cost in costs),
    )


def _cell(
    place: Place,
    score: Spread | None,
    verdicts: Verdicts,
    beside: Sequence[str],
    results: Mapping[str, Result],
) -> Cell:
    known = [results[run_id] for run_id in place.run_ids if run_id in results]
    return Cell(
        score=score,
        beside=tuple(_score(place, name, results) for name in beside),
        difference=verdicts.difference(place),
        comparison=verdicts.with_base.get(place),
        p_corrected=verdicts.p_corrected.get(place),
        with_best=verdicts.with_best.get(place),
        p_best=verdicts.p_best.get(place),
        best=place in verdicts.best,
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
        **{name: getattr(cell.comparison, name, None) for name in TOLD_OF_COMPARISONS},
        "p_corrected": cell.p_corrected,
        "p_best": cell.p_best,
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
