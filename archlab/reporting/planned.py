"""A plan as people and programs read it, before anything is trained."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from archlab.planning.plans import Plan
from archlab.records import Json, RunSpec
from archlab.reporting.numbers import counted, some

if TYPE_CHECKING:
    from rich.console import Console


def summarize(planned: Plan, missing: Collection[RunSpec], jobs: int) -> str:
    """One line: how much there is to do, and on what."""
    variants, seeds = counted(planned.variants, "variant"), counted(planned.sweep.file.seeds, "seed")
    total = f"{variants} x {seeds} = {counted(planned.runs, 'run')}"
    unchanged = len(planned.unchanged)
    known = len(planned.runs) - len(missing) - unchanged
    counts = (f"{unchanged} unchanged, " if unchanged else "") + f"{known} known, {len(missing)} to do"
    device = planned.runs[0].device if planned.runs else "cpu"
    return f"{planned.sweep.name}: {total}; {counts}; {device} x {jobs}"


def told_changes(planned: Plan) -> Iterator[str]:
    """Lines: how many variants have changed since the plan's revision, and what git could not tell."""
    changes = planned.changes
    if changes is None:
        return
    since = f"since {changes.revision} ({changes.commit[:12]})"
    if changes.reason is not None:
        yield f"{since} all counts as changed: {changes.reason}"
        return
    left = {spec.variant_id for spec in planned.runs if spec.run_id not in changes.unchanged}
    yield f"{since} {len(left)} of {counted(planned.variants, 'variant')} changed"
    if changes.untracked:
        yield f"git does not know {some(changes.untracked)}: taken as unchanged"


def show_plan(console: "Console", planned: Plan, missing: Collection[RunSpec]) -> None:
    """A line per variant, with how many of its runs are missing."""
    labels = [item.label for item in planned.variants] + [item.label for item in planned.rejected]
    width = max(map(len, labels), default=0)
    for variant in planned.variants:
        left = sum(spec.variant_id == variant.variant_id for spec in missing)
        console.print(f"  {variant.label:<{width}}  {variant.variant_id}  {left or 'nothing'} to do")
    for rejected in planned.rejected:
        console.print(
            f"  {rejected.label:<{width}}  rejected: {rejected.findings[0].message}", soft_wrap=True
        )


def plan_json(planned: Plan, missing: Collection[RunSpec]) -> Json:
    """The plan as JSON."""
    left = {spec.run_id for spec in missing}
    return {
        "schema_version": 1,
        "sweep": planned.sweep.name,
        "score_name": planned.score_name,
        "variants": [
            {
                "variant_id": variant.variant_id,
                "variant": variant.label,
                "settings": variant.settings,
                "runs": [
                    {
                        "run_id": spec.run_id,
                        "seed": spec.seed,
                        "known": spec.run_id not in left | planned.unchanged,
                        "unchanged": spec.run_id in planned.unchanged,
                    }
                    for spec in planned.runs
                    if spec.variant_id == variant.variant_id
                ],
            }
            for variant in planned.variants
        ],
        "rejected": [
            {"variant": rejected.label, "findings": [finding.to_dict() for finding in rejected.findings]}
            for rejected in planned.rejected
        ],
    }
