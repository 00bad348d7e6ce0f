"""What a person reads in a terminal. Without a terminal only the colours go."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Literal

from archlab.checking.compatibility import Matrix
from archlab.checking.fitting import Candidate
from archlab.configs.differences import Diff, SectionDiff
from archlab.records import Finding, Note, Report, Slot
from archlab.reporting.hints import with_base
from archlab.reporting.matrix_tables import groups
from archlab.reporting.numbers import some
from archlab.reporting.problems import show_problems
from archlab.reporting.sheets import COSTS, Entry, Sheet, Shown, make_sheet, shown_costs, spared
from archlab.results.tables import Table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

NAME_WIDTH = 24
"""A narrow terminal folds the names of variants to so many characters; then columns of costs go."""

SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def make_console(file: IO[str]) -> "Console":
    """A console for a stream: as wide as the terminal, or as wide as the text where there is none."""
    from archlab.reporting import consoles

    return consoles.make_console(file)


def show_table(console: "Console", table: Table, shown: Shown | None = None) -> None:
    """The table of a sweep: score +- sd and difference to the base, then what each variant costs.

    Where nobody has named the costs, those columns of costs and scores beside that there is room for.
    Raises UsageError for a column that it does not have.
    """
    sheet, grid, left_out = _laid_out(console, table, shown or Shown())
    for line in sheet.legend:
        console.print(line, style="dim", soft_wrap=True)
    if left_out:
        names = ", ".join(COSTS[name].header if name in COSTS else name for name in left_out)
        only_costs = all(name in COSTS for name in left_out)
        how = f"--columns {','.join(left_out)}" if only_costs else "--format markdown"
        console.print(f"no room for {names}: {how}", style="dim", soft_wrap=True)
    console.print()
    console.print(grid)
    if table.problems:
        console.print()
        show_problems(console, table.problems, table.sweep)


def _laid_out(console: "Console", table: Table, shown: Shown) -> tuple[Sheet, "RichTable", Sequence[str]]:
    """The sheet, as rich lays it out, and the costs and scores beside that it has no room for."""
    costs, scores = shown_costs(table, shown), [n for n in table.scores_beside if n not in shown.hidden]
    candidates = [name for name in spared(scores) if name in (*costs, *scores)]
    for number in range(len(candidates) + 1):
        left_out = candidates[:number]
        sheet = make_sheet(table, replace(shown, hidden=(*shown.hidden, *left_out)))
        grid = _grid(sheet)
        if shown.costs is not None or _least_width(console, sheet, grid) <= console.width:
            break
    return sheet, grid, left_out


def _least_width(console: "Console", sheet: Sheet, grid: "RichTable") -> int:
    """How wide a grid is with the names of its rows folded to NAME_WIDTH."""
    from rich.cells import cell_len

    from archlab.reporting.consoles import UNLIMITED

    whole = console.measure(grid, options=console.options.update(max_width=UNLIMITED)).maximum
    names = max((cell_len(row[0].text) for row in sheet.rows), default=0)
    return whole - max(0, names - NAME_WIDTH)


def _grid(sheet: Sheet) -> "RichTable":
    from rich.table import Table as RichTable

    grid = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    grid.add_column("", overflow="fold")
    for column in sheet.columns[1:]:
        justify: Literal["left", "right"] = "right" if column.is_number else "left"
        grid.add_column(column.header, justify=justify, no_wrap=column.name != "status")
    for row in sheet.rows:
        grid.add_row(*map(_entry_text, row))
    return grid


def show_report(console: "Console", report: Report, *, subject: str = "") -> None:
    """Findings, the worst first, and how many there are of each severity."""
    for finding in report.findings:
        show_finding(console, finding)
    counts = {s: sum(f.severity == s for f in report.findings) for s in SEVERITY_STYLES}
    named = ", ".join(f"{n} {s}{'s' if n > 1 else ''}" for s, n in counts.items() if n)
    console.print(f"{subject}{': ' if subject else ''}{named or 'all fits'}", soft_wrap=True)


def show_finding(console: "Console", finding: Finding) -> None:
    place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
    where = f"{finding.slot}  ({place})" if finding.slot and finding.line else finding.slot or place
    label = f"{finding.severity:<8} "
    lines = [*([where] if where else []), *finding.message.split("\n")]
    if finding.fix:
        lines.append(with_base(finding.fix, finding.file))
    if finding.variants:
        lines.append(f"in {some(finding.variants)}")
    console.print(_styled(label, SEVERITY_STYLES[finding.severity], lines[0]), soft_wrap=True)
    for line in lines[1:]:
        console.print(" " * len(label) + line, soft_wrap=True)


def show_diff(console: "Console", diff: Diff, notes: Iterable[Note] = ()) -> None:
    """What a swap changes; sections that go are folded to one line, with what sits below them counted."""
    sources = {note.path: note.source for note in notes}
    removed = [section.path for section in diff.sections if section.change == "removed"]
    for section in diff.sections:
        if section.change == "removed":
            if any(section.path.startswith(f"{other}.") for other in removed):
                continue
            below = sum(other.startswith(f"{section.path}.") for other in removed)
            count = f"  ({below + 1} sections)" if below else ""
            console.print(f"- [{section.path}]  ...{count}", style="red", soft_wrap=True)
            continue
        _show_section(console, section, sources)


def show_slots(console: "Console", slots: Iterable[Slot]) -> None:
    """A line per slot: where it is, what sits there, what is expected."""
    from rich.table import Table as RichTable

    grid = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("slot", "block", "expects"):
        grid.add_column(name, overflow="fold")
    for slot in slots:
        name = slot.block if slot.registry == "architectures" else f"@{slot.registry}:{slot.block}"
        grid.add_row(slot.short, name, slot.expects or "")
    console.print(grid)


def show_candidates(
    console: "Console", slot: Slot, candidates: Sequence[Candidate], *, show_all: bool = False
) -> None:
    """What a slot expects, and a line per block: verdict, name, and why or what it is."""
    console.print(f"{slot.short} expects {slot.expects or 'nothing that is stated'}\n", soft_wrap=True)
    shown = [c for c in candidates if show_all or c.verdict != "misfit"]
    names = [c.name if c.registry == slot.registry else f"@{c.registry}:{c.name}" for c in shown]
    width = max(map(len, names), default=0)
    for candidate, name in zip(shown, names, strict=True):
        style = {"fits": "green", "needs": "yellow", "unknown": "cyan", "misfit": "dim"}[candidate.verdict]
        about = candidate.reason or candidate.summary
        line = _styled(f"{candidate.verdict:<8} ", style, f"{name:<{width}}  {about}".rstrip())
        console.print(line, soft_wrap=True)
    hidden = len(candidates) - len(shown)
    if hidden:
        console.print(f"{hidden} more do not fit (--all shows why)")


def show_matrix(console: "Console", matrix: Matrix) -> None:
    """A table per component: a row per block that fits somewhere, a column per slot."""
    from rich.table import Table as RichTable

    for group in groups(matrix):
        console.print(", ".join(group.components), style="bold", soft_wrap=True)
        grid = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for name in ("block", *group.headers):
            grid.add_column(name, overflow="fold")
        for block, cells in group.rows():
            grid.add_row(block, *cells)
        console.print(grid)
        console.print()
    for component, reason in matrix.left_out.items():
        console.print(f"{component} is left out: {reason}", soft_wrap=True)


def _show_section(console: "Console", section: SectionDiff, sources: Mapping[str, str]) -> None:
    style = "green" if section.change == "added" else None
    sign = "+" if section.change == "added" else " "
    source = sources.get(section.path)
    header = f"{sign} [{section.path}]" + (f"   {source}" if source else "")
    console.print(header, style=style, soft_wrap=True)
    width = max((len(f"{line.key} = {line.value}") for line in section.lines), default=0)
    for line in section.lines:
        text = f"{line.key} = {line.value}"
        source = sources.get(f"{section.path}.{line.key}") if line.change == "+" else None
        colour = {"-": "red", "+": "green", " ": ""}[line.change]
        told = f"{text:<{min(width, 60)}}   {source}" if source else text
        console.print(f"{line.change} {told}", style=colour, soft_wrap=True)


def _entry_text(entry: Entry) -> "Text":
    from rich.text import Text

    text = Text(entry.text, style={"": "", "best": "bold", "dim": "dim"}[entry.style])
    if entry.aside:
        text.append(f"  {entry.aside}", style="not bold dim")
    return text


def _styled(label: str, style: str, rest: str) -> "Text":
    from rich.text import Text

    return Text.assemble((label, style), rest)
