"""The table of a report: the texts of the usual table, and the numbers that they are sorted by."""

from collections.abc import Iterator
from dataclasses import dataclass

from archlab.records import Json
from archlab.reporting.sheets import Entry, make_sheet
from archlab.results.arranging import BY_COST, front_rows
from archlab.results.tables import Row, Table


@dataclass(frozen=True, kw_only=True)
class TableRows:
    """The rows of the page's table.

    legend: what the numbers are. columns: `name`, `header`, `is_number`. rows: `label`, `texts` (each a text,
    what follows it, and whether it is bold), `values` to sort by, and `front`, whether it is on the Pareto
    front of score and words per second.
    """

    legend: tuple[str, ...]
    columns: tuple[Json, ...]
    rows: tuple[Json, ...]


def table_rows(table: Table) -> TableRows:
    """The texts and values of each row, in the order of the table."""
    sheet = make_sheet(table)
    front = front_rows(table)
    names = [column.name for column in sheet.columns]
    return TableRows(
        legend=sheet.legend,
        columns=tuple(
            {"name": column.name, "header": column.header or column.name, "is_number": column.is_number}
            for column in sheet.columns
        ),
        rows=tuple(
            {
                "label": row.label,
                "texts": [_text(entry) for entry in entries],
                "values": list(_values(row, names)),
                "front": row.label in front,
            }
            for row, entries in zip(table.rows, sheet.rows, strict=True)
        ),
    )


def _text(entry: Entry) -> Json:
    return {"text": entry.text, "aside": entry.aside, "best": entry.style == "best"}


def _values(row: Row, names: list[str]) -> Iterator[float | str | None]:
    """What each column is sorted by; None for what is not known."""
    place, beside = -1, 0
    for name in names:
        if name == "score":
            place, beside = place + 1, 0
        cell = row.cells[place] if place >= 0 else None
        if name == "variant":
            yield row.label
        elif name == "status":
            yield row.status
        elif name == "score":
            yield cell.score.mean if cell and cell.score else None
        elif name == "difference":
            yield cell.difference if cell else None
        elif name == "p":
            yield cell.p_corrected if cell else None
        elif name in BY_COST:
            value = BY_COST[name](row)
            yield -value if value is not None and name == "words" else value
        else:
            found = cell.beside[beside] if cell else None
            beside += 1
            yield found.mean if found else None
