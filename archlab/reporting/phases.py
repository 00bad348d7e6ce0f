"""Where the seconds of runs went, in a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archlab.results.phases import PHASES, RunPhases, sums

if TYPE_CHECKING:
    from rich.console import Console


def show_phases(console: "Console", runs: Sequence[RunPhases]) -> None:
    """A row for each run, then what all of them took, and each phase's share."""
    from rich.table import Table as RichTable

    console.print(
        "wall seconds of each run by phase; start: until its config is read", style="dim", soft_wrap=True
    )
    console.print()
    grid = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    grid.add_column("", overflow="fold")
    for name in ("seed", *PHASES, "other", "total"):
        grid.add_column(name, justify="right", no_wrap=True)
    for run in runs:
        grid.add_row(run.variant, str(run.seed), *map(_text, (*run.phases, run.other, run.total)))
    if runs:
        *phases, total = sums(runs)
        grid.add_row(f"all {len(runs)} runs", "", *map(_text, phases), _text(total), style="bold")
        if total:
            grid.add_row("share", "", *(f"{seconds / total:.0%}" for seconds in phases), "")
    console.print(grid)


def _text(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f}" if seconds < 10 else f"{seconds:.1f}"
