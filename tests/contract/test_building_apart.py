"""A plan is made without importing PyTorch here: what uses it is built in a copy of this process."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import ROOT
from made_documents import write_base, write_corpora
from tiny_transformers import make_bert

from archlab.checking import building_apart
from archlab.checking.building_apart import building_apart as apart
from archlab.checking.building_apart import call_apart
from archlab.late_pytorch import PYTORCH
from archlab.processes import ON_LINUX, identity

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


def where_is_told() -> tuple[int, int]:
    """The same, after it has been printed."""
    sys.stdout.write(f"{where()}\n")
    sys.stderr.write("printed, too\n")
    return where()


def kill_yourself() -> None:
    if os.getpid() != int(os.environ["FIRST"]):
        os.kill(os.getpid(), signal.SIGKILL)


def hang_unless_first() -> None:
    if os.getpid() != int(os.environ["FIRST"]):
        time.sleep(60)


def start_another() -> int:
    return subprocess.Popen(["sleep", "60"], start_new_session=True).pid


def called(function: Any, *arguments: Any, seconds: float = 60) -> Any:
    return call_apart(seconds, function, *arguments)


def is_gone(pid: int) -> bool:
    return identity(pid) is None


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while not is_gone(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST", str(os.getpid()))
    monkeypatch.delitem(sys.modules, PYTORCH, raising=False)


def test_where_nothing_is_planned_it_is_called_here() -> None:
    assert called(where) == where()


def test_with_pytorch_here_it_is_called_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PYTORCH, ModuleType(PYTORCH))
    monkeypatch.setattr(building_apart, "can_fork", lambda: True)
    with apart():
        assert called(where) == where()


def test_where_forks_are_not_safe_it_is_called_here(
    without_pytorch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building_apart, "can_fork", lambda: False)
    with apart():
        assert called(where) == where()


def test_one_copy_is_called_and_ends(without_pytorch: None) -> None:
    with apart():
        copy, parent = called(where)
        assert parent == os.getpid() != copy
        assert called(where) == (copy, parent)
        assert called(called, where) == (copy, parent)  # it makes no copy of its own
    assert is_gone(copy)
    assert called(where) == where()


def test_a_copy_that_dies_is_done_without(without_pytorch: None) -> None:
    with apart():
        copy, _ = called(where)
        assert called(kill_yourself) is None
        assert called(where) == where()
    assert is_gone(copy)


def test_a_copy_that_hangs_is_done_without(without_pytorch: None) -> None:
    with apart():
        copy, _ = called(where)
        assert called(hang_unless_first, seconds=0.1) is None
        assert is_gone(copy)
        assert called(where) == where()


def test_an_answer_that_nobody_waits_for_is_not_taken_for_another(without_pytorch: None) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    with apart():
        copy, _ = called(where)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Interrupted):
            called(time.sleep, 0.3)
        assert called(where) == where()
        assert is_gone(copy)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("again", [1, 2])
def test_where_nothing_can_be_forked_it_is_called_here(
    without_pytorch: None, monkeypatch: pytest.MonkeyPatch, again: int
) -> None:
    def fail() -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(building_apart, "fork", fail)
    with apart():
        assert [called(where) for _ in range(again)] == [where()] * again


def test_what_cannot_be_copied_is_called_with_here(without_pytorch: None) -> None:
    with apart():
        copy, _ = called(where)
        assert copy != os.getpid()
        assert called(len, {1: lambda: 2}) == 1


def test_once_pytorch_is_here_it_is_called_here(
    without_pytorch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with apart():
        copy, _ = called(where)
        monkeypatch.setitem(sys.modules, PYTORCH, ModuleType(PYTORCH))
        assert called(where) == where() != copy
    assert is_gone(copy)


def test_other_threads_call_here(without_pytorch: None) -> None:
    with apart(), ThreadPoolExecutor(1) as threads:
        assert called(where) != where()
        assert threads.submit(called, where).result() == where()


def test_ctrl_c_in_a_terminal_is_for_the_first_process(without_pytorch: None) -> None:
    with apart():
        copy, _ = called(where)
        assert os.getsid(copy) == copy


def test_what_a_copy_has_started_ends_with_it(without_pytorch: None) -> None:
    with apart():
        started = called(start_another)
        assert not is_gone(started)
    wait_until_gone(started)


class Locked:
    """What draws on the terminal, while it draws: in the copy nobody would let it go."""

    def write(self, text: str) -> None:
        raise AssertionError(f"{text} would wait for ever")

    def flush(self) -> None: ...


def test_what_is_printed_goes_past_what_draws(
    without_pytorch: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with apart():
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", Locked())
            patched.setattr(sys, "stdout", Locked())
            told = called(where_is_told)
        assert told == called(where) != where()
    out, err = capfd.readouterr()
    assert out == ""
    assert str(told) in err
    assert "printed, too" in err


def test_a_copy_ends_when_the_first_process_is_killed(without_pytorch: None) -> None:
    program = (
        "import sys, time, test_building_apart as t\n"
        "sys.modules.pop('torch', None)\n"
        "with t.apart():\n"
        "    print(t.called(t.where)[0], flush=True)\n"
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
    wait_until_gone(copy)


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


RECIPES = """
base: base.cfg
recipes:
  - encoder: bilstm
  - transformer: {name: ./tiny}
  - transformer: {name: ./tiny, package: curated}
"""


@pytest.mark.slow
def test_factories_that_come_later_are_known_in_the_copy(tmp_path: Path) -> None:
    pytest.importorskip("spacy_transformers")
    pytest.importorskip("spacy_curated_transformers")
    make_bert(tmp_path / "tiny")
    write_base(tmp_path, write_corpora(tmp_path), {})
    (tmp_path / "sweep.yml").write_text(RECIPES, encoding="utf8")
    told = planned(tmp_path, late=True)
    assert told["rejected"] == []
    assert len(told["variants"]) == 3
