"""Configs, plans and tables under values that nobody would think of."""

import json
import keyword
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlab
from archlab.configs.copying import copy_config
from archlab.configs.differences import diff_configs
from archlab.configs.fingerprints import digest, variant_id
from archlab.configs.loading import as_config, parse_config
from archlab.configs.variables import resolve
from archlab.configs.writing import config_text
from archlab.errors import ConfigError

KEYS = st.from_regex(r"[a-z][a-z_0-9]{0,8}", fullmatch=True).filter(lambda key: not keyword.iskeyword(key))
TEXTS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="$\x7f\x85"), max_size=12
)
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.one_of(st.none(), st.booleans(), NUMBERS, st.lists(NUMBERS, max_size=3), TEXTS)
SECTIONS = st.recursive(
    st.dictionaries(KEYS, VALUES, max_size=4),
    lambda inner: st.dictionaries(KEYS, st.one_of(VALUES, inner), max_size=4),
    max_leaves=12,
)
CONFIGS = st.dictionaries(KEYS, SECTIONS, min_size=1, max_size=4)


@given(CONFIGS)
def test_dumping_and_parsing_gives_the_same_config(data: dict[str, Any]) -> None:
    assert parse_config(config_text(as_config(data))) == data


@given(CONFIGS, st.data())
def test_variables_are_resolved_as_confection_resolves_them(
    data: dict[str, Any], draw: st.DataObject
) -> None:
    is_usual = draw.draw(st.booleans())
    keys = ("a", "@b", "c-d") if is_usual else ("a", "*", "DEFAULT", "e.f")
    texts = ("${%s}",) if is_usual else ("${%s}", "${%s} and ${%s}", " ${%s}", "$", "$$", "__SECTION__:%s")
    targets = [*_paths(data), "a.a", "a"]
    for section in list(_sections(data))[1:]:
        for key in draw.draw(st.lists(st.sampled_from(keys), max_size=2)):
            target = draw.draw(st.sampled_from(targets))
            section[key] = draw.draw(st.sampled_from(texts)).replace("%s", target)
    config = as_config(data)
    try:
        expected = config.interpolate()
    except Exception as error:
        with pytest.raises((type(error), ConfigError)):  # a circle is told as one
            resolve(config)
        return
    if _holds_itself(expected):
        with pytest.raises(ConfigError, match="refers to itself"):
            resolve(config)
        return
    assert repr(resolve(config)) == repr(expected)
    assert resolve(config).is_interpolated


def _holds_itself(data: dict[str, Any]) -> bool:
    """What confection makes of a section that refers to itself."""
    try:
        json.dumps(data)
    except ValueError:
        return True
    return False


@given(CONFIGS)
def test_a_copy_is_equal_and_shares_nothing_that_can_change(data: dict[str, Any]) -> None:
    config = as_config(data)
    copy = copy_config(config)
    assert repr(copy) == repr(config.copy())
    assert copy.is_interpolated == config.is_interpolated
    assert not {id(value) for value in _changeable(config)} & {id(value) for value in _changeable(copy)}


@given(CONFIGS)
def test_a_config_does_not_differ_from_itself_and_differs_from_a_changed_one(data: dict[str, Any]) -> None:
    assert not diff_configs(data, data)
    assert diff_configs(data, {**data, "added": {"a": 1}})


@given(CONFIGS, CONFIGS)
def test_only_what_differs_is_told_and_both_ways_the_same(a: dict[str, Any], b: dict[str, Any]) -> None:
    one, other = as_config({"components": {"c": a}, **a}), as_config({"components": {"d": b}, **b})
    assert not archlab.diff(one, one)
    there, back = archlab.diff(one, other), archlab.diff(other, one)
    assert sorted(change.path for change in there.settings if change.change == "added") == sorted(
        change.old_path for change in back.settings if change.change == "removed"
    )
    assert len(there.settings) == len(back.settings)
    assert there.to_dict() == archlab.diff(one, other).to_dict()


@given(CONFIGS, st.randoms(use_true_random=False))
def test_a_digest_depends_on_content_not_on_order(data: dict[str, Any], random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        keys = list(value)
        random.shuffle(keys)
        return {key: shuffled(value[key]) for key in keys}

    assert digest(shuffled(data)) == digest(data)
    assert digest({**data, "added": None}) != digest(data)


BASE = Path(__file__).resolve().parents[2] / "configs" / "base.cfg"
BLOCKS = ["spacy.TextCatBOW.v3", "spacy.TextCatReduce.v1", "spacy.TextCatParametricAttention.v1"]
EMBEDDINGS = ["spacy.CharacterEmbed.v2", "spacy.MultiHashEmbed.v2"]


@pytest.fixture(scope="module")
def base() -> Any:
    return archlab.load_config(BASE)


@given(st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_swapping_to_what_is_there_changes_nothing_wherever_one_came_from(base: Any, path: list[str]) -> None:
    config = base
    for block in path:
        config = archlab.swap(config, "textcat.model", block).config
    assert not archlab.swap(config, "textcat.model", path[-1]).diff
    assert archlab.check(config).ok


@given(st.sampled_from(EMBEDDINGS), st.integers(1, 4))
@settings(max_examples=10, deadline=None)
def test_a_swap_and_its_inverse_cancel(base: Any, embedding: str, depth: int) -> None:
    """The old block, put back whole, gives the old config; the base is untouched on the way."""
    before = variant_id(base.interpolate())
    embed = "components.textcat.model.tok2vec.embed"
    old = dict(base["components"]["textcat"]["model"]["tok2vec"]["embed"])
    there = archlab.swap(base, embed, embedding).config
    there = archlab.swap(
        there, "textcat.model.tok2vec.encode", "spacy.MaxoutWindowEncoder.v2", depth=depth
    ).config
    back = archlab.swap(there, embed, old).config
    encode = dict(base["components"]["textcat"]["model"]["tok2vec"]["encode"])
    back = archlab.swap(back, "textcat.model.tok2vec.encode", encode).config
    assert variant_id(back.interpolate()) == before == variant_id(base.interpolate())


def ids_of_a_plan(folder: Path, blocks: list[str], dropouts: list[float]) -> set[str]:
    text = f"base: {BASE}\nseeds: 2\nswaps:\n  textcat.model: [{', '.join(blocks)}]\n"
    (folder / "s.yml").write_text(f"{text}overrides:\n  training.dropout: {dropouts}\n")
    return {spec.run_id for spec in archlab.plan(folder / "s.yml", level="types").runs}


@given(st.permutations(["base", *BLOCKS]), st.permutations([0.1, 0.2]))
@settings(max_examples=6, deadline=None)
def test_the_ids_of_a_plan_do_not_depend_on_order(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[str], dropouts: list[float]
) -> None:
    folder = tmp_path_factory.mktemp("plan")
    ids = ids_of_a_plan(folder, blocks, dropouts)
    assert len(ids) == 16
    assert ids == ids_of_a_plan(folder, ["base", *BLOCKS], [0.1, 0.2])


def _sections(section: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The section and all below it."""
    yield section
    for value in list(section.values()):
        if isinstance(value, dict):
            yield from _sections(value)


def _changeable(section: dict[str, Any]) -> Iterator[Any]:
    """The section, all sections below it, and their lists."""
    for inner in _sections(section):
        yield inner
        yield from (value for value in inner.values() if isinstance(value, list))


def _paths(section: dict[str, Any], path: str = "") -> Iterator[str]:
    """The dotted path of all that is below a section."""
    for key, value in section.items():
        inner = f"{path}.{key}" if path else key
        yield inner
        if isinstance(value, dict):
            yield from _paths(value, inner)
