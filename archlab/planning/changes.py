"""Which runs of a sweep are what they were at another revision: by what they mean, not by names of files."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from archlab.errors import InvalidError
from archlab.planning.gate_rules import GateRules
from archlab.planning.revisions import Repository
from archlab.planning.sweeps import Sweep, load_sweep
from archlab.records import RunSpec


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What of a sweep is not as it was.

    revision: as it was named. commit: what that is. unchanged: ids of the runs of variants that were the same
    then, seeds included. reason: why all counts as changed, where it does. untracked: files that runs read
    and git does not know; they count as unchanged. other_rules: whether the sweep asked something else of the
    CI gate then.
    """

    revision: str
    commit: str
    unchanged: frozenset[str] = frozenset()
    reason: str | None = None
    untracked: tuple[str, ...] = ()
    other_rules: bool = False


def changes_since(
    revision: str,
    sweep: Sweep,
    runs: Sequence[RunSpec],
    *,
    code: Sequence[str | Path] = (),
    gpu_id: int = -1,
    overrides: Mapping[str, Any] | None = None,
) -> Changes:
    """Compare the runs of a sweep with those that it had at a revision.

    The sweep is planned from the files of that revision by another process, with the packages that are
    installed now. code, gpu_id, overrides: as the runs were planned with.

    Raises UsageError for a revision that git does not know, InvalidError outside of a repository, ExtraError
    without git.
    """
    repository = Repository.around(sweep.path.resolve().parent)
    commit = repository.commit(revision)
    inside = repository.within(sweep.path)
    if inside is None or not repository.had(commit, inside):
        return Changes(revision=revision, commit=commit, reason=f"{sweep.path} was not there yet")
    read = {path for spec in runs for path in spec.files}
    within = {path: found for path in read if (found := repository.within(Path(path))) is not None}
    differing = repository.differing(commit, within.values())
    tracked = repository.tracked(within.values())
    try:
        then, other_rules = _then(commit, repository, sweep, code, gpu_id, overrides or {})
    except InvalidError as error:
        return Changes(revision=revision, commit=commit, reason=error.message)
    changed = {
        spec.variant_id
        for spec in runs
        if spec.run_id not in then
        or any(_holds(within[path], differing) for path in spec.files if path in within)
    }
    unknown = [path for path in read if path not in within or not _holds(within[path], tracked)]
    return Changes(
        revision=revision,
        commit=commit,
        unchanged=frozenset(spec.run_id for spec in runs if spec.variant_id not in changed),
        untracked=tuple(sorted(unknown)),
        other_rules=other_rules,
    )


def _holds(path: Path, files: Iterable[Path]) -> bool:
    """Whether one of the files is the path, or in that folder."""
    return any(file.is_relative_to(path) for file in files)


def _then(
    commit: str,
    repository: Repository,
    sweep: Sweep,
    code: Sequence[str | Path],
    gpu_id: int,
    overrides: Mapping[str, Any],
) -> tuple[set[str], bool]:
    """The ids of the runs that the sweep had at a commit, and whether it had other rules.

    Raises InvalidError where it cannot be planned.
    """
    with TemporaryDirectory(prefix="archlab-") as temporary:
        tree = Path(temporary).resolve() / "tree"
        repository.check_out(commit, tree)

        def then(path: Path) -> Path:
            inside = repository.within(path)
            return path.resolve() if inside is None else tree / inside

        files = [item for file in code for item in ("--code", str(then(Path(file))))]
        settings = [f"--{path}={json.dumps(value)}" for path, value in overrides.items()]
        command = [sys.executable, "-P", "-m", "archlab", "grid", str(then(sweep.path)), "--dry-run"]
        command += ["--quiet", "--format", "json", "--gpu-id", str(gpu_id)]
        command += ["--experiments", f"{temporary}/none"]
        here = then(Path.cwd())
        if not here.is_dir():
            raise InvalidError(f"the folder {Path.cwd()} was not there yet")
        done = subprocess.run(
            [*command, *files, *settings],
            cwd=here,
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        planned, older = _planned_ids(done), load_sweep(then(sweep.path))
        if not older.base.resolve().is_relative_to(tree):  # it is linked: of today, and not of then
            raise InvalidError(f"git did not know its base {older.file.base}")
        return planned, _asked(older) != _asked(sweep)


def _asked(sweep: Sweep) -> tuple[GateRules, str | None]:
    """What a sweep asks of the CI gate."""
    return sweep.file.regress, sweep.file.score


def _planned_ids(done: subprocess.CompletedProcess[bytes]) -> set[str]:
    """The run ids that a dry run printed; some of its variants may have been rejected."""
    try:
        planned = json.loads(done.stdout)
        return {run["run_id"] for variant in planned["variants"] for run in variant["runs"]}
    except (ValueError, KeyError, TypeError):
        told = done.stderr.decode("utf8", errors="replace").strip().splitlines() or ["it says nothing"]
        raise InvalidError(f"it could not be planned then: {told[0].removeprefix('error').strip()}") from None
