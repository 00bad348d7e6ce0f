"""How much of a core does `archlab watch` take in a terminal?

    python benchmarks/watching.py

Over stores made by hand, three fifths of whose runs are done and two of which go on: they are evaluated once
a second, and one of them ends, and the next begins, every few seconds. What starting takes is left out. Exits
with 1 where it takes more than 2% with 100 runs.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from made_results import made_result, made_spec  # noqa: E402
from terminals import Terminal  # noqa: E402

from archlab.processes import identity  # noqa: E402
from archlab.records import RunSpec  # noqa: E402
from archlab.results.files import write_json  # noqa: E402
from archlab.results.store import Store  # noqa: E402
from archlab.results.tables import Layout, Place  # noqa: E402

SEEDS = 5
SECONDS_TO_START, SECONDS = 4, 20
RUNS = {100: 4, 5000: 2}
"""How many there are, and how many seconds pass from the end of one to that of the next."""

MAX_SHARE = 0.02


class Grid:
    """A store that looks as if this process trained its runs."""

    def __init__(self, folder: Path, runs: int) -> None:
        self.store = Store("demo", folder)
        self.process = identity(os.getpid()) or {}
        self.specs = [self._spec(number) for number in range(runs)]
        places = [self._place(self.specs[first : first + SEEDS]) for first in range(0, runs, SEEDS)]
        layout = Layout(sweep="demo", score_name="cats_macro_f", places=tuple(places))
        write_json(self.store.paths.plan, layout.to_dict())
        write_json(self.store.paths.driver, self.process)
        for spec in self.specs[: runs * 3 // 5]:
            self._end(spec)
        self.waiting = iter(self.specs[runs * 3 // 5 :])
        self.running = [self._begin(), self._begin()]

    def evaluate(self, step: int) -> None:
        """Each running run tells of an evaluation."""
        line = {"step": step, "max_steps": 2000, "seconds": step / 10, "scores": {"cats_macro_f": 0.5}}
        for spec in self.running:
            with self.store.paths.run(spec.run_id).progress.open("a", encoding="utf8") as progress:
                progress.write(json.dumps(line) + "\n")

    def go_on(self) -> None:
        """One ends, and the next begins."""
        self._end(self.running.pop(0))
        self.running.append(self._begin())

    def _spec(self, number: int) -> RunSpec:
        spec = made_spec(f"r{number:05}", variant=number // SEEDS, seed=number % SEEDS)
        return spec if number >= SEEDS else replace(spec, variant="base TextCatEnsemble.v2")

    def _place(self, specs: list[RunSpec]) -> Place:
        first, run_ids = specs[0], tuple(spec.run_id for spec in specs)
        return Place(row=first.variant, column=None, variant_id=first.variant_id, run_ids=run_ids)

    def _begin(self) -> RunSpec:
        spec = next(self.waiting)
        self.store.prepare(spec, "")
        write_json(self.store.paths.run(spec.run_id).process, self.process, synced=False)
        return spec

    def _end(self, spec: RunSpec) -> None:
        write_json(self.store.paths.run(spec.run_id).result, made_result(spec).to_dict(), synced=False)


def main() -> int:
    shares = {runs: share_of_a_core(runs, seconds) for runs, seconds in RUNS.items()}
    for runs, share in shares.items():
        print(f"{runs:5,} runs, one ends every {RUNS[runs]} s   {share:.2%} of a core")
    return int(shares[100] > MAX_SHARE)


def share_of_a_core(runs: int, seconds_a_run: int) -> float:
    """CPU seconds per second, of a watch that has started."""
    with TemporaryDirectory() as folder, Terminal(120, 40) as terminal:
        grid = Grid(Path(folder), runs)
        command = [sys.executable, "-m", "archlab", "watch", "demo", "--experiments", folder]
        environment = {**os.environ, "TERM": "xterm-256color"}
        with terminal.path.open("r+b", buffering=0) as stream:
            watch = subprocess.Popen(command, stdin=stream, stdout=stream, stderr=stream, env=environment)
        time.sleep(SECONDS_TO_START)
        process = psutil.Process(watch.pid)
        before, began = process.cpu_times(), time.monotonic()
        for second in range(1, SECONDS + 1):
            time.sleep(1)
            grid.evaluate(step=10 * second)
            if second % seconds_a_run == 0:
                grid.go_on()
        after, seconds = process.cpu_times(), time.monotonic() - began
        watch.terminate()
        watch.wait()
        if f" of {runs} done, 2 running" not in terminal.text:
            raise RuntimeError(f"it shows something else: {terminal.text}")
    return (after.user + after.system - before.user - before.system) / seconds


if __name__ == "__main__":
    sys.exit(main())
