"""Two variants of a sweep side by side: score, labels, documents, cost and config."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from statistics import median
from typing import TYPE_CHECKING

from archlab.configs.comparing import Comparison as ConfigComparison
from archlab.configs.comparing import diff
from archlab.errors import ConfigError, NothingToCompareError, UsageError, did_you_mean
from archlab.records import Result
from archlab.results.compared import Compared, Costs, Side
from archlab.results.counted_runs import CountedRun, counted_runs
from archlab.results.dev_texts import dev_texts
from archlab.results.flips import Flip, Flips, flips_by_mistakes, flips_by_share
from archlab.results.label_differences import label_differences
from archlab.results.meanings import meaning
from archlab.results.naming_variants import Named, find_named
from archlab.results.paired_scores import WEIGHTED_SCORE, Scores
from archlab.results.paths import SweepPaths
from archlab.results.run_configs import run_config, score_weights
from archlab.results.statistics import Comparison, compare, spread

if TYPE_CHECKING:
    from archlab.results.collection import Results


@dataclass(frozen=True)
class _Pairs:
    """The runs that are compared, seed by seed."""

    a: Sequence[Result]
    b: Sequence[Result]
    score_name: str

    @property
    def run_ids(self) -> list[str]:
        return [result.run_id for result in (*self.a, *self.b)]


def compare_variants(
    results: "Results", a: str, b: str, score: str | None, column: str | None, documents: int
) -> Compared:
    """What `Results.compare` gives."""
    layout, paths = results.layout, results.paths
    named_a, named_b = (find_named(name, layout, results.by_run, column) for name in (a, b))
    if set(named_a.run_ids) == set(named_b.run_ids):
        same = "the same" if named_a.label == named_b.label else "one variant under two names"
        raise UsageError(f"{named_a.label} and {named_b.label} are {same}.", "Name two that differ.")
    pairs, notes = _pair(results, named_a, named_b, score)
    counted = counted_runs(paths, pairs.run_ids)
    if isinstance(counted, str):
        notes.append(f"{counted}: labels and documents are not compared.")
    weights = score_weights(paths, (*pairs.a, *pairs.b)) if paths and pairs.score_name == "score" else {}
    scores = Scores(paths, weights) if paths and not isinstance(counted, str) else None
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


def _pair(results: "Results", a: Named, b: Named, score: str | None) -> tuple[_Pairs, list[str]]:
    """The finished runs of both with the same seeds, and what was left out.

    Raises NothingToCompareError where there are none, UsageError for a score that no run has.
    """
    finished_a, finished_b = (_finished(results, named) for named in (a, b))
    name = _score_name(results, score, finished_a, finished_b)
    of_a, of_b = ({r.seed: r for r in runs if _has(r, name)} for runs in (finished_a, finished_b))
    for label, runs, scored in ((a.label, finished_a, of_a), (b.label, finished_b, of_b)):
        if not scored:
            shared = sorted(_score_names(finished_a) & _score_names(finished_b))
            hint = f"Both have {', '.join(shared)}." if shared else None
            what = f"has no {name}" if runs else "has no finished run"
            raise NothingToCompareError(f"{label} {what}.", hint)
    if a.is_run and b.is_run:  # those two are meant, whatever their seeds
        return _Pairs(list(of_a.values()), list(of_b.values()), name), []
    seeds = sorted(of_a.keys() & of_b.keys())
    if not seeds:
        told = [", ".join(map(str, sorted(of))) for of in (of_a, of_b)]
        raise NothingToCompareError(
            f"{a.label} has seeds {told[0]}, {b.label} has {told[1]}: none in common.",
            "Train both with the same seeds.",
        )
    notes = [*_left_out(results, a, seeds), *_left_out(results, b, seeds)]
    return _Pairs([of_a[seed] for seed in seeds], [of_b[seed] for seed in seeds], name), notes


def _finished(results: "Results", named: Named) -> list[Result]:
    found = [results.by_run[run_id] for run_id in named.run_ids if run_id in results.by_run]
    return [result for result in found if result.status == "done"]


def _score_name(results: "Results", score: str | None, *of: Sequence[Result]) -> str:
    """Raises UsageError for one that no run of the two has."""
    known = {name for runs in of for name in _score_names(runs)}
    if score is not None and known and score not in known:
        hint = did_you_mean(score, known) or f"Known: {', '.join(sorted(known))}."
        raise UsageError(f"Neither has a score {score}.", hint)
    return score or results.layout.score_name


def _score_names(runs: Iterable[Result]) -> set[str]:
    return {name for result in runs for name in result.scores if result.value(name) is not None}


def _has(result: Result, name: str) -> bool:
    value = result.value(name)
    return value is not None and isfinite(value)


def _left_out(results: "Results", named: Named, seeds: Sequence[int]) -> list[str]:
    """A line for each run that has no partner, or did not end well."""
    if named.is_run:
        return []
    lines = []
    for run_id in named.run_ids:
        result = results.by_run.get(run_id)
        if result is None:
            lines.append(f"{named.label}: run {run_id} has no result, and is left out.")
        elif result.seed not in seeds:
            why = result.status if result.status != "done" else "without a partner"
            lines.append(f"{named.label}: seed {result.seed} is {why}, and is left out.")
    return lines


def _compare(pairs: _Pairs, scores: Scores | None) -> Comparison:
    """B less A; by seeds alone where the documents are not known, or not the same."""
    name = pairs.score_name
    if scores is not None:
        seeds = [replace(b, seed=a.seed) for a, b in zip(pairs.a, pairs.b, strict=True)]
        found = scores.compare(seeds, pairs.a, name)
        if found is not None:
            return found
    return compare([r.value(name) or 0.0 for r in pairs.b], [r.value(name) or 0.0 for r in pairs.a])


def _flips(pairs: _Pairs, counted: list[CountedRun], scores: Scores, most: int) -> Flips | None:
    """By mistakes, or by what each document adds to the score; with the texts, if they are there."""
    half = len(pairs.a)
    names = list(_parts(pairs, scores))
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


def _parts(pairs: _Pairs, scores: Scores) -> Iterable[str]:
    """The scores that the score is the sum of: itself, unless it is the weighted one."""
    if pairs.score_name != WEIGHTED_SCORE:
        return [pairs.score_name]
    return scores.weights.get(pairs.a[0].run_id, {})


def _with_texts(flips: Flips, pairs: _Pairs, words: Sequence[int], paths: SweepPaths) -> Flips:
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
        costs=_costs(_finished(results, named)),
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


def _config_difference(paths: SweepPaths, pairs: _Pairs) -> ConfigComparison | None:
    a, b = (run_config(paths, runs[0].run_id) for runs in (pairs.a, pairs.b))
    if a is None or b is None:
        return None
    try:
        return diff(a, b)
    except ConfigError:
        return None
