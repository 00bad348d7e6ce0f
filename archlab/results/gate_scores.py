"""The gate's rules for scores: drops beyond noise, absolute and relative ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from archlab.planning.gate_rules import ScoreRules
from archlab.results.gate_findings import Finding, Rule, Status, found
from archlab.results.gate_tests import Tested, compare_scores
from archlab.results.snapshots import Snapshot

ONE_ON_GPU = "one seed on a GPU is not judged: it gives another score each time; train more seeds"


@dataclass(frozen=True, kw_only=True)
class ScoreCase:
    """One score of one variant, as it is to be judged. tested: None where one side has no such score."""

    before: Snapshot
    now: Snapshot
    metric: str
    rules: ScoreRules
    tested: Tested | None

    @property
    def p(self) -> float | None:
        """Of the test, where there is a rule that asks for it."""
        return self.tested.p if self.tested is not None and self.rules.tolerance is not None else None


def score_cases(
    both: Sequence[tuple[Snapshot, Snapshot]], scores: Mapping[str, ScoreRules]
) -> list[ScoreCase]:
    """both: places of the baseline and of now. Raises BaselineError for documents that cannot be read."""
    return [
        ScoreCase(
            before=before,
            now=now,
            metric=name,
            rules=rules,
            tested=compare_scores(before, now, name, rules.direction),
        )
        for before, now in both
        for name, rules in scores.items()
    ]


def score_findings(case: ScoreCase, p: float | None, level: float, *, on_gpu: bool) -> list[Finding]:
    """One finding for each rule of a score. p: that of the case, corrected for all scores."""
    tested = case.tested
    if tested is None:
        return [_without_score(case)]
    return [
        _finding(case, tested, rule, limit, _judged(rule, limit, tested, p, level, on_gpu=on_gpu), p)
        for rule, limit in _limits(case.rules)
    ]


def _without_score(case: ScoreCase) -> Finding:
    then = case.before.scores.get(case.metric)
    if then is None or not then.seeds:
        message = "the baseline has no such score: --update keeps it"
        return found(case.now, "noise", "appeared", message, case.metric)
    return found(case.now, "noise", "failed", "these runs do not all have such a score", case.metric)


def _limits(rules: ScoreRules) -> list[tuple[Rule, float]]:
    limits: list[tuple[Rule, float | None]] = [
        ("noise", rules.tolerance),
        ("absolute", rules.absolute),
        ("relative", rules.relative),
    ]
    return [(rule, limit) for rule, limit in limits if limit is not None]


def _finding(
    case: ScoreCase,
    tested: Tested,
    rule: Rule,
    limit: float,
    judged: tuple[Status, str],
    p: float | None,
) -> Finding:
    status, message = judged
    by_test = rule == "noise"
    return replace(
        found(case.now, rule, status, message, case.metric),
        before=tested.before,
        after=tested.after,
        difference=tested.difference,
        low=tested.low,
        high=tested.high,
        p=p if by_test else None,
        test=tested.test if by_test else None,
        tolerance=limit,
    )


def _judged(
    rule: Rule, limit: float, tested: Tested, p: float | None, level: float, *, on_gpu: bool
) -> tuple[Status, str]:
    """What a rule says. A drop is compared as it is kept, so that one of just the tolerance passes."""
    if on_gpu and tested.seeds < 2:
        return "skipped", ONE_ON_GPU
    drop = round(tested.drop, 9)
    if drop <= 0:
        return "ok", "not worse"
    if rule == "relative":
        return _judged_as_share(drop, abs(tested.before), limit)
    if drop <= limit:
        return "ok", "within the tolerance"
    if rule == "absolute":
        return "failed", "a larger drop than may be"
    if tested.certain:
        return "failed", "a larger drop than the tolerance, the same in all runs"
    if p is None:
        return "skipped", "one seed, and its documents are not known: nothing tells what chance does"
    if p < level:
        return "failed", "a larger drop than the tolerance, which seeds and documents do not explain"
    return "noise", "within noise"


def _judged_as_share(drop: float, of: float, limit: float) -> tuple[Status, str]:
    if drop <= round(limit * of, 9):
        return "ok", "within the share that may be lost"
    return "failed", "a larger share is lost than may be"
