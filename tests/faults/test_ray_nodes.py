"""Clusters that lose workers, nodes and drivers, and nodes that are not as the driver is."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from ray_nodes import NEEDS_RAY, Nodes, path_with, two_nodes, use_stored_corpora, wait_for

import archlab
from archlab.results.store import Store

pytestmark = [pytest.mark.exhaustive, NEEDS_RAY]  # four minutes

ARCHLAB = (sys.executable, "-m", "archlab")
BASE = Path(__file__).resolve().parents[2] / "configs" / "base.cfg"
SEEDS, AT_ONCE = 6, 2
SWEEP = f"""
name: cluster
base: {BASE}
seeds: {SEEDS}
overrides: {{vars.train_size: 200, vars.dev_size: 50, training.max_steps: 60, training.eval_frequency: 20}}
swaps: {{textcat.model: [spacy.TextCatBOW.v1]}}
"""

OTHER_SPACY = "Metadata-Version: 2.1\nName: spacy\nVersion: 9.9.9\n"

CODE = """
from typing import Optional
from spacy import registry
from spacy.ml.models.textcat import build_bow_text_classifier_v3

@registry.architectures("hidden.Bow.v1")
def bow(exclusive_classes: bool = True, nO: Optional[int] = None):
    return build_bow_text_classifier_v3(exclusive_classes, 1, False, length=1024, nO=nO)
"""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with two_nodes(tmp_path_factory.mktemp("nodes")) as nodes:
        yield nodes


class Grids:
    """Grids of one sweep on a cluster, each in a process of its own."""

    def __init__(self, folder: Path, nodes: Nodes) -> None:
        self.folder, self.nodes = folder, nodes
        self.store = Store("cluster", folder / "experiments")
        (folder / "sweep.yml").write_text(SWEEP, encoding="utf8")

    def start(self, *options: str, **variables: str) -> subprocess.Popen[str]:
        command = [*ARCHLAB, "grid", "sweep.yml", "--engine", "ray", "--address", self.nodes.address]
        command += ["--jobs", str(AT_ONCE)]  # each worker that takes a run imports spaCy
        return subprocess.Popen(
            [*command, *options],
            cwd=self.folder,
            env=os.environ | variables,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def results(self) -> dict[str, bytes]:
        return {file.parent.name: file.read_bytes() for file in self.store.paths.runs.glob("*/result.json")}

    def attempts(self) -> list[int]:
        return sorted(result.attempt for result in self.store.results())

    def is_idle(self) -> bool:
        return wait_for(lambda: not self.nodes.at_work(), 10)


@pytest.fixture
def grids(tmp_path: Path, nodes: Nodes) -> Grids:
    return Grids(tmp_path, nodes)


def workers_at_work(nodes: Nodes) -> list[psutil.Process]:
    """Ray's workers that have a run."""
    ours = {parent for process in nodes.at_work() for parent in process.parents()}
    return [process for process in ours if process.name().startswith("ray::")]


def end(grid: subprocess.Popen[str]) -> str:
    """What a grid has said, that ends with success."""
    said, _ = grid.communicate(timeout=240)
    assert grid.returncode == 0, said
    return said


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_driver_that_is_killed_and_comes_again(grids: Grids) -> None:
    grid = grids.start()
    assert wait_for(lambda: grids.results() and grids.nodes.at_work())
    grid.kill()
    grid.communicate()
    assert grids.is_idle()
    before = grids.results()
    assert 0 < len(before) < SEEDS
    end(grids.start())
    after = grids.results()
    assert len(after) == SEEDS
    assert before.items() <= after.items()
    cut_short = grids.attempts().count(2)
    assert cut_short <= AT_ONCE
    assert grids.attempts() == [1] * (SEEDS - cut_short) + [2] * cut_short
    end(grids.start())
    assert grids.results() == after


def test_an_interrupted_grid_leaves_nothing_behind(grids: Grids) -> None:
    grid = grids.start()
    assert wait_for(lambda: grids.results() and grids.nodes.at_work())
    grid.send_signal(signal.SIGINT)
    said, _ = grid.communicate(timeout=60)
    assert grid.returncode == 130, said
    assert "The same command does the rest." in said
    assert grids.nodes.at_work() == []
    assert 0 < len(grids.results()) < SEEDS


def test_a_worker_that_is_killed_costs_an_attempt(grids: Grids) -> None:
    grid = grids.start()
    assert wait_for(lambda: grids.results() and workers_at_work(grids.nodes))
    before = grids.results()
    os.kill(workers_at_work(grids.nodes)[0].pid, signal.SIGKILL)
    end(grid)
    assert grids.attempts() == [1] * (SEEDS - 1) + [2]
    assert before.items() <= grids.results().items()


def test_a_node_with_another_spacy_is_named_and_gets_no_runs(grids: Grids, tmp_path: Path) -> None:
    package = tmp_path / "other" / "spacy-9.9.9.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text(OTHER_SPACY, encoding="utf8")
    node = grids.nodes.add(cpus=4, PYTHONPATH=path_with(package.parent))
    try:
        assert "gets no runs: it has spacy 9.9.9 (here 3." in end(grids.start("--jobs", "8"))
        alone = grids.start("--rerun", "--cpus-per-run", "4")
        said, _ = alone.communicate(timeout=60)
        assert alone.returncode == 3, said
        assert "No node of the Ray cluster can train these runs.\n" in said
    finally:
        grids.nodes.remove(node)


def test_the_demo_has_the_same_scores_as_here(grids: Grids, tmp_path: Path) -> None:
    sweep = str(BASE.parent / "sweep.yml")
    results = []
    for where in (("--engine", "ray", "--address", grids.nodes.address), ("--engine", "local")):
        experiments = tmp_path / where[1]
        subprocess.run(
            [*ARCHLAB, "grid", sweep, *where, "--jobs", str(AT_ONCE), "--experiments", experiments],
            check=True,
            capture_output=True,
        )
        results.append({r.run_id: r.scores for r in Store("demo", experiments).results()})
    there, here = results
    assert len(there) == 30
    assert there == here


def test_what_a_node_does_not_see_is_sent_there(grids: Grids, tmp_path: Path) -> None:
    """A corpus, a folder and --code; and the model that comes back names the files as its driver does."""
    hidden = make_hidden_sweep(tmp_path)
    options = ["--code", str(hidden / "blocks.py"), "--cpus-per-run", "4"]
    node = grids.nodes.add_blind(hidden, cpus=4)
    try:
        end(grids.start(*options))
    finally:
        grids.nodes.remove(node)
    here = tmp_path / "here"
    command = [*ARCHLAB, "grid", "sweep.yml", "--code", str(hidden / "blocks.py"), "--experiments", str(here)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (ours,) = (here / "cluster" / "runs").iterdir()
    theirs = grids.store.paths.run(ours.name).folder
    assert contents(theirs / "model-best") == contents(ours / "model-best")
    assert str(hidden) in (theirs / "model-best" / "config.cfg").read_text("utf8")
    assert (theirs / "per_doc.json").read_bytes() == (ours / "per_doc.json").read_bytes()


def test_packages_travel_in_a_runtime_environment(grids: Grids, tmp_path: Path) -> None:
    """A package beside the sweep, which the node does not see, and --code imports."""
    hidden = make_hidden_sweep(tmp_path)
    package = hidden / "hidden_blocks"
    package.mkdir()
    (hidden / "blocks.py").rename(package / "__init__.py")
    (hidden / "blocks.py").write_text("import hidden_blocks\n", encoding="utf8")
    (tmp_path / "env.yml").write_text(f"py_modules: [{package}]\n", encoding="utf8")
    options = ["--code", str(hidden / "blocks.py"), "--cpus-per-run", "4", "--runtime-env", "env.yml"]
    node = grids.nodes.add_blind(hidden, cpus=4)
    try:
        end(grids.start(*options, PYTHONPATH=path_with(hidden)))
    finally:
        grids.nodes.remove(node)


def make_hidden_sweep(folder: Path) -> Path:
    """A sweep of one run, whose corpora and code lie in a folder; returns that."""
    hidden = folder / "hidden"
    config = archlab.load_config(BASE, {"training.max_steps": 6, "training.eval_frequency": 3})
    use_stored_corpora(config, hidden)
    (hidden / "blocks.py").write_text(CODE, encoding="utf8")
    config.to_disk(folder / "hidden.cfg")
    sweep = "name: cluster\nbase: hidden.cfg\nseeds: 1\nswaps: {textcat.model: [hidden.Bow.v1]}\n"
    (folder / "sweep.yml").write_text(sweep, encoding="utf8")
    return hidden


def test_a_node_that_is_switched_off_costs_attempts_alone(grids: Grids) -> None:
    """The last test: the cluster has one node less afterwards."""
    grid = grids.start()
    assert wait_for(lambda: grids.results() and len(workers_at_work(grids.nodes)) > 1)
    before = grids.results()
    grids.nodes.remove(grids.nodes.second)
    end(grid)
    attempts = grids.attempts()
    assert len(attempts) == SEEDS
    assert attempts[-1] == 2
    assert before.items() <= grids.results().items()
