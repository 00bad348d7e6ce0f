"""Parsers and entity recognisers with their weights laid out anew: they learn the same, to the byte."""

from collections.abc import Callable
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, NumpyOps, fix_random_seed

from archlab.training.speedups import parser_weights
from archlab.training.speedups.parser_weights import ParserLayer
from archlab.training.speedups.updating import updating

NOT_YET: Any = False
PARSERS: dict[str, tuple[str, dict[str, Any]]] = {
    "parser": ("parser", {"min_action_freq": 1}),
    "ner": ("ner", {}),
    "beam_parser": ("beam_parser", {"min_action_freq": 1, "beam_width": 2, "beam_density": 0.01}),
    "without an upper layer": (
        "ner",
        {
            "model": {
                "@architectures": "spacy.TransitionBasedParser.v2",
                "state_type": "ner",
                "extra_state_tokens": False,
                "hidden_width": 16,
                "maxout_pieces": 1,
                "use_upper": False,
                "tok2vec": {
                    "@architectures": "spacy.HashEmbedCNN.v2",
                    "pretrained_vectors": None,
                    "width": 16,
                    "depth": 1,
                    "embed_size": 100,
                    "window_size": 1,
                    "maxout_pieces": 2,
                    "subword_features": True,
                },
            }
        },
    ),
}


def example(nlp: Language, words: int) -> Example:
    text = [f"w{number * words % 7}" for number in range(words)]
    annotations = {
        "words": text,
        "heads": [max(0, number - 1) for number in range(words)],
        "deps": ["ROOT"] + ["left" if number % 3 else "right" for number in range(1, words)],
        "entities": ["O" if number % 3 else "U-NAME" for number in range(words)],
    }
    return Example.from_dict(Doc(nlp.vocab, words=text), annotations)


def train(name: str, *, laid: bool, steps: int = 4) -> dict[str, bytes]:
    """Weights and averages of a component after some steps."""
    factory, config = PARSERS[name]
    fix_random_seed(0)
    nlp = spacy.blank("en")
    parser: Any = nlp.add_pipe(factory, config=config)
    batches = [[example(nlp, 2 + (step + number) % 9) for number in range(12)] for step in range(steps)]
    nlp.initialize(lambda: [one for batch in batches for one in batch])
    optimizer = Adam(0.01, L2=0.01, grad_clip=1.0, use_averages=True)

    def run() -> None:
        for batch in batches:
            nlp.update(batch[:5], sgd=NOT_YET, drop=0.1)
            nlp.update(batch[5:], sgd=NOT_YET, drop=0.1)
            parser.finish_update(optimizer)

    if laid:
        with updating(nlp, optimizer):
            run()
    else:
        run()
    with nlp.use_params(optimizer.averages or {}):
        averages = parser.model.to_bytes()
    return {"weights": parser.model.to_bytes(), "averages": averages}


@pytest.fixture(scope="module")
def theirs() -> Callable[[str], dict[str, bytes]]:
    known: dict[str, dict[str, bytes]] = {}

    def give(name: str) -> dict[str, bytes]:
        if name not in known:
            known[name] = train(name, laid=False)
        return known[name]

    return give


@pytest.mark.parametrize("name", PARSERS)
def test_what_a_parser_learns_is_the_same(name: str, theirs: Callable[[str], dict[str, bytes]]) -> None:
    assert train(name, laid=True) == theirs(name)


@pytest.mark.parametrize("cannot", ["_may_join", "_may_add"])
def test_where_products_are_not_their_parts_they_are_made_one_by_one(
    cannot: str, theirs: Callable[[str], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ParserLayer, cannot, lambda _: False)
    assert train("parser", laid=True) == theirs("parser")


def test_many_states_at_once_are_added_as_thinc_does_it(
    theirs: Callable[[str], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parser_weights, "TRIED", (1, 2))
    monkeypatch.setattr(parser_weights, "ROWS", 3)
    assert train("parser", laid=True) == theirs("parser")


def test_states_are_multiplied_together(monkeypatch: pytest.MonkeyPatch) -> None:
    products = 0
    multiply = NumpyOps.gemm

    def count(*arguments: Any, **settings: Any) -> Any:
        nonlocal products
        products += 1
        return multiply(*arguments, **settings)

    monkeypatch.setattr(NumpyOps, "gemm", count)
    train("parser", laid=False)
    slowly, products = products, 0
    train("parser", laid=True)
    assert products < slowly * 0.75
