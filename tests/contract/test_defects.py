"""What is said of legacy versions is so: each defect is shown in spaCy itself, and the check tells it."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry as registered

import archlab
from archlab.catalog.defects import DEFECTS, defect
from archlab.catalog.registered import names
from archlab.catalog.versions import newest_that_fits
from archlab.configs.loading import override_config
from archlab.configs.slotting import expected_type

TEXTS = ["a good film about cats", "the worst book I have read today", "nothing at all"]
CNN = {"width": 16, "depth": 2, "window_size": 1, "maxout_pieces": 2}
HASHES: Any = {"width": 16, "attrs": ["NORM"], "rows": [50]}
CHARACTERS = {"width": 16, "rows": 50, "nM": 4, "nC": 4}
HASH_EMBED_CNN = {**CNN, "embed_size": 50, "subword_features": False}


def built(name: str, registry: str = "architectures", **arguments: Any) -> Any:
    return registered.get(registry, name)(**arguments)


def docs_of(nlp: Any, *texts: str) -> list[Doc]:
    return [nlp.make_doc(text) for text in texts]


def test_every_row_names_blocks_that_are_there() -> None:
    for (registry, name), row in DEFECTS.items():
        assert {name, row.instead} <= set(names(registry)), name
        assert (registry, row.instead) not in DEFECTS, name


# The weight table of a bag of words.


def reached_weights(classifier: Any) -> tuple[int, int]:
    """(highest weight with a gradient, number of weights) after one text for each of 8 labels."""
    nlp = spacy.blank("en")
    docs = docs_of(nlp, *(f"{text} {number}" for text in TEXTS for number in range(100)))
    truth = numpy.eye(8, dtype="f")[[number % 8 for number in range(len(docs))]]
    classifier.initialize(docs, truth)
    scores, backprop = classifier.begin_update(docs)
    backprop(scores - truth)
    (layer,) = (node for node in classifier.walk() if node.name == "sparse_linear")
    gradient = layer.get_grad("W")
    return int(numpy.nonzero(gradient)[0].max()), gradient.size


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_old_bag_of_words_uses_an_eighth_of_its_table_for_8_labels(version: str) -> None:
    bow = built(f"spacy.TextCatBOW.{version}", exclusive_classes=True, ngram_size=1, no_output_layer=False)
    highest, size = reached_weights(bow)
    assert size == 8 * 2**18
    assert highest < 2**18 + 8


def test_an_old_ensemble_holds_an_old_bag_of_words() -> None:
    sizes: Any = {"width": 8, "embed_size": 50, "ngram_size": 1, "window_size": 1, "conv_depth": 1}
    more: Any = {"pretrained_vectors": None, "exclusive_classes": True, "dropout": None}
    ensemble = built("spacy.TextCatEnsemble.v1", **sizes, **more)
    (layer,) = (node for node in ensemble.walk() if node.name == "sparse_linear")
    assert layer.attrs["v1_indexing"]


def test_a_new_bag_of_words_uses_all_of_its_table() -> None:
    bow = built("spacy.TextCatBOW.v3", exclusive_classes=True, ngram_size=1, no_output_layer=False)
    highest, size = reached_weights(bow)
    assert size == 8 * 2**18
    assert highest > 7 * 2**18


# Words without a vector.


def vector_of_an_unknown_word(layer: Any) -> tuple[numpy.ndarray, numpy.ndarray]:
    """What the layer's static vectors give for (an unknown word, the word in the last row of the table)."""
    nlp: Any = spacy.blank("en")
    nlp.vocab.vectors.resize((3, 5))
    for number, word in enumerate(["good", "film", "last"], 1):
        nlp.vocab.set_vector(word, numpy.full(5, number, dtype="f"))
    doc = nlp.make_doc("unheard last")
    layer.initialize([doc])
    (vectors,) = (node for node in layer.walk() if node.name == "static_vectors")
    unknown, last = vectors.predict([doc]).data
    return unknown, last


@pytest.mark.parametrize(
    ("registry", "family", "arguments"),
    [
        ("layers", "spacy.StaticVectors", {"nO": 4}),
        ("architectures", "spacy.MultiHashEmbed", {**HASHES, "include_static_vectors": True}),
        ("architectures", "spacy.CharacterEmbed", {**CHARACTERS, "include_static_vectors": True}),
        ("architectures", "spacy.HashEmbedCNN", {**HASH_EMBED_CNN, "pretrained_vectors": True}),
    ],
)
def test_old_static_vectors_take_the_last_row_for_an_unknown_word(
    registry: str, family: str, arguments: dict[str, Any]
) -> None:
    unknown, last = vector_of_an_unknown_word(built(f"{family}.v1", registry, **arguments))
    assert numpy.array_equal(unknown, last)
    unknown, last = vector_of_an_unknown_word(built(f"{family}.v2", registry, **arguments))
    assert not unknown.any()
    assert last.any()


# Reading over the ends of texts.


@pytest.mark.parametrize(
    ("tok2vec", "encoder", "more", "keeps_to_itself"),
    [
        ("v1", "spacy.MishWindowEncoder.v1", {}, False),
        ("v2", "spacy.MishWindowEncoder.v2", {}, False),
        ("v1", "spacy.MaxoutWindowEncoder.v1", {"maxout_pieces": 2}, True),
        ("v2", "spacy.MaxoutWindowEncoder.v2", {"maxout_pieces": 2}, True),
        ("v1", "spacy.MaxoutWindowEncoder.v2", {"maxout_pieces": 2}, False),
    ],
)
def test_some_encoders_read_over_the_end_of_a_text(
    tok2vec: str, encoder: str, more: dict[str, Any], keeps_to_itself: bool
) -> None:
    embed = built("spacy.MultiHashEmbed.v2", **HASHES, include_static_vectors=False)
    encode = built(encoder, width=16, window_size=1, depth=2, **more)
    model = built(f"spacy.Tok2Vec.{tok2vec}", embed=embed, encode=encode)
    docs = docs_of(spacy.blank("en"), *TEXTS)
    model.initialize(docs)
    (alone,), together = model.predict(docs[:1]), model.predict(docs)
    assert numpy.allclose(alone, together[0], atol=1e-5) == keeps_to_itself
    inner, outer = {"@architectures": encoder}, ("architectures", f"spacy.Tok2Vec.{tok2vec}")
    told = defect(*outer, {"encode": inner}) or defect("architectures", encoder, {})
    assert (told is None) == keeps_to_itself


def test_a_bilstm_reads_the_padding_of_shorter_texts_from_behind() -> None:
    embed = built("spacy.MultiHashEmbed.v2", **HASHES, include_static_vectors=False)
    encode = built("spacy.TorchBiLSTMEncoder.v1", width=16, depth=1, dropout=0.0)
    model = built("spacy.Tok2Vec.v2", embed=embed, encode=encode)
    docs = docs_of(spacy.blank("en"), *TEXTS)
    model.initialize(docs)
    together = model.predict(docs)
    longest = max(docs, key=len)
    for doc, given in zip(docs, together, strict=True):
        (alone,) = model.predict([doc])
        assert numpy.allclose(alone[:, :8], given[:, :8], atol=1e-5)
        assert numpy.allclose(alone[:, 8:], given[:, 8:], atol=1e-5) == (doc is longest)


# Components.


@pytest.mark.parametrize(("version", "use_upper"), [("v1", True), ("v2", True), ("v1", False), ("v2", False)])
def test_an_old_parser_without_upper_layer_cannot_take_another_label(version: str, use_upper: bool) -> None:
    nlp = spacy.blank("en")
    tok2vec = {"@architectures": "spacy.HashEmbedCNN.v2", **HASH_EMBED_CNN, "pretrained_vectors": None}
    model = {"@architectures": f"spacy.TransitionBasedParser.{version}", "tok2vec": tok2vec}
    sizes = {"extra_state_tokens": False, "hidden_width": 16, "maxout_pieces": 2, "use_upper": use_upper}
    ner: Any = nlp.add_pipe("ner", config={"model": {**model, "state_type": "ner", **sizes}})
    london = Example.from_dict(nlp.make_doc("I like London"), {"entities": [(7, 13, "GPE")]})
    acme = Example.from_dict(nlp.make_doc("I like Acme"), {"entities": [(7, 11, "ORG")]})
    nlp.initialize(lambda: [london])
    ner.add_label("ORG")
    if (version, use_upper) == ("v1", False):
        with pytest.raises(ValueError, match="could not be broadcast"):
            nlp.update([london, acme])
    else:
        nlp.update([london, acme])


def test_an_old_text_classifier_says_that_it_takes_no_label_later() -> None:
    tok2vec = {"@architectures": "spacy.HashEmbedCNN.v2", **HASH_EMBED_CNN, "pretrained_vectors": None}
    for version in ("v1", "v2"):
        nlp: Any = spacy.blank("en")
        model = {
            "@architectures": f"spacy.TextCatCNN.{version}",
            "tok2vec": tok2vec,
            "exclusive_classes": True,
        }
        textcat: Any = nlp.add_pipe("textcat", config={"model": model})
        cats = [("a good film", {"GOOD": 1.0, "BAD": 0.0}), ("the worst", {"GOOD": 0.0, "BAD": 1.0})]
        examples = [Example.from_dict(nlp.make_doc(text), {"cats": truth}) for text, truth in cats]
        nlp.initialize(partial(list, examples))
        if version == "v2":
            textcat.add_label("OTHER")
            continue
        with pytest.raises(ValueError, match="E922"):
            textcat.add_label("OTHER")


def test_an_old_entity_linker_passes_over_settings() -> None:
    nlp = spacy.blank("en")
    settings = ("use_gold_ents", "threshold", "candidates_batch_size", "get_candidates_batch")
    for version, has_them in (("v1", False), ("v2", True)):
        tok2vec = {"@architectures": "spacy.HashEmbedCNN.v2", **HASH_EMBED_CNN, "pretrained_vectors": None}
        model = {"@architectures": f"spacy.EntityLinker.{version}", "tok2vec": tok2vec}
        linker = nlp.add_pipe("entity_linker", name=version, config={"model": model, "threshold": 0.5})
        assert {hasattr(linker, setting) for setting in settings} == {has_them}


# What the check says of them.


def test_the_check_notes_a_defect_and_the_version_without_it(workplace: Path) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    old = archlab.swap(base, "textcat.model.linear_model", "spacy.TextCatBOW.v2").config
    (note,) = archlab.check(old).findings
    assert (note.severity, note.slot) == ("note", "components.textcat.model.linear_model")
    assert note.message == (
        "spacy.TextCatBOW.v2 uses only part of its weight table, and its labels share that part; v3 does not"
    )
    assert note.fix == "archlab swap textcat.model.linear_model spacy.TextCatBOW.v3"
    assert not archlab.check(base).findings


def test_a_defect_of_vectors_is_none_without_vectors(workplace: Path) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    embed = "components.textcat.model.tok2vec.embed"
    old = archlab.swap(base, embed, "spacy.MultiHashEmbed.v1").config
    assert not archlab.check(old).findings
    vectors = override_config(old, {f"{embed}.include_static_vectors": True, "initialize.vectors": "some"})
    findings = archlab.check(vectors, "types").findings
    notes = [finding.message for finding in findings if finding.severity == "note"]
    assert notes == [
        "spacy.MultiHashEmbed.v1 gives each word without a vector that of the last row of the table, not "
        "zeros; v2 does not"
    ]


# The newest version that fits.


def test_a_name_without_version_is_the_newest_that_fits(workplace: Path) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    expected = expected_type(base, "components.textcat.model")
    assert newest_that_fits("spacy.TextCatBOW", "architectures", expected) == "spacy.TextCatBOW.v3"
    assert newest_that_fits("spacy.TextCatBOW", "layers", expected) is None


def test_where_none_fits_it_is_the_newest_of_all(workplace: Path) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    expected = expected_type(base, "components.textcat.model")
    assert newest_that_fits("spacy.Tagger", "architectures", expected) == "spacy.Tagger.v2"
