"""The server of runs begins with the plan of a grid that is new; whatever comes of the plan, it ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_results import made_spec

import archlab
from archlab.engines import local, warm
from archlab.engines.choosing import EngineOptions
from archlab.engines.local import LocalEngine, starting_ahead
from archlab.errors import SweepError
from archlab.planning.sweeps import load_sweep
from archlab.processes import ON_LINUX
from archlab.results.paths import SweepPaths

pytestmark = pytest.mark.skipif(not ON_LINUX, reason="forks are for Linux")

PROGRAM = """
import os, sys
from pathlib import Path
Path(sys.argv[1]).with_name("told").write_text(os.environ["OMP_NUM_THREADS"])
"""


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[bytes]]]:
    """All that are started, with nothing to import."""
    started: list[subprocess.Popen[bytes]] = []
    start = warm.WarmServer.__init__

    def remember(server: Any, program: Any, environment: Any, *, preload: bool) -> None:
        start(server, program, environment, preload=False)
        started.append(server.process)

    monkeypatch.setattr(warm.WarmServer, "__init__", remember)
    yield started
    assert all(process.poll() is not None for process in started)
    assert not warm._ahead


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of archlab's own."""
    file = tmp_path / "tells.py"
    file.write_text(PROGRAM, encoding="utf8")
    monkeypatch.setattr(local, "TRAINER", (sys.executable, str(file)))


def run_one(folder: Path, jobs: int) -> str:
    """How many threads a run has been given."""
    paths = SweepPaths(folder)
    spec = made_spec("run0")
    paths.run(spec.run_id).folder.mkdir(parents=True)
    (_,) = LocalEngine(paths, jobs, trainer=local.TRAINER).run([spec])
    return (paths.run(spec.run_id).folder / "told").read_text()


@pytest.mark.usefixtures("trainer")
def test_runs_are_forks_of_the_server_that_has_begun(
    tmp_path: Path, servers: list[subprocess.Popen[bytes]]
) -> None:
    with starting_ahead(2):
        (begun,) = servers
        assert begun.poll() is None
        told = run_one(tmp_path / "sweep", 2)
    assert servers == [begun]
    assert told == str(max(1, len(os.sched_getaffinity(0)) // 2))


@pytest.mark.usefixtures("trainer")
def test_runs_with_other_threads_have_a_server_of_their_own(
    tmp_path: Path, servers: list[subprocess.Popen[bytes]]
) -> None:
    with starting_ahead(len(os.sched_getaffinity(0))):
        told = run_one(tmp_path / "sweep", 1)
    assert (told, len(servers)) == (str(len(os.sched_getaffinity(0))), min(2, len(os.sched_getaffinity(0))))


def test_it_ends_with_a_plan_that_cannot_be_made(
    tmp_path: Path, servers: list[subprocess.Popen[bytes]]
) -> None:
    sweep = tmp_path / "sweep.yml"
    sweep.write_text("base: nowhere.cfg\n", encoding="utf8")
    with pytest.raises(SweepError, match=r"there is no config"):
        archlab.grid(sweep, experiments=tmp_path / "experiments")
    assert len(servers) == 1


@pytest.mark.parametrize("options", [{"engine": "inline"}, {"speedups": False}, {"gpu": 0}, {"known": True}])
def test_where_it_would_not_be_needed_none_begins(
    tmp_path: Path, servers: list[subprocess.Popen[bytes]], options: dict[str, Any]
) -> None:
    (tmp_path / "sweep.yml").write_text("base: base.cfg\n", encoding="utf8")
    sweep = load_sweep(tmp_path / "sweep.yml")
    if options.pop("known", False):
        plan = SweepPaths.of(sweep.name, tmp_path).plan
        plan.parent.mkdir()
        plan.touch()
    gpu = options.pop("gpu", None)
    with EngineOptions(**options).starting_ahead(sweep, gpu, experiments=tmp_path):
        assert servers == []
