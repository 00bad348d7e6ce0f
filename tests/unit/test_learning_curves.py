"""Learning curves: thinned, and drawn with characters."""

import io

from archlab.reporting.consoles import make_console
from archlab.reporting.curves import show_curve
from archlab.results.learning_curves import LearningCurve, thinned


def drawn(*points: tuple[int, float]) -> list[str]:
    stream = io.StringIO()
    show_curve(make_console(stream), LearningCurve("f", points))
    return stream.getvalue().splitlines()


def test_a_long_curve_keeps_its_ends_and_its_order() -> None:
    points = [(step, step / 1000) for step in range(1000)]
    kept = thinned(points, 10)
    assert len(kept) == 10
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert kept == sorted(kept)
    assert thinned(points[:10], 10) == points[:10]


def test_the_first_line_says_what_the_best_was() -> None:
    first, *plot = drawn((0, 0.1), (20, 0.8), (40, 0.7))
    assert first == "f at 3 evaluations: best .800 at step 20, last .700 at step 40"
    assert len(plot) == 16
    assert plot[-1].split()[1] == "0"


def test_one_evaluation_is_told_and_not_drawn() -> None:
    assert drawn((0, 0.1)) == ["f at 1 evaluation: best .100 at step 0, last .100 at step 0"]


def test_a_score_that_never_changes_is_drawn() -> None:
    assert len(drawn((0, 0.0), (20, 0.0))) > 10
