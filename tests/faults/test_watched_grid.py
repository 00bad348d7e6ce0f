"""A grid in one terminal, watched from others: what they show, and how they end."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from grids import FAKE_TRAINER, FORKS, PATIENCE_SECONDS, Grid, Workplace, be_driver
from made_results import made_result, made_spec
from terminals import Terminal

from archlab.cli.watching import watching
from archlab.engines.base import Event
from archlab.engines.progress import Progress
from archlab.records import Reason

pytestmark = pytest.mark.slow


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    """Its sweep has one run that is done soon, one that waits for the gate to go, and one that fails."""
    with Workplace(tmp_path) as workplace:
        workplace.sweep("waits", "fails")
        workplace.gate.touch()
        yield workplace


@pytest.fixture
def in_terminal(workplace: Workplace) -> Iterator[Callable[..., "InTerminal"]]:
    """Starts a command in a terminal of so many columns."""
    started: list[InTerminal] = []

    def start(*arguments: str, columns: int = 100) -> InTerminal:
        started.append(InTerminal(workplace, arguments, columns))
        return started[-1]

    yield start
    for command in started:
        command.process.kill()
        command.end()


class InTerminal:
    """A command in a terminal of its own."""

    def __init__(self, workplace: Workplace, arguments: Sequence[str], columns: int) -> None:
        self.terminal = Terminal(columns, 30)
        path = self.terminal.path
        self.process = FORKS.Process(
            target=be_driver,
            args=(workplace.folder, list(arguments), path, path, be_in_terminal, FAKE_TRAINER),
        )
        self.process.start()

    def wait_for(self, pattern: str) -> None:
        wait_for(lambda: re.search(pattern, self.terminal.text), lambda: self.terminal.text)

    def end(self) -> int | None:
        self.process.join(PATIENCE_SECONDS)
        self.terminal.close()
        return self.process.exitcode


def be_in_terminal() -> None:
    """Ctrl-C that is pressed there is for this process."""
    os.open(os.ttyname(1), os.O_RDWR)
    os.environ["TERM"] = "xterm-256color"
    os.environ.pop("COLUMNS", None)


def wait_for(happens: Callable[[], object], told: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happens():
        assert time.monotonic() < deadline, told()
        time.sleep(0.05)


def test_both_terminals_show_the_same_and_ctrl_c_ends_the_watch_alone(
    workplace: Workplace, in_terminal: Callable[..., InTerminal]
) -> None:
    grid = in_terminal("grid", "sweep.yml", "--jobs", "1")
    grid.wait_for("1 of 3 done")
    watches = [in_terminal("watch", "sweep", columns=columns) for columns in (100, 40)]
    for watch, name in ((watches[0], "waits"), (watches[1], "waits"), (grid, "waits")):
        watch.wait_for(rf"{name} +seed 0 .*1/5[^\n]*\r?\n[^\n]*1 of 3 done")
    lines = workplace.start("watch", "sweep.yml")  # it shows steps once, as they are when it starts
    lines.wait_for(lambda: re.search(r"^waits  seed 0  cpu .*1/5", lines.out, re.MULTILINE))
    for shown in (watches[0].terminal.text, grid.terminal.text, lines.out):
        assert "cats_micro_f, one seed; best in bold" in shown
        assert re.search(r"base TextCatBOW.v3 +\S*\.\d{3}", shown)

    watches[0].terminal.press(b"\x03")

    assert watches[0].end() == 130
    assert "Traceback" not in watches[0].terminal.text
    assert grid.process.is_alive()
    workplace.gate.unlink()
    assert (grid.end(), watches[1].end(), lines.end()) == (4, 4, 4)
    ended = r"The grid of sweep has ended: 2 of 3 done, 1 failed"
    assert re.search(ended, watches[1].terminal.text)
    assert re.search(ended, lines.err)
    assert "fails seed 0: error, ValueError: as it should" in watches[1].terminal.text
    assert [line.split()[:2] for line in lines.out.splitlines() if " of 3 done" in line][1:] == [
        ["done", "waits"],
        ["failed", "fails"],
    ]
    last = watches[1].terminal.text.rpartition("2 of 3 done, 1 failed\r\n\r\n")
    assert "seed 0" not in last[2]  # nothing runs in the view that stays


def test_a_watch_ends_with_a_driver_that_is_killed(workplace: Workplace) -> None:
    grid = workplace.grid("--jobs", "1")
    grid.wait_for(workplace.has_told("waits"))
    watch: Grid = workplace.start("watch", "sweep")
    watch.wait_for(lambda: "1 of 3 done, 1 running, 1 waiting" in watch.out)
    grid.signal(signal.SIGKILL)
    assert watch.end() == 4
    assert "The grid of sweep has ended: 1 of 3 done, 2 waiting\n" in watch.err


def test_ctrl_c_ends_a_watch_without_a_terminal_quietly(workplace: Workplace) -> None:
    grid = workplace.grid("--jobs", "1")
    grid.wait_for(workplace.has_told("waits"))
    watch: Grid = workplace.start("watch", "sweep")
    watch.wait_for(lambda: "1 running" in watch.out)
    watch.signal(signal.SIGINT)
    assert (watch.end(), watch.err.strip()) == (130, "")
    assert grid.process.is_alive()


def test_ctrl_c_ends_a_grid_that_shows_its_view(
    workplace: Workplace, in_terminal: Callable[..., InTerminal]
) -> None:
    grid = in_terminal("grid", "sweep.yml", "--jobs", "1")
    grid.wait_for("waits +seed 0 .*1/5")
    grid.terminal.press(b"\x03")
    assert grid.end() == 130
    told = grid.terminal.text
    assert "Stopping: runs are asked to end. Again: at once." in told
    assert "Stopped: 1 of 3 runs are stored, 2 left." in told
    assert "Traceback" not in told
    assert told.rindex("\x1b[?25h") > told.rindex("\x1b[?25l")  # the cursor is back


STARTED = Event(kind="started", spec=made_spec())
FAILED = replace(made_result(made_spec()), status="failed", reason=Reason(kind="nan", message="no number"))


@contextmanager
def stderr_in_terminal(kind: str = "xterm-256color") -> Iterator[Terminal]:
    """The standard error of this process is a terminal. Not as a fixture: pytest replaces it for the test."""
    with (
        Terminal() as terminal,
        terminal.path.open("w", encoding="utf8") as stream,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("TERM", kind)
        patch.setattr("sys.stderr", stream)
        yield terminal


@pytest.mark.parametrize(("kind", "in_place"), [("xterm-256color", False), ("dumb", True)])
def test_where_a_debugger_writes_and_where_no_cursor_goes_back_lines_are_shown(
    kind: str, in_place: bool
) -> None:
    with stderr_in_terminal(kind) as stderr, watching(1, in_place=in_place) as watcher:
        watcher(STARTED)
    assert stderr.text == "started  TextCatBOW.v3, ngram_size=0 seed 0\r\n"


def test_a_store_that_cannot_be_read_ends_no_run() -> None:
    def begin() -> Progress:
        raise PermissionError

    with stderr_in_terminal() as stderr, watching(2, begin=begin) as watcher:
        watcher(STARTED)
        wait_for(lambda: "1 running, 1 waiting" in stderr.text, lambda: stderr.text)
        watcher(Event(kind="ended", spec=made_spec(), result=FAILED))
    assert "0 of 2 done, 1 failed, 1 waiting" in stderr.text
    red, normal = "\x1b[31m", "\x1b[0m"
    assert f"{red}TextCatBOW.v3, ngram_size=0 seed 0: nan, no number{normal}" in stderr.text
    assert stderr.text.count(red) == 1  # the view below is not red
