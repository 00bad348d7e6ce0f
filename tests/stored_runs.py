"""A store with a run in every state, made file by file: nothing is trained."""

import json
import os
from pathlib import Path

from archlab.processes import identity
from archlab.records import Cost, Environment, Fingerprints, Json, Reason, Result, RunSpec, Seconds
from archlab.results.files import write_json, write_text
from archlab.results.paths import RunPaths
from archlab.results.store import Store
from archlab.results.tables import Layout, Place

PRINTS = Fingerprints(config="c", data="d", code="e", versions="v")
SWEEP = "base: base.cfg\nseeds: [7, 8]\nkeep_models: {keep}\n"
ROWS = {"base Ensemble": ("a7", "a8"), "BOW": ("b7", "b8"), "Reduce": ("c7", "c8")}
LABELS = {run_id: row for row, run_ids in ROWS.items() for run_id in run_ids}


def a_store(experiments: Path, *, sweep: str = "demo", keep: str = "winner") -> Store:
    """A sweep of three variants with seeds 7 and 8, planned; none of it has started."""
    store = Store(sweep, experiments)
    places = tuple(
        Place(row=row, column=None, variant_id=run_ids[0][0], run_ids=run_ids)
        for row, run_ids in ROWS.items()
    )
    write_text(store.paths.sweep, SWEEP.format(keep=keep))
    write_json(store.paths.plan, Layout(sweep=sweep, score_name="f", places=places).to_dict())
    store.paths.runs.mkdir()
    return store


def started(store: Store, run_id: str, *, process: Json | None = None, evaluated: int = 0) -> RunPaths:
    """A run that has begun. process: what its process.json says. evaluated: how often it has been."""
    spec = RunSpec(
        run_id=run_id,
        variant_id=run_id[0],
        variant=LABELS.get(run_id, "an older one"),
        sweep=store.sweep,
        settings={},
        seed=int(run_id[1]),
        device="cpu",
        gpu_id=-1,
        code=[],
        score_name="f",
        fingerprints=PRINTS,
    )
    store.prepare(spec, "[nlp]\n")
    paths = store.paths.run(run_id)
    paths.log.write_text("Training begins\n", encoding="utf8")
    if process is not None:
        write_json(paths.process, process)
    for step in range(1, evaluated + 1):
        line = {"step": step * 10, "max_steps": 50, "score": 0.1, "scores": {"f": step / 10}, "seconds": step}
        with paths.progress.open("a", encoding="utf8") as progress:
            progress.write(json.dumps(line) + "\n")
    return paths


def ended(store: Store, run_id: str, score: float | None, reason: Reason | None = None) -> RunPaths:
    """A run with a result, and a model of 1,000 bytes where it is done."""
    paths = started(store, run_id, process=gone())
    result = Result(
        run_id=run_id,
        variant_id=run_id[0],
        variant=LABELS.get(run_id, "an older one"),
        swaps={},
        seed=int(run_id[1]),
        status="done" if reason is None else "failed",
        reason=reason,
        score=score,
        score_name="f",
        scores={} if score is None else {"f": score},
        best_step=40,
        steps=50,
        epochs=1,
        cost=Cost(seconds=Seconds(total=12.34)),
        environment=Environment(),
        fingerprints=PRINTS,
        started="2026-01-02T03:04:05+00:00",
        finished="2026-01-02T03:04:18+00:00",
        attempt=1,
    )
    write_json(paths.per_doc, {})
    store.record(result)
    if reason is None:
        a_model(paths.model)
    return paths


def a_model(folder: Path) -> None:
    (folder / "textcat").mkdir(parents=True)
    (folder / "textcat" / "model").write_bytes(b"w" * 1000)


def here() -> Json:
    """The identity of a process that is there: this one."""
    found = identity(os.getpid())
    assert found is not None
    return found


def gone() -> Json:
    """That of a process whose id was given to another since."""
    return {**here(), "began": "another boot:1"}


def of_every_state(experiments: Path) -> Store:
    """A sweep with a run in each state, and a finished one of an older plan."""
    store = a_store(experiments)
    ended(store, "a7", 0.9)
    ended(store, "a8", None, Reason(kind="nan", message="the loss of textcat is NaN at step 3"))
    started(store, "b7", process=here(), evaluated=3)
    started(store, "b8", process=gone(), evaluated=1)
    started(store, "c7", process=gone(), evaluated=2).stopped.touch()
    ended(store, "z7", 0.5)
    return store
