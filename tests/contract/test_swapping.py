"""Swaps come out complete, and say where each value came from."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import archlab
from archlab.configs.filling import fill_config
from archlab.configs.fingerprints import variant_id
from archlab.configs.loading import override_config, parse_config
from archlab.configs.slotting import get_section
from archlab.configs.writing import config_text
from archlab.errors import SwapError, UnknownBlockError, UnknownSlotError

if TYPE_CHECKING:
    from confection import Config

TEXT_CLASSIFIERS = [
    "spacy.TextCatBOW.v1",
    "spacy.TextCatBOW.v2",
    "spacy.TextCatBOW.v3",
    "spacy.TextCatCNN.v1",
    "spacy.TextCatCNN.v2",
    "spacy.TextCatEnsemble.v1",
    "spacy.TextCatReduce.v1",
    "spacy.TextCatParametricAttention.v1",
]
EMBEDDINGS = ["spacy.CharacterEmbed.v2", "spacy.MultiHashEmbed.v2"]
ENCODERS = ["spacy.MaxoutWindowEncoder.v2", "spacy.MishWindowEncoder.v2", "spacy.TorchBiLSTMEncoder.v1"]

SHARED = """
[nlp]
lang = "en"
pipeline = ["tok2vec", "tagger"]

[components]

[components.tok2vec]
factory = "tok2vec"

[components.tok2vec.model]
@architectures = "spacy.Tok2Vec.v2"

[components.tok2vec.model.embed]
@architectures = "spacy.MultiHashEmbed.v2"
width = ${components.tok2vec.model.encode.width}
attrs = ["NORM"]
rows = [100]
include_static_vectors = false

[components.tok2vec.model.encode]
@architectures = "spacy.MaxoutWindowEncoder.v2"
width = 48
depth = 2
window_size = 1
maxout_pieces = 3

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[components.tagger.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = ${components.tok2vec.model.encode.width}
"""


@pytest.fixture
def base(workplace: Path) -> "Config":
    return archlab.load_config(workplace / "configs" / "base.cfg")


@pytest.fixture
def shared() -> "Config":
    return fill_config(parse_config(SHARED))


@pytest.mark.parametrize("block", TEXT_CLASSIFIERS)
def test_every_text_classifier_comes_out_complete_and_fits(base: "Config", block: str) -> None:
    swapped = archlab.swap(base, "textcat.model", block)
    assert archlab.check(swapped.config).errors == ()
    written = fill_config(parse_config(config_text(swapped.config)))
    assert written == swapped.config, "filling adds nothing: every argument is named"


@pytest.mark.parametrize("block", [*EMBEDDINGS, *ENCODERS])
def test_sublayers_keep_the_widths_they_find(shared: "Config", block: str) -> None:
    slot = "tok2vec.model.embed" if block in EMBEDDINGS else "tok2vec.model.encode"
    swapped = archlab.swap(shared, slot, block)
    assert archlab.check(swapped.config).errors == ()
    assert get_section(swapped.config.interpolate(), f"components.{slot}.width") == 48


def test_a_variable_that_is_carried_over_stays_a_variable(shared: "Config") -> None:
    swapped = archlab.swap(shared, "tok2vec.model.embed", "spacy.CharacterEmbed.v2")
    kept = get_section(swapped.config, "components.tok2vec.model.embed.width")
    assert kept == "${components.tok2vec.model.encode.width}"


def test_a_variable_that_would_dangle_follows_the_width_it_stood_for(shared: "Config") -> None:
    swapped = archlab.swap(shared, "tok2vec.model", "spacy.HashEmbedCNN.v2", width=48)
    width = get_section(swapped.config, "components.tagger.model.tok2vec.width")
    assert width == "${components.tok2vec.model.width}"
    assert any("which is gone" in note.source for note in swapped.notes)
    assert archlab.check(swapped.config).errors == ()


def test_a_variable_inside_a_list_becomes_its_value_when_it_would_dangle(shared: "Config") -> None:
    shared["components"]["tok2vec"]["model"]["embed"]["rows"] = (
        "[${components.tok2vec.model.encode.maxout_pieces}]"
    )
    swapped = archlab.swap(shared, "tok2vec.model.encode", "spacy.TorchBiLSTMEncoder.v1")
    assert get_section(swapped.config, "components.tok2vec.model.embed.rows") == [3]


def test_what_a_swap_carries_over_stays_as_it_is_in_the_config_that_was_given(base: "Config") -> None:
    given = override_config(
        base,
        {"components.textcat.model.tok2vec.encode.depth": "${components.textcat.model.linear_model.length}"},
    )
    before = given.to_str(interpolate=False)
    swapped = archlab.swap(given, "textcat.model", "spacy.TextCatReduce.v1")
    assert get_section(swapped.config, "components.textcat.model.tok2vec.encode.depth") == 262144
    assert given.to_str(interpolate=False) == before


def test_arguments_of_the_same_name_come_from_the_sublayer_that_did_the_job(base: "Config") -> None:
    first = archlab.swap(base, "textcat.model.linear_model", "spacy.TextCatBOW.v3", ngram_size=3)
    swapped = archlab.swap(first.config, "textcat.model", "spacy.TextCatBOW.v1")
    model = get_section(swapped.config, "components.textcat.model")
    assert model == {
        "@architectures": "spacy.TextCatBOW.v1",
        "exclusive_classes": True,
        "ngram_size": 3,
        "no_output_layer": False,
        "nO": None,
    }
    sources = {note.path.rpartition(".")[2]: note.source for note in swapped.notes}
    assert sources["ngram_size"] == "carried over from linear_model"


def test_what_the_component_dictates_goes_before_defaults(base: "Config") -> None:
    config = fill_config(
        parse_config(config_text(base).replace('factory = "textcat"', 'factory = "textcat_multilabel"'))
    )
    no_sublayer: Any = {"@architectures": "spacy.TextCatLowData.v1", "width": 8, "dropout": None}
    low = archlab.swap(config, "textcat.model", no_sublayer)
    swapped = archlab.swap(low.config, "textcat.model", "spacy.TextCatBOW.v3")
    assert get_section(swapped.config, "components.textcat.model.exclusive_classes") is False
    note = next(note for note in swapped.notes if note.path.endswith("exclusive_classes"))
    assert note.source == "textcat_multilabel needs it"


def test_documented_values_name_their_source(base: "Config") -> None:
    swapped = archlab.swap(base, "textcat.model", "spacy.TextCatReduce.v1")
    sources = {note.path.rpartition(".")[2]: note.source for note in swapped.notes}
    assert "TextCatReduce" in sources["use_reduce_mean"]
    assert sources["tok2vec"] == "carried over"


def test_what_is_typed_wins(base: "Config") -> None:
    swapped = archlab.swap(base, "textcat.model", "spacy.TextCatBOW.v3", ngram_size=2, length=1024)
    model = get_section(swapped.config, "components.textcat.model")
    assert (model["ngram_size"], model["length"]) == (2, 1024)
    assert not any(note.path.endswith((".ngram_size", ".length")) for note in swapped.notes)


def test_the_block_that_is_there_changes_nothing(base: "Config") -> None:
    for slot in archlab.slots(base):
        assert not archlab.swap(base, slot.path, f"@{slot.registry}:{slot.block}").diff


def test_any_registry_can_be_swapped(base: "Config") -> None:
    swapped = archlab.swap(base, "training.optimizer", "RAdam.v1")
    optimizer = get_section(swapped.config, "training.optimizer")
    assert (optimizer["@optimizers"], optimizer["learn_rate"]) == ("RAdam.v1", 0.001)
    assert archlab.check(swapped.config).ok


def test_a_whole_block_is_taken_as_it_is_and_completed(base: "Config") -> None:
    block = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 2}
    swapped = archlab.swap(base, "textcat.model", block)
    assert get_section(swapped.config, "components.textcat.model.no_output_layer") is False


def test_swaps_in_slots_apart_commute(base: "Config") -> None:
    embed, encode = "textcat.model.tok2vec.embed", "textcat.model.tok2vec.encode"
    one = archlab.swap(base, embed, EMBEDDINGS[0]).config
    one = archlab.swap(one, encode, ENCODERS[2]).config
    two = archlab.swap(base, encode, ENCODERS[2]).config
    two = archlab.swap(two, embed, EMBEDDINGS[0]).config
    assert variant_id(one.interpolate()) == variant_id(two.interpolate())


def test_slips_are_told(base: "Config") -> None:
    with pytest.raises(UnknownSlotError, match=r"no slot textcat.modle.\nDid you mean textcat.model"):
        archlab.swap(base, "textcat.modle", "spacy.TextCatBOW.v3")
    with pytest.raises(UnknownSlotError, match="is a section without a block"):
        archlab.swap(base, "textcat", "spacy.TextCatBOW.v3")
    with pytest.raises(UnknownBlockError, match=r"Did you mean spacy.TextCatBOW.v3"):
        archlab.swap(base, "textcat.model", "spacy.TextCatBWO.v3")
    with pytest.raises(UnknownBlockError, match="no registry @architecture"):
        archlab.swap(base, "textcat.model", "@architecture:spacy.TextCatBOW.v3")
    with pytest.raises(SwapError, match=r"has no argument ngram.\nDid you mean ngram_size"):
        archlab.swap(base, "textcat.model", "spacy.TextCatBOW.v3", ngram=2)
    with pytest.raises(SwapError, match="needs n: no value is known"):
        archlab.swap(base, "textcat.model", "clone.v1")
    with pytest.raises(SwapError, match="needs one key that names its registry"):
        archlab.swap(base, "textcat.model", {"ngram_size": 1})


def test_a_default_that_no_config_can_hold_is_left_to_the_block(base: "Config") -> None:
    swapped = archlab.swap(base, "textcat.model", "@layers:spacy.StaticVectors.v2")
    block = get_section(swapped.config, "components.textcat.model")
    assert "init_W" not in block
    assert block["@layers"] == "spacy.StaticVectors.v2"
    assert "StaticVectors.v2" in config_text(swapped.config)
