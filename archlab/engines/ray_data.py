"""Data that a worker does not see: shipped once to each node, and kept there by its content."""

import json
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from archlab.configs.fingerprints import changed_files
from archlab.engines.pieces import Piece, pieces, put_together
from archlab.errors import InvalidError, MachineError
from archlab.records import RunSpec

if TYPE_CHECKING:
    from ray import ObjectRef

    Parts = dict[str, list["ObjectRef[list[Piece]]"]]

PART_BYTES = 64 * 2**20
"""Of one object in Ray's store."""

_JSON_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"')


@dataclass
class Shipment:
    """What a driver has put into Ray's store. parts: path -> its pieces."""

    parts: "Parts" = field(default_factory=dict)

    def add(self, paths: Iterable[str]) -> None:
        """Put files, or folders with all that is in them, into the store; each once."""
        import ray

        for path in set(paths) - self.parts.keys():
            self.parts[path] = [ray.put(found) for found in pieces(Path(path), PART_BYTES)]

    def of(self, spec: RunSpec) -> "Parts":
        """Those of a run's files that are shipped."""
        return {path: self.parts[path] for path in spec.files if path in self.parts}


def names_in(config: str, paths: Iterable[str]) -> dict[str, str]:
    """The texts of a config that name some files -> which of them.

    Raises InvalidError for a file that it names in no single text.
    """
    texts = {json.loads(found) for found in _JSON_TEXT.findall(config)}
    names = {text: path for path in paths for text in texts if _means(text, path)}
    for path in set(paths) - set(names.values()):
        raise InvalidError(
            f"{path} is not on every node, and cannot be shipped: the config puts its name together from "
            "variables.",
            "Write the whole path into the config, or put the file where every node sees it.",
        )
    return names


def renamed(config: str, names: Mapping[str, str]) -> str:
    """A config's text with other files in it. names: as it has them -> as it shall have them."""

    def rename(found: re.Match[str]) -> str:
        text = json.loads(found[0])
        return json.dumps(names[text]) if text in names else found[0]

    return _JSON_TEXT.sub(rename, config)


def bring(spec: RunSpec, parts: "Parts", get: Callable[[Any], list[Piece]]) -> dict[str, str]:
    """Put the files of a run that are not on this node into its cache. Returns path -> where it is here.

    get: what fetches an object of Ray's store.
    """
    return {
        path: str(_in_cache(path, spec.files[path], parts[path], get)) for path in changed_files(spec.files)
    }


def spec_here(spec: RunSpec, places: Mapping[str, str]) -> RunSpec:
    """A run's spec with the names that its files have on this node."""
    return replace(
        spec,
        files={places.get(path, path): digest for path, digest in spec.files.items()},
        code=[places.get(path, path) for path in spec.code],
    )


def node_folder(name: str) -> Path:
    """A folder on this machine that is its user's alone: nobody else puts data or runs into it."""
    folder = Path(tempfile.gettempdir()) / f"archlab-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat(follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise MachineError(f"{folder} is not a folder of its user alone.", "Remove it there.")
    inner = folder / name
    inner.mkdir(exist_ok=True)
    return inner


def _in_cache(path: str, digest: str, parts: Iterable[Any], get: Callable[[Any], list[Piece]]) -> Path:
    cached = node_folder("data") / digest
    place = cached / Path(path).name
    if not changed_files({str(place): digest}):
        return place
    rmtree(cached, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(dir=cached.parent, prefix=f".{digest}."))
    for part in parts:
        put_together(unfinished, get(part))
    with suppress(OSError):  # another run of this node was quicker
        unfinished.rename(cached)
    rmtree(unfinished, ignore_errors=True)
    return place


def _means(text: str, path: str) -> bool:
    try:
        return bool(text) and str(Path(text).resolve()) == path
    except (OSError, ValueError):  # no name that a file could have
        return False
