"""How it stands with a run is read from its files, whatever has become of its process."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from stored_runs import a_store, ended, gone, here, of_every_state, started

import archlab
from archlab.errors import NothingToCompareError, UsageError
from archlab.records import Cost, Outcome, Reason, Seconds
from archlab.results.files import write_json
from archlab.results.run_states import RunState, run_ids, states_of
from archlab.results.store import Store

if TYPE_CHECKING:
    from conftest import Cli

DONE = Outcome(
    status="done", scores={"f": 0.75}, weighted_score=0.5, steps=50, cost=Cost(seconds=Seconds(total=4.0))
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path / "experiments")


def all_states(store: Store) -> list[RunState]:
    return states_of(store, run_ids(store))


def of(store: Store, run_id: str = "a7") -> RunState:
    return {state.run_id: state for state in all_states(store)}[run_id]


def test_each_run_of_the_plan_and_of_the_store_is_told(tmp_path: Path) -> None:
    of_every_state(tmp_path)
    told = archlab.runs("demo", tmp_path)
    assert [(s.run_id, str(s.state), s.variant, s.seed, s.planned) for s in told] == [
        ("a7", "done", "base Ensemble", 7, True),
        ("a8", "failed", "base Ensemble", 8, True),
        ("b7", "running", "BOW", 7, True),
        ("b8", "crashed", "BOW", 8, True),
        ("c7", "interrupted", "Reduce", 7, True),
        ("c8", "waiting", "Reduce", 8, True),
        ("z7", "done", "an older one", 7, False),
    ]
    done, failed, running, crashed, _, waiting, _ = told
    assert (done.score, done.seconds, done.attempt) == (0.9, 12.34, 1)
    assert done.started == "2026-01-02T03:04:05+00:00"
    assert failed.reason == Reason(kind="nan", message="the loss of textcat is NaN at step 3")
    assert (running.step, running.max_steps, running.score, running.seconds) == (30, 50, 0.3, 3)
    assert running.started is not None
    assert (crashed.step, crashed.score) == (10, None)  # a score that is no result's is not told
    assert (waiting.attempt, waiting.started, waiting.seconds) == (0, None, None)


def test_a_process_that_was_given_the_id_of_another_is_not_the_run(store: Store) -> None:
    assert gone()["pid"] == here()["pid"]
    started(store, "a7", process=gone())
    assert of(store).state == "crashed"


def test_a_run_in_the_drivers_own_process_runs_as_long_as_that(store: Store) -> None:
    paths = started(store, "a7")
    write_json(store.paths.driver, here())
    assert of(store).state == "running"
    write_json(store.paths.driver, gone())
    assert of(store).state == "interrupted"
    paths.log.unlink()
    assert of(store).state == "waiting"  # prepared, and no more


def test_what_a_child_left_is_told_before_it_is_recorded(store: Store) -> None:
    write_json(started(store, "a7", process=gone()).outcome, DONE.to_dict())
    write_json(started(store, "a8", process=here()).outcome, DONE.to_dict())
    state = of(store)
    assert (state.state, state.score, state.seconds) == ("done", 0.75, 4.0)
    assert of(store, "a8").state == "running"


def test_a_done_run_is_done_even_if_a_process_has_its_id(store: Store) -> None:
    write_json(ended(store, "a7", 0.5).process, here())
    assert of(store).state == "done"


def test_a_line_that_is_half_written_is_not_read(store: Store) -> None:
    paths = started(store, "a7", process=here(), evaluated=2)
    with paths.progress.open("ab") as progress:
        progress.write(b"\0\0\0\n" + b'{"step": 30, "max_steps')
    assert (of(store).step, of(store).score) == (20, 0.2)


@pytest.mark.parametrize("name", ["spec.json", "process.json", "progress.jsonl", "result.json"])
def test_torn_files_of_a_run_raise_nothing(store: Store, name: str) -> None:
    paths = ended(store, "a7", 0.5)
    write_json(paths.process, gone())
    (paths.folder / "progress.jsonl").write_text('{"step": 1}\n{"step": 2, "scores": {"f": 0.5}}\n')
    whole = (paths.folder / name).read_bytes()
    for end in range(0, len(whole), 1 + len(whole) // 50):
        (paths.folder / name).write_bytes(whole[:end])
        assert of(store).state == ("crashed" if name == "result.json" else "done")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"places": 1}', b'{"step": [], "pid": {}}'])
def test_files_that_say_nothing_are_as_if_they_were_not_there(store: Store, content: bytes) -> None:
    paths = started(store, "a7", process=gone())
    for name in ("process.json", "spec.json", "outcome.json", "progress.jsonl", "result.json"):
        (paths.folder / name).write_bytes(content)
    (state, *_) = all_states(store)
    assert (state.state, state.variant, state.seed) == ("crashed", "base Ensemble", 7)
    store.paths.sweep.write_bytes(content)
    assert of(store).seed is None
    store.paths.plan.write_bytes(content)
    assert [(s.run_id, s.planned) for s in all_states(store)] == [("a7", True)]


def test_strangers_among_the_runs_are_left_out(store: Store) -> None:
    for name in ("notes", "my notes"):
        (store.paths.runs / name).mkdir()
    (store.paths.runs / "my notes" / "spec.json").touch()
    (store.paths.runs / "notes.txt").touch()
    assert len(all_states(store)) == 6


def test_single_trainings_are_all_told(tmp_path: Path) -> None:
    """Each writes a plan of its own over the last one's."""
    store = a_store(tmp_path, sweep="adhoc")
    ended(store, "y7", 0.5)
    assert of(store, "y7").planned


@pytest.mark.parametrize("name", ["dmo", "../experiments/demo", "", ".", "/"])
def test_a_sweep_that_is_not_there_is_said(store: Store, name: str) -> None:
    with pytest.raises(UsageError, match="There are no results of a sweep"):
        archlab.runs(name, store.paths.folder.parent)


def test_an_empty_store_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(NothingToCompareError, match="There are no results in"):
            archlab.runs("demo", folder)


def test_the_command_lists_those_that_are_asked_for(cli: "Cli", tmp_path: Path) -> None:
    of_every_state(tmp_path)
    a_store(tmp_path, sweep="other")
    place = ("--experiments", tmp_path)
    done = cli("runs", *place, "--status", "failed", "--status", "crashed")
    assert [line.split()[0] for line in done.out.splitlines() if line] == [
        "demo:",
        "run",
        "a8",
        "b8",
        "other:",
    ]
    assert "1 more of older plans" in done.err
    done = cli("runs", "demo", *place, "--all", "--format", "json")
    runs = json.loads(done.out)["runs"]
    assert [run["run_id"] for run in runs] == ["a7", "a8", "b7", "b8", "c7", "c8", "z7"]
    assert runs[1]["reason"] == {"kind": "nan", "message": "the loss of textcat is NaN at step 3"}
    assert runs[2]["state"] == "running"
    named = tmp_path / "any.yml"
    named.write_text("name: demo\nbase: base.cfg\n", encoding="utf8")
    assert cli("runs", named, *place).out.startswith("demo: 6 runs: 1 done, 1 running, 1 failed")
    assert cli("runs", "dmo", *place).code == 2
    assert "Did you mean demo?" in cli("runs", "dmo", *place).err
    assert cli("runs", "--experiments", tmp_path / "nothing").code == 5
