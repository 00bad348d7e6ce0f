"""A Ray cluster: which nodes it has, which of them can train runs, and how they are asked to."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from archlab.engines import ray_worker
from archlab.errors import InvalidError
from archlab.plain import printable
from archlab.records import Json
from archlab.training.device import CPU

if TYPE_CHECKING:
    from ray import ObjectRefGenerator

LOOK_SECONDS = 2.0
"""How old what is known of the nodes may be: they come and go."""

SURVEY_SECONDS = 60.0
"""How long a node may take to say what it has. One that does not is asked again with its first run."""


class ClusterError(InvalidError):
    """A cluster that cannot be reached, or has no node for the runs."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a run gets of a node. memory_bytes: 0 where it is not limited."""

    cpus: float = 1
    gpus: float = 0
    memory_bytes: int = 0

    @classmethod
    def of(cls, resources: Mapping[str, float]) -> Self:
        """All that a node has, as Ray tells of it."""
        cpus, gpus = resources.get("CPU", 0), resources.get("GPU", 0)
        return cls(cpus=cpus, gpus=gpus, memory_bytes=int(resources.get("memory", 0)))

    def times(self, resources: Mapping[str, float]) -> int:
        """How often a node has it."""
        wanted = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory_bytes}
        return min(int(resources.get(name, 0) / much + 1e-6) for name, much in wanted.items() if much)

    def __str__(self) -> str:
        parts = [f"{self.cpus:g} CPU{'s' if self.cpus != 1 else ''}"]
        parts += [f"{self.gpus:g} GPU{'s' if self.gpus != 1 else ''}"] if self.gpus else []
        parts += [f"{self.memory_bytes / 1e9:.3g} GB of memory"] if self.memory_bytes else []
        return ", ".join(parts)


@dataclass
class Cluster:
    """The cluster that this process has joined.

    survey_seconds: how long a node may take to say what it has. refused: node id -> why it gets no runs.
    devices: node id -> the model of its GPU, None for none; of the nodes that have been asked.
    """

    address: str
    survey_seconds: float = SURVEY_SECONDS
    refused: dict[str, str] = field(default_factory=dict)
    devices: dict[str, str | None] = field(default_factory=dict)
    _nodes: dict[str, Json] = field(default_factory=dict)
    _looked: float = 0.0

    def nodes(self) -> list[Json]:
        """The nodes that are there and not refused, as Ray tells of them."""
        return [node for name, node in self._alive().items() if name not in self.refused]

    def has(self, node_id: str) -> bool:
        """Whether a node is there."""
        return node_id in self._alive()

    def _alive(self) -> dict[str, Json]:
        import ray

        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._nodes = {node["NodeID"]: node for node in ray.nodes() if node["Alive"]}
            self._looked = time.monotonic()
        return self._nodes

    def slots(self, share: Share) -> int:
        """How many runs the nodes take at once."""
        return sum(share.times(node["Resources"]) for node in self.nodes())

    def require(self, share: Share) -> None:
        """Raise ClusterError where no node can ever take a run."""
        if self.slots(share):
            return
        if self.refused:
            raise ClusterError(
                "\n".join(["No node of the Ray cluster can train these runs.", *self.refused.values()]),
                "Install the same there as here; docs/cluster.md says what.",
            )
        have = "; ".join(f"{n['NodeManagerHostname']} ({Share.of(n['Resources'])})" for n in self.nodes())
        raise ClusterError(
            f"No node of the Ray cluster has {share} for a run. There are: {have}.",
            "Ask for less (--cpus-per-run, --gpus-per-run, the sweep's memory_gb), or start such a node.",
        )

    def survey(self, share: Share) -> None:
        """Ask every node that is new, and could take runs, what it has. Those that differ are refused."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        order = {"versions": ray_worker.own_versions(), "gpu": share.gpus > 0}
        asked = {}
        for node in self.nodes():
            if share.times(node["Resources"]) and node["NodeID"] not in self.devices:
                there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                asked[_remote(ray_worker.look, num_cpus=0, scheduling_strategy=there).remote(order)] = node
        if not asked:
            return
        told, _ = ray.wait(list(asked), num_returns=len(asked), timeout=self.survey_seconds)
        for task in told:
            try:
                message = ray.get(task)
            except ray.exceptions.RuntimeEnvSetupError as error:
                self._name(asked[task], f"its runtime environment cannot be made: {_end_of(error)}")
            except ray.exceptions.WorkerCrashedError:
                self._name(asked[task], "its worker died at once, as it does with another Python.")
            except ray.exceptions.RayError:  # gone meanwhile
                continue
            else:
                if message["kind"] == "refused":
                    self.refuse(message)
                else:
                    self.devices[message["node"]] = message["device"]

    def _name(self, node: Json, why: str) -> None:
        self.refused[node["NodeID"]] = f"{node['NodeManagerHostname']} gets no runs: {why}"

    def device(self, share: Share) -> tuple[str, int]:
        """(class of device, GPU id) of runs: the model that most nodes have, and 0, as Ray shows it to a run.

        Nodes that have another are refused with their first run. Raises ClusterError where none has one.
        """
        if not share.gpus:
            return CPU, -1
        models = Counter(model for model in self.devices.values() if model is not None)
        if not models:
            raise ClusterError(
                "No node of the Ray cluster has a GPU that spaCy can use.",
                "Each needs CuPy and a torch for its CUDA: pip install 'archlab[cuda12x]'.",
            )
        ((model, _),) = models.most_common(1)
        return model, 0

    def submit(self, order: Json, share: Share, name: str) -> "ObjectRefGenerator":
        """Have a run trained by any node that is not refused; returns the stream of what it tells."""
        refused = ",".join(self.refused)
        stream: ObjectRefGenerator = _remote(
            ray_worker.work,
            name=name,
            num_returns="streaming",
            num_cpus=share.cpus,
            num_gpus=share.gpus,
            memory=share.memory_bytes or None,
            label_selector={"ray.io/node-id": f"!in({refused})"} if refused else None,
            scheduling_strategy="SPREAD",
        ).remote(order)
        return stream

    def refuse(self, message: Json) -> None:
        """Give no more runs to a node. message: what `ray_worker` has said of it."""
        differing = ", ".join(
            f"{name} {there or 'not installed'} (here {here})"
            for name, (there, here) in message["differing"].items()
        )
        self.refused[message["node"]] = f"{message['host']} gets no runs: it has {differing}."


def _end_of(error: Exception) -> str:
    """What is wrong, below the stack that Ray tells."""
    return printable(str(error).strip().splitlines()[-1].strip())


def _remote(function: Callable[[Json], Any], **options: Any) -> Any:
    """A function as a task that is never tried again."""
    return _as_task(function).options(max_retries=0, **options)


@cache
def _as_task(function: Callable[[Json], Any]) -> Any:
    """A function as Ray knows it: sent to the cluster once, with its module, which is not imported there."""
    import ray
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(ray_worker)
    return ray.remote(function)
