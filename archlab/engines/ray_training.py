"""One run on a Ray worker: the same child as a local run, in a folder of its own that goes when it ends."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

from archlab.configs.fingerprints import changed_files
from archlab.engines.local import POLL_SECONDS, TRAINER, LocalEngine, stop
from archlab.engines.pieces import MAX_BYTES, Piece, pieces
from archlab.engines.ray_data import bring, node_folder, renamed, spec_here
from archlab.processes import child_environment
from archlab.records import Json, RunSpec
from archlab.results.files import write_json, write_text
from archlab.results.paths import RunPaths, SweepPaths
from archlab.training.speedups.idle_cores import NONE_TO_SPARE

GROWING = ("progress.jsonl", "log.txt")
"""What is told while the run goes on."""


def train(order: Json) -> Iterator[Json]:
    """Train a run, and yield what its driver is to know: the files it lacks, or how it goes and ends.

    order: the run's `spec` and `config`; `parts`, the files that are shipped, and `names`, how the config
    names them; `threads`; `environment`, variables that are passed on; `model`, whether it is wanted;
    `trainer`, None for that of this archlab; `speedups`; `news_seconds`, how long it is silent between news.
    """
    import ray

    spec = RunSpec.from_dict(order["spec"])
    if missing := [file for file in changed_files(spec.files) if file not in order["parts"]]:
        yield {"kind": "missing", "files": missing}
        return
    places = bring(spec, order["parts"], ray.get)
    here = {text: places[path] for text, path in order["names"].items() if path in places}
    with _scratch() as folder:
        engine = _engine(order, spec)
        engine.paths = SweepPaths(folder)
        paths = engine.paths.run(spec.run_id)
        write_text(paths.config, renamed(order["config"], here), synced=False)
        here_spec = spec_here(spec, places)
        write_json(paths.spec, here_spec.to_dict(), synced=False)
        yield {"kind": "started"}
        growing = Growing(paths.folder)
        told = time.monotonic()
        child = engine.start(here_spec)
        try:
            while not child.has_ended():
                if time.monotonic() > told + order["news_seconds"]:
                    yield from growing.news()
                    told = time.monotonic()
                time.sleep(POLL_SECONDS)
        finally:
            stop([child])
        yield from growing.news()
        outcome = child.outcome()
        if outcome.status == "done":
            yield from _left_behind(paths, {place: text for text, place in here.items()}, order["model"])
        yield {"kind": "ended", "outcome": outcome.to_dict()}


_kept: list[tuple[Json, LocalEngine]] = []
"""What was asked for, and the engine of this process, which Ray keeps for the next run: so does the engine
what it has warmed up."""


def _engine(order: Json, spec: RunSpec) -> LocalEngine:
    environment = child_environment(order["threads"]) | order["environment"] | {"PYTHONUNBUFFERED": "1"}
    environment[NONE_TO_SPARE] = "1"  # other tasks are at work on the node
    if spec.gpu_id < 0:  # where no GPU was asked for, Ray hides none
        environment["CUDA_VISIBLE_DEVICES"] = ""
    asked = {"environment": environment, "trainer": order["trainer"], "speedups": order["speedups"]}
    if _kept and _kept[0][0] != asked:
        _kept.pop()[1].close()
    if not _kept:
        trainer = order["trainer"] or TRAINER
        engine = LocalEngine(SweepPaths(Path()), 1, trainer=trainer, speedups=order["speedups"])
        engine.environment = environment
        _kept.append((asked, engine))
    return _kept[0][1]


class Growing:
    """The files of a run that grow while it goes on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told = dict.fromkeys(GROWING, 0)

    def news(self) -> Iterator[Json]:
        """What has come since the last call."""
        while found := [piece for name in GROWING if (piece := self._next(name))[1]]:
            yield {"kind": "files", "pieces": found}

    def _next(self, name: str) -> Piece:
        try:
            with (self.folder / name).open("rb") as file:
                file.seek(self.told[name])
                content = file.read(MAX_BYTES)
        except FileNotFoundError:
            return name, b""
        self.told[name] += len(content)
        return name, content


def _left_behind(paths: RunPaths, there: dict[str, str], with_model: bool) -> Iterator[Json]:
    """What a finished run hands over besides. there: a file's name on this node -> as its driver knows it."""
    roots = [paths.per_doc] if paths.per_doc.exists() else []
    if with_model and paths.model.exists():
        config = paths.model / "config.cfg"
        config.write_text(renamed(config.read_text("utf8"), there), encoding="utf8")
        roots.append(paths.model.rename(paths.unfinished_model))  # until the driver has all of it
    for root in roots:
        for found in pieces(root):
            yield {"kind": "files", "pieces": found}


@contextmanager
def _scratch() -> Iterator[Path]:
    """A new folder, and an end to those that a killed worker has left."""
    from filelock import FileLock, Timeout

    runs = node_folder("runs")
    for lock in runs.glob("*.lock"):
        with suppress(Timeout, OSError), FileLock(lock, blocking=False):
            rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink()
    folder = Path(tempfile.mkdtemp(dir=runs))
    lock = folder.with_name(f"{folder.name}.lock")
    try:
        with FileLock(lock):
            yield folder
    finally:
        rmtree(folder, ignore_errors=True)
        lock.unlink(missing_ok=True)
