"""Files on their way to another machine and back: named pieces, none of them large."""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

MAX_BYTES = 16 * 2**20
"""Of all pieces that travel together: what a driver holds in memory for each run that comes back."""

Piece = tuple[str, bytes]
"""(name of a file, with the folder that it came in; what comes next in it)"""


def pieces(root: Path, max_bytes: int = MAX_BYTES) -> Iterator[list[Piece]]:
    """The content of a file, or of all files of a folder, in lists of at most so many bytes."""
    files = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else [root]
    together: list[Piece] = []
    room = max_bytes
    for file in files:
        name = file.relative_to(root.parent).as_posix()
        for content in _parts(file, max_bytes):
            if len(content) > room:
                yield together
                together, room = [], max_bytes
            together.append((name, content))
            room -= len(content)
    if together:
        yield together


def put_together(folder: Path, found: Iterable[Piece]) -> None:
    """Append pieces to the files of a folder. Raises ValueError for a name that leads out of it."""
    for name, content in found:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"{name!r} leads out of {folder}")
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab") as file:
            file.write(content)


def _parts(file: Path, max_bytes: int) -> Iterator[bytes]:
    """The content of a file; one that is empty has an empty part."""
    with file.open("rb") as source:
        yield source.read(max_bytes)
        while content := source.read(max_bytes):
            yield content
