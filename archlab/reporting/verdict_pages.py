"""The verdict of the CI gate as a page in Markdown, for a job's summary or a comment."""

from collections.abc import Iterable, Iterator

from archlab.reporting.table_pages import markdown_row, plain_markdown
from archlab.reporting.verdicts import (
    LABELS,
    about,
    allowed,
    compared_with,
    left_over,
    numbers,
    outcome,
    told_ones,
)
from archlab.results.gate_findings import Finding, Verdict

MAX_BYTES = 1024 * 1024
"""Of a step's summary on GitHub; a longer one is not shown at all."""

_ROOM_TO_TELL = 200
HEADER = ("", "variant", "", "baseline -> now", "allowed", "")


def markdown_verdict(verdict: Verdict, file: str, max_bytes: int = MAX_BYTES) -> str:
    """A heading that says how it ends, what was compared, and a table; in UTF-8 no longer than max_bytes.

    Findings that have no room are counted; the worst come first.
    """
    passed = "passed" if verdict.passed else "failed"
    head = [
        f"### {plain_markdown(verdict.sweep)}: {passed}",
        "",
        plain_markdown(compared_with(verdict, file)),
        "",
        outcome(verdict),
        "",
    ]
    told = told_ones(verdict)
    others = [one for one in verdict.findings if one.status in ("ok", "unchanged")]
    if told:
        head += [markdown_row(HEADER), markdown_row("---" for _ in HEADER)]
    more = left_over(verdict)
    tail = ["", f"{more} more ok." if told else ""] if more else []
    lines = [*_fitting(head, map(_row, told), max_bytes // 2), *tail]
    lines += ["", "<details><summary>All that is ok</summary>", ""]
    lines += [markdown_row(HEADER), markdown_row("---" for _ in HEADER)]
    return "\n".join([*_fitting(lines, map(_row, others), max_bytes), "", "</details>"]) + "\n"


def _fitting(lines: list[str], rows: Iterator[str] | Iterable[str], max_bytes: int) -> list[str]:
    """The lines, with as many rows as there is room for, and how many have none."""
    size = sum(len(line.encode()) + 1 for line in lines) + _ROOM_TO_TELL
    fitting, left = list(lines), 0
    for row in rows:
        size += len(row.encode()) + 1
        if size > max_bytes:
            left += 1
        else:
            fitting.append(row)
    return [*fitting, "", f"{left} more have no room here."] if left else fitting


def _row(finding: Finding) -> str:
    label = LABELS[finding.status]
    message = finding.message if finding.test is None else f"{finding.message} ({finding.test})"
    if finding.fails and finding.changed:
        message += f"; changed: {', '.join(finding.changed)}"
    cells = (finding.variant, about(finding), numbers(finding), allowed(finding), message)
    marked = f"**{label}**" if finding.fails else label
    return markdown_row([marked, *map(plain_markdown, cells)])
