"""The check: one layer of proof after the other, all findings at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from archlab.checking.building import check_builds
from archlab.checking.corpora import missing_corpora
from archlab.checking.isolating import SECONDS
from archlab.checking.labels import check_labels
from archlab.checking.probing import check_probe, unprobed
from archlab.checking.structure import check_structure
from archlab.checking.typing import SHOWN_WHEN_RUN, check_types, doubtful_misfits
from archlab.configs.filling import SECTION_ORDER
from archlab.configs.loading import Source, as_config, interpolated
from archlab.errors import UsageError, did_you_mean
from archlab.memory import Memory
from archlab.records import Finding, Report

if TYPE_CHECKING:
    from confection import Config

Level = Literal["types", "build", "probe"]
LEVELS: tuple[Level, ...] = get_args(Level)
SEVERITIES = ("error", "warning", "note")


def check(
    config: "Config",
    level: str = "build",
    *,
    source: Source | None = None,
    code: Sequence[str | Path] = (),
    seconds: float = SECONDS,
    for_training: bool = False,
    memory: Memory | None = None,
) -> Report:
    """Check a filled config: does each block fit where it sits, and get what it needs?

    level: "types" compares signatures, arguments, and what blocks expect of each other; "build" also
    constructs every component; "probe" also trains them for a moment, in a process of its own. Each level
    runs where those before found no error; but where the annotation of a block of one's own is all that
    does not fit, the probe decides, and the error becomes a warning if it trains.
    source: the file the config came from, to tell lines. code: the files that register its blocks, which the
    caller has imported and the probe imports again. seconds: of wall time that blocks may take at each
    level. for_training: [pretraining] is left out where training does not read it. memory: of the planning
    of a sweep, whose configs share most of their sections.
    Raises ConfigError where a variable points nowhere, UsageError for an unknown level.
    """
    if level not in LEVELS:
        raise UsageError(
            f"There is no level {level!r}; the levels are {', '.join(LEVELS)}.", did_you_mean(level, LEVELS)
        )
    values = interpolated(config)
    if for_training and not values["initialize"].get("init_tok2vec"):
        values = as_config({**values, "pretraining": {}})
    findings = [
        *_ignored(source),
        *missing_corpora(values),
        *check_types(values, memory),
        *check_structure(values),
    ]
    doubtful = doubtful_misfits(values).intersection(findings) if level == "probe" else set()
    shown: list[Finding] = []
    if level != "types" and not _has_errors(findings, doubtful):
        shown += [*check_builds(values, seconds, memory), *check_labels(values, memory)]
        if level == "probe" and not _has_errors(shown):
            shown += check_probe(values, code, seconds)
        if not _has_errors(shown) and not unprobed(shown):
            findings = [_disproved(finding) if finding in doubtful else finding for finding in findings]
            findings = [_shown(finding) if level == "probe" else finding for finding in findings]
    findings += shown
    return Report(tuple(sorted((_placed(f, source) for f in findings), key=_order)))


def _has_errors(findings: Iterable[Finding], aside: Collection[Finding] = ()) -> bool:
    return any(finding.severity == "error" and finding not in aside for finding in findings)


def _disproved(finding: Finding) -> Finding:
    """A misfit by its annotation, of a block that trains all the same."""
    message = f"it trains, though by its annotations it does not fit: {finding.message}"
    return replace(finding, severity="warning", message=message, fix="mend the annotation")


def _shown(finding: Finding) -> Finding:
    """A note that only running shows whether a block fits, once it has run."""
    if not finding.message.endswith(SHOWN_WHEN_RUN):
        return finding
    return replace(finding, message=finding.message.replace(SHOWN_WHEN_RUN, "the probe ran it, and it fits"))


def _ignored(source: Source | None) -> list[Finding]:
    """A warning for each setting of the file that spaCy drops without a word."""
    findings = []
    for path in source.ignored if source else ():
        section, _, name = path.rpartition(".")
        message = f"there is no setting {name}: spaCy ignores it"
        if not section:
            message = f"there is no section [{name}], and nothing refers to it: spaCy ignores it"
        fix = (not section and did_you_mean(name, SECTION_ORDER)) or "mend its name, or remove it"
        findings.append(Finding(severity="warning", slot=section or name, message=message, fix=fix))
    return findings


def _placed(finding: Finding, source: Source | None) -> Finding:
    if source is None:
        return finding
    return replace(finding, file=source.path, line=source.line(finding.slot))


def _order(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)


def merge_findings(by_label: Mapping[str, Report]) -> Report:
    """Findings of many variants, each cause once, with the labels of the variants it hits."""
    merged: dict[Finding, list[str]] = {}
    for label, report in by_label.items():
        for finding in report.findings:
            merged.setdefault(replace(finding, variants=()), []).append(label)
    findings = [replace(finding, variants=tuple(labels)) for finding, labels in merged.items()]
    return Report(tuple(sorted(findings, key=_order)))
