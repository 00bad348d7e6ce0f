import json
from dataclasses import replace
from statistics import stdev

import pytest

from archlab.errors import UsageError
from archlab.records import Cost, Environment, Fingerprints, Reason, Result, Seconds
from archlab.results.collection import Results
from archlab.results.problems import Problem
from archlab.results.tables import Layout, Place, make_table, winners


def result(run_id: str, score: float | None, seed: int = 0) -> Result:
    return Result(
        run_id=run_id,
        variant_id=run_id[0],
        variant=run_id[0],
        swaps={},
        seed=seed,
        status="done",
        reason=None,
        score=score,
        score_name="cats_micro_f",
        scores={"cats_micro_f": score, "f": score, "score": 0.123},
        best_step=10,
        steps=10,
        epochs=1,
        cost=Cost(
            parameters=1000,
            words_per_second=50.0 + seed,
            words_per_second_passes=(49.0 + seed, 50.0 + seed, 51.0 + seed),
            seconds=Seconds(total=2.0),
        ),
        environment=Environment(),
        fingerprints=Fingerprints(config="c", data="d", code="e", versions="v"),
        started=None,
        finished=None,
        attempt=1,
    )


def place(row: str, key: str, column: str | None = None, runs: int = 2) -> Place:
    return Place(row=row, column=column, variant_id=key, run_ids=tuple(f"{key}{n}" for n in range(runs)))


LAYOUT = Layout(
    sweep="demo", score_name="cats_micro_f", places=(place("Reduce", "b"), place("base Ensemble", "a"))
)
RESULTS = {
    r.run_id: r for r in (result("a0", 0.8), result("a1", 0.9, 1), result("b0", 0.5), result("b1", 0.7, 1))
}


def test_the_base_comes_first_and_others_differ_from_it() -> None:
    table = make_table(LAYOUT, RESULTS)
    base, other = table.rows
    (base_cell,), (other_cell,) = base.cells, other.cells
    assert (base.label, other.label) == ("base Ensemble", "Reduce")
    assert base_cell is not None
    assert base_cell.score is not None
    assert other_cell is not None
    assert base_cell.score.mean == pytest.approx(0.85)
    assert base_cell.difference is None
    assert other_cell.difference == pytest.approx(-0.25)
    assert (base_cell.best, other_cell.best) == (True, False)
    assert (other.parameters, other.words_per_second, other.seconds) == (1000, 50.5, 2.0)
    assert other.words_per_second_sd == pytest.approx(
        50.5 * stdev([49 / 50, 50 / 50, 51 / 50, 50 / 51, 51 / 51, 52 / 51])
    )


def test_columns_are_compared_each_with_its_own_base() -> None:
    places = (
        place("base", "a", "easy", 1),
        place("base", "b", "hard", 1),
        place("BOW", "c", "easy", 1),
        place("BOW", "d", "hard", 1),
    )
    scores = {"a0": 0.9, "b0": 0.6, "c0": 0.8, "d0": 0.7}
    layout = Layout(sweep="s", score_name="f", places=places)
    table = make_table(layout, {run: result(run, score) for run, score in scores.items()})
    assert table.columns == ("easy", "hard")
    differences = [cell.difference for cell in table.rows[1].cells if cell is not None]
    assert differences == [pytest.approx(-0.1), pytest.approx(0.1)]
    assert winners(layout, {run: result(run, score) for run, score in scores.items()}) == {"a0", "d0"}


def test_failed_missing_and_rejected_runs_are_said_and_never_averaged() -> None:
    failed = replace(result("a1", None, 1), status="failed", reason=Reason(kind="nan", message="loss is NaN"))
    rejected = Place(row="Tagger", column=None, variant_id=None, run_ids=(), rejected="it returns lists")
    layout = Layout(sweep="s", score_name="f", places=(*LAYOUT.places, rejected))
    table = make_table(layout, {"a0": RESULTS["a0"], "a1": failed, "b0": RESULTS["b0"]})
    by_label = {row.label: row for row in table.rows}
    (cell,) = by_label["base Ensemble"].cells
    assert cell is not None
    assert cell.score is not None
    assert (cell.score.mean, cell.score.n) == (0.8, 1)
    assert [by_label[label].status for label in ("base Ensemble", "Reduce", "Tagger")] == [
        "1 failed",
        "1 missing",
        "1 rejected",
    ]
    assert table.problems == (
        Problem(
            label="base Ensemble",
            status="failed",
            message="loss is NaN",
            kind="nan",
            seed=1,
            run_id="a1",
            attempt=1,
        ),
        Problem(label="Tagger", status="rejected", message="it returns lists"),
    )
    assert [problem["variant"] for problem in table.to_dict()["problems"]] == ["base Ensemble", "Tagger"]


def test_a_run_without_the_score_is_a_problem_not_a_zero() -> None:
    table = make_table(LAYOUT, {"a0": result("a0", None)})
    (cell,) = table.rows[0].cells
    assert cell is not None
    assert cell.score is None
    (problem,) = table.problems
    assert (problem.status, problem.message, problem.run_id) == ("done", "has no cats_micro_f", "a0")
    assert not problem.is_failure


def test_without_a_base_there_is_no_difference() -> None:
    layout = Layout(
        sweep="s", score_name="f", places=(place("BOW", "a", runs=1), place("Reduce", "b", runs=1))
    )
    table = make_table(layout, RESULTS)
    assert [cell.difference for row in table.rows for cell in row.cells if cell] == [None, None]


def test_the_layout_says_which_score_whatever_the_runs_were_recorded_for() -> None:
    weighted = replace(LAYOUT, score_name="score")
    table = make_table(weighted, RESULTS)
    means = [cell.score.mean for row in table.rows for cell in row.cells if cell and cell.score]
    assert means == [pytest.approx(0.123), pytest.approx(0.123)]


def test_further_scores_stand_beside_the_score() -> None:
    table = make_table(replace(LAYOUT, scores_beside=("f", "score", "unheard_of")), RESULTS)
    cell = table.rows[0].cells[0]
    assert cell is not None
    assert [found and found.mean for found in cell.beside] == [
        pytest.approx(0.85),
        pytest.approx(0.123),
        None,
    ]
    told = table.to_dict()["rows"][0]["cells"][0]["scores"]
    assert list(told) == ["f", "score", "unheard_of"]
    assert told["score"] == {"mean": pytest.approx(0.123), "sd": pytest.approx(0.0), "n": 2}
    assert told["unheard_of"] == {"mean": None, "sd": None, "n": 0}
    assert "scores" not in make_table(LAYOUT, RESULTS).to_dict()["rows"][0]["cells"][0]


def test_results_show_the_scores_that_are_asked_for() -> None:
    results = Results(replace(LAYOUT, scores_beside=("f",)), RESULTS)
    assert results.table().scores_beside == ("f",)
    assert results.table(["score"]).scores_beside == ("score",)
    with pytest.raises(UsageError, match="No run of demo has a score scor"):
        results.table(["scor"])


def test_a_variant_in_two_places_is_shown_in_both() -> None:
    places = (place("base", "a", "x"), place("BOW", "b", "x"), place("BOW", "b", "y"))
    table = make_table(Layout(sweep="s", score_name="f", places=places), RESULTS)
    shown = [cell.score.mean if cell and cell.score else None for cell in table.rows[1].cells]
    assert shown == [pytest.approx(0.6), pytest.approx(0.6)]


def test_layouts_and_tables_survive_json() -> None:
    layout = replace(LAYOUT, scores_beside=("f",))
    data = json.loads(json.dumps(layout.to_dict()))
    assert Layout.from_dict(data) == layout
    del data["scores_beside"]  # as plans were written before there were any
    assert Layout.from_dict(data) == LAYOUT
    assert (
        json.loads(json.dumps(make_table(LAYOUT, RESULTS).to_dict()))["rows"][0]["variant"] == "base Ensemble"
    )


def test_results_survive_json_and_ignore_what_a_newer_version_adds() -> None:
    data = json.loads(json.dumps(RESULTS["a0"].to_dict()))
    assert Result.from_dict({**data, "added_later": 1}) == RESULTS["a0"]


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -float("inf")])
def test_a_score_that_is_not_finite_is_none(score: float) -> None:
    table = make_table(LAYOUT, {**RESULTS, "b1": result("b1", score, 1)})
    cell = table.rows[1].cells[0]
    assert cell is not None
    assert cell.score is not None
    assert (cell.score.mean, cell.score.n) == (0.5, 1)
    assert [(problem.run_id, problem.message) for problem in table.problems] == [
        ("b1", "has no cats_micro_f")
    ]


def test_plans_of_before_have_no_weights() -> None:
    data = replace(LAYOUT.places[0], score_weights=(("cats_micro_f", 0.5),)).to_dict()
    assert data["score_weights"] == {"cats_micro_f": 0.5}
    assert Place.from_dict(data).score_weights == (("cats_micro_f", 0.5),)
    del data["score_weights"]
    assert Place.from_dict(data) == LAYOUT.places[0]


def weighted_layout(score_name: str, *weights: tuple[str, float], column: str | None = None) -> Layout:
    base, other = place("base", "a", column), place("BOW", "b", column)
    return Layout(sweep="s", score_name=score_name, places=(other, replace(base, score_weights=weights)))


def test_a_pipelines_own_scores_stand_beside_their_weighted_mean() -> None:
    weights = (("tag_acc", 0.5), ("lemma_acc", 0.0), ("dep_las", 0.5))
    layout = weighted_layout("score", *weights)
    assert Results(layout, RESULTS).table().scores_beside == ("tag_acc", "dep_las")
    named = replace(layout, scores_beside=("f",))
    assert Results(named, RESULTS).table().scores_beside == ("f",), "the sweep names others"
    assert Results(layout, RESULTS).table([]).scores_beside == ()
    of_one = weighted_layout("tag_acc", *weights)
    assert Results(of_one, RESULTS).table().scores_beside == ("dep_las",)


def test_no_scores_stand_beside_that_of_one_component_or_where_columns_do() -> None:
    assert Results(weighted_layout("score", ("cats_score", 1.0)), RESULTS).table().scores_beside == ()
    two = (("tag_acc", 0.5), ("dep_las", 0.5))
    columns = [weighted_layout("score", *two, column=column).places for column in ("x", "y")]
    several = Layout(sweep="s", score_name="score", places=(*columns[0], *columns[1]))
    assert Results(several, RESULTS).table().scores_beside == ()
