"""What git knows: how the files of a repository were at another revision. Nothing of it is changed."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from archlab.errors import ExtraError, InvalidError, UsageError

OF_A_HOOK = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE"),
    *("GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
    *(f"GIT_{kind}_PATHSPECS" for kind in ("LITERAL", "GLOB", "NOGLOB", "ICASE")),
)
"""What git sets for its hooks and aliases: of that repository, and not of the one around a sweep."""

FETCH_ALL = "This clone is shallow. In a GitHub workflow give actions/checkout fetch-depth: 0; else: "


@dataclass(frozen=True)
class Repository:
    """A working tree of git. root: its topmost folder."""

    root: Path

    @classmethod
    def around(cls, folder: Path) -> "Repository":
        """The repository that a folder is in. Raises ExtraError without git, InvalidError outside of any."""
        done = _git(folder, "rev-parse", "--show-toplevel")
        if done.returncode:
            raise InvalidError(f"git finds no repository around {folder}: {_why(done)}")
        return cls(Path(_lines(done)[0]))

    def commit(self, revision: str) -> str:
        """The whole name of a commit. Raises UsageError for a revision that is not there."""
        done = _git(
            self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
        if not done.returncode:
            return _lines(done)[0]
        is_shallow = _lines(_git(self.root, "rev-parse", "--is-shallow-repository")) == ["true"]
        hint = f"{FETCH_ALL}git fetch --unshallow" if is_shallow else "git branch --all lists some."
        raise UsageError(f"git knows no revision {revision!r}.", hint)

    def within(self, path: Path) -> Path | None:
        """The path as seen from the root; None where it lies outside."""
        resolved = path.resolve()
        return resolved.relative_to(self.root) if resolved.is_relative_to(self.root) else None

    def had(self, commit: str, path: Path) -> bool:
        """Whether a commit has a file. path: from the root."""
        return not _git(self.root, "cat-file", "-e", f"{commit}:{path.as_posix()}").returncode

    def check_out(self, commit: str, folder: Path) -> None:
        """Write the files of a commit to a new folder; those that git does not track are linked.

        An index of its own leaves that of the repository as it is. Raises InvalidError where git cannot.
        """
        index = {"GIT_INDEX_FILE": str(folder.with_name("index"))}
        folder.mkdir()
        for command in (
            ("read-tree", commit),
            ("checkout-index", "--all", "--quiet", f"--prefix={folder}/"),
        ):
            plain = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.sparseCheckout=false")
            done = _git(self.root, *plain, *command, environment=index)
            if done.returncode:
                raise InvalidError(f"git cannot write the files of {commit[:12]}: {_why(done)}")
        for name in self._untracked():
            link = folder / name
            is_inside = link.parent.resolve().is_relative_to(folder.resolve())  # a link of then may lead out
            if is_inside and link.parent.is_dir() and not os.path.lexists(link):
                link.symlink_to(self.root / name)

    def differing(self, commit: str, paths: Iterable[Path]) -> set[Path]:
        """Those files of a commit that are others by now. paths: files and folders, from the root."""
        return self._found(paths, "diff", "--name-only", "-z", commit)

    def tracked(self, paths: Iterable[Path]) -> set[Path]:
        """The files that git tracks among these files, and in these folders."""
        return self._found(paths, "ls-files", "-z")

    def _found(self, paths: Iterable[Path], *command: str) -> set[Path]:
        """The files that a command of git names, of these; nothing in a path stands for anything else."""
        literal = [f":(top,literal){path.as_posix()}" for path in sorted(paths)]
        return set(map(Path, _names(_git(self.root, *command, "--", *literal)))) if literal else set()

    def _untracked(self) -> list[str]:
        """Files and whole folders that git does not track, ignored ones too."""
        return [
            name.rstrip("/") for name in _names(_git(self.root, "ls-files", "-z", "--others", "--directory"))
        ]


def _git(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    inherited = {name: value for name, value in os.environ.items() if name not in OF_A_HOOK}
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env=inherited | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"} | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise ExtraError(
            "There is no git on this machine.", "Install git, and clone the repository."
        ) from None


def _lines(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    return os.fsdecode(done.stdout).splitlines()


def _names(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """The names that -z ends with NUL. Raises InvalidError where git failed."""
    if done.returncode:
        raise InvalidError(f"git failed: {_why(done)}")
    return os.fsdecode(done.stdout).split("\0")[:-1]


def _why(done: subprocess.CompletedProcess[bytes]) -> str:
    text = done.stderr.decode("utf8", errors="replace").strip().splitlines()
    return text[0].removeprefix("fatal: ") if text else f"git ended with {done.returncode}"
