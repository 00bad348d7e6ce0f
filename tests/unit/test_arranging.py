"""The rows of a table in another order, and only the first of them."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from test_tables import place, result

from archlab.errors import UsageError
from archlab.records import Cost, Result, Seconds
from archlab.results.arranging import arranged
from archlab.results.tables import Layout, Table, make_table


def a_run(run_id: str, score: float, f: float, cost: tuple[int, float, float, int, int]) -> Result:
    parameters, words, seconds, memory, model = cost
    return replace(
        result(run_id, score),
        scores={"cats_micro_f": score, "f": f},
        cost=Cost(
            parameters=parameters,
            words_per_second=words,
            seconds=Seconds(total=seconds),
            peak_memory_bytes=memory,
            model_bytes=model,
        ),
    )


@pytest.fixture(scope="module")
def table() -> Table:
    """The base, two others, and one without a result."""
    rows = {"base Ensemble": "a", "Reduce": "b", "BOW": "c", "all": "d"}
    layout = Layout(
        sweep="demo",
        score_name="cats_micro_f",
        places=tuple(place(row, key, runs=1) for row, key in rows.items()),
        scores_beside=("f",),
    )
    runs = (
        a_run("a0", 0.8, 0.5, (10, 5.0, 1.0, 7, 3)),
        a_run("b0", 0.9, 0.3, (30, 4.0, 2.0, 9, 1)),
        a_run("c0", 0.7, 0.4, (20, 6.0, 3.0, 8, 2)),
    )
    return make_table(layout, {run.run_id: run for run in runs})


def labels(table: Table) -> list[str]:
    return [row.label for row in table.rows]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("cats_micro_f", ["Reduce", "BOW", "all"]),
        ("score", ["Reduce", "BOW", "all"]),
        ("f", ["BOW", "Reduce", "all"]),
        ("params", ["BOW", "Reduce", "all"]),
        ("words", ["BOW", "Reduce", "all"]),
        ("seconds", ["Reduce", "BOW", "all"]),
        ("memory", ["BOW", "Reduce", "all"]),
        ("model_mb", ["Reduce", "BOW", "all"]),
        ("variant", ["all", "BOW", "Reduce"]),
    ],
)
def test_the_best_comes_first_after_the_base_and_the_unknown_last(
    table: Table, sort: str, order: Sequence[str]
) -> None:
    assert labels(arranged(table, sort)) == ["base Ensemble", *order]


def test_as_many_as_are_asked_for_by_score_where_nothing_else_is_said(table: Table) -> None:
    first = arranged(table, top=1)
    assert (labels(first), first.rows_left_out) == (["base Ensemble", "Reduce"], 2)
    assert first.to_dict()["rows_left_out"] == 2
    assert labels(arranged(table, "seconds", 2)) == ["base Ensemble", "Reduce", "BOW"]
    assert arranged(table, top=9).rows_left_out == 0
    assert arranged(table) == table


def test_an_order_that_there_is_not(table: Table) -> None:
    with pytest.raises(UsageError, match="cannot be sorted by cats_mikro_f") as slip:
        arranged(table, "cats_mikro_f")
    assert slip.value.hint == "Did you mean cats_micro_f?"
    with pytest.raises(UsageError) as unknown:
        arranged(table, "xyz")
    assert unknown.value.hint is not None
    assert "There are cats_micro_f, f, params" in unknown.value.hint


def test_of_several_columns_the_mean_counts() -> None:
    places = (place("BOW", "a", "x", 1), place("BOW", "b", "y", 1), place("Reduce", "c", "x", 1))
    scores = {"a0": 0.9, "b0": 0.1, "c0": 0.6}
    layout = Layout(sweep="s", score_name="f", places=places)
    made = make_table(layout, {run: result(run, score) for run, score in scores.items()})
    assert labels(arranged(made, "f")) == ["Reduce", "BOW"]


def test_the_front_is_what_no_other_beats_in_score_and_speed(table: Table) -> None:
    """The base stays although it is behind; that without a result is not on it."""
    assert labels(arranged(table, pareto=True)) == ["base Ensemble", "Reduce", "BOW"]
    slow = replace(table, rows=tuple(replace(row, words_per_second=5.0) for row in table.rows))
    assert labels(arranged(slow, pareto=True)) == ["base Ensemble", "Reduce"]
    assert arranged(slow, pareto=True).rows_left_out == 2


def test_without_speeds_there_is_no_front(table: Table) -> None:
    unknown = replace(table, rows=tuple(replace(row, words_per_second=None) for row in table.rows))
    with pytest.raises(UsageError, match="no Pareto front"):
        arranged(unknown, pareto=True)
