"""The guide's network with MXNet inside, where MXNet still runs: `make test-mxnet`.

Neither archlab nor its plugins of pytest are there. In archlab's own environment these tests are skipped.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import ROOT, SHARED_DATA
from guide_pages import PAGES, make_workplace

pytest.importorskip("mxnet", reason="MXNet has an environment of its own: make test-mxnet")

import numpy
import spacy
from spacy import util
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Adam, Model
from thinc.types import Floats2d

CODE = ROOT / "examples" / "mxnet" / "mxnet_tagger.py"
PAGE = PAGES / "mxnet.md"
SIZES = {"width": 16, "hidden_width": 8, "embed_size": 100, "nM": 8, "nC": 4}


@pytest.fixture(scope="module")
def example() -> ModuleType:
    module: ModuleType = util.import_file("mxnet_tagger", CODE)
    return module


@pytest.fixture
def texts() -> list[Any]:
    nlp = spacy.blank("en")
    return [nlp("show me all flights"), nlp("to denver")]


def small_network(example: ModuleType, dropout: float = 0.0) -> Model[Floats2d, Floats2d]:
    """From (batch_size, 4) to (batch_size, 3), wrapped."""
    network = example.nn.Sequential()
    network.add(
        example.nn.Dense(8, in_units=4, activation="relu"),
        example.nn.Dropout(dropout),
        example.nn.Dense(3, in_units=8),
    )
    wrapped: Model[Floats2d, Floats2d] = example.wrap(network)
    return wrapped


def inputs() -> Any:
    """An array of numpy, (5, 4)."""
    return numpy.random.RandomState(0).rand(5, 4).astype("f")


class TestWrapper:
    """Thinc's wrapper, as the example mends it."""

    def test_forward_gives_an_array_of_numpy(self, example: ModuleType) -> None:
        outputs: Any = small_network(example).predict(inputs())
        assert type(outputs) is numpy.ndarray
        assert (outputs.shape, outputs.dtype) == ((5, 3), numpy.float32)

    def test_dropout_is_for_training_only(self, example: ModuleType) -> None:
        model = small_network(example, dropout=0.5)
        assert (model.predict(inputs()) == model.predict(inputs())).all()
        assert (model(inputs(), is_train=True)[0] != model.predict(inputs())).any()

    def test_backward_gives_the_gradient_of_the_inputs(self, example: ModuleType) -> None:
        numpy.random.seed(0)  # weights with which no step crosses the corner of a ReLU
        model, step = small_network(example), 1e-2
        weights = numpy.arange(15, dtype="f").reshape(5, 3)
        _, backprop = model(inputs(), is_train=True)
        gradient = backprop(weights)
        for row, column in ((0, 0), (2, 1), (4, 3)):
            moved = [inputs(), inputs()]
            moved[0][row, column] += step
            moved[1][row, column] -= step
            above, below = ((model.predict(one) * weights).sum() for one in moved)
            assert gradient[row, column] == pytest.approx((above - below) / (2 * step), rel=0.01, abs=0.01)

    def test_finish_update_learns(self, example: ModuleType) -> None:
        model, optimizer = small_network(example), Adam(0.05)
        wanted = numpy.eye(3, dtype="f")[[0, 1, 2, 0, 1]]
        errors = []
        for _ in range(60):
            outputs, backprop = model(inputs(), is_train=True)
            errors.append(float(((outputs - wanted) ** 2).sum()))
            backprop(outputs - wanted)
            model.finish_update(optimizer)
        assert errors[-1] < errors[0] / 10

    def test_gradients_add_up_until_finish_update(self, example: ModuleType) -> None:
        model = small_network(example)
        weights = model.shims[0]._model[0].weight
        gradients = []
        for _ in range(2):
            outputs, backprop = model(inputs(), is_train=True)
            backprop(numpy.ones_like(outputs))
            gradients.append(weights.grad().asnumpy())
        assert gradients[0].any()
        assert gradients[1] == pytest.approx(2 * gradients[0])
        model.finish_update(Adam(0.0))
        assert not weights.grad().asnumpy().any()

    def test_bytes_and_copies_keep_the_weights(self, example: ModuleType) -> None:
        model, other = small_network(example), small_network(example)
        expected = model.predict(inputs())
        assert (other.predict(inputs()) != expected).any()
        assert (other.from_bytes(model.to_bytes()).predict(inputs()) == expected).all()
        with pytest.warns(UserWarning, match="already initialized"):  # Thinc's shim copies the weights twice
            copied = model.copy()
        assert (copied.predict(inputs()) == expected).all()

    def test_the_seed_of_numpy_decides_the_weights(self, example: ModuleType) -> None:
        drawn = []
        for seed in (1, 1, 2):
            numpy.random.seed(seed)
            drawn.append(small_network(example).predict(inputs()))
        assert (drawn[0] == drawn[1]).all()
        assert (drawn[0] != drawn[2]).any()


def test_the_architecture_gives_probabilities_for_each_token(example: ModuleType, texts: list[Any]) -> None:
    model = example.create_mxnet_model(nO=7, dropout=0.2, **SIZES)
    model.initialize(X=texts)
    outputs = model.predict(texts)
    assert [output.shape for output in outputs] == [(4, 7), (2, 7)]
    assert numpy.vstack(outputs).sum(axis=1) == pytest.approx(numpy.ones(6))


PREDICT = """
import json, sys
import spacy
from spacy import util

code, model, *texts = sys.argv[1:]
util.import_file("python_code", code)
nlp = spacy.load(model)
scores = nlp.get_pipe("tagger").model.predict([nlp.make_doc(text) for text in texts])
print(json.dumps([array.tolist() for array in scores]))
"""


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands of the page have run."""
    corpus = SHARED_DATA / "ud_en_atis" / "corpus"
    if not corpus.is_dir():
        pytest.skip(f"the corpus ud_en_atis is not at {corpus}")
    folder = make_workplace(tmp_path_factory.mktemp("mxnet"), corpus)
    for command in re.findall(r"`\.venv-mxnet/bin/python ([^`]+)`", PAGE.read_text(encoding="utf8")):
        done = subprocess.run([sys.executable, *command.split()], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return folder


class TestTraining:
    """The commands of the page, on real tags."""

    def test_it_beats_the_majority_class(self, workplace: Path) -> None:
        vocab = Vocab()
        docs = DocBin().from_disk(workplace / "corpus" / "dev.spacy").get_docs(vocab)
        tags = Counter(token.tag_ for doc in docs for token in doc)
        majority = max(tags.values()) / sum(tags.values())
        assert trained_scores(workplace)["tag_acc"] > majority + 0.5

    def test_it_scores_the_same_in_a_fresh_process(self, workplace: Path) -> None:
        evaluated = json.loads((workplace / "scores.json").read_text())
        assert evaluated["tag_acc"] == trained_scores(workplace)["tag_acc"]

    def test_it_predicts_the_same_in_a_fresh_process(
        self, workplace: Path, example: ModuleType, tmp_path: Path
    ) -> None:
        nlp = spacy.load(workplace / "tagger" / "model-best")
        texts = ["show me all flights", "what does it cost to fly to denver"]
        docs = [nlp.make_doc(text) for text in texts]
        before = predicted(nlp, texts)
        nouns = [Example.from_dict(doc, {"tags": ["NOUN"] * len(doc)}) for doc in docs]
        nlp.update(nouns, sgd=Adam(0.01))  # so that these weights have been in no file
        expected = predicted(nlp, texts)
        assert expected != before
        nlp.to_disk(tmp_path / "model")
        done = subprocess.run(
            [sys.executable, "-c", PREDICT, str(CODE), str(tmp_path / "model"), *texts],
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout) == expected


def trained_scores(workplace: Path) -> dict[str, Any]:
    """What the process that trained says of the model that it saved."""
    meta = json.loads((workplace / "tagger" / "model-best" / "meta.json").read_text())
    scores: dict[str, Any] = meta["performance"]
    return scores


def predicted(nlp: Any, texts: list[str]) -> list[Any]:
    """The scores of each tag for each token."""
    scores = nlp.get_pipe("tagger").model.predict([nlp.make_doc(text) for text in texts])
    return [array.tolist() for array in scores]
