"""The comparisons of a sweep's table: made once, and kept beside its results as long as these stay."""

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from json import dumps

from archlab.errors import MachineError
from archlab.records import Result
from archlab.results.files import read_json, write_json
from archlab.results.layouts import Place
from archlab.results.paths import PER_DOC, SweepPaths
from archlab.results.statistics import Comparison
from archlab.results.verdicts import Pair

METHOD = 1
"""Raise it when comparing the same results gives other numbers: what was kept is made anew then."""

DIGITS = 16

Kept = dict[str, Comparison | None]


def compare_places(
    pairs: Sequence[Pair], *, score_name: str, results: Mapping[str, Result], paths: SweepPaths
) -> list[Comparison | None]:
    """Each pair compared, the first less the second; None where no seed has both scores.

    What has been compared before is read from `comparisons.json`: a cache, which may be deleted, and is not
    needed where the folder cannot be written.
    """
    places = {place for pair in pairs for place in pair}
    contents = {place: _digest(place, score_name, results, paths) for place in places}
    keys = [f"{contents[first]} {contents[second]}" for first, second in pairs]
    known = _read(paths)
    new = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in known}
    if new:
        known = {key: known[key] for key in keys if key in known}
        known |= zip(new, _compared(new.values(), score_name, results, paths), strict=True)
        _keep(known, paths)
    return [known[key] for key in keys]


def _compared(
    pairs: Collection[Pair], score_name: str, results: Mapping[str, Result], paths: SweepPaths
) -> list[Comparison | None]:
    from archlab.results.paired_scores import Scores

    places = {place for pair in pairs for place in pair}
    weights = {run_id: dict(place.score_weights) for place in places for run_id in place.run_ids}
    scores = Scores(paths, weights)
    return [
        scores.compare(_results(first, results), _results(second, results), score_name)
        for first, second in pairs
    ]


def _results(place: Place, results: Mapping[str, Result]) -> list[Result]:
    return [results[run_id] for run_id in place.run_ids if run_id in results]


def _digest(place: Place, score_name: str, results: Mapping[str, Result], paths: SweepPaths) -> str:
    """Stands for all that a comparison takes from a place: its scores, and its files of counts."""
    runs_folder = str(paths.runs)
    runs = [
        (
            run.run_id,
            run.status,
            run.seed,
            run.value(score_name),
            _stamp(f"{runs_folder}/{run.run_id}/{PER_DOC}"),
        )
        for run in _results(place, results)
    ]
    told = dumps([score_name, place.score_weights, runs])
    return sha256(told.encode()).hexdigest()[:DIGITS]


def _stamp(file: str) -> tuple[int, int, int] | None:
    """What changes when a file is written anew; None where there is none."""
    try:
        found = os.stat(file)  # noqa: PTH116  # called for each of many results
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _read(paths: SweepPaths) -> Kept:
    try:
        data = read_json(paths.comparisons)
        if data["method"] != METHOD:
            return {}
        return {
            key: None if told is None else Comparison.from_dict(told)
            for key, told in data["comparisons"].items()
        }
    except (AttributeError, KeyError, OSError, TypeError):
        return {}


def _keep(known: Kept, paths: SweepPaths) -> None:
    told = {key: None if found is None else found.to_dict() for key, found in known.items()}
    with suppress(MachineError):
        write_json(
            paths.comparisons,
            {"schema_version": 1, "method": METHOD, "comparisons": told},
            compact=True,
            synced=False,
        )
