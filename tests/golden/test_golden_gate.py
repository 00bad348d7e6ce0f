"""What a person reads of the CI gate's verdict, in every format."""

import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from gated_runs import WHERE, a_place, verdict_of

from archlab.planning.gate_rules import CostRules, GateRules, ScoreRules
from archlab.reporting.github import verdict_annotations
from archlab.reporting.junit import junit_xml
from archlab.reporting.terminal import make_console
from archlab.reporting.verdict_pages import MAX_BYTES, markdown_verdict
from archlab.reporting.verdict_tables import show_verdict
from archlab.reporting.verdicts import compared_with
from archlab.results.baselines import Acknowledged
from archlab.results.gate_findings import Verdict
from archlab.results.snapshots import ScoreSnapshot, Speed

Golden = Callable[[str, str], None]
FILE = "experiments/demo/baseline.json"


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    """A verdict in which everything occurs."""
    rules = GateRules(
        scores={"acc": ScoreRules(tolerance=0.01, relative=0.2)},
        costs=CostRules(parameters=0.1, model_mb=0.5, words_per_second=0.25),
    )
    few: dict[str, Any] = {"scores": {"acc": ScoreSnapshot(seeds={0: 0.8, 1: 0.9, 2: 0.7})}}
    fewer: dict[str, Any] = {"scores": {"acc": ScoreSnapshot(seeds={0: 0.7, 1: 0.8, 2: 0.75})}}
    slow: dict[str, Any] = {
        "words_per_second": Speed(seeds={0: 4000, 1: 4100, 2: 4050}),
        "parameters": 1_300.0,
    }
    failed: dict[str, Any] = {"standing": "failed", "reason": "seed 1: nan: the loss is NaN", "scores": {}}
    one: dict[str, Any] = {"scores": {"acc": ScoreSnapshot(seeds={0: 0.8})}}
    less: dict[str, Any] = {"scores": {"acc": ScoreSnapshot(seeds={0: 0.7})}}
    rows = ["worse", "known", "larger", "broken", "gone"]
    before = [a_place(), *(a_place(row) for row in rows), a_place("noisy", **few), a_place("alone", **one)]
    now = [
        a_place(),
        a_place("worse", 0.6, config="other"),
        a_place("known", 0.7),
        a_place("larger", **slow),
        a_place("broken", **failed),
        a_place("noisy", **fewer),
        a_place("alone", **less),
        a_place("new|one"),
    ]
    known = Acknowledged(
        variant="known", rule="noise", metric="acc", value=0.67, reason="smaller", until=date(2026, 4, 1)
    )
    other = WHERE.model_copy(update={"versions": {"spacy": "3.8.19", "thinc": "8.3.4"}})
    return verdict_of(before, now, rules, where=other, acknowledged=[known])


def in_terminal(verdict: Verdict) -> str:
    stream = io.StringIO()
    show_verdict(make_console(stream), verdict)
    return re.sub(r" +$", "", f"{compared_with(verdict, FILE)}\n\n{stream.getvalue()}", flags=re.MULTILINE)


def test_in_a_terminal(golden: Golden, verdict: Verdict) -> None:
    golden("regress", in_terminal(verdict))


def test_where_all_is_well(golden: Golden) -> None:
    two = [a_place(), a_place("other")]
    golden("regress_passed", in_terminal(verdict_of(two, two)))


def test_as_a_page(golden: Golden, verdict: Verdict) -> None:
    golden("regress_markdown", markdown_verdict(verdict, FILE))


def test_as_junit(golden: Golden, verdict: Verdict) -> None:
    golden("regress_junit", junit_xml(verdict, FILE))


def test_as_annotations(golden: Golden, verdict: Verdict) -> None:
    golden("regress_github", "\n".join(verdict_annotations(verdict)) + "\n")


def test_a_page_keeps_to_its_size() -> None:
    """Thousands of findings with long names; the worst are told, the others counted."""
    rows = 5_000
    row = "a variant with a rather long name " * 5
    gone = a_place(scores={})
    before = [a_place(), *(gone.model_copy(update={"row": f"{row}{number}"}) for number in range(rows))]
    page = markdown_verdict(verdict_of(before, [a_place()]), FILE)
    assert len(page.encode()) <= MAX_BYTES
    assert page.startswith("### demo: failed\n")
    assert f"\n{rows} of {rows + 1} failed.\n" in page
    assert re.search(r"\n\d+ more have no room here\.\n", page)
    assert len(markdown_verdict(verdict_of(before, [a_place()]), FILE, 10_000).encode()) <= 10_000
