"""A simulation of disks that lose what was not synced: what a program did to a folder, cut off anywhere.

What is on such a disk after a crash: a file's content as it was at its last fsync, or half or all of what
came since; and of the names in folders those that were there at the folder's last fsync, with or without what
came since. A rename is whole or not at all, as on disks with a journal, and safe with either of its folders.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal, get_args

import pytest

Kept = Literal["nothing", "half", "all"]
KEPT: tuple[Kept, ...] = get_args(Kept)
"""Of what was written to a file since its last fsync."""


@dataclass(eq=False)
class File:
    """Moment -> its content from then on, as a reader sees it; and as it was synced then."""

    contents: dict[int, bytes] = field(default_factory=dict)
    synced: dict[int, bytes] = field(default_factory=dict)

    def after_crash(self, moment: int, kept: Kept) -> bytes:
        written = next((self.contents[at] for at in sorted(self.contents, reverse=True) if at <= moment), b"")
        safe = next((self.synced[at] for at in sorted(self.synced, reverse=True) if at <= moment), b"")
        half = max(safe, written[: len(written) // 2], key=len)
        return {"nothing": safe, "half": half, "all": written}[kept]


@dataclass(eq=False)
class Folder:
    entries: "dict[str, File | Folder]" = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """An entry of a folder comes, goes, or both (a rename). durable: moments at which it was synced."""

    moment: int
    gone: tuple[Folder, str] | None
    come: "tuple[Folder, str, File | Folder] | None"
    durable: list[int] = field(default_factory=list)

    def is_in(self, folder: object) -> bool:
        return any(place is not None and place[0] is folder for place in (self.gone, self.come))


@dataclass
class Disk:
    """What was done below a folder. moments: how many events there were."""

    root: Path
    tree: Folder = field(default_factory=Folder)
    changes: list[Change] = field(default_factory=list)
    moments: int = 0
    marks: dict[str, int] = field(default_factory=dict)

    def mark(self, name: str) -> None:
        """Give the present moment a name."""
        self._look()
        self.marks[name] = self.moments

    def crashed(self) -> Iterator[tuple[int, dict[str, bytes | None]]]:
        """(moment, what may be there) for each moment and all that may be there; a folder is None."""
        known = set()
        for moment in range(self.moments + 1):
            for happened in self._histories(moment):
                for kept in KEPT:
                    found = self._materialised(moment, happened, kept)
                    passed = tuple(moment >= mark for mark in self.marks.values())
                    key = (passed, tuple(sorted(found.items(), key=str)))
                    if key not in known:
                        known.add(key)
                        yield moment, found

    def _histories(self, moment: int) -> Iterator[list[Change]]:
        """What has reached the disk: the safe changes, and of the others the first few, one alone, or all but
        one."""
        past = [change for change in self.changes if change.moment <= moment]
        open_ones = [change for change in past if not any(at <= moment for at in change.durable)]
        chosen = [open_ones[:number] for number in range(len(open_ones) + 1)]
        chosen += [[one] for one in open_ones]
        chosen += [[other for other in open_ones if other is not one] for one in open_ones]
        for some in chosen:
            yield [change for change in past if change not in open_ones or change in some]

    def _materialised(self, moment: int, happened: list[Change], kept: Kept) -> dict[str, bytes | None]:
        names: dict[int, dict[str, File | Folder]] = {id(self.tree): {}}
        for change in happened:
            if change.gone is not None and change.gone[1] not in names.get(id(change.gone[0]), {}):
                continue  # it had never come
            if change.come is not None:
                into, name, node = change.come
                present = names.get(id(into))
                if present is None or isinstance(present.get(name), Folder):
                    continue  # its folder is not there, or still has another of that name
                present[name] = node
                if isinstance(node, Folder):
                    names.setdefault(id(node), {})
            if change.gone is not None:
                del names[id(change.gone[0])][change.gone[1]]
        return dict(self._walk(names, self.tree, "", moment, kept))

    def _walk(
        self, names: dict[int, dict[str, Any]], folder: Folder, path: str, moment: int, kept: Kept
    ) -> Iterator[tuple[str, bytes | None]]:
        for name, node in names[id(folder)].items():
            if isinstance(node, Folder):
                yield f"{path}{name}", None
                yield from self._walk(names, node, f"{path}{name}/", moment, kept)
            else:
                yield f"{path}{name}", node.after_crash(moment, kept)

    def happens(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Told by the interpreter before it does something."""
        if event == "open":
            path, _, flags = arguments
            place = self._place(path, None) if flags & os.O_CREAT and not isinstance(path, int) else None
            if place and place[1] not in place[0].entries:
                self._change(None, (*place, File()))
        elif event == "os.mkdir":
            place = self._place(arguments[0], arguments[2])
            if place and place[1] not in place[0].entries and place[1] != "":
                self._change(None, (*place, Folder()))
        elif event == "os.rename":
            source, target = self._place(arguments[0], arguments[2]), self._place(arguments[1], arguments[3])
            if source and target and source[1] in source[0].entries:
                self._change(source, (*target, source[0].entries[source[1]]))
        elif event in ("os.remove", "os.rmdir"):
            place = self._place(*arguments)
            if place and place[1] in place[0].entries:
                self._change(place, None)

    def synced(self, handle: int) -> None:
        """Told after an fsync."""
        path = Path(f"/proc/self/fd/{handle}").readlink()
        self._look()
        self.moments += 1
        node = self._node(path)
        if isinstance(node, File):
            node.synced[self.moments] = path.read_bytes()
        elif node is not None:
            for change in self.changes:
                if change.is_in(node):
                    change.durable.append(self.moments)

    def _change(self, gone: tuple[Folder, str] | None, come: Any) -> None:
        self._look()
        self.moments += 1
        self.changes.append(Change(self.moments, gone, come))
        if gone is not None:
            del gone[0].entries[gone[1]]
        if come is not None:
            come[0].entries[come[1]] = come[2]

    def _look(self) -> None:
        """Take down what the files hold now."""
        for path in self.root.rglob("*"):
            node = self._node(path)
            if isinstance(node, File) and path.is_file():
                content = path.read_bytes()
                if content != next(reversed(node.contents.values()), b""):
                    self.moments += 1
                    node.contents[self.moments] = content

    def _place(self, path: Any, within: int | None) -> tuple[Folder, str] | None:
        """(folder, name) of a path below the root; None for all others."""
        path = Path(os.fsdecode(path))
        if not path.is_absolute():
            path = (Path(f"/proc/self/fd/{within}").readlink() if (within or -1) >= 0 else Path.cwd()) / path
        parent = self._node(path.parent)
        return (parent, path.name) if isinstance(parent, Folder) else None

    def _node(self, path: Path) -> "File | Folder | None":
        if not path.is_relative_to(self.root):
            return None
        node: File | Folder | None = self.tree
        for part in path.relative_to(self.root).parts:
            node = node.entries.get(part) if isinstance(node, Folder) else None
        return node


_recording: list[Disk] = []
_hooked = count()


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _recording and event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"):
        disk = _recording.pop()  # what is done to take it down is not taken down
        try:
            disk.happens(event, arguments)
        finally:
            _recording.append(disk)


@contextmanager
def recorded(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """Take down what this process does to an empty folder."""
    if next(_hooked) == 0:
        sys.addaudithook(_hear)  # it cannot be taken away again
    disk = Disk(root)
    fsync = os.fsync

    def sync(handle: int) -> None:
        fsync(handle)
        _recording.remove(disk)
        try:
            disk.synced(handle)
        finally:
            _recording.append(disk)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", sync)
        _recording.append(disk)
        try:
            yield disk
        finally:
            _recording.remove(disk)
    disk._look()


def lay_out(found: dict[str, bytes | None], root: Path) -> None:
    """Make an empty folder of what may be there after a crash."""
    for path, content in found.items():
        if content is None:
            (root / path).mkdir()
        else:
            (root / path).write_bytes(content)
