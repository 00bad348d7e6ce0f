"""How far a grid is, from the events of its runs on a clock that the tests set."""

from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import Mock

import pytest
from made_results import made_result, made_spec

from archlab.engines.base import Event, evaluated
from archlab.engines.progress import MOST_ROWS, Progress
from archlab.records import Cost, Reason, Result, Seconds
from archlab.results.layouts import Layout, Place
from archlab.results.tables import make_table

MADE = made_result(made_spec())


def a_result(run_id: str, seconds: float | None = 10.0, score: float = 0.5) -> Result:
    cost, scores = Cost(seconds=Seconds(total=seconds)), {"cats_macro_f": score}
    return replace(MADE, run_id=run_id, scores=scores, score=score, cost=cost)


def started(run_id: str) -> Event:
    return Event(kind="started", spec=made_spec(run_id))


def at(
    run_id: str, step: int, *, seconds: float | None = None, of: int | None = 100, score: float | None = 0.5
) -> Event:
    return Event(
        kind="evaluated", spec=made_spec(run_id), step=step, max_steps=of, score=score, seconds=seconds
    )


def ended(result: Result) -> Event:
    return Event(kind="ended", spec=made_spec(result.run_id), result=result)


def a_layout(rows: int, seeds: int = 1, columns: Sequence[str | None] = (None,)) -> Layout:
    places = (
        Place(
            row=f"row {row}" if row else "base",
            column=column,
            variant_id=f"{row}",
            run_ids=tuple(f"r{row}-{column}-{seed}" for seed in range(seeds)),
        )
        for row in range(rows)
        for column in columns
    )
    return Layout(sweep="demo", score_name="cats_macro_f", places=tuple(places))


def failed(run_id: str, kind: str = "killed") -> Result:
    return replace(a_result(run_id), status="failed", reason=Reason(kind=kind, message="it was"), scores={})


def test_runs_are_counted_from_their_start_to_their_end() -> None:
    progress = Progress(4)
    for run_id in "ab":
        progress.tell(started(run_id), 0.0)
    progress.tell(at("b", 10), 1.0)
    now = progress.snapshot(1.0)
    assert [(run.step, run.max_steps, run.score) for run in now.running] == [
        (None, None, None),
        (10, 100, 0.5),
    ]
    assert (now.total, now.done, now.failed, now.waiting) == (4, 0, 0, 2)
    progress.tell(ended(a_result("b")), 2.0)
    progress.tell(ended(failed("a")), 2.0)
    now = progress.snapshot(2.0)
    assert (now.running, now.done, now.failed, now.waiting) == ((), 1, 1, 2)
    progress.tell(started("a"), 3.0)  # it is tried again
    now = progress.snapshot(3.0)
    assert (len(now.running), now.done, now.failed, now.waiting) == (1, 1, 0, 2)
    gone = now.ended()
    assert (gone.running, gone.done, gone.seconds_left) == ((), 1, None)


def test_a_run_that_was_done_before_counts() -> None:
    now = Progress(3, results={"a": a_result("a"), "b": failed("b")}).snapshot(0.0)
    assert (now.done, now.failed, now.waiting) == (1, 1, 1)


@pytest.mark.parametrize("own_clock", [True, False])
def test_the_time_a_run_takes_is_told_by_its_steps_since_the_first_evaluation(own_clock: bool) -> None:
    """What comes before the first evaluation, ten seconds here, comes once."""
    progress = Progress(1)
    progress.tell(started("a"), 1000.0)
    progress.tell(at("a", 0, seconds=10.0 if own_clock else None), 1010.0)
    assert progress.snapshot(1011.0).running[0].seconds_left is None
    progress.tell(at("a", 20, seconds=14.0 if own_clock else None), 1014.0)
    assert progress.snapshot(1014.0).running[0].seconds_left == pytest.approx(16.0)
    assert progress.snapshot(1020.0).running[0].seconds_left == pytest.approx(10.0)
    assert progress.snapshot(1900.0).running[0].seconds_left == 0.0
    progress.tell(at("a", 60, seconds=30.0 if own_clock else None), 1030.0)  # it has become slower
    assert progress.snapshot(1030.0).running[0].seconds_left == pytest.approx(20 / 60 * 40)


def test_steps_before_the_first_evaluation_do_not_count() -> None:
    progress = Progress(1)
    progress.tell(started("a"), 0.0)
    progress.tell(at("a", 20, seconds=10.0), 10.0)
    progress.tell(at("a", 40, seconds=14.0), 14.0)
    assert progress.snapshot(14.0).running[0].seconds_left == pytest.approx(60 * 4 / 20)


def test_a_watcher_that_came_late_is_told_by_the_runs_own_clock() -> None:
    """All lines so far come at once."""
    progress = Progress(1)
    progress.tell(started("a"), 50.0)
    progress.tell(at("a", 0, seconds=10.0), 50.0)
    progress.tell(at("a", 50, seconds=20.0), 50.0)
    assert progress.snapshot(50.0).running[0].seconds_left == pytest.approx(10.0)


@pytest.mark.parametrize("of", [None, 0])
def test_a_run_without_an_end_that_is_known_has_no_time_left(of: int | None) -> None:
    progress = Progress(1)
    progress.tell(started("a"), 0.0)
    progress.tell(at("a", 0, of=of), 1.0)
    progress.tell(at("a", 50, of=of), 2.0)
    now = progress.snapshot(2.0)
    assert (now.running[0].step, now.running[0].seconds_left, now.seconds_left) == (50, None, None)


def test_runs_that_wait_take_as_long_as_those_before() -> None:
    progress = Progress(6, results={"x": a_result("x", 20.0), "y": a_result("y", 40.0)})
    assert progress.snapshot(0.0).seconds_left == pytest.approx(4 * 30.0)  # one at a time, as far as is known
    progress.tell(started("a"), 0.0)
    progress.tell(started("b"), 0.0)
    assert progress.snapshot(0.0).seconds_left == pytest.approx(4 * 30.0 / 2)
    assert progress.snapshot(10.0).seconds_left == pytest.approx((20 + 20 + 2 * 30) / 2)
    progress.tell(at("a", 0, seconds=5.0), 10.0)
    progress.tell(at("a", 50, seconds=10.0), 10.0)  # five more seconds
    assert progress.snapshot(10.0).seconds_left == pytest.approx((5 + 20 + 2 * 30) / 2)
    progress.tell(ended(a_result("a", 30.0)), 15.0)
    assert progress.snapshot(15.0).seconds_left == pytest.approx((15 + 2 * 30) / 2)


def test_the_last_run_alone_is_waited_for() -> None:
    progress = Progress(2)
    progress.tell(started("a"), 0.0)
    progress.tell(started("b"), 0.0)
    progress.tell(ended(a_result("a", 30.0)), 20.0)
    assert progress.snapshot(20.0).seconds_left == pytest.approx(10.0)
    progress.tell(at("b", 0, seconds=1.0), 30.0)
    progress.tell(at("b", 10, seconds=11.0), 30.0)
    assert progress.snapshot(30.0).seconds_left == pytest.approx(90.0)
    progress.tell(ended(a_result("b")), 50.0)
    assert progress.snapshot(50.0).seconds_left is None


def test_the_first_runs_tell_of_the_rest_once_they_have_a_pace() -> None:
    progress = Progress(3)
    assert progress.snapshot(0.0).seconds_left is None
    progress.tell(started("a"), 0.0)
    assert progress.snapshot(5.0).seconds_left is None
    progress.tell(at("a", 0, seconds=2.0), 5.0)
    progress.tell(at("a", 50, seconds=7.0), 10.0)  # 12 seconds in all
    assert progress.snapshot(10.0).seconds_left == pytest.approx(5 + 2 * 12)


def test_times_that_are_not_known_tell_nothing() -> None:
    results = {"x": a_result("x", None), "y": failed("y")}
    assert Progress(4, results=results).snapshot(0.0).seconds_left is None


def test_the_table_is_made_again_only_when_a_run_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Mock(wraps=make_table)
    monkeypatch.setattr("archlab.engines.progress.make_table", made)
    progress = Progress(4, a_layout(2, seeds=2))
    assert progress.snapshot(0.0).table is None
    progress.tell(started("r0-None-0"), 0.0)
    progress.tell(at("r0-None-0", 10), 1.0)
    assert progress.snapshot(1.0).table is None
    for run_id, score in (("r0-None-0", 0.5), ("r1-None-0", 0.75), ("r1-None-1", 0.25)):
        progress.tell(ended(a_result(run_id, score=score)), 2.0)
    assert made.call_count == 0
    first = progress.snapshot(3.0).table
    progress.tell(at("r0-None-1", 10), 4.0)
    assert progress.snapshot(4.0).table is first
    assert made.call_count == 1
    assert first is not None
    assert [(row.label, row.cells[0].score.mean) for row in first.rows] == [  # type: ignore[union-attr]
        ("base", 0.5),
        ("row 1", 0.5),
    ]
    progress.tell(started("r0-None-0"), 5.0)  # again: its result is none any more
    again = progress.snapshot(5.0).table
    assert again is not None
    assert again.rows[0].cells[0].score is None  # type: ignore[union-attr]


def test_of_a_table_of_thousands_the_base_and_the_best_are_made() -> None:
    layout = a_layout(3000, columns=("x", "y"))
    progress = Progress(6000, layout, {"r0-x-0": a_result("r0-x-0", score=0.01)})
    for row in range(1000, 2000):
        progress.tell(ended(a_result(f"r{row}-x-0", score=row / 2000)), 0.0)
    progress.tell(ended(a_result("r1999-y-0", score=0.0)), 0.0)  # .5 over both columns
    table = progress.snapshot(0.0).table
    assert table is not None
    assert (len(table.rows), table.rows_left_out) == (MOST_ROWS, 2900)
    assert [row.label for row in table.rows][:2] == ["base", "row 1900"]
    assert "row 1999" not in {row.label for row in table.rows}


def test_an_evaluation_tells_how_long_its_run_has_taken() -> None:
    line = {"step": 3, "max_steps": 5, "score": 0.5, "scores": {}, "seconds": 2.5}
    assert evaluated(made_spec("a"), line).seconds == 2.5
    assert evaluated(made_spec("a"), {**line, "seconds": "long"}).seconds is None
