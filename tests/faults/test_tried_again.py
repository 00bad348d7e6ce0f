"""What is tried again and how often, what is asked for again, and where a grid stops.

The runs are those of the fake trainer.
"""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from grids import Workplace, all_gone, is_gone

from archlab.results.files import read_json

pytestmark = pytest.mark.slow


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    with Workplace(tmp_path) as workplace:
        yield workplace


def test_a_run_that_is_killed_is_tried_again_after_the_others(workplace: Workplace) -> None:
    workplace.sweep("is_killed 1", "a", "fails")
    grid = workplace.run_grid("--jobs", "1", code=4)
    assert grid.started == ["base TextCatBOW.v3", "is_killed 1", "a", "fails", "is_killed 1"]
    assert workplace.statuses() == {
        "base TextCatBOW.v3": "done",
        "is_killed 1": "done",
        "a": "done",
        "fails": "error",
    }
    assert workplace.result("is_killed 1")["attempt"] == 2
    (older,) = workplace.store.glob("attempts/*.1/result.json")
    assert read_json(older)["reason"]["message"].startswith("the process was killed by SIGKILL")
    assert workplace.run_grid(code=4).started == []


def test_a_run_that_always_dies_costs_only_itself(workplace: Workplace) -> None:
    workplace.sweep("is_killed", "a")
    grid = workplace.run_grid("--jobs", "1", code=4)
    assert grid.started == ["base TextCatBOW.v3", "is_killed", "a", "is_killed", "is_killed"]
    reason = workplace.result("is_killed")["reason"]
    assert reason["kind"] == "crash_loop"
    assert reason["message"].startswith("3 times in a row: the process was killed by SIGKILL")
    died, done = (
        next(line for line in grid.out.splitlines() if line.startswith(name)) for name in ("is_killed", "a ")
    )
    assert "1 failed" in died
    assert "failed" not in done
    assert re.search(r"log: experiments/sweep/runs/(\w+)/log\.txt   archlab logs \1", grid.out)
    assert workplace.run_grid(code=4).started == []  # not without being asked
    again = workplace.run_grid("--retry-failed", code=4)
    assert again.started == ["is_killed"] * 3


def test_one_attempt_is_one_attempt(workplace: Workplace) -> None:
    workplace.sweep("is_killed", limits={"attempts": 1})
    assert workplace.run_grid("--jobs", "1", code=4).started == ["base TextCatBOW.v3", "is_killed"]
    assert workplace.result("is_killed")["reason"]["kind"] == "killed"
    assert workplace.run_grid(code=4).started == []


def test_a_run_that_takes_its_driver_with_it_again_and_again(workplace: Workplace) -> None:
    """Driver, supervisor and run are killed at once, as where a machine's memory runs out."""
    workplace.sweep("waits", limits={"attempts": 3})
    workplace.gate.touch()
    for _ in range(3):
        grid = workplace.grid("--jobs", "1")
        grid.wait_for(workplace.has_told("waits"))
        run = psutil.Process(workplace.pid("waits"))
        supervisor = run.parent()
        assert supervisor is not None
        for pid in (supervisor.pid, grid.pid, run.pid):
            os.kill(pid, signal.SIGSTOP)
        for pid in (supervisor.pid, grid.pid, run.pid):
            os.kill(pid, signal.SIGKILL)
        assert grid.end() == -signal.SIGKILL
        assert all_gone([supervisor.pid, run.pid])
        (workplace.folder / "waits").unlink()

    last = workplace.run_grid("--jobs", "1", code=4)

    assert last.started == []
    reason = workplace.result("waits")["reason"]
    assert reason["kind"] == "crash_loop"
    assert reason["message"] == "3 times in a row: it ended with its driver, without a word"
    workplace.gate.unlink()
    assert workplace.run_grid("--retry-failed").started == ["waits"]
    assert workplace.outcomes() == workplace.undisturbed()


def test_being_stopped_from_outside_is_no_crash(workplace: Workplace) -> None:
    """By ctrl-C, and by the death of the driver alone: however often."""
    workplace.sweep("waits", limits={"attempts": 2})
    workplace.gate.touch()
    for number in (signal.SIGINT, signal.SIGKILL) * 2:
        grid = workplace.grid("--jobs", "1")
        grid.wait_for(workplace.has_told("waits"))
        grid.signal(number)
        grid.end()
        assert all_gone(workplace.told("waits"))
        (workplace.folder / "waits").unlink()
    workplace.gate.unlink()
    assert workplace.run_grid().started == ["waits"]
    assert workplace.outcomes() == workplace.undisturbed()


def test_a_run_that_is_still_being_ended_is_no_crash(workplace: Workplace) -> None:
    """Its supervisor has not yet come to it: the next driver waits, and then reads how it ended."""
    workplace.sweep("waits", limits={"attempts": 2})
    workplace.gate.touch()
    for _ in range(2):
        grid = workplace.grid("--jobs", "1")
        grid.wait_for(workplace.has_told("waits"))
        run = workplace.pid("waits")
        supervisor = psutil.Process(run).parent()
        assert supervisor is not None
        supervisor.suspend()
        grid.process.kill()
        grid.end()
        (workplace.folder / "waits").unlink()
        following = workplace.grid("--jobs", "1")
        following.wait_for(following.has_planned)
        time.sleep(0.5)
        assert not is_gone(run)
        supervisor.resume()
        following.wait_for(workplace.has_told("waits"))
        assert is_gone(run)
        following.process.kill()
        following.end()
        assert all_gone(workplace.told("waits"))
        (workplace.folder / "waits").unlink()
    workplace.gate.unlink()
    assert workplace.run_grid().started == ["waits"]


def test_only_some_variants(workplace: Workplace) -> None:
    workplace.sweep("a", "ab", "fails")
    first = workplace.run_grid("--only", "a*", "--jobs", "1")
    assert first.started == ["a", "ab"]
    before = workplace.done()
    assert workplace.run_grid("--only", "base*").started == ["base TextCatBOW.v3"]
    unknown = workplace.run_grid("--only", "aa", code=2)
    assert "There is no variant aa." in unknown.err
    assert workplace.run_grid("--rerun", "--only", "ab").started == ["ab"]
    assert workplace.run_grid(code=4).started == ["fails"]
    after = workplace.done()
    assert all(after[path] == before[path] for path in before if workplace.variant_of(path) == "a")


def test_failed_runs_are_tried_again_when_asked(workplace: Workplace) -> None:
    workplace.sweep("fails_while_broken", "fails")
    broken = workplace.folder / "broken"
    broken.touch()
    workplace.run_grid(code=4)
    broken.unlink()
    assert workplace.run_grid(code=4).started == []
    before = workplace.done()
    again = workplace.run_grid("--retry-failed", "--jobs", "1", code=4)
    assert again.started == ["fails_while_broken", "fails"]
    assert workplace.result("fails_while_broken")["status"] == "done"
    assert workplace.result("fails_while_broken")["attempt"] == 2
    assert workplace.keeps(before)


def test_what_is_done_again_and_fails_is_what_it_was(workplace: Workplace) -> None:
    workplace.sweep("fails_while_broken")
    workplace.run_grid()
    before, broken = workplace.done(), workplace.folder / "broken"
    broken.touch()

    again = workplace.run_grid("--rerun", "--jobs", "1", code=4)

    assert again.started == ["base TextCatBOW.v3", "fails_while_broken"]
    assert (
        "fails_while_broken seed 0 failed this time: error, ValueError: broken; its older result stands"
        in again.err
    )
    after = workplace.done()
    failed = {path: after[path] for path in before if workplace.variant_of(path) == "fails_while_broken"}
    assert failed
    assert failed == {path: before[path] for path in failed}
    assert "failed   fails_while_broken seed 0: error, ValueError: broken" in again.err
    broken.unlink()
    assert workplace.outcomes() == workplace.undisturbed()
    assert workplace.run_grid().started == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_to_be_done_again_and_was_interrupted_is_what_it_was(
    workplace: Workplace, number: signal.Signals
) -> None:
    workplace.sweep("waits")
    workplace.run_grid()
    (workplace.folder / "waits").unlink()
    before = workplace.done()
    workplace.gate.touch()
    grid = workplace.grid("--rerun", "--only", "waits")
    grid.wait_for(workplace.has_told("waits"))
    grid.signal(number)
    grid.end()
    assert all_gone(workplace.told("waits"))
    if number == signal.SIGINT:
        assert workplace.done() == before
    last = workplace.run_grid()  # where the driver was killed, the next one brings them back
    assert last.started == []
    assert workplace.done() == before


def test_a_grid_that_is_out_of_time(workplace: Workplace) -> None:
    workplace.sweep("waits", "later")
    workplace.gate.touch()
    grid = workplace.run_grid("--jobs", "1", "--grid-minutes", "0.03", code=4)
    assert grid.started == ["base TextCatBOW.v3", "waits"]
    assert "Stopped after 0.03 minutes: 1 of 3 runs are stored, 2 left." in grid.err
    assert all_gone(workplace.told("waits"), 0)
    before = workplace.done()
    workplace.gate.unlink()
    assert workplace.run_grid("--jobs", "1").started == ["waits", "later"]
    assert workplace.keeps(before)
    assert workplace.outcomes() == workplace.undisturbed()


def test_a_grid_that_is_out_of_time_while_it_tries_again(workplace: Workplace) -> None:
    workplace.sweep("is_killed 1 waits")
    workplace.gate.touch()
    grid = workplace.run_grid("--jobs", "1", "--grid-minutes", "0.05", code=4)
    assert grid.started == ["base TextCatBOW.v3", "is_killed 1 waits", "is_killed 1 waits"]
    assert "Stopped after 0.05 minutes: 1 of 2 runs are stored, 1 left." in grid.err


def test_a_grid_in_which_too_much_fails(workplace: Workplace) -> None:
    workplace.sweep("fails 1", "a", "fails 2", "fails 3", "b")
    grid = workplace.run_grid("--jobs", "1", "--max-failures", "2", code=4)
    assert grid.started == ["base TextCatBOW.v3", "fails 1", "a", "fails 2"]
    assert "Stopped after 2 failures: 4 of 6 runs are stored, 2 left." in grid.err
    assert workplace.run_grid("--jobs", "1", code=4).started == ["fails 3", "b"]
