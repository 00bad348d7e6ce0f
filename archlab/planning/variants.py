"""From cells to variants: each cell's config is made and checked, and equal ones are made once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archlab.configs.filling import fill_config
from archlab.configs.loading import known_path, override_config
from archlab.configs.recipes import swap_and_cook
from archlab.configs.slotting import find_slot, full_path, get_section
from archlab.configs.swapping import Done, apply_change, refuse_contradictions, tidy
from archlab.errors import (
    ConfigError,
    InvalidError,
    SwapError,
    SweepError,
    UnknownBlockError,
    UnknownSlotError,
    UsageError,
)
from archlab.memory import Memory
from archlab.planning.cells import Cell, Change, Names, settings_of
from archlab.planning.recipe_choices import RECIPES, RecipeChoice
from archlab.planning.runs import make_variant
from archlab.planning.sweeps import Choice, Sweep
from archlab.records import Finding, Placement, Rejected, Report, Swap, Variant

if TYPE_CHECKING:
    from confection import Config


class VariantMaker:
    """Makes the variant of each cell, checks it, and keeps what is new.

    check: gives the findings of a config; it is handed the memory that this planning keeps. placements:
    where each variant stands in the table; a variant that several cells come to is trained once and shown in
    each. applied: the paths that some variant had.
    """

    def __init__(self, sweep: Sweep, base: "Config", check: Callable[..., Report]) -> None:
        self.sweep, self.base, self.check = sweep, base, check
        self.names = Names(sweep, base)
        self.memory = Memory()
        self.begun: dict[tuple[tuple[str, str], ...], tuple[Config, tuple[Done, ...]]] = {}
        """The base after the first changes of some cell: other cells begin with the same ones."""
        self.variants: dict[str, Variant] = {}
        self.rejected: list[Rejected] = []
        self.placements: dict[tuple[str, str | None], Placement] = {}
        self.reports: dict[str, Report] = {}
        self.applied: set[str] = set()

    def add(self, cell: Cell) -> None:
        column = self.names.column(cell)
        applied: list[Change] = []
        try:
            config = self._apply(cell, applied)
            row = self.names.row(cell, applied)
            variant = make_variant(config, row, column, settings_of(applied))
            if variant.variant_id in self.variants:
                self._place(variant)
                return
            report = self.check(config, memory=self.memory)
        except SweepError:
            raise
        except InvalidError as error:
            row = self.names.row(cell, cell.changes)
            report = Report((Finding(severity="error", slot="", message=error.message, fix=error.hint),))
        if report.ok:
            variant = self._with_own_name(variant)
            self.variants[variant.variant_id] = variant
            self._place(variant)
            self.reports[variant.label] = report
        else:
            rejected = Rejected(
                row=row, column=column, settings=settings_of(cell.changes), findings=report.errors
            )
            if rejected.label not in {other.label for other in self.rejected}:
                self.rejected.append(rejected)
            self.reports[rejected.label] = report

    def _place(self, variant: Variant) -> None:
        key = (variant.row, variant.column)
        placement = Placement(row=variant.row, column=variant.column, variant_id=variant.variant_id)
        self.placements.setdefault(key, placement)

    def _with_own_name(self, variant: Variant) -> Variant:
        """Two variants never share a row and a column, even where their labels leave out what differs."""
        if (variant.row, variant.column) in self.placements:
            return replace(variant, row=f"{variant.row} #{variant.variant_id[:4]}")
        return variant

    def _apply(self, cell: Cell, applied: list[Change]) -> "Config":
        """The base with a cell's changes: recipes, then swaps and settings, outer slots first.

        A change whose slot an outer swap has removed does not apply; a named variant's own must all apply.
        """
        config, steps, done = self.base, tuple[tuple[str, str], ...](), tuple[Done, ...]()
        own = self.sweep.file.variants.get(cell.variant or "", {})
        for path, change in sorted(cell.changes, key=_turn):
            choice = change if isinstance(change, Choice) else None
            where = self._where(cell, path, change)
            if choice is None and path in own:
                choice = self._as_choice(config, path, change, where)
            try:
                full = _place(config, path, choice or change)
            except UnknownSlotError as error:
                if path in own:
                    raise SweepError(f"{where}: {error.message}", error.hint) from None
                continue
            self.applied.add(path)
            applied.append((path, choice or change))
            steps += ((path, repr(choice or change)),)
            if steps in self.begun:
                config, done = self.begun[steps]
                continue
            config, made = self._change(config, full, choice, change, where)
            done += made
            if len(steps) < len(cell.changes):
                self.begun[steps] = config, done
        order = [path for path, _ in cell.changes]
        applied.sort(key=lambda item: order.index(item[0]))
        config, _ = tidy(self.base, config)
        refuse_contradictions(config, done)
        applied[:] = [(path, change) for path, change in applied if _still_applies(config, path, change)]
        return fill_config(config, memory=self.memory)

    def _change(
        self, config: "Config", path: str, choice: Choice | None, value: Any, where: str
    ) -> "tuple[Config, tuple[Done, ...]]":
        """The config after a change, and the swap that it was."""
        if isinstance(value, RecipeChoice):
            return _cook(config, value, where), ()
        if choice is None:
            return override_config(config, {path: value}), ()
        if choice.block is None:
            return config, ()
        try:
            swap = Swap(path, choice.block, choice.arguments)
            placed = apply_change(config, swap)
            return placed.config, ((swap, placed),)
        except UnknownBlockError as error:  # a slip of the pen, not a misfit
            raise SweepError(f"{where}: {error.message}", error.hint) from None
        except SwapError as error:
            raise SwapError(f"{where}: {error.message}", error.hint) from None

    def _as_choice(self, config: "Config", path: str, change: Any, where: str) -> Choice | None:
        """What a named variant puts into a slot; None where the path is a setting."""
        try:
            find_slot(config, path)
        except UnknownSlotError:
            return None
        try:
            return Choice.parse(change)
        except ValueError as error:
            raise SweepError(f"{where}: {error}.") from None

    def _where(self, cell: Cell, path: str, change: Any) -> str:
        """`file:line` of a change in the sweep file."""
        if cell.variant is not None and path in self.sweep.file.variants[cell.variant]:
            return self.sweep.where("variants", cell.variant, path)
        if isinstance(change, RecipeChoice):
            return self.sweep.where(RECIPES, self.sweep.recipes.index(change))
        if isinstance(change, Choice):
            return self.sweep.where("swaps", path, self.sweep.swaps[path].index(change))
        return self.sweep.where("overrides", path)


def _turn(change: Change) -> tuple[int, int]:
    """When a change is made: first what recipes read, then recipes, then the rest, outer slots first."""
    path, value = change
    if isinstance(value, RecipeChoice):
        return (1, 0)
    is_read = not isinstance(value, Choice) and path.split(".")[0] in READ_BY_RECIPES
    return (0 if is_read else 2, path.removeprefix("components.").count("."))


READ_BY_RECIPES = ("paths", "vars", "initialize")
"""Where settings stand that decide what a recipe does: which vectors there are."""


def _still_applies(config: "Config", path: str, change: Any) -> bool:
    """Whether the slot of a swap is there at the end: nobody may listen any more to what it is in."""
    if not isinstance(change, Choice):
        return True
    try:
        find_slot(config, path)
    except UnknownSlotError:
        return False
    return True


def _place(config: "Config", path: str, change: Any) -> str:
    """The complete path of a change; of recipes, which touch many, their key."""
    if isinstance(change, RecipeChoice):
        return path
    return find_slot(config, path).path if isinstance(change, Choice) else setting_path(config, path)


def _cook(config: "Config", choice: RecipeChoice, where: str) -> "Config":
    """The config after recipes, one after the other."""
    try:
        return swap_and_cook(config, choice.steps, []).config
    except UsageError as error:  # a slip of the pen: a component that does not run
        raise SweepError(f"{where}: {error.message}", error.hint) from None
    except SwapError as error:
        raise SwapError(f"{where}: {error.message}", error.hint) from None


def setting_path(config: "Config", path: str) -> str:
    """The complete path of a setting. Raises UnknownSlotError where the config has none of that name."""
    full = full_path(config, path)
    parent, _, key = full.rpartition(".")
    section = get_section(config, parent)
    if isinstance(section, Mapping) and key in section:
        return full
    try:
        return known_path(config, full)
    except ConfigError as error:
        raise UnknownSlotError(f"The config has no setting {path}.", error.hint) from None
