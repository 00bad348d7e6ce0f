"""Findings as GitHub reads them: every character arrives, and nothing breaks out of its place."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archlab.records import Finding, Report
from archlab.reporting.github import annotations

FINDING = Finding(severity="error", slot="components.a.model", message="no")


def annotated(file: str | None = None, **given: Any) -> str:
    (line,) = annotations(Report((replace(FINDING, **given),)), file=file)
    return line


def read(line: str) -> tuple[str, dict[str, str], str]:
    """(command, properties, message) as actions/runner reads a line of a job's output."""
    assert "\n" not in line
    assert "\r" not in line
    head, message = line.removeprefix("::").split("::", 1)
    command, _, listed = head.partition(" ")
    properties = dict(item.split("=", 1) for item in listed.split(",")) if listed else {}
    marks = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}

    def plain(text: str, known: list[str]) -> str:
        for mark in known:
            text = text.replace(mark, marks[mark])
        return text

    values = {key: plain(value, [*marks]) for key, value in properties.items()}
    return command, values, plain(message, ["%0D", "%0A", "%25"])


def test_a_finding_is_an_annotation_at_its_line() -> None:
    (line,) = annotations(Report((replace(FINDING, file="my.cfg", line=3),)), file="checked.cfg")
    assert line == "::error file=my.cfg,line=3,title=components.a.model::no"


def test_a_finding_without_a_place_stands_at_what_was_checked() -> None:
    assert annotated(file="my.cfg", line=3) == "::error file=my.cfg,title=components.a.model::no"


@pytest.mark.parametrize(
    ("severity", "command"), [("error", "error"), ("warning", "warning"), ("note", "notice")]
)
def test_each_severity_has_its_command(severity: str, command: str) -> None:
    assert annotated(severity=severity) == f"::{command} title=components.a.model::no"


def test_what_has_no_place_and_no_slot_has_a_message() -> None:
    assert annotated(slot="") == "::error::no"


def test_fix_and_variants_are_lines_of_the_message() -> None:
    line = annotated(fix="archlab swap a.model b::c=1", variants=("one", "two"))
    assert read(line)[2] == "no\narchlab swap a.model b::c=1\nin one, two"


@pytest.mark.parametrize(
    "text",
    [
        "100% sure",
        "a\nb",
        "x::error file=y::z",
        "%0A",
        "a,b=c:d",
        "ключ=значение ✓",
        "%25",
        " spaced ",
    ],
)
def test_odd_characters_arrive_as_they_are(text: str) -> None:
    odd = Finding(severity="error", slot=text, message=text, fix=text, file=text, line=7)
    (line,) = annotations(Report((odd,)))
    assert read(line) == ("error", {"file": text, "line": "7", "title": text}, f"{text}\n{text}")


@pytest.mark.parametrize("text", ["a\r\nb", "\x1b[31ma\x1b[0m\nb", "a\u202e\x9b\n\x07b"])
def test_control_characters_do_not_arrive_and_end_no_line(text: str) -> None:
    (line,) = annotations(Report((Finding(severity="error", slot=f"{text}\x1b[", message=text, line=7),)))
    assert read(line) == ("error", {"title": "a\nb"}, "a\nb")


@pytest.fixture(autouse=True)
def _not_in_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


def test_in_a_job_a_file_is_named_from_the_root_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "workspace" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "workspace" / "sub")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "workspace"))
    assert read(annotated(file="a.cfg"))[1]["file"] == "sub/a.cfg"
    assert read(annotated(file="../a.cfg"))[1]["file"] == "a.cfg"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "elsewhere"))
    assert read(annotated(file="a.cfg"))[1]["file"] == "a.cfg"


def test_a_file_below_the_working_directory_is_named_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    inside, outside = str(tmp_path / "here" / "configs" / "a.cfg"), str(tmp_path / "a.cfg")
    assert read(annotated(file=inside))[1]["file"] == "configs/a.cfg"
    assert read(annotated(file=outside))[1]["file"] == outside
    assert read(annotated(file="../a.cfg"))[1]["file"] == "../a.cfg"
