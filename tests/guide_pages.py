"""Walks a page of docs/guide as a reader does: its commands are run, its excerpts must stand in examples/.

What the fenced blocks of a page mean:

- `bash`: one command a line, run one after the other in one folder; `# exit 3` behind it says how it ends.
- `text`: lines that the last command printed, in this order; numbers may differ, and a line `...` skips some.
- `ini`, `yaml` and `python`: an excerpt, word for word, from a file of examples/ with that ending;
  Python that stands in no file is run.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from conftest import ROOT, Finished

PAGES = ROOT / "docs" / "guide"
EXAMPLES = ROOT / "examples"
_ENDINGS = {"ini": ".cfg", "yaml": ".yml", "python": ".py"}
_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OF_CURATED_TRANSFORMERS = "ignore:`torch.jit.script` is deprecated:DeprecationWarning"
_EXIT = re.compile(r"\s+# exit (\d+)$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page. where: page and line, for messages."""

    language: str
    text: str
    where: str


def make_workplace(folder: Path, corpus: Path) -> Path:
    """A folder as a reader has it: examples/ of a checkout, and a corpus in corpus/."""
    shutil.copytree(EXAMPLES, folder / "examples", dirs_exist_ok=True)
    (folder / "corpus").symlink_to(corpus)
    return folder


def walk(page: str, folder: Path) -> dict[str, Finished]:
    """Do what docs/guide/PAGE tells, in a folder; what each command printed. Asserts that all holds."""
    finished: dict[str, Finished] = {}
    last = ""
    for block in blocks(page):
        if block.language == "bash":
            for command in _commands(block):
                last = command
                finished[command] = _run(command, folder, block.where)
        elif block.language == "text":
            _assert_printed(block, finished[last])
        elif not _stands_in_examples(block):
            assert block.language == "python", f"{block.where}: the excerpt stands in no file of examples/"
            _run_python(block, folder)
    return finished


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page in order; every block must name a language that is known here."""
    text = (PAGES / page).read_text(encoding="utf8")
    assert text.count("\n```") == 2 * len(_FENCED.findall(text)), f"{page}: a block names no language"
    for match in _FENCED.finditer(text):
        where = f"{page}:{text.count(chr(10), 0, match.start()) + 1}"
        assert match[1] in {"bash", "text", *_ENDINGS}, f"{where}: nobody tests a block of {match[1]}"
        yield Block(match[1], match[2], where)


def _commands(block: Block) -> list[str]:
    lines = block.text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _run(command: str, folder: Path, where: str) -> Finished:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    expected = _EXIT.search(command)
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "120"},
        capture_output=True,
        text=True,
    )
    said = f"{where}: {command}\n{ended.stdout}{ended.stderr}"
    assert ended.returncode == (int(expected[1]) if expected else 0), said
    return Finished(ended.returncode, ended.stdout, ended.stderr)


def _assert_printed(block: Block, finished: Finished) -> None:
    printed = iter([_plain(line) for line in (finished.out + finished.err).splitlines()])
    for line in block.text.splitlines():
        if line.strip() in ("", "..."):
            continue
        said = f"{finished.out}{finished.err}"
        assert _plain(line) in printed, f"{block.where}: not printed, or not here: {line}\n{said}"


def _plain(line: str) -> str:
    """A line without its numbers and the width of its gaps."""
    return re.sub(r"\s+", " ", re.sub(r"[+-]?[\d.,]*\d", "#", line)).strip()


def _stands_in_examples(block: Block) -> bool:
    files = EXAMPLES.rglob(f"*{_ENDINGS[block.language]}")
    return any(block.text.strip() in dedent(file.read_text(encoding="utf8")) for file in files)


def _run_python(block: Block, folder: Path) -> None:
    command = [sys.executable, "-W", "error", "-W", _OF_CURATED_TRANSFORMERS, "-c", block.text]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, f"{block.where}\n{ended.stderr}"
