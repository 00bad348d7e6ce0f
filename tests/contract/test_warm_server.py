"""Runs that are forked from a warm server: each is what a process of its own would be."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_results import made_spec

from archlab.engines import local, warm
from archlab.engines.local import LocalEngine
from archlab.late_pytorch import _can_be_late
from archlab.processes import ON_LINUX
from archlab.results.paths import SweepPaths
from archlab.training.speedups.forking import is_safe_to_fork

pytestmark = pytest.mark.skipif(not ON_LINUX, reason="forks are for Linux")

TELLS = """
import json, os, resource, signal, sys
from pathlib import Path

folder = Path(sys.argv[1]).parent
files = {name: os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")
         if os.path.exists(f"/proc/self/fd/{name}")}
told = {
    "argv": sys.argv, "environment": dict(os.environ), "files": files, "directory": os.getcwd(),
    "is main": __name__ == "__main__" and sys.modules["__main__"].__dict__ is globals(),
    "threads": len(os.listdir("/proc/self/task")), "unbuffered": sys.stdout.write_through,
    "leads": os.getsid(0) == os.getpid() == os.getpgid(0), "wakeup": signal.set_wakeup_fd(-1),
    "signals": {str(number): str(signal.getsignal(number)) for number in signal.Signals},
    "limits": [resource.getrlimit(limit) for limit in (resource.RLIMIT_DATA, resource.RLIMIT_CORE)],
}
(folder / "told.json").write_text(json.dumps(told))
print("printed")
sys.stderr.write("complained")
"""

IMPORTED = """
import json, random, sys
from pathlib import Path

imported = {name: name in sys.modules for name in ("spacy", "torch", "thinc.model", "archlab.training.child")}
import numpy, torch
from thinc.model import Model

told = {"imported": imported, "models": Model.global_id, "cuda": torch.cuda.is_initialized(),
        "drawn": [random.random(), float(numpy.random.random())]}
(Path(sys.argv[1]).parent / "told.json").write_text(json.dumps(told))
"""


LEAVES = """
import atexit, json, sys, threading, time
from pathlib import Path

folder = Path(sys.argv[1]).parent
(folder / "told.json").write_text("{}")
unclosed = (folder / "unclosed").open("w")
unclosed.write("written")
atexit.register((folder / "at exit").touch)
threading.Thread(target=lambda: (time.sleep(0.3), (folder / "in a thread").touch())).start()
sys.exit(3)
"""


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    return SweepPaths(tmp_path / "sweep")


def told_by_runs(
    paths: SweepPaths, trainer: tuple[str, str], count: int, *, speedups: bool = True, config: str = ""
) -> Any:
    """What so many runs of this program tell, in their order. config: of each."""
    specs = [made_spec(f"run{number}") for number in range(count)]
    for spec in specs:
        paths.run(spec.run_id).folder.mkdir(parents=True, exist_ok=True)
        paths.run(spec.run_id).config.write_text(config, encoding="utf8")
    engine = LocalEngine(paths, 1, trainer=trainer, speedups=speedups)
    assert len(list(engine.run(specs))) == count
    return [json.loads((paths.run(spec.run_id).folder / "told.json").read_text()) for spec in specs]


def trainer(folder: Path, program: str) -> tuple[str, str]:
    file = folder / "tells.py"
    file.write_text(program, encoding="utf8")
    return sys.executable, str(file)


def test_a_run_finds_what_it_would_find_if_it_were_started_by_itself(
    paths: SweepPaths, tmp_path: Path
) -> None:
    program = trainer(tmp_path, TELLS)
    log = paths.run("run1").log
    by_itself = told_by_runs(paths, program, 2, speedups=False)
    printed = log.read_text()
    log.unlink()
    assert told_by_runs(paths, program, 2) == by_itself
    assert log.read_text() == printed == "printed\ncomplained"
    assert by_itself[1]["environment"]["ARCHLAB_RUN"].endswith("run1")


@pytest.mark.parametrize("speedups", [True, False])
def test_a_run_ends_as_python_ends(paths: SweepPaths, tmp_path: Path, *, speedups: bool) -> None:
    spec = made_spec("run0")
    folder = paths.run("run0").folder
    folder.mkdir(parents=True)
    engine = LocalEngine(paths, 1, trainer=trainer(tmp_path, LEAVES), speedups=speedups)
    (result,) = engine.run([spec])
    assert result.reason is not None
    assert "3" in result.reason.message
    assert (folder / "unclosed").read_text() == "written"
    assert (folder / "at exit").exists()
    assert (folder / "in a thread").exists()


@pytest.mark.parametrize("config", ["", '@architectures = "spacy.TorchBiLSTMEncoder.v1"'])
def test_what_is_imported_builds_nothing_and_draws_nothing(
    paths: SweepPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str
) -> None:
    program = trainer(tmp_path, IMPORTED)
    monkeypatch.setattr(local, "TRAINER", program)  # as if it were archlab's own
    first, second = told_by_runs(paths, program, 2, config=config)
    assert first["imported"] == {
        "spacy": True,
        "torch": bool(config) or not _can_be_late(),
        "thinc.model": True,
        "archlab.training.child": False,
    }
    assert (first["models"], first["cuda"]) == (0, False)
    assert not set(first["drawn"]) & set(second["drawn"])


@pytest.fixture
def waiting_thread() -> Iterator[None]:
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield
    end.set()
    thread.join()


@pytest.mark.usefixtures("waiting_thread")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of Python 3.12: as it should
def test_with_a_thread_nothing_is_forked() -> None:
    assert not is_safe_to_fork()


def test_a_server_that_cannot_start_leaves_runs_to_start_by_themselves(
    paths: SweepPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spacy.py").write_text("raise SystemExit('broken')", encoding="utf8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    program = trainer(tmp_path, TELLS)
    monkeypatch.setattr(local, "TRAINER", program)
    told = told_by_runs(paths, program, 2)
    assert [Path(run["argv"][1]).parent.name for run in told] == ["run0", "run1"]


def test_a_run_whose_start_was_given_up_may_end_later(
    paths: SweepPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = paths.run("late").folder
    folder.mkdir(parents=True)
    program = trainer(tmp_path, TELLS)
    server = warm.WarmServer(program[1:], dict(os.environ), preload=False)
    try:
        assert server.listen(60.0)
        assert server.messages.pop() == {"ready": True}
        server.works = True
        monkeypatch.setattr(warm, "READY_SECONDS", 0.0)
        with (tmp_path / "log.txt").open("wb") as log:
            assert server.start(folder, log) is None
        while server.listen(5.0) and len(server.messages) < 1:
            pass
        assert server.messages[0]["started"] is not None
        assert server.listen(5.0)
    finally:
        server.close()
