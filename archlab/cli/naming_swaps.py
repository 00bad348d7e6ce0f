"""Swaps as they are typed: SLOT BLOCK [KEY=VALUE ...], one after the other."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from archlab.cli.options import read_value
from archlab.errors import UsageError
from archlab.records import Swap


class Tok2VecChoice(StrEnum):
    """What a block that needs a tok2vec gets."""

    own = "own"
    shared = "shared"


def read_swaps(items: Sequence[str], tok2vec: str | None = None) -> list[Swap]:
    """The swaps that were typed. tok2vec: that argument of each of them, where it is not None.

    Raises UsageError for a slot without a block, and for an argument without a swap.
    """
    swaps: list[tuple[str, str, dict[str, Any]]] = []
    waiting = list(items)
    while waiting:
        item = waiting.pop(0)
        name, equals, value = item.partition("=")
        if equals and name and swaps:
            swaps[-1][2][name] = read_value(value)
            continue
        if equals:
            raise UsageError(
                f"{item} stands before any swap.", "Write SLOT BLOCK first, then what to set in the block."
            )
        if not waiting or "=" in waiting[0]:
            raise UsageError(
                f"No block is named for {item}.",
                "Write SLOT BLOCK, and arguments of the block as key=value, for example ngram_size=2.",
            )
        swaps.append((item, waiting.pop(0), {}))
    told = {} if tok2vec is None else {"tok2vec": tok2vec}
    return [Swap(slot, block, {**arguments, **told}) for slot, block, arguments in swaps]
