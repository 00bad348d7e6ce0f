"""User code may raise, exit, hang, kill its process or print: each is told with its place, doing no harm."""

import fcntl
import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, process_time, sleep
from unittest.mock import Mock

import psutil
import pytest
from conftest import ROOT, Finished
from many_commands import run_commands

from archlab.checking import isolating
from archlab.checking.isolating import Step
from archlab.processes import kill_family

BASE = ROOT / "configs" / "base.cfg"

# name of the file: (its text, what is said of it)
RAISING = {
    "raises": ("import os\nraise RuntimeError('boom')", ":2 cannot be imported: RuntimeError: boom"),
    "slip": ("def x(:", ":1 cannot be imported: SyntaxError: invalid syntax"),
    "null": ("x = 1\0", " cannot be imported: SyntaxError: source code string cannot contain null bytes"),
    "exits": (
        "import sys\nsys.exit('bye')",
        ":2 cannot be imported: it ends the program (SystemExit: bye)",
    ),
    "exits_well": ("raise SystemExit(0)", ":1 cannot be imported: it ends the program (SystemExit: 0)"),
    "odd": ("class Odd(BaseException): ...\nraise Odd('no')", ":2 cannot be imported: Odd: no"),
    "dumb": (
        "class Dumb(Exception):\n    def __str__(self): raise ValueError\nraise Dumb",
        ":3 cannot be imported: Dumb",
    ),
    "numbered": (
        "class Numbered(Exception):\n    def __str__(self): return 3\nraise Numbered",
        ":3 cannot be imported: Numbered",
    ),
    "listed": (
        "class Listed(Exception):\n    errors = [{'loc': 3}]\nraise Listed",
        ":3 cannot be imported: Listed",
    ),
    "endless": ("def f(): f()\nf()", "cannot be imported: RecursionError: maximum recursion depth exceeded"),
    "usage": ("import click\nraise click.UsageError('x')", ":2 cannot be imported: UsageError: x"),
    "taken": (
        "from spacy.language import Language\n\n@Language.factory('textcat')\ndef make(nlp, name): ...",
        "[E004] Can't set up pipeline component: a factory for 'textcat' already exists.",
    ),
}

BLOCK = """
import ctypes, os, signal, sys, time
from typing import List, Optional

import spacy
from spacy.language import Language
from spacy.ml.models.textcat import build_bow_text_classifier_v3
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

print("imported")


@spacy.registry.architectures("hostile.Block.v1")
def block(what: str, nO: Optional[int] = None) -> Model[List[Doc], Floats2d]:
    deeds = {
        "hang": lambda: time.sleep(600),
        "exit": lambda: os._exit(0),
        "sys.exit": lambda: sys.exit("enough"),
        "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
        "recur": lambda: block(what, nO),
        "interrupt": lambda: exec("raise KeyboardInterrupt"),
        "odd": lambda: exec("raise BaseException('no')"),
        "close": lambda: os.closerange(3, 100),
        "print": lambda: (print("built"), os.write(1, b"raw\\n")),
        "leave": lambda: os.fork() or time.sleep(600),
    }
    deeds[what]()
    return build_bow_text_classifier_v3(True, 1, False, length=1024, nO=nO)


@Language.factory("hostile")
def make_component(nlp, name):
    os._exit(3)


@spacy.registry.batchers("hostile.Batcher.v1")
def make_batcher():
    os._exit(4)
"""

BUILT = {
    "exit": "while it is built, its process ended with exit code 0",
    "sys.exit": "it cannot be built: SystemExit: enough",
    "kill": "while it is built, its process was killed by SIGKILL",
    "crash": "while it is built, its process was killed by SIGSEGV",
    "recur": "it cannot be built: RecursionError: maximum recursion depth exceeded",
    "interrupt": "while it is built, its process ended with exit code 1",
    "odd": "it cannot be built: BaseException: no",
    "close": "while it is built, its process ended with exit code 1",
}

ENTRY_POINTS = """
[spacy_architectures]
broken.Absent.v1 = no_such_module:make
broken.Raises.v1 = raising_module:make
broken.Empty.v1 = empty_module:make
broken.Ends.v1 = ending_module:make
"""

BROKEN = {
    "broken.Absent.v1": "ModuleNotFoundError: No module named 'no_such_module'",
    "broken.Raises.v1": "RuntimeError: boom",
    "broken.Empty.v1": "AttributeError: module 'empty_module' has no attribute 'make'",
    "broken.Ends.v1": "SystemExit: 3",
}


def textcat(model: str, extra: str = "") -> str:
    return (
        '[nlp]\nlang = "en"\npipeline = ["textcat"]\n\n[components]\n\n[components.textcat]\n'
        f'factory = "textcat"\n\n[components.textcat.model]\n{model}\n{extra}'
    )


def install(folder: Path, entry_points: str, **modules: str) -> Path:
    """A package as pip would leave it: what it announces, and its modules."""
    info = folder / "broken_package-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def refused(done: Finished, *said: str) -> None:
    assert done.code == 3, done
    assert "Traceback" not in done.err + done.out
    for text in said:
        assert text in " ".join((done.err + done.out).split())


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finished]:
    folder = tmp_path_factory.mktemp("code")
    for name, (text, _) in RAISING.items():
        (folder / f"{name}.py").write_text(f"{text}\n")
    (folder / "latin.py").write_bytes("x = 'é'\n".encode("latin1"))
    (folder / "text.txt").write_text("x = 1\n")
    names = [*(f"{name}.py" for name in RAISING), "latin.py", "text.txt", "absent.py", "."]
    commands: dict[str, list[object]] = {
        name: ["check", BASE, "--level", "types", "--code", folder / name] for name in names
    }
    raising = ["--code", folder / "raises.py"]
    commands |= {
        "fits": ["fits", "textcat.model", "-b", BASE, *raising],
        "slots": ["slots", "-b", BASE, *raising],
        "swap": ["swap", "textcat.model", "spacy.TextCatBOW.v3", "-b", BASE, *raising],
        "train": ["train", BASE, "-o", folder / "out", *raising],
        "grid": ["grid", ROOT / "configs" / "sweep.yml", "--dry-run", *raising],
    }
    return run_commands(commands)


class TestFiles:
    """--code files that cannot be imported."""

    @pytest.mark.parametrize("name", RAISING)
    def test_what_one_raises_is_told_with_its_line(self, imported: dict[str, Finished], name: str) -> None:
        refused(imported[f"{name}.py"], RAISING[name][1])
        assert f"{name}.py" in imported[f"{name}.py"].err

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("latin.py", "latin.py:1 cannot be imported: SyntaxError: (unicode error) 'utf-8' codec"),
            ("text.txt", "text.txt is no Python file. Its name should end in .py."),
            ("absent.py", "absent.py to import. Name it as --code FILE."),
            (".", "is a folder. Name the file in it that registers the blocks."),
        ],
    )
    def test_what_is_no_python_file_is_said(
        self, imported: dict[str, Finished], name: str, said: str
    ) -> None:
        refused(imported[name], said)

    @pytest.mark.parametrize("command", ["fits", "slots", "swap", "train", "grid"])
    def test_every_command_says_it(self, imported: dict[str, Finished], command: str) -> None:
        refused(imported[command], "raises.py:2 cannot be imported: RuntimeError: boom")
        assert imported[command].out == ""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finished]:
    folder = tmp_path_factory.mktemp("building")
    (folder / "blocks.py").write_text(BLOCK)
    model = '@architectures = "hostile.Block.v1"\nnO = null\nwhat = "{}"\n'
    configs = {what: textcat(model.format(what)) for what in (*BUILT, "print", "leave")}
    batcher = '[training]\n\n[training.batcher]\n@batchers = "hostile.Batcher.v1"\n'
    configs["batcher"] = textcat(model.format("print"), batcher)
    configs["component"] = (
        textcat(model.format("print"))
        .replace('factory = "textcat"', 'factory = "hostile"')
        .partition("[components.textcat.model]")[0]
    )
    commands: dict[str, list[object]] = {}
    for name, text in configs.items():
        path = folder / f"{name}.cfg"
        path.write_text(text)
        commands[name] = ["check", path, "--code", folder / "blocks.py", "--format", "json"]
    return run_commands(commands)


class TestBuilding:
    """Blocks that misbehave when they are built."""

    @pytest.mark.parametrize("what", BUILT)
    def test_it_is_a_finding_at_its_place(self, built: dict[str, Finished], what: str) -> None:
        refused(built[what])
        (finding,) = json.loads(built[what].out)["findings"]
        assert finding["message"].startswith(BUILT[what])
        assert (finding["slot"], finding["line"]) == ("components.textcat.model", 10)

    @pytest.mark.parametrize(
        ("name", "slot", "code"), [("component", "components.textcat", 3), ("batcher", "training", 4)]
    )
    def test_so_it_is_of_components_and_batchers(
        self, built: dict[str, Finished], name: str, slot: str, code: int
    ) -> None:
        (finding,) = json.loads(built[name].out)["findings"]
        said = f"while it is built, its process ended with exit code {code}"
        assert (finding["slot"], finding["message"]) == (slot, said)

    def test_what_it_prints_is_no_part_of_the_json(self, built: dict[str, Finished]) -> None:
        assert json.loads(built["print"].out) == {"ok": True, "findings": []}
        assert built["print"].err == "imported\nbuilt\nraw\n"

    def test_what_it_leaves_running_keeps_nobody_waiting(self, built: dict[str, Finished]) -> None:
        assert json.loads(built["leave"].out)["ok"]


def test_a_block_that_hangs_when_it_is_built_is_a_finding() -> None:
    def hanging() -> Iterator[Step]:
        yield "components.a", None
        yield "components.a", "it is odd"
        yield "components.b", None
        sleep(600)

    started = monotonic()
    taken = isolating.run_apart(hanging, seconds=1)
    assert taken[1:] == [
        ("components.a", "it is odd"),
        ("components.b", None),
        ("components.b", "it hangs while it is built: not done after 1 s"),
    ]
    assert monotonic() - started < 3


def begin() -> Iterator[Step]:
    yield "components.a", None


def test_a_copy_is_killed_while_its_id_is_still_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    parents: list[int] = []
    before = psutil.Process().children()  # of tests before this one

    def kill(pid: int) -> None:
        parents.append(psutil.Process(pid).ppid())
        kill_family(pid)

    monkeypatch.setattr(isolating, "kill_family", kill)
    assert isolating.run_apart(begin) == [("components.a", None)]
    assert parents == [os.getpid()]
    assert psutil.Process().children() == before


def test_where_no_copy_can_be_made_nothing_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", Mock(side_effect=BlockingIOError("no more processes")))
    before = psutil.Process().num_fds()
    with pytest.raises(BlockingIOError, match="no more processes"):
        isolating.run_apart(begin)
    assert psutil.Process().num_fds() == before


def test_a_copy_is_heard_however_many_files_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most_files[1]), most_files[1]))
    low = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 2000) for end in low)
    for end in low:
        os.close(end)
    monkeypatch.setattr(os, "pipe", lambda: high)
    try:
        assert isolating.run_apart(begin) == [("components.a", None)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most_files)


def test_waiting_for_a_copy_that_closed_its_pipe_costs_nothing() -> None:
    def close_and_hang() -> Iterator[Step]:
        yield from begin()
        os.closerange(3, 4096)
        sleep(600)

    before = process_time()
    taken = isolating.run_apart(close_and_hang, seconds=1)
    assert taken[-1] == ("components.a", "it hangs while it is built: not done after 1 s")
    assert process_time() - before < 0.3


@pytest.fixture(scope="module")
def announced(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finished]:
    folder = tmp_path_factory.mktemp("packages")
    package = install(
        folder / "site",
        ENTRY_POINTS,
        raising_module="raise RuntimeError('boom')",
        empty_module="",
        ending_module="raise SystemExit(3)",
    )
    commands: dict[str, list[object]] = {
        "other": ["check", BASE, "--level", "types"],
        "fits": ["fits", "textcat.model", "-b", BASE, "--all"],
    }
    for name in BROKEN:
        path = folder / f"{name}.cfg"
        path.write_text(textcat(f'@architectures = "{name}"'))
        commands[name] = ["check", path]
        commands[f"swap {name}"] = ["swap", "textcat.model", name, "-b", BASE]
    return run_commands(commands, package)


class TestPackages:
    """What installed packages announce and cannot give."""

    @pytest.mark.parametrize("name", BROKEN)
    def test_a_block_that_cannot_be_imported_is_told_with_its_package(
        self, announced: dict[str, Finished], name: str
    ) -> None:
        said = (
            f"{name}.cfg: {name} in [components.textcat.model], which the package broken-package announces,"
        )
        mend = "Mend or uninstall broken-package."
        refused(announced[name], f"{said} cannot be imported: {BROKEN[name]} {mend}")
        refused(announced[f"swap {name}"], BROKEN[name], "Mend or uninstall the package that brings it.")

    def test_it_fits_nowhere_and_hides_no_other(self, announced: dict[str, Finished]) -> None:
        assert announced["fits"].code == 0
        for name, why in BROKEN.items():
            assert f"{name} is announced in the registry architectures and cannot be imported: {why}" in (
                announced["fits"].out
            )
        assert "fits     spacy.TextCatReduce.v1" in announced["fits"].out

    def test_where_it_is_not_used_it_does_not_matter(self, announced: dict[str, Finished]) -> None:
        assert announced["other"].code == 0


def test_a_component_that_cannot_be_imported_matters_only_where_it_is_named(tmp_path: Path) -> None:
    package = install(tmp_path / "site", "[spacy_factories]\nbroken = no_such_module:make\n")
    named = tmp_path / "named.cfg"
    named.write_text(
        textcat('@architectures = "spacy.TextCatBOW.v3"').replace('"textcat"\n', '"broken"\n', 1)
    )
    done = run_commands(
        {
            "named": ["check", named],
            "other": ["check", BASE],
            "train": ["train", BASE, "--experiments", tmp_path, "--training.max_steps", 1],
        },
        package,
    )
    said = "The component factory broken, which the package broken-package announces, cannot be imported: "
    why = "ModuleNotFoundError: No module named 'no_such_module'"
    refused(done["named"], f"{said}{why}", "uninstall broken-package.")
    assert [done[name].code for name in ("other", "train")] == [0, 0], done
