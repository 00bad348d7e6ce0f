"""The CI gate, where only some places of a sweep are judged: the others have not changed."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date

from archlab.planning.gate_rules import GateRules, ScoreRules
from archlab.results.baselines import Baseline
from archlab.results.regressions import Finding, Verdict, judge
from archlab.results.snapshots import Snapshot, SweepSnapshot

Key = tuple[str, str | None]
"""What a place is found by: `Snapshot.key`."""


def judge_changed(
    baseline: Baseline,
    now: SweepSnapshot,
    rules: GateRules,
    scores: Mapping[str, ScoreRules],
    today: date,
    unchanged: Collection[Key],
) -> Verdict:
    """What `judge` says, with the places that have not changed told as such, whatever stands there; pure."""
    verdict = judge(
        baseline.model_copy(update={"places": _without(baseline.places, unchanged)}),
        now.model_copy(update={"places": _without(now.places, unchanged)}),
        rules,
        scores,
        today,
    )
    left = [_told(place) for place in now.places if place.key in unchanged]
    order = {place.label: number for number, place in enumerate(now.places)}
    findings = sorted((*verdict.findings, *left), key=lambda one: order.get(one.variant, len(order)))
    return replace(verdict, findings=tuple(findings))


def _without(places: tuple[Snapshot, ...], unchanged: Collection[Key]) -> tuple[Snapshot, ...]:
    return tuple(place for place in places if place.key not in unchanged)


def _told(place: Snapshot) -> Finding:
    return Finding(
        variant=place.label,
        row=place.row,
        column=place.column,
        rule="trained",
        metric=None,
        status="unchanged",
        message="is what it was: not trained, and not judged",
    )
