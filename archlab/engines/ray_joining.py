"""Joining a Ray cluster that is there already. None is ever started from here."""

import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from archlab.engines.ray_cluster import SURVEY_SECONDS, Cluster, ClusterError
from archlab.errors import ExtraError, InvalidError, explain

AUTO = "auto"
"""The address of the cluster that this machine is in."""

CONNECT_SECONDS = 5.0

ENVIRONMENT_SECONDS = 600.0
"""How long a node may take to make a runtime environment, and then to say what it has."""

RUNTIME_ENVIRONMENTS = "https://docs.ray.io/en/latest/ray-core/handling-dependencies.html"

_joined: list[Cluster] = []
"""The cluster of this process: Ray allows one."""


def connect(address: str, runtime_env: Mapping[str, Any] | None = None) -> Cluster:
    """Connect to a cluster.

    address: host:port of its head, or AUTO. runtime_env: what Ray takes to its nodes, as Ray has it.
    Raises ExtraError where Ray is not installed, ClusterError where the cluster cannot be reached, and
    InvalidError for a runtime environment that Ray does not take.
    """
    _offer_token()
    try:
        import ray
    except ImportError:
        raise ExtraError(
            "The engine ray needs Ray, which is not installed.", "pip install 'archlab[ray]'"
        ) from None
    if not ray.is_initialized():
        _joined.clear()
        _require_reachable(address)
        with _said_apart() as said:
            try:
                ray.init(
                    address,
                    runtime_env=dict(runtime_env or {}),
                    log_to_driver=False,
                    logging_level="ERROR",
                )
            except (TypeError, ValueError) as error:
                raise InvalidError(
                    f"Ray does not take the runtime environment: {explain(error)}",
                    f"What it may hold: {RUNTIME_ENVIRONMENTS}",
                ) from None
            except Exception as error:  # Ray's are of many kinds
                raise _unreachable(address, error, said()) from None
    if not _joined:
        _joined.append(Cluster(address, ENVIRONMENT_SECONDS if runtime_env else SURVEY_SECONDS))
    return _joined[0]


def _offer_token() -> None:
    """Let Ray show the cluster's token, where there is one, to an address that is named, too."""
    there = "RAY_AUTH_TOKEN" in os.environ or "RAY_AUTH_TOKEN_PATH" in os.environ
    if there or (Path.home() / ".ray" / "auth_token").exists():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def _require_reachable(address: str) -> None:
    """Raise ClusterError where nothing listens at an address: Ray itself would wait for minutes."""
    host, colon, port = address.rpartition(":")
    if address == AUTO:
        return
    if not colon or not port.isdecimal() or "/" in host:
        raise ClusterError(
            f"{address} is no address of a Ray cluster.",
            "It is host:port, as `ray start --head` prints it, or auto on a machine that has joined.",
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(
            f"No Ray cluster answers at {address}: {error}.",
            "On its head, `ray status` says whether it runs.",
        ) from None


def _unreachable(address: str, error: Exception, said: str) -> ClusterError:
    """What keeps this process out. said: what Ray wrote to stderr meanwhile."""
    if "InvalidAuthToken" in said or type(error).__name__ == "AuthenticationError":
        return ClusterError(
            f"The Ray cluster at {address} does not accept this machine's token, or misses one.",
            "Copy the head's ~/.ray/auth_token here, or set RAY_AUTH_TOKEN to what it holds.",
        )
    if "Version mismatch" in str(error):
        return ClusterError(
            f"The Ray cluster at {address} has another Ray or Python: {explain(error)}",
            "Use the same ones on all machines.",
        )
    if address == AUTO:
        return ClusterError(
            "This machine is in no Ray cluster.",
            "Join one first, ray start --address HEAD:6379, or name one: --address HEAD:6379.",
        )
    return ClusterError(
        f"The Ray cluster at {address} cannot be joined: {explain(error)}",
        f"Where this machine is not part of it yet: ray start --address {address} --num-cpus 0",
    )


@contextmanager
def _said_apart() -> Iterator[Callable[[], str]]:
    """Keep what Ray's own library writes to this process's stderr, which no logging level silences."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        before = os.dup(2)
        os.dup2(kept.fileno(), 2)

        def said() -> str:
            kept.seek(0)
            return kept.read().decode("utf8", "replace")

        try:
            yield said
        finally:
            os.dup2(before, 2)
            os.close(before)
