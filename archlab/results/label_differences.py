"""Precision, recall and F of single labels, of two variants."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from archlab.records import Json
from archlab.results.counted_runs import CountedRun

Scores = dict[str, float | None]


@dataclass(frozen=True, kw_only=True)
class LabelDifference:
    """One label. a, b: `p`, `r` and `f`, means over seeds; None where the label was never met.

    measure: what it is a label of, `ents`. difference: the F of B less that of A.
    """

    measure: str
    label: str
    a: Scores
    b: Scores
    difference: float | None

    def to_dict(self) -> Json:
        return asdict(self)


def label_differences(a: Sequence[CountedRun], b: Sequence[CountedRun]) -> tuple[LabelDifference, ...]:
    """Measure by measure, the largest difference first. a, b: the runs of both variants."""
    runs = [*a, *b]
    measures = [name for name in runs[0].labelled() if all(name in run.labelled() for run in runs)]
    return tuple(found for measure in measures for found in _of_measure(measure, a, b))


def _of_measure(measure: str, a: Sequence[CountedRun], b: Sequence[CountedRun]) -> list[LabelDifference]:
    of_a, of_b = ([run.recounter.per_label(measure) for run in runs] for runs in (a, b))
    labels = dict.fromkeys(label for scores in (*of_a, *of_b) for label in scores)
    found = [_of_label(measure, label, of_a, of_b) for label in labels]
    return sorted(found, key=lambda told: (told.difference is None, -abs(told.difference or 0), told.label))


def _of_label(
    measure: str, label: str, of_a: Sequence[dict[str, Scores]], of_b: Sequence[dict[str, Scores]]
) -> LabelDifference:
    a, b = _means(label, of_a), _means(label, of_b)
    known = a["f"] is not None and b["f"] is not None
    difference = (b["f"] or 0.0) - (a["f"] or 0.0) if known else None
    return LabelDifference(measure=measure, label=label, a=a, b=b, difference=difference)


def _means(label: str, of_runs: Sequence[dict[str, Scores]]) -> Scores:
    """Over the runs that met the label."""
    met = [scores[label] for scores in of_runs if label in scores]
    return {key: fmean(scores[key] or 0.0 for scores in met) if met else None for key in "prf"}
