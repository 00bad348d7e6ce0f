"""Every page of the guide is walked by a test, every example has a page, and the index knows them all."""

import re
from pathlib import Path

import pytest
from conftest import ROOT
from guide_pages import EXAMPLES, PAGES

FOLDERS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir())
INDEX = PAGES / "README.md"
WITHOUT_SWEEP = ("mxnet", "types")
"""Folders of examples for a page on which archlab trains nothing."""


def pages() -> list[Path]:
    return sorted(path for path in PAGES.glob("*.md") if path != INDEX)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_is_walked_by_a_test(page: Path) -> None:
    tests = [path.read_text(encoding="utf8") for path in (ROOT / "tests").rglob("test_*.py")]
    assert any(re.search(rf'walk\(\s*"{page.name}"', test) for test in tests)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_example_has_a_base_a_sweep_and_a_page(folder: Path) -> None:
    assert (folder / "base.cfg").is_file()
    assert (folder / "sweep.yml").is_file() or folder.name in WITHOUT_SWEEP
    assert any(f"examples/{folder.name}/" in page.read_text(encoding="utf8") for page in pages())


def test_the_index_lists_every_page_and_folder() -> None:
    text = INDEX.read_text(encoding="utf8")
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", text))
    there = {page.name for page in pages()}
    assert linked == there
    assert {folder.name for folder in FOLDERS} <= set(re.findall(r"`examples/(\w+)`", text))
    assert "docs/guide/README.md" in (ROOT / "README.md").read_text(encoding="utf8")


def test_code_files_have_names_of_their_own() -> None:
    names = [path.name for path in EXAMPLES.rglob("*.py")]
    assert len(names) == len(set(names))
