"""Evaluations that go on beside a training, in a fork: nobody sees it in what comes out."""

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from catalogue import REGISTRY  # type: ignore[import-untyped]
from changed_servers import fork_runs_from
from made_documents import files_of, train_here, write_base, write_corpora
from spacy.language import Language
from spacy.pipeline.textcat import textcat_score

import archlab
from archlab.processes import ON_LINUX, cores
from archlab.records import Result
from archlab.results.paths import RunPaths, SweepPaths
from archlab.training import checkpoints
from archlab.training.clock import Clock
from archlab.training.speedups import idle_cores
from archlab.training.speedups.working_beside import WorkBeside

pytestmark = pytest.mark.skipif(not ON_LINUX, reason="forks are for Linux")

SETTINGS = {
    "training.max_steps": 11,
    "training.eval_frequency": 2,
    "training.patience": 0,
    "training.batcher": {"@batchers": "spacy.batch_by_sequence.v1", "size": 8, "get_length": None},
    "training.optimizer.learn_rate": 0.02,
}
AVERAGED = {"training.optimizer.use_averages": True}
IMPATIENT: dict[str, Any] = {"training.max_steps": 60, "training.patience": 5}
DRAWN = {"corpora.dev.augmenter": {"@augmenters": "spacy.lower_case.v1", "level": 0.5}}
SEEN = {
    "training.before_to_disk": {"@callbacks": "spacy.seen.v1"},
    "training.before_update": {"@callbacks": "spacy.seen.v1"},
    "training.logger": {"@loggers": "spacy.seen.v1"},
    "components.textcat.scorer": {"@scorers": "somebodys.scorer.v1"},
}

NOTING_SERVER = """
import os, sys

from archlab.processes import RUN_VARIABLE
from archlab.training.speedups import warm_server, working_beside

begin = working_beside.WorkBeside.__init__

def begin_and_note(work, *arguments):
    begin(work, *arguments)
    with open(os.environ[RUN_VARIABLE] + "/noted", "a") as file:
        file.write("begun\\n")

working_beside.WorkBeside.__init__ = begin_and_note
sys.exit(warm_server.main())
"""

TRUTH = """
import sys
from pathlib import Path
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config

config = load_config(Path(sys.argv[1]), interpolate=False)
Path(sys.argv[2]).mkdir()
train(init_nlp(config), Path(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpora(tmp_path_factory.mktemp("data"))


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> list[WorkBeside[Any]]:
    """What worked beside; there is an idle core always."""
    began: list[WorkBeside[Any]] = []

    class Noted(WorkBeside[Any]):
        def __init__(self, work: Any) -> None:
            super().__init__(work)
            began.append(self)

    monkeypatch.setattr(checkpoints, "WorkBeside", Noted)
    monkeypatch.setattr(checkpoints, "has_idle_core", lambda: True)
    monkeypatch.setattr(checkpoints, "has_one_thread", lambda: True)
    return began


def train(folder: Path, data: Path, settings: dict[str, Any], *, speedups: bool) -> tuple[RunPaths, Result]:
    return train_here(folder, data, {**SETTINGS, **settings}, speedups=speedups)


def progress(run: RunPaths) -> list[Any]:
    lines = [json.loads(line) for line in run.progress.read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, AVERAGED, IMPATIENT], ids=["plain", "averaged", "impatient"])
def test_all_is_the_same(
    tmp_path: Path, data: Path, settings: dict[str, Any], beside: list[WorkBeside[Any]]
) -> None:
    slow_run, slow = train(tmp_path, data, settings, speedups=False)
    assert beside == []
    fast_run, fast = train(tmp_path, data, settings, speedups=True)
    assert fast_run.log.read_text() == slow_run.log.read_text() != ""
    evaluations = progress(slow_run)
    assert len(beside) == len(evaluations) - 1 > 3  # the first is done in the run
    assert progress(fast_run) == evaluations
    assert any(line["best"] for line in evaluations[1:])
    assert files_of(fast_run.model) == files_of(slow_run.model)
    assert fast_run.per_doc.read_bytes() == slow_run.per_doc.read_bytes()
    assert (fast.scores, fast.best_step) == (slow.scores, slow.best_step)
    assert (fast.steps, fast.epochs) == (slow.steps, slow.epochs)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [IMPATIENT, IMPATIENT | AVERAGED], ids=["plain", "averaged"])
def test_it_stops_where_spacy_stops(
    tmp_path: Path, data: Path, settings: dict[str, Any], beside: list[WorkBeside[Any]]
) -> None:
    run, result = train(tmp_path, data, settings, speedups=True)
    program = [sys.executable, "-c", TRUTH, str(run.config), str(tmp_path / "truth")]
    told = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in told.splitlines()]
    steps = [int(row[1]) for row in rows if len(row) > 5 and row[0].isdigit()]
    assert [line["step"] for line in progress(run)] == steps
    assert len(beside) == len(steps) - 1
    assert result.steps is not None
    assert result.steps < IMPATIENT["training.max_steps"]
    assert result.best_step is not None
    assert result.steps - result.best_step == IMPATIENT["training.patience"]
    assert files_of(run.model) == files_of(tmp_path / "truth" / "model-best")


@pytest.mark.slow
def test_a_logger_is_told_in_the_order_of_the_steps(
    tmp_path: Path, data: Path, beside: list[WorkBeside[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int | None] = []

    def create() -> Any:
        return lambda nlp, stdout, stderr: (lambda info: told.append(info and info["step"]), lambda: None)

    create.__module__ = "spacy.training.loggers"
    monkeypatch.setattr(checkpoints, "LOGGERS", ("noting.Logger.v1",))
    monkeypatch.setitem(REGISTRY, ("spacy", "loggers", "noting.Logger.v1"), create)
    train(tmp_path, data, {"training.logger": {"@loggers": "noting.Logger.v1"}}, speedups=True)
    assert len(beside) == 5
    assert told == [None if step % 2 else step for step in range(12)]


@pytest.mark.slow
@pytest.mark.parametrize("settings", [DRAWN, *({name: value} for name, value in SEEN.items())])
def test_what_might_be_seen_is_done_in_the_run(
    tmp_path: Path,
    data: Path,
    settings: dict[str, Any],
    beside: list[WorkBeside[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blocks: dict[tuple[str, str], Any] = {
        ("callbacks", "spacy.seen.v1"): lambda: lambda nlp, *_: nlp,
        ("loggers", "spacy.seen.v1"): lambda: lambda *_: (lambda info: None, lambda: None),
        ("scorers", "somebodys.scorer.v1"): lambda: textcat_score,
    }
    for place, block in blocks.items():
        if place[1].startswith("spacy."):
            block.__module__ = "spacy.made_up"
        monkeypatch.setitem(REGISTRY, ("spacy", *place), block)
    _, result = train(tmp_path, data, settings, speedups=True)
    assert (result.status, beside) == ("done", [])


@pytest.mark.slow
def test_strings_of_predictions_come_back(
    tmp_path: Path, data: Path, beside: list[WorkBeside[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a morphologizer's, whose labels the corpus does not have: models saved later have them."""
    evaluate = checkpoints.Evaluation.evaluate

    def predict_a_string(evaluation: checkpoints.Evaluation, examples: Any) -> Any:
        evaluation.nlp.vocab.strings.add(f"string {len(evaluation.nlp.vocab.strings)}")
        return evaluate(evaluation, examples)

    monkeypatch.setattr(checkpoints.Evaluation, "evaluate", predict_a_string)
    runs = [train(tmp_path, data, {}, speedups=speedups)[0] for speedups in (False, True)]
    slow, fast = (json.loads((run.model / "vocab" / "strings.json").read_text()) for run in runs)
    assert len(beside) == 5
    assert fast == slow
    assert len([string for string in fast if string.startswith("string ")]) > 1


@pytest.mark.slow
def test_a_training_that_fails_tells_of_the_evaluation_before(
    tmp_path: Path, data: Path, beside: list[WorkBeside[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    update = Language.update
    steps = iter(range(100))

    def fail(nlp: Language, *arguments: Any, **settings: Any) -> Any:
        if next(steps) == 5:
            raise ValueError("at the sixth step")
        return update(nlp, *arguments, **settings)

    monkeypatch.setattr(Language, "update", fail)
    for speedups in (False, True):
        steps = iter(range(100))
        run, result = train(tmp_path, data, {}, speedups=speedups)
        assert result.reason is not None
        told.append((result.reason.message, progress(run)))
    assert len(beside) == 2
    assert told[0] == told[1]
    assert [line["step"] for line in told[0][1]] == [0, 2, 4]


@pytest.mark.slow
@pytest.mark.skipif(cores() != 2, reason="with two cores, one run leaves one idle")
def test_it_goes_on_beside_where_a_core_is_idle(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork_runs_from(NOTING_SERVER, tmp_path, monkeypatch)
    write_base(tmp_path, data, SETTINGS)
    (tmp_path / "sweep.yml").write_text("base: base.cfg\nseeds: 2\nkeep_models: all\n", encoding="utf8")
    came_to, begun = {}, {}
    ways: dict[str, dict[str, Any]] = {
        "alone": {"jobs": 1},
        "together": {"jobs": 2},
        "slow": {"speedups": False},
    }
    for way, options in ways.items():
        results = archlab.grid(tmp_path / "sweep.yml", experiments=tmp_path / way, **options)
        assert [result.status for result in results] == ["done", "done"]
        runs = [SweepPaths.of("sweep", tmp_path / way).run(result.run_id) for result in results]
        came_to[way] = [files_of(run.model) | {"per_doc": run.per_doc.read_bytes()} for run in runs]
        noted = [run.folder / "noted" for run in runs]
        begun[way] = sorted(len(file.read_text().splitlines()) if file.exists() else 0 for file in noted)
    assert came_to["alone"] == came_to["together"] == came_to["slow"]
    assert begun["alone"] == [5, 5]
    assert begun["together"][0] == 0  # the other may be alone in the end
    assert begun["slow"] == [0, 0]


class Unheard(Exception):
    """Cannot be pickled."""

    def __reduce__(self) -> Any:
        raise TypeError("no pickle holds it")


class UnpicklableError(Exception):
    """Can be pickled, and not be made again."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what)


def test_who_does_not_know_the_machine_spares_no_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle_cores, "_runs", None)
    monkeypatch.setenv(idle_cores.NONE_TO_SPARE, "1")
    idle_cores.tell_runs(0)
    assert not idle_cores.has_idle_core()


def test_memory_for_another_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert idle_cores.has_memory_for_another()
    told = {"MemAvailable": 1000, "VmRSS": 1000}
    monkeypatch.setattr(idle_cores, "_kilobytes", lambda file, name: told[name])
    assert not idle_cores.has_memory_for_another()
    told.clear()
    assert not idle_cores.has_memory_for_another()


def test_an_idle_core_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle_cores, "_runs", None)
    monkeypatch.setattr(idle_cores, "cores", lambda: 5)
    assert not idle_cores.has_idle_core()
    for number, is_idle in ((0, True), (2, True), (3, False), (6, False)):
        idle_cores.tell_runs(number)
        assert idle_cores.has_idle_core() is is_idle
    pid = os.fork()
    if pid == 0:
        idle_cores.tell_runs(1)
        os._exit(0)
    os.waitpid(pid, 0)
    assert idle_cores.has_idle_core()


def test_what_is_waited_for_does_not_count_but_what_was_done() -> None:
    clock = Clock()
    with clock.phase("update"), clock.waiting() as beside:
        subprocess.run(["sleep", "0.2"], check=True)
        beside |= {"evaluate": 3.0, "save": 1.0}
    seconds = clock.read()
    assert (seconds.evaluate, seconds.save) == (3.0, 1.0)
    assert seconds.update is not None
    assert seconds.update < 0.1
    assert seconds.total is not None
    assert 4.0 <= seconds.total < 4.1


def test_what_it_gives_and_raises_comes_back(capfd: pytest.CaptureFixture[str]) -> None:
    assert WorkBeside(lambda: os.getppid()).take() == os.getpid()
    with pytest.raises(FileNotFoundError, match="nowhere"):
        WorkBeside(lambda: Path("/nowhere").read_text()).take()
    assert "nowhere" in capfd.readouterr().err

    for odd in (Unheard("odd"), UnpicklableError("odd", "odd")):

        def fail(error: Exception = odd) -> None:
            raise error

        with pytest.raises(RuntimeError, match="odd"):
            WorkBeside(fail).take()
    with pytest.raises((AttributeError, RuntimeError, pickle.PicklingError), match="lambda"):
        WorkBeside(lambda: lambda: None).take()


def test_it_ends_when_it_is_told_to() -> None:
    work = WorkBeside(signal.pause)
    assert not work.has_ended()
    work.end()
    assert work.process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("work", "exit_code"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("os._exit(3)", 3),
        ("os._exit(0)", 1),
        ("([os.write(pipe, b'123') for pipe in pipes()], os._exit(4))", 4),
    ],
)
def test_a_process_whose_helper_ends_without_a_word_ends_likewise(work: str, exit_code: int) -> None:
    program = (
        "import fcntl, os, signal\n"
        "from archlab.training.speedups.working_beside import WorkBeside\n"
        "def pipes():\n"
        "    links = {int(name): f'/proc/self/fd/{name}' for name in os.listdir('/proc/self/fd')}\n"
        "    found = [file for file, link in links.items() if file > 2 and os.path.exists(link)\n"
        "             and os.readlink(link).startswith('pipe')]\n"
        "    return [file for file in found if os.O_WRONLY & fcntl.fcntl(file, fcntl.F_GETFL)]\n"
        f"WorkBeside(lambda: {work}).take()\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == exit_code


def test_threads_are_counted() -> None:
    program = (
        "import threading\n"
        "import numpy\n"
        "from archlab.training.speedups.forking import has_one_thread\n"
        "numpy.ones((999, 999)) @ numpy.ones((999, 999))\n"
        "assert has_one_thread()\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "assert not has_one_thread()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
