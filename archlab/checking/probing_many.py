"""Probe many configs, several at once: threads that each wait for a child process."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from archlab.checking.building import check_builds
from archlab.checking.isolating import SECONDS
from archlab.checking.probing import check_probe
from archlab.memory import Memory
from archlab.processes import cores
from archlab.records import Finding

OnProbe = Callable[[int, int], None]
"""Told (done, of how many) probes, in the thread that waits for them."""


def probe_all(
    configs: Mapping[str, Mapping[str, Any]],
    *,
    code: Sequence[str | Path] = (),
    seconds: float = SECONDS,
    jobs: int | None = None,
    on_probe: OnProbe | None = None,
) -> dict[str, list[Finding]]:
    """The findings of levels build and probe for each config, by the key it came with.

    configs: interpolated, and free of errors at level types; what cannot be built is not probed.
    seconds: of wall time for each. jobs: probes at once; default one per core.
    When interrupted it ends what it has started, and raises.
    """
    memory = Memory()
    found = {key: check_builds(config, seconds, memory) for key, config in configs.items()}
    waiting = [key for key, findings in found.items() if not findings]
    stop = threading.Event()
    with ThreadPoolExecutor(jobs or cores()) as pool:
        futures: dict[Future[list[Finding]], str] = {
            pool.submit(check_probe, configs[key], code, seconds, stop): key for key in waiting
        }
        try:
            for done, future in enumerate(as_completed(futures), 1):
                found[futures[future]] = future.result()
                if on_probe is not None:
                    on_probe(done, len(waiting))
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return found
