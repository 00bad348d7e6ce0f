"""archlab.TensorFlowWrapper.v1 with TensorFlow and without it, each in a process of its own."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT
from thinc.api import Model
from thinc.types import Floats2d, Floats3d, Padded

from archlab.catalog.registered import signature
from archlab.catalog.signatures import accepts, model_types

NAME = "archlab.TensorFlowWrapper.v1"
EXAMPLE = ROOT / "examples" / "tensorflow_tagger"
COMMAND = "Install it: pip install 'archlab[tensorflow]'"

needs_tensorflow = pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")


def run(*arguments: str, paths: tuple[Path, ...] = ()) -> "subprocess.CompletedProcess[str]":
    """python ARGUMENTS, with these folders before all others where modules are looked for."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*paths, ROOT)))}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_its_types_are_read_without_corrections() -> None:
    read = signature("layers", NAME)
    assert model_types(read.returns) is not None
    assert accepts(Model[Floats2d, Floats2d], read.returns) == "fits"
    assert accepts(Model[Floats3d, Floats3d], read.returns) == "fits"
    assert accepts(Model[Padded, Padded], read.returns) != "fits"
    assert [parameter.name for parameter in read.parameters if parameter.is_required] == ["tensorflow_model"]


@needs_tensorflow
@pytest.mark.slow
def test_the_cases_of_keras_cases() -> None:
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract/keras_cases.py")
    assert done.returncode == 0, done.stdout + done.stderr


WORKING = """
import os, sys
from archlab.checking.isolating import run_apart
from archlab.configs.code import import_code

import_code(sys.argv[1:])
import keras

first = os.getpid()

def build():
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    yield "here" if os.getpid() == first else "apart", None

assert run_apart(build, 30) == [("apart", None)]
assert list(build()) == [("here", None)]
assert run_apart(build, 30) == [("here", None)]
print("user code says this", file=sys.stderr)
"""


@needs_tensorflow
@pytest.mark.slow
def test_nothing_is_forked_once_tensorflow_works_and_its_import_is_silent() -> None:
    done = run("-c", WORKING, str(EXAMPLE / "tensorflow_tagger.py"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == "user code says this\n"


@pytest.fixture
def absent(tmp_path: Path) -> Path:
    """A folder in which tensorflow and keras cannot be imported, as where they are not installed."""
    for name in ("tensorflow", "keras"):
        text = f"raise ModuleNotFoundError(\"No module named '{name}'\", name={name!r})"
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


@pytest.mark.slow
def test_without_tensorflow_a_code_file_is_answered_with_the_command(absent: Path) -> None:
    code = str(EXAMPLE / "tensorflow_tagger.py")
    done = run(
        *("-m", "archlab", "check", str(EXAMPLE / "base.cfg"), "--code", code, "--level", "types"),
        paths=(absent,),
    )
    assert done.returncode == 3
    assert "tensorflow_tagger.py:6 cannot be imported: ModuleNotFoundError: No module named" in done.stderr
    assert COMMAND in done.stderr


CODE = """
from spacy.util import registry

@registry.misc("LateKeras.v1")
def late():
    import keras

@registry.misc("NoKeras.v1")
def none():
    return None
"""


@pytest.mark.slow
@pytest.mark.parametrize("model", ["LateKeras.v1", "NoKeras.v1"])
def test_without_tensorflow_a_config_is_answered_with_the_command(absent: Path, model: str) -> None:
    (absent / "late.py").write_text(CODE)
    block = f'{{"@layers": "{NAME}", "tensorflow_model": {{"@misc": "{model}"}}}}'
    done = run(
        *("-m", "archlab", "swap", "tagger.model.tok2vec.encode", "with_array.v1", f"layer={block}"),
        *("--base", str(EXAMPLE / "base.cfg"), "--code", str(absent / "late.py")),
        paths=(absent,),
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert COMMAND in done.stdout + done.stderr
