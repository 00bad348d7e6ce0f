"""What differs between two configs, as a person reads it: the answer, then the blocks, then the settings."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from archlab.configs.comparing import KINDS, BlockChange, Comparison, SettingChange
from archlab.configs.differences import setting_text
from archlab.configs.dotted import short

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"added": "green", "removed": "red"}


def show_comparison(console: "Console", comparison: Comparison, a: str, b: str) -> None:
    """a, b: what the two are called."""
    for line in _answer(comparison, a, b):
        console.print(line, soft_wrap=True)
    if comparison.blocks:
        console.print()
    for change in _outer(comparison):
        console.print(_block_line(change), style=_STYLES.get(change.kind), soft_wrap=True)
        for inner in comparison.blocks:
            if _is_inside(inner, change):
                console.print(_inner_line(inner), style=_STYLES[inner.kind], soft_wrap=True)
    _show_settings(console, [change for change in comparison.settings if not change.same_value])
    rewritten = [change for change in comparison.settings if change.same_value]
    if rewritten:
        console.print("\nwritten otherwise, with the same value", soft_wrap=True)
    _show_settings(console, rewritten)


def show_in_short(console: "Console", comparison: Comparison, a: str, b: str, most: int = 5) -> None:
    """The answer, the first blocks and the first settings. a, b: what the two are called."""
    for line in _answer(comparison, a, b):
        console.print(line, soft_wrap=True)
    outer, settings = _outer(comparison), comparison.settings
    for change in outer[:most]:
        console.print(f"  {_block_line(change)}", style=_STYLES.get(change.kind), soft_wrap=True)
    for setting in settings[:most]:
        section = setting.path.rpartition(".")[0]
        line = f"  [{section}] {_setting_line(setting).strip()}"
        console.print(line, style=_STYLES.get(setting.change), soft_wrap=True)
    rest = [
        f"{len(found) - most} more {what}"
        for found, what in ((outer, "blocks"), (settings, "settings"))
        if len(found) > most
    ]
    if rest:
        console.print(f"  {' and '.join(rest)}", soft_wrap=True)


def _outer(comparison: Comparison) -> list[BlockChange]:
    """All but what came or went with a swap."""
    return [
        change
        for change in comparison.blocks
        if not any(_is_inside(change, other) for other in comparison.blocks)
    ]


def _is_inside(change: BlockChange, swap: BlockChange) -> bool:
    """Whether a block came or went as an argument of one that was swapped."""
    outer = swap.new_path if change.kind == "added" else swap.old_path if change.kind == "removed" else None
    return swap.kind == "swapped" and outer is not None and _path(change).rpartition(".")[0] == outer


def _answer(comparison: Comparison, a: str, b: str) -> Iterator[str]:
    counts = ", ".join(_counts(comparison))
    if comparison.verdict == "equal":
        yield f"{a} and {b} are equal."
    elif not counts:
        yield f"{a} and {b} hold the same, but their sublayers stand in another order:"
        yield "layers without a seed of their own start with other weights."
    elif comparison.verdict == "same variant":
        yield f"{a} and {b} are the same variant: {counts}."
        yield "Where data lies, seed, logger, writing, and what is outside the pipeline do not count."
    elif comparison.verdict == "same but for the data":
        yield f"{a} and {b} are the same but for the data: {counts}."
    else:
        yield f"{a} and {b} differ: {counts}."


def _counts(comparison: Comparison) -> Iterator[str]:
    """How many of each there are: `2 blocks swapped`."""
    outer = _outer(comparison)
    for kind in KINDS:
        for what in ("component", "block"):
            number = sum(
                change.kind == kind and _is_component(change) == (what == "component") for change in outer
            )
            if number:
                yield f"{_counted(number, what)} {kind}"
    rewritten = sum(change.same_value for change in comparison.settings)
    settings = len(comparison.settings) - rewritten
    if settings:
        yield _counted(settings, "setting")
    if rewritten:
        yield f"{_counted(rewritten, 'setting')} written otherwise"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}"


def _block_line(change: BlockChange) -> str:
    was, now = short(change.old_path or ""), short(change.new_path or "")
    if change.kind == "renamed":
        what = f"{was} -> {now}"
    elif change.kind == "moved":
        what = f"{was} -> {now}   {change.new}"
    elif change.kind == "swapped":
        what = f"{now}   {change.old} -> {change.new}"
    else:
        what = f"{now or was}   {change.new or change.old}"
    return f"{change.kind:<8} {what}"


def _inner_line(change: BlockChange) -> str:
    sign = "+" if change.kind == "added" else "-"
    return f"         {sign} {_path(change).rpartition('.')[2]}   {change.new or change.old}"


def _is_component(change: BlockChange) -> bool:
    return _path(change).startswith("components.") and _path(change).count(".") == 1


def _path(change: BlockChange) -> str:
    return change.new_path or change.old_path or ""


def _show_settings(console: "Console", settings: Iterable[SettingChange]) -> None:
    for section, changes in groupby(settings, key=lambda change: change.path.rpartition(".")[0]):
        console.print(f"\n[{section}]", soft_wrap=True)
        for change in changes:
            console.print(_setting_line(change), style=_STYLES.get(change.change), soft_wrap=True)


def _setting_line(change: SettingChange) -> str:
    key = change.path.rpartition(".")[2]
    old, new = setting_text(change.old), setting_text(change.new)
    if change.change == "changed":
        return f"  {key} = {old} -> {new}"
    return f"+ {key} = {new}" if change.change == "added" else f"- {key} = {old}"
