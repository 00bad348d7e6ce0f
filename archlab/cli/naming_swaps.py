"""Swaps and recipes as they are typed: SLOT BLOCK [KEY=VALUE ...], one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from archlab.catalog.registered import signature
from archlab.cli.options import read_value
from archlab.configs.placing import resolve_block
from archlab.configs.recipes import RecipeStep, find_recipe, recipes, refuse_misuse
from archlab.configs.slotting import get_section
from archlab.errors import ArchlabError, UsageError, did_you_mean, nearest
from archlab.records import Setting, Swap


class Tok2VecChoice(StrEnum):
    """What a block that needs a tok2vec gets."""

    own = "own"
    shared = "shared"


def read_swaps(items: Sequence[str]) -> tuple[list[RecipeStep], list[Swap]]:
    """The recipes and the swaps that were typed.

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
            arguments = {}
            swaps.append(Swap(item, waiting.pop(0), arguments))
        else:
            raise UsageError(
                f"No block is named for {item}.",
                "Write SLOT BLOCK, and arguments of the block as key=value, for example ngram_size=2.",
            )
    return cooked, swaps


def with_tok2vec(swaps: Sequence[Swap], tok2vec: str | None) -> list[Swap]:
    """The swaps with that argument, where their blocks take it. Raises UsageError where none does."""
    if tok2vec is None:
        return list(swaps)
    found = [
        replace(swap, arguments={**swap.arguments, "tok2vec": tok2vec}) if _takes_tok2vec(swap) else swap
        for swap in swaps
    ]
    if found == list(swaps):
        hint = "For what is there: archlab swap own-tok2vec, or shared-tok2vec."
        raise UsageError("--tok2vec is for blocks that take a tok2vec, and none here does.", hint)
    return found


def _takes_tok2vec(swap: Swap) -> bool:
    try:
        reference = resolve_block(str(swap.block), "architectures")
        return signature(*reference).parameter("tok2vec") is not None
    except ArchlabError:  # the swap will say it
        return True


def still_there(config: Mapping[str, Any], overrides: Mapping[str, Any]) -> list[Setting]:
    """The overrides of settings that a config has."""
    found = []
    for path, value in overrides.items():
        parent, _, key = path.rpartition(".")
        section = get_section(config, parent)
        if isinstance(section, Mapping) and key in section:
            found.append(Setting(path, value))
    return found
