"""In which order runs begin: so that all variants are known soon, and no core waits for a last long run."""

from collections import deque
from collections.abc import Iterable, Iterator

from archlab.records import Result, RunSpec


class Schedule:
    """Learns from results how long the runs of a variant take, which is much the same for all its seeds."""

    def __init__(self, results: Iterable[Result] = ()) -> None:
        self._seconds: dict[str, float] = {}
        for result in results:
            self.learn(result)

    def learn(self, result: Result) -> None:
        """Of a run that is not done nobody knows how long it would have taken."""
        seconds = result.cost.seconds.total
        if result.status == "done" and seconds is not None:
            self._seconds[result.variant_id] = seconds

    def order(self, runs: Iterable[RunSpec]) -> Iterator[RunSpec]:
        """First one run of each variant that nothing is known of, as they come; then the longest first.

        Runs are drawn one by one, as there is room for them; what is learned meanwhile counts.
        """
        waiting: dict[str, deque[RunSpec]] = {}
        for spec in runs:
            waiting.setdefault(spec.variant_id, deque()).append(spec)
        begun = dict.fromkeys(waiting, 0)

        def urgency(variant: str) -> tuple[bool, int, float]:
            if (seconds := self._seconds.get(variant)) is None:
                return True, -begun[variant], 0.0
            return False, 0, seconds

        while waiting:
            variant = max(waiting, key=urgency)
            begun[variant] += 1
            yield waiting[variant].popleft()
            if not waiting[variant]:
                del waiting[variant]
