"""Small files of counts, scored by hand."""

import json
import subprocess
import sys
from typing import Any

import pytest

from archlab.errors import InvalidError
from archlab.records import Json
from archlab.results.recounting import Recounter, Row, prf_measure, recount, recount_per_label

MICRO = {"x_p": "micro_p", "x_r": "micro_r", "x_f": "micro_f"}


def file_of(documents: int, **measures: Json) -> Json:
    content = {
        "schema_version": 1,
        "documents": documents,
        "words": [4] * documents,
        "measures": measures,
    }
    again: Json = json.loads(json.dumps(content))
    return again


def entities() -> Json:
    rows: list[Row] = [(0, "ORG", 1, 0, 1), (0, "PER", 2, 1, 0), (2, "PER", 0, 1, 3), (2, "LOC", 0, 0, 0)]
    return file_of(4, x=prf_measure(rows, MICRO))


def test_the_form_of_a_measure() -> None:
    assert entities()["measures"]["x"] == {
        "form": "prf",
        "scores": MICRO,
        "always": False,
        "labels": ["ORG", "PER", "LOC"],
        "label": [0, 1, 1, 2],
        "document": [0, 0, 2, 2],
        "tp": [1, 2, 0, 0],
        "fp": [0, 1, 1, 0],
        "fn": [1, 0, 3, 0],
    }
    unlabelled = prf_measure([(1, None, 1, 2, 3)], {}, labelled=False)
    assert unlabelled["labels"] is None
    assert "label" not in unlabelled


def test_micro_scores_of_all_documents() -> None:
    # tp 3, fp 2, fn 4
    assert recount(entities()) == pytest.approx({"x_p": 3 / 5, "x_r": 3 / 7, "x_f": 6 / 12})


@pytest.mark.parametrize(
    ("documents", "counts"),
    [
        ([0], (3, 1, 1)),
        ([2], (0, 1, 3)),
        ([2, 0, 0], (6, 3, 5)),
        ([0, 1, 0, 2], (6, 3, 5)),
        ([3, 0], (3, 1, 1)),
    ],
)
def test_micro_scores_of_chosen_documents(documents: list[int], counts: tuple[int, int, int]) -> None:
    tp, fp, fn = counts
    expected = {"x_p": tp / (tp + fp), "x_r": tp / (tp + fn), "x_f": 2 * tp / (2 * tp + fp + fn)}
    assert recount(entities(), documents) == pytest.approx(expected)


@pytest.mark.parametrize("documents", [[], [1], [3, 1, 1]])
def test_nothing_counted_is_none(documents: list[int]) -> None:
    assert recount(entities(), documents) == {"x_p": None, "x_r": None, "x_f": None}


def test_nothing_counted_is_zero_where_the_scorer_always_scores() -> None:
    scores = {"micro": "micro_f", "macro": "macro_f"}
    content = file_of(2, cats=prf_measure([(0, "a", 1, 0, 0)], scores, labels=["a", "b"], always=True))
    assert recount(content, [1]) == {"micro": 0, "macro": 0}
    assert set(recount_per_label(content, "cats", [1])) == {"a", "b"}
    assert recount(file_of(0, cats=prf_measure([], scores, labels=[], always=True))) == {
        "micro": 0,
        "macro": 0,
    }


def test_macro_scores_count_every_label() -> None:
    rows: list[Row] = [(0, "a", 1, 0, 0), (1, "a", 0, 1, 0), (1, "b", 0, 0, 1)]
    scores = {f"macro_{key}": f"macro_{key}" for key in "prf"}
    content = file_of(2, cats=prf_measure(rows, scores, labels=["b", "a", "c"], always=True))
    # a: p 1/2, r 1, f 2/3; b and c: 0
    assert recount(content) == pytest.approx({"macro_p": 1 / 6, "macro_r": 1 / 3, "macro_f": 2 / 9})


def test_scores_by_label_leave_out_labels_not_met() -> None:
    assert recount_per_label(entities(), "x") == {
        "ORG": pytest.approx({"p": 1, "r": 1 / 2, "f": 2 / 3}),
        "PER": pytest.approx({"p": 1 / 2, "r": 2 / 5, "f": 4 / 9}),
        "LOC": {"p": 0, "r": 0, "f": 0},
    }
    assert set(recount_per_label(entities(), "x", [0])) == {"ORG", "PER"}


def test_the_positive_label() -> None:
    measure = prf_measure([(0, "no", 1, 0, 0), (0, "yes", 1, 0, 2)], {"score": "positive_f"})
    assert recount(file_of(1, cats={**measure, "positive_label": "yes"})) == pytest.approx({"score": 1 / 2})


def ranked(ranks: list[list[int]], gold: list[list[float]], documents: int) -> Json:
    labels = ["a", "b", "c"][: len(ranks)]
    cells = [(i, j, value) for i, row in enumerate(gold) for j, value in enumerate(row) if value]
    measure = prf_measure([], {"auc": "macro_auc"}, labels=labels, always=True)
    columns = {
        "label": [c[0] for c in cells],
        "document": [c[1] for c in cells],
        "gold": [c[2] for c in cells],
    }
    return file_of(documents, cats={**measure, "ranking": {"ranks": ranks, **columns}})


def test_area_under_the_curve() -> None:
    # a: pairs (1 above 0), (1 tied with 1), (2 above 0), (2 above 1): 3.5 of 4; b has no positive
    content = ranked([[0, 1, 1, 2], [3, 2, 1, 0]], [[0, 0, 1, 1], [0, 0, 0, 0]], 4)
    assert recount(content) == pytest.approx({"auc": 3.5 / 4 / 2})
    by_label = recount_per_label(content, "cats")
    assert by_label["a"]["auc"] == pytest.approx(3.5 / 4)
    assert by_label["b"]["auc"] is None


def test_area_of_a_resample_counts_repeats() -> None:
    content = ranked([[0, 1, 1, 2]], [[0, 0, 1, 1]], 4)
    # negatives 0 and 1, 1; positives 1, 1 and 2: (1 + .5 + .5) twice and 3 of 9
    assert recount(content, [0, 1, 1, 2, 2, 3]) == pytest.approx({"auc": 7 / 9})
    assert recount(content, [0, 1]) == {"auc": 0}


def test_a_cell_without_gold_value_is_no_negative() -> None:
    content = ranked([[-1, 1, 0, 2]], [[0, 0, 1, 1]], 4)
    assert recount(content) == pytest.approx({"auc": 1 / 2})


def test_an_area_that_cannot_be_known_is_none() -> None:
    scores = {"auc": "macro_auc", "f": "macro_f"}
    measure = prf_measure([(0, "a", 1, 0, 0)], scores, labels=["a"], always=True)
    assert recount(file_of(1, cats={**measure, "ranking": None})) == {"auc": None, "f": 1}
    # gold values of 0 and .5: the scorer divides by no positives
    assert recount(ranked([[0, 1]], [[0, 0.5]], 2)) == {"auc": None}


def test_only_the_wanted_scores() -> None:
    content = entities()
    content["measures"]["y"] = prf_measure([(0, None, 1, 0, 0)], {"y_acc": "micro_f"}, labelled=False)
    assert set(Recounter(content, {"x_f"}).scores()) == {"x_f"}
    assert set(Recounter(content, {"y_acc", "z"}).scores([0])) == {"y_acc"}
    assert set(Recounter(content).scores()) == {"x_p", "x_r", "x_f", "y_acc"}


def test_a_form_of_later_days_is_passed_over() -> None:
    content = entities()
    content["measures"]["z"] = {"form": "histogram", "bins": []}
    assert set(recount(content)) == {"x_p", "x_r", "x_f"}


@pytest.mark.parametrize("documents", [[4], [-1], [0, 9]])
def test_a_document_that_is_not_there(documents: list[int]) -> None:
    with pytest.raises(IndexError, match="documents 0 to 3"):
        recount(entities(), documents)


def test_a_measure_that_is_not_there_or_has_no_labels() -> None:
    content = entities()
    content["measures"]["y"] = prf_measure([], {}, labelled=False)
    for measure in ("y", "z"):
        with pytest.raises(KeyError, match="only x"):
            recount_per_label(content, measure)


def test_a_newer_schema_is_refused() -> None:
    content: dict[str, Any] = {**entities(), "schema_version": 2}
    with pytest.raises(InvalidError, match="schema 2"):
        recount(content)


def test_importing_loads_nothing_heavy() -> None:
    heavy = {"spacy", "scipy", "numpy", "thinc"}
    code = f"import sys, archlab.results.recounting; print({heavy} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
