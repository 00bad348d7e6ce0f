"""The engine for clusters keeps the contract of all engines, on two nodes."""

from collections.abc import Iterator

import psutil
import pytest

from archlab.engines.base import Engine, Watcher, nobody
from archlab.engines.ray_cluster import Share

pytest.register_assert_rewrite("engine_contract")
from engine_contract import Bench, EngineContract  # noqa: E402
from ray_nodes import NEEDS_RAY, Nodes, two_nodes  # noqa: E402

pytestmark = [pytest.mark.exhaustive, NEEDS_RAY]  # two minutes

DRIVER = """
from archlab.engines.ray_cluster import Share
from archlab.engines.ray_engine import RayEngine
from archlab.engines.ray_joining import connect
engine = RayEngine(paths, connect("{address}"), Share())
"""


@pytest.fixture(scope="module", autouse=True)
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with two_nodes(tmp_path_factory.mktemp("nodes")) as nodes:
        TestRayEngine.nodes = nodes
        TestRayEngine.driver = DRIVER.format(address=nodes.address)
        yield nodes


class TestRayEngine(EngineContract):
    at_once = 2
    isolates = True
    starts_children = False
    nodes: Nodes

    @classmethod
    def make(cls, bench: Bench, on_event: Watcher = nobody, at_once: int | None = None) -> Engine:
        from archlab.engines.ray_engine import RayEngine
        from archlab.engines.ray_joining import connect

        return RayEngine(
            bench.store.paths, connect(cls.nodes.address), Share(), at_once or cls.at_once, on_event
        )

    @classmethod
    def at_work(cls) -> list[psutil.Process]:
        return cls.nodes.at_work()
