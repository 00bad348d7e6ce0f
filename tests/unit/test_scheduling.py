"""Which run begins next."""

from dataclasses import replace
from math import inf, nan

import pytest
from made_results import made_spec

from archlab.engines.base import make_result
from archlab.engines.estimating import Estimator
from archlab.engines.scheduling import Schedule
from archlab.records import Cost, Json, Outcome, RunSpec, Seconds
from archlab.training.endings import failed


def run(variant: str, seed: int = 0) -> RunSpec:
    return replace(made_spec(f"{variant}{seed}", seed=seed), variant_id=variant)


def took(spec: RunSpec, seconds: float | None) -> Outcome:
    return Outcome(status="done", cost=Cost(seconds=Seconds(total=seconds)))


RUNS = [run(variant, seed) for variant in "abc" for seed in (0, 1)]


def wide(width: int) -> Json:
    block = {"@architectures": "my.Network.v1", "width": width, "width_text": str(width)}
    return {"components": {"tagger": {"model": block}}, "training": {"max_steps": 10}}


def test_of_what_nothing_is_known_each_variant_begins_once_in_the_order_of_the_plan() -> None:
    assert [spec.run_id for spec in Schedule().order(RUNS)] == ["a0", "b0", "c0", "a1", "b1", "c1"]


def test_of_what_nothing_is_measured_what_is_estimated_to_take_longest_begins_first() -> None:
    estimator = Estimator({"a": wide(64), "b": wide(300), "c": wide(300)})
    order = [spec.run_id for spec in Schedule(estimator=estimator).order(RUNS)]
    assert order == ["b0", "c0", "a0", "b1", "c1", "a1"]


def test_what_is_measured_waits_for_what_is_estimated() -> None:
    estimator = Estimator({"a": wide(900), "b": wide(64), "c": wide(300)})
    schedule = Schedule([make_result(run("a", 2), took(run("a"), 99.0))], estimator)
    assert [spec.run_id for spec in schedule.order(RUNS)] == ["c0", "b0", "c1", "b1", "a0", "a1"]


def test_what_comes_meanwhile_counts_for_what_has_not_begun() -> None:
    """The widest is fast: so the next is the least wide."""
    estimator = Estimator({"a": wide(100), "b": wide(101), "c": wide(120), "d": wide(200)})
    schedule, seconds, begun = Schedule(estimator=estimator), {"d": 0.01, "c": 5.0}, []
    for spec in schedule.order(run(variant) for variant in "abcd"):
        begun.append(spec.run_id)
        schedule.learn(make_result(spec, took(spec, seconds.get(spec.variant_id, 9.0))))
    assert begun == ["d0", "c0", "a0", "b0"]


def test_a_single_variant_is_not_estimated() -> None:
    estimator = Estimator({"a": wide(100)}, earlier=(pytest.fail("read") for _ in "a"))
    assert [spec.run_id for spec in Schedule(estimator=estimator).order(RUNS[:2])] == ["a0", "a1"]


def test_what_takes_longest_begins_first() -> None:
    seconds = {"a": 1.0, "b": 9.0, "c": 5.0}
    schedule = Schedule(make_result(run(name, 2), took(run(name), s)) for name, s in seconds.items())
    assert [spec.run_id for spec in schedule.order(RUNS)] == ["b0", "b1", "c0", "c1", "a0", "a1"]


def test_what_comes_meanwhile_is_learned() -> None:
    schedule, begun = Schedule(), []
    for spec in schedule.order(RUNS):
        begun.append(spec.run_id)
        schedule.learn(make_result(spec, took(spec, {"a": 1.0, "b": 2.0, "c": 9.0}[spec.variant_id])))
    assert begun == ["a0", "b0", "c0", "c1", "b1", "a1"]


KILLED = failed("killed", "by somebody")
NO_SECONDS = [took(RUNS[0], seconds) for seconds in (None, 0.0, -1.0, nan, inf)]


@pytest.mark.parametrize(
    "outcome", [KILLED, replace(KILLED, cost=Cost(seconds=Seconds(total=1.0))), *NO_SECONDS]
)
def test_a_run_without_an_end_tells_nothing(outcome: Outcome) -> None:
    schedule = Schedule([make_result(RUNS[0], outcome), make_result(RUNS[2], took(RUNS[2], 5.0))])
    assert [spec.run_id for spec in schedule.order(RUNS[1:3])] == ["a1", "b0"]
