"""Where each variant stands in a sweep's table, and which runs fill its cell."""

from dataclasses import dataclass
from typing import Self

from archlab.records import FromDict, Json

BASE = "base"
"""The first word of the base's row."""


@dataclass(frozen=True, kw_only=True)
class Place(FromDict):
    """Where a variant stands in the table, and which runs fill its cell.

    rejected: why it is not trained, or None. score_weights: of its config's own weighted score, by name.
    """

    row: str
    column: str | None
    variant_id: str | None
    run_ids: tuple[str, ...]
    rejected: str | None = None
    score_weights: tuple[tuple[str, float], ...] = ()

    @property
    def label(self) -> str:
        return self.row if self.column is None else f"{self.row} [{self.column}]"

    def to_dict(self) -> Json:
        return {**vars(self), "run_ids": list(self.run_ids), "score_weights": dict(self.score_weights)}

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        weights = dict(data.get("score_weights") or {})
        return super().from_dict(
            {**data, "run_ids": tuple(data["run_ids"]), "score_weights": tuple(weights.items())}
        )


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The rows and columns of a sweep's table, in the sweep's order.

    scores_beside: more scores that each cell tells, by name.
    """

    sweep: str
    score_name: str
    places: tuple[Place, ...]
    scores_beside: tuple[str, ...] = ()

    @property
    def score_weights(self) -> dict[str, dict[str, float]]:
        """Run id -> the weights of its config's own weighted score, by the names of scores."""
        return {run_id: dict(place.score_weights) for place in self.places for run_id in place.run_ids}

    def to_dict(self) -> Json:
        return {
            "schema_version": 1,
            "sweep": self.sweep,
            "score_name": self.score_name,
            "scores_beside": list(self.scores_beside),
            "places": [place.to_dict() for place in self.places],
        }

    @classmethod
    def from_dict(cls, data: Json) -> "Layout":
        places = tuple(map(Place.from_dict, data["places"]))
        return cls(
            sweep=data["sweep"],
            score_name=data["score_name"],
            places=places,
            scores_beside=tuple(data.get("scores_beside", ())),
        )


def is_base(row: str) -> bool:
    """Whether a row is the base's own."""
    return row.split(" ")[0] == BASE
