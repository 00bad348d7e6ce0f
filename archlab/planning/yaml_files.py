"""Read YAML that nobody vouches for: a safe loader under limits, with the line of every key."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

from archlab.errors import SweepError
from archlab.plain import odd_character

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_ALIASES = 100

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class YamlFile:
    """A YAML file's data, and the line (from 1) of each key and item by its location."""

    path: Path
    data: Any
    lines: dict[Location, int]

    def where(self, location: Location = ()) -> str:
        """`file:line` of a location, or of the nearest one around it."""
        for end in range(len(location), -1, -1):
            if (line := self.lines.get(location[:end])) is not None:
                return f"{self.path}:{line}"
        return str(self.path)


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML document. Raises SweepError, with file and line, where it is no YAML, is over a limit
    of size, depth or aliases, holds a tag, or names a key twice."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise SweepError(f"There is no sweep {path}.") from None
    except OSError as error:
        raise SweepError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise SweepError(f"{path} is larger than {MAX_BYTES:,} bytes: that is no sweep.")
    try:
        text = content.decode("utf8")
        _enforce_limits(text, path)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines = dict(_lines(node, (), path)) if node is not None else {}
        data = yaml.safe_load(text)
        _require_numbers(data, path)
    except UnicodeDecodeError:
        raise SweepError(f"{path} is not UTF-8 text.") from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        odd = odd_character(chr(error.character)) or hex(error.character)
        raise SweepError(f"{path}:{line}: YAML cannot hold the character {odd}.") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise SweepError(f"{place}: {error.problem or 'this is no YAML'}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SweepError(f"{path} cannot be read as YAML: {error}") from None
    return YamlFile(path, data, lines)


def _require_numbers(data: Any, path: Path) -> None:
    """Raise SweepError for .nan and .inf, which no setting can mean and no JSON can hold."""
    if isinstance(data, float) and not math.isfinite(data):
        raise SweepError(f"{path} has a value {data}: a setting must be a number.")
    for inner in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        _require_numbers(inner, path)


def _enforce_limits(text: str, path: Path) -> None:
    depth = aliases = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        aliases += isinstance(event, yaml.AliasEvent)
        if depth > MAX_DEPTH or aliases > MAX_ALIASES:
            limit = f"{MAX_DEPTH} levels" if depth > MAX_DEPTH else f"{MAX_ALIASES} aliases"
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise SweepError(f"{path}:{line}: more than {limit}: that is no sweep.")


def _refuse_odd_characters(node: yaml.Node, path: Path) -> None:
    """Raise SweepError for control characters: a quoted "\\x1b" is one, and would act on a terminal."""
    odd = odd_character(node.value) if isinstance(node, yaml.ScalarNode) else None
    if odd is not None:
        place = f"{path}:{node.start_mark.line + 1}"
        raise SweepError(f"{place}: a text holds the control character {odd}.", "Remove it from the sweep.")


def _lines(node: yaml.Node, location: Location, path: Path) -> Iterator[tuple[Location, int]]:
    _refuse_odd_characters(node, path)
    yield location, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise SweepError(f"{path}:{key.start_mark.line + 1}: a key must be plain text.")
            _refuse_odd_characters(key, path)
            if key.value in seen:
                raise SweepError(f"{path}:{key.start_mark.line + 1}: the key {key.value!r} is there twice.")
            seen.add(key.value)
            yield from _lines(value, (*location, key.value), path)
            yield (*location, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*location, index), path)
