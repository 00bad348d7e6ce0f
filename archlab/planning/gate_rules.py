"""What a sweep asks of the CI gate: how much worse a variant may become than its baseline."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_TOLERANCE = 0.01
"""Of a metric for which nothing is said: one point of a score between 0 and 1."""

LEVEL = 0.05

Share = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScoreRules(_Strict):
    """How much worse one score may become; None: that rule does not apply.

    direction: which way is better. tolerance: a drop counts where it is larger, and more than seeds and
    documents explain. absolute: a larger drop counts, whatever explains it. relative: the same, as a share of
    the baseline's score.
    """

    direction: Literal["higher", "lower"] = "higher"
    tolerance: Share | None = None
    absolute: Share | None = None
    relative: Share | None = None

    def completed(self) -> "ScoreRules":
        """With the default tolerance, where nothing else is said."""
        if (self.tolerance, self.absolute, self.relative) != (None, None, None):
            return self
        return self.model_copy(update={"tolerance": DEFAULT_TOLERANCE})


class CostRules(_Strict):
    """By what share a cost may grow, or words per second may drop; None: it may.

    words_per_second: of its ratio to the reference variant, which is measured on the same machine.
    """

    parameters: Share | None = None
    model_mb: Share | None = None
    words_per_second: Share | None = None


class GateRules(_Strict):
    """The block `regress:` of a sweep file.

    scores: by name; the sweep's own score where none is named. level: of all runs of the gate in which
    nothing has become worse, the share that may fail by chance. reference: the row that words per second are
    compared with; the base's where none is named.
    """

    scores: dict[str, ScoreRules | None] = {}
    costs: CostRules = CostRules()
    level: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False, strict=True)] = LEVEL
    reference: str | None = None

    def of(self, score_name: str) -> dict[str, ScoreRules]:
        """The rules of every score that is gated. score_name: the sweep's own."""
        named = self.scores or {score_name: None}
        return {name: (rules or ScoreRules()).completed() for name, rules in named.items()}
