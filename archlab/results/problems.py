"""Runs and variants that gave no score: what is said of each, whatever will show it. Pure, like tables."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from archlab.records import Json, Result

if TYPE_CHECKING:
    from archlab.results.tables import Layout


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a run, or a whole variant, gave no score.

    label: of the variant. status: the run's own; `rejected` for a variant that was not trained, `done` for a
    run that lacks the score. seed, run_id, attempt: None for a variant. kind: of the run's Reason; None where
    it has none. log: where its log is. log_tail: the last lines of it that are not empty.
    """

    label: str
    status: str
    message: str
    kind: str | None = None
    seed: int | None = None
    run_id: str | None = None
    attempt: int | None = None
    log: str | None = None
    log_tail: tuple[str, ...] = ()

    @property
    def is_failure(self) -> bool:
        """Whether a run came to a bad end; not so where it was never begun, or only lacks a score."""
        return self.status not in ("rejected", "done")

    def to_dict(self) -> Json:
        """As JSON: what is not known is null, the label is the `variant`."""
        told = asdict(self)
        return {"variant": told.pop("label"), **told, "log_tail": list(self.log_tail)}


def problem_of(label: str, result: Result) -> Problem:
    """What is to be said of a run that is not done."""
    reason = result.reason
    return Problem(
        label=label,
        status=result.status,
        message=reason.message if reason else "no reason known",
        kind=reason.kind if reason else None,
        seed=result.seed,
        run_id=result.run_id,
        attempt=result.attempt,
    )


def find_problems(layout: "Layout", results: Mapping[str, Result]) -> Iterator[Problem]:
    """All of a sweep, in its order."""
    for place in layout.places:
        if place.rejected is not None:
            yield Problem(label=place.label, status="rejected", message=place.rejected)
        for run_id in place.run_ids:
            result = results.get(run_id)
            if result is not None and result.status != "done":
                yield problem_of(place.label, result)
            elif result is not None and result.value(layout.score_name) is None:
                yield Problem(
                    label=place.label,
                    status="done",
                    message=f"has no {layout.score_name}",
                    seed=result.seed,
                    run_id=run_id,
                    attempt=result.attempt,
                )
