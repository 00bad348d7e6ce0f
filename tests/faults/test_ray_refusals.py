"""What is asked of a cluster, and cannot be had: the message, and the exit code."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray_nodes import NEEDS_RAY, Nodes, path_with, two_nodes, use_stored_corpora

import archlab

pytestmark = [pytest.mark.exhaustive, NEEDS_RAY]  # a minute

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
GRID = (sys.executable, "-m", "archlab", "grid")

OTHER_PYTHON = """
import ray
from ray._private import utils

utils.compute_version_info = lambda: (ray.__version__, "3.99.1")
"""
"""What Ray compares where it starts."""

OTHER_BYTECODE = """
import os, signal, sys

def crash(event, arguments):
    if event == "code.__new__" and "look" in arguments:
        os.kill(os.getpid(), signal.SIGSEGV)

sys.addaudithook(crash)
"""
"""What Python 3.12.1 did with the functions of 3.11.7, on a worker that it was started for."""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with two_nodes(tmp_path_factory.mktemp("nodes")) as nodes:
        yield nodes


def refused(nodes: Nodes, sweep: Path, *options: str, **variables: str) -> str:
    """What a grid says that ends with exit code 3."""
    done = subprocess.run(
        [*GRID, sweep, "--engine", "ray", "--address", nodes.address, *options],
        env=os.environ | variables,
        cwd=nodes.folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_another_token(nodes: Nodes) -> None:
    said = refused(nodes, CONFIGS / "sweep.yml", "--dry-run", RAY_AUTH_TOKEN="0" * 64)
    assert f"The Ray cluster at {nodes.address} does not accept this machine's token, or misses one." in said
    assert "Copy the head's ~/.ray/auth_token here" in said


def test_another_python_here(nodes: Nodes, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(OTHER_PYTHON, encoding="utf8")
    said = refused(nodes, CONFIGS / "sweep.yml", "--dry-run", PYTHONPATH=path_with(tmp_path))
    assert f"The Ray cluster at {nodes.address} has another Ray or Python: " in said
    assert "3.99.1" in said
    assert "Use the same ones on all machines." in said


def test_another_python_there(nodes: Nodes, tmp_path: Path) -> None:
    """`ray start` refuses it, but a node may start its workers with yet another one."""
    (tmp_path / "sitecustomize.py").write_text(OTHER_BYTECODE, encoding="utf8")
    node = nodes.add(cpus=4, PYTHONPATH=path_with(tmp_path))
    try:
        said = refused(nodes, CONFIGS / "sweep.yml", "--dry-run", "--cpus-per-run", "4")
    finally:
        nodes.remove(node)
    assert "No node of the Ray cluster can train these runs." in said
    assert "gets no runs: its worker died at once, as it does with another Python." in said


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ("py_modules: [/nowhere]\n", "Ray does not take the runtime environment: "),
        ("pip: 3\n", "Ray does not take the runtime environment: "),
        ("- pip\n", "env.yml holds no runtime environment."),
    ],
)
def test_a_runtime_environment_that_is_none(
    nodes: Nodes, tmp_path: Path, environment: str, said: str
) -> None:
    file = tmp_path / "env.yml"
    file.write_text(environment, encoding="utf8")
    assert said in refused(nodes, CONFIGS / "sweep.yml", "--dry-run", "--runtime-env", str(file))


def test_a_runtime_environment_that_no_node_can_make(nodes: Nodes, tmp_path: Path) -> None:
    file = tmp_path / "env.yml"
    file.write_text("pip: [/nowhere/at_all-1.0-py3-none-any.whl]\n", encoding="utf8")
    said = refused(nodes, CONFIGS / "sweep.yml", "--dry-run", "--runtime-env", str(file))
    assert "No node of the Ray cluster can train these runs." in said
    assert "gets no runs: its runtime environment cannot be made: " in said


def test_a_corpus_that_no_node_sees_and_no_config_names(nodes: Nodes, tmp_path: Path) -> None:
    """Its path is put together from variables, so that it cannot be another on the node."""
    config = archlab.load_config(CONFIGS / "base.cfg", {"training.max_steps": 6})
    use_stored_corpora(config, tmp_path / "hidden")
    config["vars"]["root"] = str(tmp_path / "hidden")
    config["paths"]["dev"] = "${vars.root}/dev.spacy"
    config.to_disk(tmp_path / "base.cfg")
    sweep = tmp_path / "sweep.yml"
    sweep.write_text("base: base.cfg\nseeds: 1\nswaps: {textcat.model: [spacy.TextCatBOW.v3]}\n")
    node = nodes.add_blind(tmp_path / "hidden", cpus=4)
    try:
        said = refused(nodes, sweep, "--cpus-per-run", "4")
    finally:
        nodes.remove(node)
    assert f"{tmp_path}/hidden/dev.spacy is not on every node, and cannot be shipped" in said
    assert "Write the whole path into the config, or put the file where every node sees it." in said
