"""How much sooner is a grid done than by any other way to run it, and are the models the same?

    python benchmarks/whole_grids.py [GRID...] [--repeats 5] [--ways 0 1 2 3] [--data DIR] [--kept FILE]

The same configs, seeds and data in four ways, one after the other, in each repeat: `spacy train` for one
config after another; `xargs -P` with a process per core, with default threads and with one thread each;
`archlab grid` with an empty store. Of each: wall seconds, CPU seconds of all its processes, and the most
memory they held together. Exits with 1 where a model is not the same to the byte in all ways, with 3 where
the data of a grid that is named is not there.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from grid_sweeps import SWEEPS, corpus_of, write_sweep
from process_costs import Costs, costs_of

import archlab
from archlab.planning.plans import Plan
from archlab.planning.runs import run_config
from archlab.processes import THREAD_VARIABLES, cores
from archlab.results.paths import SweepPaths

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ONE_THREAD = dict.fromkeys(THREAD_VARIABLES, "1")
ARCHLAB = "archlab grid"
Scores = dict[str, tuple[str, float]]
"""Name of a run -> digest of its model-best, and its score."""


class Trainings:
    """The runs of a plan as config files, and the ways to do them all; each in a folder of its own."""

    def __init__(self, planned: Plan, sweep: Path, overrides: Sequence[str]) -> None:
        self.sweep, self.overrides = sweep, overrides
        self.runs = planned.runs
        configs = {variant.variant_id: variant.config for variant in planned.variants}
        for spec in self.runs:
            text = run_config(configs[spec.variant_id], spec.seed)
            sweep.with_name(f"{spec.run_id}.cfg").write_text(text, encoding="utf8")

    @property
    def ways(self) -> dict[str, Callable[[Path], Scores]]:
        at_once = f"xargs -P{cores()} spacy train"
        return {
            "spacy train": lambda folder: self._by_spacy(folder, 1, {}),
            f"{at_once}, default threads": lambda folder: self._by_spacy(folder, cores(), {}),
            f"{at_once}, one thread": lambda folder: self._by_spacy(folder, cores(), ONE_THREAD),
            ARCHLAB: self._by_archlab,
        }

    def _by_spacy(self, folder: Path, at_once: int, environment: Mapping[str, str]) -> Scores:
        train = [sys.executable, "-m", "spacy", "train", f"{self.sweep.parent}/{{}}.cfg", "-o", "{}"]
        command = ["xargs", f"-P{at_once}", "-I{}", *train]
        names = "\n".join(spec.run_id for spec in self.runs)
        _run(command, folder, os.environ | environment, names)
        return {spec.run_id: _scores(folder / spec.run_id / "model-best") for spec in self.runs}

    def _by_archlab(self, folder: Path) -> Scores:
        command = [sys.executable, "-m", "archlab", "grid", str(self.sweep), "-q", *self.overrides]
        _run(command, folder, os.environ, "")
        paths = SweepPaths.of(self.sweep.stem, folder / "experiments")
        return {spec.run_id: _scores(paths.run(spec.run_id).model) for spec in self.runs}


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str], text: str) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment, input=text, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _scores(model: Path) -> tuple[str, float]:
    digest = sha256()
    for file in sorted(path for path in model.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(model)}\0".encode() + file.read_bytes())
    performance = json.loads((model / "meta.json").read_text(encoding="utf8"))["performance"]
    names = ("cats_micro_f", "ents_f", "dep_las")
    return digest.hexdigest(), next(performance[name] for name in names if name in performance)


def measure(name: str, data: Path, repeats: int, ways: Sequence[int]) -> tuple[dict[str, list[Costs]], bool]:
    """(way -> what it cost in each repeat, whether all models were the same) of one grid."""
    costs: dict[str, list[Costs]] = {}
    found: list[Scores] = []
    with TemporaryDirectory() as place, chdir(place):
        sweep, overrides = write_sweep(name, Path(place), data)
        given = dict(zip(overrides[::2], overrides[1::2], strict=True))
        planned = archlab.plan(
            archlab.load_sweep(sweep), overrides={key[2:]: value for key, value in given.items()}
        )
        trainings = Trainings(planned, sweep, overrides)
        for repeat in range(repeats):
            for number, (way, do) in enumerate(trainings.ways.items()):
                if number not in ways:
                    continue
                folder = Path(place) / f"{number}.{repeat}"
                folder.mkdir()
                scores, cost = costs_of(lambda do=do, folder=folder: do(folder))  # type: ignore[misc]
                found.append(scores)
                costs.setdefault(way, []).append(cost)
                print(f"  {name}, repeat {repeat + 1}: {way}: {cost}", file=sys.stderr)
    labels = {spec.run_id: f"{spec.variant} seed {spec.seed}" for spec in planned.runs}
    print(f"\n{name}: scores of {len(planned.runs)} runs, the same model in each way and repeat")
    for run_id, label in labels.items():
        same = len({scores[run_id] for scores in found}) == 1
        print(f"  {label:50} {found[0][run_id][1]:.4f}  {'yes' if same else 'NO'}")
    return costs, all(scores == found[0] for scores in found)


def show(costs: Mapping[str, Sequence[Costs]]) -> None:
    """Medians, and how many times as long as archlab each way took: lowest, median and highest ratio."""
    head = f"  {'median of repeats':40}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}"
    print(f"{head}{'times archlab: wall':>26}{'CPU':>20}")
    for way, measured in costs.items():
        wall, cpu, memory = (
            median(values) for values in zip(*(asdict(c).values() for c in measured), strict=True)
        )
        ratios = ""
        if ARCHLAB in costs:
            pairs = list(zip(measured, costs[ARCHLAB], strict=True))
            ratios = f"{_spread([c.wall_seconds / a.wall_seconds for c, a in pairs]):>26}"
            ratios += f"{_spread([c.cpu_seconds / a.cpu_seconds for c, a in pairs]):>20}"
        print(f"  {way:40}{wall:9.1f}{cpu:9.1f}{memory / 1e6:9.0f}{ratios}")


def _spread(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="GRID", help=f"default all of {', '.join(SWEEPS)}")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--ways", type=int, nargs="+", default=range(4), help="0 to 3; default all four")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the corpora")
    parser.add_argument("--kept", type=Path, help="file to which all that was measured is written as JSON")
    given = parser.parse_args()
    names = given.names or SWEEPS
    absent = [name for name in names if (corpus := corpus_of(name)) and not (given.data / corpus).is_dir()]
    if absent:
        print(f"{given.data} has no {', '.join(absent)}: --data names the corpora's folder.", file=sys.stderr)
        if given.names:
            return 3
    all_same, kept = True, {}
    for name in (name for name in names if name not in absent):
        costs, same = measure(name, given.data, given.repeats, given.ways)
        show(costs)
        all_same &= same
        kept[name] = {way: [asdict(cost) for cost in measured] for way, measured in costs.items()}
    if given.kept:
        given.kept.write_text(json.dumps(kept, indent=2), encoding="utf8")
    return 0 if all_same else 1


if __name__ == "__main__":
    sys.exit(main())
