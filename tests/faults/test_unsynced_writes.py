"""A simulation of crashes of the machine: all that was not synced may be lost, at any moment of a run's life.

What the store has then is what it had before the run or what it has after it, and a run that counts as done
has all its files.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from made_results import made_result, made_spec
from simulated_disk import Disk, lay_out, recorded

from archlab.engines.base import make_result
from archlab.engines.running import adopt, handed_over
from archlab.records import Outcome, Reason, Result, RunSpec
from archlab.results.files import read_json, write_json
from archlab.results.paths import RunPaths
from archlab.results.store import Store
from archlab.training import child

SPEC = made_spec("0123456789ab")
CONFIG = "[nlp]\nlang = en\n" * 20
MADE = made_result(SPEC, labels=2)
OUTCOME = Outcome(
    status="done",
    scores=MADE.scores,
    weighted_score=MADE.scores["score"],
    steps=MADE.steps,
    cost=MADE.cost,
    environment=MADE.environment,
)
WHOLE = {
    "config.cfg": CONFIG.encode(),
    "model-best/meta.json": b"{" + b" " * 300 + b"}",
    "model-best/textcat/model": bytes(range(256)) * 3,
}
PER_DOC = {"schema_version": 1, "documents": 2, "words": [3, 4], "measures": {}}


PASSES = OUTCOME.cost.words_per_second_passes


def trained(spec: RunSpec, paths: RunPaths, **_: object) -> Outcome:
    """What training leaves, without the training."""
    with paths.progress.open("a", encoding="utf8") as progress:
        progress.write('{"step": 50}\n')
    paths.log.write_text("loss 0.5\n", encoding="utf8")
    for name, content in WHOLE.items():
        if name.startswith("model-best"):
            file = paths.unfinished_model / name.removeprefix("model-best/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    paths.unfinished_model.rename(paths.model)
    write_json(paths.per_doc, PER_DOC, compact=True)
    return OUTCOME


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A run's life in a store: prepared, trained by what its process calls, recorded."""
    monkeypatch.setattr(child, "train_run", trained)
    monkeypatch.setattr(child, "prepare_meter", lambda spec, paths: lambda: PASSES)

    def one(store: Store, disk: Disk, *, anew: bool = False) -> Result:
        spec = store.prepare(SPEC, CONFIG, anew=anew)
        paths = store.paths.run(SPEC.run_id)
        paths.process.write_text('{"pid": 1, "began": "never"}', encoding="utf8")
        child.main([str(paths.spec)])
        disk.mark("handed over")
        outcome = store.outcome(SPEC.run_id)
        assert outcome == OUTCOME
        result = make_result(spec, outcome)
        store.record(result)
        return result

    return one


@pytest.fixture
def disk_and_store(tmp_path: Path) -> tuple[Path, Store]:
    root = tmp_path / "disk"
    root.mkdir()
    return root, Store("demo", root / "experiments")


def after_each_crash(disk: Disk, tmp_path: Path, look: Callable[[int, Store], None]) -> int:
    number = 0
    for moment, found in disk.crashed():
        number += 1
        root = tmp_path / "after"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        lay_out(found, root)
        look(moment, Store("demo", root / "experiments"))
    return number


def has_all_files(paths: RunPaths, spec: RunSpec) -> None:
    for name, content in WHOLE.items():
        assert (paths.folder / name).read_bytes() == content, name
    assert read_json(paths.spec) == spec.to_dict()
    assert read_json(paths.per_doc) == PER_DOC


def test_a_run_is_not_there_or_whole(
    disk_and_store: tuple[Path, Store],
    live: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, store = disk_and_store
    with recorded(root, monkeypatch) as disk:
        result = live(store, disk)
    told = {"nothing": 0, "handed over": 0, "done": 0}

    def look(moment: int, store: Store) -> None:
        loaded, waiting = store.load(SPEC.run_id), handed_over(store, SPEC)
        if loaded is None and waiting is None:
            assert moment < disk.marks["handed over"]  # from then on it is never lost
            store.prepare(SPEC, CONFIG)
            told["nothing"] += 1
            return
        assert (loaded or waiting) == result
        has_all_files(store.paths.run(SPEC.run_id), SPEC)
        told["done" if loaded else "handed over"] += 1
        adopt(store, [SPEC])
        assert store.results() == [result]

    assert after_each_crash(disk, tmp_path, look) > 100
    assert min(told.values()) > 3, told


def test_an_old_result_stands_until_the_new_one_does(
    disk_and_store: tuple[Path, Store],
    live: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, store = disk_and_store
    with recorded(root, monkeypatch) as disk:
        old = live(store, disk)
        disk.mark("old")
        new = live(store, disk, anew=True)
    assert new == replace(old, attempt=2)

    def look(moment: int, store: Store) -> None:
        if moment < disk.marks["old"]:
            return
        adopt(store, [SPEC])
        store.restore([SPEC.run_id])
        found = store.load(SPEC.run_id)
        assert found == new if moment >= disk.marks["handed over"] else found in (old, new)
        assert found is not None
        has_all_files(store.paths.run(SPEC.run_id), replace(SPEC, attempt=found.attempt))

    after_each_crash(disk, tmp_path, look)


def test_a_failure_is_not_there_or_whole(
    disk_and_store: tuple[Path, Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a run whose process was killed: nobody has synced its folder before it is recorded."""
    root, store = disk_and_store
    reason = Reason(kind="killed", message="by SIGKILL")
    with recorded(root, monkeypatch) as disk:
        spec = store.prepare(SPEC, CONFIG)
        result = make_result(spec, Outcome(status="failed", reason=reason))
        store.record(result)

    def look(_: int, store: Store) -> None:
        assert store.load(SPEC.run_id) in (None, result)
        store.prepare(SPEC, CONFIG)

    after_each_crash(disk, tmp_path, look)
