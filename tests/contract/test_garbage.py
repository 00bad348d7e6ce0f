"""What nobody needs may go; a result and what belongs to it never does."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from stored_runs import a_model, a_store, ended, gone, here, started

import archlab
from archlab.errors import InvalidError, MachineError, UsageError
from archlab.records import Reason
from archlab.results.files import read_json, write_json
from archlab.results.garbage import collect_garbage
from archlab.results.store import Store

if TYPE_CHECKING:
    from conftest import Cli

WINNER = "b8"


def finished(experiments: Path, *, sweep: str = "demo", keep: str = "winner") -> Store:
    """A sweep that is done, BOW the best, its seed 8 better; a failed run, and one of an older plan."""
    store = a_store(experiments, sweep=sweep, keep=keep)
    for run_id, score in {"a7": 0.5, "a8": 0.99, "b7": 0.8, WINNER: 0.9, "c7": 0.1, "z7": 1.0}.items():
        ended(store, run_id, score)
    ended(store, "c8", None, Reason(kind="nan", message="NaN"))
    return store


def leave_garbage(store: Store) -> set[str]:
    """Something of every kind, and its names; with strangers beside it that only look alike."""
    paths, run = store.paths, store.paths.run("a7")
    older = paths.attempt("a8", 1)
    shutil.copytree(paths.run("c8").folder, older.folder)
    a_model(older.model)
    a_model(run.unfinished_model)
    (run.folder / ".result.json.abc12_xy.part").write_bytes(b"{")
    (run.folder / ".process.json.part").write_bytes(b"{")
    (paths.folder / ".plan.json.abc12_xy.part").write_bytes(b"{")
    paths.run_lock("0123456789ab").touch()
    for stranger in (
        run.folder / ".notes.part",
        run.folder / "x.part",
        paths.runs / ".result.json.abc12_xy.part",
    ):
        stranger.touch()
    for name in ("notes", "my notes"):
        a_model(paths.runs / name / "model-best")
        a_model(paths.attempts / name)
    (paths.runs / "my notes" / "spec.json").touch()
    a_model(paths.attempts / "my notes.1")
    return {
        ".plan.json.abc12_xy.part",
        "lock-0123456789ab",
        "attempts/a8.1",
        "runs/a7/.process.json.part",
        "runs/a7/.result.json.abc12_xy.part",
        "runs/a7/model-best.part",
    }


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def models(store: Store) -> set[str]:
    return {path.parent.name for path in store.paths.runs.glob("*/model-best")} - {"notes", "my notes"}


def test_what_nobody_needs_goes_and_the_rest_stays(tmp_path: Path) -> None:
    store = finished(tmp_path)
    left = leave_garbage(store)
    before = files(store.paths.folder)
    table = archlab.stored_results("demo", tmp_path).table()
    would = collect_garbage("demo", tmp_path, dry_run=True)
    assert {k: v for k, v in files(store.paths.folder).items() if k in before} == before
    did = collect_garbage("demo", tmp_path)
    assert would == did
    unkept = {f"runs/{run_id}/model-best" for run_id in ("a7", "a8", "b7", "c7", "z7")}
    assert {str(item.path.relative_to(store.paths.folder)) for item in did.garbage} == left | unkept
    assert (
        did.size == 1000 * 7 + sum(item.size for item in did.garbage if "model" not in item.path.name) - 1000
    )
    after = files(store.paths.folder)
    assert {name for name in before if name not in after} == {
        name for name in before if any(name == gone or name.startswith(f"{gone}/") for gone in left | unkept)
    }
    assert {name: before[name] for name in after if name in before} == {
        n: after[n] for n in after if n in before
    }
    assert models(store) == {WINNER}
    assert archlab.stored_results("demo", tmp_path).table() == table
    assert collect_garbage("demo", tmp_path).garbage == ()


@pytest.mark.parametrize(
    ("keep", "kept"),
    [("all", {"a7", "a8", "b7", WINNER, "c7", "z7"}), ("winner", {WINNER}), ("none", set())],
)
def test_models_stay_as_the_sweep_says(tmp_path: Path, keep: str, kept: set[str]) -> None:
    store = finished(tmp_path, keep=keep)
    assert collect_garbage("demo", tmp_path).models_stay is None
    assert models(store) == kept


def test_models_of_single_trainings_stay(tmp_path: Path) -> None:
    store = finished(tmp_path, sweep="adhoc")
    left = leave_garbage(store)
    assert len(collect_garbage("adhoc", tmp_path).garbage) == len(left)
    assert models(store) == {"a7", "a8", "b7", WINNER, "c7", "z7"}


def change_plan(store: Store, old: str, new: str) -> None:
    """Another plan, as a grid would write it."""
    data = read_json(store.paths.plan)
    write_json(store.paths.plan, json.loads(json.dumps(data).replace(old, new)))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda store: store.paths.run("c8").result.unlink(), "the grid is not finished: 1 left"),
        (lambda store: store.paths.plan.unlink(), "plan.json cannot be read"),
        (lambda store: store.paths.plan.write_bytes(b"{"), "plan.json cannot be read"),
        (lambda store: store.paths.sweep.unlink(), "sweep.yml cannot be read"),
        (lambda store: store.paths.sweep.write_bytes(b"keep_models: winner"), "sweep.yml cannot be read"),
        (lambda store: change_plan(store, '"f"', '"g"'), "no run has a g"),
        (
            lambda store: store.paths.plan.write_text(store.paths.plan.read_text().replace('"b8"', '"b9"')),
            "plan.json cannot be read",
        ),
    ],
    ids=["missing", "no plan", "torn plan", "no sweep", "half a sweep", "another score", "a flipped bit"],
)  # fmt: skip
def test_where_the_winner_is_not_known_no_model_goes(tmp_path: Path, spoil: object, why: str) -> None:
    store = finished(tmp_path)
    left = leave_garbage(store)
    assert callable(spoil)
    spoil(store)
    collected = collect_garbage("demo", tmp_path)
    assert collected.models_stay is not None
    assert why in collected.models_stay
    assert len(collected.garbage) == len(left)
    assert models(store) == {"a7", "a8", "b7", WINNER, "c7", "z7"}


def test_a_run_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    """A child whose driver was killed this moment, or a single training that has begun meanwhile."""
    store = finished(tmp_path)
    leave_garbage(store)
    run = store.paths.run("a7")
    before = files(run.folder)
    write_json(run.process, here())
    collect_garbage("demo", tmp_path)
    assert {k: v for k, v in files(run.folder).items() if k != "process.json"} == {
        k: v for k, v in before.items() if k != "process.json"
    }
    write_json(run.process, gone())
    collect_garbage("demo", tmp_path)
    assert not run.model.exists()


def test_a_run_of_a_dead_driver_is_no_running_one(tmp_path: Path) -> None:
    """Who holds the lock now is this very process, and trains nothing."""
    store = a_store(tmp_path, keep="none")
    a_model(started(store, "a7").model)
    write_json(store.paths.driver, here())
    assert len(collect_garbage("demo", tmp_path).garbage) == 1


def test_a_result_that_is_to_be_done_again_stays_until_it_is(tmp_path: Path) -> None:
    """grid --rerun was killed: the next grid brings it back."""
    store = finished(tmp_path)
    run, older = store.paths.run(WINNER), store.paths.attempt(WINNER, 1)
    older.folder.parent.mkdir()
    run.folder.rename(older.folder)
    before = files(older.folder)
    collect_garbage("demo", tmp_path)
    ended(store, WINNER, None, Reason(kind="killed", message="by SIGKILL"))
    collect_garbage("demo", tmp_path)
    assert files(older.folder) == before
    shutil.rmtree(run.folder)
    ended(store, WINNER, 0.95)
    collect_garbage("demo", tmp_path)
    assert not older.folder.exists()
    assert run.model.is_dir()


def test_links_lead_nowhere(tmp_path: Path) -> None:
    store, elsewhere = finished(tmp_path / "experiments"), tmp_path / "elsewhere"
    a_model(elsewhere / "a.1")
    store.paths.attempts.symlink_to(elsewhere)
    for name in ("model-best", "model-best.part"):
        shutil.rmtree(store.paths.run("a7").folder / name, ignore_errors=True)
        (store.paths.run("a7").folder / name).symlink_to(elsewhere)
    shutil.rmtree(store.paths.run("c7").folder)
    (elsewhere / "c7" / "model-best").mkdir(parents=True)
    (elsewhere / "c7" / "spec.json").touch()
    store.paths.run("c7").folder.symlink_to(elsewhere / "c7")
    before = sorted(elsewhere.rglob("*"))
    collect_garbage("demo", store.paths.folder.parent)
    assert sorted(elsewhere.rglob("*")) == before


def test_nothing_goes_while_something_is_trained(tmp_path: Path, cli: "Cli") -> None:
    busy, training = finished(tmp_path), finished(tmp_path, sweep="adhoc")
    free = finished(tmp_path, sweep="other")
    for store in (busy, training):
        leave_garbage(store)
    with busy.locked(), training.locked(["0123456789ab"]):
        for name in ("demo", "adhoc"):
            with pytest.raises(InvalidError, match=f"running the sweep {name} in"):
                collect_garbage(name, tmp_path)
        before = {store.sweep: files(store.paths.runs) for store in (busy, training)}
        done = cli("gc", "--experiments", tmp_path)
        assert {store.sweep: files(store.paths.runs) for store in (busy, training)} == before
    assert done.code == 3
    assert "running the sweep demo" in done.err
    assert "running the sweep adhoc" in done.err
    assert models(free) == {WINNER}
    assert cli("gc", "--experiments", tmp_path).code == 0
    assert models(busy) == {WINNER}


def test_what_was_interrupted_is_done_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removing is cut off after each file: what looks like a model is always a whole one."""
    store = finished(tmp_path)
    leave_garbage(store)
    cuts = interruptions(monkeypatch)
    for _ in cuts:
        try:
            collect_garbage("demo", tmp_path)
        except KeyboardInterrupt:
            for model in store.paths.runs.glob("*/model-best"):
                assert (model / "textcat" / "model").stat().st_size == 1000
            assert len(store.results()) == 7
            continue
        break
    assert models(store) == {WINNER}
    monkeypatch.undo()
    assert collect_garbage("demo", tmp_path).garbage == ()


def interruptions(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Each time, half of the folder that is removed next goes, and then ctrl-C comes."""
    whole = shutil.rmtree

    def half(folder: Path) -> None:
        for file in sorted(path for path in folder.rglob("*") if path.is_file())[:1]:
            file.unlink()
            raise KeyboardInterrupt
        whole(folder)

    monkeypatch.setattr(shutil, "rmtree", half)
    return iter(range(100))


def test_what_cannot_be_removed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(tmp_path)

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(MachineError, match=r"model-best cannot be removed: Permission denied"):
        collect_garbage("demo", tmp_path)


@pytest.mark.parametrize("name", ["dmo", "../demo", "notes", ""])
def test_only_sweeps_of_the_store_are_swept(tmp_path: Path, name: str) -> None:
    store = finished(tmp_path / "experiments")
    (tmp_path / "experiments" / "notes").mkdir()
    shutil.copytree(store.paths.folder, tmp_path / "demo")
    before = files(tmp_path)
    with pytest.raises(UsageError, match="There are no results of a sweep"):
        collect_garbage(name, tmp_path / "experiments")
    assert files(tmp_path) == before


def test_the_command_says_what_goes(tmp_path: Path, cli: "Cli") -> None:
    store = finished(tmp_path)
    place = ("--experiments", tmp_path)
    done = cli("gc", *place, "--dry-run")
    assert done.code == 0
    assert f"1.0 kB  {store.paths.run('a7').model}  model that the sweep does not keep" in done.out
    assert done.out.splitlines()[-1] == "5.0 kB would be freed"
    swept = json.loads(cli("gc", "demo", *place, "--dry-run", "--format", "json").out)
    assert (swept["dry_run"], swept["sweeps"][0]["bytes"]) == (True, 5000)
    assert swept["sweeps"][0]["garbage"][0]["path"] == str(store.paths.run("a7").model)
    assert cli("gc", *place).out.splitlines()[-1] == "5.0 kB freed"
    assert cli("gc", *place).out == "nothing to remove\n"
    store.paths.run("a7").result.unlink()
    assert cli("gc", *place).err == "The models of demo stay: the grid is not finished: 1 left.\n"
    assert cli("gc", "dmo", *place).code == 2
    assert cli("gc", "--experiments", tmp_path / "nothing").code == 5
