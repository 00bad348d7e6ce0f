"""A grid while it goes on, as large as the terminal allows: what runs, how far it is, means of what is done.

Loads rich, which is why it is imported where something is shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.table import Table as Grid
from rich.text import Text

from archlab.engines.base import Event
from archlab.engines.progress import RunningRun, Snapshot
from archlab.plain import printable
from archlab.reporting.numbers import counted, score
from archlab.reporting.sheets import Column, Entry, Shown, make_sheet
from archlab.results.arranging import arranged
from archlab.results.layouts import is_base
from archlab.results.tables import Row, Table

GAP = 2
BAR_WIDTH = 10
RUN_WIDTH, ROW_WIDTH = 16, 24
"""Of names: other columns go before they are cut below this."""
ABOVE_ROWS = 3
"""Lines of a table before its rows: one that is empty, what the numbers are, a header."""

HIDDEN = ("difference", "p", "status")


class LiveView:
    """A snapshot as something that rich shows: no line is wider than the console, nor are there more lines.

    snapshot: may be replaced; a table that stays the same is not laid out again. height: in lines; None for
    all that there is to show.
    """

    def __init__(self, snapshot: Snapshot, height: int | None = None) -> None:
        self.snapshot = snapshot
        self.height = height
        self._laid_out: tuple[Table, int, int] | None = None
        self._lines: list[list[Segment]] = []

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, running, table = options.max_width, self.snapshot.running, self.snapshot.table
        rows = 0 if table is None else len(table.rows) + bool(table.rows_left_out)
        lines_of_runs, lines_of_table = _shares(self.height, len(running), rows)
        if lines_of_runs:
            yield from _running(running, width, lines_of_runs)
        if self.height is None or self.height > 0:
            yield _cut(Text(told(self.snapshot, width)), width)
        if table is not None and lines_of_table:
            if (table, width, lines_of_table) != self._laid_out:
                shown = Group(*_table(table, width, lines_of_table))
                self._lines = console.render_lines(shown, options.reset_height(), pad=False)
                self._laid_out = (table, width, lines_of_table)
            for line in self._lines:
                yield from line
                yield Segment.line()


def told(snapshot: Snapshot, width: int | None = None) -> str:
    """`14 of 24 done, 1 failed, 2 running, 7 waiting, about 0:50 left`; in less width, less."""
    failed = f", {snapshot.failed} failed" if snapshot.failed else ""
    running = f", {len(snapshot.running)} running" if snapshot.running else ""
    waiting = f", {snapshot.waiting} waiting" if snapshot.waiting else ""
    left = "" if snapshot.seconds_left is None else f", about {clock(snapshot.seconds_left)} left"
    begin = f"{snapshot.done} of {snapshot.total} done{failed}"
    for text in (f"{begin}{running}{waiting}{left}", f"{begin}{left}"):
        if width is None or len(text) <= width:
            return text
    return begin


def clock(seconds: float) -> str:
    """`0:07`, `1:02:03`; `100+ days` for all that is no time a grid takes."""
    if not seconds < 100 * 86400:
        return "100+ days"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def steps_text(step: int | None, max_steps: int | None) -> str:
    """`92/150`; `step 92` where it is not known how many there will be."""
    if step is None:
        return "starting"
    return f"{step}/{max_steps}" if max_steps else f"step {step}"


def named(event: Event) -> str:
    """`TextCatBOW.v1 seed 1`."""
    return f"{event.spec.variant} seed {event.spec.seed}"


def evaluated_text(event: Event) -> str:
    """`TextCatBOW.v1 seed 1  92/150  .810`."""
    return f"{named(event)}  {steps_text(event.step, event.max_steps)}  {_score(event.score)}".rstrip()


def ended_text(event: Event) -> str:
    """`TextCatBOW.v1 seed 1  .810  12.3 s`, or why it failed."""
    name, result = named(event), event.result
    if result is None:
        return name
    if result.reason is not None:
        return f"{name}: {result.reason.kind}, {result.reason.message}"
    seconds = result.cost.seconds.total
    return f"{name}  {_score(result.score)}" + (f"  {seconds:.1f} s" if seconds is not None else "")


def _score(value: float | None) -> str:
    return "" if value is None else score(value)


def _shares(height: int | None, runs: int, rows: int) -> tuple[int, int]:
    """How many lines the running runs get, and how many the table, besides the one of the count.

    rows: lines that the table's rows need. It gets what it needs, but half of all is for the runs if they
    need it; a table that could not show a row, and how many more there are, is left out.
    """
    wanted = ABOVE_ROWS + rows if rows else 0
    if height is None:
        return runs, wanted
    free = max(0, height - 1)
    for_runs = min(runs, max(free - wanted, free // 2))
    for_table = min(wanted, free - for_runs)
    return (for_runs, for_table) if for_table >= min(wanted, ABOVE_ROWS + 2) else (min(runs, free), 0)


def _running(runs: Sequence[RunningRun], width: int, lines: int) -> Iterator[RenderableType]:
    """A line per run; the last one counts those for which there is none."""
    shown = runs if len(runs) <= lines else runs[: lines - 1]
    texts = [
        [
            flat(run.variant),
            f"seed {run.seed}",
            flat(run.device),
            "",
            steps_text(run.step, run.max_steps),
            _score(run.score),
            "" if run.seconds_left is None else clock(run.seconds_left),
        ]
        for run in shown
    ]
    widths = [max((cell_len(row[place]) for row in texts), default=0) for place in range(7)]
    widths[3] = BAR_WIDTH if any(run.max_steps for run in shown) else 0
    the_bar_first = (3, 2, 5, 6)  # then the device, the score, the time
    kept = _fitting(widths, width, RUN_WIDTH, least=the_bar_first)
    grid = _grid(widths, kept, width, numbers=(4, 5, 6))
    for run, row in zip(shown, texts, strict=True):
        cells: list[RenderableType] = [Text(text) for text in row]
        cells[0] = Text(_shortened(row[0], grid.columns[0].width or 1))
        if run.max_steps:
            cells[3] = ProgressBar(total=run.max_steps, completed=run.step or 0, width=BAR_WIDTH)
        grid.add_row(*(cells[place] for place in kept))
    if shown:
        yield grid
    if len(shown) < len(runs):
        yield _cut(Text(f"and {len(runs) - len(shown)} more", style="dim"), width)


def _table(table: Table, width: int, lines: int) -> Iterator[RenderableType]:
    """As many rows as there is room for, the base and the best; the rest is counted."""
    planned = len(table.rows) + table.rows_left_out
    if planned > lines - ABOVE_ROWS:
        table = _first_rows(table, lines - ABOVE_ROWS - 1)
    sheet = make_sheet(replace(table, rows_left_out=0), Shown(hidden=HIDDEN))
    columns = [*sheet.columns, Column("runs", "runs", is_number=False)]
    entries = [[*row, _runs_entry(of)] for row, of in zip(sheet.rows, table.rows, strict=True)]
    widths = [
        _widest([row[place].text for row in entries], column.header) for place, column in enumerate(columns)
    ]
    scores = [place for place, column in enumerate(columns) if column.name == "score"]
    others = [place for place in range(1, len(columns) - 1) if place not in scores]
    least = (*reversed(others), len(columns) - 1, *reversed(scores[1:]))
    kept = _fitting(widths, width, ROW_WIDTH, least)
    seen = [place for place in scores if place in kept]
    cut_to = f"{len(seen)} of {counted(scores, 'column')}; " if len(seen) < len(scores) else ""
    legend = f"{cut_to}{sheet.legend[0]}"
    yield Text("")
    yield _cut(Text(flat(legend), style="dim"), width)
    grid = _grid(widths, kept, width, numbers=[p for p, c in enumerate(columns) if c.is_number])
    grid.show_header = True
    for place, column in zip(kept, grid.columns, strict=True):
        column.header = Text(flat(columns[place].header))
    for row in entries:
        name = replace(row[0], text=_shortened(flat(row[0].text), grid.columns[0].width or 1))
        grid.add_row(*(_entry_text(entry) for entry in (name, *(row[place] for place in kept[1:]))))
    yield grid
    if len(table.rows) < planned:
        yield _cut(Text(f"and {planned - len(table.rows)} more", style="dim"), width)


def _first_rows(table: Table, rows: int) -> Table:
    """The base, and then the best."""
    bases = sum(is_base(row.label) for row in table.rows)
    first = arranged(table, top=max(0, rows - bases))
    return replace(first, rows=first.rows[:rows])


def _widest(texts: Sequence[str], header: str) -> int:
    """The width of a column; 0 where there is nothing in it."""
    return max(cell_len(flat(text)) for text in (header, *texts)) if any(texts) else 0


def _runs_entry(row: Row) -> Entry:
    """How many of a row's runs are done: `2/3`, `1/3, 1 failed`."""
    cells = [cell for cell in row.cells if cell is not None]
    if all(cell.rejected for cell in cells):
        return Entry("rejected", "dim")
    done, failed = sum(cell.done for cell in cells), sum(cell.failed for cell in cells)
    planned = done + failed + sum(cell.missing for cell in cells)
    return Entry(f"{done}/{planned}" + (f", {failed} failed" if failed else ""), "dim")


def _fitting(widths: Sequence[int], width: int, name: int, least: Sequence[int]) -> list[int]:
    """The columns that are kept. Of those that may go, `least` in this order, no more go than must, for the
    first to have this width or all that it needs. Columns without text are left out."""
    kept = [place for place, wide in enumerate(widths) if wide or place == 0]
    for place in least:
        others = sum(widths[p] + GAP for p in kept if p)
        if others + min(widths[0], name) <= width:
            break
        if place in kept:
            kept.remove(place)
    return kept


def _grid(widths: Sequence[int], kept: Sequence[int], width: int, numbers: Sequence[int]) -> Grid:
    """A table of rich's whose columns have these widths; the first has what is left of the line."""
    grid = Grid(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=False, header_style="bold")
    left = width - sum(widths[place] + GAP for place in kept if place)
    for place in kept:
        wide = max(1, min(widths[0], left)) if place == 0 else widths[place]
        grid.add_column(
            width=wide, no_wrap=True, overflow="ellipsis", justify="right" if place in numbers else "left"
        )
    return grid


def _entry_text(entry: Entry) -> Text:
    return Text(flat(entry.text), style={"": "", "best": "bold", "dim": "dim"}[entry.style])


def flat(text: str) -> str:
    """A text on one line, without what would act on a terminal."""
    return " ".join(printable(text).split())


def _shortened(text: str, width: int) -> str:
    """The beginning and the end of a text: names of variants often differ in their last words."""
    if cell_len(text) <= width:
        return text
    end = (width - 1) // 2
    return f"{set_cell_size(text, width - 1 - end)}…{set_cell_size(text[::-1], end)[::-1]}"


def _cut(text: Text, width: int) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    text.truncate(width, overflow="ellipsis")
    return text
