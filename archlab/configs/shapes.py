"""What must be a section, a text or a list of names in a config, before anything reads it as one."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from archlab.errors import ConfigError

_SECTIONS = ("nlp", "components", "training", "training.score_weights", "initialize", "initialize.components")
_PLAIN_SECTIONS = ("nlp", "components", "training", "pretraining", "initialize")
_NAMES = ("nlp.disabled", "training.frozen_components", "training.annotating_components")

Wrong = tuple[str, str]
"""(what is wrong, how to mend it)"""


def refuse_wrong_shapes(config: Mapping[str, Any], name: str) -> None:
    """Raise ConfigError where a config holds a value of another kind than all who read it rely on.

    config: not interpolated, perhaps not filled. A variable may stand for anything.
    """
    for what, mend in _wrong(config):
        raise ConfigError(f"{name}: {what}.", mend)


def _wrong(config: Mapping[str, Any]) -> Iterator[Wrong]:
    for path in _SECTIONS:
        section = _value(config, path, {})
        if not isinstance(section, Mapping) and not _is_variable(section):
            yield f"{path} = {section!r} is no section", f"Write [{path}], and its settings below it."
    for path in _PLAIN_SECTIONS:
        for key in _value(config, path, {}) if isinstance(_value(config, path, {}), Mapping) else ():
            if key.startswith("@"):
                yield (
                    f"{key} stands in [{path}], which is no block",
                    "Move it into the section that it is for.",
                )
    for path in _NAMES:
        names = _value(config, path, [])
        if not _is_variable(names) and not _are_names(names):
            yield f"{path} = {names!r} is no list of names", 'For example ["tok2vec", "tagger"].'
    weights = _value(config, "training.score_weights", {})
    for score, weight in weights.items() if isinstance(weights, Mapping) else ():
        if not isinstance(weight, int | float | None) and not _is_variable(weight):
            yield f"{score} = {weight!r} in [training.score_weights] is no number", "A weight is from 0 to 1."
    yield from _wrong_pipeline(config)
    yield from _wrong_references(config, "")


def _wrong_pipeline(config: Mapping[str, Any]) -> Iterator[Wrong]:
    pipeline = _value(config, "nlp.pipeline", [])
    if _is_variable(pipeline):
        return
    if not _are_names(pipeline):
        yield "nlp.pipeline is no list of names", 'For example ["tok2vec", "tagger"].'
    for component, count in Counter(pipeline).items():
        if count > 1:
            yield f"nlp.pipeline names {component} twice", "Give the second a name and a section of its own."
        section = _value(config, f"components.{component}", {"factory": component})
        if _is_variable(section):
            continue
        if not isinstance(section, Mapping):
            yield f"components.{component} = {section!r} is no section", f"Write [components.{component}]."
            continue
        if "factory" not in section and "source" not in section:
            yield (
                f"[components.{component}] has neither a factory nor a source",
                f'For example factory = "{component}".',
            )
        for key in ("factory", "source"):
            if not isinstance(section.get(key, ""), str):
                yield (
                    f"{key} = {section[key]!r} in [components.{component}] is no text",
                    'Write it in "quotes".',
                )


def _wrong_references(section: Mapping[str, Any], path: str) -> Iterator[Wrong]:
    for key, value in section.items():
        inner = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            yield from _wrong_references(value, inner)
        elif key.startswith("@") and not isinstance(value, str):
            yield f"{key} = {value!r} in [{path}] is no name", f'For example {key} = "spacy.Tok2Vec.v2".'


def _value(config: Mapping[str, Any], path: str, default: Any) -> Any:
    node: Any = config
    for part in path.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return default
        node = node[part]
    return node


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_variable(value: Any) -> bool:
    return isinstance(value, str) and "${" in value
