"""Recipes in a sweep: an axis, and part of a named variant."""

from pathlib import Path

import pytest

import archlab
from archlab.configs.recipes import RecipeStep
from archlab.errors import SweepError
from archlab.planning.plans import Plan
from archlab.planning.recipe_choices import RecipeChoice

AXIS = """base: configs/base.cfg
recipes:
  - base
  - own-tok2vec
  - shared-tok2vec
  - encoder: bilstm
  - [shared-tok2vec, {encoder: {value: mish, component: tok2vec}}]
  - speed:
"""


def planned(folder: Path, text: str) -> Plan:
    path = folder / "sweep.yml"
    path.write_text(text, encoding="utf8")
    return archlab.plan(path, level="types")


def refused(folder: Path, text: str) -> str:
    with pytest.raises(SweepError) as error:
        planned(folder, text)
    return str(error.value).replace(f"{folder}/", "")


def test_each_choice_of_recipes_is_a_variant_and_those_that_change_nothing_are_the_base(
    workplace: Path,
) -> None:
    plan = planned(workplace, AXIS)
    assert not plan.rejected
    assert {variant.row: variant.settings for variant in plan.variants} == {
        "base": {"recipes": "base"},
        "shared-tok2vec": {"recipes": "shared-tok2vec"},
        "encoder=bilstm": {"recipes": {"encoder": "bilstm"}},
        "shared-tok2vec + encoder=mish(component=tok2vec)": {
            "recipes": ["shared-tok2vec", {"encoder": {"value": "mish", "component": "tok2vec"}}]
        },
        "speed": {"recipes": "speed"},
    }
    assert [place.row for place in plan.placements][:2] == ["base", "own-tok2vec"]


def test_what_a_variant_says_is_what_the_sweep_said(workplace: Path) -> None:
    for variant in planned(workplace, AXIS).variants:
        choice = RecipeChoice.parse(variant.settings["recipes"])
        assert choice.to_json() == variant.settings["recipes"]


def test_swaps_come_after_recipes_whatever_their_depth(workplace: Path) -> None:
    text = """base: configs/base.cfg
recipes: [shared-tok2vec]
swaps: {tok2vec.model.embed: [base, spacy.CharacterEmbed.v2]}
overrides: {training.dropout: [0.1, 0.2]}
"""
    plan = planned(workplace, text)
    rows = ["shared-tok2vec", "shared-tok2vec, embed=CharacterEmbed.v2"]
    assert [variant.row for variant in plan.variants] == [
        rows[0],
        f"{rows[0]}, dropout=0.2",
        rows[1],
        f"{rows[1]}, dropout=0.2",
    ]
    embed = plan.variants[2].config["components"]["tok2vec"]["model"]["embed"]
    assert embed["@architectures"] == "spacy.CharacterEmbed.v2"


def test_vectors_that_a_sweep_names_are_there_for_recipes(workplace: Path) -> None:
    text = "base: configs/base.cfg\nrecipes: [static-vectors]\noverrides: {paths.vectors: some}\n"
    (variant,) = planned(workplace, text).variants
    embed = variant.config["components"]["textcat"]["model"]["tok2vec"]["embed"]
    assert embed["include_static_vectors"] is True


def test_a_named_variant_may_have_recipes(workplace: Path) -> None:
    text = """base: configs/base.cfg
variants:
  wide: {recipes: [shared-tok2vec, accuracy], tok2vec.model.encode.depth: 6}
  lstm: {recipes: {encoder: bilstm}}
"""
    plan = planned(workplace, text)
    base, wide, lstm = plan.variants
    assert (base.row, wide.row, lstm.row) == ("base", "wide", "lstm")
    assert wide.settings == {"recipes": ["shared-tok2vec", "accuracy"], "tok2vec.model.encode.depth": 6}
    encode = wide.config["components"]["tok2vec"]["model"]["encode"]
    assert (encode["width"], encode["depth"]) == (256, 6)


def test_recipes_may_be_columns(workplace: Path) -> None:
    text = """base: configs/base.cfg
recipes: [base, {encoder: bilstm}]
overrides: {training.dropout: [0.1, 0.2]}
table: {columns: recipes}
"""
    assert [variant.label for variant in planned(workplace, text).variants] == [
        "base [base]",
        "dropout=0.2 [base]",
        "base [encoder=bilstm]",
        "dropout=0.2 [encoder=bilstm]",
    ]


def test_a_recipe_that_cannot_apply_rejects_its_variant_with_its_line(workplace: Path) -> None:
    plan = planned(workplace, "base: configs/base.cfg\nrecipes:\n  - base\n  - static-vectors\n")
    (rejected,) = plan.rejected
    assert rejected.row == "static-vectors"
    assert rejected.findings[0].message.endswith(
        "sweep.yml:4: No vectors are named: initialize.vectors is null."
    )


@pytest.mark.parametrize(
    ("recipes", "said"),
    [
        ("[]", "sweep.yml:2: recipes has no choices.\nWrite - base under it."),
        ("speed", "sweep.yml:2: recipes: Input should be a valid list."),
        ("\n  - base\n  - spede", "sweep.yml:4: There is no recipe spede.\nDid you mean speed?"),
        ("\n  - encoder: lstm", "sweep.yml:3: The recipe encoder has no value lstm.\nDid you mean bilstm?"),
        ("\n  - encoder", "sweep.yml:3: The recipe encoder needs a value: cnn, mish, bilstm."),
        ("\n  - speed: {componet: textcat}", "has no argument componet.\nDid you mean component?"),
        ("\n  - {speed: , accuracy: }", "sweep.yml:3: a choice of recipes is base, a name,"),
        ("\n  - 3", "sweep.yml:3: a choice of recipes is base, a name,"),
        ("\n  - speed: {component: textcta}", "sweep.yml:3: No component textcta runs in this pipeline."),
    ],
)
def test_a_slip_in_recipes_is_told_with_its_line(workplace: Path, recipes: str, said: str) -> None:
    assert said in refused(workplace, f"base: configs/base.cfg\nrecipes: {recipes}\n")


def test_a_slip_in_the_recipes_of_a_variant_is_told_with_its_line(workplace: Path) -> None:
    text = "base: configs/base.cfg\nvariants:\n  fast:\n    recipes: [speed, own-tok2vce]\n"
    assert refused(workplace, text) == (
        "sweep.yml:4: There is no recipe own-tok2vce.\nDid you mean own-tok2vec?"
    )


def test_a_choice_is_labelled_by_what_it_does() -> None:
    step = RecipeStep("transformer", None, {"name": "./tiny"})
    assert RecipeChoice((step,)).label == "transformer(name=./tiny)"
    assert RecipeChoice.parse("base").label == "base"
