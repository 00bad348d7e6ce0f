"""Grids that are disturbed: `archlab grid` in processes that start at once, and what they leave behind.

A driver is a fork of a process that has loaded spaCy, in which archlab's own `main` runs, as a leader of its
session. Most runs are those of `fake_training.py`; the tests say where they are real ones.
"""

import os
import re
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import psutil

from archlab.records import Json, Result
from archlab.results.collection import stored_results
from archlab.results.files import read_json
from archlab.results.paths import RunPaths

FAKE_TRAINER = (sys.executable, str(Path(__file__).with_name("fake_training.py")))
PATIENCE_SECONDS = 60.0

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["spacy.training.loop", "archlab.cli.app", "archlab.engines.driving"])

CORPORA = """\
[corpora.train]
@readers = "archlab.Diagnostic.v1"
task = "keywords"
split = "train"
size = 40

[corpora.dev]
@readers = "archlab.Diagnostic.v1"
task = "keywords"
split = "dev"
size = 20

"""

BASE = f"""
[nlp]
lang = "en"
pipeline = ["textcat"]

[components]

[components.textcat]
factory = "textcat"

[components.textcat.model]
@architectures = "spacy.TextCatBOW.v3"
exclusive_classes = true
ngram_size = 1
no_output_layer = false
length = 1024

[corpora]

{CORPORA}[training]
max_steps = 4
eval_frequency = 2

[training.batcher]
@batchers = "spacy.batch_by_sequence.v1"
size = 32
"""

REAL_BLOCKS = '''
import os, time
from pathlib import Path
from spacy import registry
from spacy.ml.models.textcat import build_bow_text_classifier_v3
from thinc.api import serialize_attr


class Slow:
    """Is saved only while there is no gate."""


@serialize_attr.register(Slow)
def save_slowly(_, value, name, model):
    while Path("gate").exists():
        Path("saves").write_text(str(os.getpid()))
        time.sleep(0.05)
    return b""


@registry.architectures("faults.SavesSlowly.v1")
def saves_slowly(nO: int = 2):
    model = build_bow_text_classifier_v3(True, 1, False, length=1024, nO=nO)
    model.attrs["slow"] = Slow()
    return model
'''
"""Blocks for runs that train."""

Prepare = Callable[[], None]
Outcomes = tuple[Json, dict[str, dict[str, bytes]]]
UNDISTURBED: dict[tuple[object, ...], Outcomes] = {}
"""Those that have been run, whichever test did so."""


class Workplace:
    """A working directory with a sweep; what its grids have left there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.grids: list[Grid] = []
        (folder / "base.cfg").write_text(BASE, encoding="utf8")

    def sweep(
        self,
        *variants: str,
        limits: Mapping[str, Any] | None = None,
        swaps: str = "",
        keep_models: str = "all",
    ) -> None:
        """Write a sweep of the base and of variants that differ from it in a threshold alone.

        swaps: lines of an axis of blocks.
        """
        lines = ["base: base.cfg", "score: cats_micro_f", f"keep_models: {keep_models}"]
        lines += [f"limits: {limits or {}!r}", swaps, "variants:" if variants else ""]
        lines += [f"  {name}: {{textcat.threshold: 0.{n:03}}}" for n, name in enumerate(variants, 1)]
        self.variants = variants
        self.sweep_text = "\n".join(lines)
        (self.folder / "sweep.yml").write_text(self.sweep_text, encoding="utf8")

    def grid(self, *arguments: str, prepare: Prepare | None = None, real: bool = False) -> "Grid":
        """Start a grid. prepare: called in the driver's process first. real: its runs train."""
        return self.start("grid", "sweep.yml", *arguments, prepare=prepare, real=real)

    def start(self, *arguments: str, prepare: Prepare | None = None, real: bool = False) -> "Grid":
        grid = Grid(self.folder, arguments, prepare, None if real else FAKE_TRAINER)
        self.grids.append(grid)
        return grid

    def run_grid(self, *arguments: str, code: int = 0, real: bool = False) -> "Grid":
        """A grid from its start to its end."""
        grid = self.grid(*arguments, real=real)
        assert grid.end() == code, grid.err
        return grid

    def undisturbed(self, *arguments: str, real: bool = False) -> Outcomes:
        """What the grid of this sweep comes to where nothing disturbs it; each is run once.

        real: its runs train, in the driver's own process.
        """
        key = (self.sweep_text, arguments, real)
        if key not in UNDISTURBED:
            away = self.store.parent.rename(self.folder / "away") if self.store.exists() else None
            self.run_grid(*arguments, *(("--engine", "inline") if real else ()), real=real)
            UNDISTURBED[key] = self.outcomes()
            self.forget()
            if away is not None:
                away.rename(self.store.parent)
        return UNDISTURBED[key]

    def forget(self) -> None:
        shutil.rmtree(self.folder / "experiments")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the grids that still run."""
        for grid in self.grids:
            grid.process.kill()
            grid.process.join()

    @property
    def gate(self) -> Path:
        return self.folder / "gate"

    @property
    def store(self) -> Path:
        return self.folder / "experiments" / "sweep"

    def result(self, variant: str) -> Json:
        """The result of a variant; base, without its block, is the base's."""
        results = [read_json(path) for path in self.store.glob("runs/*/result.json")]
        (result,) = (r for r in results if r["variant"] in (variant, f"{variant} TextCatBOW.v3"))
        found: Json = result
        return found

    def statuses(self) -> dict[str, str]:
        """Variant -> `done`, or the kind of reason."""
        results = [read_json(path) for path in self.store.glob("runs/*/result.json")]
        return {r["variant"]: r["reason"]["kind"] if r["reason"] else r["status"] for r in results}

    def log(self, variant: str) -> str:
        log = RunPaths(self.store / "runs" / self.result(variant)["run_id"]).log
        return log.read_text(encoding="utf8", errors="replace")

    def logs(self, variant: str) -> str:
        """What the run of this variant has written that has no result."""
        logs = (
            spec.with_name("log.txt").read_text(encoding="utf8")
            for spec in self.store.glob("*/*/spec.json")
            if read_json(spec)["variant"] == variant
        )
        return "\n".join(logs)

    def done(self) -> dict[Path, bytes]:
        """The files of all runs that are done, models included."""
        results = {path.parent: read_json(path) for path in self.store.glob("runs/*/result.json")}
        done = (run for run, result in results.items() if result and result["status"] == "done")
        return {path: content for run in done for path, content in files(run).items()}

    def keeps(self, before: Mapping[Path, bytes]) -> bool:
        """Whether all that was done is there, byte for byte. before: as `done` told it then."""
        after = self.done()
        return {path: after.get(path) for path in before} == before

    def done_variants(self) -> set[str]:
        return {read_json(path)["variant"] for path in self.done() if path.name == "result.json"}

    def variant_of(self, path: Path) -> str:
        """The variant of the run that a file belongs to."""
        run = self.store / "runs" / path.relative_to(self.store / "runs").parts[0]
        return str(read_json(run / "spec.json")["variant"])

    def outcomes(self) -> Outcomes:
        """What is the same however often a grid was disturbed: the table, and what each run has learned."""
        return timeless(self._table()), {
            path.parent.name: learned(path.parent) for path in self.store.glob("runs/*/result.json")
        }

    def _table(self) -> Json:
        return stored_results("sweep", self.folder / "experiments").table().to_dict()

    def told(self, name: str) -> list[int]:
        """The ids of all processes that have told so, in their order."""
        path = self.folder / name
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def pid(self, name: str) -> int:
        """That of the last one."""
        return self.told(name)[-1]

    def has_told(self, name: str) -> Callable[[], bool]:
        return lambda: bool(self.told(name))


class Grid:
    """An `archlab` command in a process of its own."""

    def __init__(
        self, folder: Path, arguments: Sequence[str], prepare: Prepare | None, trainer: Sequence[str] | None
    ) -> None:
        number = len(list(folder.glob("err*.txt")))
        self.err_path, self.out_path = folder / f"err{number}.txt", folder / f"out{number}.txt"
        self.err_path.touch()
        self.out_path.touch()
        with warnings.catch_warnings():
            self.process = FORKS.Process(
                target=be_driver,
                args=(folder, list(arguments), self.out_path, self.err_path, prepare, trainer),
            )
            self.process.start()

    @property
    def err(self) -> str:
        return self.err_path.read_text(encoding="utf8")

    @property
    def out(self) -> str:
        return self.out_path.read_text(encoding="utf8")

    @cached_property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def started(self) -> list[str]:
        """The variants that it has started, in their order."""
        return re.findall(r"^started +(.+) seed \d+$", self.err, re.MULTILINE)

    def has_planned(self) -> bool:
        """Whether it has said what there is to do."""
        return " to do; " in self.err

    def wait_for(self, happens: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not happens():
            assert time.monotonic() < deadline, f"waited in vain:\n{self.err}"
            assert self.process.exitcode is None, f"ended with {self.process.exitcode}:\n{self.err}"
            time.sleep(0.01)

    def wait_for_done(self, variant: str) -> None:
        self.wait_for(lambda: re.search(rf"^done +{re.escape(variant)} seed", self.err, re.MULTILINE))

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def processes(self) -> list[psutil.Process]:
        """Its supervisors, their runs, and what these have started; none where it has ended."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def end(self) -> int:
        """Wait for its end; returns its exit code, negative for a signal."""
        self.process.join(PATIENCE_SECONDS)
        assert self.process.exitcode is not None, f"does not end:\n{self.err}"
        return self.process.exitcode


def be_driver(
    folder: Path,
    arguments: list[str],
    out: Path,
    err: Path,
    prepare: Prepare | None,
    trainer: Sequence[str] | None,
) -> None:
    """In the driver's process: run the command as if it had been typed in this folder."""
    os.setsid()
    os.chdir(folder)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored where the tests themselves run under nohup
    for path, stream in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666), stream)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    sys.argv = ["archlab", *arguments]
    from archlab.cli.app import main
    from archlab.engines import choosing
    from archlab.engines.local import LocalEngine

    if trainer is not None:
        patch.object(choosing, "LocalEngine", partial(LocalEngine, trainer=trainer)).start()
    if prepare is not None:
        prepare()
    main()


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def learned(run: Path) -> dict[str, bytes]:
    """The model of a run, its counts per document, and its scores."""
    found = {str(path.relative_to(run)): content for path, content in files(run / "model-best").items()}
    per_doc = run / "per_doc.json"
    result = Result.from_dict(read_json(run / "result.json"))
    scores = repr((result.status, result.scores, result.best_step)).encode()
    return found | {"scores": scores, "per_doc": per_doc.read_bytes() if per_doc.exists() else b""}


def timeless(table: Json) -> Json:
    """A table without what differs from one training to the next of the same."""
    rows = [
        {**row, **dict.fromkeys(("seconds", "words_per_second", "words_per_second_sd", "peak_memory_bytes"))}
        for row in table["rows"]
    ]
    return {**table, "rows": rows}


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for counts as ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def all_gone(pids: Iterable[int], seconds: float = 5.0) -> bool:
    """Whether all of them have ended, or do so within a while."""
    deadline = time.monotonic() + seconds
    waiting = [pid for pid in pids if not is_gone(pid)]
    while waiting and time.monotonic() < deadline:
        time.sleep(0.01)
        waiting = [pid for pid in waiting if not is_gone(pid)]
    return not waiting
