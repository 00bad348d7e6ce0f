"""docs/python.md: each name of the public API stands there as it is, and what it shows runs."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import archlab

TEXT = (ROOT / "docs" / "python.md").read_text(encoding="utf8")
CALLS = dict(re.findall(r"^\| `((\w+)\(.*?\))` \|", TEXT, re.MULTILINE))
RECORDS = {"Swap", "Setting"}
NOT_TOLD = ("on_", "source", "memory", "tell")
"""How parameters begin that only the commands use."""


def test_every_public_name_is_on_the_page() -> None:
    assert set(CALLS.values()) == {*archlab.__all__} - {"__version__", *RECORDS}
    assert all(f"`{name}(" in TEXT for name in RECORDS)


@pytest.mark.parametrize(("call", "name"), CALLS.items(), ids=CALLS.values())
def test_a_call_is_as_the_function_takes_it(call: str, name: str) -> None:
    signature = inspect.signature(getattr(archlab, name))
    (shown,) = ast.parse(f"def {call}: ...").body
    assert isinstance(shown, ast.FunctionDef)
    named = [*shown.args.posonlyargs, *shown.args.args, *shown.args.kwonlyargs]
    taken = {
        other.name: other.default
        for other in signature.parameters.values()
        if other.kind is not other.VAR_KEYWORD and not other.name.startswith(NOT_TOLD)
    }
    assert [argument.arg for argument in named] == list(taken)
    defaults = [*shown.args.defaults, *shown.args.kw_defaults]
    told = [ast.literal_eval(default) for default in defaults if default is not None]
    assert told == [default for default in taken.values() if default is not inspect.Parameter.empty]


@pytest.mark.slow
def test_what_it_shows_runs(workplace: Path) -> None:
    """One after the other, as one script."""
    script = workplace / "script.py"
    script.write_text("\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)), encoding="utf8")
    done = subprocess.run([sys.executable, str(script)], cwd=workplace, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "There is no slot textcat.modle. Did you mean textcat.model?" in lines
    assert any(line.startswith("done ") for line in lines), done.stdout
