"""Main effects: what a choice adds, averaged over the rest of a crossed design."""

import json
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import pytest
from compared_variants import GOOD, POOR, Counts, a_cost, a_plan, a_result

from archlab.records import Json
from archlab.reporting.effects import axis_names, choice_label, effect_line, speed_text
from archlab.results.collection import stored_results
from archlab.results.files import read_json, write_json, write_text
from archlab.results.main_effects import DesignCell, Effect, axes, main_effects, pairs
from archlab.results.store import Store
from archlab.results.tables import Layout, Place

if TYPE_CHECKING:
    from conftest import Cli

EMBED, RATE = "tok2vec.model.embed", "training.dropout"
WIDE = {"spacy.CharacterEmbed.v2": {"nM": 32}}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def slipped(good: int) -> Counts:
    """So many documents as a good run counts them, the rest as a poor one."""
    return [(GOOD if d < good else POOR)[d] for d in range(len(GOOD))]


def crossed(seeds: int = 2, failing: Sequence[str] = ()) -> None:
    """Two embeddings, two rates: the sweep demo of four variants, a to d, the base first."""
    store = Store("demo")
    rows = {}
    design = product(("base", WIDE), (0.1, 0.2))
    names = ("base", "rate=0.2", "embed", "embed, rate=0.2")
    for letter, name, (embed, rate), good, speed in zip(
        "abcd", names, design, (4, 5, 1, 0), (1000.0, 1000.0, 500.0, 500.0), strict=True
    ):
        rows[name] = [f"{letter}{seed}" for seed in range(seeds)]
        for seed, run_id in enumerate(rows[name]):
            counts = None if run_id in failing else slipped(good + seed % 2)
            settings = {EMBED: embed, RATE: rate}
            a_result(store, run_id, name, counts, cost=a_cost(1000, speed), settings=settings)
    a_plan(store, rows)


def effects() -> list[Effect]:
    return main_effects(stored_results("demo"))


def test_an_effect_is_the_mean_difference_over_the_rest_of_the_design() -> None:
    crossed()
    results = stored_results("demo")
    embed, rate = effects()
    mean = {
        letter: fmean(results.by_run[f"{letter}{seed}"].value("ents_f") or 0.0 for seed in (0, 1))
        for letter in "abcd"
    }
    assert (embed.axis, embed.choice, embed.against, embed.cells) == (EMBED, WIDE, "base", 2)
    assert (rate.axis, rate.choice, rate.against, rate.cells) == (RATE, 0.2, 0.1, 2)
    assert embed.comparison is not None
    assert rate.comparison is not None
    expected = (mean["c"] + mean["d"] - mean["a"] - mean["b"]) / 2
    assert embed.comparison.difference == pytest.approx(expected)
    assert embed.comparison.difference < 0
    expected = (mean["b"] + mean["d"] - mean["a"] - mean["c"]) / 2
    assert rate.comparison.difference == pytest.approx(expected)
    assert (embed.comparison.seeds, embed.comparison.documents) == (2, 6)
    assert embed.times_as_fast == pytest.approx(0.5)
    assert rate.times_as_fast == pytest.approx(1.0)
    assert embed.p == pytest.approx(min(1, 2 * (embed.comparison.p or 0)))  # Holm, over both


def test_a_sweep_of_one_axis_has_the_effects_that_a_comparison_finds() -> None:
    store = Store("demo")
    for seed in range(3):
        a_result(store, f"a{seed}", "base", GOOD, settings={EMBED: "base"})
        a_result(store, f"b{seed}", "embed", slipped(seed), settings={EMBED: WIDE})
    a_plan(store, {"base": ["a0", "a1", "a2"], "embed": ["b0", "b1", "b2"]})
    (effect,) = effects()
    assert effect.comparison == stored_results("demo").compare("base", "embed").comparison


def test_seeds_that_some_cell_lacks_are_left_out() -> None:
    crossed(seeds=3, failing=["d2"])
    assert [effect.comparison.seeds for effect in effects() if effect.comparison] == [2, 2]


def test_cells_without_a_partner_are_left_out() -> None:
    crossed(failing=["d0", "d1"])
    assert [effect.cells for effect in effects()] == [1, 1]


def test_without_any_finished_pair_nothing_is_known() -> None:
    crossed(failing=["a0", "a1", "d0", "d1"])
    embed, _ = effects()
    assert (embed.cells, embed.comparison, embed.p) == (0, None, None)
    assert effect_line(embed, "embed").endswith(
        "embed = CharacterEmbed.v2(nM=32): no seed that all of its cells have; 0 cells, 0 seeds"
    )


def test_without_counts_per_document_seeds_alone_are_compared() -> None:
    crossed()
    Store("demo").paths.run("d1").per_doc.unlink()
    assert {effect.comparison.generalises_over for effect in effects() if effect.comparison} == {"seeds"}


def test_other_documents_are_not_paired() -> None:
    crossed()
    file = Store("demo").paths.run("d1").per_doc
    write_json(file, {**read_json(file), "words": [1] * 6})
    assert {effect.comparison.generalises_over for effect in effects() if effect.comparison} == {"seeds"}


def test_named_variants_stand_beside_the_design() -> None:
    crossed()
    store = Store("demo")
    a_result(store, "e0", "mine", GOOD, settings={RATE: 0.5})
    rows = {
        "base": ["a0", "a1"],
        "rate=0.2": ["b0", "b1"],
        "embed": ["c0", "c1"],
        "embed, rate=0.2": ["d0", "d1"],
        "mine": ["e0"],
    }
    a_plan(store, rows)
    assert 0.5 in [effect.choice for effect in effects()]
    write_text(store.paths.sweep, "base: base.cfg\nvariants: {mine: {training.dropout: 0.5}}\n")
    assert [effect.choice for effect in effects()] == [WIDE, 0.2]


def test_each_column_has_effects_of_its_own() -> None:
    crossed()
    places = [("base", "x", "a"), ("rate=0.2", "x", "b"), ("base", "y", "c"), ("rate=0.2", "y", "d")]
    layout = Layout(
        sweep="demo",
        score_name="ents_f",
        places=tuple(
            Place(row=row, column=column, variant_id=letter, run_ids=(f"{letter}0", f"{letter}1"))
            for row, column, letter in places
        ),
    )
    write_json(Store("demo").paths.plan, layout.to_dict())
    assert [(effect.column, effect.axis, effect.cells) for effect in effects()] == [
        ("x", RATE, 1),
        ("y", RATE, 1),
    ]


def cell(settings: Json, *, is_base: bool = False) -> DesignCell:
    return DesignCell(is_base=is_base, settings=settings)


def test_an_axis_that_an_outer_choice_removes_does_not_apply() -> None:
    plain, characters = cell({"m": "base", "e": "base"}, is_base=True), cell({"m": "base", "e": "C"})
    bag = cell({"m": "BOW"})
    cells = [bag, plain, characters]
    assert axes(cells) == [("m", "base", ["BOW"]), ("e", "base", ["C"])]
    assert pairs(cells, "m", "BOW", "base") == [(plain, bag), (characters, bag)]
    assert pairs(cells, "e", "C", "base") == [(plain, characters)]


def test_without_a_base_the_first_choice_stands_for_it() -> None:
    assert axes([cell({"e": 2}), cell({"e": 1}), cell({"e": 2})]) == [("e", 2, [1])]
    assert axes([cell({"e": 2}), cell({"e": 2})]) == []
    assert axes([]) == []


@pytest.mark.parametrize(
    ("times", "text"),
    [(0.62, "38% slower"), (1.12, "12% faster"), (3.14, "3.1 times as fast"), (1.001, "as fast")],
)
def test_speed(times: float, text: str) -> None:
    assert speed_text(times) == text


def test_names_of_axes_and_choices() -> None:
    assert axis_names(["textcat.model", "training.dropout"]) == {
        "textcat.model": "textcat",
        "training.dropout": "dropout",
    }
    assert axis_names(["a.model.embed", "b.model.embed"]) == {
        "a.model.embed": "a.model.embed",
        "b.model.embed": "b.model.embed",
    }
    assert choice_label("textcat.model", {"@architectures": "spacy.TextCatBOW.v3", "length": 64}) == (
        "TextCatBOW.v3(length=64)"
    )
    assert choice_label("recipes", [{"encoder": "bilstm"}, "own-tok2vec"]) == "encoder=bilstm + own-tok2vec"
    assert [choice_label("x.y", value) for value in (0.1, True, None, "", [1])] == [
        "0.1",
        "True",
        "None",
        "",
        "1",
    ]


def test_the_command(cli: "Cli", golden: Callable[[str, str], None]) -> None:
    crossed(seeds=3)
    told = cli("table", "--effects")
    assert told.code == 0
    golden("effects", told.out)
    found = json.loads(cli("table", "demo", "--effects", "--format", "json").out)
    assert (found["schema_version"], [effect["axis"] for effect in found["effects"]]) == (1, [EMBED, RATE])
    assert cli("table", "--effects").out == told.out
    assert cli("table", "--effects", "--format", "csv").code == 2


def test_of_one_variant_there_are_no_effects(cli: "Cli") -> None:
    store = Store("demo")
    a_result(store, "a0", "base", GOOD, settings={EMBED: "base"})
    a_plan(store, {"base": ["a0"]})
    told = cli("table", "--effects")
    assert (told.code, told.out) == (
        0,
        "There are no main effects: no axis has two choices with results.\n",
    )
