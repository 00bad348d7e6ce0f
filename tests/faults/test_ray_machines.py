"""Two machines with addresses of their own, and the commands of docs/cluster.md on them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray_machines import CABLE, Machine, two_machines
from ray_nodes import NEEDS_RAY, use_stored_corpora, wait_for

import archlab
from archlab.results.store import Store

pytestmark = [pytest.mark.exhaustive, NEEDS_RAY]  # three minutes, most of it waiting

BASE = Path(__file__).resolve().parents[2] / "configs" / "base.cfg"
SEEDS = 6
SWEEP = f"base: base.cfg\nseeds: {SEEDS}\nswaps: {{textcat.model: [spacy.TextCatBOW.v3]}}\n"
SHORT = {"training.max_steps": 60, "training.eval_frequency": 20}
GRID = ("archlab", "grid", "sweep.yml", "--engine", "ray")
HEAD = "10.77.0.1:6379"
TOKEN = Path("home", ".ray", "auth_token")


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, Machine]]:
    """Joined to a cluster, as docs/cluster.md says. The first alone has the sweep and its corpora."""
    with two_machines(tmp_path_factory.mktemp("machines")) as (first, second):
        first.do("ray", "get-auth-token", "--generate")
        (second.folder / TOKEN).parent.mkdir()
        shutil.copy(first.folder / TOKEN, second.folder / TOKEN)
        start = ("ray", "start", "--num-cpus", "2", "--node-ip-address")
        first.do(*start, "10.77.0.1", "--head", "--port", "6379")
        second.do(*start, "10.77.0.2", "--address", HEAD)
        config = archlab.load_config(BASE, SHORT)
        use_stored_corpora(config, first.work / "corpora")
        config.to_disk(first.work / "base.cfg")
        (first.work / "sweep.yml").write_text(SWEEP, encoding="utf8")
        yield first, second


def test_a_grid_on_two_laptops(machines: tuple[Machine, Machine]) -> None:
    first, second = machines
    said = first.do(*GRID)
    assert "cpu x 4" in said
    assert first.has_trained()
    assert second.has_trained()
    first.do("archlab", "grid", "sweep.yml", "--experiments", "here")
    there, here = (Store("sweep", first.work / name) for name in ("experiments", "here"))
    scores = {result.run_id: result.scores for result in there.results()}
    assert len(scores) == SEEDS
    assert scores == {result.run_id: result.scores for result in here.results()}


def test_the_cable_is_pulled_out(machines: tuple[Machine, Machine]) -> None:
    """What the other machine had is done by the one that is left; the other ends what it cannot tell of."""
    first, second = machines
    grid = first.start(*GRID, "--experiments", "cut")
    assert wait_for(lambda: second.trains())
    second.do("ip", "link", "set", CABLE, "down")
    said, _ = grid.communicate(timeout=300)
    assert grid.returncode == 0, said
    results = Store("sweep", first.work / "cut").results()
    assert [result.status for result in results] == ["done"] * SEEDS
    assert max(result.attempt for result in results) == 2
    assert wait_for(lambda: not second.trains(), 90)
