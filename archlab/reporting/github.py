"""Findings as annotations of GitHub Actions: a job prints them, and they show beside the lines of a change.

The format is https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands; what is
escaped, and how, is from actions/toolkit, packages/core/src/command.ts.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from archlab.plain import printable
from archlab.records import Finding, Report, Severity
from archlab.reporting.numbers import some
from archlab.reporting.verdicts import sentence
from archlab.results.gate_findings import Finding as GateFinding
from archlab.results.gate_findings import Verdict

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}

SEVERITIES: dict[str, Severity] = {
    "failed": "error",
    "vanished": "error",
    "acknowledged": "warning",
    "skipped": "warning",
    "appeared": "note",
}
"""Of what the CI gate finds; what is ok has none."""


def annotations(report: Report, *, file: str | None = None) -> Iterator[str]:
    """One line per finding, in the order of the report: `::error file=my.cfg,line=3,title=SLOT::MESSAGE`.

    file: what was checked, for a finding that does not know where it stands. Files are named from the
    repository's root, as GitHub wants it, or where they do not lie below it, from the working directory.
    """
    return (_annotation(finding, file) for finding in report.findings)


def _annotation(finding: Finding, file: str | None) -> str:
    place = finding.file or file
    properties = {
        "file": None if place is None else _from_root(place),
        "line": str(finding.line) if finding.file and finding.line else None,
        "col": str(finding.column) if finding.file and finding.column else None,
        "title": finding.slot or None,
    }
    named = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items() if value)
    command = COMMANDS[finding.severity]
    return f"::{command}{' ' if named else ''}{named}::{_escape(_message(finding))}"


def _message(finding: Finding) -> str:
    variants = f"in {some(finding.variants)}" if finding.variants else None
    return "\n".join(part for part in (finding.message, finding.fix, variants) if part)


def _from_root(file: str) -> str:
    path = Path(file).resolve()
    for root in (os.environ.get("GITHUB_WORKSPACE"), Path.cwd()):
        if root and path.is_relative_to(Path(root).resolve()):
            return path.relative_to(Path(root).resolve()).as_posix()
    return file


def _escape(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")


def verdict_annotations(verdict: Verdict) -> Iterator[str]:
    """One line for each finding of the CI gate that is not plainly fine, at the line of the slot."""
    told = (one for one in verdict.findings if one.status in SEVERITIES)
    return (_annotation(_as_finding(one), None) for one in told)


def _as_finding(finding: GateFinding) -> Finding:
    return Finding(
        severity=SEVERITIES[finding.status],
        slot=finding.variant,
        message=sentence(finding),
        file=finding.file,
        line=finding.line,
    )
