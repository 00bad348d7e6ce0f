"""The gate where only a part of a sweep is judged, and how that is told."""

from io import StringIO
from xml.etree import ElementTree

from gated_runs import TODAY, WHERE, a_place

from archlab.planning.gate_rules import GateRules
from archlab.reporting.junit import junit_xml
from archlab.reporting.terminal import make_console
from archlab.reporting.verdict_pages import markdown_verdict
from archlab.reporting.verdict_tables import show_verdict
from archlab.reporting.verdicts import left_over, outcome, told_ones
from archlab.results.baselines import Baseline
from archlab.results.changed_places import judge_changed
from archlab.results.gate_findings import Verdict
from archlab.results.snapshots import Snapshot, SweepSnapshot, Where

RULES = GateRules(scores={"acc": None})


def judged(before: list[Snapshot], now: list[Snapshot], *unchanged: str) -> Verdict:
    then = SweepSnapshot(sweep="demo", where=WHERE, places=tuple(before))
    here = SweepSnapshot(sweep="demo", where=WHERE, places=tuple(now))
    baseline = Baseline.of(then, "the first", TODAY)
    return judge_changed(baseline, here, RULES, RULES.of("acc"), TODAY, unchanged)


def test_what_has_not_changed_is_told_where_it_stands_and_not_judged() -> None:
    before = [a_place(row="base"), a_place(row="BOW"), a_place(row="Reduce", share=0.8)]
    missing = Snapshot(row="BOW", column=None, standing="missing", reason="1 of 1 runs have no result")
    now = [a_place(row="base", share=0.1), missing, a_place(row="Reduce", share=0.8)]
    verdict = judged(before, now, "base", "BOW")
    assert [(one.variant, one.status) for one in verdict.findings] == [
        ("base", "unchanged"),
        ("BOW", "unchanged"),
        ("Reduce", "ok"),
        ("Reduce", "ok"),
    ]
    assert verdict.passed
    assert (outcome(verdict), left_over(verdict), told_ones(verdict)) == ("1 passed, 2 unchanged.", 1, [])
    assert not judged(before, now, "base").passed, "what is missing fails where it is judged"


def test_where_nothing_ran_nothing_is_said_of_machines() -> None:
    missing = Snapshot(row="base", column=None, standing="missing", reason="1 of 1 runs have no result")
    then = SweepSnapshot(sweep="demo", where=WHERE, places=(a_place(row="base"),))
    here = SweepSnapshot(sweep="demo", where=Where(), places=(missing,))
    baseline = Baseline.of(then, "the first", TODAY)
    verdict = judge_changed(baseline, here, RULES, RULES.of("acc"), TODAY, ["base"])
    assert (verdict.passed, verdict.changes, outcome(verdict)) == (True, (), "0 passed, 1 unchanged.")


def test_where_nothing_is_judged_a_terminal_shows_that_alone() -> None:
    places, stream = [a_place(row="base")], StringIO()
    show_verdict(make_console(stream), judged(places, places, "base"))
    assert stream.getvalue() == "0 passed, 1 unchanged.\n"


def test_what_is_worse_fails_beside_what_has_not_changed() -> None:
    before = [a_place(row="base"), a_place(row="Reduce", share=0.8)]
    verdict = judged(before, [a_place(row="base"), a_place(row="Reduce", share=0.5)], "base")
    assert outcome(verdict) == "1 of 1 failed, 1 unchanged."
    assert [one.variant for one in told_ones(verdict)] == ["Reduce"]


def test_without_anything_unchanged_it_is_the_whole_verdict() -> None:
    places = [a_place(row="base"), a_place(row="Reduce")]
    assert outcome(judged(places, places)) == "2 passed."


def test_a_page_lists_it_among_the_rest() -> None:
    places = [a_place(row="base"), a_place(row="Reduce")]
    page = markdown_verdict(judged(places, places, "base"), "baseline.json")
    assert "1 passed, 1 unchanged." in page
    assert "| same | base |  |  |  | it is what it was: not trained, and not judged |" in page


def test_junit_has_it_as_skipped() -> None:
    places = [a_place(row="base"), a_place(row="Reduce")]
    suite = ElementTree.fromstring(junit_xml(judged(places, places, "base"), "baseline.json"))[0]
    assert suite.get("skipped") == "1"
    assert [case.find("skipped") is not None for case in suite.iter("testcase")] == [True, False, False]
