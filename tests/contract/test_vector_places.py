"""Word vectors and embeddings that stand alone: they are carried only to where spaCy can read them."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy
import pytest
import spacy
from structure_configs import (
    Case,
    Section,
    block,
    component,
    concatenated,
    hashes,
    reduced,
    tagger,
    tok2vec,
    window,
)

import archlab
from archlab.configs.loading import as_config
from archlab.configs.slotting import get_section
from archlab.configs.vector_places import PER_ROW, PER_TOKEN, SWITCH

if TYPE_CHECKING:
    from confection import Config

READING = tok2vec(hashes(include_static_vectors=True), window())
HERE = "components.tagger.model.tok2vec"


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A pipeline with word vectors."""
    folder = tmp_path_factory.mktemp("vectors")
    nlp = spacy.blank("en")
    for number, word in enumerate(("I", "like", "London")):
        nlp.vocab.set_vector(word, numpy.full(8, number, dtype="f"))  # type: ignore[arg-type]
    nlp.to_disk(folder)
    return str(folder)


def with_vectors(components: Section, vectors: str) -> "Config":
    return as_config(Case("vectors", components, initialize={"vectors": vectors}).config())


@pytest.mark.parametrize("name", ["spacy.MultiHashEmbed", "spacy.CharacterEmbed"])
def test_an_embedding_alone_in_a_tagger_reads_none_and_says_why(vectors: str, name: str) -> None:
    swapped = archlab.swap(with_vectors({"tagger": tagger(READING)}, vectors), "tagger.model.tok2vec", name)
    assert get_section(swapped.config, f"{HERE}.{SWITCH}") is False
    told = {note.path: note.source for note in swapped.notes}
    assert "it gets the labels" in told[f"{HERE}.{SWITCH}"]
    assert not archlab.check(swapped.config).errors


def test_a_whole_tok2vec_that_comes_out_of_another_reads_none_either(vectors: str) -> None:
    """What a listener heard, copied as it is."""
    shared = {"factory": "tok2vec", "model": hashes(include_static_vectors=True)}
    listener = block("Tok2VecListener.v1", width=16, upstream="*")
    base = with_vectors({"tok2vec": shared, "tagger": tagger(listener)}, vectors)
    own = archlab.apply_recipe(base, "own-tok2vec").config
    assert get_section(own, HERE) == hashes()
    assert not archlab.check(own).errors


def test_a_model_around_it_that_hands_it_the_labels_takes_its_vectors(vectors: str) -> None:
    model = block("TextCatParametricAttention.v1", exclusive_classes=True, nO=None, tok2vec=READING["embed"])
    base = with_vectors({"textcat": component("textcat", model)}, vectors)
    swapped = archlab.swap(base, "textcat.model", "spacy.TextCatReduce.v1")
    assert get_section(swapped.config, f"components.textcat.model.tok2vec.{SWITCH}") is False
    back = archlab.swap(base, "textcat.model", "spacy.TextCatEnsemble.v2")
    assert get_section(back.config, f"components.textcat.model.tok2vec.{SWITCH}") is True


def test_where_it_can_it_reads_them(vectors: str) -> None:
    base = with_vectors({"tagger": tagger(READING)}, vectors)
    for slot, name in (("embed", "spacy.CharacterEmbed.v2"), ("encode", "spacy.MishWindowEncoder.v2")):
        swapped = archlab.swap(base, f"tagger.model.tok2vec.{slot}", name)
        assert get_section(swapped.config, f"{HERE}.embed.{SWITCH}") is True


def test_what_is_said_holds_and_the_check_tells(vectors: str) -> None:
    base = with_vectors({"tagger": tagger(READING)}, vectors)
    asked = archlab.swap(
        base, "tagger.model.tok2vec", "spacy.MultiHashEmbed.v2", include_static_vectors=True
    ).config
    (error,) = archlab.check(asked, "types").errors
    assert error.slot == HERE
    assert "in an embedding alone: spacy.Tagger.v2 hands it the labels" in error.message
    again = archlab.swap(asked, "tagger.model.tok2vec", "spacy.MultiHashEmbed.v2")
    assert again.config == asked  # what was wrong in the base is for the check to tell


def test_the_recipe_passes_over_who_cannot_read_them(vectors: str) -> None:
    base = with_vectors({"tagger": tagger(hashes()), "other": tagger(tok2vec(hashes(), window()))}, vectors)
    (change,) = archlab.recipe_changes(base, "static-vectors")
    assert change == archlab.Setting(f"other.model.tok2vec.embed.{SWITCH}", True)


# With spaCy: each architecture that hands its labels on, and some that do not.

_TEXTCAT = {"exclusive_classes": True, "nO": None}
_PARSER = {
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 8,
    "maxout_pieces": 1,
    "use_upper": True,
    "nO": None,
}
_SCORER = block("spacy.LinearLogistic.v1", "layers", nO=2, nI=None)
MODELS: dict[str, tuple[str, Section]] = {
    "spacy.Tagger.v1": ("tagger", {"nO": None}),
    "spacy.Tagger.v2": ("tagger", {"nO": None, "normalize": False}),
    "spacy.SpanFinder.v1": ("span_finder", {"scorer": _SCORER}),
    "spacy.TextCatReduce.v1": ("textcat", reduced({})),
    "spacy.TextCatCNN.v1": ("textcat", _TEXTCAT),
    "spacy.TextCatCNN.v2": ("textcat", _TEXTCAT),
    "spacy.TextCatParametricAttention.v1": ("textcat", _TEXTCAT),
    "spacy.TransitionBasedParser.v2": ("ner", _PARSER),
}


def trains(components: Section, vectors: str, folder: Path) -> bool:
    from test_structure import train

    try:
        train(dict(with_vectors(components, vectors)), folder)
    except Exception:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_spacy_reads_them_where_the_table_says(vectors: str, tmp_path: Path, name: str) -> None:
    factory, arguments = MODELS[name]
    model = {**arguments, "@architectures": name}

    def trained(embed: Section) -> bool:
        return trains({factory: component(factory, {**model, "tok2vec": embed})}, vectors, tmp_path)

    assert trained(hashes())
    assert trained(hashes(include_static_vectors=True)) == (name not in (*PER_TOKEN, *PER_ROW))
    assert trained(READING)


@pytest.mark.slow
def test_spacy_reads_them_in_joined_layers_only_inside_a_tok2vec(vectors: str, tmp_path: Path) -> None:
    joined = concatenated(hashes(8, include_static_vectors=True), hashes(8))
    assert not trains({"tagger": tagger(joined)}, vectors, tmp_path)
    assert trains({"tagger": tagger(tok2vec(joined, window()))}, vectors, tmp_path)
    alone, inside = (
        with_vectors({"tagger": tagger(inner)}, vectors) for inner in (joined, tok2vec(joined, window()))
    )
    assert [error.slot for error in archlab.check(alone).errors] == [f"{HERE}.*.layer0"]
    assert not archlab.check(inside).errors
