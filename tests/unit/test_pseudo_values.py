"""Pseudo-values equal those found by leaving out one document after the other."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archlab.records import Json
from archlab.results.pseudo_values import pseudo_values
from archlab.results.recounting import Recounter, Row, prf_measure

OVER = ("micro", "macro")
PRF = {f"{over}_{key}": f"{over}_{key}" for over in OVER for key in "prf"}
DOCUMENTS = 30


def file_of(measure: Json, documents: int = DOCUMENTS) -> Json:
    return {
        "schema_version": 1,
        "documents": documents,
        "words": [4] * documents,
        "measures": {"other": prf_measure([], {"other_f": "micro_f"}, labelled=False), "x": measure},
    }


def random_rows(labelled: bool = True) -> list[Row]:
    """Several rows for some documents and labels, none for others."""
    random = np.random.default_rng(7)
    documents = sorted(random.integers(0, DOCUMENTS - 2, 60).tolist())
    return [
        (document, "abcd"[random.integers(0, 4)] if labelled else None, *random.integers(0, 3, 3).tolist())
        for document in documents
    ]


def ranking(documents: int, gold_values: tuple[float, ...] = (0, 1)) -> Json:
    """Label a has all gold values and ties, b lacks some documents, c has one positive, d none."""
    random = np.random.default_rng(3)
    ranks = random.integers(0, 9, (4, documents))
    gold = random.choice(gold_values, (4, documents))
    ranks[1, ::4] = -1
    gold[2] = np.eye(1, documents, 5)[0]
    gold[3] = 0
    label, document = np.nonzero(gold)
    values = {"label": label.tolist(), "document": document.tolist(), "gold": gold[label, document].tolist()}
    return {"ranks": ranks.tolist(), **values}


def slowly(per_doc: Json, name: str) -> NDArray[np.float64]:
    recounter, n = Recounter(per_doc, {name}), per_doc["documents"]
    without: Any = [recounter.scores([i for i in range(n) if i != j])[name] for j in range(n)]
    score = np.asarray(recounter.scores()[name], dtype=np.float64)
    raw: NDArray[np.float64] = n * score - (n - 1) * np.asarray(without, dtype=np.float64)
    shifted: NDArray[np.float64] = raw - raw.mean() + score
    return shifted


def check(per_doc: Json, name: str) -> None:
    found = pseudo_values(per_doc, name)
    assert found is not None
    assert found.shape == (per_doc["documents"],)
    assert found == pytest.approx(slowly(per_doc, name), abs=1e-9)
    assert found.mean() == pytest.approx(Recounter(per_doc).scores()[name], abs=1e-9)
    assert found.std() > 0


@pytest.mark.parametrize("name", PRF)
@pytest.mark.parametrize("always", [True, False])
def test_precision_recall_and_f(name: str, always: bool) -> None:
    check(file_of(prf_measure(random_rows(), PRF, labels=["z", "b"], always=always)), name)


@pytest.mark.parametrize("name", [name for name in PRF if name.startswith("micro")])
def test_counts_without_labels(name: str) -> None:
    check(file_of(prf_measure(random_rows(labelled=False), PRF, labelled=False)), name)


def test_the_positive_label() -> None:
    measure = prf_measure(random_rows(), {"score": "positive_f"}, always=True)
    check(file_of({**measure, "positive_label": "b"}), "score")


@pytest.mark.parametrize("gold_values", [(0, 1), (0, 0.5, 1)])
def test_areas_under_curves(gold_values: tuple[float, ...]) -> None:
    measure = prf_measure([], {"auc": "macro_auc"}, labels=list("abcd"), always=True)
    check(file_of({**measure, "ranking": ranking(DOCUMENTS, gold_values)}), "auc")


def test_of_an_accuracy_they_are_one_and_zero() -> None:
    rows: list[Row] = [(j, None, int(j % 3 > 0), int(j % 3 == 0), 0) for j in range(DOCUMENTS)]
    found = pseudo_values(file_of(prf_measure(rows, {"acc": "micro_p"}, labelled=False)), "acc")
    assert found == pytest.approx([float(j % 3 > 0) for j in range(DOCUMENTS)])


def test_none_where_the_score_is_not_known() -> None:
    rows: list[Row] = [(0, "a", 1, 1, 0), (1, "a", 0, 0, 0)]
    assert pseudo_values(file_of(prf_measure(rows, PRF)), "no_such_score") is None
    assert pseudo_values(file_of(prf_measure([], PRF)), "micro_f") is None
    # without document 0 the scorer would meet nothing
    assert pseudo_values(file_of(prf_measure(rows, PRF)), "micro_f") is None
    found = pseudo_values(file_of(prf_measure(rows, PRF, always=True)), "micro_f")
    assert found is not None
    assert found[0] > 1
    measure = prf_measure(rows, {"auc": "macro_auc"}, labels=["a"], always=True)
    assert pseudo_values(file_of({**measure, "ranking": None}), "auc") is None
    # without the only gold value of 1 there is no area
    measure["ranking"] = {"ranks": [[0, 2, 1]], "label": [0, 0], "document": [1, 2], "gold": [1, 0.5]}
    assert pseudo_values(file_of(measure, 3), "auc") is None
