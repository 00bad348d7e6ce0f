"""lint-types is given what is no file of blocks, or finds its cache broken: that is said, or mended."""

import json
import subprocess
from pathlib import Path

import pytest
from conftest import Cli

from archlab.checking import mypy_runs

FILES = {
    "slip.py": (b"def x(:\n", "slip.py:1:7\n         it is no Python: invalid syntax"),
    "null.py": (
        b"x = 1\0",
        "null.py\n         it is no Python: source code string cannot contain null bytes",
    ),
    "bytes.py": (b"\xff\xfe", "it is no Python: (unicode error) 'utf-8' codec can't decode byte 0xff"),
    "deep.py": (b"x = " + b"-" * 20_000 + b"1", "it is no Python: it is nested too deep"),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_mypy(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*arguments: object, **options: object) -> None:
        raise AssertionError("mypy was started")

    monkeypatch.setattr(subprocess, "run", run)


@pytest.mark.usefixtures("no_mypy")
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_python_is_a_finding_with_its_place(cli: Cli, here: Path, name: str) -> None:
    content, said = FILES[name]
    (here / name).write_bytes(content)
    done = cli("lint-types", name)
    assert done.code == 3
    assert said in done.out
    (found,) = json.loads(cli("lint-types", name, "--format", "json").out)["findings"]
    assert found["file"] == name


@pytest.mark.usefixtures("no_mypy")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("absent.py",), 3, "There is no file absent.py."),
        (("folder.py",), 3, "folder.py is a folder.\n       Name the file in it that registers the blocks."),
        (("base.cfg",), 3, "base.cfg is no Python file.\n       Its name should end in .py."),
        (("good.py", "absent.py"), 3, "There is no file absent.py."),
        (("good.py", "--config", "absent.ini"), 3, "There is no mypy configuration absent.ini."),
        (("good.py", "--stirct"), 2, "No such option: --stirct"),
        ((), 2, "Missing argument"),
    ],
    ids=str,
)
def test_what_cannot_be_checked_is_told_before_anything_is(
    cli: Cli, here: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (here / "good.py").write_text("x = 1\n")
    (here / "base.cfg").write_text("[nlp]\n")
    (here / "folder.py").mkdir()
    done = cli("lint-types", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_an_error_is_an_annotation_where_annotations_are_asked_for(cli: Cli, here: Path) -> None:
    done = cli("lint-types", here / "absent.py", "--format", "github")
    assert (done.code, done.out) == (3, f"::error::There is no file {here / 'absent.py'}.\n")


def test_odd_files_are_checked_all_the_same(cli: Cli, here: Path) -> None:
    (here / "empty.py").write_bytes(b"")
    (here / "latin.py").write_bytes(b'# -*- coding: latin-1 -*-\nname: int = "\xe9"\n')
    (here / "beside.py").write_bytes(b"from .sibling import absent\nimport no_such_module\n")
    done = cli("lint-types", "empty.py", "latin.py", "beside.py")
    assert done.code == 3
    assert "latin.py:2:13" in done.out
    assert "1 error" in done.out


def test_a_configuration_that_mypy_does_not_understand_is_told(cli: Cli, here: Path) -> None:
    (here / "good.py").write_text("x = 1\n")
    (here / "absent.ini").write_text("[mypy]\nplugins = no_such_plugin\n")
    done = cli("lint-types", "good.py", "--config", "absent.ini")
    assert done.code == 3
    assert "absent.ini:2: Error importing plugin" in done.err
    (here / "odd.ini").write_text("[mypy]\nno_such_option = 1\n")
    done = cli("lint-types", "good.py", "--config", "odd.ini")
    assert done.code == 0
    assert "Unrecognized option: no_such_option" in done.err


def test_a_broken_cache_is_made_anew(cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "good.py").write_text("x = 1\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "caches"))
    assert not mypy_runs.is_warm()
    assert "mypy reads the sources" in cli("lint-types", "good.py").err
    assert mypy_runs.is_warm()
    kept = list((here / "caches").rglob("*.db"))
    for file in kept:
        file.write_bytes(b"torn" * 100)
    assert cli("lint-types", "good.py").code == 0
    assert all(b"torn" not in file.read_bytes()[:4] for file in kept if file.exists())
    assert mypy_runs.is_warm()


@pytest.mark.parametrize("home", ["taken", "none"])
def test_without_a_place_for_a_cache_it_works_without(
    cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    (here / "good.py").write_text("x = 1\n")
    (here / "taken").write_text("no folder")
    if home == "taken":
        monkeypatch.setenv("XDG_CACHE_HOME", str(here / "taken"))
    else:
        monkeypatch.setattr(mypy_runs, "cache_folder", lambda config=None: None)
    assert cli("lint-types", "good.py").code == 0
    assert not list(here.rglob("*.db"))
