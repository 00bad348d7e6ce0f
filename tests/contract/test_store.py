"""The contract of the store: what was finished is never lost, never changed and never done twice."""

import json
import os
from dataclasses import replace
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from archlab.errors import InvalidError, MachineError, OutputError
from archlab.records import (
    Cost,
    Environment,
    Fingerprints,
    Json,
    Limits,
    Outcome,
    Reason,
    Result,
    RunSpec,
    Seconds,
    Status,
)
from archlab.results.files import LEVELS_ABOVE, read_json, require_writable, sync_tree, write_json, write_text
from archlab.results.store import Store

PRINTS = Fingerprints(config="c0", data="d0", code="e0", versions="f0")
LEFTOVERS = ("outcome.json", "per_doc.json", "progress.jsonl", "log.txt")


def make_spec(run_id: str = "run1") -> RunSpec:
    return RunSpec(
        run_id=run_id,
        variant_id="variant1",
        variant="TextCatBOW.v3 [keywords]",
        sweep="demo",
        settings={"textcat.model": "spacy.TextCatBOW.v3", "textcat.threshold": 0.5},
        seed=3,
        device="cpu",
        gpu_id=-1,
        code=["/somewhere/blocks.py"],
        score_name="cats_micro_f",
        fingerprints=PRINTS,
        limits=Limits(minutes=1.5),
    )


def make_result(run_id: str = "run1", status: Status = "done", score: float | None = 0.875) -> Result:
    return Result(
        run_id=run_id,
        variant_id="variant1",
        variant="TextCatBOW.v3 [keywords]",
        swaps={"textcat.model": {"@architectures": "spacy.TextCatBOW.v3", "ngram_size": 1}},
        seed=3,
        status=status,
        reason=None if status == "done" else Reason(kind="killed", message="by SIGKILL, «ünïcode»"),
        score=score,
        score_name="cats_micro_f",
        scores={"cats_micro_f": 0.1 + 0.2, "cats_f_per_type": {"A": {"p": 1.0, "r": None}}},
        best_step=25,
        steps=50,
        epochs=2,
        cost=Cost(parameters=12345678901, words_per_second=1234.5, seconds=Seconds(start=2.25, total=9.0)),
        environment=Environment(versions={"spacy": "3.8.18"}, python="3.11.9", device="cpu", threads=1),
        fingerprints=PRINTS,
        started="2026-01-02T03:04:05+00:00",
        finished="2026-01-02T03:04:15+00:00",
        attempt=1,
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store("demo", tmp_path / "experiments")


def leave_an_attempt(store: Store, run_id: str = "run1") -> None:
    """All that a run may have written before it was killed."""
    paths = store.paths.run(run_id)
    for name in LEFTOVERS:
        (paths.folder / name).write_text("{}", encoding="utf8")
    for folder in (paths.model, paths.unfinished_model):
        (folder / "textcat").mkdir(parents=True)
        (folder / "textcat" / "model").write_bytes(b"weights")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_result_is_loaded_as_it_was_recorded(store: Store) -> None:
    results = [
        make_result(),
        make_result("run2", "failed", None),
        replace(make_result("run3"), cost=Cost(), environment=Environment(), best_step=None, scores={}),
    ]
    for result in reversed(results):
        store.record(result)
        assert store.load(result.run_id) == result
    assert Store("demo", store.paths.folder.parent).results() == results


def test_what_was_never_run_has_no_result(store: Store) -> None:
    assert store.load("run1") is None
    assert store.results() == []
    assert store.outcome("run1") is None
    assert not store.paths.folder.exists()  # looking leaves nothing


def test_preparing_writes_what_a_child_reads(store: Store) -> None:
    spec = store.prepare(make_spec(), "[nlp]\nlang = en\n")
    paths = store.paths.run("run1")
    assert names(paths.folder) == {"spec.json", "config.cfg"}
    assert RunSpec.from_dict(read_json(paths.spec)) == spec == make_spec()
    assert paths.config.read_text(encoding="utf8") == "[nlp]\nlang = en\n"


@pytest.mark.parametrize("result", [None, make_result(status="failed"), make_result(status="interrupted")])
def test_an_attempt_is_counted_and_starts_clean(store: Store, result: Result | None) -> None:
    for attempt in (1, 2, 3):
        spec = store.prepare(make_spec(), f"# {attempt}")
        crashes = attempt - 1 if result is not None else 0  # it was killed each time
        assert spec == replace(make_spec(), attempt=attempt, crashes=crashes)
        paths = store.paths.run("run1")
        assert names(paths.folder) == {"spec.json", "config.cfg"}
        assert paths.config.read_text(encoding="utf8") == f"# {attempt}"
        assert store.load("run1") is None
        leave_an_attempt(store)
        if result is not None:
            store.record(replace(result, attempt=attempt))


def test_a_done_run_is_not_touched(store: Store) -> None:
    store.prepare(make_spec(), "# first")
    leave_an_attempt(store)
    store.record(make_result())
    folder = store.paths.run("run1").folder
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match="run1 is done"):
        store.prepare(make_spec(), "# second")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_done_result_is_never_written_over(store: Store) -> None:
    store.record(make_result())
    before = store.paths.run("run1").result.read_bytes()
    store.record(make_result())  # saying the same again changes nothing
    with pytest.raises(ValueError, match="run1 is done"):
        store.record(make_result(score=0.5))
    with pytest.raises(ValueError, match="run1 is done"):
        store.record(make_result(status="failed"))
    assert store.paths.run("run1").result.read_bytes() == before


def test_a_failed_result_may_be_followed_by_another(store: Store) -> None:
    store.record(make_result(status="failed"))
    store.record(make_result())
    assert store.load("run1") == make_result()


def half_of(text: str) -> bytes:
    return text.encode()[: len(text) // 2]


WHOLE = json.dumps(make_result().to_dict())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        half_of(WHOLE),
        b"\0" * 100,
        b"\xff\xfe not utf8",
        b"null",
        b"[]",
        b'"done"',
        b"{}",
        json.dumps({**make_result().to_dict(), "cost": None}).encode(),
        json.dumps({**make_result().to_dict(), "reason": "none"}).encode(),
        json.dumps({k: v for k, v in make_result().to_dict().items() if k != "status"}).encode(),
        json.dumps({**make_result().to_dict(), "started": 5}).encode(),
        json.dumps({**make_result().to_dict(), "attempt": "1"}).encode(),
        json.dumps({**make_result().to_dict(), "cost": {"seconds": {"total": "long"}}}).encode(),
        b"[" * 100_000,
    ],
    ids=[
        "empty",
        "half",
        "zeros",
        "bytes",
        "null",
        "list",
        "text",
        "{}",
        "cost",
        "reason",
        "status",
        "started",
        "attempt",
        "seconds",
        "deep",
    ],
)
def test_a_result_that_cannot_be_read_is_none(store: Store, content: bytes) -> None:
    store.record(make_result("run0"))
    store.prepare(make_spec(), "# first")
    store.paths.run("run1").result.write_bytes(content)
    assert store.load("run1") is None
    assert [result.run_id for result in store.results()] == ["run0"]
    assert store.prepare(make_spec(), "# second").attempt == 2
    assert not store.paths.run("run1").result.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"attempt": null}', b'{"attempt": "x"}'])
def test_a_spec_that_cannot_be_read_counts_as_an_attempt(store: Store, content: bytes) -> None:
    store.prepare(make_spec(), "")
    store.paths.run("run1").spec.write_bytes(content)
    assert store.prepare(make_spec(), "").attempt == 2


def test_results_of_a_later_archlab_are_read(store: Store) -> None:
    store.paths.run("run1").folder.mkdir(parents=True)
    later: Json = {**make_result().to_dict(), "mood": "good"}
    later["cost"]["watts"] = 100
    write_json(store.paths.run("run1").result, later)
    assert store.load("run1") == make_result()


def test_an_outcome_is_read_as_it_was_left(store: Store) -> None:
    outcome = Outcome(status="failed", reason=Reason(kind="nan", message="NaN"), scores={"a": None})
    store.prepare(make_spec(), "")
    write_json(store.paths.run("run1").outcome, outcome.to_dict())
    assert store.outcome("run1") == outcome
    store.paths.run("run1").outcome.write_bytes(b'{"status": "done"')
    assert store.outcome("run1") is None


@pytest.mark.parametrize(
    ("keep", "kept"), [("all", {"run1", "run2", "run3"}), ("winner", {"run2"}), ("none", set())]
)
def test_models_are_kept_as_the_sweep_says(store: Store, keep: str, kept: set[str]) -> None:
    for run_id in ("run1", "run2", "run3", "another"):
        store.prepare(make_spec(run_id), "")
        leave_an_attempt(store, run_id)
        store.record(make_result(run_id))
    store.keep_models(keep, {"run2"}, ["run1", "run2", "run3"])
    assert store.paths.run("another").model.exists()  # another plan's model is none of ours
    assert {r for r in ("run1", "run2", "run3") if store.paths.run(r).model.exists()} == kept
    assert len(store.results()) == 4  # results stay, whatever becomes of models
    assert all((store.paths.run(r).folder / "per_doc.json").exists() for r in ("run1", "run2", "run3"))


def hold_the_lock(store: Store, held: Connection) -> None:
    with store.locked():
        held.send("held")
        held.recv()


def test_a_second_driver_is_refused(store: Store) -> None:
    """Another process, because some locks are held by processes and not by objects."""
    ours, theirs = Pipe()
    first = get_context("spawn").Process(target=hold_the_lock, args=(store, theirs))
    first.start()
    try:
        assert ours.poll(30)
        assert ours.recv() == "held"
        with pytest.raises(InvalidError, match="Another archlab is running the sweep demo"), store.locked():
            pass
        with Store("other", store.paths.folder.parent).locked():  # another sweep is free
            pass
        first.kill()  # the lock does not outlive its process, however that ends
        first.join()
        with store.locked():
            pass
        with store.locked():  # nor its block
            pass
    finally:
        first.kill()
        first.join()
        first.close()
        ours.close()
        theirs.close()


def test_two_drivers_of_one_process_are_refused_too(store: Store) -> None:
    with (
        store.locked(),
        pytest.raises(InvalidError),
        Store("demo", store.paths.folder.parent).locked(),
    ):
        pass


def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"
    write_text(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError, match=r"result\.json cannot be written: No space left on device"):
        write_text(path, "new")
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_text(path, "new")
    monkeypatch.undo()
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half of it and then \ud800")
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"score": float("nan")})
    assert path.read_text(encoding="utf8") == "old"
    assert names(tmp_path) == {"result.json"}


def test_a_write_is_whole_before_it_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader sees while the file is written, synced and put in place."""
    path = tmp_path / "new" / "result.json"
    seen = []
    synced = os.fsync

    def look(handle: int) -> None:
        seen.append(path.read_text(encoding="utf8") if path.exists() else None)
        synced(handle)

    monkeypatch.setattr(os, "fsync", look)
    write_text(path, "first")
    with path.open(encoding="utf8") as reader:
        write_text(path, "second")
        assert reader.read() == "first"
    assert seen == [None, "first", "first", "second"]  # each: the file, then its folder
    assert path.read_text(encoding="utf8") == "second"
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask()


def test_a_tree_is_synced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model" / "vocab").mkdir(parents=True)
    (tmp_path / "model" / "vocab" / "strings").write_text("a", encoding="utf8")
    (tmp_path / "log.txt").write_text("b", encoding="utf8")
    (tmp_path / "elsewhere").symlink_to("/nowhere")
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(Path(f"/proc/self/fd/{handle}").readlink()))
    sync_tree(tmp_path)
    model, strings = tmp_path / "model", tmp_path / "model" / "vocab" / "strings"
    below = [path for path in synced if path.is_relative_to(tmp_path)]
    assert set(below) == {tmp_path, tmp_path / "log.txt", model, model / "vocab", strings}
    assert synced[len(below) :] == list(tmp_path.parents)[:LEVELS_ABOVE]
    assert synced.index(strings) < synced.index(model / "vocab") < synced.index(tmp_path)


def test_a_tree_that_cannot_be_synced_is_the_machines_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError, match="cannot be written: No space left on device"):
        sync_tree(tmp_path)


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_folder_that_cannot_be_written_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf8")
    store = Store("demo", tmp_path / "file" / "experiments")
    assert store.load("run1") is None
    assert store.results() == []
    with pytest.raises(MachineError, match=r"cannot be written: Not a directory"):
        store.prepare(make_spec(), "")
    with pytest.raises(MachineError, match=r"cannot be written: Not a directory"):
        store.record(make_result())
    assert names(tmp_path) == {"file"}


def test_a_place_for_results_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Before anything is trained: the user has named it, and can name another."""
    (tmp_path / "file").write_text("no folder", encoding="utf8")
    store = Store("demo", tmp_path / "file" / "experiments")
    with pytest.raises(OutputError, match=r"cannot be written: Not a directory"), store.locked():
        pass
    with pytest.raises(OutputError, match=r"file cannot be written: File exists"):
        require_writable(tmp_path / "file")
    assert names(tmp_path) == {"file"}
