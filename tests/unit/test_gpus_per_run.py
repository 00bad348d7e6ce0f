"""What a run gets of a GPU, where a grid asks for one."""

from typing import Any

import pytest

import archlab
from archlab.engines import driving


@pytest.mark.parametrize(
    ("asked", "expected"),
    [({}, 0), ({"gpu": -1}, 0), ({"gpu": 0}, 1), ({"gpu": 1}, 1), ({"gpu": 0, "gpus_per_run": 0.25}, 0.25)],
)
def test_a_grid_on_a_gpu_asks_for_one(
    asked: dict[str, Any], expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []

    def note(**options: Any) -> None:
        seen.append(options["gpus_per_run"])
        raise NotImplementedError

    monkeypatch.setattr(driving, "EngineOptions", note)
    with pytest.raises(NotImplementedError):
        archlab.grid("sweep.yml", "ray", **asked)
    assert seen == [expected]
