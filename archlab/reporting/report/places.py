"""Each variant of a report with its runs: how they ended, what they printed, and how its config differs."""

import io
from typing import TYPE_CHECKING

from archlab.configs.comparing import diff
from archlab.errors import ConfigError
from archlab.plain import printable
from archlab.records import Json, Result
from archlab.reporting.compared import show_comparison
from archlab.reporting.consoles import make_console
from archlab.results.layouts import Place, is_base
from archlab.results.logs import last_lines
from archlab.results.run_configs import run_config

if TYPE_CHECKING:
    from confection import Config

    from archlab.results.collection import Results

LOG_LINES = 20
DIFF_LINES = 200


def places_of(results: "Results") -> list[Json]:
    """In the order of the sweep: `row`, `column`, `rejected`, `difference` (lines, or None) and `runs`."""
    configs = {place: _config(results, place) for place in results.layout.places}
    bases: dict[str | None, Config | None] = {}
    for place, config in configs.items():
        if is_base(place.row):
            bases.setdefault(place.column, config)
    return [
        {
            "row": place.row,
            "column": place.column,
            "variant_id": place.variant_id,
            "rejected": place.rejected,
            "difference": _difference(bases.get(place.column), config),
            "runs": [_run(results, run_id) for run_id in place.run_ids],
        }
        for place, config in configs.items()
    ]


def _config(results: "Results", place: Place) -> "Config | None":
    if results.paths is None or not place.run_ids:
        return None
    return run_config(results.paths, place.run_ids[0])


def _difference(base: "Config | None", config: "Config | None") -> list[str] | None:
    """What `archlab diff` shows of a variant's config and the base's; None where one is not known."""
    if base is None or config is None or base is config:
        return None
    shown = io.StringIO()
    try:
        show_comparison(make_console(shown), diff(base, config), "The base", "this variant")
    except ConfigError:
        return None
    lines = shown.getvalue().rstrip().splitlines()
    more = len(lines) - DIFF_LINES
    return lines if more <= 0 else [*lines[:DIFF_LINES], f"{more} more lines: archlab diff shows them"]


def _run(results: "Results", run_id: str) -> Json:
    """What the page tells of a run."""
    result = results.by_run.get(run_id)
    log = last_lines(results.paths.run(run_id).log, LOG_LINES) if results.paths else ()
    told = {"id": run_id, "status": "missing", "log": list(log)}
    return told if result is None else {**told, **_ended(result, results.layout.score_name)}


def _ended(result: Result, score_name: str) -> Json:
    reason = result.reason
    return {
        "status": result.status,
        "seed": result.seed,
        "score": result.value(score_name),
        "reason": printable(f"{reason.kind}: {reason.message}") if reason else None,
        "best_step": result.best_step,
        "steps": result.steps,
        "seconds": result.cost.seconds.total,
        "attempt": result.attempt,
        "started": result.started,
    }
