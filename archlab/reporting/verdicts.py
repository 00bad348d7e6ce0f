"""What the CI gate says, as a person reads it in a terminal."""

from typing import TYPE_CHECKING

from archlab.reporting.numbers import difference, score
from archlab.results.regressions import Finding, Verdict

if TYPE_CHECKING:
    from rich.console import Console

LABELS = {
    "failed": "FAIL",
    "vanished": "GONE",
    "appeared": "new",
    "acknowledged": "known",
    "skipped": "skip",
    "unchanged": "same",
    "ok": "ok",
}
STYLES = {
    "FAIL": "bold red",
    "GONE": "bold red",
    "new": "cyan",
    "known": "yellow",
    "skip": "yellow",
    "same": "dim",
    "ok": "green",
}


def compared_with(verdict: Verdict, file: str) -> str:
    """What was compared, and what differs in versions and machine."""
    changes = f"; {', '.join(verdict.changes)}" if verdict.changes else ""
    return f'compared with {file} ({verdict.made}, "{verdict.reason}"){changes}'


def show_verdict(console: "Console", verdict: Verdict) -> None:
    """Each finding that is not plainly fine, the worst first; how many more there are; how it ends."""
    from rich.table import Table

    shown = sorted(
        (finding for finding in verdict.findings if finding.status != "ok"),
        key=lambda finding: list(LABELS).index(finding.status),
    )
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for finding in shown:
        label = LABELS[finding.status]
        grid.add_row(
            f"[{STYLES[label]}]{label}[/]", finding.variant, finding.metric or finding.rule, told(finding)
        )
    console.print(grid)
    fine = len(verdict.variants) - len({finding.variant for finding in shown})
    if fine:
        console.print(f"ok    {fine} {'more' if shown else 'variants'}")
    console.print()
    console.print(f"{len(verdict.failed_variants)} of {len(verdict.variants)} failed.")


def told(finding: Finding) -> str:
    """`.641 -> .602   -.039 (95% -.052 .. -.026), tolerance .010`, or the sentence."""
    if finding.before is None or finding.after is None or finding.difference is None:
        return finding.message
    text = f"{score(finding.before)} -> {score(finding.after)}   {difference(finding.difference)}"
    if finding.low is not None and finding.high is not None:
        text += f" (95% {difference(finding.low)} .. {difference(finding.high)})"
    return f"{text}, {finding.message}"
