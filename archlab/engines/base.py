"""The contract of an engine, and what all engines share."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from archlab.records import WEIGHTED_SCORE, Json, Outcome, Result, RunSpec


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something a watcher may want to show.

    kind: a run has started, has been evaluated, or has ended. step, max_steps, score, seconds: of the last
    evaluation, None where not known; seconds from the start of the run's process. result: of an ended run.
    """

    kind: Literal["started", "evaluated", "ended"]
    spec: RunSpec
    step: int | None = None
    max_steps: int | None = None
    score: float | None = None
    seconds: float | None = None
    result: Result | None = None


Watcher = Callable[[Event], None]


def nobody(event: Event) -> None:
    """The watcher that watches nothing."""


def evaluated(spec: RunSpec, line: Json) -> Event:
    """The event that a line of progress.jsonl tells of."""
    scores = line.get("scores")
    known = scores if isinstance(scores, dict) else {}
    return Event(
        kind="evaluated",
        spec=spec,
        step=_number(line.get("step")),
        max_steps=_number(line.get("max_steps")),
        score=_number(known.get(spec.score_name, line.get("score"))),
        seconds=_number(line.get("seconds")),
    )


def _number(value: Any) -> Any:
    """A number as it is; None for all else, and for what only a damaged file holds."""
    return value if isinstance(value, (int, float)) and abs(value) < 1e15 else None


class Engine(Protocol):
    """Runs prepared specs.

    Contract: `run` yields one Result for each spec, exactly once, as they finish. A run that raises, dies by
    a signal, exhausts its memory or goes past its time limit becomes a Result with that status and costs no
    other run. When the iterator is closed or raises (ctrl-C), nothing that was started goes on running, and
    no Result is invented for what was not finished. An engine writes no results: the driver does.
    A spec's folder is prepared when the iterable hands it out: spec.json and config.cfg are there. An engine
    draws a spec when it can start it, not before. deadline: of time.monotonic(); past it the iterator ends as
    if it were closed.
    """

    def run(
        self, specs: Iterable[RunSpec], deadline: float | None = None
    ) -> Generator[Result, None, None]: ...


def make_result(spec: RunSpec, outcome: Outcome) -> Result:
    """The result that a child's outcome comes to."""
    scores = {**outcome.scores, WEIGHTED_SCORE: outcome.weighted_score}
    score = scores.get(spec.score_name)
    return Result(
        run_id=spec.run_id,
        variant_id=spec.variant_id,
        variant=spec.variant,
        swaps=spec.settings,
        seed=spec.seed,
        status=outcome.status,
        reason=outcome.reason,
        score=score if isinstance(score, (int, float)) else None,
        score_name=spec.score_name,
        scores=scores if outcome.status == "done" else {},
        best_step=outcome.best_step,
        steps=outcome.steps,
        epochs=outcome.epochs,
        cost=outcome.cost,
        environment=outcome.environment,
        fingerprints=spec.fingerprints,
        started=outcome.started,
        finished=outcome.finished,
        attempt=spec.attempt,
    )
