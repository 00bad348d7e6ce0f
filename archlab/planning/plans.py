"""From a sweep to its variants and runs: every config is made and checked before anything is trained."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.checking.building_apart import building_apart
from archlab.checking.checks import check, merge_findings
from archlab.checking.isolating import SECONDS
from archlab.configs.fingerprints import digest
from archlab.configs.loading import Source, read_config
from archlab.configs.slotting import find_slot
from archlab.errors import SweepError, UnknownSlotError, UsageError, did_you_mean
from archlab.planning.cells import cells, complete_path
from archlab.planning.changes import Changes, changes_since
from archlab.planning.runs import RunSettings, make_variant
from archlab.planning.sweeps import Sweep, load_sweep
from archlab.planning.variants import VariantMaker, setting_path
from archlab.records import WEIGHTED_SCORE, Placement, Rejected, Report, RunSpec, Variant

if TYPE_CHECKING:
    from confection import Config

ALWAYS_SCORED = ("token_acc", "token_p", "token_r", "token_f")
NOT_NUMBERS = ("_per_type", "_per_feat", "_desc")
"""The ends of score names under which spaCy gives tables and texts."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a sweep comes to.

    scores_beside: more scores for the table. variants: trained, each once, in the order of the sweep.
    placements: where they stand in the table, some perhaps in several places. rejected: those that check
    forbids, with its findings. runs: variant by variant, seed by seed.
    report: all that check had to say, each cause once. changes: since a revision of git; runs that were
    the same then are left as they are.
    """

    sweep: Sweep
    score_name: str
    scores_beside: tuple[str, ...]
    variants: tuple[Variant, ...]
    placements: tuple[Placement, ...]
    rejected: tuple[Rejected, ...]
    runs: tuple[RunSpec, ...]
    report: Report
    changes: Changes | None = None

    @property
    def unchanged(self) -> frozenset[str]:
        """The ids of the runs that are left as they are; none where no revision was named."""
        return frozenset() if self.changes is None else self.changes.unchanged

    @property
    def cache_key(self) -> str:
        """`archlab-<sweep>-<12 hex digits>`: another one exactly when the sweep has other runs."""
        return f"archlab-{self.sweep.name}-{digest(sorted(spec.run_id for spec in self.runs))}"


def plan(
    sweep: Sweep | str | Path,
    *,
    code: Sequence[str | Path] = (),
    device: str = "cpu",
    gpu_id: int = -1,
    overrides: Mapping[str, Any] | None = None,
    level: str = "build",
    seconds: float = SECONDS,
    changed_since: str | None = None,
    on_variant: Callable[[int, int], None] | None = None,
) -> Plan:
    """Make and check every variant of a sweep, and list its runs.

    code: files that register blocks, which the caller has imported. device: `cpu` or the GPU's model.
    overrides: set in the base, dotted path -> value. level, seconds: as for `check`.
    changed_since: a revision of git; variants that were the same then are not trained.
    on_variant: told (done, of how many) as it works.

    Raises SweepError for a block that is not registered and for a slot, setting or score that no variant
    has; ConfigError for a base that cannot be read; UsageError for an override that the sweep sets itself;
    and what `changes_since` raises.
    """
    sweep = sweep if isinstance(sweep, Sweep) else load_sweep(sweep)
    base, source = _read_base(sweep, overrides or {})
    todo = list(cells(sweep))
    maker = VariantMaker(
        sweep, base, partial(check, level=level, source=source, code=code, seconds=seconds, for_training=True)
    )
    with building_apart():
        for number, cell in enumerate(todo, 1):
            maker.add(cell)
            if on_variant is not None:
                on_variant(number, len(todo))
    if not maker.rejected:  # a rejected variant stops at the change that cannot be made
        _require_all_applied(sweep, base, maker.applied)
    variants = tuple(maker.variants.values())
    score_name, *beside = _score_names(sweep, variants or [make_variant(base, "base")])
    settings = RunSettings(
        sweep=sweep.name,
        score_name=score_name,
        code=code,
        device=device,
        gpu_id=gpu_id,
        limits=sweep.limits,
    )
    runs = settings.runs(variants, sweep.file.seeds)
    changes = None
    if changed_since is not None:
        changes = changes_since(changed_since, sweep, runs, code=code, gpu_id=gpu_id, overrides=overrides)
    return Plan(
        sweep=sweep,
        score_name=score_name,
        scores_beside=tuple(beside),
        variants=variants,
        placements=tuple(maker.placements.values()),
        rejected=tuple(maker.rejected),
        runs=runs,
        report=merge_findings(maker.reports),
        changes=changes,
    )


def _read_base(sweep: Sweep, overrides: Mapping[str, Any]) -> "tuple[Config, Source]":
    for path in overrides:
        if path in ("training.seed", "system.seed"):
            raise UsageError(f"{path} is set by the sweep's `seeds`.", f"Change seeds: in {sweep.path}.")
    if not sweep.base.is_file():
        raise SweepError(
            f"{sweep.where('base')}: there is no config {sweep.base}.", "base: is relative to the sweep."
        )
    base, source = read_config(sweep.base, overrides)
    set_here = {complete_path(base, path) for path in sweep.settings}
    for path in overrides:
        if complete_path(base, path) in set_here:
            raise UsageError(
                f"{sweep.path} sets {path} itself.", "Change it there, or remove it from the sweep."
            )
    return base, source


def _require_all_applied(sweep: Sweep, base: "Config", applied: set[str]) -> None:
    """Raise SweepError for an axis that applies to no variant."""
    for section, paths in (("swaps", sweep.swaps), ("overrides", sweep.settings)):
        for path in paths:
            if path in applied:
                continue
            where = sweep.where(section, path)
            try:
                setting_path(base, path) if section == "overrides" else find_slot(base, path)
            except UnknownSlotError as error:
                raise SweepError(f"{where}: {error.message}", error.hint) from None
            raise SweepError(f"{where}: no variant has {path}: another axis removes it from all.")


def _score_names(sweep: Sweep, variants: Iterable[Variant]) -> Iterator[str]:
    """The score of the sweep, then those beside it; raises SweepError for one that no variant gives."""
    known = known_scores(variants)
    for name in sweep.file.regress.scores:
        _require_score(name, known, sweep.where("regress", "scores", name))
    named: list[tuple[str, tuple[str | int, ...]]] = [(sweep.file.score or WEIGHTED_SCORE, ("score",))]
    named += [(name, ("table", "scores", number)) for number, name in enumerate(sweep.file.table.scores)]
    for name, location in named:
        _require_score(name, known, sweep.where(*location))
        yield name


def known_scores(variants: Iterable[Variant]) -> set[str]:
    """The names of the numbers that a scorer gives for variants."""
    weights = {score for variant in variants for score in variant.config["training"]["score_weights"]}
    numbers = {score for score in weights if not score.endswith(NOT_NUMBERS)}
    return {WEIGHTED_SCORE, *ALWAYS_SCORED} | numbers


def _require_score(name: str, known: set[str], where: str) -> None:
    if name not in known:
        raise SweepError(
            f"{where}: no variant gives a score {name}.",
            did_you_mean(name, known) or f"Known: {', '.join(sorted(known))}.",
        )
