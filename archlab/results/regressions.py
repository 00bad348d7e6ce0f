"""The rules of the CI gate: what the runs of a sweep came to, compared with its baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Literal

from archlab.planning.gate_rules import GateRules, ScoreRules
from archlab.records import Json
from archlab.results.baselines import Acknowledged, Baseline
from archlab.results.gate_tests import Tested, compare_scores
from archlab.results.snapshots import Snapshot, SweepSnapshot
from archlab.results.statistics import holm

Rule = Literal["trained", "noise", "absolute", "relative", "parameters", "model_mb", "words_per_second"]
Status = Literal["ok", "failed", "acknowledged", "appeared", "vanished", "skipped", "unchanged"]

FAILS = ("failed", "vanished")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one rule says of one variant.

    variant: its row and column, as the table shows them. rule: `trained` for whether there are scores at all,
    `noise` for a drop beyond what seeds and documents explain. metric: the score, or None. status: failed and
    vanished fail the gate; skipped could not be judged.
    before, after: of the baseline and now, the mean over seeds; difference: after less before. low, high: its
    interval of 95%. p: one-sided, that a drop so large is chance, corrected for all tests of the gate. test:
    what that is by. tolerance: the drop, or share, that the rule allows.
    message: one sentence.
    """

    variant: str
    row: str
    column: str | None
    rule: Rule
    metric: str | None
    status: Status
    message: str
    before: float | None = None
    after: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    test: str | None = None
    tolerance: float | None = None

    @property
    def fails(self) -> bool:
        return self.status in FAILS

    def to_dict(self) -> Json:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the gate says. made, reason: of the baseline. changes: what differs between its runs and these.

    level: of all runs of the gate in which nothing is worse, the share that fails by chance, at most.
    """

    sweep: str
    made: date
    reason: str
    level: float
    changes: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return not any(finding.fails for finding in self.findings)

    @property
    def variants(self) -> tuple[str, ...]:
        """All that there is a finding about, in order."""
        return tuple(dict.fromkeys(finding.variant for finding in self.findings))

    @property
    def failed_variants(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.variant for finding in self.findings if finding.fails))

    def to_dict(self) -> Json:
        return {
            "schema_version": 1,
            "sweep": self.sweep,
            "passed": self.passed,
            "baseline": {"made": self.made.isoformat(), "reason": self.reason},
            "level": self.level,
            "changes": list(self.changes),
            "findings": [finding.to_dict() for finding in self.findings],
        }


def judge(
    baseline: Baseline, now: SweepSnapshot, rules: GateRules, scores: Mapping[str, ScoreRules], today: date
) -> Verdict:
    """Compare what runs came to with a baseline; pure. scores: the rules of every score that is gated."""
    before = {place.key: place for place in baseline.places}
    after = {place.key: place for place in now.places}
    findings = [_standing(before.get(place.key), place) for place in now.places]
    findings += [_vanished(place) for place in baseline.places if place.key not in after]
    both = [
        (before[place.key], place)
        for place in now.places
        if place.standing == "done" and place.key in before and before[place.key].standing == "done"
    ]
    on_gpu = now.where.device not in (None, "cpu")
    findings += _score_findings(both, scores, rules.level, on_gpu)
    findings = [_acknowledged(finding, baseline.acknowledged, scores, today) for finding in findings]
    order = {place.label: number for number, place in enumerate(now.places)}
    findings.sort(key=lambda finding: order.get(finding.variant, len(order)))
    return Verdict(
        sweep=now.sweep,
        made=baseline.made,
        reason=baseline.reason,
        level=rules.level,
        changes=tuple(_changes(baseline, now)),
        findings=tuple(findings),
    )


def _changes(baseline: Baseline, now: SweepSnapshot) -> list[str]:
    then, told = baseline.where, []
    for name in sorted({*then.versions, *now.where.versions}):
        old, new = then.versions.get(name), now.where.versions.get(name)
        if old != new:
            told.append(f"{name} {old or 'none'} -> {new or 'none'}")
    for name in ("python", "platform", "device", "threads"):
        old, new = getattr(then, name), getattr(now.where, name)
        if old != new:
            told.append(f"{name} {old} -> {new}")
    return told


def _finding(place: Snapshot, rule: Rule, status: Status, message: str, metric: str | None = None) -> Finding:
    return Finding(
        variant=place.label,
        row=place.row,
        column=place.column,
        rule=rule,
        metric=metric,
        status=status,
        message=message,
    )


def _standing(before: Snapshot | None, now: Snapshot) -> Finding:
    if before is not None and before.standing == now.standing:
        then = "" if now.standing == "done" else f", as in the baseline: {now.reason}"
        return _finding(now, "trained", "ok", f"{now.standing}{then}")
    if now.standing != "done":
        return _finding(now, "trained", "failed", f"{now.standing}: {now.reason}")
    return _finding(now, "trained", "appeared", "is new: the baseline has no scores of it")


def _vanished(place: Snapshot) -> Finding:
    return _finding(place, "trained", "vanished", "is in the baseline, and no longer in the sweep")


def _score_findings(
    both: Sequence[tuple[Snapshot, Snapshot]],
    scores: Mapping[str, ScoreRules],
    level: float,
    on_gpu: bool,
) -> list[Finding]:
    found = [
        (now, name, rules, compare_scores(before, now, name, rules.direction))
        for before, now in both
        for name, rules in scores.items()
    ]
    tested = [
        tested.p if tested is not None and rules.tolerance is not None else None
        for _, _, rules, tested in found
    ]
    corrected = holm(tested)
    findings: list[Finding] = []
    for (now, name, rules, tested_score), p in zip(found, corrected, strict=True):
        if tested_score is None:
            message = f"{name} is not known of both: the baseline's {name}, or these runs', is missing"
            findings.append(_finding(now, "trained", "failed", message, name))
            continue
        one_on_gpu = on_gpu and tested_score.seeds < 2
        findings += [
            _score_finding(now, name, rule, tested_score, p, tolerance, level, one_on_gpu)
            for rule, tolerance in _limits(rules)
        ]
    return findings


def _limits(rules: ScoreRules) -> list[tuple[Rule, float]]:
    limits: list[tuple[Rule, float | None]] = [
        ("noise", rules.tolerance),
        ("absolute", rules.absolute),
        ("relative", rules.relative),
    ]
    return [(rule, limit) for rule, limit in limits if limit is not None]


def _score_finding(
    now: Snapshot,
    name: str,
    rule: Rule,
    tested: Tested,
    p: float | None,
    tolerance: float,
    level: float,
    one_on_gpu: bool,
) -> Finding:
    status, message = _judged(rule, tested, p, tolerance, level)
    if one_on_gpu:
        status, message = "skipped", "one seed on a GPU is not judged: its scores vary from run to run"
    return replace(
        _finding(now, rule, status, message, name),
        before=tested.before,
        after=tested.after,
        difference=tested.difference,
        low=tested.low,
        high=tested.high,
        p=p if rule == "noise" else None,
        test=tested.test if rule == "noise" else None,
        tolerance=tolerance,
    )


def _judged(
    rule: Rule, tested: Tested, p: float | None, tolerance: float, level: float
) -> tuple[Status, str]:
    drop = tested.drop
    if rule == "relative":
        allowed = tolerance * abs(tested.before)
        if drop > allowed:
            share = f"{drop / abs(tested.before):.1%}" if tested.before else "of a score of 0"
            return "failed", f"worse by {share}, more than {tolerance:.1%}"
        return "ok", "within the share allowed"
    if drop <= tolerance:
        return "ok", "no worse" if drop <= 0 else "within tolerance"
    if rule == "absolute":
        return "failed", f"worse by {drop:.3f}, more than {tolerance:.3f}"
    if tested.certain:
        return "failed", f"worse by {drop:.3f} in every run alike"
    if p is None:
        return "skipped", f"worse by {drop:.3f}, and nothing tells what chance explains: train more seeds"
    if p < level:
        return "failed", f"worse by {drop:.3f}, more than the tolerance and than seeds and documents explain"
    return "ok", "within noise"


def _acknowledged(
    finding: Finding, known: Sequence[Acknowledged], scores: Mapping[str, ScoreRules], today: date
) -> Finding:
    if not finding.fails:
        return finding
    said = next(
        (
            one
            for one in known
            if (one.variant, one.rule, one.metric) == (finding.variant, finding.rule, finding.metric)
        ),
        None,
    )
    if said is None:
        return finding
    if said.until < today:
        return replace(
            finding,
            message=f'{finding.message}; it was acknowledged until {said.until} ("{said.reason}"): expired',
        )
    rules = scores.get(finding.metric or "", ScoreRules())
    if said.value is not None and finding.after is not None:
        sign = 1 if rules.direction == "higher" else -1
        if sign * (said.value - finding.after) > (finding.tolerance or 0.0):
            return replace(
                finding,
                message=f"{finding.message}; acknowledged was {said.value:.3f}, and it is worse than that",
            )
    return replace(
        finding,
        status="acknowledged",
        message=f'{finding.message}; acknowledged until {said.until}: "{said.reason}"',
    )
