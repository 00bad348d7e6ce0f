"""A plan is made without importing PyTorch here: what uses it is built in a copy of this process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from made_documents import write_base, write_corpora

from archlab.checking import building_apart
from archlab.checking.building_apart import building_apart as apart
from archlab.checking.building_apart import call_apart
from archlab.late_pytorch import PYTORCH
from archlab.processes import ON_LINUX

pytestmark = pytest.mark.skipif(not ON_LINUX, reason="forks are for Linux")

SWEEP = """
base: base.cfg
swaps:
  tok2vec.model.encode:
    - base
    - spacy.TorchBiLSTMEncoder.v1
    - spacy.TorchBiLSTMEncoder.v1: {dropout: 2.0}
"""


def where() -> tuple[int, int]:
    """This process and its parent."""
    return os.getpid(), os.getppid()


def kill_yourself() -> None:
    if os.getpid() != int(os.environ["FIRST"]):
        os.kill(os.getpid(), signal.SIGKILL)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture
def without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST", str(os.getpid()))
    monkeypatch.delitem(sys.modules, PYTORCH, raising=False)


def test_where_nothing_is_planned_it_is_called_here() -> None:
    assert call_apart(where) == where()


def test_with_pytorch_here_it_is_called_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PYTORCH, building_apart)
    monkeypatch.setattr(building_apart, "can_fork", lambda: True)
    with apart():
        assert call_apart(where) == where()


def test_where_forks_are_not_safe_it_is_called_here(
    without_pytorch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building_apart, "can_fork", lambda: False)
    with apart():
        assert call_apart(where) == where()


def test_one_copy_is_called_and_ends(without_pytorch: None) -> None:
    with apart():
        copy, parent = call_apart(where)
        assert parent == os.getpid() != copy
        assert call_apart(where) == (copy, parent)
        assert call_apart(call_apart, where) == (copy, parent)  # it makes no copy of its own
    assert is_gone(copy)
    assert call_apart(where) == where()


def test_a_copy_that_dies_is_done_without(without_pytorch: None) -> None:
    with apart():
        copy, _ = call_apart(where)
        assert call_apart(kill_yourself) is None
        assert call_apart(where) == where()
    assert is_gone(copy)


def test_ctrl_c_is_for_the_first_process(without_pytorch: None) -> None:
    with apart():
        copy, _ = call_apart(where)
        os.kill(copy, signal.SIGINT)
        assert call_apart(where)[0] == copy


def test_a_copy_ends_when_the_first_process_is_killed(without_pytorch: None) -> None:
    program = (
        "import sys, time, test_building_apart as t\n"
        "sys.modules.pop('torch', None)\n"
        "with t.apart():\n"
        "    print(t.call_apart(t.where)[0], flush=True)\n"
        "    time.sleep(60)\n"
    )
    paths = os.pathsep.join([str(Path(__file__).parent), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONPATH": paths}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment) as first:
        assert first.stdout is not None
        copy = int(first.stdout.readline())
        assert copy != first.pid
        assert not is_gone(copy)
        first.kill()
    deadline = time.monotonic() + 10
    while not is_gone(copy):
        assert time.monotonic() < deadline
        time.sleep(0.01)


PLANNING = """
import json, os, sys
from archlab import late_pytorch
if {late}:
    late_pytorch.import_pytorch_late()
else:
    import torch
import archlab
from archlab.processes import descendants
planned = archlab.plan("sweep.yml")
print(json.dumps({{
    "variants": [[v.row, v.variant_id] for v in planned.variants],
    "rejected": [[r.label, [f.message for f in r.findings]] for r in planned.rejected],
    "has PyTorch": "torch" in sys.modules,
    "children": descendants(os.getpid()),
}}))
"""


def planned(folder: Path, *, late: bool) -> dict[str, Any]:
    program = [sys.executable, "-c", PLANNING.format(late=late)]
    answer = subprocess.run(program, cwd=folder, stdout=subprocess.PIPE, check=True)
    told: dict[str, Any] = json.loads(answer.stdout)
    return told


def test_a_plan_comes_to_the_same_and_leaves_nothing(tmp_path: Path) -> None:
    write_base(tmp_path, write_corpora(tmp_path), {})
    (tmp_path / "sweep.yml").write_text(SWEEP, encoding="utf8")
    late, early = (planned(tmp_path, late=late) for late in (True, False))
    assert late.pop("has PyTorch") is False
    assert early.pop("has PyTorch") is True
    assert late == early
    assert late["children"] == []
    ((label, (message,)),) = late["rejected"]
    assert (label, len(late["variants"])) == ("encode=TorchBiLSTMEncoder.v1(dropout=2.0)", 2)
    assert "dropout should be a number" in message
