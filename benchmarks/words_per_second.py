"""Does a second measurement of the same model give the same words per second?

    python benchmarks/words_per_second.py

Trains the demo base and a linear model, then measures each again and again, in a process of its own each time
as a run does: alone, and with as many other processes at work as there are cores. Exits with 1 where two
measurements, one after the other and alone, differ by more than 10%.
"""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from statistics import median, stdev
from tempfile import TemporaryDirectory

from archlab import load_config, swap, train
from archlab.processes import THREAD_VARIABLES, cores
from archlab.records import RunSpec
from archlab.results.files import read_json
from archlab.results.paths import SweepPaths
from archlab.training.speed import Passes, measure_apart

MEASUREMENTS = 6
MOST_BETWEEN_TWO = 0.10
SECONDS_OF_WORK = "import time; end = time.monotonic() + 600\nwhile time.monotonic() < end: sum(range(9999))"

BASE = Path(__file__).resolve().parents[1] / "configs" / "base.cfg"


def measure(paths: SweepPaths, run_id: str) -> list[Passes]:
    spec = RunSpec.from_dict(read_json(paths.run(run_id).spec))
    return [measure_apart(spec, paths.run(run_id)) for _ in range(MEASUREMENTS)]


def measure_in_company(paths: SweepPaths, run_id: str) -> list[Passes]:
    others = [subprocess.Popen([sys.executable, "-c", SECONDS_OF_WORK]) for _ in range(cores())]
    try:
        return measure(paths, run_id)
    finally:
        for other in others:
            other.kill()
            other.wait()


def show(what: str, measured: list[Passes]) -> float:
    """Print what came out. Returns the largest difference between one measurement and the next."""
    speeds = [median(passes) for passes in measured]
    between = max(abs(after / before - 1) for before, after in pairwise(speeds))
    within = median(stdev(passes) / median(passes) for passes in measured)
    print(
        f"{what}: {median(speeds):,.0f} words/s; sd over the passes of one measurement {within:.1%}, "
        f"over measurements {stdev(speeds) / median(speeds):.1%}; one and the next differ by {between:.1%} "
        "at most"
    )
    return between


def main() -> int:
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    base = load_config(BASE)
    linear = swap(base, "textcat.model", "spacy.TextCatBOW.v3").config
    configs = {"TextCatEnsemble": base, "TextCatBOW": linear}
    alone = []
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        paths = SweepPaths.of("adhoc")
        for name, config in configs.items():
            run_id = train(config, output=Path(folder) / name).run_id
            alone.append(show(f"{name}, alone", measure(paths, run_id)))
            show(f"{name}, with {cores()} others at work", measure_in_company(paths, run_id))
    return 1 if max(alone) > MOST_BETWEEN_TWO else 0


if __name__ == "__main__":
    sys.exit(main())
