"""Two drivers at once, and records that name a process which is none of archlab's.

The runs are those of the fake trainer.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from socket import gethostname

import pytest
from grids import Workplace, is_gone

from archlab.processes import identity
from archlab.records import Json
from archlab.results.files import read_json, write_json

pytestmark = pytest.mark.slow


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    with Workplace(tmp_path) as workplace:
        yield workplace


def test_a_second_driver_says_who_is_at_work(workplace: Workplace) -> None:
    workplace.sweep("waits")
    workplace.gate.touch()
    first = workplace.grid("--jobs", "1")
    first.wait_for(workplace.has_told("waits"))
    for command in (
        ("grid", "sweep.yml"),
        ("grid", "sweep.yml", "--rerun"),
        ("grid", "sweep.yml", "--only", "base*"),
    ):
        second = workplace.start(*command)
        assert second.end() == 3
        who = rf"process {first.pid} on {re.escape(gethostname())}, since 20\d\d-[\d-]+T[\d:]+\+00:00\."
        assert re.search(rf"Another archlab is running the sweep sweep in experiments: {who}", second.err)
        assert "Wait for it, or stop it" in second.err
        assert second.started == []
    assert first.process.exitcode is None
    workplace.gate.unlink()
    assert first.end() == 0
    assert first.started == ["base TextCatBOW.v3", "waits"]
    assert workplace.outcomes() == workplace.undisturbed()
    assert not (workplace.store / "driver.json").exists()


def test_many_drivers_at_once(workplace: Workplace) -> None:
    """Started in the same moment: one drives, and the others say so, or find that all is done."""
    workplace.sweep("a", "b")
    grids = [workplace.grid("--jobs", "1") for _ in range(4)]
    codes = [grid.end() for grid in grids]
    assert set(codes) <= {0, 3}
    assert 0 in codes
    started = [variant for grid in grids for variant in grid.started]
    assert sorted(started) == ["a", "b", "base TextCatBOW.v3"]
    assert workplace.outcomes() == workplace.undisturbed()


def test_one_config_is_trained_once_at_a_time(workplace: Workplace) -> None:
    workplace.gate.touch()
    first = workplace.start("train", "base.cfg")
    first.wait_for(workplace.has_told("waits"))
    second = workplace.start("train", "base.cfg")
    assert second.end() == 3
    assert re.search(rf"Another archlab .*: process {first.pid} on .*, since 20", second.err)
    workplace.gate.unlink()
    assert first.end() == 0
    other = workplace.start("train", "base.cfg", "--training.max_steps", "5")
    again = workplace.start("train", "base.cfg")
    assert (other.end(), again.end()) == (0, 0)
    assert (len(other.started), again.started) == (1, [])


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with archlab."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def records_of(pid: int, boots: str) -> Json:
    """What a process would have left that had this id and began at another time, or before a restart."""
    recorded = identity(pid)
    assert recorded is not None
    boot, _, ticks = recorded["began"].partition(":")
    began = f"{boot}:{int(ticks) - 100}" if boots == "this boot" else f"00000000-0000:{ticks}"
    return {**recorded, "began": began}


@pytest.mark.parametrize("boots", ["this boot", "an older one"])
def test_a_stale_record_harms_nobody(
    workplace: Workplace, stranger: subprocess.Popen[bytes], boots: str
) -> None:
    """Its process is long gone, and its id has been given to another one since."""
    workplace.sweep("waits")
    workplace.gate.touch()
    grid = workplace.grid()
    grid.wait_for(workplace.has_told("waits"))
    grid.process.kill()
    grid.end()
    stale = records_of(stranger.pid, boots)
    (record,) = (path for path in workplace.store.glob("runs/*/process.json") if is_of(path, "waits"))
    write_json(record, stale)
    write_json(
        workplace.store / "driver.json", {**stale, "host": "elsewhere", "since": "2026-01-01T00:00:00"}
    )
    workplace.gate.unlink()

    assert "waits" in workplace.run_grid().started

    assert stranger.poll() is None
    assert not is_gone(stranger.pid)
    assert workplace.outcomes() == workplace.undisturbed()


def test_a_record_that_says_nothing_ends_nobody(workplace: Workplace) -> None:
    records = ("", '{"pid": "1"}', '{"pid": 1}', '{"pid": 0, "began": "x"}', '{"pid": -1}')
    workplace.sweep(*(f"a{number}" for number in range(len(records))))
    workplace.run_grid()
    for record, run in zip(records, sorted(workplace.store.glob("runs/*")), strict=False):
        (run / "result.json").unlink()
        (run / "process.json").write_text(record)
    assert len(workplace.run_grid().started) == len(records)
    assert workplace.outcomes() == workplace.undisturbed()


def is_of(path: Path, variant: str) -> bool:
    return bool(read_json(path.with_name("spec.json"))["variant"] == variant)
