"""Two variants' scores, paired by seed and by document, as they are compared."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from archlab.errors import InvalidError
from archlab.records import WEIGHTED_SCORE, Result
from archlab.results.files import read_json
from archlab.results.paths import SweepPaths
from archlab.results.pseudo_values import pseudo_values
from archlab.results.statistics import Comparison, compare

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Scores:
    """The scores of runs, document by document where that is known; each run's file is read once.

    weights: run id -> the weights of its config's own weighted score, which is a sum of scores.
    """

    def __init__(self, paths: SweepPaths, weights: Mapping[str, Mapping[str, float]] | None = None) -> None:
        self.paths = paths
        self.weights = weights or {}
        self._values: dict[tuple[str, str], Floats | None] = {}
        self._words: dict[str, tuple[int, ...]] = {}

    def compare(self, first: Sequence[Result], second: Sequence[Result], name: str) -> Comparison | None:
        """The first variant less the second, by a score's name, over the seeds that both have finished.

        None where no seed has both scores. By document where all of their runs tell documents, and the same.
        """
        pairs = _by_seed(first, second, name)
        if not pairs:
            return None
        values = [[self.by_document(result, name) for result in pair] for pair in pairs]
        known = [value for pair in values for value in pair if value is not None]
        if len(known) == 2 * len(pairs) and self.have_same_documents(run for pair in pairs for run in pair):
            return compare(known[::2], known[1::2])
        one, other = zip(*((a.value(name), b.value(name)) for a, b in pairs), strict=True)
        return compare(one, other)

    def by_document(self, result: Result, name: str) -> "Floats | None":
        """The pseudo-values of a run's score, (documents,); None where its file does not tell."""
        key = (result.run_id, name)
        if key not in self._values:
            self._values[key] = self._read(result, name)
        return self._values[key]

    def have_same_documents(self, results: Iterable[Result]) -> bool:
        """Whether runs of which `by_document` has told were scored on documents of the same lengths."""
        return len({self._words[result.run_id] for result in results}) == 1

    def documents_of(self, results: Sequence[Result]) -> tuple[int, ...] | None:
        """The tokens of each document that these runs were scored on, as far as `by_document` has told."""
        return next((self._words[r.run_id] for r in results if r.run_id in self._words), None)

    def parts(self, result: Result, name: str) -> Mapping[str, float]:
        """The scores that a score is the sum of, with their weights: itself, but for the weighted one."""
        return self.weights.get(result.run_id, {}) if name == WEIGHTED_SCORE else {name: 1.0}

    def _read(self, result: Result, name: str) -> "Floats | None":
        import numpy as np

        per_doc = read_json(self.paths.run(result.run_id).per_doc)
        if not isinstance(per_doc, dict):
            return None
        weights = self.parts(result, name)
        try:
            parts = [pseudo_values(per_doc, score) for score in weights]
        except InvalidError:
            return None
        known = [part for part in parts if part is not None]
        if not known or len(known) < len(parts):
            return None
        self._words[result.run_id] = tuple(per_doc["words"])
        summed: Floats = np.tensordot(list(weights.values()), np.stack(known), axes=1)
        return summed if _is_that_score(summed, result.value(name)) else None


def _by_seed(first: Sequence[Result], second: Sequence[Result], name: str) -> list[tuple[Result, Result]]:
    """The runs of both with the same seed and a score, in the order of their seeds."""
    of_second = {result.seed: result for result in second if _has(result, name)}
    of_first = {result.seed: result for result in first if _has(result, name)}
    return [(of_first[seed], of_second[seed]) for seed in sorted(of_first.keys() & of_second.keys())]


def _has(result: Result, name: str) -> bool:
    return result.status == "done" and result.value(name) is not None


def _is_that_score(values: "Floats", score: float | None) -> bool:
    """Whether the documents give what the scorer gave: a component may have a scorer of its own."""
    return score is not None and abs(float(values.mean()) - score) < 1e-6
