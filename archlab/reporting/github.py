"""Findings as annotations of GitHub Actions: a job prints them, and they show beside the lines of a change.

The format is https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands; what is
escaped, and how, is from actions/toolkit, packages/core/src/command.ts.
"""

from collections.abc import Iterator
from pathlib import Path

from archlab.plain import printable
from archlab.records import Finding, Report
from archlab.reporting.numbers import some

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def annotations(report: Report, *, file: str | None = None) -> Iterator[str]:
    """One line per finding, in the order of the report: `::error file=my.cfg,line=3,title=SLOT::MESSAGE`.

    file: what was checked, for a finding that does not know where it stands. Files below the working
    directory are named from there, as GitHub wants it.
    """
    return (_annotation(finding, file) for finding in report.findings)


def _annotation(finding: Finding, file: str | None) -> str:
    place = finding.file or file
    properties = {
        "file": None if place is None else _from_here(place),
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


def _from_here(file: str) -> str:
    path, here = Path(file).resolve(), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else file


def _escape(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
