"""What runs counted on each dev document, and whether they counted on the same documents."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archlab.errors import InvalidError
from archlab.results.files import read_json
from archlab.results.paths import SweepPaths
from archlab.results.recounting import Recounter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CountedRun:
    """The counts of one run. words: the tokens of each dev document."""

    words: tuple[int, ...]
    recounter: Recounter

    def measures_of(self, scores: Collection[str]) -> list[str]:
        """The measures that some scores are made of."""
        return [
            name
            for name, measure in self.recounter.measures.items()
            if any(score in measure.names for score in scores)
        ]

    def labelled(self) -> list[str]:
        """The measures that tell labels apart."""
        return [name for name, measure in self.recounter.measures.items() if measure.labels]

    def mistakes(self, measures: Sequence[str]) -> "Floats":
        """What was found and is wrong, and what was not found, on each document: (documents,)."""
        import numpy as np

        total = np.zeros(self.recounter.documents)
        for name in measures:
            measure = self.recounter.measures[name]
            wrong = measure.counts[1] + measure.counts[2]
            total += np.bincount(measure.document, weights=wrong, minlength=len(total))
        return total


def counted_runs(paths: SweepPaths | None, run_ids: Sequence[str]) -> list[CountedRun] | str:
    """The counts of several runs on the same documents; or why there are none, as a sentence."""
    if paths is None:
        return "Where the runs are kept is not known"
    found = []
    for run_id in run_ids:
        per_doc = read_json(paths.run(run_id).per_doc)
        if not isinstance(per_doc, dict):
            return f"per_doc.json of run {run_id} is missing or damaged"
        try:
            found.append(CountedRun(tuple(per_doc["words"]), Recounter(per_doc)))
        except (InvalidError, KeyError, TypeError):
            return f"per_doc.json of run {run_id} cannot be read by this archlab"
    if len({run.words for run in found}) > 1:
        return "The runs were scored on different documents"
    return found
