"""Which variants no other beats in both: the score and the speed."""

from collections.abc import Sequence


def pareto_front(points: Sequence[tuple[float | None, float | None]]) -> list[bool]:
    """For each point, whether no other is at least as high in both numbers and higher in one.

    A point that lacks a number is not on the front, and keeps no other from it. Points that are equal are on
    it together.
    """
    known = [(first, second) for first, second in points if first is not None and second is not None]
    highest: dict[float, float] = {}
    best = float("-inf")
    for first, second in sorted(known, reverse=True):
        if second > best:
            best = second
            highest[first] = second
    return [
        first is not None and second is not None and highest.get(first) == second for first, second in points
    ]
