"""PyTorch is imported when it is first used: everything else is as if it had been there from the start."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import late_pytorch_cases
import pytest
import torch
from conftest import ROOT
from made_results import made_spec

from archlab import late_pytorch
from archlab.engines import local, warm
from archlab.engines.choosing import EngineOptions
from archlab.engines.local import LocalEngine
from archlab.late_pytorch import COMPAT, GPUS, PYTORCH, import_pytorch_late, uses_pytorch
from archlab.planning.sweeps import load_sweep
from archlab.processes import ON_LINUX
from archlab.results.paths import SweepPaths

pytestmark = pytest.mark.skipif(
    not ON_LINUX or any(any(Path("/dev").glob(name)) for name in GPUS),
    reason="PyTorch comes late where there can be no GPU",
)

LATE = """
import json, sys
from archlab import late_pytorch
late_pytorch.import_pytorch_late()
"""

PYTORCH_FIRST = """
import torch, spacy
from thinc import compat
told = {"is PyTorch": compat.torch is torch is sys.modules["torch"], "sum": float(torch.ones(3).sum())}
print(json.dumps(told))
"""

UNKNOWN_QUESTION = """
from contextlib import contextmanager

standing_in = late_pytorch._AROUND["thinc.compat"]

@contextmanager
def knowing_less():
    with standing_in():
        del late_pytorch._late.backends
        yield
        late_pytorch._late.backends = None

late_pytorch._AROUND["thinc.compat"] = knowing_less
from thinc.api import fix_random_seed
fix_random_seed(5)
import late_pytorch_cases, torch
from torch.utils import dlpack
told = {"files": [torch.__file__, dlpack.__file__], "drawn": torch.rand(3).tolist()}
print(json.dumps(told | {"compat": late_pytorch_cases.answers_of_compat()}))
"""

BROKEN = """
import numpy, spacy
from thinc import compat
from thinc.api import Softmax, fix_random_seed
from thinc.util import is_torch_array

def error_of(function):
    try:
        function()
    except Exception as error:
        return repr(error)

fix_random_seed(5)
told = [Softmax(1, 2).initialize().predict(numpy.ones((1, 2), dtype="f")).tolist()]
told += [error_of(lambda: compat.torch.zeros), error_of(lambda: is_torch_array(1.0))]
print(json.dumps([*told, error_of(lambda: __import__("torch")), str(compat.torch_version)]))
"""

COMMAND = """
import json, sys
from archlab.cli.app import main
try:
    main()
finally:
    print(json.dumps([name in sys.modules for name in ("spacy", "torch")]), file=sys.stderr)
"""

IMPORTED = """
import json, sys
from pathlib import Path
Path(sys.argv[1]).with_name("told.json").write_text(json.dumps("torch" in sys.modules))
"""


def started(*arguments: str, first: Path = Path(late_pytorch_cases.__file__).parent) -> Any:
    """Python with these arguments, and this folder before all others."""
    path = os.pathsep.join(filter(None, (str(first), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told_by(process: Any) -> Any:
    out, err = process.communicate()
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.fixture(scope="module")
def processes() -> dict[str, Any]:
    """What is told where PyTorch comes late, and where it comes as ever."""
    begun = {kind: started(late_pytorch_cases.__file__, kind) for kind in ("late", "plain")}
    return {kind: told_by(process) for kind, process in begun.items()}


def test_spacy_comes_without_pytorch_and_leaves_nothing_in_its_place(processes: dict[str, Any]) -> None:
    assert processes["late"]["pytorch"] == []
    assert {"torch", "torch.utils.dlpack"} <= {*processes["plain"]["pytorch"]}


def test_thinc_finds_what_it_would_find(processes: dict[str, Any]) -> None:
    found = processes["late"]["compat"]
    assert found == processes["plain"]["compat"]
    assert (found["has_torch"], found["has_torch_gpu"], found["has_torch_amp"]) == ("True", "False", "False")


@pytest.mark.parametrize("case", [case.__name__ for group in late_pytorch_cases.GROUPS for case in group])
def test_it_is_as_if_it_had_been_there_from_the_start(processes: dict[str, Any], case: str) -> None:
    """The same numbers drawn, of PyTorch's, Python's and NumPy's; the same weights, outputs and files."""
    assert processes["late"]["cases"][case] == processes["plain"]["cases"][case]


def test_a_pytorch_that_came_before_spacy_stays() -> None:
    assert told_by(started("-c", LATE + PYTORCH_FIRST)) == {"is PyTorch": True, "sum": 3.0}


def test_where_thinc_asks_for_what_is_not_known_pytorch_itself_answers(processes: dict[str, Any]) -> None:
    told = told_by(started("-c", LATE + UNKNOWN_QUESTION))
    assert told["compat"] == processes["plain"]["compat"]
    assert told["drawn"] == processes["plain"]["cases"]["seeded_then_imported"][1]
    assert told["files"] == [
        str(Path(torch.__file__).parent / file) for file in ("__init__.py", "utils/dlpack.py")
    ]


def test_a_pytorch_that_cannot_be_imported_says_so_where_it_is_used(tmp_path: Path) -> None:
    for file, text in {
        "torch/__init__.py": "raise ImportError('no libtorch')",
        "torch-9.8.7.dist-info/METADATA": "Metadata-Version: 2.1\nName: torch\nVersion: 9.8.7\n",
    }.items():
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text(text, encoding="utf8")
    told = told_by(started("-c", LATE + BROKEN, first=tmp_path))
    assert told == [[[1.0]], *["ImportError('no libtorch')"] * 3, "9.8.7"]


def test_a_command_that_imports_spacy_does_without() -> None:
    process = started("-c", COMMAND, "slots", "--base", str(ROOT / "configs" / "base.cfg"))
    out, err = process.communicate()
    assert "textcat.model" in out
    assert json.loads(err) == [True, False]


# Where it is late, and where not.


@pytest.fixture
def nothing_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if neither had been imported, nor to come late, in this process."""
    finders = [finder for finder in sys.meta_path if finder is not late_pytorch._finder]
    monkeypatch.setattr(sys, "meta_path", finders)
    for name in (PYTORCH, COMPAT):
        monkeypatch.delitem(sys.modules, name, raising=False)


def is_late() -> bool:
    import_pytorch_late()
    import_pytorch_late()
    found = sys.meta_path.count(late_pytorch._finder)
    assert found in (0, 1)
    return found == 1


@pytest.mark.usefixtures("nothing_imported")
def test_it_is_late_where_neither_is_there() -> None:
    assert is_late()


@pytest.mark.usefixtures("nothing_imported")
@pytest.mark.parametrize("name", [PYTORCH, COMPAT])
def test_what_is_there_already_stays_as_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    assert not is_late()


@pytest.mark.usefixtures("nothing_imported")
@pytest.mark.parametrize(
    ("setting", "value"),
    [("GPUS", ("null",)), ("ON_LINUX", False), ("find_spec", {"torch_xla": "there"}.get)],
    ids=["a GPU", "another system", "no PyTorch"],
)
def test_where_it_may_not_be_late_it_comes_as_ever(
    setting: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_pytorch, setting, value)
    assert not is_late()


# Whether runs need it.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('@architectures = "spacy.TorchBiLSTMEncoder.v1"', True),
        ('@layers = "PyTorchWrapper.v1"', True),
        ('factory = "curated_transformer"', True),
        ("from torch import nn", True),
        ('@architectures = "spacy.HashEmbedCNN.v2"', False),
        ("", False),
    ],
)
def test_a_config_that_uses_pytorch_names_it(text: str, expected: bool, tmp_path: Path) -> None:
    (tmp_path / "config.cfg").write_text(text, encoding="utf8")
    (tmp_path / "other.cfg").write_bytes(b"\xff no text")
    os.mkfifo(tmp_path / "pipe")
    odd = ("other.cfg", "nowhere.cfg", "", "pipe", "/dev/zero")
    files: list[str | Path] = [*(tmp_path / name for name in odd), str(tmp_path / "config.cfg")]
    assert uses_pytorch(*files) == expected


def test_where_there_are_no_files_nothing_uses_it() -> None:
    assert not uses_pytorch()


@pytest.mark.parametrize(
    ("block", "config", "expected"),
    [
        ("spacy.TorchBiLSTMEncoder.v1", "TorchBiLSTMEncoder", ["torch"]),
        ("spacy.TorchBiLSTMEncoder.v1", "", ["torch"]),
        ("spacy.MaxoutWindowEncoder.v2", "TorchBiLSTMEncoder", ["torch"]),
        ("spacy.MaxoutWindowEncoder.v2", "", []),
    ],
    ids=["sweep and runs", "sweep", "runs", "neither"],
)
def test_what_runs_are_forked_from_imports_it_once_where_they_use_it(
    block: str, config: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as can be told from the sweep, while the plan is made, or else from the config of a run."""
    imported = []
    tell = warm.WarmServer.tell

    def remember(server: warm.WarmServer, **message: Any) -> None:
        imported.extend([message["imports"]] if "imports" in message else [])
        tell(server, **message)

    monkeypatch.setattr(warm.WarmServer, "tell", remember)
    (tmp_path / "tells.py").write_text(IMPORTED, encoding="utf8")
    monkeypatch.setattr(local, "TRAINER", (sys.executable, str(tmp_path / "tells.py")))
    (tmp_path / "sweep.yml").write_text(
        f"base: {ROOT}/configs/base.cfg\nswaps: {{textcat.model.tok2vec.encode: [{block}]}}", encoding="utf8"
    )
    paths = SweepPaths(tmp_path / "runs")
    specs = [made_spec(f"run{number}") for number in range(2)]
    for spec in specs:
        paths.run(spec.run_id).folder.mkdir(parents=True)
        paths.run(spec.run_id).config.write_text(config, encoding="utf8")
    options = EngineOptions(jobs=1)
    with options.starting_ahead(load_sweep(tmp_path / "sweep.yml"), None, experiments=tmp_path):
        assert imported == (expected if "Torch" in block else [])
        list(LocalEngine(paths, 1, trainer=local.TRAINER).run(specs))
    assert imported == expected
    told = [json.loads((paths.run(spec.run_id).folder / "told.json").read_text()) for spec in specs]
    assert told == [bool(expected)] * 2
