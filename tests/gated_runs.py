"""Sweeps that the gate judges, made of numbers: nothing is trained."""

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any

import numpy as np

from archlab.planning.gate_rules import GateRules
from archlab.results.baselines import Baseline
from archlab.results.gate_findings import Finding, Verdict
from archlab.results.packing import pack
from archlab.results.regressions import judge
from archlab.results.snapshots import ScoreSnapshot, Snapshot, Speed, SweepSnapshot, Where

DOCUMENTS = 400
TODAY = date(2026, 3, 1)
WHERE = Where(versions={"spacy": "3.8.18", "thinc": "8.3.4"}, python="3.11.9", platform="Linux", device="cpu")


def a_score(
    share: float, seeds: Sequence[int] = (0, 1, 2), *, name: str = "", noise: float = 0.01
) -> ScoreSnapshot:
    """An accuracy on documents of which some are hard in all runs."""
    hard = np.asarray([Random(f"document {number}").random() for number in range(DOCUMENTS)])
    scores, documents = {}, {}
    for seed in seeds:
        random = Random(f"{name} {share} {seed}")
        luck = random.gauss(0, noise)
        right = np.asarray([float(of + random.gauss(0, 0.05) < share + luck) for of in hard])
        scores[seed] = round(float(right.mean()), 6)
        documents[seed] = pack(right)
    return ScoreSnapshot(seeds=scores, documents=documents)


def a_place(row: str = "base Ensemble", share: float = 0.8, **changed: Any) -> Snapshot:
    """A variant whose share of documents is right. changed: fields of the snapshot that are others."""
    scores = {"acc": a_score(share, changed.pop("seeds", (0, 1, 2)), name=changed.pop("name", row))}
    said: dict[str, Any] = {
        "row": row,
        "column": None,
        "standing": "done",
        "config": "c",
        "data": "d",
        "code": "e",
        "scores": scores,
        "dev_documents": DOCUMENTS,
        "dev_digest": "same",
        "parameters": 1000.0,
        "model_bytes": 2_000_000.0,
        "words_per_second": Speed(seeds={0: 10_000, 1: 10_200, 2: 9_900}),
    }
    return Snapshot(**{**said, **changed})


def a_baseline(*places: Snapshot, **changed: Any) -> Baseline:
    said: dict[str, Any] = {"sweep": "demo", "made": date(2026, 1, 2), "reason": "first", "where": WHERE}
    return Baseline(**{**said, "places": places, **changed})


def verdict_of(
    before: Sequence[Snapshot],
    now: Sequence[Snapshot],
    rules: GateRules | None = None,
    *,
    where: Where = WHERE,
    baseline_where: Where = WHERE,
    today: date = TODAY,
    **baseline: Any,
) -> Verdict:
    used = rules or GateRules()
    snapshot = SweepSnapshot(sweep="demo", where=where, places=tuple(now))
    then = a_baseline(*before, where=baseline_where, **baseline)
    return judge(then, snapshot, used, used.of("acc"), today)


def finding(verdict: Verdict, rule: str, variant: str | None = None) -> Finding:
    """The one finding of a rule."""
    (one,) = [f for f in verdict.findings if f.rule == rule and variant in (None, f.variant)]
    return one
