"""archlab is right about blocks that people bring themselves, by what spaCy makes of them without archlab."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from code_block_trials import CASES

import archlab

pytestmark = pytest.mark.slow

TRIALS = Path(__file__).parent / "code_block_trials.py"


def outcomes() -> dict[str, tuple[bool, dict[str, list[str]]]]:
    """(whether spaCy trains it, what archlab finds) of each case."""
    root = Path(archlab.__file__).parent.parent
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(root), str(TRIALS.parent), str(TRIALS.parent.parent)]),
    }
    runs = [
        subprocess.Popen([sys.executable, TRIALS, what], stdout=subprocess.PIPE, env=environment, text=True)
        for what in ("truth", "verdicts")
    ]
    truth, verdicts = (json.loads(run.communicate()[0]) for run in runs)
    return {name: (truth[name], verdicts[name]) for name in CASES}


def is_right(name: str, trains: bool, found: dict[str, list[str]]) -> bool:
    """What trains is never an error, and the probe finds the rest."""
    if name.startswith("Modest"):  # it says that it does not fit, and is believed until it has been tried
        return trains and found["types"] == found["build"] != [] and found["probe"] == []
    return found == {"types": [], "build": [], "probe": []} if trains else bool(found["probe"])


def test_what_trains_is_never_an_error_and_the_probe_finds_the_rest() -> None:
    """All in one: tests side by side would each try all cases."""
    tried = outcomes()
    broken = {name for name, (trains, _) in tried.items() if not trains}
    assert {name for name in CASES if "Broken" in name} <= broken
    assert len(CASES) - len(broken) >= 20
    wrong = {name: outcome for name, outcome in tried.items() if not is_right(name, *outcome)}
    assert wrong == {}
