"""In which order runs begin: so that all variants are known soon, and no core waits for a last long run."""

from collections import deque
from collections.abc import Iterable, Iterator

from archlab.engines.estimating import Estimator, seconds_of
from archlab.records import Result, RunSpec


class Schedule:
    """Learns from results how long the runs of a variant take, which is much the same for all its seeds.

    estimator: of variants that have no result; without one, these are all alike.
    """

    def __init__(self, results: Iterable[Result] = (), estimator: Estimator | None = None) -> None:
        self._estimator = estimator or Estimator()
        self._seconds: dict[str, float] = {}
        for result in results:
            self.learn(result)

    def learn(self, result: Result) -> None:
        """Learn from a result, if it tells how long its run took."""
        if (seconds := seconds_of(result)) is not None:
            self._seconds[result.variant_id] = seconds
            self._estimator.learn(result.variant_id, seconds)

    def order(self, runs: Iterable[RunSpec]) -> Iterator[RunSpec]:
        """First one run of each variant that nothing is measured of, then the others; in both, longest first.

        Those that take as long begin as they come. Runs are drawn one by one, as there is room for them;
        what is learned meanwhile counts.
        """
        waiting: dict[str, deque[RunSpec]] = {}
        for spec in runs:
            waiting.setdefault(spec.variant_id, deque()).append(spec)
        begun = dict.fromkeys(waiting, 0)

        def urgency(variant: str) -> tuple[bool, int, float]:
            if (seconds := self._seconds.get(variant)) is None:
                return True, -begun[variant], self._estimator.estimate(variant)
            return False, 0, seconds

        while waiting:
            variant = max(waiting, key=urgency) if len(waiting) > 1 else next(iter(waiting))
            begun[variant] += 1
            yield waiting[variant].popleft()
            if not waiting[variant]:
                del waiting[variant]
