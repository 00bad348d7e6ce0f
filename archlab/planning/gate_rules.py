"""What a sweep asks of the CI gate: how much worse a variant may become than its baseline."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from archlab.errors import UsageError

TOLERANCE = 0.01
"""Where nothing is said: one point of a score between 0 and 1."""

LEVEL = 0.05

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
COSTS = ("parameters", "model_mb", "words_per_second")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Drops(_Strict):
    """How much worse a score may become; None, said: that rule does not apply. Not said: as in general.

    tolerance: a drop counts where it is larger, and more than seeds and documents explain. absolute: a larger
    drop counts, whatever explains it. relative: the same, as a share of the baseline's score.
    """

    tolerance: Amount | None = None
    absolute: Amount | None = None
    relative: Amount | None = None

    @property
    def said(self) -> dict[str, float | None]:
        """Those that something is said of."""
        of_all = {"tolerance": self.tolerance, "absolute": self.absolute, "relative": self.relative}
        return {name: amount for name, amount in of_all.items() if name in self.model_fields_set}


class ScoreRules(Drops):
    """The rules of one score. direction: which way is better."""

    direction: Literal["higher", "lower"] = "higher"


class CostRules(_Strict):
    """By what share a cost may grow, or words per second may drop; None: it may.

    words_per_second: of its ratio to the reference variant, which is measured on the same machine.
    """

    parameters: Amount | None = None
    model_mb: Amount | None = None
    words_per_second: Amount | None = None


class GateRules(Drops):
    """The block `regress:` of a sweep file.

    tolerance, absolute, relative: where a score says nothing of its own. scores: by name; the sweep's own
    score where none is named. level: of all gates in which nothing has become worse, the share that may fail
    by chance. reference: the row that words per second are compared with; the base's where none is named.
    """

    scores: dict[str, ScoreRules | None] = {}
    costs: CostRules = CostRules()
    level: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False, strict=True)] = LEVEL
    reference: str | None = None

    def of(self, score_name: str) -> dict[str, ScoreRules]:
        """The rules of every score that is gated. score_name: the sweep's own."""
        general = {"tolerance": TOLERANCE, **self.said}
        own = {name: rules or ScoreRules() for name, rules in (self.scores or {score_name: None}).items()}
        return {name: rules.model_copy(update=general | rules.said) for name, rules in own.items()}

    def changed(
        self,
        score_name: str,
        drops: Mapping[str, Iterable[str]],
        costs: Iterable[str] = (),
        level: float | None = None,
        reference: str | None = None,
    ) -> Self:
        """With what a command line says: more rules, or others in their place. score_name: the sweep's own.

        drops: tolerance, absolute or relative -> `AMOUNT`, or `SCORE=AMOUNT` for one score alone. costs:
        `NAME=SHARE`. Raises UsageError for what is no amount.
        """
        changed: dict[str, Any] = {}
        scores = {name: rules or ScoreRules() for name, rules in (self.scores or {score_name: None}).items()}
        for rule, texts in drops.items():
            for text in texts:
                name, amount = _named_amount(text, f"--{rule}")
                if name is None:
                    changed[rule] = amount
                for score in scores if name is None else [name]:
                    if name is not None or rule in scores[score].said:
                        scores[score] = scores.get(score, ScoreRules()).model_copy(update={rule: amount})
        changed_costs = dict(_cost(text) for text in costs)
        if level is not None and not 0 < level < 1:
            raise UsageError(f"--level {level:g} is no share between 0 and 1.", "--level 0.05")
        said = {"level": level, "reference": reference}
        changed |= {key: value for key, value in said.items() if value is not None}
        return self.model_copy(
            update={**changed, "scores": scores, "costs": self.costs.model_copy(update=changed_costs)}
        )


def _cost(text: str) -> tuple[str, float]:
    name, amount = _named_amount(text, "--cost")
    if name not in COSTS:
        told = f"--cost {text}: there is no cost {name}." if name else f"--cost {text} names no cost."
        raise UsageError(told, f"Costs are {', '.join(COSTS)}: --cost parameters=0.1")
    return name, amount


def _named_amount(text: str, option: str) -> tuple[str | None, float]:
    name, equals, told = text.rpartition("=")
    try:
        amount = float(told)
    except ValueError:
        raise UsageError(f"{option} {text}: {told!r} is no number.", f"{option} 0.01") from None
    if not isfinite(amount) or amount < 0:
        why = "is negative" if amount < 0 else "is no finite number"
        raise UsageError(f"{option} {text}: {told} {why}.", f"{option} 0.01: how much worse it may be.")
    return name if equals else None, amount
