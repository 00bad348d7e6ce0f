"""The task that a Ray worker is given, up to where it knows that it has the same archlab as the driver.

It is sent as it stands here, because a worker may have another archlab, or none: until the versions are
compared it imports the standard library alone.
"""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

SAME = ("python", "archlab", "spacy", "spacy-legacy", "thinc", "numpy", "torch")
"""What has to be the same where a run is planned and where it is trained."""


def own_versions() -> dict[str, str | None]:
    """The versions of SAME in this process's environment; None for what is not installed.

    Python's is that of its language, 3.12; archlab's has a digest of its source, which may be a checkout.
    """
    import sys
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str | None] = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in SAME[1:]:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    found["archlab"] = _archlab(found["archlab"])
    return found


def work(order: Json) -> Iterator[Json]:
    """Train a run, and tell how it goes; or tell why this worker cannot.

    order: as `ray_training.train` wants it; the driver's `versions`; `device`, as its runs' specs have it.
    """
    refusal = _refusal(order["versions"])
    if refusal is None and (gpu := _gpu(order["device"] != "cpu")) != order["device"]:
        refusal = {"kind": "refused", "differing": {"GPU": (gpu, order["device"])}}
    if refusal is not None:
        yield refusal | _node()
        return
    from archlab.engines.ray_training import train

    yield {"kind": "taken", **_node()}
    yield from train(order)


def look(order: Json) -> Json:
    """Tell whether this node has the driver's `versions`, and the device of runs; of its GPU where `gpu`."""
    return (_refusal(order["versions"]) or {"kind": "fits", "device": _gpu(order["gpu"])}) | _node()


def _refusal(versions: dict[str, str | None]) -> Json | None:
    here = own_versions()
    differing = {name: (here[name], there) for name, there in versions.items() if here[name] != there}
    return {"kind": "refused", "differing": differing} if differing else None


def _gpu(is_wanted: bool) -> str | None:
    """The class of device that runs have on this node; None for a GPU that cannot be used."""
    from archlab.errors import DeviceError
    from archlab.training.device import find_device

    try:
        return find_device(0 if is_wanted else None)[0]
    except DeviceError:
        return None


def _node() -> Json:
    import socket

    import ray

    return {"node": ray.get_runtime_context().get_node_id(), "host": socket.gethostname()}


def _archlab(version: str | None) -> str | None:
    from hashlib import sha256
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("archlab")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    digest = sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return f"{version or 'unknown'} ({digest.hexdigest()[:8]})"
