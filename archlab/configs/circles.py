"""Variables that lead back to themselves: `${vars.x}` in a circle, or a section inside itself."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from archlab.errors import ConfigError

VARIABLE = re.compile(r"(?<!\$)\$\{([\w.:-]+)\}")
SECTION_REFERENCE = re.compile(r"__SECTION__:([\w.:-]+)")
"""What confection makes of a variable that names a section."""


def refuse_circles(config: Mapping[str, Any], name: str, lines: Mapping[str, int] | None = None) -> None:
    """Raise ConfigError where the variables of a config go round in a circle.

    config: not interpolated. lines: of its sections, to tell where.
    """
    circle = find_circle(config)
    if circle is None:
        return
    section, _, key = circle[0].rpartition(".")
    line = (lines or {}).get(section)
    place = f"{name}:{line}" if line else name
    raise ConfigError(
        f"{place}: {key} in [{section}] refers to itself: {' -> '.join([*circle, circle[0]])}.",
        "Give one of them a value, or let it refer to something outside the circle.",
    )


def find_circle(config: Mapping[str, Any]) -> list[str] | None:
    """The settings of the first circle, each of which refers to the next or to a section that holds it.

    None where there is none.
    """
    named = {
        _inside(path, key): _named(path, section, text) for path, section, key, text in _variables("", config)
    }
    paths = sorted(named)
    finished: set[str] = set()
    for start in paths:
        trail = {start: _settings_in(paths, named[start])}
        while trail:
            here = next(reversed(trail))
            step = next((path for path in trail[here] if path not in finished), None)
            if step is None:
                finished.add(here)
                del trail[here]
            elif step in trail:
                return [*trail][[*trail].index(step) :]
            else:
                trail[step] = _settings_in(paths, named[step])
    return None


def _variables(path: str, section: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str, str]]:
    """(path of its section, the section, key, text) of every setting that holds a variable."""
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _variables(_inside(path, key), value)
        elif isinstance(value, str | list):
            text = SECTION_REFERENCE.sub(r"${\1}", str(value))
            if "${" in text:
                yield path, section, key, text


def _named(path: str, section: Mapping[str, Any], text: str) -> list[str]:
    """The paths that a setting refers to: a name without dots is a setting beside it, or else a section."""
    return [
        _inside(path, name) if "." not in name and str(section.get(name, text)) != text else name
        for name in (found.replace(":", ".") for found in VARIABLE.findall(text))
    ]


def _inside(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _settings_in(paths: list[str], targets: list[str]) -> Iterator[str]:
    """Those of the sorted paths that are one of the targets, or lie in it."""
    for target in targets:
        position = bisect_left(paths, target)
        if position < len(paths) and paths[position] == target:
            yield target
        inside = f"{target}."
        for path in islice(paths, bisect_left(paths, inside), None):
            if not path.startswith(inside):
                break
            yield path
