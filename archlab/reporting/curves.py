"""A learning curve drawn with characters, for a terminal."""

from typing import TYPE_CHECKING, Any

from archlab.reporting.numbers import counted, score
from archlab.results.learning_curves import LearningCurve

if TYPE_CHECKING:
    from rich.console import Console

WIDTH, HEIGHT = 60, 12
"""Of the plot itself, in characters."""

EMPTY = " \u2800"
"""A space, and a character of braille without a dot."""

BESIDE = 20
"""What the numbers beside it take."""


def show_curve(console: "Console", curve: LearningCurve) -> None:
    """The plot, and its best and last evaluation in words."""
    steps, scores = zip(*curve.points, strict=True)
    best_step, best = max(curve.points, key=lambda point: point[1])
    told = counted(curve.points, "evaluation")
    console.print(
        f"{curve.score_name} at {told}: best {score(best)} at step {best_step}, "
        f"last {score(scores[-1])} at step {steps[-1]}",
        soft_wrap=True,
    )
    if len(curve.points) > 1:
        console.print(_plot(steps, scores, min(WIDTH, max(10, console.width - BESIDE))), soft_wrap=True)


def _plot(steps: tuple[int, ...], scores: tuple[float, ...], width: int) -> str:
    import plotille

    figure: Any = plotille.Figure()
    figure.width, figure.height, figure.with_colors = width, HEIGHT, False
    figure.x_label, figure.y_label = "step", "score"
    figure.x_ticks_fkt = lambda value, _: f"{value:.0f}"
    figure.y_ticks_fkt = lambda value, _: score(value)
    figure.set_x_limits(min_=min(steps), max_=max(max(steps), min(steps) + 1))
    above = (max(scores) - min(scores)) / 100 or 0.01  # what is on the edge itself is not drawn
    figure.set_y_limits(min_=min(scores), max_=max(scores) + above)
    figure.plot(steps, scores)
    return "\n".join(line.rstrip(EMPTY) for line in str(figure.show()).splitlines())
