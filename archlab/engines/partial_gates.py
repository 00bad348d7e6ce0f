"""The CI gate for what has changed alone: what is trained and judged although it has not."""

from dataclasses import replace

from archlab.configs.fingerprints import VERSIONED, installed_versions
from archlab.errors import UsageError
from archlab.planning.gate_rules import GateRules
from archlab.planning.plans import Plan
from archlab.results.baselines import Baseline
from archlab.results.regressions import is_reference


def require_all(changed_since: str | None) -> None:
    """Raise UsageError where a baseline would be made of a part of a sweep."""
    if changed_since is not None:
        raise UsageError(
            "--update and --changed-since do not go together: a baseline is of all variants.",
            "Leave out --changed-since.",
        )


def to_be_judged(planned: Plan, rules: GateRules, baseline: Baseline) -> Plan:
    """The plan, with what is trained although it has not changed since the plan's revision.

    All where the baseline was made with other versions of what results depend on; the reference, where words
    per second are judged by it.
    """
    if planned.changes is None or not planned.unchanged:
        return planned
    then, here = baseline.where.versions, installed_versions()
    others = [name for name in VERSIONED if then.get(name) != here.get(name)]
    if others:
        told = "; ".join(f"{name} {then.get(name)}, here {here.get(name)}" for name in others)
        reason = f"the baseline was made with {told}"
        return replace(planned, changes=replace(planned.changes, unchanged=frozenset(), reason=reason))
    if rules.costs.words_per_second is None or planned.unchanged >= {spec.run_id for spec in planned.runs}:
        return planned
    references = {place.variant_id for place in planned.placements if is_reference(place.row, rules)}
    measured = {spec.run_id for spec in planned.runs if spec.variant_id in references}
    return replace(planned, changes=replace(planned.changes, unchanged=planned.unchanged - measured))
