"""Files that are whole or not there."""

import json
import os
import re
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from archlab.errors import MachineError, OutputError
from archlab.records import Json

CHECKSUM = "sha256"

LEVELS_ABOVE = 4
"""runs/, the sweep, experiments/, and where that is: of these folders, a run may be the first."""

_CHECKSUM_AT_END = re.compile(rb'"sha256": ?("([0-9a-f]{64})")\s*}\s*$')


def write_text(path: Path, text: str, *, synced: bool = True) -> None:
    """Write a text, in UTF-8, as `write_bytes` does."""
    write_bytes(path, text.encode("utf8"), synced=synced)


def write_bytes(path: Path, content: bytes, *, synced: bool = True) -> None:
    """Write a file atomically and durably: a reader sees the old content or the new, also after a crash.

    synced: False where a crash of the machine may lose it. Raises MachineError where the folder cannot be
    written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                if synced:
                    os.fsync(file.fileno())
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        if synced:
            _sync_folder(path.parent)
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error.strerror or error}.") from None


def write_json(path: Path, data: Json, *, compact: bool = False, synced: bool = True) -> None:
    """Write JSON atomically, keys in the order given. compact: on one line, for many numbers.

    The last key, `sha256`, is a checksum of the text before it: a digit that a disk has changed would be
    another score, and nobody could see it.
    """
    layout: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 2}
    text = json.dumps({**data, CHECKSUM: ""}, ensure_ascii=False, allow_nan=False, **layout)
    before, _, end = text.rpartition('""')
    digest = sha256(before.encode()).hexdigest()
    write_text(path, f'{before}"{digest}"{end}\n', synced=synced)


def read_json(path: str | Path) -> Any:
    """The content of a JSON file; None where there is no file, it is no JSON, or its checksum is another.

    A file without a checksum is taken as it is.
    """
    from pydantic_core import from_json  # in a third of the time of the standard library's

    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # called for each of many results
            content = file.read()
        data = from_json(content) if _is_whole(content) else None
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    if isinstance(data, dict):
        data.pop(CHECKSUM, None)
    return data


def read_json_lines(file: IO[bytes]) -> list[Json]:
    """The JSON objects, one on a line, from where the file stands up to its last whole line.

    It is left standing there. Lines that hold something else, as after a crash, are left out.
    """
    found: list[Json] = []
    while True:
        place = file.tell()
        line = file.readline()
        if not line.endswith(b"\n"):  # nothing new, or half a line: read it again when it is whole
            file.seek(place)
            return found
        try:
            data = json.loads(line.decode("utf8"))
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            found.append(data)


def sync_tree(folder: Path) -> None:
    """Make a folder durable: every file and folder below it, itself, and the names that lead to it.

    What is synced stays after a crash. Raises MachineError where the disk refuses, as when it is full.
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
        for above in folder.resolve().parents[:LEVELS_ABOVE]:
            with suppress(PermissionError):
                _sync(above)
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


def _is_whole(content: bytes) -> bool:
    """Whether a file's text is that of its checksum, if it has one."""
    found = _CHECKSUM_AT_END.search(content, max(0, len(content) - 100))
    return found is None or sha256(content[: found.start(1)]).hexdigest() == found[2].decode("ascii")


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
