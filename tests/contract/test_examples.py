"""What each code file in examples/ owes its reader: types that archlab reads, shapes, no mistyped layer."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

import archlab

EXAMPLES = ROOT / "examples"
FILES = sorted(str(path.relative_to(ROOT)) for path in EXAMPLES.glob("*/*.py"))
MISTYPED = "examples/types/mistyped.py"
SHAPE = re.compile(r"\(\w+(, [\w *+]+)+\)")
NOT_INSTALLED = re.compile(r"No module named '(tensorflow|keras|mxnet)'")


@cache
def registered() -> dict[str, Any]:
    """File -> the blocks it registers, read in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("example_blocks.py")), *FILES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(params=FILES)
def blocks(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """The blocks of one file."""
    found = registered()[request.param]
    if isinstance(found, str):
        assert NOT_INSTALLED.search(found), found
        pytest.skip(found)
    return list(found)


def test_types_are_stated_whole(blocks: list[dict[str, Any]]) -> None:
    assert {block["name"]: block["open"] for block in blocks if block["open"]} == {}


def test_types_need_no_correction(blocks: list[dict[str, Any]]) -> None:
    assert {block["name"]: block["corrected"] for block in blocks if block["corrected"]} == {}


def test_docstrings_say_what_a_block_is_and_models_their_shapes(blocks: list[dict[str, Any]]) -> None:
    assert [block["name"] for block in blocks if not block["docstring"]] == []
    models = [block for block in blocks if block["is_model"]]
    assert [block["name"] for block in models if not says_shapes(block["docstring"], models)] == []


def says_shapes(docstring: str, blocks: list[dict[str, Any]]) -> bool:
    """Whether it has a shape like (n_tokens, nO), or names a block of the same file that has one."""
    with_shapes = [block["name"] for block in blocks if SHAPE.search(block["docstring"])]
    named = [name for name in with_shapes if re.search(rf"\b{name.rpartition('.')[2]}\b", docstring)]
    return bool(SHAPE.search(docstring) or named)


def test_lint_types_finds_nothing_wrong() -> None:
    report = archlab.lint_types([ROOT / file for file in FILES if file != MISTYPED])
    assert [finding for finding in report.findings if finding.severity != "note"] == []


def test_lint_types_finds_what_is_wrong_on_purpose() -> None:
    messages = [finding.message for finding in archlab.lint_types([ROOT / MISTYPED]).errors]
    assert messages == [
        "layer2 takes Floats2d, and tok2vec before it gives List[Floats2d]  [layer-mismatch-input]",
        "layer1 takes List[Floats2d], and layer2 before it gives Floats2d  [layer-mismatch-input]",
    ]
