"""Secrets of the environment reach no run, unless they are passed on, and no file of the store ever."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Cli

TELLS = """
import json, os
from pathlib import Path

Path(__file__).with_name(f"environment-{os.getpid()}.json").write_text(json.dumps(dict(os.environ)))
"""

SWEEP = """
base: configs/base.cfg
limits: {max_steps: 2}
code: tells.py
swaps: {textcat.model: [spacy.TextCatBOW.v3]}
"""

ARGUMENT = "987654321"
"""Given on the command line, and of no concern to any result."""

KEPT_BACK, PASSED_ON, HARMLESS = "canary-kept-back", "canary-passed-on", "canary-harmless"


def test_a_grid_passes_on_what_it_is_told_and_writes_none_of_it(
    cli: "Cli", workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workplace / "tells.py").write_text(TELLS, encoding="utf8")
    (workplace / "sweep.yml").write_text(SWEEP, encoding="utf8")
    monkeypatch.setenv("WANDB_API_KEY", PASSED_ON)
    for name in ("OTHER_API_KEY", "TORCH_TOKEN", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL", "HF_TOKEN"):
        monkeypatch.setenv(name, KEPT_BACK)
    monkeypatch.setenv("TORCH_HARMLESS", HARMLESS)
    smaller = ("--vars.train_size", "20", "--vars.dev_size", "10")
    options = ("--code", "tells.py", "--pass-env", "WANDB_API_KEY", "--max-failures", ARGUMENT)
    done = cli("grid", "sweep.yml", *options, *smaller)
    assert done.code == 0, done.err
    told = {path.stem.partition("-")[2]: json.loads(path.read_text()) for path in workplace.glob("env*.json")}
    own = told.pop(str(os.getpid()))
    assert own["OTHER_API_KEY"] == KEPT_BACK
    (child,) = told.values()
    assert child["WANDB_API_KEY"] == PASSED_ON
    assert child["TORCH_HARMLESS"] == HARMLESS
    assert child["PATH"] == os.environ["PATH"]
    assert KEPT_BACK not in child.values()
    files = [path for path in (workplace / "experiments").rglob("*") if path.is_file()]
    assert len(files) > 5
    for canary in (KEPT_BACK, PASSED_ON, HARMLESS, ARGUMENT, "--max-failures"):
        assert not [path for path in files if canary.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "command",
    [
        ("grid", "configs/sweep.yml"),
        ("train", "configs/base.cfg"),
        ("swap", "textcat.model", "spacy.TextCatBOW.v3", "--train"),
    ],
)
def test_a_variable_that_is_not_set_is_a_slip(
    cli: "Cli", workplace: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", PASSED_ON)
    done = cli(*command, "--pass-env", "WANDB_API_KEY", "--pass-env", "WANDB_API_KEI")
    assert done.code == 2
    said = "error  The environment has no WANDB_API_KEI.\n       Did you mean WANDB_API_KEY?\n"
    assert (done.out, done.err) == ("", said)
    assert not (workplace / "experiments").exists()
