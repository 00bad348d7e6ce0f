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


@pytest.fixture(scope="module")
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


def test_the_truth_has_both_kinds(outcomes: dict[str, tuple[bool, dict[str, list[str]]]]) -> None:
    broken = {name for name, (trains, _) in outcomes.items() if not trains}
    assert {name for name in CASES if "Broken" in name} <= broken
    assert len(CASES) - len(broken) >= 20


@pytest.mark.parametrize("name", CASES)
def test_what_trains_is_never_an_error_and_the_probe_finds_the_rest(
    outcomes: dict[str, tuple[bool, dict[str, list[str]]]], name: str
) -> None:
    trains, found = outcomes[name]
    if name.startswith("Modest"):  # it says that it does not fit, and is believed until it has been tried
        assert trains
        assert found["types"] == found["build"] != []
        assert found["probe"] == []
    elif trains:
        assert found == {"types": [], "build": [], "probe": []}
    else:
        assert found["probe"]
