"""Grids that are stopped: runs end, what is left is said, and the next grid does it."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from grids import Workplace, all_gone

from archlab.training.supervisor import GRACE_SECONDS

pytestmark = pytest.mark.slow


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    """Its sweep has one run that is done soon, one that waits for the gate to go, and one after them."""
    with Workplace(tmp_path) as workplace:
        workplace.sweep("waits", "later")
        workplace.gate.touch()
        yield workplace


def require_the_rest_is_done(workplace: Workplace, before: dict[Path, bytes], *rest: str) -> None:
    workplace.gate.unlink()
    assert workplace.run_grid().started == list(rest)
    assert workplace.keeps(before)
    assert workplace.outcomes() == workplace.undisturbed()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_once(workplace: Workplace, number: signal.Signals) -> None:
    grid = workplace.grid("--jobs", "1")
    grid.wait_for(workplace.has_told("waits"))
    before, processes = workplace.done(), [process.pid for process in grid.processes()]
    assert processes
    began = time.monotonic()

    grid.signal(number)

    assert grid.end() == 130
    assert time.monotonic() - began < GRACE_SECONDS
    assert all_gone(processes, 0)
    assert "Stopping: runs are asked to end. Again: at once." in grid.err
    assert "Stopped: 1 of 3 runs are stored, 2 left.\n       The same command does the rest." in grid.err
    assert "Traceback" not in grid.err
    assert grid.out == ""
    assert workplace.done() == before
    assert "KeyboardInterrupt" in workplace.logs("waits")  # it was asked, and could close what it wanted
    require_the_rest_is_done(workplace, before, "waits", "later")


def test_a_run_that_does_not_end_is_killed_after_a_while(workplace: Workplace) -> None:
    workplace.sweep("ignores_ctrl_c", "has_children ignores_ctrl_c")
    grid = workplace.grid("--jobs", "2")
    grid.wait_for(workplace.has_told("daemon"))
    grid.wait_for(lambda: len(workplace.told("waits")) == 2)
    before, processes = workplace.done(), [process.pid for process in grid.processes()]
    assert workplace.pid("daemon") in processes
    began = time.monotonic()

    grid.signal(signal.SIGINT)

    assert grid.end() == 130
    assert GRACE_SECONDS <= time.monotonic() - began < GRACE_SECONDS + 3
    assert all_gone(processes, 0)
    assert "Stopped: 1 of 3 runs are stored, 2 left." in grid.err
    require_the_rest_is_done(workplace, before, "ignores_ctrl_c", "has_children ignores_ctrl_c")


def test_stopped_twice(workplace: Workplace) -> None:
    """The second time kills at once what does not end."""
    workplace.sweep("has_children ignores_ctrl_c")
    grid = workplace.grid("--jobs", "1")
    grid.wait_for(workplace.has_told("waits"))
    before, processes = workplace.done(), [process.pid for process in grid.processes()]
    began = time.monotonic()

    grid.signal(signal.SIGTERM)
    grid.wait_for(lambda: "Stopping" in grid.err)
    time.sleep(0.3)
    assert grid.process.exitcode is None
    grid.signal(signal.SIGINT)

    assert grid.end() == 130
    assert time.monotonic() - began < 2
    assert all_gone(processes, 0)
    assert "Traceback" not in grid.err
    assert "Stopped: 1 of 2 runs are stored, 1 left." in grid.err
    require_the_rest_is_done(workplace, before, "has_children ignores_ctrl_c")


def test_stopped_with_impatience(workplace: Workplace) -> None:
    """However often, and however fast one after the other."""
    workplace.sweep("ignores_ctrl_c")
    grid = workplace.grid("--jobs", "2")
    grid.wait_for(workplace.has_told("waits"))
    processes = [process.pid for process in grid.processes()]
    while grid.process.exitcode is None:
        os.kill(grid.pid, signal.SIGINT)
        time.sleep(0.002)
    assert grid.end() in (130, -signal.SIGINT)
    assert all_gone(processes)
    before = workplace.done()
    workplace.gate.unlink()
    assert not workplace.done_variants() & set(workplace.run_grid().started)
    assert workplace.keeps(before)
    assert workplace.outcomes() == workplace.undisturbed()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_single_training_is_stopped(workplace: Workplace, number: signal.Signals) -> None:
    training = workplace.start("train", "base.cfg")
    training.wait_for(workplace.has_told("waits"))
    processes = [process.pid for process in training.processes()]
    training.signal(number)
    assert training.end() == (130 if number != signal.SIGKILL else -number)
    assert all_gone(processes)
    assert "Traceback" not in training.err
    workplace.gate.unlink()
    again = workplace.start("train", "base.cfg")
    assert again.end() == 0
    assert len(again.started) == 1
