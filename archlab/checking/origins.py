"""Where the blocks of a config come from: spaCy and its packages, or somebody else."""

import contextlib
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from archlab.catalog.origins import OWN
from archlab.catalog.registered import find_function
from archlab.configs.code import CODE_MODULE
from archlab.configs.slotting import block_reference, walk_blocks
from archlab.errors import ArchlabError


def origins(config: Mapping[str, Any]) -> list[str]:
    """Where this process got the config's blocks from: modules, files, or `__main__` alone."""
    found: dict[str, None] = {}
    for function in _foreign(config):
        module, file = _module(function), _file(function)
        if module == "__main__":
            return ["__main__"]
        if module == CODE_MODULE and file.endswith(".py"):
            found[file] = None
        elif _is_importable(module):
            found[module] = None
    return list(found)


def has_foreign_blocks(section: Mapping[str, Any]) -> bool:
    """Whether there is a block or component, at or below, that none of the packages in OWN brings."""
    return next(_foreign(section), None) is not None


def code_file(registry: str, name: str) -> str | None:
    """The --code file that registers a block, as one would type it from here; None for any other block."""
    try:
        functions = [*_with_wrapped(find_function(registry, name))]
    except ArchlabError:  # not registered
        return None
    files = [_file(function) for function in functions if _module(function) == CODE_MODULE]
    if not files or not files[0].endswith(".py"):
        return None
    path, here = Path(files[0]), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _foreign(section: Mapping[str, Any]) -> Iterator[Any]:
    from spacy.util import registry

    blocks = [reference for _, block in walk_blocks(section) if (reference := block_reference(block))]
    factories = [component.get("factory") for component in section.get("components", {}).values()]
    for reference in [*blocks, *(("factories", name) for name in factories if name)]:
        try:
            registered = registry.get(*reference)
        except Exception:  # what is not registered, the levels before have said
            continue
        yield from (each for each in _with_wrapped(registered) if _module(each).split(".")[0] not in OWN)


def _with_wrapped(function: Any) -> Iterator[Any]:
    """The function, and what it wraps: in a partial, by functools.wraps, or in a closure alone."""
    inner = [getattr(function, "func", None), getattr(function, "__wrapped__", None)]
    with contextlib.suppress(ValueError):  # a cell that is not filled yet
        inner += [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    yield function
    yield from (value for value in inner if callable(value))


def _module(function: Any) -> str:
    return getattr(function, "__module__", None) or ""


def _file(function: Any) -> str:
    """Where its code is; of an object that is called, its class's."""
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return getattr(code, "co_filename", "")


def _is_importable(module: str) -> bool:
    try:
        return bool(module) and find_spec(module) is not None
    except (ImportError, ValueError):
        return False
