"""Read YAML that nobody vouches for: a safe loader under limits, with the line of every key."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from archlab.errors import SweepError
from archlab.plain import odd_character

MAX_BYTES = 1_000_000
MAX_NODES = 60_000
"""Keys, values and lists, with those that aliases repeat: more than a sweep of 10,000 variants has."""

MAX_DEPTH = 20
MAX_TEXT = 10_000
"""Characters of one key or value."""

MAX_NUMBER = 2**63

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same in C, where PyYAML was built with it: ten times as fast."""

PLAIN_TAGS = [
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq", "merge")
]

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class YamlFile:
    """A YAML file's text and data, and the line (from 1) of each key and item by its location."""

    path: Path
    text: str
    data: Any
    lines: dict[Location, int]

    def where(self, location: Location = ()) -> str:
        """`file:line` of a location, or of the nearest one around it."""
        for end in range(len(location), -1, -1):
            if (line := self.lines.get(location[:end])) is not None:
                return f"{self.path}:{line}"
        return str(self.path)


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML document of texts, numbers, lists and mappings.

    Raises SweepError, with file and line, where it is no YAML, is over a limit of size, depth or numbers,
    holds a tag or a control character, or names a key twice.
    """
    text = _read_text(path)
    try:
        _enforce_limits(text, path)
        node = yaml.compose(text, Loader=LOADER)
        if node is None:
            return YamlFile(path, text, None, {})
        _measure(node, {}, path)
        lines = dict(_lines(node, (), path))
        file = YamlFile(path, text, SafeConstructor().construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise SweepError(f"{place}: {error.problem or 'this is no YAML'}.") from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise SweepError(f"{path} cannot be read as YAML: {error}") from None
    _require_numbers(file, file.data, ())
    return file


def _read_text(path: Path) -> str:
    """A file's text, if it is one. What never ends, as a pipe or a device may, is not opened."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise SweepError(f"{path} is no file.", "A sweep is a YAML file.")
        if size > MAX_BYTES:
            raise SweepError(f"{path} is larger than {MAX_BYTES:,} bytes: that is no sweep.")
        text = path.read_bytes().decode("utf8")
    except FileNotFoundError:
        raise SweepError(f"There is no sweep {path}.") from None
    except UnicodeDecodeError:
        raise SweepError(f"{path} is not UTF-8 text.") from None
    except (OSError, ValueError) as error:  # a name with NUL is a ValueError
        raise SweepError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    for number, line in enumerate(text.split("\n"), 1):
        _require_plain(line.removesuffix("\r"), f"{path}:{number}")
    return text


def _require_plain(text: str, where: str) -> None:
    """Raise SweepError for control characters: they would act on the terminal of whoever reads the table."""
    odd = odd_character(text)
    if odd is not None:
        raise SweepError(f"{where}: there is a control character, {odd}.", "Remove it from the sweep.")


def _require_numbers(file: YamlFile, data: Any, location: Location) -> None:
    """Raise SweepError for numbers that no setting can mean and no JSON can hold."""
    if isinstance(data, float) and not math.isfinite(data):
        raise SweepError(f"{file.where(location)}: a value is {data}: a setting must be a number.")
    if isinstance(data, int) and abs(data) >= MAX_NUMBER:
        raise SweepError(f"{file.where(location)}: a number has more than 63 bits.")
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, inner in items:
        _require_numbers(file, inner, (*location, key))


def _enforce_limits(text: str, path: Path) -> None:
    """Raise SweepError for too much of anything, before any of it is made."""
    depth = nodes = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        nodes += isinstance(event, yaml.NodeEvent)
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise _too_much(f"{path}:{line}", nodes)


def _too_much(where: str, nodes: int) -> SweepError:
    limit = f"{MAX_NODES:,} keys and values" if nodes > MAX_NODES else f"{MAX_DEPTH} levels"
    return SweepError(f"{where}: more than {limit}: that is no sweep.")


def _measure(node: yaml.Node, known: dict[int, tuple[int, int]], path: Path) -> tuple[int, int]:
    """(nodes, levels) of a node with all that its aliases repeat, counted without repeating it.

    known: those of the nodes that have been measured. Raises SweepError over the limits, and for a node that
    holds itself.
    """
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = (0, MAX_DEPTH)  # while it is measured: whoever comes here again goes too deep
    nodes, levels = 1, 0
    for inner in _inside(node):
        more, below = _measure(inner, known, path)
        nodes, levels = nodes + more, max(levels, below)
        if nodes > MAX_NODES or levels >= MAX_DEPTH:
            raise _too_much(f"{path}:{node.start_mark.line + 1}", nodes)
    known[id(node)] = (nodes, levels + isinstance(node, yaml.CollectionNode))
    return known[id(node)]


def _inside(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _require_plain_node(node: yaml.Node, path: Path) -> None:
    """Raise SweepError for what is neither text, number, list nor mapping, and for texts without end."""
    where = f"{path}:{node.start_mark.line + 1}"
    if node.tag not in PLAIN_TAGS:
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        hint = "What it needs is text, in quotes, or a number."
        raise SweepError(f"{where}: a sweep has no values of the kind {kind}.", hint)
    if isinstance(node, yaml.ScalarNode):
        if len(node.value) > MAX_TEXT:
            raise SweepError(f"{where}: a text is longer than {MAX_TEXT:,} characters.")
        _require_plain(node.value, where)


def _lines(node: yaml.Node, location: Location, path: Path) -> Iterator[tuple[Location, int]]:
    _require_plain_node(node, path)
    yield location, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise SweepError(f"{path}:{key.start_mark.line + 1}: a key must be plain text.")
            _require_plain_node(key, path)
            if key.value in seen:
                raise SweepError(f"{path}:{key.start_mark.line + 1}: the key {key.value!r} is there twice.")
            seen.add(key.value)
            yield from _lines(value, (*location, key.value), path)
            yield (*location, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*location, index), path)
