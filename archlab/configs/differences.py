"""The difference between two configs, section by section, as frozen data."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Line:
    """One setting: kept (" "), removed ("-") or added ("+"). value is JSON text as a config shows it."""

    change: Literal[" ", "-", "+"]
    key: str
    value: str


@dataclass(frozen=True)
class SectionDiff:
    """What happened to one section. Sections without a change are not part of a Diff."""

    path: str
    change: Literal["added", "removed", "changed"]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Diff:
    """Two configs compared. Empty (and false) where they are equal."""

    sections: tuple[SectionDiff, ...]

    def __bool__(self) -> bool:
        return bool(self.sections)

    def __str__(self) -> str:
        blocks = []
        for section in self.sections:
            sign = {"added": "+", "removed": "-", "changed": " "}[section.change]
            lines = [f"{line.change} {line.key} = {line.value}" for line in section.lines]
            blocks.append("\n".join([f"{sign} [{section.path}]", *lines]))
        return "\n".join(blocks)


def diff_configs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Diff:
    """All sections whose own settings differ, in the order of `new`, those only in `old` between them."""
    before, after = dict(_sections(old)), dict(_sections(new))
    changed = []
    for path in merged_order(list(before), list(after)):
        section = _diff_section(path, before.get(path), after.get(path))
        if section is not None:
            changed.append(section)
    return Diff(tuple(changed))


def setting_text(value: Any) -> str:
    """A value as a config file shows it: JSON, but variables bare."""
    if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
        return value
    return json.dumps(value, ensure_ascii=False)


def merged_order(old: list[str], new: list[str]) -> list[str]:
    """The keys of both: the order of `new`, each key that only `old` has after its neighbour in `old`."""
    order = list(new)
    for index, key in enumerate(old):
        if key not in order:
            previous = next((k for k in reversed(old[:index]) if k in order), None)
            order.insert(0 if previous is None else order.index(previous) + 1, key)
    return order


def _diff_section(
    path: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> SectionDiff | None:
    if old == new:
        return None
    if old is None or new is None:
        change: Literal["added", "removed"] = "added" if old is None else "removed"
        sign: Literal["-", "+"] = "+" if old is None else "-"
        values = (old or new or {}).items()
        return SectionDiff(path, change, tuple(Line(sign, key, setting_text(v)) for key, v in values))
    lines = []
    for key in merged_order(list(old), list(new)):
        if key in old and key in new and old[key] == new[key]:
            lines.append(Line(" ", key, setting_text(new[key])))
            continue
        if key in old:
            lines.append(Line("-", key, setting_text(old[key])))
        if key in new:
            lines.append(Line("+", key, setting_text(new[key])))
    return SectionDiff(path, "changed", tuple(lines))


def _sections(section: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, own settings) of a section and of all below it, depth first."""
    if path:
        yield path, {key: value for key, value in section.items() if not isinstance(value, Mapping)}
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _sections(value, f"{path}.{key}" if path else key)
