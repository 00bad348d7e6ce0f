"""Recipes give what an expert would have written: the sum of swaps, complete, and passing the check."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy
import pytest
from spacy.lang.en import English
from spacy.util import registry
from thinc.api import fix_random_seed

import archlab
from archlab.catalog.recommended import recommended_transformer
from archlab.configs.component_blocks import Place
from archlab.configs.differences import diff_configs
from archlab.configs.encoder_changes import embed_of_hash_embed_cnn
from archlab.configs.filling import fill_config
from archlab.configs.fingerprints import variant_id
from archlab.configs.loading import interpolated, override_config, parse_config
from archlab.configs.recipes import effects
from archlab.configs.slotting import get_section
from archlab.errors import ArchlabError, InvalidError, SwapError, UnknownRecipeError, UnknownSlotError
from archlab.records import Setting, Swap

if TYPE_CHECKING:
    from confection import Config
    from conftest import Cli

PIPELINES = [
    ["tagger", "parser", "ner"],
    ["morphologizer", "trainable_lemmatizer"],
    ["textcat"],
    ["textcat_multilabel"],
    ["tagger", "textcat"],
    ["spancat"],
]
HASH_EMBED_CNN = {"width": 16, "depth": 2, "embed_size": 101, "window_size": 1, "maxout_pieces": 2}


def quickstart(components: list[str], aim: str) -> "Config":
    """What `spacy init config` writes, filled; without the word vectors that it names."""
    from spacy.cli.init_config import init_config

    config = init_config(lang="en", pipeline=components, optimize=aim, gpu=False, silent=True)
    config["paths"]["vectors"] = None
    for component in config["components"].values():
        if component["factory"] == "tok2vec":
            component["model"]["embed"]["include_static_vectors"] = False
    return fill_config(config)


def components_of(text: str) -> "Config":
    names = text.split()
    sections = "".join(f'\n[components.{name}]\nfactory = "{name}"\n' for name in names)
    return fill_config(
        parse_config(f'[nlp]\nlang = "en"\npipeline = {json.dumps(names)}\n[components]\n{sections}')
    )


@pytest.fixture
def demo(workplace: Path) -> "Config":
    return archlab.load_config(workplace / "configs" / "base.cfg")


def errors(config: "Config") -> list[str]:
    return [finding.message for finding in archlab.check(config).errors]


# Speed and accuracy.


@pytest.mark.parametrize("components", PIPELINES, ids=" ".join)
def test_speed_and_accuracy_are_what_spacy_init_config_writes(components: list[str]) -> None:
    small, large = quickstart(components, "efficiency"), quickstart(components, "accuracy")
    assert not diff_configs(large, archlab.apply_recipe(small, "accuracy").config)
    assert not diff_configs(small, archlab.apply_recipe(large, "speed").config)
    assert archlab.recipe_changes(small, "speed") == archlab.recipe_changes(large, "accuracy") == []


def test_accuracy_reads_vectors_where_the_config_names_some() -> None:
    small = override_config(quickstart(["ner"], "efficiency"), {"paths.vectors": "some"})
    embed = archlab.apply_recipe(small, "accuracy").config["components"]["tok2vec"]["model"]["embed"]
    assert embed["include_static_vectors"] is True


def test_a_senter_of_its_own_stays_as_its_factory_makes_it() -> None:
    swaps = archlab.recipe_changes(components_of("tagger senter"), "accuracy")
    assert {swap.slot.split(".")[0] for swap in swaps if isinstance(swap, Swap)} == {"tagger"}


def test_what_is_disabled_is_left_alone() -> None:
    config = override_config(components_of("tagger ner"), {"nlp.disabled": ["ner"]})
    (swap,) = archlab.recipe_changes(config, "shared-tok2vec")
    assert swap == Swap("tagger.model.tok2vec", "spacy.Tok2VecListener.v1")


def test_own_tok2vecs_are_sized_and_stay_own() -> None:
    swapped = archlab.apply_recipe(components_of("tagger ner"), "speed").config
    values = interpolated(swapped)
    for name in ("tagger", "ner"):
        tok2vec = values["components"][name]["model"]["tok2vec"]
        assert (tok2vec["encode"]["width"], tok2vec["embed"]["width"], tok2vec["encode"]["depth"]) == (
            96,
            96,
            4,
        )
    assert swapped["nlp"]["pipeline"] == ["tagger", "ner"]
    assert not errors(swapped)


def test_one_component_may_be_made_faster() -> None:
    large = quickstart(["tagger", "textcat"], "accuracy")
    (swap,) = archlab.recipe_changes(large, "speed", component="textcat")
    assert isinstance(swap, Swap)
    assert (swap.slot, swap.block) == ("textcat.model", "spacy.TextCatBOW.v3")


# Own and shared.


@pytest.mark.parametrize("components", [["tagger", "ner"], ["parser"], ["spancat", "tagger"]], ids=" ".join)
def test_own_and_back_to_shared_is_where_one_began(components: list[str]) -> None:
    shared = quickstart(components, "efficiency")
    own = archlab.apply_recipe(shared, "own-tok2vec")
    assert own.config["nlp"]["pipeline"] == components
    model = interpolated(shared)["components"]["tok2vec"]["model"]
    for name in components:
        assert interpolated(own.config)["components"][name]["model"]["tok2vec"] == model
    assert not errors(own.config)
    back = archlab.apply_recipe(own.config, "shared-tok2vec").config
    assert variant_id(back) == variant_id(shared)


def test_only_one_component_gets_its_own() -> None:
    shared = quickstart(["tagger", "ner"], "efficiency")
    own = archlab.apply_recipe(shared, "own-tok2vec", component="ner").config
    assert own["nlp"]["pipeline"] == ["tok2vec", "tagger", "ner"]
    assert get_section(own, "components.tagger.model.tok2vec.@architectures") == "spacy.Tok2VecListener.v1"
    assert get_section(own, "components.ner.model.tok2vec.@architectures") == "spacy.Tok2Vec.v2"
    assert not errors(own)


def test_what_is_own_already_stays(demo: "Config") -> None:
    swapped = archlab.apply_recipe(demo, "own-tok2vec")
    assert (swapped.steps, bool(swapped.diff)) == ((), False)


def test_the_factory_defaults_can_be_shared() -> None:
    shared = archlab.apply_recipe(components_of("tagger ner"), "shared-tok2vec").config
    assert shared["nlp"]["pipeline"] == ["tok2vec", "tagger", "ner"]
    assert not errors(shared)


# Encoders.


@pytest.mark.parametrize("value", ["mish", "bilstm"])
def test_the_encoder_of_a_tok2vec_is_swapped_and_back(value: str) -> None:
    base = quickstart(["tagger", "ner"], "efficiency")
    other = archlab.apply_recipe(base, "encoder", value).config
    assert not errors(other)
    assert interpolated(other)["components"]["tok2vec"]["model"]["encode"]["width"] == 96
    assert variant_id(archlab.apply_recipe(other, "encoder", "cnn").config) == variant_id(base)


def test_the_layers_of_a_cnn_say_nothing_of_an_lstm() -> None:
    base = quickstart(["ner"], "accuracy")
    encode = "components.tok2vec.model.encode"
    lstm = get_section(archlab.apply_recipe(base, "encoder", "bilstm").config, encode)
    assert lstm == {"@architectures": "spacy.TorchBiLSTMEncoder.v1", "width": 256, "depth": 2, "dropout": 0.0}
    assert get_section(archlab.apply_recipe(base, "encoder", "mish").config, encode)["depth"] == 8


@pytest.mark.parametrize("value", ["mish", "bilstm"])
def test_a_hash_embed_cnn_becomes_the_tok2vec_that_it_builds(value: str) -> None:
    config = archlab.apply_recipe(components_of("ner"), "encoder", value).config
    tok2vec = interpolated(config)["components"]["ner"]["model"]["tok2vec"]
    assert tok2vec["embed"] == {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 96,
        "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
        "rows": [2000, 1000, 1000, 1000],
        "include_static_vectors": False,
    }
    assert (tok2vec["encode"]["width"], tok2vec["encode"]["depth"]) == (96, {"mish": 4, "bilstm": 2}[value])
    assert not errors(config)


@pytest.mark.parametrize("has_subwords", [True, False])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_embedding_of_a_hash_embed_cnn_is_its_own(version: str, has_subwords: bool) -> None:
    name = f"spacy.HashEmbedCNN.{version}"
    said: Any = {**HASH_EMBED_CNN, "subword_features": has_subwords, "pretrained_vectors": None}
    place = Place(
        component="ner", factory="ner", path="ner.model.tok2vec", name=name, section=said, values=said
    )
    embed = {**embed_of_hash_embed_cnn(place), "width": 16}
    sizes = {key: said[key] for key in ("width", "depth", "window_size", "maxout_pieces")}
    encode = {"@architectures": "spacy.MaxoutWindowEncoder.v2", **sizes}
    whole = {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode}
    docs = [English()("a good film about cats"), English()("nothing at all")]
    given = []
    for block in ({"@architectures": name, **said}, whole):
        fix_random_seed(0)
        model = registry.resolve({"tok2vec": block})["tok2vec"]
        model.initialize(docs)
        given.append(model.predict(docs))
    for one, other in zip(*given, strict=True):
        assert numpy.array_equal(one, other)


def test_an_old_tok2vec_becomes_new_with_its_encoder(demo: "Config") -> None:
    old = archlab.swap(demo, "textcat.model.tok2vec", "spacy.Tok2Vec.v1").config
    config = archlab.apply_recipe(old, "encoder", "mish").config
    tok2vec = get_section(config, "components.textcat.model.tok2vec")
    assert tok2vec["@architectures"] == "spacy.Tok2Vec.v2"
    assert tok2vec["encode"]["@architectures"] == "spacy.MishWindowEncoder.v2"
    assert not errors(config)


def test_a_cnn_stays_a_cnn() -> None:
    assert archlab.recipe_changes(components_of("ner"), "encoder", "cnn") == []


# Vectors.


def test_static_vectors_are_read_by_all_that_can() -> None:
    config = archlab.apply_recipe(components_of("tagger ner"), "static-vectors", vectors="some").config
    assert config["paths"]["vectors"] == "some"
    assert config["initialize"]["vectors"] == "${paths.vectors}"
    assert all(
        config["components"][name]["model"]["tok2vec"]["pretrained_vectors"] for name in ("tagger", "ner")
    )


def test_vectors_that_are_named_are_taken() -> None:
    base = override_config(quickstart(["ner"], "efficiency"), {"initialize.vectors": "some"})
    changes = archlab.recipe_changes(base, "static-vectors")
    assert changes == [Setting("tok2vec.model.embed.include_static_vectors", True)]
    again = archlab.apply_recipe(base, "static-vectors").config
    assert archlab.recipe_changes(again, "static-vectors") == []


# What cannot be.


@pytest.mark.parametrize(
    ("components", "recipe", "value", "arguments", "said"),
    [
        ("sentencizer", "own-tok2vec", None, {}, "No component has a tok2vec, own or shared."),
        ("sentencizer", "shared-tok2vec", None, {}, "No component has a tok2vec, own or shared."),
        ("sentencizer", "encoder", "mish", {}, "No component has a tok2vec with an encoder."),
        ("sentencizer", "speed", None, {}, "No component has a tok2vec or text classifier that speed"),
        (
            "sentencizer",
            "static-vectors",
            None,
            {},
            "No component has an embedding that can read word vectors.",
        ),
        ("ner", "static-vectors", None, {}, "No vectors are named: initialize.vectors is null.\nName a"),
    ],
)
def test_a_recipe_that_finds_nothing_says_what_is_missing(
    components: str, recipe: str, value: str | None, arguments: Any, said: str
) -> None:
    with pytest.raises(SwapError) as error:
        archlab.recipe_changes(components_of(components), recipe, value, **arguments)
    assert said in str(error.value)
    assert error.value.hint


@pytest.mark.parametrize(
    ("recipe", "value", "arguments", "said"),
    [
        ("own-tok2vce", None, {}, "There is no recipe own-tok2vce.\nDid you mean own-tok2vec?"),
        ("encoder", "bilst", {}, "The recipe encoder has no value bilst.\nDid you mean bilstm?"),
        ("encoder", None, {}, "The recipe encoder needs a value: cnn, mish, bilstm.\nWrite archlab swap"),
        ("speed", "fast", {}, "The recipe speed has no value fast.\nIt takes none."),
        ("speed", None, {"componet": "ner"}, "The recipe speed has no argument componet.\nDid you mean"),
        ("transformer", None, {"package": "curate"}, "knows no package curate.\nDid you mean curated?"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_the_nearest(
    recipe: str, value: str | None, arguments: Any, said: str
) -> None:
    with pytest.raises(UnknownRecipeError) as error:
        archlab.recipe_changes(components_of("ner"), recipe, value, **arguments)
    assert said in str(error.value)


def test_a_component_that_does_not_run_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownSlotError) as error:
        archlab.recipe_changes(components_of("tagger"), "own-tok2vec", component="taggr")
    assert str(error.value) == "No component taggr runs in this pipeline.\nDid you mean tagger?"


def test_who_listens_has_no_encoder_of_its_own() -> None:
    shared = quickstart(["tagger"], "efficiency")
    with pytest.raises(SwapError) as error:
        archlab.recipe_changes(shared, "encoder", "mish", component="tagger")
    assert str(error.value) == (
        "tagger has no tok2vec with an encoder: tagger.model.tok2vec listens to tok2vec.\n"
        "Give it its own first: archlab swap tagger.model.tok2vec spacy.Tok2Vec.v2"
    )


def test_a_package_that_is_missing_is_told_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archlab.configs.transformer_recipe.find_spec", lambda module: None)
    with pytest.raises(InvalidError) as error:
        archlab.recipe_changes(components_of("ner"), "transformer", package="curated")
    assert str(error.value) == (
        "The recipe transformer needs spacy-curated-transformers, which is not installed.\n"
        'pip install "archlab[curated-transformers]"'
    )


def test_the_transformer_of_a_language_is_what_spacy_recommends() -> None:
    names = [recommended_transformer(lang) for lang in ("en", "tr", "xx", "it")]
    many = "bert-base-multilingual-uncased"
    assert names == ["roberta-base", "dbmdz/bert-base-turkish-cased", many, many]


# All of them.


@pytest.mark.parametrize("components", [["tagger", "textcat"], ["ner"]], ids=" ".join)
def test_a_recipe_leaves_its_base_alone_and_is_idle_the_second_time(components: list[str]) -> None:
    base = quickstart(components, "accuracy")
    before = base.to_str()
    for effect in effects(base):
        if effect.problem is None:
            once = archlab.apply_recipe(base, effect.recipe, effect.value)
            assert len(once.steps) <= len(effect.changes)
            assert archlab.recipe_changes(once.config, effect.recipe, effect.value) == [], effect.recipe
    assert base.to_str() == before


@pytest.mark.slow
@pytest.mark.usefixtures("forked_probes")
@pytest.mark.parametrize(
    ("recipe", "value"),
    [
        ("own-tok2vec", None),
        ("encoder", "bilstm"),
        ("encoder", "mish"),
        ("accuracy", None),
        ("shared-tok2vec", None),
    ],
)
@pytest.mark.parametrize("components", [["tagger", "textcat"], ["parser", "ner"]], ids=" ".join)
def test_what_a_recipe_gives_trains(components: list[str], recipe: str, value: str | None) -> None:
    base = quickstart(components, "efficiency")
    if recipe == "shared-tok2vec":
        base = archlab.apply_recipe(base, "own-tok2vec").config
    swapped = archlab.apply_recipe(base, recipe, value)
    assert swapped.diff
    assert archlab.check(swapped.config, "probe").ok


# The command.


def test_the_command_lists_recipes_and_what_they_would_change(cli: "Cli", workplace: Path) -> None:
    listed = json.loads(cli("recipes", "--format", "json").out)
    assert [recipe["name"] for recipe in listed] == [recipe.name for recipe in archlab.recipes()]
    done = cli("recipes", "--base", workplace / "configs" / "base.cfg", "--format", "json")
    would = {(row["recipe"], row["value"]): row for row in json.loads(done.out)}
    assert would["own-tok2vec", None] == {
        "recipe": "own-tok2vec",
        "value": None,
        "changes": [],
        "problem": None,
    }
    assert would["shared-tok2vec", None]["changes"] == [
        {"slot": "textcat.model.tok2vec", "block": "spacy.Tok2VecListener.v1", "arguments": {}}
    ]
    assert "No vectors are named" in would["static-vectors", None]["problem"]


def test_every_recipe_has_an_example_that_names_it() -> None:
    for recipe in archlab.recipes():
        assert recipe.example.startswith(f"archlab swap {recipe.name}")
        assert issubclass(UnknownRecipeError, ArchlabError)
