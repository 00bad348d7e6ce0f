"""Every path of the store, in one place."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from archlab.errors import UsageError

DEFAULT_EXPERIMENTS = Path("experiments")
RESULT = "result.json"
PER_DOC = "per_doc.json"

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_NO_SWEEP = re.compile(r"^$|^\.|[/\\:\0]")
"""Names that would be another folder than one in experiments/, or a hidden one."""


def experiments_option(folder: str | Path | None) -> str:
    """What names the folder of all sweeps in a command that is shown, with a space before it; empty for the
    usual one, and for None."""
    is_usual = folder is None or Path(folder) == DEFAULT_EXPERIMENTS
    return "" if is_usual else f" --experiments {shlex.quote(str(folder))}"


def is_run_id(name: str) -> bool:
    """Whether a name can be that of a run: letters and digits, and nothing that a path could be made of."""
    return _RUN_ID.fullmatch(name) is not None


def is_sweep_name(name: str) -> bool:
    """Whether a name can be that of a sweep: of one folder, without a dot before it."""
    return _NO_SWEEP.search(name) is None


@dataclass(frozen=True)
class RunPaths:
    """The files of one run."""

    folder: Path

    @property
    def spec(self) -> Path:
        return self.folder / "spec.json"

    @property
    def config(self) -> Path:
        return self.folder / "config.cfg"

    @property
    def progress(self) -> Path:
        return self.folder / "progress.jsonl"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    @property
    def per_doc(self) -> Path:
        return self.folder / PER_DOC

    @property
    def outcome(self) -> Path:
        """What the child hands to the driver."""
        return self.folder / "outcome.json"

    @property
    def result(self) -> Path:
        return self.folder / RESULT

    @property
    def model(self) -> Path:
        return self.folder / "model-best"

    @property
    def process(self) -> Path:
        """Which process trains it, or did last: as `processes.identity` tells it."""
        return self.folder / "process.json"

    @property
    def stopped(self) -> Path:
        """There where the last attempt was stopped from outside: by ctrl-C, or because its driver ended."""
        return self.folder / "stopped"

    @property
    def unfinished_model(self) -> Path:
        return self.folder / "model-best.part"


@dataclass(frozen=True)
class SweepPaths:
    """The folder of one sweep: experiments/<sweep>."""

    folder: Path

    @classmethod
    def of(cls, sweep: str, experiments: str | Path | None = None) -> "SweepPaths":
        """Raises UsageError for a name that would lead out of the experiments."""
        if not is_sweep_name(sweep):
            raise UsageError(f"{sweep!r} cannot be the name of a sweep.", "It is that of a folder: textcat.")
        return cls(Path(experiments or DEFAULT_EXPERIMENTS) / sweep)

    @property
    def sweep(self) -> Path:
        return self.folder / "sweep.yml"

    @property
    def plan(self) -> Path:
        """How the last grid laid out its table: a cache, for tables without planning anew."""
        return self.folder / "plan.json"

    @property
    def comparisons(self) -> Path:
        """What the table says of differences: a cache, so that it is not worked out again."""
        return self.folder / "comparisons.json"

    @property
    def known_plan(self) -> Path:
        """What the last plan for `regress` came to, and what that depends on: a cache."""
        return self.folder / "regress.json"

    @property
    def baseline(self) -> Path:
        """What `regress` compares with: committed, as nothing else here is."""
        return self.folder / "baseline.json"

    @property
    def report(self) -> Path:
        """The page that a report is written to where nothing else is said."""
        return self.folder / "report.html"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def driver(self) -> Path:
        """Which process holds the lock; beside it, because a lock that is tried is emptied."""
        return self.folder / "driver.json"

    def run_lock(self, run_id: str) -> Path:
        """The lock of a run: single trainings lock theirs, and do not keep each other waiting."""
        return self.folder / f"lock-{run_id}"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    def run(self, run_id: str) -> RunPaths:
        """Raises UsageError for what is no run id: it would lead out of the sweep."""
        return RunPaths(self.runs / _require_run_id(run_id))

    @property
    def attempts(self) -> Path:
        """Older attempts, each the whole folder of a run as it was: `<run_id>.<attempt>`."""
        return self.folder / "attempts"

    def attempt(self, run_id: str, attempt: int) -> RunPaths:
        return RunPaths(self.attempts / f"{_require_run_id(run_id)}.{int(attempt)}")


def _require_run_id(name: str) -> str:
    if not is_run_id(name):
        raise UsageError(f"{name!r} is no run id.", "archlab runs lists them.")
    return name
