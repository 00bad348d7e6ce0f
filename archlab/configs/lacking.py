"""Blocks that lack arguments which they need: configs written by hand, excerpts of documentation."""

from collections.abc import Collection, Mapping
from typing import Any

from archlab.catalog.registered import Signature, signature
from archlab.configs.slotting import block_reference, walk_blocks
from archlab.errors import ArchlabError


def lacks(block: Mapping[str, Any], taken: Signature, given: Collection[str] = ()) -> bool:
    """Whether a block has not all arguments that it needs, with those that are given besides."""
    required = {parameter.name for parameter in taken.parameters if parameter.is_required}
    return not required <= {*block, *given}


def inside_lacking(block: Mapping[str, Any], path: str) -> tuple[str, str] | None:
    """(path, name) of the first block below `path` that lacks arguments; None where each has its own."""
    for inner, section in walk_blocks(block, path):
        reference = block_reference(section)
        try:
            if inner != path and reference and lacks(section, signature(*reference)):
                return inner, f"@{reference[0]}:{reference[1]}"
        except ArchlabError:  # an unknown block: the checker tells
            continue
    return None
