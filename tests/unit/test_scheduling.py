"""Which run begins next."""

from dataclasses import replace

import pytest
from made_results import made_spec

from archlab.engines.base import make_result
from archlab.engines.scheduling import Schedule
from archlab.records import Cost, Outcome, RunSpec, Seconds
from archlab.training.endings import failed


def run(variant: str, seed: int = 0) -> RunSpec:
    return replace(made_spec(f"{variant}{seed}", seed=seed), variant_id=variant)


def took(spec: RunSpec, seconds: float | None) -> Outcome:
    return Outcome(status="done", cost=Cost(seconds=Seconds(total=seconds)))


RUNS = [run(variant, seed) for variant in "abc" for seed in (0, 1)]


def test_of_what_nothing_is_known_each_variant_begins_once_in_the_order_of_the_plan() -> None:
    assert [spec.run_id for spec in Schedule().order(RUNS)] == ["a0", "b0", "c0", "a1", "b1", "c1"]


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


@pytest.mark.parametrize("outcome", [failed("killed", "by somebody"), took(RUNS[0], None)])
def test_a_run_without_an_end_tells_nothing(outcome: Outcome) -> None:
    schedule = Schedule([make_result(RUNS[0], outcome), make_result(RUNS[2], took(RUNS[2], 5.0))])
    assert [spec.run_id for spec in schedule.order(RUNS[1:3])] == ["a1", "b0"]
