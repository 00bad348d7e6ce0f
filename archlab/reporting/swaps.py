"""What a swap has done, for a terminal."""

from typing import IO, TYPE_CHECKING

from archlab.configs.differences import setting_text
from archlab.configs.slotting import get_section
from archlab.reporting.terminal import make_console, show_diff, show_finding

if TYPE_CHECKING:
    from rich.console import Console

    from archlab.configs.swapping import Swapped
    from archlab.records import Report


def show_swapped(stream: IO[str], swapped: "Swapped", report: "Report", *, explain: bool = False) -> None:
    """Each swap in a line, what changes, what the check says; to explain, where every value comes from."""
    console = make_console(stream)
    if not swapped.diff and not swapped.steps:
        console.print("Nothing changes: all is so already.")
    elif not swapped.diff:
        for step in swapped.steps:
            console.print(f"{step.slot.short} is {step.before} already: nothing changes.", soft_wrap=True)
    else:
        for step in swapped.steps:
            console.print(f"{step.slot.short}   {step.before}  ->  {step.slot.block}", soft_wrap=True)
        if swapped.steps:
            console.print()
        show_diff(console, swapped.diff, swapped.notes)
    if explain and swapped.diff:
        console.print()
    if explain:
        _explain(console, swapped)
    faulty = {finding.slot for finding in report.findings if finding.severity != "note"}
    slots = [step.slot for step in swapped.steps if step.slot.path not in faulty]
    fitting = [slot for slot in slots if slot.expects]
    if (report.findings or fitting) and (swapped.diff or explain):
        console.print()
    for finding in report.findings:
        show_finding(console, finding)
    for slot in fitting:
        where = f"{slot.short}   " if len(swapped.steps) > 1 else ""
        console.print(f"fits     {where}{slot.expects}, as expected there", soft_wrap=True)


def _explain(console: "Console", swapped: "Swapped") -> None:
    """A line for every setting of the new blocks, and for what else was changed: its value, its source."""
    from rich.table import Table

    sources = {note.path: note.source for note in swapped.notes}
    paths = {path: None for step in swapped.steps for path in _settings(swapped, step.slot.path)}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("setting", "value", "comes from"):
        table.add_column(name, overflow="fold")
    for path in [*paths, *(path for path in sources if path not in paths)]:
        value = get_section(swapped.config, path)
        text = "..." if isinstance(value, dict) else setting_text(value)
        table.add_row(path.removeprefix("components."), text, _source(path, sources, swapped))
    console.print(table)


def _settings(swapped: "Swapped", path: str) -> list[str]:
    section = get_section(swapped.config, path) or {}
    found = []
    for key, value in section.items():
        if isinstance(value, dict):
            found += _settings(swapped, f"{path}.{key}")
        elif not key.startswith("@"):
            found.append(f"{path}.{key}")
    return found


def _source(path: str, sources: dict[str, str], swapped: "Swapped") -> str:
    """Where a value comes from: its own note, that of the section around it, the base, or what was typed."""
    if path in sources:
        return sources[path]
    if get_section(swapped.config, path) == get_section(swapped.base, path):
        return "as it was"
    around = path.rpartition(".")[0]
    while around:
        if around in sources:
            return sources[around]
        around = around.rpartition(".")[0]
    return "as given"
