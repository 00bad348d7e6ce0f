"""Find what is the same in two configs under another name or in another place."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from archlab.configs.dotted import is_within
from archlab.configs.slotting import block_reference, walk_blocks

GONE = " (gone)"
"""Marks the name of a component that has no counterpart: it might be the name of another one now."""

_REFERENCE = re.compile(r"(\$\{components\.)([^.:}]+)")
_NAMED_IN = (
    "nlp.pipeline",
    "nlp.disabled",
    "training.frozen_components",
    "training.annotating_components",
    "pretraining.component",
)
_MODELS = ("architectures", "layers")


def match_components(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """Name in `old` -> name in `new` of each component that both have; each is matched once.

    First those of one name and one factory; then those of one factory, the most alike first; then those of
    one name. old, new: interpolated.
    """
    olds, news = _components(old), _components(new)
    matched = {name: name for name in olds if name in news and kind_of(olds[name]) == kind_of(news[name])}
    alike = sorted(
        (-_likeness(olds[was], news[now]), place, other, was, now)
        for place, was in enumerate(olds)
        for other, now in enumerate(news)
        if kind_of(olds[was]) == kind_of(news[now])
    )
    for _, _, _, was, now in alike:
        if was not in matched and now not in matched.values():
            matched[was] = now
    for name in olds:
        if name not in matched and name in news and name not in matched.values():
            matched[name] = name
    return {name: matched[name] for name in olds if name in matched}


def kind_of(component: Mapping[str, Any]) -> str:
    """What a component is: `factory tagger`, or `source en_core_web_sm`."""
    key = "factory" if "factory" in component else "source"
    return f"{key} {component.get(key)}"


def section_names(config: Mapping[str, Any], matched: Mapping[str, str]) -> dict[str, str]:
    """Name of each component -> what `renamed` calls its section."""
    return {name: matched.get(name, f"{name}{GONE}") for name in _components(config)}


def renamed(config: Mapping[str, Any], matched: Mapping[str, str]) -> dict[str, Any]:
    """The config with its components under other names, wherever they are named.

    In lists of names, in variables, as `upstream` of listeners and in [initialize.components]. Those
    without a counterpart are marked as gone.
    """
    names = section_names(config, matched)
    changed = {key: _rewritten(value, key, key, matched) for key, value in config.items()}
    if "components" in changed:
        changed["components"] = {
            names.get(key, key): section for key, section in changed["components"].items()
        }
    initialize = changed.get("initialize", {})
    if isinstance(initialize.get("components"), Mapping):
        inner = {matched.get(key, key): section for key, section in initialize["components"].items()}
        changed["initialize"] = {**initialize, "components": inner}
    return changed


def find_moved(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(path in `old`, path in `new`) of each block that is no longer where it was, but the same elsewhere.

    old, new: interpolated, components under the same names. Only models and their layers count, because
    equal small blocks are in many places; a listener is no model of its own. Outer blocks are matched
    before inner ones, each once: within one component first, then those whose paths have most in common.
    """
    sources, targets = dict(_strays(old, new)), dict(_strays(new, old))
    pairs = sorted(
        (-len(content), component_of(was) != component_of(now), -_shared(was, now), place, other, was, now)
        for place, (was, content) in enumerate(sources.items())
        for other, (now, same) in enumerate(targets.items())
        if content == same
    )
    moved: list[tuple[str, str]] = []
    for *_, was, now in pairs:
        if not any(is_within(was, source) or is_within(now, target) for source, target in moved):
            moved.append((was, now))
    return moved


def component_of(path: str) -> str:
    """The component that a path lies in, with its `components.`; else the section at the top."""
    parts = path.split(".")
    return ".".join(parts[:2]) if parts[0] == "components" else parts[0]


def _components(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found = config.get("components", {}).items()
    return {name: section for name, section in found if isinstance(section, Mapping)}


def _strays(config: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(path, content) of the models that are not at their place in the other config."""
    places = {path: block_reference(block) for path, block in walk_blocks(other)}
    for path, block in walk_blocks(config):
        reference = block_reference(block)
        assert reference is not None
        if reference[0] in _MODELS and "upstream" not in block and places.get(path) != reference:
            yield path, json.dumps(block, sort_keys=True)


def _shared(one: str, other: str) -> int:
    """How many names two paths have in common at their ends."""
    a, b = one.split("."), other.split(".")
    return _prefix(a, b) + _prefix(a[::-1], b[::-1])


def _prefix(one: list[str], other: list[str]) -> int:
    same = [a == b for a, b in zip(one, other, strict=False)]
    return same.index(False) if False in same else len(same)


def _likeness(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """The share of settings that two sections have in common, from 0 to 1."""
    a, b = set(_leaves(one, "")), set(_leaves(other, ""))
    return len(a & b) / max(len(a | b), 1)


def _leaves(section: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}.{key}")
        else:
            yield f"{path}.{key}", json.dumps(value)


def _rewritten(value: Any, path: str, key: str, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {inner: _rewritten(value[inner], f"{path}.{inner}", inner, names) for inner in value}
    if isinstance(value, list):
        return [_rewritten(item, path, "", names) for item in value]
    if not isinstance(value, str):
        return value
    if path in _NAMED_IN or (key == "upstream" and path.startswith("components.")):
        return names.get(value, value)
    return _REFERENCE.sub(lambda match: match[1] + names.get(match[2], match[2]), value)
