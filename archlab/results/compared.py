"""Two variants compared, as frozen data: what `Results.compare` gives."""

from dataclasses import asdict, dataclass

from archlab.configs.comparing import Comparison as ConfigComparison
from archlab.records import Json
from archlab.results.flips import Flips
from archlab.results.label_differences import LabelDifference
from archlab.results.statistics import Comparison, Spread


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a variant costs, the median over its finished runs; None is what is not known."""

    parameters: float | None = None
    model_bytes: float | None = None
    words_per_second: float | None = None
    seconds: float | None = None
    peak_memory_bytes: float | None = None

    def ratios(self, of: "Costs") -> "Costs":
        """Each, divided by that of another."""
        pairs = {name: (value, getattr(of, name)) for name, value in vars(self).items()}
        return Costs(**{name: value / other for name, (value, other) in pairs.items() if value and other})


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two. score: over the runs compared. run_ids, seeds: those runs, one by one.

    config: the file of the first run's config, or None.
    """

    label: str
    score: Spread
    run_ids: tuple[str, ...]
    seeds: tuple[int, ...]
    costs: Costs
    config: str | None = None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two variants of a sweep, compared by a score.

    comparison: B less A, see `archlab.results.statistics.Comparison`. meaning: what that says, one sentence.
    labels: for each measure that tells labels apart, the largest difference first. flips: documents that one
    gets right and the other wrong; None where that is not known. config: what differs between the two
    configs; None where one is gone. notes: what could not be compared, and why.
    """

    sweep: str
    score_name: str
    column: str | None
    a: Side
    b: Side
    comparison: Comparison
    meaning: str
    labels: tuple[LabelDifference, ...]
    flips: Flips | None
    config: ConfigComparison | None
    notes: tuple[str, ...]

    def to_dict(self) -> Json:
        """As JSON; what is not known is null."""
        return {
            "schema_version": 1,
            "sweep": self.sweep,
            "score_name": self.score_name,
            "column": self.column,
            "a": asdict(self.a),
            "b": asdict(self.b),
            "comparison": self.comparison.to_dict(),
            "meaning": self.meaning,
            "labels": [label.to_dict() for label in self.labels],
            "documents": self.flips.to_dict() if self.flips else None,
            "cost_ratios": asdict(self.b.costs.ratios(self.a.costs)),
            "config": self.config.to_dict() if self.config is not None else None,
            "notes": list(self.notes),
        }
