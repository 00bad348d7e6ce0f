"""A grid that trains, stopped by ctrl-C as in a terminal; other tests here do so with fake runs."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from grids import REAL_BLOCKS, Workplace, all_gone

pytestmark = pytest.mark.slow

CODE = ("--code", "blocks.py")


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    """A working directory with a sweep of two: one is done soon, one waits while there is a gate."""
    with Workplace(tmp_path) as workplace:
        (workplace.folder / "blocks.py").write_text(REAL_BLOCKS, encoding="utf8")
        workplace.sweep(swaps="swaps: {textcat.model: [base, faults.SavesSlowly.v1]}")
        workplace.gate.touch()
        yield workplace


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 90
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_interrupted_grid_goes_on_where_it_was(workplace: Workplace) -> None:
    command = [sys.executable, "-m", "archlab", "grid", "sweep.yml", *CODE, "--jobs", "1"]
    with (workplace.folder / "err").open("w") as err:
        first = subprocess.Popen(
            command, cwd=workplace.folder, stdout=subprocess.PIPE, stderr=err, start_new_session=True
        )
    wait_for(workplace.folder / "saves")
    before, child = workplace.done(), workplace.pid("saves")
    assert workplace.done_variants() == {"base TextCatBOW.v3"}

    os.killpg(first.pid, signal.SIGINT)  # what ctrl-C does

    out, _ = first.communicate(timeout=90)
    told = (workplace.folder / "err").read_text(encoding="utf8")
    assert (first.returncode, out) == (130, b""), told
    assert re.search("Stopped: 1 of 2 runs are stored, 1 left", told)
    assert "Traceback" not in told
    assert all_gone([child])

    workplace.gate.unlink()
    second = workplace.run_grid(*CODE, real=True)

    assert second.started == ["faults.SavesSlowly.v1"]
    assert workplace.keeps(before)
    assert workplace.outcomes() == workplace.undisturbed(*CODE, real=True)


def test_a_grid_in_one_process_is_interrupted_too(workplace: Workplace) -> None:
    grid = workplace.grid(*CODE, "--engine", "inline", real=True)
    grid.wait_for(workplace.has_told("saves"))
    assert workplace.pid("saves") == grid.pid
    grid.signal(signal.SIGINT)
    assert grid.end() == 130
    assert "Stopped: 1 of 2 runs are stored, 1 left." in grid.err
    assert workplace.done_variants() == {"base TextCatBOW.v3"}
