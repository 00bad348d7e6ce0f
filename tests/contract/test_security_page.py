"""SECURITY.md promises what tests hold: each test that it names is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf8")


def test_each_promise_names_a_test_that_is_there() -> None:
    rows = [row for row in PAGE.splitlines() if re.match(r"\| (?!promise|---)", row)]
    assert rows
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, row
        for file, test in named:
            found = ast.walk(ast.parse((ROOT / file).read_text(encoding="utf8")))
            assert test in {node.name for node in found if isinstance(node, ast.FunctionDef)}, (file, test)


def test_the_readme_points_to_it() -> None:
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf8")
