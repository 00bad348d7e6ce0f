"""Recipes as a sweep file says them."""

from dataclasses import dataclass
from typing import Any

from archlab.configs.recipes import RecipeStep, find_recipe, refuse_misuse

RECIPES = "recipes"
"""The key under which a sweep, or one of its variants, names recipes."""


@dataclass(frozen=True)
class RecipeChoice:
    """One choice of recipes: those that apply together, in their order; none for what the base is."""

    steps: tuple[RecipeStep, ...]

    @classmethod
    def parse(cls, item: Any) -> "RecipeChoice":
        """Read `base`, a name, `name: value`, `name: {argument: ...}`, or a list of those.

        Raises ValueError for anything else, and UnknownRecipeError for a recipe, value or argument that is
        not there.
        """
        if item == "base":
            return cls(())
        items = item if isinstance(item, list) and item else [item]
        return cls(tuple(_step(one) for one in items))

    @property
    def label(self) -> str:
        """What a table shows: `own-tok2vec + encoder=bilstm`."""
        return " + ".join(step.label for step in self.steps) or "base"

    def to_json(self) -> Any:
        """The choice as a sweep file would say it."""
        steps = [step.to_json() for step in self.steps]
        return steps if len(steps) > 1 else next(iter(steps), "base")


def _step(item: Any) -> RecipeStep:
    if isinstance(item, str):
        item = {item: None}
    if not isinstance(item, dict) or len(item) != 1:
        raise ValueError(
            "a choice of recipes is base, a name, name: value, name: {argument: ...}, or a list of those"
        )
    ((name, said),) = item.items()
    arguments = dict(said) if isinstance(said, dict) else {}
    value = arguments.pop("value", None) if isinstance(said, dict) else said
    refuse_misuse(find_recipe(str(name)), value, arguments)
    return RecipeStep(str(name), value, arguments)
