"""With all speed-ups and without: the same model-best, scores and counts, and much less to do."""

from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import spacy
from made_documents import files_of, train_here, write_corpora
from spacy.language import Language
from spacy.training import Corpus

from archlab.blocks.diagnostics import create_diagnostic_reader
from archlab.training.speedups.reading_once import reading_once

pytestmark = pytest.mark.slow

SETTINGS = {
    "training.max_steps": 4,
    "training.eval_frequency": 2,
    "training.batcher": {"@batchers": "spacy.batch_by_sequence.v1", "size": 8, "get_length": None},
    "training.optimizer.learn_rate": 0.01,
    "training.optimizer.use_averages": True,
}
STREAMED = {"training.max_epochs": -1, "training.optimizer.use_averages": False}
EACH_READ_ONCE = 4  # twice before the training, when the data is checked
DRAWN = {"corpora.dev.augmenter": {"@augmenters": "spacy.lower_case.v1", "level": 0.5}}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpora(tmp_path_factory.mktemp("data"))


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often things are done."""
    found: Counter[str] = Counter()

    def count(owner: Any, name: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        def counting(*arguments: Any, **settings: Any) -> Any:
            found[name] += 1
            return original(*arguments, **settings)

        monkeypatch.setattr(owner, name, counting)

    count(Corpus, "read_docbin")
    count(Language, "evaluate")
    count(import_module("thinc.layers.resizable"), "_resize_parameter")
    count(import_module("spacy.training.alignment"), "get_alignments")
    return found


def train(folder: Path, data: Path, settings: dict[str, Any], *, speedups: bool) -> dict[str, bytes]:
    """All that a run leaves of what it has learned."""
    run, result = train_here(folder, data, {**SETTINGS, **settings}, speedups=speedups)
    assert result.status == "done", result.reason
    told = {"per_doc": run.per_doc.read_bytes(), "scores": repr(result.scores).encode()}
    return files_of(run.model) | told


def test_everything_is_the_same(tmp_path: Path, data: Path, counts: Counter[str]) -> None:
    slow = train(tmp_path, data, {}, speedups=False)
    slowly = counts.copy()
    counts.clear()
    fast = train(tmp_path, data, {}, speedups=True)
    assert fast.keys() == slow.keys()
    assert [name for name in slow if fast[name] != slow[name]] == []
    assert counts["read_docbin"] == EACH_READ_ONCE < slowly["read_docbin"] / 3
    assert counts["evaluate"] == 1 < slowly["evaluate"]
    assert counts["get_alignments"] == slowly["get_alignments"] - 2 * 20  # evaluated three times
    assert 0 < counts["_resize_parameter"] < slowly["_resize_parameter"]


@pytest.mark.parametrize("settings", [STREAMED, DRAWN])
def test_what_may_differ_each_time_is_read_each_time(
    tmp_path: Path, data: Path, counts: Counter[str], settings: dict[str, Any]
) -> None:
    slow = train(tmp_path, data, settings, speedups=False)
    counts.clear()
    fast = train(tmp_path, data, settings, speedups=True)
    assert [name for name in slow if fast[name] != slow[name]] == []
    assert counts["read_docbin"] > EACH_READ_ONCE
    assert counts["evaluate"] > 1


def test_diagnostic_corpora_are_read_once() -> None:
    nlp = spacy.blank("en")
    reader, same, other = (create_diagnostic_reader("keywords", "dev", 4, seed=seed) for seed in (0, 0, 1))
    with reading_once({"training": {"max_epochs": 0}, "initialize": {"after_init": None}}):
        first, again, others = (list(one(nlp)) for one in (reader, same, other))
        assert list(map(id, again)) == list(map(id, first))
        assert [eg.text for eg in others] != [eg.text for eg in first]
        assert next(iter(reader(spacy.blank("en")))) is not first[0]
    assert next(reader(nlp)) is not first[0]
