"""Write a config in an order people can read; one that comes from a file, as that file is written."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from archlab.configs.differences import merged_order
from archlab.configs.dotted import is_within
from archlab.configs.filling import SECTION_ORDER
from archlab.configs.fingerprints import is_spacys_own
from archlab.configs.layouts import Layout, Section, Setting, layout_text, read_layout
from archlab.configs.loading import parse_config

if TYPE_CHECKING:
    from confection import Config


def config_text(config: "Config", base_text: str | None = None) -> str:
    """The config as text, each section followed by its own subsections, as people write them.

    (Confection's own `to_str` writes all sections of the first depth, then of the second, and so on.)

    base_text: of the file that the config was made from. What is still there stands in the order of that
    text, below the comments it has there, and values that are the same are written the same way; a new
    section stands after its nearest relative. Variables are kept either way.
    Raises ConfigError where base_text is no config.
    """
    now = read_layout(config.to_str(interpolate=False)).sections
    paths = sorted(now, key=_reading_order(list(now)))
    if base_text is None:
        return layout_text(Layout(sections={path: now[path] for path in paths}))
    base = read_layout(base_text)
    kept = set(_unchanged(base.sections, parse_config(base_text), config))
    inline = [path for path in kept if path in now]
    shown = [path for path in paths if not any(is_within(path, above) for above in inline)]
    order = _with_new(_still_there(list(base.sections), shown, config), shown)
    sections = {path: _as_in_base(path, now[path], base.sections, kept) for path in order}
    return layout_text(Layout(base.above, sections, base.below))


def _reading_order(paths: list[str]) -> Callable[[str], list[int]]:
    """A key to sort sections by: the top ones as spaCy orders them, each followed by what is below it."""
    position = {path: n for n, path in enumerate(paths)}

    def key(path: str) -> list[int]:
        top = path.partition(".")[0]
        rank = SECTION_ORDER.index(top) if top in SECTION_ORDER else -1
        return [rank, *(position.get(outer, -1) for outer in [*reversed(_parents(path)), path])]

    return key


def _unchanged(base: Mapping[str, Section], old: "Config", new: "Config") -> Iterator[str]:
    """The paths of settings that the base sets to what they are now.

    A block on one line, `scorer = {"@scorers": ...}`, is one of them unless that would change its place among
    the sections beside it, and the place counts.
    """
    before, now = dict(_walk(old)), dict(_walk(new))
    for path, section in base.items():
        for key in section.settings:
            if path not in now or key not in now[path]:
                continue
            is_section = isinstance(now[path][key], Mapping)
            is_moved = is_section and _order_counts(new, path) and _inner(before[path]) != _inner(now[path])
            if not is_moved and json.dumps(before[path][key]) == json.dumps(now[path][key]):
                yield f"{path}.{key}"


def _still_there(base: list[str], paths: list[str], config: "Config") -> list[str]:
    """The sections of the base that are still there, in its order.

    Left out is what lies in a block whose sublayers have another order now, where that order counts.
    """
    there = [path for path in base if path in paths]
    now = [path for path in paths if path in there]
    blocks = {path.rpartition(".")[0] for path in there if _order_counts(config, path)}
    moved = [block for block in blocks if _children(there, block) != _children(now, block)]
    return [path for path in there if not any(path.startswith(f"{block}.") for block in moved)]


def _with_new(order: list[str], paths: list[str]) -> list[str]:
    """The order with those of `paths` put in that it lacks.

    Each after the one that precedes it beside it, or below its parent; a component after all others.
    """
    order = list(order)
    for number, path in enumerate(paths):
        if path in order:
            continue
        parent = path.rpartition(".")[0]
        before = order if parent == "components" else paths[:number]
        beside = _children(before, parent)
        above = [outer for outer in _parents(path) if outer in order]
        place = 0
        if beside:
            place = order.index(beside[-1]) + 1
            while place < len(order) and is_within(order[place], beside[-1]):
                place += 1
        elif above:
            place = order.index(above[0]) + 1
        order.insert(place, path)
    return order


def _as_in_base(path: str, now: Section, base: Mapping[str, Section], kept: set[str]) -> Section:
    """A section with the comments of the base, and with its way to write what has stayed the same."""
    was = base.get(path)
    if was is None:
        parent, _, key = path.rpartition(".")
        inline = base.get(parent, Section()).settings.get(key)
        return Section(inline.above if inline else [], now.settings)
    settings = {}
    for key in merged_order(list(now.settings), list(was.settings)):
        if f"{path}.{key}" in kept:
            settings[key] = was.settings[key]
        elif key in now.settings:
            above = was.settings[key].above if key in was.settings else []
            settings[key] = Setting(above, now.settings[key].lines)
    return Section(was.above, settings, was.below)


def _walk(section: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(path, section) of all sections below one."""
    for key, value in section.items():
        if isinstance(value, Mapping):
            here = f"{path}.{key}" if path else key
            yield here, value
            yield from _walk(value, here)


def _order_counts(config: "Config", path: str) -> bool:
    """Whether the order of the sections in a component decides about the weights its layers start with."""
    top, _, rest = path.partition(".")
    return top == "components" and bool(rest) and not is_spacys_own(config[top][rest.partition(".")[0]])


def _inner(section: Mapping[str, Any]) -> list[str]:
    return [key for key, value in section.items() if isinstance(value, Mapping)]


def _children(paths: list[str], parent: str) -> list[str]:
    return [path for path in paths if path.rpartition(".")[0] == parent]


def _parents(path: str) -> list[str]:
    """The sections around one, the nearest first."""
    parts = path.split(".")
    return [".".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]
