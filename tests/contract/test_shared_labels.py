"""Components take labels that were gathered before, and come to what they come to by themselves."""

from collections.abc import Iterator
from copy import deepcopy
from math import inf
from time import perf_counter
from typing import Any

import pytest
import spacy
from made_documents import LABELS, documents
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import fix_random_seed

from archlab.training.speedups.reading_once import Read
from archlab.training.speedups.shared_labels import adds_strings, gather, taking_labels, what_is_gathered

SETTINGS: dict[str, dict[str, Any]] = {
    "textcat": {},
    "textcat_multilabel": {},
    "tagger": {},
    "morphologizer": {},
    "ner": {},
    "beam_ner": {},
    "parser": {"min_action_freq": 3, "learn_tokens": True},
    "beam_parser": {"min_action_freq": 1, "learn_tokens": False},
}
"""All that gather labels which can be shared. A parser keeps only labels that are frequent enough."""


def annotated(vocab: Any) -> list[Example]:
    """Documents of which some have arcs that cross, and one has no annotation of its words."""
    kept = []
    for number, doc in enumerate(documents(30, seed=3)):
        heads = [token.head.i for token in doc]
        if number % 3 == 0 and len(doc) > 4:
            heads[:4] = [2, 3, 2, 2]
        crossed = Doc(
            vocab,
            words=[token.text for token in doc],
            tags=[token.tag_ for token in doc],
            pos=["" if number % 5 == 0 else token.pos_ for token in doc],
            morphs=[str(token.morph) for token in doc],
            heads=heads,
            deps=[
                "ROOT" if head == place else token.dep_
                for place, (head, token) in enumerate(zip(heads, doc, strict=True))
            ],
        )
        crossed.set_ents([Span(crossed, ent.start, ent.end, f"{ent.label_}{number % 2}") for ent in doc.ents])
        crossed.cats = doc.cats
        kept.append(crossed)
    kept.append(Doc(vocab, words=["nothing", "known"]))
    kept[-1].cats = kept[0].cats
    return [Example(Doc(vocab, words=[token.text for token in doc]), doc) for doc in kept]


class Examples:
    """Counts how many of them are asked for."""

    def __init__(self, examples: list[Example]) -> None:
        self.examples, self.given = examples, 0

    def __call__(self) -> Iterator[Example]:
        for example in self.examples:
            self.given += 1
            yield example


def begun(factory: str, settings: dict[str, Any]) -> tuple[Language, Examples, Any]:
    """A pipeline of one component, not initialised, its examples, and its config."""
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, config=settings)
    return nlp, Examples(annotated(nlp.vocab)), deepcopy(nlp.config.interpolate())


def initialised(nlp: Language, examples: Examples) -> bytes:
    """What it is afterwards, its vocabulary included."""
    fix_random_seed(0)
    nlp.initialize(examples)
    return bytes(nlp.to_bytes())


def component_of(nlp: Language) -> Any:
    ((_, component),) = nlp.pipeline
    return component


def gathered(config: Any, nlp: Language, examples: Examples) -> Read:
    labels = gather(what_is_gathered(config), nlp.vocab, examples.examples, inf)
    return Read(nlp.vocab, nlp.tokenizer, {}, labels)


@pytest.mark.parametrize(("factory", "settings"), SETTINGS.items())
def test_components_are_initialised_to_the_same(factory: str, settings: dict[str, Any]) -> None:
    alone, own, _ = begun(factory, settings)
    expected = initialised(alone, own)
    nlp, examples, config = begun(factory, settings)
    read = gathered(config, nlp, examples)
    assert len(read.labels) == 1
    before = deepcopy(read.labels)
    with taking_labels(config, read):
        assert initialised(nlp, examples) == expected
    assert read.labels == before
    assert component_of(nlp).label_data == component_of(alone).label_data
    assert examples.given <= own.given - len(own.examples) + 10  # which a model's widths are told from


@pytest.mark.parametrize("frequency", [1, 30])
def test_labels_of_crossing_arcs_are_among_those_of_a_parser(frequency: int) -> None:
    """Else the test above would compare too little: spaCy makes such labels out of two."""
    nlp, examples, config = begun("parser", {"min_action_freq": frequency})
    (moves,) = gathered(config, nlp, examples).labels.values()
    labels = {label for counted in moves.values() for label in counted}
    assert any("||" in label for label in labels) == (frequency == 1)


def test_what_is_gathered_is_told_by_factories_and_their_settings() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger")
    nlp.add_pipe("tagger", "second_tagger", config={"label_smoothing": 0.1})
    nlp.add_pipe("parser", config={"min_action_freq": 7})
    nlp.add_pipe("senter")
    assert what_is_gathered(nlp.config.interpolate()) == [
        {"kind": "dependency moves", "learn_tokens": False, "min_action_freq": 7},
        {"kind": "tags"},
    ]


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("training", "frozen_components", ["parser"]),
        ("nlp", "disabled", ["parser"]),
        ("initialize", "components", {"parser": {"labels": {"@readers": "spacy.read_labels.v1"}}}),
        ("components", "parser", {"factory": "parser", "min_action_freq": 30}),
        (
            "components",
            "parser",
            {"factory": "parser", "min_action_freq": 3, "learn_tokens": False, "moves": {"@misc": "mine"}},
        ),
        ("components", "parser", {"source": "en_core_web_sm"}),
    ],
)
def test_what_is_told_or_not_trained_or_not_certain_is_not_gathered(
    section: str, key: str, value: Any
) -> None:
    _, _, config = begun("parser", {})
    assert what_is_gathered(config)
    config[section][key] = value
    assert what_is_gathered(config) == []


def test_labels_of_another_vocabulary_are_not_taken() -> None:
    other, others, config = begun("tagger", {})
    read = gathered(config, other, others)
    nlp, examples, _ = begun("tagger", {})
    del examples.examples[5:]
    with taking_labels(config, read):
        nlp.initialize(examples)
    found = {token.tag_ for example in examples.examples for token in example.reference}
    assert set(component_of(nlp).labels) == found != set(*read.labels.values())


def test_labels_that_a_config_gives_are_kept() -> None:
    nlp, examples, config = begun("textcat", {})
    read = gathered(config, nlp, examples)
    nlp.config["initialize"]["components"]["textcat"] = {"labels": [*reversed(LABELS), "another"]}
    with taking_labels(config, read):
        nlp.initialize(examples)
    assert component_of(nlp).labels == (*reversed(LABELS), "another")


def test_components_do_not_share_what_they_may_change() -> None:
    nlp, examples, config = begun("morphologizer", {})
    read = gathered(config, nlp, examples)
    with taking_labels(config, read):
        nlp.initialize(examples)
    (labels,) = read.labels.values()
    assert component_of(nlp).cfg["labels_morph"] == labels["morph"]
    component_of(nlp).cfg["labels_morph"].clear()
    assert labels["morph"]


def test_what_cannot_be_gathered_is_left_to_the_run() -> None:
    nlp, examples, _ = begun("tagger", {})
    moves = {"kind": "dependency moves", "min_action_freq": "3", "learn_tokens": False}
    labels = gather([moves, {"kind": "tags"}], nlp.vocab, examples.examples, inf)
    ((key, tags),) = labels.items()
    assert "tags" in key
    assert len(tags) > 1


def test_after_the_deadline_nothing_is_gathered() -> None:
    nlp, examples, _ = begun("tagger", {})
    assert gather([{"kind": "tags"}], nlp.vocab, examples.examples, perf_counter() - 1) == {}


@pytest.mark.parametrize(("factory", "settings"), SETTINGS.items())
def test_strings_are_only_added_where_that_tells_corpora_apart(
    factory: str, settings: dict[str, Any]
) -> None:
    nlp, examples, config = begun(factory, settings)
    (wanted,) = what_is_gathered(config)
    before = set(nlp.vocab.strings)
    gathered(config, nlp, examples)
    assert (set(nlp.vocab.strings) != before) == adds_strings(wanted)
