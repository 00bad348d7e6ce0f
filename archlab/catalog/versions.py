"""Versions of blocks: `spacy.TextCatBOW` without one is the newest that fits."""

import re
from collections.abc import Iterable
from typing import Any

from archlab.catalog.registered import names, signature
from archlab.catalog.signatures import accepts
from archlab.errors import ArchlabError

_VERSION = re.compile(r"\.v(\d+(?:\.\d+)*)$")


def family(name: str) -> str:
    """A block's name without its version: `spacy.TextCatBOW`."""
    return _VERSION.sub("", name)


def version(name: str) -> tuple[int, ...] | None:
    """The version that a name ends with, `(3,)` for `spacy.TextCatBOW.v3`; None where it has none."""
    match = _VERSION.search(name)
    return tuple(map(int, match[1].split("."))) if match else None


def newest_first(candidates: Iterable[str]) -> list[str]:
    """The names by version, the newest first, those without a version last; `v10` is newer than `v9`."""
    return sorted(candidates, key=lambda name: version(name) or (-1,), reverse=True)


def newest_that_fits(bare: str, registry: str, expected: Any = None) -> str | None:
    """The newest version of a block named without one, in a slot that expects a type.

    bare: `spacy.TextCatBOW`. expected: an annotation; None where nothing is stated.
    Where none is certain to fit, it is the newest of those that may, then the newest of all; the check says
    what is wrong with it. None where the registry has no version of that name.
    """
    versions = newest_first(name for name in names(registry) if version(name) and family(name) == bare)
    ranks = ("fits", "unknown", "misfit")
    return min(versions, key=lambda name: ranks.index(_verdict(registry, name, expected)), default=None)


def _verdict(registry: str, name: str, expected: Any) -> str:
    if expected is None:
        return "unknown"
    try:
        return accepts(expected, signature(registry, name).returns)
    except ArchlabError:  # announced by a package that cannot be imported
        return "misfit"
