"""Which engine does the runs of a grid, and with what."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.engines.base import Engine, Watcher
from archlab.engines.local import LocalEngine, default_jobs, starting_ahead
from archlab.engines.ray_cluster import Share
from archlab.engines.warm import can_be_warm
from archlab.environments import require_set
from archlab.errors import UsageError, did_you_mean
from archlab.planning.sweeps import Sweep
from archlab.records import RunSpec
from archlab.results.paths import SweepPaths
from archlab.results.store import Store
from archlab.training.device import find_device

if TYPE_CHECKING:
    from archlab.engines.ray_cluster import Cluster

ENGINES = ("local", "inline", "ray")


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """What `grid` is told of engines.

    jobs: runs at once; None for what fits. pass_env: variables of this environment that runs get, too.
    speedups: False for runs that do nothing else than spaCy does. with_models: whether any model is kept.
    address, cpus_per_run, gpus_per_run, runtime_env: for ray.
    """

    engine: str = "local"
    jobs: int | None = None
    pass_env: Sequence[str] = ()
    speedups: bool = True
    with_models: bool = True
    address: str = "auto"
    cpus_per_run: float = 1
    gpus_per_run: float = 0
    runtime_env: Mapping[str, Any] | None = None

    def require(self) -> None:
        """Raise UsageError for an engine that is not there, and for a share that none can be."""
        if self.engine not in ENGINES:
            raise UsageError(f"There is no engine {self.engine!r}.", did_you_mean(self.engine, ENGINES))
        if not self.cpus_per_run > 0 or not self.gpus_per_run >= 0:
            raise UsageError("A run needs some of a CPU, and no less than no GPU.")

    def share(self, runs: Sequence[RunSpec] = ()) -> Share:
        """What each run gets of a node of Ray's; of its memory, what the runs may take at most."""
        memory_gb = max((spec.limits.memory_gb or 0 for spec in runs), default=0)
        return Share(cpus=self.cpus_per_run, gpus=self.gpus_per_run, memory_bytes=int(memory_gb * 1e9))

    def cluster(self) -> "Cluster":
        """The Ray cluster, joined, and asked which of its nodes can train runs."""
        from archlab.engines.ray_joining import connect

        cluster = connect(self.address, self.runtime_env)
        cluster.survey(self.share())
        cluster.require(self.share())
        return cluster

    def find_device(self, gpu: int | None) -> tuple[str, int]:
        """(class of device, GPU id) of runs. Raises DeviceError, or ClusterError, where it is not there."""
        return self.cluster().device(self.share()) if self.engine == "ray" else find_device(gpu)

    def starting_ahead(
        self,
        sweep: Sweep,
        gpu: int | None,
        code: Sequence[str | Path] = (),
        experiments: str | Path | None = None,
    ) -> AbstractContextManager[None]:
        """Around the plan of a sweep and its runs, where these are forked from a server: it begins at once.

        Where the sweep has been planned before, there is perhaps nothing left to train, and it does not.
        """
        is_warm = self.engine == "local" and self.speedups and can_be_warm(-1 if gpu is None else gpu)
        if not is_warm or SweepPaths.of(sweep.name, experiments).plan.exists():
            return nullcontext()
        return starting_ahead(self.jobs, self.pass_env, files=(sweep.path, sweep.base, *code))

    def at_once(self, runs: Sequence[RunSpec]) -> int:
        """How many of these runs are done at once."""
        if self.engine == "ray":
            slots = self.cluster().slots(self.share(runs))
            fitting = min(self.jobs or slots, slots)
        else:
            fitting = self.jobs or default_jobs(runs[0].gpu_id if runs else -1)
        return max(1, min(fitting, len(runs)))


def make_engine(options: EngineOptions, store: Store, todo: Sequence[RunSpec], on_event: Watcher) -> Engine:
    """The engine for some runs."""
    require_set(options.pass_env)
    speedups, pass_env = options.speedups, options.pass_env
    if options.engine == "inline":
        from archlab.engines.inline import InlineEngine

        return InlineEngine(store.paths, on_event, speedups=speedups)
    if options.engine == "ray":
        from archlab.engines.ray_engine import RayEngine

        return RayEngine(
            store.paths,
            options.cluster(),
            options.share(todo),
            options.jobs,
            on_event,
            pass_env=pass_env,
            speedups=speedups,
            with_models=options.with_models,
        )
    readers = Counter(spec.fingerprints.data for spec in todo)
    return LocalEngine(
        store.paths,
        options.at_once(todo),
        on_event,
        pass_env=pass_env,
        speedups=speedups,
        shared_data={data for data, count in readers.items() if count > 1},
    )
