"""From a sweep to its variants and runs: every config is made and checked before anything is trained."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.checking.checks import check, merge_findings
from archlab.configs.loading import Source, fill_config, override_config, read_config
from archlab.configs.slotting import find_slot, get_section, slots
from archlab.configs.swapping import resolve_block, swap
from archlab.errors import (
    InvalidError,
    SwapError,
    SweepError,
    UnknownBlockError,
    UnknownSlotError,
    did_you_mean,
)
from archlab.planning.cells import Cell, cells
from archlab.planning.runs import WEIGHTED_SCORE, RunSettings, make_variant
from archlab.planning.sweeps import Choice, Sweep, load_sweep
from archlab.records import Finding, Limits, Rejected, Report, RunSpec, Variant

if TYPE_CHECKING:
    from confection import Config

ALWAYS_SCORED = ("token_acc", "token_p", "token_r", "token_f")
NOT_NUMBERS = ("_per_type", "_per_feat", "_desc")
"""The ends of score names under which spaCy gives tables and texts."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a sweep comes to.

    variants: trained, each once, in the order of the sweep. rejected: those that check forbids, with its
    findings. runs: variant by variant, seed by seed. report: all that check had to say, each cause once.
    """

    sweep: Sweep
    score_name: str
    variants: tuple[Variant, ...]
    rejected: tuple[Rejected, ...]
    runs: tuple[RunSpec, ...]
    report: Report


def plan(
    sweep: Sweep | str | Path,
    *,
    code: Sequence[str | Path] = (),
    device: str = "cpu",
    gpu_id: int = -1,
    overrides: Mapping[str, Any] | None = None,
    level: str = "build",
    on_variant: Callable[[int, int], None] | None = None,
) -> Plan:
    """Make and check every variant of a sweep, and list its runs.

    code: files that register blocks, which the caller has imported. device: `cpu` or the GPU's model.
    overrides: set in the base, dotted path -> value. on_variant: told (done, of how many) as it works.

    Raises SweepError for a block that is not registered and for a slot, setting or score that no variant
    has; ConfigError for a base that cannot be read.
    """
    sweep = sweep if isinstance(sweep, Sweep) else load_sweep(sweep)
    base, source = read_config(sweep.base, overrides)
    _require_known_blocks(sweep, base)
    todo = list(cells(sweep, base))
    maker = _VariantMaker(sweep, base, source, level)
    for number, cell in enumerate(todo, 1):
        maker.add(cell)
        if on_variant is not None:
            on_variant(number, len(todo))
    if not maker.rejected:  # a rejected variant stops at the change that cannot be made
        _require_all_applied(sweep, base, maker.applied)
    variants = tuple(maker.variants.values())
    limits = Limits(minutes=sweep.file.limits.minutes, memory_gb=sweep.file.limits.memory_gb)
    settings = RunSettings(
        sweep=sweep.name,
        score_name=_score_name(sweep, variants or [make_variant(base, "base")]),
        code=code,
        device=device,
        gpu_id=gpu_id,
        limits=limits,
    )
    return Plan(
        sweep=sweep,
        score_name=settings.score_name,
        variants=variants,
        rejected=tuple(maker.rejected),
        runs=settings.runs(variants, sweep.file.seeds),
        report=merge_findings(maker.reports),
    )


class _VariantMaker:
    """Makes the variant of each cell, checks it, and keeps what is new."""

    def __init__(self, sweep: Sweep, base: "Config", source: Source, level: str) -> None:
        self.sweep, self.base, self.source, self.level = sweep, base, source, level
        self.variants: dict[str, Variant] = {}
        self.rejected: list[Rejected] = []
        self.reports: dict[str, Report] = {}
        self.applied: set[str] = set()

    def add(self, cell: Cell) -> None:
        try:
            config = self._apply(cell)
            variant = make_variant(config, cell.row, cell.column, cell.settings)
            if variant.variant_id in self.variants:
                return
            report = check(config, self.level, source=self.source)
        except SweepError:
            raise
        except InvalidError as error:
            report = Report((Finding(severity="error", slot="", message=error.message, fix=error.hint),))
        self.reports[cell.label] = report
        if report.ok:
            self.variants[variant.variant_id] = self._with_own_name(variant)
        else:
            self._reject(cell, report)

    def _reject(self, cell: Cell, report: Report) -> None:
        rejected = Rejected(row=cell.row, column=cell.column, settings=cell.settings, findings=report.errors)
        if all(rejected.findings != other.findings or cell.label != other.label for other in self.rejected):
            self.rejected.append(rejected)

    def _with_own_name(self, variant: Variant) -> Variant:
        """Two variants never share a row and a column, even where their labels leave out what differs."""
        taken = {(other.row, other.column) for other in self.variants.values()}
        if (variant.row, variant.column) in taken:
            return replace(variant, row=f"{variant.row} #{variant.variant_id[:4]}")
        return variant

    def _apply(self, cell: Cell) -> "Config":
        """The base with a cell's changes, outer slots first. A change whose slot an outer swap has removed
        does not apply; a named variant's changes must all apply."""
        config = self.base
        for path, change in sorted(cell.changes, key=lambda item: self._depth(item[0])):
            choice = change if isinstance(change, Choice) else self._as_choice(config, path, change, cell)
            try:
                full = _setting_path(config, path) if choice is None else find_slot(config, path).path
            except UnknownSlotError as error:
                if cell.named and path in self.sweep.file.variants[cell.row]:
                    where = self.sweep.where("variants", cell.row, path)
                    raise SweepError(f"{where}: {error.message}", error.hint) from None
                continue
            self.applied.add(path)
            if choice is None:
                config = override_config(config, {full: change})
            elif choice.block is not None:
                try:
                    config = swap(config, full, choice.block, **choice.arguments).config
                except SwapError as error:
                    where = self.sweep.where(*self._location(cell, path, choice))
                    raise SwapError(f"{where}: {error.message}", error.hint) from None
        return fill_config(config)

    def _location(self, cell: Cell, path: str, choice: Choice) -> tuple[str | int, ...]:
        """Where a choice stands in the sweep file."""
        if cell.named and path in self.sweep.file.variants[cell.row]:
            return ("variants", cell.row, path)
        return ("swaps", path, self.sweep.swaps[path].index(choice))

    def _depth(self, path: str) -> int:
        is_full = get_section(self.base, path.split(".")[0]) is not None
        return path.count(".") + (0 if is_full else 1)

    def _as_choice(self, config: "Config", path: str, change: Any, cell: Cell) -> Choice | None:
        """What a named variant puts into a slot; None where the path is a setting."""
        if not cell.named or path not in self.sweep.file.variants[cell.row]:
            return None
        try:
            find_slot(config, path)
        except UnknownSlotError:
            return None
        try:
            return Choice.parse(change)
        except ValueError as error:
            where = self.sweep.where("variants", cell.row, path)
            raise SweepError(f"{where}: {error}.") from None


def _setting_path(config: "Config", path: str) -> str:
    """The complete path of a setting. Raises UnknownSlotError where the config has none of that name."""
    for full in (path, f"components.{path}"):
        parent, _, key = full.rpartition(".")
        section = get_section(config, parent)
        if isinstance(section, Mapping) and (key in section or parent in ("vars", "paths")):
            return full
    parent, _, key = path.rpartition(".")
    siblings = get_section(config, parent) or get_section(config, f"components.{parent}") or {}
    known = [name for name in siblings if not name.startswith("@")]
    raise UnknownSlotError(f"The config has no setting {path}.", did_you_mean(key, known))


def _require_known_blocks(sweep: Sweep, base: "Config") -> None:
    """Raise SweepError for a block that is nowhere registered: a slip of the pen, not a misfit."""
    named = [
        ((("swaps", path, index)), path, choice.block)
        for path, choices in sweep.swaps.items()
        for index, choice in enumerate(choices)
    ]
    registry_of = {slot.path: slot.registry for slot in slots(base)}
    for location, path, block in named:
        if not isinstance(block, str):
            continue
        registry = registry_of.get(path) or registry_of.get(f"components.{path}") or "architectures"
        try:
            resolve_block(block, registry)
        except UnknownBlockError as error:
            raise SweepError(f"{sweep.where(*location)}: {error.message}", error.hint) from None


def _require_all_applied(sweep: Sweep, base: "Config", applied: set[str]) -> None:
    """Raise SweepError for an axis that applies to no variant."""
    for section, paths in (("swaps", sweep.swaps), ("overrides", sweep.settings)):
        for path in paths:
            if path in applied:
                continue
            where = sweep.where(section, path)
            try:
                _setting_path(base, path) if section == "overrides" else find_slot(base, path)
            except UnknownSlotError as error:
                raise SweepError(f"{where}: {error.message}", error.hint) from None
            raise SweepError(f"{where}: no variant has {path}: another axis removes it from all.")


def _score_name(sweep: Sweep, variants: Iterable[Variant]) -> str:
    """The score of the sweep; raises SweepError for one that no variant gives."""
    name = sweep.file.score or WEIGHTED_SCORE
    known = {WEIGHTED_SCORE, *ALWAYS_SCORED}
    weights = {score for variant in variants for score in variant.config["training"]["score_weights"]}
    known |= {score for score in weights if not score.endswith(NOT_NUMBERS)}
    if name not in known:
        raise SweepError(
            f"{sweep.where('score')}: no variant gives a score {name}.",
            did_you_mean(name, known) or f"Known: {', '.join(sorted(known))}.",
        )
    return name
