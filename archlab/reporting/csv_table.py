"""A table as CSV, for spreadsheets and data frames: a line per variant and column."""

import csv
import io
from collections.abc import Iterator
from itertools import zip_longest

from archlab.plain import printable
from archlab.results.statistics import Spread
from archlab.results.tables import TOLD_OF_COMPARISONS, Cell, Row, Table

Value = str | int | float | bool | None

FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # the wide ones begin formulas, too
"""What a spreadsheet may take for the beginning of a formula."""


def csv_table(table: Table) -> str:
    """The table with its header, numbers in full, what is not known empty.

    A text that a spreadsheet would calculate gets an apostrophe before it.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(_defused, _header(table)))
    for row in table.rows:
        for column, cell in zip_longest(table.columns, row.cells):
            if cell is not None:
                writer.writerow(map(_defused, _line(row, column, cell)))
    return stream.getvalue()


def _header(table: Table) -> Iterator[str]:
    yield from ("variant", "column", table.score_name, "sd", "n", "difference", *TOLD_OF_COMPARISONS)
    yield from ("p_corrected", "p_best", "best")
    for name in table.scores_beside:
        yield from (name, f"{name} sd")
    yield from ("params", "model_bytes", "words_per_second", "words_per_second_sd")
    yield from ("seconds", "peak_memory_bytes")
    yield from ("done", "failed", "missing", "rejected")


def _line(row: Row, column: str | None, cell: Cell) -> Iterator[Value]:
    yield from (row.label, column, *_spread(cell.score), cell.score.n if cell.score else 0)
    yield cell.difference
    yield from (getattr(cell.comparison, name, None) for name in TOLD_OF_COMPARISONS)
    yield from (cell.p_corrected, cell.p_best, cell.best)
    for score in cell.beside:
        yield from _spread(score)
    yield from (row.parameters, row.model_bytes, row.words_per_second, row.words_per_second_sd)
    yield from (row.seconds, row.peak_memory_bytes)
    yield from (cell.done, cell.failed, cell.missing, cell.rejected)


def _spread(score: Spread | None) -> tuple[float | None, float | None]:
    return (None, None) if score is None else (score.mean, score.sd)


def _defused(value: Value) -> Value:
    """Text that stays text; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    begins = text.lstrip().startswith(FORMULAS) or text.startswith(("\t", "\n"))
    return f"'{text}" if begins and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
