"""How the score of a run rose while it trained, as its evaluations told."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from archlab.errors import NothingToCompareError
from archlab.records import WEIGHTED_SCORE, Json
from archlab.results.files import read_json, read_json_lines
from archlab.results.paths import RunPaths

Point = tuple[int, float]
"""The step of an evaluation, and the score there."""


@dataclass(frozen=True)
class LearningCurve:
    """The evaluations of a run, in their order."""

    score_name: str
    points: tuple[Point, ...]


def curve_of_run(paths: RunPaths) -> LearningCurve:
    """The curve of the score that a run is judged by. Raises NothingToCompareError where it has none."""
    spec = read_json(paths.spec)
    told = spec.get("score_name") if isinstance(spec, dict) else None
    name = told if isinstance(told, str) else WEIGHTED_SCORE
    points = learning_curve(paths.progress, name)
    if not points:
        raise NothingToCompareError(
            f"Run {paths.folder.name} has no learning curve: there is no {name} in {paths.progress}."
        )
    return LearningCurve(name, tuple(points))


def learning_curve(progress: Path, score_name: str) -> list[Point]:
    """The points of a score in progress.jsonl; none where the file is gone."""
    try:
        with progress.open("rb") as file:
            lines = read_json_lines(file)
    except OSError:
        return []
    return [point for line in lines if (point := _point(line, score_name)) is not None]


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """At most so many, two or more, evenly apart, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    apart = (len(points) - 1) / (most - 1)
    return [points[round(number * apart)] for number in range(most)]


def _point(line: Json, score_name: str) -> Point | None:
    """What an evaluation tells; None where it has no such score, or one that is no number."""
    scores = line.get("scores")
    step: Any = line.get("step")
    score: Any = scores.get(score_name) if isinstance(scores, dict) else None
    if score is None and score_name == WEIGHTED_SCORE:
        score = line.get(WEIGHTED_SCORE)
    return (step, score) if isinstance(step, int) and is_number(score) else None


def is_number(value: object) -> bool:
    """Whether a value of JSON is a number, and finite."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
