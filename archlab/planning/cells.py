"""The cells of a sweep: every combination of choices, named as the table will show it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from archlab.configs.slotting import get_section
from archlab.planning.sweeps import Choice, Sweep, short_value

Change = tuple[str, Any]
"""A path, and what happens there: a Choice for a slot, any other value for a setting."""


@dataclass(frozen=True)
class Cell:
    """One combination of choices, before it is a config.

    named: whether it is one of `variants:`, whose paths must all apply.
    """

    row: str
    column: str | None
    changes: tuple[Change, ...]
    named: bool = False

    @property
    def label(self) -> str:
        return self.row if self.column is None else f"{self.row} [{self.column}]"

    @property
    def settings(self) -> dict[str, Any]:
        """Path -> the choice made there, as JSON values."""
        return {path: v.to_json() if isinstance(v, Choice) else v for path, v in self.changes}


def cells(sweep: Sweep, base: Mapping[str, Any]) -> Iterator[Cell]:
    """The grid's cells in the order of the file, then the named variants.

    A named variant stands beside the grid: it is the base with its own settings, once per column, and
    with those overrides that do not vary.
    """
    axes: dict[str, list[Any]] = {**sweep.swaps, **sweep.settings}
    names = _Names(sweep, base)
    for combination in product(*axes.values()):
        changes = tuple(zip(axes, combination, strict=True))
        yield Cell(names.row(changes), names.column(changes), changes)
    columns = sweep.file.table.columns
    fixed = [(path, v[0]) for path, v in sweep.settings.items() if len(v) == 1 and path != columns]
    for name, settings in sweep.file.variants.items():
        for value in axes[columns] if columns else [None]:
            chosen = [(columns, value)] if columns else []
            changes = (*fixed, *chosen, *settings.items())
            yield Cell(name, names.column(changes), changes, named=True)


class _Names:
    """Names rows and columns, as short as the sweep's own axes allow."""

    def __init__(self, sweep: Sweep, base: Mapping[str, Any]) -> None:
        self.columns = sweep.file.table.columns
        self.varying = {path for path, values in {**sweep.swaps, **sweep.settings}.items() if len(values) > 1}
        touched = {*sweep.swaps, *(path for v in sweep.file.variants.values() for path in v)}
        owners = {_full(path).split(".")[1] for path in touched if _full(path).startswith("components.")}
        self.component = next(iter(owners)) if len(owners) == 1 else None
        model = get_section(base, f"components.{self.component}.model") if self.component else None
        block = next((v for k, v in model.items() if k.startswith("@")), None) if model else None
        self.base = f"base {block.removeprefix('spacy.')}" if isinstance(block, str) else "base"

    def row(self, changes: tuple[Change, ...]) -> str:
        parts = [
            self._part(path, value) for path, value in changes if path != self.columns and not _is_base(value)
        ]
        return ", ".join(part for part in parts if part) or self.base

    def column(self, changes: tuple[Change, ...]) -> str | None:
        if self.columns is None:
            return None
        value = dict(changes)[self.columns]
        return value.label if isinstance(value, Choice) else short_value(value)

    def _part(self, path: str, value: Any) -> str:
        *parents, last = _full(path).split(".")
        if isinstance(value, Choice):
            if last != "model":
                return f"{last}={value.label}"
            return value.label if parents[-1] == self.component else f"{parents[-1]}={value.label}"
        return f"{last}={short_value(value)}" if path in self.varying else ""


def _full(path: str) -> str:
    """The path with its `components.`, guessed from its first part where that is left out."""
    roots = ("components", "training", "corpora", "nlp", "initialize", "paths", "system", "vars")
    return path if path.split(".")[0] in roots else f"components.{path}"


def _is_base(value: Any) -> bool:
    return isinstance(value, Choice) and value.block is None
