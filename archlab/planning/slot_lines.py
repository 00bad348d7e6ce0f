"""Where in the files of a sweep a variant is made: the slot that is swapped in it, and its line."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from archlab.configs.loading import section_lines
from archlab.planning.recipe_choices import RECIPES
from archlab.planning.sweeps import Sweep
from archlab.planning.yaml_files import Location


@dataclass(frozen=True)
class SlotLine:
    """slot: the slot or setting, `textcat.model`; None where the file names none. line: from 1, or None."""

    slot: str | None
    file: str
    line: int | None


def slot_line(sweep: Sweep, row: str, settings: Mapping[str, Any]) -> SlotLine:
    """The first slot that a variant changes, where the sweep file says so; the base's, in its own file.

    row: of the table. settings: slot or override path -> the choice made there, as results keep them.
    """
    if row in sweep.file.variants:
        slot = next(iter(sweep.file.variants[row]), None)
        return _in_sweep(sweep, slot, ("variants", row, *([slot] if slot else [])))
    for slot, said in settings.items():
        location = _choice(sweep, slot, said)
        if location is not None:
            return _in_sweep(sweep, slot, location)
    return _in_base(sweep)


def _choice(sweep: Sweep, slot: str, said: Any) -> Location | None:
    """Where a choice stands that is not what the base has."""
    if slot == RECIPES:
        recipes = [choice.to_json() for choice in sweep.recipes]
        return (RECIPES, recipes.index(said)) if said != "base" and said in recipes else None
    if slot in sweep.swaps:
        choices = [choice.to_json() for choice in sweep.swaps[slot]]
        return ("swaps", slot, choices.index(said)) if said != "base" and said in choices else None
    values = sweep.settings.get(slot, [])
    return ("overrides", slot, values.index(said)) if said in values and len(values) > 1 else None


def _in_sweep(sweep: Sweep, slot: str | None, location: Location) -> SlotLine:
    lines = sweep.source.lines
    found = (lines[location[:end]] for end in range(len(location), -1, -1) if location[:end] in lines)
    return SlotLine(slot, str(sweep.path), next(found, None))


def _in_base(sweep: Sweep) -> SlotLine:
    """The first slot of the sweep, or else the first model, in the base's own file."""
    lines: Mapping[str, int] = {}
    with suppress(OSError, ValueError):
        lines = section_lines(sweep.base.read_text(encoding="utf-8-sig"))
    models = [section for section in lines if section.startswith("components.") and section.count(".") == 2]
    for slot in [*sweep.swaps, *models]:
        for section in (slot, f"components.{slot}"):
            if section in lines:
                return SlotLine(section.removeprefix("components."), str(sweep.base), lines[section])
    return _in_sweep(sweep, None, ("base",))
