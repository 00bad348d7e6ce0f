"""Recipes as people and programs read them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from archlab.configs.differences import setting_text
from archlab.configs.recipes import Effect, Recipe
from archlab.configs.slotting import block_reference
from archlab.configs.swapping import Change
from archlab.records import Json, Setting

if TYPE_CHECKING:
    from rich.console import Console


def show_recipes(console: "Console", recipes: Iterable[Recipe]) -> None:
    """Each recipe: what it does, what it takes, and what to type."""
    for recipe in recipes:
        console.print(f"{recipe.name} {'|'.join(recipe.values)}".rstrip(), style="bold")
        console.print(f"    {recipe.summary}", soft_wrap=True)
        for argument in recipe.arguments:
            told = f"{argument.name}=...  {argument.meaning}; default: {argument.default}"
            console.print(f"    {told}", soft_wrap=True)
        console.print(f"    {recipe.example}\n", soft_wrap=True)


def show_effects(console: "Console", effects: Iterable[Effect]) -> None:
    """What each recipe would change in a config: its swaps and settings in their order, or why it cannot."""
    for effect in effects:
        console.print(_name(effect), style="bold")
        lines = (effect.problem or "changes nothing: all is so already").splitlines()
        for line in [change_text(change) for change in effect.changes] or lines:
            console.print(f"    {line}", soft_wrap=True)
        console.print()


def change_text(change: Change) -> str:
    """A swap or a setting in a line, as one would type it; of a whole block its name alone."""
    if isinstance(change, Setting):
        return f"{change.path} = {_short(change.value)}"
    arguments = [f"{name}={_short(value)}" for name, value in change.arguments.items()]
    return " ".join([change.slot, _short(change.block, is_name=True), *arguments])


def recipes_json(recipes: Iterable[Recipe]) -> list[Json]:
    """The recipes as JSON."""
    return [asdict(recipe) for recipe in recipes]


def effects_json(effects: Iterable[Effect]) -> list[Json]:
    """What recipes would do, as JSON: a swap has slot, block and arguments, a setting has path and value."""
    return [asdict(effect) for effect in effects]


def _name(effect: Effect) -> str:
    return effect.recipe if effect.value is None else f"{effect.recipe} {effect.value}"


def _short(value: Any, is_name: bool = False) -> str:
    reference = block_reference(value) if isinstance(value, Mapping) else None
    if reference is not None:
        return reference[1]
    return str(value) if is_name else setting_text(value)
