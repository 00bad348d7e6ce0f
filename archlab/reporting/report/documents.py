"""Which dev documents each run gets right, packed, so that a page can compare any two variants."""

from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING

from archlab.plain import printable
from archlab.records import Json
from archlab.results.counted_runs import CountedRun, counted_runs
from archlab.results.dev_texts import dev_texts
from archlab.results.paired_scores import Scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from archlab.results.collection import Results

    Flags = NDArray[np.bool_]

TEXT_LENGTH = 300
MOST_TEXTS = 3000
"""Of all columns together."""

MOST_BITS = 8_000_000
"""Of a column: runs times documents."""


def documents_of_columns(results: "Results", *, texts: bool = True) -> list[Json]:
    """For each column: `numbers` of the documents on which runs differ, `texts` of these, `runs` (id -> a bit
    for each, packed and in base64), `documents` (how many there are), `left_out` (of those on which runs
    differ, how many have no place in a page), and `why` something is not known.

    texts: whether they are told. Of very many documents the first ones that fit into a page are.
    """
    columns = dict.fromkeys(place.column for place in results.layout.places)
    most_texts = MOST_TEXTS // len(columns) if texts else None
    return [{"column": column, **_of_column(results, column, most_texts)} for column in columns]


def _of_column(results: "Results", column: str | None, most_texts: int | None) -> Json:
    import numpy as np

    run_ids = [
        run_id
        for place in results.layout.places
        if place.column == column
        for run_id in place.run_ids
        if run_id in results.by_run and results.by_run[run_id].status == "done"
    ]
    run_ids = list(dict.fromkeys(run_ids))
    if len(run_ids) < 2:
        return {"why": "There are not two finished runs to compare"}
    counted = counted_runs(results.paths, run_ids)
    if isinstance(counted, str):
        return {"why": counted}
    right = _right(results, run_ids, counted)
    if right is None:
        return {
            "why": f"{results.layout.score_name} does not count mistakes document by document, "
            "or no document is wholly right"
        }
    differ = np.flatnonzero(right.any(axis=0) & ~right.all(axis=0))
    left_out = max(0, len(differ) - MOST_BITS // len(run_ids))
    differ = differ[: len(differ) - left_out]
    bits = np.packbits(right[:, differ], axis=1)
    told = {
        "documents": right.shape[1],
        "left_out": left_out,
        "numbers": differ.tolist(),
        "runs": {
            run: b64encode(row.tobytes()).decode("ascii") for run, row in zip(run_ids, bits, strict=True)
        },
    }
    return {**told, **_texts(results, run_ids[0], counted[0].words, told["numbers"], most_texts)}


def _right(results: "Results", run_ids: Sequence[str], counted: Sequence[CountedRun]) -> "Flags | None":
    """Whether a run makes no mistake on a document: (runs, documents)."""
    import numpy as np

    assert results.paths is not None
    scores = Scores(results.paths, results.layout.score_weights)
    names = scores.parts(results.by_run[run_ids[0]], results.layout.score_name)
    measures = [] if results.layout.score_name.endswith("_auc") else counted[0].measures_of(names)
    if not measures or not all(set(measures) <= run.recounter.measures.keys() for run in counted):
        return None
    right: Flags = np.stack([run.mistakes(measures) == 0 for run in counted])
    return right if right.any() else None


def _texts(
    results: "Results", run_id: str, words: Sequence[int], numbers: Sequence[int], most: int | None
) -> Json:
    if most is None:
        return {"without_text": "The report was made without them"}
    if not numbers:
        return {}
    assert results.paths is not None
    texts = dev_texts(results.paths, run_id, words)
    if isinstance(texts, str):
        return {"without_text": texts}
    return {"texts": [_cut(printable(texts[number])) for number in numbers[:most]]}


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LENGTH else f"{text[:TEXT_LENGTH]} ..."
