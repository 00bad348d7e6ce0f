"""Grids that ask for a Ray cluster which there is not."""

import sys
from pathlib import Path

import pytest
from conftest import Cli
from ray_nodes import NEEDS_RAY

SWEEP = Path(__file__).resolve().parents[2] / "configs" / "sweep.yml"


def test_ray_is_not_installed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = cli("grid", SWEEP, "--engine", "ray", "--dry-run")
    assert done.code == 3
    assert "The engine ray needs Ray, which is not installed.\n" in done.err
    assert "pip install 'archlab[ray]'" in done.err


@NEEDS_RAY
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:9", "No Ray cluster answers at 127.0.0.1:9: "),
        ("127.0.0.1", "127.0.0.1 is no address of a Ray cluster."),
        ("ray://127.0.0.1:10001", "ray://127.0.0.1:10001 is no address of a Ray cluster."),
    ],
)
def test_nothing_is_there(cli: Cli, address: str, said: str) -> None:
    done = cli("grid", SWEEP, "--engine", "ray", "--address", address, "--dry-run")
    assert done.code == 3
    assert said in done.err


def test_an_address_is_for_ray(cli: Cli) -> None:
    done = cli("grid", SWEEP, "--address", "127.0.0.1:9")
    assert done.code == 2
    assert "--address is for --engine ray." in done.err
