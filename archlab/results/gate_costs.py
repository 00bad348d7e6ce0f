"""The gate's rules for costs: parameters, the size of the model, words per second."""

from dataclasses import dataclass, replace
from math import exp, log
from statistics import fmean

from archlab.planning.gate_rules import CostRules
from archlab.results.gate_findings import Finding, Rule, Status, found
from archlab.results.snapshots import Snapshot

BYTES_PER_MB = 1e6

LEAST = 1e-6
"""Megabytes or parameters; less is nothing."""

Sides = tuple[Snapshot, Snapshot]
"""The same place in the baseline, and now."""


@dataclass(frozen=True, kw_only=True)
class Slowing:
    """Words per second as a ratio to the reference's, geometric means over seeds; p: one-sided, or None."""

    before: float
    after: float
    p: float | None

    @property
    def lost(self) -> float:
        """The share of the speed that is lost."""
        return 1 - self.after / self.before


def size_findings(sides: Sides, rules: CostRules) -> list[Finding]:
    """Parameters and model MB are known exactly: no more than the share that they may grow by."""
    before, now = sides
    limits: list[tuple[Rule, float | None, float | None, float | None]] = [
        ("parameters", rules.parameters, before.parameters, now.parameters),
        ("model_mb", rules.model_mb, _megabytes(before), _megabytes(now)),
    ]
    return [
        _size_finding(now, rule, limit, old, new) for rule, limit, old, new in limits if limit is not None
    ]


def slowing(sides: Sides, reference: Sides | None) -> Slowing | None:
    """How a variant's speed has changed beside the reference's; None where one of the four is not known, or
    was measured on another machine than the reference.

    Machines differ, so only the ratio to what the same machine did with the reference counts. Speeds of
    seeds vary as they are measured, in logarithms alike for all: a t-test of the four means.
    """
    if reference is None:
        return None
    of_four = [place.words_per_second.seeds.values() for pair in (sides, reference) for place in pair]
    then, now = zip(sides, reference, strict=True)
    if not all(of_four) or not all(map(_are_of_one_machine, (then, now))):
        return None
    logarithms = [[log(speed) for speed in speeds] for speeds in of_four]
    before, after, reference_before, reference_after = map(fmean, logarithms)
    change = (after - reference_after) - (before - reference_before)
    return Slowing(
        before=exp(before - reference_before),
        after=exp(after - reference_after),
        p=_p_of_slower(change, logarithms),
    )


def _are_of_one_machine(places: Sides) -> bool:
    one, reference = (place.words_per_second for place in places)
    return one.machine == reference.machine and one.is_of_one_machine


def speed_finding(
    now: Snapshot, slowed: Slowing | None, p: float | None, limit: float, level: float
) -> Finding:
    """p: corrected for all speeds."""
    if slowed is None:
        message = "its speed and the reference's were not measured together, in the baseline and now"
        return found(now, "words_per_second", "skipped", message)
    status: Status = "ok"
    message = "within the share that may be lost" if slowed.lost > 0 else "not slower"
    if slowed.lost > limit:
        status, message = "noise", "slower, within noise"
        if p is None:
            status, message = "skipped", "slower, but one seed tells nothing of how measurements vary"
        elif p < level:
            status, message = "failed", "slower than may be, beside the reference"
    return replace(
        found(now, "words_per_second", status, message),
        before=slowed.before,
        after=slowed.after,
        difference=slowed.after / slowed.before - 1,
        p=p,
        test=None if p is None else "t-test of the speeds of all seeds, beside the reference's",
        tolerance=limit,
    )


def _size_finding(now: Snapshot, rule: Rule, limit: float, old: float | None, new: float | None) -> Finding:
    if old is None or new is None:
        return found(now, rule, "skipped", "it is not known of both the baseline and these runs")
    grown = new / old - 1 if old >= LEAST else float(new > LEAST)
    status: Status = "failed" if new > round(old * (1 + limit), 9) else "ok"
    message = "more than may be" if status == "failed" else "within the share that it may grow"
    return replace(
        found(now, rule, status, message if new > old else "not more"),
        before=old,
        after=new,
        difference=grown,
        tolerance=limit,
    )


def _megabytes(place: Snapshot) -> float | None:
    return None if place.model_bytes is None else place.model_bytes / BYTES_PER_MB


def _p_of_slower(change: float, groups: list[list[float]]) -> float | None:
    """One-sided; None where no group has two seeds, or nothing varies."""
    from scipy.special import stdtr

    df = sum(len(group) - 1 for group in groups)
    squares = sum((value - fmean(group)) ** 2 for group in groups for value in group)
    if not df or not squares:
        return None
    error = (squares / df * sum(1 / len(group) for group in groups)) ** 0.5
    return float(stdtr(df, change / error))
