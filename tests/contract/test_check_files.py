"""archlab check of several files, as pre-commit calls it."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from conftest import ROOT

from archlab.planning.recognizing import is_config, is_sweep

if TYPE_CHECKING:
    from conftest import Cli

OTHERS = {
    "setup.cfg": "[metadata]\nname = mine\n\n[flake8]\nmax-line-length = 100\n",
    "workflow.yml": "name: ci\non: [push]\njobs: {}\n",
    "mkdocs.yaml": "base: https://example.org\nname: pages\n",
    "empty.yml": "",
}


@pytest.fixture
def others(workplace: Path) -> list[str]:
    for name, text in OTHERS.items():
        (workplace / name).write_text(text, encoding="utf8")
    return list(OTHERS)


def test_every_file_is_checked_and_the_worst_decides(
    cli: "Cli", workplace: Path, golden: Callable[[str, str], None]
) -> None:
    wrong = (workplace / "configs" / "base.cfg").read_text("utf8").replace("ngram_size = 1", "ngram_sise = 1")
    (workplace / "wrong.cfg").write_text(wrong, encoding="utf8")
    files = ("wrong.cfg", "configs/base.cfg", "no.cfg", "configs/sweep.yml")
    done = cli("check", *files, "--level", "types")
    golden("check_files", f"exit code {done.code}\n{done.out}")
    assert done.err == ""
    assert cli("check", "configs/base.cfg", "configs/sweep.yml", "--level", "types").code == 0


@pytest.mark.usefixtures("workplace")
def test_overrides_may_stand_among_the_files(cli: "Cli") -> None:
    types = ("--level", "types")
    apart = cli("check", "configs/base.cfg", "--training.dropout", "much", "configs/base.cfg", *types)
    assert (apart.code, apart.out.count("configs/base.cfg: 1 error")) == (3, 2)
    alone = cli("check", "--training.dropout", "0.1")
    assert (alone.code, alone.err) == (2, "error  No file is named.\n       archlab check configs/base.cfg\n")


@pytest.mark.usefixtures("workplace")
def test_findings_of_several_files_are_one_list_for_programs(cli: "Cli") -> None:
    done = cli("check", "no.cfg", "configs/sweep.yml", "--level", "types", "--format", "json")
    report = json.loads(done.out)
    assert (done.code, report["ok"]) == (3, False)
    assert [finding["file"] for finding in report["findings"]] == ["no.cfg", "configs/base.cfg"]
    annotated = cli("check", "no.cfg", "none.yml", "--format", "github").out.splitlines()
    assert annotated == [
        "::error file=no.cfg::There is no config no.cfg.%0AName another; where a base is meant, "
        "by --base FILE.",
        "::error file=none.yml::There is no sweep none.yml.",
    ]


def test_what_is_neither_config_nor_sweep_is_passed_over_when_asked(cli: "Cli", others: list[str]) -> None:
    done = cli("check", "--skip-others", *others, "configs/base.cfg", "--level", "types")
    assert (done.code, done.out) == (0, "configs/base.cfg: all fits\n")
    assert done.err == "passed over: 4 files are neither a config nor a sweep\n"
    nothing = cli("check", "--skip-others", "setup.cfg")
    assert (nothing.code, nothing.out) == (0, "")
    assert nothing.err == "passed over: 1 file is neither a config nor a sweep\n"
    assert cli("check", "setup.cfg").code == 3, "what is named is checked, unless it may be passed over"
    assert cli("check", "--skip-others", "none.yml").code == 3, "what is not there is told"


def test_what_archlab_ships_is_recognized(others: list[str]) -> None:
    for folder in ("configs", "examples", "tests/e2e/configs"):
        for path in (ROOT / folder).rglob("*"):
            assert is_config(path) == (path.suffix == ".cfg"), path
            assert is_sweep(path) == (path.suffix == ".yml"), path
    assert not [name for name in others if is_config(Path(name)) or is_sweep(Path(name))]


def test_the_hook_checks_what_pre_commit_hands_to_it(cli: "Cli", others: list[str]) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf8"))
    changed = [*others, "configs/base.cfg", "configs/sweep.yml", "README.md", "blocks.py", "notes.cfg.txt"]
    handed = [name for name in changed if re.search(hook["files"], name)]
    assert handed == [*others, "configs/base.cfg", "configs/sweep.yml"]
    program, *arguments = shlex.split(hook["entry"])
    done = cli(*arguments, *handed)
    assert (program, done.code, hook["require_serial"]) == ("archlab", 0, True)
    assert "configs/sweep.yml, 15 variants: 1 note" in done.out
