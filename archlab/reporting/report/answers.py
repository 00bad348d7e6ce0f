"""The answer that a report begins with: which variant to take, for each column."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archlab.reporting.advice import advice_text
from archlab.reporting.numbers import counted
from archlab.results.advice import advice_of
from archlab.results.layouts import is_base
from archlab.results.tables import Table

if TYPE_CHECKING:
    from archlab.results.collection import Results

MAX_CHOSEN = 8
"""So many colours and shapes can be told apart."""

FIRST_CHOSEN = 5


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What to take in a column. take, best: rows of the table; None where that cannot be said."""

    column: str | None
    text: str
    take: str | None = None
    best: str | None = None


def answers(results: "Results") -> tuple[Answer, ...]:
    """One for each column that has something to say, or one that says why there is none."""
    found = tuple(
        Answer(column=advice.column, text=advice_text(advice), take=advice.take, best=advice.best)
        for advice in advice_of(results)
    )
    return found or (Answer(column=None, text=_without_advice(results)),)


def default_choice(table: Table, found: tuple[Answer, ...]) -> tuple[str, ...]:
    """The base, what is advised, what is best, and the highest means: in the order of the table."""
    wanted = [row.label for row in table.rows if is_base(row.label)]
    wanted += [label for answer in found for label in (answer.take, answer.best) if label is not None]
    wanted += [label for _, label in sorted(_means(table), reverse=True)]
    kept = list(dict.fromkeys(wanted))[:FIRST_CHOSEN]
    return tuple(row.label for row in table.rows if row.label in kept)


def _means(table: Table) -> list[tuple[float, str]]:
    return [
        (max(means), row.label)
        for row in table.rows
        if (means := [cell.score.mean for cell in row.cells if cell is not None and cell.score is not None])
    ]


def _without_advice(results: "Results") -> str:
    """Why nothing can be advised."""
    name = results.layout.score_name
    scored = [result for result in results if result.status == "done" and result.value(name) is not None]
    if not scored and results.failed:
        return f"No variant can be taken: {counted(results.failed, 'run')} failed, and none has a score."
    if not scored:
        return f"No variant can be taken: no run has a {name}."
    labels = {result.variant for result in scored}
    return f"One variant alone has a score, {min(labels)}: there is nothing to compare it with."
