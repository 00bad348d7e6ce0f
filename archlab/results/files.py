"""Files that are whole or not there."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from archlab.errors import MachineError, OutputError


def write_text(path: Path, text: str) -> None:
    """Write a file atomically and durably: a reader sees the old content or the new, also after a crash.

    Raises MachineError where the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error.strerror or error}.") from None


def write_json(path: Path, data: Any, *, compact: bool = False) -> None:
    """Write JSON atomically, keys in the order given. compact: on one line, for many numbers."""
    layout: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 2}
    write_text(path, json.dumps(data, ensure_ascii=False, allow_nan=False, **layout) + "\n")


def read_json(path: Path) -> Any:
    """The content of a JSON file; None where there is no file or it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf8"))
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return None


def sync_tree(folder: Path) -> None:
    """Make a folder durable: every file and folder below it, and itself. What is synced stays after a crash.

    Raises MachineError where the disk refuses, as when it is full.
    """
    if os.name != "posix":
        return
    try:
        for root, _, names in os.walk(folder, topdown=False):
            for name in names:
                file = Path(root, name)
                if file.is_file() and not file.is_symlink():
                    _sync(file)
            _sync(Path(root))
    except OSError as error:
        raise MachineError(f"{folder} cannot be written: {error.strerror or error}.") from None


def require_writable(folder: Path) -> None:
    """Make a folder that the user has named. Raises OutputError where it cannot be made or written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written: {error.strerror or error}.", "Name another folder."
        ) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
