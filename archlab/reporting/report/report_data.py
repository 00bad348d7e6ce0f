"""All that a report tells, as plain data: the same for the same store."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import TYPE_CHECKING, Any

from archlab.plain import printable
from archlab.records import Json
from archlab.reporting.report.answers import Answer, answers, default_choice
from archlab.reporting.report.datasets import datasets
from archlab.reporting.report.documents import documents_of_columns
from archlab.reporting.report.origins import Origins, origins
from archlab.reporting.report.places import places_of
from archlab.reporting.report.table_rows import TableRows, table_rows
from archlab.results.tables import Table

if TYPE_CHECKING:
    from archlab.results.collection import Results


@dataclass(frozen=True, kw_only=True)
class ReportData:
    """What the page is made of; everything in it can be written as JSON.

    columns: of the sweep's table; (None,) where it has none. answers: what to take, one for each column.
    chosen: the rows whose curves and labels are shown first. places: each row in each column, with its runs.
    datasets: what the charts draw, by name, see `datasets`. documents: which dev documents each run gets
    right, for each column.
    """

    sweep: str
    score_name: str
    columns: tuple[str | None, ...]
    answers: tuple[Answer, ...]
    chosen: tuple[str, ...]
    table: TableRows
    places: Sequence[Json]
    datasets: dict[str, list[Json]]
    documents: Sequence[Json]
    origins: Origins
    problems: Sequence[Json]

    def to_dict(self) -> Json:
        return {"schema_version": 1, **asdict(self)}


def collect(results: "Results", *, texts: bool = True) -> ReportData:
    """Gather what a report tells of a sweep. texts: whether dev documents are told with their text."""
    table = results.table()
    found = answers(results)
    data = ReportData(
        sweep=table.sweep,
        score_name=table.score_name,
        columns=table.columns or (None,),
        answers=found,
        chosen=default_choice(table, found),
        table=table_rows(table),
        places=places_of(results),
        datasets=datasets(results, table, {answer.column: answer.take for answer in found}),
        documents=documents_of_columns(results, texts=texts),
        origins=origins(results),
        problems=_problems(table),
    )
    return _printable(data)  # type: ignore[no-any-return]


def _printable(value: Any) -> Any:
    """The same without control characters, however deep: a chart's file could not hold them."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, (list, tuple)):
        return type(value)(map(_printable, value))
    if isinstance(value, dict):
        return {_printable(key): _printable(inner) for key, inner in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{name: _printable(inner) for name, inner in vars(value).items()})
    return value


def _problems(table: Table) -> list[Json]:
    from archlab.reporting.problems import problem_line

    return [{"line": problem_line(problem), "log": list(problem.log_tail)} for problem in table.problems]
