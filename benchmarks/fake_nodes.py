"""A fake Ray cluster, for driver and engine at a size that no cluster here has: nothing is trained, or sent.

Its nodes are names. A run's task tells what a real one tells, at the moments when it would. What the faking
itself takes is counted, to be taken off.
"""

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Self
from unittest.mock import patch

from fake_trainer import OUTCOME

from archlab.engines.pieces import Piece
from archlab.engines.ray_cluster import Cluster, Share
from archlab.records import Json

CPUS = 4
"""Of each node."""


@dataclass(eq=False)
class FakeTask:
    """The stream of what a run tells. due: (moment of time.monotonic(), message), in order."""

    due: deque[tuple[float, Json]]

    def is_ready(self, now: float) -> bool:
        return not self.due or self.due[0][0] <= now

    def __next__(self) -> Json:
        if not self.due:
            raise StopIteration
        return self.due.popleft()[1]


@dataclass
class FakeCluster(Cluster):
    """Nodes of CPUS each, on which runs take about so many seconds and tell so many lines of progress."""

    address: str = "fake"
    count: int = 200
    seconds: float = 10.0
    lines: Sequence[bytes] = ()
    left_behind: Sequence[Piece] = ()
    faking_cpu_seconds: float = 0.0
    random: Random = field(default_factory=lambda: Random(0))

    def __post_init__(self) -> None:
        self._nodes = {f"{n}": {"NodeID": f"{n}", "Resources": {"CPU": CPUS}} for n in range(self.count)}

    def _alive(self) -> dict[str, Json]:
        return self._nodes

    def submit(self, order: Json, share: Share, name: str) -> Any:
        began = time.process_time()
        task = FakeTask(deque(self._story(time.monotonic())))
        self.faking_cpu_seconds += time.process_time() - began
        return task

    def _story(self, began: float) -> Iterator[tuple[float, Json]]:
        seconds = self.seconds * self.random.uniform(0.5, 1.5)
        node = f"{self.random.randrange(self.count)}"
        yield began, {"kind": "taken", "node": node, "host": node}
        yield began, {"kind": "started"}
        for number, line in enumerate(self.lines, start=1):
            moment = began + seconds * number / len(self.lines)
            yield moment, {"kind": "files", "pieces": [("progress.jsonl", line)]}
        if self.left_behind:
            yield began + seconds, {"kind": "files", "pieces": list(self.left_behind)}
        yield began + seconds, {"kind": "ended", "outcome": OUTCOME.to_dict()}

    @contextmanager
    def in_place_of_ray(self) -> Generator[Self]:
        """What the engine asks of Ray is answered by this."""
        import ray

        answers = {"wait": self._wait, "get": lambda message, **_: message, "cancel": lambda *_, **__: None}
        with ExitStack() as patches:
            for name, answer in answers.items():
                patches.enter_context(patch.object(ray, name, answer))
            yield self

    def _wait(
        self, tasks: list[FakeTask], num_returns: int = 1, timeout: float = 0
    ) -> tuple[list[FakeTask], list[FakeTask]]:
        """As Ray does: until so many are ready, or the time is over."""
        began, deadline = time.process_time(), time.monotonic() + timeout
        while True:
            now = time.monotonic()
            ready = [task for task in tasks if task.is_ready(now)]
            if len(ready) >= num_returns or now >= deadline:
                break
            time.sleep(deadline - now)
        self.faking_cpu_seconds += time.process_time() - began
        return ready[:num_returns], []
