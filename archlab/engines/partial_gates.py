"""The CI gate for what has changed alone: what is trained and judged although it has not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from archlab.configs.fingerprints import VERSIONED, installed_versions
from archlab.errors import UsageError
from archlab.planning.changes import Changes
from archlab.planning.gate_rules import GateRules
from archlab.planning.plans import Plan
from archlab.planning.revisions import Repository
from archlab.planning.sweeps import Sweep
from archlab.records import Placement
from archlab.results.baselines import Baseline
from archlab.results.regressions import is_reference


def require_all(changed_since: str | None) -> None:
    """Raise UsageError where a baseline would be made of a part of a sweep."""
    if changed_since is not None:
        raise UsageError(
            "--update and --changed-since do not go together: a baseline is of all variants.",
            "Leave out --changed-since.",
        )


def to_be_judged(planned: Plan, rules: GateRules, baseline: Baseline, file: Path) -> Plan:
    """The plan, with what is trained although it has not changed since the plan's revision.

    file: the baseline's. All where the gate is another one than at the revision; variants whose
    acknowledgement has expired; and the reference, where words per second of others are judged by it.
    """
    changes = planned.changes
    if changes is None or not planned.unchanged:
        return planned
    reason = _other_gate(planned.sweep, changes, baseline, file)
    if reason is not None:
        return replace(planned, changes=replace(changes, unchanged=frozenset(), reason=reason))
    expired = {one.variant for one in baseline.acknowledged if one.until < datetime.now(UTC).date()}
    left = planned.unchanged - _runs(planned, lambda place: place.label in expired)
    if rules.costs.words_per_second is not None and left < {spec.run_id for spec in planned.runs}:
        left -= _runs(planned, lambda place: is_reference(place.row, rules))
    return (
        planned if left == planned.unchanged else replace(planned, changes=replace(changes, unchanged=left))
    )


def _other_gate(sweep: Sweep, changes: Changes, baseline: Baseline, file: Path) -> str | None:
    """Why what passed at a revision may fail now, although it is the same; None where it may not."""
    then, here = baseline.where.versions, installed_versions()
    others = [name for name in VERSIONED if then.get(name) != here.get(name)]
    if others:
        told = "; ".join(f"{name} {then.get(name)}, here {here.get(name)}" for name in others)
        return f"the baseline was made with {told}"
    if changes.other_rules:
        return "the sweep had other rules for the gate then"
    repository = Repository.around(sweep.path.resolve().parent)
    inside = repository.within(file)
    if inside is None or not repository.had(changes.commit, inside):
        return f"git did not know {file} then"
    return f"{file} is another one by now" if repository.differing(changes.commit, [inside]) else None


def _runs(planned: Plan, is_meant: Callable[[Placement], bool]) -> set[str]:
    """The ids of the runs of some places of the table."""
    variants = {place.variant_id for place in planned.placements if is_meant(place)}
    return {spec.run_id for spec in planned.runs if spec.variant_id in variants}
