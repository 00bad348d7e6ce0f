"""10,000 runs on 200 nodes, which nobody here has: what does the driver bear, and what is the slowest part?

    python benchmarks/ray_scale.py [--seconds 10]

First what Ray and the driver cost, on one node of two CPUs, started here and ended. Then all 10,000 runs by
the real driver, engine and store, on nodes that are made up (fake_nodes.py) and take --seconds for a run.
Then a queue before one driver with these costs, for longer runs and with models. Exits with 1 where a run
keeps the driver busy for more than MAX_MILLISECONDS.
"""

import heapq
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from driver_overhead import SEEDS_WITH_PROCESSES, VARIANTS, run_grid
from fake_nodes import CPUS, FakeCluster
from ray_overhead import one_node, ray_engine

import archlab
from archlab.engines.base import Event
from archlab.engines.pieces import Piece, pieces, put_together
from archlab.engines.ray_cluster import Share
from archlab.engines.ray_engine import NEWS_PER_SECOND, RayEngine
from archlab.engines.ray_joining import connect
from archlab.results.files import sync_tree
from archlab.results.paths import SweepPaths
from archlab.results.store import Store

NODES, RUNS = 200, 10_000
SLOTS = NODES * CPUS
LINES = 20
"""Evaluations of a run."""

LINK_BYTES_PER_SECOND = 125e6
"""Of the driver's machine: 1 Gbit/s."""

MAX_MILLISECONDS = 50
SATURATED_SEEDS = 100
STREAMS_POLLED = 10

BASE = Path(__file__).resolve().parent.parent / "configs" / "base.cfg"
REAL_SWEEP = (
    "base: {base}\nseeds: 4\nkeep_models: all\n"
    "overrides: {{training.max_steps: 100, training.eval_frequency: 5}}\n"
)


@dataclass(frozen=True, kw_only=True)
class RealRuns:
    """What real runs are like on Ray.

    first_wait, later_wait: seconds that a node's first run, and a later one, takes beside the training.
    lines, per_doc, bytes_sent, model: of a run.
    """

    first_wait: float
    later_wait: float
    lines: list[bytes]
    per_doc: bytes
    bytes_sent: int
    model: list[Piece]

    @property
    def bytes_back(self) -> int:
        return sum(map(len, self.lines)) + len(self.per_doc)

    @property
    def model_bytes(self) -> int:
        return sum(len(content) for _, content in self.model)


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Of a run. driver: seconds that one driver is busy with it; the waits as above; bytes that come back."""

    driver: float
    first_wait: float
    later_wait: float
    bytes_back: int


def main() -> int:
    parser = ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10.0, help="that a made-up run takes")
    seconds: float = parser.parse_args().seconds
    with one_node() as address:
        real = train_some(address)
        task, actor, poll = time_ray()
        run_cpu, line_cpu = time_driver(address)
    show("sent to a node for a run", f"{real.bytes_sent / 1e3:.1f} kB")
    show("back from it, without its model", f"{real.bytes_back / 1e3:.1f} kB")
    show("its model", f"{real.model_bytes / 1e6:.1f} MB")
    show("a node's first run waits for", f"{real.first_wait:.1f} s")
    show("a later one", f"{real.later_wait:.2f} s")
    show("Ray: a task, an actor", f"{1000 * task:.1f} ms, {1000 * actor:.0f} ms")
    show(f"Ray: a look at {SLOTS} streams", f"{1000 * poll:.1f} ms of CPU")
    show("driver: a run", f"{1000 * run_cpu:.1f} ms of CPU")
    busy, busy_cpu, _ = drive(real, SATURATED_SEEDS, 0.0)
    runs = VARIANTS * SATURATED_SEEDS
    show("  without Ray's part, its nodes made up", f"{1000 * busy_cpu / runs:.1f} ms of CPU")
    show("driver: news of a run", f"{1000 * line_cpu:.2f} ms of CPU")
    disk = (busy - busy_cpu) / runs
    model_disk = time_model(real)
    show("driver: waits for its disk, for a run", f"{1000 * disk:.1f} ms")
    show("driver: writes a model", f"{1000 * model_disk:.0f} ms")
    wall, cpu, megabytes = drive(real, RUNS // VARIANTS, seconds)
    ideal = seconds * RUNS / SLOTS
    show(f"{RUNS:,} runs of {seconds:g} s on {NODES} made-up nodes", f"{wall:.0f} s; {ideal:.0f} s at best")
    show("  CPU of the driver, its memory", f"{100 * cpu / wall:.0f}% of a core, {megabytes:.0f} MB")

    print("\nseconds a run  models back  hours  at best  driver busy  GB back  slowest")
    for run_seconds in (10, 60, 600):
        for model_bytes in (0, real.model_bytes):
            news = min(LINES, run_seconds * NEWS_PER_SECOND / SLOTS)
            costs = Costs(
                driver=run_cpu + news * line_cpu + disk + bool(model_bytes) * model_disk,
                first_wait=real.first_wait,
                later_wait=real.later_wait,
                bytes_back=real.bytes_back + model_bytes,
            )
            show_queue(run_seconds, costs, bool(model_bytes))
    return int(run_cpu + disk > MAX_MILLISECONDS / 1000)


def show(what: str, how_much: str) -> None:
    print(f"{what:<45} {how_much}", flush=True)


def train_some(address: str) -> RealRuns:
    """Train the demo's base on the node, a run at a time."""
    from ray import cloudpickle

    cluster = connect(address)
    submitted: list[float] = []
    orders: list[Any] = []
    ended: list[float] = []
    submit = cluster.submit

    def note_submitted(order: Any, share: Share, name: str) -> Any:
        orders.append(order)
        submitted.append(time.monotonic())
        return submit(order, share, name)

    def note_ended(event: Event) -> None:
        if event.kind == "ended":
            ended.append(time.monotonic())

    with TemporaryDirectory() as folder, patch.object(cluster, "submit", note_submitted):
        sweep = Path(folder) / "real.yml"
        sweep.write_text(REAL_SWEEP.format(base=BASE), encoding="utf8")
        results = archlab.grid(
            sweep, "ray", 1, address=address, experiments=Path(folder), on_event=note_ended
        )
        trained = [result.cost.seconds.total or 0.0 for result in results]
        waits = [end - begin - total for begin, end, total in zip(submitted, ended, trained, strict=True)]
        paths = Store("real", Path(folder)).paths.run(next(iter(results)).run_id)
        return RealRuns(
            first_wait=waits[0],
            later_wait=median(waits[1:]),
            lines=paths.progress.read_bytes().splitlines(keepends=True)[:LINES],
            per_doc=paths.per_doc.read_bytes(),
            bytes_sent=len(cloudpickle.dumps(orders[0])),
            model=[piece for found in pieces(paths.model) for piece in found],
        )


def time_ray() -> tuple[float, float, float]:
    """(seconds of a task that does nothing, of an actor that does nothing, CPU seconds of a look at all)."""
    import ray

    @ray.remote
    def nothing() -> None: ...

    class Nobody:
        def nothing(self) -> None: ...

    nobody: Any = ray.remote(num_cpus=0)(Nobody)

    @ray.remote(num_returns="streaming", resources={"never there": 1})
    def stream() -> Iterator[None]:
        yield None

    ray.get([nothing.remote() for _ in range(10)])
    task = timed(lambda: ray.get([nothing.remote() for _ in range(500)])) / 500
    actor = timed(lambda: [ray.get(nobody.remote().nothing.remote()) for _ in range(5)]) / 5
    streams = [stream.remote() for _ in range(SLOTS)]
    began = time.process_time()
    for _ in range(STREAMS_POLLED):
        ray.wait(streams, num_returns=SLOTS, timeout=0.05)
    poll = (time.process_time() - began) / STREAMS_POLLED
    for waiting in streams:
        ray.cancel(waiting)
    return task, actor, poll


def time_driver(address: str) -> tuple[float, float]:
    """CPU seconds of the driver, with Ray in it: (for a run without progress, for a line of progress)."""
    runs = VARIANTS * SEEDS_WITH_PROCESSES
    _, without, _ = run_grid(SEEDS_WITH_PROCESSES, lambda paths: ray_engine(paths, address))
    _, with_lines, _ = run_grid(SEEDS_WITH_PROCESSES, lambda paths: ray_engine(paths, address, LINES))
    return without / runs, (with_lines - without) / runs / LINES


def time_model(real: RealRuns) -> float:
    """Seconds that the driver takes for the files of a model, until they are on its disk."""
    with TemporaryDirectory() as folder:

        def write() -> None:
            put_together(Path(folder), real.model)
            sync_tree(Path(folder))

        return timed(write)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def drive(real: RealRuns, seeds: int, seconds: float) -> tuple[float, float, float]:
    """(wall seconds, CPU seconds, MB of memory) of driver, engine and store with made-up nodes."""
    import psutil

    left_behind = [("per_doc.json", real.per_doc)]
    lines = real.lines if seconds else ()
    cluster = FakeCluster(count=NODES, seconds=seconds, lines=lines, left_behind=left_behind)

    def engine(paths: SweepPaths) -> RayEngine:
        return RayEngine(paths, cluster, Share())

    with cluster.in_place_of_ray():
        wall, cpu, _ = run_grid(seeds, engine)
    return wall, cpu - cluster.faking_cpu_seconds, psutil.Process().memory_info().rss / 1e6


@dataclass(frozen=True)
class Queue:
    """What comes of the runs: seconds in all, and how much of them driver and link are busy."""

    total: float
    driver_busy: float
    link_busy: float


def simulate(run_seconds: float, costs: Costs) -> Queue:
    """All slots train; what they send waits for one link, then for one driver, who gives them the next."""
    link_seconds = costs.bytes_back / LINK_BYTES_PER_SECOND
    driver_free = link_free = 0.0
    handed_over = SLOTS
    ends = []
    for _ in range(SLOTS):
        driver_free += costs.driver / 2  # the other half is for its end
        ends.append(driver_free + costs.first_wait + run_seconds)
    heapq.heapify(ends)
    while ends:
        end = heapq.heappop(ends)
        link_free = max(link_free, end) + link_seconds
        driver_free = max(driver_free, link_free) + costs.driver / 2
        if handed_over < RUNS:
            handed_over += 1
            driver_free += costs.driver / 2
            heapq.heappush(ends, driver_free + costs.later_wait + run_seconds)
    return Queue(driver_free, RUNS * costs.driver / driver_free, RUNS * link_seconds / driver_free)


def show_queue(run_seconds: float, costs: Costs, with_models: bool) -> None:
    queue = simulate(run_seconds, costs)
    best = run_seconds * RUNS / SLOTS
    shares = {
        "training": best / queue.total,
        "the driver": queue.driver_busy,
        "its link": queue.link_busy,
    }
    slowest = max(shares, key=lambda name: shares[name])
    print(
        f"{run_seconds:>13,}  {'yes' if with_models else 'no':>11}  {queue.total / 3600:5.2f}"
        f"  {best / 3600:7.2f}  {queue.driver_busy:11.0%}"
        f"  {RUNS * costs.bytes_back / 1e9:7.1f}  {slowest}"
    )


if __name__ == "__main__":
    sys.exit(main())
