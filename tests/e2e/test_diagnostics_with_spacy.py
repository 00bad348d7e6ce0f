import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
from confection import Config, ConfigValidationError
from spacy import util
from spacy.schemas import ConfigSchemaTraining
from spacy.training import Example
from spacy.util import registry

from archlab.blocks.diagnostics import draw_texts

BASE = Path(__file__).parents[2] / "configs" / "base.cfg"


def read(**arguments: Any) -> list[Example]:
    block = {"@readers": "archlab.Diagnostic.v1", **arguments}
    reader = registry.resolve({"corpus": block})["corpus"]
    return list(reader(spacy.blank("en")))


def test_the_module_loads_without_spacy_torch_and_numpy() -> None:
    program = (
        "import sys, archlab.blocks.diagnostics as module;"
        "module.create_diagnostic_reader('spelling', 'dev', 10);"
        "print(*{'spacy', 'thinc', 'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_spacy_finds_the_reader_by_its_entry_point() -> None:
    program = (
        "import sys, spacy;"
        "assert 'archlab' not in sys.modules;"
        "reader = spacy.registry.get('readers', 'archlab.Diagnostic.v1');"
        "assert reader.__module__ == 'archlab.blocks.diagnostics'"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        ("keywords", {"BILLING", "DELIVERY"}),
        ("word_order", {"PRAISE", "COMPLAINT"}),
        ("spelling", {"HEART", "INFECTION"}),
    ],
)
def test_the_reader_yields_examples_with_both_cats(task: str, labels: set[str]) -> None:
    examples = read(task=task, split="train", size=20, label_noise=0.1, seed=1)
    for example, (text, label) in zip(examples, draw_texts(task, "train", 20, 0.1, 1), strict=True):
        assert example.reference.text == example.predicted.text == text
        assert example.reference.cats == {name: float(name == label) for name in labels}
        assert example.predicted.cats == {}


def test_noise_and_seed_may_be_left_out() -> None:
    assert [example.text for example in read(task="keywords", split="dev", size=4)] == [
        text for text, _ in draw_texts("keywords", "dev", 4)
    ]


def test_the_mirrored_texts_have_the_same_tokens() -> None:
    examples = read(task="word_order", split="dev", size=100)
    for one, other in zip(examples[::2], examples[1::2], strict=True):
        for attribute in ("orth_", "norm_", "shape_", "prefix_", "suffix_"):
            assert sorted(getattr(token, attribute) for token in one.reference) == sorted(
                getattr(token, attribute) for token in other.reference
            )


def test_a_made_up_name_is_one_token_whose_suffix_tells() -> None:
    for example in read(task="spelling", split="train", size=200):
        ends = {"lol": "HEART", "ril": "HEART", "tan": "HEART"}
        ends |= {"lin": "INFECTION", "cin": "INFECTION", "vir": "INFECTION"}
        told = [ends[token.suffix_] for token in example.reference if token.suffix_ in ends]
        assert [example.reference.cats[label] for label in told] == [1.0]


def test_spacy_refuses_an_argument_of_the_wrong_type() -> None:
    with pytest.raises(ConfigValidationError, match="size"):
        read(task="keywords", split="train", size="many")
    with pytest.raises(ConfigValidationError, match="noise"):
        read(task="keywords", split="train", size=10, noise=0.1)


def test_a_mistyped_task_in_a_config_is_answered_with_the_tasks() -> None:
    with pytest.raises(
        ValueError, match=r"'spelings' is unknown\. Did you mean spelling\? There are: keywords"
    ):
        read(task="spelings", split="train", size=10)


@pytest.mark.parametrize("task", ["keywords", "word_order", "spelling"])
def test_the_base_config_is_valid_and_reads_its_task(task: str) -> None:
    config = util.load_config(BASE, overrides={"vars.task": task}, interpolate=True)
    nlp = util.load_model_from_config(Config(config), auto_fill=False)
    assert nlp.pipe_names == ["textcat"]
    training = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    train, dev = util.resolve_dot_names(config, [training["train_corpus"], training["dev_corpus"]])
    assert len(list(train(nlp))) == config["vars"]["train_size"]
    texts = [(example.text, example.reference.cats) for example in dev(nlp)]
    clean = draw_texts(task, "dev", config["vars"]["dev_size"], 0.0, config["vars"]["corpus_seed"])
    assert [(text, cats[label]) for (text, cats), (_, label) in zip(texts, clean, strict=True)] == [
        (text, 1.0) for text, _ in clean
    ]
