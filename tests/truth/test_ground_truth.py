"""The check against a ground truth: every slot with every block in it, trained by spaCy without archlab.

types + structure + build: nothing that trains is an error, and nearly all that breaks is one.
probe: both, without exception.
"""

import os
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest
from truth_blocks import NEED_FUNCTIONS, architectures, layers
from truth_forge import CLASSES, Forge, Outcome, failure_class

from archlab.catalog.origins import is_own, package_of
from archlab.catalog.registered import names

VERSIONS = "-".join(f"{name}-{version(name)}" for name in ("spacy", "thinc", "torch"))
KEPT = Path("build/truth", VERSIONS)
"""Where the whole truth is kept: what spaCy makes of a config does not change while its version does not."""

SAMPLED = 240
"""Every how manieth case `make check` takes."""

PROBED = 12
"""And how many of those it probes."""


def test_every_block_is_in_the_table() -> None:
    ours = {block.get("@architectures", block.get("@layers")) for block in (*architectures("ner"), *layers())}
    registered = {
        name
        for registry in ("architectures", "layers")
        for name in names(registry)
        if is_own(registry, name)  # other tests register blocks of their own
        and "transformers" not in package_of(registry, name)  # tried in test_transformers_checked.py
    }
    assert registered == ours | set(NEED_FUNCTIONS)


@pytest.mark.slow
def test_a_sample_of_the_truth(tmp_path: Path) -> None:
    forge = Forge(tmp_path, every=SAMPLED)
    outcomes = forge.outcomes(forge.cases(), "build")
    assert {outcome.trains for outcome in outcomes} == {True, False}
    hold_at_build(outcomes)
    hold_at_probe(forge.outcomes([o.case for o in outcomes if o.passes][:PROBED], "probe", forked=True))


@pytest.mark.exhaustive
@pytest.mark.timeout(0)
def test_the_whole_truth() -> None:
    forge = whole_forge()
    outcomes = forge.outcomes(forge.cases(), "build")
    probed = forge.outcomes([outcome.case for outcome in outcomes if outcome.passes], "probe", forked=True)
    (KEPT / "report.txt").write_text(report(outcomes, probed), encoding="utf8")
    hold_at_build(outcomes)
    hold_at_probe(probed)
    assert {failure_class(outcome) for outcome in outcomes if not outcome.trains} == set(CLASSES)


def whole_forge() -> Forge:
    """One that keeps what it has found, and has all cores."""
    return Forge(KEPT.resolve(), at_once=os.cpu_count() or 1)


def hold_at_build(outcomes: list[Outcome]) -> None:
    """No false alarm; 97 of 100 broken cases caught, and 80 of each class."""
    assert [str(outcome) for outcome in outcomes if outcome.trains and not outcome.passes] == []
    broken = [outcome for outcome in outcomes if not outcome.trains]
    caught = [outcome for outcome in broken if not outcome.passes]
    assert len(caught) >= 0.97 * len(broken), [str(o) for o in broken if o.passes]
    for name in CLASSES:
        mine = [outcome for outcome in broken if failure_class(outcome) == name]
        assert sum(not outcome.passes for outcome in mine) >= 0.8 * len(mine), name


def hold_at_probe(outcomes: list[Outcome]) -> None:
    """What passes the levels before passes the probe if it trains, and only then."""
    assert [str(outcome) for outcome in outcomes if outcome.trains != outcome.passes] == []


def report(outcomes: list[Outcome], probed: list[Outcome]) -> str:
    """The figures, as the documentation has them."""
    broken = [outcome for outcome in outcomes if not outcome.trains]
    trains = [outcome for outcome in outcomes if outcome.trains]
    found, missed = Counter(map(failure_class, broken)), [outcome for outcome in broken if outcome.passes]
    lost = Counter(map(failure_class, missed))
    lines = [
        f"{len(outcomes):,} cases: {len(trains):,} train, {len(broken):,} break",
        f"false alarms at level build: {sum(not outcome.passes for outcome in trains)}",
        f"caught at level build: {len(broken) - len(missed):,} ({1 - len(missed) / len(broken):.1%})",
        *(f"  {name}: {found[name] - lost[name]} of {found[name]}" for name in CLASSES),
        f"probed: {len(probed):,}, of which {sum(outcome.trains for outcome in probed):,} train",
        f"false alarms of the probe: {sum(outcome.trains and not outcome.passes for outcome in probed)}",
        f"missed by the probe: {sum(not outcome.trains and outcome.passes for outcome in probed)}",
    ]
    return "\n".join(lines)
