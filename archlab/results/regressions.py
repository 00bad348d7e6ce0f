"""The verdict of the CI gate: what the runs of a sweep came to, by every rule, beside its baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from archlab.planning.gate_rules import GateRules, ScoreRules
from archlab.results.baselines import Acknowledged, Baseline
from archlab.results.gate_costs import Sides, size_findings, slowing, speed_finding
from archlab.results.gate_findings import Finding as Finding
from archlab.results.gate_findings import Verdict as Verdict
from archlab.results.gate_findings import found
from archlab.results.gate_scores import score_cases, score_findings
from archlab.results.layouts import BASE, is_base
from archlab.results.snapshots import Snapshot, SweepSnapshot, Where
from archlab.results.statistics import holm


def judge(
    baseline: Baseline, now: SweepSnapshot, rules: GateRules, scores: Mapping[str, ScoreRules], today: date
) -> Verdict:
    """Compare what runs came to with a baseline; pure. scores: the rules of every score that is gated.

    Raises BaselineError for documents in the baseline that cannot be read.
    """
    then = {place.key: place for place in baseline.places}
    there = {place.key for place in now.places}
    findings = [_standing(then.get(place.key), place) for place in now.places]
    findings += [
        found(place, "trained", "vanished", "it is in the baseline, and not in the sweep")
        for place in baseline.places
        if place.key not in there and place.standing == "done"
    ]
    both = [
        (then[place.key], place)
        for place in now.places
        if place.key in then and then[place.key].standing == place.standing == "done"
    ]
    changed = {now.label: _changed(then, now) for then, now in both}
    findings += _measured(both, rules, scores, (baseline.where.device, now.where.device))
    findings = [replace(one, changed=changed.get(one.variant, ())) for one in findings]
    order = {place.label: number for number, place in enumerate(now.places)}
    findings.sort(key=lambda finding: order.get(finding.variant, len(order)))
    return Verdict(
        sweep=now.sweep,
        made=baseline.made,
        reason=baseline.reason,
        level=rules.level,
        changes=(*_changes(baseline.where, now.where), *_other_documents(both)),
        findings=tuple(_acknowledged(one, baseline.acknowledged, scores, today) for one in findings),
    )


def _standing(then: Snapshot | None, now: Snapshot) -> Finding:
    """Whether a variant has scores, and had."""
    if now.standing == "done":
        if then is not None and then.standing == "done":
            return found(now, "trained", "ok", "trained, as in the baseline")
        return found(now, "trained", "appeared", "new: the baseline has no scores of it; --update adds them")
    if then is not None and then.standing == now.standing == "rejected":
        return found(now, "trained", "ok", f"rejected, as in the baseline: {now.reason}")
    return found(now, "trained", "failed", f"{now.standing}: {now.reason}")


def _measured(
    both: Sequence[Sides],
    rules: GateRules,
    scores: Mapping[str, ScoreRules],
    devices: tuple[str | None, str | None],
) -> list[Finding]:
    """By the rules for scores and costs. All p of scores are corrected together, and all of speeds.

    devices: of the baseline and now.
    """
    on_gpu = any(device not in (None, "cpu") for device in devices)
    cases = score_cases(both, scores)
    limit = rules.costs.words_per_second
    timed = [] if limit is None else [sides for sides in both if not is_reference(sides[1].row, rules)]
    same_device = devices[0] == devices[1]
    slowed = [slowing(sides, _reference(both, sides, rules)) if same_device else None for sides in timed]
    findings: list[Finding] = []
    for case, p in zip(cases, holm([case.p for case in cases]), strict=True):
        findings += score_findings(case, p, rules.level, on_gpu=on_gpu)
    for sides in both:
        findings += size_findings(sides, rules.costs)
    p_of_slower = holm([one.p if one else None for one in slowed])
    for (_, now), one, p in zip(timed, slowed, p_of_slower, strict=True):
        findings.append(speed_finding(now, one, p, limit or 0.0, rules.level))
    return findings


def _changed(then: Snapshot, now: Snapshot) -> tuple[str, ...]:
    return tuple(name for name in ("config", "data", "code") if getattr(then, name) != getattr(now, name))


def is_reference(row: str, rules: GateRules) -> bool:
    """Whether words per second are compared with those of this row."""
    return is_base(row) if rules.reference in (None, BASE) else row == rules.reference


def _reference(both: Sequence[Sides], of: Sides, rules: GateRules) -> Sides | None:
    """The reference variant in the same column."""
    return next(
        (sides for sides in both if sides[1].column == of[1].column and is_reference(sides[1].row, rules)),
        None,
    )


def _changes(then: Where, now: Where) -> list[str]:
    """What differs in versions and machine."""
    names = sorted({*then.versions, *now.versions})
    pairs = [(name, then.versions.get(name), now.versions.get(name)) for name in names]
    pairs += [
        ("python", then.python, now.python),
        ("platform", then.platform, now.platform),
        ("device", then.device, now.device),
    ]
    return [f"{name} {old or 'none'} -> {new or 'none'}" for name, old, new in pairs if old != new]


def _other_documents(both: Sequence[Sides]) -> list[str]:
    """Whether variants are scored on other documents than then: scores are hard to compare."""
    known = [sides for sides in both if all(place.dev_digest is not None for place in sides)]
    others = sum(then.dev_digest != now.dev_digest for then, now in known)
    return [f"other dev documents in {others} of {len(known)} variants"] if others else []


def _acknowledged(
    finding: Finding, known: Sequence[Acknowledged], scores: Mapping[str, ScoreRules], today: date
) -> Finding:
    """The finding, or what an acknowledgement makes of it."""
    said = next((one for one in known if one.is_about(finding)), None)
    if said is None or not finding.fails:
        return finding
    if said.until < today:
        told = f'{finding.message}; acknowledged until {said.until} ("{said.reason}"), which has expired'
        return replace(finding, message=told)
    if _is_worse(finding, said, scores):
        return replace(
            finding, message=f"{finding.message}; worse than what was acknowledged ({said.value:g})"
        )
    told = f'{finding.message}; acknowledged until {said.until}: "{said.reason}"'
    return replace(finding, status="acknowledged", message=told)


def _is_worse(finding: Finding, said: Acknowledged, scores: Mapping[str, ScoreRules]) -> bool:
    """Whether it has become worse than was acknowledged, by more than the rule allows a variant to become."""
    if said.value is None or finding.after is None:
        return False
    if finding.metric is None:
        lower_is_better = finding.rule != "words_per_second"
        allowed = (finding.tolerance or 0.0) * said.value
    else:
        lower_is_better = scores[finding.metric].direction == "lower"
        allowed = (finding.tolerance or 0.0) * (abs(said.value) if finding.rule == "relative" else 1.0)
    worse = finding.after - said.value if lower_is_better else said.value - finding.after
    return worse > allowed
