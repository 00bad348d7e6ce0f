"""Whatever is stopped or dies, and when: what was finished stays, and nothing is done twice."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil
import pytest

import archlab
from archlab.engines.base import Event
from archlab.planning.runs import run_config
from archlab.records import Json
from archlab.results.files import read_json
from archlab.results.store import Store

pytestmark = pytest.mark.slow

BASE = Path(__file__).resolve().parents[2] / "configs" / "base.cfg"

CODE = '''
import os, signal, time
from pathlib import Path
from spacy import registry
from spacy.ml.models.textcat import build_bow_text_classifier_v3


def with_hook(hook, nO):
    model = build_bow_text_classifier_v3(True, 1, False, length=1024, nO=nO)
    healthy = model._func

    def forward(model, docs, is_train):
        if is_train:
            hook()
        return healthy(model, docs, is_train)

    model._func = forward
    return model


@registry.architectures("faults.Waits.v1")
def waits(gate: str, nO: int = 2):
    """A bag of words that trains only while there is no gate."""

    def hook():
        while Path(gate).exists():
            if not Path(gate).read_text():
                Path(gate).write_text(str(os.getpid()))
            time.sleep(0.1)

    return with_hook(hook, nO)


@registry.architectures("faults.Dies.v1")
def dies(nO: int = 2):
    return with_hook(lambda: os.kill(os.getpid(), signal.SIGKILL), nO)
'''

SWEEP = """
base: {base}
score: cats_micro_f
keep_models: all
limits: {{attempts: 1}}
swaps:
  textcat.model:
    - faults.Dies.v1
    - spacy.TextCatBOW.v3: {{length: 1024}}
    - faults.Waits.v1: {{gate: "{gate}"}}
overrides:
  vars.train_size: 40
  vars.dev_size: 20
  training.max_steps: 4
  training.eval_frequency: 2
"""


class Grid:
    """`archlab grid` as a process of its own, which leads a group as it would in a terminal."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.err_path, self.out_path = folder / "err.txt", folder / "out.txt"
        command = [sys.executable, "-m", "archlab", "grid", "sweep.yml", "--code", "blocks.py", *arguments]
        with self.err_path.open("w") as err, self.out_path.open("w") as out:
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=out, stderr=err, start_new_session=True
            )

    @property
    def err(self) -> str:
        return self.err_path.read_text(encoding="utf8")

    @property
    def out(self) -> str:
        return self.out_path.read_text(encoding="utf8")

    def wait_for(self, happens: Callable[[], object], seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not happens():
            assert time.monotonic() < deadline, f"waited {seconds:g} s in vain:\n{self.err}"
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.err}"
            time.sleep(0.05)

    def end(self) -> int:
        return self.process.wait(90)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with a sweep of three: one is done soon, one dies, one waits at the gate."""
    (tmp_path / "blocks.py").write_text(CODE, encoding="utf8")
    sweep = SWEEP.format(base=BASE, gate=tmp_path / "gate")
    (tmp_path / "sweep.yml").write_text(sweep, encoding="utf8")
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Grid]]:
    grids: list[Grid] = []

    def start(*arguments: str) -> Grid:
        grids.append(Grid(folder, *arguments))
        return grids[-1]

    yield start
    for grid in grids:
        grid.process.kill()
        grid.process.wait()


def started(grid: Grid) -> list[str]:
    return re.findall(r"^started +([\w.]+)", grid.err, re.MULTILINE)


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def recorded(folder: Path) -> dict[Path, bytes]:
    """The files of all runs that have a result."""
    runs = (path.parent for path in folder.glob("experiments/sweep/runs/*/result.json"))
    return {path: content for run in runs for path, content in files(run).items()}


def count_results(contents: Iterable[Path]) -> int:
    return sum(path.name == "result.json" for path in contents)


def keep_choices(folder: Path, *names: str) -> None:
    """Leave only these blocks in the sweep."""
    lines = (folder / "sweep.yml").read_text(encoding="utf8").splitlines()
    kept = [line for line in lines if not line.startswith("    - ") or any(name in line for name in names)]
    (folder / "sweep.yml").write_text("\n".join(kept), encoding="utf8")


def ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def reason(folder: Path, variant: str) -> Json:
    results = [read_json(path) for path in folder.glob("experiments/sweep/runs/*/result.json")]
    (result,) = (result for result in results if result["variant"].startswith(variant))
    assert result["status"] == "failed"
    found: Json = result["reason"]
    return found


def test_an_interrupted_grid_goes_on_where_it_was(folder: Path, start: Callable[..., Grid]) -> None:
    gate = folder / "gate"
    gate.touch()
    first = start("--jobs", "2")
    first.wait_for(lambda: "(2 of 3 done" in first.err and gate.read_text())
    child = psutil.Process(int(gate.read_text()))
    assert first.process.pid in {parent.pid for parent in child.parents()}

    os.killpg(first.process.pid, signal.SIGINT)  # what ctrl-C does

    assert first.end() == 130
    assert re.search("Stopped: 2 of 3 runs are stored, 1 left", first.err)
    assert "Traceback" not in first.err
    assert first.out == ""
    assert ended(child)
    assert set(started(first)) == {"TextCatBOW.v3", "faults.Dies.v1", "faults.Waits.v1"}
    before = recorded(folder)
    assert count_results(before) == 2

    gate.unlink()
    second = start()

    assert second.end() == 4
    assert started(second) == ["faults.Waits.v1"]
    after = recorded(folder)
    assert {path: after[path] for path in before} == before
    assert count_results(after) == 3


def test_a_run_that_dies_costs_only_itself(folder: Path, start: Callable[..., Grid]) -> None:
    keep_choices(folder, "Dies", "TextCatBOW")
    grid = start("--jobs", "1")
    assert grid.end() == 4
    assert started(grid) == ["faults.Dies.v1", "TextCatBOW.v3"]
    assert reason(folder, "faults.Dies.v1")["kind"] == "killed"
    died, done = (
        next(line for line in grid.out.splitlines() if line.strip().startswith(name))
        for name in ("faults.Dies.v1", "TextCatBOW.v3")
    )
    assert "1 failed" in died
    assert "failed" not in done
    assert "killed: the process was killed by SIGKILL" in " ".join(grid.out.split())
    assert re.search(r"log: experiments/sweep/runs/(\w+)/log\.txt   archlab logs \1", grid.out)


def test_a_grid_in_one_process_is_interrupted_too(folder: Path, start: Callable[..., Grid]) -> None:
    gate = folder / "gate"
    keep_choices(folder, "TextCatBOW", "Waits")
    gate.touch()
    grid = start("--engine", "inline")
    grid.wait_for(gate.read_text)
    assert int(gate.read_text()) == grid.process.pid
    grid.process.send_signal(signal.SIGINT)
    assert grid.end() == 130
    assert re.search("Stopped: 1 of 2 runs are stored, 1 left", grid.err)
    assert count_results(recorded(folder)) == 1


def test_a_run_finished_beside_a_dead_driver_is_not_done_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its child had handed over what it came to; the driver was killed before it could record it."""
    monkeypatch.chdir(folder)
    keep_choices(folder, "TextCatBOW")
    planned = archlab.plan("sweep.yml")
    (variant,), (spec,) = planned.variants, planned.runs
    store = Store("sweep")
    store.prepare(spec, run_config(variant.config, spec.seed))
    command = [sys.executable, "-m", "archlab.training.child", str(store.paths.run(spec.run_id).spec)]
    with (folder / "log").open("w") as log:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
    assert child.wait(60) == 0
    assert child.stdin is not None
    child.stdin.close()
    left = files(store.paths.run(spec.run_id).model)
    assert left

    events: list[Event] = []
    (result,) = archlab.grid("sweep.yml", on_event=events.append)

    assert events == []
    assert (result.status, result.attempt) == ("done", 1)
    assert store.load(spec.run_id) == result
    assert files(store.paths.run(spec.run_id).model) == left
