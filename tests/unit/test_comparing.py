"""Two configs compared: what counts as the same elsewhere, and what is told of the rest."""

import json
from typing import Any

import pytest

import archlab
from archlab.configs.comparing import Comparison
from archlab.configs.loading import as_config

TOK2VEC = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {"@architectures": "spacy.MultiHashEmbed.v2", "width": 64, "attrs": ["NORM"]},
    "encode": {"@architectures": "spacy.MaxoutWindowEncoder.v2", "width": 64, "depth": 2},
}
LISTENER = {
    "@architectures": "spacy.Tok2VecListener.v1",
    "width": "${components.tok2vec.model.encode.width}",
    "upstream": "tok2vec",
}
SHARED: dict[str, Any] = {
    "nlp": {"lang": "en", "pipeline": ["tok2vec", "tagger", "ner"]},
    "components": {
        "tok2vec": {"factory": "tok2vec", "model": TOK2VEC},
        "tagger": {"factory": "tagger", "model": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}},
        "ner": {
            "factory": "ner",
            "model": {"@architectures": "spacy.Parser.v2", "nO": None, "tok2vec": LISTENER},
        },
    },
    "training": {"frozen_components": [], "annotating_components": ["tagger"], "seed": 0, "dropout": 0.1},
    "initialize": {"components": {"ner": {"labels": ["A"]}}},
}
OWN: dict[str, Any] = {
    **SHARED,
    "nlp": {"lang": "en", "pipeline": ["tagger", "ner"]},
    "components": {
        "tagger": {"factory": "tagger", "model": {"@architectures": "spacy.Tagger.v2", "tok2vec": TOK2VEC}},
        "ner": {
            "factory": "ner",
            "model": {"@architectures": "spacy.Parser.v2", "nO": None, "tok2vec": TOK2VEC},
        },
    },
}


def deepcopy(config: dict[str, Any]) -> dict[str, Any]:
    """A copy in which no section is there twice."""
    return dict(json.loads(json.dumps(config)))


def compared(a: dict[str, Any], b: dict[str, Any]) -> Comparison:
    return archlab.diff(as_config(deepcopy(a)), as_config(deepcopy(b)))


def blocks(comparison: Comparison) -> list[str]:
    """`kind old_path new_path old new`, without `components.`; - for what is not there."""
    rows = [(c.kind, c.old_path, c.new_path, c.old, c.new) for c in comparison.blocks]
    return [" ".join(str(value or "-").replace("components.", "") for value in row) for row in rows]


def settings(comparison: Comparison) -> list[tuple[str, object, object]]:
    return [(change.path, change.old, change.new) for change in comparison.settings]


def renamed(config: dict[str, Any], **names: str) -> dict[str, Any]:
    """The config with components renamed by hand: in its text."""
    text = json.dumps(config)
    for was, now in names.items():
        for shape in ('"{}":', '"{}",', '"{}"]', '"{}"}}', "components.{}."):
            text = text.replace(shape.format(was), shape.format(now))
        text = text.replace(f'"factory": "{now}"', f'"factory": "{was}"')
        text = text.replace(f'"{now}": {{"@arch', f'"{was}": {{"@arch')  # an argument of that name
    return dict(json.loads(text))


def test_equal_configs() -> None:
    same = compared(SHARED, SHARED)
    assert not same
    assert (same.verdict, blocks(same), settings(same)) == ("equal", [], [])


def test_a_block_swapped_at_its_place() -> None:
    new = deepcopy(OWN)
    new["components"]["tagger"]["model"]["tok2vec"]["encode"] = {"@architectures": "x.v1", "depth": 3}
    found = compared(OWN, new)
    place = "tagger.model.tok2vec.encode"
    assert blocks(found) == [f"swapped {place} {place} spacy.MaxoutWindowEncoder.v2 x.v1"]
    assert settings(found) == [
        (f"components.{place}.width", 64, None),
        (f"components.{place}.depth", 2, 3),
    ]
    assert [change.change for change in found.settings] == ["removed", "changed"]
    assert found.verdict == "another variant"


def test_a_renamed_component_is_one_line_and_what_names_it_is_none() -> None:
    new = renamed(SHARED, tok2vec="shared", ner="entities", tagger="tags")
    assert new["components"]["tags"]["model"]["tok2vec"]["upstream"] == "shared"
    assert new["initialize"]["components"] == {"entities": {"labels": ["A"]}}
    found = compared(SHARED, new)
    assert blocks(found) == [
        "renamed tok2vec shared factory tok2vec factory tok2vec",
        "renamed tagger tags factory tagger factory tagger",
        "renamed ner entities factory ner factory ner",
    ]
    assert not settings(found)


def test_what_differs_inside_a_renamed_component_is_told_with_both_places() -> None:
    new = renamed(SHARED, tok2vec="shared")
    new["components"]["shared"]["model"]["encode"]["depth"] = 5
    new["components"]["shared"]["model"]["embed"] = {"@architectures": "y.v1"}
    found = compared(SHARED, new)
    assert blocks(found) == [
        "renamed tok2vec shared factory tok2vec factory tok2vec",
        "swapped tok2vec.model.embed shared.model.embed spacy.MultiHashEmbed.v2 y.v1",
    ]
    (depth,) = [change for change in found.settings if change.change == "changed"]
    assert (depth.old_path, depth.path) == (
        "components.tok2vec.model.encode.depth",
        "components.shared.model.encode.depth",
    )


def test_names_that_are_exchanged() -> None:
    swapped = deepcopy(OWN)
    swapped["components"] = {"tagger": OWN["components"]["ner"], "ner": OWN["components"]["tagger"]}
    swapped["nlp"]["pipeline"] = ["ner", "tagger"]
    swapped["training"]["annotating_components"] = ["ner"]
    swapped["initialize"]["components"] = {"tagger": {"labels": ["A"]}}
    found = compared(OWN, swapped)
    assert blocks(found) == [
        "renamed tagger ner factory tagger factory tagger",
        "renamed ner tagger factory ner factory ner",
    ]
    assert not settings(found)


def test_a_name_that_another_component_takes_over() -> None:
    new = deepcopy(OWN)
    new["components"] = {"ner": OWN["components"]["tagger"]}
    new["nlp"]["pipeline"] = ["ner"]
    found = compared(OWN, new)
    assert blocks(found)[0] == "renamed tagger ner factory tagger factory tagger"
    assert blocks(found)[-1] == "removed ner - factory ner -"
    assert len(found.blocks) == 2


def test_a_component_of_another_factory_under_its_old_name() -> None:
    new = deepcopy(OWN)
    new["components"]["ner"]["factory"] = "beam_ner"
    found = compared(OWN, new)
    assert blocks(found) == ["swapped ner ner factory ner factory beam_ner"]
    assert not settings(found)


def test_the_most_alike_of_two_is_the_renamed_one() -> None:
    old, new = deepcopy(OWN), deepcopy(OWN)
    old["components"] = {"a": OWN["components"]["tagger"]}
    other = deepcopy(OWN["components"]["tagger"])
    other["model"]["tok2vec"]["encode"]["depth"] = 9
    new["components"] = {"b": other, "c": OWN["components"]["tagger"]}
    assert blocks(compared(old, new)) == [
        "renamed a c factory tagger factory tagger",
        "added - b - factory tagger",
    ]


def test_a_tok2vec_that_becomes_shared_has_moved_once() -> None:
    found = compared(OWN, SHARED)
    listener = "spacy.Tok2Vec.v2 spacy.Tok2VecListener.v1"
    assert blocks(found) == [
        "moved tagger.model.tok2vec tok2vec.model spacy.Tok2Vec.v2 spacy.Tok2Vec.v2",
        f"swapped tagger.model.tok2vec tagger.model.tok2vec {listener}",
        f"swapped ner.model.tok2vec ner.model.tok2vec {listener}",
        "added - tok2vec - factory tok2vec",
        "removed ner.model.tok2vec.embed - spacy.MultiHashEmbed.v2 -",
        "removed ner.model.tok2vec.encode - spacy.MaxoutWindowEncoder.v2 -",
    ]
    back = compared(SHARED, OWN)
    assert blocks(back)[0] == "moved tok2vec.model tagger.model.tok2vec spacy.Tok2Vec.v2 spacy.Tok2Vec.v2"
    assert "removed tok2vec - factory tok2vec -" in blocks(back)


def test_a_block_moves_within_its_component_rather_than_to_another() -> None:
    bow = {"@architectures": "spacy.TextCatBOW.v3", "length": 8}
    ensemble = {"@architectures": "spacy.TextCatEnsemble.v2", "linear_model": bow}
    old = {
        "components": {
            "a": {"factory": "textcat", "model": ensemble},
            "b": {"factory": "x", "model": ensemble},
        }
    }
    new = {"components": {"a": {"factory": "textcat", "model": bow}, "b": {"factory": "x", "model": bow}}}
    moves = [row for row in blocks(compared(old, new)) if row.startswith("moved")]
    assert moves == [
        f"moved {c}.model.linear_model {c}.model {'spacy.TextCatBOW.v3 ' * 2}".strip() for c in "ab"
    ]


def moves(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """`old_path new_path` of what has moved between two sets of components."""
    rows = blocks(compared({"components": old}, {"components": new}))
    return [" ".join(row.split()[1:3]) for row in rows if row.startswith("moved")]


def test_of_several_places_one_in_the_same_component_counts_then_the_nearest() -> None:
    layer = {"@layers": "x.v1"}
    there = {"factory": "f", "model": {"deep": {"layer": layer}}}
    other = {"factory": "g", "model": {}}
    near = {"factory": "f", "model": {"z": layer, "other": {"layer": layer}}}
    twin = {"factory": "g", "model": {"deep": {"layer": layer}}}
    assert moves({"a": there, "b": other}, {"b": twin, "a": near}) == [
        "a.model.deep.layer a.model.other.layer"
    ]
    far = {"factory": "f", "z": layer, "model": {}}
    assert moves({"a": there, "b": other}, {"b": twin, "a": far}) == ["a.model.deep.layer a.z"]


def test_a_listener_does_not_move() -> None:
    listening = {"factory": "f", "model": {"@architectures": "m.v1", "tok2vec": LISTENER | {"width": 1}}}
    assert moves({"a": listening}, {"b": {**listening, "factory": "g"}}) == ["a.model b.model"]
    inner = {"factory": "g", "model": {"@architectures": "n.v1", "tok2vec": LISTENER | {"width": 1}}}
    assert moves({"a": listening}, {"b": inner}) == []


def test_a_block_that_is_still_at_its_place_has_not_moved() -> None:
    new = deepcopy(SHARED)
    new["components"]["ner"]["model"]["tok2vec"] = TOK2VEC
    assert not [row for row in blocks(compared(SHARED, new)) if row.startswith("moved")]


def test_the_value_behind_a_variable_is_what_counts() -> None:
    new = deepcopy(SHARED)
    new["components"]["ner"]["model"]["tok2vec"]["width"] = 64
    found = compared(SHARED, new)
    assert [change.same_value for change in found.settings] == [True]
    assert found.is_same_variant
    new["components"]["ner"]["model"]["tok2vec"]["width"] = 65
    assert [change.same_value for change in compared(SHARED, new).settings] == [False]


@pytest.mark.parametrize(
    ("section", "key", "value", "verdict"),
    [
        ("training", "seed", 1, "same variant"),
        ("training", "dropout", 0.2, "another variant"),
        ("paths", "train", "x.spacy", "same variant"),
        ("corpora", "train", "x.spacy", "same but for the data"),
    ],
)
def test_whether_both_mean_the_same(section: str, key: str, value: object, verdict: str) -> None:
    new = deepcopy(SHARED)
    new.setdefault(section, {})[key] = value
    found = compared(SHARED, new)
    assert (found.verdict, bool(found)) == (verdict, True)
    assert len(found.settings) == 1


def test_the_order_of_layers_without_a_seed_is_a_difference_of_its_own() -> None:
    layers = {"@layers": "own.v1", "x": {"@layers": "a.v1"}, "y": {"@layers": "b.v1"}}
    turned = dict(reversed(layers.items()))
    old = {"nlp": {"pipeline": ["a"]}, "components": {"a": {"factory": "f", "model": layers}}}
    new = {"nlp": {"pipeline": ["a"]}, "components": {"a": {"factory": "f", "model": turned}}}
    found = compared(old, new)
    assert (blocks(found), settings(found), found.verdict) == ([], [], "another variant")
    assert found


def test_a_value_that_becomes_a_block_and_a_section_that_comes() -> None:
    old = {"training": {"learn_rate": 0.1}}
    schedule = {"@schedules": "warmup_linear.v1", "start": 0}
    found = compared(old, {"training": {"learn_rate": schedule, "extra": {"x": 1, "y": {"@misc": "z.v1"}}}})
    assert blocks(found) == [
        "swapped training.learn_rate training.learn_rate 0.1 warmup_linear.v1",
        "added - training.extra.y - z.v1",
    ]
    assert settings(found) == [("training.extra.x", None, 1)]
    assert settings(compared({"a": {"b": 1}}, {"a": {"b": {"c": 2}}})) == [
        ("a.b", 1, None),
        ("a.b.c", None, 2),
    ]


def test_a_component_that_is_no_section_is_a_value() -> None:
    found = compared({"components": {"a": 1, "b": 2}}, {"components": {"a": 1, "b": {"factory": "b"}}})
    assert blocks(found) == ["swapped b b 2 factory b"]
    assert not settings(found)


def test_integers_are_no_floats_and_truth_is_no_number() -> None:
    found = compared({"training": {"a": 1, "b": 1}}, {"training": {"a": 1.0, "b": True}})
    assert settings(found) == [("training.a", 1, 1.0), ("training.b", 1, True)]


def test_what_is_given_is_not_changed() -> None:
    a, b = as_config(deepcopy(SHARED)), as_config(deepcopy(OWN))
    archlab.diff(a, b)
    assert (a, b) == (SHARED, OWN)


def test_the_dict_has_all() -> None:
    data = compared(OWN, SHARED).to_dict()
    assert data["verdict"] == "another variant"
    assert data["blocks"][0] == {
        "kind": "moved",
        "old_path": "components.tagger.model.tok2vec",
        "new_path": "components.tok2vec.model",
        "old": "spacy.Tok2Vec.v2",
        "new": "spacy.Tok2Vec.v2",
    }
    assert {"change", "path", "old_path", "old", "new", "same_value"} == set(data["settings"][0])


def test_a_component_from_a_trained_pipeline_is_known_by_that() -> None:
    a = {"components": {"x": {"source": "en_core_web_sm"}}}
    found = compared(a, {"components": {"y": {"source": "en_core_web_sm"}}})
    assert blocks(found) == ["renamed x y source en_core_web_sm source en_core_web_sm"]
    found = compared(a, {"components": {"x": {"source": "en_core_web_md"}}})
    assert blocks(found) == ["swapped x x source en_core_web_sm source en_core_web_md"]
    assert not settings(found)
