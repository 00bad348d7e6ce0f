"""The CI gate, where only some places of a sweep are judged: the others have not changed."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date

from archlab.planning.gate_rules import GateRules, ScoreRules
from archlab.results.baselines import Baseline
from archlab.results.gate_findings import Finding, Verdict, found
from archlab.results.regressions import judge
from archlab.results.snapshots import Snapshot, SweepSnapshot


def judge_changed(
    baseline: Baseline,
    now: SweepSnapshot,
    rules: GateRules,
    scores: Mapping[str, ScoreRules],
    today: date,
    unchanged: Collection[str],
) -> Verdict:
    """What `judge` says, with the places that have not changed told as such, whatever stands there; pure.

    unchanged: their labels.
    """
    left = [place for place in now.places if place.label in unchanged]
    keys = {place.key for place in left}
    verdict = judge(
        baseline.model_copy(update={"places": _without(baseline.places, keys)}),
        now.model_copy(update={"places": _without(now.places, keys)}),
        rules,
        scores,
        today,
    )
    order = {place.label: number for number, place in enumerate(now.places)}
    findings = sorted(
        (*verdict.findings, *map(_told, left)), key=lambda one: order.get(one.variant, len(order))
    )
    ran = any(place.standing == "done" for place in now.places)
    return replace(verdict, findings=tuple(findings), changes=verdict.changes if ran else ())


def _without(places: tuple[Snapshot, ...], keys: Collection[tuple[str, str | None]]) -> tuple[Snapshot, ...]:
    return tuple(place for place in places if place.key not in keys)


def _told(place: Snapshot) -> Finding:
    return found(place, "trained", "unchanged", "it is what it was: not trained, and not judged")
