"""Runs that share GPUs. None is needed: Ray counts those that a node says it has, and gives their numbers."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Cli

pytest.register_assert_rewrite("engine_contract")
from engine_contract import BASE, Bench  # noqa: E402
from ray_nodes import NEEDS_RAY, two_nodes, wait_for  # noqa: E402

from archlab.engines.ray_cluster import Share  # noqa: E402
from archlab.engines.ray_engine import RayEngine  # noqa: E402
from archlab.engines.ray_joining import connect  # noqa: E402

pytestmark = [pytest.mark.exhaustive, NEEDS_RAY]  # a minute

GPUS, SHARE = 2, Share(cpus=0.5, gpus=0.25)
AT_ONCE = 8

TRAINER = """
import os, sys, time
from pathlib import Path

sys.path[:0] = {path!r}
from archlab.records import Outcome
from archlab.results.files import write_json
from archlab.results.paths import RunPaths

here = Path({folder!r})
(here / f"{{os.getpid()}}.gpu").write_text(os.environ.get("CUDA_VISIBLE_DEVICES", "unset"))
deadline = time.monotonic() + 60
while len(list(here.glob("*.gpu"))) < {at_once} and time.monotonic() < deadline:
    time.sleep(0.05)
status = "done" if time.monotonic() < deadline else "failed"
write_json(RunPaths(Path(sys.argv[1]).parent).outcome, Outcome(status=status).to_dict())
"""
"""It waits until all are at work."""


def statuses(bench: Bench, address: str, gpu_id: int, share: Share, at_once: int) -> list[str]:
    """Of as many runs of the trainer, where all have to be at work at once."""
    trainer = bench.folder / "trainer.py"
    text = TRAINER.format(path=sys.path, folder=str(bench.folder), at_once=at_once)
    trainer.write_text(text, encoding="utf8")
    spec = bench.spec("bow")
    specs = [replace(spec, run_id=f"{number:012x}", gpu_id=gpu_id) for number in range(at_once)]
    engine = RayEngine(bench.store.paths, connect(address), share, trainer=(sys.executable, str(trainer)))
    return [result.status for result in engine.run(bench.prepared(specs))]


def gpus_seen(folder: Path) -> Counter[str]:
    return Counter(file.read_text() for file in folder.glob("*.gpu"))


def test_runs_share_gpus(tmp_path: Path, cli: Cli) -> None:
    with two_nodes(tmp_path) as nodes:
        sweep = BASE.parent / "sweep.yml"
        ask = ("grid", sweep, "--engine", "ray", "--address", nodes.address, "--dry-run", "-g", "0")

        refused = cli(*ask)
        assert refused.code == 3
        assert "No node of the Ray cluster has 1 CPU, 1 GPU for a run. There are: " in refused.err
        assert "Ask for less (--cpus-per-run, --gpus-per-run" in refused.err

        nodes.add(cpus=4, gpus=GPUS)
        assert wait_for(lambda: connect(nodes.address).slots(SHARE) == AT_ONCE)
        shared = Bench(tmp_path / "shared")
        shared.folder.mkdir()
        assert statuses(shared, nodes.address, 0, SHARE, AT_ONCE) == ["done"] * AT_ONCE
        assert gpus_seen(shared.folder) == {"0": 4, "1": 4}

        alone = Bench(tmp_path / "alone")
        alone.folder.mkdir()
        assert statuses(alone, nodes.address, -1, Share(), 2) == ["done"] * 2
        assert gpus_seen(alone.folder) == {"": 2}

        unusable = cli(*ask)
        assert unusable.code == 3
        assert "No node of the Ray cluster has a GPU that spaCy can use." in unusable.err
        assert "pip install 'archlab[cuda12x]'" in unusable.err
