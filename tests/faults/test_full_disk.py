"""Disks that are full, or can no longer be written: a small one of its own is mounted for each test.

The runs are those of the fake trainer.
"""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from grids import Workplace, all_gone

pytestmark = pytest.mark.slow

MEGABYTES = 8


def mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    """A working directory whose experiments are on a disk of a few megabytes."""
    disk = tmp_path / "experiments"
    disk.mkdir()
    mount("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(disk))
    try:
        with Workplace(tmp_path) as workplace:
            yield workplace
    finally:
        while disk.is_mount():
            subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all that is left."""
    path = disk / "others.bin"
    with path.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue
    return path


def require_the_rest_is_done(workplace: Workplace, before: dict[Path, bytes], *rest: str) -> None:
    last = workplace.run_grid("--jobs", "1")
    assert last.started == list(rest)
    assert workplace.keeps(before)


def test_a_disk_that_a_run_fills(workplace: Workplace) -> None:
    """Driver and run find it full; there is no room for the reason, either."""
    workplace.sweep("fills_the_disk", "later")
    hungry = workplace.folder / "hungry"
    hungry.touch()
    grid = workplace.grid("--jobs", "1")
    assert grid.end() == 70
    assert "cannot be written: No space left on device" in grid.err
    assert "Traceback" not in grid.err
    before = workplace.done()
    assert workplace.done_variants() == {"base TextCatBOW.v3"}
    hungry.unlink()
    (taken,) = workplace.store.glob("runs/*/others.bin")
    taken.unlink()
    require_the_rest_is_done(workplace, before, "fills_the_disk", "later")


def test_a_disk_that_a_model_fills(workplace: Workplace) -> None:
    """It goes with the run, which could not say why it ended: a full disk is tried again unasked."""
    workplace.sweep("fills_the_disk model-best.part", "later")
    hungry = workplace.folder / "hungry"
    hungry.touch()
    workplace.run_grid("--jobs", "1", code=4)
    assert workplace.statuses() == {
        "base TextCatBOW.v3": "done",
        "fills_the_disk model-best.part": "disk",
        "later": "done",
    }
    before = workplace.done()
    hungry.unlink()
    require_the_rest_is_done(workplace, before, "fills_the_disk model-best.part")


def test_a_disk_that_others_fill(workplace: Workplace) -> None:
    """Driver and run find it full at the same time."""
    workplace.sweep("waits", "later")
    workplace.gate.touch()
    grid = workplace.grid("--jobs", "1")
    grid.wait_for(workplace.has_told("waits"))
    before, processes = workplace.done(), [process.pid for process in grid.processes()]
    taken = fill(workplace.store.parent)
    workplace.gate.unlink()

    assert grid.end() == 70

    assert "cannot be written: No space left on device" in grid.err
    assert "When it can be written again, the same command does the rest." in grid.err
    assert "Traceback" not in grid.err
    assert all_gone(processes, 0)
    assert workplace.done() == before
    full = workplace.grid("--jobs", "1")
    assert full.end() in (3, 70)
    assert "cannot be written: No space left on device" in full.err
    assert workplace.done() == before
    taken.unlink()
    require_the_rest_is_done(workplace, before, "waits", "later")


def test_a_folder_that_becomes_read_only(workplace: Workplace) -> None:
    workplace.sweep("has_children waits", "later")
    workplace.gate.touch()
    disk = str(workplace.store.parent)
    grid = workplace.grid("--jobs", "1")
    grid.wait_for(workplace.has_told("waits"))
    before, processes = workplace.done(), [process.pid for process in grid.processes()]
    make_read_only(disk)
    workplace.gate.unlink()

    assert grid.end() == 70

    assert "cannot be written: Read-only file system" in grid.err
    assert "What is done is stored." in grid.err
    assert "Traceback" not in grid.err
    assert all_gone([*processes, *workplace.told("daemon")], 0)
    assert workplace.done() == before
    again = workplace.grid()
    assert again.end() == 3
    assert "cannot be written: Read-only file system." in again.err
    assert "Name another folder." in again.err
    make_writable(disk)
    require_the_rest_is_done(workplace, before, "has_children waits", "later")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_driver_ends_where_nothing_can_be_written(workplace: Workplace, number: signal.Signals) -> None:
    """Its run cannot be marked as stopped, and ends all the same, with all that it has started."""
    workplace.sweep("has_children ignores_ctrl_c")
    workplace.gate.touch()
    grid = workplace.grid("--jobs", "1")
    grid.wait_for(workplace.has_told("waits"))
    before, processes = workplace.done(), [process.pid for process in grid.processes()]
    assert workplace.pid("daemon") in processes
    make_read_only(str(workplace.store.parent))
    grid.signal(number)
    assert grid.end() == (130 if number == signal.SIGINT else -number)
    assert all_gone(processes, 2)
    make_writable(str(workplace.store.parent))
    workplace.gate.unlink()
    require_the_rest_is_done(workplace, before, "has_children ignores_ctrl_c")


def make_read_only(folder: str) -> None:
    """By mounting it once more, above itself: files that are open, as logs are, do not hinder that."""
    mount("--bind", folder, folder)
    mount("-o", "remount,bind,ro", folder)


def make_writable(folder: str) -> None:
    subprocess.run(["umount", folder], check=True)
