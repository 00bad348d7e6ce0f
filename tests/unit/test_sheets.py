"""A table laid out as texts: what is bold, what is in parentheses, and what may be asked for."""

import io
from dataclasses import replace

import pytest
from rich.console import Console
from test_tables import LAYOUT, RESULTS, place, result

from archlab.errors import UsageError
from archlab.reporting.sheets import Shown, make_sheet
from archlab.reporting.terminal import show_table
from archlab.results.statistics import Comparison
from archlab.results.tables import Layout, Table, make_table


def found(p: float | None) -> Comparison:
    return Comparison(
        difference=-0.25,
        low=-0.5,
        high=0.0,
        p=p,
        effect=None,
        seeds=2,
        documents=None,
        generalises_over="seeds",
        seed_variance=0.01,
        document_variance=None,
    )


def a_table(p: float | None) -> Table:
    """The base and one other, whose comparison has this p."""
    return make_table(LAYOUT, RESULTS, lambda pairs: [found(p)] * len(pairs))


@pytest.mark.parametrize(("p", "bold"), [(0.049, 1), (0.05, 2), (1.0, 2), (None, 1)])
def test_bold_is_the_best_and_what_cannot_be_told_from_it(p: float | None, bold: int) -> None:
    rows = make_sheet(a_table(p)).rows
    assert sum(entry.style == "best" for row in rows for entry in row) == bold
    stream = io.StringIO()
    show_table(Console(file=stream, force_terminal=True, width=200, highlight=False), a_table(p))
    assert stream.getvalue().count("\x1b[1m.") == bold


@pytest.mark.parametrize(("p", "aside"), [(0.049, "-.250"), (0.05, "(-.250)"), (None, "-.250")])
def test_with_columns_a_difference_within_noise_is_in_parentheses(p: float | None, aside: str) -> None:
    layout = Layout(sweep="s", score_name="f", places=(place("base", "a", "x", 1), place("BOW", "b", "x", 1)))
    results = {"a0": result("a0", 0.9), "b0": result("b0", 0.8)}
    made = make_table(layout, results, lambda pairs: [found(p)] * len(pairs))
    assert make_sheet(made).rows[1][1].aside == aside
    assert make_sheet(made, Shown(hidden=["difference"])).rows[1][1].aside == ""


@pytest.mark.parametrize(
    ("width", "left_out"),
    [
        (200, ""),
        (80, "no room for model MB: --columns model_mb\n"),
        (70, "no room for model MB, memory MB: --columns model_mb,memory\n"),
        (60, "no room for model MB, memory MB, params: --columns model_mb,memory,params\n"),
        (10, "no room for model MB, memory MB, params, seconds, words/s: --columns model_mb,memory,params,"),
    ],
)
def test_a_terminal_shows_the_costs_that_it_has_room_for(width: int, left_out: str) -> None:
    known = {
        run_id: replace(one, cost=replace(one.cost, model_bytes=10**6, peak_memory_bytes=10**8))
        for run_id, one in RESULTS.items()
    }
    stream = io.StringIO()
    show_table(Console(file=stream, width=width), make_table(LAYOUT, known))
    told, shown = stream.getvalue().split("\n\n")
    assert ("no room" in told) == bool(left_out)
    assert left_out in told + "\n"
    for name in ("params", "words/s", "seconds", "memory MB", "model MB"):
        assert (f" {name}" in shown) == (name not in left_out)


@pytest.mark.parametrize(
    ("width", "left_out"),
    [
        (72, None),
        (66, "params: --columns params"),
        (58, "params, seconds: --columns params,seconds"),
        (44, "params, seconds, long_name_b: --format markdown"),
        (30, "params, seconds, long_name_b, long_name_a: --format markdown"),
    ],
)
def test_scores_beside_go_after_costs_and_before_the_speed(width: int, left_out: str | None) -> None:
    names = ("long_name_a", "long_name_b")
    known = {run_id: replace(one, scores=dict.fromkeys(names, 0.5)) for run_id, one in RESULTS.items()}
    stream = io.StringIO()
    show_table(Console(file=stream, width=width), make_table(replace(LAYOUT, scores_beside=names), known))
    told, shown = stream.getvalue().split("\n\n")[:2]
    assert [line for line in told.splitlines() if "no room" in line] == (
        [f"no room for {left_out}"] if left_out else []
    )
    for name in (*names, "params", "words/s", "seconds"):
        assert (name in shown) == (name not in (left_out or ""))


def test_a_long_name_is_folded_before_a_cost_goes() -> None:
    places = (LAYOUT.places[1], replace(LAYOUT.places[0], row="a name " * 9))
    stream = io.StringIO()
    show_table(Console(file=stream, width=80), make_table(replace(LAYOUT, places=places), RESULTS))
    assert "no room" not in stream.getvalue()
    assert "seconds" in stream.getvalue()


def test_costs_that_are_not_known_have_no_column() -> None:
    headers = [column.header for column in make_sheet(a_table(0.5)).columns]
    assert headers[-3:] == ["params", "words/s", "seconds"]


def test_columns_that_are_asked_for() -> None:
    sheet = make_sheet(a_table(0.5), Shown(costs=["memory", "params"], hidden=["p"], digits=2))
    assert [column.header for column in sheet.columns] == ["", "score", "difference", "memory MB", "params"]
    told = ["Reduce", ".60 ± .14", "-.25 [-.50 .. +.00]", "", "1.0 k"]
    assert [entry.text for entry in sheet.rows[1]] == told


@pytest.mark.parametrize(
    ("shown", "hint"),
    [
        (Shown(costs=["memroy"]), "Did you mean memory?"),
        (Shown(hidden=["diference"]), "Did you mean difference?"),
        (Shown(hidden=["xyz"]), "There are difference, p, params, words, seconds, memory, model_mb, status."),
    ],
)
def test_columns_that_there_are_not(shown: Shown, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        make_sheet(a_table(0.5), shown)
    assert refused.value.hint == hint
