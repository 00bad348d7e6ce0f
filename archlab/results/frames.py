"""Results as a data frame, for notebooks and plots of one's own."""

import json
from typing import TYPE_CHECKING, Any

from archlab.errors import ExtraError
from archlab.records import Json, Result

if TYPE_CHECKING:
    import pandas as pd

    from archlab.results.collection import Results
    from archlab.results.layouts import Place


def runs_frame(results: "Results") -> "pd.DataFrame":
    """A row per run that has a result, in the sweep's order; what is not known is missing.

    Columns: variant, column (of the table), seed, status and reason; a column per slot or setting that the
    sweep changes; every score that is a number, under its name, `score` being the config's own weighted one
    (`score.seconds` where a scorer calls one like another column); the costs, as in result.json; device,
    run_id and variant_id. Its `attrs` have sweep and score_name.
    Raises ExtraError where pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise ExtraError(
            "A data frame needs pandas, which is not installed.", "pip install 'archlab[pandas]'"
        ) from None
    rows = [
        _row(place, results.by_run[run_id])
        for place in results.layout.places
        for run_id in place.run_ids
        if run_id in results.by_run
    ]
    frame = pd.DataFrame.from_records(rows)
    frame.attrs |= {"sweep": results.layout.sweep, "score_name": results.layout.score_name}
    return frame


def _row(place: "Place", result: Result) -> Json:
    cost = result.cost
    about = {
        "variant": place.row,
        "column": place.column,
        "seed": result.seed,
        "status": result.status,
        "reason": result.reason and f"{result.reason.kind}: {result.reason.message}",
        **{path: _choice(value) for path, value in result.swaps.items()},
    }
    costs = {
        "best_step": result.best_step,
        "steps": result.steps,
        "parameters": cost.parameters,
        "model_bytes": cost.model_bytes,
        "words_per_second": cost.words_per_second,
        "seconds": cost.seconds.total,
        "peak_memory_bytes": cost.peak_memory_bytes,
        "device": result.environment.device,
        "run_id": result.run_id,
        "variant_id": result.variant_id,
    }
    scores = {
        f"score.{name}" if name in about or name in costs else name: result.value(name)
        for name, score in result.scores.items()
        if not isinstance(score, dict)
    }
    return {**about, **scores, **costs}


def _choice(value: Any) -> Any:
    """A setting as it is; a block by its JSON, so that rows can be grouped by it."""
    return json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value
