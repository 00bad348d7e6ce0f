"""Scores from counts per document: what `per_doc.json` means, and how any choice of documents is scored.

The file holds, for each measure of a run's dev corpus, what every document adds to it:

    {"schema_version": 1, "documents": 3, "words": [9, 12, 7], "measures": {"ents": MEASURE, ...}}

`words` are the tokens of each reference document. A MEASURE is columnar, each row one document (and one
label) in which something was counted, documents in rising order:

    {"form": "prf",
     "scores": {"ents_p": "micro_p", "ents_r": "micro_r", "ents_f": "micro_f"},
     "always": false,
     "labels": ["ORG", "PER"], "label": [0, 1, 1], "document": [0, 0, 2],
     "tp": [1, 0, 2], "fp": [0, 1, 0], "fn": [0, 0, 1]}

`scores` maps the scorer's names to the aggregates below. A measure without labels has `labels: null` and no
`label`. A row of zeros says that the scorer met the label there. `always` is true where the scorer gives 0
and not None when nothing was counted, and then every label counts, met or not. Aggregates:

    micro_p, micro_r, micro_f    over all rows
    macro_p, macro_r, macro_f    mean over all labels, those never met count 0
    positive_f                   F of the label `positive_label`
    macro_auc                    mean area under the ROC curve over all labels; needs `ranking`

`ranking` (labels x documents) keeps what the areas depend on, `null` where it was left out for its size:

    {"ranks": [[0, 2, 1], [1, 0, -1]], "label": [0, 1], "document": [1, 0], "gold": [1, 1]}

`ranks[label][document]` is the place of the predicted score among the label's distinct scores, lowest 0, or
-1 where the reference says nothing about the label. `label`, `document`, `gold` list the gold values other
than 0. Multi-label gold values are 0 and 1, as a rule.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING, Any

from archlab.errors import InvalidError
from archlab.records import Json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

SCHEMA_VERSION = 1

# One row of a measure: document, label (None where the measure has none), tp, fp, fn.
Row = tuple[int, str | None, int, int, int]

# Keeps a division by zero at zero, as spacy.scorer.PRFScore does.
TINY = 1e-100


def prf_measure(
    rows: Iterable[Row],
    scores: Mapping[str, str],
    *,
    labels: Sequence[str] | None = None,
    labelled: bool = True,
    always: bool = False,
) -> Json:
    """A measure as `per_doc.json` holds it, from its rows.

    rows: in rising order of documents. scores: score name -> aggregate (see the module's docstring).
    labels: all labels where they are known beforehand; those met come after them, in the order met.
    """
    columns: dict[str, list[int]] = {"label": [], "document": [], "tp": [], "fp": [], "fn": []}
    places = {label: place for place, label in enumerate(labels or ())}
    for document, label, tp, fp, fn in rows:
        if label is not None:
            columns["label"].append(places.setdefault(label, len(places)))
        columns["document"].append(document)
        columns["tp"].append(tp)
        columns["fp"].append(fp)
        columns["fn"].append(fn)
    if not labelled:
        del columns["label"]
    known = list(places) if labelled else None
    return {"form": "prf", "scores": dict(scores), "always": always, "labels": known, **columns}


def recount(per_doc: Mapping[str, Any], documents: Sequence[int] | None = None) -> dict[str, float | None]:
    """The scores of the chosen documents, under the names and by the rules of spaCy's scorer.

    documents: indices, repeats allowed, in any order; None for all. A value is None where the scorer gives
    None, and where the file does not hold enough to know (`cats_macro_auc` without `ranking`). To score many
    choices, make one `Recounter`. Raises InvalidError and IndexError as `Recounter` does.
    """
    return Recounter(per_doc).scores(documents)


def recount_per_label(
    per_doc: Mapping[str, Any], measure: str, documents: Sequence[int] | None = None
) -> dict[str, dict[str, float | None]]:
    """Precision, recall and F per label of one measure: `cats`, `ents`, `morph_per_feat`, `dep_las_per_type`.

    Each label maps to `p`, `r`, `f`, and `auc` too where the measure keeps a ranking (None where the chosen
    documents do not have two gold values). A label that the chosen documents do not meet is left out, as
    the scorer does. Raises KeyError for a measure that the file does not have or that has no labels.
    """
    return Recounter(per_doc, names=()).per_label(measure, documents)


class Recounter:
    """Counts laid out as arrays once, to be scored for many choices of documents.

    names: the only scores wanted, which saves time; None for all. A name that the file does not have gives
    nothing. Raises InvalidError for a file of a newer schema, and for one that is damaged.
    """

    def __init__(self, per_doc: Mapping[str, Any], names: Collection[str] | None = None) -> None:
        try:
            _require_known(per_doc["schema_version"])
            self.documents: int = per_doc["documents"]
            _require(len(per_doc["words"]) == self.documents)
            self.measures = {
                name: Measure.from_json(measure, self.documents, names)
                for name, measure in per_doc["measures"].items()
                if measure["form"] == "prf"
            }
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError):
            raise InvalidError(
                "The counts per document cannot be read: per_doc.json is damaged.",
                hint="Remove the folder of its run, and train it again.",
            ) from None

    def scores(self, documents: "Sequence[int] | Ints | None" = None) -> dict[str, float | None]:
        """The scores of the chosen documents, as `recount` gives them.

        Raises IndexError for a document that is not there.
        """
        weights = self._weights(documents)
        return {
            name: value
            for measure in self.measures.values()
            for name, value in measure.scores(weights).items()
        }

    def per_label(
        self, measure: str, documents: "Sequence[int] | Ints | None" = None
    ) -> dict[str, dict[str, float | None]]:
        """The scores of each label, as `recount_per_label` gives them."""
        labelled = sorted(name for name, kept in self.measures.items() if kept.labels is not None)
        if measure not in labelled:
            raise KeyError(f"no measure {measure!r} with labels, only {', '.join(labelled) or 'none'}")
        return self.measures[measure].per_label(self._weights(documents))

    def _weights(self, documents: "Sequence[int] | Ints | None") -> "Floats":
        """How often each document was chosen. (documents,)"""
        import numpy as np

        if documents is None:
            return np.ones(self.documents)
        chosen = np.asarray(documents, dtype=np.int64)
        if chosen.size and (chosen.min() < 0 or chosen.max() >= self.documents):
            raise IndexError(
                f"there are documents 0 to {self.documents - 1}, not {chosen.min()} to {chosen.max()}"
            )
        return np.bincount(chosen, minlength=self.documents).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A measure as arrays: document and label (rows,), counts (3, rows) in the order tp, fp, fn."""

    names: Mapping[str, str]
    always: bool
    labels: Sequence[str] | None
    positive_label: str | None
    label: "Ints"
    document: "Ints"
    counts: "Floats"
    ranking: "Ranking | None"

    @classmethod
    def from_json(
        cls, measure: Mapping[str, Any], documents: int, wanted: Collection[str] | None
    ) -> "Measure":
        import numpy as np

        document = np.asarray(measure["document"], dtype=np.int64)
        labels, ranking = measure["labels"], measure.get("ranking")
        label = np.asarray(np.zeros_like(document) if labels is None else measure["label"], dtype=np.int64)
        counts = np.asarray([measure["tp"], measure["fp"], measure["fn"]], dtype=np.float64)
        _require(document.shape == label.shape == counts.shape[1:])
        _require(_all_below(document, documents) and _all_below(label, 1 if labels is None else len(labels)))
        if ranking:
            _require(len(labels) == len(ranking["ranks"]))
        return cls(
            names={
                name: str(aggregate)
                for name, aggregate in measure["scores"].items()
                if wanted is None or name in wanted
            },
            always=bool(measure["always"]),
            labels=labels if labels is None else list(labels),
            positive_label=measure.get("positive_label"),
            label=label,
            document=document,
            counts=counts,
            ranking=Ranking.from_json(ranking, documents) if ranking else None,
        )

    def scores(self, weights: "Floats") -> dict[str, float | None]:
        if not self.names:
            return {}
        counts = self._per_label_counts(weights)
        if not self.always and not counts.any():
            return dict.fromkeys(self.names)
        aggregates: dict[str, float | None] = {}
        micro = precision_recall_f(counts.sum(axis=1))
        per_label = precision_recall_f(counts)
        for key, over_all, by_label in zip("prf", micro, per_label, strict=True):
            aggregates[f"micro_{key}"] = float(over_all)
            aggregates[f"macro_{key}"] = float(by_label.sum() / (counts.shape[1] + TINY))
        if self.labels is not None and self.positive_label in self.labels:
            aggregates["positive_f"] = float(per_label[2][self.labels.index(self.positive_label)])
        if self.ranking is not None and "macro_auc" in self.names.values():
            areas = self.ranking.areas(weights)
            aggregates["macro_auc"] = _known(sum(area or 0.0 for area in areas) / (len(areas) + TINY))
        return {name: aggregates.get(aggregate) for name, aggregate in self.names.items()}

    def per_label(self, weights: "Floats") -> dict[str, dict[str, float | None]]:
        labels = self.labels or ()
        met = set(self.label[weights[self.document] > 0].tolist())
        p, r, f = precision_recall_f(self._per_label_counts(weights))
        scores: dict[str, dict[str, float | None]] = {
            label: {"p": float(p[place]), "r": float(r[place]), "f": float(f[place])}
            for place, label in enumerate(labels)
            if self.always or place in met
        }
        if self.ranking is not None:
            for label, area in zip(labels, self.ranking.areas(weights), strict=True):
                scores[label]["auc"] = _known(area)
        return scores

    def _per_label_counts(self, weights: "Floats") -> "Floats":
        """The weighted sums of the rows: (3, labels), or (3, 1) without labels."""
        import numpy as np

        size = 1 if self.labels is None else len(self.labels)
        rows = self.counts * weights[self.document]
        return np.stack([np.bincount(self.label, weights=row, minlength=size) for row in rows])


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """ranks and gold: (labels, documents), as the module's docstring says."""

    ranks: "Ints"
    gold: "Floats"

    @classmethod
    def from_json(cls, ranking: Mapping[str, Any], documents: int) -> "Ranking":
        import numpy as np

        ranks = np.asarray(ranking["ranks"], dtype=np.int64).reshape(len(ranking["ranks"]), documents)
        gold = np.zeros(ranks.shape)
        places = np.asarray([ranking["label"], ranking["document"]], dtype=np.int64)
        _require(_all_below(ranks + 1, documents + 1))
        _require(_all_below(places[0], len(ranks)) and _all_below(places[1], documents))
        gold[places[0], places[1]] = ranking["gold"]
        return cls(ranks=ranks, gold=gold)

    def areas(self, weights: "Floats") -> list[float | None]:
        """The area under the ROC curve of each label, None where there are not two gold values."""
        return [
            area_under_curve(ranks, gold, weights) for ranks, gold in zip(self.ranks, self.gold, strict=True)
        ]


def _require_known(version: int) -> None:
    if version > SCHEMA_VERSION:
        raise InvalidError(
            f"per_doc.json has schema {version}; this archlab reads up to {SCHEMA_VERSION}.",
            hint="Use the archlab that wrote it, or a newer one.",
        )


def _require(holds: bool) -> None:
    """Raise ValueError where a file does not hold together."""
    if not holds:
        raise ValueError


def _all_below(places: "Ints", number: int) -> bool:
    """Whether all are from 0 to number - 1."""
    return bool(((places >= 0) & (places < number)).all())


def precision_recall_f(counts: "Floats") -> "tuple[Floats, Floats, Floats]":
    """Precision, recall and F of counts (3, ...), each of shape (...)."""
    tp, fp, fn = counts
    p = tp / (tp + fp + TINY)
    r = tp / (tp + fn + TINY)
    return p, r, 2 * (p * r) / (p + r + TINY)


def _known(area: float | None) -> float | None:
    return None if area is None or isnan(area) else area


def area_under_curve(ranks: "Ints", gold: "Floats", weights: "Floats") -> float | None:
    """The share of (gold 1, other) pairs of documents that are ranked the right way round, ties half.

    ranks, gold, weights: (documents,). This is the area under the ROC curve (Hanley & McNeil 1982), found
    without sorting. None where the documents do not have exactly two gold values, NaN where neither is 1.
    """
    import numpy as np

    known = (ranks >= 0) & (weights > 0)
    ranks, gold, weights = ranks[known], gold[known], weights[known]
    if len(np.unique(gold)) != 2:
        return None
    ahead = np.bincount(ranks, weights=weights * (gold == 1))
    if not ahead.any():
        return nan
    other = np.bincount(ranks, weights=weights * (gold != 1))
    below = np.cumsum(other) - other / 2
    return float((ahead * below).sum() / (ahead.sum() * other.sum()))
