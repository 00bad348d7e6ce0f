"""The default engine: one process per run, as many at once as cores or GPU slots allow."""

import subprocess
import sys
import time
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from archlab.engines.base import Event, Watcher, evaluated, make_result, nobody
from archlab.engines.warm import WarmProcess, WarmServer, can_be_warm, started_ahead, take_started
from archlab.late_pytorch import uses_pytorch
from archlab.processes import ON_LINUX, RUN_VARIABLE, child_environment, cores, kill_orphans
from archlab.records import Json, Outcome, Result, RunSpec
from archlab.results.files import read_json_lines
from archlab.results.paths import RunPaths, SweepPaths
from archlab.results.store import read_outcome
from archlab.training import supervisor
from archlab.training.child import NO_SPEEDUPS
from archlab.training.endings import ended_without_word, failed

POLL_SECONDS = 0.05
PATIENCE_SECONDS = supervisor.GRACE_SECONDS + 3
"""How long supervisors may take to end their runs before they are told to do so at once."""

TRAINER = (sys.executable, "-P", "-m", "archlab.training.child")
"""The program that trains a run; it is given the path of the run's spec.json. It imports nothing from the
working directory."""


Process = subprocess.Popen[bytes] | WarmProcess


def default_jobs(gpu_id: int) -> int:
    """Runs at once: one per core, or one on a GPU."""
    return cores() if gpu_id < 0 else 1


class LocalEngine:
    """Starts each run under a supervisor of its own, with its share of the cores as threads."""

    def __init__(
        self,
        paths: SweepPaths,
        jobs: int,
        on_event: Watcher = nobody,
        *,
        trainer: Sequence[str] = TRAINER,
        pass_env: Sequence[str] = (),
        speedups: bool = True,
        shared_data: Collection[str] = (),
    ) -> None:
        """jobs: runs at once, at least 1. pass_env: variables of this environment that runs get, too.
        speedups: False starts each run by itself, and trains as slowly as spaCy. shared_data: fingerprints of
        the data that more than one of the runs reads."""
        self.paths = paths
        self.jobs = jobs
        self.environment = _environment(jobs, pass_env)
        self.on_event = on_event
        self.trainer = trainer
        if trainer is TRAINER and not speedups:
            self.trainer = (*TRAINER, NO_SPEEDUPS)
        self.speedups = speedups
        self.shared_data = shared_data
        self.warm: WarmServer | None = None

    def run(self, specs: Iterable[RunSpec], deadline: float | None = None) -> Generator[Result, None, None]:
        waiting = iter(specs)  # drawn one by one: a spec is prepared when it is drawn
        more = True
        running: list[Child] = []
        try:
            while more or running:
                while more and len(running) < self.jobs:
                    spec = next(waiting, None)
                    more = spec is not None
                    if spec is not None:
                        running.append(self.start(spec))
                        self.on_event(Event(kind="started", spec=spec))
                self._wait()
                for child in list(running):
                    self._tell_progress(child)
                    if child.has_ended():
                        running.remove(child)
                        result = make_result(child.spec, child.outcome())
                        self.on_event(Event(kind="ended", spec=child.spec, result=result))
                        yield result
                if deadline is not None and time.monotonic() > deadline:
                    return
        finally:
            try:
                stop(running)
            finally:  # also where it is interrupted
                self.close()

    def close(self) -> None:
        """Let go what was kept for the next run."""
        if self.warm is not None:
            self.warm.close()
            self.warm = None

    def start(self, spec: RunSpec) -> "Child":
        """Start a run whose folder is prepared; it is for the caller to look after, and to `stop`."""
        paths = self.paths.run(spec.run_id)
        process = self._forked(paths, spec) if self.speedups and can_be_warm(spec.gpu_id) else None
        if process is None:
            process = _spawn(paths, self.trainer, self.environment)
        minutes = spec.limits.minutes
        deadline = None if minutes is None else time.monotonic() + 60 * minutes
        return Child(spec, paths, process, deadline)

    def _forked(self, paths: RunPaths, spec: RunSpec) -> "Process | None":
        """A supervisor and its run as forks; None where there is no server to fork them."""
        if self.warm is None:
            program, preload = _program(self.trainer), self.trainer is TRAINER
            self.warm = take_started(program, self.environment) or WarmServer(
                program, self.environment, preload=preload
            )
        if self.trainer is TRAINER and not self.warm.has_pytorch and uses_pytorch(paths.config, *spec.code):
            self.warm.import_pytorch()
        alone = spec.fingerprints.data not in self.shared_data
        with paths.log.open("ab") as log:
            return self.warm.start(paths.folder.resolve(), log, alone=alone)

    def _wait(self) -> None:
        """For a run to end, or a while, in which others may have made progress."""
        if self.warm is None or not self.warm.listen(POLL_SECONDS):
            time.sleep(POLL_SECONDS)

    def _tell_progress(self, child: "Child") -> None:
        for line in child.new_progress():
            self.on_event(evaluated(child.spec, line))


def starting_ahead(
    jobs: int | None, pass_env: Sequence[str] = (), *, files: Sequence[str | Path] = ()
) -> AbstractContextManager[None]:
    """Around the plan of a grid on the CPU, and the grid: what its runs are forked from imports meanwhile.

    files: what the plan is made from; whether PyTorch is needed is guessed from them.
    """
    environment = _environment(jobs or default_jobs(-1), pass_env)
    return started_ahead(_program(TRAINER), environment, with_pytorch=uses_pytorch(*files))


def _program(trainer: Sequence[str]) -> list[str]:
    """What a server is told to run. It has the `-P` itself."""
    return [part for part in trainer[1:] if part != "-P"]


def _environment(jobs: int, pass_env: Sequence[str]) -> dict[str, str]:
    return child_environment(max(1, cores() // jobs), pass_env) | {"PYTHONUNBUFFERED": "1"}


def _spawn(
    paths: RunPaths, trainer: Sequence[str], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """A supervisor that starts its run as a new process."""
    folder = paths.folder.resolve()
    quick = ["-I", "-S"] if ON_LINUX else ["-I"]  # elsewhere, psutil tells who a process is
    supervise = [sys.executable, *quick, supervisor.__file__, str(folder)]
    with paths.log.open("ab") as log:
        return subprocess.Popen(
            [*supervise, *trainer, str(folder / paths.spec.name)],
            stdin=subprocess.PIPE,  # its end tells the supervisor that its driver is gone
            stdout=log,
            stderr=log,
            env={**environment, RUN_VARIABLE: str(folder)},
            start_new_session=True,  # ctrl-C in the terminal is for the driver alone
        )


@dataclass
class Child:
    """A run's process: its supervisor, seen from here."""

    spec: RunSpec
    paths: RunPaths
    process: Process
    deadline: float | None
    timed_out: bool = False
    progress: IO[bytes] | None = None

    def has_ended(self) -> bool:
        """Whether the run and all that it has started are gone. One that is over its time is asked to end."""
        if self.process.poll() is None:
            if not self.timed_out and self.deadline is not None and time.monotonic() > self.deadline:
                self.timed_out = True
                self.process.terminate()
            return False
        self.close()
        if (self.process.returncode or 0) < 0:  # perhaps not its run alone was killed
            kill_orphans(self.paths.folder.resolve())
        return True

    def outcome(self) -> Outcome:
        """What an ended run came to, also where it could not say so itself."""
        outcome = read_outcome(self.paths)
        if outcome is not None and (outcome.status == "done" or not self.timed_out):
            return outcome
        if self.timed_out:
            return failed("timeout", f"not done after {self.spec.limits.minutes:g} minutes")
        return ended_without_word(self.process.returncode or 0, self.paths.log)

    def new_progress(self) -> list[Json]:
        """Lines of progress.jsonl that have come since the last call."""
        if self.progress is None:
            if not self.paths.progress.exists():
                return []
            self.progress = self.paths.progress.open("rb")
        return read_json_lines(self.progress)

    def close(self) -> None:
        """Let the supervisor go: where it still runs, it ends its run at once."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.progress is not None:
            self.progress.close()


def stop(children: list[Child]) -> None:
    """End what still runs: asked first, then killed; at once, when interrupted a second time."""
    patience = time.monotonic() + PATIENCE_SECONDS
    try:
        for child in children:
            child.process.terminate()
        for child in children:
            child.process.wait(max(0.0, patience - time.monotonic()))
    except subprocess.TimeoutExpired:
        pass
    finally:
        for child in children:
            child.close()
        for child in children:
            child.process.wait()
