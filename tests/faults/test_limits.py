"""Runs that take too much memory or time: a reason, and the others are done.

The runs are those of the fake trainer.
"""

import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from grids import Workplace, all_gone

pytestmark = pytest.mark.slow


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    with Workplace(tmp_path) as workplace:
        yield workplace


def has_little_address_space() -> None:
    """What is inherited from the shell: `ulimit -v`."""
    limit = psutil.Process().memory_info().vms + (2 << 30)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@pytest.mark.parametrize("where", ["of the run", "of the driver"])
def test_memory_exhausted(workplace: Workplace, where: str) -> None:
    workplace.sweep(
        "takes_memory 16",
        "aborts_for_memory 16",
        "a",
        limits={"memory_gb": 2} if where == "of the run" else {},
    )
    prepare = has_little_address_space if where == "of the driver" else None
    grid = workplace.grid("--jobs", "1", prepare=prepare)
    assert grid.end() == 4
    assert len(grid.started) == 4
    assert workplace.statuses() == {
        "base TextCatBOW.v3": "done",
        "takes_memory 16": "memory",
        "aborts_for_memory 16": "memory",
        "a": "done",
    }
    assert "MemoryError" in workplace.log("takes_memory 16")
    assert "bad_alloc" in workplace.log("aborts_for_memory 16")
    assert workplace.run_grid(code=4).started == []
    assert "memory: MemoryError" in " ".join(workplace.grids[-1].out.split())


def test_gpu_memory_exhausted(workplace: Workplace) -> None:
    """The exception is a fake one. The next run is a new process, which finds the GPU as it was."""
    workplace.sweep("takes_all_gpu_memory", "a")
    workplace.run_grid("--jobs", "1", code=4)
    assert workplace.statuses() == {
        "base TextCatBOW.v3": "done",
        "takes_all_gpu_memory": "gpu_memory",
        "a": "done",
    }
    assert workplace.result("takes_all_gpu_memory")["reason"]["message"].startswith(
        "OutOfMemoryError: CUDA out of memory"
    )


def test_runs_that_hang_are_ended_when_their_time_is_up(workplace: Workplace) -> None:
    """In Python, in C code that no signal handler gets out of, and with a daemon of its own."""
    workplace.sweep(
        "hangs_in_python",
        "hangs_holding_the_gil",
        "has_children hangs_in_python",
        "a",
        limits={"minutes": 0.04},
    )
    began = time.monotonic()
    workplace.run_grid("--jobs", "3", code=4)
    assert time.monotonic() - began < 30
    assert all_gone(workplace.told("hangs") + workplace.told("daemon"), 0)
    hanging = ("hangs_in_python", "hangs_holding_the_gil", "has_children hangs_in_python")
    assert [workplace.result(name)["reason"] for name in hanging] == [
        {"kind": "timeout", "message": "not done after 0.04 minutes"}
    ] * 3
    assert workplace.done_variants() == {"base TextCatBOW.v3", "a"}
    log = workplace.log("hangs_in_python")  # where it hung
    assert "in hangs_in_python" in log
    assert log.rstrip().endswith("KeyboardInterrupt")
    assert workplace.run_grid(code=4).started == []


def test_a_training_stays_done_when_its_time_ends_while_its_speed_is_measured(workplace: Workplace) -> None:
    workplace.sweep("waits_measuring", limits={"minutes": 0.04})
    workplace.gate.touch()
    workplace.run_grid("--jobs", "1")
    assert workplace.statuses()["waits_measuring"] == "done"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_training_stays_done_when_its_driver_ends_while_its_speed_is_measured(
    workplace: Workplace, number: signal.Signals
) -> None:
    workplace.sweep("waits_measuring")
    workplace.gate.touch()
    grid = workplace.grid("--jobs", "1")
    grid.wait_for(workplace.has_told("waits"))
    grid.signal(number)
    assert grid.end() in (-signal.SIGKILL, 130)
    workplace.gate.unlink()
    assert workplace.run_grid().started == []
    assert workplace.statuses()["waits_measuring"] == "done"


def test_a_run_that_hangs_ends_with_its_driver(workplace: Workplace) -> None:
    workplace.sweep("hangs_in_python", "hangs_holding_the_gil", "has_children hangs_holding_the_gil")
    grid = workplace.grid("--jobs", "3")
    grid.wait_for_done("base TextCatBOW.v3")
    grid.wait_for(lambda: len(workplace.told("hangs")) == 3)
    before, processes = workplace.done(), [process.pid for process in grid.processes()]
    assert len(processes) >= 8
    grid.signal(signal.SIGKILL)
    assert all_gone(processes, 2)
    assert workplace.done() == before
    assert workplace.done_variants() == {"base TextCatBOW.v3"}


def test_a_run_that_answers_with_an_error_was_out_of_time_all_the_same(workplace: Workplace) -> None:
    workplace.sweep("answers_ctrl_c_with_an_error", limits={"minutes": 0.02})
    workplace.run_grid("--jobs", "1", code=4)
    assert workplace.statuses()["answers_ctrl_c_with_an_error"] == "timeout"


def test_children_of_a_run_end_with_it(workplace: Workplace) -> None:
    """However it ends: done, failed, killed. Those too that have left its group, session and parent."""
    workplace.sweep("has_children", "has_children fails", "has_children is_killed", limits={"attempts": 1})
    workplace.run_grid("--jobs", "1", code=4)
    assert workplace.statuses() == {
        "base TextCatBOW.v3": "done",
        "has_children": "done",
        "has_children fails": "error",
        "has_children is_killed": "killed",
    }
    daemons = workplace.told("daemon")
    assert len(daemons) == 3
    assert all_gone(daemons, 0)
    assert not [process for process in processes_in(workplace.folder) if process.pid != os.getpid()]


def processes_in(folder: Path) -> list[psutil.Process]:
    """All that have this working directory."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found
