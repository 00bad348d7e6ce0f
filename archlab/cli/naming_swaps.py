"""Swaps and recipes as they are typed: SLOT BLOCK [KEY=VALUE ...], one after the other."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from archlab.cli.options import read_value
from archlab.configs.recipes import RecipeStep, find_recipe, recipes, refuse_misuse
from archlab.errors import UsageError, did_you_mean, nearest
from archlab.records import Swap


class Tok2VecChoice(StrEnum):
    """What a block that needs a tok2vec gets."""

    own = "own"
    shared = "shared"


def read_swaps(items: Sequence[str], tok2vec: str | None = None) -> tuple[list[RecipeStep], list[Swap]]:
    """The recipes and the swaps that were typed. tok2vec: that argument of each swap, where it is not None.

    Raises UsageError for a slot without a block, and for an argument without a swap.
    """
    values = {recipe.name: recipe.values for recipe in recipes()}
    cooked: list[RecipeStep] = []
    swaps: list[Swap] = []
    arguments: dict[str, Any] | None = None
    waiting = list(items)
    while waiting:
        item = waiting.pop(0)
        name, equals, value = item.partition("=")
        has_block = bool(waiting) and "=" not in waiting[0]
        if equals:
            if not name or arguments is None:
                hint = "Write SLOT BLOCK first, then what to set in the block."
                raise UsageError(f"{item} stands before any swap.", hint)
            arguments[name] = read_value(value)
        elif item in values:
            arguments = {}
            chosen = waiting.pop(0) if has_block and values[item] else None
            refuse_misuse(find_recipe(item), chosen, {})
            cooked.append(RecipeStep(item, chosen, arguments))
        elif "." not in item and nearest(item, values):  # a slot has a dot
            raise UsageError(f"There is no recipe {item}.", did_you_mean(item, values))
        elif has_block:
            arguments = {} if tok2vec is None else {"tok2vec": tok2vec}
            swaps.append(Swap(item, waiting.pop(0), arguments))
        else:
            raise UsageError(
                f"No block is named for {item}.",
                "Write SLOT BLOCK, and arguments of the block as key=value, for example ngram_size=2.",
            )
    return cooked, swaps
