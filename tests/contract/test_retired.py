"""MXNet is retired: a config or a file that asks for it is told so, and what to take in its place."""

import sys
from collections.abc import Iterator
from pathlib import Path

import catalogue  # type: ignore[import-untyped]
import pytest
from conftest import ROOT, Cli, Finished

from archlab.catalog.registered import signature
from archlab.catalog.retired import told_of_mxnet
from archlab.configs.code import import_code
from archlab.errors import CodeError, ExtraError

BASE = ROOT / "configs" / "base.cfg"
EXAMPLE = ROOT / "examples" / "mxnet"
CODE = EXAMPLE / "mxnet_tagger.py"

LAYER = """
[nlp]
lang = "en"
pipeline = ["tagger"]

[components]

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[components.tagger.model.tok2vec]
@layers = "MXNetWrapper.v1"
mxnet_model = null
"""

SWEEP = f"""
base: {BASE}
swaps:
  textcat.model.tok2vec:
    - base
    - {{"@layers": MXNetWrapper.v1, mxnet_model: null}}
"""

WITHIN_THE_BLOCK = """
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d


@registry.architectures("retired.Late.v1")
def create_late_model() -> Model[list[Doc], list[Floats2d]]:
    import mxnet.gluon

    return mxnet.gluon
"""


def refused(done: Finished, *said: str) -> None:
    """Exit 3, one error, and the whole word: why, what instead, where to read on."""
    text = " ".join((done.out + done.err).split())
    assert done.code == 3, done
    assert text.count("error ") == 1, text
    word = ("MXNet was retired in 2023", "PyTorch", "archlab.TensorFlowWrapper.v1", "docs/guide/mxnet.md")
    for part in (*word, *said):
        assert part in text
    assert (ROOT / "docs" / "guide" / "mxnet.md").is_file()


@pytest.mark.parametrize(
    "command",
    [
        ["check", EXAMPLE / "base.cfg"],
        ["swap", "textcat.model", "CustomMXNetModel.v1", "-b", BASE],
        ["grid", ROOT / "configs" / "sweep.yml", "--dry-run"],
        ["train", EXAMPLE / "base.cfg"],
        ["fits", "textcat.model", "-b", BASE],
    ],
    ids=lambda command: command[0],
)
def test_a_file_that_imports_mxnet_is_told(cli: Cli, command: list[object]) -> None:
    done = cli(*command, "--code", CODE)
    refused(done, "mxnet_tagger.py:", "cannot be imported: ModuleNotFoundError: No module named 'mxnet'")
    assert done.out == ""


def test_an_mxnet_that_is_installed_and_does_not_run_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "mxnet"
    package.mkdir()
    (package / "__init__.py").write_text("import numpy\n\nnumpy.PZERO\n")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        with pytest.raises(CodeError, match=r"AttributeError: `np.PZERO` was removed.*\nMXNet was retired"):
            import_code([CODE])
    finally:
        sys.modules.pop("mxnet", None)


def test_a_file_without_mxnet_hears_nothing_of_it(tmp_path: Path) -> None:
    file = tmp_path / "other.py"
    file.write_text("import no_such_module\n")
    with pytest.raises(CodeError) as raised:
        import_code([file])
    assert raised.value.hint is None
    assert told_of_mxnet(ImportError("cannot import name 'x'")) is None


@pytest.mark.parametrize("command", [["check"], ["train"], ["slots", "-b"], ["fits", "tagger.model", "-b"]])
def test_a_config_with_thincs_layer_is_told_with_its_place(
    cli: Cli, tmp_path: Path, command: list[object]
) -> None:
    file = tmp_path / "layer.cfg"
    file.write_text(LAYER)
    place = "layer.cfg: in [components.tagger.model.tok2vec], MXNetWrapper.v1 does not run here."
    refused(cli(*command, file), place)


@pytest.mark.parametrize("name", ["MXNetWrapper.v1", "@layers:MXNetWrapper.v1"])
def test_a_swap_to_thincs_layer_is_told(cli: Cli, name: str) -> None:
    refused(cli("swap", "textcat.model.tok2vec", name, "-b", BASE), "MXNetWrapper.v1 does not run here.")


def test_a_sweep_leaves_out_the_variant_and_says_so(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "sweep.yml"
    file.write_text(SWEEP)
    done = cli("grid", file, "--dry-run", "--experiments", tmp_path)
    refused(done, "checked 2 variants", "1 rejected")


@pytest.fixture
def late_block(tmp_path: Path) -> Iterator[Path]:
    """A file with a block, which other tests find nowhere."""
    file = tmp_path / "late.py"
    file.write_text(WITHIN_THE_BLOCK)
    yield file
    del catalogue.REGISTRY["spacy", "architectures", "retired.Late.v1"]


def test_a_block_that_imports_it_when_it_is_built_is_a_finding(
    cli: Cli, tmp_path: Path, late_block: Path
) -> None:
    config = tmp_path / "late.cfg"
    config.write_text(
        LAYER.partition("[components.tagger.model]")[0]
        + '[components.tagger.model]\n@architectures = "retired.Late.v1"\n'
    )
    refused(cli("check", config, "--code", late_block), "it cannot be built: ModuleNotFoundError")


def test_who_has_enabled_mxnet_in_thinc_has_the_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExtraError):
        signature("layers", "MXNetWrapper.v1")
    monkeypatch.setattr("thinc.util.has_mxnet", True)
    assert signature("layers", "MXNetWrapper.v1").parameter("mxnet_model") is not None
