"""A sweep whose runs are all in the store, made and not trained, so that the gate has nothing to train."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from made_results import made_per_doc, made_result

import archlab
from archlab.records import Cost, Environment, Reason, Result, RunSpec
from archlab.results.files import write_json
from archlab.results.store import Store

DOCUMENTS = 300

SWEEP = """\
name: gate
base: base.cfg
score: cats_micro_f
seeds: {seeds}
overrides:
  vars.train_size: 20
  vars.dev_size: 20
swaps:
  textcat.model:
    - base
    - spacy.TextCatBOW.v3
    - spacy.TextCatReduce.v1
{more}"""

ROWS = ("base TextCatEnsemble.v2", "TextCatBOW.v3", "TextCatReduce.v1")
SHARES = {"base": 0.9, "TextCatBOW.v3": 0.7, "TextCatReduce.v1": 0.8}


def write_sweep(workplace: Path, more: str = "", seeds: str = "3") -> Path:
    """configs/gate.yml: three classifiers. more: further blocks."""
    path = workplace / "configs" / "gate.yml"
    path.write_text(SWEEP.format(seeds=seeds, more=more), encoding="utf8")
    return path


def fill_store(
    sweep: Path,
    experiments: Path = Path("experiments"),
    shares: Mapping[str, float] = SHARES,
    **changed: Any,
) -> Store:
    """A result for each run of a sweep's plan. shares: row -> of its documents, how many are right.

    changed: fields of every result that are others.
    """
    planned = archlab.plan(sweep, level="types")
    rows = {place.variant_id: place.row for place in planned.placements}
    store = Store(planned.sweep.name, experiments)
    for spec in planned.runs:
        row = rows[spec.variant_id]
        put(store, spec, shares["base" if row.startswith("base") else row], **changed)
    return store


def put(store: Store, spec: RunSpec, share: float, reason: Reason | None = None, **changed: Any) -> Result:
    """The result of a run, and its counts. reason: why it failed."""
    random = Random(f"{spec.variant} {spec.seed} {share}")
    right = [random.random() < share for _ in range(DOCUMENTS)]
    score = sum(right) / DOCUMENTS
    scores = {"cats_micro_f": score, "cats_macro_f": score / 2, "score": score}
    result = replace(
        made_result(replace(spec, score_name="score")),
        score_name=spec.score_name,
        scores={} if reason else scores,
        score=None if reason else score,
        status="failed" if reason else "done",
        reason=reason,
        cost=Cost(parameters=1000, model_bytes=2_000_000, words_per_second=10_000.0 + spec.seed),
        environment=Environment(
            versions={"spacy": "3.8.18"}, python="3.11.9", platform="Linux-x86_64", device="cpu"
        ),
    )
    paths = store.paths.run(spec.run_id)
    write_json(paths.result, replace(result, **changed).to_dict())
    if reason is None:
        write_json(paths.per_doc, made_per_doc(right, "cats_micro_f"))
    return result
