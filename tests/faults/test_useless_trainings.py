"""Trainings that come to nothing: no dev documents, scores and losses that are no numbers, code that exits.

The runs train, here in the driver's own process but for those that end it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from grids import Workplace
from spacy.tokens import DocBin

from archlab.records import Json

pytestmark = pytest.mark.slow

CODE = '''
import sys
from pathlib import Path
from typing import Any
from spacy import registry
from spacy.ml.models.textcat import build_bow_text_classifier_v3
from spacy.scorer import Scorer


@registry.architectures("faults.NaN.v1")
def nan_loss(nO: int = 2):
    model = build_bow_text_classifier_v3(True, 1, False, length=1024, nO=nO)
    healthy = model._func

    def forward(model, docs, is_train):
        scores, backprop = healthy(model, docs, is_train)
        return (scores * float("nan") if is_train else scores), backprop

    model._func = forward
    return model


@registry.scorers("faults.NaN.v1")
def nan_score():
    return lambda examples, **_: {"cats_micro_f": float("nan"), "cats_score": float("nan")}


@registry.readers("faults.EmptyLater.v1")
def empty_later(reader: Any):
    """A corpus in which nothing is left when it is read once more."""

    def read(nlp):
        if not Path("read").exists():
            Path("read").touch()
            yield from reader(nlp)

    return read
'''

EXITS = """
import json, os, sys
from pathlib import Path

if sys.argv[-1].endswith("spec.json"):
    print("code ends here", file=sys.stderr, flush=True)
    if json.loads(Path(sys.argv[-1]).read_text())["variant"] == "a":
        os._exit(0)
    sys.exit(0)
"""


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    with Workplace(tmp_path) as workplace:
        (workplace.folder / "blocks.py").write_text(CODE, encoding="utf8")
        yield workplace


def reason(workplace: Workplace, variant: str) -> Json:
    found: Json = workplace.result(variant)["reason"]
    return found


def test_scores_and_losses_that_are_no_numbers(workplace: Workplace) -> None:
    workplace.sweep(
        swaps="swaps: {textcat.model: [base, faults.NaN.v1], textcat.scorer: [base, faults.NaN.v1]}"
    )
    grid = workplace.run_grid("--code", "blocks.py", "--engine", "inline", code=4, real=True)
    statuses = workplace.statuses()
    assert len(statuses) == len(grid.started) == 4
    assert statuses.pop("base TextCatBOW.v3") == "done"
    assert set(statuses.values()) == {"nan"}
    messages = {reason(workplace, variant)["message"] for variant in statuses}
    assert messages == {
        "ValueError: the loss of textcat is NaN at step 0",
        "no evaluation gave a score that is a number",
    }
    assert workplace.run_grid("--code", "blocks.py", code=4).started == []


def test_a_dev_corpus_without_documents_is_found_before(workplace: Workplace) -> None:
    DocBin().to_disk(workplace.folder / "dev.spacy")
    workplace.sweep("a")
    use_dev(workplace, '@readers = "spacy.Corpus.v1"\npath = "dev.spacy"\n')
    grid = workplace.run_grid(code=3)
    assert "corpora.dev (dev.spacy) holds no documents." in grid.err
    assert grid.started == []


def test_a_dev_corpus_that_is_empty_for_a_run_alone(workplace: Workplace) -> None:
    use_dev(
        workplace,
        '@readers = "faults.EmptyLater.v1"\n\n[corpora.dev.reader]\n@readers = "archlab.Diagnostic.v1"\n'
        'task = "keywords"\nsplit = "dev"\nsize = 20\n',
    )
    workplace.sweep()
    grid = workplace.run_grid("--code", "blocks.py", "--engine", "inline", code=4, real=True)
    assert reason(workplace, "base") == {
        "kind": "error",
        "message": "ValueError: the dev corpus holds no documents",
    }
    assert "dev corpus holds no documents" in grid.out


def use_dev(workplace: Workplace, reader: str) -> None:
    base = workplace.folder / "base.cfg"
    before, _, rest = base.read_text(encoding="utf8").partition("[corpora.dev]\n")
    base.write_text(f"{before}[corpora.dev]\n{reader}\n{rest[rest.index('[training]') :]}", encoding="utf8")


def test_every_run_exits_at_import(workplace: Workplace) -> None:
    """In their own processes, where nothing can be caught; each once, and that is the end of it."""
    (workplace.folder / "exits.py").write_text(EXITS, encoding="utf8")
    workplace.sweep("a")
    grid = workplace.run_grid("--code", "exits.py", code=4, real=True)
    assert sorted(grid.started) == ["a", "base TextCatBOW.v3"]
    assert set(workplace.statuses().values()) == {"error"}
    assert reason(workplace, "a")["message"] == "the process ended with exit code 0 and left no result"
    assert "code ends here" in workplace.log("a")
    assert workplace.run_grid("--code", "exits.py", code=4, real=True).started == []
