"""What a training reads is edited while the grid runs: nothing wrong is recorded as done.

The runs are those of the fake trainer; what they read is compared by archlab's own child.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import spacy
from grids import CORPORA, Workplace
from spacy.tokens import DocBin

pytestmark = pytest.mark.slow

CODE = ("--code", "blocks.py", "--jobs", "1")
FIRST = "base TextCatBOW.v3"
Change = Callable[[Workplace], None]


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    """Corpora from files, a file of code, and a sweep of three: the second waits while there is a gate."""
    with Workplace(tmp_path) as workplace:
        base = (workplace.folder / "base.cfg").read_text(encoding="utf8")
        read = '@readers = "spacy.Corpus.v1"\npath = "{}.spacy"\n'
        assert CORPORA in base
        corpora = "".join(f"[corpora.{role}]\n{read.format(role)}\n" for role in ("train", "dev"))
        (workplace.folder / "base.cfg").write_text(base.replace(CORPORA, corpora), encoding="utf8")
        for role in ("train", "dev"):
            write_corpus(workplace.folder / f"{role}.spacy", "good")
        (workplace.folder / "blocks.py").write_text("BLOCKS = 1\n", encoding="utf8")
        workplace.sweep("waits", "later")
        workplace.gate.touch()
        yield workplace


def write_corpus(path: Path, word: str) -> None:
    nlp = spacy.blank("en")
    docs = []
    for number in range(20):
        doc = nlp.make_doc(f"This is {word if number % 2 else 'bad'}.")
        doc.cats = {"GOOD": float(number % 2), "BAD": float(not number % 2)}
        docs.append(doc)
    DocBin(docs=docs, attrs=["ORTH"]).to_disk(path)


def change_data(workplace: Workplace) -> None:
    write_corpus(workplace.folder / "train.spacy", "fine")


def change_code(workplace: Workplace) -> None:
    change_unseen(workplace.folder / "blocks.py", b"BLOCKS = 2\n")


def damage_data(workplace: Workplace) -> None:
    path = workplace.folder / "dev.spacy"
    content = path.read_bytes()
    change_unseen(path, content[:-1] + bytes([content[-1] ^ 1]))


def change_unseen(path: Path, content: bytes) -> None:
    """Another content of the same size, with the time of the one before."""
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def remove_data(workplace: Workplace) -> None:
    (workplace.folder / "train.spacy").unlink()


@pytest.mark.parametrize("change", [change_data, change_code, damage_data, remove_data])
def test_data_or_code_is_edited_while_a_grid_runs(workplace: Workplace, change: Change) -> None:
    kept = {
        path: path.read_bytes() for path in workplace.folder.glob("*.*") if path.suffix in (".spacy", ".py")
    }
    grid = workplace.grid(*CODE)
    grid.wait_for(workplace.has_told("waits"))
    before = workplace.done()
    assert workplace.done_variants() == {FIRST}

    change(workplace)
    workplace.gate.unlink()

    assert grid.end() == 4
    assert grid.started == [FIRST, "waits", "later"]  # one that reads it now, and one that has not begun
    assert workplace.statuses() == {FIRST: "done", "waits": "changed", "later": "changed"}
    message = workplace.result("later")["reason"]["message"]
    assert message.endswith("has changed since the runs were planned")
    assert workplace.done() == before

    if change in (change_data, change_code):  # what is there now is another grid
        results = {path: path.read_bytes() for path in workplace.store.glob("runs/*/result.json")}
        now = workplace.run_grid(*CODE)
        assert now.started == [FIRST, "waits", "later"]
        assert {path: path.read_bytes() for path in results} == results
        assert len(workplace.done_variants()) == 3
    for path, content in kept.items():
        path.write_bytes(content)
    again = workplace.run_grid(*CODE)  # and with what was there, it is the rest of the first one
    assert again.started == ["waits", "later"]
    assert workplace.keeps(before)


def test_the_base_is_edited_while_a_grid_runs(workplace: Workplace) -> None:
    """It has been read: the running grid goes on by what it said."""
    base, sweep = workplace.folder / "base.cfg", workplace.folder / "sweep.yml"
    kept = base.read_text(encoding="utf8")
    grid = workplace.grid(*CODE)
    grid.wait_for(workplace.has_told("waits"))
    base.write_text(kept.replace("max_steps = 4", "max_steps = 6"), encoding="utf8")
    sweep.write_text("name: nothing that can be read: {", encoding="utf8")
    workplace.gate.unlink()
    assert grid.end() == 0
    assert workplace.done_variants() == {FIRST, "waits", "later"}
    before = workplace.done()
    assert all(b"max_steps = 4" in before[path] for path in before if path.name == "config.cfg")
    sweep.write_text(workplace.sweep_text, encoding="utf8")

    other = workplace.run_grid(*CODE)

    assert other.started == [FIRST, "waits", "later"]
    assert workplace.keeps(before)
    base.write_text(kept, encoding="utf8")
    assert workplace.run_grid(*CODE).started == []
