"""The cells of a sweep: every combination of choices, named as the table will show it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from archlab.configs.loading import interpolated
from archlab.configs.slotting import full_path, get_section
from archlab.errors import UnknownSlotError
from archlab.planning.recipe_choices import RECIPES, RecipeChoice
from archlab.planning.sweeps import Choice, Sweep, short_value

if TYPE_CHECKING:
    from confection import Config

Change = tuple[str, Any]
"""A path, and what happens there: a Choice for a slot, another value for a setting; or RECIPES, and which."""


@dataclass(frozen=True)
class Cell:
    """One combination of choices, before it is a config.

    variant: the name of a named variant, whose own paths must all apply; None for a cell of the grid.
    """

    changes: tuple[Change, ...]
    variant: str | None = None


def cells(sweep: Sweep) -> Iterator[Cell]:
    """The grid's cells in the order of the file, then the named variants.

    A named variant stands beside the grid: it is the base with its own settings, once per column, and
    with those overrides that do not vary.
    """
    axes = sweep.axes
    for combination in product(*axes.values()):
        yield Cell(tuple(zip(axes, combination, strict=True)))
    columns = sweep.file.table.columns
    fixed = [(path, v[0]) for path, v in sweep.settings.items() if len(v) == 1 and path != columns]
    for name, said in sweep.file.variants.items():
        settings = {**said, RECIPES: sweep.variant_recipes[name]} if RECIPES in said else said
        for value in axes[columns] if columns else [None]:
            chosen = [(columns, value)] if columns else []
            yield Cell((*fixed, *chosen, *settings.items()), variant=name)


def complete_path(base: "Config", path: str) -> str:
    """The path with its `components.` and the component's name; as it is, where that is not certain."""
    try:
        return full_path(base, path)
    except UnknownSlotError:  # several components have that factory: told where the path is used
        return path


def settings_of(changes: Iterable[Change]) -> dict[str, Any]:
    """Path -> the choice made there, as JSON values."""
    return {path: v.to_json() if isinstance(v, Choice | RecipeChoice) else v for path, v in changes}


class Names:
    """Names rows and columns, as short as the sweep's axes allow: a row tells what differs from the base."""

    def __init__(self, sweep: Sweep, base: "Config") -> None:
        self.columns = sweep.file.table.columns
        self.config = base
        touched = {*sweep.swaps, *(path for v in sweep.file.variants.values() for path in v)} - {RECIPES}
        paths = [complete_path(base, path).split(".") for path in touched]
        owners = {path[1] for path in paths if path[0] == "components"}
        self.component = next(iter(owners)) if len(owners) == 1 else None
        model = get_section(base, f"components.{self.component}.model") if self.component else None
        block = next((v for k, v in model.items() if k.startswith("@")), None) if model else None
        self.base = f"base {block.removeprefix('spacy.')}" if isinstance(block, str) else "base"
        self.varying = {path for path, values in sweep.settings.items() if len(values) > 1}
        values = interpolated(base)
        self.of_base = {path: get_section(values, complete_path(base, path)) for path in sweep.settings}

    def row(self, cell: Cell, applied: Iterable[Change]) -> str:
        """The row of a cell, from the changes that applied: what an outer swap removed is not told."""
        if cell.variant is not None:
            return cell.variant
        parts = [
            self._part(path, value)
            for path, value in applied
            if path != self.columns and not self._is_of_base(path, value)
        ]
        return ", ".join(part for part in parts if part) or self.base

    def column(self, cell: Cell) -> str | None:
        if self.columns is None:
            return None
        value = dict(cell.changes)[self.columns]
        return value.label if isinstance(value, Choice | RecipeChoice) else short_value(value)

    def _is_of_base(self, path: str, value: Any) -> bool:
        if isinstance(value, Choice):
            return value.block is None
        if isinstance(value, RecipeChoice):
            return not value.steps
        return path in self.of_base and self.of_base[path] == value

    def _part(self, path: str, value: Any) -> str:
        if isinstance(value, RecipeChoice):
            return value.label
        *parents, last = complete_path(self.config, path).split(".")
        if isinstance(value, Choice):
            if last != "model":
                return f"{last}={value.label}"
            return value.label if parents[-1] == self.component else f"{parents[-1]}={value.label}"
        return f"{last}={short_value(value)}" if path in self.varying else ""
