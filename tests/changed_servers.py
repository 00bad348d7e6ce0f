"""Runs that are forked from a server of a test's own: archlab's, with something changed in it."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from archlab.engines import warm
from archlab.training.speedups import warm_server

NAME = "changed_server"


def fork_runs_from(program: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, a server is this program. folder: where it is written, as a module."""
    write_server(program, folder)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    named = SimpleNamespace(__name__=NAME, PRELOAD=warm_server.PRELOAD)
    monkeypatch.setattr(warm, "warm_server", named)


def write_server(program: str, folder: Path) -> None:
    (folder / f"{NAME}.py").write_text(program, encoding="utf8")
