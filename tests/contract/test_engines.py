"""Every engine keeps the contract of archlab.engines.base.Engine."""

from collections.abc import Iterator

import catalogue  # type: ignore[import-untyped]
import pytest

from archlab.engines.base import Engine, Watcher, nobody
from archlab.engines.inline import InlineEngine
from archlab.engines.local import LocalEngine

pytest.register_assert_rewrite("engine_contract")
from engine_contract import Bench, EngineContract  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def _forget_blocks() -> Iterator[None]:
    """The inline engine registers the contract's blocks in this process, where other tests count blocks."""
    yield
    for name in [name for name in catalogue.REGISTRY if name[-1].startswith("contract.")]:
        del catalogue.REGISTRY[name]


class TestInlineEngine(EngineContract):
    at_once = 1
    isolates = False

    @classmethod
    def make(cls, bench: Bench, on_event: Watcher = nobody, at_once: int | None = None) -> Engine:
        return InlineEngine(bench.store.paths, on_event)


class TestLocalEngine(EngineContract):
    at_once = 2
    isolates = True
    driver = "from archlab.engines.local import LocalEngine; engine = LocalEngine(paths, jobs=1)"

    @classmethod
    def make(cls, bench: Bench, on_event: Watcher = nobody, at_once: int | None = None) -> Engine:
        return LocalEngine(bench.store.paths, at_once or cls.at_once, on_event)
