"""What the CI gate says, in words: the same in a terminal, on a page, and for a machine's reports."""

from archlab.reporting.numbers import compact, difference, p_text, score
from archlab.results.gate_findings import Finding, Verdict

LABELS = {
    "failed": "FAIL",
    "vanished": "GONE",
    "acknowledged": "known",
    "skipped": "skip",
    "appeared": "new",
    "noise": "ok",
    "ok": "ok",
    "unchanged": "same",
}
"""Of each status, the worst first."""

RULES = {"model_mb": "model MB", "words_per_second": "words/s, ratio to the reference"}


def compared_with(verdict: Verdict, file: str) -> str:
    """What was compared, and first what differs in versions and machine."""
    changes = f"; {', '.join(verdict.changes)}" if verdict.changes else ""
    return f'compared with {file} ({verdict.made}, "{verdict.reason}"){changes}'


def told_ones(verdict: Verdict) -> list[Finding]:
    """The findings that are told one by one, the worst first: all but those that are plainly fine."""
    told = [one for one in verdict.findings if one.status not in ("ok", "unchanged")]
    return sorted(told, key=lambda one: list(LABELS).index(one.status))


def left_over(verdict: Verdict) -> int:
    """How many variants have nothing that is told."""
    return len(verdict.variants) - len({one.variant for one in told_ones(verdict)}) - unchanged(verdict)


def unchanged(verdict: Verdict) -> int:
    """How many variants were not judged, because they are what they were."""
    return sum(one.status == "unchanged" for one in verdict.findings)


def outcome(verdict: Verdict) -> str:
    """How it ends: `1 of 6 failed.`, `2 passed, 4 unchanged.`"""
    same = unchanged(verdict)
    judged = len(verdict.variants) - same
    ending = f", {same} unchanged." if same else "."
    return (f"{judged} passed" if verdict.passed else f"{len(verdict.failed)} of {judged} failed") + ending


def about(finding: Finding) -> str:
    """What a finding is about: the score, or the cost; nothing where it is the whole variant."""
    if finding.metric is not None:
        return finding.metric
    return "" if finding.rule == "trained" else RULES.get(finding.rule, finding.rule)


def numbers(finding: Finding) -> str:
    """`.641 -> .602  -.039 (95% -.052 .. -.026)`; empty where there are none."""
    before, after, changed = finding.before, finding.after, finding.difference
    if before is None or after is None or changed is None:
        return ""
    if finding.metric is None:
        show = score if finding.rule == "words_per_second" else compact
        return f"{show(before)} -> {show(after)}  {changed:+,.1%}"
    text = f"{score(before)} -> {score(after)}  {difference(changed)}"
    if finding.low is not None and finding.high is not None:
        text += f" (95% {difference(finding.low)} .. {difference(finding.high)})"
    return text


def allowed(finding: Finding) -> str:
    """`tolerance .010, p .003`; empty where the rule has no limit."""
    if finding.tolerance is None:
        return ""
    limit = {
        "noise": f"tolerance {score(finding.tolerance)}",
        "absolute": f"may lose {score(finding.tolerance)}",
        "parameters": f"may grow by {finding.tolerance:.1%}",
        "model_mb": f"may grow by {finding.tolerance:.1%}",
    }.get(finding.rule, f"may lose {finding.tolerance:.1%}")
    return limit if finding.p is None else f"{limit}, p {p_text(finding.p)}"


def where(finding: Finding) -> str:
    """`textcat.model, configs/sweep.yml:12`: the slot, and where it stands."""
    place = ":".join(str(part) for part in (finding.file, finding.line) if part)
    return ", ".join(part for part in (finding.slot, place) if part)


def sentence(finding: Finding) -> str:
    """A finding in full, on one line, without the variant's name."""
    changed = f"changed: {', '.join(finding.changed)}" if finding.fails and finding.changed else ""
    parts = (about(finding), numbers(finding), allowed(finding), finding.message, finding.test or "", changed)
    return "; ".join(part for part in parts if part)
