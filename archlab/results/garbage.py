"""What may go from the store: nothing that a table, a test or a person may still ask for."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from archlab.errors import MachineError
from archlab.processes import still_runs
from archlab.records import Json
from archlab.results.collection import load_layout, require_stored
from archlab.results.files import read_json
from archlab.results.paths import RunPaths, SweepPaths, is_run_id
from archlab.results.run_states import is_adhoc, is_run, stored_sweep_file
from archlab.results.store import Store, is_done, read_result, remove_model
from archlab.results.tables import winners

UNFINISHED_FILE = re.compile(r"\.(.+\.[a-z0-9_]{8}|process\.json)\.part")
"""What `files.write_text` and a run's supervisor write first, and leave where they are killed."""


@dataclass(frozen=True, kw_only=True)
class Garbage:
    """A file or folder that may go, and why. size: in bytes."""

    path: Path
    why: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What has been removed of a sweep, or would be. models_stay: why no model goes, or None."""

    sweep: str
    garbage: tuple[Garbage, ...]
    models_stay: str | None

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(item.size for item in self.garbage)

    def to_dict(self) -> Json:
        items = [{"path": str(item.path), "why": item.why, "bytes": item.size} for item in self.garbage]
        return {
            "sweep": self.sweep,
            "garbage": items,
            "bytes": self.size,
            "models_stay": self.models_stay,
        }


def collect_garbage(sweep: str, experiments: str | Path | None = None, *, dry_run: bool = False) -> Collected:
    """Remove what nobody needs of a sweep: older attempts, models that it does not keep, half-written files.

    dry_run: say what would go, and remove nothing. Raises UsageError where the store has no such sweep,
    InvalidError while something is trained in it, MachineError where something cannot be removed.
    """
    require_stored(sweep, experiments)
    store = Store(sweep, experiments)
    with _locked(store):
        kept, models_stay = _kept_models(store)
        removed = []
        for item in _garbage(store, kept):  # found one by one: a training may have begun meanwhile
            if not dry_run:
                _remove(item.path)
            removed.append(item)
    return Collected(sweep=sweep, garbage=tuple(removed), models_stay=models_stay)


@contextmanager
def _locked(store: Store) -> Iterator[None]:
    """Hold the lock of a sweep. Raises InvalidError where it is held, or where a single training goes on."""
    with store.locked():
        for lock in _run_locks(store.paths):
            with store.locked([_run_of(lock)]):
                pass
        yield


def _run_locks(paths: SweepPaths) -> list[Path]:
    """The locks of single trainings."""
    found = paths.folder.glob("lock-*")
    return sorted(path for path in found if path.suffix != ".json" and _is_file(path))


def _run_of(lock: Path) -> str:
    return lock.name.removeprefix("lock-")


def _kept_models(store: Store) -> tuple[set[str] | None, str | None]:
    """The runs whose models stay, None for all; and why all stay, where the sweep would not keep them."""
    if is_adhoc(store):
        return None, None
    file, layout = stored_sweep_file(store), load_layout(store)
    if file is None:
        return None, f"{store.paths.sweep} cannot be read"
    if file.keep_models != "winner":
        return (None if file.keep_models == "all" else set()), None
    if layout is None:
        return None, f"{store.paths.plan} cannot be read"
    results = {result.run_id: result for result in store.results()}
    missing = {run for place in layout.places for run in place.run_ids if run not in results}
    if missing:
        return None, f"the grid is not finished: {len(missing)} left"
    best = winners(layout, results)
    return (best, None) if best else (None, f"no run has a {layout.score_name}")


def _garbage(store: Store, kept: set[str] | None) -> Iterator[Garbage]:
    paths = store.paths
    yield from _unfinished_files(paths.folder)
    for folder in _folders(paths.attempts):
        run_id, _, number = folder.name.rpartition(".")
        is_attempt = is_run_id(run_id) and number.isdecimal()
        if is_attempt and not _is_only_result(store, run_id, RunPaths(folder)):
            yield _measured(folder, "older attempt")
    for folder in _folders(paths.runs):
        if found := list(_in_run(RunPaths(folder), stays=kept is None or folder.name in kept)):
            with _free(store, folder.name) if is_adhoc(store) else nullcontext():
                yield from found
    for lock in _run_locks(paths):
        with store.locked([_run_of(lock)]):  # what is held by nobody else may go
            yield from _files([lock], "lock that nobody holds")


@contextmanager
def _free(store: Store, run_id: str) -> Iterator[None]:
    """Hold the lock of a single training, which may have begun meanwhile; it is left as it was."""
    lock = store.paths.run_lock(run_id)
    was_there = lock.exists()
    with store.locked([run_id]):
        yield
        if not was_there:
            lock.unlink(missing_ok=True)


def _in_run(run: RunPaths, *, stays: bool) -> Iterator[Garbage]:
    if not still_runs(read_json(run.process)):
        yield from _unfinished_files(run.folder)
        if is_run(run):
            yield from _models(run, stays=stays)


def _is_only_result(store: Store, run_id: str, attempt: RunPaths) -> bool:
    """Whether an attempt was finished and is to be done again, but is not yet: a grid may bring it back."""
    return is_done(read_result(attempt.result)) and not is_done(store.load(run_id))


def _models(run: RunPaths, *, stays: bool) -> Iterator[Garbage]:
    if _is_folder(run.unfinished_model):
        yield _measured(run.unfinished_model, "half-written model")
    if _is_folder(run.model) and not stays:
        yield _measured(run.model, "model that the sweep does not keep")


def _unfinished_files(folder: Path) -> Iterator[Garbage]:
    found = [path for path in sorted(folder.iterdir()) if UNFINISHED_FILE.fullmatch(path.name)]
    yield from _files([path for path in found if _is_file(path)], "half-written file")


def _files(files: list[Path], why: str) -> Iterator[Garbage]:
    return (Garbage(path=file, why=why, size=file.lstat().st_size) for file in files)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _is_folder(path)) if _is_folder(folder) else []


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_folder(path: Path) -> bool:
    """Whether it is a folder of the store's own: what a link points at is another's."""
    return path.is_dir() and not path.is_symlink()


def _measured(folder: Path, why: str) -> Garbage:
    size = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
    return Garbage(path=folder, why=why, size=size)


def _remove(path: Path) -> None:
    """Remove a file or folder."""
    try:
        if not path.is_dir():
            path.unlink(missing_ok=True)
            return
        run = RunPaths(path.parent)
        if path == run.model:
            remove_model(run)
        else:
            shutil.rmtree(path)
    except OSError as error:
        raise MachineError(f"{path} cannot be removed: {error.strerror or error}.") from None
