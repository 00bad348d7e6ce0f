"""What the CI gate finds, as frozen data."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

from archlab.records import Json
from archlab.results.snapshots import Snapshot

Rule = Literal["trained", "noise", "absolute", "relative", "parameters", "model_mb", "words_per_second"]
Status = Literal["ok", "failed", "acknowledged", "appeared", "vanished", "skipped", "noise", "unchanged"]

FAILS = ("failed", "vanished")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one rule says of one variant.

    variant: its label; row, column: where the table shows it. slot: the first that is swapped or set in it,
    and file, line: where; None where that is not known. rule: `trained` for whether there are scores at all,
    `noise` for a drop beyond the tolerance and what seeds and documents explain. metric: the score, or None.
    status: failed and vanished fail the gate; skipped could not be judged, unchanged was not to be; noise
    is a drop that passes. changed: what of config, data and code is not as it was.
    before, after: in the baseline and now, the mean over seeds, of costs the median; difference: after less
    before, of costs as a share of before. low, high: its interval of 95%. p: one-sided, that chance makes
    such a drop, corrected for all tests of scores, or of speeds (Holm); test: which test. tolerance: how much
    worse, as a difference or for `relative` and costs as a share, the rule allows.
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
    changed: tuple[str, ...] = ()
    slot: str | None = None
    file: str | None = None
    line: int | None = None

    @property
    def fails(self) -> bool:
        return self.status in FAILS

    @property
    def name(self) -> str:
        """What the rule is about: the score, or the rule itself."""
        return self.metric or self.rule

    def to_dict(self) -> Json:
        return {**asdict(self), "changed": list(self.changed)}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the gate says of a sweep. made, reason: of the baseline.

    changes: what differs between the versions, machine and dev documents of the baseline and these. level: of
    all gates in which nothing has become worse, the share that fails by chance, at most.
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
    def failed(self) -> tuple[str, ...]:
        """The variants of which something fails."""
        return tuple(dict.fromkeys(finding.variant for finding in self.findings if finding.fails))

    def to_dict(self) -> Json:
        """As JSON; what is not known is null."""
        return {
            "schema_version": 1,
            "sweep": self.sweep,
            "passed": self.passed,
            "baseline": {"made": self.made.isoformat(), "reason": self.reason},
            "level": self.level,
            "changes": list(self.changes),
            "findings": [finding.to_dict() for finding in self.findings],
        }


def found(place: Snapshot, rule: Rule, status: Status, message: str, metric: str | None = None) -> Finding:
    """A finding about a place, without numbers."""
    return Finding(
        variant=place.label,
        row=place.row,
        column=place.column,
        rule=rule,
        metric=metric,
        status=status,
        message=message,
    )
