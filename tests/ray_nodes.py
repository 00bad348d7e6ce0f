"""A Ray cluster of two nodes on this machine, with its token left on, for tests that need one."""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import psutil
import pytest

from archlab.processes import still_runs
from archlab.results.files import read_json

if TYPE_CHECKING:
    from confection import Config

OBJECT_STORE_BYTES = 100 * 2**20

TOKEN = secrets.token_hex(32)
"""Ray reads it once in a process: when it is imported."""

HIDES = """
import os, sys

def hide(event, arguments):
    if event == "open" and str(arguments[0]).startswith(os.environ["THINC_HIDDEN"]):
        raise FileNotFoundError(arguments[0])

sys.addaudithook(hide)
"""
"""A node that does not see a folder; the variable has a name that runs are given."""

NEEDS_RAY = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is not installed: pip install 'archlab[ray]'"
)


class Nodes:
    """The nodes. folder: where their workers have the folders of runs, and the data they were sent."""

    def __init__(self, cluster: Any, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.address: str = cluster.address
        self.second: Any = None

    def add(self, cpus: int = 2, gpus: int = 0, **variables: str) -> Any:
        """One more node. gpus: that it says it has. variables: of its environment."""
        with patch.dict(os.environ, variables):
            return self.cluster.add_node(num_cpus=cpus, num_gpus=gpus, object_store_memory=OBJECT_STORE_BYTES)

    def add_blind(self, hidden: Path, cpus: int) -> Any:
        """One more node, which does not see a folder."""
        hides = self.folder / f"{hidden.parent.name}.hides"
        hides.mkdir()
        (hides / "sitecustomize.py").write_text(HIDES, encoding="utf8")
        return self.add(cpus, PYTHONPATH=path_with(hides), THINC_HIDDEN=str(hidden))

    def remove(self, node: Any) -> None:
        """Kill a node's raylet, as a machine that is switched off does."""
        self.cluster.remove_node(node, allow_graceful=False)

    def at_work(self) -> list[psutil.Process]:
        """The processes of runs: their supervisors, and what these have started."""
        found = []
        for file in self.folder.glob("archlab-*/runs/*/runs/*/process.json"):
            recorded = read_json(file)
            if still_runs(recorded):
                supervisor = psutil.Process(recorded["pid"])
                found += [supervisor, *supervisor.children(recursive=True)]
        return found


@contextmanager
def two_nodes(folder: Path) -> Iterator[Nodes]:
    """A head and another node, two CPUs each; this process, and what it starts, has their token."""
    environment = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": TOKEN,
        "RAY_TMPDIR": "/tmp",  # the paths of its sockets must be short
        "TMPDIR": str(folder),
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    }
    with patch.dict(os.environ, environment):
        import ray  # which reads them
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 2, "object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        nodes = Nodes(cluster, folder)
        try:
            nodes.second = nodes.add()
            yield nodes
        finally:
            ray.shutdown()
            cluster.shutdown()


def wait_for(condition: Callable[[], object], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def path_with(folder: Path) -> str:
    """A PYTHONPATH in which a folder comes first."""
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))


def use_stored_corpora(config: "Config", folder: Path) -> None:
    """Have a config read small corpora of this folder: a folder to train on, and a file of dev documents."""
    import spacy
    from spacy.tokens import DocBin

    from archlab.blocks.diagnostics import create_diagnostic_reader

    paths = {"train": folder / "train", "dev": folder / "dev.spacy"}
    paths["train"].mkdir(parents=True)
    nlp = spacy.blank("en")
    for split, file in {"train": paths["train"] / "all.spacy", "dev": paths["dev"]}.items():
        examples = create_diagnostic_reader("keywords", split, 40)(nlp)
        DocBin(docs=[example.reference for example in examples]).to_disk(file)
        config["paths"][split] = str(paths[split])
        config["corpora"][split] = {"@readers": "spacy.Corpus.v1", "path": f"${{paths.{split}}}"}
