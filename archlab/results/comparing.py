"""Two variants of a sweep side by side: score, labels, documents, cost and config."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from archlab.configs.comparing import Comparison as ConfigComparison
from archlab.configs.comparing import diff
from archlab.errors import ConfigError, UsageError
from archlab.records import Result
from archlab.results.compared import Compared, Costs, Side
from archlab.results.counted_runs import CountedRun, counted_runs
from archlab.results.dev_texts import dev_texts
from archlab.results.flips import Flip, Flips, flips_by_mistakes, flips_by_share
from archlab.results.label_differences import label_differences
from archlab.results.meanings import meaning
from archlab.results.naming_variants import Named, find_named
from archlab.results.paired_scores import Scores
from archlab.results.paths import SweepPaths
from archlab.results.run_configs import run_config
from archlab.results.run_pairs import Pairs, finished_runs, pair_runs
from archlab.results.statistics import Comparison, compare, spread

if TYPE_CHECKING:
    from archlab.results.collection import Results


def compare_variants(
    results: "Results", a: str, b: str, score: str | None, column: str | None, documents: int
) -> Compared:
    """What `Results.compare` gives."""
    layout, paths = results.layout, results.paths
    named_a, named_b = (find_named(name, layout, results.by_run, column) for name in (a, b))
    if set(named_a.run_ids) == set(named_b.run_ids):
        same = "the same" if named_a.label == named_b.label else "one variant under two names"
        raise UsageError(f"{named_a.label} and {named_b.label} are {same}.", "Name two that differ.")
    pairs, notes = pair_runs(results, named_a, named_b, score)
    counted = counted_runs(paths, pairs.run_ids)
    if isinstance(counted, str):
        notes.append(f"{counted}: labels and documents are not compared.")
    scores = Scores(paths, layout.score_weights) if paths and not isinstance(counted, str) else None
    comparison = _compare(pairs, scores)
    flips = None
    if scores is not None and not isinstance(counted, str):
        flips = _flips(pairs, counted, scores, documents)
        if comparison.documents is None:
            notes.append(
                f"What each document adds to {pairs.score_name} is not known: only seeds are compared."
            )
    half = len(pairs.a)
    return Compared(
        sweep=layout.sweep,
        score_name=pairs.score_name,
        column=named_a.column if named_a.column == named_b.column else None,
        a=_side(named_a, pairs.a, pairs.score_name, results),
        b=_side(named_b, pairs.b, pairs.score_name, results),
        comparison=comparison,
        meaning=meaning(comparison, named_a.label, named_b.label),
        labels=() if isinstance(counted, str) else label_differences(counted[:half], counted[half:]),
        flips=flips,
        config=_config_difference(paths, pairs) if paths else None,
        notes=tuple(notes),
    )


def _compare(pairs: Pairs, scores: Scores | None) -> Comparison:
    """B less A; by seeds alone where the documents are not known, or not the same."""
    name = pairs.score_name
    if scores is not None:
        seeds = [replace(b, seed=a.seed) for a, b in zip(pairs.a, pairs.b, strict=True)]
        found = scores.compare(seeds, pairs.a, name)
        if found is not None:
            return found
    return compare([r.value(name) or 0.0 for r in pairs.b], [r.value(name) or 0.0 for r in pairs.a])


def _flips(pairs: Pairs, counted: list[CountedRun], scores: Scores, most: int) -> Flips | None:
    """By mistakes, or by what each document adds to the score; with the texts, if they are there."""
    half = len(pairs.a)
    names = scores.parts(pairs.a[0], pairs.score_name)
    measures = [] if pairs.score_name.endswith("_auc") else counted[0].measures_of(names)
    if not all(set(measures) <= run.recounter.measures.keys() for run in counted):
        measures = []
    found = flips_by_mistakes(counted[:half], counted[half:], measures, most)
    if found is None:
        a, b = (
            [scores.by_document(result, pairs.score_name) for result in runs] for runs in (pairs.a, pairs.b)
        )
        known_a, known_b = ([values for values in side if values is not None] for side in (a, b))
        if len(known_a) + len(known_b) < 2 * half:
            return None
        import numpy as np

        found = flips_by_share(np.stack(known_a), np.stack(known_b), most)
    return _with_texts(found, pairs, counted[0].words, scores.paths)


def _with_texts(flips: Flips, pairs: Pairs, words: Sequence[int], paths: SweepPaths) -> Flips:
    if not flips.count_a and not flips.count_b:
        return flips
    texts = dev_texts(paths, pairs.a[0].run_id, words)
    if isinstance(texts, str):
        return replace(flips, without_text=texts)

    def told(documents: Sequence[Flip]) -> tuple[Flip, ...]:
        return tuple(replace(flip, text=texts[flip.document]) for flip in documents)

    return replace(flips, for_a=told(flips.for_a), for_b=told(flips.for_b))


def _side(named: Named, runs: Sequence[Result], score_name: str, results: "Results") -> Side:
    score = spread([value for result in runs if (value := result.value(score_name)) is not None])
    assert score is not None
    config = results.paths.run(runs[0].run_id).config if results.paths else None
    return Side(
        label=named.label,
        score=score,
        run_ids=tuple(result.run_id for result in runs),
        seeds=tuple(result.seed for result in runs),
        costs=_costs(finished_runs(results, named)),
        config=str(config) if config is not None and config.is_file() else None,
    )


def _costs(runs: Sequence[Result]) -> Costs:
    costs = [result.cost for result in runs]

    def middle(values: Iterable[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return median(known) if known else None

    return Costs(
        parameters=middle(cost.parameters for cost in costs),
        model_bytes=middle(cost.model_bytes for cost in costs),
        words_per_second=middle(cost.words_per_second for cost in costs),
        seconds=middle(cost.seconds.total for cost in costs),
        peak_memory_bytes=middle(cost.peak_memory_bytes for cost in costs),
    )


def _config_difference(paths: SweepPaths, pairs: Pairs) -> ConfigComparison | None:
    a, b = (run_config(paths, runs[0].run_id) for runs in (pairs.a, pairs.b))
    if a is None or b is None:
        return None
    try:
        return diff(a, b)
    except ConfigError:
        return None
