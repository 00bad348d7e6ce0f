"""Wall seconds per phase of a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from archlab.records import Seconds

UPDATE = "update"


class Clock:
    """Adds up seconds by phase. A phase inside another takes its time away from the outer one."""

    def __init__(self, start: float | None = None) -> None:
        """start: what phase `start` has taken before this clock was made."""
        self.seconds: dict[str, float] = {} if start is None else {"start": start}
        self._began = perf_counter() - (start or 0.0)
        self._inner: list[float] = []

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        began = perf_counter()
        self._inner.append(0.0)
        try:
            yield
        finally:
            taken = perf_counter() - began
            own = taken - self._inner.pop()
            self.seconds[name] = self.seconds.get(name, 0.0) + own
            if self._inner:
                self._inner[-1] += taken

    @contextmanager
    def waiting(self) -> Iterator[dict[str, float]]:
        """Wait for what went on beside: it counts with the seconds it took, and not with those waited.

        Gives a dict for the former, by phase.
        """
        began = perf_counter()
        beside: dict[str, float] = {}
        yield beside
        waited = perf_counter() - began
        for name, taken in beside.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + taken
        self._began += waited - sum(beside.values())
        if self._inner:
            self._inner[-1] += waited

    def read(self) -> Seconds:
        """The seconds so far, with the total since the process began."""
        rounded = {name: round(value, 3) for name, value in self.seconds.items()}
        return Seconds(**rounded, total=round(perf_counter() - self._began, 3))
