"""How does the time of `archlab grid` grow with seeds, variants, steps, and what does it add to a training?

    python benchmarks/grid_growth.py [--repeats 3]

The demo's base with an empty store, in CPU seconds of all processes; what it grows by from the first number
to the second, and from the second to the third, of each. Beyond a training: wall seconds from the start of a
run to its end less those of its training: that is its end, and the measurement of its words per second. Exits
with 1 where time grows faster than linearly, by more than NOISE, or where a run takes LIMIT_SECONDS beyond
its training.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from grid_sweeps import DEMO
from process_costs import costs_of

import archlab
from archlab.engines.base import Event
from archlab.processes import cores

NUMBERS = (4, 8, 16)
NOISE = 1.25
LIMIT_SECONDS = 0.4
SWEEP = """
base: base.cfg
score: cats_micro_f
keep_models: none
seeds: {seeds}
overrides:
  training.dropout: [{dropouts}]
  training.max_steps: {steps}
  training.eval_frequency: 10
"""
GROWN: dict[str, Callable[[int], str]] = {
    "seeds": lambda number: sweep(seeds=number),
    "variants": lambda number: sweep(variants=number),
    "steps, in tens": lambda number: sweep(seeds=2, steps=10 * number),
}


def sweep(seeds: int = 1, variants: int = 1, steps: int = 20) -> str:
    dropouts = ", ".join(f"{0.1 + number / 100:.2f}" for number in range(variants))
    return SWEEP.format(seeds=seeds, dropouts=dropouts, steps=steps)


def cpu_seconds(text: str) -> float:
    """Of a whole command."""
    with TemporaryDirectory() as place:
        write(Path(place), text)
        command = [sys.executable, "-m", "archlab", "grid", "sweep.yml", "-q"]
        _, costs = costs_of(lambda: subprocess.run(command, cwd=place, check=True, capture_output=True))
    return costs.cpu_seconds


def write(folder: Path, text: str) -> None:
    (folder / "base.cfg").write_bytes(DEMO.read_bytes())
    (folder / "sweep.yml").write_text(text, encoding="utf8")


def grows(name: str, repeats: int) -> bool:
    """Print how a grid grows; whether that is no faster than linearly."""
    taken = [median(cpu_seconds(GROWN[name](number)) for _ in range(repeats)) for number in NUMBERS]
    few, some, many = taken
    first, then = (some - few) / (NUMBERS[1] - NUMBERS[0]), (many - some) / (NUMBERS[2] - NUMBERS[1])
    shown = ", ".join(f"{seconds:.1f} s" for seconds in taken)
    print(f"{name:16} {NUMBERS}: {shown} of CPU; one more {first:.2f} s, then {then:.2f} s")
    return then <= NOISE * first


def beyond_training() -> float:
    """Seconds that a run takes beside its training, where others keep every core busy; the median of runs."""
    began: dict[str, float] = {}
    taken: list[float] = []

    def watch(event: Event) -> None:
        if event.kind == "started":
            began[event.spec.run_id] = perf_counter()
        if event.kind == "ended" and event.result is not None:
            trained = event.result.cost.seconds.total or 0.0
            taken.append(perf_counter() - began[event.spec.run_id] - trained)

    with TemporaryDirectory() as place, chdir(place):
        write(Path(place), sweep(seeds=12 * cores()))
        archlab.grid("sweep.yml", on_event=watch)
    return median(taken)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    are_linear = [grows(name, repeats) for name in GROWN]
    beyond = median(beyond_training() for _ in range(repeats))
    print(f"a run takes {beyond:.2f} s beyond its training")
    return 0 if all(are_linear) and beyond < LIMIT_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
