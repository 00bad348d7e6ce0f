"""The verdict of the CI gate in a terminal."""

from typing import TYPE_CHECKING

from archlab.reporting.verdicts import LABELS, about, allowed, left_over, numbers, outcome, told_ones
from archlab.results.gate_findings import Finding, Verdict

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {"FAIL": "bold red", "GONE": "bold red", "known": "yellow", "skip": "yellow", "new": "cyan"}


def show_verdict(console: "Console", verdict: Verdict) -> None:
    """Each finding that is not plainly fine, the worst first; how many more there are; how it ends."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for finding in told_ones(verdict):
        label = LABELS[finding.status]
        style = STYLES.get(label, "green")
        grid.add_row(Text(label, style), Text(finding.variant), Text(about(finding)), Text(_said(finding)))
    more = left_over(verdict)
    if more:
        counted = f"{more} more" if grid.row_count else f"{more} variant{'s' if more > 1 else ''}"
        grid.add_row(Text("ok", "green"), Text(counted))
    if grid.row_count:
        console.print(grid)
        console.print()
    console.print(outcome(verdict))


def _said(finding: Finding) -> str:
    """Numbers, what the rule allows, and what is not said by them."""
    message = finding.message
    if finding.tolerance is not None and finding.status in ("failed", "acknowledged"):
        _, _, message = message.partition("; ")
    parts = [numbers(finding), allowed(finding), message]
    if finding.fails and finding.changed:
        parts.append(f"changed: {', '.join(finding.changed)}")
    return ", ".join(part for part in parts if part)
