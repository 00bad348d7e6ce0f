"""What does Ray cost beside processes of this machine? The same trivial runs, two at once, with both engines.

    python benchmarks/ray_overhead.py

The cluster is one node with two CPUs, started here and ended. Runs are those of the fake trainer. Exits with
1 where a run takes more than MAX_MILLISECONDS longer on Ray.
"""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from driver_overhead import SEEDS_WITH_PROCESSES, VARIANTS, local_engine, run_grid

from archlab.engines.ray_cluster import Share
from archlab.engines.ray_engine import RayEngine
from archlab.engines.ray_joining import connect
from archlab.results.paths import SweepPaths

MAX_MILLISECONDS = 150
RUNS = VARIANTS * SEEDS_WITH_PROCESSES


def main() -> int:
    with one_node() as address:
        run_grid(1, lambda paths: ray_engine(paths, address))  # its workers are started once
        there, there_cpu, _ = run_grid(SEEDS_WITH_PROCESSES, lambda paths: ray_engine(paths, address))
        here, here_cpu, _ = run_grid(SEEDS_WITH_PROCESSES, local_engine)
    more = 1000 * (there - here) / RUNS
    print(f"{RUNS} runs, two at once: {1000 * here / RUNS:.0f} ms each here, {more:+.0f} ms on Ray")
    print(f"  CPU of the driver: {1000 * here_cpu / RUNS:.1f} ms each, and {1000 * there_cpu / RUNS:.1f} ms")
    return int(more > MAX_MILLISECONDS)


@contextmanager
def one_node() -> Iterator[str]:
    """A cluster of one node with two CPUs, and its token left on; gives its address."""
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    import ray  # which reads them
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    try:
        yield cluster.address
    finally:
        ray.shutdown()
        cluster.shutdown()


def ray_engine(paths: SweepPaths, address: str, lines: int = 0) -> RayEngine:
    """Two runs of the fake trainer at once. lines: of progress, that each of them tells."""
    program = (sys.executable, str(Path(__file__).with_name("fake_trainer.py")), f"{lines}")
    return RayEngine(paths, connect(address), Share(), jobs=2, trainer=program)


if __name__ == "__main__":
    sys.exit(main())
