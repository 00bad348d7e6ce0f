"""Runs and drivers that are killed, whenever that is: what was done stays, and nothing is done twice.

Runs are those of the fake trainer, but where a test says that they train.
"""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from unittest.mock import patch

import psutil
import pytest
from grids import REAL_BLOCKS, Grid, Prepare, Workplace, all_gone, is_gone

from archlab.engines import driving
from archlab.records import Json
from archlab.results import store
from archlab.results.files import write_json
from archlab.results.store import Store

pytestmark = pytest.mark.slow

VARIANTS = ("a", "b", "c", "d")


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    with Workplace(tmp_path) as workplace:
        workplace.sweep(*VARIANTS, limits={"attempts": 100})
        yield workplace


def runs_of(grid: Grid) -> list[psutil.Process]:
    """The processes that train, each under its supervisor, which the server has forked."""
    try:
        servers = psutil.Process(grid.pid).children()
        supervisors = [supervisor for server in servers for supervisor in server.children()]
        return [run for supervisor in supervisors for run in supervisor.children()]
    except psutil.NoSuchProcess:
        return []


def kill_one_of(grid: Grid, random: Random, seconds: float) -> bool:
    """Kill a run at some moment within that time; False where there was none to kill."""
    time.sleep(random.uniform(0, seconds))
    runs = runs_of(grid)
    if not runs:
        return False
    try:
        random.choice(runs).kill()
    except psutil.NoSuchProcess:
        return False
    return True


def kill_runs(workplace: Workplace, times: int, random: Random, seconds: float, *, real: bool) -> None:
    """Grids until so many runs were killed; what is killed is trained again by the same grid."""
    killed = 0
    while killed < times:
        has_results = bool(workplace.done())
        grid = workplace.grid("--rerun", real=real) if has_results else workplace.grid(real=real)
        while grid.process.exitcode is None:
            killed += killed < times and kill_one_of(grid, random, seconds)
        assert grid.end() == 0, grid.err


def kill_drivers(workplace: Workplace, times: int, random: Random, seconds: float, *, real: bool) -> None:
    """Grids that are killed, each at some moment within that time, until one is not; then anew."""
    killed = 0
    while killed < times:
        if workplace.store.exists():
            workplace.forget()
        before: dict[Path, bytes] = {}
        code = -signal.SIGKILL
        while code == -signal.SIGKILL:
            known = workplace.done_variants()
            grid = workplace.grid("--jobs", "2", real=real)
            grid.process.join(random.uniform(0, seconds))
            processes = [process.pid for process in grid.processes()]
            grid.process.kill()
            code = grid.end()
            killed += code == -signal.SIGKILL
            assert all_gone(processes)
            assert not known & set(grid.started)
            assert workplace.keeps(before)
            before = workplace.done()
        assert code == 0, grid.err


def test_runs_killed_at_any_moment(workplace: Workplace) -> None:
    kill_runs(workplace, 3, Random(0), 0.3, real=False)
    assert workplace.outcomes() == workplace.undisturbed()


def test_drivers_killed_at_any_moment(workplace: Workplace) -> None:
    kill_drivers(workplace, 3, Random(1), 2.0, real=False)
    assert workplace.outcomes() == workplace.undisturbed()


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
def test_fifty_runs_that_train_are_killed(workplace: Workplace) -> None:
    kill_runs(workplace, 50, Random(2), 1.0, real=True)
    assert workplace.outcomes() == workplace.undisturbed(real=True)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
def test_fifty_drivers_of_runs_that_train_are_killed(workplace: Workplace) -> None:
    kill_drivers(workplace, 50, Random(3), 4.0, real=True)
    assert workplace.outcomes() == workplace.undisturbed(real=True)


def _die(*_: object, **__: object) -> None:
    os._exit(9)


def dies_before_the_result_is_written() -> None:
    patch.object(Store, "record", _die).start()


def dies_before_the_outcome_is_removed() -> None:
    def write_and_die(path: Path, data: Json, **how: bool) -> None:
        write_json(path, data, **how)
        if path.name == "result.json":
            _die()

    patch.object(store, "write_json", write_and_die).start()


def dies_before_models_are_removed() -> None:
    patch.object(Store, "keep_models", _die).start()


def dies_before_the_plan_is_written() -> None:
    patch.object(driving, "write_json", _die).start()


@pytest.mark.parametrize(
    ("dies", "left"),
    [
        (dies_before_the_result_is_written, 1),
        (dies_before_the_outcome_is_removed, 1),
        (dies_before_models_are_removed, 0),
        (dies_before_the_plan_is_written, 2),
    ],
)
def test_a_driver_dies_between_result_and_bookkeeping(workplace: Workplace, dies: Prepare, left: int) -> None:
    """Two runs, one after the other: what the first has come to is in the table, and not done again."""
    workplace.sweep("a")
    first = workplace.grid("--jobs", "1", prepare=dies)
    assert first.end() == 9
    before = workplace.done()

    second = workplace.run_grid()

    assert len(second.started) == left
    assert workplace.keeps(before)
    assert workplace.outcomes() == workplace.undisturbed()


def dies_among_the_models() -> None:
    """After the first file of the first model that is not kept."""

    def remove_and_die(folder: Path, **_: object) -> None:
        if folder.is_dir():
            next(iter(folder.iterdir())).unlink()
            _die()

    patch.object(shutil, "rmtree", remove_and_die).start()


def test_a_driver_dies_while_it_removes_models(workplace: Workplace) -> None:
    """Half a model is none: the next driver removes it, and keeps that of the winner."""
    workplace.sweep("a", "b", keep_models="winner")
    assert workplace.grid(prepare=dies_among_the_models).end() == 9
    assert len(list(workplace.store.glob("runs/*/model-best"))) == 2
    assert len(list(workplace.store.glob("runs/*/model-best.part"))) == 1
    assert workplace.run_grid().started == []
    assert not list(workplace.store.glob("runs/*/model-best.part"))
    (model,) = workplace.store.glob("runs/*/model-best")
    assert workplace.variant_of(model) == "b"
    assert workplace.outcomes() == workplace.undisturbed()


@pytest.fixture
def saving(workplace: Workplace) -> Workplace:
    """A sweep of one that trains, and waits in the middle of being saved while there is a gate."""
    (workplace.folder / "blocks.py").write_text(REAL_BLOCKS, encoding="utf8")
    workplace.sweep(swaps="swaps: {textcat.model: [faults.SavesSlowly.v1]}")
    return workplace


def is_half_saved(workplace: Workplace) -> bool:
    (model,) = workplace.store.glob("runs/*/model-best.part/textcat/model")
    return model.stat().st_size == 0


def test_killed_while_a_model_is_saved(saving: Workplace) -> None:
    """They train. The run is killed and tried again; in that attempt its driver is."""
    code = ("--code", "blocks.py")
    saving.gate.touch()
    first = saving.grid(*code, "--jobs", "1", real=True)
    for attempt in (1, 2):
        first.wait_for(saving.has_told("saves"))
        assert is_half_saved(saving)
        run = saving.pid("saves")
        (saving.folder / "saves").unlink()
        os.kill(run if attempt == 1 else first.pid, signal.SIGKILL)
    assert first.end() == -signal.SIGKILL
    assert all_gone([run])
    assert first.started == ["faults.SavesSlowly.v1"] * 2
    assert saving.done() == {}

    saving.gate.unlink()
    second = saving.run_grid(*code, real=True)

    assert second.started == ["faults.SavesSlowly.v1"]
    result = saving.result("faults.SavesSlowly.v1")
    assert (result["status"], result["attempt"]) == ("done", 3)
    assert not list(saving.store.rglob("*.part"))
    assert saving.outcomes() == saving.undisturbed(*code, real=True)


def test_a_supervisor_that_is_killed_takes_its_run_with_it(workplace: Workplace) -> None:
    """And what that has started."""
    workplace.sweep("has_children waits", limits={"attempts": 2})
    workplace.gate.touch()
    grid = workplace.grid("--jobs", "1")
    grid.wait_for(workplace.has_told("waits"))
    run, (daemon,) = workplace.pid("waits"), workplace.told("daemon")
    psutil.Process(run).parent().kill()  # type: ignore[union-attr]
    grid.wait_for(lambda: is_gone(run) and is_gone(daemon))
    workplace.gate.unlink()
    assert grid.end() == 0
    assert grid.started == ["base TextCatBOW.v3", "has_children waits", "has_children waits"]


def test_a_server_that_is_killed_takes_its_runs_with_it(workplace: Workplace) -> None:
    """And what they have started. The same grid trains them again, each in a process of its own."""
    workplace.sweep("has_children waits", limits={"attempts": 2})
    workplace.gate.touch()
    grid = workplace.grid("--jobs", "1")
    grid.wait_for(workplace.has_told("waits"))
    run, (daemon,) = workplace.pid("waits"), workplace.told("daemon")
    (server,) = psutil.Process(grid.pid).children()
    assert run in {process.pid for process in server.children(recursive=True)}
    server.kill()
    grid.wait_for(lambda: is_gone(run) and is_gone(daemon))
    workplace.gate.unlink()
    assert grid.end() == 0
    assert grid.started == ["base TextCatBOW.v3", "has_children waits", "has_children waits"]
    assert workplace.outcomes() == workplace.undisturbed()
