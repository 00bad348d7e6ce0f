"""Run mypy, with Thinc's plugin, over a file of blocks: in a process of its own, with a config made for it.

mypy reads the sources of spaCy and Thinc as well, which takes ten times as long as the file itself: what it
has learned of them is kept in the user's cache folder.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.configs.code import CODE_MODULE
from archlab.errors import ExtraError, InvalidError
from archlab.records import Severity

if TYPE_CHECKING:
    from filelock import FileLock

# Strict, but for what says more of the libraries than of the file. What is strict in it can be passed over
# later: a second config would make mypy read spaCy a second time.
CONFIG = """
[mypy]
plugins = {plugin}
strict = true
follow_imports = silent
ignore_missing_imports = true
implicit_reexport = true
disallow_subclassing_any = false
disallow_untyped_decorators = false
warn_unused_ignores = false

[mypy-torch.*,tensorflow.*,keras.*,mxnet.*,jax.*,cupy.*,transformers.*,huggingface_hub.*,pandas.*,scipy.*]
follow_imports = skip
"""

PLUGIN = Path(__file__).with_name("mypy_plugin.py")

KEPT = "kept"
"""The cache itself, in its folder, beside its lock."""

STOPPED = 2
"""How mypy ends where it could not check all; 0 and 1 say whether it found something."""

SECONDS_TO_WAIT = 30.0
"""For another lint-types that uses the cache; then one is made for this time alone."""


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """One thing mypy says. line, column: where the expression begins, from 1."""

    severity: Severity
    code: str
    message: str
    hint: str | None
    line: int
    column: int


def require_mypy() -> None:
    """Raise ExtraError where mypy is not installed."""
    if find_spec("mypy") is None:
        raise ExtraError(
            "Types are checked by mypy, which is not installed.", "Install it: pip install 'archlab[types]'"
        )


def cache_folder(config: Path | None = None) -> Path | None:
    """Where mypy keeps what it knows of spaCy, by configuration; None where the user has no home."""
    try:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return caches / "archlab" / ("mypy" if config is None else "mypy-own")


def is_warm(config: Path | None = None) -> bool:
    """Whether mypy has read spaCy before."""
    folder = cache_folder(config)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return folder is not None and any(folder.glob(f"{KEPT}/{python}/*"))


Tell = Callable[[str], None]
"""Told what is no finding: that it takes long, what mypy thinks of a configuration."""


def run_mypy(sources: Sequence[bytes], config: Path | None, tell: Tell) -> list[list[Complaint]]:
    """What mypy says of the content of each file, in the order of its lines.

    config: a mypy configuration of one's own, to be used in place of archlab's.
    Raises InvalidError, with mypy's own words, where it cannot do its work.
    """
    with tempfile.TemporaryDirectory(prefix="archlab-") as temporary:
        files, made = [], Path(temporary) / "mypy.ini"
        for number, source in enumerate(sources):
            files.append(Path(temporary) / f"{CODE_MODULE}_{number}.py")
            files[-1].write_bytes(source)
        made.write_text(CONFIG.format(plugin=PLUGIN), encoding="utf8")
        used = made if config is None else config.resolve()
        with _cache(Path(temporary), config, tell) as cache:
            ended = _run(files, used, cache)
            if not _has_worked(ended):  # a cache that a full disk or a killed mypy has left
                shutil.rmtree(cache, ignore_errors=True)
                ended = _run(files, used, cache)
    if not _has_worked(ended):
        raise InvalidError(f"mypy cannot do it: {_last_words(ended)}")
    if ended.returncode == STOPPED and len(sources) > 1:  # one that it cannot read hides the others
        return [found for source in sources for found in run_mypy([source], config, tell)]
    if config is not None and ended.stderr.strip():
        tell(ended.stderr.strip())
    said = [*_complaints(ended.stdout)]
    return [_in_order(complaint for name, complaint in said if name == file.name) for file in files]


def _run(files: Sequence[Path], config: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "mypy", "--config-file", str(config), "--cache-dir", str(cache)]
    shown = ["--output", "json", "--no-error-summary"]
    environment = {**os.environ, "PYTHONIOENCODING": "utf8"}
    return subprocess.run(
        [*command, *shown, *map(str, files)],
        capture_output=True,
        text=True,
        encoding="utf8",
        env=environment,
        stdin=subprocess.DEVNULL,
    )


@contextmanager
def _cache(temporary: Path, config: Path | None, tell: Tell) -> Iterator[Path]:
    """The cache for one mypy alone; one that is thrown away where the shared one cannot be had."""
    from filelock import FileLock, Timeout

    folder = cache_folder(config)
    lock = None
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / "lock")
            _acquire(lock, tell)
    except (OSError, Timeout):
        lock = None
    try:
        yield temporary / "cache" if folder is None or lock is None else folder / KEPT
    finally:
        if lock is not None:
            lock.release()


def _acquire(lock: "FileLock", tell: Tell) -> None:
    from filelock import Timeout

    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell("Another lint-types is at work: this one waits for it.")
        lock.acquire(timeout=SECONDS_TO_WAIT)


def _has_worked(ended: subprocess.CompletedProcess[str]) -> bool:
    """mypy ends with 2 for a file it cannot parse, which it says, and for faults of its own."""
    return ended.returncode != STOPPED or any(_complaints(ended.stdout))


def _last_words(ended: subprocess.CompletedProcess[str]) -> str:
    said = (ended.stderr.strip() or ended.stdout.strip() or "it says nothing").splitlines()[-1]
    if not said.startswith("{"):
        return said
    told = json.loads(said)
    return f"{told['file']}:{told['line']}: {told['message']}"


def _in_order(complaints: Iterable[Complaint]) -> list[Complaint]:
    return sorted(complaints, key=lambda one: (one.line, one.column))


def _complaints(printed: str) -> Iterator[tuple[str, Complaint]]:
    """(name of the file, what is said of it); what is said of other files is left out."""
    for line in printed.splitlines():
        if not line.startswith("{"):
            continue
        told: dict[str, Any] = json.loads(line)
        name = Path(told["file"]).name
        if name.startswith(CODE_MODULE):
            yield (
                name,
                Complaint(
                    severity="note" if told["severity"] == "note" else "error",
                    code=told["code"] or "",
                    message=told["message"],
                    hint=told["hint"],
                    line=told["line"],
                    column=told["column"] + 1,
                ),
            )
