"""A plan as people and programs read it, before anything is trained."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from archlab.planning.plans import Plan
from archlab.records import Json, RunSpec
from archlab.reporting.numbers import counted

if TYPE_CHECKING:
    from rich.console import Console


def summarize(planned: Plan, missing: Collection[RunSpec], jobs: int) -> str:
    """One line: how much there is to do, and on what."""
    variants, seeds = counted(planned.variants, "variant"), counted(planned.sweep.file.seeds, "seed")
    total = f"{variants} x {seeds} = {counted(planned.runs, 'run')}"
    known = len(planned.runs) - len(missing)
    device = planned.runs[0].device if planned.runs else "cpu"
    return f"{planned.sweep.name}: {total}; {known} known, {len(missing)} to do; {device} x {jobs}"


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
                    {"run_id": spec.run_id, "seed": spec.seed, "known": spec.run_id not in left}
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
