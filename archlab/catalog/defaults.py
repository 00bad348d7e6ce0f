"""Documented values for arguments without a default, each with its source.

Two sources: the default configs of the components of spaCy, or of the package that brings the block, where
they agree; and the examples of spaCy's documentation. Widths are not made to agree with neighbours here: that
is the business of a swap.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from archlab.catalog.examples import EXAMPLES, Block
from archlab.catalog.factories import ANNOUNCED
from archlab.catalog.origins import package_of
from archlab.catalog.registered import LEGACY, announced_entries, factory_defaults, factory_names
from archlab.errors import ArchlabError


@dataclass(frozen=True)
class Documented:
    """A value with its source, `default config of textcat` or `spaCy docs, architectures: TextCatReduce`.

    value: JSON; a sublayer is a block, a dict with its `@registry` key. Blocks come without the arguments
    that the component dictates: fill those with `dictated`.
    """

    value: Any
    source: str


def documented(registry: str, name: str, argument: str, factory: str | None = None) -> Documented | None:
    """The documented value of an argument, or None where none is documented.

    factory: the component the block goes into; what its own default config says about the block goes first
    (a SpanCategorizer has another scorer in spancat_singlelabel than in spancat).
    """
    name = f"spacy.{name.removeprefix(LEGACY)}" if name.startswith(LEGACY) else name
    place = (registry, *_SAME_AS.get((name, argument), (name, argument)))
    configured = _configured(_brings(*place[:2])).get(place, {})
    speaker = _speaker(configured, (factory, _SPEAKERS.get(name)))
    if speaker is not None:
        return Documented(deepcopy(configured[speaker]), f"default config of {speaker}")
    if place in EXAMPLES:
        value, source = EXAMPLES[place]
        return Documented(deepcopy(value), source)
    return None


def dictated(factory: str, argument: str) -> Documented | None:
    """The one right value of an argument that the component dictates, or None where it leaves a choice."""
    value = _DICTATED.get(argument, {}).get(factory)
    return None if value is None else Documented(value, f"{factory} needs it")


_DICTATED: dict[str, dict[str, Any]] = {
    "exclusive_classes": {"textcat": True, "textcat_multilabel": False},
    "state_type": {"ner": "ner", "beam_ner": "ner", "parser": "parser", "beam_parser": "parser"},
}

# Whose default config speaks for an architecture that several components use in different ways.
_SPEAKERS = {"spacy.Tagger.v2": "tagger", "spacy.SpanCategorizer.v1": "spancat"}

# What spaCy's documentation does not show is taken from the nearest relative.
_SAME_AS = {
    ("spacy.TextCatParametricAttention.v1", "tok2vec"): ("spacy.TextCatEnsemble.v2", "tok2vec"),
}


def _speaker(configured: dict[str, Any], preferred: tuple[str | None, ...]) -> str | None:
    """The component whose value to take: a preferred one, or any where all agree; None where they do not."""
    for factory in preferred:
        if factory in configured:
            return factory
    agree = len({json.dumps(value, sort_keys=True) for value in configured.values()}) == 1
    return min(configured, key=lambda factory: (len(factory), factory)) if agree else None


# The default configs that are installed.


def _brings(registry: str, name: str) -> str:
    """The package whose components speak for a block: spaCy for its own and Thinc's."""
    package = package_of(registry, name)
    return "spacy" if package in _OF_SPACY else package


_OF_SPACY = ("", "spacy", "spacy_legacy", "thinc")


@cache
def _configured(package: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    """(registry, name, argument) -> factory -> value, over all blocks in a package's default configs.

    What another package announces is not even imported. A factory with two different blocks of one name
    (two embeddings, say) is left out: it documents neither.
    """
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for factory, config in _default_configs(package):
        mine: dict[tuple[str, str, str], Any] = {}
        torn = set()
        for registry, name, block in _blocks(config):
            for argument, value in block.items():
                place = (registry, name, argument)
                if place in mine and mine[place] != value:
                    torn.add(place)
                mine[place] = value
        for place, value in mine.items():
            if place not in torn and _is_plain(value):
                found.setdefault(place, {})[factory] = value
    return found


def _default_configs(package: str) -> Iterator[tuple[str, Block]]:
    from spacy.language import DEFAULT_CONFIG

    announced = {entry.name: entry.module.partition(".")[0] for entry in announced_entries(ANNOUNCED)}
    for factory in factory_names():
        if announced.get(factory, "spacy") != package:
            continue
        try:
            yield factory, _without_dictated(factory_defaults(factory))
        except ArchlabError:  # it cannot be imported: it documents nothing
            continue
    if package == "spacy":
        yield "spaCy, [training]", dict(DEFAULT_CONFIG["training"])


def _blocks(config: Any) -> Iterator[tuple[str, str, Block]]:
    """Every block in a config, as (registry, name, arguments)."""
    if not isinstance(config, dict):
        return
    for key, name in config.items():
        if key.startswith("@"):
            yield key[1:], name, {argument: value for argument, value in config.items() if argument != key}
    for value in config.values():
        yield from _blocks(value)


def _without_dictated(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_dictated(item) for key, item in value.items() if key not in _DICTATED}
    return value


def _is_plain(value: Any) -> bool:
    """True for JSON without references to other parts of the config (`${paths.train}`)."""
    try:
        return "${" not in json.dumps(value)
    except TypeError:
        return False
