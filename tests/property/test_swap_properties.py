"""Swaps under whatever base, slots and blocks are drawn: bases from the demo and from `spacy init config`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlab
from archlab.configs.filling import fill_config
from archlab.configs.fingerprints import variant_id
from archlab.configs.listening import listener_to
from archlab.configs.loading import interpolated, parse_config
from archlab.configs.slotting import get_section
from archlab.configs.writing import config_text
from archlab.errors import SwapError, UnknownSlotError
from archlab.records import Swap

if TYPE_CHECKING:
    from confection import Config

DEMO = Path(__file__).resolve().parents[2] / "configs" / "base.cfg"
QUICKSTARTS = (
    (("tagger", "parser", "ner"), "efficiency"),
    (("textcat",), "accuracy"),
    (("textcat_multilabel",), "accuracy"),
    (("spancat",), "efficiency"),
)
NAMES = ("demo", *(" ".join(components) for components, _ in QUICKSTARTS))
MISSING = object()

Pair = tuple[str, str]
"""A slot, and `@registry:name`."""

Found = TypeVar("Found")


@cache
def bases() -> "dict[str, Config]":
    from spacy.cli.init_config import init_config

    loaded = {"demo": archlab.load_config(DEMO)}
    with TemporaryDirectory() as folder:
        for components, optimize in QUICKSTARTS:
            file = Path(folder, "base.cfg")
            init_config(lang="en", pipeline=list(components), optimize=optimize, silent=True).to_disk(file)
            loaded[" ".join(components)] = archlab.load_config(file)
    return loaded


@cache
def fitting(name: str) -> tuple[Pair, ...]:
    """Every slot of a base with each of spaCy's blocks that fits there, the one that is there included."""
    base = bases()[name]
    return tuple(
        (slot.path, f"@{candidate.registry}:{candidate.name}")
        for slot in archlab.slots(base)
        for candidate in archlab.fits(base, slot.path)
        if candidate.verdict == "fits" and candidate.name.startswith("spacy.")
    )


@pytest.fixture(scope="module", autouse=True)
def _found_out_before_anything_is_drawn() -> None:
    for name in bases():
        apart(name)


@cache
def at_rest(name: str) -> tuple[Pair, ...]:
    """What of that makes no component come or go."""
    base = bases()[name]
    return tuple(
        pair for pair in fitting(name) if pipeline(archlab.swap(base, *pair).config) == pipeline(base)
    )


@cache
def apart(name: str) -> tuple[tuple[Pair, Pair], ...]:
    """Two of those at a time, in slots of which neither lies in the other or is heard by it."""
    base = bases()[name]
    return tuple(
        (one, other)
        for one, other in combinations(at_rest(name), 2)
        if not is_within(one[0], other[0])
        and not is_within(other[0], one[0])
        and not hears(base, one[0], other[0])
        and not hears(base, other[0], one[0])
    )


def drawn_from(found: Callable[[str], Sequence[Found]]) -> st.SearchStrategy[tuple[str, Found]]:
    """The name of a base, and one of what was found for it."""
    return st.sampled_from(NAMES).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(found(name))))


@given(drawn_from(fitting))
@settings(max_examples=30, deadline=None)
def test_the_base_is_never_changed(drawn: tuple[str, Pair]) -> None:
    name, (slot, block) = drawn
    base = bases()[name]
    before, text = deepcopy(dict(base)), config_text(base)
    archlab.swap(base, slot, block)
    assert dict(base) == before
    assert config_text(base) == text


@given(drawn_from(fitting))
@settings(max_examples=30, deadline=None)
def test_a_block_swapped_for_itself_changes_nothing(drawn: tuple[str, Pair]) -> None:
    name, (slot, block) = drawn
    base = bases()[name]
    assert not archlab.swap(base, slot, present(base, slot)).diff
    swapped = archlab.swap(base, slot, block)
    assert not archlab.swap(swapped.config, slot, block).diff


@given(drawn_from(at_rest))
@settings(max_examples=40, deadline=None)
def test_the_old_block_put_back_whole_gives_the_old_fingerprint(drawn: tuple[str, Pair]) -> None:
    """Wherever no component came or went: what went with it is not in the block."""
    name, (slot, block) = drawn
    base = bases()[name]
    swapped = archlab.swap(base, slot, block).config
    back = archlab.swap(swapped, slot, deepcopy(get_section(base, slot)))
    assert fingerprint(back.config) == fingerprint(base)


@given(drawn_from(at_rest))
@settings(max_examples=40, deadline=None)
def test_what_the_other_block_holds_as_it_was_comes_back_by_name_as_it_was(drawn: tuple[str, Pair]) -> None:
    """Lost is no more than what the other block has no argument for, or another value."""
    name, (slot, block) = drawn
    base = bases()[name]
    swapped = archlab.swap(base, slot, block).config
    back = archlab.swap(swapped, slot, present(base, slot)).config
    was, there, now = (settings_of(get_section(config, slot)) for config in (base, swapped, back))
    changed = {path for path in {*was, *now} if was.get(path, MISSING) != now.get(path, MISSING)}
    assert not {path for path in changed if path in was and there.get(path, MISSING) == was[path]}
    if not changed:
        assert fingerprint(back) == fingerprint(base)


@given(drawn_from(apart))
@settings(max_examples=40, deadline=None)
def test_two_swaps_in_slots_apart_commute(drawn: tuple[str, tuple[Pair, Pair]]) -> None:
    name, (one, other) = drawn
    base = bases()[name]
    first = archlab.swap(archlab.swap(base, *one).config, *other).config
    second = archlab.swap(archlab.swap(base, *other).config, *one).config
    assert fingerprint(first) == fingerprint(second) == at_once(name, [one, other])


def test_a_listener_is_told_a_width_whatever_it_hears() -> None:
    changed = archlab.swap(bases()["textcat"], "tok2vec.model", "spacy.CharEmbed.v1").config
    assert listener_to(changed, "tok2vec")["width"] == 256


@given(st.sampled_from(NAMES), st.data())
@settings(max_examples=40, deadline=None)
def test_swaps_at_once_do_not_depend_on_the_order_they_are_given_in(name: str, data: st.DataObject) -> None:
    pairs = data.draw(st.lists(st.sampled_from(fitting(name)), min_size=2, max_size=3, unique=True))
    assert at_once(name, pairs) == at_once(name, pairs[::-1])


@given(drawn_from(fitting))
@settings(max_examples=40, deadline=None)
def test_the_written_config_is_the_config_and_names_every_argument(
    drawn: tuple[str, Pair],
) -> None:
    name, (slot, block) = drawn
    base = bases()[name]
    swapped = archlab.swap(base, slot, block).config
    assert parse_config(config_text(swapped)) == swapped
    assert fill_config(parse_config(config_text(swapped))) == swapped


@given(drawn_from(fitting))
@settings(max_examples=40, deadline=None)
def test_each_note_is_true_and_whatever_nobody_typed_has_one(drawn: tuple[str, Pair]) -> None:
    name, (slot, block) = drawn
    base = bases()[name]
    swapped = archlab.swap(base, slot, block)
    for note in swapped.notes:
        assert get_section(swapped.config, note.path) == note.value
    noted = {note.path for note in swapped.notes}
    was = settings_of(base)
    silent = [
        path
        for path, value in settings_of(swapped.config).items()
        if not path.endswith(".factory")
        and was.get(path, MISSING) != value
        and not any(is_within(path, known) for known in noted)
    ]
    assert [path for path in silent if path.rpartition(".")[0] != slot or "@" not in path] == []


def fingerprint(config: "Config") -> str:
    return variant_id(interpolated(config))


def at_once(name: str, pairs: list[Pair]) -> str | None:
    """The fingerprint of several swaps done together; None where they contradict each other."""
    try:
        return fingerprint(archlab.swap_all(bases()[name], [Swap(*pair) for pair in pairs]).config)
    except (SwapError, UnknownSlotError):
        return None


def pipeline(config: "Config") -> list[str]:
    found: list[str] = config["nlp"]["pipeline"]
    return found


def present(config: "Config", slot: str) -> str:
    section = get_section(config, slot)
    key = next(key for key in section if key.startswith("@"))
    return f"{key}:{section[key]}"


def is_within(path: str, outer: str) -> bool:
    return f"{path}.".startswith(f"{outer}.")


def hears(base: "Config", slot: str, other: str) -> bool:
    """Whether a listener sits in the slot, and the other lies in what it hears."""
    factory = base["components"].get(other.split(".")[1], {}).get("factory")
    return factory == "tok2vec" and "Tok2VecListener" in str(get_section(base, slot))


def settings_of(section: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted path -> value, of all settings at or below a section."""
    return dict(_settings(section))


def _settings(section: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        inner = f"{path}.{key}" if path else key
        if isinstance(value, Mapping) and value:
            yield from _settings(value, inner)
        else:
            yield inner, value
