"""Resolve the variables of a config: `${components.tok2vec.model.encode.width}`.

Confection writes the config as text and reads it again, some milliseconds each time. A sweep resolves
thousands of configs; what nearly all of them hold, plain values and variables that stand alone for one, is
resolved here in the same way. Anything else is left to confection.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from archlab.configs.circles import refuse_circles

if TYPE_CHECKING:
    from confection import Config

_VARIABLE = re.compile(r"\$\{([\w.:]+)\}")
_KEY = re.compile(r"[@\w-]+")
_NUMBERS = (int, float, bool, type(None))
_MAX_DEPTH = 10


class _LeftToConfectionError(Exception):
    """Something whose meaning is for confection to say."""


def resolve(config: "Config", name: str = "config") -> "Config":
    """A copy with all variables resolved: what `config.interpolate()` gives, down to the order of the keys.

    Raises ConfigError where a variable leads back to itself, and whatever confection raises where one points
    nowhere.
    """
    from confection import Config

    try:
        if not all(isinstance(section, dict) for section in config.values()):
            raise _LeftToConfectionError
        return Config(_section(config, config), is_interpolated=True)
    except _LeftToConfectionError:
        refuse_circles(config, name)  # confection would make a section that holds itself, or not end
        return config.interpolate()


def _section(root: dict[str, Any], section: dict[str, Any]) -> dict[str, Any]:
    """A section as confection reads it: what is below it comes before its own settings."""
    below, own = {}, {}
    for key, value in section.items():
        if not _is_plain(key):
            raise _LeftToConfectionError
        if isinstance(value, dict):
            below[key] = _section(root, value)
        else:
            own[key] = _value(root, value)
    return below | own


@lru_cache
def _is_plain(key: Any) -> bool:
    return isinstance(key, str) and _KEY.fullmatch(key) is not None and key != "DEFAULT"


def _value(root: dict[str, Any], value: Any, depth: int = 0) -> Any:
    kind = type(value)
    if kind in _NUMBERS or (kind is str and "$" not in value and "__SECTION__" not in value):
        return value
    if kind is list:
        return [_value(root, item, _MAX_DEPTH) for item in value]
    variable = _VARIABLE.fullmatch(value) if kind is str else None
    if variable is None or depth == _MAX_DEPTH:
        raise _LeftToConfectionError
    return _value(root, _target(root, variable[1].replace(":", ".").split(".")), depth + 1)


def _target(root: dict[str, Any], path: list[str]) -> Any:
    """The setting that a variable names."""
    node: Any = root
    for part in path:
        if not isinstance(node, dict) or part not in node:
            raise _LeftToConfectionError
        node = node[part]
    return node
