"""Variables that a change of the config touches: `${components.tok2vec.model.encode.width}`."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from archlab.configs.slotting import block_reference, get_section
from archlab.configs.widths import width_setting
from archlab.records import Note

VARIABLE = re.compile(r"\$\{([\w.:@*-]+)\}")


def variable(path: str) -> str:
    """The variable that stands for the value at a path."""
    return f"${{{path}}}"


def target_of(value: Any) -> str | None:
    """The path that a value names, where it is one variable and nothing else."""
    match = VARIABLE.fullmatch(value) if isinstance(value, str) else None
    return match[1].replace(":", ".") if match else None


def last_setting(config: Mapping[str, Any], path: str) -> str:
    """Where the value of a setting stands: itself, or what its variables lead to."""
    seen = {path}
    while (target := target_of(get_section(config, path))) is not None and target not in seen:
        seen.add(target)
        path = target
    return path


def moved(section: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """A copy of a section that stood at `old`, to stand at `new`: variables into itself lead there."""

    def value(given: Any) -> Any:
        if isinstance(given, Mapping):
            return moved(given, old, new)
        if isinstance(given, list):
            return [value(item) for item in given]
        if isinstance(given, str):
            return re.sub(rf"\$\{{{re.escape(old)}([.:])", rf"${{{new}\1", given)
        return given

    return {key: value(item) for key, item in section.items()}


def without_gone(value: Any, plain: Any, path: str, kept: Collection[str]) -> Any:
    """A value that a block at `path` leaves behind: variables into the block itself become what they meant,
    but for those into arguments that are kept. plain: the value without variables.
    """
    if isinstance(value, Mapping):
        return {key: without_gone(inner, plain[key], path, kept) for key, inner in value.items()}
    targets = VARIABLE.findall(value) if isinstance(value, str) else []
    inside = [target.removeprefix(f"{path}.") for target in targets if target.startswith(f"{path}.")]
    return plain if any(re.split(r"[.:]", target)[0] not in kept for target in inside) else value


def settle_variables(old: Mapping[str, Any], new: dict[str, Any], values: Mapping[str, Any]) -> list[Note]:
    """Mend, in place, each variable of `new` that leads to what only `old` had; a note for each.

    What was the width of a block is now the width of the block in its place; anything else becomes the value
    that it had. values: `old`, interpolated.
    """
    notes = []

    def is_gone(target: str) -> bool:
        path = target.replace(":", ".")
        return not _has(new, path) and _has(old, path)

    def mended(text: str, here: str) -> Any:
        if (target := target_of(text)) is not None:
            setting = _same_width(old, new, target)
            return variable(setting) if setting not in (None, here) else get_section(values, target)
        for target in filter(is_gone, VARIABLE.findall(text)):
            value = get_section(values, target.replace(":", "."))
            text = text.replace(variable(target), json.dumps(value))
        try:
            return json.loads(text)
        except ValueError:
            return text

    def settle(section: dict[str, Any], path: str) -> None:
        for key, value in section.items():
            here = f"{path}.{key}" if path else key
            if isinstance(value, dict):
                settle(value, here)
            elif isinstance(value, str) and any(map(is_gone, VARIABLE.findall(value))):
                section[key] = mended(value, here)
                notes.append(Note(path=here, value=section[key], source=f"was {value}, which is gone"))

    settle(new, "")
    return notes


def _same_width(old: Mapping[str, Any], new: Mapping[str, Any], target: str) -> str | None:
    """The setting that is now the width of the block whose width `target` was."""
    parts = target.split(".")
    for end in range(1, len(parts)):
        path = ".".join(parts[:end])
        before, after = get_section(old, path), get_section(new, path)
        if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
            continue
        if block_reference(before) and block_reference(after) and width_setting(path, before) == target:
            setting = width_setting(path, after)
            return setting if _has(new, setting) else None
    return None


def _has(config: Mapping[str, Any], path: str) -> bool:
    parent, _, key = path.rpartition(".")
    section = get_section(config, parent) if parent else config
    return isinstance(section, Mapping) and key in section
