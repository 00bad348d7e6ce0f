"""What each document contributes to a score that is no mean over documents, by the jackknife.

A pseudo-value is J * score - (J - 1) * score without the document, over J documents (Tukey 1958, Annals of
Mathematical Statistics 29:614). For an accuracy of one word a document it is just 1 or 0. For F, LAS or an
area under a curve, pseudo-values are nearly independent, and their mean is nearly the score; a small shift
makes it exact (Hillis, Berbaum 2005, Academic Radiology 12:1534-1541). So what holds for means
over documents can be used for any metric (Dorfman, Berbaum, Metz 1992, Investigative Radiology 27:723-731).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archlab.results.recounting import TINY, Measure, Ranking, Recounter, area_under_curve, precision_recall_f

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def pseudo_values(per_doc: Mapping[str, Any], name: str) -> "Floats | None":
    """The pseudo-values of one run's score, (documents,), in the order of `per_doc.json`.

    per_doc: the content of `per_doc.json`. name: a score as the scorer calls it, `ents_f`. Their mean is the
    score. Pseudo-values of a weighted sum of scores are the same sum of theirs. None where the file does not
    have the score, or it is not known, with all documents or without one of them. Raises InvalidError as
    `Recounter` does.
    """
    import numpy as np

    recounter = Recounter(per_doc, {name})
    score = recounter.scores().get(name)
    measure = next((kept for kept in recounter.measures.values() if name in kept.names), None)
    if score is None or measure is None:
        return None
    without = _without_each(measure, measure.names[name], recounter.documents)
    if without is None or not np.isfinite(without).all():
        return None
    return as_pseudo_values(score, without)


def as_pseudo_values(scores: "Floats | float", without: "Floats") -> "Floats":
    """scores: (...), with all documents. without: (..., documents), the score without each of them."""
    import numpy as np

    shifts: Floats = without.mean(axis=-1, keepdims=True) - without
    shifted: Floats = np.asarray(scores, dtype=np.float64)[..., None] + (without.shape[-1] - 1) * shifts
    return shifted


def _without_each(measure: Measure, aggregate: str, documents: int) -> "Floats | None":
    """The score without each document, (documents,); None where one of them is not known."""
    import numpy as np

    if not measure.always and _counted_in_one_alone(measure):
        return None
    if aggregate == "macro_auc":
        return None if measure.ranking is None else _areas_without_each(measure.ranking)
    over, _, key = aggregate.rpartition("_")
    part = "prf".index(key)
    if over == "micro":
        counts = _by_document(measure, documents)
        return precision_recall_f(counts.sum(axis=1, keepdims=True) - counts)[part]
    label, document, counts = _by_label_and_document(measure, documents)
    labels = ("",) if measure.labels is None else measure.labels
    totals = _sums(counts, label, len(labels))
    whole = precision_recall_f(totals)[part]
    changes = precision_recall_f(totals[:, label] - counts)[part] - whole[label]
    if over == "macro":
        counting = np.full(len(labels), 1 / (len(labels) + TINY))
    else:
        counting = np.asarray([float(name == measure.positive_label) for name in labels])
    of_documents = np.bincount(document, weights=changes * counting[label], minlength=documents)
    without: Floats = (whole * counting).sum() + of_documents
    return without


def _counted_in_one_alone(measure: Measure) -> bool:
    """Whether nothing would be counted without some document."""
    return len(set(measure.document[measure.counts.any(axis=0)].tolist())) < 2


def _by_document(measure: Measure, documents: int) -> "Floats":
    """tp, fp, fn of each document: (3, documents)."""
    return _sums(measure.counts, measure.document, documents)


def _by_label_and_document(measure: Measure, documents: int) -> "tuple[Any, Any, Floats]":
    """label and document of each pair that has counts, (pairs,) each, and its tp, fp, fn: (3, pairs)."""
    import numpy as np

    pairs, place = np.unique(measure.label * documents + measure.document, return_inverse=True)
    return pairs // documents, pairs % documents, _sums(measure.counts, place, len(pairs))


def _sums(counts: "Floats", places: Any, size: int) -> "Floats":
    """Counts that share a place, added: (3, rows) -> (3, size)."""
    import numpy as np

    return np.asarray([np.bincount(places, weights=row, minlength=size) for row in counts], dtype=np.float64)


def _areas_without_each(ranking: Ranking) -> "Floats":
    """The mean area under the ROC curve without each document, (documents,); labels without one count 0."""
    import numpy as np

    areas = [_area_without_each(*label) for label in zip(ranking.ranks, ranking.gold, strict=True)]
    without: Floats = np.sum(areas, axis=0) / (len(areas) + TINY)
    return without


def _area_without_each(ranks: Any, gold: "Floats") -> "Floats":
    """The area of one label without each document, from how many pairs each document is part of.

    ranks, gold: (documents,), as in `recounting`. 0 where there are not two gold values.
    """
    import numpy as np

    known = ranks >= 0
    if not np.isin(gold[known], (0, 1)).all():
        return _area_without_each_slowly(ranks, gold)
    of_one, of_other = known & (gold == 1), known & (gold == 0)
    ones, others = of_one.sum(), of_other.sum()
    size = ranks.max(initial=0) + 1
    ahead = np.bincount(ranks[of_one], minlength=size)
    other = np.bincount(ranks[of_other], minlength=size)
    below = np.cumsum(other) - other / 2
    above = ones - np.cumsum(ahead) + ahead / 2
    pairs = np.where(of_one, below[ranks], np.where(of_other, above[ranks], 0.0))
    left = (ahead * below).sum() - pairs
    among = (ones - of_one) * (others - of_other)
    return np.where(among > 0, left / np.maximum(among, 1), 0.0)


def _area_without_each_slowly(ranks: Any, gold: "Floats") -> "Floats":
    """The same for gold values between 0 and 1, one document after the other."""
    import numpy as np

    weights = np.ones(len(ranks)) - np.eye(len(ranks))
    return np.asarray([area_under_curve(ranks, gold, weight) or 0.0 for weight in weights])
