"""A sweep's table as HTML, as notebooks show it. Nothing in it but text acts."""

from collections.abc import Iterator
from html import escape

from archlab.plain import printable
from archlab.reporting.problems import problem_line
from archlab.reporting.sheets import Column, Entry, make_sheet
from archlab.results.tables import Table


def html_table(table: Table) -> str:
    """What numbers are, the table, and what is wrong with runs that gave no score."""
    return "\n".join(_lines(table)) + "\n"


def _lines(table: Table) -> Iterator[str]:
    sheet = make_sheet(table)
    yield "<div>"
    for line in sheet.legend:
        yield f"<p>{_text(line)}</p>"
    yield "<table>"
    headers = "".join(f"<th{_align(column)}>{_text(column.header)}</th>" for column in sheet.columns)
    yield f"<thead><tr>{headers}</tr></thead>"
    yield "<tbody>"
    for row in sheet.rows:
        yield f"<tr>{''.join(map(_cell, sheet.columns, row))}</tr>"
    yield "</tbody>"
    yield "</table>"
    for problem in table.problems:
        yield f"<p>{_text(problem_line(problem))}</p>"
    yield "</div>"


def _cell(column: Column, entry: Entry) -> str:
    text = f"<b>{_text(entry.text)}</b>" if entry.style == "best" else _text(entry.text)
    aside = f" <small>{_text(entry.aside)}</small>" if entry.aside else ""
    direction = ' dir="auto"' if column.name == "variant" else ""
    return f"<td{_align(column)}{direction}>{text}{aside}</td>"


def _align(column: Column) -> str:
    return f' style="text-align: {"right" if column.is_number else "left"}"'


def _text(text: str) -> str:
    return escape(printable(text))
