"""What a run printed is shown as it was, and steers no terminal."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from stored_runs import a_store, ended, gone, here, of_every_state, started

from archlab.results.files import write_json
from archlab.results.run_logs import BLOCK_BYTES, log_lines
from archlab.results.store import Store

if TYPE_CHECKING:
    from conftest import Cli, Finished


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path)


@pytest.fixture
def logs(cli: "Cli", tmp_path: Path) -> Callable[..., "Finished"]:
    return lambda *arguments: cli("logs", *arguments, "--experiments", tmp_path)


def test_lines_are_shown_as_they_came_to_be(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"one\r\n\n 10%|#\r 50%|##\r100%|####\nw\xc3\xb6rter \xff\nunfini\rshed")
    whole = ["one", "", "100%|####", "wörter \ufffd", "shed"]
    assert list(log_lines(log)) == whole
    for count in range(1, 7):
        assert list(log_lines(log, count)) == whole[-count:]
    log.write_bytes(b"")
    assert list(log_lines(log, 3)) == []


def test_the_end_of_a_long_log_is_found(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    lines = [f"line {number} " + "x" * (number % 97) for number in range(3 * BLOCK_BYTES // 60)]
    log.write_text("\n".join(lines) + "\n", encoding="utf8")
    for count in (1, 10, 2000, len(lines), len(lines) + 1):
        assert list(log_lines(log, count)) == lines[-count:]


def test_lines_that_come_are_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes("early\nhalf of an ü".encode()[:-1])
    written: list[int] = []

    def goes_on() -> bool:
        """Something is written each time it is asked; the last time together with the end."""
        with log.open("ab") as file:
            file.write([b"", b"\xbc\n", b"late\n", b"last"][len(written)])
        written.append(1)
        return len(written) < 4

    assert list(log_lines(log, 1, goes_on)) == ["half of an ü", "late", "last"]


def test_a_log_that_was_put_aside_is_not_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("first attempt\n", encoding="utf8")
    lines = log_lines(log, None, lambda: True)
    assert next(lines) == "first attempt"
    log.rename(tmp_path / "older")
    log.write_text("second attempt\n", encoding="utf8")
    assert list(lines) == []


def test_a_run_is_found_by_what_its_id_begins_with(logs: Callable[..., "Finished"], tmp_path: Path) -> None:
    of_every_state(tmp_path)
    ended(a_store(tmp_path, sweep="other"), "a7", 0.5)
    done = logs("demo/a8")
    assert (done.code, done.out) == (0, "Training begins\n")
    why = "failed: nan, the loss of textcat is NaN at step 3"
    assert done.err == f"base Ensemble seed 8: {why}\n{tmp_path / 'demo' / 'runs' / 'a8' / 'log.txt'}\n"
    assert str(tmp_path / "other" / "runs" / "a7") in logs("other/a7").err
    assert "an older one seed 7: done" in logs("z").err
    assert "BOW seed 7: running 30/50" in logs("demo/b7").err


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (["a7"], 2, "a7 may be"),
        (["b"], 2, "demo/b7  BOW seed 7"),
        (["BOW"], 2, "add --seed N to a variant's label"),
        (["BOW", "--seed", "9"], 2, "It has 7, 8."),
        (["BOV"], 2, "Did you mean BOW?"),
        (["../demo/runs/a8"], 2, "There is no run ../demo/runs/a8."),
        (["/"], 2, "There is no run /."),
        (["\0"], 2, "There is no run"),
        (["notes"], 2, "There is no run notes."),
        (["demo/c8"], 5, "Run c8 has not started."),
        (["demo/b8"], 5, "Run b8 has no log"),
        (["demo/a8", "--attempt", "3"], 2, "Run a8 has no attempt 3.\n       Kept are 1, 12."),
        (["demo/b7", "--attempt", "3"], 2, "No older attempt is kept."),
    ],
)
def test_what_cannot_be_shown_is_said(
    logs: Callable[..., "Finished"], tmp_path: Path, typed: list[str], code: int, said: str
) -> None:
    store = of_every_state(tmp_path)
    ended(a_store(tmp_path, sweep="other"), "a7", 0.5)
    (store.paths.runs / "notes").mkdir()
    store.paths.run("b8").log.unlink()
    for attempt in (1, 12):
        store.paths.attempt("a8", attempt).folder.mkdir(parents=True)
    done = logs(*typed)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_an_older_attempt_is_shown(logs: Callable[..., "Finished"], store: Store) -> None:
    started(store, "a7", process=gone())
    older = store.paths.attempt("a7", 3)
    older.folder.mkdir(parents=True)
    older.log.write_text("as it was\n", encoding="utf8")
    assert logs("a7", "--attempt", 3).out == "as it was\n"
    assert logs("a7", "--attempt", 1).out == "Training begins\n"


def test_a_log_steers_no_terminal(logs: Callable[..., "Finished"], store: Store) -> None:
    paths = started(store, "a7", process=gone())
    paths.log.write_text("\x1b]0;title\x07a\x1b[2Jb\tc\x9b1m\u202ed\x00\n", encoding="utf8")
    shown = logs("a7").out
    assert "b\tc" in shown
    assert not set(shown) & set("\x1b\x07\x9b\u202e\x00")


def test_a_run_is_followed_until_it_ends(logs: Callable[..., "Finished"], store: Store) -> None:
    paths = started(store, "a7", process=here())

    def train() -> None:
        time.sleep(0.5)
        with paths.log.open("a", encoding="utf8") as log:
            log.write("trained\n")
        write_json(paths.process, gone())

    training = Thread(target=train)
    training.start()
    assert logs("a7", "--follow").out == "Training begins\ntrained\n"
    training.join()
    ended(store, "b7", 0.5)
    write_json(store.paths.run("b7").process, here())
    assert logs("b7", "-f").out == "Training begins\n"  # it has a result


def test_ctrl_c_ends_it_quietly(store: Store, tmp_path: Path) -> None:
    started(store, "a7", process=here())
    command = [sys.executable, "-m", "archlab", "logs", "a7", "-f", "--experiments", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "Training begins\n"
        following.send_signal(signal.SIGINT)
        out, err = following.communicate(timeout=30)
    assert following.returncode == 130
    assert (out, err.splitlines()[2:]) == ("", [])


def test_a_run_is_found_by_its_variant_and_seed(logs: Callable[..., "Finished"], tmp_path: Path) -> None:
    of_every_state(tmp_path)
    assert "BOW seed 7: running 30/50" in logs("BOW", "--seed", 7).err
    assert logs("an older one").code == 2  # what no plan has any more is named by its id


def test_a_curve_is_drawn_instead_of_the_log(cli: "Cli", tmp_path: Path) -> None:
    started(a_store(tmp_path), "b7", process=gone(), evaluated=3)
    done = cli("logs", "b7", "--curve", "--experiments", tmp_path)
    assert done.code == 0
    assert done.out.startswith("f at 3 evaluations: best .300 at step 30, last .300 at step 30\n")
    assert "Training begins" not in done.out
    assert "crashed" in done.err


def test_without_evaluations_there_is_no_curve(cli: "Cli", tmp_path: Path) -> None:
    started(a_store(tmp_path), "b7", process=gone())
    done = cli("logs", "b7", "--curve", "--experiments", tmp_path)
    assert done.code == 5
    assert "Run b7 has no learning curve" in done.err
