"""The networks of examples/torch_tagger and examples/thinc_tagger, saved and loaded in a fresh process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

SCRIPT = ROOT / "tests" / "contract" / "tagger_networks.py"


def run(*arguments: object) -> None:
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_what_is_loaded_gives_what_was_trained_to_the_last_bit(tmp_path: Path) -> None:
    run("train", tmp_path)
    run("load", tmp_path)


@pytest.fixture
def gpu() -> int:
    """The id of a GPU; the test is skipped, with the reason, where there is none."""
    from archlab.errors import DeviceError
    from archlab.training.device import find_device

    try:
        return find_device(0)[1]
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.mark.gpu
def test_so_it_does_on_a_gpu(tmp_path: Path, gpu: int) -> None:
    run("train", tmp_path, gpu)
    run("load", tmp_path, gpu)
