"""What a sweep does not reach: functions before they are built, secrets of the environment, the store."""

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
    (workplace / "statistics.py").write_text(
        "raise SystemExit('planted')", encoding="utf8"
    )  # no run imports it
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
    assert len(told) == 2  # the run, and what measures its speed
    for child in told.values():
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


CALLED = """
import spacy
from pathlib import Path

def called():
    Path(__file__).with_name("called").touch()

spacy.registry.architectures("called.Block.v1", func=called)
spacy.registry.batchers("called.Batcher.v1", func=called)
spacy.registry.callbacks("called.Callback.v1", func=called)
spacy.registry.loggers("called.Logger.v1", func=called)
"""

CALLS = """
base: configs/base.cfg
swaps:
  textcat.model: [called.Block.v1]
  training.batcher: ["@batchers": called.Batcher.v1]
  training.logger: ["@loggers": called.Logger.v1]
overrides:
  nlp.before_creation: [{"@callbacks": called.Callback.v1}]
  initialize.before_init: [{"@callbacks": called.Callback.v1}]
"""


def test_types_are_checked_without_calling_what_a_sweep_names(cli: "Cli", workplace: Path) -> None:
    (workplace / "blocks.py").write_text(CALLED, encoding="utf8")
    (workplace / "calls.yml").write_text(CALLS, encoding="utf8")
    command = ("check", "calls.yml", "--code", "blocks.py", "--level")
    assert "1 variant" in cli(*command, "types").out
    assert not (workplace / "called").exists()
    cli(*command, "build")
    assert (workplace / "called").exists()
