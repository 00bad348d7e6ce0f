"""From a sweep to variants and runs."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import archlab
from archlab.configs import fingerprints
from archlab.configs.fingerprints import variant_id
from archlab.errors import SweepError, UsageError
from archlab.planning.plans import Plan
from archlab.records import Finding, Rejected, Variant

PlanOf = Callable[..., Plan]


@pytest.fixture
def plan_of(workplace: Path) -> PlanOf:
    def make(text: str, **options: Any) -> Plan:
        path = workplace / "sweep.yml"
        path.write_text(f"base: configs/base.cfg\n{text}", encoding="utf8")
        return archlab.plan(path, **options)

    return make


def labels(planned: Plan) -> list[str]:
    return [variant.label for variant in planned.variants]


def test_the_grid_is_crossed_in_the_order_of_the_file(plan_of: PlanOf) -> None:
    planned = plan_of(
        "seeds: 2\nswaps:\n  textcat.model: [base, spacy.TextCatReduce.v1]\n"
        "overrides:\n  training.dropout: [0.1, 0.3]\n"
    )
    assert labels(planned) == [
        "base TextCatEnsemble.v2",
        "dropout=0.3",
        "TextCatReduce.v1",
        "TextCatReduce.v1, dropout=0.3",
    ]
    assert [spec.seed for spec in planned.runs] == [0, 1] * 4
    assert len({spec.run_id for spec in planned.runs}) == 8


@pytest.mark.parametrize("embed", ["[base, spacy.CharacterEmbed.v2]", "[spacy.CharacterEmbed.v2, base]"])
def test_an_inner_axis_does_not_apply_where_an_outer_choice_removes_its_slot(
    plan_of: PlanOf, embed: str
) -> None:
    planned = plan_of(
        f"swaps:\n  textcat.model: [base, spacy.TextCatBOW.v3]\n  textcat.model.tok2vec.embed: {embed}\n"
    )
    assert set(labels(planned)) == {"base TextCatEnsemble.v2", "embed=CharacterEmbed.v2", "TextCatBOW.v3"}
    (bow,) = [variant for variant in planned.variants if variant.label == "TextCatBOW.v3"]
    assert bow.settings == {"textcat.model": "spacy.TextCatBOW.v3"}, "what did not apply is not told"


def test_a_variant_that_several_cells_come_to_is_trained_once_and_shown_in_each(plan_of: PlanOf) -> None:
    planned = plan_of(
        "swaps:\n"
        "  textcat.model: [base, spacy.TextCatBOW.v3]\n"
        "  textcat.model.tok2vec.embed: [base, spacy.CharacterEmbed.v2]\n"
        "variants:\n  same: {training.dropout: 0.1}\n"
        "table: {columns: textcat.model.tok2vec.embed}\n"
    )
    assert len(planned.variants) == len(planned.runs) == 3
    assert [(p.row, p.column) for p in planned.placements] == [
        ("base TextCatEnsemble.v2", "base"),
        ("base TextCatEnsemble.v2", "CharacterEmbed.v2"),
        ("TextCatBOW.v3", "base"),
        ("TextCatBOW.v3", "CharacterEmbed.v2"),
        ("same", "base"),
        ("same", "CharacterEmbed.v2"),
    ]


def test_two_ways_to_say_the_same_config_are_one_variant(plan_of: PlanOf) -> None:
    planned = plan_of(
        "swaps:\n  textcat.model: [base, spacy.TextCatEnsemble.v2]\n"
        "variants:\n  same: {training.dropout: 0.1}\n"
    )
    assert labels(planned) == ["base TextCatEnsemble.v2"]


def test_named_variants_stand_beside_the_grid_once_per_column(plan_of: PlanOf) -> None:
    planned = plan_of(
        "swaps:\n  textcat.model: [base, spacy.TextCatBOW.v3]\n"
        "overrides:\n  vars.task: [keywords, spelling]\n  training.patience: 7\n"
        "variants:\n"
        "  wide:\n"
        "    textcat.model.tok2vec.encode: spacy.MishWindowEncoder.v2\n"
        "    textcat.model.tok2vec.encode.depth: 3\n"
        "table: {columns: vars.task}\n"
    )
    assert [(variant.row, variant.column) for variant in planned.variants] == [
        ("base TextCatEnsemble.v2", "keywords"),
        ("base TextCatEnsemble.v2", "spelling"),
        ("TextCatBOW.v3", "keywords"),
        ("TextCatBOW.v3", "spelling"),
        ("wide", "keywords"),
        ("wide", "spelling"),
    ]
    wide = planned.variants[-1].config
    encode = wide["components"]["textcat"]["model"]["tok2vec"]["encode"]
    assert (encode["@architectures"], encode["depth"]) == ("spacy.MishWindowEncoder.v2", 3)
    assert (wide["vars"]["task"], wide["training"]["patience"]) == ("spelling", 7)


def test_a_variant_that_does_not_fit_is_rejected_with_its_findings_and_the_rest_stays(
    plan_of: PlanOf,
) -> None:
    planned = plan_of("swaps:\n  textcat.model: [base, spacy.Tagger.v2]\n")
    assert labels(planned) == ["base TextCatEnsemble.v2"]
    (rejected,) = planned.rejected
    assert rejected.label == "Tagger.v2"
    assert "spacy.Tagger.v2 returns List[Floats2d]" in rejected.findings[0].message
    assert planned.report.errors[0].variants == ("Tagger.v2",)


def test_a_swap_without_a_known_value_is_rejected_with_the_way_to_give_it(plan_of: PlanOf) -> None:
    planned = plan_of("swaps:\n  textcat.model: [base, spacy.TextCatLowData.v1]\n")
    (rejected,) = planned.rejected
    assert "sweep.yml:3: textcat.model: spacy.TextCatLowData.v1 needs" in rejected.findings[0].message
    assert "width=..." in (rejected.findings[0].fix or "")


def test_a_named_variant_stands_on_the_base_not_on_the_grids_swaps(plan_of: PlanOf) -> None:
    planned = plan_of(
        "swaps:\n  textcat.model: [spacy.TextCatBOW.v3]\n"
        "variants:\n  deep: {textcat.model.tok2vec.encode: {spacy.MaxoutWindowEncoder.v2: {depth: 4}}}\n"
    )
    assert labels(planned) == ["TextCatBOW.v3", "deep"]
    model = planned.variants[1].config["components"]["textcat"]["model"]
    assert model["@architectures"] == "spacy.TextCatEnsemble.v2"


def test_whole_blocks_are_told_apart_by_what_is_in_them(plan_of: PlanOf) -> None:
    def tok2vec(embed: str) -> str:
        encode = "{'@architectures': spacy.MaxoutWindowEncoder.v2}"
        return (
            f"{{'@architectures': spacy.Tok2Vec.v2, embed: {{'@architectures': {embed}}}, encode: {encode}}}"
        )

    blocks = [tok2vec(embed) for embed in ("spacy.CharacterEmbed.v2", "spacy.MultiHashEmbed.v2")]
    planned = plan_of(f"swaps:\n  textcat.model.tok2vec: [{', '.join(blocks)}]\n", level="types")
    rows = {variant.row for variant in planned.variants} | {rejected.row for rejected in planned.rejected}
    assert rows == {
        "tok2vec=Tok2Vec.v2(embed=CharacterEmbed.v2, encode=MaxoutWindowEncoder.v2)",
        "tok2vec=Tok2Vec.v2(embed=MultiHashEmbed.v2, encode=MaxoutWindowEncoder.v2)",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "swaps:\n  textcat.modle: [base, spacy.TextCatBOW.v3]\n",
            "sweep.yml:3: There is no slot textcat.modle.\nDid you mean textcat.model?",
        ),
        (
            "swaps:\n  textcat.model:\n    - spacy.TextCatBWO.v3\n",
            "sweep.yml:4: No block spacy.TextCatBWO.v3 is registered.\nDid you mean spacy.TextCatBOW.v3?",
        ),
        (
            "score: cats_mikro_f\n",
            "sweep.yml:2: no variant gives a score cats_mikro_f.\nDid you mean cats_micro_f?",
        ),
        (
            "score: cats_f_per_type\n",
            "sweep.yml:2: no variant gives a score cats_f_per_type.\n"
            "Known: cats_macro_auc, cats_macro_f, cats_macro_p, cats_macro_r, cats_micro_f, cats_micro_p, "
            "cats_micro_r, cats_score, score, token_acc, token_f, token_p, token_r.",
        ),
        (
            "table:\n  scores: [cats_micro_p, cats_mikro_r]\n",
            "sweep.yml:3: no variant gives a score cats_mikro_r.\nDid you mean cats_micro_r?",
        ),
        (
            "overrides:\n  training.dropuot: [0.1, 0.2]\n",
            "sweep.yml:3: The config has no setting training.dropuot.\nDid you mean dropout?",
        ),
        (
            "variants:\n  wide: {textcat.model.tok2vec.encod: spacy.MishWindowEncoder.v2}\n",
            "sweep.yml:3: The config has no setting textcat.model.tok2vec.encod.\nDid you mean encode?",
        ),
        (
            "swaps:\n  textcat.model: [spacy.TextCatBOW.v3]\n"
            "  textcat.model.tok2vec.embed: [base, spacy.CharacterEmbed.v2]\n",
            "sweep.yml:4: no variant has textcat.model.tok2vec.embed: another axis removes it from all.",
        ),
    ],
)
def test_slips_are_told_with_line_and_nearest_name(
    plan_of: PlanOf, text: str, said: str, workplace: Path
) -> None:
    with pytest.raises(SweepError) as error:
        plan_of(text)
    assert str(error.value).replace(f"{workplace}/", "") == said


@pytest.mark.parametrize(
    "text",
    [
        "variants:\n  a: {textcat.model: spacy.TextCatBWO.v3}\n",
        "swaps:\n  textcat.model: [{'@architectures': spacy.TextCatBWO.v3}]\n",
        "swaps:\n  textcat.model: [{spacy.TextCatBWO.v3: {ngram_size: 1}}]\n",
    ],
)
def test_a_block_that_is_nowhere_registered_is_a_slip_wherever_it_is_named(
    plan_of: PlanOf, text: str
) -> None:
    with pytest.raises(SweepError, match=r"sweep.yml:3: No block spacy.TextCatBWO.v3 is registered"):
        plan_of(text)


def test_a_base_that_is_not_there_is_said(plan_of: PlanOf, workplace: Path) -> None:
    (workplace / "configs" / "base.cfg").unlink()
    with pytest.raises(SweepError, match=r"sweep.yml:1: there is no config"):
        plan_of("")


def test_what_the_sweep_sets_the_command_line_does_not(plan_of: PlanOf) -> None:
    with pytest.raises(UsageError, match=r"sets training.max_steps itself"):
        plan_of("limits: {max_steps: 4}\n", overrides={"training.max_steps": 50})
    with pytest.raises(UsageError, match=r"set by the sweep's `seeds`"):
        plan_of("", overrides={"training.seed": 5})


def test_the_order_of_sublayers_counts_where_a_block_is_not_spacys_own() -> None:
    def config(names: list[str], block: str) -> dict[str, Any]:
        layers = {name: {"@architectures": "spacy.HashEmbedCNN.v2", "width": 8} for name in names}
        components = {"tagger": {"factory": "tagger", "model": {"@architectures": block, **layers}}}
        return {"nlp": {"pipeline": ["tagger"]}, "components": components, "training": {}}

    one, two = ["a", "b"], ["b", "a"]
    assert variant_id(config(one, "spacy.X.v1")) == variant_id(config(two, "spacy.X.v1"))
    assert variant_id(config(one, "mine.X.v1")) != variant_id(config(two, "mine.X.v1"))


NAMED_BY_ITS_FACTORY = """
[nlp]
lang = "en"
pipeline = ["topics"]

[components]

[components.topics]
factory = "textcat"

[components.topics.model]
@architectures = "spacy.TextCatBOW.v3"
exclusive_classes = true
ngram_size = 1
no_output_layer = false

[pretraining]
max_epochs = 10
"""


def test_overrides_know_components_by_their_factory_and_every_section(workplace: Path) -> None:
    (workplace / "base.cfg").write_text(NAMED_BY_ITS_FACTORY)
    (workplace / "sweep.yml").write_text(
        "base: base.cfg\nswaps:\n  textcat.model: [base, {spacy.TextCatBOW.v3: {ngram_size: 2}}]\n"
        "overrides:\n  textcat.threshold: [0.0, 0.5]\n  pretraining.max_epochs: 5\n"
    )
    planned = archlab.plan(workplace / "sweep.yml", level="types")
    found = [
        (v.config["components"]["topics"]["threshold"], v.config["pretraining"]["max_epochs"])
        for v in planned.variants
    ]
    assert found == [(0.0, 5), (0.5, 5), (0.0, 5), (0.5, 5)]
    assert [label.startswith("TextCatBOW.v3") for label in labels(planned)] == [False, False, True, True]
    with pytest.raises(UsageError, match=r"sets components\.topics\.threshold itself"):
        archlab.plan(workplace / "sweep.yml", overrides={"components.topics.threshold": 0.1})


def test_a_factory_of_several_components_says_no_setting(workplace: Path) -> None:
    twice = NAMED_BY_ITS_FACTORY.replace('["topics"]', '["topics", "more"]')
    (workplace / "base.cfg").write_text(twice + '\n[components.more]\nfactory = "textcat"\n')
    (workplace / "sweep.yml").write_text("base: base.cfg\noverrides:\n  textcat.threshold: [0.0, 0.5]\n")
    with pytest.raises(SweepError, match="2 components are a textcat"):
        archlab.plan(workplace / "sweep.yml", level="types")


def test_overrides_of_the_command_line_apply_to_all_variants(plan_of: PlanOf) -> None:
    text = "swaps:\n  textcat.model: [base, spacy.TextCatBOW.v3]\n"
    planned = plan_of(text, overrides={"training.max_steps": 7})
    assert [variant.config["training"]["max_steps"] for variant in planned.variants] == [7, 7]
    assert {v.variant_id for v in planned.variants}.isdisjoint(v.variant_id for v in plan_of(text).variants)


def test_identity_depends_on_device_and_code(plan_of: PlanOf, tmp_path: Path) -> None:
    code = tmp_path / "blocks.py"
    code.write_text("# nothing yet")
    plain, gpu, with_code = plan_of(""), plan_of("", device="NVIDIA H100", gpu_id=0), plan_of("", code=[code])
    assert len({planned.runs[0].run_id for planned in (plain, gpu, with_code)}) == 3
    assert len({planned.variants[0].variant_id for planned in (plain, gpu, with_code)}) == 1


def test_the_order_of_choices_changes_no_identity(plan_of: PlanOf) -> None:
    one = plan_of("swaps:\n  textcat.model: [base, spacy.TextCatBOW.v3, spacy.TextCatReduce.v1]\n")
    two = plan_of("swaps:\n  textcat.model: [spacy.TextCatReduce.v1, spacy.TextCatBOW.v3, base]\n")
    assert {spec.run_id for spec in one.runs} == {spec.run_id for spec in two.runs}


MANY = """
swaps:
  textcat.model: [{first}]
  textcat.model.tok2vec.embed: [{second}]
overrides:
  training.dropout: [{third}]
  textcat.model.tok2vec.encode.width: [{fourth}]
"""


def test_many_variants_together_come_to_what_each_alone_comes_to(plan_of: PlanOf) -> None:
    """A sweep is checked much faster than its variants one by one, and says the same."""
    axes = {
        "first": ["base", "spacy.TextCatCNN.v2", "spacy.Tagger.v2", "spacy.TextCatReduce.v1: {nO: x}"],
        "second": [
            "base",
            "spacy.CharacterEmbed.v2: {nM: 8, nC: -1.5}",
            "spacy.MultiHashEmbed.v2: {rows: [9]}",
        ],
        "third": ["0.1", "much"],
        "fourth": ["64", "32"],
    }
    together = plan_of(MANY.format(**{axis: ", ".join(choices) for axis, choices in axes.items()}))
    alone = [plan_of(MANY.format(**dict(zip(axes, cell, strict=True)))) for cell in product(*axes.values())]
    assert len(together.variants) > 1
    assert len(together.rejected) > len(together.variants)

    def ids(planned: Plan) -> set[tuple[str, str]]:
        return {(v.variant_id, fingerprints.digest(v.config)) for v in planned.variants}

    def findings(planned: Plan) -> set[tuple[str, Finding]]:
        everything: list[Variant | Rejected] = [*planned.variants, *planned.rejected]
        return {
            (str(one.settings), replace(finding, variants=()))
            for one in everything
            for finding in planned.report.findings
            if one.label in finding.variants
        }

    assert ids(together) == set().union(*map(ids, alone))
    assert findings(together) == set().union(*map(findings, alone))
