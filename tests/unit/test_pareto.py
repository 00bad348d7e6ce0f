"""The Pareto front of score and speed."""

from hypothesis import given
from hypothesis import strategies as st

from archlab.results.pareto import pareto_front

NUMBERS = st.none() | st.integers(0, 5).map(float)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=12)


def test_a_point_is_behind_where_another_is_better_in_one_and_no_worse_in_the_other() -> None:
    assert pareto_front([(0.9, 10), (0.9, 20), (0.8, 30), (0.7, 30)]) == [False, True, True, False]


def test_equal_points_are_on_it_together_and_unknown_ones_are_not() -> None:
    assert pareto_front([(0.9, 10), (0.9, 10), (0.95, None), (None, 50)]) == [True, True, False, False]


@given(POINTS)
def test_it_is_what_its_definition_says(points: list[tuple[float | None, float | None]]) -> None:
    known = [(a, b) for a, b in points if a is not None and b is not None]
    for (a, b), is_front in zip(points, pareto_front(points), strict=True):
        if a is None or b is None:
            assert not is_front
        else:
            assert is_front == (not any(x >= a and y >= b and (x, y) != (a, b) for x, y in known))
