"""A grid is followed by its files alone, whatever is written, moved or damaged meanwhile."""

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from stored_runs import a_store, ended, gone, here, of_every_state, started

from archlab.engines.following import Follower, begun
from archlab.records import Reason
from archlab.results.files import read_json, write_json
from archlab.results.store import Store

if TYPE_CHECKING:
    from conftest import Cli, Finished

KILLED = Reason(kind="killed", message="was killed by SIGKILL")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A sweep of six runs, with a driver that is there."""
    store = a_store(tmp_path)
    write_json(store.paths.driver, here())
    return store


@pytest.fixture
def watch(cli: "Cli", tmp_path: Path) -> Callable[..., "Finished"]:
    return lambda *arguments: cli("watch", *arguments, "--experiments", tmp_path)


def told(follower: Follower) -> list[str]:
    """`a7 started`, `a7 10`, `a7 done`."""
    return [f"{e.spec.run_id} {e.result.status if e.result else e.step or e.kind}" for e in follower.events()]


def evaluate(store: Store, run_id: str, text: str) -> None:
    with store.paths.run(run_id).progress.open("a", encoding="utf8") as progress:
        progress.write(text)


def test_what_happens_is_told_once_and_in_its_order(store: Store) -> None:
    follower = Follower(store)
    assert (told(follower), follower.results) == ([], {})
    started(store, "a7", process=here(), evaluated=2)
    assert told(follower) == ["a7 started", "a7 10", "a7 20"]
    assert told(follower) == []
    evaluate(store, "a7", '{"step": 30, "max_steps": 50, "seconds": 2.5, "scores": {"f": 0.25}}\n{"step"')
    (event,) = follower.events()
    assert (event.step, event.max_steps, event.seconds, event.score) == (30, 50, 2.5, 0.25)
    assert (event.spec.variant, event.spec.seed, event.spec.device) == ("base Ensemble", 7, "cpu")
    assert told(follower) == []
    evaluate(store, "a7", ": 40}\n")
    ended_elsewhere(store, "a7")
    assert told(follower) == ["a7 40", "a7 done"]  # what came before the end is told before it
    assert told(follower) == []


def lose(store: Store, run_id: str) -> None:
    """Its process is gone: who begins a run anew ends what is left of it, which would be this process."""
    write_json(store.paths.run(run_id).process, gone())


def ended_elsewhere(store: Store, run_id: str) -> None:
    """A run that goes on gets its result; the builder would begin it anew."""
    other = a_store(store.paths.folder.parent / "elsewhere")
    shutil.copy(ended(other, run_id, 0.5).result, store.paths.run(run_id).result)


def test_who_comes_late_is_told_of_what_runs(tmp_path: Path) -> None:
    follower = Follower(of_every_state(tmp_path))
    assert {run_id: result.status for run_id, result in follower.results.items()} == {
        "a7": "done",
        "a8": "failed",
    }
    assert told(follower) == ["b7 started", "b7 10", "b7 20", "b7 30"]
    now = follower.progress().snapshot(0.0)
    assert (now.total, now.done, now.failed) == (6, 1, 1)  # z7 is in the plan no more


def test_a_run_that_is_tried_again_starts_again(store: Store) -> None:
    ended(store, "a7", None, KILLED)
    follower = Follower(store)
    assert told(follower) == []
    started(store, "a7", process=here(), evaluated=1)
    assert told(follower) == ["a7 started", "a7 10"]
    lose(store, "a7")
    started(store, "a7", process=here(), evaluated=1)  # and again, before its end was seen
    assert told(follower) == ["a7 started", "a7 10"]
    lose(store, "a7")
    ended(store, "a7", 0.5)
    assert told(follower) == ["a7 done"]
    store.put_away("a7")
    assert told(follower) == []
    store.paths.attempt("a7", 4).folder.rename(store.paths.run("a7").folder)  # an older result stands
    assert told(follower) == ["a7 done"]


def test_a_run_that_only_was_prepared_or_whose_process_is_gone_does_not_run(store: Store) -> None:
    follower = Follower(store)
    paths = started(store, "a7", process=gone(), evaluated=1)
    started(store, "b7").log.unlink()
    assert told(follower) == []
    write_json(paths.process, here())
    assert told(follower) == ["a7 started", "a7 10"]
    started(store, "b7")  # in the driver's own process
    assert told(follower) == ["b7 started"]


def test_nothing_is_written(tmp_path: Path, watch: Callable[..., "Finished"]) -> None:
    store = of_every_state(tmp_path)
    write_json(store.paths.driver, here())
    before = state_of(tmp_path)
    follower = Follower(store)
    assert told(follower)
    assert told(follower) == []
    assert watch("demo", "--once").code == 0
    store.paths.driver.unlink()
    del before[str(store.paths.driver)]
    folder = str(store.paths.folder)
    before[folder] = state_of(tmp_path)[folder]  # it has lost its driver.json
    assert watch("demo").code == 4
    assert state_of(tmp_path) == before


def state_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder with its size, and when it was changed."""
    found = (path.stat() for path in sorted(folder.rglob("*")))
    names = map(str, sorted(folder.rglob("*")))
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in zip(names, found, strict=True)}


def test_a_folder_of_runs_that_stays_as_it_is_is_not_read_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(store, "a7", 0.5)
    old = time.time_ns() - 10 * 10**9
    os.utime(store.paths.runs, ns=(old, old))
    follower = Follower(store)
    scanned = Mock(wraps=os.scandir)
    monkeypatch.setattr(os, "scandir", scanned)
    for _ in range(3):
        assert told(follower) == []
    assert scanned.call_count == 0
    started(store, "b7", process=here())
    assert told(follower) == ["b7 started"]
    assert scanned.call_count >= 1


def test_a_run_that_begins_at_the_same_moment_of_the_file_system_is_seen(store: Store) -> None:
    """Some count whole seconds, and Linux counts in steps of its clock."""
    now = time.time_ns()
    os.utime(store.paths.runs, ns=(now, now))
    follower = Follower(store)
    started(store, "b7", process=here())
    os.utime(store.paths.runs, ns=(now, now))
    assert told(follower) == ["b7 started"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"places": 1}', b'{"step": [], "pid": {}}'])
def test_damaged_files_are_as_if_they_were_not_there(store: Store, content: bytes) -> None:
    for run_id in ("a7", "b7"):
        started(store, run_id, process=here(), evaluated=1)
    spec = store.paths.run("b7").spec.read_bytes()
    follower = Follower(store)
    paths = store.paths.run("b7")
    for name in ("spec.json", "result.json", "outcome.json"):
        (paths.folder / name).write_bytes(content)
    evaluate(store, "b7", content.decode() + "\n\0\0\n")
    assert told(follower) == ["a7 started", "a7 10"]
    paths.spec.write_bytes(spec)
    assert [text for text in told(follower) if text != "b7 evaluated"] == ["b7 started", "b7 10"]
    paths.spec.write_bytes(content)
    ended_elsewhere(store, "b7")
    assert told(follower) == ["b7 done"]
    store.paths.plan.write_bytes(content)
    assert Follower(store).layout is None


def test_a_result_without_a_spec_is_told(store: Store) -> None:
    follower = Follower(store)
    ended(store, "a8", 0.5).spec.unlink()
    (event,) = follower.events()
    assert (event.kind, event.spec.variant, event.spec.seed) == ("ended", "base Ensemble", 8)


def test_files_may_vanish(store: Store) -> None:
    for run_id in ("a7", "a8", "b7"):
        started(store, run_id, process=here(), evaluated=1)
    follower = Follower(store)
    assert len(told(follower)) == 6
    shutil.rmtree(store.paths.run("a7").folder)
    store.paths.run("a8").progress.unlink()
    assert told(follower) == []
    shutil.rmtree(store.paths.folder)
    assert told(follower) == []
    assert follower.goes_on()
    assert Follower(store).layout is None


def test_strangers_among_the_runs_are_not_read(store: Store) -> None:
    for name in ("notes", "q7"):
        (store.paths.runs / name).mkdir()
    (store.paths.runs / "a7").touch()  # a file, where a folder is to be
    assert told(Follower(store)) == []


def test_a_grid_goes_on_as_long_as_the_same_driver_is_there(store: Store) -> None:
    follower = Follower(store)
    assert follower.goes_on()
    write_json(store.paths.driver, gone())
    assert follower.goes_on()  # the process counts: another grid may have begun
    assert not Follower(store).goes_on()
    store.paths.driver.unlink()
    assert not Follower(store).goes_on()


def test_single_trainings_are_followed_too(tmp_path: Path) -> None:
    store = a_store(tmp_path, sweep="adhoc")
    write_json(store.paths.run_lock("a7").with_suffix(".json"), gone())
    assert not Follower(store).goes_on()
    write_json(store.paths.run_lock("b7").with_suffix(".json"), here())
    started(store, "b7", process=here())
    follower = Follower(store)
    assert follower.goes_on()
    assert told(follower) == ["b7 started"]


def test_what_a_grid_shows_counts_what_was_done_before(tmp_path: Path) -> None:
    """Runs of the plan that are neither known nor to be done are not counted: --only left them out."""
    store = of_every_state(tmp_path)
    now = begun(store, ["b7", "b8"]).snapshot(0.0)
    assert (now.total, now.done, now.failed, now.waiting) == (4, 1, 1, 2)
    again = begun(store, ["a7", "a8", "b7", "b8", "c7", "c8"]).snapshot(0.0)
    assert (again.total, again.done, again.failed, again.table) == (6, 0, 0, None)


def test_where_no_grid_goes_on_it_is_shown_how_it_stands(
    watch: Callable[..., "Finished"], tmp_path: Path
) -> None:
    store = of_every_state(tmp_path)
    for run_id in ("b7", "b8", "c7"):
        write_json(store.paths.run(run_id).process, gone())
    done = watch("demo")
    assert done.code == 4
    assert done.out.startswith(
        "1 of 6 done, 1 failed, 4 waiting, about 0:49 left\n\nf, mean ± sd over 2 seeds"
    )
    assert done.err == "No grid of demo goes on.\n"
    for number, run_id in enumerate(("a8", "b7", "b8", "c7", "c8")):
        ended(store, run_id, 0.5 + number / 10)
    done = watch("demo")
    assert (done.code, done.err) == (0, "No grid of demo goes on.\n")
    assert done.out.startswith("6 of 6 done\n")


def test_how_it_stands_now_is_shown_once(watch: Callable[..., "Finished"], tmp_path: Path) -> None:
    store = of_every_state(tmp_path)
    write_json(store.paths.driver, here())
    done = watch("demo", "--once")
    assert (done.code, done.err) == (0, "")
    assert done.out.split()[:9] == ["BOW", "seed", "7", "cpu", "━━━━━━", "30/50", ".300", "0:02", "1"]


def test_lines_tell_what_happens_until_the_grid_ends(
    watch: Callable[..., "Finished"], store: Store, tmp_path: Path
) -> None:
    ended(store, "a7", 0.9)
    started(store, "a8", process=here(), evaluated=1)
    driver = {"alive": True}

    def go_on() -> None:
        time.sleep(0.7)
        started(store, "b7", process=here(), evaluated=1)
        ended_elsewhere(store, "a8")
        time.sleep(0.7)
        data = read_json(store.paths.run("a8").result)
        failed = {
            **data,
            "run_id": "b7",
            "status": "failed",
            "reason": {"kind": "nan", "message": "no number"},
        }
        write_json(store.paths.run("b7").result, failed)
        driver["alive"] = False

    training = Thread(target=go_on)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Follower, "goes_on", lambda _: driver["alive"])
        training.start()
        done = watch("demo")
        training.join()
    assert done.code == 4
    view, _, lines = done.out.partition("Reduce ")
    assert view.split()[:5] == ["base", "Ensemble", "seed", "8", "cpu"]
    assert "1 of 6 done, 1 running, 4 waiting" in view
    happened = [line.partition("  (")[0] for line in lines.splitlines()[1:]]
    assert happened == [
        "done     base Ensemble seed 8  .500  12.3 s",
        "started  BOW seed 7",
        "failed   BOW seed 7: nan, no number",
    ]
    assert "The grid of demo has ended: 2 of 6 done, 1 failed, 3 waiting" in done.err
    assert "archlab table demo" in done.err
    assert json.dumps(done.out).isascii()


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("dmo", 2, "Did you mean demo?"),
        ("../demo", 2, "There are no results of a sweep"),
        ("", 2, "There are no results of a sweep"),
    ],
)
def test_a_sweep_that_is_not_there_is_said(
    watch: Callable[..., "Finished"], store: Store, typed: str, code: int, said: str
) -> None:
    done = watch(typed)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_a_plan_that_is_gone_is_said(watch: Callable[..., "Finished"], store: Store) -> None:
    ended(store, "a7", 0.5)
    store.paths.plan.unlink()
    done = watch("demo")
    assert (done.code, done.out) == (5, "")
    assert "plan.json is gone or damaged" in done.err
    assert "archlab runs demo" in done.err


def test_a_result_of_another_run_is_none(store: Store) -> None:
    """As somebody may have copied it."""
    started(store, "a7", process=here())
    shutil.copy(ended(store, "b7", 0.5).result, store.paths.run("a7").result)
    follower = Follower(store)
    assert list(follower.results) == ["b7"]
    assert told(follower) == ["a7 started"]
    assert replace(follower.results["b7"], run_id="a7") != follower.results["b7"]
