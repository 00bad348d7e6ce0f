"""Main effects, as a person reads them in a terminal."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from archlab.planning.recipe_choices import RECIPES, RecipeChoice
from archlab.planning.sweeps import Choice, short_value
from archlab.reporting.numbers import difference, score
from archlab.results.main_effects import Effect

if TYPE_CHECKING:
    from rich.console import Console


def show_effects(console: "Console", effects: Sequence[Effect], score_name: str) -> None:
    """A line for each choice: what it adds to the score, and to the speed."""
    if not effects:
        console.print("There are no main effects: no axis has two choices with results.", soft_wrap=True)
        return
    console.print(
        f"main effects on {score_name}: each choice less the base's, mean over the rest of the sweep; "
        f"p corrected for {len(effects)} effects",
        style="dim",
        soft_wrap=True,
    )
    for column, of_column in groupby(effects, key=lambda effect: effect.column):
        console.print()
        if column is not None:
            console.print(column, style="bold", soft_wrap=True)
        found = list(of_column)
        names = axis_names([effect.axis for effect in found])
        for effect in found:
            console.print(effect_line(effect, names[effect.axis]), soft_wrap=True)


def effect_line(effect: Effect, axis: str) -> str:
    """`encode = BiLSTM: +.004 (95% -.001 .. +.009), p = .120, 38% slower; 4 cells, 3 seeds`"""
    against = choice_label(effect.axis, effect.against)
    instead = "" if against == "base" else f" instead of {against}"
    parts = [f"{axis} = {choice_label(effect.axis, effect.choice)}{instead}: {_difference(effect)}"]
    if effect.p is not None:
        parts.append("p < .001" if effect.p < 0.001 else f"p = {score(effect.p)}")
    if effect.times_as_fast is not None:
        parts.append(speed_text(effect.times_as_fast))
    seeds = 0 if effect.comparison is None else effect.comparison.seeds
    counts = f"{effect.cells} cell{'' if effect.cells == 1 else 's'}, {seeds} seed{'' if seeds == 1 else 's'}"
    return f"{', '.join(parts)}; {counts}"


def axis_names(axes: Sequence[str]) -> dict[str, str]:
    """The last name of each path, or of its block; the whole path where two would be called the same."""
    short = {axis: _last_name(axis) for axis in axes}
    names = list(short.values())
    return {axis: name if names.count(name) == 1 else axis for axis, name in short.items()}


def choice_label(axis: str, choice: Any) -> str:
    """As a row of the table names it."""
    if axis == RECIPES:
        return RecipeChoice.parse(choice).label
    is_block = isinstance(choice, (dict, str)) and choice
    try:
        return Choice.parse(choice).label if is_block else short_value(choice)
    except ValueError:
        return short_value(choice)


def speed_text(times: float) -> str:
    """`38% slower`, `12% faster`, `3.1 times as fast`."""
    percent = round(100 * (times - 1))
    if percent == 0:
        return "as fast"
    if times >= 2:
        return f"{times:.1f} times as fast"
    return f"{percent}% faster" if percent > 0 else f"{-percent}% slower"


def _difference(effect: Effect) -> str:
    found = effect.comparison
    if found is None:
        return "no seed that all of its cells have"
    if found.low is None or found.high is None:
        return difference(found.difference)
    return f"{difference(found.difference)} (95% {difference(found.low)} .. {difference(found.high)})"


def _last_name(path: str) -> str:
    *parents, last = path.split(".")
    return parents[-1] if last == "model" and parents else last
