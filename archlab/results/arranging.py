"""A table's rows in another order, or only the first of them; the base stays the first."""

from collections.abc import Callable
from dataclasses import replace
from statistics import fmean

from archlab.errors import UsageError, did_you_mean
from archlab.results.layouts import is_base
from archlab.results.pareto import pareto_front
from archlab.results.tables import Row, Table

BY_COST: dict[str, Callable[[Row], float | None]] = {
    "params": lambda row: row.parameters,
    "words": lambda row: None if row.words_per_second is None else -row.words_per_second,
    "seconds": lambda row: row.seconds,
    "memory": lambda row: row.peak_memory_bytes,
    "model_mb": lambda row: row.model_bytes,
}
"""By name, what is to be small: the fastest comes first."""


def arranged(table: Table, sort: str | None = None, top: int | None = None, *, pareto: bool = False) -> Table:
    """The rows sorted: the best score, the lowest cost or the first name first; those without a value last.

    sort: a score of the table, a cost (`BY_COST`), or `variant`; None for the order of the sweep. Of several
    columns it is the mean over them. top: how many rows are left besides the base's; of the highest score
    where no order is named. pareto: only rows on the front of score and speed, and the base's.
    Raises UsageError for an order that there is not, and for a front where no row has a speed.
    """
    if sort is None and top is None and not pareto:
        return table
    front = front_rows(table)
    if pareto and not front:
        raise UsageError("No row has both a score and words per second: there is no Pareto front.")
    bases = [row for row in table.rows if is_base(row.label)]
    others = [row for row in table.rows if not is_base(row.label) and (row.label in front or not pareto)]
    if sort is not None or top is not None:
        others.sort(key=_key(table, sort or table.score_name))
    shown = (*bases, *others[:top])
    return replace(table, rows=shown, rows_left_out=len(table.rows) - len(shown))


def front_rows(table: Table) -> set[str]:
    """The labels of the rows that no other beats in both score and words per second: the Pareto front.

    With several columns, those that are on the front of one of them.
    """
    found = set()
    for number in range(len(table.columns) or 1):
        cells = [row.cells[number] for row in table.rows]
        points = [
            (cell.score.mean if cell and cell.score else None, row.words_per_second)
            for cell, row in zip(cells, table.rows, strict=True)
        ]
        fronts = zip(pareto_front(points), table.rows, strict=True)
        found |= {row.label for is_front, row in fronts if is_front}
    return found


def _key(table: Table, sort: str) -> Callable[[Row], tuple[bool, float | str]]:
    """Python's sort keeps rows that are equal as they are."""
    scores = [table.score_name, *table.scores_beside]
    if sort == "variant":
        return lambda row: (False, row.label.casefold())
    if sort in BY_COST and sort not in scores:
        return lambda row: _known_first(BY_COST[sort](row))
    if sort not in scores and sort != "score":
        known = [*scores, *BY_COST, "variant"]
        hint = did_you_mean(sort, known) or f"There are {', '.join(dict.fromkeys(known))}."
        raise UsageError(f"The table cannot be sorted by {sort}.", hint)
    place = scores.index(sort) if sort in scores else 0
    return lambda row: _known_first(_minus_mean(row, place))


def _minus_mean(row: Row, place: int) -> float | None:
    """Of a row's score, or one beside it, over its columns; negative, for the highest comes first."""
    found = [(cell.score, *cell.beside)[place] for cell in row.cells if cell is not None]
    means = [spread.mean for spread in found if spread is not None]
    return -fmean(means) if means else None


def _known_first(value: float | None) -> tuple[bool, float]:
    return (value is None, value or 0.0)
