"""examples/custom_architecture: shapes, what is saved, and what is said where its classes are miscounted."""

import json
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from conftest import ROOT
from example_code import forget, import_example
from many_commands import run_commands
from spacy.lang.en import English
from spacy.tokens import DocBin
from spacy.training import Example

FOLDER = ROOT / "examples" / "custom_architecture"
CODE = FOLDER / "custom_architecture.py"
SENTENCES = (
    (("show", "me", "flights"), ("VERB", "PRON", "NOUN")),
    (("please",), ("INTJ",)),
    (("to", "Boston", "and", "me"), ("ADP", "PROPN", "CCONJ", "PRON")),
)
PREDICT = """
import json, sys
import spacy
from spacy.util import import_file
import_file("python_code", sys.argv[1])
nlp = spacy.load(sys.argv[2])
docs = [nlp.make_doc(text) for text in json.loads(sys.argv[3])]
print(json.dumps([scores.tolist() for scores in nlp.get_pipe("tagger").model.predict(docs)]))
"""

model_code = import_example("custom_architecture")


def examples(nlp: English) -> list[Example]:
    return [
        Example.from_dict(nlp.make_doc(" ".join(words)), {"words": words, "tags": tags})
        for words, tags in SENTENCES
    ]


@pytest.mark.parametrize("classes", [None, 6])
def test_it_gives_one_row_that_sums_to_1_for_each_token(classes: int | None) -> None:
    docs = [English()(" ".join(words)) for words, _ in SENTENCES]
    model = model_code.build_model(width=8, classes=classes)
    model.initialize(docs, [numpy.zeros((len(doc), 6), dtype="f") for doc in docs])
    scores = model.predict(docs)
    assert [array.shape for array in scores] == [(3, 6), (1, 6), (4, 6)]
    for array in scores:
        numpy.testing.assert_allclose(array.sum(axis=1), 1, rtol=1e-6)
    assert model.get_dim("nO") == 6


def test_what_is_saved_predicts_the_same_in_another_process(tmp_path: Path) -> None:
    model_code = import_example("custom_architecture", keep=True)
    try:
        nlp = English()
        nlp.add_pipe("tagger", config={"model": {"@architectures": "model.v1", "width": 8, "classes": None}})
    finally:
        forget(model_code)
    optimizer = nlp.initialize(lambda: examples(nlp))
    for _ in range(5):
        nlp.update(examples(nlp), sgd=optimizer)
    nlp.to_disk(tmp_path / "model")
    texts = [" ".join(words) for words, _ in SENTENCES]
    here = nlp.get_pipe("tagger").model.predict([nlp.make_doc(text) for text in texts])  # type: ignore[attr-defined]
    command = [sys.executable, "-c", PREDICT, str(CODE), str(tmp_path / "model"), json.dumps(texts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    there = json.loads(done.stdout)
    assert [array.tolist() for array in here] == there


def write_corpus(folder: Path) -> None:
    nlp = English()
    docs = [example.reference for example in examples(nlp)]
    for part in ("train", "dev"):
        DocBin(docs=docs * 4).to_disk(folder / f"{part}.spacy")


def test_a_probe_tells_how_many_labels_there_are(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    write_corpus(tmp_path / "corpus")
    check = ["check", FOLDER / "base.cfg", "--code", CODE, "--level", "probe"]
    commands = {"16": [*check, "--components.tagger.model.classes", 16], "open": check}
    ended = run_commands(commands, cwd=tmp_path, forked_probes=True)
    assert ended["16"].code == 3
    assert "its model gives 16 numbers for 7 labels: leave that argument open (null)" in ended["16"].out
    assert ended["open"].code == 0


def test_it_fits_where_a_tagger_is_and_nowhere_else(tmp_path: Path) -> None:
    tagger, textcat = FOLDER / "base.cfg", ROOT / "configs" / "base.cfg"
    ended = run_commands(
        {
            "fits": ["fits", "tagger.model", "--base", tagger, "--code", CODE, "--format", "json"],
            "swap": ["swap", "textcat.model", "model.v1", "--base", textcat, "--code", CODE],
        },
        cwd=tmp_path,
    )
    fits = {one["name"]: one for one in json.loads(ended["fits"].out)}
    assert fits["model.v1"]["verdict"] == "fits"
    assert ended["swap"].code == 3
    assert "model.v1 returns Model[List[Doc], List[Floats2d]]" in ended["swap"].err
