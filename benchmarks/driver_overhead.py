"""What does a grid cost beside its training? 2,000 trivial runs, and none of them trains.

    python benchmarks/driver_overhead.py

First with an engine that is a fake trainer in this process (`FakeTrainer`): what is left is preparing runs,
recording results, and the bookkeeping between. Then 100 runs with the engine of every grid, and a fake
trainer as the program that it starts: processes and supervisors come on top, two at once. Exits with 1 where
the first takes more than 20 ms of wall time a run, or where memory grows by more than 10 MB after 200 runs.
"""

import sys
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import psutil
from fake_trainer import leave_outcome

import archlab
from archlab.engines import driving
from archlab.engines.base import Engine, make_result
from archlab.engines.local import LocalEngine
from archlab.records import Result, RunSpec
from archlab.results.paths import SweepPaths
from archlab.results.store import read_outcome

BASE = Path(__file__).resolve().parent.parent / "configs" / "base.cfg"
SWEEP = "base: {base}\nseeds: {seeds}\nkeep_models: none\noverrides:\n  training.dropout: {rates}\n"
VARIANTS = 20
SEEDS = 100
SEEDS_WITH_PROCESSES = 5

WARM_UP = 200
MAX_MILLISECONDS = 20
MAX_GROWTH_MB = 10


class FakeTrainer:
    """An engine that trains nothing: it leaves what a child would leave, and reads it as a driver does.

    megabytes: of this process's memory, before each run. seconds, cpu_seconds: what the faking took.
    """

    def __init__(self, paths: SweepPaths) -> None:
        self.paths = paths
        self.megabytes: list[float] = []
        self.seconds = self.cpu_seconds = 0.0

    def run(self, specs: Iterable[RunSpec], deadline: float | None = None) -> Generator[Result, None, None]:
        process = psutil.Process()
        for spec in specs:
            began, cpu_began = time.perf_counter(), time.process_time()
            self.megabytes.append(process.memory_info().rss / 1e6)
            paths = self.paths.run(spec.run_id)
            leave_outcome(paths.folder)
            self.seconds += time.perf_counter() - began
            self.cpu_seconds += time.process_time() - cpu_began
            outcome = read_outcome(paths)
            assert outcome is not None
            yield make_result(spec, outcome)


def main() -> int:
    seconds, cpu_seconds, fake = run_grid(SEEDS, FakeTrainer)
    runs = VARIANTS * SEEDS
    each, cpu_each = (
        1000 * (seconds - fake.seconds) / runs,
        1000 * (cpu_seconds - fake.cpu_seconds) / runs,
    )
    growth = fake.megabytes[-1] - fake.megabytes[WARM_UP]
    print(f"{runs:,} runs, no processes: {each:.1f} ms each, {cpu_each:.1f} ms of CPU")
    print(f"  memory: {fake.megabytes[WARM_UP]:.0f} MB after {WARM_UP} runs, {growth:+.1f} MB in the rest")
    seconds, cpu_seconds, _ = run_grid(SEEDS_WITH_PROCESSES, local_engine)
    runs = VARIANTS * SEEDS_WITH_PROCESSES
    print(f"{runs:,} runs, a process for each: {1000 * seconds / runs:.0f} ms each, two at once;")
    print(f"  {1000 * cpu_seconds / runs:.1f} ms of the driver's CPU")
    return int(each > MAX_MILLISECONDS or growth > MAX_GROWTH_MB)


def local_engine(paths: SweepPaths) -> LocalEngine:
    program = (sys.executable, str(Path(__file__).with_name("fake_trainer.py")))
    return LocalEngine(paths, jobs=2, trainer=program)


def run_grid(seeds: int, make_engine: Callable[[SweepPaths], Engine]) -> tuple[float, float, Any]:
    """(wall seconds, CPU seconds of this process, the engine) of a grid over a new folder, once planned."""
    engines: list[Engine] = []

    def make(options: object, store: Any, *_: object) -> Engine:
        engines.append(make_engine(store.paths))
        return engines[0]

    with TemporaryDirectory() as folder, patch.object(driving, "make_engine", make):
        sweep = Path(folder) / "trivial.yml"
        rates = [variant / 100 for variant in range(VARIANTS)]
        sweep.write_text(SWEEP.format(base=BASE, seeds=seeds, rates=rates), encoding="utf8")
        planned = archlab.plan(archlab.load_sweep(sweep), level="types")
        began, cpu_began = time.perf_counter(), time.process_time()
        results = archlab.grid(planned, experiments=Path(folder) / "experiments")
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
        assert [result.status for result in results] == ["done"] * VARIANTS * seeds
    return seconds, cpu_seconds, engines[0]


if __name__ == "__main__":
    sys.exit(main())
