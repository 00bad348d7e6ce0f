"""A sweep's table as rows of texts: the same for a terminal, a page and a paper."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from archlab.errors import UsageError, did_you_mean
from archlab.reporting.numbers import (
    amount_text,
    compact,
    counted,
    difference,
    p_text,
    score_text,
    speed_text,
)
from archlab.results.statistics import Comparison, Population
from archlab.results.tables import Cell, Row, Table

POPULATIONS: tuple[Population, ...] = ("seeds and documents", "documents", "seeds")

Style = Literal["", "best", "dim"]


@dataclass(frozen=True)
class Entry:
    """One text of a sheet. aside: what follows it, and is never bold."""

    text: str = ""
    style: Style = ""
    aside: str = ""


@dataclass(frozen=True)
class Column:
    """One column. name: as --hide takes it. is_number: it is set to the right."""

    name: str
    header: str
    is_number: bool = True


@dataclass(frozen=True)
class Sheet:
    """A header per column, and rows with as many entries. legend: lines on what they are."""

    legend: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[Entry, ...], ...]


@dataclass(frozen=True)
class Cost:
    """A column of costs: its header, and its text for a row."""

    header: str
    text: Callable[[Row], str]


def _megabytes(value: float | None) -> str:
    """Of 10^6 bytes, with one digit after the point below 100."""
    return "" if value is None else f"{value / 1e6:,.{1 if value < 1e8 else 0}f}"


COSTS = {
    "params": Cost("params", lambda row: compact(row.parameters)),
    "words": Cost("words/s", lambda row: speed_text(row.words_per_second, row.words_per_second_sd)),
    "seconds": Cost("seconds", lambda row: "" if row.seconds is None else f"{row.seconds:.1f}"),
    "memory": Cost("memory MB", lambda row: _megabytes(row.peak_memory_bytes)),
    "model_mb": Cost("model MB", lambda row: _megabytes(row.model_bytes)),
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What is shown of a table: its columns of costs, in their order, and how many digits scores have.

    costs: None for all that are known of a row, or in a terminal for those of them that there is room for.
    """

    costs: Sequence[str] | None = None
    hidden: Collection[str] = ()
    digits: int = 3


def require_columns(table: Table, shown: Shown) -> None:
    """Raise UsageError for a column of costs, or one to hide, that a table does not have."""
    _require_known(shown.costs or (), COSTS, "column of costs")
    hideable = ["difference", "p", *table.scores_beside, *COSTS, "status"]
    _require_known(shown.hidden, hideable, "column to hide")


def make_sheet(table: Table, shown: Shown | None = None) -> Sheet:
    """Lay a table out. Raises UsageError as `require_columns` does."""
    shown = shown or Shown()
    require_columns(table, shown)
    columns = list(_columns(table, shown))
    kept = [place for place, column in enumerate(columns) if column.name not in shown.hidden]
    rows = [list(_entries(row, table, shown)) for row in table.rows]
    return Sheet(
        legend=tuple(_legend(table, shown)),
        columns=tuple(columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in rows),
    )


def shown_costs(table: Table, shown: Shown) -> Sequence[str]:
    """The names of the columns of costs."""
    if shown.costs is not None:
        return shown.costs
    known = [name for name, cost in COSTS.items() if any(cost.text(row) for row in table.rows)]
    return [name for name in known if name not in shown.hidden]


def spared(scores_beside: Sequence[str]) -> Sequence[str]:
    """In what order columns go where there is no room for all: the speed, which decides most, goes last."""
    return ["model_mb", "memory", "params", "seconds", *reversed(scores_beside), "words"]


def _require_known(names: Iterable[str], known: Collection[str], what: str) -> None:
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"There are {', '.join(dict.fromkeys(known))}."
            raise UsageError(f"There is no {what} {name}.", hint)


def _columns(table: Table, shown: Shown) -> Iterator[Column]:
    yield Column("variant", "", is_number=False)
    for column in table.columns or ("",):
        yield Column("score", column or "score", is_number=False)
        if not column and table.has_base:
            yield Column("difference", "difference", is_number=False)
            if table.compared:
                yield Column("p", "p")
        for name in table.scores_beside:
            yield Column(name, f"{column} {name}".lstrip())
    for name in shown_costs(table, shown):
        yield Column(name, COSTS[name].header)
    if any(row.status != "done" for row in table.rows):
        yield Column("status", "status", is_number=False)


def _entries(row: Row, table: Table, shown: Shown) -> Iterator[Entry]:
    """As many as there are columns."""
    yield Entry(row.label)
    for cell in row.cells:
        score_entry = _score(cell, shown)
        if table.columns:
            aside = "" if "difference" in shown.hidden else _narrow(cell, shown.digits)
            yield Entry(score_entry.text, score_entry.style, aside)
        else:
            yield score_entry
            if table.has_base:
                yield Entry(_wide(cell, shown.digits))
                if table.compared:
                    yield Entry(p_text(cell.p_corrected if cell else None))
        for beside in cell.beside if cell else [None] * len(table.scores_beside):
            yield Entry("" if beside is None else amount_text(beside, shown.digits))
    for name in shown_costs(table, shown):
        yield Entry(COSTS[name].text(row))
    yield Entry(row.status)


def _score(cell: Cell | None, shown: Shown) -> Entry:
    if cell is None:
        return Entry()
    if cell.score is None:
        return Entry("rejected" if cell.rejected else "-", "dim")
    return Entry(score_text(cell.score, shown.digits), "best" if cell.best else "")


def _narrow(cell: Cell | None, digits: int) -> str:
    """A difference, in parentheses where it may be chance."""
    if cell is None or cell.difference is None:
        return ""
    text = difference(cell.difference, digits)
    return f"({text})" if cell.within_noise else text


def _wide(cell: Cell | None, digits: int) -> str:
    """A difference and its interval: `-.087 [-.165 .. -.008]`."""
    if cell is None or cell.difference is None:
        return ""
    text, found = difference(cell.difference, digits), cell.comparison
    if found is None or found.low is None or found.high is None:
        return text
    return f"{text} [{difference(found.low, digits)} .. {difference(found.high, digits)}]"


def _legend(table: Table, shown: Shown) -> Iterator[str]:
    """What the numbers are; how differences are tested; how many rows there are, where not all."""
    parts = [
        f"{table.score_name}, mean ± sd over {table.seeds} seeds"
        if table.seeds > 1
        else f"{table.score_name}, one seed"
    ]
    if table.has_base and "difference" not in shown.hidden:
        parts.append(f"difference to the base{_noise_mark(table)}")
    is_told_apart = any(cell.p_best is not None for cell in table.cells)
    parts.append("bold: the best, and what cannot be told from it" if is_told_apart else "best in bold")
    yield "; ".join(parts)
    if table.has_base or is_told_apart:
        yield _tests(table)
    if table.rows_left_out:
        yield f"{len(table.rows)} of {len(table.rows) + table.rows_left_out} rows"


def _noise_mark(table: Table) -> str:
    if not table.compared:
        return ""
    return ", in parentheses where it is within noise" if table.columns else " [95% interval]"


def _tests(table: Table) -> str:
    """Over what differences generalise, and how many p are corrected for."""
    with_base = [cell.comparison for cell in table.cells if cell.p_corrected is not None]
    with_best = [cell.with_best for cell in table.cells if cell.p_best is not None]
    tested = [found for found in with_base or with_best if found is not None]
    if not tested:
        unknown = "one seed, documents not known one by one: " if table.seeds == 1 else ""
        return f"{unknown}no difference could be tested"
    family = counted(range(table.compared), "comparison")
    corrected = f"; p is corrected for {family} (Holm)" if table.compared else ""
    return f"{_population(tested)}{corrected}"


def _population(tested: Sequence[Comparison]) -> str:
    """What the tests speak of; where not all speak of the same, of how many."""
    over = Counter(found.generalises_over for found in tested)
    if len(over) > 1:
        told = ", ".join(f"{over[kind]} over {kind}" for kind in POPULATIONS if over[kind])
        return f"differences are tested over what is known: {told}"
    if over["documents"]:
        return "one seed: differences are tested over documents alone"
    if over["seeds"]:
        return "documents are not known one by one: differences are tested over seeds alone"
    return "differences are tested over seeds and documents"
