"""What the gate keeps of the runs in a store."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from compared_runs import DOCUMENTS, a_layout, a_sweep, right, run
from made_results import made_per_doc

from archlab.records import Reason
from archlab.results.collection import Results, stored_results
from archlab.results.files import write_json
from archlab.results.packing import unpack
from archlab.results.snapshots import Where, take_snapshot


@pytest.fixture
def results(tmp_path: Path) -> Results:
    a_sweep(tmp_path, a_layout())
    return stored_results("demo", tmp_path)


def test_scores_by_seed_and_document(results: Results) -> None:
    base = take_snapshot(results, ["acc"]).places[0]
    assert (base.standing, base.dev_documents) == ("done", DOCUMENTS)
    score = base.scores["acc"]
    assert list(score.seeds) == list(score.documents) == [0, 1, 2]
    for seed, value in score.seeds.items():
        of_documents = right("base", seed)
        assert value == round(sum(of_documents) / DOCUMENTS, 6)
        found = unpack(score.documents[seed], value, DOCUMENTS)
        assert abs(found - np.asarray(of_documents)).max() < 0.02


def test_costs_and_where_it_ran(results: Results) -> None:
    snapshot = take_snapshot(results, ["acc"])
    base = snapshot.places[0]
    assert (base.parameters, base.model_bytes) == (20185165, 80741034)
    assert base.words_per_second.seeds == {0: 31234, 1: 31234, 2: 31234}
    assert snapshot.where == Where(
        versions=results.by_run["base0"].environment.versions, python="3.11.9", platform=None, device="cpu"
    )


def test_seeds_are_in_order_whatever_the_order_of_the_plan(results: Results) -> None:
    places = tuple(replace(place, run_ids=place.run_ids[::-1]) for place in results.layout.places)
    turned = replace(results, layout=replace(results.layout, places=places))
    assert (
        take_snapshot(turned, ["acc"]).model_dump_json() == take_snapshot(results, ["acc"]).model_dump_json()
    )


def test_runs_on_other_documents_are_kept_by_seed_alone(results: Results) -> None:
    assert results.paths is not None
    counts = made_per_doc(right("base", 2))
    write_json(results.paths.run("base2").per_doc, {**counts, "words": [2] * DOCUMENTS})
    base = take_snapshot(results, ["acc"]).places[0]
    assert (len(base.scores["acc"].seeds), base.scores["acc"].documents) == (3, {})
    assert (base.dev_documents, base.dev_digest) == (0, None)


def test_a_score_that_runs_do_not_have_is_kept_as_none(results: Results) -> None:
    assert take_snapshot(results, ["f"]).places[0].scores["f"].seeds == {}


@pytest.mark.parametrize("standing", ["failed", "missing", "rejected"])
def test_a_variant_without_scores_says_why(results: Results, standing: str) -> None:
    if standing == "failed":
        message = "the loss is NaN\n::error::at step 3"
        broken = run("base", 1, status="failed", reason=Reason(kind="nan", message=message))
        changed = replace(results, by_run={**results.by_run, "base1": broken})
    elif standing == "missing":
        changed = replace(results, by_run={k: r for k, r in results.by_run.items() if k != "base1"})
    else:
        first, *rest = results.layout.places
        refused = replace(first, rejected="it does not fit", run_ids=())
        changed = replace(results, layout=replace(results.layout, places=(refused, *rest)))
    reasons = {
        "failed": "seed 1: nan: the loss is NaN ::error::at step 3",
        "missing": "1 of 3 runs have no result",
        "rejected": "it does not fit",
    }
    base = take_snapshot(changed, ["acc"]).places[0]
    assert (base.standing, base.reason, base.scores) == (standing, reasons[standing], {})
