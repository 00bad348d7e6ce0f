"""The rules of the gate."""

from datetime import date
from typing import Any

import pytest
from gated_runs import TODAY, WHERE, a_baseline, a_place, finding, verdict_of

from archlab.planning.gate_rules import CostRules, GateRules, ScoreRules
from archlab.results.baselines import Acknowledged
from archlab.results.snapshots import ScoreSnapshot, Speed


def test_the_same_runs_pass() -> None:
    verdict = verdict_of([a_place()], [a_place()])
    assert verdict.passed
    assert [(f.rule, f.status) for f in verdict.findings] == [("trained", "ok"), ("noise", "ok")]


def test_a_drop_beyond_tolerance_and_noise_fails() -> None:
    verdict = verdict_of([a_place(share=0.8)], [a_place(share=0.7)])
    found = finding(verdict, "noise")
    assert not verdict.passed
    assert verdict.failed == ("base Ensemble",)
    assert found.status == "failed"
    assert found.difference == pytest.approx(-0.1, abs=0.03)
    assert found.test == "two-way test of 3 and 3 seeds on 400 documents"
    assert found.tolerance == 0.01


def test_a_drop_within_noise_passes_and_is_said() -> None:
    before = a_place(scores={"acc": ScoreSnapshot(seeds={0: 0.8, 1: 0.9, 2: 0.7})})
    now = a_place(scores={"acc": ScoreSnapshot(seeds={0: 0.7, 1: 0.8, 2: 0.75})})
    found = finding(verdict_of([before], [now]), "noise")
    assert (found.status, found.message) == ("noise", "within noise")


def test_a_drop_within_the_tolerance_passes_however_sure_it_is() -> None:
    rules = GateRules(scores={"acc": ScoreRules(tolerance=0.2)})
    found = finding(verdict_of([a_place(share=0.8)], [a_place(share=0.7)], rules), "noise")
    assert (found.status, found.message) == ("ok", "within the tolerance")
    assert found.p is not None
    assert found.p < 0.05


def test_a_gain_passes_and_where_lower_is_better_it_fails() -> None:
    lower = GateRules(scores={"acc": ScoreRules(direction="lower")})
    assert verdict_of([a_place(share=0.7)], [a_place(share=0.8)]).passed
    assert not verdict_of([a_place(share=0.7)], [a_place(share=0.8)], lower).passed
    assert verdict_of([a_place(share=0.8)], [a_place(share=0.7)], lower).passed


@pytest.mark.parametrize(
    ("rules", "rule", "fails"),
    [
        (ScoreRules(absolute=0.09), "absolute", True),
        (ScoreRules(absolute=0.1), "absolute", False),
        (ScoreRules(relative=0.12), "relative", True),
        (ScoreRules(relative=0.125), "relative", False),
    ],
)
def test_absolute_and_relative_drops_count_whatever_explains_them(
    rules: ScoreRules, rule: str, fails: bool
) -> None:
    before = a_place(scores={"acc": ScoreSnapshot(seeds={0: 0.8})})
    now = a_place(scores={"acc": ScoreSnapshot(seeds={0: 0.7})})
    verdict = verdict_of([before], [now], GateRules(scores={"acc": rules}))
    assert finding(verdict, rule).fails == fails
    assert verdict.passed != fails


def test_any_drop_from_a_score_of_nothing_is_a_whole_share() -> None:
    before = a_place(scores={"acc": ScoreSnapshot(seeds={0: 0.0})})
    now = a_place(scores={"acc": ScoreSnapshot(seeds={0: -0.1})})
    assert not verdict_of([before], [now], GateRules(relative=0.9)).passed


def test_one_number_each_is_not_judged_by_noise() -> None:
    before = a_place(scores={"acc": ScoreSnapshot(seeds={0: 0.8})})
    now = a_place(scores={"acc": ScoreSnapshot(seeds={0: 0.7})})
    found = finding(verdict_of([before], [now]), "noise")
    assert found.status == "skipped"
    assert found.message == "one seed, and its documents are not known: nothing tells what chance does"


def test_a_drop_that_is_the_same_in_all_runs_is_no_chance() -> None:
    before = a_place(scores={"acc": ScoreSnapshot(seeds={0: 0.8, 1: 0.8})})
    now = a_place(scores={"acc": ScoreSnapshot(seeds={0: 0.7, 1: 0.7})})
    found = finding(verdict_of([before], [now]), "noise")
    assert (found.status, found.message) == (
        "failed",
        "a larger drop than the tolerance, the same in all runs",
    )


@pytest.mark.parametrize("rule", ["noise", "absolute", "relative"])
def test_a_gpu_is_not_gated_on_one_seed(rule: str) -> None:
    on_gpu = WHERE.model_copy(update={"device": "NVIDIA A100"})
    rules = GateRules(tolerance=0.01, absolute=0.01, relative=0.01)
    one, three = a_place(share=0.6, seeds=[0]), a_place(share=0.6)
    judged = verdict_of([a_place()], [one], rules, where=on_gpu)
    assert finding(judged, rule).status == "skipped"
    assert "train more seeds" in finding(judged, rule).message
    assert finding(verdict_of([a_place(seeds=[0])], [three], rules, where=on_gpu), rule).status == "skipped"
    assert finding(verdict_of([a_place()], [three], rules, where=on_gpu), rule).status == "failed"
    assert finding(verdict_of([a_place(seeds=[0])], [one], rules), rule).status == "failed"
    then_on_gpu = verdict_of([a_place(seeds=[0])], [three], rules, baseline_where=on_gpu)
    assert finding(then_on_gpu, rule).status == "skipped"


def test_p_is_corrected_for_all_scores_of_the_gate() -> None:
    rows = ["base Ensemble", *(f"variant {number}" for number in range(9))]
    now = [a_place(rows[0], 0.77), *(a_place(row) for row in rows[1:])]
    alone = finding(verdict_of([a_place(rows[0])], now[:1]), "noise").p
    among = finding(verdict_of([a_place(row) for row in rows], now), "noise", rows[0]).p
    assert alone is not None
    assert among == pytest.approx(10 * alone)


def test_what_vanished_appeared_failed_or_was_rejected_is_said() -> None:
    gone, kept = a_place("gone"), a_place()
    refused: dict[str, Any] = {"standing": "rejected", "reason": "it does not fit", "scores": {}}
    broken: dict[str, Any] = {"standing": "failed", "reason": "seed 1: nan: the loss is NaN", "scores": {}}
    before = [kept, gone, a_place("refused"), a_place("broken"), a_place("always refused", **refused)]
    before.append(a_place("refused, and gone", **refused))
    now = [
        kept,
        a_place("refused", **refused),
        a_place("broken", **broken),
        a_place("always refused", **refused),
        a_place("new one"),
    ]
    verdict = verdict_of(before, now)
    told = {f.variant: (f.status, f.message) for f in verdict.findings if f.rule == "trained"}
    assert told == {
        "base Ensemble": ("ok", "trained, as in the baseline"),
        "refused": ("failed", "rejected: it does not fit"),
        "broken": ("failed", "failed: seed 1: nan: the loss is NaN"),
        "always refused": ("ok", "rejected, as in the baseline: it does not fit"),
        "new one": ("appeared", "new: the baseline has no scores of it; --update adds them"),
        "gone": ("vanished", "it is in the baseline, and not in the sweep"),
    }
    assert verdict.failed == ("refused", "broken", "gone")


def test_what_is_new_alone_passes() -> None:
    assert verdict_of([a_place()], [a_place(), a_place("new one", 0.1)]).passed


def test_a_base_is_the_base_whatever_block_it_has() -> None:
    verdict = verdict_of([a_place("base Ensemble")], [a_place("base Reduce", 0.5)])
    assert [f.status for f in verdict.findings] == ["ok", "failed"]


def test_columns_are_judged_each_for_itself() -> None:
    before = [a_place(column="easy"), a_place(column="hard", share=0.5)]
    now = [a_place(column="easy", share=0.5), a_place(column="hard", share=0.5)]
    assert verdict_of(before, now).failed == ("base Ensemble [easy]",)


def test_scores_that_one_side_lacks() -> None:
    without = a_place(scores={})
    new = finding(verdict_of([without], [a_place()]), "noise")
    lost = finding(verdict_of([a_place()], [without]), "noise")
    assert (new.status, new.message) == ("appeared", "the baseline has no such score: --update keeps it")
    assert (lost.status, lost.message) == ("failed", "these runs do not all have such a score")


def test_versions_and_machine_that_differ_are_said() -> None:
    other = WHERE.model_copy(update={"versions": {"spacy": "3.8.19", "cupy": "13"}, "device": "NVIDIA A100"})
    assert verdict_of([a_place()], [a_place()], where=other).changes == (
        "cupy none -> 13",
        "spacy 3.8.18 -> 3.8.19",
        "thinc 8.3.4 -> none",
        "device cpu -> NVIDIA A100",
    )


def test_other_dev_documents_are_said() -> None:
    before, now = [a_place(), a_place("other")], [a_place(), a_place("other", dev_digest="others")]
    assert verdict_of(before, now).changes == ("other dev documents in 1 of 2 variants",)


def test_what_of_a_variant_has_changed_is_said() -> None:
    verdict = verdict_of([a_place()], [a_place(config="other", code="other")])
    assert finding(verdict, "noise").changed == ("config", "code")


def costing(**costs: float) -> GateRules:
    return GateRules(costs=CostRules(**costs))


@pytest.mark.parametrize(
    ("times", "status"), [(1.1, "ok"), (1.101, "failed"), (0.9, "ok"), (None, "skipped")]
)
@pytest.mark.parametrize(("rule", "field"), [("parameters", "parameters"), ("model_mb", "model_bytes")])
def test_sizes_may_grow_by_a_share(times: float | None, status: str, rule: str, field: str) -> None:
    before = a_place(parameters=1000.0, model_bytes=2e9)
    size = None if times is None else getattr(before, field) * times
    new: dict[str, Any] = {field: size}
    found = finding(verdict_of([before], [a_place(**new)], costing(**{rule: 0.1})), rule)
    assert found.status == status
    if times is not None:
        assert found.before == (1000 if rule == "parameters" else 2000)
        assert found.after == pytest.approx(found.before * times)


def speeds(*of_seeds: float) -> Speed:
    return Speed(seeds=dict(enumerate(of_seeds)))


def test_speed_counts_beside_the_reference_alone() -> None:
    base, other = a_place(), a_place("other", words_per_second=speeds(20_000, 20_200, 19_900))
    halved: dict[str, Any] = {"words_per_second": speeds(5_000, 5_100, 4_900)}
    slower_machine = [a_place(**halved), a_place("other", words_per_second=speeds(10_000, 10_100, 9_900))]
    slower = [base, a_place("other", words_per_second=speeds(10_000, 10_100, 9_900))]
    rules = costing(words_per_second=0.2)
    assert verdict_of([base, other], slower_machine, rules).passed
    found = finding(verdict_of([base, other], slower, rules), "words_per_second")
    assert (found.variant, found.status) == ("other", "failed")
    assert found.before == pytest.approx(2, rel=0.01)
    assert found.after == pytest.approx(1, rel=0.01)
    assert found.difference == pytest.approx(-0.5, abs=0.01)
    assert found.p is not None
    assert found.p < 0.01


def test_speeds_that_vary_explain_a_slower_one() -> None:
    base, other = a_place(words_per_second=speeds(10_000, 3_000, 20_000)), a_place("other")
    now = [base, a_place("other", words_per_second=speeds(5_000, 9_000, 6_000))]
    found = finding(verdict_of([base, other], now, costing(words_per_second=0.2)), "words_per_second")
    assert (found.status, found.message) == ("noise", "slower, within noise")


def test_a_faster_machine_hides_no_variant_that_is_slower_beside_the_reference() -> None:
    same: dict[str, Any] = {"words_per_second": speeds(10_000, 10_100, 9_900)}
    twice: dict[str, Any] = {"words_per_second": speeds(20_000, 20_200, 19_800)}
    before, now = [a_place(**same), a_place("other", **same)], [a_place(**twice), a_place("other", **same)]
    assert verdict_of(before, now, costing(words_per_second=0.2)).failed == ("other",)


def test_another_row_may_be_the_reference() -> None:
    base, other = a_place(), a_place("other")
    rules = GateRules(costs=CostRules(words_per_second=0.2), reference="other")
    slow = a_place(words_per_second=speeds(1_000, 1_010, 1_020))
    assert (
        finding(verdict_of([base, other], [slow, other], rules), "words_per_second").variant
        == "base Ensemble"
    )


def test_speeds_on_another_device_are_not_judged() -> None:
    both = [a_place(), a_place("other")]
    on_gpu = WHERE.model_copy(update={"device": "NVIDIA A100"})
    verdict = verdict_of(both, both, costing(words_per_second=0.2), where=on_gpu)
    assert finding(verdict, "words_per_second").status == "skipped"


@pytest.mark.parametrize("machine", ["another", "here, another", None])
def test_speeds_that_were_measured_on_another_machine_than_the_reference_are_not_judged(
    machine: str | None,
) -> None:
    measured: dict[str, Any] = {"words_per_second": Speed(seeds={0: 9_000}, machine="here")}
    here = [a_place("base", **measured), a_place("other", **measured)]
    elsewhere = a_place("other", words_per_second=Speed(seeds={0: 900}, machine=machine))
    rules = costing(words_per_second=0.2)
    for before, now in ((here, [here[0], elsewhere]), ([here[0], elsewhere], here)):
        assert finding(verdict_of(before, now, rules), "words_per_second").status == "skipped"


def test_one_seeds_speed_fails_no_gate() -> None:
    base, other = (a_place(row, words_per_second=speeds(10_000)) for row in ("base", "other"))
    slower = a_place("other", words_per_second=speeds(7_000))
    verdict = verdict_of([base, other], [base, slower], costing(words_per_second=0.2))
    found = finding(verdict, "words_per_second")
    assert (found.status, found.p) == ("skipped", None)


@pytest.mark.parametrize(("limit", "now"), [(0.15, 115.0), (0.1, 110.0), (0.07, 107.0)])
def test_a_size_of_just_the_share_passes(limit: float, now: float) -> None:
    verdict = verdict_of([a_place(parameters=100.0)], [a_place(parameters=now)], costing(parameters=limit))
    assert verdict.passed


def test_a_speed_that_is_not_known_is_not_judged() -> None:
    base, other = a_place(words_per_second=Speed()), a_place("other")
    found = finding(
        verdict_of([base, other], [base, other], costing(words_per_second=0.2)), "words_per_second"
    )
    assert found.status == "skipped"


def known(value: float | None = 0.7, until: date = date(2026, 4, 1), **changed: Any) -> Acknowledged:
    said: dict[str, Any] = {
        "variant": "base Ensemble",
        "rule": "noise",
        "metric": "acc",
        "value": value,
        "reason": "smaller on purpose",
        "until": until,
    }
    return Acknowledged(**{**said, **changed})


def test_what_is_acknowledged_passes_until_it_expires() -> None:
    before, now = [a_place(share=0.8)], [a_place(share=0.7)]
    value = finding(verdict_of(before, now), "noise").after
    on_last_day = verdict_of(before, now, acknowledged=[known(value, until=TODAY)])
    found = finding(on_last_day, "noise")
    assert on_last_day.passed
    assert found.status == "acknowledged"
    assert found.message.endswith('; acknowledged until 2026-03-01: "smaller on purpose"')
    expired = verdict_of(before, now, acknowledged=[known(value, until=date(2026, 2, 28))])
    assert not expired.passed
    assert finding(expired, "noise").message.endswith(
        '; acknowledged until 2026-02-28 ("smaller on purpose"), which has expired'
    )


def test_worse_than_what_was_acknowledged_fails() -> None:
    verdict = verdict_of([a_place(share=0.8)], [a_place(share=0.6)], acknowledged=[known()])
    assert not verdict.passed
    assert finding(verdict, "noise").message.endswith("; worse than what was acknowledged (0.7)")


def test_another_rule_or_variant_is_not_acknowledged() -> None:
    others: list[dict[str, Any]] = [{"rule": "absolute"}, {"variant": "BOW"}, {"metric": "f"}]
    for other in others:
        verdict = verdict_of([a_place(share=0.8)], [a_place(share=0.7)], acknowledged=[known(0.0, **other)])
        assert not verdict.passed


def test_an_acknowledgement_of_what_does_not_fail_says_nothing() -> None:
    verdict = verdict_of([a_place()], [a_place()], acknowledged=[known(until=date(2020, 1, 1))])
    assert verdict.passed
    assert finding(verdict, "noise").status == "ok"


def test_a_variant_that_is_gone_can_be_acknowledged() -> None:
    said = known(None, variant="gone", rule="trained", metric=None)
    assert verdict_of([a_place(), a_place("gone")], [a_place()], acknowledged=[said]).passed


def test_what_is_acknowledged_anew_goes_before_what_was_said() -> None:
    other = known(rule="absolute")
    baseline = a_baseline(a_place(), acknowledged=[known(0.7), other]).acknowledging([known(0.6)])
    assert baseline.acknowledged == (other, known(0.6))
