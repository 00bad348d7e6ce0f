"""How long does `archlab table` take over 20,000 stored results?

    python benchmarks/table_of_many.py

The results are made by hand, as a textcat leaves them: of 10 labels, and of 77, whose scores per label are
most of the file. Each repeat is a whole command in a process of its own. Exits with 1 where one takes more
than 2 CPU seconds in the median, with 10 labels.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from made_results import made_result, made_spec  # noqa: E402

from archlab.results.files import write_json  # noqa: E402
from archlab.results.store import Store  # noqa: E402
from archlab.results.tables import Layout, Place  # noqa: E402

REPEATS = 5
VARIANTS = 1000
SEEDS = 20
LABELS = (10, 77)
MAX_CPU_SECONDS = 2.0


def main() -> int:
    is_slow = False
    for labels in LABELS:
        with TemporaryDirectory() as folder:
            size = make_store(Path(folder), labels)
            first, *rest = [run_table(Path(folder)) for _ in range(1 + REPEATS)]
        cpu, wall = (median(times) for times in zip(*rest, strict=True))
        print(f"{labels} labels, {VARIANTS * SEEDS:,} results of {size / 1000:.1f} kB")
        print(f"  the first time   {first[0]:5.2f} s CPU  {first[1]:5.2f} s")
        print(f"  median of {REPEATS}      {cpu:5.2f} s CPU  {wall:5.2f} s")
        is_slow |= labels == LABELS[0] and cpu > MAX_CPU_SECONDS
    return int(is_slow)


def make_store(folder: Path, labels: int) -> int:
    """20,000 finished runs, and the layout of their table; returns the bytes of one result."""
    store = Store("many", folder / "experiments")
    places = []
    for variant in range(VARIANTS):
        run_ids = tuple(f"{variant:06x}{seed:06x}" for seed in range(SEEDS))
        for seed, run_id in enumerate(run_ids):
            result = made_result(made_spec(run_id, variant=variant, seed=seed), labels)
            write_json(store.paths.run(run_id).result, result.to_dict(), synced=False)
        row = f"TextCatBOW.v3, ngram_size={variant}" if variant else "base TextCatEnsemble.v2"
        places.append(Place(row=row, column=None, variant_id=f"{variant:012x}", run_ids=run_ids))
    layout = Layout(sweep="many", score_name="cats_macro_f", places=tuple(places))
    write_json(store.paths.plan, layout.to_dict())
    return store.paths.run(run_ids[0]).result.stat().st_size


def run_table(folder: Path) -> tuple[float, float]:
    """CPU and wall seconds of the whole command."""
    command = [sys.executable, "-m", "archlab", "table", "many"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


if __name__ == "__main__":
    sys.exit(main())
