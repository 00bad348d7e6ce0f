"""How long runs may take of variants that nobody has trained: by their configs, and by what others took."""

import os
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from heapq import nlargest
from itertools import chain, islice
from math import inf, log
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from archlab.engines.workloads import Leaves, features, leaves, read_leaves
from archlab.records import Json, Result
from archlab.results.paths import RunPaths
from archlab.results.store import Store, read_result

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Numbers = NDArray[float64]

LEARNED, READ = 200, 1000
"""Of how many variants it is learned, the latest; and how many earlier runs are looked at for them."""

SLOPE = 0.3
"""How log(seconds) grows with log2(work), as far as results do not say otherwise."""

RIDGE = 0.3
"""How much seconds scatter beside what a feature adds to them: the squared ratio, of logarithms."""

LEAST = 1e-6
"""Features that scatter less are the same: it is rounding."""

Earlier = tuple[str, float, Leaves]
"""A variant that was trained before: its id, the seconds of a run, its config."""


class Estimator:
    """Estimates seconds by the work that configs ask for, and learns from seconds what each choice adds.

    A ridge regression of log(seconds) on all that configs say; where the learned do not differ adds nothing.
    configs: variant id -> its config. earlier: the latest first, as `earlier_runs` gives them; none is read
    before something is to be estimated.
    """

    def __init__(self, configs: Mapping[str, Json] | None = None, earlier: Iterable[Earlier] = ()) -> None:
        self._configs, self._earlier = configs or {}, earlier
        self._logs: dict[str, list[float]] = {}
        self._estimates: dict[str, float] | None = None

    def learn(self, variant: str, seconds: float) -> None:
        """Learn how long a run of a variant took."""
        self._logs[variant] = [*self._logs.pop(variant, []), log(seconds)]
        self._estimates = None

    def estimate(self, variant: str) -> float:
        """The logarithm of a run's seconds; before anything is learned, of what grows with them.

        0 for a variant without a config.
        """
        if variant not in self._configs:
            return 0.0
        if self._estimates is None:
            self._estimates = self._estimated()
        return self._estimates[variant]

    @cached_property
    def _table(self) -> "tuple[dict[str, int], Numbers, Numbers]":
        """Variant -> its row; what its work alone says; and the features that differ, each scaled alike."""
        import numpy as np

        earlier = list(islice(self._earlier, max(0, LEARNED - len(self._logs))))
        self._logs = {variant: [log(seconds)] for variant, seconds, _ in reversed(earlier)} | self._logs
        found = {variant: features(config) for variant, _, config in earlier}
        found |= {variant: features(leaves(config)) for variant, config in self._configs.items()}
        columns = {name: n for n, name in enumerate(dict.fromkeys(chain.from_iterable(found.values())))}
        table = np.zeros((len(found), len(columns)))
        for n, row in enumerate(found.values()):
            table[n, [columns[name] for name in row]] = list(row.values())
        scale = table.std(axis=0)
        differ = scale > LEAST
        rows = {variant: n for n, variant in enumerate(found)}
        return rows, SLOPE * table[:, columns["work"]], table[:, differ] / scale[differ]

    def _estimated(self) -> dict[str, float]:
        import numpy as np

        rows, prior, table = self._table
        estimates = prior
        if learned := [variant for variant in self._logs if variant in rows][-LEARNED:]:
            ours = [rows[variant] for variant in learned]
            rest = np.array([fmean(self._logs[variant]) for variant in learned]) - prior[ours]
            centred = table - table[ours].mean(axis=0)
            x = centred[ours]
            slopes = x.T @ np.linalg.solve(x @ x.T + RIDGE * np.eye(len(x)), rest)
            estimates = prior + rest.mean() + centred @ slopes
        rounded = (round(estimate, 6) for estimate in estimates.tolist())  # equal rows, equal estimates
        return dict(zip(rows, rounded, strict=True))


def seconds_of(result: Result) -> float | None:
    """How long a run took. Of one that is not done nobody knows how long it would have taken."""
    seconds = result.cost.seconds.total
    return seconds if result.status == "done" and seconds is not None and 0 < seconds < inf else None


def earlier_runs(store: Store, known: Container[str], device: str) -> Iterator[Earlier]:
    """The variants of a store that were trained on a device, by the latest run of each, the latest first.

    known: run ids that are left out. So is, without a word, what cannot be read: it is about an order.
    """
    seen = set()
    for paths in _latest(store.paths.runs, known):
        with suppress(OSError):
            result = read_result(paths.result, per_label=False)
            if result is None or result.environment.device != device or result.variant_id in seen:
                continue
            config = read_leaves(paths.config.read_text(encoding="utf8", errors="replace"))
            if config and (seconds := seconds_of(result)) is not None:
                seen.add(result.variant_id)
                yield result.variant_id, seconds, config


def _latest(runs: Path, known: Container[str]) -> list[RunPaths]:
    with suppress(OSError), os.scandir(runs) as folders:
        wanted = (folder for folder in folders if folder.name not in known)
        latest = nlargest(READ, wanted, key=lambda folder: folder.stat().st_mtime)
        return [RunPaths(Path(folder.path)) for folder in latest]
    return []
