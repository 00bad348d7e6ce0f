"""Results as a data frame: a row per run."""

import sys
from dataclasses import replace

import pytest
from test_tables import LAYOUT, RESULTS, result

from archlab.errors import ExtraError
from archlab.records import Reason
from archlab.results.collection import Results

pd = pytest.importorskip("pandas")


def test_a_row_is_a_run_with_its_scores_and_costs() -> None:
    frame = Results(LAYOUT, RESULTS).to_pandas()
    assert list(frame["run_id"]) == ["b0", "b1", "a0", "a1"]
    assert list(frame["variant"]) == ["Reduce", "Reduce", "base Ensemble", "base Ensemble"]
    assert list(frame["seed"]) == [0, 1, 0, 1]
    assert list(frame["cats_micro_f"]) == [0.5, 0.7, 0.8, 0.9]
    assert list(frame["score"]) == [0.123] * 4  # the config's own
    assert list(frame["words_per_second"]) == [50.0, 51.0, 50.0, 51.0]
    assert frame.groupby("variant")["cats_micro_f"].mean()["Reduce"] == pytest.approx(0.6)
    assert frame.attrs == {"sweep": "demo", "score_name": "cats_micro_f"}


def test_what_is_not_known_is_missing() -> None:
    failed = replace(
        result("a1", None, 1), status="failed", reason=Reason(kind="memory", message="too much"), scores={}
    )
    swapped = {"textcat.model": {"spacy.TextCatBOW.v3": {"length": 1024}}, "training.dropout": 0.2}
    nan = replace(RESULTS["b0"], swaps=swapped, scores={"cats_micro_f": float("nan"), "table": {"A": 1}})
    frame = Results(LAYOUT, {"a1": failed, "b0": nan}).to_pandas()
    assert list(frame["status"]) == ["done", "failed"]
    assert frame["reason"][1] == "memory: too much"
    assert frame["cats_micro_f"].isna().all()
    assert "table" not in frame
    assert frame["textcat.model"][0] == '{"spacy.TextCatBOW.v3": {"length": 1024}}'
    assert frame["training.dropout"].isna().tolist() == [False, True]


def test_a_score_of_another_columns_name_takes_nothing_away() -> None:
    odd = replace(RESULTS["b0"], scores={"variant": 0.1, "seconds": 0.2, "mine": 0.3})
    (row,) = Results(LAYOUT, {"b0": odd}).to_pandas().to_dict("records")
    assert (row["variant"], row["seconds"], row["mine"]) == ("Reduce", 2.0, 0.3)
    assert (row["score.variant"], row["score.seconds"]) == (0.1, 0.2)


def test_without_results_it_is_empty() -> None:
    assert len(Results(LAYOUT, {}).to_pandas()) == 0


def test_without_pandas_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ExtraError, match="needs pandas") as caught:
        Results(LAYOUT, RESULTS).to_pandas()
    assert caught.value.hint == "pip install 'archlab[pandas]'"
